//! What the log shows, and of whom.

use apiduct_testkit::{MockApi, Reply};
use serde_json::{Value, json};

use crate::program::Program;

const TOKEN: &str = "s3cret-t0ken";

/// An API whose first answer is 503, and a program that asks it with a secret.
fn served() -> (MockApi, Program) {
    let busy = Reply::status(503).header("Retry-After", "0.01");
    let page = Reply::json(&json!([{"id": 1}])).header("X-Total", "1");
    let api = MockApi::builder().script("/posts", [busy, page]).start();
    let program = Program::with_api(&api).set("T", TOKEN);
    (api, program)
}

fn log(program: &Program, api: &MockApi, more: &[&str]) -> String {
    let url = api.url("/posts?api_key=abc&q=1");
    let mut arguments = vec!["get", url.as_str(), "--auth", "bearer:${env:T}"];
    arguments.extend(more);
    let outcome = program.call(&arguments);
    assert_eq!(outcome.code, 0, "{outcome}");
    assert!(!outcome.stderr.contains(TOKEN), "{outcome}");
    assert!(!outcome.stderr.contains("abc"), "{outcome}");
    outcome.stderr
}

#[test]
fn info_shows_every_try_with_method_url_status_time_and_number() {
    for how in ["-v", "RUNTIME__LOG_LEVEL", "RUST_LOG", "APIDUCT_LOG"] {
        let (api, mut program) = served();
        let more: &[&str] = if how == "-v" { &["-v"] } else { &[] };
        if how != "-v" {
            program = program.set(how, "info");
        }
        let log = log(&program, &api, more);
        let lines: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("answered"))
            .collect();
        assert_eq!(lines.len(), 2, "{how}: {log}");
        let url = format!("url={}/posts?api_key=***&q=1", api.base_url());
        for (line, status, attempt) in [(lines[0], 503, 1), (lines[1], 200, 2)] {
            for part in [
                " INFO ",
                "apiduct::http",
                "method=GET",
                url.as_str(),
                &format!("status={status}"),
                &format!("attempt={attempt}"),
                "elapsed_ms=",
                "bytes=",
            ] {
                assert!(line.contains(part), "{how}: {part} in {line}");
            }
        }
        assert!(log.contains("request is tried again"), "{how}: {log}");
    }
}

#[test]
fn requests_can_be_left_out_of_the_log() {
    let (api, program) = served();
    let program = program.set("APIDUCT_LOG", "info,apiduct::http=warn");
    assert!(!log(&program, &api, &[]).contains("answered"));
}

#[test]
fn more_v_shows_pages_and_then_headers() {
    let (api, program) = served();
    let two = log(&program, &api, &["-vv"]);
    assert!(two.contains("DEBUG") && !two.contains("x-total"), "{two}");
    let (api, program) = served();
    let three = log(&program, &api, &["-vvv"]);
    assert!(three.contains("x-total: 1"), "{three}");
}

#[test]
fn the_log_can_be_json_lines() {
    let (api, program) = served();
    let program = program.set("RUNTIME__LOG_FORMAT", "JSON");
    let log = log(&program, &api, &["-v", "-q"]);
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let answered = lines.iter().find(|line| line["fields"]["status"] == 200);
    let answered = answered.unwrap();
    assert_eq!(answered["fields"]["attempt"], 2);
    assert_eq!(answered["target"], "apiduct::http");
}

#[test]
fn an_unknown_form_of_the_log_is_a_mistake() {
    let (api, program) = served();
    let program = program.set("RUNTIME__LOG_FORMAT", "xml");
    let outcome = program.call(&["get", &api.url("/posts")]);
    assert_eq!(outcome.code, 2, "{outcome}");
    assert!(outcome.stderr.contains("RUNTIME__LOG_FORMAT"), "{outcome}");
}
