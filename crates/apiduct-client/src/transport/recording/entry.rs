//! One exchange as it stands in the file, and what tells it from others.

use std::borrow::Cow;
use std::cmp::Ordering;

use apiduct_model::MASK;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// An exchange.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) request: Sent,
    /// None when nothing complete came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<Answered>,
    /// Why nothing came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<String>,
}

/// A request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) url: String,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) headers: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Recorded>,
}

/// A response.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answered {
    pub(super) status: u16,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) headers: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Recorded>,
}

/// A body that is not empty, every byte of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Recorded {
    /// A JSON document on one line, as it was.
    Json(Box<RawValue>),
    /// Any other text.
    Text(String),
    /// Anything else, in Base64.
    Base64(String),
}

impl Recorded {
    /// `None` for an empty body.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return None;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Some(Self::Base64(STANDARD.encode(bytes)));
        };
        let is_one_line = !text.contains(['\n', '\r']) && text.trim() == text;
        let json = is_one_line.then(|| RawValue::from_string(text.to_owned()));
        Some(match json {
            Some(Ok(json)) => Self::Json(json),
            _ => Self::Text(text.to_owned()),
        })
    }

    /// The body as it was; `None` when a hand has broken the Base64.
    pub(super) fn bytes(&self) -> Option<Bytes> {
        match self {
            Self::Json(json) => Some(Bytes::copy_from_slice(json.get().as_bytes())),
            Self::Text(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
            Self::Base64(text) => STANDARD.decode(text).ok().map(Bytes::from),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Json(json) => json.get(),
            Self::Text(text) | Self::Base64(text) => text,
        }
    }
}

impl Sent {
    /// What a request must have in common with this one to get its answer: method, URL and body, without parts that are
    /// masked as a whole.
    pub(super) fn key(&self) -> String {
        let url = self.url.replace("%2A%2A%2A", MASK);
        let url = match url.split_once('?') {
            Some((path, query)) => match unmasked_pairs(query) {
                kept if kept.is_empty() => path.to_owned(),
                kept => format!("{path}?{kept}"),
            },
            None => url,
        };
        let body = self.body.as_ref().map(unmasked_body);
        match body.filter(|body| !body.is_empty()) {
            Some(body) => format!("{} {url} {body}", self.method),
            None => format!("{} {url}", self.method),
        }
    }
}

/// The pairs of a query or a form whose values are not masked.
fn unmasked_pairs(pairs: &str) -> String {
    let is_kept = |pair: &&str| {
        pair.split_once('=')
            .is_none_or(|(_, value)| value.replace("%2A", "*") != MASK)
    };
    let kept: Vec<&str> = pairs.split('&').filter(is_kept).collect();
    kept.join("&")
}

fn unmasked_body(body: &Recorded) -> Cow<'_, str> {
    let text = body.text();
    if !text.contains(MASK) && !text.contains("%2A%2A%2A") {
        return Cow::Borrowed(text);
    }
    match body {
        Recorded::Json(json) => {
            let Ok(mut value) = serde_json::from_str::<Value>(json.get()) else {
                return Cow::Borrowed(text);
            };
            drop_masked(&mut value);
            match value {
                Value::Object(members) if members.is_empty() => Cow::Borrowed(""),
                value => Cow::Owned(value.to_string()),
            }
        }
        Recorded::Text(text) if !text.contains('\n') => Cow::Owned(unmasked_pairs(text)),
        Recorded::Text(_) | Recorded::Base64(_) => Cow::Borrowed(text),
    }
}

fn drop_masked(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| member.as_str() != Some(MASK));
            members.values_mut().for_each(drop_masked);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_masked),
        _ => {}
    }
}

/// Whether `key` is `pattern`, in which each mask stands for anything.
pub(super) fn matches(pattern: &str, key: &str) -> bool {
    let mut pieces = pattern.split(MASK);
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = key.strip_prefix(first) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty()
}

