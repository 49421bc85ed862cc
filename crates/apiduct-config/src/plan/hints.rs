//! What is known about tables beforehand, and what of it is of no use yet.

use apiduct_json::Selector;
use apiduct_model::{SnakeCase, TableName};

use super::{ColumnHint, Warning, columns};
use crate::error::{ConfigErrorKind, Problems};
use crate::spec::{ColumnSpec, Located, ResourceSpec, Spec, TableHintsSpec, Written};

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

/// The name of a resource's table where values of the records are part of it: `event_{type}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableTemplate {
    /// The name as written.
    pub text: String,
    /// What it is made of, in order.
    pub parts: Vec<TablePart>,
}

/// A part of a [`TableTemplate`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TablePart {
    /// This text.
    Text(String),
    /// The value at this path of the record.
    Field(Selector),
}

impl TableTemplate {
    /// Reads `text`. A doubled brace is a brace.
    ///
    /// # Errors
    /// What is wrong with it.
    fn parse(text: &str) -> Result<Self, ConfigErrorKind> {
        let wrong = |reason: String| ConfigErrorKind::Template {
            reason,
            hint: Some("write it like `event_{type}` or `{data.kind}`".to_owned()),
        };
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at(at);
            plain.push_str(before);
            let brace = &after[..1];
            if let Some(after) = after[1..].strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let end = after.find('}').filter(|_| brace == "{");
            let end = end.ok_or_else(|| wrong(format!("`{text}` has a `{brace}` of its own")))?;
            let path = after[1..end].trim();
            let field = Selector::parse(path).ok().filter(is_field);
            let field = field.ok_or_else(|| {
                wrong(format!(
                    "`{{{path}}}` is not the path of a field of the record"
                ))
            })?;
            if !plain.is_empty() {
                parts.push(TablePart::Text(std::mem::take(&mut plain)));
            }
            parts.push(TablePart::Field(field));
            rest = &after[end + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(TablePart::Text(plain));
        }
        let text = text.to_owned();
        Ok(Self { text, parts })
    }

    fn has_fields(&self) -> bool {
        let is_field = |part: &TablePart| matches!(part, TablePart::Field(_));
        self.parts.iter().any(is_field)
    }

    /// The name without its placeholders, of which it has none.
    fn into_plain(self) -> String {
        let texts = self.parts.into_iter().filter_map(|part| match part {
            TablePart::Text(text) => Some(text),
            TablePart::Field(_) => None,
        });
        texts.collect()
    }
}

/// Whether it is a row of names.
fn is_field(path: &Selector) -> bool {
    path.keys().is_some_and(|keys| !keys.is_empty())
}

/// The name of a resource's table, if its records name it.
pub(super) fn table_template(written: &Written<String>) -> Option<TableTemplate> {
    let template = TableTemplate::parse(written.value()?).ok()?;
    template.has_fields().then_some(template)
}

/// The name of a resource's table, if the file names it.
pub(super) fn table_name(written: &Written<String>) -> Option<String> {
    let template = TableTemplate::parse(written.value()?).ok()?;
    (!template.has_fields()).then(|| template.into_plain())
}

/// Reports names with placeholders that cannot be read.
pub(super) fn check_table_templates(spec: &Spec, problems: &mut Problems) {
    for resource in spec.resources.iter().chain(&spec.defaults) {
        if let Some(name) = resource.table_name.located()
            && let Err(kind) = TableTemplate::parse(&name.value)
        {
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
    let (code, message, advice) = match (key, hint.value.as_str()) {
        ("references" | "description" | "timezone" | "precision", _)
        | ("parallelized", "true")
        | ("root_key" | "unique" | "partition" | "cluster" | "sort", "false") => return None,
        ("parallelized", _) => (
            "parallel-anyway",
            "requests run side by side all the same".to_owned(),
            "set `parallel: false` at the endpoint, or `runtime.concurrency: 1`",
        ),
        _ => (
            "hint-unused",
            format!("`{key}` is kept as a hint: no destination of this version heeds it"),
            "leave it out, or leave it for later",
        ),
    };
    Some(Warning {
        code,
        message,
        hint: advice.to_owned(),
        path: hint.path.to_string(),
        place: hint.mark.in_file(file),
    })
}
