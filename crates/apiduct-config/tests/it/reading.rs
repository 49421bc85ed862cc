//! What was written, as typed values with their places.

use apiduct_config::locate::Mark;
use apiduct_config::spec::{
    AuthSpec, DestinationKind, DestinationSpec, Entity, KeyPlace, PaginatorSpec, ParamValue,
    Written,
};
use apiduct_config::{Format, Spec};
use apiduct_model::{DataType, WriteDisposition};

fn spec(text: &str) -> Spec {
    Spec::parse(text, Format::Yaml, "dir/tracker.yaml").unwrap_or_else(|errors| panic!("{errors}"))
}

/// A spec around one resource with these keys.
fn resource(keys: &str) -> Spec {
    spec(&format!(
        "client: {{base_url: 'https://h'}}\nresources:\n  - name: a\n{keys}"
    ))
}

fn auth(text: &str) -> AuthSpec {
    let read = AuthSpec::parse(text, "--auth");
    read.unwrap_or_else(|errors| panic!("{errors}")).value
}

#[test]
fn the_smallest_file_leaves_everything_to_defaults() {
    let spec = spec("client: {base_url: 'https://h'}\nresources: []");
    assert_eq!(spec.name.value, "tracker");
    assert_eq!(spec.file(), "dir/tracker.yaml");
    assert!(spec.resources.is_empty() && spec.defaults.is_none());
    assert!(spec.destination.is_absent() && spec.dataset.is_absent());
    assert!(spec.client.auth.is_absent() && spec.client.headers.is_empty());
    assert!(!spec.client.strips_foreign_origin);
}

#[test]
fn null_sections_count_as_left_out() {
    let text = "client: {base_url: 'https://h', headers: null, auth: null}\nresources: []\nresource_defaults: null\nruntime: null\ndestination: null";
    let spec = spec(text);
    assert!(spec.defaults.is_none());
    assert_eq!(spec.destination, Written::Null);
    assert!(spec.runtime.timeout.is_absent());
}

#[test]
fn values_know_their_keys_and_places() {
    let spec = resource("    endpoint:\n      path: x/y\n      data_selector: data\n");
    let endpoint = &spec.resources[0].endpoint;
    let path = endpoint.path.located().unwrap();
    assert_eq!(&*path.path, "resources[0].endpoint.path");
    assert_eq!(
        path.mark,
        Mark {
            line: 5,
            column: 13
        }
    );
    let selector = endpoint.data_selector.located().unwrap();
    assert_eq!(&*selector.path, "resources[0].endpoint.data_selector");
    assert_eq!(selector.value.as_str(), "data");
    assert_eq!(
        spec.resources[0].name.mark,
        Mark {
            line: 3,
            column: 11
        }
    );
}

#[test]
fn a_client_has_its_headers_hosts_and_policy() {
    let text = "client: {base_url: 'https://h', headers: {A: b, N: 1, T: true}, allowed_hosts: [x.h, 'y.h:8080'], on_foreign_origin: strip}\nresources: []";
    let client = spec(text).client;
    let headers: Vec<String> = client
        .headers
        .iter()
        .map(|one| format!("{}={}", one.name, one.value.as_ref().unwrap()))
        .collect();
    assert_eq!(headers, ["A=b", "N=1", "T=true"]);
    let hosts: Vec<&str> = client
        .allowed_hosts
        .iter()
        .map(|one| one.value.as_str())
        .collect();
    assert_eq!(hosts, ["x.h", "y.h:8080"]);
    assert!(client.strips_foreign_origin);
}

#[test]
fn client_headers_keep_their_braces() {
    let text = "client: {base_url: 'https://h', headers: {'{a}': '{b} {{c}}'}}\nresources: []";
    let header = spec(text).client.headers.remove(0);
    assert_eq!(header.key.as_literal(), Some("{a}"));
    assert_eq!(header.value.unwrap().as_literal(), Some("{b} {{c}}"));
}

#[test]
fn methods_are_read_in_any_case() {
    for word in [
        "get", "GET", "Post", "PATCH", "delete", "head", "options", "put",
    ] {
        let spec = resource(&format!("    endpoint: {{method: {word}}}"));
        let method = spec.resources[0].endpoint.method.value().unwrap();
        assert_eq!(method.as_str(), word.to_uppercase());
    }
}

