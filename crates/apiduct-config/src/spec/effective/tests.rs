use std::collections::HashMap;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::plan::Plan;
use crate::resolve::SecretSource;
use crate::{Format, spec::EffectiveFile};

#[derive(Debug, Default)]
struct Fixed {
    env: HashMap<&'static str, &'static str>,
    settings: Option<&'static str>,
}

impl SecretSource for Fixed {
    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).map(|value| (*value).to_owned())
    }

    fn file(&self, path: &str) -> io::Result<Option<String>> {
        Ok(self
            .settings
            .filter(|_| path == ".dlt/config.toml")
            .map(str::to_owned))
    }
}

fn effective(text: &str) -> EffectiveFile {
    let plan = Plan::parse(text, Format::Yaml, "t.yaml").unwrap();
    plan.effective(&Fixed::default()).unwrap()
}

/// What a plan does, without the reasons, which name the part of the file.
fn meaning(plan: &Plan) -> Value {
    let mut described = json!(plan.describe());
    described["warnings"] = Value::Null;
    for resource in described["resources"].as_array_mut().unwrap() {
        resource["paginator"]["why"] = Value::Null;
        resource["selector"]["why"] = Value::Null;
        resource["auth"] = Value::Null;
    }
    json!([
        described,
        format!("{:?}", plan.runtime.limits()),
        format!("{:?}", plan.runtime.retry())
    ])
}

fn means_the_same(text: &str, format: Format, file: &str) {
    let plan = Plan::parse(text, format, file).unwrap();
    let effective = plan.effective(&Fixed::default()).unwrap();
    let yaml = effective.to_yaml();
    let again = Plan::parse(&yaml, Format::Yaml, "again.yaml")
        .unwrap_or_else(|errors| panic!("{file}: {errors}\n{yaml}"));
    assert_eq!(meaning(&again), meaning(&plan), "{file}\n{yaml}");
    let json = effective.to_json()["document"].to_string();
    let again = Plan::parse(&json, Format::Json, "again.json")
        .unwrap_or_else(|errors| panic!("{file}: {errors}\n{json}"));
    assert_eq!(meaning(&again), meaning(&plan), "{file}\n{json}");
}

const FILE: &str = r#"
name: shop
client:
  base_url: https://api.example.com/v2
  headers: {Accept: "x/{y}", X-Gone: 1, Authorization: "Bearer ${env:T}"}
  auth: {type: bearer, token: "${env:T}"}
  paginator: {type: cursor, cursor_path: next}
  retry_if: $.busy
resource_defaults:
  write_disposition: {disposition: merge, strategy: upsert}
  primary_key: [id]
  columns: {a: {nullable: true}, b: {data_type: text}}
  endpoint:
    headers: {x-default: 1}
    params: {per_page: 100, since: 1, gone: 1}
    data_selector: items
    json: {a: 1, b: {c: 2}}
max_table_nesting: 2
resources:
  - issues
  - name: a b
    write_disposition: append
    columns: [{name: c, data_type: bigint}, {name: a, data_type: date}]
    endpoint: {path: "x/{since}", headers: {X-GONE: null, accept: t}, params: {since: s, gone: null}, json: {b: 3}, paginator: single_page}
  - name: one
    primary_key: number
    max_table_nesting: 5
    processing_steps: [{filter: ".a > 1"}, {redact: b}]
    endpoint: {path: "issues/{resources.issues.id}", entity: one, json: null, headers: null, paginator: null, auth: null}
    include_from_parent: [id]
  - {name: seed, values: [1, {x: 2}]}
  - {name: range, range: {from: 1, to: 3}, selected: true}
runtime: {timeout: null, request_max_attempts: 2, retry_statuses: [429, 500-502], rate_limit: 10/s}
"#;

#[test]
fn what_comes_out_is_a_file_that_means_the_same() {
    means_the_same(FILE, Format::Yaml, "shop.yaml");
    means_the_same(
        "client: {base_url: 'https://h'}\nresources: [a]\n",
        Format::Yaml,
        "x.yaml",
    );
}

#[test]
fn the_examples_mean_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut files = 0;
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Some(format) = Format::of_path(&path) else {
                continue;
            };
            let text = std::fs::read_to_string(&path).unwrap();
            let file = path.display().to_string();
            if text.contains("base_url") && Plan::parse(&text, format, &file).is_ok() {
                files += 1;
                means_the_same(&text, format, &file);
            }
        }
    }
    assert!(files >= 3, "{files} files");
}

