use std::fmt;

use serde::Serialize;

/// An error that can say what to do about itself.
///
/// Reporters print the hint after the chain of causes. A hint is one sentence, lowercase, no full stop.
pub trait Hint {
    /// What the user can do, or `None` when there is nothing to advise.
    fn hint(&self) -> Option<String>;
}

/// A place in a file that a user wrote: `source.yaml:41:7`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file as the user named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
