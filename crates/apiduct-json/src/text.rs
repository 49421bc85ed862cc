use crate::error::JsonError;

const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// A body as text, and the byte where its document begins: after a byte-order mark, if there is one.
pub(crate) fn open(body: &[u8]) -> Result<(&str, usize), JsonError> {
    let Ok(text) = simdutf8::basic::from_utf8(body) else {
        let valid =
            simdutf8::compat::from_utf8(body).map_or_else(|error| error.valid_up_to(), str::len);
        return Err(JsonError::not_utf8(body, valid));
    };
    let start = if text.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len_utf8()
    } else {
        0
    };
    if text[start..].trim_ascii_start().is_empty() {
        return Err(JsonError::Empty);
    }
    Ok((text, start))
}
