//! No secret shows up in what the program prints or leaves behind, whatever goes wrong.
//!
//! Every place that can hold a secret holds one of its own. Servers echo all that they are told, in their answers,
//! links and redirects; then everything that was printed and every file that is left is searched.

use std::path::Path;
use std::process::Stdio;

use apiduct_testkit::leak::holds;
use apiduct_testkit::{Fault, MockApi, MockApiBuilder, Received, Reply};
use serde_json::json;

use crate::program::{Outcome, Program};

/// The secrets, by where they come from.
const CANARIES: [(&str, &str); 8] = [
    ("TOKEN", "canary-1/token+aa?x=1"),
    ("USERINFO", "canary-2.userinfo_bb"),
    ("BASE_QUERY", "canary-3.query~cc"),
    ("PARAM", "canary-4 param/dd&e"),
    ("BODY", "canary-5 \"body\"\\ee"),
    ("FILE", "canary-6.file/ff=="),
    ("TOML", "canary-7.toml:gg"),
    ("LITERAL", "canary-8.literal+hh"),
];

/// Files from this size on are databases, in which nothing is encoded.
const LARGE: usize = 128 << 10;

/// How requests prove who they are.
const SCHEMES: [&str; 6] = [
    "{type: bearer, token: '${env:TOKEN}'}",
    "{type: http_basic, username: ada, password: '${env:TOKEN}'}",
    "{type: api_key, name: X-Custom, api_key: '${env:TOKEN}', location: header}",
    "{type: api_key, name: q, api_key: '${env:TOKEN}', location: query}",
    "{type: bearer, token: 'canary-8.literal+hh'}",
    "{type: http_basic, username: ada, password: 'canary-8.literal+hh'}",
];

/// All that the server was told, as it might put it into an answer.
fn told(request: &Received) -> String {
    let headers = request.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    let headers = headers.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()));
    let lines = headers
        .chain(request.query.clone())
        .chain(request.basic())
        .map(|(name, value)| format!("{name}: {value}\n"));
    let lines: Vec<String> = lines.collect();
    let target = request.target();
    format!(
        "{} {target}\n{}{}",
        request.method,
        lines.concat(),
        request.text()
    )
}

/// What the server has under `/v1/`.
const PATHS: [&str; 13] = [
    "items", "s401", "s404", "s422", "s500", "html", "broken", "cut", "keys", "linked", "linked2",
    "away", "around",
];

fn api() -> MockApiBuilder {
    PATHS.into_iter().fold(MockApi::builder(), |api, path| {
        let pattern = format!("/v1/{path}");
        let handler = move |request: &Received| answer(path, request);
        api.get(&pattern, handler).post(&pattern, handler)
    })
}

fn answer(path: &str, request: &Received) -> Reply {
    let link = |to: &str| format!("{to}?{}", request.raw_query);
    let page =
        |id: u64, next: &str| Reply::json(&json!({"data": [{"id": id}], "next": link(next)}));
    match path {
        "html" => Reply::html(told(request)),
        "broken" => Reply::raw_json(format!("{{\"data\": [{{\"id\": 1}}, {}", told(request))),
        "cut" => Reply::json(&json!({"data": [told(request)]})).fault(Fault::Truncate(0.5)),
        "keys" => Reply::json(&json!({"list": {told(request): 1}})),
        "linked" => page(1, &request.url("/v1/linked2")),
        "linked2" => page(2, "https://other.test/x"),
        "away" => Reply::redirect(&link("https://elsewhere.test/x")),
        "around" => Reply::redirect(&link("/v1/around")),
        _ => match path
            .strip_prefix('s')
            .and_then(|status| status.parse().ok())
        {
            Some(status) => Reply::json(&json!({"error": told(request)})).with_status(status),
            None => Reply::json(&json!({"data": [{"id": 1}, {"id": 2}]})),
        },
    }
}

/// A program with every secret at its place, and a file that pulls `path`.
fn program(api: &MockApi, path: &str, scheme: usize) -> Program {
    let mut program = Program::new();
    for (name, secret) in CANARIES {
        if !matches!(name, "FILE" | "TOML" | "LITERAL") {
            program = program.set(name, secret);
        }
    }
    program.write("header.secret", CANARIES[5].1);
    program.write("secrets.toml", &format!("tenant = '{}'\n", CANARIES[6].1));
    let host = format!("127.0.0.1:{}", api.port());
    // Every third file has its credentials in the URL.
    let (user, auth) = if scheme % 3 == 2 {
        ("ada:${env:USERINFO}@", String::new())
    } else {
        ("", format!("  auth: {}\n", SCHEMES[scheme % SCHEMES.len()]))
    };
    let request = if scheme.is_multiple_of(2) {
        "method: POST, json: {password: '${env:BODY}', deep: [{token: '${env:PARAM}'}]}"
    } else {
        "params: {filter: '${env:PARAM}', access_token: '${env:TOKEN}'}"
    };
    let text = format!(
        "name: canary
client:
  base_url: 'http://{user}{host}/v1?client_secret=${{env:BASE_QUERY}}'
{auth}  headers: {{X-Api-Key: '${{file:header.secret}}', X-Tenant: '${{secret:tenant}}'}}
resources:
  - name: items
    endpoint: {{path: {path}, data_selector: data, {request}}}
runtime: {{max_retries: 1, backoff_factor: 0}}
"
    );
    program.write("api.yaml", &text);
    program
}

