//! Detection: the record list and the paginator, guessed from the first page.
//!
//! Both functions are pure; they say what they found, how sure they are, and why. A guess is a proposal: what it leads
//! to is watched by the loop guard, and it can always be replaced by a declaration.

mod body;
mod names;
mod paging;
mod records;
mod sent;

use std::sync::Arc;

use apiduct_json::Selector;
use serde_json::Value;

use crate::paginate::{Paginator, Position};
use crate::{Request, Response};

pub(crate) use body::is_place_of_page;
pub use paging::paginator;
pub use records::selector;

/// Where the records of a response seem to be.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectorFinding {
    /// The selector of the record list; the whole document when there is no list.
    pub selector: Selector,
    /// Whether a list (or a null where a list belongs) was found. While it is not, the next page is asked again.
    pub is_list: bool,
    /// From 0 (anything else is as likely) to 1 (as good as declared).
    pub score: f32,
    /// Why, for people; one sentence each.
    pub reasons: Vec<String>,
    /// The other lists of the response, the likeliest first.
    pub alternatives: Vec<Selector>,
}

/// What the paginator is guessed from.
#[derive(Debug, Clone, Copy)]
pub struct DetectInput<'a> {
    /// The request that was sent.
    pub request: &'a Request,
    /// What came back.
    pub response: &'a Response,
    /// The body of the response.
    pub value: &'a Value,
    /// Where the records are.
    pub selector: &'a Selector,
    /// Whether `selector` leads to a list of records.
    pub is_list: bool,
    /// How many records the page has.
    pub record_count: usize,
}

/// How the list seems to be paged.
#[derive(Debug, Clone)]
pub struct PaginatorFinding {
    /// The paginator to go on with.
    pub paginator: Arc<dyn Paginator>,
    /// The position of the page that it was guessed from.
    pub position: Position,
    /// From 0 (a fallback) to 1 (as good as declared).
    pub score: f32,
    /// Why, for people; one sentence each.
    pub reasons: Vec<String>,
    /// When the second page turns out to equal the first, the second is dropped and this paginator takes over, at
    /// the second page's position: for page numbers that may count from 0 or from 1.
    pub if_repeated: Option<Arc<dyn Paginator>>,
}

#[cfg(test)]
mod tests;
