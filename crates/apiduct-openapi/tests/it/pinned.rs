//! The behaviors that the test suite of the reference pins, each with an input of its own.

use apiduct_config::{Format, Plan};
use apiduct_openapi::{Auth, Description, OpenApiError, Pages, Selection};
use serde_json::{Value, json};

use crate::given::{api, file, get, key, list, object, only, query, read, selector};

fn secured(schemes: Value, security: Value) -> Value {
    let mut all = api(&[("/dogs", get(json!([]), list(object(&[("id", "string")]))))]);
    all["components"] = json!({ "securitySchemes": schemes });
    if !security.is_null() {
        all["security"] = security;
    }
    all
}

#[test]
fn a_bearer_scheme_becomes_a_token_by_reference() {
    let all = secured(
        json!({ "a": { "type": "http", "scheme": "Bearer" } }),
        json!([{ "a": [] }]),
    );
    assert!(file(&all).contains("auth: {type: bearer, token: \"${env:GIVEN_TOKEN}\"}"));
}

#[test]
fn an_api_key_has_its_name_and_place() {
    let all = secured(
        json!({ "a": { "type": "apiKey", "name": "X-API-KEY", "in": "header" } }),
        json!([{ "a": [] }]),
    );
    assert!(file(&all).contains(
        "auth: {type: api_key, name: X-API-KEY, location: header, api_key: \"${env:GIVEN_API_KEY}\"}"
    ));
}

#[test]
fn basic_authentication_has_two_secrets() {
    let all = secured(
        json!({ "a": { "type": "http", "scheme": "basic" } }),
        json!([{ "a": [] }]),
    );
    let file = file(&all);
    assert!(file.contains("type: http_basic"), "{file}");
    assert!(
        file.contains("GIVEN_USERNAME") && file.contains("GIVEN_PASSWORD"),
        "{file}"
    );
}

#[test]
fn a_scheme_that_is_only_declared_is_used_with_less_confidence() {
    let all = secured(
        json!({ "a": { "type": "http", "scheme": "basic" } }),
        Value::Null,
    );
    let read = read(&all.to_string());
    let auth = &read.findings().auth;
    assert_eq!(auth.value, Auth::HttpBasic);
    assert!(auth.confidence < 0.8, "{}", auth.confidence);
}

#[test]
fn oauth_by_a_person_becomes_a_token_with_a_word_on_it() {
    let flow = json!({ "authorizationUrl": "https://a.example.com/", "scopes": {} });
    let all = secured(
        json!({ "a": { "type": "oauth2", "flows": { "implicit": flow } } }),
        json!([{ "a": [] }]),
    );
    let file = file(&all);
    assert!(file.contains("type: bearer"), "{file}");
    assert!(file.contains("implicit"), "{file}");
}

#[test]
fn a_login_by_a_person_is_a_comment_that_the_offline_check_accepts_once_it_is_switched_on() {
    let flow = json!({ "authorizationUrl": "https://a.example.com/login", "tokenUrl": "https://a.example.com/token",
        "scopes": { "read:dogs": "" } });
    let all = secured(
        json!({ "a": { "type": "oauth2", "flows": { "authorizationCode": flow } } }),
        json!([{ "a": [] }]),
    );
    let file = file(&all);
    let (token, login) = (
        "  auth: {type: bearer",
        "  # auth: {type: oauth2_authorization_code",
    );
    assert!(file.contains(token) && file.contains(login), "{file}");
    let switched: Vec<String> = file
        .lines()
        .filter(|line| !line.starts_with(token))
        .map(|line| line.replace("  # auth:", "  auth:"))
        .collect();
    Plan::parse(&switched.join("\n"), Format::Yaml, "given.yaml")
        .unwrap_or_else(|errors| panic!("{errors}"));
}

#[test]
fn records_are_found_where_they_are() {
    let dog = || object(&[("id", "integer"), ("name", "string")]);
    assert_eq!(selector("/dogs", list(dog())), "$");
    let envelope = json!({ "type": "object", "properties": {
        "count": { "type": "integer" },
        "next": { "type": "string" },
        "previous": { "type": "string" },
        "results": { "type": "array" },
    } });
    assert_eq!(selector("/dogs", envelope), "results");
    let mut inner = dog();
    inner["properties"]["tricks"] = list(dog());
    let outer = json!({ "type": "object", "properties": { "results": list(inner) } });
    assert_eq!(selector("/dogs", outer), "results");
    let deep = json!({ "type": "object", "properties": {
        "content": { "type": "object", "properties": { "results": list(dog()) } },
    } });
    assert_eq!(selector("/dogs", deep), "content.results");
}

