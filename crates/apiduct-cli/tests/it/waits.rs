//! Servers that ask for a longer wait than allowed, and bounds that are reached: the run is incomplete, and a rerun
//! completes it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use apiduct_testkit::{MockApi, MockApiBuilder, OAuthServer, Reply};
use serde_json::{Value, json};

use crate::program::{Outcome, Program};

/// Three pages of two rows; while `is_busy`, the second one is refused for an hour.
fn items(is_busy: &Arc<AtomicBool>) -> MockApiBuilder {
    let is_busy = Arc::clone(is_busy);
    MockApi::builder().get("/items", move |request| {
        let from = request.number_param("from").unwrap_or(0);
        if from == 2 && is_busy.load(Ordering::Relaxed) {
            return Reply::error(429, "slow down").header("Retry-After", "3600");
        }
        let next = (from < 4).then_some(from + 2);
        Reply::json(&json!({"data": [{"id": from}, {"id": from + 1}], "next": next}))
    })
}

/// A program with the file `api.yaml`, whose client has the keys `more` too.
fn program(api: &MockApi, more: &str) -> Program {
    let program = Program::with_api(api);
    let text = format!(
        "client: {{base_url: '{}', paginator: {{type: cursor, cursor_path: next, cursor_param: from}}{more}}}\n\
         resource_defaults: {{endpoint: {{data_selector: data}}}}\n\
         resources: [items]\n\
         runtime: {{backoff_factor: 0.001}}\n",
        api.base_url()
    );
    program.write("api.yaml", &text);
    program
}

fn with_tokens(api: &MockApi) -> Program {
    let auth = format!(
        ", auth: {{type: oauth2_client_credentials, access_token_url: '{}', client_id: program, client_secret: s3cret-77}}",
        api.url("/oauth/token")
    );
    program(api, &auth)
}

fn rows(program: &Program) -> Value {
    let query = "SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM items";
    let text = program.ok(&["sql", "api.yaml", query, "--output-format", "json"]);
    serde_json::from_str::<Value>(&text).unwrap()[0].take()
}

/// The files below `folder`, as far as they belong to a package that waits to be loaded.
fn packages(program: &Program) -> usize {
    fn count(folder: &Path) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return 0;
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .map(|path| if path.is_dir() { count(&path) } else { 1 })
            .sum()
    }
    count(&program.path(".apiduct/api/packages"))
}

fn is_incomplete(outcome: &Outcome, words: &[&str]) {
    assert_eq!(outcome.code, 6, "{outcome}");
    for word in words {
        assert!(outcome.stderr.contains(word), "no `{word}`: {outcome}");
    }
}

#[test]
fn a_long_wait_is_named_with_its_page_and_loads_nothing_until_a_rerun_completes_it() {
    let is_busy = Arc::new(AtomicBool::new(true));
    let api = items(&is_busy).start();
    let program = program(&api, "");
    let outcome = program.call(&["run", "api.yaml", "--max-wait", "10s"]);
    let words = ["page 2 of resource `items`", "3600", "10s", "--max-wait"];
    is_incomplete(&outcome, &words);
    assert_eq!(packages(&program), 0, "nothing waits for the next run");
    let table = program.call(&["sql", "api.yaml", "SELECT * FROM items"]);
    assert_ne!(table.code, 0, "no row is visible: {table}");
    is_busy.store(false, Ordering::Relaxed);
    program.ok(&["run", "api.yaml", "--max-wait", "10s"]);
    assert_eq!(rows(&program), json!({"rows": 6, "ids": 6}));
}

#[test]
fn a_long_wait_is_told_to_programs_as_incomplete() {
    let api = items(&Arc::new(AtomicBool::new(true))).start();
    let program = program(&api, "");
    let outcome = program.call(&["run", "api.yaml", "--max-wait", "10s", "--format", "json"]);
    assert_eq!(outcome.code, 6, "{outcome}");
    assert!(outcome.stdout.contains("\"incomplete\""), "{outcome}");
    assert!(outcome.stdout.contains("page 2 of resource"), "{outcome}");
}

#[test]
fn a_long_wait_for_a_token_is_no_failure_of_the_credentials() {
    let server = OAuthServer::new().client("program", "s3cret-77");
    server.reply_next(Reply::status(429).header("Retry-After", "3600"));
    let api = items(&Arc::default()).oauth(&server).start();
    let program = with_tokens(&api);
    let outcome = program.call(&["run", "api.yaml", "--max-wait", "10s"]);
    let words = ["page 1 of resource `items`", "3600", "10s", "/oauth/token"];
    is_incomplete(&outcome, &words);
    assert_eq!(packages(&program), 0, "nothing waits for the next run");
    program.ok(&["run", "api.yaml", "--max-wait", "10s"]);
    assert_eq!(rows(&program), json!({"rows": 6, "ids": 6}));
}

#[test]
fn requests_that_are_spent_before_the_token_came_are_no_failure_of_the_credentials() {
    let server = OAuthServer::new().client("program", "s3cret-77");
    let api = items(&Arc::default()).oauth(&server).start();
    let program = with_tokens(&api);
    let outcome = program.call(&["run", "api.yaml", "--max-requests", "1"]);
    is_incomplete(&outcome, &["requests", "--max-requests"]);
    assert_eq!(server.token_requests(), 0, "no request was left for it");
    program.ok(&["run", "api.yaml"]);
    assert_eq!(rows(&program), json!({"rows": 6, "ids": 6}));
}
