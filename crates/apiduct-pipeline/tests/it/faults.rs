//! What the receipt says about trouble: waits, answers without a row, failures that do not end a run.

use std::time::UNIX_EPOCH;

use apiduct_client::transport::recording::ReplayTimer;
use apiduct_testkit::Reply;

use super::*;

/// Time that passes at once.
fn timer() -> Arc<ReplayTimer> {
    Arc::new(ReplayTimer::starting_at(UNIX_EPOCH))
}

#[tokio::test]
async fn the_time_that_requests_had_to_wait_stands_in_the_receipt() {
    let refused = Reply::status(429).header("Retry-After", "7");
    let row = Reply::raw_json(r#"[{"id": 1}]"#);
    let gone = Reply::status(404);
    let api = MockApi::builder()
        .script("/waits", [refused.clone(), row.clone()])
        .script("/quick", [row])
        .script("/gone", [refused, gone])
        .start();
    let world = World::new(api);
    let rule = "response_actions: [{status_code: 404, action: ignore}]";
    let endpoint = |name| {
        format!(
            "  - {{name: {name}, endpoint: {{path: {name}, data_selector: $, paginator: single_page, {rule}}}}}\n"
        )
    };
    let receipt = world
        .builder(&["waits", "quick", "gone"].map(endpoint).concat())
        .destination(world.destination())
        .timer(timer())
        .build()
        .run()
        .await
        .unwrap();
    let own = |name: &str| {
        let one = &receipt.resources[name];
        (one.requests, one.rate_limited, one.throttled_ms >= 7_000)
    };
    assert_eq!(own("waits"), (2, 1, true));
    assert_eq!(own("gone"), (2, 1, true), "answers that are left out count");
    assert_eq!(own("quick").0, 1);
    let json = serde_json::to_value(&receipt).unwrap();
    assert!(json["resources"]["waits"]["throttled_ms"].is_u64());
}

#[tokio::test]
async fn pages_that_an_earlier_run_had_kept_have_waited_for_nothing() {
    let world = World::new(api(30));
    let file = "  - {name: posts, endpoint: {path: posts, params: {per_page: 10}}}\n";
    let options = RunOptions {
        max_requests: Some(2),
        ..RunOptions::default()
    };
    world.run_with(file, options).await.unwrap_err();
    let receipt = world.run(file).await.unwrap();
    let own = &receipt.resources["posts"];
    assert_eq!(
        (own.resumed_pages, own.requests, own.throttled_ms),
        (2, 1, 0)
    );
    let json = serde_json::to_value(own).unwrap();
    assert!(json.get("throttled_ms").is_none(), "{json}");
}
