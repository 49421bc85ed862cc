use apiduct_model::{Hint, SecretText};
use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::LoginRandom;
use crate::auth::{Granted, TokenContext, TokenEndpoint, TokenError};

/// OAuth 2 authorization code (RFC 6749, section 4.1) with PKCE (RFC 7636): a person logs in with a browser, which is
/// sent back to this machine with a code for tokens (RFC 8252, section 7.3).
///
/// ```
/// use apiduct_client::auth::{AuthorizationCode, LoginRandom, TokenEndpoint};
///
/// let endpoint = TokenEndpoint::new("https://login.example.com/token", "my-client");
/// let flow = AuthorizationCode::new("https://login.example.com/authorize", endpoint).scopes(["read"]);
/// let login = flow.begin("http://127.0.0.1:8080/callback", LoginRandom::from_bytes([7; 48]))?;
/// assert!(login.url().as_str().starts_with("https://login.example.com/authorize?response_type=code"));
/// # Ok::<(), apiduct_client::auth::TokenError>(())
/// ```
#[derive(Debug, Clone)]
pub struct AuthorizationCode {
    authorization_url: String,
    endpoint: TokenEndpoint,
    scopes: Vec<String>,
    params: Vec<(String, String)>,
}

/// A login that waits for the browser to come back.
#[derive(Debug, Clone)]
pub struct PendingLogin {
    url: Url,
    redirect_uri: String,
    state: SecretText,
    verifier: SecretText,
}

/// Why a browser that came back brings no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// It comes from another login, or from somebody else's.
    #[error("the answer belongs to another login")]
    OtherState,
    /// The person or the server refused.
    #[error("the login was refused: {code}{}", .description.as_ref().map(|text| format!(" ({text})")).unwrap_or_default())]
    Refused {
        /// The server's `error`, like `access_denied`.
        code: String,
        /// The server's `error_description`.
        description: Option<String>,
    },
    /// There is neither code nor error in it.
    #[error("the answer has no code")]
    NoCode,
}

impl Hint for LoginError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::OtherState => "begin the login anew, and finish it in the same browser",
            Self::Refused { .. } => "check the scopes, and that this person may use the program",
            Self::NoCode => "check `authorization_url`",
        };
        Some(hint.to_owned())
    }
}

impl AuthorizationCode {
    /// A login at `authorization_url`, with tokens from `endpoint`.
    pub fn new(authorization_url: impl Into<String>, endpoint: TokenEndpoint) -> Self {
        Self {
            authorization_url: authorization_url.into(),
            endpoint,
            scopes: Vec::new(),
            params: Vec::new(),
        }
    }

    /// Asks for these scopes. Default: none are named.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Adds this parameter to the URL that the person opens, such as `access_type=offline`. Default: none.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Begins a login from which the browser comes back to `redirect_uri`.
    ///
    /// # Errors
    ///
    /// [`TokenError::Setting`] when the URL to log in at is none.
    pub fn begin(
        &self,
        redirect_uri: impl Into<String>,
        random: LoginRandom,
    ) -> Result<PendingLogin, TokenError> {
        let redirect_uri = redirect_uri.into();
        let parsed = Url::parse(&self.authorization_url).ok();
        let parsed = parsed.filter(|url| matches!(url.scheme(), "http" | "https"));
        let mut url = parsed.ok_or_else(|| TokenError::Setting {
            field: "authorization_url",
            problem: "it is not an absolute http or https URL".to_owned(),
        })?;
        let (verifier, state) = random.0.split_at(32);
        let verifier = URL_SAFE_NO_PAD.encode(verifier);
        let state = URL_SAFE_NO_PAD.encode(state);
        let challenge = digest::digest(&digest::SHA256, verifier.as_bytes());
        let mut pairs = url.query_pairs_mut();
        pairs
            .append_pair("response_type", "code")
            .append_pair("client_id", self.endpoint.client_id())
            .append_pair("redirect_uri", &redirect_uri)
            .append_pair("state", &state)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(challenge))
            .append_pair("code_challenge_method", "S256");
        if !self.scopes.is_empty() {
            pairs.append_pair("scope", &self.scopes.join(" "));
        }
        pairs.extend_pairs(&self.params);
        drop(pairs);
        Ok(PendingLogin {
            url,
            redirect_uri,
            state: SecretText::from(state),
            verifier: SecretText::from(verifier),
        })
    }

    /// Turns the code of `login` into tokens.
    ///
    /// # Errors
    ///
    /// [`TokenError`], with what the server said.
    pub async fn finish(
        &self,
        login: &PendingLogin,
        code: &SecretText,
        context: &TokenContext,
    ) -> Result<Granted, TokenError> {
        context.redactor.register(code);
        context.redactor.register(&login.verifier);
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = vec![
            field("grant_type", "authorization_code"),
            field("code", code.expose()),
            field("redirect_uri", &login.redirect_uri),
            field("code_verifier", login.verifier.expose()),
        ];
        self.endpoint.grant(context, fields).await
    }
}

impl PendingLogin {
    /// What the person opens.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The code in `query`, with which the browser came back.
    ///
    /// # Errors
    ///
    /// [`LoginError`]; nothing in a query of another login is looked at.
    pub fn code(&self, query: &str) -> Result<SecretText, LoginError> {
        let field = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            let found = pairs.find(|(own, _)| own == name);
            found.map(|(_, value)| value.into_owned())
        };
        let state = field("state").unwrap_or_default();
        let expected = self.state.expose().as_bytes();
        if constant_time::verify_slices_are_equal(state.as_bytes(), expected).is_err() {
            return Err(LoginError::OtherState);
        }
        if let Some(code) = field("error") {
            return Err(LoginError::Refused {
                code,
                description: field("error_description"),
            });
        }
        let code = field("code").filter(|code| !code.is_empty());
        code.map(SecretText::from).ok_or(LoginError::NoCode)
    }
}
