use std::fmt;

use apiduct_model::Scalar;
use bytes::Bytes;

use crate::error::JsonError;
use crate::records::Records;
use crate::selector::Selector;

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
        Self {
            data,
            captures,
            road,
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
    /// # Errors
    /// [`JsonError`] when the body is empty, cut, not JSON or nests too deep. Inside of what nobody asked for only the
    /// borders of strings, lists and objects are looked at.
    pub fn scan(&self, body: &Bytes) -> Result<Scanned, JsonError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(JsonError::Empty);
        }
        let value: serde_json::Value =
            serde_json::from_slice(body).map_err(|_| JsonError::Empty)?;
        let captures = self
            .captures
            .iter()
            .map(|selector| match selector.first(&value) {
                None => Captured::Absent,
                Some(value @ (serde_json::Value::Array(_) | serde_json::Value::Object(_))) => {
                    Captured::Json(value.to_string().into())
                }
                Some(serde_json::Value::Null) => Captured::Scalar(Scalar::Null),
                Some(serde_json::Value::Bool(is)) => Captured::Scalar(Scalar::Bool(*is)),
                Some(serde_json::Value::String(text)) => {
                    Captured::Scalar(Scalar::Text(text.as_str().into()))
                }
                Some(serde_json::Value::Number(number)) => {
                    Captured::Scalar(Scalar::Number(number.to_string().into()))
                }
            });
        let captures = captures.collect();
        let (data, records) = match self.data.first(&value) {
            None => (
                DataFound::Missing {
                    keys: value
                        .as_object()
                        .map(|map| map.keys().cloned().collect())
                        .unwrap_or_default(),
                },
                Records::default(),
            ),
            Some(serde_json::Value::Null) => (DataFound::Null, Records::default()),
            Some(found) => (DataFound::Found, Records::from_value(found)),
        };
        Ok(Scanned {
            data,
            records,
            captures,
        })
    }
}
