//! Retrying, in three values: [`RetryPolicy`] says whether a try may be repeated, [`Backoff`] how long to wait, and
//! [`RetryBudget`] whether the client can afford it.

mod backoff;
mod budget;
mod condition;
mod kind;
mod policy;
mod response_test;
mod retry_after;

use std::ops::RangeInclusive;
use std::time::Duration;

pub use backoff::Backoff;
pub use budget::{RetryBudget, RetryBudgets};
pub(crate) use condition::RetryIf;
pub use condition::Tried;
pub use kind::RetryKind;
pub(crate) use policy::is_rate_limit;
pub use policy::{Outcome, RetryDecision, RetryPolicy, RetryReason};
pub use response_test::ResponseTest;
pub use retry_after::retry_after;

/// How patient a client is.
///
/// ```
/// use apiduct_client::retry::RetryConfig;
///
/// let config = RetryConfig { max_retries: 2, ..RetryConfig::default() };
/// assert_eq!(config.backoff_factor, 1.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RetryConfig {
    /// Tries after the first one. Default 5.
    pub max_retries: u32,
    /// The first wait in seconds; each further one is twice as long. Default 1.
    pub backoff_factor: f64,
    /// The longest wait that doubling leads to. Default 300 s.
    pub max_retry_delay: Duration,
    /// The longest wait that a server may ask for by `Retry-After`; when it asks for more, there is no further try.
    /// Default 300 s.
    pub max_wait: Duration,
    /// Whether `Retry-After` is obeyed. Default true.
    pub respect_retry_after: bool,
    /// With a seed, each wait is a random part of what it would have been. Default: none.
    pub jitter: Option<u64>,
    /// Statuses that are retried. Default 429 and 500 to 599.
    pub statuses: Vec<RangeInclusive<u16>>,
    /// Kinds of failures that are retried. Default: [`RetryKind::DEFAULT`].
    pub kinds: Vec<RetryKind>,
    /// Whether requests are retried that could do something twice (POST, PATCH). Default false: those only when they
    /// certainly never arrived, or were refused with 429. Pagination reads, so its requests count as safe.
    pub retry_unsafe: bool,
    /// How many failures in a row per origin are retried, over all requests together; every success gives one back.
    /// A refusal with 429 that names a wait costs nothing. `None`: no bound. Default 35.
    pub budget: Option<u32>,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            max_retries: 5,
            backoff_factor: 1.0,
            max_retry_delay: Duration::from_mins(5),
            max_wait: Duration::from_mins(5),
            respect_retry_after: true,
            jitter: None,
            statuses: vec![429..=429, 500..=599],
            kinds: RetryKind::DEFAULT.to_vec(),
            retry_unsafe: false,
            budget: Some(35),
        }
    }
}
