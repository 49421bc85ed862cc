//! What was written about tables, beside their columns.

use apiduct_steps::FieldPath;

use super::fields::{Fields, Located, Written};
use super::keys::NESTED_HINT;
use super::resource::{ColumnSpec, read_columns};
use super::steps::json_text;
use crate::error::Problems;
use crate::locate::Node;

/// Keys that are read, shown, and change nothing at the destinations of this version.
const KEPT: [&str; 6] = [
    "parallelized",
    "references",
    "table_format",
    "file_format",
    "parent_table_name",
    "root_key",
];

/// What is known about the tables of a resource, or of all resources.
#[derive(Debug, Clone, Default)]
pub struct TableHintsSpec {
    /// How many levels of lists and objects become tables and columns.
    pub max_table_nesting: Written<u64>,
    /// What is known about nested tables.
    pub nested: Written<Vec<NestedHintSpec>>,
    /// Keys that change nothing, with their values as JSON text.
    pub kept: Vec<(&'static str, Written<String>)>,
}

/// What is known about a nested table.
#[derive(Debug, Clone, PartialEq)]
pub struct NestedHintSpec {
    /// The list whose elements it gets.
    pub path: FieldPath,
    /// Its name.
    pub table_name: Written<String>,
    /// What is known about its columns.
    pub columns: Written<Vec<ColumnSpec>>,
}

impl TableHintsSpec {
    pub(crate) fn read(fields: &Fields<'_>, problems: &mut Problems) -> Self {
        let kept = KEPT.map(|key| (key, fields.read(key, |node, _| Some(json_text(node)))));
        let nested = fields.read("nested_hints", |node, path| {
            Some(read_nested(node, path, problems))
        });
        Self {
            max_table_nesting: fields.integer("max_table_nesting"),
            nested,
            kept: kept.into(),
        }
    }

    pub(crate) fn with_defaults(&self, defaults: &Self) -> Self {
        let kept = self.kept.iter().zip(&defaults.kept);
        Self {
            max_table_nesting: self.max_table_nesting.or(&defaults.max_table_nesting),
            nested: self.nested.or(&defaults.nested),
            kept: kept
                .map(|((key, own), (_, default))| (*key, own.or(default)))
                .collect(),
        }
    }

    /// The keys that change nothing and are there.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, &Located<String>)> {
        let kept = self.kept.iter();
        kept.filter_map(|(key, written)| Some((*key, written.located()?)))
    }
}

fn read_nested(node: &Node, path: &str, problems: &mut Problems) -> Vec<NestedHintSpec> {
    let entries = node.as_map().unwrap_or_default().iter();
    entries
        .filter_map(|entry| {
            let path = format!("{path}.{}", entry.key);
            let fields = Fields::new(&NESTED_HINT, &entry.value, path);
            Some(NestedHintSpec {
                path: FieldPath::parse(&entry.key).ok()?,
                table_name: fields.plain("table_name"),
                columns: fields.read("columns", |node, path| {
                    Some(read_columns(node, path, problems))
                }),
            })
        })
        .collect()
}
