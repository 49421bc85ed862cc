//! The rules of shredding a second time, over value trees and without regard to speed.

use std::collections::BTreeMap;

use apiduct_model::SnakeCase;
use serde_json::{Map, Value};

use super::Row;

/// The rows that `records` should give, by table, without system columns and sorted by column name.
pub(super) fn shred(table: &str, records: &[Value]) -> BTreeMap<String, Vec<Row>> {
    let mut tables = BTreeMap::new();
    for record in records {
        add_row(&mut tables, table, record);
    }
    tables
}

fn add_row(tables: &mut BTreeMap<String, Vec<Row>>, table: &str, value: &Value) {
    let wrapped = match value {
        Value::Object(object) => object.clone(),
        Value::Array(_) => Map::from_iter([("list".to_owned(), value.clone())]),
        scalar => Map::from_iter([("value".to_owned(), scalar.clone())]),
    };
    let mut row = Row::new();
    let mut lists = Vec::new();
    flatten("", &wrapped, &mut row, &mut lists);
    row.sort();
    tables.entry(table.to_owned()).or_default().push(row);
    for (path, list) in lists {
        for element in list {
            add_row(tables, &SnakeCase::join(table, &path), &element);
        }
    }
}

fn flatten(
    prefix: &str,
    object: &Map<String, Value>,
    row: &mut Row,
    lists: &mut Vec<(String, Vec<Value>)>,
) {
    for (key, value) in object {
        let name = SnakeCase::path(key);
        let path = if prefix.is_empty() {
            name
        } else {
            SnakeCase::join(prefix, &name)
        };
        match value {
            Value::Null => {}
            Value::Object(inner) => flatten(&path, inner, row, lists),
            Value::Array(list) => lists.push((path, list.clone())),
            Value::String(text) => row.push((path, text.clone())),
            Value::Number(number) => {
                row.push((path, number.to_string().trim_end_matches(".0").to_owned()));
            }
            Value::Bool(value) => row.push((path, value.to_string())),
        }
    }
}
