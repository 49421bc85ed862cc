//! From places in a page to records and captures.

use std::collections::HashMap;
use std::ops::Range;

use apiduct_model::Scalar;
use bytes::Bytes;

use crate::error::JsonError;
use crate::parser::{Kind, Parser, SyntaxError};
use crate::plan::{Captured, DataFound};
use crate::records::{Records, Span};
use crate::scan::{self, Hit, KeyTree, later};
use crate::value::NoMatch;

/// A body that is UTF-8.
#[derive(Clone, Copy)]
pub(crate) struct Page<'a> {
    pub(crate) body: &'a Bytes,
    /// The same as text.
    pub(crate) text: &'a str,
    /// Where the document begins.
    pub(crate) start: usize,
}

/// Whether data was there.
#[derive(Clone, Copy)]
pub(crate) enum Presence {
    There,
    Null,
    Missing,
}

impl From<NoMatch> for Presence {
    fn from(why: NoMatch) -> Self {
        match why {
            NoMatch::Empty => Self::There,
            NoMatch::Null => Self::Null,
            NoMatch::Missing => Self::Missing,
        }
    }
}

impl Page<'_> {
    pub(crate) fn error(self, error: SyntaxError) -> JsonError {
        JsonError::syntax(self.body, self.start, error)
    }

    pub(crate) fn find(self, tree: &KeyTree) -> Result<Vec<Option<Hit>>, JsonError> {
        scan::find(self.text, self.start, tree).map_err(|error| {
            // The scan knows only that something does not fit; reading all of it tells what and where.
            let error = scan::check(self.text, self.start).err().unwrap_or(error);
            JsonError::syntax(self.body, 0, error)
        })
    }

    fn kind(self, range: &Range<usize>) -> u8 {
        self.text
            .as_bytes()
            .get(range.start)
            .copied()
            .unwrap_or_default()
    }

    /// The records at the end of a plain path, or, with `is_wildcard`, of what is in there.
    pub(crate) fn records(
        self,
        hit: &Hit,
        is_wildcard: bool,
    ) -> Result<(Presence, Records), JsonError> {
        match self.kind(&hit.range) {
            b'{' if is_wildcard => {
                let members = self.members(&hit.range)?;
                let last = members.last().map(|(_, range)| range.clone());
                let spans: Vec<_> = members
                    .into_iter()
                    .map(|(_, range)| Span::One(range))
                    .collect();
                let count = spans.len();
                Ok((
                    Presence::There,
                    Records::new(self.body.clone(), spans, count, last),
                ))
            }
            b'[' | b'n' => Ok(self.matches([hit], true)),
            _ if is_wildcard => Ok((Presence::Missing, Records::default())),
            _ => Ok(self.matches([hit], true)),
        }
    }

    /// The records at several places. With `opens_lists`, the elements of lists are the records, and null is none.
    pub(crate) fn matches<'h>(
        self,
        hits: impl IntoIterator<Item = &'h Hit>,
        opens_lists: bool,
    ) -> (Presence, Records) {
        let (mut spans, mut count, mut last) = (Vec::new(), 0, None);
        let mut presence = Presence::Null;
        for hit in hits {
            let (span, elements, end) = match self.kind(&hit.range) {
                b'n' if opens_lists => continue,
                b'[' if opens_lists => {
                    let inside = hit.range.start + 1..hit.range.end - 1;
                    (
                        Span::Elements(inside),
                        hit.elements.count,
                        &hit.elements.last,
                    )
                }
                _ => (Span::One(hit.range.clone()), 1, &hit.range),
            };
            presence = Presence::There;
            if elements > 0 {
                spans.push(span);
                count += elements;
                last = Some(end.clone());
            }
        }
        (
            presence,
            Records::new(self.body.clone(), spans, count, last),
        )
    }

    /// What a capture met: the value there or, with `is_wildcard`, the first one in it.
    pub(crate) fn capture(
        self,
        hit: Option<&Hit>,
        is_wildcard: bool,
    ) -> Result<Captured, JsonError> {
        let Some(Hit { range, .. }) = hit else {
            return Ok(Captured::Absent);
        };
        if !is_wildcard {
            return self.captured(range);
        }
        match self.kind(range) {
            b'{' => match self.members(range)?.first() {
                Some((_, member)) => self.captured(member),
                None => Ok(Captured::Absent),
            },
            b'[' => match self.first_element(range)? {
                Some(element) => self.captured(&element),
                None => Ok(Captured::Absent),
            },
            _ => Ok(Captured::Absent),
        }
    }

    fn captured(self, range: &Range<usize>) -> Result<Captured, JsonError> {
        let text = &self.text[range.clone()];
        let mut parser = Parser::new(text);
        let mut read = || {
            Ok(match parser.kind()? {
                Kind::Null => Captured::Scalar(Scalar::Null),
                Kind::Bool => Captured::Scalar(Scalar::Bool(parser.bool()?)),
                Kind::Number => Captured::Scalar(Scalar::Number(parser.number()?.text.into())),
                Kind::String => {
                    let unescaped = parser
                        .string()?
                        .unescape(&mut String::new())
                        .map(Into::into);
                    // The escape is after the quote.
                    Captured::Scalar(Scalar::Text(unescaped.map_err(|error| later(error, 1))?))
                }
                Kind::List | Kind::Object => Captured::Json(text.into()),
            })
        };
        read().map_err(|error| JsonError::syntax(self.body, range.start, error))
    }

    fn first_element(self, list: &Range<usize>) -> Result<Option<Range<usize>>, JsonError> {
        let mut parser = Parser::new(&self.text[list.clone()]);
        let mut read = || {
            parser.begin_list()?;
            if !parser.next_element()? {
                return Ok(None);
            }
            let element = parser.skip()?;
            let end = list.start + parser.offset();
            Ok(Some(end - element.len()..end))
        };
        read().map_err(|error| JsonError::syntax(self.body, list.start, error))
    }

    /// The members of an object. Of equal keys the last value counts, in the place of the first.
    fn members(self, object: &Range<usize>) -> Result<Vec<(String, Range<usize>)>, JsonError> {
        let mut parser = Parser::new(&self.text[object.clone()]);
        let mut places = HashMap::new();
        let mut members = Vec::new();
        let mut read = || {
            parser.begin_object()?;
            while let Some(key) = parser.next_key()? {
                let unescaped = key.unescape(&mut String::new()).map(str::to_owned);
                let key = unescaped.map_err(|error| later(error, parser.offset()))?;
                let length = parser.skip()?.len();
                let end = object.start + parser.offset();
                let place = *places.entry(key.clone()).or_insert(members.len());
                if place == members.len() {
                    members.push((key, end - length..end));
                } else {
                    members[place].1 = end - length..end;
                }
            }
            Ok(())
        };
        read().map_err(|error| JsonError::syntax(self.body, object.start, error))?;
        Ok(members)
    }

    pub(crate) fn data_found(self, presence: Presence) -> Result<DataFound, JsonError> {
        Ok(match presence {
            Presence::There => DataFound::Found,
            Presence::Null => DataFound::Null,
            Presence::Missing => DataFound::Missing { keys: self.keys()? },
        })
    }

    /// The keys of the document, if it is an object.
    fn keys(self) -> Result<Vec<String>, JsonError> {
        let document = &self.text[self.start..];
        let space = document.len() - document.trim_ascii_start().len();
        let range = self.start + space..self.text.len();
        if self.kind(&range) != b'{' {
            return Ok(Vec::new());
        }
        Ok(self
            .members(&range)?
            .into_iter()
            .map(|(key, _)| key)
            .collect())
    }
}
