//! How errors read.

use std::fmt;
use std::time::Duration;

use super::{ForeignVia, LoopKind, StatusError};
use crate::response::RetryStop;

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.as_u16();
        write!(f, "{} {} answered {status}", self.method, self.url)?;
        if let Some(phrase) = self.status.canonical_reason() {
            write!(f, " {phrase}")?;
        }
        if self.attempts > 1 {
            write!(f, " after {}", Tries(self.attempts, self.elapsed))?;
        }
        write!(f, "{}{}", Stopped(&self.retry_stop), Quoted(&self.excerpt))
    }
}

impl std::error::Error for StatusError {}

impl fmt::Display for RetryStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhausted => f.write_str("all tries were made"),
            Self::WaitTooLong { asked, max_wait } => {
                let (asked, max_wait) = (asked.as_secs(), max_wait.as_secs());
                write!(
                    f,
                    "the server asked for a wait of {asked} s, above `max_wait` ({max_wait} s)"
                )
            }
            Self::BudgetSpent => f.write_str("too many requests to this host failed lately"),
            Self::NotIdempotent => f.write_str("repeating it could do something twice"),
        }
    }
}

impl fmt::Display for ForeignVia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "the path",
            Self::NextLink => "the link to the next page",
            Self::Redirect => "a redirect",
        })
    }
}

impl fmt::Display for LoopKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SamePosition => f.write_str("the same position brought the same records"),
            Self::PositionIgnored { first_page } => {
                write!(f, "page {first_page} brought the same records")
            }
        }
    }
}

pub(super) struct Tries(pub(super) u32, pub(super) Duration);

impl fmt::Display for Tries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.0 == 1 { "attempt" } else { "attempts" };
        write!(f, "{} {word} in {:.1} s", self.0, self.1.as_secs_f64())
    }
}

/// Why there was no further try, unless the number of tries says it.
pub(super) struct Stopped<'a>(pub(super) &'a Option<RetryStop>);

impl fmt::Display for Stopped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None | Some(RetryStop::Exhausted) => Ok(()),
            Some(stop) => write!(f, "; {stop}"),
        }
    }
}

pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, ": `{}`", self.0)
    }
}

/// Which response it was, by the number of its page.
pub(super) struct ResponseOf(pub(super) u64);

impl fmt::Display for ResponseOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("in the response of "),
            page => write!(f, "on page {page}, the response of "),
        }
    }
}

pub(super) struct Keys<'a>(pub(super) &'a [String]);

impl fmt::Display for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("it is no object with keys");
        }
        let shown: Vec<String> = self
            .0
            .iter()
            .take(20)
            .map(|key| format!("`{key}`"))
            .collect();
        let more = if self.0.len() > 20 { ", …" } else { "" };
        write!(f, "it has the keys {}{more}", shown.join(", "))
    }
}
