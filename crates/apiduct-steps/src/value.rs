//! Between JSON text and the values that jq works on, without losing a digit.

use apiduct_json::{Kind, MAX_DEPTH, Number, Parser, SyntaxError};
use bytes::Bytes;
use jaq_json::{Map, Num, Val};

use crate::error::StepProblem;

/// Integers of more digits stay text until somebody calculates with them: reading them takes the square of their length.
const LONGEST_INTEGER: usize = 1000;

/// Characters of a value that a message shows.
const EXCERPT: usize = 200;

/// Reads one document. A key that an object has twice counts as written last, in the place of the first.
pub(crate) fn read(text: &str) -> Result<Val, SyntaxError> {
    let mut parser = Parser::new(text);
    let value = read_value(&mut parser, &mut String::new())?;
    parser.end()?;
    Ok(value)
}

fn read_value(parser: &mut Parser<'_>, scratch: &mut String) -> Result<Val, SyntaxError> {
    Ok(match parser.kind()? {
        Kind::Null => {
            parser.null()?;
            Val::Null
        }
        Kind::Bool => Val::Bool(parser.bool()?),
        Kind::Number => Val::Num(number(parser.number()?)),
        Kind::String => text(parser.string()?.unescape(scratch)?),
        Kind::List => {
            parser.begin_list()?;
            let mut list = Vec::new();
            while parser.next_element()? {
                list.push(read_value(parser, scratch)?);
            }
            Val::Arr(list.into())
        }
        Kind::Object => {
            parser.begin_object()?;
            let mut object = Map::default();
            while let Some(key) = parser.next_key()? {
                let key = text(key.unescape(scratch)?);
                object.insert(key, read_value(parser, scratch)?);
            }
            Val::obj(object)
        }
    })
}

fn number(number: Number<'_>) -> Num {
    let as_written = || Num::Dec(number.text.to_owned().into());
    // Zero has a sign only as it is written.
    if !number.is_integer || number.text == "-0" || number.text.len() > LONGEST_INTEGER {
        return as_written();
    }
    match number.int.map(isize::try_from) {
        Some(Ok(int)) => Num::Int(int),
        _ => Num::from_str_radix(number.text, 10).unwrap_or_else(as_written),
    }
}

/// A text as a value.
pub(crate) fn text(text: &str) -> Val {
    Val::utf8_str(Bytes::copy_from_slice(text.as_bytes()))
}

