use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use apiduct_model::{Hint, SecretText};
use async_trait::async_trait;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::Token;
use crate::Timer;
use crate::error::Cause;

/// Keeps the tokens of one set of credentials from run to run.
///
/// Refresh tokens that rotate are good for one use: whoever wants to use one locks the store, reads it, refreshes,
/// writes the new ones and only then lets go. So two processes never use one refresh token both.
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// Waits until nobody else holds the store, and holds it until the answer is dropped. Waits by `timer`.
    ///
    /// # Errors
    ///
    /// When the store cannot be held, or somebody holds it for ever.
    async fn lock(&self, timer: &dyn Timer) -> Result<Box<dyn LockedTokens>, TokenStoreError>;

    /// Where it is, for messages: `` in `FILE` ``.
    fn place(&self) -> String;
}

/// A [`TokenStore`] that nobody else holds.
pub trait LockedTokens: Send + Sync {
    /// What is kept; `None` if nothing ever was.
    ///
    /// # Errors
    ///
    /// When it cannot be read or understood.
    fn load(&mut self) -> Result<Option<StoredTokens>, TokenStoreError>;

    /// Keeps `tokens` in place of what was kept. When it returns, a crash does not lose them.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    fn save(&mut self, tokens: &StoredTokens) -> Result<(), TokenStoreError>;
}

/// What a [`TokenStore`] keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredTokens {
    /// The token that requests carry.
    pub access: Option<Token>,
    /// The token that gets the next ones.
    pub refresh: Option<SecretText>,
    /// Which credentials they come from, as a digest: other credentials in the configuration begin anew.
    pub seed: Option<String>,
}

impl StoredTokens {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a token for requests.
    #[must_use]
    pub fn access(mut self, access: Token) -> Self {
        self.access = Some(access);
        self
    }

    /// With a token that gets the next ones.
    #[must_use]
    pub fn refresh(mut self, refresh: impl Into<SecretText>) -> Self {
        self.refresh = Some(refresh.into());
        self
    }

    /// With a digest of the credentials that they come from.
    #[must_use]
    pub fn seed(mut self, seed: impl Into<String>) -> Self {
        self.seed = Some(seed.into());
        self
    }

    /// As JSON text with the secrets in it. Times are whole seconds since 1970.
    pub(super) fn to_json(&self) -> String {
        let text = |secret: &SecretText| secret.expose().clone();
        let life = self.access.as_ref().and_then(|token| token.life);
        let issued = life.map(|life| {
            let since = life.issued.duration_since(SystemTime::UNIX_EPOCH);
            since.unwrap_or_default().as_secs()
        });
        serde_json::json!({
            "version": 1,
            "access_token": self.access.as_ref().map(|token| text(&token.value)),
            "issued_at": issued,
            "expires_in": life.map(|life| life.lasts.as_secs()),
            "refresh_token": self.refresh.as_ref().map(text),
            "seed": self.seed,
        })
        .to_string()
    }

    /// Reads what [`StoredTokens::to_json`] wrote.
    pub(super) fn from_json(text: &str) -> Result<Self, &'static str> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|_| "it is not JSON")?;
        if value["version"] != 1 {
            return Err("it has another version");
        }
        let text = |name: &str| match &value[name] {
            serde_json::Value::Null => Ok(None),
            serde_json::Value::String(text) => Ok(Some(text.clone())),
            _ => Err("a token is not a text"),
        };
        let mut tokens = Self {
            access: text("access_token")?.map(Token::new),
            refresh: text("refresh_token")?.map(SecretText::from),
            seed: text("seed")?,
        };
        let seconds = |name: &str| value[name].as_u64().map(Duration::from_secs);
        if let (Some(issued), Some(lasts)) = (seconds("issued_at"), seconds("expires_in"))
            && let Some(issued) = SystemTime::UNIX_EPOCH.checked_add(issued)
        {
            tokens.access = tokens.access.map(|token| token.lasting(issued, lasts));
        }
        Ok(tokens)
    }
}

/// Why kept tokens cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenStoreError {
    /// A file cannot be read, written or locked.
    #[error("cannot {action} `{}`", .path.display())]
    File {
        /// What was tried: `read`, `write`, `lock`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Cause,
    },
    /// A file holds something else.
    #[error("`{}` holds no tokens: {problem}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why; never what it holds.
        problem: &'static str,
    },
    /// Somebody holds the lock for too long.
    #[error("`{}` is locked by another process for more than {waited:?}", .path.display())]
    Busy {
        /// The file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// A store of another kind failed.
    #[error("the token store failed")]
    Other {
        /// Why.
        source: Cause,
    },
}

impl Hint for TokenStoreError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::File { path, .. } => {
                format!(
                    "check that the directory of `{}` can be written",
                    path.display()
                )
            }
            Self::Malformed { path, .. } => {
                format!("remove `{}` and log in again", path.display())
            }
            Self::Busy { .. } => "see whether another run hangs".to_owned(),
            Self::Other { .. } => return None,
        };
        Some(hint)
    }
}

/// Keeps tokens as long as the program runs. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryTokenStore {
    tokens: Arc<Mutex<Option<StoredTokens>>>,
}

impl MemoryTokenStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl TokenStore for MemoryTokenStore {
    async fn lock(&self, _: &dyn Timer) -> Result<Box<dyn LockedTokens>, TokenStoreError> {
        Ok(Box::new(Arc::clone(&self.tokens).lock_owned().await))
    }

    fn place(&self) -> String {
        "in memory".to_owned()
    }
}

impl LockedTokens for OwnedMutexGuard<Option<StoredTokens>> {
    fn load(&mut self) -> Result<Option<StoredTokens>, TokenStoreError> {
        Ok((**self).clone())
    }

    fn save(&mut self, tokens: &StoredTokens) -> Result<(), TokenStoreError> {
        **self = Some(tokens.clone());
        Ok(())
    }
}