#[test]
fn one_key_or_a_list_of_keys_identify_a_row() {
    let keys = |text: &str| -> Vec<String> {
        let spec = resource(&format!("    primary_key: {text}"));
        let keys = spec.resources[0].primary_key.value().unwrap();
        keys.iter().map(|key| key.value.clone()).collect()
    };
    assert_eq!(keys("id"), ["id"]);
    assert_eq!(keys("[a, b]"), ["a", "b"]);
    assert!(keys("[]").is_empty());
}

#[test]
fn dispositions_and_flags_are_read() {
    for (word, expected) in [
        ("append", WriteDisposition::Append),
        ("replace", WriteDisposition::Replace),
        ("merge", WriteDisposition::Merge),
        ("skip", WriteDisposition::Skip),
    ] {
        let spec = resource(&format!(
            "    write_disposition: {word}\n    selected: false"
        ));
        let resource = &spec.resources[0];
        assert_eq!(resource.write_disposition.value(), Some(&expected));
        assert_eq!(resource.selected.value(), Some(&false));
    }
}

#[test]
fn every_data_type_can_be_a_hint() {
    for (word, expected) in [
        ("text", DataType::Text),
        ("bigint", DataType::Bigint),
        ("double", DataType::Double),
        ("bool", DataType::Bool),
        ("timestamp", DataType::Timestamp),
        ("date", DataType::Date),
        ("json", DataType::Json),
        ("decimal", DataType::Decimal { scale: 0 }),
    ] {
        let spec = resource(&format!("    columns: {{x: {{data_type: {word}}}}}"));
        let column = &spec.resources[0].columns.value().unwrap()[0];
        assert_eq!(column.data_type.value(), Some(&expected), "{word}");
        assert!(column.nullable.is_absent());
    }
    let spec = resource("    columns: {x: {data_type: decimal, scale: 4, nullable: false}}");
    let column = &spec.resources[0].columns.value().unwrap()[0];
    assert_eq!(
        column.data_type.value(),
        Some(&DataType::Decimal { scale: 4 })
    );
    assert_eq!(column.nullable.value(), Some(&false));
}

#[test]
fn parameters_are_scalars_lists_nulls_or_fields_of_the_parent() {
    let spec = resource(
        "    endpoint:\n      params: {t: x, n: 1.50, b: true, e: '', l: [1, null, x], z: null, r: {type: resolve, resource: p, field: a.id}}",
    );
    let params = spec.resources[0].endpoint.params.value().unwrap();
    let shown: Vec<String> = params
        .iter()
        .map(|param| match &param.value {
            ParamValue::Null => "null".to_owned(),
            ParamValue::One(value) => value.to_string(),
            ParamValue::Many(values) => format!("{values:?}"),
            ParamValue::Styled(styled) => format!("{styled:?}"),
            ParamValue::Resolve { resource, field } => format!("{resource}.{}", field.as_str()),
            ParamValue::Incremental(spec) => format!("{:?}", spec.cursor_path.value()),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "x",
            "1.50",
            "true",
            "",
            "[Template(1), Template(x)]",
            "null",
            "p.a.id"
        ]
    );
    assert_eq!(&*params[1].site.path, "resources[0].endpoint.params.n");
}

#[test]
fn the_kind_of_answer_and_the_bounds_are_read() {
    let spec = resource(
        "    endpoint: {entity: one, allow_missing: true, allow_repeats: true, max_pages: 3, max_records: 30, paginator: auto}",
    );
    let endpoint = &spec.resources[0].endpoint;
    assert_eq!(endpoint.entity.value(), Some(&Entity::One));
    assert_eq!(endpoint.allow_missing.value(), Some(&true));
    assert_eq!(endpoint.allow_repeats.value(), Some(&true));
    assert_eq!(endpoint.max_pages.value(), Some(&3));
    assert_eq!(endpoint.max_records.value(), Some(&30));
    assert_eq!(endpoint.paginator.value(), Some(&PaginatorSpec::Auto));
}

