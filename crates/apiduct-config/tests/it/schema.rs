//! The JSON Schema and the reader agree.

use std::sync::OnceLock;

use apiduct_config::locate::Node;
use apiduct_config::{Format, Spec};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

fn validator() -> &'static Validator {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    VALIDATOR.get_or_init(|| {
        jsonschema::draft202012::new(&Spec::json_schema()).expect("the schema is a schema")
    })
}

fn as_json(yaml: &str) -> Value {
    let root = Node::parse(yaml, Format::Yaml, "t.yaml").expect("the text is YAML");
    root.to_json()
}

/// What the reader says, and what the schema says.
fn verdicts(document: &Value) -> (bool, bool) {
    let text = document.to_string();
    let read = Spec::parse(&text, Format::Json, "t.json");
    (read.is_ok(), validator().is_valid(document))
}

/// A document that uses every key.
const FULL: &str = r"
name: tracker
system_prefix: _dlt
max_table_nesting: 3
root_key: true
parallelized: false
schema_contract: {tables: evolve, columns: evolve, data_type: evolve}
dataset: x
destination: {type: duckdb, path: a.duckdb}
x-anything: [1, {a: b}]
client:
  base_url: https://h
  headers: {A: b, C: 1, D: true, E: null}
  auth:
    type: pool
    order: round_robin
    rest: 1m
    keys:
      - bearer:t
      - {type: api_key, name: X, api_key: k, location: param}
      - {type: hmac, secret: s, secret_encoding: text, key_id: k, algorithm: sha1, encoding: base64,
         timestamp_format: http, message: '{body}', headers: {A: '{signature}'}, params: {b: '{nonce}'}}
      - {type: aws_sigv4, access_key: a, secret_key: s, session_token: t, region: r, service: s, double_encode: true}
  paginator: {type: page_number, initial_page: 0, base_page: 0, page_param: p, total_path: null,
    maximum_page: 3, stop_after_empty_page: true, has_more_path: more}
  allowed_hosts: [cdn.h]
  on_foreign_origin: strip
  client_certificate: {certificate: c.pem, private_key: k.pem}
resource_defaults:
  primary_key: [a, b]
  endpoint: {headers: {A: c}, auth: null, paginator: auto}
