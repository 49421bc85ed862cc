//! Pagination: from one page to the position of the next.
//!
//! A [`Paginator`] is shared and never changes; all it knows about progress is the [`Position`] it is given. So
//! one paginator serves many runs at a time, and a position can be stored and resumed.

mod cursor;
mod declared;
mod ends;
mod graphql;
mod header_cursor;
mod header_link;
mod header_url;
mod json_link;
mod last_record;
mod link;
mod odata;
mod offset;
mod page_number;
mod range;
mod setters;
mod setting;
mod single_page;
#[cfg(test)]
pub(crate) mod test_support;
mod token;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use apiduct_json::{Captured, Selector};
use apiduct_model::{Hint, Redactor, Scalar, redact_url};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

pub use cursor::Cursor;
pub use ends::TotalPath;
pub(crate) use ends::to_whole_number;
pub use graphql::GraphQl;
pub use header_cursor::HeaderCursor;
pub use header_link::HeaderLink;
pub use header_url::HeaderUrl;
pub use json_link::JsonLink;
pub use last_record::LastRecord;
pub use odata::OData;
pub use offset::Offset;
pub use page_number::PageNumber;
pub use range::Range;
pub use setting::{Setting, SetupError};
pub(crate) use single_page::PerhapsSinglePage;
pub use single_page::SinglePage;

use crate::inject::InjectError;
use crate::{Page, Request};

/// How to get from one page to the next.
pub trait Paginator: fmt::Debug + Send + Sync {
    /// The position of the first page.
    fn start(&self) -> Position;

    /// Writes `position` into `request`.
    ///
    /// # Errors
    ///
    /// When the position is of another kind than this paginator makes, or the request has no place for it.
    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError>;

    /// Where to go after `page`, which was fetched at `position`.
    ///
    /// # Errors
    ///
    /// When the page holds something else than expected where the next position should be. The page itself is
    /// still delivered.
    fn advance(&self, position: &Position, page: &Page) -> Result<Step, PaginateError>;

    /// The values that [`Paginator::advance`] will ask for with [`Page::captured`]; one scan of the page
    /// finds them together with the records. Default: none.
    fn needs(&self) -> Vec<Selector> {
        Vec::new()
    }

    /// Whether the settings can work; asked before the first request. Default: they can.
    ///
    /// # Errors
    ///
    /// The first setting that cannot work.
    fn validate(&self) -> Result<(), SetupError> {
        Ok(())
    }

    /// Whether positions can be written into `request`, the walk's own; asked before it is sent. Default: they can.
    ///
    /// # Errors
    ///
    /// What stands in the way, such as a body that nothing can be written into.
    fn fits(&self, request: &Request) -> Result<(), PaginateError> {
        let _ = request;
        Ok(())
    }

    /// How much there is in all, if `page` says so. Default: unknown.
    fn total(&self, page: &Page) -> Option<Total> {
        let _ = page;
        None
    }

    /// The position that lies `pages` pages after `page`, which was fetched at `position`, where it is known without
    /// the pages in between and `page` says that there is something. Such pages are fetched side by side.
    ///
    /// It is a forecast: what [`Paginator::advance`] says about each page in turn decides whether its successor is
    /// handed out. Default: nothing is known.
    fn ahead(&self, position: &Position, page: &Page, pages: u64) -> Option<Position> {
        let _ = (position, page, pages);
        None
    }

    /// What comes after the page at `position` when that page could not be read; `None` when only the page itself could
    /// have told. Default: `None`.
    fn beyond(&self, position: &Position) -> Option<Step> {
        let _ = position;
        None
    }

    /// This paginator as a configuration file declares it: a mapping with `type` and whatever is not the default.
    /// Default: none, as for paginators that only programs have.
    fn declaration(&self) -> Option<Value> {
        None
    }

    /// What this paginator does, for people, in one line and lower case.
    fn describe(&self) -> String;
}

impl<T: Paginator + ?Sized> Paginator for Arc<T> {
    fn start(&self) -> Position {
        (**self).start()
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        (**self).apply(position, request)
    }

    fn advance(&self, position: &Position, page: &Page) -> Result<Step, PaginateError> {
        (**self).advance(position, page)
    }

