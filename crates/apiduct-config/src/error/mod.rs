mod advice;
mod kind;

use std::fmt;
use std::sync::Arc;

use apiduct_model::{Hint, Place};

pub use kind::ConfigErrorKind;
pub(crate) use kind::nearest;

use crate::locate::Mark;

/// One mistake in a configuration: what is wrong, at which key, in which line.
///
/// ```
/// use apiduct_config::{Format, Spec};
/// use apiduct_model::Hint;
///
/// let text = "client: {base_url: 'https://h', headrs: {}}\nresources: []\n";
/// let errors = Spec::parse(text, Format::Yaml, "s.yaml").unwrap_err();
/// let first = errors.iter().next().unwrap();
/// assert_eq!(first.to_string(), "s.yaml:1:33: client: unknown key `headrs`");
/// assert_eq!(first.hint().unwrap(), "did you mean `headers`?");
/// ```
#[derive(Debug)]
pub struct ConfigError {
    /// What is wrong.
    pub kind: ConfigErrorKind,
    /// The key, such as `resources[2].endpoint.paginator`; empty for the document as a whole.
    pub path: String,
    /// Where it stands; line 0 is the file as a whole.
    pub place: Place,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.line == 0 {
            write!(f, "{}: ", self.place.file)?;
        } else {
            write!(f, "{}: ", self.place)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.kind)
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.kind)
    }
}

impl Hint for ConfigError {
    fn hint(&self) -> Option<String> {
        self.kind.hint()
    }
}

/// Every mistake of a configuration, in the order of the file; never empty.
#[derive(Debug)]
pub struct ConfigErrors {
    errors: Vec<ConfigError>,
}

impl ConfigErrors {
    /// The mistakes.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.errors.iter()
    }

    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "there is always at least one")]
    pub fn len(&self) -> usize {
        self.errors.len()
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for ConfigErrors {
    type Item = ConfigError;
    type IntoIter = std::vec::IntoIter<ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.errors.into_iter()
    }
}

impl fmt::Display for ConfigErrors {
    /// One block for each mistake: the message, its causes, its hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.errors.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
            let mut cause = std::error::Error::source(error);
            while let Some(one) = cause {
                write!(f, "\n  cause: {one}")?;
                cause = one.source();
            }
            if let Some(hint) = error.hint() {
                write!(f, "\n  hint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Collects mistakes while a file is read.
#[derive(Debug)]
pub(crate) struct Problems {
    file: Arc<str>,
    errors: Vec<ConfigError>,
}

impl Problems {
    pub(crate) fn new(file: Arc<str>) -> Self {
        Self {
            file,
            errors: Vec::new(),
        }
    }

    pub(crate) fn file(&self) -> &Arc<str> {
        &self.file
    }

    pub(crate) fn push(&mut self, path: impl fmt::Display, mark: Mark, kind: ConfigErrorKind) {
        self.errors.push(ConfigError {
            kind,
            path: path.to_string(),
            place: mark.in_file(&self.file),
        });
    }

    /// Reports a mistake that stands elsewhere than in the file.
    pub(crate) fn push_in(&mut self, file: &str, path: &str, mark: Mark, kind: ConfigErrorKind) {
        self.errors.push(ConfigError {
            kind,
            path: path.to_owned(),
            place: mark.in_file(file),
        });
    }

    pub(crate) fn count(&self) -> usize {
        self.errors.len()
    }

    /// Whether anything was wrong at or below `path`.
    pub(crate) fn has_under(&self, path: &str) -> bool {
        self.errors.iter().any(|error| {
            error
                .path
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }

    /// `value` if nothing was wrong.
    pub(crate) fn into_result<T>(mut self, value: Option<T>) -> Result<T, ConfigErrors> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => {
                self.errors
                    .sort_by_key(|error| (error.place.line, error.place.column));
                // What stands in defaults is met once for each resource.
                self.errors.dedup_by(|later, first| {
                    later.place == first.place
                        && later.path == first.path
                        && later.kind.to_string() == first.kind.to_string()
                });
                Err(ConfigErrors {
                    errors: self.errors,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests;
