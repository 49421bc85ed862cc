use std::fmt;
use std::time::{Duration, SystemTime};

use apiduct_json::Selector;
use apiduct_model::{Redactor, SecretText};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::send::{Answer, redirected, send};
use super::{Token, TokenContext, TokenError};
use crate::Request;
use crate::auth::CredentialId;
use crate::request::{Body, Param, assign};

/// The lifetime of a token whose answer names none.
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);

/// Where tokens come from, and how a program shows there who it is (RFC 6749).
///
/// Token requests go by https, or to this machine. Connection errors, broken JSON, 429 and 5xx are tried again three times,
/// after 1, 2 and 4 s. A redirect is followed within the origin (307, 308), and never to another one.
///
/// ```
/// use apiduct_client::auth::{ClientAuth, TokenEndpoint};
///
/// let endpoint = TokenEndpoint::new("https://login.example.com/token", "my-client")
///     .client_secret("s3cret")
///     .client_auth(ClientAuth::Basic)
///     .param("resource", "https://api.example.com");
/// assert!(!format!("{endpoint:?}").contains("s3cret"));
/// ```
#[derive(Clone)]
pub struct TokenEndpoint {
    url: String,
    url_field: &'static str,
    client_id: String,
    client_secret: Option<SecretText>,
    client_auth: ClientAuth,
    params: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    access_token_path: String,
    expires_in_path: String,
    default_lifetime: Duration,
    allow_http: bool,
}

/// How a program shows its id and secret to a token endpoint (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// As `client_id` and `client_secret` among the form fields.
    #[default]
    Body,
    /// As `Authorization: Basic`.
    Basic,
}

/// What a token endpoint gave.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Granted {
    /// The token for requests.
    pub access: Token,
    /// The token for the next grant, if there is a new one.
    pub refresh: Option<SecretText>,
}

