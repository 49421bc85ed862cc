//! Selectors: JSONPath with a lenient front end.

mod error;
mod filter;
mod front;
mod step;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde_json::Value;
use serde_json_path::JsonPath;

pub use error::{SelectorError, SelectorProblem};
pub(crate) use step::{Segment, Step};

/// A path to values in a JSON document: JSONPath as RFC 9535 has it, written loosely or strictly.
///
/// `data.items`, `$.data.items`, `$['data']['items']` and `data."items"` are the same selector, and compare as equal.
///
/// ```
/// use apiduct_json::Selector;
/// use serde_json::json;
///
/// let page = json!({"data": {"many-results": [{"id": 7}]}});
/// let selector = Selector::parse("data.many-results[0].id")?;
/// assert_eq!(selector.first(&page), Some(&json!(7)));
/// assert!(selector.is_compiled());
/// # Ok::<(), apiduct_json::SelectorError>(())
/// ```
#[derive(Clone)]
pub struct Selector {
    inner: Arc<Inner>,
}

struct Inner {
    /// As written, trimmed.
    written: String,
    /// As RFC 9535 writes it; equal for equal selectors.
    canonical: String,
    segments: Vec<Segment>,
    query: JsonPath,
}

impl Selector {
    /// Reads a path.
    ///
    /// # Errors
    /// [`SelectorError`] with the place of the mistake and, where it can be guessed, the path that was meant.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let written = text.trim();
        Self::read(written).map_err(|error| error.keep_proposal_if(|path| Self::read(path).is_ok()))
    }

    fn read(written: &str) -> Result<Self, SelectorError> {
        let segments = front::parse(written)?;
        Self::build(written.to_owned(), segments)
    }

    /// The path through object keys, whatever characters they hold; no keys give the root.
    pub fn from_keys(keys: &[impl AsRef<str>]) -> Self {
        let segments: Vec<_> = keys.iter().map(|key| Segment::name(key.as_ref())).collect();
        Self::build(step::loose(&segments), segments).unwrap_or_else(|_| Self::root())
    }

    /// The whole document: `$`.
    pub fn root() -> Self {
        let inner = Inner {
            written: "$".to_owned(),
            canonical: "$".to_owned(),
            segments: Vec::new(),
            query: JsonPath::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    fn build(written: String, segments: Vec<Segment>) -> Result<Self, SelectorError> {
        let canonical = step::strict(&segments);
        let query = JsonPath::parse(&canonical).map_err(|error| {
            let problem = SelectorProblem::InvalidFilter {
                reason: error.message().to_owned(),
            };
            let offset = written.find('?').unwrap_or(0);
            SelectorError::new(&written, offset, problem)
        })?;
        Ok(Self {
            inner: Arc::new(Inner {
                written,
                canonical,
                segments,
                query,
            }),
        })
    }

    /// Whether a scan can follow it: names, indexes from the front, `[-1]`, and a wildcard as the last step. Other
    /// selectors need the page as a tree of values.
    pub fn is_compiled(&self) -> bool {
        self.obstacle().is_none()
    }

    /// The first step that a scan cannot follow.
    pub(crate) fn obstacle(&self) -> Option<&Segment> {
        let segments = self.segments();
        segments.iter().enumerate().find_map(|(at, segment)| {
            let is_last = at + 1 == segments.len();
            let can_follow = match segment.only_step() {
                Some(Step::Name(_)) => true,
                Some(Step::Index(index)) => *index >= -1,
                Some(Step::Wildcard) => is_last,
                _ => false,
            };
            (!can_follow).then_some(segment)
        })
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.inner.segments
    }

    /// The path as written, without the white space around it.
    pub fn as_str(&self) -> &str {
        &self.inner.written
    }

    /// The keys along the path, outermost first, when it consists of names only; `None` for any other path.
    ///
    /// ```
    /// use apiduct_json::Selector;
    ///
    /// assert_eq!(Selector::parse("user.login")?.keys(), Some(vec!["user", "login"]));
    /// assert_eq!(Selector::parse("items[0].id")?.keys(), None);
    /// # Ok::<(), apiduct_json::SelectorError>(())
    /// ```
    pub fn keys(&self) -> Option<Vec<&str>> {
        self.segments()
            .iter()
            .map(|segment| match segment.only_step() {
                Some(Step::Name(name)) => Some(name.as_str()),
                _ => None,
            })
            .collect()
    }

    /// All values that it selects, in the order of the document.
    pub fn query<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        self.inner.query.query(value).all()
    }

    /// The first value that it selects.
    pub fn first<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.inner.query.query(value).first()
    }

    /// Whether its matches are places where records stand, so that lists among them are opened. The last step decides:
    /// a name or an index gives places, a wildcard, slice or filter gives the records themselves.
    pub(crate) fn gives_places(&self) -> bool {
        self.segments()
            .last()
            .is_none_or(|segment| segment.steps.iter().all(Step::is_singular))
    }

    /// The path up to its segment number `length`.
    pub(crate) fn truncated(&self, length: usize) -> Result<Self, SelectorError> {
        let segments = self.segments()[..length].to_vec();
        Self::build(step::strict(&segments), segments)
    }

    pub(crate) fn json_path(&self) -> &JsonPath {
        &self.inner.query
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Selector({:?})", self.inner.written)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.written)
    }
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.inner.canonical == other.inner.canonical
    }
}

impl Eq for Selector {}

impl Hash for Selector {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.canonical.hash(state);
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
