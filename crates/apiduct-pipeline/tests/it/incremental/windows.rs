use apiduct_pipeline::Backfill;

use super::*;

const BOTH: &str = "params: {since: '{incremental.start_value}', until: '{incremental.end_value}'}";

/// A pull in windows of two days, from the first of January on.
fn windows(more: &str) -> String {
    file(
        &format!("cursor_path: at, initial_value: '2024-01-01T00:00:00Z', window: 2d{more}"),
        BOTH,
    )
}

fn backfill(from: &str, to: &str) -> RunOptions {
    RunOptions {
        backfill: Some(Backfill {
            from: from.to_owned(),
            to: to.to_owned(),
        }),
        ..RunOptions::default()
    }
}

#[tokio::test]
async fn each_window_is_a_load_of_its_own_and_leaves_its_end() {
    let rows = Rows::default();
    rows.set(days(1..=7));
    let world = rows.serve();
    let receipt = world
        .run(&windows(", end_value: '2024-01-08T00:00:00Z'"))
        .await
        .unwrap();
    assert_eq!(receipt.tables["events"], 7);
    assert_eq!(receipt.resources["events"].rows, 7);
    assert_eq!(ids(&world), ["1", "2", "3", "4", "5", "6", "7"]);
    let until = ["2024-01-03", "2024-01-05", "2024-01-07", "2024-01-08"];
    assert_eq!(
        asked(&world, "until"),
        until.map(|day| Some(format!("{day}T00:00:00Z")))
    );
    assert_eq!(
        world.query("select count(*)::varchar as n from shop._apiduct_loads"),
        ["4"]
    );
}

#[tokio::test]
async fn a_run_that_fails_in_a_window_repeats_that_window_only() {
    let rows = Rows::default();
    rows.set(days(1..=3));
    let served = rows.clone();
    let is_broken = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let switch = Arc::clone(&is_broken);
    let api = MockApi::builder().get("/events", move |request| {
        let is_late = request
            .param("since")
            .is_some_and(|since| since >= "2024-01-05");
        if is_late && switch.load(std::sync::atomic::Ordering::SeqCst) {
            return Reply::status(403);
        }
        served.page(request, 2)
    });
    let world = World::new(api.start());
    rows.set(days(1..=6));
    let text = windows("");
    world.run(&text).await.unwrap_err();
    assert_eq!(ids(&world), ["1", "2", "3", "4"], "two windows are loaded");
    assert_eq!(
        remembered(&world)["incremental"]["last_value"],
        "2024-01-05T00:00:00Z"
    );
    is_broken.store(false, std::sync::atomic::Ordering::SeqCst);
    world.api.forget();
    // A year of windows lies ahead; the rows end on the sixth.
    let text = text.replace("window: 2d", "window: 20000d");
    world.run(&text).await.unwrap();
    assert_eq!(ids(&world), ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(
        asked(&world, "since")[0].as_deref(),
        Some("2024-01-05T00:00:00Z")
    );
    assert_eq!(
        remembered(&world)["incremental"]["last_value"],
        "2024-01-06T00:00:00Z",
        "the last one goes by its rows"
    );
}

#[tokio::test]
async fn children_are_pulled_with_each_window_of_their_parent() {
    let rows = Rows::default();
    rows.set(days(1..=4));
    let served = rows.clone();
    let api = MockApi::builder()
        .get("/events", move |request| served.page(request, 2))
        .get("/events/{id}/notes", |request| {
            Reply::json(&json!([{"of": request.segment("id")}]))
        });
    let world = World::new(api.start());
    let text = format!(
        "{}  - {{name: notes, endpoint: 'events/{{resources.events.id}}/notes'}}\n  - {{name: once, endpoint: {{path: events, data_selector: data, paginator: single_page}}}}\n",
        windows(", end_value: '2024-01-05T00:00:00Z'")
    );
    let receipt = world.run(&text).await.unwrap();
    assert_eq!(
        (
            receipt.tables["events"],
            receipt.tables["notes"],
            receipt.tables["once"]
        ),
        (4, 4, 2)
    );
    assert_eq!(world.count("notes"), "4");
    assert_eq!(
        world.count("once"),
        "2",
        "what has no window is pulled once"
    );
}

#[tokio::test]
async fn windows_of_replaced_rows_do_not_replace_each_other() {
    let rows = Rows::default();
    rows.set(days(1..=4));
    let world = rows.serve();
    let text = windows(", end_value: '2024-01-05T00:00:00Z'")
        .replace("name: events,", "name: events, write_disposition: replace,");
    for _ in 0..2 {
        world.run(&text).await.unwrap();
        assert_eq!(ids(&world), ["1", "2", "3", "4"]);
    }
}

#[tokio::test]
async fn a_backfill_loads_its_interval_and_leaves_the_cursor_alone() {
    let rows = Rows::default();
    rows.set(days(1..=9));
    let world = rows.serve();
    let text = file(
        "cursor_path: at, initial_value: '2024-01-08T00:00:00Z'",
        BOTH,
    );
    world.run(&text).await.unwrap();
    let before = remembered(&world);
    let receipt = world
        .run_with(&text, backfill("2024-01-02", "2024-01-05"))
        .await
        .unwrap();
    assert_eq!(receipt.tables["events"], 3);
    assert_eq!(ids(&world), ["2", "3", "4", "8", "9"]);
    assert_eq!(remembered(&world)["incremental"], before["incremental"]);
    assert_eq!(
        asked(&world, "until").last().unwrap().as_deref(),
        Some("2024-01-05")
    );
}

#[tokio::test]
async fn a_backfill_goes_on_behind_its_last_window() {
    let rows = Rows::default();
    rows.set(days(1..=9));
    let served = rows.clone();
    let is_broken = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let switch = Arc::clone(&is_broken);
    let api = MockApi::builder().get("/events", move |request| {
        let is_late = request
            .param("since")
            .is_some_and(|since| since >= "2024-01-05");
        if is_late && switch.load(std::sync::atomic::Ordering::SeqCst) {
            return Reply::status(403);
        }
        served.page(request, 2)
    });
    let world = World::new(api.start());
    let text = windows("");
    let options = backfill("2024-01-01", "2024-01-08");
    world.run_with(&text, options.clone()).await.unwrap_err();
    assert_eq!(remembered(&world)["backfill"]["done"], "2024-01-05");
    is_broken.store(false, std::sync::atomic::Ordering::SeqCst);
    world.api.forget();
    world.run_with(&text, options).await.unwrap();
    assert_eq!(ids(&world), ["1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(asked(&world, "since")[0].as_deref(), Some("2024-01-05"));
    assert_eq!(remembered(&world).get("backfill"), None, "it is finished");
}

#[tokio::test]
async fn a_backfill_needs_something_that_loads_incrementally() {
    let world = World::new(api(3));
    let error = world
        .run_with("  - posts\n", backfill("1", "2"))
        .await
        .unwrap_err();
    assert!(matches!(error, RunError::NothingToBackfill), "{error}");
    let replaced = "  - {name: posts, write_disposition: replace, endpoint: {incremental: {cursor_path: id}}}\n";
    let error = world
        .run_with(replaced, backfill("1", "2"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, RunError::BackfillReplaces { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn numbers_of_a_backfill_are_numbers() {
    let world = World::new(api(9));
    let text =
        "  - {name: posts, endpoint: {incremental: {cursor_path: id, type: int, window: 2}}}\n";
    let text = text.replace("window: 2", "window: 2, initial_value: 0, end_value: 1");
    let receipt = world.run_with(&text, backfill("3", "8")).await.unwrap();
    assert_eq!(receipt.tables["posts"], 5);
}
