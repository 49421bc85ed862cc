use std::process::Command;

use apiduct::duckdb::DuckDb;
use apiduct::load::{Destination, PipelineLock};
use apiduct::model::SystemClock;
use apiduct_testkit::MockApi;
use serde_json::{Value, json};

use crate::program::Program;

fn served(rows: u64) -> (MockApi, Program) {
    let records =
        (1..=rows).map(|id| json!({"id": id, "text": format!("{id:0>200}"), "tags": ["a", "b"]}));
    let api = MockApi::builder().collection("posts", records).start();
    let program = Program::with_api(&api);
    let resource = "{name: posts, endpoint: {path: posts, params: {per_page: 500}}, write_disposition: append}";
    let text = format!(
        "client: {{base_url: '{}'}}\nresources: [{resource}]\ndestination: 'duckdb:out.duckdb'\n",
        api.base_url()
    );
    program.write("api.yaml", &text);
    (api, program)
}

fn tables(program: &Program) -> Value {
    let show = program.ok(&["show", "api.yaml", "--format", "json"]);
    serde_json::from_str::<Value>(&show).unwrap()["tables"].take()
}

#[test]
fn a_locked_destination_is_named_before_anything_is_fetched() {
    let (api, program) = served(10);
    let held = DuckDb::new(program.path("out.duckdb"))
        .open("held")
        .unwrap();
    let outcome = program.call(&["run", "api.yaml"]);
    assert_eq!(outcome.code, 5, "{outcome}");
    insta::assert_snapshot!("locked_destination", outcome);
    assert_eq!(api.recorded().len(), 0);
    assert_eq!(program.call(&["show", "api.yaml"]).code, 5);
    drop(held);
    program.ok(&["run", "api.yaml"]);
    assert_eq!(tables(&program), json!({"posts": 10, "posts__tags": 20}));
}

#[test]
fn two_runs_of_one_pipeline_are_kept_apart() {
    let (_api, program) = served(10);
    let lock =
        PipelineLock::acquire(&program.path(".apiduct/api/lock"), &SystemClock::new()).unwrap();
    let outcome = program.call(&["run", "api.yaml"]);
    assert_eq!(outcome.code, 5, "{outcome}");
    insta::assert_snapshot!("running_already", outcome);
    let show: Value =
        serde_json::from_str(&program.ok(&["show", "api.yaml", "--format", "json"])).unwrap();
    assert!(
        show["running"].as_str().unwrap().starts_with("process "),
        "{show}"
    );
    drop(lock);
    program.ok(&["run", "api.yaml"]);
}

/// The program in a shell that lets no file grow beyond `kibibytes`: to a program, a disk that is full.
#[cfg(unix)]
fn on_a_small_disk(
    program: &Program,
    kibibytes: u64,
    arguments: &[&str],
) -> crate::program::Outcome {
    let script = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"",
        kibibytes * 2
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, env!("CARGO_BIN_EXE_apiduct")])
        .args(arguments);
    program.prepare(&mut command);
    let output = command.output().unwrap();
    program.outcome(arguments, output)
}

#[cfg(unix)]
#[test]
fn a_full_disk_loses_nothing_and_leaves_nothing_half_written() {
    let (_api, program) = served(3_000);
    program.ok(&["run", "api.yaml"]);
    let before = tables(&program);
    let outcome = on_a_small_disk(&program, 64, &["run", "api.yaml"]);
    assert_eq!(outcome.code, 5, "{outcome}");
    assert!(outcome.stderr.contains("hint: free some room"), "{outcome}");
    assert_eq!(tables(&program), before);
    program.ok(&["run", "api.yaml"]);
    assert_eq!(
        tables(&program),
        json!({"posts": 6_000, "posts__tags": 12_000})
    );
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_no_file_of_get() {
    let (api, program) = served(3_000);
    for file in ["out.jsonl", "out.csv", "out.parquet"] {
        let outcome = on_a_small_disk(
            &program,
            64,
            &["get", &api.url("/posts?per_page=500"), "-o", file],
        );
        assert_eq!(outcome.code, 5, "{outcome}");
        assert_eq!(program.files(), ["api.yaml"], "{outcome}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_that_is_full_is_named() {
    let (api, program) = served(3_000);
    let outcome = program.call(&["get", &api.url("/posts?per_page=500"), "-o", "/dev/full"]);
    assert_eq!(outcome.code, 5, "{outcome}");
    assert!(
        outcome.stderr.contains("error: cannot write `/dev/full`"),
        "{outcome}"
    );
}

#[test]
fn a_destination_that_this_version_does_not_have_is_refused() {
    let (api, program) = served(10);
    for (to, code) in [("parquet:out", 2), ("oracle:out", 2), ("duckdb:", 2)] {
        let outcome = program.call(&["run", "api.yaml", "--to", to]);
        assert_eq!(outcome.code, code, "{outcome}");
    }
    insta::assert_snapshot!(
        "unknown_destination",
        program.call(&["run", "api.yaml", "--to", "oracle:out"])
    );
    assert_eq!(api.recorded().len(), 0);
}

#[test]
fn a_query_that_is_refused_is_the_users_mistake() {
    let (_api, program) = served(3);
    program.ok(&["run", "api.yaml"]);
    let outcome = program.call(&["sql", "api.yaml", "SELECT no_such_column FROM posts"]);
    assert_eq!(outcome.code, 2, "{outcome}");
    assert!(
        outcome
            .stderr
            .starts_with("error: the query cannot be answered\n  cause: "),
        "{outcome}"
    );
}

#[test]
fn before_the_first_run_there_is_nothing_to_query() {
    let (_api, program) = served(3);
    let outcome = program.call(&["sql", "api.yaml", "SELECT 1"]);
    assert_eq!(outcome.code, 5, "{outcome}");
    assert!(
        outcome.stderr.contains("hint: run the pipeline first"),
        "{outcome}"
    );
    assert!(
        program
            .ok(&["show", "api.yaml"])
            .contains("nothing was loaded yet")
    );
}
