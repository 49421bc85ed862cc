//! The Value road: a document as a tree of values, for selectors that a scan cannot follow.

use serde_json::{Map, Number, Value};
use serde_json_path::PathElement;

use crate::error::JsonError;
use crate::parser::{Kind, Parser, SyntaxError};
use crate::scan::Key;
use crate::selector::{Segment, Selector, Step};
use crate::text;

type Result<T, E = SyntaxError> = std::result::Result<T, E>;

/// Reads a whole body as a tree of values.
///
/// A byte-order mark is passed over; of a key that an object has twice, the last value counts, in the place of the
/// first. Integers beyond 64 bits and numbers beyond the range of a double lose digits, as a [`Value`] cannot hold
/// them: records, which are slices of the body, do not.
///
/// # Errors
/// [`JsonError`] when the body is empty, not UTF-8, not JSON, or nests deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
///
/// ```
/// let page = apiduct_json::parse_value(br#"{"total": 7}"#)?;
/// assert_eq!(page["total"], 7);
/// # Ok::<(), apiduct_json::JsonError>(())
/// ```
pub fn parse_value(body: &[u8]) -> Result<Value, JsonError> {
    let (text, start) = text::open(body)?;
    build(&text[start..]).map_err(|error| JsonError::syntax(body, start, error))
}

/// The value of a document.
pub(crate) fn build(document: &str) -> Result<Value> {
    let mut parser = Parser::new(document);
    let value = read(&mut parser, &mut String::new())?;
    parser.end()?;
    Ok(value)
}

fn read(parser: &mut Parser<'_>, scratch: &mut String) -> Result<Value> {
    Ok(match parser.kind()? {
        Kind::Null => parser.null().map(|()| Value::Null)?,
        Kind::Bool => Value::Bool(parser.bool()?),
        Kind::Number => Value::Number(number(parser.number()?.text)),
        Kind::String => Value::String(string(parser, scratch)?),
        Kind::List => {
            parser.begin_list()?;
            let mut list = Vec::new();
            while parser.next_element()? {
                list.push(read(parser, scratch)?);
            }
            Value::Array(list)
        }
        Kind::Object => {
            parser.begin_object()?;
            let mut object = Map::new();
            while let Some(key) = parser.next_key()? {
                let key = key
                    .unescape(scratch)
                    .map_err(|error| after(parser, error))?
                    .to_owned();
                object.insert(key, read(parser, scratch)?);
            }
            Value::Object(object)
        }
    })
}

fn string(parser: &mut Parser<'_>, scratch: &mut String) -> Result<String> {
    let text = parser.string()?;
    let unescaped = text
        .unescape(scratch)
        .map_err(|error| after(parser, error))?;
    Ok(unescaped.to_owned())
}

/// An escape's error, which counts from the start of its text, at the place that the parser has reached.
fn after(parser: &Parser<'_>, error: SyntaxError) -> SyntaxError {
    SyntaxError {
        offset: parser.offset(),
        ..error
    }
}

fn number(text: &str) -> Number {
    if let Ok(number) = text.parse::<i64>() {
        return number.into();
    }
    if let Ok(number) = text.parse::<u64>() {
        return number.into();
    }
    // The parser has checked the grammar, so only the range can be missed.
    let double: f64 = text.parse().unwrap_or_default();
    Number::from_f64(double.clamp(f64::MIN, f64::MAX)).unwrap_or_else(|| 0.into())
}

/// The places of all matches of `selector`, as paths that a scan can follow.
pub(crate) fn locate<'v>(selector: &Selector, value: &'v Value) -> Vec<Vec<Key<'v>>> {
    let matches = selector.json_path().query_located(value);
    let keys = |element: &PathElement<'v>| match *element {
        PathElement::Name(name) => Key::Name(name),
        PathElement::Index(index) => Key::Index(index),
    };
    matches
        .iter()
        .map(|found| found.location().iter().map(keys).collect())
        .collect()
}

/// Why a selector has no match.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoMatch {
    /// The path leads nowhere.
    Missing,
    /// Its last steps choose among elements, and there is nothing to choose from.
    Empty,
    /// There is `null` where they would choose.
    Null,
}

pub(crate) fn why_no_match(selector: &Selector, value: &Value) -> NoMatch {
    let segments = selector.segments();
    for kept in (0..segments.len()).rev() {
        let Ok(beginning) = selector.truncated(kept) else {
            continue;
        };
        let parents = beginning.query(value);
        if parents.is_empty() {
            continue;
        }
        let chooses = chooses_among_elements(&segments[kept]);
        return if chooses && parents.iter().all(|parent| parent.is_null()) {
            NoMatch::Null
        } else if chooses
            && parents
                .iter()
                .any(|parent| parent.is_array() || parent.is_object())
        {
            NoMatch::Empty
        } else {
            NoMatch::Missing
        };
    }
    NoMatch::Missing
}

/// Whether a segment takes all elements of a container, or those that a condition or a slice allows.
fn chooses_among_elements(segment: &Segment) -> bool {
    let is_choice = |step: &Step| !step.is_singular();
    !segment.is_descendant && segment.steps.iter().any(is_choice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_read_as_serde_json_reads_them() {
        let text =
            r#" {"a":[1,-2.5e3,18446744073709551615],"b":{"c":null,"d":true},"e":"\u00e9\n"} "#;
        assert_eq!(
            parse_value(text.as_bytes()).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn numbers_beyond_range_stay_numbers() {
        let value = parse_value(b"[1e400, -1e400, 123456789012345678901234567890]").unwrap();
        assert_eq!(
            value,
            json!([
                f64::MAX,
                f64::MIN,
                123_456_789_012_345_678_901_234_567_890_f64
            ])
        );
    }

    #[test]
    fn last_of_two_equal_keys_counts() {
        let value = parse_value(br#"{"a":1,"b":2,"\u0061":3}"#).unwrap();
        assert_eq!(value.to_string(), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn broken_bodies_are_named_errors() {
        assert_eq!(parse_value(b"\xEF\xBB\xBF [1]").unwrap(), json!([1]));
        assert_eq!(parse_value(b"").unwrap_err(), JsonError::Empty);
        assert_eq!(
            parse_value(b"\xEF\xBB\xBF \n").unwrap_err(),
            JsonError::Empty
        );
        assert!(matches!(
            parse_value(b"\"\xFF\"").unwrap_err(),
            JsonError::NotUtf8 { .. }
        ));
        assert!(parse_value(b"[1").unwrap_err().is_cut());
        assert!(parse_value(b"[1]]").is_err());
        assert!(parse_value(br#"["\q"]"#).is_err());
        let deep = "[".repeat(600) + &"]".repeat(600);
        assert!(matches!(
            parse_value(deep.as_bytes()).unwrap_err(),
            JsonError::TooDeep { limit: 512, .. }
        ));
    }

    #[test]
    fn missing_matches_say_why() {
        let page = json!({"data": [], "rows": [{"id": 1}], "none": null, "text": "x"});
        for (path, why) in [
            ("data[?id == 1]", NoMatch::Empty),
            ("rows[?id == 2]", NoMatch::Empty),
            ("data[0:2]", NoMatch::Empty),
            ("data[*].items", NoMatch::Empty),
            ("none[*].items", NoMatch::Null),
            ("rows[*].items", NoMatch::Missing),
            ("text[*].items", NoMatch::Missing),
            ("wrong[?id == 1]", NoMatch::Missing),
            ("$..wrong", NoMatch::Missing),
        ] {
            assert_eq!(
                why_no_match(&Selector::parse(path).unwrap(), &page),
                why,
                "{path}"
            );
        }
    }
}
