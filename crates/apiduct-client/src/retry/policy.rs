use std::fmt;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::HeaderMap;

use super::{RetryConfig, RetryKind, retry_after};
use crate::rate::wait_until_reset;
use crate::response::RetryStop;
use crate::transport::TransportError;

/// Whether a try may be repeated. It sees one try at a time and waits for nothing.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    config: RetryConfig,
}

/// How a try ended.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'a> {
    /// A response came back.
    Response(StatusCode, &'a HeaderMap),
    /// None came back.
    Failed(&'a TransportError),
    /// A response came back whole as far as the transport can tell, but its JSON is cut or broken.
    BrokenJson,
    /// A page after the first has nothing where the records should be.
    NoRecordList,
    /// A hook wants another try.
    Hook(&'a str),
    /// A rule wants another try, perhaps after a wait of its own.
    Rule(&'a str, Option<Duration>),
}

/// What to do after a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryDecision {
    /// Nothing: it is a result, or trying again cannot help.
    Keep,
    /// It could be tried again, and is not.
    Stop(RetryStop),
    /// Try again.
    Retry {
        /// Why.
        reason: RetryReason,
        /// The wait that the server asked for.
        after: Option<Duration>,
    },
}

/// Why a request is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryReason {
    /// The status says so.
    Status(StatusCode),
    /// The exchange failed.
    Transport(String),
    /// The JSON is cut or broken.
    BrokenJson,
    /// A page after the first has nothing where the records should be.
    NoRecordList,
    /// A hook asked for it.
    Hook(String),
}

impl fmt::Display for RetryReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {}", status.as_u16()),
            Self::Transport(message) | Self::Hook(message) => f.write_str(message),
            Self::BrokenJson => f.write_str("the JSON is cut or broken"),
            Self::NoRecordList => f.write_str("nothing is where the records should be"),
        }
    }
}

impl RetryPolicy {
    /// The policy that `config` describes.
    pub fn new(config: RetryConfig) -> Self {
        Self { config }
    }

    /// What to do after try number `tries` (from 1) ended like `outcome`. `is_safe` says that repeating the request
    /// does nothing twice.
    pub fn decide(
        &self,
        outcome: Outcome<'_>,
        tries: u32,
        is_safe: bool,
        now: SystemTime,
    ) -> RetryDecision {
        let (reason, after, did_nothing) = match outcome {
            Outcome::Response(status, headers) => {
                let is_limit = is_rate_limit(status, headers, now);
                let counts_as = if is_limit {
                    StatusCode::TOO_MANY_REQUESTS
                } else {
                    status
                };
                if !self.retries_status(counts_as) {
                    return RetryDecision::Keep;
                }
                let after = self.asked_wait(counts_as, headers, now);
                (RetryReason::Status(status), after, is_limit)
            }
            Outcome::Failed(TransportError::Paused { asked, max_wait }) => {
                return RetryDecision::Stop(RetryStop::WaitTooLong {
                    asked: *asked,
                    max_wait: *max_wait,
                });
            }
            Outcome::Failed(error) if self.retries(RetryKind::of(error)) => {
                let reason = RetryReason::Transport(error.to_string());
                (reason, None, error.never_left())
            }
            Outcome::BrokenJson if self.retries(Some(RetryKind::BrokenJson)) => {
                (RetryReason::BrokenJson, None, false)
            }
            Outcome::NoRecordList if self.retries(Some(RetryKind::NoRecords)) => {
                (RetryReason::NoRecordList, None, false)
            }
            Outcome::Failed(_) | Outcome::BrokenJson | Outcome::NoRecordList => {
                return RetryDecision::Keep;
            }
            Outcome::Hook(reason) => (RetryReason::Hook(reason.to_owned()), None, false),
            Outcome::Rule(reason, after) => (RetryReason::Hook(reason.to_owned()), after, false),
        };
        if !(is_safe || did_nothing || self.config.retry_unsafe) {
            return RetryDecision::Stop(RetryStop::NotIdempotent);
        }
        if tries > self.config.max_retries {
            return RetryDecision::Stop(RetryStop::Exhausted);
        }
        let max_wait = self.config.max_wait;
        match after {
            Some(asked) if asked > max_wait => {
                RetryDecision::Stop(RetryStop::WaitTooLong { asked, max_wait })
            }
            after => RetryDecision::Retry { reason, after },
        }
    }

    /// The longest wait that a server may ask for.
    pub fn max_wait(&self) -> Duration {
        self.config.max_wait
    }

    fn retries(&self, kind: Option<RetryKind>) -> bool {
        kind.is_some_and(|kind| self.config.kinds.contains(&kind))
    }

    fn retries_status(&self, status: StatusCode) -> bool {
        let status = status.as_u16();
        let mut ranges = self.config.statuses.iter();
        ranges.any(|range| range.contains(&status))
    }

    fn asked_wait(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Option<Duration> {
        if !self.config.respect_retry_after {
            return None;
        }
        retry_after(headers, now).or_else(|| {
            let is_limit = status == StatusCode::TOO_MANY_REQUESTS;
            is_limit.then(|| wait_until_reset(headers, now))?
        })
    }
}

/// Whether a response says that too many requests came: status 429, or 403 with a wait or a used-up limit, as some
/// services have it.
pub(crate) fn is_rate_limit(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::FORBIDDEN
            && (retry_after(headers, now).is_some() || wait_until_reset(headers, now).is_some())
}

#[cfg(test)]
mod tests {
    use http::header::RETRY_AFTER;

