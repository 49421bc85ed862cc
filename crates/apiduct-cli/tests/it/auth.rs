//! Logins by a person; the test plays the browser.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use apiduct_testkit::{MockApi, OAuthServer, Reply};
use serde_json::{Value, json};

use crate::program::{Outcome, Program};

struct World {
    server: OAuthServer,
    api: MockApi,
    program: Program,
}

const BROWSER: &str = "{type: oauth2_authorization_code, authorization_url: API/authorize, access_token_url: API/oauth/token, client_id: program, client_secret: '${env:SECRET}', scopes: [read]}";
const DEVICE: &str = "{type: oauth2_device_code, device_authorization_url: API/device, access_token_url: API/oauth/token, client_id: program, client_secret: '${env:SECRET}'}";

impl World {
    /// An API that wants tokens, and a file for it with this `auth`.
    fn new(auth: &str) -> Self {
        let server = OAuthServer::new()
            .client("program", "s3cret-program")
            .approving()
            .device_interval(Duration::from_millis(1));
        let api = MockApi::builder()
            .json("/posts", &json!([{"id": 1}]))
            .json("/tags", &json!([{"id": 1}]))
            .oauth(&server)
            .start();
        let program = Program::with_api(&api).set("SECRET", "s3cret-program");
        let text = format!(
            "client: {{base_url: API, auth: {auth}}}\nresources:\n- posts\n- {{name: tags, endpoint: {{auth: 'bearer:x'}}}}\n"
        );
        program.write("api.yaml", &text.replace("API", api.base_url()));
        Self {
            server,
            api,
            program,
        }
    }

    fn start(&self, arguments: &[&str]) -> Login {
        let mut command = self.program.command(arguments);
        Login::start(&mut command)
    }

    fn end(&self, login: Login) -> Outcome {
        let Login {
            child,
            mut stderr,
            mut said,
            ..
        } = login;
        stderr.read_to_string(&mut said).unwrap();
        let mut output = child.wait_with_output().unwrap();
        output.stderr = said.into_bytes();
        self.program.outcome(&["auth"], output)
    }
}

/// A call that waits for a browser.
struct Login {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
    /// The first page that it names.
    page: String,
}

impl Login {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let page = loop {
            let mut line = String::new();
            let count = stderr.read_line(&mut line).unwrap();
            assert!(count > 0, "no page was named: {said}");
            said.push_str(&line);
            if let Some(page) = line.trim().strip_prefix("http") {
                break format!("http{page}");
            }
        };
        Self {
            child,
            stderr,
            said,
            page,
        }
    }

    /// Where the browser is sent, with the code.
    fn approve(&self) -> String {
        let answer = fetch(&self.page);
        let line = answer
            .lines()
            .find(|line| line.to_ascii_lowercase().starts_with("location:"));
        line.unwrap()["location:".len()..].trim().to_owned()
    }
}

/// What `url` answers, as a browser sees it.
fn fetch(url: &str) -> String {
    let (host, path) = url["http://".len()..].split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn is_free_of_secrets(outcome: &Outcome) {
    for secret in ["s3cret", "access-token", "refresh-token", "code-1"] {
        let text = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!text.contains(secret), "{outcome}");
    }
}

#[test]
fn a_login_in_the_browser_is_kept_for_runs() {
    let world = World::new(BROWSER);
    let login = world.start(&["auth", "api.yaml"]);
    assert!(login.page.contains("code_challenge_method=S256"));
    let back = login.approve();
    assert!(back.starts_with("http://127.0.0.1:"), "{back}");

    let (place, query) = back.split_once('?').unwrap();
    let host = place["http://".len()..].split('/').next().unwrap();
    let _unused = TcpStream::connect(host).unwrap();
    assert!(fetch(&format!("http://{host}/favicon.ico")).starts_with("HTTP/1.1 404"));
    let foreign = format!("{place}?code=stolen&state=other");
    assert!(fetch(&foreign).starts_with("HTTP/1.1 400"));
    let answer = fetch(&format!("{place}?{query}"));
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("close this window"));

    let outcome = world.end(login);
    assert_eq!(outcome.code, 0, "{outcome}");
    let kept = "client.auth: logged in; the tokens are kept in `.apiduct/tokens/api.json`";
    assert!(outcome.stdout.contains(kept), "{outcome}");
    assert!(
        outcome.stderr.contains("next: apiduct run api.yaml"),
        "{outcome}"
    );
    is_free_of_secrets(&outcome);
    world.program.ok(&["preview", "api.yaml", "posts"]);
    world.program.ok(&["run", "api.yaml", "--select", "posts"]);
    assert_eq!(world.server.token_requests(), 1, "the kept token is used");
}

#[test]
fn without_a_login_the_way_to_it_is_shown() {
    let world = World::new(BROWSER);
    for (arguments, hint) in [
        (
            vec!["run", "api.yaml", "--select", "posts"],
            "run `apiduct auth api.yaml`",
        ),
        (vec!["check", "api.yaml"], "run `apiduct auth api.yaml`"),
        (
            vec!["preview", "api.yaml", "posts", "--working-dir", "here"],
            "run `apiduct auth api.yaml --working-dir here`",
        ),
    ] {
        let outcome = world.program.call(&arguments);
        assert_eq!(outcome.code, 2, "{outcome}");
        assert!(outcome.stderr.contains(hint), "{outcome}");
    }
    insta::assert_snapshot!(
        "login_needed",
        world
            .program
            .call(&["run", "api.yaml", "--select", "posts"])
    );
    assert_eq!(world.api.requests_to("/posts").len(), 0);
}

