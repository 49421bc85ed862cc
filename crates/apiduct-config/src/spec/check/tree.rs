//! Parents, children and seeds.

use super::{Checker, KeyPath};
use crate::error::ConfigErrorKind;
use crate::locate::{Node, NodeValue};
use crate::spec::table::Kind;
use crate::template::{Mode, Template};

impl Checker<'_> {
    /// The key `include_from_parent`: names, or paths and the names of columns.
    pub(super) fn include(&mut self, node: &Node, path: KeyPath<'_>) {
        match &node.value {
            NodeValue::List(_) => self.list(&Kind::Plain, node, path),
            NodeValue::Map(entries) => {
                for entry in entries {
                    let own = KeyPath::Key(&path, &entry.key);
                    let key = Node {
                        value: NodeValue::Text(entry.key.clone()),
                        mark: entry.mark,
                    };
                    self.selector(&key, own);
                    if !entry.value.is_null() {
                        self.plain(&entry.value, own);
                    }
                }
            }
            _ => self.wrong(
                node,
                path,
                "a list of fields, or a mapping of paths and names",
            ),
        }
    }

    /// The key `values`: scalars and mappings, in which braces mean themselves.
    pub(super) fn rows(&mut self, node: &Node, path: KeyPath<'_>) {
        let Some(list) = node.as_list() else {
            return self.wrong(node, path, "a list");
        };
        for (at, one) in list.iter().enumerate() {
            if matches!(one.value, NodeValue::Null | NodeValue::List(_)) {
                let own = KeyPath::Index(&path, at);
                self.wrong(one, own, "a text, number, boolean or mapping");
            } else {
                self.literal(one, KeyPath::Index(&path, at));
            }
        }
    }

    /// Texts at any depth that cannot refer to anything.
    fn literal(&mut self, node: &Node, path: KeyPath<'_>) {
        match &node.value {
            NodeValue::Text(text) => match Template::parse(text, Mode::References) {
                Err(problems) => {
                    for problem in problems {
                        self.push(path, node.mark, problem);
                    }
                }
                Ok(template) if !template.references().is_empty() => {
                    let kind = ConfigErrorKind::Template {
                        reason: format!(
                            "`{text}` refers to a value outside the file, which `values` cannot"
                        ),
                        hint: Some(
                            "put the rows into a `file`, which may be named by a reference"
                                .to_owned(),
                        ),
                    };
                    self.push(path, node.mark, kind);
                }
                Ok(_) => {}
            },
            NodeValue::List(list) => {
                for (at, one) in list.iter().enumerate() {
                    self.literal(one, KeyPath::Index(&path, at));
                }
            }
            NodeValue::Map(entries) => {
                for entry in entries {
                    self.literal(&entry.value, KeyPath::Key(&path, &entry.key));
                }
            }
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => {}
        }
    }

    /// An end of a range, or the step between two of its values.
    pub(super) fn bound(&mut self, node: &Node, path: KeyPath<'_>) {
        match &node.value {
            NodeValue::Text(_) | NodeValue::Number(_) => {}
            _ => self.wrong(node, path, "a whole number or a date"),
        }
    }
}
