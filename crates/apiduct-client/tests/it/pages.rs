//! Walks over pages.

use std::sync::Arc;

use apiduct_client::auth::{ApiKey, KeyLocation};
use apiduct_client::paginate::{Cursor, JsonLink, PageNumber, Paginator, Position, Reason};
use apiduct_client::{Client, Error, LoopKind, Page, PagedBy};
use apiduct_model::Hint;
use apiduct_testkit::{Chaos, Fault, MockApi, Reply};
use futures_util::{StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Script, client, ok, report};

/// The pages of a walk until its end or its error.
async fn walk(pages: &mut apiduct_client::Pages) -> (Vec<Page>, Option<Error>) {
    let mut got = Vec::new();
    loop {
        match pages.next().await {
            Ok(Some(page)) => got.push(page),
            Ok(None) => return (got, None),
            Err(error) => return (got, Some(error)),
        }
    }
}

fn records(pages: &[Page]) -> Vec<Value> {
    pages
        .iter()
        .flat_map(|page| page.records::<Value>().unwrap())
        .collect()
}

fn posts(count: u32) -> Vec<Value> {
    (0..count)
        .map(|id| json!({"id": id, "title": format!("Post {id}")}))
        .collect()
}

/// A network that serves `body(n)` for request number `n`, from 1.
fn served(body: impl Fn(usize) -> String + Send + Sync + 'static) -> Script {
    let count = std::sync::atomic::AtomicUsize::new(0);
    Script::new(move |_| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        ok(body(number))
    })
}

fn scripted_client(script: &Script) -> Client {
    script.client().0.data_selector("data").build().unwrap()
}

#[tokio::test]
async fn every_page_comes_once_and_in_order() {
    let api = MockApi::builder().collection("posts", posts(23)).start();
    let client = client(&api).0.build().unwrap();
    let mut pages = client
        .paginate("/posts")
        .paginator(JsonLink::new("next_page"))
        .data_selector("data")
        .send();
    let (got, error) = walk(&mut pages).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(records(&got), posts(23));
    let numbers: Vec<u64> = got.iter().map(|page| page.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    assert_eq!(pages.end(), Some(&Reason::NoNext));
    let findings = pages.findings().unwrap();
    assert!(findings.selector.is_declared && findings.paginator.is_declared);
}

#[tokio::test]
async fn without_any_option_all_records_are_found() {
    let api = MockApi::builder().collection("posts", posts(23)).start();
    let client = client(&api).0.build().unwrap();
    for path in [
        "/posts",
        "/posts_relative_next_url",
        "/posts_header_link",
        "/posts_nested",
    ] {
        let mut pages = client.paginate(path).send();
        let (got, error) = walk(&mut pages).await;
        assert!(error.is_none(), "{path}: {error:?}");
        assert_eq!(records(&got), posts(23), "{path}");
        assert!(!pages.findings().unwrap().paginator.is_declared);
    }
}

#[tokio::test]
async fn a_page_says_what_was_asked_and_answered() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Post {
        id: u32,
    }
    let api = MockApi::builder().collection("posts", posts(7)).start();
    let client = client(&api).0.build().unwrap();
    let mut pages = client
        .paginate("/posts")
        .paginator(PageNumber::new().total_path("total_pages"))
        .data_selector("data")
        .param("q", "x")
        .send();
    let first = pages.next().await.unwrap().unwrap();
    assert_eq!(first.position, Position::Number(1));
    assert_eq!(first.request.param("q").as_deref(), Some("x"));
    assert_eq!(first.response.url.as_str(), api.url("/posts?q=x&page=1"));
    assert_eq!(first.records::<Post>().unwrap()[4], Post { id: 4 });
    assert_eq!(first.value().unwrap()["total_pages"], 2);
    assert_eq!(pages.next_position(), Some(&Position::Number(2)));
    let second = pages.next().await.unwrap().unwrap();
    assert_eq!((second.number, second.raw_records().len()), (2, 2));
    assert_eq!(pages.next_position(), None);
    let strict = first.records::<u32>().unwrap_err();
    assert!(
        strict.to_string().starts_with("record 1 of page 1 from "),
        "{strict}"
    );
}

