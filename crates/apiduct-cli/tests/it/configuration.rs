use apiduct_testkit::MockApi;
use serde_json::Value;

use crate::program::Program;

const BROKEN_YAML: &str = r#"
name: tracker
client:
  base_url: api.example.com
  headrs: {Accept: application/json}
  paginator: {type: cursor, cursor_pth: next}
resource_defaults:
  write_disposition: upsert
resources:
  - name: issues
    endpoint: {path: issues, params: [state]}
  - name: issues
  - name: comments
    endpoint: "isues/{resources.isues.number}/comments"
runtime: {timeout: soon}
"#;

#[test]
fn every_mistake_of_a_file_is_told_at_once() {
    let program = Program::new();
    program.write("tracker.yaml", BROKEN_YAML);
    for command in ["check", "plan", "run"] {
        let outcome = program.call(&[command, "tracker.yaml"]);
        assert_eq!(outcome.code, 2, "{outcome}");
        assert!(outcome.stdout.is_empty(), "{outcome}");
    }
    insta::assert_snapshot!(
        "broken_yaml",
        program.call(&["check", "tracker.yaml", "--offline"])
    );
}

#[test]
fn mistakes_for_programs_are_one_document() {
    let program = Program::new();
    program.write(
        "tracker.toml",
        "name = \"tracker\"\nresorces = []\n[client]\nbase_url = 7\n",
    );
    let outcome = program.call(&["check", "tracker.toml", "--format", "json"]);
    assert_eq!(outcome.stderr, "");
    insta::assert_snapshot!("broken_toml_for_programs", outcome);
}

#[test]
fn a_file_that_breaks_its_language_is_told_with_the_place() {
    let program = Program::new();
    program.write("a.yaml", "client: {base_url: 'x\nresources: [\n");
    program.write("a.json", "{\"client\": }");
    program.write("a.toml", "client = = 1");
    program.write("a.txt", "client: {}");
    for (name, file) in [
        ("yaml", "a.yaml"),
        ("json", "a.json"),
        ("toml", "a.toml"),
        ("extension", "a.txt"),
        ("missing", "b.yaml"),
    ] {
        insta::assert_snapshot!(format!("unreadable_{name}"), program.call(&["check", file]));
    }
}

#[test]
fn a_starter_file_is_written_once_and_valid() {
    let program = Program::new();
    insta::assert_snapshot!("init", program.call(&["init", "tracker.yaml"]));
    insta::assert_snapshot!("init_file", program.read("tracker.yaml"));
    insta::assert_snapshot!("init_again", program.call(&["init", "tracker.yaml"]));
    insta::assert_snapshot!(
        "init_check",
        program.call(&["check", "tracker.yaml", "--offline"])
    );
    assert_eq!(program.call(&["init", "tracker.json"]).code, 2);
    assert_eq!(program.files(), ["tracker.yaml"]);
}

#[test]
fn the_schema_is_one_of_json_schema() {
    let schema: Value = serde_json::from_str(&Program::new().ok(&["schema"])).unwrap();
    assert!(
        schema["$schema"]
            .as_str()
            .unwrap()
            .contains("json-schema.org"),
        "{schema}"
    );
    assert!(schema["properties"]["resources"].is_object());
}

const TRACKER: &str = r#"
name: tracker
client:
  base_url: https://api.example.com/v2/
  headers: {Accept: application/json, X-Key: "${env:KEY}"}
  auth: {type: bearer, token: "${env:TRACKER_TOKEN}"}
  paginator: header_link
resource_defaults: {primary_key: id, write_disposition: replace}
resources:
  - name: comments
    endpoint: {path: "issues/{resources.issues.number}/comments", paginator: single_page}
    include_from_parent: [number]
  - name: issues
    endpoint: {path: issues, params: {state: all, api_key: "${env:KEY}"}, data_selector: data.items}
"#;

#[test]
fn a_plan_offline_reads_no_secret_and_says_why() {
    let program = Program::new();
    program.write("tracker.yaml", TRACKER);
    insta::assert_snapshot!(
        "plan_offline",
        program.call(&["plan", "tracker.yaml", "--offline"])
    );
    let text = program.ok(&["plan", "tracker.yaml", "--offline", "--format", "json"]);
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["resources"][0]["name"], "issues");
    assert_eq!(plan["resources"][1]["parent"], "issues");
    assert_eq!(program.files(), ["tracker.yaml"]);
}

#[test]
fn a_missing_secret_is_told_with_every_place_searched() {
    let program = Program::new();
    program.write("tracker.yaml", TRACKER);
    for command in ["check", "run", "preview", "plan"] {
        let outcome = program.call(&[command, "tracker.yaml"]);
        assert_eq!(outcome.code, 2, "{outcome}");
    }
    insta::assert_snapshot!("missing_secret", program.call(&["run", "tracker.yaml"]));
}

#[test]
fn a_check_tries_every_resource_and_goes_on_after_a_failure() {
    let api = MockApi::builder()
        .collection("posts", (1..=7).map(|id| serde_json::json!({"id": id})))
        .json("/keyless", &serde_json::json!([{"name": "a"}]))
        .start();
    let program = Program::with_api(&api);
    program.write(
        "api.yaml",
        &format!(
            "client: {{base_url: '{}'}}\nresources: [posts, missing, {{name: keyless, primary_key: id}}]\n",
            api.base_url()
        ),
    );
    let outcome = program.call(&["check", "api.yaml"]);
    assert_eq!(outcome.code, 3);
    insta::assert_snapshot!("check", outcome);
    let document: Value = serde_json::from_str(
        &program
            .call(&["check", "api.yaml", "--format", "json"])
            .stdout,
    )
    .unwrap();
    assert_eq!(document["resources"][0]["rows"], 5);
    assert_eq!(document["resources"][1]["error"]["class"], "source");
    assert_eq!(document["resources"][2]["missing_key"][0], "id");
    assert_eq!(program.files(), ["api.yaml"]);
}

