//! Lists of every style, walked with nothing declared.

use apiduct_client::paginate::Total;
use apiduct_client::{Client, Error, PaginateBuilder};
use apiduct_testkit::MockApi;
use serde_json::{Value, json};

use crate::secrets::Journal;
use crate::support::{Script, client, ok};

fn posts(count: u32) -> Vec<Value> {
    (0..count)
        .map(|id| json!({"id": id, "title": format!("Post {id}")}))
        .collect()
}

async fn walk(builder: PaginateBuilder) -> Result<(Vec<Value>, String), Error> {
    let mut pages = builder.send();
    let mut records = Vec::new();
    while let Some(page) = pages.next().await? {
        records.extend(page.records::<Value>()?);
    }
    let found = pages
        .findings()
        .map(|findings| findings.paginator.paginator.describe());
    Ok((records, found.unwrap_or_default()))
}

/// Every count of records around the size of a page, so that first, last and only pages are all met.
async fn comes_whole(style: &str, walk_of: impl Fn(&Client, &str) -> PaginateBuilder) {
    for count in [1, 9, 10, 11, 20, 23] {
        let api = MockApi::builder().collection("posts", posts(count)).start();
        let client = client(&api).0.build().unwrap();
        let (records, found) = walk(walk_of(&client, style)).await.unwrap();
        assert_eq!(
            records,
            posts(count),
            "{style} with {count} records, found: {found}"
        );
    }
}

#[tokio::test]
async fn every_style_that_can_be_detected_comes_whole() {
    for style in [
        "/posts",
        "/posts_zero_based",
        "/posts_relative_next_url",
        "/posts_no_key",
        "/posts_under_a_different_key",
        "/posts_nested",
        "/posts_header_link",
        "/posts_all",
        "/posts_offset_limit",
        "/posts_cursor",
        "/posts_has_more",
    ] {
        comes_whole(style, Client::paginate).await;
    }
}

#[tokio::test]
async fn positions_go_into_the_body_of_requests_that_have_one() {
    for (style, body) in [
        ("/posts_offset_limit_via_json_body", json!({"q": "x"})),
        ("/posts_cursor_via_json_body", json!({"q": "x"})),
        ("/posts/search", json!({"page": 1, "page_size": 10})),
        ("/posts/search", json!({"page_size": 10})),
    ] {
        comes_whole(style, |client, path| {
            client.paginate(path).method(http::Method::POST).json(&body)
        })
        .await;
    }
}

#[tokio::test]
async fn a_parameter_that_is_guessed_wrong_is_an_error_and_not_an_end() {
    let api = MockApi::builder().collection("posts", posts(23)).start();
    let client = client(&api).0.build().unwrap();
    for style in ["/posts_cursor_null_terminated", "/posts_header_cursor"] {
        let error = walk(client.paginate(style)).await.unwrap_err();
        assert!(matches!(error, Error::Loop { .. }), "{style}: {error:?}");
    }
}

/// What detection makes of one page: the records, and how many there are in all by its word.
async fn total_of(page: Value) -> (usize, Option<Total>) {
    let script = Script::sequence(vec![ok(page.to_string())]);
    let client = script.client().0.build().unwrap();
    let mut pages = client.paginate("/x").send();
    let page = pages.next().await.unwrap().unwrap();
    let end = pages.next().await.unwrap();
    assert!(end.is_none(), "there is a single page");
    let found = pages.findings().unwrap();
    let total = found.paginator.paginator.total(&page);
    let says_so = found
        .paginator
        .reasons
        .iter()
        .any(|reason| reason.contains("50"));
    assert_eq!(total.is_some(), says_so, "{:?}", found.paginator.reasons);
    (page.raw_records().len(), total)
}

#[tokio::test]
async fn a_total_above_the_records_of_a_single_page_is_not_passed_over() {
    let items = posts(10);
    for page in [
        json!({"items": items, "total": 50}),
        json!({"items": items, "total_count": 50}),
        json!({"count": 50, "items": items}),
        json!({"totalResults": 50, "result": {"items": items}}),
        json!({"result": {"items": items, "total": 50}}),
        json!({"items": items, "meta": {"total": 50}}),
    ] {
        let shown = page.to_string();
        assert_eq!(
            total_of(page).await,
            (10, Some(Total::Records(50))),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn other_numbers_beside_a_single_page_say_nothing() {
    let items = posts(10);
    for page in [
        json!({"items": items, "count": 10}),
        json!({"items": items, "total": 9}),
        json!({"items": items, "total": "50"}),
        json!({"items": items, "total": 50.5}),
        json!({"items": items, "price": 50}),
        json!({"items": items, "rate_info": {"total": 50}}),
        json!({"items": items, "total": 50, "next": null}),
        json!({"items": items, "total": 50, "has_more": false}),
    ] {
        let shown = page.to_string();
        assert_eq!(total_of(page).await, (10, None), "{shown}");
    }
}

#[tokio::test]
async fn what_was_detected_is_logged_once_with_reasons_and_the_lines_that_pin_it() {
    let page = json!({"items": [{"id": 1}], "next_cursor": null});
    let script = Script::sequence(vec![ok(page.to_string())]);
    let client = script.client().0.build().unwrap();
    let journal = Journal::default();
    let guard = tracing::subscriber::set_default(journal.clone());
    for parent in 1..=3 {
        walk(client.paginate(&format!("/parents/{parent}/children")))
            .await
            .unwrap();
    }
    walk(client.paginate("/others")).await.unwrap();
    drop(guard);
    let text = journal.0.lock().unwrap().clone();
    let told: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("detected how"))
        .collect();
    assert_eq!(told.len(), 2, "{text}");
    for part in [
        "why_records=\"`items` is a list of 1 objects under a usual name\"",
        "why_paginator=\"`next_cursor` is null, so this is the last page\"",
        "pin=\"data_selector: items, paginator: {type: single_page}\"",
    ] {
        assert!(told[0].contains(part), "{part} in {}", told[0]);
    }
}
