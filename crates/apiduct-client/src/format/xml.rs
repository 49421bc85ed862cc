//! XML as JSON.

use std::borrow::Cow;

use bytes::Bytes;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::{Map, Value};

use super::{CellTypes, DecodeError, is_plain_value};
use crate::charset;

const NAME: &str = "XML";

/// How deep elements may nest.
const MAX_DEPTH: usize = 128;

/// How XML becomes JSON.
///
/// The document becomes an object with the root element as its only key. An element is an object of its attributes
/// (`@name`), its child elements, and its text (`#text`); one that has only text is that text, and one that has nothing is
/// null. Child elements of one name become a list where there is more than one. Names keep their prefixes
/// (`ns:name`). Entities other than the five of XML and characters by number are refused, as are no files ever read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Xml {
    /// Elements that are lists even where there is one of them, or none beside attributes: by name. Default: none.
    pub lists: Vec<String>,
    /// How texts become values. Default: as texts.
    pub types: CellTypes,
}

/// An element that is open.
#[derive(Debug, Default)]
struct Element {
    name: String,
    members: Map<String, Value>,
    text: String,
}

impl Xml {
    /// The document as a JSON object.
    pub(super) fn to_json(
        &self,
        body: &Bytes,
        content_type: &str,
        max_bytes: u64,
    ) -> Result<Vec<u8>, DecodeError> {
        let utf8 = charset::utf8_bytes(body, Some(&declared(body, content_type)));
        let text = std::str::from_utf8(&utf8)
            .map_err(|error| DecodeError::new(NAME, format!("not UTF-8: {error}")))?;
        let document = Value::Object(self.document(text)?);
        // Writing into memory cannot fail.
        let json = serde_json::to_vec(&document).unwrap_or_default();
        if json.len() as u64 > max_bytes {
            return Err(DecodeError::too_large(NAME, max_bytes));
        }
        Ok(json)
    }

    fn document(&self, text: &str) -> Result<Map<String, Value>, DecodeError> {
        let mut reader = Reader::from_str(text);
        let mut open: Vec<Element> = vec![Element::default()];
        loop {
            let event = reader.read_event();
            let at = reader.buffer_position();
            let broken = |problem: &dyn std::fmt::Display| {
                let line = line_of(text, at);
                DecodeError::new(NAME, format!("line {line}: {problem}"))
            };
            match event.map_err(|error| broken(&error))? {
                Event::Start(start) => {
                    if open.len() > MAX_DEPTH {
                        return Err(broken(&format!(
                            "more than {MAX_DEPTH} elements in each other"
                        )));
                    }
                    open.push(self.element(&start).map_err(|error| broken(&error))?);
                }
                Event::Empty(start) => {
                    let element = self.element(&start).map_err(|error| broken(&error))?;
                    self.close(element, open.last_mut());
                }
                Event::End(_) => {
                    let element = open.pop().unwrap_or_default();
                    self.close(element, open.last_mut());
                }
                Event::Text(text) => push(&mut open, &text.xml10_content()),
                Event::CData(text) => push(&mut open, &text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let text = resolve(&reference).map_err(|problem| broken(&problem))?;
                    push(&mut open, &text);
                }
                Event::Eof if open.len() > 1 => {
                    return Err(broken(&"the document ends before its root element does"));
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        let members = open.pop().unwrap_or_default().members;
        if members.is_empty() {
            return Err(DecodeError::new(NAME, "there is no element"));
        }
        Ok(members)
    }

    fn element(&self, start: &BytesStart<'_>) -> Result<Element, quick_xml::Error> {
        let mut element = Element {
            name: start.name().as_ref().to_owned(),
            ..Element::default()
        };
        for attribute in start.attributes() {
            let attribute = attribute?;
            let name = attribute.key.as_ref();
            if name == "xmlns" || name.starts_with("xmlns:") {
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0)?;
            element
                .members
                .insert(format!("@{name}"), self.value(&value));
        }
        Ok(element)
    }

    /// Puts a closed element into the one around it.
    fn close(&self, element: Element, parent: Option<&mut Element>) {
        let Some(parent) = parent else { return };
        let Element {
            name,
            mut members,
            text,
        } = element;
        let text = text.trim();
        let value = if members.is_empty() {
            if text.is_empty() {
                Value::Null
            } else {
                self.value(text)
            }
        } else {
            if !text.is_empty() {
                members.insert("#text".to_owned(), self.value(text));
            }
            Value::Object(members)
        };
        let is_list = self.lists.contains(&name);
        match parent.members.get_mut(&name) {
            // Only elements become lists here.
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None if is_list => {
                parent.members.insert(name, Value::Array(vec![value]));
            }
            None => {
                parent.members.insert(name, value);
            }
        }
    }

    fn value(&self, text: &str) -> Value {
        if self.types == CellTypes::Infer && is_plain_value(text) {
            // What does not fit a number of this kind stays exact as a text.
            let number: Option<Value> = serde_json::from_str(text).ok();
            let written = number.as_ref().map(Value::to_string);
            let exact = number.filter(|_| written.as_deref() == Some(text));
            return exact.unwrap_or_else(|| Value::from(text));
        }
        Value::from(text)
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// One of the five entities of XML, or a character by its number.
fn resolve(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, String> {
    match reference.resolve_char_ref() {
        Ok(Some(letter)) => return Ok(letter.to_string().into()),
        Ok(None) => {}
        Err(error) => return Err(error.to_string()),
    }
    let name = reference.xml10_content();
    resolve_predefined_entity(&name)
        .map(Cow::Borrowed)
        .ok_or_else(|| format!("the entity `{name}` is not one of XML's own"))
}

fn line_of(text: &str, at: u64) -> usize {
    let end = usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
    text.as_bytes()[..end].split(|byte| *byte == b'\n').count()
}

/// The content type with the encoding that the document declares, where the content type has none.
fn declared<'t>(body: &[u8], content_type: &'t str) -> Cow<'t, str> {
    let head = String::from_utf8_lossy(&body[..body.len().min(200)]);
    let declaration = head.trim_start().strip_prefix("<?xml").and_then(|rest| {
        let (declaration, _) = rest.split_once("?>")?;
        let (_, rest) = declaration.split_once("encoding")?;
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next()?;
        rest.strip_prefix(quote)?.split(quote).next()
    });
    match declaration {
        Some(encoding) if !content_type.to_ascii_lowercase().contains("charset") => {
            format!("{content_type};charset={encoding}").into()
        }
        _ => content_type.into(),
    }
}
