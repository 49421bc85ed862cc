//! What is written: values, and comments where there is none.

use std::fmt::Write;

use super::ImportNote;
use crate::locate::{Mark, Plain, plain_scalar};

/// A value of the file to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Out {
    Null,
    Bool(bool),
    /// In JSON spelling.
    Number(String),
    Text(String),
    List(Vec<Out>),
    Map(Vec<(String, Out)>),
    /// Something that is no data.
    Todo(Todo),
}

/// What a person has to write.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Todo {
    /// As it is in the source.
    pub(super) source: String,
    pub(super) mark: Mark,
    /// Why it was left.
    pub(super) why: String,
}

impl Out {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether there is nothing to write but comments.
    fn is_comment(&self) -> bool {
        match self {
            Self::Todo(_) => true,
            Self::List(items) => !items.is_empty() && items.iter().all(Self::is_comment),
            Self::Map(members) => {
                !members.is_empty() && members.iter().all(|(_, value)| value.is_comment())
            }
            _ => false,
        }
    }
}

/// A note for each comment below `members`.
pub(super) fn todos(members: &[(String, Out)]) -> Vec<ImportNote> {
    let mut notes = Vec::new();
    for (key, value) in members {
        collect(key, value, &mut notes);
    }
    notes
}

fn collect(key: &str, value: &Out, notes: &mut Vec<ImportNote>) {
    match value {
        Out::Todo(todo) => notes.push(ImportNote {
            mark: todo.mark,
            message: format!("`{key}` is left as a comment: {}", todo.why),
        }),
        Out::List(items) => items.iter().for_each(|item| collect(key, item, notes)),
        Out::Map(members) => {
            for (key, value) in members {
                collect(key, value, notes);
            }
        }
        _ => {}
    }
}

/// The file as YAML.
pub(super) fn yaml(members: &[(String, Out)]) -> String {
    let mut text = String::new();
    map(&mut text, members, 0, false);
    text
}

fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}

/// Writes `members`; the first one goes on the line that is begun, if `is_begun`.
fn map(text: &mut String, members: &[(String, Out)], depth: usize, is_begun: bool) {
    let mut is_begun = is_begun;
    // A line that is begun needs a value, so comments come behind the first one.
    let (comments, values): (Vec<_>, Vec<_>) =
        members.iter().partition(|(_, value)| value.is_comment());
    for (key, value) in values {
        if !std::mem::take(&mut is_begun) {
            indent(text, depth);
        }
        text.push_str(&scalar_text(key));
        text.push(':');
        member(text, value, depth);
    }
    for (key, value) in comments {
        comment(text, key, value, depth);
    }
}

/// Writes `value` behind its key.
fn member(text: &mut String, value: &Out, depth: usize) {
    match value {
        Out::Map(members) if !members.is_empty() => {
            text.push('\n');
            map(text, members, depth + 1, false);
        }
        Out::List(items) if !items.is_empty() => {
            text.push('\n');
            list(text, items, depth + 1);
        }
        value => {
            text.push(' ');
            text.push_str(&scalar(value));
            text.push('\n');
        }
    }
}

fn list(text: &mut String, items: &[Out], depth: usize) {
    for item in items {
        if item.is_comment() {
            comment(text, "", item, depth);
            continue;
        }
        indent(text, depth);
        text.push_str("- ");
        match item {
            Out::Map(members) if !members.is_empty() => map(text, members, depth + 1, true),
            Out::List(inner) if !inner.is_empty() => {
                text.push('\n');
                list(text, inner, depth + 1);
            }
            item => {
                text.push_str(&scalar(item));
                text.push('\n');
            }
        }
    }
}

fn comment(text: &mut String, key: &str, value: &Out, depth: usize) {
    match value {
        Out::Todo(todo) => {
            indent(text, depth);
            let source: Vec<&str> = todo.source.split_whitespace().collect();
            let source: String = source.join(" ").chars().take(200).collect();
            let key = if key.is_empty() {
                String::new()
            } else {
                format!("{key}: ")
            };
            let Mark { line, column } = todo.mark;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# TODO {key}{source}");
            indent(text, depth);
            let _ = writeln!(text, "#      line {line}, column {column}: {}", todo.why);
        }
        Out::List(items) => items
            .iter()
            .for_each(|item| comment(text, key, item, depth)),
        Out::Map(members) => {
            for (inner, value) in members {
                let path = if key.is_empty() {
                    inner.clone()
                } else {
                    format!("{key}.{inner}")
                };
                comment(text, &path, value, depth);
            }
        }
        _ => {}
    }
}

fn scalar(value: &Out) -> String {
    match value {
        Out::Bool(value) => value.to_string(),
        Out::Number(digits) => digits.clone(),
        Out::Text(text) => scalar_text(text),
        Out::List(_) => "[]".to_owned(),
        Out::Map(_) => "{}".to_owned(),
        Out::Null | Out::Todo(_) => "null".to_owned(),
    }
}

/// `text` bare where YAML reads it back as the same text, quoted as in JSON elsewhere.
pub(crate) fn scalar_text(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./".contains(letter);
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    let bare = text
        .strip_prefix("https:")
        .or_else(|| text.strip_prefix("http:"));
    let is_bare = bare
        .filter(|_| is_url)
        .unwrap_or(text)
        .chars()
        .all(is_plain)
        && text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "yes" | "no" | "on" | "off" | "y" | "n"
        )
        && matches!(plain_scalar(text), Plain::Text);
    if is_bare {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}
