//! Waits for a time to start, for those who want to know why nothing happens.

use std::fmt;
use std::time::Duration;

/// A wait of all requests to an origin with one credential.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateWait {
    /// The origin: `https://api.example.com`.
    pub origin: String,
    /// How long, unless an answer changes it.
    pub wait: Duration,
    /// For what.
    pub reason: WaitReason,
}

/// What a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitReason {
    /// A rate that the configuration declares.
    Declared,
    /// The time between two tries of a request, where the server names none.
    Retry,
    /// What the server said, by `Retry-After` or by its rate-limit headers.
    Server,
    /// A report on request that is not done yet.
    Job,
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Declared => "the declared rate",
            Self::Retry => "the next try",
            Self::Server => "the server's rate limit",
            Self::Job => "a report",
        })
    }
}

/// Hears of waits; given to [`super::RateBudgets::observed`]. Called from several threads; it must not block.
pub trait RateObserver: fmt::Debug + Send + Sync {
    /// A wait begins.
    fn waits(&self, wait: &RateWait);
}

/// Shorter waits are part of an even flow.
const WORTH_A_LINE: Duration = Duration::from_secs(2);

impl RateWait {
    pub(super) fn log(&self) {
        let wait_ms = u64::try_from(self.wait.as_millis()).unwrap_or(u64::MAX);
        let (origin, reason) = (&self.origin, self.reason);
        if self.wait >= WORTH_A_LINE {
            tracing::info!(origin, wait_ms, %reason, "requests wait");
        } else {
            tracing::trace!(origin, wait_ms, %reason, "requests wait");
        }
    }
}
