//! A configuration of the reference, as data or as Python source, turned into a file of ours.
//!
//! What the reference calls by other names, counts differently or leaves to a default of its own is written out, so that
//! the file means the same here. Python is read, never run: literals, names that are assigned literals, references to
//! secrets and the environment, and the client's paginators and authentications are understood; anything else is left in the
//! file as a comment, with its place.
//!
//! ```
//! use apiduct_config::import::{Language, import};
//!
//! let python = r#"
//! config = {
//!     "client": {"base_url": "https://api.example.com", "auth": BearerTokenAuth(dlt.secrets["token"])},
//!     "resources": ["users"],
//! }
//! source = rest_api_source(config, name="shop")
//! "#;
//! let imported = import(python, Language::Python, "shop.py")?;
//! assert!(imported.yaml.contains("token: \"${secret:token}\""));
//! assert!(imported.notes.is_empty());
//! # Ok::<(), apiduct_config::import::ImportError>(())
//! ```

mod adapt;
mod out;
mod python;

pub(crate) use out::scalar_text;

use std::path::Path;

use apiduct_model::Hint;

use crate::error::ConfigErrors;
use crate::locate::{Format, Mark, Node, NodeValue};
use out::Out;

/// How a configuration of the reference is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// As data.
    Data(Format),
    /// As the source of a Python program.
    Python,
}

impl Language {
    /// The language that the extension of `path` stands for: `.py`, or one of [`Format::of_path`].
    pub fn of_path(path: &Path) -> Option<Self> {
        if path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("py"))
        {
            return Some(Self::Python);
        }
        Format::of_path(path).map(Self::Data)
    }
}

/// What became of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The file.
    pub yaml: String,
    /// What a person should look at, in the order of the source.
    pub notes: Vec<ImportNote>,
}

/// Something that could not be taken over as it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportNote {
    /// Where it is in the source.
    pub mark: Mark,
    /// What it is.
    pub message: String,
}

/// Why nothing could be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The data cannot be read.
    #[error("`{file}` cannot be read")]
    Data {
        /// The file.
        file: String,
        /// All mistakes in it.
        source: ConfigErrors,
    },
    /// The Python source cannot be read.
    #[error("{file}:{}:{}: {problem}", mark.line, mark.column)]
    Python {
        /// The file.
        file: String,
        /// Where.
        mark: Mark,
        /// What is wrong.
        problem: &'static str,
    },
    /// There is no configuration in it.
    #[error("`{file}` has no configuration with `client` and `resources`")]
    NoConfiguration {
        /// The file.
        file: String,
    },
}

impl Hint for ImportError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Data { .. } => return None,
            Self::Python { .. } => "check that Python can read the file",
            Self::NoConfiguration { .. } => {
                "it is looked for in calls of `rest_api_source` and `rest_api_resources` and in assigned dictionaries; in a program that builds it, dump it as JSON and import that"
            }
        };
        Some(hint.to_owned())
    }
}

/// A configuration before it is written.
#[derive(Debug, Default)]
struct Draft {
    name: Option<String>,
    destination: Option<Out>,
    dataset: Option<Out>,
    config: Vec<(String, Out)>,
    notes: Vec<ImportNote>,
}

/// Turns `text`, the configuration in `file`, into a file of ours.
///
/// # Errors
/// [`ImportError`] when `text` cannot be read, or has no configuration in it.
pub fn import(text: &str, language: Language, file: &str) -> Result<Imported, ImportError> {
    let mut draft = match language {
        Language::Python => python::draft(text, file)?,
        Language::Data(format) => {
            let root = Node::parse(text, format, file).map_err(|source| ImportError::Data {
                file: file.to_owned(),
                source,
            })?;
            let Out::Map(config) = Out::from(&root) else {
                return Err(ImportError::NoConfiguration {
                    file: file.to_owned(),
                });
            };
            Draft {
                config,
                ..Draft::default()
            }
        }
    };
    if !draft.config.iter().any(|(key, _)| key == "client") {
        return Err(ImportError::NoConfiguration {
            file: file.to_owned(),
        });
    }
    adapt::adapt(&mut draft.config, &mut draft.notes);
    let mut root = Vec::new();
    if !draft.config.iter().any(|(key, _)| key == "name")
        && let Some(name) = draft.name
    {
        root.push(("name".to_owned(), Out::Text(name)));
    }
    root.append(&mut draft.config);
    let more = [
        ("destination", draft.destination),
        ("dataset", draft.dataset),
    ];
    for (key, value) in more {
        root.extend(value.map(|value| (key.to_owned(), value)));
    }
    draft.notes.extend(out::todos(&root));
    draft.notes.sort();
    draft.notes.dedup();
    Ok(Imported {
        yaml: out::yaml(&root),
        notes: draft.notes,
    })
}

impl From<&Node> for Out {
    fn from(node: &Node) -> Self {
        match &node.value {
            NodeValue::Null => Self::Null,
            NodeValue::Bool(value) => Self::Bool(*value),
            NodeValue::Number(digits) => Self::Number(digits.to_string()),
            NodeValue::Text(text) => Self::Text(text.to_string()),
            NodeValue::List(items) => Self::List(items.iter().map(Self::from).collect()),
            NodeValue::Map(entries) => {
                let pair = |entry: &crate::locate::Entry| {
                    (entry.key.to_string(), Self::from(&entry.value))
                };
                Self::Map(entries.iter().map(pair).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests;
