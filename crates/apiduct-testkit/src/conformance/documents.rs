//! Records with lists in lists, as they go into a destination and as they come out of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use apiduct_model::{DataType, TableSchema};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};

use super::stage::{Rows, Stage};

/// The columns of the root table beside the system columns.
const ROOT: [(&str, DataType); 5] = [
    ("k", DataType::Bigint),
    ("part", DataType::Text),
    ("v", DataType::Text),
    ("at", DataType::Bigint),
    ("gone", DataType::Bool),
];
const ID: (&str, DataType) = ("_apiduct_id", DataType::Text);
const NESTED: [(&str, DataType); 4] = [
    ("value", DataType::Text),
    ("_apiduct_parent_id", DataType::Text),
    ("_apiduct_list_idx", DataType::Bigint),
    ID,
];

/// A record: two values that may be keys, a value, an age, a mark of deletion, and a list of lists.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Document {
    pub(super) k: Option<i64>,
    pub(super) part: Option<String>,
    pub(super) v: String,
    pub(super) at: Option<i64>,
    pub(super) gone: Option<bool>,
    pub(super) list: Vec<(String, Vec<String>)>,
}

/// The record with key `k` and value `v`.
pub(super) fn document(k: i64, v: &str) -> Document {
    Document {
        k: Some(k),
        v: v.to_owned(),
        ..Document::default()
    }
}

impl Document {
    pub(super) fn part(self, part: &str) -> Self {
        Self {
            part: Some(part.to_owned()),
            ..self
        }
    }

    pub(super) fn at(self, at: i64) -> Self {
        Self {
            at: Some(at),
            ..self
        }
    }

    pub(super) fn gone(self) -> Self {
        Self {
            gone: Some(true),
            ..self
        }
    }

    /// The record with a list; each element gets the texts that stand behind a colon in it: `a:xy` has `x` and `y`.
    pub(super) fn list(self, elements: &[&str]) -> Self {
        let element = |text: &&str| {
            let (value, below) = text.split_once(':').unwrap_or((text, ""));
            let below = below.chars().map(|one| one.to_string()).collect();
            (value.to_owned(), below)
        };
        Self {
            list: elements.iter().map(element).collect(),
            ..self
        }
    }

    /// As [`found`] tells of it.
    pub(super) fn text(&self) -> String {
        let elements = self.list.iter().map(|(value, below)| {
            let below: String = below.concat();
            if below.is_empty() {
                value.clone()
            } else {
                format!("{value}:{below}")
            }
        });
        let elements: Vec<String> = elements.collect();
        let k = self.k.map_or_else(|| "-".to_owned(), |k| k.to_string());
        let part = self.part.as_deref().unwrap_or("-");
        format!("{k} {part} {} [{}]", self.v, elements.join(" "))
    }
}

/// The rows of `documents` for `table` and the tables nested in it; `load` makes their identities differ from those of
/// other loads. Nested tables come without rows too.
pub(super) fn rows(table: &TableSchema, load: &str, documents: &[Document]) -> Vec<Rows> {
    let list = table.nested(format!("{}__list", table.name));
    let deep = list.nested(format!("{}__list__below", table.name));
    let mut elements = Nested::default();
    let mut leaves = Nested::default();
    for (at, one) in documents.iter().enumerate() {
        for (index, (value, below)) in (0..).zip(&one.list) {
            for (index, value) in (0..).zip(below) {
                leaves.push(value, format!("{load}.e{}", elements.values.len()), index);
            }
            elements.push(value, format!("{load}.{at}"), index);
        }
    }
    vec![
        root_rows(table.clone(), load, documents),
        elements.rows(list, &format!("{load}.e")),
        leaves.rows(deep, &format!("{load}.l")),
    ]
}

fn root_rows(table: TableSchema, load: &str, documents: &[Document]) -> Rows {
    let types: Vec<_> = ROOT.into_iter().chain([ID]).collect();
    if documents.is_empty() {
        return Rows::none(super::stage::columns(table, &types));
    }
    let ids = (0..documents.len()).map(|at| format!("{load}.{at}"));
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(documents.iter().map(|one| one.k).collect::<Int64Array>()),
        Arc::new(
            documents
                .iter()
                .map(|one| one.part.clone())
                .collect::<StringArray>(),
        ),
        Arc::new(
            documents
                .iter()
                .map(|one| Some(&one.v))
                .collect::<StringArray>(),
        ),
        Arc::new(documents.iter().map(|one| one.at).collect::<Int64Array>()),
        Arc::new(
            documents
                .iter()
                .map(|one| one.gone)
                .collect::<BooleanArray>(),
        ),
        Arc::new(StringArray::from_iter_values(ids)),
    ];
    Rows::new(table, &types, arrays)
}

