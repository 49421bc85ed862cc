use std::fmt;
use std::time::Duration;

use apiduct_model::{Redactor, SecretText};
use async_trait::async_trait;
use http::header::{HeaderName, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;
use url::Url;

use super::api_key::add_cookie;
use super::token::send::{Answer, redirected, send};
use super::token::{keys, seconds, selector};
use super::{
    Auth, AuthContext, AuthError, CredentialId, OnRejected, Token, TokenCell, TokenContext,
    TokenError, TokenLease,
};
use crate::origin::is_credential_param;
use crate::request::Body;
use crate::{Request, Response};

/// A login with a request of its own, whose answer has a token for all others.
///
/// ```
/// use apiduct_client::auth::{SessionLogin, TokenFrom, TokenPlace};
/// use serde_json::json;
///
/// let auth = SessionLogin::new("https://api.example.com/login")
///     .json(json!({"user": "ada", "password": "s3cret"}))
///     .token_from(TokenFrom::Json("data.session".to_owned()))
///     .token_place(TokenPlace::header("X-Session", ""));
/// assert!(!format!("{auth:?}").contains("s3cret"));
/// ```
#[derive(Debug, Clone)]
pub struct SessionLogin {
    login: Login,
    place: TokenPlace,
    cell: TokenCell,
}

#[derive(Clone)]
struct Login {
    url: String,
    method: Method,
    headers: Vec<(String, String)>,
    body: Body,
    from: TokenFrom,
    lifetime: Option<Duration>,
    expires_in_path: Option<String>,
    allow_http: bool,
}

/// Where the answer to a login has the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenFrom {
    /// At this JSONPath of the body.
    Json(String),
    /// In the header of this name.
    Header(String),
    /// In the cookie of this name.
    Cookie(String),
}

/// How requests carry a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenPlace {
    /// In a header, behind a prefix.
    Header {
        /// The header.
        name: String,
        /// What stands in front of the token: `Bearer `.
        prefix: String,
    },
    /// As the query parameter of this name.
    Query(String),
    /// As the cookie of this name.
    Cookie(String),
}

impl TokenPlace {
    /// In header `name`, behind `prefix`.
    pub fn header(name: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self::Header {
            name: name.into(),
            prefix: prefix.into(),
        }
    }

    fn put(&self, request: &mut Request, lease: &TokenLease) -> Result<(), AuthError> {
        let invalid = |field, problem| AuthError::Invalid {
            scheme: "session_login",
            field,
            problem,
        };
        match self {
            Self::Header { name, prefix } => {
                let name: HeaderName = name
                    .parse()
                    .map_err(|_| invalid("header", "it is not a header name"))?;
                request.set_header(name, lease.header(prefix)?);
            }
            Self::Query(name) => request.set_param(name, lease.value().expose().as_str()),
            Self::Cookie(name) => {
                let token = lease.value().expose();
                if token.contains([';', ',', ' ']) {
                    return Err(invalid(
                        "token",
                        "it has characters that no cookie may have",
                    ));
                }
                add_cookie(request, name, token)?;
            }
        }
        lease.mark(request);
        Ok(())
    }
}

impl Default for TokenPlace {
    fn default() -> Self {
        Self::header("Authorization", "Bearer ")
    }
}

impl SessionLogin {
    /// A login by POST to `url`, an absolute URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            login: Login {
                url: url.into(),
                method: Method::POST,
                headers: Vec::new(),
                body: Body::Empty,
                from: TokenFrom::Json("token".to_owned()),
                lifetime: None,
                expires_in_path: None,
                allow_http: false,
            },
            place: TokenPlace::default(),
            cell: TokenCell::new(),
        }
    }

    /// Logs in by this method. Default: POST.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.login.method = method;
        self
    }

    /// Sends this header with the login. Default: none.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.login.headers.push((name.into(), value.into()));
        self
    }

    /// Sends this JSON document. Default: no body.
    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.login.body = Body::Json(body);
        self
    }

    /// Sends these form fields. Default: no body.
    #[must_use]
    pub fn form<N: Into<String>, V: Into<String>>(
        mut self,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let fields = fields.into_iter();
        let fields = fields.map(|(name, value)| (name.into(), value.into()));
        self.login.body = Body::Form(fields.collect());
        self
    }

    /// Takes the token from here. Default: `token` of the JSON body.
    #[must_use]
    pub fn token_from(mut self, from: TokenFrom) -> Self {
        self.login.from = from;
        self
    }

    /// Sends the token like this. Default: `Authorization: Bearer TOKEN`.
    #[must_use]
    pub fn token_place(mut self, place: TokenPlace) -> Self {
        self.place = place;
        self
    }

    /// How long a token is good. Default: what the answer says, or else until it is rejected with 401.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.login.lifetime = Some(lifetime);
        self
    }

    /// Where the JSON body has the lifetime in seconds, as a number or a text. Default: nowhere.
    #[must_use]
    pub fn expires_in_path(mut self, path: impl Into<String>) -> Self {
        self.login.expires_in_path = Some(path.into());
        self
    }

    /// Sends the login to a URL that is not https, in the clear. Default: only to this machine.
    #[must_use]
    pub fn allow_http(mut self, allow_http: bool) -> Self {
        self.login.allow_http = allow_http;
        self
    }
}