impl TokenEndpoint {
    /// The endpoint at `url`, for the program that is known there as `client_id`; an empty id is not sent.
    pub fn new(url: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            url_field: "access_token_url",
            client_id: client_id.into(),
            client_secret: None,
            client_auth: ClientAuth::Body,
            params: Vec::new(),
            headers: Vec::new(),
            access_token_path: "access_token".to_owned(),
            expires_in_path: "expires_in".to_owned(),
            default_lifetime: DEFAULT_LIFETIME,
            allow_http: false,
        }
    }

    /// Shows this secret. Default: none, as for programs that cannot keep one.
    #[must_use]
    pub fn client_secret(mut self, secret: impl Into<SecretText>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// Shows id and secret like this. Default: [`ClientAuth::Body`].
    #[must_use]
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    /// Sends this form field too, in place of a usual one of that name. Default: none.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Sends this header too. Default: `Accept: application/json`.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Where the answer has the token. Default: `access_token`.
    #[must_use]
    pub fn access_token_path(mut self, path: impl Into<String>) -> Self {
        self.access_token_path = path.into();
        self
    }

    /// Where the answer has the lifetime in seconds, as a number or a text. Default: `expires_in`.
    #[must_use]
    pub fn expires_in_path(mut self, path: impl Into<String>) -> Self {
        self.expires_in_path = path.into();
        self
    }

    /// The lifetime of a token whose answer names none, or none above zero. Default: one hour.
    #[must_use]
    pub fn default_lifetime(mut self, lifetime: Duration) -> Self {
        self.default_lifetime = lifetime;
        self
    }

    /// Sends the secrets to a URL that is not https, in the clear. Default: only to this machine.
    #[must_use]
    pub fn allow_http(mut self, allow_http: bool) -> Self {
        self.allow_http = allow_http;
        self
    }

    /// The word for the URL in errors.
    pub(crate) fn url_field(mut self, field: &'static str) -> Self {
        self.url_field = field;
        self
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Tells `redactor` the secret.
    pub fn register(&self, redactor: &Redactor) {
        if let Some(secret) = &self.client_secret {
            redactor.register(secret);
            redactor.register(&SecretText::from(basic(&self.client_id, secret)));
        }
        for (name, value) in &self.params {
            crate::client::register_param(redactor, name, value);
        }
    }

    /// The id of these credentials under `scheme`.
    pub(crate) fn credential(&self, scheme: &str, more: &str) -> CredentialId {
        let secret = self.client_secret.as_ref();
        let secret = secret.map_or("", |secret| secret.expose().as_str());
        CredentialId::of(&[scheme, &self.url, &self.client_id, secret, more])
    }

    /// Asks for tokens by a grant: `params` are its form fields, `grant_type` among them.
    ///
    /// # Errors
    ///
    /// [`TokenError`], with what the server said.
    pub async fn grant(
        &self,
        context: &TokenContext,
        params: Vec<(String, String)>,
    ) -> Result<Granted, TokenError> {
        self.register(&context.redactor);
        let request = self.request(params)?;
        let answer = send(context, request, self.allow_http).await?;
        self.granted(context, &answer)
    }

    /// Asks at another URL of the server for something that is no token: an object, and what to say when a key is
    /// missing in it.
    pub(crate) async fn ask_at(
        &self,
        url: &str,
        field: &'static str,
        context: &TokenContext,
        params: Vec<(String, String)>,
    ) -> Result<(Value, impl Fn(&str) -> TokenError), TokenError> {
        self.register(&context.redactor);
        let endpoint = Self {
            url: url.to_owned(),
            url_field: field,
            ..self.clone()
        };
        let request = endpoint.request(params)?;
        let answer = send(context, request, self.allow_http).await?;
        if !answer.response.status.is_success() {
            return Err(answer.refused(context));
        }
        let json: Value = serde_json::from_slice(&answer.response.body)
            .map_err(|_| answer.without_token(context, "it is not JSON"))?;
        let found = keys(&json);
        let context = context.clone();
        let missing = move |key: &str| {
            let problem = format!("no text is at `{key}`; {found}");
            answer.without_token(&context, &problem)
        };
        Ok((json, missing))
    }

    fn request(&self, grant: Vec<(String, String)>) -> Result<Request, TokenError> {
        let mut request = Request::new(Method::POST, self.parsed_url()?);
        let mut fields = Vec::new();
        let mut add = |name: &str, value: &str| fields.push((name.to_owned(), value.to_owned()));
        match (&self.client_secret, self.client_auth) {
            (Some(secret), ClientAuth::Basic) => {
                let value = format!("Basic {}", basic(&self.client_id, secret));
                let mut value = HeaderValue::try_from(value)
                    .map_err(|_| self.setting("client_secret", "it cannot be sent"))?;
                value.set_sensitive(true);
                request.set_header(AUTHORIZATION, value);
            }
            (secret, _) => {
                if !self.client_id.is_empty() {
                    add("client_id", &self.client_id);
                }
                if let Some(secret) = secret {
                    add("client_secret", secret.expose());
                }
            }
        }
        fields.extend(grant);
        for (name, value) in &self.params {
            assign(&mut fields, name, Param::Values(vec![value.clone()]));
        }
        request.body = Body::Form(fields);
        request.headers = self.all_headers(request.headers)?;
        Ok(request)
    }

    fn all_headers(&self, mut headers: HeaderMap) -> Result<HeaderMap, TokenError> {
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &self.headers {
            let invalid = || self.setting("headers", "a header cannot be sent");
            let name: HeaderName = name.parse().map_err(|_| invalid())?;
            let value = HeaderValue::from_str(value).map_err(|_| invalid())?;
            headers.insert(name, value);
        }
        Ok(headers)
    }

    fn parsed_url(&self) -> Result<Url, TokenError> {
        let url = Url::parse(&self.url).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(|| {
            self.setting(self.url_field, "it is not an absolute http or https URL")
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(self.setting(self.url_field, "it has a user name or a password in it"));
        }
        Ok(url)
    }

    #[expect(clippy::unused_self, reason = "reads as a claim about this endpoint")]
    fn setting(&self, field: &'static str, problem: &str) -> TokenError {
        TokenError::Setting {
            field,
            problem: problem.to_owned(),
        }
    }

    fn granted(&self, context: &TokenContext, answer: &Answer) -> Result<Granted, TokenError> {
        let status = answer.response.status;
        if status.is_redirection() {
            return Err(redirected(context, &answer.request, &answer.response));
        }
        if !status.is_success() {
            return Err(answer.refused(context));
        }
        let json: Value = serde_json::from_slice(&answer.response.body)
            .map_err(|_| answer.without_token(context, "it is not JSON"))?;
        let found = selector("access_token_path", &self.access_token_path)?;
        let Some(access) = found.first(&json).and_then(Value::as_str) else {
            if status == StatusCode::OK && json.get("error").is_some_and(Value::is_string) {
                return Err(answer.refused(context));
            }
            let problem = format!("no text is at `{}`; {}", found.as_str(), keys(&json));
            return Err(answer.without_token(context, &problem));
        };
        let refresh = json.get("refresh_token").and_then(Value::as_str);
        let refresh = refresh
            .filter(|text| !text.is_empty())
            .map(SecretText::from);
        if let Some(secret) = &refresh {
            context.redactor.register(secret);
        }
        let lasts = selector("expires_in_path", &self.expires_in_path)?;
        let lasts = lasts.first(&json).and_then(seconds);
        let access = SecretText::from(access);
        context.redactor.register(&access);
        Ok(Granted {
            access: self.token(access, answer.asked, lasts),
            refresh,
        })
    }

    fn token(&self, value: SecretText, asked: SystemTime, lasts: Option<Duration>) -> Token {
        Token::new(value).lasting(asked, lasts.unwrap_or(self.default_lifetime))
    }
}

/// A path into an answer.
pub(crate) fn selector(field: &'static str, path: &str) -> Result<Selector, TokenError> {
    Selector::parse(path).map_err(|error| TokenError::Setting {
        field,
        problem: error.to_string(),
    })
}

/// A lifetime in seconds, as a number or a text; `None` for what is none, or not above zero.
pub(crate) fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    let lasts = Duration::try_from_secs_f64(seconds).ok()?;
    Some(lasts).filter(|lasts| !lasts.is_zero())
}

/// What is in an answer, by the names alone.
pub(crate) fn keys(json: &Value) -> String {
    let Some(object) = json.as_object() else {
        return "it is no object".to_owned();
    };
    let names: Vec<String> = object.keys().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "it has no keys".to_owned()
    } else {
        format!("it has {}", names.join(", "))
    }
}

/// Id and secret, each form-encoded as the RFC demands, in Base64.
fn basic(client_id: &str, secret: &SecretText) -> String {
    let encode =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret.expose())))
}

/// Shows names only where values can be secret.
impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| {
            let names = pairs.iter().map(|(name, _)| name.clone());
            names.collect::<Vec<String>>()
        };
        let url = Url::parse(&self.url).ok();
        f.debug_struct("TokenEndpoint")
            .field("url", &url.as_ref().map(crate::transport::without_values))
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("client_auth", &self.client_auth)
            .field("params", &names(&self.params))
            .field("headers", &names(&self.headers))
            .finish_non_exhaustive()
    }
}