    fn needs(&self) -> Vec<Selector> {
        (**self).needs()
    }

    fn validate(&self) -> Result<(), SetupError> {
        (**self).validate()
    }

    fn fits(&self, request: &Request) -> Result<(), PaginateError> {
        (**self).fits(request)
    }

    fn total(&self, page: &Page) -> Option<Total> {
        (**self).total(page)
    }

    fn ahead(&self, position: &Position, page: &Page, pages: u64) -> Option<Position> {
        (**self).ahead(position, page, pages)
    }

    fn beyond(&self, position: &Position) -> Option<Step> {
        (**self).beyond(position)
    }

    fn declaration(&self) -> Option<Value> {
        (**self).declaration()
    }

    fn describe(&self) -> String {
        (**self).describe()
    }
}

/// How much an API says it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// So many pages.
    Pages(u64),
    /// So many records.
    Records(u64),
    /// So many pages or records: the API does not say which.
    Unclear(u64),
}

impl Total {
    /// The number, whatever it counts.
    pub fn number(self) -> u64 {
        match self {
            Self::Pages(number) | Self::Records(number) | Self::Unclear(number) => number,
        }
    }
}

/// A place in a list of pages. Comparable, printable and storable.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Before anything is known: the request as the caller wrote it.
    Start,
    /// A page number or an offset.
    Number(u64),
    /// A token that the server gave.
    Token(Scalar),
    /// A link that the server gave, absolute.
    Url(Url),
    /// Several values together.
    Map(BTreeMap<String, Scalar>),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Token(token) => write!(f, "{token}"),
            Self::Url(url) => f.write_str(&redact_url(url)),
            Self::Map(map) => {
                for (index, (name, value)) in map.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{name}={value}")?;
                }
                Ok(())
            }
        }
    }
}

/// What comes after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// There is another page, at this position.
    Next(Position),
    /// That was the last page.
    Done(Reason),
}

/// Why pagination ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The page names no next page: no link, no cursor.
    NoNext,
    /// The page has no records.
    EmptyPage,
    /// The response has no body at all (for example 204).
    EmptyBody,
    /// The API's own total is reached.
    TotalReached {
        /// The total as the API gave it, in the paginator's unit (pages or records).
        total: u64,
    },
    /// The configured last page or offset is reached.
    MaximumReached {
        /// The configured bound.
        maximum: u64,
    },
    /// The page says that there is no more.
    HasMoreFalse,
    /// There is one page only, by declaration or because nothing that leads on was found.
    SinglePage,
    /// The page has fewer records than a full one.
    ShortPage {
        /// How many records a full page has.
        page_size: u64,
    },
    /// `max_pages` pages were delivered, and there may be more.
    MaxPages {
        /// The configured bound.
        max_pages: u64,
    },
    /// `max_records` records were delivered, and there are or may be more.
    MaxRecords {
        /// The configured bound.
        max_records: u64,
    },
    /// A hook asked to stop.
    StoppedByHook,
    /// A response rule says that the list ends here.
    StoppedByRule {
        /// The rule: action and condition.
        rule: String,
    },
    /// What follows a page that was left out is not known.
    Unreachable {
        /// Why the page was left out.
        because: String,
    },
    /// A reason of a custom paginator.
    Other(String),
}