/// The text of a value that is one.
pub(crate) fn as_text(value: &Val) -> Option<&str> {
    match value {
        Val::TStr(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// The word for the kind of a value, with its article.
pub(crate) fn kind(value: &Val) -> &'static str {
    match value {
        Val::Null => "null",
        Val::Bool(_) => "a boolean",
        Val::Num(_) => "a number",
        Val::TStr(_) => "a text",
        Val::BStr(_) => "a text of bytes",
        Val::Arr(_) => "a list",
        Val::Obj(_) => "an object",
    }
}

/// `value` as compact JSON.
pub(crate) fn to_json(value: &Val) -> Result<String, StepProblem> {
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

/// Appends `value` as compact JSON.
pub(crate) fn write(value: &Val, out: &mut String) -> Result<(), StepProblem> {
    write_at(value, out, 0)
}

fn write_at(value: &Val, out: &mut String, depth: usize) -> Result<(), StepProblem> {
    if depth > MAX_DEPTH {
        return Err(StepProblem::NotJson {
            what: "lists and objects that nest too deeply",
        });
    }
    match value {
        Val::Null => out.push_str("null"),
        Val::Bool(true) => out.push_str("true"),
        Val::Bool(false) => out.push_str("false"),
        Val::Num(number) => write_number(number, out)?,
        Val::TStr(bytes) => write_text(utf8(bytes)?, out),
        Val::BStr(_) => {
            return Err(StepProblem::NotJson {
                what: "a text of bytes",
            });
        }
        Val::Arr(list) => {
            out.push('[');
            for (at, one) in list.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_at(one, out, depth + 1)?;
            }
            out.push(']');
        }
        Val::Obj(object) => {
            out.push('{');
            for (at, (key, one)) in object.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                let Val::TStr(key) = key else {
                    return Err(StepProblem::NotJson {
                        what: "a key that is not a text",
                    });
                };
                write_text(utf8(key)?, out);
                out.push(':');
                write_at(one, out, depth + 1)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn utf8(bytes: &[u8]) -> Result<&str, StepProblem> {
    std::str::from_utf8(bytes).map_err(|_| StepProblem::NotJson {
        what: "a text that is not UTF-8",
    })
}

fn write_number(number: &Num, out: &mut String) -> Result<(), StepProblem> {
    use std::fmt::Write;

    let as_float = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
    let (number, float) = match number {
        // A literal of a program may be written as JSON does not: `.5`.
        Num::Dec(text) if !is_number(text) => (None, as_float(text)),
        Num::Float(float) => (None, *float),
        other => (Some(other), 0.0),
    };
    if !float.is_finite() {
        return Err(StepProblem::NotJson {
            what: "a number that is infinite or not a number",
        });
    }
    // Writing to a text cannot fail.
    let _ = match number {
        Some(number) => write!(out, "{number}"),
        None => write!(out, "{}", Num::Float(float)),
    };
    Ok(())
}

/// Whether `text` is a number as JSON writes it.
pub(crate) fn is_number(text: &str) -> bool {
    let mut parser = Parser::new(text);
    parser.number().is_ok_and(|number| number.text == text)
}

fn write_text(text: &str, out: &mut String) {
    use std::fmt::Write;

    out.push('"');
    let mut rest = text;
    let special = |letter: char| matches!(letter, '"' | '\\' | '\0'..='\u{1f}');
    while let Some(at) = rest.find(special) {
        out.push_str(&rest[..at]);
        let byte = rest.as_bytes()[at];
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            8 => out.push_str("\\b"),
            12 => out.push_str("\\f"),
            // Writing to a text cannot fail.
            _ => drop(write!(out, "\\u{byte:04x}")),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// The beginning of `text`, for messages.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The beginning of `value`, for messages.
pub(crate) fn excerpt_of(value: &Val) -> String {
    excerpt(&value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str) -> String {
        to_json(&read(text).unwrap()).unwrap()
    }

    #[test]
    fn numbers_keep_their_digits() {
        let long = "9".repeat(3000);
        for number in [
            "0",
            "-0",
            "-0.0",
            "1.10",
            "1e400",
            "1E+2",
            "9223372036854775808",
            "-9223372036854775808",
            "123456789012345678901234567890",
            "0.1000000000000000055511151231257827",
            long.as_str(),
        ] {
            assert_eq!(round(number), number);
        }
    }

    #[test]
    fn a_key_that_comes_twice_keeps_its_first_place_and_its_last_value() {
        assert_eq!(round(r#"{"a":1,"b":2,"a":3}"#), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            round(r#""\u0000\b\f\n\r\t\"\\\/é""#),
            r#""\u0000\b\f\n\r\t\"\\/é""#
        );
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        for value in [
            Val::from(f64::NAN),
            Val::from(f64::INFINITY),
            Val::byte_str("x"),
        ] {
            assert!(to_json(&value).is_err());
        }
        let key = std::iter::once((Val::from(1_isize), Val::Null)).collect();
        assert!(to_json(&Val::obj(key)).is_err());
    }

    #[test]
    fn a_number_that_json_writes_otherwise_is_rewritten() {
        assert_eq!(
            to_json(&Val::Num(Num::Dec(".5".to_owned().into()))).unwrap(),
            "0.5"
        );
    }

    #[test]
    fn excerpts_end_between_characters() {
        assert_eq!(excerpt(&"é".repeat(300)).chars().count(), EXCERPT + 1);
    }
}
