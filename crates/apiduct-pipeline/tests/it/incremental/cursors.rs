use apiduct_model::Hint;
use apiduct_pipeline::Status;

use super::*;

const AT: &str = "cursor_path: at";

#[tokio::test]
async fn the_next_run_asks_for_what_is_new_and_loads_each_row_once() {
    let rows = Rows::default();
    rows.set(days(1..=5));
    let world = rows.serve();
    let text = file(
        "cursor_path: at, initial_value: '2024-01-02T00:00:00Z'",
        SINCE,
    );
    let first = world.run(&text).await.unwrap();
    assert_eq!(first.tables["events"], 4);
    let cursor = first.resources["events"].cursor.clone().unwrap();
    assert_eq!(cursor.from, Some(json!("2024-01-02T00:00:00Z")));
    assert_eq!(cursor.to, Some(json!("2024-01-05T00:00:00Z")));
    rows.add(days(6..=7));
    let second = world.run(&text).await.unwrap();
    assert_eq!(second.tables["events"], 2);
    let receipt = &second.resources["events"];
    assert_eq!(
        (receipt.rows, receipt.skipped["already_loaded"]),
        (3, 1),
        "the row at the boundary"
    );
    assert_eq!(receipt.status, Status::Complete);
    let third = world.run(&text).await.unwrap();
    assert_eq!(
        third.tables.get("events").copied().unwrap_or(0),
        0,
        "nothing is new"
    );
    assert_eq!(ids(&world), ["2", "3", "4", "5", "6", "7"]);
    let since = [
        "2024-01-02T00:00:00Z",
        "2024-01-05T00:00:00Z",
        "2024-01-07T00:00:00Z",
    ];
    assert_eq!(
        asked(&world, "since"),
        since.map(|one| Some(one.to_owned()))
    );
}

#[tokio::test]
async fn a_start_without_value_leaves_its_parameter_out_and_never_says_none() {
    let rows = Rows::default();
    rows.set(days(1..=3));
    let world = rows.serve();
    let keys = "params: {since: '{incremental.start_value}'}, headers: {X-Since: '{incremental.start_value}'}, method: get, \
                json: {a: '{incremental.start_value}', b: [1, '{incremental.end_value}']}";
    world.run(&file(AT, keys)).await.unwrap();
    let first = &world.api.recorded()[0];
    assert_eq!(
        (first.param("since"), first.header("x-since")),
        (None, None)
    );
    assert_eq!(first.json().unwrap(), json!({"b": [1]}));
    world.api.forget();
    world.run(&file(AT, keys)).await.unwrap();
    let second = &world.api.recorded()[0];
    assert_eq!(second.header("x-since"), Some("2024-01-03T00:00:00Z"));
    assert_eq!(
        second.json().unwrap(),
        json!({"a": "2024-01-03T00:00:00Z", "b": [1]})
    );
}

#[tokio::test]
async fn three_notations_load_the_same_rows() {
    for (incremental, keys) in [
        (AT, SINCE),
        ("cursor_path: at, start_param: since", ""),
        (
            "cursor_path: never",
            "params: {since: {type: incremental, cursor_path: at}}",
        ),
    ] {
        let rows = Rows::default();
        rows.set(days(1..=3));
        let world = rows.serve();
        let text = file(incremental, keys);
        world.run(&text).await.unwrap();
        rows.add(days(4..=4));
        world.run(&text).await.unwrap();
        assert_eq!(ids(&world), ["1", "2", "3", "4"], "{incremental}");
        assert_eq!(
            asked(&world, "since"),
            [None, Some("2024-01-03T00:00:00Z".to_owned())],
            "{incremental}"
        );
    }
}

#[tokio::test]
async fn numbers_keep_their_type_in_the_state_and_in_bodies() {
    let rows = Rows::default();
    rows.set([json!({"id": 1, "at": 9}), json!({"id": 2, "at": 10})]);
    let world = rows.serve();
    let text = file(
        "cursor_path: at",
        "json: {after: '{incremental.start_value}'}",
    );
    world.run(&text).await.unwrap();
    world.api.forget();
    rows.add([json!({"id": 3, "at": 11})]);
    world.run(&text).await.unwrap();
    assert_eq!(
        world.api.recorded()[0].json().unwrap(),
        json!({"after": 10})
    );
    assert_eq!(ids(&world), ["1", "2", "3"]);
    assert_eq!(remembered(&world)["incremental"]["last_value"], json!(11));
}

#[tokio::test]
async fn requests_get_times_in_the_format_and_zone_that_they_ask_for() {
    let rows = Rows::default();
    rows.set([json!({"id": 1, "at": 1_719_828_000})]);
    let world = rows.serve();
    let text = file(
        "cursor_path: at, type: timestamp, format: unix, request_format: '%d.%m.%Y %H:%M', timezone: Europe/Berlin",
        "params: {from: '{incremental.start_value}'}",
    );
    world.run(&text).await.unwrap();
    world.run(&text).await.unwrap();
    assert_eq!(
        asked(&world, "from"),
        [None, Some("01.07.2024 12:00".to_owned())]
    );
}