#[test]
fn a_resolved_plan_shows_each_value_with_its_origin_and_no_secret() {
    let program = Program::new();
    program.write(
        "tracker.yaml",
        r"
client:
  base_url: https://api.example.com
  auth: {type: bearer, token: hunter2}
  paginator: header_link
resource_defaults:
  endpoint: {params: {per_page: 100}}
resources:
  - issues
runtime: {concurrency: 2}
",
    );
    std::fs::create_dir(program.path(".dlt")).unwrap();
    program.write(".dlt/config.toml", "[runtime]\nrequest_timeout = 9\n");
    let outcome = program.call(&["plan", "tracker.yaml", "--resolved"]);
    assert!(!outcome.stdout.contains("hunter2"), "{outcome}");
    insta::assert_snapshot!("plan_resolved", outcome);
    let text = program.ok(&["plan", "tracker.yaml", "--resolved", "--format", "json"]);
    let resolved: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(resolved["document"]["runtime"]["timeout"], 9);
    assert_eq!(resolved["origins"]["runtime.timeout"]["line"], 2);
    assert_eq!(
        resolved["origins"]["resources[0].endpoint.params.per_page"]["from"],
        "resource_defaults"
    );
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_plan_online_shows_what_was_detected() {
    let api = MockApi::builder()
        .collection("posts", (1..=7).map(|id| serde_json::json!({"id": id})))
        .start();
    let program = Program::with_api(&api);
    program.write(
        "api.yaml",
        &format!(
            "client: {{base_url: '{}'}}\nresources: [posts]\n",
            api.base_url()
        ),
    );
    insta::assert_snapshot!("plan", program.call(&["plan", "api.yaml"]));
    let text = program.ok(&["plan", "api.yaml", "--format", "json"]);
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["resources"][0]["first_page"]["rows"], 5);
}

#[test]
fn a_preview_shows_rows_and_tables_and_writes_nothing() {
    let api = MockApi::builder()
        .json(
            "/issues",
            &serde_json::json!([
                {"id": 1, "at": "2024-01-01T00:00:00Z", "labels": [{"name": "bug"}], "price": 1.5},
                {"id": 2, "at": null, "labels": []},
            ]),
        )
        .start();
    let program = Program::with_api(&api);
    program.write(
        "api.yaml",
        &format!(
            "client: {{base_url: '{}'}}\nresources: [issues]\n",
            api.base_url()
        ),
    );
    let outcome = program.call(&["preview", "api.yaml", "--format", "json"]);
    assert_eq!(outcome.code, 0, "{outcome}");
    let preview: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        preview["tables"][0]["rows"][0]["at"],
        "2024-01-01T00:00:00Z"
    );
    assert_eq!(preview["tables"][1]["name"], "issues__labels");
    let text = program.ok(&["preview", "api.yaml", "issues", "--limit", "1"]);
    assert!(text.starts_with("issues\n  id: bigint"), "{text}");
    assert!(text.contains("\nissues__labels\n"), "{text}");
    assert_eq!(program.files(), ["api.yaml"]);
}

#[test]
fn warnings_have_names_and_places_and_may_be_denied() {
    let program = Program::new();
    program.write(
        "loose.yaml",
        "client: {base_url: 'https://h', auth: 'bearer:hunter2'}\nresources: [{name: a, write_disposition: merge}]\n",
    );
    let outcome = program.call(&["check", "loose.yaml", "--offline"]);
    assert_eq!(outcome.code, 0, "{outcome}");
    assert!(!outcome.stderr.contains("hunter2"), "{outcome}");
    let denied = ["check", "loose.yaml", "--offline", "--deny-warnings"];
    let outcome = program.call(&denied);
    assert_eq!(outcome.code, 2, "{outcome}");
    assert!(
        outcome
            .stderr
            .contains("error: 4 warnings about `loose.yaml`"),
        "{outcome}"
    );
    let outcome = program.call(&[&denied[..], &["--format", "json"]].concat());
    assert_eq!(outcome.code, 2, "{outcome}");
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let warnings = document["warnings"].as_array().unwrap();
    let told: Vec<(&str, u64)> = warnings
        .iter()
        .map(|one| {
            assert!(one["hint"].as_str().is_some_and(|hint| !hint.is_empty()));
            assert!(one["column"].as_u64().is_some_and(|column| column > 0));
            (one["code"].as_str().unwrap(), one["line"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("secret-in-file", 1),
            ("merge-without-key", 2),
            ("paginator-guessed", 2),
            ("selector-guessed", 2),
        ]
    );
}

#[test]
fn a_plan_shows_how_much_of_a_resource_may_be_under_way_and_fail() {
    let program = Program::new();
    program.write(
        "api.yaml",
        r"
client: {base_url: https://api.example.com}
resources:
  - posts
  - {name: comments, concurrency: 2, on_error: dead_letter, endpoint: 'posts/{resources.posts.id}/comments'}
",
    );
    let text = program.ok(&["plan", "api.yaml", "--offline"]);
    let failures = "   on error   up to 10 rows of the parent may fail, or 10 % of them; they are listed in a table\n";
    assert!(text.contains(failures), "{text}");
    assert!(text.contains("   in flight  at most 2\n"), "{text}");
    assert_eq!(text.matches("in flight").count(), 1, "{text}");
    let text = program.ok(&["plan", "api.yaml", "--offline", "--format", "json"]);
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["resources"][1]["concurrency"], 2);
    assert!(plan["resources"][0].get("on_error").is_none(), "{text}");
}