#[test]
fn a_person_who_refuses_ends_the_login() {
    let world = World::new(BROWSER);
    let login = world.start(&["auth", "api.yaml", "--format", "json"]);
    let back = login.approve();
    let (place, query) = back.split_once('?').unwrap();
    let (_, state) = query.split_once("state=").unwrap();
    let answer = fetch(&format!("{place}?error=access_denied&state={state}"));
    assert!(answer.contains("did not go through"), "{answer}");
    let outcome = world.end(login);
    assert_eq!(outcome.code, 3, "{outcome}");
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let error = &document["error"];
    assert_eq!(error["message"], "cannot log in for `client.auth`");
    assert_eq!(
        error["causes"],
        json!(["the login was refused: access_denied"])
    );
    assert!(error["hint"].as_str().unwrap().contains("scopes"));
    assert!(!world.program.path(".apiduct/tokens/api.json").exists());
}

#[test]
fn a_code_that_is_no_good_brings_no_token() {
    let world = World::new(BROWSER);
    let login = world.start(&["auth", "api.yaml"]);
    let refusal = Reply::json(&json!({"error": "invalid_client"})).with_status(401);
    world.server.reply_next(refusal);
    fetch(&login.approve());
    let outcome = world.end(login);
    assert_eq!(outcome.code, 3, "{outcome}");
    assert!(outcome.stderr.contains("invalid_client"), "{outcome}");
    is_free_of_secrets(&outcome);
}

#[test]
fn a_login_by_device_code_shows_page_and_code() {
    let world = World::new(DEVICE);
    let pending = Reply::json(&json!({"error": "authorization_pending"})).with_status(400);
    world.server.reply_next(pending);
    let login = world.start(&["auth", "api.yaml", "--format", "json", "-q"]);
    assert_eq!(login.page, world.api.url("/activate"));
    let outcome = world.end(login);
    assert_eq!(outcome.code, 0, "{outcome}");
    assert!(
        outcome.stderr.contains("enter the code WDJB-MJHT"),
        "{outcome}"
    );
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let expected = json!({
        "file": "api.yaml",
        "logins": [{
            "key": "client.auth",
            "kept_in": ".apiduct/tokens/api.json",
            "expires_in": 3600,
            "is_renewable": true,
        }],
    });
    assert_eq!(document, expected);
    is_free_of_secrets(&outcome);
    world.program.ok(&["run", "api.yaml", "--select", "posts"]);
}

#[test]
fn a_login_that_ends_for_good_is_warned_of() {
    let world = World::new(DEVICE);
    let once = json!({"access_token": "access-token-7", "expires_in": 60});
    world.server.reply_next(Reply::json(&once));
    let outcome = world.program.call(&["auth", "api.yaml"]);
    assert_eq!(outcome.code, 0, "{outcome}");
    assert!(outcome.stderr.contains("is good for 60 s"), "{outcome}");
    is_free_of_secrets(&outcome);
}

#[test]
fn what_needs_no_login_says_so() {
    let world = World::new(BROWSER);
    let outcome = world
        .program
        .call(&["auth", "api.yaml", "--select", "tags"]);
    assert_eq!(outcome.code, 2, "{outcome}");
    assert!(outcome.stderr.contains("needs a login"), "{outcome}");
    let outcome = world
        .program
        .call(&["auth", "api.yaml", "--select", "none"]);
    assert_eq!(outcome.code, 2, "{outcome}");
    assert!(
        outcome.stderr.contains("the file has `posts`, `tags`"),
        "{outcome}"
    );
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let redirect = format!("http://{}/back", taken.local_addr().unwrap());
    let auth = BROWSER.replace("scopes: [read]", &format!("redirect_uri: '{redirect}'"));
    let outcome = World::new(&auth).program.call(&["auth", "api.yaml"]);
    assert_eq!(outcome.code, 2, "{outcome}");
    assert!(outcome.stderr.contains(&redirect), "{outcome}");
    assert!(outcome.stderr.contains("another port"), "{outcome}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_gives_a_login_up() {
    let world = World::new(BROWSER);
    let login = world.start(&["auth", "api.yaml"]);
    let process = login.child.id().to_string();
    let status = Command::new("kill").args(["-s", "INT", &process]).status();
    assert!(status.unwrap().success());
    let outcome = world.end(login);
    assert_eq!(outcome.code, 130, "{outcome}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_page_is_opened_where_that_is_wanted() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::new(BROWSER);
    let pipe = world.program.path("opened");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let script = format!("#!/bin/sh\nprintf '%s' \"$1\" > '{}'\n", pipe.display());
    let browser = world.program.write("xdg-open", &script);
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = world.program.command(&["auth", "api.yaml", "--open"]);
    command.env("PATH", browser.parent().unwrap());
    let login = Login::start(&mut command);
    let opened = std::fs::read_to_string(&pipe).unwrap();
    assert_eq!(opened, login.page);
    fetch(&login.approve());
    let outcome = world.end(login);
    assert_eq!(outcome.code, 0, "{outcome}");
}
