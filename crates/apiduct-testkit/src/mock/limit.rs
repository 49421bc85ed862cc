use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Reply;
use crate::lock;

/// How many requests the server takes in a window of time, and how it says so.
///
/// Windows are fixed and follow one another from the start of the server. A request over the limit is answered 429.
///
/// ```
/// use std::time::Duration;
/// use apiduct_testkit::{LimitHeaders, RateLimit};
///
/// let limit = RateLimit::new(50, Duration::from_secs(1)).headers(LimitHeaders::Delta);
/// ```
#[derive(Debug, Clone)]
pub struct RateLimit {
    requests: u64,
    window: Duration,
    headers: LimitHeaders,
    retry_after: RetryAfter,
    status: u16,
}

/// The headers by which a server tells its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitHeaders {
    /// None at all.
    None,
    /// `X-RateLimit-Limit`, `-Remaining` and `-Reset`, the last as seconds since 1970.
    Epoch,
    /// `RateLimit-Limit`, `-Remaining` and `-Reset`, the last as seconds from now.
    Delta,
    /// `RateLimit-Policy: "default";q=50;w=1` and `RateLimit: "default";r=49;t=1`.
    Structured,
}

/// How a refusal says when to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryAfter {
    /// It does not.
    Absent,
    /// `Retry-After` in seconds, rounded up.
    Seconds,
    /// `Retry-After` as an HTTP date, rounded up.
    Date,
}

