//! A pull parser over validated text: exact numbers, borrowed strings, one pass, no allocation.

mod syntax_error;
mod text;

pub use syntax_error::{Reason, SyntaxError};
pub use text::Text;
use text::find_special;

/// How deep lists and objects may nest before a document is refused.
pub const MAX_DEPTH: usize = 512;

/// What the next value is, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A text.
    String,
    /// `[`
    List,
    /// `{`
    Object,
}

impl Kind {
    /// The word for messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::String => "text",
            Self::List => "list",
            Self::Object => "object",
        }
    }
}

/// A number as it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number<'a> {
    /// The text, which is a valid JSON number.
    pub text: &'a str,
    /// The value when it is an integer of 64 bits.
    pub int: Option<i64>,
    /// Whether it has neither a fraction nor an exponent.
    pub is_integer: bool,
}

/// A key that is expected, for [`Parser::next_key_or`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGuess {
    /// The key as compact JSON spells it: escaped, quotes around it and a colon behind.
    spelled: Box<[u8]>,
}

impl KeyGuess {
    /// Expects `key`, which is given unescaped.
    pub fn new(key: &str) -> Self {
        Self {
            spelled: format!("{}:", serde_json::Value::from(key))
                .into_bytes()
                .into(),
        }
    }
}

/// What [`Parser::next_key_or`] has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NextKey<'a> {
    /// The key that was guessed.
    Guessed,
    /// Another key, or the guessed one in another spelling.
    Other(Text<'a>),
    /// The end of the object.
    End,
}

type Result<T, E = SyntaxError> = std::result::Result<T, E>;

/// Reads one JSON document piece by piece.
///
/// ```
/// use apiduct_json::Parser;
///
/// let mut parser = Parser::new(r#"{"id": 12345678901234567890, "tags": []}"#);
/// parser.begin_object()?;
/// assert_eq!(parser.next_key()?.unwrap().raw, "id");
/// assert_eq!(parser.number()?.text, "12345678901234567890");
/// assert_eq!(parser.next_key()?.unwrap().raw, "tags");
/// assert_eq!(parser.skip()?, "[]");
/// assert!(parser.next_key()?.is_none());
/// parser.end()?;
/// # Ok::<(), apiduct_json::SyntaxError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// Whether the innermost list or object has just been opened, so that no comma may stand before its next part.
    is_fresh: bool,
}

