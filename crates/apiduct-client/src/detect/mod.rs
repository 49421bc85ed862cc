//! Detection: the record list and the paginator, guessed from the first page.
//!
//! Both functions are pure; they say what they found, how sure they are, and why.

use std::sync::Arc;

use apiduct_json::Selector;
use serde_json::Value;

use crate::paginate::{Paginator, Position};
use crate::{Request, Response};

/// Where the records of a response seem to be.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectorFinding {
    /// The selector of the record list; the whole document when there is no list.
    pub selector: Selector,
    /// Whether a list (or a null where a list belongs) was found. While it is not, the next page is asked again.
    pub is_list: bool,
    /// Why, for people; one sentence each.
    pub reasons: Vec<String>,
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

/// Finds the record list in `value`.
pub fn selector(value: &Value) -> SelectorFinding {
    let _ = value;
    SelectorFinding { selector: Selector::root(), is_list: value.is_array(), reasons: Vec::new() }
}

/// Finds out how the response `input` leads to the next page.
pub fn paginator(input: &DetectInput<'_>) -> PaginatorFinding {
    let _ = input;
    PaginatorFinding {
        paginator: Arc::new(crate::paginate::SinglePage),
        position: Position::Start,
        score: 0.0,
        reasons: Vec::new(),
        if_repeated: None,
    }
}
