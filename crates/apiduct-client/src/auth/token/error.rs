use std::fmt;

use apiduct_model::Hint;
use http::StatusCode;

use super::TokenStoreError;
use crate::TransportError;
use crate::error::Cause;

/// Why no token was obtained. URLs and texts of the server are shown with secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token request has no complete answer.
    #[error("{method} {url} failed after {attempts} tries")]
    Transport {
        /// The method.
        method: http::Method,
        /// The token URL.
        url: String,
        /// How many times it was tried, from 1.
        attempts: u32,
        /// What went wrong with the last try.
        source: TransportError,
    },
    /// The server answered the token request with an error (RFC 6749, section 5.2).
    #[error("{method} {url} answered {}{}", .status.as_u16(), Said(.code, .description))]
    Refused {
        /// The method.
        method: http::Method,
        /// The token URL.
        url: String,
        /// The status.
        status: StatusCode,
        /// The server's `error`, like `invalid_client`.
        code: Option<String>,
        /// The server's `error_description`, or the beginning of a body of another kind.
        description: Option<String>,
    },
    /// The answer to the token request leads elsewhere, where no secret is sent.
    #[error("{method} {url} answered {} with a redirect to `{target}`, which is not followed", .status.as_u16())]
    Redirected {
        /// The method.
        method: http::Method,
        /// The token URL.
        url: String,
        /// The status.
        status: StatusCode,
        /// Where it leads.
        target: String,
    },
    /// There is no token in the answer.
    #[error("{method} {url} answered {} without a usable token: {problem}", .status.as_u16())]
    NoToken {
        /// The method.
        method: http::Method,
        /// The token URL.
        url: String,
        /// The status.
        status: StatusCode,
        /// What is missing or wrong, and the keys that are there.
        problem: String,
    },
    /// Secrets would travel in the clear.
    #[error("`{url}` is not https, so no secret is sent there")]
    Insecure {
        /// The token URL.
        url: String,
    },
    /// A key or a claim cannot be used for signing.
    #[error("the token cannot be signed: {problem}")]
    Signing {
        /// What is wrong; never the key.
        problem: String,
    },
    /// Nothing is there to begin with: someone has to log in.
    #[error("there is no refresh token {place}")]
    LoginNeeded {
        /// Where it was looked for.
        place: String,
        /// How the person logs in, if the credentials know it.
        how: Option<String>,
    },
    /// Kept tokens cannot be read or written.
    #[error("the kept tokens cannot be used")]
    Store {
        /// Why.
        source: TokenStoreError,
    },
    /// A setting cannot work.
    #[error("`{field}` cannot be used: {problem}")]
    Setting {
        /// The setting.
        field: &'static str,
        /// What is wrong; never a secret.
        problem: String,
    },
    /// Anything else that a custom scheme has to say.
    #[error("the token was not obtained")]
    Other {
        /// Why.
        source: Cause,
    },
}

/// What a server says about a refusal.
struct Said<'a>(&'a Option<String>, &'a Option<String>);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (None, None) => Ok(()),
            (Some(one), None) | (None, Some(one)) => write!(f, ": {one}"),
            (Some(code), Some(description)) => write!(f, ": {code} ({description})"),
        }
    }
}

impl From<TokenStoreError> for TokenError {
    fn from(source: TokenStoreError) -> Self {
        Self::Store { source }
    }
}

impl Hint for TokenError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Transport { source, .. } => return source.hint(),
            Self::Refused { status, code, .. } => return refused(*status, code.as_deref()),
            Self::Redirected { .. } => "write the URL that really gives tokens",
            Self::NoToken { .. } => {
                "check the token URL, and where the answer has the token: `access_token_path`, `token_path`"
            }
            Self::Insecure { .. } => {
                "write an https URL; `allow_http: true` sends the secret in the clear all the same"
            }
            Self::Signing { .. } => {
                "check that the private key is PEM, belongs to the algorithm and needs no passphrase"
            }
            Self::LoginNeeded { how: Some(how), .. } => how.as_str(),
            Self::LoginNeeded { how: None, .. } => {
                "give `refresh_token`, or keep the tokens of a login there"
            }
            Self::Store { source } => return source.hint(),
            Self::Setting { .. } | Self::Other { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

fn refused(status: StatusCode, code: Option<&str>) -> Option<String> {
    let hint = match code {
        Some("invalid_client" | "unauthorized_client") => {
            "check client id and secret, and whether the server wants them in the body or in a header: `client_auth`"
        }
        Some("invalid_grant") => {
            "the refresh token or assertion is expired, revoked or used up; log in again for a new one"
        }
        Some("access_denied") => "check the scopes, and that this person may use the program",
        Some("expired_token") => "the code ran out; begin the login anew",
        Some("invalid_scope") => "check `scopes`",
        Some("invalid_target") => "check `audience`",
        Some("unsupported_grant_type" | "invalid_request") => {
            "check the token URL and the parameters that the server wants"
        }
        _ if status.is_server_error() => "the server that gives tokens is in trouble; try later",
        _ if matches!(status.as_u16(), 400 | 401 | 403) => {
            "check the client id, the secret, the user and the password"
        }
        _ if status == StatusCode::NOT_FOUND => "check the token URL",
        _ => return None,
    };
    Some(hint.to_owned())
}
