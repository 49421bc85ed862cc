//! A configuration file as one tree in which every value and key knows its place.
//!
//! YAML, TOML and JSON become the same [`Node`]s; what follows does not know which one it was.

mod index;
mod json;
mod scalar;
mod toml;
mod yaml;

use std::path::Path;
use std::sync::Arc;

use apiduct_model::Place;
use serde_json::Value;

pub(crate) use index::LineIndex;
pub(crate) use scalar::{Plain, plain_scalar};

use crate::error::{ConfigErrorKind, ConfigErrors, Problems};

/// How deep lists and mappings of a configuration may nest.
pub const MAX_DEPTH: usize = 64;

/// Reports a number such as infinity; what stands for it.
fn no_number(problems: &mut Problems, mark: Mark, reason: String) -> NodeValue {
    let hint = "put it into quotes to have it as text";
    problems.push("", mark, ConfigErrorKind::Syntax { reason, hint });
    NodeValue::Null
}

/// What to do about too many levels.
const DEPTH_HINT: &str = "look for brackets that are not closed";

/// The language a configuration is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// YAML 1.2, one document, anchors and merge keys included.
    Yaml,
    /// TOML 1.1.
    Toml,
    /// JSON.
    Json,
}

impl Format {
    /// The format that the extension of `path` stands for: `.yaml`, `.yml`, `.toml` or `.json`, in any case.
    pub fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// A line and a column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Mark {
    /// The first character of a file.
    pub const START: Self = Self { line: 1, column: 1 };

    /// No line: the file as a whole.
    pub const WHOLE_FILE: Self = Self { line: 0, column: 0 };

    /// This mark in the file called `file`.
    pub fn in_file(self, file: &str) -> Place {
        Place {
            file: file.to_owned(),
            line: self.line,
            column: self.column,
        }
    }
}

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What stands there.
    pub value: NodeValue,
    /// Where it begins.
    pub mark: Mark,
}

/// What a configuration file can hold.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number in JSON spelling, as exact as it was written.
    Number(Box<str>),
    /// A text; a date of TOML too.
    Text(Box<str>),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file; keys are unique.
    Map(Vec<Entry>),
}

/// One key of a mapping and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Box<str>,
    /// Where the key begins.
    pub mark: Mark,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// Reads `text`; `file` is the name for messages.
    ///
    /// # Errors
    /// Every syntax error and duplicate key that can be told apart.
    ///
    /// ```
    /// use apiduct_config::locate::{Format, Node};
    ///
    /// let root = Node::parse("name: a\nname: b\n", Format::Yaml, "x.yaml").unwrap_err();
    /// assert!(root.to_string().starts_with("x.yaml:2:1: key `name` is written twice"));
    /// ```
    pub fn parse(text: &str, format: Format, file: &str) -> Result<Self, ConfigErrors> {
        let mut problems = Problems::new(Arc::from(file));
        let root = Self::read(text, format, &mut problems);
        problems.into_result(root)
    }

    pub(crate) fn read(text: &str, format: Format, problems: &mut Problems) -> Option<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match format {
            Format::Yaml => yaml::read(text, problems),
            Format::Toml => toml::read(text, problems),
            Format::Json => json::read(text, problems),
        }
    }

    /// The word for the kind of this value, with its article, for messages.
    pub fn word(&self) -> &'static str {
        match &self.value {
            NodeValue::Null => "null",
            NodeValue::Bool(_) => "a boolean",
            NodeValue::Number(_) => "a number",
            NodeValue::Text(_) => "a text",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a mapping",
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        self.value == NodeValue::Null
    }

    /// The text, if this is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a text, number or boolean.
    pub fn scalar_text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Text(text) | NodeValue::Number(text) => Some(text),
            NodeValue::Bool(true) => Some("true"),
            NodeValue::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// The elements, if this is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.value {
            NodeValue::List(list) => Some(list),
            _ => None,
        }
    }

    /// The entries, if this is a mapping.
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.value {
            NodeValue::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value under `key`, if this is a mapping that has it.
    pub fn value_of(&self, key: &str) -> Option<&Self> {
        let entry = self.as_map()?.iter().find(|entry| *entry.key == *key)?;
        Some(&entry.value)
    }

    /// The same value without places. Numbers beyond what JSON libraries hold exactly become texts.
    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(*value),
            NodeValue::Number(text) => {
                exact_number(text).unwrap_or_else(|| Value::from(text.as_ref()))
            }
            NodeValue::Text(text) => Value::from(text.as_ref()),
            NodeValue::List(list) => list.iter().map(Self::to_json).collect(),
            NodeValue::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.to_string(), entry.value.to_json()))
                .collect(),
        }
    }
}

/// `text` as a number of `serde_json`, unless it would lose digits.
pub(crate) fn exact_number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::from(whole));
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(Value::from(whole));
    }
    let is_fraction = text.contains(['.', 'e', 'E']);
    let float: f64 = text.parse().ok()?;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (is_fraction && digits <= 17 && float.is_finite()).then(|| Value::from(float))
}

/// Reports `key` as written twice when `entries` has it already; `true` if it has.
pub(crate) fn is_duplicate(
    entries: &[Entry],
    key: &str,
    mark: Mark,
    problems: &mut Problems,
) -> bool {
    let Some(first) = entries.iter().find(|entry| *entry.key == *key) else {
        return false;
    };
    problems.push(
        "",
        mark,
        ConfigErrorKind::DuplicateKey {
            key: key.to_owned(),
            first_line: first.mark.line,
        },
    );
    true
}

#[cfg(test)]
mod tests;
