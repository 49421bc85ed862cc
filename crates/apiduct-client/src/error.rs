//! What can go wrong between a request and a page.

use std::fmt;
use std::time::Duration;

use apiduct_model::{Hint, Redactor};
use http::{Method, StatusCode};

use crate::auth::AuthError;
use crate::paginate::PaginateError;
use crate::response::RetryStop;
use crate::transport::TransportError;

/// An error of another library as text, with secrets masked: the innermost cause, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause(String);

/// Why a client could not be built, a request not be made, or a list not be walked on.
///
/// URLs, bodies and causes are shown with secrets masked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The base URL is not an absolute `http` or `https` URL.
    #[error("base URL `{url}` is not an absolute http or https URL")]
    BaseUrl {
        /// The text that was given.
        url: String,
        /// Why it is not one, if the parser knows.
        source: Option<Cause>,
    },
    /// A path makes no URL together with the base URL.
    #[error("`{path}` makes no URL under the base URL")]
    Path {
        /// The path that was given.
        path: String,
        /// Why.
        source: Cause,
    },
    /// A header cannot be sent.
    #[error("header `{name}` cannot be sent: {problem}")]
    Header {
        /// Its name as given.
        name: String,
        /// Whether name or value is at fault; never the value.
        problem: &'static str,
    },
    /// A setting of a client or a call that cannot work.
    #[error("{setting} cannot be used: {problem}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A selector cannot be understood.
    #[error("selector `{selector}` cannot be understood")]
    Selector {
        /// The selector as written.
        selector: String,
        /// What the parser said.
        source: Cause,
    },
    /// There are no credentials for a request.
    #[error("{method} {url} was not sent")]
    Auth {
        /// The method.
        method: Method,
        /// The URL.
        url: String,
        /// Why.
        source: AuthError,
    },
    /// No complete response came back.
    #[error(transparent)]
    Transport(Box<ExchangeError>),
    /// The response has a status of 400 or more.
    #[error(transparent)]
    Status(Box<StatusError>),
    /// The response is not JSON.
    #[error(transparent)]
    Json(Box<NotJson>),
    /// Something leads to an origin that the credentials are not for.
    #[error("{via} to `{url}` leads away from `{origin}`")]
    ForeignOrigin {
        /// What leads there.
        via: ForeignVia,
        /// Where to.
        url: String,
        /// The origin of the base URL.
        origin: String,
    },
    /// More redirects than anyone needs.
    #[error("{method} {url} was redirected more than {limit} times")]
    TooManyRedirects {
        /// The method of the first request.
        method: Method,
        /// The URL of the first request.
        url: String,
        /// The limit.
        limit: usize,
    },
    /// A hook ended it.
    #[error("{method} {url} was rejected by a hook: {reason}")]
    Rejected {
        /// The method.
        method: Method,
        /// The URL.
        url: String,
        /// What the hook said.
        reason: String,
    },
    /// The first page has nothing where the records should be.
    #[error("selector `{selector}` matches nothing in the response of {url}; {}", Keys(.keys))]
    NoMatch {
        /// The selector.
        selector: String,
        /// The URL.
        url: String,
        /// The keys that the response has.
        keys: Vec<String>,
    },
    /// The paginator cannot get on. Comes after the page at which it stopped.
    #[error("cannot go on after page {page}")]
    Paginate {
        /// The last page that was received, from 1; 0 before the first.
        page: u64,
        /// Why.
        source: PaginateError,
    },
    /// The pages repeat. Comes after the pages that were new.
    #[error("page {page} at position `{position}` repeats an earlier page: {kind}")]
    Loop {
        /// The number of the repeated page, from 1.
        page: u64,
        /// Where it was fetched.
        position: String,
        /// How it repeats.
        kind: LoopKind,
    },
    /// A record does not fit the type it was asked for.
    #[error("record {record} of page {page} from {url} has another shape")]
    Record {
        /// The page, from 1.
        page: u64,
        /// The record on the page, from 1.
        record: u64,
        /// The URL of the page.
        url: String,
        /// What does not fit.
        source: Cause,
    },
    /// The runtime is shutting down.
    #[error("the request was canceled, because the runtime is shutting down")]
    Canceled,
}

