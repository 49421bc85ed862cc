//! What it takes to get an answer.

use std::time::Duration;

use crate::Response;

/// What answers took, beside the time of the network.
///
/// ```
/// use apiduct_client::{Effort, Response};
/// # let url = "https://api.example.com".parse()?;
/// let response = Response::new(http::StatusCode::OK, http::HeaderMap::new(), "[]", url);
/// let mut effort = Effort::default();
/// effort += Effort::of(&response);
/// assert_eq!((effort.requests, effort.rate_limited), (1, 0));
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Tries, the first ones and the retries.
    pub requests: u64,
    /// Tries beyond the first ones.
    pub retries: u64,
    /// Tries that were refused with status 429.
    pub rate_limited: u64,
    /// Time that was spent waiting to be allowed to go on; see [`Response::throttled`].
    pub throttled: Duration,
}

impl Effort {
    /// What `response` took.
    pub fn of(response: &Response) -> Self {
        Self {
            requests: u64::from(response.attempts),
            retries: u64::from(response.attempts.saturating_sub(1)),
            rate_limited: u64::from(response.rate_limited),
            throttled: response.throttled,
        }
    }
}

impl std::ops::AddAssign for Effort {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.retries += other.retries;
        self.rate_limited += other.rate_limited;
        self.throttled = self.throttled.saturating_add(other.throttled);
    }
}
