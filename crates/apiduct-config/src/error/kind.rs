use std::io;

use apiduct_json::SelectorError;
use apiduct_model::Hint;
use apiduct_steps::ProgramError;

use super::advice;

/// What can be wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// The file cannot be read.
    #[error("cannot read the file")]
    Read {
        /// What the system said.
        source: io::Error,
    },
    /// The extension names no known language.
    #[error("the extension does not say whether this is YAML, TOML or JSON")]
    UnknownFormat,
    /// The text breaks the rules of its language.
    #[error("{reason}")]
    Syntax {
        /// Which rule, in words.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// A key stands twice in one mapping.
    #[error("key `{key}` is written twice, first in line {first_line}")]
    DuplicateKey {
        /// The key.
        key: String,
        /// The line of its first occurrence.
        first_line: usize,
    },
    /// A key that nothing knows.
    #[error("unknown key `{key}`")]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The known key that looks most like it.
        nearest: Option<String>,
        /// All keys that may stand here.
        known: Vec<&'static str>,
    },
    /// A key that another type of the same thing has.
    #[error("key `{key}` does not belong to {owner}")]
    ForeignKey {
        /// The key as written.
        key: String,
        /// What it was written for, such as "paginator `page_number`".
        owner: String,
        /// The types that do have it.
        belongs_to: Vec<&'static str>,
    },
    /// Something that the reference has and this version has not.
    #[error("{what} is not supported by this version")]
    NotSupported {
        /// The key or value, in words.
        what: String,
        /// What to do instead.
        instead: Option<&'static str>,
    },
    /// A required key is not there.
    #[error("required key `{key}` is missing")]
    MissingKey {
        /// The key.
        key: &'static str,
        /// What it means.
        doc: &'static str,
    },
    /// A value of another type than the key takes.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What may stand here.
        expected: String,
        /// What stands here.
        found: &'static str,
    },
    /// A word that is not among those allowed.
    #[error("unknown {what} `{value}`")]
    UnknownValue {
        /// What the word names, such as "paginator".
        what: &'static str,
        /// The word.
        value: String,
        /// The words that are allowed.
        valid: Vec<&'static str>,
    },
    /// A value that has the right type and makes no sense.
    #[error("`{value}` is not {expected}")]
    Malformed {
        /// The value, secrets masked.
        value: String,
        /// What it ought to be, such as "a duration".
        expected: &'static str,
        /// How one is written.
        example: &'static str,
    },
    /// A path that is not JSONPath.
    #[error("`{value}` is not a JSONPath")]
    Selector {
        /// The path as written.
        value: String,
        /// What the parser said.
        source: SelectorError,
    },
    /// A text that is no jq program.
    #[error("`{program}` is not a jq program")]
    Program {
        /// The program as written.
        program: String,
        /// What is wrong with it, and where in it.
        source: ProgramError,
    },
    /// A text whose placeholders or references cannot be read.
    #[error("{reason}")]
    Template {
        /// What is wrong, in words.
        reason: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A setting that contradicts another.
    #[error("{reason}")]
    Conflict {
        /// What contradicts what.
        reason: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Two resources of one name.
    #[error("the name `{name}` is taken by another resource, in line {first_line}")]
    DuplicateName {
        /// The name.
        name: String,
        /// The line of the first one.
        first_line: usize,
    },
    /// Two resources that would write one table.
    #[error("resources `{first}` and `{second}` both load table `{table}`")]
    DuplicateTable {
        /// The table's normalized name.
        table: String,
        /// The resource that comes first.
        first: String,
        /// The other one.
        second: String,
    },
    /// A placeholder names a resource that is not there.
    #[error("resource `{child}` needs resource `{parent}`, which is not in the file")]
    UnknownParent {
        /// The resource with the placeholder.
        child: String,
        /// The name it gives.
        parent: String,
        /// The resource whose name looks most like it.
        nearest: Option<String>,
    },
    /// A resource refers to more than one other.
    #[error("resource `{child}` refers to more than one parent: {}", parents.join(", "))]
    SeveralParents {
        /// The resource.
        child: String,
        /// Its parents, in backticks.
        parents: Vec<String>,
    },
    /// Resources that wait for each other.
    #[error("resources depend on each other in a circle: {}", chain.join(" → "))]
    Cycle {
        /// The names, the first one repeated at the end.
        chain: Vec<String>,
    },
    /// Parent fields are asked for where there is no parent.
    #[error("resource `{resource}` has no parent to include fields from")]
    NoParent {
        /// The resource.
        resource: String,
    },
    /// A name that the program has not registered.
    #[error("no {what} `{name}` is registered")]
    NotRegistered {
        /// What the name stands for, such as "paginator".
        what: &'static str,
        /// The name.
        name: String,
        /// The names that are registered.
        registered: Vec<String>,
    },
    /// Something that the program itself makes, and cannot make.
    #[error("the program cannot make its {what} `{name}`")]
    Custom {
        /// What it is.
        what: &'static str,
        /// Its name in the registry.
        name: String,
        /// What the program said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file that is to give rows does not.
    #[error("cannot read rows from `{file}`: {reason}")]
    SeedFile {
        /// The file.
        file: String,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// A referenced secret is nowhere to be found.
    #[error("no value for `{reference}`")]
    MissingSecret {
        /// The reference as written.
        reference: String,
        /// Every place searched, in order.
        searched: Vec<String>,
    },
    /// A referenced secret cannot be read.
    #[error("cannot read the value of `{reference}` from {from}")]
    UnreadableSecret {
        /// The reference as written.
        reference: String,
        /// The place that failed.
        from: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Hint for ConfigErrorKind {
    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownFormat => Some("name the file .yaml, .toml or .json".to_owned()),
            Self::UnknownKey {
                nearest: Some(nearest),
                ..
            }
            | Self::UnknownParent {
                nearest: Some(nearest),
                ..
            } => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownKey { known, .. } => Some(format!("known keys are {}", listed(known))),
            Self::ForeignKey { belongs_to, .. } => {
                Some(format!("it belongs to {}", listed(belongs_to)))
            }
            Self::NotSupported { instead, .. } => Some(instead.unwrap_or(advice::REMOVE).to_owned()),
            Self::MissingKey { key, doc } => Some(format!("add `{key}`: {}", sentence(doc))),
            Self::UnknownValue { value, valid, .. } => Some(match nearest(value, valid) {
                Some(near) => format!("did you mean `{near}`? valid are {}", listed(valid)),
                None => format!("valid are {}", listed(valid)),
            }),
            Self::Malformed { example, .. } => Some(format!("write it like {example}")),
            Self::Selector { source, .. } => {
                Some(source.hint().unwrap_or_else(|| advice::PATH.to_owned()))
            }
            Self::Program { source, .. } => {
                Some(source.hint().unwrap_or_else(|| advice::PROGRAM.to_owned()))
            }
            Self::Template { hint, .. } | Self::Conflict { hint, .. } => hint.clone(),
            Self::DuplicateName { .. } => Some("names must be unique; rename one".to_owned()),
            Self::DuplicateTable { .. } => {
                Some("give one of them a `table_name` of its own".to_owned())
            }
            Self::UnknownParent { parent, .. } => Some(format!(
                "add a resource `{parent}`, with `selected: false` if its rows are not to be loaded"
            )),
            Self::SeveralParents { .. } => {
                Some("say how their rows go together with `for_each: product` or `for_each: zip`; fields of a parent's parent come along by `include_from_parent`".to_owned())
            }
            Self::Cycle { .. } => Some("remove one of the references".to_owned()),
            Self::NoParent { .. } => Some(
                "refer to a parent with `{resources.PARENT.FIELD}`, or remove the key".to_owned(),
            ),
            Self::NotRegistered { registered, .. } if registered.is_empty() => Some(
                "a program of yours registers it with `Registry`; the command line has none"
                    .to_owned(),
            ),
            Self::NotRegistered {
                name, registered, ..
            } => {
                let names: Vec<&str> = registered.iter().map(String::as_str).collect();
                Some(match nearest(name, &names) {
                    Some(near) => {
                        format!("did you mean `{near}`? registered are {}", listed(&names))
                    }
                    None => format!("registered are {}", listed(&names)),
                })
            }
            Self::MissingSecret { searched, .. } => {
                Some(format!("searched {}", searched.join(", then ")))
            }
            Self::Read { source } if source.kind() == io::ErrorKind::NotFound => {
                Some("check the name; `apiduct init FILE` writes a file to start from".to_owned())
            }
            Self::SeedFile { .. } => {
                Some("paths count from the folder of the configuration".to_owned())
            }
            Self::Syntax { hint, .. } => Some((*hint).to_owned()),
            Self::DuplicateKey { .. } => Some("keep one of the two".to_owned()),
            Self::WrongType { expected, found } => Some(advice::shape(expected, found)),
            Self::Read { .. }
            | Self::Custom { .. }
            | Self::UnreadableSecret { .. } => None,
        }
    }
}

fn sentence(doc: &str) -> String {
    let mut text = doc.trim_end_matches('.').to_owned();
    let second_is_lower = text.chars().nth(1).is_some_and(char::is_lowercase);
    if let Some(first) = text.get_mut(..1).filter(|_| second_is_lower) {
        first.make_ascii_lowercase();
    }
    text
}

fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// The one of `known` that looks most like `word`, if any looks like it at all.
pub(crate) fn nearest<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k (impl AsRef<str> + ?Sized + 'k)>,
) -> Option<&'k str> {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|one| {
            (
                strsim::jaro_winkler(&lower, &one.as_ref().to_lowercase()),
                one.as_ref(),
            )
        })
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, one)| one)
}
