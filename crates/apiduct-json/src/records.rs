mod typed;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::error::JsonError;
use crate::parser::{Parser, SyntaxError};
use crate::scan::ElementTexts;

pub use typed::TypedError;

/// Where records stand in a body, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Span {
    /// The inside of a list: records separated by commas.
    Elements(Range<usize>),
    /// One record.
    One(Range<usize>),
}

impl Span {
    /// The bytes it covers.
    pub fn range(&self) -> &Range<usize> {
        match self {
            Self::Elements(range) | Self::One(range) => range,
        }
    }
}

/// The text of a [`Span`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part<'a> {
    /// The inside of a list: read it with [`Parser::elements`].
    Elements(&'a str),
    /// One record.
    One(&'a str),
}

/// The records of a page, as slices of its body. Cheap to clone.
///
/// ```
/// use apiduct_json::Records;
///
/// let records = Records::from_texts([r#"{"id":1}"#, "2.50"])?;
/// assert_eq!(records.len(), 2);
/// assert_eq!(records.last(), Some("2.50"));
/// # Ok::<(), apiduct_json::JsonError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Records {
    body: Bytes,
    spans: Arc<[Span]>,
    count: usize,
    last: Option<Range<usize>>,
}

impl Records {
    /// Records that a scan found in `body`: `count` of them in `spans`, and the place of the last one.
    pub(crate) fn new(
        body: Bytes,
        spans: Vec<Span>,
        count: usize,
        last: Option<Range<usize>>,
    ) -> Self {
        Self {
            body,
            spans: spans.into(),
            count,
            last,
        }
    }

    /// The records of a value: the elements of a list, nothing for null, and else the value itself.
    pub fn from_value(value: &Value) -> Self {
        match value {
            Value::Array(values) => Self::from_values(values),
            Value::Null => Self::default(),
            other => Self::from_values([other]),
        }
    }

    /// Records out of values, for code that changes records one by one.
    pub fn from_values<'v>(values: impl IntoIterator<Item = &'v Value>) -> Self {
        let mut joined = Joined::default();
        for value in values {
            joined.push(&value.to_string());
        }
        joined.into_records()
    }

    /// Records out of JSON texts.
    ///
    /// # Errors
    /// [`JsonError`] when a text is not one JSON value; its location counts from the start of that text.
    pub fn from_texts<T: AsRef<str>>(
        texts: impl IntoIterator<Item = T>,
    ) -> Result<Self, JsonError> {
        let mut joined = Joined::default();
        for text in texts {
            let text = text.as_ref();
            let value =
                single_value(text).map_err(|error| JsonError::syntax(text.as_bytes(), 0, error))?;
            joined.push(value);
        }
        Ok(joined.into_records())
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The body that the records are slices of.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Where the records stand, in their order.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The text of the last record.
    pub fn last(&self) -> Option<&str> {
        let bytes = self.body.get(self.last.clone()?)?;
        simdutf8::basic::from_utf8(bytes).ok()
    }

    /// Bytes that the records cover, with the commas between them.
    pub fn byte_len(&self) -> usize {
        self.spans.iter().map(|span| span.range().len()).sum()
    }

    /// The texts of the spans, for a walk over all records without finding their borders first.
    pub fn parts(&self) -> impl Iterator<Item = Result<Part<'_>, JsonError>> {
        self.spans.iter().map(|span| {
            let text = self.text(span.range())?;
            Ok(match span {
                Span::Elements(_) => Part::Elements(text),
                Span::One(_) => Part::One(text),
            })
        })
    }

    /// The raw text of each record. What stands inside of it is left to its reader to check.
    ///
    /// An item is an error when the bytes between two records are not what JSON wants there; it is the last one then.
    pub fn texts(&self) -> impl Iterator<Item = Result<&str, JsonError>> {
        self.spans.iter().flat_map(|span| Texts {
            records: self,
            state: Some(State::Unread(span)),
        })
    }

    fn text(&self, range: &Range<usize>) -> Result<&str, JsonError> {
        let bytes = self.body.get(range.clone()).unwrap_or_default();
        simdutf8::compat::from_utf8(bytes)
            .map_err(|error| JsonError::not_utf8(&self.body, range.start + error.valid_up_to()))
    }
}