#[derive(Default)]
struct Nested {
    values: Vec<String>,
    parents: Vec<String>,
    indexes: Vec<i64>,
}

impl Nested {
    fn push(&mut self, value: &str, parent: String, index: i64) {
        self.values.push(value.to_owned());
        self.parents.push(parent);
        self.indexes.push(index);
    }

    fn rows(self, table: TableSchema, ids: &str) -> Rows {
        if self.values.is_empty() {
            return Rows::none(super::stage::columns(table, &NESTED));
        }
        let ids = (0..self.values.len()).map(|at| format!("{ids}{at}"));
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(self.values.clone())),
            Arc::new(StringArray::from(self.parents)),
            Arc::new(Int64Array::from(self.indexes)),
            Arc::new(StringArray::from_iter_values(ids)),
        ];
        Rows::new(table, &NESTED, arrays)
    }
}

/// The records in `table`, put together from all its rows, as sorted texts. Rows without a parent are told of too.
pub(super) fn found(stage: &Stage, table: &str) -> Vec<String> {
    let mut leaves = elements(stage, &format!("{table}__list__below"));
    let mut lists: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
    for (parent, members) in elements(stage, &format!("{table}__list")) {
        for (index, id, value) in members {
            let mut below = leaves.remove(&id).unwrap_or_default();
            below.sort();
            let below: String = below.into_iter().map(|(_, _, value)| value).collect();
            let text = if below.is_empty() {
                value
            } else {
                format!("{value}:{below}")
            };
            lists.entry(parent.clone()).or_default().push((index, text));
        }
    }
    let mut texts = Vec::new();
    for batch in stage.read(table) {
        let (ids, values, parts) = (
            text_of(&batch, "_apiduct_id"),
            text_of(&batch, "v"),
            text_of(&batch, "part"),
        );
        let keys = batch.column_by_name("k").expect("the table has a key");
        for (row, id) in ids.into_iter().enumerate() {
            let mut list = lists.remove(&id).unwrap_or_default();
            list.sort();
            let list: Vec<String> = list.into_iter().map(|(_, text)| text).collect();
            let k = if keys.is_null(row) {
                "-".to_owned()
            } else {
                keys.as_primitive::<Int64Type>().value(row).to_string()
            };
            texts.push(format!(
                "{k} {} {} [{}]",
                parts[row],
                values[row],
                list.join(" ")
            ));
        }
    }
    texts.extend(lists.keys().map(|parent| format!("orphans of {parent}")));
    texts.extend(leaves.keys().map(|parent| format!("orphans of {parent}")));
    texts.sort();
    texts
}

/// The rows of a nested table by parent: place, identity and value of each.
fn elements(stage: &Stage, table: &str) -> BTreeMap<String, Vec<(i64, String, String)>> {
    let mut by_parent: BTreeMap<String, Vec<(i64, String, String)>> = BTreeMap::new();
    for batch in stage.read(table) {
        let indexes = batch.column_by_name("_apiduct_list_idx");
        let indexes = indexes
            .expect("rows know their place")
            .as_primitive::<Int64Type>();
        let (ids, values) = (text_of(&batch, "_apiduct_id"), text_of(&batch, "value"));
        let members = ids.into_iter().zip(values).enumerate();
        let parents = text_of(&batch, "_apiduct_parent_id");
        for ((row, (id, value)), parent) in members.zip(parents) {
            let member = (indexes.value(row), id, value);
            by_parent.entry(parent).or_default().push(member);
        }
    }
    by_parent
}

/// The texts of a column; null is `-`.
pub(super) fn text_of(batch: &RecordBatch, column: &str) -> Vec<String> {
    let array = batch.column_by_name(column).expect("the column is there");
    let texts = array.as_string::<i32>();
    texts
        .iter()
        .map(|one| one.unwrap_or("-").to_owned())
        .collect()
}