#[tokio::test]
async fn a_lag_looks_back_and_never_before_the_initial_value() {
    let rows = Rows::default();
    rows.set(days(1..=10));
    let world = rows.serve();
    let lag = |days: u64| {
        file(
            &format!("cursor_path: at, initial_value: '2024-01-04T00:00:00Z', lag: {days}d"),
            "params: {since: '{incremental.start_value}', lag: '{incremental.lag}'}",
        )
    };
    world.run(&lag(3)).await.unwrap();
    let second = world.run(&lag(3)).await.unwrap();
    assert_eq!(second.tables["events"], 4, "rows within the lag come again");
    world.run(&lag(30)).await.unwrap();
    let since = [
        "2024-01-04T00:00:00Z",
        "2024-01-07T00:00:00Z",
        "2024-01-04T00:00:00Z",
    ];
    assert_eq!(
        asked(&world, "since"),
        since.map(|one| Some(one.to_owned()))
    );
    assert_eq!(asked(&world, "lag")[0].as_deref(), Some("259200"));
}

#[tokio::test]
async fn an_end_makes_the_run_stateless_and_both_ranges_can_be_turned() {
    let rows = Rows::default();
    rows.set(days(1..=6));
    let world = rows.serve();
    let text = |more: &str| {
        file(
            &format!(
                "cursor_path: at, initial_value: '2024-01-02T00:00:00Z', end_value: '2024-01-04T00:00:00Z'{more}"
            ),
            "params: {from: '{incremental.initial_value}', to: '{incremental.end_value}'}",
        )
    };
    let first = world.run(&text("")).await.unwrap();
    assert_eq!(first.resources["events"].skipped["after_end"], 3);
    assert_eq!(first.resources["events"].skipped["before_start"], 1);
    let second = world
        .run(&text(", range_start: open, range_end: closed"))
        .await
        .unwrap();
    assert_eq!((first.tables["events"], second.tables["events"]), (2, 2));
    assert_eq!(
        ids(&world),
        ["2", "3", "3", "4"],
        "no state: the rows come again"
    );
    assert_eq!(remembered(&world), Value::Null);
    assert_eq!(
        asked(&world, "to")[0].as_deref(),
        Some("2024-01-04T00:00:00Z")
    );
}

#[tokio::test]
async fn a_full_refresh_starts_over() {
    let rows = Rows::default();
    rows.set(days(1..=3));
    let world = rows.serve();
    let text = file(AT, SINCE);
    world.run(&text).await.unwrap();
    let options = RunOptions {
        full_refresh: true,
        ..RunOptions::default()
    };
    let receipt = world.run_with(&text, options).await.unwrap();
    assert_eq!(receipt.tables["events"], 3);
    assert_eq!(ids(&world), ["1", "2", "3"]);
    assert_eq!(asked(&world, "since"), [None, None]);
}

#[tokio::test]
async fn replaced_rows_start_at_the_initial_value_each_time() {
    let rows = Rows::default();
    rows.set(days(1..=3));
    let world = rows.serve();
    let text =
        file(AT, SINCE).replace("name: events,", "name: events, write_disposition: replace,");
    for _ in 0..2 {
        world.run(&text).await.unwrap();
        assert_eq!(ids(&world), ["1", "2", "3"]);
    }
}

#[tokio::test]
async fn a_page_whose_rows_are_all_old_does_not_end_the_paging() {
    let rows = Rows::default();
    rows.set(days(1..=9));
    let world = rows.serve();
    let text = file("cursor_path: at, initial_value: '2024-01-08T00:00:00Z'", "");
    let receipt = world.run(&text).await.unwrap();
    assert_eq!(receipt.resources["events"].pages, 5);
    assert_eq!(receipt.tables["events"], 2);
}

#[tokio::test]
async fn a_known_order_ends_the_paging_where_the_rest_is_out_of_range() {
    for (order, bounds, pages) in [
        (
            "asc",
            "initial_value: '2024-01-01T00:00:00Z', end_value: '2024-01-04T00:00:00Z'",
            2,
        ),
        ("desc", "initial_value: '2024-01-08T00:00:00Z'", 2),
    ] {
        let rows = Rows::default();
        let mut all = days(1..=10);
        if order == "desc" {
            all.reverse();
        }
        rows.set(all);
        let world = rows.serve();
        let text = file(
            &format!("cursor_path: at, row_order: {order}, {bounds}"),
            "parallel: false",
        );
        let receipt = world.run(&text).await.unwrap();
        let events = &receipt.resources["events"];
        assert_eq!(
            (events.pages, receipt.tables["events"], receipt.status),
            (pages, 3, Status::Complete),
            "{order}"
        );
    }
}

