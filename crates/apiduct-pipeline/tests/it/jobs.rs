//! Reports on request, from the file to the table.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use apiduct_testkit::{Received, Reply};

use super::*;

/// Reports that are done at the second poll, unless `is_stuck`.
fn reporting(is_stuck: Arc<std::sync::atomic::AtomicBool>) -> World {
    let polls = AtomicU64::new(0);
    let builder = MockApi::builder()
        .post("/reports", |_: &Received| Reply::json(&json!({"id": 7})))
        .get("/reports/7", move |request: &Received| {
            let poll = polls.fetch_add(1, Ordering::Relaxed) + 1;
            if is_stuck.load(Ordering::Relaxed) || poll < 2 {
                return Reply::json(&json!({"state": "RUNNING"}));
            }
            Reply::json(&json!({"state": "DONE", "url": request.url("/files/7.csv")}))
        })
        .get("/files/7.csv", |_: &Received| {
            Reply::bytes("id,name\n1,a\n2,b\n").header("Content-Type", "application/octet-stream")
        });
    World::new(builder.start())
}

const FILE: &str = "  - name: orders
    endpoint:
      path: reports
      method: post
      json: {table: orders}
      job: {poll: 'reports/{job.id}', status: state, done: DONE, failed: FAILED, download: {selector: url}, interval: 0, deadline: 1m}
";

fn asked(world: &World) -> usize {
    let log = world.api.log();
    log.iter()
        .filter(|line| line.starts_with("POST /reports"))
        .count()
}

#[tokio::test]
async fn a_report_is_asked_for_waited_for_and_loaded() {
    let world = reporting(Arc::default());
    let receipt = world.run(FILE).await.unwrap();
    assert_eq!(receipt.tables["orders"], 2);
    assert_eq!(
        world.query("select name from shop.orders order by id"),
        ["a", "b"]
    );
    assert_eq!(world.api.requests_to("/reports/7").len(), 2);
    let own = &receipt.resources["orders"];
    let sent = world.api.log().len() as u64;
    assert_eq!((own.requests, own.pages, own.retries), (sent, 1, 0));
    assert!(!world.folder.path().join(".apiduct/shop/jobs").exists());
    world.run(FILE).await.unwrap();
    assert_eq!(
        asked(&world),
        2,
        "a run that is over leaves no job to the next"
    );
}

#[tokio::test]
async fn a_run_that_may_not_wait_ends_incomplete_and_the_next_waits_for_the_same_job() {
    let is_stuck = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let world = reporting(Arc::clone(&is_stuck));
    let slow = FILE.replace("interval: 0", "interval: 30s");
    let options = RunOptions {
        max_wait: Some(Duration::from_secs(1)),
        ..RunOptions::default()
    };
    let error = world.run_with(&slow, options).await.unwrap_err();
    assert!(matches!(error, RunError::WaitTooLong { .. }), "{error}");
    assert_eq!(asked(&world), 1);
    is_stuck.store(false, Ordering::Relaxed);
    let receipt = world.run(&slow).await.unwrap();
    assert_eq!(receipt.tables["orders"], 2);
    assert_eq!(asked(&world), 1, "the job of the first run was taken up");
}