#[test]
fn one_object_is_the_body_or_its_only_property() {
    let dog = || object(&[("id", "integer"), ("name", "string")]);
    assert_eq!(selector("/dogs", dog()), "$");
    let wrapped = json!({ "type": "object", "properties": { "result_object": dog() } });
    assert_eq!(selector("/dogs", wrapped), "result_object");
    let mut platform = dog();
    platform["properties"]["stats"] =
        json!({ "type": "object", "properties": { "days": list(dog()) } });
    assert_eq!(selector("/platforms/{id}", platform), "$");
    let untyped = json!({ "properties": { "id": {}, "name": {} } });
    assert_eq!(selector("/dogs", untyped), "$");
}

fn paged(params: Value, fields: &[(&str, &str)]) -> Pages {
    let mut body = object(fields);
    body["properties"]["results"] = list(object(&[("id", "integer"), ("name", "string")]));
    only("/dogs", get(params, body)).pages.value
}

#[test]
fn an_offset_has_its_total_and_no_invented_end() {
    let params = || json!([query("limit", "integer"), query("offset", "integer")]);
    let Pages::Offset {
        param,
        limit_param,
        total,
    } = paged(params(), &[("total", "integer")])
    else {
        panic!("no offset");
    };
    assert_eq!(
        (param.as_str(), limit_param.as_deref()),
        ("offset", Some("limit"))
    );
    assert_eq!(total.as_deref(), Some("total"));
    let bare = only("/dogs", get(params(), list(object(&[("id", "integer")]))));
    let Pages::Offset { total: None, .. } = bare.pages.value else {
        panic!("{:?}", bare.pages);
    };
    let all = api(&[("/dogs", get(params(), list(object(&[("id", "integer")]))))]);
    assert!(!file(&all).contains("maximum"));
}

#[test]
fn a_link_in_the_body_comes_before_an_offset_that_stays_an_alternative() {
    let mut body = object(&[("count", "integer")]);
    body["properties"]["next"] = json!({ "type": "string", "format": "uri" });
    body["properties"]["results"] = list(object(&[("id", "integer")]));
    let params = json!([query("limit", "integer"), query("offset", "integer")]);
    let found = only("/dogs", get(params, body)).pages;
    assert_eq!(
        found.value,
        Pages::JsonLink {
            path: "next".to_owned()
        }
    );
    assert_eq!(found.alternatives, ["offset in offset"]);
}

#[test]
fn a_bare_next_is_a_link() {
    let pages = paged(json!([]), &[("next", "string")]);
    assert_eq!(
        pages,
        Pages::JsonLink {
            path: "next".to_owned()
        }
    );
}

#[test]
fn a_cursor_of_one_name_goes_out_and_in() {
    let pages = paged(json!([query("cursor", "string")]), &[("cursor", "string")]);
    let both = Pages::Cursor {
        param: "cursor".to_owned(),
        path: "cursor".to_owned(),
    };
    assert_eq!(pages, both);
}

#[test]
fn page_numbers_take_no_count_of_records_for_pages() {
    for fields in [&[][..], &[("count", "integer")]] {
        let Pages::PageNumber {
            param, total: None, ..
        } = paged(json!([query("page", "integer")]), fields)
        else {
            panic!("{fields:?}");
        };
        assert_eq!(param, "page");
    }
}

#[test]
fn the_paginator_of_most_lists_stands_at_the_client() {
    let item = || object(&[("id", "string")]);
    let answer = || json!({ "type": "object", "properties": { "cursor": { "type": "string" }, "data": list(item()) } });
    let cursor = || get(json!([query("cursor", "string")]), answer());
    let all = api(&[
        ("/cats", cursor()),
        ("/dogs", cursor()),
        (
            "/birds",
            get(json!([query("page", "integer")]), list(item())),
        ),
        ("/dogs/{dog_id}", get(json!([]), item())),
    ]);
    let file = file(&all);
    let (client, resources) = file.split_once("resources:").unwrap();
    assert!(client.contains("paginator: {type: cursor"), "{file}");
    assert!(!resources.contains("type: cursor"), "{file}");
    assert!(resources.contains("type: page_number"), "{file}");
    assert!(resources.contains("paginator: single_page"), "{file}");
}

