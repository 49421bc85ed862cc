//! Regular expressions for the text of a body.

use std::fmt;

use regex::Regex;

use crate::error::Cause;

/// A regular expression; its time is linear in the text, whatever the expression is.
///
/// ```
/// use apiduct_client::rules::Pattern;
///
/// let pattern = Pattern::new("(?i)try (again|later)")?;
/// assert!(pattern.is_match("Please Try Again in a minute"));
/// assert!(Pattern::new("(").is_err());
/// # Ok::<(), apiduct_client::rules::PatternSyntax>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

/// A text that is no regular expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a regular expression")]
pub struct PatternSyntax {
    /// The text.
    pub pattern: String,
    /// What is wrong with it.
    pub source: Cause,
}

impl Pattern {
    /// Reads an expression in the syntax of the crate `regex`: Perl's, without looking around and without references
    /// back.
    ///
    /// # Errors
    /// [`PatternSyntax`] when it is none, or would take too much memory.
    pub fn new(pattern: &str) -> Result<Self, PatternSyntax> {
        Regex::new(pattern)
            .map(Self)
            .map_err(|error| PatternSyntax {
                pattern: pattern.to_owned(),
                // The last line says what is wrong; those before it draw the place.
                source: Cause::new(last_line(&error.to_string())),
            })
    }

    /// Whether the expression matches anywhere in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

fn last_line(text: &str) -> &str {
    let line = text.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line)
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}
