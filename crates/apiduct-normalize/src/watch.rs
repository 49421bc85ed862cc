//! One value of each record that is looked at while it is read, without a copy per record.

use apiduct_json::{Captured, Kind, Parser, ScanPlan, Selector, SyntaxError};
use apiduct_model::Scalar;
use apiduct_model::cursor::RawCursor;
use bytes::Bytes;

use crate::error::NormalizeError;
use crate::options::Options;

/// Stands for the watched value among the taps of a shape.
pub(crate) const WATCH: usize = usize::MAX;

/// What the walk found at the watched place of a record.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    found: Found,
    text: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Found {
    #[default]
    Nothing,
    Number,
    Text,
    /// A boolean, a list or an object.
    Other,
}

impl Watched {
    pub(crate) fn clear(&mut self) {
        self.found = Found::Nothing;
    }

    /// Reads the value that `parser` stands at.
    pub(crate) fn read(&mut self, mut parser: Parser<'_>) -> Result<(), SyntaxError> {
        self.text.clear();
        self.found = match parser.kind()? {
            Kind::Null => Found::Nothing,
            Kind::Number => {
                self.text.push_str(parser.number()?.text);
                Found::Number
            }
            Kind::String => {
                let text = parser.string()?;
                if text.is_escaped {
                    let mut scratch = String::new();
                    self.text.push_str(text.unescape(&mut scratch)?);
                } else {
                    self.text.push_str(text.raw);
                }
                Found::Text
            }
            Kind::Bool | Kind::List | Kind::Object => Found::Other,
        };
        Ok(())
    }

    fn take(&mut self, captured: &Captured) {
        self.text.clear();
        self.found = match captured {
            Captured::Absent | Captured::Scalar(Scalar::Null) => Found::Nothing,
            Captured::Scalar(Scalar::Number(text)) => {
                self.text.push_str(text);
                Found::Number
            }
            Captured::Scalar(Scalar::Text(text)) => {
                self.text.push_str(text);
                Found::Text
            }
            Captured::Scalar(Scalar::Bool(_)) | Captured::Json(_) => Found::Other,
        };
    }

    /// The number or text that was found.
    pub(crate) fn raw(&self) -> Option<RawCursor<'_>> {
        match self.found {
            Found::Number => Some(RawCursor::Number(&self.text)),
            Found::Text => Some(RawCursor::Text(&self.text)),
            Found::Nothing | Found::Other => None,
        }
    }

    /// Whether something was found that is neither a number nor a text nor null.
    pub(crate) fn is_other(&self) -> bool {
        self.found == Found::Other
    }
}

/// How the watched value is found.
#[derive(Debug)]
pub(crate) enum Watch {
    /// The walk comes by.
    Keys(Vec<String>),
    /// By a look of its own at each record: the path is more than a row of names.
    Scan(Box<ScanPlan>),
}

impl Watch {
    pub(crate) fn new(selector: &Selector, options: &Options) -> Self {
        let keys = selector.keys().unwrap_or_default();
        let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        match keys {
            keys if options.is_walked(&keys) => Self::Keys(keys),
            _ => Self::Scan(Box::new(ScanPlan::new(
                Selector::root(),
                vec![selector.clone()],
            ))),
        }
    }

    pub(crate) fn keys(&self) -> &[String] {
        match self {
            Self::Keys(keys) => keys,
            Self::Scan(_) => &[],
        }
    }

    /// Finds what the walk does not come by.
    pub(crate) fn look(&self, record: &str, watched: &mut Watched) -> Result<(), NormalizeError> {
        if let Self::Scan(plan) = self {
            let scanned = plan.scan(&Bytes::copy_from_slice(record.as_bytes()))?;
            watched.take(scanned.captures.first().unwrap_or(&Captured::Absent));
        }
        Ok(())
    }
}