impl<'a> Parser<'a> {
    /// Starts at the beginning of `text`.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            is_fresh: false,
        }
    }

    /// Reads the comma-separated elements of `text`, the inside of a list, with [`Parser::next_element`].
    /// The list counts as closed where the text ends.
    pub fn elements(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            is_fresh: true,
        }
    }

    /// Byte offset of what is read next.
    pub fn offset(&self) -> usize {
        self.at
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn fail<T>(&self, reason: Reason) -> Result<T> {
        Err(SyntaxError {
            offset: self.at,
            reason,
        })
    }

    #[inline]
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.bytes();
        loop {
            let byte = *bytes.get(self.at)?;
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8, what: &'static str) -> Result<()> {
        match self.peek() {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => self.fail(Reason::Expected(what)),
            None => self.fail(Reason::UnexpectedEnd),
        }
    }

    /// What the next value is.
    ///
    /// # Errors
    /// When no value starts here.
    #[inline]
    pub fn kind(&mut self) -> Result<Kind> {
        match self.peek() {
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::List),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            Some(_) => self.fail(Reason::Expected("a value")),
            None => self.fail(Reason::UnexpectedEnd),
        }
    }

    fn word(&mut self, word: &'static str, what: &'static str) -> Result<()> {
        self.peek();
        let rest = &self.bytes()[self.at..];
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        if word.as_bytes().starts_with(rest) {
            return self.fail(Reason::UnexpectedEnd);
        }
        self.fail(Reason::Expected(what))
    }

    /// Reads `null`.
    ///
    /// # Errors
    /// When something else stands here.
    pub fn null(&mut self) -> Result<()> {
        self.word("null", "`null`")
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// When something else stands here.
    pub fn bool(&mut self) -> Result<bool> {
        if self.peek() == Some(b't') {
            return self.word("true", "`true`").map(|()| true);
        }
        self.word("false", "`true` or `false`").map(|()| false)
    }

    /// Reads a number.
    ///
    /// # Errors
    /// When something else stands here or the number breaks JSON's grammar.
    #[inline]
    pub fn number(&mut self) -> Result<Number<'a>> {
        self.peek();
        let (bytes, start) = (self.bytes(), self.at);
        let is_negative = bytes.get(start) == Some(&b'-');
        let whole = start + usize::from(is_negative);
        let mut at = whole;
        let mut value: u64 = 0;
        while let Some(digit) = bytes
            .get(at)
            .map(|byte| byte.wrapping_sub(b'0'))
            .filter(|digit| *digit < 10)
        {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            at += 1;
        }
        let digits = at - whole;
        if digits == 0 || (digits > 1 && bytes[whole] == b'0') {
            self.at = at;
            return self.fail(if at == bytes.len() {
                Reason::UnexpectedEnd
            } else {
                Reason::InvalidNumber
            });
        }
        let is_integer = !matches!(bytes.get(at), Some(b'.' | b'e' | b'E'));
        if !is_integer {
            at = self.fraction_and_exponent(at)?;
        }
        self.at = at;
        let text = &self.text[start..at];
        let int = if !is_integer {
            None
        } else if digits <= 18 {
            let magnitude = value.cast_signed();
            Some(if is_negative { -magnitude } else { magnitude })
        } else {
            text.parse().ok()
        };
        Ok(Number {
            text,
            int,
            is_integer,
        })
    }

    fn fraction_and_exponent(&mut self, mut at: usize) -> Result<usize> {
        let bytes = self.bytes();
        let digits = |at: &mut usize| {
            let first = *at;
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            *at > first
        };
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            if !digits(&mut at) {
                self.at = at;
                return self.fail(if at == bytes.len() {
                    Reason::UnexpectedEnd
                } else {
                    Reason::InvalidNumber
                });
            }
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            if !digits(&mut at) {
                self.at = at;
                return self.fail(if at == bytes.len() {
                    Reason::UnexpectedEnd
                } else {
                    Reason::InvalidNumber
                });
            }
        }
        Ok(at)
    }

    /// Reads a string.
    ///
    /// # Errors
    /// When something else stands here, the string does not end, or a raw control character stands in it. Escapes
    /// are checked by [`Text::unescape`].
    #[inline]
    pub fn string(&mut self) -> Result<Text<'a>> {
        self.expect(b'"', "a text")?;
        let (bytes, start) = (self.bytes(), self.at);
        let mut at = start;
        let mut is_escaped = false;
        loop {
            at = find_special(bytes, at);
            match bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(Text {
                        raw: &self.text[start..at],
                        is_escaped,
                    });
                }
                Some(b'\\') => {
                    is_escaped = true;
                    at += 2;
                }
                Some(_) => {
                    self.at = at;
                    return self.fail(Reason::ControlCharacter);
                }
                None => {
                    self.at = bytes.len();
                    return self.fail(Reason::UnexpectedEnd);
                }
            }
        }
    }

    fn open(&mut self) -> Result<()> {
        self.depth += 1;
        self.is_fresh = true;
        if self.depth > MAX_DEPTH {
            // The bracket has just been passed.
            self.at -= 1;
            return self.fail(Reason::TooDeep);
        }
        Ok(())
    }

    fn close(&mut self) {
        self.at += 1;
        self.depth = self.depth.saturating_sub(1);
        self.is_fresh = false;
    }

    /// Opens an object; read it with [`Parser::next_key`].
    ///
    /// # Errors
    /// When something else stands here or it nests too deep.
    #[inline]
    pub fn begin_object(&mut self) -> Result<()> {
        self.expect(b'{', "an object")?;
        self.open()
    }

    /// The next key of the innermost object, after which its value is to be read; `None` once the object has ended.
    ///
    /// # Errors
    /// When neither a key nor the end of the object stands here.
    #[inline]
    pub fn next_key(&mut self) -> Result<Option<Text<'a>>> {
        match self.peek() {
            Some(b'}') => {
                self.close();
                return Ok(None);
            }
            Some(b',') if !self.is_fresh => self.at += 1,
            Some(_) if self.is_fresh => {}
            Some(_) => return self.fail(Reason::Expected("`,` or `}`")),
            None => return self.fail(Reason::UnexpectedEnd),
        }
        self.is_fresh = false;
        if self.peek() != Some(b'"') {
            let reason = if self.at == self.text.len() {
                Reason::UnexpectedEnd
            } else {
                Reason::Expected("a key")
            };
            return self.fail(reason);
        }
        let key = self.string()?;
        self.expect(b':', "`:`")?;
        Ok(Some(key))
    }

    /// The next key of the innermost object, as [`Parser::next_key`], with a guess at what it is: when the guess is
    /// right, the key is not read but compared.
    ///
    /// # Errors
    /// When neither a key nor the end of the object stands here.
    #[inline]
    pub fn next_key_or(&mut self, guess: &KeyGuess) -> Result<NextKey<'a>> {
        let bytes = self.bytes();
        let has_comma = bytes.get(self.at) == Some(&b',');
        let start = self.at + usize::from(has_comma);
        let is_right = bytes
            .get(start..)
            .is_some_and(|rest| rest.starts_with(&guess.spelled));
        if is_right && has_comma != self.is_fresh {
            self.at = start + guess.spelled.len();
            self.is_fresh = false;
            return Ok(NextKey::Guessed);
        }
        Ok(self.next_key()?.map_or(NextKey::End, NextKey::Other))
    }

    /// Opens a list; read it with [`Parser::next_element`].
    ///
    /// # Errors
    /// When something else stands here or it nests too deep.
    #[inline]
    pub fn begin_list(&mut self) -> Result<()> {
        self.expect(b'[', "a list")?;
        self.open()
    }

    /// Whether the innermost list goes on, so that an element is to be read; `false` once it has ended.
    ///
    /// # Errors
    /// When neither an element nor the end of the list stands here.
    #[inline]
    pub fn next_element(&mut self) -> Result<bool> {
        match self.peek() {
            Some(b']') if self.depth > 0 => {
                self.close();
                Ok(false)
            }
            Some(b',') if !self.is_fresh => {
                self.at += 1;
                self.kind().map(|_| true)
            }
            Some(_) if self.is_fresh => {
                self.is_fresh = false;
                Ok(true)
            }
            Some(_) => self.fail(Reason::Expected("`,` or `]`")),
            None if self.depth == 0 => Ok(false),
            None => self.fail(Reason::UnexpectedEnd),
        }
    }

    /// Passes over the next value and gives its text. Inside a list or object only quotes and brackets are looked at.
    ///
    /// # Errors
    /// When the value does not end or its brackets do not match.
    #[inline]
    pub fn skip(&mut self) -> Result<&'a str> {
        match self.kind()? {
            Kind::String => {
                let start = self.at;
                self.string()?;
                Ok(&self.text[start..self.at])
            }
            Kind::Number => Ok(self.number()?.text),
            Kind::Bool => Ok(if self.bool()? { "true" } else { "false" }),
            Kind::Null => self.null().map(|()| "null"),
            Kind::List | Kind::Object => self.skip_structure(),
        }
    }

    fn skip_structure(&mut self) -> Result<&'a str> {
        let (bytes, start) = (self.bytes(), self.at);
        // One bit per open level: set for an object.
        let mut open = [0_u64; MAX_DEPTH / 64];
        let mut level = 0;
        loop {
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(opening @ (b'{' | b'[')) => {
                    if self.depth + level >= MAX_DEPTH {
                        return self.fail(Reason::TooDeep);
                    }
                    let bit = 1 << (level % 64);
                    if *opening == b'{' {
                        open[level / 64] |= bit;
                    } else {
                        open[level / 64] &= !bit;
                    }
                    level += 1;
                }
                Some(closing @ (b'}' | b']')) => {
                    level -= 1;
                    let is_object = open[level / 64] >> (level % 64) & 1 == 1;
                    if is_object != (*closing == b'}') {
                        return self.fail(Reason::Expected(if is_object { "`}`" } else { "`]`" }));
                    }
                    if level == 0 {
                        self.at += 1;
                        return Ok(&self.text[start..self.at]);
                    }
                }
                Some(_) => {}
                None => return self.fail(Reason::UnexpectedEnd),
            }
            self.at += 1;
        }
    }

    /// Makes sure that only white space is left.
    ///
    /// # Errors
    /// When something follows.
    pub fn end(&mut self) -> Result<()> {
        if self.peek().is_some() {
            self.fail(Reason::TrailingData)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
