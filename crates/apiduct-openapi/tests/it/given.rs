//! Descriptions of a few lines.

use apiduct_openapi::{Description, Resource, Selection};
use serde_json::{Value, json};

/// The description with the text of one file.
pub(crate) fn read(text: &str) -> Description {
    Description::read("given.json", &|_| Ok(text.as_bytes().to_vec())).unwrap()
}

/// A description of GET operations at their paths.
pub(crate) fn api(operations: &[(&str, Value)]) -> Value {
    let paths: serde_json::Map<String, Value> = operations
        .iter()
        .map(|(path, get)| ((*path).to_owned(), json!({ "get": get })))
        .collect();
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Given" },
        "servers": [{ "url": "https://api.example.com" }],
        "paths": paths,
    })
}

/// An operation with query parameters that answers `schema`.
pub(crate) fn get(params: Value, schema: Value) -> Value {
    json!({
        "parameters": params,
        "responses": { "200": { "content": { "application/json": { "schema": schema } } } },
    })
}

/// A query parameter.
pub(crate) fn query(name: &str, kind: &str) -> Value {
    json!({ "name": name, "in": "query", "schema": { "type": kind } })
}

/// An object with properties of the types.
pub(crate) fn object(properties: &[(&str, &str)]) -> Value {
    let all: serde_json::Map<String, Value> = properties
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), json!({ "type": kind })))
        .collect();
    json!({ "type": "object", "properties": all })
}

/// A list of `item`.
pub(crate) fn list(item: Value) -> Value {
    json!({ "type": "array", "items": item })
}

/// What is found out about the only operation.
pub(crate) fn only(path: &str, operation: Value) -> Resource {
    let all = read(&api(&[(path, operation)]).to_string());
    all.findings().resources[0].clone()
}

/// The file that is made of a description.
pub(crate) fn file(api: &Value) -> String {
    read(&api.to_string())
        .render("given", &Selection::default())
        .unwrap()
        .yaml
}

/// The primary key of the only operation.
pub(crate) fn key(path: &str, operation: Value) -> Option<Vec<String>> {
    only(path, operation).key.map(|found| found.value)
}

/// The selector of the only operation.
pub(crate) fn selector(path: &str, schema: Value) -> String {
    only(path, get(json!([]), schema)).selector.unwrap().value
}
