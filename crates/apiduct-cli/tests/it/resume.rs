//! Runs that end early and the same command again, as people see them.
#![cfg(unix)]

use std::collections::BTreeMap;

use apiduct_testkit::process::{KillAt, spawn_and_kill};
use apiduct_testkit::{MockApi, Reply};
use serde_json::{Value, json};

use crate::program::Program;

/// Points at which the program is killed.
const KILLS: u64 = 10;

/// Requests of a pull: 2 pages of posts, and 3 of the comments of each of 20 posts.
const REQUESTS: u64 = 2 + 20 * 3;

/// A source of two levels, and the program in a folder of its own.
fn served() -> (MockApi, Program) {
    let api = MockApi::builder()
        .get("/posts", |request| {
            let from = request.number_param("from").unwrap_or(0);
            let data: Vec<Value> = (from..from + 10).map(|id| json!({"id": id})).collect();
            Reply::json(&json!({"data": data, "next": (from == 0).then_some(10)}))
        })
        .get("/posts/{id}/comments", |request| {
            let post: u64 = request.segment("id").unwrap_or_default().parse().unwrap();
            let page = request.number_param("from").unwrap_or(0);
            let next = (page < 2).then_some(page + 1);
            Reply::json(&json!({"data": [{"id": post * 10 + page}], "next": next}))
        })
        .start();
    let program = Program::with_api(&api);
    let paginator = "{type: cursor, cursor_path: next, cursor_param: from}";
    program.write(
        "api.yaml",
        &format!(
            "client: {{base_url: '{}', paginator: {paginator}}}
resource_defaults: {{endpoint: {{data_selector: data}}}}
resources:
  - posts
  - {{name: comments, endpoint: {{path: 'posts/{{resources.posts.id}}/comments'}}}}
",
            api.base_url()
        ),
    );
    (api, program)
}

/// How often each URL was asked for, where that was more than once.
fn repeated(api: &MockApi) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in api.recorded() {
        *counts.entry(request.target()).or_default() += 1;
    }
    counts.retain(|_, count| *count > 1);
    counts
}

#[test]
fn a_killed_run_goes_on_with_every_row_once_and_hardly_a_request_twice() {
    for kill in 0..KILLS {
        let (api, program) = served();
        let nth = 1 + (kill * 37 + 5) % REQUESTS;
        let mut command = program.command(&["run", "api.yaml"]);
        let ending = spawn_and_kill(&mut command, KillAt::Request(&api, nth)).unwrap();
        assert!(ending.killed, "kill at {nth}: {ending:?}");
        let receipt: Value =
            serde_json::from_str(&program.ok(&["run", "api.yaml", "--format", "json"])).unwrap();
        assert_eq!(
            receipt["tables"],
            json!({"posts": 20, "comments": 60}),
            "kill at {nth}"
        );
        let ids = "SELECT count(DISTINCT id) FROM comments";
        let ids = program.ok(&["sql", "api.yaml", ids, "--output-format", "csv"]);
        assert!(ids.ends_with("60\n"), "{ids}");
        let repeated = repeated(&api);
        let streams = repeated.keys().map(|url| url.split('?').next().unwrap());
        let streams: std::collections::BTreeSet<&str> = streams.collect();
        assert_eq!(streams.len(), repeated.len(), "kill at {nth}: {repeated:?}");
        assert!(
            repeated.values().all(|count| *count == 2),
            "kill at {nth}: {repeated:?}"
        );
        // The parents' list, and the children that may be begun: four for each request in flight.
        assert!(repeated.len() <= 1 + 4 * 8, "kill at {nth}: {repeated:?}");
    }
}

#[test]
fn what_is_kept_is_told_and_shown_and_can_be_dropped() {
    let (api, program) = served();
    let outcome = program.call(&["run", "api.yaml", "--max-requests", "20"]);
    assert_eq!(outcome.code, 6, "{outcome}");
    assert!(
        outcome
            .stderr
            .ends_with("kept: 20 pages; the same command goes on behind them\n"),
        "{outcome}"
    );
    let shown = program.ok(&["show", "api.yaml"]);
    let line = shown
        .lines()
        .find(|line| line.starts_with("unfinished: load "))
        .unwrap();
    assert!(
        line.contains("of `posts`, ") && line.contains("of `comments` ("),
        "{line}"
    );
    let shown: Value =
        serde_json::from_str(&program.ok(&["show", "api.yaml", "--format", "json"])).unwrap();
    let pages = shown["unfinished"][0]["pages"].as_object().unwrap();
    let sum: u64 = pages.values().filter_map(Value::as_u64).sum();
    assert_eq!(sum, 20, "{shown}");
    let document = program.call(&["run", "api.yaml", "--max-requests", "3", "--format", "json"]);
    let error: Value = serde_json::from_str(&document.stdout).unwrap();
    assert_eq!(error["error"]["kept_pages"], 23, "{document}");
    assert_eq!(document.stderr, "", "{document}");
    let outcome = program.call(&["run", "api.yaml"]);
    assert_eq!(outcome.code, 0, "{outcome}");
    let id = shown["unfinished"][0]["load_id"].as_str().unwrap();
    let told =
        format!("going on with load {id}: 23 pages of an interrupted run are not fetched again\n");
    assert_eq!(outcome.stderr.replace("[LOAD]", id), told, "{outcome}");
    assert!(outcome.stdout.contains("kept"), "{outcome}");
    assert_eq!(api.stats().requests, REQUESTS);
    program.call(&["run", "api.yaml", "--max-requests", "20"]);
    let outcome = program.call(&["run", "api.yaml", "--restart", "--format", "json"]);
    let receipt: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        receipt["resources"]["posts"]["resumed_pages"],
        Value::Null,
        "{outcome}"
    );
    let shown: Value =
        serde_json::from_str(&program.ok(&["show", "api.yaml", "--format", "json"])).unwrap();
    assert_eq!(shown["unfinished"], json!([]));
}
