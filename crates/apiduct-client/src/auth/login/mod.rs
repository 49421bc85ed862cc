//! Logins that need a person: tokens are obtained once, kept in a [`super::TokenStore`], and renewed from there by
//! [`super::OAuth2RefreshToken`].

mod code;
mod device;

use aws_lc_rs::rand;

pub use code::{AuthorizationCode, LoginError, PendingLogin};
pub use device::{DeviceCode, DeviceLogin};

use super::token::Granted;
use super::{StoredTokens, TokenContext, TokenError, TokenStore};

/// The unguessable part of one login.
///
/// ```
/// use apiduct_client::auth::LoginRandom;
///
/// let random = LoginRandom::from_bytes([7; 48]);
/// assert_eq!(format!("{random:?}"), "LoginRandom(***)");
/// ```
#[derive(Clone, Copy)]
pub struct LoginRandom([u8; 48]);

impl LoginRandom {
    /// From bytes that nobody can guess, and that are used once.
    pub fn from_bytes(bytes: [u8; 48]) -> Self {
        Self(bytes)
    }

    /// From the system's random source.
    ///
    /// # Errors
    ///
    /// [`TokenError::Other`] when the system has none.
    pub fn from_system() -> Result<Self, TokenError> {
        let mut bytes = [0; 48];
        rand::fill(&mut bytes).map_err(|_| TokenError::Other {
            source: crate::Cause::new("the system has no random numbers"),
        })?;
        Ok(Self(bytes))
    }
}

impl std::fmt::Debug for LoginRandom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginRandom(***)")
    }
}

/// Keeps what a login brought, in place of what was kept; when it returns, a crash does not lose it.
///
/// # Errors
///
/// [`TokenError::Store`].
pub async fn keep_tokens(
    granted: &Granted,
    store: &dyn TokenStore,
    context: &TokenContext,
) -> Result<(), TokenError> {
    let mut tokens = StoredTokens::new().access(granted.access.clone());
    if let Some(refresh) = &granted.refresh {
        tokens = tokens.refresh(refresh.clone());
    }
    let mut held = store.lock(&*context.timer).await?;
    held.save(&tokens)?;
    Ok(())
}

#[cfg(test)]
mod tests;
