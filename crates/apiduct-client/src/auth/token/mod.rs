//! Tokens that are obtained, wear off and are renewed: what all schemes with tokens share.
//!
//! A [`TokenCell`] holds the token of one set of credentials: however many requests need a new one, one is fetched.
//! A [`TokenStore`] keeps tokens from run to run, locked against other processes.

mod cell;
mod endpoint;
mod error;
mod file_store;
pub(super) mod send;
mod store;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use apiduct_model::{Redactor, SecretText};

pub use cell::{TokenCell, TokenLease};
pub use endpoint::{ClientAuth, Granted, TokenEndpoint};
pub(super) use endpoint::{keys, seconds, selector};
pub use error::TokenError;
pub use file_store::FileTokenStore;
pub use store::{LockedTokens, MemoryTokenStore, StoredTokens, TokenStore, TokenStoreError};

use crate::Timer;
use crate::transport::{Limits, Transport};

/// Longest time before its end at which a token is renewed.
const LONGEST_MARGIN: Duration = Duration::from_secs(30);

/// The longest wait that a server may ask for while a person waits for a login.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// A token, and how long it is good for.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use apiduct_client::auth::Token;
///
/// let token = Token::new("t0ken").lasting(SystemTime::UNIX_EPOCH, Duration::from_secs(600));
/// let in_time = SystemTime::UNIX_EPOCH + Duration::from_secs(569);
/// assert!(!token.is_due(in_time) && token.is_due(in_time + Duration::from_secs(1)));
/// assert_eq!(format!("{token:?}"), "Token { value: ***, lasts: Some(600s) }");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The token itself.
    pub value: SecretText,
    /// When it was issued, and for how long; `None` when it is used until it is rejected.
    pub life: Option<TokenLife>,
}

/// The life of a [`Token`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLife {
    /// When it was issued, or at the latest asked for.
    pub issued: SystemTime,
    /// For how long it is good.
    pub lasts: Duration,
}

impl Token {
    /// A token that is used until it is rejected.
    pub fn new(value: impl Into<SecretText>) -> Self {
        Self {
            value: value.into(),
            life: None,
        }
    }

    /// A token that ends `lasts` after `issued`.
    #[must_use]
    pub fn lasting(mut self, issued: SystemTime, lasts: Duration) -> Self {
        self.life = Some(TokenLife { issued, lasts });
        self
    }

    /// Whether it is time to renew it at `now`: 30 s before its end, or a tenth of its life if that is less; also
    /// when it was issued after `now`, because a clock was set.
    pub fn is_due(&self, now: SystemTime) -> bool {
        self.life.is_some_and(|life| {
            life.age(now)
                .is_none_or(|age| age >= life.lasts.saturating_sub(life.margin()))
        })
    }

    /// Whether it has ended at `now`.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.life
            .is_some_and(|life| life.age(now).is_none_or(|age| age >= life.lasts))
    }
}

impl TokenLife {
    /// How long before its end a token is renewed: 30 s, or a tenth of its life if that is less.
    pub fn margin(self) -> Duration {
        LONGEST_MARGIN.min(self.lasts / 10)
    }

    /// Its age; `None` when it is from the future.
    fn age(self, now: SystemTime) -> Option<Duration> {
        now.duration_since(self.issued).ok()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("value", &self.value)
            .field("lasts", &self.life.map(|life| life.lasts))
            .finish()
    }
}

/// What fetching a token may use; it belongs to the fetch, which may outlive the request that began it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenContext {
    /// Sends token requests.
    pub transport: Arc<dyn Transport>,
    /// The limits of token requests.
    pub limits: Limits,
    /// The longest wait that a server may ask for before a token request is repeated.
    pub max_wait: Duration,
    /// Tells the time, and waits before token requests are repeated.
    pub timer: Arc<dyn Timer>,
    /// Must hear of every secret that is obtained, before it is used.
    pub redactor: Redactor,
    /// The token that was rejected with 401, if the fetch is due to that: it must not be given again.
    pub rejected: Option<SecretText>,
}

impl TokenContext {
    /// For a login outside of any request.
    pub fn new(transport: Arc<dyn Transport>, timer: Arc<dyn Timer>, redactor: Redactor) -> Self {
        Self {
            transport,
            limits: Limits::default(),
            max_wait: LONGEST_WAIT,
            timer,
            redactor,
            rejected: None,
        }
    }
}
