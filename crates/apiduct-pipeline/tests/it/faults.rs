//! What the receipt says about trouble: waits, answers without a row, failures that do not end a run.

use std::time::UNIX_EPOCH;

use apiduct_client::transport::recording::ReplayTimer;
use apiduct_pipeline::Status;
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

fn warnings(heard: &Heard) -> Vec<String> {
    let events = heard.0.lock().unwrap();
    let told = events.iter().filter_map(|event| match event {
        Event::Warning { message } => Some(message.clone()),
        _ => None,
    });
    told.filter(|message| message.contains("not one row"))
        .collect()
}

async fn heard(world: &World, resources: &str) -> (Receipt, Vec<String>) {
    let heard = Arc::new(Heard::default());
    let pipeline = world
        .builder(resources)
        .destination(world.destination())
        .events(Arc::clone(&heard) as Arc<dyn EventSink>)
        .build();
    let receipt = pipeline.run().await.unwrap();
    let told = warnings(&heard);
    (receipt, told)
}

#[tokio::test]
async fn records_that_give_no_row_are_flagged_with_what_left_them_out() {
    let world = World::new(api(5));
    let filtered = |filter: &str| {
        format!(
            "  - {{name: posts, endpoint: posts, processing_steps: [{{filter: '{filter}'}}]}}\n"
        )
    };
    let (receipt, told) = heard(&world, &filtered(".id > 100")).await;
    let own = &receipt.resources["posts"];
    assert_eq!((own.rows, own.loaded_rows), (5, Some(0)));
    assert_eq!(
        own.no_rows.as_deref(),
        Some("5 records came, left out were 5 by `filter`")
    );
    assert_eq!(
        told,
        ["`posts` gave records and not one row: 5 records came, left out were 5 by `filter`"]
    );
    assert_eq!(receipt.status, Status::Complete);

    let (receipt, told) = heard(&world, &filtered(".id > 4")).await;
    let own = &receipt.resources["posts"];
    assert_eq!((own.loaded_rows, &own.no_rows), (Some(1), &None));
    assert!(told.is_empty(), "{told:?}");
}

#[tokio::test]
async fn empty_lists_parents_that_are_not_loaded_and_nothing_new_are_not_flagged() {
    let api = MockApi::builder()
        .script("/empty", [Reply::raw_json("[]")])
        .script("/parents", [Reply::raw_json(r#"[{"id": 1}]"#)])
        .script(
            "/events",
            [Reply::raw_json(
                r#"[{"id": 1, "at": 7}, {"id": 2, "at": 9}]"#,
            )],
        )
        .start();
    let world = World::new(api);
    let file = "  - {name: empty, endpoint: {path: empty, data_selector: $, paginator: single_page}}
  - {name: parents, selected: false, endpoint: {path: parents, data_selector: $, paginator: single_page}}
  - {name: children, endpoint: {path: 'empty?of={resources.parents.id}', data_selector: $, paginator: single_page}}
  - {name: events, primary_key: id, endpoint: {path: events, data_selector: $, paginator: single_page, incremental: {cursor_path: at, initial_value: 0}}}
";
    let (first, told) = heard(&world, file).await;
    assert_eq!(first.resources["events"].loaded_rows, Some(2));
    assert_eq!(first.resources["parents"].loaded_rows, None);
    assert!(told.is_empty(), "{told:?}");
    let (second, told) = heard(&world, file).await;
    let own = &second.resources["events"];
    assert_eq!(
        (own.rows, own.loaded_rows, &own.no_rows),
        (2, Some(0), &None)
    );
    assert!(told.is_empty(), "{told:?}");
}

#[tokio::test]
async fn windows_count_together_before_a_resource_is_flagged() {
    let day = |request: &apiduct_testkit::Received| {
        let day = request.param("since").unwrap_or_default();
        Reply::json(&json!([{"id": day, "at": day, "good": day.starts_with("2024-01-02")}]))
    };
    let world = World::new(MockApi::builder().get("/events", day).start());
    let file = |filter: &str| {
        format!(
            "  - {{name: events, write_disposition: append, processing_steps: [{{filter: '{filter}'}}], endpoint: {{path: events, data_selector: $, paginator: single_page, params: {{since: '{{incremental.start_value}}'}}, incremental: {{cursor_path: at, type: date, initial_value: '2024-01-01', end_value: '2024-01-04', window: 1d}}}}}}\n"
        )
    };
    let (receipt, told) = heard(&world, &file(".good")).await;
    let own = &receipt.resources["events"];
    assert_eq!(
        (own.rows, own.loaded_rows, &own.no_rows),
        (3, Some(1), &None)
    );
    assert!(told.is_empty(), "{told:?}");
    let (receipt, told) = heard(&world, &file("false")).await;
    assert_eq!(receipt.resources["events"].loaded_rows, Some(0));
    assert_eq!(told.len(), 1, "{told:?}");
}
