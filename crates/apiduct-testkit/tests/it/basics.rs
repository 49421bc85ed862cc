use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use apiduct_testkit::{MockApi, Reply};
use serde_json::{Value, json};

/// Runs async code in a sync test, as a user of both would.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

pub(crate) fn get(url: &str) -> reqwest::Result<reqwest::Response> {
    block_on(reqwest::get(url))
}

pub(crate) fn get_json(url: &str) -> Value {
    let text = block_on(async { reqwest::get(url).await.unwrap().text().await.unwrap() });
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn posts(count: usize) -> impl Iterator<Item = Value> {
    (0..count).map(|id| json!({"id": id, "title": format!("Post {id}")}))
}

#[test]
fn speaks_plain_http_to_a_bare_socket() {
    let api = MockApi::builder()
        .get("/hello", |_| Reply::text("hi").header("X-One", "1"))
        .start();
    let mut socket = TcpStream::connect(("127.0.0.1", api.port())).unwrap();
    socket
        .write_all(b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("x-one: 1\r\n"), "{answer}");
    assert!(answer.contains("content-length: 2\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nhi"), "{answer}");
}

#[test]
fn records_what_it_gets_in_order() {
    let api = MockApi::builder()
        .post("/things/{id}", |request| Reply::json(&request.json()))
        .start();
    let echoed = block_on(async {
        let client = reqwest::Client::new();
        client.get(api.url("/missing?x=%20y")).send().await.unwrap();
        let reply = client
            .post(api.url("/things/7"))
            .header("X-Trace", "abc")
            .body(r#"{"a":1}"#)
            .send()
            .await
            .unwrap();
        reply.text().await.unwrap()
    });
    assert_eq!(echoed, r#"{"a":1}"#);
    let recorded = api.recorded();
    assert_eq!(api.log(), ["GET /missing?x=%20y", "POST /things/7"]);
    assert_eq!(recorded[0].param("x"), Some(" y"));
    assert_eq!(recorded[1].header("x-trace"), Some("abc"));
    assert_eq!(recorded[1].body, r#"{"a":1}"#);
    assert_eq!((recorded[0].number, recorded[1].number), (1, 2));
    assert!(recorded[0].at <= recorded[1].at);
    assert_eq!(api.requests_to("/things/7").len(), 1);
    api.forget();
    assert!(api.recorded().is_empty());
    assert_eq!(api.stats().requests, 2);
}

#[test]
fn stops_when_dropped() {
    let api = MockApi::builder().get("/", |_| Reply::status(204)).start();
    let (url, port) = (api.url("/"), api.port());
    assert_eq!(get(&url).unwrap().status(), 204);
    drop(api);
    assert!(get(&url).unwrap_err().is_connect());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn stops_while_a_request_hangs() {
    let api = MockApi::builder()
        .get("/slow", |_| {
            Reply::status(200).delay(Duration::from_hours(1))
        })
        .start();
    let mut socket = TcpStream::connect(("127.0.0.1", api.port())).unwrap();
    socket
        .write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    drop(api);
    let mut answer = Vec::new();
    // The connection ends, by a close or a reset, without an answer.
    let _ = socket.read_to_end(&mut answer);
    assert!(answer.is_empty());
}

#[test]
fn serves_inside_an_async_test_and_can_be_dropped_there() {
    block_on(async {
        let api = MockApi::builder().json("/x", &json!({"ok": true})).start();
        let reply = reqwest::get(api.url("/x")).await.unwrap();
        assert_eq!(reply.headers()["content-type"], "application/json");
        drop(api);
    });
}

#[test]
fn a_hook_runs_before_its_request_is_answered() {
    let api = MockApi::builder().json("/x", &json!(1)).start();
    let (tell, told) = std::sync::mpsc::channel();
    api.on_request(2, move |request| tell.send(request.number).unwrap());
    get(&api.url("/x")).unwrap();
    assert!(told.try_recv().is_err());
    get(&api.url("/x")).unwrap();
    assert_eq!(told.try_recv(), Ok(2));
}

#[test]
fn counts_requests_in_flight_at_the_same_time() {
    let api = MockApi::builder()
        .json("/x", &json!(1))
        .latency(Duration::from_millis(100))
        .start();
    block_on(async {
        let (first, second) =
            tokio::join!(reqwest::get(api.url("/x")), reqwest::get(api.url("/x")));
        first.unwrap();
        second.unwrap();
    });
    let stats = api.stats();
    assert_eq!(stats.max_in_flight, 2);
    assert_eq!(stats.in_flight, 0);
    assert!(stats.sent_bytes > 0);
}
