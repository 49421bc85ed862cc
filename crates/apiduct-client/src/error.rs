//! What can go wrong between a request and a page.

mod hints;
mod words;

use std::fmt;
use std::time::Duration;

use apiduct_model::Redactor;
use http::{Method, StatusCode};

use crate::auth::{AuthError, TokenError};
use crate::job::JobError;
use crate::pages::KeepError;
use crate::paginate::{PaginateError, Position};
use crate::response::RetryStop;
use crate::transport::TransportError;
use words::{Keys, Quoted, ResponseOf, Stopped, Tries};

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
    /// The response has an error status; in a walk over pages, any status but success.
    #[error(transparent)]
    Status(Box<StatusError>),
    /// The response is not JSON, or cannot be read as the format that it is in.
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
    /// A response rule or an expectation ended it.
    #[error(transparent)]
    Refused(Box<RefusedError>),
    /// A job brought no report.
    #[error(transparent)]
    Job(Box<JobError>),
    /// A page was asked for as often as allowed, and a condition for another try still holds.
    #[error("{method} {url} would have to be tried again after {attempts} attempts: {reason}")]
    Unready {
        /// The method.
        method: Method,
        /// The URL.
        url: String,
        /// How many times it was tried, from 1.
        attempts: u32,
        /// What the condition says.
        reason: String,
        /// Why there is no further try.
        retry_stop: Option<RetryStop>,
    },
    /// A page has nothing where the records should be.
    #[error("selector `{selector}` matches nothing {}{url}; {}", ResponseOf(*.page), Keys(.keys))]
    NoMatch {
        /// The selector.
        selector: String,
        /// The page, from 1.
        page: u64,
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
        /// What leads from page to page.
        by: PagedBy,
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
    /// A page could not be kept, or one that was kept not be read.
    #[error("pages cannot be kept")]
    Keep {
        /// What went wrong.
        source: KeepError,
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

/// A response that a rule of the walk refuses, or that is not what is expected.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{method} {url} answered {}: {reason}{}", .status.as_u16(), Quoted(.excerpt))]
#[non_exhaustive]
pub struct RefusedError {
    /// The method.
    pub method: Method,
    /// The URL that answered.
    pub url: String,
    /// The status.
    pub status: StatusCode,
    /// What the rule says, or what is not as expected.
    pub reason: String,
    /// The beginning of the body, on one line; may be empty.
    pub excerpt: String,
}

/// A response whose body is not JSON, or not what else it is said to be.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{method} {url} answered {} with something else than {format} (content type {content_type}){}", .status.as_u16(), Quoted(.excerpt))]
#[non_exhaustive]
pub struct NotJson {
    /// What it was read as: `JSON`, `CSV`.
    pub format: &'static str,
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

/// What leads from page to page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PagedBy {
    /// A page number or an offset, which we count.
    Number,
    /// A token that the server gives.
    Cursor,
    /// A link that the server gives.
    Link,
}

impl PagedBy {
    pub(crate) fn position(position: &Position) -> Self {
        match position {
            Position::Number(_) => Self::Number,
            Position::Url(_) => Self::Link,
            Position::Start | Position::Token(_) | Position::Map(_) => Self::Cursor,
        }
    }
}

/// How a page repeats an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoopKind {
    /// The same position brought the same records.
    SamePosition,
    /// Another position brought the same records.
    PositionIgnored {
        /// The page that brought them first, from 1.
        first_page: u64,
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
    pub(crate) fn keep(source: KeepError) -> Self {
        Self::Keep { source }
    }

    /// The status of the response, if there was one with an error status.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status(error) => Some(error.status),
            Self::Refused(error) if error.status.as_u16() >= 400 => Some(error.status),
            _ => None,
        }
    }

    /// Whether a person has to log in first: no credentials are kept.
    pub fn is_login_needed(&self) -> bool {
        matches!(
            self,
            Self::Auth { source: AuthError::Token { source }, .. }
                if matches!(**source, TokenError::LoginNeeded { .. })
        )
    }

    /// Why a failed request was not tried again, where another try could have helped.
    pub fn retry_stop(&self) -> Option<RetryStop> {
        match self {
            Self::Status(error) => error.retry_stop,
            Self::Transport(error) => error.retry_stop,
            Self::Auth { source, .. } => source.retry_stop(),
            Self::Unready { retry_stop, .. } => *retry_stop,
            Self::Job(error) => error.retry_stop(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