#[test]
fn auth_has_a_short_and_a_long_form() {
    for (short, long) in [
        ("bearer:t", "{type: bearer, token: t}"),
        ("bearer:t", "{token: t}"),
        ("bearer:${env:T}", "{type: bearer, token: '${env:T}'}"),
        ("basic:u:p", "{type: http_basic, username: u, password: p}"),
        (
            "http_basic:u:p:q",
            "{type: basic, username: u, password: 'p:q'}",
        ),
        ("api_key:k", "{type: api_key, api_key: k}"),
        ("api_key:X:k", "{type: api_key, name: X, api_key: k}"),
        (
            "api_key:cookie:X:k",
            "{type: api_key, name: X, api_key: k, location: cookie}",
        ),
        (
            "api_key:query:X:k",
            "{type: api_key, name: X, api_key: k, location: param}",
        ),
        (
            "api_key:body:auth.key:k",
            "{type: api_key, name: auth.key, api_key: k, location: body}",
        ),
    ] {
        assert_eq!(auth(short), auth(long), "{short}");
    }
}

#[test]
fn credentials_are_masked_when_shown() {
    for text in ["bearer:hunter2", "basic:ada:hunter2", "api_key:X:hunter2"] {
        let auth = auth(text);
        assert!(!format!("{auth:?}").contains("hunter2"), "{auth:?}");
        assert!(!auth.describe().contains("hunter2"));
    }
}

#[test]
fn an_api_key_says_where_it_goes() {
    assert_eq!(auth("api_key:query:k:v").describe(), "API key in query `k`");
    assert_eq!(
        auth("api_key:v").describe(),
        "API key in header `Authorization`"
    );
    assert_eq!(KeyPlace::Cookie.word(), "cookie");
}

#[test]
fn signatures_and_pools_describe_themselves_without_secrets() {
    for (text, expected) in [
        (
            "{type: hmac, secret: hunter2, algorithm: sha512, message: '{body}', params: {s: '{signature}'}}",
            "signature with HMAC and SHA-512",
        ),
        (
            "{type: aws_sigv4, access_key: AKID, secret_key: hunter2, region: eu-west-1, service: '${env:S}'}",
            "AWS signature for `${env:S}` in `eu-west-1`",
        ),
        (
            "{type: pool, keys: ['bearer:hunter2', 'api_key:X:hunter2'], order: least_recently_limited, rest: 5m}",
            "pool of 2 keys: bearer token; API key in header `X`",
        ),
    ] {
        let auth = auth(text);
        assert_eq!(auth.describe(), expected);
        assert!(!format!("{auth:?}").contains("hunter2"), "{auth:?}");
    }
}

#[test]
fn destinations_have_a_short_and_a_long_form() {
    for (short, long, kind) in [
        (
            "duckdb:a.db",
            "{type: duckdb, path: a.db}",
            DestinationKind::Duckdb,
        ),
        (
            "parquet:out/x",
            "{type: parquet, path: out/x}",
            DestinationKind::Parquet,
        ),
        (
            "jsonl:C:\\out",
            "{type: jsonl, path: 'C:\\out'}",
            DestinationKind::Jsonl,
        ),
    ] {
        let read = |text: &str| DestinationSpec::parse(text, "--to").unwrap().value;
        assert_eq!(read(short), read(long), "{short}");
        assert!(matches!(read(short), DestinationSpec::At { kind: read, .. } if read == kind));
        assert_eq!(read(short).to_string(), short);
    }
}

#[test]
fn synonyms_of_the_reference_are_the_same_settings() {
    let ours = "max_retries: 3, timeout: 5, backoff_factor: 2, max_retry_delay: 9";
    let theirs = "request_max_attempts: 3, request_timeout: 5, request_backoff_factor: 2, request_max_retry_delay: 9";
    let runtime = |keys: &str| {
        let spec = spec(&format!(
            "client: {{base_url: 'https://h'}}\nresources: []\nruntime: {{{keys}}}"
        ));
        let runtime = spec.runtime;
        (
            runtime.max_retries.value().copied(),
            runtime.timeout.value().copied(),
            runtime.backoff_factor.value().copied(),
            runtime.max_retry_delay.value().copied(),
        )
    };
    assert_eq!(runtime(ours), runtime(theirs));
    assert_eq!(runtime(ours).0, Some(3));
}

#[test]
fn escaped_references_stay_as_they_are() {
    let spec = resource("    table_name: 'a$${b}'\n    endpoint: {params: {x: '$${env:Y}'}}");
    assert_eq!(spec.resources[0].table_name.value().unwrap(), "a${b}");
    let params = spec.resources[0].endpoint.params.value().unwrap();
    let ParamValue::One(value) = &params[0].value else {
        panic!("not one value");
    };
    assert_eq!(value.as_literal(), Some("${env:Y}"));
}
