//! What callers can say about a request, and what they can see of what came back.

use std::sync::{Arc, Mutex};

use apiduct_client::auth::{ApiKey, Basic, Bearer, NoAuth};
use apiduct_client::hook::{Verdict, hook_fn};
use apiduct_client::paginate::{JsonLink, PageNumber, Reason};
use apiduct_client::{Body, Error};
use apiduct_testkit::MockApi;
use serde_json::{Value, json};

use crate::support::{Script, answer, client, ok, redirect, report};

fn posts() -> MockApi {
    let posts = (1..=12).map(|id| json!({"id": id}));
    MockApi::builder().collection("posts", posts).start()
}

#[tokio::test]
async fn every_method_is_sent_under_its_name() {
    let script = Script::new(|_| ok("{}"));
    let (builder, _) = script.client();
    let client = builder.build().unwrap();
    client.get("/a").send().await.unwrap();
    client.post("/a").send().await.unwrap();
    client.put("/a").send().await.unwrap();
    client.patch("/a").send().await.unwrap();
    client.delete("/a").send().await.unwrap();
    client.head("/a").send().await.unwrap();
    let odd = "PURGE".parse().unwrap();
    client.request(odd, "/a").send().await.unwrap();
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "PURGE"];
    assert_eq!(
        script.log(),
        methods.map(|method| format!("{method} https://api.test/a"))
    );
}

#[tokio::test]
async fn headers_of_a_call_replace_and_remove_those_of_the_client() {
    let script = Script::new(|_| ok("{}"));
    let (builder, _) = script.client();
    let client = builder
        .headers([("X-A", "client"), ("X-B", "client")])
        .build()
        .unwrap();
    let call = client.get("/").headers([("x-a", "call"), ("X-C", "call")]);
    call.without_header("X-B")
        .without_header("User-Agent")
        .send()
        .await
        .unwrap();
    let sent = &script.sent()[0].headers;
    assert_eq!(sent["x-a"], "call");
    assert_eq!(sent["x-c"], "call");
    assert!(!sent.contains_key("x-b") && !sent.contains_key("user-agent"));
}

#[tokio::test]
async fn text_and_bytes_go_as_they_are_without_a_content_type() {
    let script = Script::new(|_| ok("{}"));
    let (builder, _) = script.client();
    let client = builder.build().unwrap();
    client.post("/").body("a=1&b").send().await.unwrap();
    client.post("/").body(vec![0, 255]).send().await.unwrap();
    let xml = Body::raw("<a/>", "application/xml");
    client.post("/").body(xml).send().await.unwrap();
    client.post("/").body(json!({"a": 1})).send().await.unwrap();
    let sent: Vec<(Option<Vec<u8>>, Option<String>)> = script
        .sent()
        .iter()
        .map(|request| {
            let kind = request.headers.get("content-type");
            (
                request.body.as_ref().map(|body| body.to_vec()),
                kind.map(|kind| kind.to_str().unwrap().to_owned()),
            )
        })
        .collect();
    assert_eq!(sent[0], (Some(b"a=1&b".to_vec()), None));
    assert_eq!(sent[1], (Some(vec![0, 255]), None));
    assert_eq!(sent[2].1.as_deref(), Some("application/xml"));
    assert_eq!(sent[3].1.as_deref(), Some("application/json"));
}

#[tokio::test]
async fn hooks_of_a_call_come_after_those_of_the_client() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let seen = Arc::clone(&seen);
        hook_fn(move |_, _| {
            seen.lock().unwrap().push(name);
            Verdict::Accept
        })
    };
    let script = Script::new(|_| ok("{}"));
    let (builder, _) = script.client();
    let client = builder.hook(note("client")).build().unwrap();
    let call = client.get("/").hook(note("first")).hook(note("second"));
    call.send().await.unwrap();
    client.get("/").send().await.unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        ["client", "first", "second", "client"]
    );
}

