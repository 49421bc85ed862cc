use std::fmt::{self, Write as _};

use apiduct_model::Hint;

use crate::parser::{MAX_DEPTH, Reason, SyntaxError};

/// Most characters of the document that an error quotes.
const EXCERPT_CHARS: usize = 32;

/// Why a page could not be read as JSON, and where.
///
/// A broken transfer shows as one of these: a client may treat it like one and ask again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The body has no bytes, or only white space.
    #[error("the body is empty where JSON was expected")]
    Empty,
    /// The body is not UTF-8.
    #[error("the body is not UTF-8 at {location}")]
    NotUtf8 {
        /// The first byte that is not part of a character.
        location: Location,
    },
    /// The body is not JSON, or is cut.
    #[error("the body is not JSON: {reason} at {location}{}", near(.excerpt))]
    Syntax {
        /// What is wrong.
        reason: Reason,
        /// Where it is wrong.
        location: Location,
        /// A few characters from there on, control characters replaced; empty at the end of the body.
        excerpt: Box<str>,
    },
    /// Lists and objects nest deeper than [`MAX_DEPTH`].
    #[error("lists and objects nest deeper than {limit} levels at {location}")]
    TooDeep {
        /// The limit.
        limit: usize,
        /// The bracket that went too deep.
        location: Location,
    },
}

/// A place in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Bytes before it.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Location {
    /// The location of byte `offset` of `body`; past the end counts as the end.
    pub fn of(body: &[u8], offset: usize) -> Self {
        let offset = offset.min(body.len());
        let before = &body[..offset];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        // Every byte that does not continue a character begins one.
        let column = before[start..]
            .iter()
            .filter(|byte| **byte & 0xC0 != 0x80)
            .count()
            + 1;
        Self {
            offset,
            line,
            column,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl JsonError {
    /// Gives a parser's error its place in `body`, where its text began at byte `base`.
    pub fn syntax(body: &[u8], base: usize, error: SyntaxError) -> Self {
        let offset = base.saturating_add(error.offset);
        let location = Location::of(body, offset);
        match error.reason {
            Reason::TooDeep => Self::TooDeep {
                limit: MAX_DEPTH,
                location,
            },
            reason => Self::Syntax {
                reason,
                location,
                excerpt: excerpt(body, offset),
            },
        }
    }

    /// The error of a body whose byte `offset` is not UTF-8.
    pub(crate) fn not_utf8(body: &[u8], offset: usize) -> Self {
        Self::NotUtf8 {
            location: Location::of(body, offset),
        }
    }

    /// Where in the body it went wrong; `None` for an empty body.
    pub fn location(&self) -> Option<Location> {
        match self {
            Self::Empty => None,
            Self::NotUtf8 { location }
            | Self::Syntax { location, .. }
            | Self::TooDeep { location, .. } => Some(*location),
        }
    }

    /// Whether the body ends too early, as it does when a transfer breaks.
    pub fn is_cut(&self) -> bool {
        matches!(
            self,
            Self::Empty
                | Self::Syntax {
                    reason: Reason::UnexpectedEnd,
                    ..
                }
        )
    }
}

impl Hint for JsonError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax { reason: Reason::UnexpectedEnd, .. } => {
                Some("the answer was cut on its way, or its size limit was reached; try again".to_owned())
            }
            Self::Syntax { excerpt, .. } if excerpt.starts_with('<') => Some(
                "this looks like HTML or XML; check the URL, and whether the API wants the header `Accept: application/json`"
                    .to_owned(),
            ),
            Self::NotUtf8 { .. } => Some("JSON is UTF-8; the server seems to send another encoding".to_owned()),
            _ => None,
        }
    }
}

fn near(excerpt: &str) -> String {
    if excerpt.is_empty() {
        String::new()
    } else {
        format!(", near `{excerpt}`")
    }
}

fn excerpt(body: &[u8], offset: usize) -> Box<str> {
    let rest = body.get(offset..).unwrap_or_default();
    // Four bytes a character at most.
    let window = String::from_utf8_lossy(&rest[..rest.len().min(EXCERPT_CHARS * 4)]);
    let mut text = String::new();
    for letter in window.chars().take(EXCERPT_CHARS) {
        if letter.is_control() || letter == '`' {
            text.push(' ');
        } else {
            let _ = text.write_char(letter);
        }
    }
    text.trim_end().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_count_lines_and_characters() {
        let body = "{\n \"ä\": x}".as_bytes();
        let location = Location::of(body, body.len() - 2);
        assert_eq!((location.line, location.column), (2, 7));
        assert_eq!(
            Location::of(body, 0),
            Location {
                offset: 0,
                line: 1,
                column: 1
            }
        );
        assert_eq!(Location::of(body, 999).offset, body.len());
    }

    #[test]
    fn message_says_what_and_where_and_quotes_a_little() {
        let body = b"{\"a\": nul\x07l, \"long\": \"0123456789012345678901234567890123456789\"}";
        let error = JsonError::syntax(
            body,
            1,
            SyntaxError {
                offset: 5,
                reason: Reason::Expected("`null`"),
            },
        );
        assert_eq!(
            error.to_string(),
            "the body is not JSON: expected `null` at line 1, column 7, near `nul l, \"long\": \"0123456789012345`"
        );
    }

    #[test]
    fn excerpt_survives_a_cut_character() {
        let body = "x".repeat(100) + "ü";
        let cut = &body.as_bytes()[..body.len() - 1];
        let error = JsonError::syntax(
            cut,
            0,
            SyntaxError {
                offset: 100,
                reason: Reason::UnexpectedEnd,
            },
        );
        assert!(error.is_cut());
        assert_eq!(error.location().map(|location| location.column), Some(101));
    }

    #[test]
    fn html_gets_a_hint_about_the_url() {
        let error = JsonError::syntax(
            b"<html>",
            0,
            SyntaxError {
                offset: 0,
                reason: Reason::Expected("a value"),
            },
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("HTML")));
        assert_eq!(JsonError::Empty.hint(), None);
    }

    #[test]
    fn depth_has_its_own_kind() {
        let error = JsonError::syntax(
            b"[[",
            0,
            SyntaxError {
                offset: 1,
                reason: Reason::TooDeep,
            },
        );
        assert_eq!(
            error.to_string(),
            "lists and objects nest deeper than 512 levels at line 1, column 2"
        );
    }
}
