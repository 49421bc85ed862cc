//! Single requests: URL, parameters, headers, bodies.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use apiduct_client::transport::{Limits, PreparedRequest, RawResponse, Transport};
use apiduct_client::{Error, OnForeignOrigin, TransportError};
use apiduct_testkit::{MockApi, Reply};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::support::{Script, client, ok};

fn posts() -> MockApi {
    let posts = (0..25).map(|id| json!({"id": id, "title": format!("Post {id}")}));
    MockApi::builder()
        .collection("posts", posts)
        .post("/echo", |request| Reply::text(request.body.clone()))
        .start()
}

#[tokio::test]
async fn a_single_resource_is_status_and_json() {
    let api = posts();
    let client = client(&api).0.build().unwrap();
    let response = client.get("/posts/1").send().await.unwrap();
    assert_eq!(response.status, 200);
    let post: Value = response.json().unwrap();
    assert_eq!(post, json!({"id": 1, "title": "Post 1"}));
}

#[tokio::test]
async fn a_query_inside_the_path_is_sent_and_answered() {
    let api = posts();
    let client = client(&api).0.build().unwrap();
    for (path, first, count) in [
        ("/posts", 0, 5),
        ("/posts?page=2", 5, 5),
        ("/posts?page=5", 20, 5),
        ("/posts_zero_based?page=0", 0, 5),
        ("/posts_zero_based?page=4", 20, 5),
        ("/posts_offset_limit?offset=10", 10, 10),
        ("/posts_offset_limit?offset=20&limit=10", 20, 5),
        ("/posts_cursor?cursor=15", 15, 5),
    ] {
        let response = client.get(path).send().await.unwrap();
        let page: Value = response.json().unwrap();
        let data = page["data"].as_array().unwrap();
        assert_eq!(
            (&data[0]["id"], data.len()),
            (&json!(first), count),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_absolute_path_replaces_the_base_and_another_scheme_does_not() {
    let script = Script::new(|_| ok("{}"));
    let (builder, _) = script.client();
    let client = builder
        .on_foreign_origin(OnForeignOrigin::Strip)
        .build()
        .unwrap();
    for path in [
        "https://other.test/x",
        "HTTP://other.test/x",
        "my://protocol",
        "ftp://h/x",
    ] {
        client.get(path).send().await.unwrap();
    }
    assert_eq!(
        script.log(),
        [
            "GET https://other.test/x",
            "GET http://other.test/x",
            "GET https://api.test/my://protocol",
            "GET https://api.test/ftp://h/x",
        ]
    );
}

#[tokio::test]
async fn form_fields_repeat_in_order_and_raw_text_stays_as_it_is() {
    let api = posts();
    let client = client(&api).0.build().unwrap();
    let form = [("a", "1"), ("b", "x y"), ("a", "2")];
    let echoed = client.post("/echo").form(form).send().await.unwrap();
    assert_eq!(echoed.text(), "a=1&b=x+y&a=2");
    let echoed = client
        .post("/echo")
        .body("plain text")
        .send()
        .await
        .unwrap();
    assert_eq!(echoed.text(), "plain text");
    let sent = api.recorded();
    assert_eq!(
        sent[0].header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(sent[1].header("content-type"), None);
}

#[tokio::test]
async fn a_post_without_a_body_says_that_its_length_is_zero() {
    let api = posts();
    let client = client(&api).0.build().unwrap();
    client.post("/echo").send().await.unwrap();
    assert_eq!(api.recorded()[0].header("content-length"), Some("0"));
}

#[tokio::test]
async fn json_may_be_empty_a_text_or_sent_with_a_get() {
    let script = Script::new(|_| ok("{}"));
    let client = script.client().0.build().unwrap();
    for value in [json!({}), json!([]), json!("text"), json!(null)] {
        client.get("/").json(&value).send().await.unwrap();
    }
    let bodies: Vec<_> = script
        .sent()
        .into_iter()
        .map(|request| String::from_utf8(request.body.unwrap().to_vec()).unwrap())
        .collect();
    assert_eq!(bodies, ["{}", "[]", "\"text\"", "null"]);
}

#[tokio::test]
async fn two_bodies_are_a_mistake_before_anything_is_sent() {
    let script = Script::new(|_| ok("{}"));
    let client = script.client().0.build().unwrap();
    let both = client.post("/").json(&json!({})).form([("a", "1")]);
    assert!(matches!(both.send().await, Err(Error::Setting { .. })));
    let mut pages = client
        .paginate("/")
        .form([("a", "1")])
        .json(&json!({}))
        .send();
    let error = pages.next().await.unwrap_err();
    assert!(error.to_string().contains("exclude each other"), "{error}");
    assert!(script.sent().is_empty());
}

#[tokio::test]
async fn own_headers_keep_the_default_user_agent() {
    let script = Script::new(|_| ok("{}"));
    let client = script.client().0.header("X-A", "1").build().unwrap();
    client.get("/").header("X-B", "2").send().await.unwrap();
    client
        .get("/")
        .header("User-Agent", "own/1")
        .send()
        .await
        .unwrap();
    let agent = |index: usize| {
        let sent: PreparedRequest = script.sent()[index].clone();
        sent.headers["user-agent"].to_str().unwrap().to_owned()
    };
    assert!(agent(0).starts_with("apiduct/"));
    assert_eq!(agent(1), "own/1");
}

#[tokio::test]
async fn nobody_but_the_caller_changes_what_the_caller_gave() {
    let script = Script::sequence(vec![
        ok(r#"{"data":[1],"next_cursor":"c"}"#),
        ok(r#"{"data":[2],"next_cursor":null}"#),
    ]);
    let client = script.client().0.build().unwrap();
    let body = json!({"query": "all"});
    let paginator = apiduct_client::paginate::Cursor::new("next_cursor").cursor_body_path("cursor");
    let mut pages = client.paginate("/").json(&body).paginator(paginator).send();
    while pages.next().await.unwrap().is_some() {}
    let second = script.sent()[1].body.clone().unwrap();
    assert_eq!(second, r#"{"query":"all","cursor":"c"}"#);
    assert_eq!(body, json!({"query": "all"}));
}

/// Notes the limits of each exchange.
#[derive(Debug, Clone, Default)]
struct Noting(Arc<Mutex<Vec<Limits>>>);

#[async_trait]
impl Transport for Noting {
    async fn send(
        &self,
        _: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        self.0.lock().unwrap().push(limits.clone());
        ok("[]")
    }
}

#[tokio::test]
async fn the_limits_of_client_and_call_reach_the_transport() {
    let idle = |seconds| Limits {
        idle_timeout: Duration::from_secs(seconds),
        ..Limits::default()
    };
    let noting = Noting::default();
    let client = apiduct_client::Client::builder("https://api.test")
        .transport(noting.clone())
        .limits(idle(42))
        .build()
        .unwrap();
    client.get("/").send().await.unwrap();
    client.get("/").limits(idle(7)).send().await.unwrap();
    let mut pages = client.paginate("/").limits(idle(8)).send();
    pages.next().await.unwrap();
    assert_eq!(*noting.0.lock().unwrap(), [idle(42), idle(7), idle(8)]);
}