impl Reason {
    /// Whether the list may go on behind the point where we stopped, by our own choice.
    pub fn is_cut_short(&self) -> bool {
        matches!(
            self,
            Self::MaxPages { .. } | Self::MaxRecords { .. } | Self::MaximumReached { .. }
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNext => f.write_str("the page names no next page"),
            Self::EmptyPage => f.write_str("the page has no records"),
            Self::EmptyBody => f.write_str("the response has no body"),
            Self::TotalReached { total } => write!(f, "the total of {total} is reached"),
            Self::MaximumReached { maximum } => {
                write!(f, "the configured maximum of {maximum} is reached")
            }
            Self::HasMoreFalse => f.write_str("the page says that there is no more"),
            Self::SinglePage => f.write_str("there is a single page"),
            Self::ShortPage { page_size } => {
                write!(f, "the page has fewer than {page_size} records")
            }
            Self::MaxPages { max_pages } => write!(f, "`max_pages` of {max_pages} is reached"),
            Self::MaxRecords { max_records } => {
                write!(f, "`max_records` of {max_records} is reached")
            }
            Self::StoppedByHook => f.write_str("a hook asked to stop"),
            Self::StoppedByRule { rule } => write!(f, "a response rule ended it ({rule})"),
            Self::Unreachable { because } => write!(
                f,
                "what follows a page that was left out ({because}) is not known"
            ),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

/// Why a paginator could not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaginateError {
    /// A setting that cannot work, found before the first request.
    #[error("paginator cannot work: {problem}")]
    Setup {
        /// What is wrong, naming the setting.
        problem: String,
    },
    /// A value that must be there is not.
    #[error("{what} not found at `{path}`")]
    Missing {
        /// What was looked for: `total`, `has_more`.
        what: &'static str,
        /// The selector or header name.
        path: String,
    },
    /// A value is there and is of no use.
    #[error("{what} at `{path}` should be {expected}, found {found}")]
    WrongValue {
        /// What was looked for: `total`, `next link`, `cursor`.
        what: &'static str,
        /// The selector or header name.
        path: String,
        /// What would have been right: `a number`, `a URL`.
        expected: &'static str,
        /// What is there: kind, or a short text.
        found: String,
    },
    /// The request has no place for the position.
    #[error("position cannot be written to the request: {problem}")]
    Inject {
        /// What stands in the way.
        problem: String,
    },
    /// The position is not of this paginator's kind.
    #[error("position `{position}` is not one of a {paginator} paginator")]
    ForeignPosition {
        /// The position as text.
        position: String,
        /// The paginator's name.
        paginator: &'static str,
    },
}

impl PaginateError {
    /// The same error with every registered secret masked.
    #[must_use]
    pub fn redacted(mut self, redactor: &Redactor) -> Self {
        let texts: [Option<&mut String>; 2] = match &mut self {
            Self::Setup { problem } | Self::Inject { problem } => [Some(problem), None],
            Self::Missing { path, .. } => [Some(path), None],
            Self::WrongValue { path, found, .. } => [Some(path), Some(found)],
            Self::ForeignPosition { position, .. } => [Some(position), None],
        };
        for text in texts.into_iter().flatten() {
            *text = redactor.redact(text).into_owned();
        }
        self
    }
}

impl Hint for PaginateError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { what: "total", .. } => {
                Some("set `total_path: null` when the API gives no total".to_owned())
            }
            Self::Missing { .. } | Self::WrongValue { .. } => {
                Some("compare the paginator's paths with a response of the API".to_owned())
            }
            Self::Setup { .. } | Self::Inject { .. } | Self::ForeignPosition { .. } => None,
        }
    }
}

impl From<InjectError> for PaginateError {
    fn from(error: InjectError) -> Self {
        Self::Inject {
            problem: error.to_string(),
        }
    }
}

/// The number in `position`, for paginators that count.
fn number(position: &Position, paginator: &'static str) -> Result<u64, PaginateError> {
    match position {
        Position::Number(number) => Ok(*number),
        other => Err(foreign(other, paginator)),
    }
}

fn number_scalar(number: u64) -> Scalar {
    Scalar::Number(number.to_string().into())
}

fn foreign(position: &Position, paginator: &'static str) -> PaginateError {
    PaginateError::ForeignPosition {
        position: position.to_string(),
        paginator,
    }
}

/// Whether a captured reference to the next page says that there is none: nothing, null, an empty text or list,
/// `false`, zero.
fn says_nothing(captured: &Captured) -> bool {
    match captured {
        Captured::Absent | Captured::Scalar(Scalar::Null | Scalar::Bool(false)) => true,
        Captured::Scalar(Scalar::Bool(true)) => false,
        Captured::Scalar(Scalar::Text(text)) => text.trim().is_empty(),
        Captured::Scalar(Scalar::Number(text)) => {
            text.parse::<f64>().is_ok_and(|number| number == 0.0)
        }
        Captured::Json(text) => {
            let inside = text
                .trim()
                .trim_start_matches(['[', '{'])
                .trim_end_matches([']', '}']);
            inside.trim().is_empty()
        }
    }
}

#[cfg(test)]
mod tests;
