//! Finding a secret in a text, however its characters are spelled there.

/// What is looked for: a secret, or what of its Base64 form depends on it alone.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Needle {
    letters: Vec<char>,
    /// The character before belongs to it in part.
    has_lead: bool,
    /// The character after belongs to it in part.
    has_tail: bool,
}

impl Needle {
    /// The secret itself.
    pub(super) fn text(secret: &str) -> Self {
        Self {
            letters: secret.chars().collect(),
            has_lead: false,
            has_tail: false,
        }
    }

    /// All ways in which `bytes` show up inside a Base64 text: in the standard and in the URL-safe alphabet, behind
    /// any number of other bytes.
    pub(super) fn base64(bytes: &[u8]) -> Vec<Self> {
        const STANDARD: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const URL_SAFE: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut needles: Vec<Self> = Vec::new();
        for alphabet in [STANDARD, URL_SAFE] {
            for before in 0..3 {
                let needle = Self::base64_behind(before, bytes, alphabet);
                if !needles.contains(&needle) {
                    needles.push(needle);
                }
            }
        }
        needles
    }

    /// The characters that are the same whatever the `before` bytes in front and the bytes behind are.
    fn base64_behind(before: usize, bytes: &[u8], alphabet: &[u8; 64]) -> Self {
        let bit_count = bytes.len() * 8;
        let bit = |at: usize| u32::from(bytes[at / 8] >> (7 - at % 8) & 1);
        // A character begins every six bits, counted from the bytes in front.
        let first = (6 - before * 8 % 6) % 6;
        let letters = (first..=bit_count.saturating_sub(6))
            .step_by(6)
            .map(|start| {
                let six = (start..start + 6).fold(0, |six, at| six << 1 | bit(at));
                char::from(alphabet[six as usize])
            });
        Self {
            letters: letters.collect(),
            has_lead: first > 0,
            has_tail: !(bit_count - first).is_multiple_of(6),
        }
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> usize {
        self.letters.iter().map(|letter| letter.len_utf8()).sum()
    }

    /// The bytes with which a match can begin.
    pub(super) fn first_bytes(&self) -> Vec<u8> {
        let Some(&first) = self.letters.first() else {
            return Vec::new();
        };
        let mut raw = [0; 4];
        first.encode_utf8(&mut raw);
        let mut bytes = vec![raw[0]];
        let plus = (first == ' ').then_some(b'+');
        let entity = entity(first).map(|_| b'&');
        for byte in [Some(b'%'), Some(b'\\'), plus, entity]
            .into_iter()
            .flatten()
        {
            if !bytes.contains(&byte) {
                bytes.push(byte);
            }
        }
        bytes
    }

    /// The longest match that begins at `start`, with the characters around it that are its own in part.
    pub(super) fn find_at(&self, text: &[u8], start: usize) -> Option<(usize, usize)> {
        let mut ends = Ends::default();
        ends.add(start);
        for &letter in &self.letters {
            let mut after = Ends::default();
            for at in ends.iter() {
                step(text, at, letter, &mut after);
            }
            after.first?;
            ends = after;
        }
        let end = ends.iter().max()?;
        let has_lead = self.has_lead && start > 0 && is_base64(text[start - 1]);
        let has_tail = self.has_tail && text.get(end).copied().is_some_and(is_base64);
        Some((start - usize::from(has_lead), end + usize::from(has_tail)))
    }
}

/// The places a match has come to; more than one only while it is open how a character was spelled.
#[derive(Default)]
struct Ends {
    first: Option<usize>,
    more: Vec<usize>,
}

impl Ends {
    fn add(&mut self, end: usize) {
        match self.first {
            None => self.first = Some(end),
            Some(first) if first != end && !self.more.contains(&end) => self.more.push(end),
            Some(_) => {}
        }
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.first.into_iter().chain(self.more.iter().copied())
    }
}

/// Adds every place to which `letter` leads from `at`, as it is or escaped.
fn step(text: &[u8], at: usize, letter: char, ends: &mut Ends) {
    let mut raw = [0; 4];
    let raw = letter.encode_utf8(&mut raw).as_bytes();
    let rest = text.get(at..).unwrap_or_default();
    if rest.starts_with(raw) {
        ends.add(at + raw.len());
    }
    let escaped = match rest.first() {
        Some(b'%') if letter == '%' => {
            ends_of_percent_sign(text, at, ends);
            None
        }
        Some(b'%') => end_of_percent(rest, raw),
        Some(b'+') => (letter == ' ').then_some(1),
        Some(b'\\') if letter == '\\' => {
            ends_of_backslash(text, at, ends);
            None
        }
        Some(b'\\') => end_of_escape(rest, letter),
        Some(b'&') => end_of_entity(rest, letter),
        _ => None,
    };
    if let Some(length) = escaped {
        ends.add(at + length);
    }
}

/// `bytes`, none of which is a percent sign, as percent sequences, encoded once or more often: `%2F`, `%2f`, `%252F`.
fn end_of_percent(text: &[u8], bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for &byte in bytes {
        if text.get(at) != Some(&b'%') {
            return None;
        }
        at += 1;
        while text.get(at..at + 2) == Some(b"25") {
            at += 2;
        }
        let digits = text.get(at..at + 2)?;
        if hex(digits) != Some(u32::from(byte)) {
            return None;
        }
        at += 2;
    }
    Some(at)
}

/// A percent sign, encoded once or more often: each `25` can be the last of its own.
fn ends_of_percent_sign(text: &[u8], at: usize, ends: &mut Ends) {
    let mut end = at + 1;
    while text.get(end..end + 2) == Some(b"25") {
        end += 2;
        ends.add(end);
    }
}

/// A backslash, doubled as often as texts stand inside texts.
fn ends_of_backslash(text: &[u8], at: usize, ends: &mut Ends) {
    for length in [2, 4, 8] {
        if text[at..].starts_with(&br"\\\\\\\\"[..length]) {
            ends.add(at + length);
        }
    }
}

/// `letter`, which is no backslash, behind one or more of them, as in JSON and in debug output.
fn end_of_escape(text: &[u8], letter: char) -> Option<usize> {
    let slashes = count_slashes(text);
    let short = match letter {
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '\0' => b'0',
        '"' | '/' | '\'' => letter as u8,
        _ => b'u',
    };
    let code = *text.get(slashes)?;
    if code == short && short != b'u' {
        return Some(slashes + 1);
    }
    if text[slashes..].starts_with(b"u{") {
        let digits = text[slashes + 2..].iter();
        let digits = digits.take_while(|byte| byte.is_ascii_hexdigit()).count();
        let close = slashes + 2 + digits;
        let is_letter = hex(&text[slashes + 2..close]) == Some(u32::from(letter));
        return (is_letter && text.get(close) == Some(&b'}')).then_some(close + 1);
    }
    let mut units = [0; 2];
    let mut at = 0;
    for unit in letter.encode_utf16(&mut units) {
        let digits = at + count_slashes(&text[at..]) + 1;
        let is_unit = digits > at + 1
            && text.get(digits - 1) == Some(&b'u')
            && text.get(digits..digits + 4).and_then(hex) == Some(u32::from(*unit));
        if !is_unit {
            return None;
        }
        at = digits + 4;
    }
    Some(at)
}

fn count_slashes(text: &[u8]) -> usize {
    text.iter().take_while(|byte| **byte == b'\\').count()
}

fn hex(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    u32::from_str_radix(text, 16).ok()
}

/// `letter` as HTML and XML write it.
fn end_of_entity(text: &[u8], letter: char) -> Option<usize> {
    let mut names = entity(letter)?.iter();
    let name = names.find(|name| text.starts_with(name.as_bytes()))?;
    Some(name.len())
}

/// The ways in which HTML and XML write a character that is special there.
fn entity(letter: char) -> Option<&'static [&'static str]> {
    match letter {
        '&' => Some(&["&amp;", "&#38;", "&#x26;"]),
        '<' => Some(&["&lt;", "&#60;", "&#x3C;", "&#x3c;"]),
        '>' => Some(&["&gt;", "&#62;", "&#x3E;", "&#x3e;"]),
        '"' => Some(&["&quot;", "&#34;", "&#x22;"]),
        '\'' => Some(&["&apos;", "&#39;", "&#x27;"]),
        '/' => Some(&["&#47;", "&#x2F;", "&#x2f;"]),
        '+' => Some(&["&#43;", "&#x2B;", "&#x2b;"]),
        '=' => Some(&["&#61;", "&#x3D;", "&#x3d;"]),
        _ => None,
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(secret: &str, text: &'t str) -> Option<&'t str> {
        let needle = Needle::text(secret);
        let mut starts = 0..text.len();
        starts.find_map(|start| {
            let (start, end) = needle.find_at(text.as_bytes(), start)?;
            Some(&text[start..end])
        })
    }

    #[test]
    fn each_character_may_be_spelled_in_its_own_way() {
        for (secret, text) in [
            ("a/b c", "a/b c"),
            ("a/b c", "a%2fb+c"),
            ("a/b c", "%61%2F%62%20%63"),
            ("a/b c", "a%252Fb%2520c"),
            ("a/b c", "a\\/b\\u0020c"),
            ("k\"é\n", "k\\\"\\u00e9\\n"),
            ("k\"é\n", "k%22%C3%A9%0a"),
            ("k\"é\n", "k\\\\\\\"é\\n"),
            ("😀x<", "\\ud83d\\uDE00x&lt;"),
            ("😀x<", "\\u{1f600}x\\u003c"),
            ("100%", "100%"),
            ("100%", "100%25"),
            ("100%", "100%2525"),
            ("%41b", "%41b"),
            ("%41b", "%2541b"),
            ("%25b", "%2525b"),
            ("%25b", "%252525b"),
            ("a\\b", "a\\b"),
            ("a\\b", "a\\\\b"),
        ] {
            assert_eq!(found(secret, text), Some(text), "{secret} in {text}");
        }
    }

    #[test]
    fn what_only_begins_like_the_secret_is_no_match() {
        for (secret, text) in [
            ("abcd", "abc"),
            ("abcd", "abc%6"),
            ("abcd", "abc%zz"),
            ("abcd", "abc%25"),
            ("abcé", "abc%C3"),
            ("abcé", "abc%C3A9"),
            ("abc\"", "abc\\"),
            ("abc😀", "abc\\ud83d"),
            ("abcd", "abc\\u{64"),
            ("abcd", "ABCD"),
        ] {
            assert_eq!(found(secret, text), None, "{secret} in {text}");
        }
    }

    #[test]
    fn many_ways_to_read_a_text_take_no_more_than_a_moment() {
        let secret = "%25".repeat(2000);
        let text = format!("{}x", "%25".repeat(1999));
        assert_eq!(Needle::text(&secret).find_at(text.as_bytes(), 0), None);
    }
}
