#![cfg(unix)]

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use apiduct_testkit::{Fault, MockApi, Reply};
use serde_json::{Value, json};

use crate::program::{Outcome, Program};

fn signal(name: &str, process: u32) {
    let status = Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// Calls the program and sends `name` to it when the `nth` request arrives.
fn call_and_signal(
    api: &MockApi,
    program: &Program,
    arguments: &[&str],
    nth: u64,
    name: &'static str,
) -> Outcome {
    let (sender, receiver) = mpsc::channel();
    let receiver = Arc::new(Mutex::new(receiver));
    api.on_request(nth, move |_| {
        let process = receiver
            .lock()
            .unwrap()
            .recv_timeout(Duration::from_secs(20))
            .unwrap();
        signal(name, process);
    });
    let mut command = program.command(arguments);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    sender.send(child.id()).unwrap();
    let output = child.wait_with_output().unwrap();
    program.outcome(arguments, output)
}

/// An API of 60 posts whose last page never comes the first time.
fn served() -> (MockApi, Program) {
    let api = MockApi::builder()
        .collection("posts", (1..=60).map(|id| json!({"id": id})))
        .latency(Duration::from_millis(5))
        .start();
    let program = Program::with_api(&api);
    program.write(
        "api.yaml",
        &format!(
            "client: {{base_url: '{}'}}\nresources: [posts]\n",
            api.base_url()
        ),
    );
    (api, program)
}

#[test]
fn ctrl_c_in_the_middle_keeps_everything_as_it_was() {
    let (api, program) = served();
    for (nth, name) in [(1, "INT"), (4, "INT"), (7, "TERM")] {
        let outcome = call_and_signal(&api, &program, &["run", "api.yaml"], nth, name);
        assert_eq!(outcome.code, 130, "{outcome}");
        if nth == 4 {
            let shown = outcome.to_string();
            // How many answers were there in time is up to the machine.
            let kept = shown
                .find("kept: ")
                .map(|at| shown[at..].lines().next().unwrap());
            let shown = shown.replace(kept.unwrap(), "kept: some pages; the same command goes on");
            insta::assert_snapshot!("ctrl_c", shown);
        }
    }
    program.ok(&["run", "api.yaml"]);
    let show: Value =
        serde_json::from_str(&program.ok(&["show", "api.yaml", "--format", "json"])).unwrap();
    assert_eq!(show["tables"], json!({"posts": 60}));
}

#[test]
fn ctrl_c_ends_a_get_without_a_file() {
    let (api, program) = served();
    let outcome = call_and_signal(
        &api,
        &program,
        &["get", &api.url("/posts"), "-o", "a.jsonl"],
        3,
        "INT",
    );
    assert_eq!(outcome.code, 130, "{outcome}");
    assert_eq!(program.files(), ["api.yaml"]);
    let outcome = call_and_signal(
        &api,
        &program,
        &[
            "get",
            &api.url("/posts"),
            "-o",
            "a.parquet",
            "--format",
            "json",
        ],
        3,
        "INT",
    );
    let error: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(error["error"]["class"], "interrupted");
    assert_eq!(program.files(), ["api.yaml"]);
}

#[test]
fn ctrl_c_ends_a_wait_for_a_server_that_is_silent() {
    let api = MockApi::builder()
        .script("/posts", [Reply::json(&json!([])).fault(Fault::Hang)])
        .start();
    let program = Program::with_api(&api);
    program.write(
        "api.yaml",
        &format!(
            "client: {{base_url: '{}'}}\nresources: [posts]\n",
            api.base_url()
        ),
    );
    let outcome = call_and_signal(&api, &program, &["run", "api.yaml"], 1, "INT");
    assert_eq!(outcome.code, 130, "{outcome}");
}

#[test]
fn ctrl_c_ends_a_wait_that_the_server_asked_for() {
    let later = Reply::error(429, "later").header("Retry-After", "60");
    let api = MockApi::builder().script("/posts", [later]).start();
    let program = Program::with_api(&api);
    program.write(
        "api.yaml",
        &format!(
            "client: {{base_url: '{}'}}\nresources: [posts]\n",
            api.base_url()
        ),
    );
    let outcome = call_and_signal(&api, &program, &["run", "api.yaml"], 1, "INT");
    assert_eq!(outcome.code, 130, "{outcome}");
    assert_eq!(api.stats().requests, 1);
}