#[tokio::test]
async fn a_walk_goes_on_at_a_stored_position() {
    let api = MockApi::builder().collection("posts", posts(23)).start();
    let client = client(&api).0.build().unwrap();
    let mut pages = client
        .paginate("/posts")
        .paginator(PageNumber::new().total_path("total_pages"))
        .data_selector("data")
        .resume_at(Position::Number(4))
        .send();
    let (got, _) = walk(&mut pages).await;
    assert_eq!(records(&got), posts(23)[15..]);
}

#[tokio::test]
async fn a_walk_with_a_detected_paginator_goes_on_at_a_stored_position() {
    let api = MockApi::builder().collection("posts", posts(23)).start();
    let client = client(&api).0.build().unwrap();
    for path in [
        "/posts",
        "/posts_header_link",
        "/posts_offset_limit",
        "/posts_has_more",
    ] {
        let mut pages = client.paginate(path).send();
        let mut before = records(&[pages.next().await.unwrap().unwrap()]);
        let position = pages.next_position().unwrap();
        let stored = serde_json::to_string(position).unwrap();
        drop(pages);
        let position: Position = serde_json::from_str(&stored).unwrap();
        let mut pages = client.paginate(path).resume_at(position).send();
        let (got, error) = walk(&mut pages).await;
        assert!(error.is_none(), "{path}: {error:?}");
        assert_eq!(got[0].number, 1, "the page of detection does not count");
        before.extend(records(&got));
        assert_eq!(before, posts(23), "{path}");
    }
}

