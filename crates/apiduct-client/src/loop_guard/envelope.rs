//! What stands around the records of a page.

use std::hash::Hasher;

use apiduct_json::Records;
use xxhash_rust::xxh3::Xxh3;

use crate::detect;

/// What stands around the records of a page, in a few bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    /// All of it.
    whole: u64,
    /// The numbers in it that tell which page it is, if there are any.
    place: Option<u64>,
}

impl Envelope {
    pub(super) fn around(records: &Records) -> Self {
        let (mut whole, mut place) = (Xxh3::new(), Xxh3::new());
        let mut has_place = false;
        for text in outside(records) {
            whole.update(text);
            for (key, number) in numbers(text).filter(|(key, _)| detect::is_place_of_page(key)) {
                has_place = true;
                place.update(key.as_bytes());
                place.update(number);
                place.update(b",");
            }
        }
        Self {
            whole: whole.finish(),
            place: has_place.then(|| place.finish()),
        }
    }

    /// Whether it tells which page it is.
    pub(super) fn tells_place(&self) -> bool {
        self.place.is_some()
    }

    /// Whether nothing in it has moved on since `before`, or nothing of what tells which page it is.
    pub(super) fn stands_still(&self, before: &Self) -> bool {
        self.whole == before.whole || (self.place.is_some() && self.place == before.place)
    }
}

/// The pieces of the body that are not records, in order.
fn outside(records: &Records) -> impl Iterator<Item = &[u8]> {
    let body: &[u8] = records.body();
    let mut end = 0;
    let spans = records.spans().iter().map(|span| span.range().clone());
    spans
        .chain(std::iter::once(body.len()..body.len()))
        .filter_map(move |range| {
            let piece = body.get(end..range.start);
            end = end.max(range.end);
            piece
        })
}

/// The members of objects in `text`, a piece of JSON, whose values begin like a number, quoted or not: keys and digits.
fn numbers(text: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.iter().position(|byte| *byte == b'"')? + 1;
            rest = &rest[start..];
            let end = string_end(rest)?;
            let (string, after) = (&rest[..end], &rest[end + 1..]);
            rest = after;
            let Some(value) = after.trim_ascii_start().strip_prefix(b":") else {
                continue;
            };
            let value = value.trim_ascii_start();
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let digits = value.iter().take_while(|byte| byte.is_ascii_digit());
            let digits = &value[..digits.count()];
            if let (Ok(key), false) = (std::str::from_utf8(string), digits.is_empty()) {
                return Some((key, digits));
            }
        }
    })
}

/// Where the string that `text` begins inside of ends.
fn string_end(text: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    text.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    })
}

#[cfg(test)]
mod tests {
    use apiduct_json::{ScanPlan, Selector};

    use super::*;

    fn envelope(body: &'static str, selector: &str) -> Envelope {
        let plan = ScanPlan::new(Selector::parse(selector).unwrap(), Vec::new());
        let scanned = plan.scan(&body.into()).unwrap();
        Envelope::around(&scanned.records)
    }

    #[test]
    fn keys_and_their_numbers_are_found_in_pieces_of_json() {
        let text = br#"{"a":1,"b" : "22" ,"c\"\\":{"page": 3,"x":["page",4]},"d":-5,"e":"f","g":"#;
        let found: Vec<_> = numbers(text).collect();
        assert_eq!(found, [("a", &b"1"[..]), ("b", b"22"), ("page", b"3")]);
    }

    #[test]
    fn records_have_no_part_in_it() {
        let page = |body| envelope(body, "data");
        let one = page(r#"{"page":1,"data":[{"page":1}],"took":1}"#);
        assert!(page(r#"{"page":1,"data":[{"page":2}],"took":1}"#).stands_still(&one));
        assert!(page(r#"{"page":1,"data":[{"page":2}],"took":2}"#).stands_still(&one));
        assert!(!page(r#"{"page":2,"data":[{"page":1}],"took":1}"#).stands_still(&one));
        let untold = page(r#"{"data":[{"page":1}],"took":1}"#);
        assert!(!page(r#"{"data":[{"page":1}],"took":2}"#).stands_still(&untold));
    }

    #[test]
    fn a_bare_list_has_hardly_any() {
        let one = envelope("[1,2]", "$");
        assert!(envelope("[3]", "$").stands_still(&one));
    }
}
