use std::net::TcpListener;

use apiduct_testkit::{Access, Fault, MockApi, Reply};
use serde_json::{Value, json};

use crate::program::Program;

/// A program beside `api` with a file that pulls `path` and retries nothing.
fn program(api: &MockApi, path: &str, more: &str) -> Program {
    let program = Program::with_api(api);
    program.write(
        "api.yaml",
        &format!(
            "client: {{base_url: '{}'}}\nresources:\n  - {{name: items, endpoint: {{path: {path}{more}}}}}\nruntime: {{max_retries: 0, max_response_bytes: 1MiB}}\n",
            api.base_url()
        ),
    );
    program
}

/// The run fails with `code`, and nothing is left at the destination.
fn fails(name: &str, program: &Program, code: i32) {
    let outcome = program.call(&["run", "api.yaml"]);
    assert_eq!(outcome.code, code, "{outcome}");
    assert_eq!(outcome.stdout, "", "{outcome}");
    insta::assert_snapshot!(name, outcome);
    let show: Value =
        serde_json::from_str(&program.ok(&["show", "api.yaml", "--format", "json"])).unwrap();
    assert_eq!(show["tables"], json!({}));
    assert_eq!(show["pending"], json!([]));
    let document = program.call(&["run", "api.yaml", "--format", "json"]);
    let error: Value = serde_json::from_str(&document.stdout).unwrap();
    assert_eq!(error["error"]["exit_code"], code, "{document}");
    assert_eq!(document.code, code, "{document}");
    assert_eq!(document.stderr, "", "{document}");
}

#[test]
fn a_host_that_cannot_be_reached() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    let program = Program::new();
    program.write(
        "api.yaml",
        &format!("client: {{base_url: 'http://127.0.0.1:{port}'}}\nresources: [items]\nruntime: {{max_retries: 0}}\n"),
    );
    let outcome = program.call(&["run", "api.yaml"]);
    assert_eq!(outcome.code, 3);
    let text = outcome.to_string().replace(&port.to_string(), "[PORT]");
    insta::assert_snapshot!("unreachable_host", text);
    let outcome = program.call(&[
        "get",
        "http://no-such-host.invalid/items",
        "--max-retries",
        "0",
    ]);
    assert_eq!(outcome.code, 3, "{outcome}");
    assert!(outcome.stderr.contains("no-such-host.invalid"), "{outcome}");
}

#[test]
fn a_certificate_that_nobody_vouches_for() {
    let api = MockApi::tls().json("/items", &json!([1])).start();
    fails("tls_failure", &program(&api, "items", ""), 3);
}

#[test]
fn credentials_that_are_refused() {
    let api = MockApi::builder()
        .json("/items", &json!([1]))
        .protect("/", Access::bearer("right"))
        .start();
    let program = program(&api, "items", "").set("TOKEN", "wrong-token-value");
    let text = program
        .read("api.yaml")
        .replace("resources:", "  auth: 'bearer:${env:TOKEN}'\nresources:");
    let text = text
        .replace("client: {base_url: ", "client:\n  base_url: ")
        .replacen("'}\n", "'\n", 1);
    program.write("api.yaml", &text);
    fails("status_401", &program, 3);
    let loud = program.call(&["run", "api.yaml", "-vvv"]);
    assert!(!loud.stderr.contains("wrong-token-value"), "{loud}");
}

#[test]
fn a_path_that_is_not_there() {
    let api = MockApi::builder().start();
    fails("status_404", &program(&api, "items", ""), 3);
}

#[test]
fn a_server_in_trouble() {
    let api = MockApi::builder()
        .script("/items", [Reply::error(500, "the database is away")])
        .start();
    fails("status_500", &program(&api, "items", ""), 3);
}

#[test]
fn a_body_that_is_not_json() {
    let api = MockApi::builder()
        .script(
            "/items",
            [Reply::html("<html><body>Please log in</body></html>")],
        )
        .start();
    fails("not_json", &program(&api, "items", ""), 3);
}

#[test]
fn a_body_that_breaks_off() {
    let whole = Reply::json(&json!([{"id": 1}, {"id": 2}, {"id": 3}]));
    let api = MockApi::builder()
        .script("/cut", [whole.clone().fault(Fault::Truncate(0.5))])
        .script("/cut-json", [whole.fault(Fault::CutJson(0.5))])
        .start();
    fails("truncated_body", &program(&api, "cut", ""), 3);
    fails("cut_json", &program(&api, "cut-json", ""), 3);
}

#[test]
fn a_selector_that_matches_nothing() {
    let api = MockApi::builder()
        .json("/items", &json!({"results": [{"id": 1}], "count": 1}))
        .start();
    fails(
        "no_match",
        &program(&api, "items", ", data_selector: data.items"),
        3,
    );
}

#[test]
fn a_body_over_the_limit() {
    let api = MockApi::builder()
        .script("/items", [Reply::oversized(2 << 20)])
        .script("/bomb", [Reply::gzip_bomb(2 << 20)])
        .start();
    fails("over_limit_body", &program(&api, "items", ""), 3);
    fails("over_limit_bomb", &program(&api, "bomb", ""), 3);
}

#[test]
fn an_error_on_a_later_page_leaves_nothing_half_written() {
    let next =
        |page: u32| json!({"data": [{"id": page}], "next": format!("/items?page={}", page + 1)});
    let api = MockApi::builder()
        .get("/items", move |request| {
            match request.number_param("page").unwrap_or(1) {
                3 => Reply::error(500, "the database is away"),
                page => Reply::json(&next(u32::try_from(page).unwrap())),
            }
        })
        .start();
    fails("error_on_page_3", &program(&api, "items", ""), 3);
}

#[test]
fn a_cut_page_that_comes_whole_at_the_next_try_is_no_error() {
    let whole = Reply::json(&json!([{"id": 1}, {"id": 2}, {"id": 3}]));
    let api = MockApi::builder()
        .script("/items", [whole.clone().fault(Fault::CutJson(0.5)), whole])
        .start();
    let program = program(&api, "items", "");
    let text = program
        .read("api.yaml")
        .replace("max_retries: 0", "max_retries: 1, backoff_factor: 0.01");
    program.write("api.yaml", &text);
    let receipt: Value =
        serde_json::from_str(&program.ok(&["run", "api.yaml", "--format", "json"])).unwrap();
    assert_eq!(receipt["tables"], json!({"items": 3}));
    assert_eq!(receipt["resources"]["items"]["retries"], 1);
}