resources:
  - users
  - name: posts
    endpoint: users/{resources.users.id}/posts
    include_from_parent: [id]
  - name: full
    primary_key: id
    write_disposition: append
    merge_key: [a, b]
    selected: true
    table_name: t
    columns: {a: {data_type: decimal, scale: 2, nullable: false, hard_delete: false, dedup_sort: asc}, b: null}
    endpoint:
      path: x/{org}
      method: Post
      params: {org: acme, a: [1, b, true, null], c: null, d: {type: resolve, resource: users, field: id}}
      headers: {X: '{resources.users.id}'}
      json: [1, {a: null}]
      data: {}
      paginator: {type: cursor, cursor_path: a, cursor_param: b, stop_after_empty_page: true, has_more_path: c}
      data_selector: $.data
      allow_missing: true
      allow_repeats: true
      auth: {token: t}
      entity: many
      incremental: {cursor_path: at, cursor_from: rows, type: timestamp, format: unix, request_format: '%Y', timezone: UTC,
        initial_value: 12, end_value: '2024', start_param: s, end_param: e, last_value_func: min, primary_key: [], row_order: asc,
        lag: 1h, range_start: open, range_end: closed, on_cursor_value_missing: include, allow_external_schedulers: false,
        scope: resource, window: 7}
      max_pages: 5
      max_records: 50
  - {name: off, endpoint: {paginator: {type: offset, limit: 5, offset: 0, offset_body_path: a, limit_body_path: b, total_path: t, maximum_offset: 9, stop_after_empty_page: false, has_more_path: m}}}
  - {name: off2, endpoint: {paginator: {type: offset, limit: 5, offset_param: a, limit_param: b}, auth: {type: basic, username: u, password: p}}}
  - {name: o1, endpoint: {auth: {type: oauth2_client_credentials, access_token_url: u, client_id: a, client_secret: b, scopes: [a], audience: c, client_auth: basic, access_token_request_data: {a: b}, headers: {A: b}, default_token_expiration: 60, access_token: t, access_token_path: a, expires_in_path: b, allow_http: true}}}
  - {name: o2, endpoint: {auth: {type: oauth2_refresh_token, access_token_url: u, client_id: a, refresh_token: b, token_store: f, scopes: a}}}
  - {name: o3, endpoint: {auth: {type: oauth_jwt, client_id: a, private_key: b, auth_endpoint: u, algorithm: ES256, key_id: k, audience: a, subject: s, lifetime: 1h}}}
  - {name: o4, endpoint: {auth: {type: session_login, path: p, method: Put, form: {a: b}, token_header: h, send_as: query, name: n, prefix: p, lifetime: 60}}}
  - {name: o5, endpoint: {auth: {type: oauth2_authorization_code, authorization_url: u, access_token_url: u, client_id: a, client_secret: b, scopes: [a], authorization_params: {a: b}, redirect_uri: 'http://localhost/', token_store: f, client_auth: basic}}}
  - {name: o6, endpoint: {auth: {type: oauth2_device_code, device_authorization_url: u, access_token_url: u, client_id: a, scopes: a, token_store: f}}}
  - {name: link, endpoint: {paginator: {type: json_response, next_url_path: a}, auth: 'bearer:x'}}
  - {name: header, endpoint: {paginator: {type: header_link, links_next_key: a}}}
  - {name: hc, endpoint: {paginator: {type: header_cursor, cursor_key: a, cursor_param: b}}}
  - {name: pn, endpoint: {paginator: {type: page_number, page: 1, page_body_path: a}}}
  - {name: cb, endpoint: {paginator: {type: cursor, cursor_body_path: a}}}
  - {name: sp, endpoint: {paginator: {type: single_page}}}
  - {name: kp, endpoint: {paginator: {type: json_link, keep_params: true}}}
  - {name: hl, endpoint: {paginator: {type: header_link, keep_params: true}}}
  - {name: hu, endpoint: {paginator: {type: header_url, next_url_key: a, keep_params: true}}}
  - {name: hb, endpoint: {paginator: {type: header_cursor, cursor_body_path: a}}}
  - {name: hh, endpoint: {paginator: {type: header_cursor, cursor_header: a}}}
  - {name: ch, endpoint: {paginator: {type: cursor, cursor_header: a}}}
  - {name: lr, endpoint: {paginator: {type: last_record, cursor_field: a, cursor_param: b, page_size: 5, has_more_path: c}}}
  - {name: lb, endpoint: {paginator: {type: last_record, cursor_body_path: b}}}
  - {name: lh, endpoint: {paginator: {type: last_record, cursor_header: b}}}
  - {name: ra, endpoint: {paginator: {type: range, param_name: a, initial_value: 1, value_step: 2, base_index: 1, maximum_value: 9, total_path: t, stop_after_empty_page: false, has_more_path: m}}}
  - {name: rb, endpoint: {paginator: {type: range, param_body_path: a}}}
  - {name: od, endpoint: {paginator: {type: odata, keep_params: true}}}
  - {name: gq, endpoint: {paginator: {type: graphql, page_info_path: a.pageInfo, cursor_variable: c}}}
  - {name: d1, endpoint: {data: {a: 1, b: [x, null, true], c: null}}}
  - {name: d2, endpoint: {data: [[a, 1], [b, [x, y]], [c, null]]}}
  - {name: d3, endpoint: {data: 'raw {resources.users.id}'}}
  - {name: st, endpoint: {params: {a: {style: comma, value: [1, 2]}, b: {style: brackets, value: {c: [1]}}}}}
  - {name: ra2, endpoint: {response_actions: [{status_code: [404, 4xx, 500-599], action: ignore}, {status: 1XX, header: X-A, action: skip_page}, {header: {name: X-A, equals: b, contains: c}, action: retry, delay: 5s}, {selector: a, equals: b, action: fail, message: m}, {content: a, pattern: 'b+', action: accept}, {text: a, action: refresh_auth}], expect: {status_code: 2xx, content_type: '*/json', selector: a}}}
  - name: hints
    max_table_nesting: 0
    nested_hints: {a.b: {table_name: t, columns: {c: {data_type: text}}}, d: {}}
    schema_contract: evolve
    parallelized: true
    references: [{columns: [a], referenced_table: t, referenced_columns: b, cardinality: one, label: l}]
    table_format: delta
    file_format: parquet
    parent_table_name: x
    columns:
      - {name: a, precision: 5, unique: true, timezone: true, description: d, partition: true, cluster: true, sort: true, primary_key: true}
  - name: steps
    processing_steps:
      - {filter: .a, map: .b, yield_map: '.[]'}
      - keep: a
      - drop: [a.b, 'c[*].d']
      - rename: {a: b}
      - set: {a: [1, {b: null}]}
      - cast: {a: bigint}
      - hash: [a]
      - hash: {fields: a, salt: '${env:SALT}'}
      - redact: a
      - redact: {fields: [a], with: gone}
      - explode: a
      - flatten: {fields: a, prefix: p_}
      - parse_json: a
      - dedupe: {fields: [a, b], memory: 10}
  - {name: f1, endpoint: {response_format: jsonl}}
  - {name: f2, endpoint: {response_format: {type: csv, delimiter: ';', quote: '''', header: false, columns: [a, b], null_values: ['', x], types: infer}}}
  - {name: f3, endpoint: {response_format: {type: xml, lists: [a], types: text}}}
  - {name: f4, endpoint: {response_format: {type: auto}}}
  - {name: f5, endpoint: {response_format: {type: json}}}
  - {name: j1, endpoint: {job: {poll: 'r/{job.id}', status: s, done: D, failed: [F, G], running: R, message: m, download: {selector: u, on_foreign_origin: strip}, interval: 1s, backoff: 2, max_interval: 1m, deadline: 1h}}}
  - {name: j2, endpoint: {job: {poll: {header: Location}, download: {path: 'r/{job.id}/f'}}}}
  - {name: wd, primary_key: id, write_disposition: {disposition: merge, strategy: insert-only}}
  - {name: ri, endpoint: {retry_if: [a.b, {selector: c, equals: d, text: e}]}}
  - {name: seed, values: [a, 1, true, {b: [c]}], selected: true}
  - {name: seed2, file: a.csv}
  - {name: seed3, range: {from: 1, to: 9, step: 2}}
  - {name: seed4, range: {from: 2024-01-01, to: '2024-12-31', step: 1mo}}
  - {name: seed5, sql: select 1}
  - {name: tree, endpoint: 'a/{resources.seed.b|join('','')}', distinct: true, concurrency: 2, on_error: skip, batch: 5, max_url_length: 100}
  - {name: oe, endpoint: 'a/{resources.seed.b}/oe', on_error: {action: skip, max_share: 0.5, min_failures: 3}}
  - {name: tree2, endpoint: 'a/{resources.seed.b}/{resources.seed2.c}/x', for_each: product, batch_size: null, include_from_parent: {seed.b: c, seed2.d: null}, overwrite_from_parent: true}
  - {name: tree3, endpoint: 'a/{resources.seed.b}/{resources.seed2.c}/x', for_each: {mode: zip, sources: [seed2, seed]}}
runtime: {max_retries: 5, retry_statuses: [403, 500-599], retry_errors: [connect, broken_json], backoff_factor: 1.0, max_retry_delay: 300s, timeout: 60, connect_timeout: 1h 30m,
  idle_timeout: 250ms, total_timeout: null, max_wait: 1d, concurrency: 8, rate_limit: 10/s, max_response_bytes: 256MiB,
  memory: 1024, user_agent: me, ca_bundle: ca.pem,
  http_show_error_body: true, http_max_error_body_length: 100, log_level: WARNING}
";

#[test]
fn a_document_with_every_key_is_accepted_by_both() {
    let document = as_json(FULL);
    let errors: Vec<String> = validator()
        .iter_errors(&document)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    if let Err(errors) = Spec::parse(FULL, Format::Yaml, "t.yaml") {
        panic!("{errors}");
    }
}

/// The document in parts, each with every way to spoil it: all but the resources, and then resource by resource, as a
/// mistake in one of them is met the same way whatever stands beside it.
fn parts(document: &Value) -> Vec<(Value, Vec<(String, Value)>)> {
    let mut head = document.clone();
    head["resources"] = json!(["users"]);
    let mut parts = vec![(head.clone(), spoiled(&head, ""))];
    for (at, resource) in document["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let around =
            |resource: Value| json!({"client": {"base_url": "https://h"}, "resources": [resource]});
        let spoiled = spoiled(resource, &format!("/resources/{at}"));
        let spoiled = spoiled.into_iter().map(|(path, one)| (path, around(one)));
        parts.push((around(resource.clone()), spoiled.collect()));
    }
    parts
}

/// Every way to put an unknown key into a mapping, or a value of another kind in the place of one.
fn spoiled(value: &Value, path: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    spoil(value, path, &mut |path, spoiled| {
        found.push((path.to_owned(), spoiled));
    });
    found
}

fn spoil(value: &Value, path: &str, emit: &mut dyn FnMut(&str, Value)) {
    // A number as name of a user's choice, a body and extension keys take anything.
    let takes_anything = ["/json", "/data", "/value", "/set/a", "/x-anything"]
        .iter()
        .any(|end| path.ends_with(end))
        || path.contains("/values/");
    if takes_anything {
        return;
    }
    match value {
        Value::Object(map) => {
            let is_open = [
                "/headers",
                "/params",
                "/columns",
                "/rename",
                "/nested_hints",
                "/set",
                "/cast",
                "/form",
                "_request_data",
                "_params",
            ]
            .iter()
            .any(|end| path.ends_with(end));
            if !is_open {
                let mut more = map.clone();
                more.insert("no_such_key".to_owned(), json!(1));
                emit(&format!("{path} + no_such_key"), Value::Object(more));
            }
            for (key, inner) in map {
                let path = format!("{path}/{key}");
                let mut replace = |path: &str, inner: Value| {
                    let mut changed = map.clone();
                    changed.insert(key.clone(), inner);
                    emit(path, Value::Object(changed));
                };
                spoil(inner, &path, &mut replace);
            }
        }
        Value::Array(list) => {
            emit(&format!("{path} = mapping"), json!({"no_such_key": 1}));
            for (at, inner) in list.iter().enumerate() {
                let mut replace = |path: &str, inner: Value| {
                    let mut changed = list.clone();
                    changed[at] = inner;
                    emit(path, Value::Array(changed));
                };
                spoil(inner, &format!("{path}/{at}"), &mut replace);
            }
        }
        Value::Null => {}
        _ => {
            emit(&format!("{path} = mapping"), json!({"no_such_key": 1}));
            if !path.contains("/params/") && !path.contains("primary_key") {
                emit(&format!("{path} = list"), json!([[1]]));
            }
        }
    }
}

#[test]
fn every_unknown_key_and_wrong_type_is_rejected_by_both() {
    let parts = parts(&as_json(FULL));
    let count: usize = parts.iter().map(|(_, spoiled)| spoiled.len()).sum();
    assert!(count > 700, "only {count}");
    for (part, spoiled) in parts {
        assert_eq!(verdicts(&part), (true, true), "{part}");
        for (path, document) in spoiled {
            assert_eq!(
                verdicts(&document),
                (false, false),
                "reader and schema on {path}"
            );
        }
    }
}

#[test]
fn bodies_that_are_neither_form_nor_text_are_rejected_by_both() {
    for data in [
        json!(5),
        json!(true),
        json!({"a": {"b": 1}}),
        json!({"a": [[1]]}),
        json!([["a"]]),
        json!([["a", 1, 2]]),
        json!([[1, 2]]),
        json!([{"a": 1}]),
        json!("{nope"),
    ] {
        let document = json!({
            "client": {"base_url": "https://h"},
            "resources": [{"name": "a", "endpoint": {"data": data}}],
        });
        let (reader, schema) = verdicts(&document);
        assert!(!reader, "{document}");
        // Placeholders are beyond what a schema can say.
        assert!(!schema || data.is_string(), "{document}");
    }
}

#[test]
fn keys_of_later_versions_are_not_in_the_schema() {
    let text = Spec::json_schema().to_string();
    for word in ["discard_row", "scd2"] {
        assert!(!text.contains(word), "{word}");
    }
}

#[test]
fn required_keys_are_required_by_both() {
    for document in [
        json!({}),
        json!({"client": {"base_url": "https://h"}}),
        json!({"client": {}, "resources": []}),
        json!({"client": {"base_url": null}, "resources": []}),
        json!({"client": {"base_url": "https://h"}, "resources": [{"endpoint": "x"}]}),
        json!({"client": {"base_url": "https://h", "paginator": {"type": "offset"}}, "resources": []}),
        json!({"client": {"base_url": "https://h", "paginator": {"limit": 1}}, "resources": []}),
        json!({"client": {"base_url": "https://h", "paginator": "offset"}, "resources": []}),
        json!({"client": {"base_url": "https://h", "auth": {"type": "api_key"}}, "resources": []}),
    ] {
        assert_eq!(verdicts(&document), (false, false), "{document}");
    }
}

#[test]
fn every_property_is_documented() {
    fn check(value: &Value, path: &str) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                assert!(property["description"].is_string(), "{path}/{name}");
            }
        }
        if let Some(inner) = value.as_object() {
            inner
                .iter()
                .for_each(|(key, inner)| check(inner, &format!("{path}/{key}")));
        } else if let Some(list) = value.as_array() {
            for inner in list {
                check(inner, path);
            }
        }
    }
    check(&Spec::json_schema(), "");
}

proptest! {
    /// The patterns of the schema and the readers of units say the same of texts near the border.
    #[test]
    fn units_are_the_same_in_schema_and_reader(
        text in "[0-9]{0,3}(\\.[0-9]{1,2})?( )?(ms|s|m|h|d|KiB|MB|B|/s|/min|x)?( )?([0-9]{1,2}(s|m))?"
    ) {
        for key in ["timeout", "memory", "rate_limit"] {
            let document = json!({
                "client": {"base_url": "https://h"}, "resources": [], "runtime": {key: text.clone()},
            });
            let (read, valid) = verdicts(&document);
            prop_assert_eq!(read, valid, "{} = {:?}", key, text);
        }
    }
}