#[tokio::test]
async fn rows_without_a_cursor_are_an_error_or_kept_or_counted() {
    let rows = Rows::default();
    rows.set([
        event(1, "2024-01-01"),
        json!({"id": 2, "at": null}),
        json!({"id": 3}),
    ]);
    let world = rows.serve();
    let error = world.run(&file(AT, "")).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "record 1 of the page has no cursor at `at`");
    assert!(error.hint().unwrap().contains("on_cursor_value_missing"));
    let receipt = world
        .run(&file(
            "cursor_path: at, on_cursor_value_missing: exclude",
            "",
        ))
        .await
        .unwrap();
    assert_eq!(receipt.resources["events"].skipped["cursor_missing"], 2);
    assert_eq!(ids(&world), ["1"]);
    world
        .run(&file(
            "cursor_path: at, on_cursor_value_missing: include",
            "",
        ))
        .await
        .unwrap();
    assert_eq!(ids(&world), ["1", "2", "3"]);
}

#[tokio::test]
async fn times_with_offsets_are_compared_in_time() {
    let rows = Rows::default();
    rows.set([
        event(1, "2024-01-01T09:00:00Z"),
        event(2, "2024-01-01T10:00:00+02:00"),
    ]);
    let world = rows.serve();
    world.run(&file(AT, "")).await.unwrap();
    assert_eq!(
        remembered(&world)["incremental"]["last_value"],
        "2024-01-01T09:00:00Z"
    );
    assert_eq!(remembered(&world)["incremental"]["type"], "timestamp");
}

#[tokio::test]
async fn a_cursor_of_another_type_than_stored_says_how_to_go_on() {
    let rows = Rows::default();
    rows.set([event(1, "abc")]);
    let world = rows.serve();
    world.run(&file(AT, "")).await.unwrap();
    let error = world
        .run(&file("cursor_path: at, type: timestamp, lag: 1h", ""))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot tell where resource `events` starts"
    );
    assert!(matches!(error, RunError::Cursor { .. }));
}

#[tokio::test]
async fn rows_cut_short_by_a_limit_do_not_move_the_cursor_past_the_rest() {
    let rows = Rows::default();
    let mut all = days(1..=6);
    all.reverse();
    rows.set(all);
    let world = rows.serve();
    let heard = Arc::new(Heard::default());
    let text = file(AT, "max_pages: 1");
    let pipeline = world
        .builder(&text)
        .destination(world.destination())
        .events(heard.clone())
        .build();
    pipeline.run().await.unwrap();
    assert_eq!(remembered(&world)["incremental"]["last_value"], Value::Null);
    let warned = heard.0.lock().unwrap().iter().any(
        |event| matches!(event, Event::Warning { message } if message.contains("stays where it was")),
    );
    assert!(warned);
    rows.set(days(1..=6));
    world
        .run(&file("cursor_path: at, row_order: asc", "max_pages: 2"))
        .await
        .unwrap();
    assert_eq!(
        remembered(&world)["incremental"]["last_value"],
        "2024-01-04T00:00:00Z",
        "the order is known"
    );
}

#[tokio::test]
async fn a_cursor_from_the_page_is_stored_and_sent() {
    let rows = Rows::default();
    rows.set(days(1..=3));
    let world = rows.serve();
    let text = file(
        "cursor_from: response, cursor_path: now",
        "params: {token: '{incremental.start_value}'}",
    );
    let first = world.run(&text).await.unwrap();
    assert_eq!(
        first.resources["events"].cursor.clone().unwrap().to,
        Some(json!("2030-01-01T00:00:00Z"))
    );
    world.run(&text).await.unwrap();
    assert_eq!(
        asked(&world, "token"),
        [None, Some("2030-01-01T00:00:00Z".to_owned())]
    );
}

#[tokio::test]
async fn a_cursor_from_the_clock_is_when_the_run_before_began() {
    let rows = Rows::default();
    rows.set(days(1..=3));
    let world = rows.serve();
    let text = file(
        "cursor_from: clock, request_format: unix, lag: 60",
        "params: {from: '{incremental.start_value}', to: '{incremental.end_value}'}",
    );
    let receipt = world.run(&text).await.unwrap();
    assert!(
        receipt.resources["events"]
            .cursor
            .clone()
            .unwrap()
            .to
            .is_some()
    );
    world.run(&text).await.unwrap();
    let number = |text: &Option<String>| text.as_deref().and_then(|one| one.parse::<i64>().ok());
    let (from, to) = (asked(&world, "from"), asked(&world, "to"));
    assert_eq!(from[0], None);
    assert_eq!(number(&from[1]).unwrap() + 60, number(&to[0]).unwrap());
}

#[tokio::test]
async fn a_preview_needs_no_state_and_shows_what_the_first_run_would() {
    let rows = Rows::default();
    rows.set(days(1..=2));
    let world = rows.serve();
    let text = file("cursor_path: at, initial_value: '2024-01-02T00:00:00Z'", "");
    let preview = world
        .builder(&text)
        .build()
        .preview(None, 10)
        .await
        .unwrap();
    assert_eq!(preview.tables[0].batch.num_rows(), 1);
}
