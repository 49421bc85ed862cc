//! Walks over pages: what is asked of a paginator and when, and how client, call and detection share the choices.

use std::sync::{Arc, Mutex};

use apiduct_client::auth::{Bearer, NoAuth};
use apiduct_client::hook::{Verdict, hook_fn};
use apiduct_client::paginate::{
    Cursor, JsonLink, Offset, PageNumber, PaginateError, Paginator, Position, Reason, Step,
    TotalPath,
};
use apiduct_client::{Client, Error, Page, Pages, Request};
use apiduct_testkit::{Access, MockApi};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Script, answer, client, ok};

fn posts() -> MockApi {
    let posts = (0..25).map(|id| json!({"id": id, "title": format!("Post {id}")}));
    MockApi::builder().collection("posts", posts).start()
}

/// Checks five full pages in order.
async fn is_whole(mut pages: Pages) {
    let mut number = 0;
    while let Some(page) = pages.next().await.unwrap() {
        let ids: Vec<u64> = page
            .iter::<Value>()
            .map(|post| post.unwrap()["id"].as_u64().unwrap())
            .collect();
        assert_eq!(ids, (number * 5..number * 5 + 5).collect::<Vec<_>>());
        number += 1;
    }
    assert_eq!(number, 5);
}

#[tokio::test]
async fn every_declared_paginator_brings_five_full_pages() {
    let api = posts();
    let client = client(&api).0.build().unwrap();
    let number = || PageNumber::new().total_path("total_pages");
    let offset = || Offset::new(5).total_path("total_records");
    let walk = |path: &str| client.paginate(path);
    is_whole(walk("/posts").paginator(JsonLink::new("next_page")).send()).await;
    is_whole(
        walk("/posts_relative_next_url")
            .paginator(JsonLink::new("next_page"))
            .send(),
    )
    .await;
    is_whole(walk("/posts").paginator(number()).send()).await;
    is_whole(
        walk("/posts_zero_based")
            .paginator(number().initial_page(0))
            .send(),
    )
    .await;
    is_whole(walk("/posts_offset_limit").paginator(offset()).send()).await;
    let in_body = offset().offset_body_path("offset").limit_body_path("limit");
    let by_post = walk("/posts_offset_limit_via_json_body").method(Method::POST);
    is_whole(by_post.paginator(in_body).send()).await;
    let cursor = || Cursor::new("next_cursor");
    is_whole(
        walk("/posts_cursor")
            .paginator(cursor().cursor_param("cursor"))
            .send(),
    )
    .await;
    let by_post = walk("/posts_cursor_via_json_body").method(Method::POST);
    is_whole(
        by_post
            .paginator(cursor().cursor_body_path("cursor"))
            .send(),
    )
    .await;
}

#[tokio::test]
async fn a_search_by_post_is_paged_in_its_body() {
    let api = posts();
    let client = client(&api).0.build().unwrap();
    let mut pages = client
        .paginate("/posts/search")
        .method(Method::POST)
        .json(&json!({"page_size": 5, "page_count": 3}))
        .paginator(Cursor::new("next_page").cursor_body_path("page"))
        .send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        sizes.push(page.len());
    }
    assert_eq!(sizes, [5, 5, 5]);
}

/// Notes what it is asked.
#[derive(Debug, Clone, Default)]
struct Noting(Arc<Mutex<Vec<String>>>);

impl Noting {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }
}

impl Paginator for Noting {
    fn start(&self) -> Position {
        self.note("start");
        Position::Number(1)
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        self.note(format!("apply {position}"));
        request.set_param("page", position.to_string());
        Ok(())
    }

    fn advance(&self, position: &Position, page: &Page) -> Result<Step, PaginateError> {
        self.note(format!("advance {position} with {}", page.len()));
        Ok(match position {
            Position::Number(1) => Step::Next(Position::Number(2)),
            _ => Step::Done(Reason::NoNext),
        })
    }

    fn describe(&self) -> String {
        "notes".to_owned()
    }
}

#[tokio::test]
async fn a_paginator_starts_once_and_is_asked_after_each_page() {
    let script = Script::sequence(vec![ok("[1,2]"), ok("[3]")]);
    let client = script.client().0.build().unwrap();
    let noting = Noting::default();
    let walk = client.paginate("/").paginator(noting.clone());
    let mut pages = walk.prefetch(false).send();
    while pages.next().await.unwrap().is_some() {}
    assert_eq!(
        *noting.0.lock().unwrap(),
        [
            "start",
            "apply 1",
            "advance 1 with 2",
            "apply 2",
            "advance 2 with 1",
        ]
    );
}

#[tokio::test]
async fn walks_of_one_client_share_its_paginator_without_disturbing_each_other() {
    let api = posts();
    let paginator = PageNumber::new().total_path("total_pages");
    let client = client(&api).0.paginator(paginator).build().unwrap();
    let mut first = client.paginate("/posts").send();
    first.next().await.unwrap();
    is_whole(client.paginate("/posts").send()).await;
    let page = first.next().await.unwrap().unwrap();
    assert_eq!(page.position, Position::Number(2));
}

#[tokio::test]
async fn a_call_can_go_without_what_the_client_says() {
    let api = MockApi::builder()
        .collection("posts", (0..25).map(|id| json!({"id": id})))
        .protect("/posts", Access::bearer("token"))
        .start();
    let client = client(&api)
        .0
        .auth(Bearer::new("token"))
        .paginator(JsonLink::new("wrong"))
        .data_selector("wrong")
        .build()
        .unwrap();
    let walk = client.paginate("/posts").detect_paginator().selector(None);
    is_whole(walk.send()).await;
    let mut pages = client.paginate("/posts").auth(NoAuth).send();
    assert_eq!(pages.next().await.unwrap_err().status().unwrap(), 401);
}

#[tokio::test]
async fn a_hook_does_not_switch_error_statuses_off() {
    let script = Script::sequence(vec![answer(404, &[], "gone")]);
    let client = script.client().0.build().unwrap();
    let accept = hook_fn(|_, _| Verdict::Accept);
    let mut pages = client.paginate("/").hook(accept).send();
    assert!(matches!(pages.next().await, Err(Error::Status(_))));
}

#[test]
fn a_limit_of_nothing_is_refused_and_no_total_is_no_path() {
    let error = Offset::new(0).offset(10).validate().unwrap_err();
    assert!(error.to_string().contains("limit"), "{error}");
    assert_eq!(TotalPath::from(""), TotalPath::Unknown);
    let endless = PageNumber::new()
        .total_path("")
        .stop_after_empty_page(false);
    assert!(endless.validate().is_err());
}

#[tokio::test]
async fn a_null_list_at_the_end_is_an_empty_page() {
    let api = posts();
    let client: Client = client(&api).0.build().unwrap();
    let mut pages = client
        .paginate("/posts_cursor_null_terminated")
        .data_selector("data")
        .paginator(Cursor::new("next_token").cursor_param("token"))
        .send();
    let mut last = 0;
    while let Some(page) = pages.next().await.unwrap() {
        last = page.len();
    }
    assert_eq!(last, 0);
}
