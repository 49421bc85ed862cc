//! Records as values of a type of the caller's.

use std::marker::PhantomData;
use std::slice;

use serde::Deserialize;

use super::{Records, Span};
use crate::error::JsonError;
use crate::scan::ElementTexts;

/// Why a record did not become a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TypedError {
    /// What stands between the records is not JSON.
    #[error(transparent)]
    Json(JsonError),
    /// The record is not JSON, or has another shape than the type.
    #[error(transparent)]
    Shape(serde_json::Error),
}

impl Records {
    /// The records, each as a `T`, which may borrow from the page. Each byte is read once.
    ///
    /// An item is an error when a record is no `T`; it is the last one then.
    ///
    /// ```
    /// use std::borrow::Cow;
    ///
    /// use apiduct_json::Records;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Post<'a> {
    ///     id: u64,
    ///     #[serde(borrow)]
    ///     title: Cow<'a, str>,
    /// }
    ///
    /// let records = Records::from_texts([r#"{"id": 1, "title": "Hello"}"#])?;
    /// let posts: Vec<Post> = records.typed().collect::<Result<_, _>>()?;
    /// assert_eq!((posts[0].id, &*posts[0].title), (1, "Hello"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn typed<'r, T: Deserialize<'r>>(&'r self) -> impl Iterator<Item = Result<T, TypedError>> {
        Typed {
            records: self,
            spans: self.spans.iter(),
            list: None,
            target: PhantomData,
        }
    }
}

struct Typed<'r, T> {
    records: &'r Records,
    spans: slice::Iter<'r, Span>,
    list: Option<List<'r>>,
    target: PhantomData<fn() -> T>,
}

/// The elements of a list that are left.
struct List<'r> {
    elements: ElementTexts<'r>,
    /// Where it begins in the body.
    base: usize,
}

impl<'r, T: Deserialize<'r>> Typed<'r, T> {
    fn read(&mut self) -> Result<Option<T>, TypedError> {
        loop {
            if let Some(list) = &mut self.list {
                let rest = list.elements.next_rest().map_err(|error| {
                    TypedError::Json(JsonError::syntax(&self.records.body, list.base, error))
                })?;
                if let Some(rest) = rest {
                    let mut stream = serde_json::Deserializer::from_str(rest).into_iter();
                    let value = stream.next().transpose().map_err(TypedError::Shape)?;
                    list.elements.advance(stream.byte_offset());
                    return Ok(value);
                }
            }
            let Some(span) = self.spans.next() else {
                return Ok(None);
            };
            let text = self.records.text(span.range()).map_err(TypedError::Json)?;
            self.list = match span {
                Span::Elements(range) => Some(List {
                    elements: ElementTexts::new(text),
                    base: range.start,
                }),
                Span::One(_) => {
                    let value = serde_json::from_str(text);
                    return value.map(Some).map_err(TypedError::Shape);
                }
            };
        }
    }
}

impl<'r, T: Deserialize<'r>> Iterator for Typed<'r, T> {
    type Item = Result<T, TypedError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.read().transpose()?;
        if item.is_err() {
            self.list = None;
            self.spans = [].iter();
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use bytes::Bytes;
    use serde_json::Value;

    use super::*;

    fn listed(text: &'static str) -> Records {
        let body = Bytes::from_static(text.as_bytes());
        let inside = 1..body.len() - 1;
        Records::new(body, vec![Span::Elements(inside)], 0, None)
    }

    fn typed<'r, T: Deserialize<'r>>(records: &'r Records) -> Vec<T> {
        records.typed().map(|item| item.expect("a value")).collect()
    }

    #[test]
    fn every_kind_of_value_follows_every_kind() {
        let text = r#"[ 1 ,2.5,"x,]" , {"a": [1,2]},[ ],null ,true,-3 ]"#;
        let records = listed(text);
        let whole: Vec<Value> = serde_json::from_str(text).expect("a list");
        assert_eq!(typed::<Value>(&records), whole);
    }

    #[test]
    fn lists_and_single_records_follow_each_other() {
        let body = Bytes::from_static(b"[1,2] 3 []");
        let spans = vec![Span::Elements(1..4), Span::One(6..7), Span::Elements(9..9)];
        let records = Records::new(body, spans, 3, None);
        assert_eq!(typed::<u8>(&records), [1, 2, 3]);
        assert!(typed::<u8>(&Records::default()).is_empty());
    }

    #[test]
    fn texts_are_borrowed_from_the_page() {
        #[derive(Deserialize)]
        struct Named<'a>(#[serde(borrow)] Cow<'a, str>);
        let records = listed(r#"["plain","es\u0063aped"]"#);
        let names = typed::<Named<'_>>(&records);
        assert!(matches!(names[0].0, Cow::Borrowed("plain")));
        assert_eq!(names[1].0, "escaped");
    }

    #[test]
    fn the_first_error_is_the_last_item() {
        let shapes: Vec<_> = listed(r#"[1,"two",3]"#)
            .typed::<u8>()
            .map(|item| item.is_ok())
            .collect();
        assert_eq!(shapes, [true, false]);
        let records = listed("[1 2,3]");
        let items: Vec<_> = records.typed::<u8>().collect();
        let Some(Err(TypedError::Json(error))) = items.last() else {
            panic!("{items:?}");
        };
        assert_eq!(error.location().map(|location| location.offset), Some(3));
        assert_eq!(items.len(), 2);
        assert!(
            listed("[1,]").typed::<u8>().any(|item| item.is_err()),
            "a comma at the end"
        );
    }
}