/// The canaries in `bytes`.
fn found(bytes: &[u8]) -> Vec<&'static str> {
    let canaries = CANARIES.iter().filter(|(_, secret)| holds(bytes, secret));
    canaries.map(|(name, _)| *name).collect()
}

/// The canaries in `bytes`, as they are.
fn found_in_clear(bytes: &[u8]) -> Vec<&'static str> {
    let is_in = |secret: &str| {
        let mut windows = bytes.windows(secret.len());
        windows.any(|window| window == secret.as_bytes())
    };
    let canaries = CANARIES.iter().filter(|(_, secret)| is_in(secret));
    canaries.map(|(name, _)| *name).collect()
}

fn check_output(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        assert_eq!(found(text.as_bytes()), [""; 0], "{outcome}");
    }
}

/// Looks into every file but those that the test wrote itself.
fn check_files(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            check_files(&path);
        } else if !["api.yaml", "header.secret", "secrets.toml"].contains(&name.as_str()) {
            let bytes = std::fs::read(&path).unwrap();
            let found = if bytes.len() < LARGE {
                found(&bytes)
            } else {
                found_in_clear(&bytes)
            };
            assert_eq!(found, [""; 0], "{}", path.display());
        }
    }
}

/// Every command that reads the file, as quiet and as loud as can be.
fn check_commands(program: &Program) {
    for command in ["check", "plan", "preview", "run", "show"] {
        for more in [&["-vvvv"][..], &["--format", "json", "-vvv"]] {
            let mut arguments = vec![command, "api.yaml"];
            arguments.extend(more);
            check_output(&program.call(&arguments));
        }
    }
    check_files(&program.path(""));
}

fn check_paths(paths: &[&str]) {
    let api = api().start();
    for (place, path) in paths.iter().enumerate() {
        for scheme in [place, place + 1] {
            check_commands(&program(&api, path, scheme));
        }
    }
}

#[test]
fn a_run_that_succeeds_keeps_its_secrets() {
    check_paths(&["items"]);
}

#[test]
fn refusals_that_echo_the_request_keep_the_secrets() {
    check_paths(&["s401", "s404", "s422", "s500"]);
}

#[test]
fn answers_that_cannot_be_read_keep_the_secrets() {
    check_paths(&["html", "broken", "cut", "keys"]);
}

#[test]
fn links_and_redirects_that_repeat_the_query_keep_the_secrets() {
    check_paths(&["linked", "away", "around"]);
}

#[test]
fn a_run_that_stops_in_the_middle_leaves_no_secret_in_its_state() {
    let api = api().start();
    for scheme in 0..4 {
        let program = program(&api, "linked", scheme);
        check_output(&program.call(&["run", "api.yaml", "--max-requests", "1", "-vvv"]));
        check_files(&program.path(""));
    }
}

#[test]
fn a_server_that_is_not_there_learns_and_tells_nothing() {
    let api = api().start();
    for scheme in 0..3 {
        let program = program(&api, "items", scheme);
        let gone = program
            .read("api.yaml")
            .replace(&api.port().to_string(), "1");
        program.write("api.yaml", &gone);
        check_commands(&program);
    }
}

#[test]
fn a_wrong_file_is_told_about_without_its_secrets() {
    let api = api().start();
    for (from, to) in [
        ("data_selector: data", "data_selector: 'data['"),
        ("data_selector: data", "data_selecter: data"),
        ("max_retries: 1", "max_retries: soon"),
        ("client:", "client: ["),
        ("type: bearer, token", "type: bearer, tokem"),
        ("type: bearer, token: ", "type: bearer, token: [ "),
        ("runtime: {", "runtime: {timeout: '${env:TOKEN}', "),
        ("path: items", "path: 'http://${env:TOKEN}:x y/{'"),
        ("http://", "ftp://"),
    ] {
        // A secret in clear, too.
        for scheme in [0, 4] {
            let program = program(&api, "items", scheme);
            program.write("api.yaml", &program.read("api.yaml").replace(from, to));
            check_commands(&program);
        }
    }
}

#[test]
fn one_endpoint_without_a_file_keeps_its_secrets() {
    let api = api().start();
    let program = program(&api, "items", 0);
    for path in ["items", "s401", "broken", "html", "linked", "away"] {
        let url = api.url(&format!("/v1/{path}?api_key=${{env:BASE_QUERY}}"));
        for auth in ["bearer:${env:TOKEN}", "basic:ada:${env:USERINFO}"] {
            let arguments = [
                "get",
                &url,
                "-H",
                "X-Tenant: ${env:TOKEN}",
                "--param",
                "filter=${env:PARAM}",
                "--auth",
                auth,
                "--max-retries",
                "0",
                "-vvvv",
            ];
            check_output(&program.call(&arguments));
        }
    }
    check_files(&program.path(""));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_its_secrets() {
    let api = api().start();
    for scheme in 0..3 {
        let program = program(&api, "linked", scheme);
        let mut command = program.command(&["run", "api.yaml", "-vvv"]);
        let (sender, receiver) = std::sync::mpsc::channel::<u32>();
        api.forget();
        let nth = api.stats().requests + 1;
        api.on_request(nth, move |_| {
            let process = receiver.recv().unwrap();
            let status = std::process::Command::new("kill")
                .args(["-s", "INT", &process.to_string()])
                .status();
            assert!(status.unwrap().success());
        });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        sender.send(child.id()).unwrap();
        let output = child.wait_with_output().unwrap();
        check_output(&program.outcome(&["run"], output));
        check_files(&program.path(""));
    }
}
