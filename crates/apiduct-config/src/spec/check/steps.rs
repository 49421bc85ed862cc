//! Row steps: programs, paths of fields, and what may stand together.

use apiduct_steps::{FieldPath, Program};

use super::{Checker, KeyPath};
use crate::error::ConfigErrorKind;
use crate::locate::{Entry, Mark, Node};
use crate::spec::steps::PROGRAMS;
use crate::spec::table::Kind;

/// The first line of a program, for messages.
fn first_line(text: &str) -> String {
    match text.trim_end().split_once('\n') {
        Some((first, _)) => format!("{first} …"),
        None => text.trim_end().to_owned(),
    }
}

impl Checker<'_> {
    pub(super) fn program(&mut self, node: &Node, path: KeyPath<'_>) {
        let Some(text) = node.as_text() else {
            return self.wrong(node, path, "a jq program");
        };
        if let Err(source) = Program::parse(text) {
            let kind = ConfigErrorKind::Program {
                program: first_line(text),
                source,
            };
            self.push(path, node.mark, kind);
        }
    }

    pub(super) fn record_field(&mut self, node: &Node, path: KeyPath<'_>) {
        match node.as_text() {
            Some(text) => self.field_path(text, node.mark, path),
            None => self.wrong(node, path, "the path of a field"),
        }
    }

    fn field_path(&mut self, text: &str, mark: Mark, path: KeyPath<'_>) {
        if FieldPath::parse(text).is_err() {
            let kind = ConfigErrorKind::Malformed {
                value: text.to_owned(),
                expected: "the path of a field",
                example: "`email`, `user.email`, `items[*].price` or `['odd.key']`",
            };
            self.push(path, mark, kind);
        }
    }

    pub(super) fn field_map(&mut self, item: &Kind, node: &Node, path: KeyPath<'_>) {
        let Some(entries) = node.as_map() else {
            return self.wrong(node, path, "a mapping");
        };
        for entry in entries {
            let path = KeyPath::Key(&path, &entry.key);
            self.field_path(&entry.key, entry.mark, path);
            self.value(item, &entry.value, path);
        }
    }

    /// An entry of the list is one step, or up to three programs.
    pub(super) fn step(&mut self, entries: &[Entry], mark: Mark, path: KeyPath<'_>) {
        let mut written = entries.iter().filter(|entry| !entry.value.is_null());
        let (reason, mark) = match (written.next(), written.next()) {
            (None, _) => ("the step does nothing", mark),
            (Some(first), Some(second)) => {
                let is_program = |entry: &Entry| PROGRAMS.contains(&&*entry.key);
                let mut all = [first, second].into_iter().chain(written);
                match all.find(|entry| !is_program(entry)) {
                    None => return,
                    Some(_) => (
                        "one entry holds several steps, and their order would not be clear",
                        second.mark,
                    ),
                }
            }
            (Some(_), None) => return,
        };
        let kind = ConfigErrorKind::Conflict {
            reason: reason.to_owned(),
            hint: Some("give each step an entry of its own: `- filter: ...`".to_owned()),
        };
        self.push(path, mark, kind);
    }
}
