//! The text encoding of bodies. JSON is UTF-8 unless the headers or a byte-order mark say otherwise.

use std::borrow::Cow;

use bytes::Bytes;

/// `body` as UTF-8, without a byte-order mark. Bytes that claim to be UTF-8 are not checked here.
pub(crate) fn to_utf8<'b>(body: &'b [u8], content_type: Option<&str>) -> Cow<'b, [u8]> {
    match body {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return Cow::Borrowed(rest),
        [0xFF, 0xFE, rest @ ..] => return Cow::Owned(from_utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => return Cow::Owned(from_utf16(rest, u16::from_be_bytes)),
        _ => {}
    }
    match content_type.and_then(charset).unwrap_or_default() {
        name if is_latin1(name) && !body.is_ascii() => {
            let text: String = body.iter().copied().map(char::from).collect();
            Cow::Owned(text.into_bytes())
        }
        name if name.eq_ignore_ascii_case("utf-16le") => {
            Cow::Owned(from_utf16(body, u16::from_le_bytes))
        }
        name if name.eq_ignore_ascii_case("utf-16be") || name.eq_ignore_ascii_case("utf-16") => {
            Cow::Owned(from_utf16(body, u16::from_be_bytes))
        }
        _ => Cow::Borrowed(body),
    }
}

/// The same, sharing the memory of `body` when nothing has to be changed.
pub(crate) fn utf8_bytes(body: &Bytes, content_type: Option<&str>) -> Bytes {
    match to_utf8(body, content_type) {
        Cow::Borrowed(text) => body.slice(body.len() - text.len()..),
        Cow::Owned(text) => text.into(),
    }
}

/// The value of the `charset` parameter, unquoted.
fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"'))
    })
}

fn is_latin1(name: &str) -> bool {
    ["iso-8859-1", "latin1", "latin-1"]
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own))
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect::<String>()
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_by_mark_then_by_header_then_assumed_utf8() {
        for (body, content_type, text) in [
            (&b"\xEF\xBB\xBF[1]"[..], None, "[1]"),
            (b"\xFF\xFE[\x001\x00", None, "[1"),
            (b"\xFE\xFF\x00[\x00\xE9", None, "[é"),
            (b"\xE9", Some("text/plain; charset=ISO-8859-1"), "é"),
            (
                b"\x00\xE9",
                Some("application/json;charset=\"utf-16be\""),
                "é",
            ),
            ("é".as_bytes(), Some("text/json"), "é"),
            ("é".as_bytes(), Some("application/json; charset=utf-8"), "é"),
        ] {
            assert_eq!(
                to_utf8(body, content_type),
                text.as_bytes(),
                "{content_type:?}"
            );
        }
    }

    #[test]
    fn a_body_in_utf8_is_not_copied() {
        let body = Bytes::from_static(b"\xEF\xBB\xBF[1]");
        let text = utf8_bytes(&body, None);
        assert_eq!(text.as_ptr(), body[3..].as_ptr());
    }
}