impl Login {
    async fn fetch(self, context: TokenContext) -> Result<Token, TokenError> {
        self.register(&context.redactor);
        let answer = send(&context, self.request()?, self.allow_http).await?;
        let status = answer.response.status;
        // Pages for browsers answer a login with a redirect to what was asked for first.
        let may_redirect = !matches!(self.from, TokenFrom::Json(_));
        if !(status.is_success() || status.is_redirection() && may_redirect) {
            return Err(if status.is_redirection() {
                redirected(&context, &answer.request, &answer.response)
            } else {
                answer.refused(&context)
            });
        }
        let (text, lasts) = self.read(&context, &answer)?;
        let value = SecretText::from(text);
        context.redactor.register(&value);
        let token = Token::new(value);
        Ok(match lasts.or(self.lifetime) {
            Some(lasts) => token.lasting(answer.asked, lasts),
            None => token,
        })
    }

    fn request(&self) -> Result<Request, TokenError> {
        let setting = |field, problem: &str| TokenError::Setting {
            field,
            problem: problem.to_owned(),
        };
        let url = Url::parse(&self.url).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(|| setting("url", "it is not an absolute http or https URL"))?;
        let mut request = Request::new(self.method.clone(), url);
        for (name, value) in &self.headers {
            let name: HeaderName = name
                .parse()
                .map_err(|_| setting("headers", "a name is not a header name"))?;
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| setting("headers", "a value cannot be sent"))?;
            value.set_sensitive(true);
            request.set_header(name, value);
        }
        request.body = self.body.clone();
        Ok(request)
    }

    /// The token, and its lifetime if the answer names one.
    fn read(
        &self,
        context: &TokenContext,
        answer: &Answer,
    ) -> Result<(String, Option<Duration>), TokenError> {
        let headers = &answer.response.headers;
        let json: Value = serde_json::from_slice(&answer.response.body).unwrap_or_default();
        let mut lasts = match &self.expires_in_path {
            Some(path) => selector("expires_in_path", path)?
                .first(&json)
                .and_then(seconds),
            None => None,
        };
        let found = match &self.from {
            TokenFrom::Json(path) => match selector("token_path", path)?.first(&json) {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Number(number)) => Some(number.to_string()),
                _ => None,
            },
            TokenFrom::Header(name) => {
                let value = headers
                    .get(name.as_str())
                    .and_then(|value| value.to_str().ok());
                value.map(|text| text.trim().to_owned())
            }
            TokenFrom::Cookie(name) => cookie(headers, name).map(|(value, max_age)| {
                lasts = lasts.or(max_age);
                value
            }),
        };
        let found = found.filter(|text| !text.is_empty());
        found.map(|text| (text, lasts)).ok_or_else(|| {
            let problem = match &self.from {
                TokenFrom::Json(path) => format!("no text is at `{path}`; {}", keys(&json)),
                TokenFrom::Header(name) => format!("there is no header `{name}`"),
                TokenFrom::Cookie(name) => format!("there is no cookie `{name}`"),
            };
            answer.without_token(context, &problem)
        })
    }

    fn register(&self, redactor: &Redactor) {
        match &self.body {
            Body::Json(value) => register_json(redactor, value),
            Body::Form(fields) => {
                for (name, value) in fields {
                    crate::client::register_param(redactor, name, value);
                }
            }
            Body::Empty | Body::Raw { .. } => {}
        }
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (name.parse(), HeaderValue::from_str(value)) {
                crate::client::register_header(redactor, &name, &value);
            }
        }
    }
}

/// Has the values masked whose names suggest that they are credentials.
fn register_json(redactor: &Redactor, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if is_credential_param(name) => {
                        redactor.register(&SecretText::from(text.as_str()));
                    }
                    other => register_json(redactor, other),
                }
            }
        }
        Value::Array(values) => values
            .iter()
            .for_each(|value| register_json(redactor, value)),
        _ => {}
    }
}

/// The value of a cookie that is set, and its `Max-Age`.
fn cookie(headers: &HeaderMap, name: &str) -> Option<(String, Option<Duration>)> {
    let lines = headers.get_all(SET_COOKIE).iter();
    let mut lines = lines.filter_map(|line| line.to_str().ok());
    lines.find_map(|line| {
        let mut parts = line.split(';').map(str::trim);
        let (own, value) = parts.next()?.split_once('=')?;
        let max_age = parts.find_map(|part| {
            let (key, value) = part.split_once('=')?;
            let is_age = key.trim().eq_ignore_ascii_case("max-age");
            is_age.then(|| seconds(&Value::from(value))).flatten()
        });
        (own.trim() == name).then(|| (value.trim().trim_matches('"').to_owned(), max_age))
    })
}

/// Shows the URL without values and nothing of the body.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Url::parse(&self.url).ok();
        f.debug_struct("Login")
            .field("method", &self.method)
            .field("url", &url.as_ref().map(crate::transport::without_values))
            .field("body", &self.body)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Auth for SessionLogin {
    async fn authorize(
        &self,
        request: &mut Request,
        context: &AuthContext<'_>,
    ) -> Result<(), AuthError> {
        let fetch = |context| {
            let login = self.login.clone();
            async move { Ok(login.fetch(context).await?) }
        };
        self.place
            .put(request, &self.cell.lease(context, fetch).await?)
    }

    fn rejected(&self, sent: &Request, _: &Response) -> OnRejected {
        self.cell.rejected(sent)
    }

    fn credential(&self, _: Duration) -> CredentialId {
        let body = match &self.login.body {
            Body::Json(value) => value.to_string(),
            Body::Form(fields) => format!("{fields:?}"),
            Body::Empty | Body::Raw { .. } => String::new(),
        };
        CredentialId::of(&["session_login", &self.login.url, &body])
    }

    fn register(&self, redactor: &Redactor) {
        self.login.register(redactor);
    }

    fn describe(&self) -> String {
        let url = Url::parse(&self.login.url).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or("?");
        format!("session login at `{host}`")
    }
}