#[test]
fn a_cursor_that_nothing_answers_is_told() {
    let pages = only(
        "/dogs",
        get(
            json!([query("cursor", "string")]),
            list(object(&[("id", "string")])),
        ),
    )
    .pages;
    assert_eq!(pages.value, Pages::Single);
    assert!(pages.why.contains("`cursor`"), "{}", pages.why);
    assert!(pages.confidence < 0.5);
}

#[test]
fn variables_without_a_list_wait_for_a_value() {
    let item = || list(object(&[("id", "string")]));
    let all = api(&[
        ("/{tenant}/dogs/{breed}.json", get(json!([]), item())),
        ("/cats", get(json!([]), item())),
        ("/birds", get(json!([]), item())),
        ("/fish", get(json!([]), item())),
    ]);
    let read = read(&all.to_string());
    let names: Vec<&str> = read.findings().resources[0]
        .required
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["tenant", "breed"]);
    let file = read.render("given", &Selection::default()).unwrap();
    assert_eq!((file.active, file.commented), (3, 1));
}

#[test]
fn a_variable_above_the_list_stays_open_and_the_last_one_is_linked() {
    let item = || object(&[("id", "string"), ("name", "string")]);
    let all = api(&[
        ("/{base_id}/collection/", get(json!([]), list(item()))),
        (
            "/{base_id}/collection/{collection_id}",
            get(json!([]), item()),
        ),
    ]);
    let read = read(&all.to_string());
    let child = &read.findings().resources[1];
    assert_eq!(child.links.len(), 1);
    let link = &child.links[0].value;
    assert_eq!(
        (link.param.as_str(), link.field.as_str()),
        ("collection_id", "id")
    );
}

#[test]
fn required_parameters_are_asked_for_and_optional_ones_are_not() {
    let required = |name: &str| json!({ "name": name, "in": "query", "required": true, "schema": { "type": "string" } });
    let body = json!({ "type": "object", "properties": {
        "cursor": { "type": "string" }, "results": list(object(&[("id", "string")])),
    } });
    let resource = only(
        "/dogs",
        get(
            json!([
                required("cursor"),
                required("breed"),
                query("color", "string")
            ]),
            body,
        ),
    );
    let names: Vec<&str> = resource
        .required
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["breed"]);
}

#[test]
fn defaults_keep_their_types() {
    let params = json!([
        { "name": "size_class", "in": "query", "required": true, "schema": { "type": "integer", "default": 0 } },
        { "name": "breed", "in": "query", "required": true, "schema": { "type": "string", "default": "1" } },
    ]);
    let all = api(&[("/dogs", get(params, list(object(&[("id", "string")]))))]);
    let file = file(&all);
    assert!(file.contains("{size_class: 0, breed: \"1\"}"), "{file}");
}

#[test]
fn keys_go_by_name_schema_path_and_variable() {
    let of = |fields: &[(&str, &str)]| get(json!([]), list(object(fields)));
    let one = |name: &str| Some(vec![name.to_owned()]);
    assert_eq!(
        key("/dogs", of(&[("name", "string"), ("id", "string")])),
        one("id")
    );
    let untyped = json!({ "type": "array", "items": { "properties": { "id": {}, "name": {} } } });
    assert_eq!(key("/dogs", get(json!([]), untyped)), one("id"));
    assert_eq!(
        key("/dogs", of(&[("age", "integer"), ("name", "string")])),
        None
    );
    assert_eq!(
        key(
            "/accounts",
            of(&[("person_id", "string"), ("account_id", "string")])
        ),
        one("account_id")
    );
    let item = |fields: &[(&str, &str)]| get(json!([]), object(fields));
    assert_eq!(
        key(
            "/user/{some_value}",
            item(&[("name", "string"), ("user_id", "string")])
        ),
        one("user_id")
    );
    assert_eq!(
        key(
            "/all_the_people/{person_id}",
            item(&[("name", "string"), ("person_id", "string")])
        ),
        one("person_id")
    );
}

#[test]
fn keys_are_found_behind_references_and_by_the_name_of_the_model() {
    for (name, field) in [("Dog", "id"), ("MyModel", "mymodel_id")] {
        let list = list(json!({ "$ref": format!("#/components/schemas/{name}") }));
        let mut all = api(&[("/things", get(json!([]), list))]);
        all["components"] =
            json!({ "schemas": { name: object(&[("age", "integer"), (field, "string")]) } });
        let read = read(&all.to_string());
        let key = read.findings().resources[0].key.clone().unwrap();
        assert_eq!(key.value, [field]);
    }
}

