use super::{Reason, SyntaxError};

/// A string as it was written, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Text<'a> {
    /// The characters between the quotes.
    pub raw: &'a str,
    /// Whether `raw` holds escapes.
    pub is_escaped: bool,
}

impl<'a> Text<'a> {
    /// The text itself; `scratch` is used, and overwritten, only when there are escapes.
    ///
    /// # Errors
    /// [`SyntaxError`] for an escape that JSON does not know. Its offset counts from the start of `raw`.
    /// A lone surrogate becomes U+FFFD, as JSON leaves its meaning open.
    pub fn unescape<'s>(&self, scratch: &'s mut String) -> Result<&'s str, SyntaxError>
    where
        'a: 's,
    {
        if !self.is_escaped {
            return Ok(self.raw);
        }
        scratch.clear();
        unescape_into(self.raw, scratch)?;
        Ok(scratch)
    }
}

/// Index of the first quote, backslash or control character at or after `at`, or the length.
///
/// Most strings end within two words. Long ones are passed in strides that the compiler turns into vector code.
#[inline]
pub(super) fn find_special(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..2 {
        match special_in_word(bytes, at) {
            Some(None) => at += 8,
            Some(Some(found)) => return at + found,
            None => return find_special_in_tail(bytes, at),
        }
    }
    while let Some(stride) = bytes.get(at..).and_then(|rest| rest.first_chunk::<32>()) {
        let hits = stride.iter().fold(0, |hits, byte| {
            hits | u8::from(*byte == b'"') | u8::from(*byte == b'\\') | u8::from(*byte < 0x20)
        });
        if hits != 0 {
            break;
        }
        at += 32;
    }
    loop {
        match special_in_word(bytes, at) {
            Some(None) => at += 8,
            Some(Some(found)) => return at + found,
            None => return find_special_in_tail(bytes, at),
        }
    }
}

/// Index of the first special byte in the eight bytes from `at`; the outer `None` when there are fewer than eight.
#[inline]
#[expect(
    clippy::option_option,
    reason = "a missing word and a word without a hit lead to different steps"
)]
fn special_in_word(bytes: &[u8], at: usize) -> Option<Option<usize>> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    const QUOTES: u64 = ONES * 0x22;
    const BACKSLASHES: u64 = ONES * 0x5C;
    let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk::<8>()?);
    let (quote, backslash) = (word ^ QUOTES, word ^ BACKSLASHES);
    // The classic test for a zero byte, and the one for a byte below 0x20. Bits above the first hit may be
    // wrong, which does not matter: only the lowest one is used.
    let hits = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(ONES * 0x20) & !word);
    let hits = hits & HIGHS;
    Some((hits != 0).then(|| (hits.trailing_zeros() / 8) as usize))
}

#[cold]
fn find_special_in_tail(bytes: &[u8], at: usize) -> usize {
    let tail = bytes.get(at..).unwrap_or_default();
    let found = tail
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F));
    found.map_or(bytes.len(), |found| at + found)
}

fn unescape_into(raw: &str, out: &mut String) -> Result<(), SyntaxError> {
    let bytes = raw.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        out.push_str(&raw[at..at + found]);
        at += found;
        let invalid = SyntaxError {
            offset: at,
            reason: Reason::InvalidEscape,
        };
        let plain = match bytes.get(at + 1).ok_or(invalid)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (letter, length) = unicode_escape(&bytes[at..]).ok_or(invalid)?;
                out.push(letter);
                at += length;
                continue;
            }
            _ => return Err(invalid),
        };
        out.push(plain);
        at += 2;
    }
    out.push_str(&raw[at..]);
    Ok(())
}

/// The character of `\uXXXX`, or of a pair of them, and the bytes it takes.
fn unicode_escape(bytes: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = bytes.get(at..at + 6)?;
        let value = |digit: &u8| char::from(*digit).to_digit(16);
        let digits = digits.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |sum: u16, digit| {
            Some(sum * 16 + u16::try_from(value(digit)?).ok()?)
        })
    };
    let first = unit(0)?;
    let mut units = [first, 0];
    let is_high = (0xD800..0xDC00).contains(&first);
    if let Some(second) = unit(6).filter(|second| is_high && (0xDC00..0xE000).contains(second)) {
        units[1] = second;
        let letter = char::decode_utf16(units).next()?.ok()?;
        return Some((letter, 12));
    }
    Some((
        char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER),
        6,
    ))
}
