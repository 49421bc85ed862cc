use std::process::Command;
use std::time::Duration;

use apiduct_testkit::process::{Ending, KillAt, spawn_and_kill};
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::basics::get;

const URL: &str = "TESTKIT_PREY_URL";
const TIMES: &str = "TESTKIT_PREY_TIMES";

/// Not a claim: what the other tests start as a process. Without its variables it does nothing.
#[test]
fn prey() {
    let (Ok(url), Ok(times)) = (std::env::var(URL), std::env::var(TIMES)) else {
        return;
    };
    for index in 0..times.parse::<u64>().unwrap() {
        get(&url).unwrap();
        println!("got {index}.");
    }
}

fn hunt(url: &str, times: u64, when: KillAt<'_>) -> Ending {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "process::prey", "--nocapture"])
        .env(URL, url)
        .env(TIMES, times.to_string());
    spawn_and_kill(&mut command, when).unwrap()
}

#[test]
fn a_process_dies_before_its_nth_answer() {
    for nth in [1, 4] {
        let api = MockApi::builder().json("/x", &json!(1)).start();
        get(&api.url("/x")).unwrap();
        let ending = hunt(&api.url("/x"), 1_000_000, KillAt::Request(&api, nth));
        assert!(ending.killed);
        assert_eq!(ending.status.code(), None);
        let received = ending.stdout.matches("got").count() as u64;
        assert_eq!(received, nth - 1, "{}", ending.stdout);
        assert_eq!(api.stats().requests, nth + 1);
    }
}

#[test]
fn a_process_that_ends_earlier_is_left_alone() {
    let api = MockApi::builder().json("/x", &json!(1)).start();
    let ending = hunt(&api.url("/x"), 3, KillAt::Request(&api, 10));
    assert!(!ending.killed);
    assert!(ending.status.success(), "{}", ending.stderr);
    assert!(ending.stdout.contains("got 2."));
    for _ in 0..8 {
        assert_eq!(get(&api.url("/x")).unwrap().status(), 200);
    }
}

#[test]
fn a_process_that_never_ends_dies_when_its_time_is_up() {
    let api = MockApi::builder()
        .get("/x", |_| Reply::status(200).delay(Duration::from_hours(1)))
        .start();
    let ending = hunt(&api.url("/x"), 1, KillAt::After(Duration::from_millis(200)));
    assert!(ending.killed);
    assert!(!ending.stdout.contains("got"));
}

#[test]
fn a_failing_process_is_no_kill() {
    let ending = hunt("not a url", 1, KillAt::After(Duration::from_mins(1)));
    assert!(!ending.killed);
    assert!(!ending.status.success());
    let error = spawn_and_kill(
        &mut Command::new("/no/such/program"),
        KillAt::After(Duration::ZERO),
    )
    .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}
