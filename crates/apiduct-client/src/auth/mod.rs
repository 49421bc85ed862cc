//! Who we are: credentials, put on a request just before it is sent.
//!
//! An [`Auth`] is asked for every try, so that a token can be renewed in between, and only for requests to the
//! origin that the credentials belong to.

mod api_key;
mod basic;
mod bearer;
mod client_credentials;
mod credential;
mod digest;
mod hmac;
mod jwt;
mod login;
mod pool;
mod refresh_token;
mod session;
mod sigv4;
mod token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use apiduct_model::{Hint, Redactor};
use async_trait::async_trait;
use http::HeaderValue;
use http::header::HOST;

pub use api_key::{ApiKey, KeyLocation};
pub use basic::Basic;
pub use bearer::Bearer;
pub use client_credentials::OAuth2ClientCredentials;
pub use credential::{CredentialId, Refusal};
pub use digest::HashAlgorithm;
pub use hmac::{
    HmacSigning, Pattern, PatternError, SecretEncoding, SignatureEncoding, TimestampFormat,
};
pub use jwt::{JwtAlgorithm, JwtBearer};
pub use login::{
    AuthorizationCode, DeviceCode, DeviceLogin, LoginError, LoginRandom, PendingLogin, keep_tokens,
};
pub use pool::{KeyPool, PoolOrder};
pub use refresh_token::OAuth2RefreshToken;
pub use session::{SessionLogin, TokenFrom, TokenPlace};
pub use sigv4::AwsSigV4;
pub use token::{
    ClientAuth, FileTokenStore, Granted, LockedTokens, MemoryTokenStore, StoredTokens, Token,
    TokenCell, TokenContext, TokenEndpoint, TokenError, TokenLease, TokenLife, TokenStore,
    TokenStoreError,
};

use crate::transport::{Limits, Transport, TransportError};
use crate::{InjectError, Request, Response, RetryStop, Timer};

/// Puts credentials on requests.
#[async_trait]
pub trait Auth: fmt::Debug + Send + Sync {
    /// Puts credentials on `request`; called for each try and each redirect within the origin.
    ///
    /// # Errors
    ///
    /// When there are no credentials to put there. The request is not sent then.
    async fn authorize(
        &self,
        request: &mut Request,
        context: &AuthContext<'_>,
    ) -> Result<(), AuthError>;

    /// What to do when `sent`, a request with these credentials as they were put on it, was answered 401. Requests
    /// run side by side: by the time of the answer others may have got new credentials. Default: nothing.
    fn rejected(&self, sent: &Request, response: &Response) -> OnRejected {
        let _ = (sent, response);
        OnRejected::Fail
    }

    /// The credential that the next try uses; the same answer comes back as [`AuthContext::credential`]. Requests with
    /// one credential share one rate budget at an origin. `now` is the clock's monotonic time. Default:
    /// [`CredentialId::NONE`], which all that do not say more share.
    fn credential(&self, now: Duration) -> CredentialId {
        let _ = now;
        CredentialId::NONE
    }

    /// The same for several credentials as one, which prefer those that need not wait: `wait` says how long a request
    /// with a credential would wait for its rate budget. Default: [`Auth::credential`].
    fn choose_credential(
        &self,
        now: Duration,
        wait: &dyn Fn(CredentialId) -> Duration,
    ) -> CredentialId {
        let _ = wait;
        self.credential(now)
    }

    /// Hears that a credential was answered 401, and no renewal helps, or 429; answers whether the request can be
    /// tried with another one at once. Default: it cannot.
    fn moves_on(&self, refusal: &Refusal<'_>) -> bool {
        let _ = refusal;
        false
    }

    /// Tells `redactor` all secrets that are known from the start. Default: none.
    fn register(&self, redactor: &Redactor) {
        let _ = redactor;
    }

    /// What this does, for people, in a few lower-case words without any secret. Default: `custom`.
    fn describe(&self) -> String {
        "custom".to_owned()
    }
}

#[async_trait]
impl<T: Auth + ?Sized> Auth for Arc<T> {
    async fn authorize(
        &self,
        request: &mut Request,
        context: &AuthContext<'_>,
    ) -> Result<(), AuthError> {
        (**self).authorize(request, context).await
    }

