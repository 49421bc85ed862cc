//! What is known about tables beforehand, and what of it is of no use yet.

use apiduct_model::{SnakeCase, TableName};

use super::{ColumnHint, Warning, columns};
use crate::error::{ConfigErrorKind, Problems};
use crate::spec::{ColumnSpec, Located, ResourceSpec, Spec, TableHintsSpec};

/// What is known about a nested table beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NestedPlan {
    /// Keys from the record to the list whose elements the table gets.
    pub keys: Vec<String>,
    /// Its name, normalized; else it is made of the names on the way.
    pub table: Option<TableName>,
    /// What is known about its columns.
    pub columns: Vec<ColumnHint>,
}

pub(super) fn nested(hints: &TableHintsSpec) -> Vec<NestedPlan> {
    let nested = hints.nested.value().map(Vec::as_slice).unwrap_or_default();
    nested
        .iter()
        .map(|hint| NestedPlan {
            keys: hint.path.keys().to_vec(),
            table: hint
                .table_name
                .value()
                .map(|name| SnakeCase::path(name).into()),
            columns: columns::hints(&hint.columns),
        })
        .collect()
}

/// A table for each value of a field is not there yet; a name with braces would become one without them, silently.
pub(super) fn refuse_table_templates(spec: &Spec, problems: &mut Problems) {
    for resource in spec.resources.iter().chain(&spec.defaults) {
        if let Some(name) = resource.table_name.located()
            && name.value.contains(['{', '}'])
        {
            let kind = ConfigErrorKind::NotSupported {
                what: format!("a `table_name` with placeholders, `{}`,", name.value),
                instead: Some(
                    "write a resource for each table, with a step `filter` that keeps its records",
                ),
            };
            problems.push(&name.path, name.mark, kind);
        }
    }
}

/// The levels of a resource, or else those of the source.
pub(super) fn max_table_nesting(resource: &TableHintsSpec, spec: &Spec) -> Option<usize> {
    let levels = resource
        .max_table_nesting
        .or(&spec.hints.max_table_nesting)
        .value()
        .copied();
    levels.and_then(|levels| usize::try_from(levels).ok())
}

/// The key that columns make, where the resource names none.
pub(super) fn key_of_columns(columns: &[ColumnHint]) -> Vec<String> {
    let key = columns.iter().filter(|column| column.primary_key);
    key.map(|column| column.name.clone()).collect()
}

/// Hints that change nothing, for people: `table_format: "delta"`.
pub(super) fn shown(resource: &ResourceSpec) -> Vec<String> {
    let own = resource.hints.written();
    let own = own.map(|(key, hint)| format!("{key}: {}", hint.value));
    let columns = resource.columns.value().into_iter().flatten();
    let of_columns = columns.flat_map(|column| {
        let hints = column.written();
        hints.map(|(key, hint)| format!("columns.{}.{key}: {}", column.name, hint.value))
    });
    own.chain(of_columns).collect()
}

/// Hints that look as if they did something.
pub(super) fn warnings(spec: &Spec) -> Vec<Warning> {
    let resources = spec.resources.iter().chain(&spec.defaults);
    let of_columns = resources
        .clone()
        .flat_map(|one| one.columns.value().into_iter().flatten())
        .flat_map(ColumnSpec::written);
    let of_tables = resources
        .map(|one| &one.hints)
        .chain([&spec.hints])
        .flat_map(TableHintsSpec::written);
    of_tables
        .chain(of_columns)
        .filter_map(|(key, hint)| warning(key, hint, &spec.file))
        .collect()
}

fn warning(key: &str, hint: &Located<String>, file: &str) -> Option<Warning> {
    let (message, advice) = match (key, hint.value.as_str()) {
        ("references" | "description" | "timezone" | "precision", _)
        | ("parallelized", "true")
        | ("root_key" | "unique" | "partition" | "cluster" | "sort", "false") => return None,
        ("parallelized", _) => (
            "requests run side by side all the same".to_owned(),
            "set `parallel: false` at the endpoint, or `runtime.concurrency: 1`",
        ),
        _ => (
            format!("`{key}` is kept as a hint: no destination of this version heeds it"),
            "leave it out, or leave it for later",
        ),
    };
    Some(Warning {
        message,
        hint: advice.to_owned(),
        path: hint.path.to_string(),
        place: hint.mark.in_file(file),
    })
}