/// The texts of one span.
struct Texts<'a> {
    records: &'a Records,
    state: Option<State<'a>>,
}

enum State<'a> {
    Unread(&'a Span),
    /// The elements, and where they begin in the body.
    Elements(ElementTexts<'a>, usize),
}

impl<'a> Iterator for Texts<'a> {
    type Item = Result<&'a str, JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (mut elements, base) = match self.state.take()? {
            State::Unread(Span::One(range)) => return Some(self.records.text(range)),
            State::Unread(Span::Elements(range)) => match self.records.text(range) {
                Ok(inside) => (ElementTexts::new(inside), range.start),
                Err(error) => return Some(Err(error)),
            },
            State::Elements(elements, base) => (elements, base),
        };
        let text = elements.next_text().transpose()?;
        if text.is_ok() {
            self.state = Some(State::Elements(elements, base));
        }
        Some(text.map_err(|error| JsonError::syntax(&self.records.body, base, error)))
    }
}

fn single_value(text: &str) -> Result<&str, SyntaxError> {
    let mut parser = Parser::new(text);
    let value = parser.skip()?;
    parser.end()?;
    Ok(value)
}

/// Texts joined by commas into one body.
#[derive(Default)]
struct Joined {
    body: String,
    count: usize,
    last: usize,
}

impl Joined {
    fn push(&mut self, text: &str) {
        if self.count > 0 {
            self.body.push(',');
        }
        self.last = self.body.len();
        self.body.push_str(text);
        self.count += 1;
    }

    fn into_records(self) -> Records {
        let length = self.body.len();
        if self.count == 0 {
            return Records::default();
        }
        Records::new(
            self.body.into(),
            vec![Span::Elements(0..length)],
            self.count,
            Some(self.last..length),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(records: &Records) -> Vec<&str> {
        records
            .texts()
            .map(|text| text.expect("well-formed records"))
            .collect()
    }

    #[test]
    fn texts_walk_lists_and_single_records_in_order() {
        let body = Bytes::from_static(br#"[1 , {"a":[2,3]},"x,y"] {"one":1}"#);
        let spans = vec![Span::Elements(1..22), Span::One(24..33)];
        let records = Records::new(body, spans, 4, Some(24..33));
        assert_eq!(
            texts(&records),
            ["1", r#"{"a":[2,3]}"#, r#""x,y""#, r#"{"one":1}"#]
        );
        assert_eq!(records.last(), Some(r#"{"one":1}"#));
        assert_eq!(records.byte_len(), 30);
    }

    #[test]
    fn broken_separator_is_the_last_item() {
        let body = Bytes::from_static(b"[1 2]");
        let records = Records::new(body, vec![Span::Elements(1..4)], 1, None);
        let items: Vec<_> = records.texts().collect();
        assert_eq!(items.len(), 2);
        assert_eq!(
            items[1]
                .as_ref()
                .unwrap_err()
                .location()
                .map(|location| location.offset),
            Some(3)
        );
    }

    #[test]
    fn values_become_records_and_null_none() {
        assert!(Records::from_value(&Value::Null).is_empty());
        assert_eq!(
            texts(&Records::from_value(&json!({"a": 1}))),
            [r#"{"a":1}"#]
        );
        assert_eq!(texts(&Records::from_value(&json!([1, [2]]))), ["1", "[2]"]);
        assert_eq!(Records::from_values([]).last(), None);
    }

    #[test]
    fn texts_are_checked_and_trimmed() {
        let records = Records::from_texts([" 1.50 ", "null"]).expect("two values");
        assert_eq!(texts(&records), ["1.50", "null"]);
        assert!(Records::from_texts(["1 2"]).is_err());
        assert!(Records::from_texts(["[1"]).is_err_and(|error| error.is_cut()));
    }

    #[test]
    fn no_records_have_no_texts() {
        let records = Records::default();
        assert_eq!(
            (records.len(), records.byte_len(), records.last()),
            (0, 0, None)
        );
        assert_eq!(texts(&records), [""; 0]);
    }
}