/// What the gate says about one request.
pub(super) enum Verdict {
    Pass(Vec<(&'static str, String)>),
    Refuse(Box<Reply>),
}

impl RateLimit {
    /// At most `requests` in each `window`, told by [`LimitHeaders::Epoch`] and [`RetryAfter::Seconds`].
    pub fn new(requests: u64, window: Duration) -> Self {
        Self {
            requests,
            window: window.max(Duration::from_millis(1)),
            headers: LimitHeaders::Epoch,
            retry_after: RetryAfter::Seconds,
            status: 429,
        }
    }

    /// Replaces the headers sent with every reply.
    #[must_use]
    pub fn headers(mut self, headers: LimitHeaders) -> Self {
        self.headers = headers;
        self
    }

    /// Replaces the header sent with a refusal.
    #[must_use]
    pub fn retry_after(mut self, retry_after: RetryAfter) -> Self {
        self.retry_after = retry_after;
        self
    }

    /// Refuses with this status instead of 429; some services say 403.
    #[must_use]
    pub fn refuse_with(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

/// The running count of one limit.
#[derive(Debug)]
pub(super) struct Gate {
    limit: RateLimit,
    window: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    index: u128,
    used: u64,
}

impl Gate {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self {
            limit,
            window: Mutex::default(),
        }
    }

    /// Counts one request at this time; `elapsed` runs from the start of the server.
    pub(super) fn enter(&self, elapsed: Duration, now: SystemTime) -> Verdict {
        let length = self.limit.window.as_nanos();
        let index = elapsed.as_nanos() / length;
        let left_nanos = (index + 1) * length - elapsed.as_nanos();
        let left = Duration::from_nanos(u64::try_from(left_nanos).unwrap_or(u64::MAX));
        let mut window = lock(&self.window);
        if window.index != index {
            *window = Window { index, used: 0 };
        }
        let passes = window.used < self.limit.requests;
        if passes {
            window.used += 1;
        }
        let headers = self.told(self.limit.requests - window.used, left, now);
        if passes {
            Verdict::Pass(headers)
        } else {
            Verdict::Refuse(Box::new(self.refusal(headers, left, now)))
        }
    }

    fn told(&self, remaining: u64, left: Duration, now: SystemTime) -> Vec<(&'static str, String)> {
        let limit = self.limit.requests;
        match self.limit.headers {
            LimitHeaders::None => Vec::new(),
            LimitHeaders::Epoch => vec![
                ("x-ratelimit-limit", limit.to_string()),
                ("x-ratelimit-remaining", remaining.to_string()),
                (
                    "x-ratelimit-reset",
                    round_up(since_epoch(now + left)).to_string(),
                ),
            ],
            LimitHeaders::Delta => vec![
                ("ratelimit-limit", limit.to_string()),
                ("ratelimit-remaining", remaining.to_string()),
                ("ratelimit-reset", round_up(left).to_string()),
            ],
            LimitHeaders::Structured => {
                let window = round_up(self.limit.window);
                let left = round_up(left);
                vec![
                    (
                        "ratelimit-policy",
                        format!("\"default\";q={limit};w={window}"),
                    ),
                    ("ratelimit", format!("\"default\";r={remaining};t={left}")),
                ]
            }
        }
    }

    fn refusal(
        &self,
        headers: Vec<(&'static str, String)>,
        left: Duration,
        now: SystemTime,
    ) -> Reply {
        let mut reply = Reply::error(self.limit.status, "too many requests");
        for (name, value) in headers {
            reply = reply.header(name, &value);
        }
        match self.limit.retry_after {
            RetryAfter::Absent => reply,
            RetryAfter::Seconds => reply.header("retry-after", &round_up(left).to_string()),
            RetryAfter::Date => {
                let moment = UNIX_EPOCH + Duration::from_secs(round_up(since_epoch(now + left)));
                reply.header("retry-after", &httpdate::fmt_http_date(moment))
            }
        }
    }
}

fn since_epoch(moment: SystemTime) -> Duration {
    moment.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn round_up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = UNIX_EPOCH;

    fn at(gate: &Gate, millis: u64) -> Verdict {
        let elapsed = Duration::from_millis(millis);
        gate.enter(elapsed, START + elapsed)
    }

    fn refused(verdict: Verdict) -> Option<Reply> {
        match verdict {
            Verdict::Pass(_) => None,
            Verdict::Refuse(reply) => Some(*reply),
        }
    }

    #[test]
    fn a_window_takes_its_number_and_the_next_one_starts_anew() {
        let gate = Gate::new(RateLimit::new(2, Duration::from_secs(10)));
        let times = [0, 100, 200, 9_999, 10_000, 10_001, 10_002];
        let refusals = times.map(|millis| refused(at(&gate, millis)).is_some());
        assert_eq!(refusals, [false, false, true, true, false, false, true]);
    }

    #[test]
    fn a_refusal_says_when_to_come_again() {
        let limit = RateLimit::new(0, Duration::from_secs(10));
        let reply = refused(at(&Gate::new(limit.clone()), 8_500)).unwrap();
        assert_eq!(reply.status, 429);
        assert_eq!(reply.headers["retry-after"], "2");
        assert_eq!(reply.headers["x-ratelimit-remaining"], "0");
        assert_eq!(reply.headers["x-ratelimit-reset"], "10");

        let dated = limit.clone().retry_after(RetryAfter::Date).refuse_with(403);
        let reply = refused(at(&Gate::new(dated), 0)).unwrap();
        assert_eq!(reply.status, 403);
        assert_eq!(
            reply.headers["retry-after"],
            "Thu, 01 Jan 1970 00:00:10 GMT"
        );

        let silent = limit
            .retry_after(RetryAfter::Absent)
            .headers(LimitHeaders::None);
        let reply = refused(at(&Gate::new(silent), 0)).unwrap();
        assert!(!reply.headers.contains_key("retry-after"));
    }

    #[test]
    fn passed_requests_carry_the_count() {
        let told = |headers| {
            let gate = Gate::new(RateLimit::new(5, Duration::from_mins(1)).headers(headers));
            match at(&gate, 1_000) {
                Verdict::Pass(headers) => headers.into_iter().map(|(_, value)| value).collect(),
                Verdict::Refuse(_) => Vec::new(),
            }
        };
        assert_eq!(told(LimitHeaders::Delta), ["5", "4", "59"]);
        assert_eq!(told(LimitHeaders::Epoch), ["5", "4", "60"]);
        assert_eq!(
            told(LimitHeaders::Structured),
            ["\"default\";q=5;w=60", "\"default\";r=4;t=59"]
        );
        assert!(told(LimitHeaders::None).is_empty());
    }
}
