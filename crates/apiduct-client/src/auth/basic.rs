use std::time::Duration;

use apiduct_model::{Redactor, SecretText};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;

use super::{Auth, AuthContext, AuthError, CredentialId, secret_value};
use crate::Request;

/// `Authorization: Basic`, with user name and password in Base64.
///
/// ```
/// use apiduct_client::auth::Basic;
///
/// let auth = Basic::new("ada", "correct horse");
/// assert_eq!(format!("{auth:?}"), r#"Basic { username: "ada", password: *** }"#);
/// ```
#[derive(Debug, Clone)]
pub struct Basic {
    /// The user name.
    pub username: String,
    /// The password; may be empty.
    pub password: SecretText,
}

impl Basic {
    /// Authentication as `username`.
    pub fn new(username: impl Into<String>, password: impl Into<SecretText>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
        }
    }

    fn encoded(&self) -> SecretText {
        let pair = SecretText::new(format!("{}:{}", self.username, self.password.expose()));
        SecretText::new(STANDARD.encode(pair.expose()))
    }
}

#[async_trait]
impl Auth for Basic {
    async fn authorize(&self, request: &mut Request, _: &AuthContext<'_>) -> Result<(), AuthError> {
        if self.username.is_empty() && self.password.expose().is_empty() {
            return Err(AuthError::Missing {
                scheme: "basic",
                field: "username",
            });
        }
        if self.username.contains(':') {
            return Err(AuthError::Invalid {
                scheme: "basic",
                field: "username",
                problem: "a colon ends the user name",
            });
        }
        let text = format!("Basic {}", self.encoded().expose());
        request.set_header(AUTHORIZATION, secret_value(&text, "basic", "password")?);
        Ok(())
    }

    fn credential(&self, _: Duration) -> CredentialId {
        CredentialId::of(&["basic", &self.username, self.password.expose()])
    }

    fn register(&self, redactor: &Redactor) {
        redactor.register(&self.password);
        redactor.register(&self.encoded());
    }

    fn describe(&self) -> String {
        format!("basic, as `{}`", self.username)
    }
}
