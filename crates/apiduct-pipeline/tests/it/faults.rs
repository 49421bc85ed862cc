//! What the receipt says about trouble: waits, answers without a row, failures that do not end a run.

use std::sync::atomic::{AtomicBool, Ordering};
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

fn warnings(heard: &Heard, about: &str) -> Vec<String> {
    let events = heard.0.lock().unwrap();
    let told = events.iter().filter_map(|event| match event {
        Event::Warning { message } => Some(message.clone()),
        _ => None,
    });
    told.filter(|message| message.contains(about)).collect()
}

async fn heard(world: &World, resources: &str) -> (Receipt, Vec<String>) {
    told(world, resources, "not one row").await
}

/// Runs, and hears what is told about something.
async fn told(world: &World, resources: &str, about: &str) -> (Receipt, Vec<String>) {
    let heard = Arc::new(Heard::default());
    let pipeline = world
        .builder(resources)
        .destination(world.destination())
        .events(Arc::clone(&heard) as Arc<dyn EventSink>)
        .build();
    let receipt = pipeline.run().await.unwrap();
    let told = warnings(&heard, about);
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

/// Forty posts; the comments of those that `fails` names answer 500 from page 2 on, or from page 1 if it says so.
fn failing(fails: impl Fn(u64) -> Option<u64> + Send + Sync + 'static) -> World {
    let comments = move |request: &apiduct_testkit::Received| {
        let post: u64 = request
            .segment("id")
            .unwrap_or_default()
            .parse()
            .unwrap_or(0);
        let page = request.number_param("page").unwrap_or(1);
        match fails(post) {
            Some(first) if page >= first => Reply::error(500, "broken"),
            _ => Reply::json(&json!({"data": [{"id": post * 10 + page}], "pages": 2})),
        }
    };
    let builder = MockApi::builder().collection("posts", posts(40));
    World::new(builder.get("/posts/{id}/comments", comments).start())
}

fn with_comments(more: &str) -> String {
    format!(
        "  - {{name: posts, endpoint: {{path: posts, params: {{per_page: 100}}}}}}
  - {{name: comments, {more}, endpoint: {{path: 'posts/{{resources.posts.id}}/comments', data_selector: data, paginator: {{type: page_number, total_path: pages}}}}}}
"
    )
}

#[tokio::test]
async fn rows_of_the_parent_that_fail_are_left_out_and_the_run_ends_incomplete() {
    let world = failing(|post| match post {
        7 => Some(1),
        9 => Some(2),
        _ => None,
    });
    let heard = Arc::new(Heard::default());
    let receipt = world
        .builder(&with_comments("on_error: skip"))
        .destination(world.destination())
        .events(Arc::clone(&heard) as Arc<dyn EventSink>)
        .build()
        .run()
        .await
        .unwrap();
    assert_eq!(receipt.status, Status::Incomplete);
    let own = &receipt.resources["comments"];
    assert_eq!((own.failed_parents, own.rows), (2, 38 * 2 + 1));
    let reason = own.reason.as_deref().unwrap();
    assert!(
        reason.starts_with("2 of 40 rows of the parent failed, the first with: cannot fetch page 1 of `posts/7/comments`"),
        "{reason}"
    );
    assert!(reason.contains("500 Internal Server Error"), "{reason}");
    let ids = world
        .query("select id::varchar from shop.comments where id >= 60 and id < 110 order by rowid");
    assert_eq!(ids, ["61", "62", "81", "82", "91", "101", "102"]);
    let events = heard.0.lock().unwrap();
    assert!(events.iter().any(|event| {
        matches!(event, Event::Warning { message } if message.starts_with("`comments` goes on although 2 of 40"))
    }));
}

#[tokio::test]
async fn without_a_word_the_first_failure_ends_the_run() {
    for key in ["selected: true", "on_error: fail"] {
        let world = failing(|post| (post == 7).then_some(1));
        let error = world.run(&with_comments(key)).await.unwrap_err();
        assert!(matches!(error, RunError::Source { .. }), "{error}");
    }
}

#[tokio::test]
async fn more_failures_than_their_share_end_the_run_and_load_nothing() {
    let half = "on_error: {action: skip, max_share: 0.5, min_failures: 2}";
    for (failing_from, bound, is_borne) in [(21, half, true), (20, half, false), (39, half, true)] {
        let world = failing(move |post| (post >= failing_from).then_some(1));
        let outcome = world.run(&with_comments(bound)).await;
        if is_borne {
            assert_eq!(outcome.unwrap().status, Status::Incomplete);
            continue;
        }
        let error = outcome.unwrap_err();
        assert_eq!(
            error.to_string(),
            "21 of 40 rows of the parent of resource `comments` failed, which is too many"
        );
        assert_eq!(error.class(), apiduct_pipeline::ErrorClass::Source);
        assert!(
            std::error::Error::source(&error)
                .unwrap()
                .to_string()
                .contains("posts/20/comments")
        );
    }
    let world = failing(|_| Some(1));
    let all = "on_error: {action: skip, max_share: 1, min_failures: 1000}";
    let error = world.run(&with_comments(all)).await.unwrap_err();
    assert!(matches!(error, RunError::TooManyFailed { .. }), "{error}");
}

#[tokio::test]
async fn what_is_nobodys_alone_ends_the_run_all_the_same() {
    let world = failing(|_| None);
    let options = RunOptions {
        max_requests: Some(5),
        ..RunOptions::default()
    };
    let file = with_comments("on_error: skip");
    let error = world.run_with(&file, options).await.unwrap_err();
    assert!(matches!(error, RunError::RequestsSpent { .. }), "{error}");
    let refused = |request: &apiduct_testkit::Received| match request.segment("id") {
        Some("7") => Reply::status(401),
        _ => Reply::json(&json!({"data": [], "pages": 1})),
    };
    let builder = MockApi::builder().collection("posts", posts(40));
    let world = World::new(builder.get("/posts/{id}/comments", refused).start());
    let error = world.run(&file).await.unwrap_err();
    assert!(matches!(error, RunError::Source { .. }), "{error}");
}

#[tokio::test]
async fn a_row_that_lacks_a_field_is_a_failure_of_its_own() {
    let posts = json!([{"id": 1, "slug": "a"}, {"id": 2}, {"id": 3, "slug": "c"}]);
    let api = MockApi::builder()
        .json("/posts", &posts)
        .get("/posts/{id}/comments", |_| Reply::raw_json(r#"[{"n": 1}]"#));
    let world = World::new(api.start());
    let file = "  - {name: posts, endpoint: {path: posts, data_selector: $, paginator: single_page}}
  - {name: comments, on_error: skip, include_from_parent: [slug], endpoint: {path: 'posts/{resources.posts.id}/comments', data_selector: $, paginator: single_page}}
";
    let receipt = world.run(file).await.unwrap();
    assert_eq!(receipt.resources["comments"].failed_parents, 1);
    let slugs = world.query("select _posts_slug from shop.comments order by rowid");
    assert_eq!(slugs, ["a", "c"]);
}

/// Posts by time, the comments of the second of which are broken until the switch is thrown.
fn by_time() -> (World, Arc<AtomicBool>) {
    let is_broken = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&is_broken);
    let posts = |request: &apiduct_testkit::Received| {
        let since = request.param("since").unwrap_or_default().to_owned();
        let until = request.param("until").unwrap_or("9").to_owned();
        let all = [
            (1, "2024-01-01"),
            (2, "2024-01-02"),
            (3, "2024-06-01"),
            (4, "2025-06-01"),
        ];
        let new = all.iter().filter(|(_, at)| *at >= &*since && *at < &*until);
        let new = new.map(|(id, at)| json!({"id": id, "at": at}));
        Reply::json(&new.collect::<Value>())
    };
    let comments = move |request: &apiduct_testkit::Received| {
        if request.segment("id") == Some("2") && switch.load(Ordering::Relaxed) {
            return Reply::error(500, "broken");
        }
        Reply::json(&json!([{"id": request.segment("id")}]))
    };
    let api = MockApi::builder()
        .get("/posts", posts)
        .get("/posts/{id}/comments", comments);
    (World::new(api.start()), is_broken)
}

#[tokio::test]
async fn cursors_and_windows_wait_for_the_rows_that_failed() {
    let whole = (
        "cursor_path: at, type: date, initial_value: '2024-01-01'",
        "",
    );
    let windows = (
        "cursor_path: at, type: date, initial_value: '2024-01-01', window: 366d",
        ", until: '{incremental.end_value}'",
    );
    for ((incremental, until), first) in [(whole, "1,3,4"), (windows, "1,3")] {
        let (world, is_broken) = by_time();
        let file = format!(
            "  - {{name: posts, primary_key: id, write_disposition: merge, endpoint: {{path: posts, data_selector: $, paginator: single_page, params: {{since: '{{incremental.start_value}}'{until}}}, incremental: {{{incremental}}}}}}}
  - {{name: comments, primary_key: id, write_disposition: merge, on_error: skip, endpoint: {{path: 'posts/{{resources.posts.id}}/comments', data_selector: $, paginator: single_page}}}}
"
        );
        let loaded = |world: &World| {
            world.query("select string_agg(id, ',' order by id) from shop.comments")
        };
        let receipt = world.run(&file).await.unwrap();
        assert_eq!(receipt.status, Status::Incomplete);
        assert_eq!(loaded(&world), [first]);
        let (receipt, told) = told(&world, &file, "the cursor of `posts` stays").await;
        assert_eq!(receipt.status, Status::Incomplete);
        assert_eq!(told.len(), 1, "{told:?}");
        is_broken.store(false, Ordering::Relaxed);
        let receipt = world.run(&file).await.unwrap();
        assert_eq!(receipt.status, Status::Complete);
        assert_eq!(loaded(&world), ["1,2,3,4"]);
    }
}

#[tokio::test]
async fn dead_letters_name_every_request_that_failed_and_why() {
    let world = failing(|post| match post {
        7 => Some(1),
        9 => Some(2),
        _ => None,
    });
    let receipt = world
        .run(&with_comments("on_error: dead_letter"))
        .await
        .unwrap();
    assert_eq!(receipt.status, Status::Incomplete);
    assert_eq!(receipt.tables["_apiduct_rejected"], 2);
    let listed = world.query(
        "select r.resource, place, error from shop._apiduct_rejected r join shop._apiduct_loads l on l.load_id = r._apiduct_load_id order by place",
    );
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert!(listed[0].starts_with("comments|page 1 of `posts/7/comments`|cannot fetch"));
    assert!(listed[1].starts_with("comments|page 2 of `posts/9/comments`|cannot fetch"));
    assert!(
        listed[1].contains("answered 500 Internal Server Error"),
        "{listed:?}"
    );
    // Another run adds its own; what is listed stays.
    world
        .run(&with_comments("on_error: dead_letter"))
        .await
        .unwrap();
    assert_eq!(world.count("_apiduct_rejected"), "4");
    let healthy = failing(|_| None);
    let receipt = healthy
        .run(&with_comments("on_error: dead_letter"))
        .await
        .unwrap();
    assert_eq!(receipt.status, Status::Complete);
    assert!(!receipt.tables.contains_key("_apiduct_rejected"));
}

#[tokio::test]
async fn dead_letters_hold_no_secret() {
    let api =
        MockApi::builder()
            .collection("posts", posts(2))
            .get("/posts/{id}/comments", |request| {
                match (request.segment("id"), request.param("key")) {
                    (Some("1"), _) => Reply::raw_json("[]"),
                    (_, key) => Reply::error(500, key.unwrap_or_default()),
                }
            });
    let world = World::new(api.start());
    let key = world.folder.path().join("key");
    std::fs::write(&key, "hunter2-hunter2").unwrap();
    let file = format!(
        "  - posts
  - {{name: comments, on_error: dead_letter, endpoint: {{path: 'posts/{{resources.posts.id}}/comments', params: {{key: '${{file:{}}}'}}, data_selector: $, paginator: single_page}}}}
",
        key.display()
    );
    let receipt = world.run(&file).await.unwrap();
    let reason = receipt.resources["comments"].reason.clone().unwrap();
    let listed = world.query("select error from shop._apiduct_rejected");
    for text in [&reason, &listed[0]] {
        assert!(text.contains("posts/2/comments"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}