#[tokio::test]
async fn a_hook_of_one_walk_ends_it_early_and_sees_what_was_sent() {
    let script = Script::sequence(vec![
        ok(r#"{"data":[1],"next":"/x?page=2"}"#),
        answer(404, &[], ""),
    ]);
    let (builder, _) = script.client();
    let client = builder.paginator(JsonLink::new("next")).build().unwrap();
    let mut pages = client
        .paginate("/x")
        .json(&json!({"q": "all"}))
        .hook(hook_fn(|response, context| {
            let asked = response.request.as_deref().unwrap();
            assert_eq!(asked.body, Body::Json(json!({"q": "all"})));
            assert_eq!(asked, context.request);
            match response.status.as_u16() {
                404 => Verdict::Stop,
                _ => Verdict::Accept,
            }
        }))
        .send();
    assert_eq!(pages.next().await.unwrap().unwrap().len(), 1);
    assert!(pages.next().await.unwrap().is_none());
    assert_eq!(pages.end(), Some(&Reason::StoppedByHook));
}

#[tokio::test]
async fn a_page_knows_its_request_response_paginator_and_auth() {
    let api = posts();
    let (builder, _) = client(&api);
    let client = builder.auth(Bearer::new("s3cret-token")).build().unwrap();
    let mut pages = client
        .paginate("/posts")
        .param("per_page", 6)
        .paginator(PageNumber::new())
        .send();
    let page = pages.next().await.unwrap().unwrap();
    let base = api.base_url();
    assert_eq!(
        page.request.to_string(),
        format!("GET {base}/posts?per_page=6&page=1")
    );
    assert_eq!(page.response.reason(), "OK");
    assert_eq!(
        page.response.header("Content-Type"),
        Some("application/json")
    );
    assert!(page.paginator().unwrap().describe().contains("page"));
    assert_eq!(page.auth().unwrap().describe(), "bearer token");
    assert_eq!((page.len(), page.values().unwrap().len()), (6, 6));
    assert_eq!(page.get::<Value>(5).unwrap().unwrap()["id"], 6);
    let shown = format!("{page} {page:?} {:?}", page.auth());
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn authentication_describes_itself_without_its_secret() {
    use apiduct_client::auth::{Auth, KeyLocation};
    let described: [&dyn Auth; 4] = [
        &NoAuth,
        &Bearer::new("s3cret"),
        &Basic::new("ada", "s3cret"),
        &ApiKey::new("key", "s3cret").location(KeyLocation::Query),
    ];
    assert_eq!(
        described.map(Auth::describe),
        [
            "none",
            "bearer token",
            "basic, as `ada`",
            "API key in query parameter `key`"
        ]
    );
}

#[tokio::test]
async fn a_response_tells_the_last_hop_of_its_redirects() {
    let script = Script::sequence(vec![redirect(302, "/b"), redirect(302, "/c?q=1"), ok("{}")]);
    let (builder, _) = script.client();
    let client = builder.build().unwrap();
    let response = client.post("/a").body("x").send().await.unwrap();
    assert_eq!((response.redirects, response.attempts), (2, 1));
    let asked = response.request.as_deref().unwrap();
    assert_eq!(asked.to_string(), "GET https://api.test/c?q=1");
    assert_eq!(asked.body, Body::Empty);
    assert_eq!(
        response.to_string(),
        "GET https://api.test/c?q=1 answered 200 OK (2 bytes)"
    );
}

#[tokio::test]
async fn how_much_of_a_body_an_error_shows_is_configurable() {
    let message = async |characters: Option<usize>| {
        let script = Script::new(|_| answer(404, &[], "x".repeat(9000)));
        let (mut builder, _) = script.client();
        if let Some(characters) = characters {
            builder = builder.error_excerpt(characters);
        }
        let client = builder.build().unwrap();
        let response = client.get("/").send().await.unwrap();
        report(&response.error_for_status().unwrap_err())
    };
    assert!(
        message(None)
            .await
            .contains(&format!("`{}…`", "x".repeat(300)))
    );
    assert!(
        message(Some(8192))
            .await
            .contains(&format!("`{}…`", "x".repeat(8192)))
    );
    assert!(
        message(Some(9000))
            .await
            .ends_with(&format!("`{}`", "x".repeat(9000)))
    );
    let silent = message(Some(0)).await;
    assert_eq!(silent, "GET https://api.test/ answered 404 Not Found");
}

#[tokio::test]
async fn the_shortcuts_need_no_client() {
    let api = posts();
    let mut pages = apiduct_client::paginate(api.url("/posts?per_page=4"))
        .header("X-From", "shortcut")
        .send();
    let mut records = 0;
    while let Some(page) = pages.next().await.unwrap() {
        records += page.len();
    }
    assert_eq!(records, 12);
    let response = apiduct_client::get(api.url("/posts/3"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.json::<Value>().unwrap()["id"], 3);
    assert_eq!(api.recorded()[0].header("x-from"), Some("shortcut"));
    let agent = api.recorded()[0].header("user-agent").unwrap().to_owned();
    assert!(agent.starts_with("apiduct/"), "{agent}");
}

#[tokio::test]
async fn a_shortcut_to_no_url_is_an_error_when_it_is_sent() {
    let error = apiduct_client::get("posts").send().await.unwrap_err();
    assert!(matches!(error, Error::BaseUrl { .. }), "{error}");
    let builder = apiduct_client::paginate("ftp://h/x")
        .param("a", 1)
        .header("B", "c");
    let error = builder.send().next().await.unwrap_err();
    assert!(matches!(error, Error::BaseUrl { .. }), "{error}");
}

#[tokio::test]
async fn a_null_parameter_of_a_call_removes_that_of_the_client_and_lists_repeat() {
    let script = Script::new(|_| ok("{}"));
    let (builder, _) = script.client();
    let client = builder.param("a", 1).param("b", true).build().unwrap();
    let call = client.get("/x?own=1");
    call.param("a", None::<u8>)
        .param("l", vec![Some(1), None, Some(2)])
        .param("e", Vec::<u8>::new())
        .param("s", "")
        .send()
        .await
        .unwrap();
    assert_eq!(
        script.log(),
        ["GET https://api.test/x?own=1&b=true&l=1&l=2&s="]
    );
}