#[tokio::test]
async fn a_walk_whose_first_page_number_is_unknown_cannot_go_on_undeclared() {
    let script = served(|_| r#"{"data":[1,2],"total_pages":9}"#.to_owned());
    let client = script.client().0.build().unwrap();
    let walk_on = client.paginate("/x").resume_at(Position::Number(4));
    let error = walk_on.send().next().await.unwrap_err();
    assert!(
        error.to_string().contains("count from 0 or from 1"),
        "{error}"
    );
    let position = Position::Url("https://api.test/x?page=2".parse().unwrap());
    let script = served(|_| r#"{"data":[1,2],"next_cursor":"x"}"#.to_owned());
    let client = script.client().0.build().unwrap();
    let walk_on = client.paginate("/x").resume_at(position);
    let error = walk_on.send().next().await.unwrap_err();
    assert!(
        report(&error).contains("is not one of a cursor paginator"),
        "{error}"
    );
}

#[tokio::test]
async fn max_records_cuts_the_last_page_and_asks_for_no_more() {
    for (max, pages_of, asked) in [
        (1, vec![1], 1),
        (5, vec![5], 1),
        (12, vec![5, 5, 2], 3),
        (23, vec![5, 5, 5, 5, 3], 5),
    ] {
        let api = MockApi::builder().collection("posts", posts(23)).start();
        let client = client(&api).0.build().unwrap();
        for path in ["/posts", "/posts_header_link"] {
            let seen = api.recorded().len();
            let mut pages = client.paginate(path).max_records(max).send();
            let (got, error) = walk(&mut pages).await;
            assert!(error.is_none());
            let count = usize::try_from(max).unwrap();
            assert_eq!(records(&got), posts(23)[..count], "{path}");
            let sizes: Vec<usize> = got.iter().map(|page| page.raw_records().len()).collect();
            assert_eq!(sizes, pages_of);
            assert_eq!(api.recorded().len() - seen, asked, "{path}, {max}");
            let is_cut_short = pages.end().unwrap().is_cut_short();
            assert_eq!(is_cut_short, max < 23, "{:?}", pages.end());
            assert_eq!(pages.tally().records, max);
        }
        let mut none = client.paginate("/posts").max_records(0).send();
        assert!(none.next().await.unwrap().is_none());
        assert_eq!(none.end(), Some(&Reason::MaxRecords { max_records: 0 }));
    }
}

#[tokio::test]
async fn a_bound_on_records_hides_no_mistake_in_the_paginator() {
    let script = served(|_| "[]".to_owned());
    let client = script.client().0.build().unwrap();
    let paginator = JsonLink::new("a..");
    let mut pages = client
        .paginate("/x")
        .paginator(paginator)
        .max_records(0)
        .send();
    assert!(matches!(
        pages.next().await,
        Err(Error::Paginate { page: 0, .. })
    ));
}

#[tokio::test]
async fn a_body_that_takes_no_position_is_refused_before_anything_is_sent() {
    let script = served(|_| r#"{"data":[1]}"#.to_owned());
    let client = scripted_client(&script);
    let walk_on = client
        .paginate("/x")
        .method(http::Method::POST)
        .body(apiduct_client::Body::Raw {
            bytes: "q".into(),
            content_type: None,
        })
        .paginator(Cursor::default().cursor_body_path("after"));
    let error = walk_on.send().next().await.unwrap_err();
    assert!(report(&error).contains("raw body"), "{error}");
    assert!(script.sent().is_empty());
}

#[tokio::test]
async fn positions_hold_no_credential_though_links_do() {
    let script = Script::new(|request| {
        let url = &request.url;
        let page: u64 = url
            .query_pairs()
            .find(|(name, _)| name == "page")
            .map_or(1, |(_, value)| value.parse().unwrap());
        let key = url
            .query_pairs()
            .filter(|(name, _)| name == "api_key")
            .count();
        assert_eq!(key, 1, "{url}");
        let next = (page < 3).then(|| format!("/x?api_key=s3cret-k%65y&page={}", page + 1));
        ok(json!({"data": [page], "next": next}).to_string())
    });
    let (builder, _) = script.client();
    let by_auth = builder
        .auth(ApiKey::new("api_key", "s3cret-key").location(KeyLocation::Query))
        .build()
        .unwrap();
    let by_param = script
        .client()
        .0
        .param("api_key", "s3cret-key")
        .build()
        .unwrap();
    for client in [by_auth, by_param] {
        let mut pages = client
            .paginate("/x")
            .paginator(JsonLink::new("next"))
            .data_selector("data")
            .send();
        let mut count = 0;
        while pages.next().await.unwrap().is_some() {
            count += 1;
            let stored = serde_json::to_string(&pages.next_position()).unwrap();
            assert!(!stored.contains("s3cret"), "{stored}");
        }
        assert_eq!(count, 3);
    }
}

#[tokio::test]
async fn max_pages_ends_a_walk_and_says_that_it_was_cut_short() {
    let api = MockApi::builder().collection("posts", posts(23)).start();
    let client = client(&api).0.build().unwrap();
    let mut pages = client.paginate("/posts").max_pages(2).send();
    let (got, error) = walk(&mut pages).await;
    assert!(error.is_none());
    assert_eq!(got.len(), 2);
    assert_eq!(pages.end(), Some(&Reason::MaxPages { max_pages: 2 }));
    assert!(pages.end().unwrap().is_cut_short());
    assert_eq!(
        api.recorded().len(),
        2,
        "no page is asked for that nobody gets"
    );

    let mut none = client.paginate("/posts").max_pages(0).send();
    assert!(none.next().await.unwrap().is_none());
    let exact = client.paginate("/posts").max_pages(5).send();
    let got: Vec<Page> = exact.into_stream().try_collect().await.unwrap();
    assert_eq!(records(&got), posts(23));
}

#[tokio::test]
async fn the_same_cursor_with_the_same_rows_is_an_error_after_those_rows() {
    let script = served(|_| r#"{"data":[1,2],"next":"abc"}"#.to_owned());
    let client = scripted_client(&script);
    let mut pages = client.paginate("/x").paginator(Cursor::new("next")).send();
    let (got, error) = walk(&mut pages).await;
    assert_eq!(got.len(), 1, "no row comes twice");
    let error = error.unwrap();
    assert!(matches!(&error, Error::Loop { page: 2, .. }), "{error:?}");
    assert!(error.hint().is_some());
}

#[tokio::test]
async fn a_cycle_of_cursors_is_an_error_after_its_first_round() {
    let script = served(|number| {
        let at = number % 3;
        format!(r#"{{"data":[{at}],"next":"c{at}","time":{number}}}"#)
    });
    let client = scripted_client(&script);
    let mut pages = client.paginate("/x").paginator(Cursor::new("next")).send();
    let (got, error) = walk(&mut pages).await;
    assert_eq!(records(&got), [json!(1), json!(2), json!(0)]);
    assert!(matches!(error, Some(Error::Loop { page: 4, .. })));
}

#[tokio::test]
async fn an_ignored_page_parameter_is_an_error_that_names_it_as_the_suspect() {
    let script = served(|number| format!(r#"{{"data":[1,2],"took_ms":{number}}}"#));
    let client = scripted_client(&script);
    let mut pages = client.paginate("/x").paginator(PageNumber::new()).send();
    let (got, error) = walk(&mut pages).await;
    assert_eq!(got.len(), 1);
    let error = error.unwrap();
    let Error::Loop {
        kind: LoopKind::PositionIgnored { first_page },
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(*first_page, 1);
    assert!(error.hint().unwrap().contains("page parameter"));
}

/// Ten rows that look alike.
fn alike() -> Vec<Value> {
    vec![json!({"status": "ok"}); 10]
}

#[tokio::test]
async fn rows_may_look_alike_as_long_as_links_cursors_and_numbers_move_on() {
    let link: Arc<dyn Paginator> = Arc::new(JsonLink::new("next"));
    let cursor: Arc<dyn Paginator> = Arc::new(Cursor::new("next"));
    let number: Arc<dyn Paginator> = Arc::new(PageNumber::new().total_path("total_pages"));
    for declared in [None, Some(link), Some(cursor), Some(number)] {
        let script = served(|number| {
            let next = (number < 4).then(|| format!("/x?at={number}"));
            let page = json!({"data": alike(), "next": next, "page": number, "total_pages": 4});
            page.to_string()
        });
        let client = scripted_client(&script);
        let mut builder = client.paginate("/x");
        if let Some(declared) = &declared {
            builder = builder.paginator(Arc::clone(declared));
        }
        let (got, error) = walk(&mut builder.send()).await;
        assert!(error.is_none(), "{declared:?}: {error:?}");
        assert_eq!(records(&got).len(), 40, "{declared:?}");
    }
}

#[tokio::test]
async fn links_that_lead_back_are_an_error_that_speaks_of_links() {
    let script = served(|number| {
        let at = number % 3;
        json!({"data": [at, alike()], "next": format!("/x?at={at}"), "n": number}).to_string()
    });
    let client = scripted_client(&script);
    let paginator = JsonLink::new("next");
    let (got, error) = walk(&mut client.paginate("/x").paginator(paginator).send()).await;
    assert_eq!(got.len(), 3);
    let error = error.unwrap();
    assert!(
        matches!(
            &error,
            Error::Loop {
                by: PagedBy::Link,
                ..
            }
        ),
        "{error:?}"
    );
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("link") && hint.contains("allow_repeats"),
        "{hint}"
    );
}

#[tokio::test]
async fn a_scroll_that_repeats_its_cursor_with_new_rows_goes_on() {
    let script = served(|number| {
        let next = if number < 6 { "\"scroll\"" } else { "null" };
        format!(r#"{{"data":[{number}],"next":{next}}}"#)
    });
    let client = scripted_client(&script);
    let mut pages = client.paginate("/x").paginator(Cursor::new("next")).send();
    let (got, error) = walk(&mut pages).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(got.len(), 6);
}

#[tokio::test]
async fn repeats_can_be_allowed() {
    let script = served(|number| {
        let next = if number < 3 { "\"c\"" } else { "null" };
        format!(r#"{{"data":[1],"next":{next}}}"#)
    });
    let client = scripted_client(&script);
    let walk_on = client
        .paginate("/x")
        .paginator(Cursor::new("next"))
        .allow_repeats(true);
    let got: Vec<Page> = walk_on.send().into_stream().try_collect().await.unwrap();
    assert_eq!(got.len(), 3);
}

#[tokio::test]
async fn a_paginator_that_cannot_go_on_says_so_after_the_page() {
    let script = served(|_| r#"{"data":[1],"next":{"no":"link"}}"#.to_owned());
    let client = scripted_client(&script);
    let mut pages = client
        .paginate("/x")
        .paginator(JsonLink::new("next"))
        .send();
    assert_eq!(records(&[pages.next().await.unwrap().unwrap()]), [json!(1)]);
    let error = pages.next().await.unwrap_err();
    assert!(
        report(&error).starts_with("cannot go on after page 1: "),
        "{error}"
    );
}

#[tokio::test]
async fn an_empty_body_is_an_empty_page_and_the_end() {
    for reply in [Reply::status(204), Reply::bytes(""), Reply::bytes(" \n")] {
        let api = MockApi::builder()
            .script("/x", [Reply::json(&json!({"data": [1]})), reply])
            .start();
        let client = client(&api).0.build().unwrap();
        let paginator = PageNumber::new()
            .stop_after_empty_page(false)
            .maximum_page(9);
        let mut pages = client
            .paginate("/x")
            .paginator(paginator)
            .data_selector("data")
            .send();
        let (got, error) = walk(&mut pages).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(got.len(), 2);
        assert!(got[1].is_empty());
        assert_eq!(pages.end(), Some(&Reason::EmptyBody));
    }
}

#[tokio::test]
async fn an_empty_first_answer_needs_no_detection() {
    let api = MockApi::builder()
        .script("/x", [Reply::status(204)])
        .start();
    let client = client(&api).0.build().unwrap();
    let mut pages = client.paginate("/x").send();
    assert!(pages.next().await.unwrap().unwrap().is_empty());
    assert!(pages.next().await.unwrap().is_none());
    assert!(pages.findings().is_none());
}

#[tokio::test]
async fn a_selector_that_matches_nothing_lists_the_keys_that_are_there() {
    let script = served(|_| r#"{"items":[1],"total":1}"#.to_owned());
    let client = scripted_client(&script);
    let mut pages = client.paginate("/x").paginator(PageNumber::new()).send();
    let error = pages.next().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "selector `data` matches nothing in the response of https://api.test/x?page=1; it has the keys `items`, `total`"
    );
    assert!(error.hint().unwrap().contains("allow_missing"));
    assert_eq!(script.sent().len(), 1);
}

#[tokio::test]
async fn a_missing_list_can_be_an_empty_page() {
    let script = served(|_| r#"{"total":0}"#.to_owned());
    let client = scripted_client(&script);
    let mut pages = client
        .paginate("/x")
        .paginator(PageNumber::new())
        .allow_missing(true)
        .send();
    let (got, error) = walk(&mut pages).await;
    assert!(error.is_none());
    assert!(got.len() == 1 && got[0].is_empty());
}

#[tokio::test]
async fn a_list_that_is_missing_later_is_an_error_unless_that_is_allowed() {
    let script = || {
        served(|number| match number {
            1 | 2 => format!(r#"{{"data":[{number}]}}"#),
            _ => r#"{"message":"internal hiccup"}"#.to_owned(),
        })
    };
    let strict = script();
    let (builder, timer) = strict.client();
    for client in [
        builder.data_selector("data").build().unwrap(),
        script().client().0.build().unwrap(),
    ] {
        let walk_on = client.paginate("/x").paginator(PageNumber::new());
        let (got, error) = walk(&mut walk_on.send()).await;
        assert_eq!(records(&got), [json!(1), json!(2)]);
        let error = error.unwrap();
        assert_eq!(
            error.to_string(),
            "selector `data` matches nothing on page 3, the response of https://api.test/x?page=3; it has the keys `message`"
        );
        assert!(error.hint().unwrap().contains("allow_missing"));
    }
    assert_eq!(timer.waits(), [1.0, 2.0, 4.0, 8.0, 16.0]);
    assert_eq!(strict.sent().len(), 8);

    let client = scripted_client(&script());
    let walk_on = client.paginate("/x").paginator(PageNumber::new());
    let (got, error) = walk(&mut walk_on.allow_missing(true).send()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(records(&got), [json!(1), json!(2)]);
    assert!(got.len() == 3 && got[2].is_empty());
}

#[tokio::test]
async fn a_list_that_is_missing_once_is_asked_for_again() {
    let script = served(|number| match number {
        2 | 3 => r#"{"message":"internal hiccup"}"#.to_owned(),
        5 => r#"{"data":null}"#.to_owned(),
        _ => format!(r#"{{"data":[{number}]}}"#),
    });
    let (builder, timer) = script.client();
    let client = builder.data_selector("data").build().unwrap();
    let (got, error) = walk(&mut client.paginate("/x").paginator(PageNumber::new()).send()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(records(&got), [json!(1), json!(4)]);
    assert_eq!(timer.waits(), [1.0, 2.0]);
    assert_eq!(got.len(), 3, "null under the selector is an empty page");
}

#[tokio::test]
async fn a_null_on_the_last_page_is_an_empty_page() {
    let api = MockApi::builder().collection("posts", posts(7)).start();
    let client = client(&api).0.build().unwrap();
    let paginator = Cursor::new("next_token").cursor_param("token");
    let path = "/posts_cursor_null_terminated";
    let mut pages = client
        .paginate(path)
        .paginator(paginator)
        .data_selector("data")
        .send();
    let (got, error) = walk(&mut pages).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(records(&got), posts(7));
    assert!(got.last().unwrap().is_empty());
}

#[tokio::test]
async fn page_numbers_are_counted_from_where_the_api_counts() {
    // Neither API says which page it gave, and only one counts from 0.
    for base in [0, 1] {
        let script = Script::new(move |request| {
            let page = request.url.query_pairs().find(|(name, _)| name == "page");
            let page: u32 = page.map_or(base, |(_, number)| number.parse().unwrap());
            let index = page - base.min(page);
            match index {
                0..3 => ok(format!(r#"{{"items":[{{"id":{index}}}],"total_pages":3}}"#)),
                _ => ok(r#"{"items":[],"total_pages":3}"#),
            }
        });
        let client = script.client().0.build().unwrap();
        let mut pages = client.paginate("/x").send();
        let (got, error) = walk(&mut pages).await;
        assert!(error.is_none(), "{error:?}");
        let ids: Vec<Value> = records(&got)
            .iter()
            .map(|record| record["id"].clone())
            .collect();
        assert_eq!(
            ids,
            [json!(0), json!(1), json!(2)],
            "from {base}: {:?}",
            script.log()
        );
        let numbers: Vec<u64> = got.iter().map(|page| page.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
    }
}

#[tokio::test]
async fn an_answer_that_is_neither_success_nor_error_is_no_page() {
    let script = Script::sequence(vec![crate::support::answer(304, &[], "")]);
    let client = script.client().0.build().unwrap();
    let error = client.paginate("/x").send().next().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET https://api.test/x answered 304 Not Modified"
    );
    let response = client.get("/x").send().await.unwrap();
    assert!(response.error_for_status().is_ok());
}

#[tokio::test]
async fn an_error_status_ends_the_walk_after_the_pages_before_it() {
    let api = MockApi::builder()
        .script(
            "/x",
            [
                Reply::json(&json!({"data": [1]})),
                Reply::error(404, "gone"),
            ],
        )
        .start();
    let client = client(&api).0.build().unwrap();
    let mut pages = client
        .paginate("/x")
        .paginator(PageNumber::new())
        .data_selector("data")
        .send();
    let (got, error) = walk(&mut pages).await;
    assert_eq!(got.len(), 1);
    let error = error.unwrap();
    let url = api.url("/x?page=2");
    assert_eq!(
        error.to_string(),
        format!("GET {url} answered 404 Not Found: `{{\"error\":{{\"message\":\"gone\"}}}}`")
    );
    assert!(error.hint().unwrap().contains("path"));
    assert_eq!(pages.end(), None);
}

#[tokio::test]
async fn cut_json_is_asked_for_again() {
    let page = |id: u32, next: Value| Reply::json(&json!({"data": [{"id": id}], "next": next}));
    let first = page(1, json!("/x?2"));
    let second = page(2, Value::Null);
    let api = MockApi::builder()
        .script(
            "/x",
            [
                first.clone().fault(Fault::CutJson(0.6)),
                first,
                second.clone().fault(Fault::CutJson(0.9)),
                second,
            ],
        )
        .start();
    let (builder, timer) = client(&api);
    let client = builder.build().unwrap();
    let walk_on = client
        .paginate("/x")
        .paginator(JsonLink::new("next"))
        .data_selector("data");
    let (got, error) = walk(&mut walk_on.send()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(records(&got), [json!({"id": 1}), json!({"id": 2})]);
    assert_eq!(got[1].response.attempts, 2);
    assert_eq!(timer.waits(), [1.0, 1.0]);
}

#[tokio::test]
async fn a_bad_line_costs_tries_and_not_a_single_record() {
    let chaos = Chaos::seed(7)
        .rate(Fault::Status(503), 0.1)
        .rate(Fault::Reset, 0.05)
        .rate(Fault::Truncate(0.5), 0.05)
        .rate(Fault::CutJson(0.7), 0.1)
        .at_most_in_a_row(3);
    let api = MockApi::builder()
        .collection("posts", posts(600))
        .chaos(chaos)
        .start();
    let (builder, timer) = client(&api);
    let client = builder.build().unwrap();
    for path in ["/posts", "/posts_header_link"] {
        let (got, error) = walk(&mut client.paginate(path).send()).await;
        assert!(error.is_none(), "{path}: {error:?}");
        assert_eq!(records(&got), posts(600), "{path}");
    }
    assert!(
        timer.waits().len() > 20,
        "{} faults struck",
        timer.waits().len()
    );
}

#[tokio::test]
async fn cut_json_is_asked_for_again_while_detecting() {
    let page = Reply::json(&json!({"data": [1, 2]}));
    let api = MockApi::builder()
        .script("/x", [page.clone().fault(Fault::CutJson(0.5)), page])
        .start();
    let client = client(&api).0.build().unwrap();
    let (got, error) = walk(&mut client.paginate("/x").send()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(records(&got), [json!(1), json!(2)]);
}

#[tokio::test]
async fn json_that_stays_cut_is_an_error_with_its_count_of_tries() {
    let cut = Reply::json(&json!({"data": [1, 2]})).fault(Fault::CutJson(0.5));
    let api = MockApi::builder().script("/x", [cut]).start();
    let (builder, timer) = client(&api);
    let mut pages = builder.build().unwrap().paginate("/x").send();
    let Err(Error::Json(error)) = pages.next().await else {
        panic!("the JSON is cut");
    };
    assert_eq!((error.attempts, timer.waits().len()), (6, 5));
    assert_eq!(error.excerpt, r#"{"data""#);
}

#[tokio::test]
async fn a_web_page_instead_of_json_is_not_asked_for_again() {
    let html = "<html><body>please log in</body></html>";
    for reply in [Reply::html(html), Reply::raw_json(html)] {
        let api = MockApi::builder().script("/x", [reply]).start();
        let (builder, timer) = client(&api);
        let mut pages = builder.build().unwrap().paginate("/x").send();
        let error = pages.next().await.unwrap_err();
        assert!(timer.waits().is_empty());
        assert!(
            error
                .to_string()
                .contains("answered 200 with something else than JSON"),
            "{error}"
        );
        assert!(error.to_string().contains("please log in"), "{error}");
        assert!(error.hint().unwrap().contains("web page"));
    }
}

#[tokio::test]
async fn a_byte_order_mark_and_other_encodings_are_read() {
    let utf16: Vec<u8> = "\u{FEFF}[\"ü\"]"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for body in ["\u{FEFF}[\"ü\"]".as_bytes().to_vec(), utf16] {
        let script = Script::sequence(vec![ok(body)]);
        let client = script.client().0.build().unwrap();
        let (got, error) = walk(&mut client.paginate("/x").send()).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(records(&got), [json!("ü")]);
        assert_eq!(got[0].value().unwrap(), &json!(["ü"]));
    }
}

#[tokio::test]
async fn mistakes_in_the_description_are_reported_before_anything_is_sent() {
    let script = served(|_| "[]".to_owned());
    let client = script.client().0.build().unwrap();
    let mut pages = client.paginate("/x").data_selector("data[").send();
    let error = pages.next().await.unwrap_err();
    assert!(error.to_string().contains("`data[`"), "{error}");
    let mut pages = client.paginate("/x").header("bad name", "v").send();
    assert!(matches!(pages.next().await, Err(Error::Header { .. })));
    assert!(pages.next().await.unwrap().is_none());
    assert!(script.sent().is_empty());
}

#[tokio::test]
async fn a_stream_ends_after_its_first_error() {
    let script = served(|_| r#"{"data":[1],"next":"same"}"#.to_owned());
    let client = scripted_client(&script);
    let pages = client.paginate("/x").paginator(Cursor::new("next")).send();
    let items: Vec<bool> = pages.into_stream().map(|item| item.is_ok()).collect().await;
    assert_eq!(items, [true, false]);
}
