//! What is malformed, circular or elsewhere, and never ends the reading.

use apiduct_openapi::{Description, Selection};
use serde_json::json;

use crate::given::{api, file, get, list, object, only, read};

#[test]
fn schemas_that_contain_themselves_end() {
    let node = json!({ "$ref": "#/components/schemas/Node" });
    let mut all = api(&[("/nodes", get(json!([]), list(node.clone())))]);
    all["components"] = json!({ "schemas": {
        "Node": { "allOf": [node, { "type": "object", "properties": {
            "id": { "type": "string" },
            "children": list(json!({ "$ref": "#/components/schemas/Node" })),
        } }] },
        "Loop": { "$ref": "#/components/schemas/Loop" },
    } });
    let read = read(&all.to_string());
    assert_eq!(
        read.findings().resources[0].key.as_ref().unwrap().value,
        ["id"]
    );
}

#[test]
fn a_reference_to_nothing_is_told_and_costs_no_other_endpoint() {
    let all = api(&[
        (
            "/dogs",
            get(
                json!([]),
                list(json!({ "$ref": "#/components/schemas/None" })),
            ),
        ),
        ("/cats", get(json!([]), list(object(&[("id", "string")])))),
    ]);
    let read = read(&all.to_string());
    assert_eq!(read.findings().resources.len(), 2);
    let problems = read.findings().problems.join("\n");
    assert!(problems.contains("None"), "{problems}");
}

#[test]
fn references_lead_into_other_files() {
    let main = json!({ "openapi": "3.1.0", "servers": [{ "url": "https://a.example.com" }],
        "paths": { "/dogs": { "$ref": "paths/dogs.yaml" } } });
    let load = |location: &str| {
        match location {
        "main.json" => Ok(main.to_string().into_bytes()),
        "paths/dogs.yaml" => Ok(br#"
get:
  responses:
    "200": {content: {application/json: {schema: {type: array, items: {$ref: "../dog.json#/$defs/Dog"}}}}}
"#.to_vec()),
        "dog.json" => Ok(br#"{"$defs": {"Dog": {"properties": {"id": {"type": "string"}}}}}"#.to_vec()),
        other => Err(format!("no {other}")),
    }
    };
    let read = Description::read("main.json", &load).unwrap();
    assert_eq!(
        read.findings().resources[0].key.as_ref().unwrap().value,
        ["id"]
    );
    assert_eq!(read.findings().problems, Vec::<String>::new());
}

#[test]
fn alternatives_are_united_and_null_among_them_is_no_type() {
    for combined in ["oneOf", "anyOf", "allOf"] {
        let item =
            json!({ combined: [object(&[("name", "string")]), object(&[("id", "string")])] });
        let found = only("/dogs", get(json!([]), list(item)));
        assert_eq!(found.key.unwrap().value, ["id"], "{combined}");
    }
    let nullable = json!({ "type": ["object", "null"], "properties": { "id": { "type": ["string", "null"] } } });
    let found = only(
        "/dogs",
        get(
            json!([]),
            json!({ "type": ["array", "null"], "items": nullable }),
        ),
    );
    assert_eq!(found.selector.unwrap().value, "$");
}

#[test]
fn variables_of_servers_take_their_defaults() {
    let mut all = api(&[("/dogs", get(json!([]), list(object(&[("id", "string")]))))]);
    all["servers"] = json!([{ "url": "https://{region}.example.com/{v}",
        "variables": { "region": { "default": "eu" }, "v": { "default": "v1" } } }]);
    assert!(file(&all).contains("base_url: https://eu.example.com/v1"));
}

#[test]
fn parts_of_a_wrong_kind_are_skipped() {
    let mut all = api(&[("/dogs", get(json!([]), list(object(&[("id", "string")]))))]);
    all["tags"] = json!([{ "name": 3, "description": ["x"] }]);
    all["info"] = json!(7);
    all["paths"]["/null"] = json!(null);
    all["paths"]["/text"] = json!({ "get": "nothing" });
    all["paths"]["/odd"] = json!({ "parameters": 3, "get": { "parameters": [null, 4, {"in": "query"}],
        "responses": { "200": [] } } });
    all["components"] = json!({ "schemas": { "A": { "$ref": "" } }, "securitySchemes": [1] });
    all["security"] = json!([{}]);
    let read = read(&all.to_string());
    assert!(
        read.findings()
            .resources
            .iter()
            .any(|one| one.path == "/dogs")
    );
    read.render("given", &Selection::default()).unwrap();
}

#[test]
fn no_description_however_odd_ends_in_a_panic() {
    for text in [
        "",
        "null",
        "[]",
        "3",
        "{}",
        "\u{feff}{\"openapi\": \"3.0.0\"}",
        "openapi: 3.1.0",
        "swagger: 2.0\npaths: []",
        "{\"openapi\": \"3.0.0\", \"paths\": {\"\": {\"get\": {}}, \"{\": {\"get\": {}}, \"/}{/{}\": {\"get\": {}}}}",
    ] {
        // Whether it is refused or read is not the point here.
        let _ = Description::read("x.json", &|_| Ok(text.as_bytes().to_vec())).map(|read| {
            read.render("x", &Selection::default())
                .map(|made| made.yaml)
        });
    }
}

#[test]
fn the_order_of_keys_inside_of_an_operation_changes_nothing() {
    let one = r#"{"openapi": "3.0.0", "servers": [{"url": "https://a.example.com"}], "paths": {"/dogs": {"get": {
      "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 0}}],
      "responses": {"200": {"content": {"application/json": {"schema": {"type": "array", "items": {"type": "object",
        "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}}}}}}}}}}"#;
    let other = r#"{"paths": {"/dogs": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {
        "items": {"properties": {"name": {"type": "string"}, "id": {"type": "string"}}, "type": "object"}, "type": "array"}}}}},
      "parameters": [{"schema": {"minimum": 0, "type": "integer"}, "in": "query", "name": "page"}]}}},
      "servers": [{"url": "https://a.example.com"}], "openapi": "3.0.0"}"#;
    let make = |text: &str| read(text).render("x", &Selection::default()).unwrap().yaml;
    assert_eq!(make(one), make(other));
}
