//! Bodies that are no JSON, and query parameters with a structure.

use super::{Checker, KeyPath};
use crate::error::ConfigErrorKind;
use crate::locate::{Entry, Node, NodeValue};
use crate::spec::body::pair;
use crate::spec::keys;
use crate::template::Mode;

impl Checker<'_> {
    /// The key `data`: form fields or a text.
    pub(super) fn data(&mut self, node: &Node, path: KeyPath<'_>) {
        match &node.value {
            NodeValue::Text(_) => self.text(Mode::Request, node, path),
            NodeValue::Map(entries) => {
                for entry in entries {
                    let own = KeyPath::Key(&path, &entry.key);
                    self.template(&entry.key, Mode::Request, entry.mark, own);
                    self.field(&entry.value, own);
                }
            }
            NodeValue::List(list) => {
                for (at, one) in list.iter().enumerate() {
                    let own = KeyPath::Index(&path, at);
                    let Some((name, value)) = pair(one) else {
                        self.wrong(one, own, "a pair such as `[name, value]`");
                        continue;
                    };
                    self.template(name, Mode::Request, one.mark, own);
                    self.field(value, own);
                }
            }
            _ => self.wrong(node, path, "a mapping, a list of pairs or a text"),
        }
    }

    /// The value of a form field: null leaves it out, a list repeats it.
    fn field(&mut self, node: &Node, path: KeyPath<'_>) {
        match &node.value {
            NodeValue::Null => {}
            NodeValue::List(list) => {
                for (at, one) in list.iter().enumerate().filter(|(_, one)| !one.is_null()) {
                    self.text(Mode::Request, one, KeyPath::Index(&path, at));
                }
            }
            _ => self.text(Mode::Request, node, path),
        }
    }

    /// A query parameter that is a mapping without `type`.
    pub(super) fn styled(&mut self, entries: &[Entry], node: &Node, path: KeyPath<'_>) {
        let has = |name: &str| entries.iter().any(|entry| *entry.key == *name);
        if !has("style") && !has("value") {
            let kind = ConfigErrorKind::Conflict {
                reason: "a mapping as a parameter has to say how it is written".to_owned(),
                hint: Some(
                    "write `{style: STYLE, value: ...}`; styles are `repeat`, `comma`, `brackets`, `json`"
                        .to_owned(),
                ),
            };
            return self.push(path, node.mark, kind);
        }
        self.object(&keys::STYLED, node, path);
        let (Some(style), Some(value)) = (node.value_of("style"), node.value_of("value")) else {
            return;
        };
        let style = style.as_text().unwrap_or_default();
        let fits = match &value.value {
            NodeValue::List(list) => {
                let is_flat = |one: &Node| one.scalar_text().is_some();
                matches!(style, "brackets" | "json") || list.iter().all(is_flat)
            }
            NodeValue::Map(_) => matches!(style, "brackets" | "json"),
            // Scalars have one way to be written; a placeholder may bring a list.
            _ => true,
        };
        if !fits && matches!(style, "repeat" | "comma") {
            let kind = ConfigErrorKind::Conflict {
                reason: format!("style `{style}` takes a list of texts, numbers and booleans"),
                hint: Some("write nested values with `brackets` or `json`".to_owned()),
            };
            self.push(KeyPath::Key(&path, "value"), value.mark, kind);
        }
    }
}
