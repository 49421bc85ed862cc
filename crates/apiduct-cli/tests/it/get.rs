use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

use apiduct_testkit::{Access, MockApi, MockApiBuilder, Reply};
use serde_json::{Value, json};

use crate::program::Program;

fn records() -> impl Iterator<Item = Value> {
    (1..=23).map(|id| json!({"id": id, "name": format!("Post {id}"), "labels": [{"name": "bug"}]}))
}

fn served() -> (MockApi, Program) {
    let api = MockApi::builder().collection("posts", records()).start();
    let program = Program::with_api(&api);
    (api, program)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn with_no_options_every_record_of_every_style_comes_out() {
    let (api, program) = served();
    let expected: Vec<Value> = records().collect();
    for style in [
        "posts",
        "posts_zero_based",
        "posts_relative_next_url",
        "posts_under_a_different_key",
        "posts_header_link",
        "posts_all",
        "posts_offset_limit",
        "posts_cursor",
    ] {
        let text = program.ok(&["get", &api.url(&format!("/{style}"))]);
        assert_eq!(lines(&text), expected, "{style}");
    }
}

#[test]
fn a_list_that_moves_on_while_it_is_read_is_told() {
    let builder = MockApi::builder().get("/moving", |request| {
        let page = request
            .param("page")
            .map_or(1, |page| page.parse().unwrap());
        let first = if page == 1 { 1 } else { page * 2 - 2 };
        let data = [first, first + 1].map(|id| json!({"id": id}));
        Reply::json(&json!({"data": data, "page": page, "total_pages": 3}))
    });
    let api = builder.start();
    let program = Program::with_api(&api);
    let outcome = program.call(&["get", &api.url("/moving")]);
    assert_eq!(outcome.code, 0, "{outcome}");
    assert!(
        outcome.stderr.contains(
            "the list changed while it was read: 1 record came twice, at the start of page 2"
        ),
        "{outcome}"
    );
}

#[test]
fn fewer_records_than_the_api_counts_end_with_the_code_for_incomplete() {
    let page = json!({"data": [{"id": 1}, {"id": 2}], "total": 50});
    let api = MockApi::builder().json("/some", &page).start();
    let program = Program::with_api(&api);
    let outcome = program.call(&["get", &api.url("/some")]);
    assert_eq!(outcome.code, 6, "{outcome}");
    assert!(
        outcome
            .stderr
            .contains("the API says that it has 50 records, and 2 came"),
        "{outcome}"
    );
    let limited = program.call(&["get", &api.url("/some"), "--limit", "1"]);
    assert_eq!(limited.code, 0, "{limited}");
}

#[test]
fn what_was_detected_is_told_on_stderr() {
    let (api, program) = served();
    let mut outcome = program.call(&["get", &api.url("/posts")]);
    outcome.stdout.clear();
    assert!(outcome.stderr.contains("records: `data`"), "{outcome}");
    assert!(outcome.stderr.contains("paginator: "), "{outcome}");
    assert!(
        outcome.stderr.contains("23 records in 5 pages"),
        "{outcome}"
    );
    let quiet = program.call(&["get", &api.url("/posts"), "-q"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
}

#[test]
fn what_is_declared_is_not_detected() {
    let (api, program) = served();
    let outcome = program.call(&[
        "get",
        &api.url("/posts_cursor"),
        "--paginator",
        "{type: cursor, cursor_path: next_cursor, cursor_param: cursor}",
        "--select",
        "data",
        "--param",
        "limit=10",
    ]);
    assert_eq!(lines(&outcome.stdout).len(), 23, "{outcome}");
    assert!(!outcome.stderr.contains("records: "), "{outcome}");
    assert_eq!(api.requests_to("/posts_cursor").len(), 3);
    let wrong = program.call(&["get", &api.url("/posts"), "--paginator", "{type: cursr}"]);
    assert_eq!(wrong.code, 2);
    insta::assert_snapshot!("wrong_paginator", wrong);
}

#[test]
fn a_limit_asks_for_no_page_too_many() {
    let (api, program) = served();
    let text = program.ok(&["get", &api.url("/posts"), "--limit", "7"]);
    assert_eq!(lines(&text).len(), 7);
    assert_eq!(api.requests_to("/posts").len(), 2);
}

#[test]
fn records_keep_their_own_bytes() {
    let body = "{\"data\": [{\"id\": 1.10, \"big\": 123456789012345678901234567890},\n {\n\"t\": \"a\\u00e9 \\n\"\n}, 7]}";
    let api = MockApi::builder()
        .script("/odd", [Reply::raw_json(body)])
        .start();
    let program = Program::with_api(&api);
    let text = program.ok(&["get", &api.url("/odd")]);
    assert_eq!(
        text,
        "{\"id\": 1.10, \"big\": 123456789012345678901234567890}\n{\"t\":\"a\\u00e9 \\n\"}\n7\n"
    );
    let text = program.ok(&["get", &api.url("/odd"), "--format", "json"]);
    assert!(
        text.starts_with("[\n{\"id\": 1.10, \"big\": 123456789012345678901234567890},\n"),
        "{text}"
    );
}

#[test]
fn headers_parameters_bodies_and_credentials_arrive() {
    let api = MockApi::builder()
        .post("/search", |request| {
            Reply::json(&json!([{
                "q": request.param("q"),
                "header": request.header("x-one"),
                "body": request.json(),
            }]))
        })
        .protect("/", Access::basic("ada", "s3cret-word"))
        .start();
    let program = Program::with_api(&api).set("PASSWORD", "s3cret-word");
    let outcome = program.call(&[
        "get",
        &api.url("/search"),
        "-H",
        "X-One: 1: 2",
        "--param",
        "q=a=b c",
        "--json",
        "{\"deep\": [1]}",
        "--auth",
        "basic:ada:${env:PASSWORD}",
        "-vvv",
    ]);
    let expected = json!({"q": "a=b c", "header": "1: 2", "body": {"deep": [1]}});
    assert_eq!(lines(&outcome.stdout), [expected], "{outcome}");
    assert!(
        !outcome.stderr.contains("s3cret-word") && !outcome.stderr.contains("YWRhOnMzY3JldC13b3Jk"),
        "{outcome}"
    );
    let refused = program.call(&["get", &api.url("/search"), "--json", "{deep"]);
    assert_eq!(refused.code, 2, "{refused}");
    let missing = program.call(&[
        "get",
        &api.url("/search"),
        "--auth",
        "bearer:${env:NOWHERE}",
    ]);
    assert_eq!(missing.code, 2);
    insta::assert_snapshot!("missing_secret_of_get", missing);
}

#[test]
fn files_of_every_form_appear_whole() {
    let (api, program) = served();
    let url = api.url("/posts");
    for file in ["a.jsonl", "a.json", "a.csv", "a.parquet"] {
        let outcome = program.call(&["get", &url, "-o", file]);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (0, ""),
            "{outcome}"
        );
    }
    assert_eq!(
        program.files(),
        [
            "a.csv",
            "a.json",
            "a.jsonl",
            "a.parquet",
            "a__labels.csv",
            "a__labels.parquet"
        ]
    );
    assert_eq!(lines(&program.read("a.jsonl")).len(), 23);
    let list: Vec<Value> = serde_json::from_str(&program.read("a.json")).unwrap();
    assert_eq!(list, records().collect::<Vec<_>>());
    assert_eq!(program.read("a.csv").lines().count(), 24);
    assert_eq!(program.read("a__labels.csv").lines().count(), 24);
    assert!(
        std::fs::read(program.path("a.parquet"))
            .unwrap()
            .starts_with(b"PAR1")
    );
}

#[test]
fn tables_for_people_and_csv_show_types() {
    let (api, program) = served();
    let table = program.call(&[
        "get",
        &api.url("/posts"),
        "--limit",
        "2",
        "--output-format",
        "table",
    ]);
    assert_eq!(
        table.stdout, "id  name\n──────────\n 1  Post 1\n 2  Post 2\n",
        "{table}"
    );
    assert!(
        table
            .stderr
            .contains("not shown: nested table `posts__labels` with 2 rows"),
        "{table}"
    );
    let csv = program.ok(&[
        "get",
        &api.url("/posts"),
        "--limit",
        "2",
        "--output-format",
        "csv",
    ]);
    assert_eq!(csv, "id,name\n1,Post 1\n2,Post 2\n");
    assert_eq!(
        program
            .call(&["get", &api.url("/posts"), "--output-format", "parquet"])
            .code,
        2
    );
    assert!(program.files().is_empty());
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let api = MockApi::builder()
        .get("/endless", |request| {
            let page = request.number_param("page").unwrap_or(1);
            let text = "x".repeat(1000);
            let rows: Vec<Value> = (0..500)
                .map(|row| json!({"id": page * 500 + row, "text": text}))
                .collect();
            Reply::json(&json!({"data": rows, "next": format!("/endless?page={}", page + 1)}))
        })
        .without_recording()
        .start();
    let program = Program::with_api(&api);
    let mut command = program.command(&["get", &api.url("/endless")]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert!(first.starts_with("{\"id\":500,"), "{first:.50}");
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains("error"), "{stderr}");
}

#[test]
fn an_error_keeps_the_old_file() {
    let api = MockApi::builder()
        .script("/items", [Reply::error(404, "no")])
        .start();
    let program = Program::with_api(&api);
    program.write("a.jsonl", "old");
    let outcome = program.call(&["get", &api.url("/items"), "-o", "a.jsonl"]);
    assert_eq!(outcome.code, 3, "{outcome}");
    assert_eq!(
        (program.read("a.jsonl").as_str(), program.files().len()),
        ("old", 1)
    );
}

#[test]
fn get_shows_a_client_certificate_to_a_server_that_asks_for_one() {
    let api = MockApi::builder()
        .client_certificates()
        .json("/x", &json!([{"id": 1}]))
        .start();
    let program = Program::with_api(&api);
    let own = api.client_identity().unwrap();
    program.write("cert.pem", &own.certificate);
    program.write("key.pem", &own.private_key);
    let call = |cert: &str, key: &str| {
        program.call(&["get", &api.url("/x"), "--cert", cert, "--key", key])
    };
    // The program does not trust the authority of the server, so it gets as far as that.
    let outcome = call("cert.pem", "key.pem");
    assert_eq!(outcome.code, 3, "{outcome}");
    assert!(
        outcome.stderr.contains("no trusted TLS connection"),
        "{outcome}"
    );
    let outcome = call("key.pem", "cert.pem");
    assert_eq!(outcome.code, 2, "{outcome}");
    assert!(
        outcome
            .stderr
            .contains("the client certificate is no PEM certificate"),
        "{outcome}"
    );
    let outcome = call("missing.pem", "key.pem");
    assert_eq!(outcome.code, 2, "{outcome}");
    let outcome = program.call(&["get", &api.url("/x"), "--cert", "cert.pem"]);
    assert_eq!(outcome.code, 2, "{outcome}");
}

/// Ten pages side by side, of which the third is busy at first.
fn numbered() -> MockApiBuilder {
    let tries = AtomicU64::new(0);
    MockApi::builder().get("/numbered", move |request| {
        let page = request.number_param("page").unwrap_or(1);
        if page == 3 && tries.fetch_add(1, Ordering::Relaxed) == 0 {
            return Reply::json(&json!({"data": [], "error": "busy"}));
        }
        Reply::json(&json!({"data": [{"id": page}], "page": page, "total_pages": 10}))
    })
}

#[test]
fn an_answer_that_says_busy_is_asked_for_again_where_that_is_wanted() {
    let api = numbered().start();
    let program = Program::with_api(&api).set("RUNTIME__REQUEST_BACKOFF_FACTOR", "0.001");
    let url = api.url("/numbered");
    let text = program.ok(&["get", &url, "--retry-if", "error", "--concurrency", "1"]);
    let ids: Vec<Value> = (1..=10).map(|id| json!({"id": id})).collect();
    assert_eq!(lines(&text), ids);
    assert_eq!(api.stats().requests, 11);
    assert_eq!(api.stats().max_in_flight, 1);

    let outcome = program.call(&["get", &url, "--retry-if", "error["]);
    assert_eq!(outcome.code, 2, "{outcome}");
    assert!(
        outcome.stderr.contains("`error[` of `--retry-if`"),
        "{outcome}"
    );
}

#[test]
fn a_longer_wait_than_allowed_ends_as_incomplete() {
    let builder = MockApi::builder().get("/items", |_| {
        Reply::error(429, "slow down").header("Retry-After", "90")
    });
    let api = builder.start();
    let outcome = Program::with_api(&api).call(&["get", &api.url("/items"), "--max-wait", "1m"]);
    assert_eq!(outcome.code, 6, "{outcome}");
    assert!(outcome.stderr.contains("90 s"), "{outcome}");
}

#[test]
fn links_lead_out_of_this_machine_only_where_they_may() {
    let other = MockApi::builder()
        .json("/two", &json!({"data": [{"id": 2}]}))
        .start();
    let next = other.url("/two");
    let builder = MockApi::builder().json("/one", &json!({"data": [{"id": 1}], "next": next}));
    let api = builder.start();
    let program = Program::with_api(&api);
    let url = api.url("/one");
    let host = format!("127.0.0.1:{}", other.port());
    let refused = program.call(&["get", &url]);
    assert_eq!(refused.code, 3, "{refused}");
    let text = program.ok(&["get", &url, "--allowed-host", &host]);
    assert_eq!(lines(&text), [json!({"id": 1}), json!({"id": 2})]);
    let arguments = [
        "get",
        &url,
        "--allowed-host",
        &host,
        "--network",
        "public_only",
    ];
    let inside = program.call(&arguments);
    assert_eq!(inside.code, 3, "{inside}");
    assert!(inside.stderr.contains("public"), "{inside}");
    assert_eq!(other.stats().requests, 1);
}
