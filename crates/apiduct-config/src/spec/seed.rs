use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::fields::{Fields, Located, Written};
use super::keys::RANGE_OBJECT;
use crate::error::{ConfigErrorKind, Problems};
use crate::locate::Node;
use crate::seed::Range;
use crate::template::{Mode, Template};

/// The rows of a resource that sends no requests.
#[derive(Debug, Clone, PartialEq)]
pub enum SeedSpec {
    /// `values`: each row as JSON.
    Values(Arc<[Box<str>]>),
    /// `file`: the file, relative to the configuration's folder.
    File(Template),
    /// `range`: numbers or dates.
    Range(Range),
    /// `sql`: a query on the destination.
    Sql(Template),
}

impl fmt::Display for SeedSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values(rows) => write!(f, "{} values of the file", rows.len()),
            Self::File(path) => write!(f, "the file `{path}`"),
            Self::Range(range) => write!(f, "the range {range}"),
            Self::Sql(query) => write!(f, "the query `{query}` on the destination"),
        }
    }
}

const KEYS: [&str; 4] = ["values", "file", "range", "sql"];

/// Keys of a request, and of a resource with a parent.
const FOREIGN: [&str; 9] = [
    "endpoint",
    "include_from_parent",
    "overwrite_from_parent",
    "for_each",
    "distinct",
    "batch_size",
    "max_url_length",
    "concurrency",
    "on_error",
];

impl SeedSpec {
    /// Reads the one of the four keys that is there, and refuses what cannot stand beside it.
    pub(super) fn read(fields: &Fields<'_>, problems: &mut Problems) -> Option<Located<Self>> {
        let is_written =
            |name: &&'static str| fields.entry(name).is_some_and(|one| !one.value.is_null());
        let mut written = KEYS.into_iter().filter(is_written);
        let name = written.next()?;
        if let Some(second) = written.next() {
            refuse(
                fields,
                second,
                format!("`{name}` and `{second}` exclude each other"),
                problems,
            );
        }
        for foreign in FOREIGN.into_iter().filter(is_written) {
            let reason =
                format!("a resource with `{name}` sends no requests and has no `{foreign}`");
            refuse(fields, foreign, reason, problems);
        }
        let seed = match name {
            "values" => fields.read(name, |node, _| values(node)),
            "range" => fields.read(name, |node, path| range(node, path, problems)),
            "file" => template(fields, name, Self::File),
            _ => template(fields, name, Self::Sql),
        };
        seed.located().cloned()
    }
}

fn refuse(fields: &Fields<'_>, key: &str, reason: String, problems: &mut Problems) {
    if let Some(entry) = fields.entry(key) {
        let kind = ConfigErrorKind::Conflict {
            reason,
            hint: Some("keep one of them".to_owned()),
        };
        problems.push(fields.path_of(&entry.key), entry.mark, kind);
    }
}

fn template(
    fields: &Fields<'_>,
    name: &str,
    seed: impl FnOnce(Template) -> SeedSpec,
) -> Written<SeedSpec> {
    match fields.text(name, Mode::References) {
        Written::Value(text) => Written::Value(text.map(seed)),
        Written::Null => Written::Null,
        Written::Absent => Written::Absent,
    }
}

fn values(node: &Node) -> Option<SeedSpec> {
    let rows = node.as_list()?.iter();
    let rows = rows.map(|row| unescaped(row.to_json()).to_string().into());
    Some(SeedSpec::Values(rows.collect()))
}

/// The value with `$${` in its texts as `${`.
fn unescaped(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains("$${") => {
            let template = Template::parse(&text, Mode::References);
            let literal = template
                .ok()
                .and_then(|one| one.as_literal().map(Value::from));
            literal.unwrap_or(Value::String(text))
        }
        Value::Array(list) => list.into_iter().map(unescaped).collect(),
        Value::Object(map) => {
            let map = map.into_iter();
            map.map(|(key, value)| (key, unescaped(value))).collect()
        }
        scalar => scalar,
    }
}

fn range(node: &Node, path: &str, problems: &mut Problems) -> Option<SeedSpec> {
    let fields = Fields::new(RANGE_OBJECT, node, path);
    let text = |name: &str| fields.entry(name)?.value.scalar_text();
    match Range::parse(text("from")?, text("to")?, text("step")) {
        Ok(range) => Some(SeedSpec::Range(range)),
        Err((key, kind)) => {
            let entry = fields.entry(key).or_else(|| fields.entry("to"))?;
            problems.push(fields.path_of(key), entry.value.mark, *kind);
            None
        }
    }
}
