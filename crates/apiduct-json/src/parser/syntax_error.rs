use std::fmt;

use super::MAX_DEPTH;

/// Why a document is not JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxError {
    /// Byte offset in the text.
    pub offset: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The text ends inside a value.
    UnexpectedEnd,
    /// Something else was expected here.
    Expected(&'static str),
    /// A raw control character inside a string.
    ControlCharacter,
    /// An escape that JSON does not know.
    InvalidEscape,
    /// A number that breaks JSON's grammar, such as `01`, `1.` or `+1`.
    InvalidNumber,
    /// Lists and objects nest deeper than [`MAX_DEPTH`].
    TooDeep,
    /// Something follows the document.
    TrailingData,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd => f.write_str("the text ends inside a value"),
            Self::Expected(what) => write!(f, "expected {what}"),
            Self::ControlCharacter => {
                f.write_str("a control character stands unescaped in a string")
            }
            Self::InvalidEscape => f.write_str("an escape that JSON does not know"),
            Self::InvalidNumber => f.write_str("a number that JSON does not allow"),
            Self::TooDeep => write!(f, "lists and objects nest deeper than {MAX_DEPTH} levels"),
            Self::TrailingData => f.write_str("something follows the document"),
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.reason, self.offset)
    }
}

impl std::error::Error for SyntaxError {}