/// A request without a complete response.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{method} {url} failed after {}{}", Tries(*.attempts, *.elapsed), Stopped(.retry_stop))]
#[non_exhaustive]
pub struct ExchangeError {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: String,
    /// How many times it was tried, from 1.
    pub attempts: u32,
    /// Time from the first try to the end of the last.
    pub elapsed: Duration,
    /// Why there was no further try, where one could have helped.
    pub retry_stop: Option<RetryStop>,
    /// What went wrong with the last try.
    #[source]
    pub error: TransportError,
}

/// A response with an error status.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StatusError {
    /// The method.
    pub method: Method,
    /// The URL that answered.
    pub url: String,
    /// The status.
    pub status: StatusCode,
    /// How many times the request was tried, from 1.
    pub attempts: u32,
    /// Time from the first try to the end of the last.
    pub elapsed: Duration,
    /// The beginning of the body, on one line; may be empty.
    pub excerpt: String,
    /// Why there was no further try, where one could have helped.
    pub retry_stop: Option<RetryStop>,
}

/// A response whose body is not JSON.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{method} {url} answered {} with something else than JSON (content type {content_type}){}", .status.as_u16(), Quoted(.excerpt))]
#[non_exhaustive]
pub struct NotJson {
    /// The method.
    pub method: Method,
    /// The URL that answered.
    pub url: String,
    /// The status.
    pub status: StatusCode,
    /// The `Content-Type` header, or `none`.
    pub content_type: String,
    /// The beginning of the body, on one line; may be empty.
    pub excerpt: String,
    /// How many times the request was tried, from 1.
    pub attempts: u32,
    /// What is wrong with it, and where.
    #[source]
    pub problem: Cause,
}

/// What led to a foreign origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForeignVia {
    /// A path that the caller wrote as an absolute URL.
    Path,
    /// A link to the next page.
    NextLink,
    /// A redirect.
    Redirect,
}

/// How a page repeats an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoopKind {
    /// The same position brought the same records.
    SamePosition,
    /// Another position brought the same records.
    PositionIgnored {
        /// The position that brought them first.
        first: String,
    },
}

impl Cause {
    /// A cause in words that hold no secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `error` in its own words, secrets masked.
    pub(crate) fn masked(error: &dyn fmt::Display, redactor: &Redactor) -> Self {
        Self(redactor.redact(&error.to_string()).into_owned())
    }

    /// The cause as text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

impl Error {
    /// The status of the response, if there was one with an error status.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status(error) => Some(error.status),
            _ => None,
        }
    }

    /// Why a failed request was not tried again, where another try could have helped.
    pub fn retry_stop(&self) -> Option<RetryStop> {
        match self {
            Self::Status(error) => error.retry_stop,
            Self::Transport(error) => error.retry_stop,
            _ => None,
        }
    }
}

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
            Self::PositionIgnored { first } => {
                write!(f, "position `{first}` brought the same records")
            }
        }
    }
}

struct Tries(u32, Duration);

impl fmt::Display for Tries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.0 == 1 { "attempt" } else { "attempts" };
        write!(f, "{} {word} in {:.1} s", self.0, self.1.as_secs_f64())
    }
}

/// Why there was no further try, unless the number of tries says it.
struct Stopped<'a>(&'a Option<RetryStop>);

impl fmt::Display for Stopped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None | Some(RetryStop::Exhausted) => Ok(()),
            Some(stop) => write!(f, "; {stop}"),
        }
    }
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, ": `{}`", self.0)
    }
}

struct Keys<'a>(&'a [String]);

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

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::BaseUrl { .. } => "write it like `https://api.example.com/v1`",
            Self::Auth { source, .. } => return source.hint(),
            Self::Transport(failed) => return failed.hint(),
            Self::Status(error) => return error.hint(),
            Self::Json(error) => return error.hint(),
            Self::ForeignOrigin { .. } => {
                "if that host may see the credentials, add it to `allowed_hosts`; with `on_foreign_origin: strip` it is asked without them"
            }
            Self::NoMatch { keys, .. } if keys.is_empty() => {
                "use the selector `$` for the whole response"
            }
            Self::NoMatch { .. } => {
                "set `data_selector` to one of them, or `allow_missing: true` if it is absent when there are no records"
            }
            Self::Paginate { source, .. } => return source.hint(),
            Self::Loop {
                kind: LoopKind::PositionIgnored { .. },
                ..
            } => "the API seems to ignore the page parameter; check its name in the paginator",
            Self::Loop { .. } => "check that the paginator reads the position from the right place",
            Self::Path { .. }
            | Self::Header { .. }
            | Self::Setting { .. }
            | Self::Selector { .. }
            | Self::TooManyRedirects { .. }
            | Self::Rejected { .. }
            | Self::Record { .. }
            | Self::Canceled => return None,
        };
        Some(hint.to_owned())
    }
}