    fn rejected(&self, sent: &Request, response: &Response) -> OnRejected {
        (**self).rejected(sent, response)
    }

    fn credential(&self, now: Duration) -> CredentialId {
        (**self).credential(now)
    }

    fn choose_credential(
        &self,
        now: Duration,
        wait: &dyn Fn(CredentialId) -> Duration,
    ) -> CredentialId {
        (**self).choose_credential(now, wait)
    }

    fn moves_on(&self, refusal: &Refusal<'_>) -> bool {
        (**self).moves_on(refusal)
    }

    fn register(&self, redactor: &Redactor) {
        (**self).register(redactor);
    }

    fn describe(&self) -> String {
        (**self).describe()
    }
}

/// What an [`Auth`] can use to get credentials.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AuthContext<'a> {
    /// Sends requests of its own, for tokens.
    pub transport: &'a Arc<dyn Transport>,
    /// The limits of such requests.
    pub limits: &'a Limits,
    /// The longest wait that a server may ask for before such a request is repeated.
    pub max_wait: Duration,
    /// Tells when a token expires.
    pub timer: &'a Arc<dyn Timer>,
    /// Must hear of every secret that is obtained.
    pub redactor: &'a Redactor,
    /// The number of this try, from 1.
    pub attempt: u32,
    /// The credential that [`Auth::credential`] chose for this try.
    pub credential: CredentialId,
}

/// What to do when credentials were rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRejected {
    /// The rejection is the result.
    #[default]
    Fail,
    /// Other credentials are at hand, or will be got: the request is tried once more.
    RetryOnce,
}

/// Why there are no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// A secret is empty.
    #[error("`{field}` of the {scheme} authentication is empty")]
    Missing {
        /// The scheme: `bearer`, `api_key`.
        scheme: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A value cannot stand where it must go.
    #[error("`{field}` of the {scheme} authentication cannot be sent: {problem}")]
    Invalid {
        /// The scheme.
        scheme: &'static str,
        /// The field.
        field: &'static str,
        /// Why; never the value.
        problem: &'static str,
    },
    /// A value cannot be written where it must go.
    #[error("the {scheme} authentication cannot be written into the request")]
    Place {
        /// The scheme.
        scheme: &'static str,
        /// Why; never the value.
        source: InjectError,
    },
    /// A token could not be obtained.
    #[error("no token could be obtained")]
    Token {
        /// Why.
        source: Box<TokenError>,
    },
}

impl AuthError {
    /// Why the token request was not tried again, where that was for the server's wish.
    pub(crate) fn retry_stop(&self) -> Option<RetryStop> {
        let Self::Token { source } = self else {
            return None;
        };
        match **source {
            TokenError::Transport {
                source: TransportError::Paused { asked, max_wait },
                ..
            } => Some(RetryStop::WaitTooLong { asked, max_wait }),
            _ => None,
        }
    }
}

impl From<TokenError> for AuthError {
    fn from(source: TokenError) -> Self {
        Self::Token {
            source: Box::new(source),
        }
    }
}

impl Hint for AuthError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Missing { field, .. } => format!("give `{field}` a value"),
            Self::Invalid { field, .. } => {
                format!("check `{field}` for line breaks and other invisible characters")
            }
            Self::Place { source, .. } => return source.hint(),
            Self::Token { source } => return source.hint(),
        };
        Some(hint)
    }
}

/// No credentials; takes those of the client away from one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoAuth;

#[async_trait]
impl Auth for NoAuth {
    async fn authorize(&self, _: &mut Request, _: &AuthContext<'_>) -> Result<(), AuthError> {
        Ok(())
    }

    fn describe(&self) -> String {
        "none".to_owned()
    }
}

/// A header value that shows up in no debug output.
fn secret_value(
    text: &str,
    scheme: &'static str,
    field: &'static str,
) -> Result<HeaderValue, AuthError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| AuthError::Invalid {
        scheme,
        field,
        problem: "it has characters that no header may have",
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Host and port that `request` goes to, as its `Host` header has them.
fn host_of(request: &Request) -> String {
    if let Some(host) = request.headers.get(HOST) {
        return String::from_utf8_lossy(host.as_bytes()).into_owned();
    }
    let host = request.url.host_str().unwrap_or_default();
    match request.url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests;
