//! `--record` and `--replay`.

use apiduct_testkit::leak::{MARKER, holds};
use apiduct_testkit::{Access, MockApi, Reply};
use serde_json::{Value, json};

use crate::program::Program;

const SOURCE: &str = "name: shop
client:
  base_url: API
  auth: {type: bearer, token: \"${env:TOKEN}\"}
runtime: {max_retries: 2}
resources:
  - {name: items, primary_key: id, endpoint: {path: items, params: {org: \"${env:ORG}\"}}}
  - {name: notes, endpoint: \"items/{resources.items.id}/notes\", include_from_parent: [id]}
destination: duckdb:shop.duckdb
";

const ROWS: &str = "SELECT id, name, (SELECT count(*) FROM notes) AS notes FROM items ORDER BY id";

fn api() -> MockApi {
    let notes = |request: &apiduct_testkit::Received| {
        let id: u64 = request.segment("id").unwrap().parse().unwrap();
        Reply::json(&json!([{"text": format!("note on {id}")}]))
    };
    MockApi::builder()
        .protect("/", Access::bearer("s3cret-token"))
        .collection(
            "items",
            (1..=25).map(|id| json!({"id": id, "name": format!("Item {id}")})),
        )
        .get("/items/{id}/notes", notes)
        .start()
}

/// A program with a source for `api` and its secrets.
fn program(api: &MockApi) -> Program {
    let program = Program::with_api(api);
    program.write("shop.yaml", &SOURCE.replace("API", api.base_url()));
    program
}

fn with_secrets(program: Program) -> Program {
    program
        .set("TOKEN", "s3cret-token")
        .set("ORG", "s3cret-org")
}

#[test]
fn a_recorded_run_can_be_replayed_without_server_and_secrets() {
    let api = api();
    let live = with_secrets(program(&api));
    live.ok(&["run", "shop.yaml", "--record", "traffic.jsonl"]);
    let rows = live.ok(&["sql", "shop.yaml", ROWS]);
    let traffic = live.read("traffic.jsonl");
    assert!(!holds(traffic.as_bytes(), MARKER), "{traffic}");
    assert!(
        !live
            .files()
            .iter()
            .any(|name| name.contains("traffic.jsonl."))
    );
    let replayed = program(&api);
    drop(api);
    replayed.write("traffic.jsonl", &traffic);
    for command in ["check", "plan"] {
        let told = replayed.ok(&[command, "shop.yaml", "--replay", "traffic.jsonl"]);
        assert!(told.contains("rows"), "{told}");
    }
    let preview = [
        "preview",
        "shop.yaml",
        "items",
        "--limit",
        "2",
        "--replay",
        "traffic.jsonl",
    ];
    assert!(replayed.ok(&preview).contains("Item 1"));
    let told = replayed.ok(&[
        "run",
        "shop.yaml",
        "--replay",
        "traffic.jsonl",
        "--format",
        "json",
    ]);
    let receipt: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&receipt["status"], &receipt["tables"]["notes"]),
        (&json!("complete"), &json!(25))
    );
    assert_eq!(replayed.ok(&["sql", "shop.yaml", ROWS]), rows);
}

#[test]
fn a_replay_touches_nothing_that_runs_keep() {
    let api = api();
    let program = with_secrets(program(&api));
    let only_two = [
        "run",
        "shop.yaml",
        "--max-requests",
        "2",
        "--record",
        "traffic.jsonl",
    ];
    assert_eq!(program.call(&only_two).code, 6);
    assert_eq!(
        program.read("traffic.jsonl").lines().count(),
        3,
        "what was sent is recorded"
    );
    let before = program.files();
    let outcome = program.call(&[
        "run",
        "shop.yaml",
        "--to",
        "duckdb:test.duckdb",
        "--replay",
        "traffic.jsonl",
    ]);
    assert_eq!(outcome.code, 3);
    assert!(
        outcome
            .stderr
            .contains("the recording has no answer to GET"),
        "{outcome}"
    );
    assert!(
        outcome
            .stderr
            .contains("hint: the nearest that it has is GET"),
        "{outcome}"
    );
    let kept = program.path(".apiduct/shop");
    assert!(kept.exists() && program.path(".apiduct/replay/shop").exists());
    let requests = api.recorded().len();
    assert_eq!(requests, 2);
    program.ok(&["run", "shop.yaml"]);
    assert!(before.contains(&".apiduct".to_owned()));
}

#[test]
fn one_endpoint_is_recorded_and_replayed() {
    let api = api();
    let url = api.url("/items");
    let program = Program::with_api(&api);
    let auth = ["--auth", "bearer:s3cret-token"];
    let live = program.ok(&[&["get", &url, "--record", "items.jsonl"], &auth[..]].concat());
    let traffic = program.read("items.jsonl");
    assert!(!holds(traffic.as_bytes(), MARKER), "{traffic}");
    drop(api);
    assert_eq!(program.ok(&["get", &url, "--replay", "items.jsonl"]), live);
    assert_eq!(live.lines().count(), 25);
}

#[test]
fn a_failed_command_leaves_its_recording() {
    let api = MockApi::builder()
        .script("/items", [Reply::status(404)])
        .start();
    let program = Program::with_api(&api);
    let url = api.url("/items");
    assert_eq!(
        program.call(&["get", &url, "--record", "items.jsonl"]).code,
        3
    );
    assert!(program.read("items.jsonl").contains(r#""status":404"#));
    drop(api);
    let outcome = program.call(&["get", &url, "--replay", "items.jsonl"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("404"), "{outcome}");
}

#[test]
fn what_is_no_recording_and_options_that_exclude_each_other_are_refused() {
    let api = api();
    let program = program(&api);
    for (arguments, message) in [
        (
            &["run", "shop.yaml", "--replay", "missing.jsonl"][..],
            "make one with `--record`",
        ),
        (
            &["run", "shop.yaml", "--replay", "shop.yaml"],
            "is no recording",
        ),
        (
            &["run", "shop.yaml", "--replay", "a", "--record", "b"],
            "cannot be used with",
        ),
        (
            &["check", "shop.yaml", "--replay", "a", "--offline"],
            "cannot be used with",
        ),
        (
            &["plan", "shop.yaml", "--record", "a", "--offline"],
            "cannot be used with",
        ),
    ] {
        let outcome = program.call(arguments);
        assert_eq!(outcome.code, 2, "{outcome}");
        assert!(outcome.stderr.contains(message), "{outcome}");
    }
    let program = with_secrets(program);
    let outcome = program.call(&["run", "shop.yaml", "--record", "no/such/folder.jsonl"]);
    assert_eq!(outcome.code, 5, "{outcome}");
    assert!(api.recorded().is_empty());
}
