use apiduct_testkit::MockApi;
use serde_json::{Value, json};

use crate::program::Program;

/// Posts with comments below each, and a program with a file that pulls both.
fn served() -> (MockApi, Program) {
    let api = MockApi::builder()
        .collection(
            "posts",
            (1..=12)
                .map(|id| json!({"id": id, "big": 9_007_199_254_740_993_u64 + id, "tags": ["a"]})),
        )
        .collection("notes", (1..=3).map(|id| json!({"id": id})))
        .start();
    let program = Program::with_api(&api);
    let text = format!(
        "client: {{base_url: '{}'}}\nresource_defaults: {{primary_key: id}}\nresources: [posts, {{name: notes, write_disposition: replace}}]\n",
        api.base_url()
    );
    program.write("api.yaml", &text);
    (api, program)
}

fn run(program: &Program, more: &[&str]) -> Value {
    let mut arguments = vec!["run", "api.yaml", "--format", "json"];
    arguments.extend(more);
    serde_json::from_str(&program.ok(&arguments)).unwrap()
}

fn number(program: &Program, query: &str) -> Value {
    let text = program.ok(&["sql", "api.yaml", query, "--output-format", "json"]);
    serde_json::from_str::<Value>(&text).unwrap()[0]["n"].take()
}

#[test]
fn a_run_ends_with_its_receipt() {
    let (_api, program) = served();
    let outcome = program.call(&["run", "api.yaml", "--select", "posts"]);
    assert_eq!(outcome.code, 0);
    insta::assert_snapshot!("run", outcome);
    insta::assert_snapshot!("show", program.call(&["show", "api.yaml"]));
    assert_eq!(program.files(), [".apiduct", "api.duckdb", "api.yaml"]);
}

