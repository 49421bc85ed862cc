use std::time::Duration;

use apiduct_model::{Redactor, SecretText};
use async_trait::async_trait;
use http::header::AUTHORIZATION;

use super::{Auth, AuthContext, AuthError, CredentialId, secret_value};
use crate::Request;

/// `Authorization: Bearer TOKEN`.
///
/// ```
/// use apiduct_client::auth::Bearer;
///
/// let auth = Bearer::new("my token");
/// assert_eq!(format!("{auth:?}"), "Bearer { token: *** }");
/// ```
#[derive(Debug, Clone)]
pub struct Bearer {
    /// The token.
    pub token: SecretText,
}

impl Bearer {
    /// Authentication with `token`.
    pub fn new(token: impl Into<SecretText>) -> Self {
        Self {
            token: token.into(),
        }
    }
}

#[async_trait]
impl Auth for Bearer {
    async fn authorize(&self, request: &mut Request, _: &AuthContext<'_>) -> Result<(), AuthError> {
        let token = self.token.expose().trim();
        if token.is_empty() {
            return Err(AuthError::Missing {
                scheme: "bearer",
                field: "token",
            });
        }
        let value = secret_value(&format!("Bearer {token}"), "bearer", "token")?;
        request.set_header(AUTHORIZATION, value);
        Ok(())
    }

    fn credential(&self, _: Duration) -> CredentialId {
        CredentialId::of(&["bearer", self.token.expose()])
    }

    fn register(&self, redactor: &Redactor) {
        redactor.register(&self.token);
    }

    fn describe(&self) -> String {
        "bearer token".to_owned()
    }
}