#[test]
fn each_value_says_where_it_comes_from() {
    let json = effective(FILE).to_json();
    let origin = |path: &str| {
        let origin = &json["origins"][path];
        assert!(origin.is_object(), "{path}: {}", json["origins"]);
        let line = origin["line"]
            .as_u64()
            .map_or(String::new(), |line| format!(":{line}"));
        format!("{}{line}", origin["from"].as_str().unwrap())
    };
    for (path, expected) in [
        ("client.base_url", "written:4"),
        ("client.on_foreign_origin", "built in"),
        ("resources[0].name", "written:20"),
        ("resources[0].endpoint.path", "name:20"),
        ("resources[0].endpoint.method", "built in"),
        (
            "resources[0].endpoint.params.per_page",
            "resource_defaults:15",
        ),
        ("resources[0].endpoint.headers.Accept", "client:5"),
        (
            "resources[0].endpoint.headers.x-default",
            "resource_defaults:14",
        ),
        ("resources[0].endpoint.paginator.type", "client:7"),
        ("resources[0].endpoint.auth.token", "client:6"),
        ("resources[0].endpoint.retry_if", "client:8"),
        ("resources[0].max_table_nesting", "file:18"),
        (
            "resources[0].write_disposition.strategy",
            "resource_defaults:10",
        ),
        ("resources[1].write_disposition", "written:22"),
        ("resources[1].columns.a.data_type", "written:23"),
        ("resources[1].columns.a.nullable", "resource_defaults:12"),
        ("resources[1].endpoint.params.since", "written:24"),
        ("resources[1].endpoint.json.a", "resource_defaults:17"),
        ("resources[2].max_table_nesting", "written:27"),
        ("runtime.max_retries", "written:33"),
        ("runtime.memory", "built in"),
        ("dataset", "name:2"),
    ] {
        assert_eq!(origin(path), expected, "{path}");
    }
    let implied = |path: &str| json["implied"][path].as_str().unwrap().to_owned();
    assert_eq!(
        implied("resources[2].endpoint.paginator"),
        "single_page: the answer is one record"
    );
    assert_eq!(implied("resources[0].table_name"), "the resource's name");
    assert_eq!(json["document"]["name"], "shop");
    assert_eq!(json["document"].get("resource_defaults"), None);
}

#[test]
fn settings_outside_the_file_are_told_with_their_place() {
    let plan = Plan::parse(
        "client: {base_url: 'https://h'}\nresources: [a]\nruntime: {timeout: 5s}\n",
        Format::Yaml,
        "t.yaml",
    )
    .unwrap();
    let mut source = Fixed {
        env: HashMap::from([
            ("RUNTIME__REQUEST_MAX_ATTEMPTS", "2"),
            ("RUNTIME__REQUEST_TIMEOUT", "9"),
        ]),
        settings: Some("[runtime]\nlog_level = 'INFO'\n"),
    };
    let json = plan.effective(&source).unwrap().to_json();
    assert_eq!(json["document"]["runtime"]["max_retries"], 2);
    assert_eq!(
        json["origins"]["runtime.max_retries"],
        json!({"from": "environment", "variable": "RUNTIME__REQUEST_MAX_ATTEMPTS"})
    );
    assert_eq!(
        json["document"]["runtime"]["timeout"], "5s",
        "the file comes first"
    );
    assert_eq!(
        json["origins"]["runtime.log_level"]["file"],
        ".dlt/config.toml"
    );
    source.env.insert("RUNTIME__REQUEST_MAX_ATTEMPTS", "many");
    assert!(plan.effective(&source).is_err());
}

#[test]
fn credentials_are_masked_wherever_they_stand() {
    let token = "ghp_0123456789abcdefghij";
    let text = format!(
        r#"
client:
  base_url: "https://ada:hunter2@h/x"
  headers: {{Authorization: "Bearer hunter2", X-Odd: "{token}"}}
  auth: "bearer:hunter2"
  client_certificate: {{certificate: hunter2, private_key: hunter2}}
resource_defaults:
  endpoint:
    params: {{api_key: hunter2, q: [{token}]}}
resources:
  - name: a
    endpoint: {{auth: {{type: api_key, name: X-Key, api_key: hunter2}}, json: {{password: hunter2, deep: [{{token: [hunter2]}}]}}, method: POST}}
    processing_steps: [{{hash: {{fields: a, salt: hunter2}}}}]
  - name: b
    endpoint:
      auth: {{type: oauth2_client_credentials, access_token_url: "https://h/token", client_id: me, client_secret: hunter2}}
      data: {{password: hunter2}}
"#
    );
    let plan = Plan::parse(&text, Format::Yaml, "t.yaml").unwrap();
    let effective = plan.effective(&Fixed::default()).unwrap();
    let (yaml, json) = (effective.to_yaml(), effective.to_json().to_string());
    let debug = format!("{effective:?}");
    for shown in [&yaml, &json, &debug] {
        assert!(
            !shown.contains("hunter2") && !shown.contains(token),
            "{shown}"
        );
    }
    assert!(
        yaml.contains("name: X-Key") && yaml.contains("client_id: me"),
        "{yaml}"
    );
}

#[test]
fn the_text_shows_values_with_their_origins_behind_them() {
    let yaml = effective(
        "client: {base_url: 'https://h', paginator: header_link}\nresources:\n  - a\n  - {name: s, values: [1]}\n",
    )
    .to_yaml();
    let line = |start: &str| {
        let line = yaml
            .lines()
            .find(|line| line.trim_start().starts_with(start));
        let words = line
            .unwrap_or_else(|| panic!("{start}: {yaml}"))
            .split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("base_url"), "base_url: https://h # t.yaml:1:20");
    assert_eq!(line("path"), "path: a # name, t.yaml:3:5");
    assert_eq!(line("method"), "method: GET # built in");
    assert_eq!(
        line("# data_selector"),
        "# data_selector: detected from the first page # built in"
    );
    assert_eq!(
        line("# selected"),
        "# selected: false: its rows are there for other resources # built in"
    );
    let paginators: Vec<&str> = yaml
        .lines()
        .filter(|line| line.contains("paginator"))
        .collect();
    assert!(
        paginators[1].ends_with("# client, t.yaml:1:44"),
        "{paginators:?}"
    );
}
