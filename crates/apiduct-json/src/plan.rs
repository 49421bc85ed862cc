use std::fmt;

use apiduct_model::Scalar;
use bytes::Bytes;

use crate::error::JsonError;
use crate::page::{Page, Presence};
use crate::records::Records;
use crate::scan::KeyTree;
use crate::selector::{Segment, Selector, Step};
use crate::{text, value};

/// What a page is asked for: its records, and scalars that stand beside or inside them.
///
/// ```
/// use apiduct_json::{Captured, ScanPlan, Selector};
/// use apiduct_model::Scalar;
/// use bytes::Bytes;
///
/// let plan = ScanPlan::new(Selector::parse("data")?, vec![Selector::parse("data[-1].id")?]);
/// let page = plan.scan(&Bytes::from_static(br#"{"data":[{"id":1},{"id":2}],"total":2}"#))?;
/// assert_eq!(page.records.len(), 2);
/// assert_eq!(page.captures, [Captured::Scalar(Scalar::Number("2".into()))]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ScanPlan {
    data: Selector,
    captures: Vec<Selector>,
    road: Road,
    /// The data and then the captures; `None` when a selector cannot be followed.
    tree: Option<KeyTree>,
}

/// How a plan reads pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Road {
    /// One pass over the bytes, which builds nothing.
    Scan,
    /// A tree of values is built first, because a selector asks for it.
    Value {
        /// The selector as written.
        selector: String,
        /// What in it a scan cannot follow.
        reason: &'static str,
    },
}

impl fmt::Display for Road {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scan => f.write_str("scan"),
            Self::Value { selector, reason } => {
                write!(f, "value tree, because `{selector}` has {reason}")
            }
        }
    }
}

/// What a page had.
#[derive(Debug, Clone, Default)]
pub struct Scanned {
    /// Whether the data was there.
    pub data: DataFound,
    /// The records.
    pub records: Records,
    /// The captures in the order in which the plan has them.
    pub captures: Vec<Captured>,
}

/// What the data selector met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DataFound {
    /// Records, or an empty list of them.
    #[default]
    Found,
    /// `null`, which counts as no records.
    Null,
    /// Nothing.
    Missing {
        /// The keys of the document, if it is an object.
        keys: Vec<String>,
    },
}

/// What a capture met: the first match of its selector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Captured {
    /// Nothing.
    #[default]
    Absent,
    /// A scalar, `null` included.
    Scalar(Scalar),
    /// A list or an object, as it is written in the page.
    Json(Box<str>),
}

impl Captured {
    /// The scalar, if it is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match self {
            Self::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Whether nothing, or only `null`, was there.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Absent | Self::Scalar(Scalar::Null))
    }
}

impl ScanPlan {
    /// Compiles the data selector and the captures into one plan.
    pub fn new(data: Selector, captures: Vec<Selector>) -> Self {
        let road = std::iter::once(&data)
            .chain(&captures)
            .find_map(|selector| {
                let reason = selector.obstacle()?.word();
                Some(Road::Value {
                    selector: selector.as_str().to_owned(),
                    reason,
                })
            })
            .unwrap_or(Road::Scan);
        let tree = (road == Road::Scan).then(|| {
            let mut tree = KeyTree::new();
            std::iter::once(&data)
                .chain(&captures)
                .for_each(|selector| tree.add_selector(selector));
            tree
        });
        Self {
            data,
            captures,
            road,
            tree,
        }
    }

    /// How pages are read.
    pub fn road(&self) -> Road {
        self.road.clone()
    }

    /// The selector of the records.
    pub fn data(&self) -> &Selector {
        &self.data
    }

    /// The selectors of the captures.
    pub fn captures(&self) -> &[Selector] {
        &self.captures
    }

    /// Reads one page.
    ///
    /// A byte-order mark is passed over. Of a key that an object has twice, the last one counts.
    ///
    /// # Errors
    /// [`JsonError`] when the body is empty, cut, not UTF-8, not JSON, or nests deeper than
    /// [`MAX_DEPTH`](crate::MAX_DEPTH). Inside of records, and of what nobody asked for, only the borders of strings,
    /// lists and objects are looked at: who reads a record checks it.
    pub fn scan(&self, body: &Bytes) -> Result<Scanned, JsonError> {
        let (text, start) = text::open(body)?;
        let page = Page { body, text, start };
        match &self.tree {
            Some(tree) => self.by_scan(tree, page),
            None => self.by_value(page),
        }
    }

    fn by_scan(&self, tree: &KeyTree, page: Page<'_>) -> Result<Scanned, JsonError> {
        let hits = page.find(tree)?;
        let (data, captures) = hits.split_first().unwrap_or((&None, &[]));
        let (presence, records) = match data {
            Some(hit) => page.records(hit, ends_in_wildcard(&self.data))?,
            None => (Presence::Missing, Records::default()),
        };
        let captures = captures
            .iter()
            .zip(&self.captures)
            .map(|(hit, selector)| page.capture(hit.as_ref(), ends_in_wildcard(selector)))
            .collect::<Result<_, _>>()?;
        Ok(Scanned {
            data: page.data_found(presence)?,
            records,
            captures,
        })
    }

    /// Finds the places of all matches in a tree of values, and then what is written there.
    pub(crate) fn by_value(&self, page: Page<'_>) -> Result<Scanned, JsonError> {
        let value = value::build(&page.text[page.start..]).map_err(|error| page.error(error))?;
        let data = value::locate(&self.data, &value);
        let captures: Vec<_> = self
            .captures
            .iter()
            .map(|selector| value::locate(selector, &value).into_iter().next())
            .collect();
        let mut tree = KeyTree::new();
        for keys in data.iter().chain(captures.iter().flatten()) {
            tree.add(keys.iter().copied());
        }
        let hits = page.find(&tree)?;
        let (matches, captured) = hits.split_at(data.len());
        let mut captured = captured.iter();
        let captures = captures
            .iter()
            .map(|keys| page.capture(keys.as_ref().and_then(|_| captured.next()?.as_ref()), false))
            .collect::<Result<_, _>>()?;
        let (presence, records) = if matches.is_empty() {
            (
                value::why_no_match(&self.data, &value).into(),
                Records::default(),
            )
        } else {
            page.matches(matches.iter().flatten(), self.data.gives_places())
        };
        Ok(Scanned {
            data: page.data_found(presence)?,
            records,
            captures,
        })
    }
}

fn ends_in_wildcard(selector: &Selector) -> bool {
    selector.segments().last().and_then(Segment::only_step) == Some(&Step::Wildcard)
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
