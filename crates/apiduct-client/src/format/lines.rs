//! A JSON document in each line.

use apiduct_json::Parser;

use super::DecodeError;

const NAME: &str = "JSON lines";

/// The start of a document in a sequence after RFC 7464.
const RECORD_SEPARATOR: char = '\u{1e}';

/// The lines of `body` as the elements of a list; empty lines count for nothing.
pub(super) fn to_json(body: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| DecodeError::new(NAME, format!("not UTF-8: {error}")))?;
    let mut out = Vec::with_capacity(body.len() + 2);
    out.push(b'[');
    for (at, line) in text.split(['\n', RECORD_SEPARATOR]).enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(check(line, at + 1)?.as_bytes());
    }
    out.push(b']');
    Ok(out)
}

/// A line that is one JSON value: two of them would pass for two elements.
fn check(line: &str, number: usize) -> Result<&str, DecodeError> {
    let mut parser = Parser::new(line);
    let checked = parser.skip().and_then(|_| parser.end());
    match checked {
        Ok(()) => Ok(line),
        Err(error) => Err(DecodeError::new(NAME, format!("line {number}: {error}"))),
    }
}