#[test]
fn an_item_takes_its_variable_from_the_list() {
    for (parent, child, var, field) in [
        (
            "/collection",
            "/collection/{collection_id}",
            "collection_id",
            "id",
        ),
        ("/users", "/users/{user_id}", "user_id", "user_id"),
        ("/invoices/", "/invoice/{invoice_id}", "invoice_id", "id"),
    ] {
        let item = || object(&[(field, "string"), ("name", "string")]);
        let all = api(&[
            (parent, get(json!([]), list(item()))),
            (child, get(json!([]), item())),
        ]);
        let read = read(&all.to_string());
        let link = &read.findings().resources[1].links[0].value;
        assert_eq!(
            (link.param.as_str(), link.field.as_str()),
            (var, field),
            "{child}"
        );
        assert_eq!(link.parent, parent);
        let file = read.render("given", &Selection::default()).unwrap().yaml;
        assert!(
            file.contains("paginator: single_page") || file.contains("single_page"),
            "{file}"
        );
    }
}

#[test]
fn a_selected_child_brings_its_parent_unloaded() {
    for field in ["id", "label"] {
        let item = || object(&[(field, "string")]);
        let all = api(&[
            ("/dogs", get(json!([]), list(item()))),
            ("/dogs/{label}", get(json!([]), item())),
        ]);
        let only_the_item = Selection {
            select: vec!["/dogs/*".to_owned()],
            exclude: Vec::new(),
        };
        let made = read(&all.to_string())
            .render("given", &only_the_item)
            .unwrap();
        assert_eq!(made.yaml.matches("  - name:").count(), 2, "{}", made.yaml);
        assert_eq!(
            made.yaml.matches("selected: false").count(),
            1,
            "{}",
            made.yaml
        );
    }
}

#[test]
fn only_names_that_collide_become_longer() {
    let item = || get(json!([]), list(object(&[("id", "string")])));
    let all = api(&[
        ("/kennels/{id}/dogs", item()),
        ("/shelters/{id}/dogs", item()),
        ("/cats", item()),
    ]);
    let read = read(&all.to_string());
    let names: Vec<&str> = read
        .findings()
        .resources
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["kennels_dogs", "shelters_dogs", "cats"]);
}

#[test]
fn a_selection_keeps_the_order_of_the_description() {
    let item = || get(json!([]), list(object(&[("id", "string")])));
    let all = api(&[("/cats", item()), ("/dogs", item()), ("/birds", item())]);
    let selection = Selection {
        select: vec!["birds".to_owned(), "cats".to_owned()],
        exclude: Vec::new(),
    };
    let made = read(&all.to_string()).render("given", &selection).unwrap();
    let at = |name: &str| made.yaml.find(&format!("- name: {name}"));
    assert!(at("cats").unwrap() < at("birds").unwrap());
    assert_eq!(at("dogs"), None);
}

#[test]
fn an_api_of_actions_only_has_no_endpoint() {
    let text = r#"{"openapi": "3.0.0", "paths": {"/dogs": {"post": {"responses": {}}}}}"#;
    let error = Description::read("x.json", &|_| Ok(text.as_bytes().to_vec())).unwrap_err();
    assert!(matches!(error, OpenApiError::NoEndpoints { .. }), "{error}");
}

#[test]
fn swagger_2_is_converted_whole() {
    let text = r##"
swagger: "2.0"
info: {title: Dogs}
host: api.example.com
basePath: /v2
schemes: [http, https]
produces: [application/json]
securityDefinitions: {key: {type: apiKey, name: X-Key, in: header}}
security: [{key: []}]
paths:
  /dogs:
    get:
      parameters:
        - {name: page, in: query, type: integer}
        - {name: per_page, in: query, type: integer, maximum: 200}
      responses:
        200:
          schema: {type: array, items: {$ref: "#/definitions/Dog"}}
definitions:
  Dog: {type: object, properties: {id: {type: integer}, name: {type: string}}}
"##;
    let file = read(text)
        .render("dogs", &Selection::default())
        .unwrap()
        .yaml;
    for part in [
        "base_url: https://api.example.com/v2",
        "type: api_key, name: X-Key",
        "primary_key: id",
        "data_selector: \"$\"",
        "type: page_number, page_param: page",
        "per_page: 200",
    ] {
        assert!(file.contains(part), "{part}\n{file}");
    }
}

#[test]
fn text_without_structure_has_its_place() {
    let error = Description::read("x.yaml", &|_| Ok(b"a: [1\nb: }".to_vec())).unwrap_err();
    let OpenApiError::Syntax { reason, .. } = &error else {
        panic!("{error}");
    };
    assert!(reason.contains('2'), "{reason}");
}