#[test]
fn the_receipt_for_programs_is_whole() {
    let (_api, program) = served();
    let receipt = run(&program, &[]);
    assert_eq!(receipt["status"], "complete");
    assert_eq!(
        receipt["tables"],
        json!({"posts": 12, "posts__tags": 12, "notes": 3})
    );
    let posts = &receipt["resources"]["posts"];
    assert_eq!(
        (&posts["pages"], &posts["rows"], &posts["retries"]),
        (&json!(3), &json!(12), &json!(0))
    );
    assert!(posts["bytes"].as_u64().unwrap() > 0 && receipt["seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn rows_are_appended_or_replaced_as_the_file_says() {
    let (_api, program) = served();
    run(&program, &[]);
    run(&program, &[]);
    assert_eq!(number(&program, "SELECT count(*) AS n FROM posts"), 24);
    assert_eq!(number(&program, "SELECT count(*) AS n FROM notes"), 3);
    run(&program, &["--full-refresh"]);
    assert_eq!(number(&program, "SELECT count(*) AS n FROM posts"), 12);
    assert_eq!(
        number(&program, "SELECT count(*) AS n FROM posts__tags"),
        12
    );
}

#[test]
fn numbers_stay_exact_to_the_last_digit() {
    let (_api, program) = served();
    run(&program, &[]);
    assert_eq!(
        number(&program, "SELECT max(big) AS n FROM posts"),
        9_007_199_254_741_005_u64
    );
}

#[test]
fn a_selection_destination_and_dataset_can_be_given() {
    let (api, program) = served();
    let receipt = run(
        &program,
        &[
            "--select",
            "notes",
            "--to",
            "duckdb:other.duckdb",
            "--dataset",
            "raw",
        ],
    );
    assert_eq!(receipt["tables"], json!({"notes": 3}));
    assert!(api.requests_to("/posts").is_empty());
    assert!(program.path("other.duckdb").exists() && !program.path("api.duckdb").exists());
    let text = program.ok(&[
        "sql",
        "api.yaml",
        "FROM raw.notes",
        "--to",
        "duckdb:other.duckdb",
        "--dataset",
        "raw",
        "--output-format",
        "csv",
    ]);
    assert_eq!(text.lines().count(), 4);
    assert!(text.starts_with("id,"), "{text}");
    let outcome = program.call(&["run", "api.yaml", "--select", "note"]);
    assert_eq!(outcome.code, 2);
    insta::assert_snapshot!("unknown_resource", outcome);
}

#[test]
fn a_quota_ends_a_run_as_incomplete_and_a_rerun_completes_it() {
    let (_api, program) = served();
    let outcome = program.call(&["run", "api.yaml", "--max-requests", "2"]);
    assert_eq!(outcome.code, 6, "{outcome}");
    insta::assert_snapshot!("max_requests", outcome);
    let receipt = run(&program, &[]);
    assert_eq!(receipt["status"], "complete");
    assert_eq!(number(&program, "SELECT count(*) AS n FROM posts"), 12);
}

#[test]
fn a_quiet_run_says_nothing() {
    let (_api, program) = served();
    let outcome = program.call(&["run", "api.yaml", "-q"]);
    assert_eq!(
        (
            outcome.code,
            outcome.stdout.as_str(),
            outcome.stderr.as_str()
        ),
        (0, "", "")
    );
    let outcome = program.call(&["check", "api.yaml", "--offline", "-q"]);
    assert_eq!(
        (
            outcome.code,
            outcome.stdout.as_str(),
            outcome.stderr.as_str()
        ),
        (0, "", "")
    );
}

#[test]
fn a_verbose_run_tells_each_stage_on_stderr() {
    let (_api, program) = served();
    let outcome = program.call(&["run", "api.yaml", "-v"]);
    assert_eq!(outcome.code, 0);
    for part in ["posts", "notes", "loading 27 rows"] {
        assert!(outcome.stderr.contains(part), "{outcome}");
    }
    assert!(!outcome.stderr.contains('\u{1b}'), "{outcome}");
}

#[test]
fn the_log_follows_the_file_the_environment_and_the_command_line() {
    let (_api, program) = served();
    let log = |program: &Program, more: &[&str]| {
        let mut arguments = vec!["run", "api.yaml"];
        arguments.extend(more);
        let stderr = program.call(&arguments).stderr;
        ["INFO", "DEBUG"].map(|level| stderr.contains(&format!(" {level} ")))
    };
    assert_eq!(log(&program, &[]), [false, false]);
    assert_eq!(log(&program, &["-vv"]), [true, true]);
    program.write(
        "api.yaml",
        &format!("{}runtime: {{log_level: INFO}}\n", program.read("api.yaml")),
    );
    assert_eq!(log(&program, &[]), [true, false]);
    let program = program.set("RUNTIME__LOG_LEVEL", "DEBUG");
    assert_eq!(
        log(&program, &[]),
        [true, false],
        "the file wins over the spelling of the reference"
    );
    let program = program.set("APIDUCT_LOG", "error");
    assert_eq!(log(&program, &["-vv"]), [false, false]);
    let program = program.set("APIDUCT_LOG", "=[");
    assert_eq!(program.call(&["run", "api.yaml"]).code, 2);
}

#[test]
fn a_query_answers_in_every_form() {
    let (_api, program) = served();
    run(&program, &[]);
    let query = "SELECT id, big, TIMESTAMPTZ '2024-05-06 07:08:09+00' AS at, NULL AS nothing FROM posts ORDER BY id LIMIT 2";
    for form in ["table", "csv", "json", "jsonl"] {
        insta::assert_snapshot!(
            format!("sql_{form}"),
            program.call(&["sql", "api.yaml", query, "--output-format", form])
        );
    }
    let outcome = program.call_with_input(
        &["sql", "api.yaml", "-", "--format", "json"],
        "SELECT 1 AS n",
    );
    assert_eq!(outcome.stdout, "[{\"n\":1}]\n", "{outcome}");
}

#[test]
fn the_tour_needs_no_network_and_ends_with_a_query() {
    let program = Program::new();
    let outcome = program.call(&["demo"]);
    assert_eq!(outcome.code, 0, "{outcome}");
    assert!(
        outcome.stdout.contains("complete: 8,624 rows in 8 tables"),
        "{outcome}"
    );
    assert!(outcome.stdout.contains("station"), "{outcome}");
    assert_eq!(
        program.files(),
        [".apiduct", "apiduct-demo.duckdb", "apiduct-demo.yaml"]
    );
    let text = program.ok(&[
        "sql",
        "apiduct-demo.yaml",
        "SELECT count(*) AS n FROM trips",
        "--output-format",
        "csv",
    ]);
    assert_eq!(text, "n\n3000\n");
    let again = program.call(&["demo", "--format", "json"]);
    assert_eq!(again.code, 0, "{again}");
    let document: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(document["receipt"]["status"], "complete");
}