/// The order of the file: by letters, numbers by their size, so that page 10 comes behind page 2.
pub(super) fn natural(one: &str, other: &str) -> Ordering {
    let (mut one_rest, mut other_rest) = (one, other);
    loop {
        let (one_piece, other_piece) = (piece(one_rest), piece(other_rest));
        let ordering = match (digits(one_piece), digits(other_piece)) {
            (Some(left), Some(right)) => left.len().cmp(&right.len()).then(left.cmp(right)),
            _ => one_piece.cmp(other_piece),
        };
        if ordering != Ordering::Equal || one_piece.is_empty() {
            return ordering.then_with(|| one.cmp(other));
        }
        one_rest = &one_rest[one_piece.len()..];
        other_rest = &other_rest[other_piece.len()..];
    }
}

/// The digits, or the other letters, that `text` begins with.
fn piece(text: &str) -> &str {
    let is_number = text.starts_with(|letter: char| letter.is_ascii_digit());
    let end = text.find(|letter: char| letter.is_ascii_digit() != is_number);
    &text[..end.unwrap_or(text.len())]
}

fn digits(piece: &str) -> Option<&str> {
    piece
        .starts_with(|letter: char| letter.is_ascii_digit())
        .then(|| piece.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(url: &str, body: &str) -> Sent {
        Sent {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: Map::new(),
            body: Recorded::of(body.as_bytes()),
        }
    }

    #[test]
    fn every_body_comes_back_as_it_was() {
        for (bytes, form) in [
            (&b"{\"a\": 1.10, \"b\":[ ]}"[..], "json"),
            (b"{\"a\": 1,\n \"b\": 2}\n", "text"),
            (b" [1]", "text"),
            (b"a,b\r\n1,2\r\n", "text"),
            (b"\xff\x00\x01", "base64"),
        ] {
            let body = Recorded::of(bytes).unwrap();
            let line = serde_json::to_string(&body).unwrap();
            assert!(line.starts_with(&format!("{{\"{form}\"")), "{line}");
            assert!(!line.contains('\n'));
            let read: Recorded = serde_json::from_str(&line).unwrap();
            assert_eq!(read.bytes().unwrap(), bytes);
        }
        assert!(Recorded::of(b"").is_none());
    }

    #[test]
    fn what_is_masked_as_a_whole_is_not_compared() {
        for (masked, bare) in [
            (
                sent("http://h/a?x=1&key=***", ""),
                sent("http://h/a?x=1", ""),
            ),
            (sent("http://h/a?key=***", ""), sent("http://h/a", "")),
            (
                sent("http://h/a", "q=1&k=%2A%2A%2A"),
                sent("http://h/a", "q=1"),
            ),
            (
                sent("http://h/a", r#"{"q":1,"k":"***"}"#),
                sent("http://h/a", r#"{"q":1}"#),
            ),
            (sent("http://h/a", r#"{"k":"***"}"#), sent("http://h/a", "")),
            (sent("http://h/%2A%2A%2A/b", ""), sent("http://h/***/b", "")),
        ] {
            assert_eq!(masked.key(), bare.key());
        }
        assert_ne!(
            sent("http://h/a", "q=1").key(),
            sent("http://h/a", "q=2").key()
        );
    }

    #[test]
    fn a_mask_stands_for_anything() {
        for (pattern, key, expected) in [
            ("GET h/***/x", "GET h/abc/x", true),
            ("GET h/***/x", "GET h/abc/y", false),
            ("GET h/***/x/***", "GET h/a/x/b", true),
            ("GET h/***", "GET h/", true),
            ("***", "anything", true),
            ("GET h", "GET h", true),
            ("GET h", "GET hh", false),
            ("a***a", "a", false),
        ] {
            assert_eq!(matches(pattern, key), expected, "{pattern} {key}");
        }
    }

    #[test]
    fn pages_are_in_the_order_of_their_numbers() {
        let mut keys = [
            "p?page=10",
            "p?page=2",
            "p",
            "p?page=2&b",
            "o/7",
            "p?page=02",
        ];
        keys.sort_by(|one, other| natural(one, other));
        assert_eq!(
            keys,
            [
                "o/7",
                "p",
                "p?page=02",
                "p?page=2",
                "p?page=2&b",
                "p?page=10"
            ]
        );
    }
}