impl Hint for ExchangeError {
    fn hint(&self) -> Option<String> {
        match self.retry_stop {
            Some(RetryStop::NotIdempotent) => {
                Some("set `retry_unsafe` if repeating this request does no harm".to_owned())
            }
            _ => self.error.hint(),
        }
    }
}

impl Hint for StatusError {
    fn hint(&self) -> Option<String> {
        if let Some(RetryStop::WaitTooLong { asked, .. }) = self.retry_stop {
            let asked = asked.as_secs();
            return Some(format!(
                "run again later, or raise `max_wait` to at least {asked} s"
            ));
        }
        let hint = match self.status.as_u16() {
            401 => "check `auth`: the credentials are missing, wrong or expired",
            403 => "check `auth`: the credentials are valid for something else, or not sent at all",
            404 | 410 => "check the path, and the base URL in front of it",
            405 => "check the method",
            400 | 422 => "check the parameters and the body of the request",
            429 => "lower the rate of requests, or raise `max_retries`",
            500..=599 => "the server has a problem; run again later",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl Hint for NotJson {
    fn hint(&self) -> Option<String> {
        if self.excerpt.starts_with('<') {
            let hint = "that is a web page: check the path, and whether the API wants a login or `Accept: application/json`";
            return Some(hint.to_owned());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16) -> StatusError {
        StatusError {
            method: Method::GET,
            url: "https://h/x?key=***".to_owned(),
            status: StatusCode::from_u16(code).unwrap(),
            attempts: 1,
            elapsed: Duration::ZERO,
            excerpt: String::new(),
            retry_stop: None,
        }
    }

    #[test]
    fn a_status_error_says_what_where_and_after_how_much() {
        let error = StatusError {
            attempts: 5,
            elapsed: Duration::from_millis(31_240),
            excerpt: "oops".to_owned(),
            ..status(503)
        };
        assert_eq!(
            Error::Status(Box::new(error)).to_string(),
            "GET https://h/x?key=*** answered 503 Service Unavailable after 5 attempts in 31.2 s: `oops`"
        );
    }

    #[test]
    fn a_wait_above_the_limit_is_in_the_message_and_the_hint() {
        let error = StatusError {
            retry_stop: Some(RetryStop::WaitTooLong {
                asked: Duration::from_secs(120),
                max_wait: Duration::from_secs(60),
            }),
            ..status(429)
        };
        assert_eq!(
            error.to_string(),
            "GET https://h/x?key=*** answered 429 Too Many Requests; the server asked for a wait of 120 s, above `max_wait` (60 s)"
        );
        assert_eq!(
            error.hint().unwrap(),
            "run again later, or raise `max_wait` to at least 120 s"
        );
    }

    #[test]
    fn hints_follow_the_status() {
        for (code, word) in [(401, "auth"), (403, "auth"), (404, "path"), (503, "later")] {
            assert!(status(code).hint().unwrap().contains(word), "{code}");
        }
        assert_eq!(status(418).hint(), None);
    }

    #[test]
    fn an_error_never_repeats_its_source() {
        let error = Error::Transport(Box::new(ExchangeError {
            method: Method::GET,
            url: "https://h/".to_owned(),
            attempts: 1,
            elapsed: Duration::ZERO,
            retry_stop: None,
            error: TransportError::Connect {
                host: "h".to_owned(),
                source: Cause::new("refused"),
            },
        }));
        let mut chain = Vec::new();
        let mut next: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = next {
            chain.push(error.to_string());
            next = error.source();
        }
        assert_eq!(
            chain,
            [
                "GET https://h/ failed after 1 attempt in 0.0 s",
                "cannot connect to `h`",
                "refused",
            ]
        );
    }

    #[test]
    fn missing_records_list_the_keys_that_are_there() {
        let error = Error::NoMatch {
            selector: "data".to_owned(),
            url: "https://h/".to_owned(),
            keys: vec!["items".to_owned(), "total".to_owned()],
        };
        assert_eq!(
            error.to_string(),
            "selector `data` matches nothing in the response of https://h/; it has the keys `items`, `total`"
        );
    }
}