    use super::*;
    use crate::error::Cause;
    use crate::transport::TimeLimit;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn asking(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        headers
    }

    fn policy() -> RetryPolicy {
        RetryPolicy::new(RetryConfig::default())
    }

    fn decide_status(status: u16, is_safe: bool) -> RetryDecision {
        let status = StatusCode::from_u16(status).unwrap();
        let headers = HeaderMap::new();
        policy().decide(Outcome::Response(status, &headers), 1, is_safe, NOW)
    }

    #[test]
    fn rate_limits_and_server_errors_are_retried_and_other_statuses_kept() {
        for status in [429, 500, 502, 503, 504, 599] {
            assert!(
                matches!(decide_status(status, true), RetryDecision::Retry { .. }),
                "{status}"
            );
        }
        for status in [200, 204, 301, 400, 401, 403, 404, 408, 418] {
            assert_eq!(decide_status(status, true), RetryDecision::Keep, "{status}");
        }
    }

    #[test]
    fn an_unsafe_request_is_retried_only_if_it_did_nothing() {
        let stop = RetryDecision::Stop(RetryStop::NotIdempotent);
        assert_eq!(decide_status(503, false), stop);
        assert!(matches!(
            decide_status(429, false),
            RetryDecision::Retry { .. }
        ));
        let source = Cause::new("refused");
        let refused = TransportError::Connect {
            host: "h".into(),
            source,
        };
        let silent = TransportError::Timeout {
            which: TimeLimit::Idle,
            limit: Duration::from_secs(1),
        };
        let decide = |error| policy().decide(Outcome::Failed(error), 1, false, NOW);
        assert!(matches!(decide(&refused), RetryDecision::Retry { .. }));
        assert_eq!(decide(&silent), stop);
    }

    #[test]
    fn tries_end_after_the_configured_retries() {
        let headers = HeaderMap::new();
        let outcome = Outcome::Response(StatusCode::BAD_GATEWAY, &headers);
        let decide = |tries| policy().decide(outcome, tries, true, NOW);
        assert!(matches!(decide(5), RetryDecision::Retry { .. }));
        assert_eq!(decide(6), RetryDecision::Stop(RetryStop::Exhausted));
    }

    #[test]
    fn retry_after_beyond_the_limit_gives_up() {
        let headers = asking("301");
        let outcome = Outcome::Response(StatusCode::TOO_MANY_REQUESTS, &headers);
        assert_eq!(
            policy().decide(outcome, 1, true, NOW),
            RetryDecision::Stop(RetryStop::WaitTooLong {
                asked: Duration::from_secs(301),
                max_wait: Duration::from_mins(5),
            })
        );
    }

    #[test]
    fn a_used_up_limit_asks_for_a_wait_until_its_reset() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-remaining", "0".parse().unwrap());
        headers.insert("x-ratelimit-reset", "9".parse().unwrap());
        for (status, after) in [(429, Some(9)), (403, Some(9)), (503, None)] {
            let outcome = Outcome::Response(StatusCode::from_u16(status).unwrap(), &headers);
            let RetryDecision::Retry { after: asked, .. } = policy().decide(outcome, 1, true, NOW)
            else {
                panic!("{status} is tried again");
            };
            assert_eq!(asked, after.map(Duration::from_secs), "{status}");
        }
        headers.insert("x-ratelimit-remaining", "5".parse().unwrap());
        let outcome = Outcome::Response(StatusCode::FORBIDDEN, &headers);
        let decision = policy().decide(outcome, 1, true, NOW);
        assert_eq!(decision, RetryDecision::Keep, "this one is no limit");
    }

    #[test]
    fn kinds_of_failures_can_be_chosen() {
        let config = RetryConfig {
            kinds: vec![RetryKind::Decode, RetryKind::BrokenJson],
            ..RetryConfig::default()
        };
        let policy = RetryPolicy::new(config);
        let source = Cause::new("x");
        let decode = TransportError::Decode {
            source: source.clone(),
        };
        let broken = TransportError::Broken {
            received: 1,
            source,
        };
        for (outcome, is_retried) in [
            (Outcome::Failed(&decode), true),
            (Outcome::Failed(&broken), false),
            (Outcome::Failed(&TransportError::Quota), false),
            (Outcome::BrokenJson, true),
            (Outcome::NoRecordList, false),
        ] {
            let decision = policy.decide(outcome, 1, true, NOW);
            let is_again = matches!(decision, RetryDecision::Retry { .. });
            assert_eq!(is_again, is_retried, "{outcome:?}");
        }
    }

    #[test]
    fn retry_after_can_be_ignored() {
        let config = RetryConfig {
            respect_retry_after: false,
            ..RetryConfig::default()
        };
        let headers = asking("4");
        let outcome = Outcome::Response(StatusCode::SERVICE_UNAVAILABLE, &headers);
        let decision = RetryPolicy::new(config).decide(outcome, 1, true, NOW);
        assert!(matches!(decision, RetryDecision::Retry { after: None, .. }));
    }
}
