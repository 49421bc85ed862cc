use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use apiduct_testkit::{Chaos, Fault, MockApi, Reply};
use serde_json::{Value, json};

use crate::basics::{block_on, get};

fn broken(fault: Fault) -> MockApi {
    let body = json!({"data": [1, 2, 3], "text": "x".repeat(4_000)});
    MockApi::builder()
        .get("/x", move |_| Reply::json(&body).fault(fault.clone()))
        .start()
}

/// The raw answer to one GET, and how the connection ended.
fn raw(api: &MockApi) -> (String, Option<ErrorKind>) {
    let mut socket = TcpStream::connect(("127.0.0.1", api.port())).unwrap();
    socket
        .write_all(b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let end = socket
        .read_to_end(&mut answer)
        .err()
        .map(|error| error.kind());
    (String::from_utf8(answer).unwrap(), end)
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

fn announced(answer: &str) -> usize {
    let (_, rest) = answer.split_once("content-length: ").unwrap();
    rest.split_once("\r\n").unwrap().0.parse().unwrap()
}

#[test]
fn a_reset_sends_nothing_and_resets() {
    let (answer, end) = raw(&broken(Fault::Reset));
    assert_eq!(answer, "");
    assert_eq!(end, Some(ErrorKind::ConnectionReset));
}

#[test]
fn a_truncated_body_is_shorter_than_announced() {
    let (answer, _) = raw(&broken(Fault::Truncate(0.5)));
    let (sent, promised) = (body(&answer).len(), announced(&answer));
    assert_eq!(sent, promised / 2);
    let api = broken(Fault::Truncate(1.0));
    let error = block_on(async {
        reqwest::get(api.url("/x"))
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap_err()
    });
    assert!(error.is_body() || error.is_decode(), "{error:?}");
}

#[test]
fn a_truncated_body_leaves_to_its_last_byte_whatever_its_size() {
    let api = MockApi::builder()
        .get("/x", |_| {
            Reply::oversized(8 << 20).fault(Fault::Truncate(0.5))
        })
        .start();
    let (answer, _) = raw(&api);
    assert_eq!(body(&answer).len(), (4 << 20) + 1);
}

#[test]
fn cut_json_has_the_right_length_and_does_not_parse() {
    let (answer, end) = raw(&broken(Fault::CutJson(0.5)));
    assert_eq!(body(&answer).len(), announced(&answer));
    assert_eq!(end, None);
    assert!(answer.starts_with("HTTP/1.1 200"));
    assert!(serde_json::from_str::<Value>(body(&answer)).is_err());
}

#[test]
fn a_status_or_an_html_page_takes_the_place_of_the_reply() {
    assert_eq!(
        get(&broken(Fault::Status(503)).url("/x")).unwrap().status(),
        503
    );
    let reply = get(&broken(Fault::HtmlPage).url("/x")).unwrap();
    assert_eq!(reply.status(), 502);
    assert_eq!(reply.headers()["content-type"], "text/html; charset=utf-8");
    let typed = get(&broken(Fault::ContentType("text/plain".to_owned())).url("/x")).unwrap();
    assert_eq!(typed.headers()["content-type"], "text/plain");
}

#[test]
fn a_slow_body_comes_whole() {
    let api = broken(Fault::Drip {
        chunk: 1_000,
        pause: Duration::from_millis(1),
    });
    let (answer, _) = raw(&api);
    assert_eq!(body(&answer).len(), announced(&answer));
    assert!(serde_json::from_str::<Value>(body(&answer)).is_ok());
}

#[test]
fn a_hanging_request_gets_no_byte_until_the_client_gives_up() {
    let api = broken(Fault::Hang);
    let (tell, told) = std::sync::mpsc::channel();
    api.on_request(1, move |_| tell.send(()).unwrap());
    let mut socket = TcpStream::connect(("127.0.0.1", api.port())).unwrap();
    socket
        .write_all(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    told.recv_timeout(Duration::from_secs(30)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let error = socket.read(&mut [0; 1]).unwrap_err();
    assert!(matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut
    ));
    assert_eq!(api.stats().in_flight, 1);
}

#[test]
fn chaos_strikes_alike_in_any_order() {
    let fates = |pages: &[u32]| {
        let api = MockApi::builder()
            .json("/x", &json!(1))
            .chaos(Chaos::seed(11).rate(Fault::Status(500), 0.3))
            .start();
        let mut fates: Vec<(u32, u16)> = pages
            .iter()
            .map(|page| {
                (
                    *page,
                    get(&api.url(&format!("/x?page={page}")))
                        .unwrap()
                        .status()
                        .as_u16(),
                )
            })
            .collect();
        fates.sort_unstable();
        fates
    };
    let upward: Vec<u32> = (0..40).collect();
    let downward: Vec<u32> = (0..40).rev().collect();
    let struck = fates(&upward);
    assert_eq!(struck, fates(&downward));
    assert!(struck.iter().any(|(_, status)| *status == 500));
    assert!(struck.iter().any(|(_, status)| *status == 200));
}

#[test]
fn chaos_gives_up_on_a_request_that_keeps_coming() {
    let api = MockApi::builder()
        .json("/x", &json!(1))
        .chaos(
            Chaos::seed(1)
                .rate(Fault::Status(503), 1.0)
                .at_most_in_a_row(2),
        )
        .start();
    let codes: Vec<u16> = (0..3)
        .map(|_| get(&api.url("/x")).unwrap().status().as_u16())
        .collect();
    assert_eq!(codes, [503, 503, 200]);
    assert_eq!(api.stats().faults, 2);
}

#[test]
fn a_body_over_any_limit_can_be_announced_or_not() {
    let api = MockApi::builder()
        .get("/plain", |_| Reply::oversized(3 << 20))
        .get("/chunked", |_| Reply::oversized(3 << 20).chunked())
        .get("/bomb", |_| Reply::gzip_bomb(3 << 20))
        .start();
    let plain = get(&api.url("/plain")).unwrap();
    assert_eq!(plain.content_length(), Some((3 << 20) + 2));
    let chunked = get(&api.url("/chunked")).unwrap();
    assert_eq!(chunked.headers().get("content-length"), None);
    let decoded = block_on(async {
        reqwest::get(api.url("/bomb"))
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap()
    });
    assert_eq!(decoded.len(), (3 << 20) + 2);
}

#[test]
fn gzip_is_for_those_who_accept_it() {
    let api = MockApi::builder()
        .json("/x", &json!({"text": "a".repeat(1_000)}))
        .gzip()
        .start();
    let (plain, _) = raw(&api);
    assert!(plain.contains("content-length: 1011"), "{plain}");
    let text = block_on(async {
        reqwest::get(api.url("/x"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    });
    assert_eq!(text.len(), 1_011);
    assert!(api.stats().sent_bytes < 2_000, "{:?}", api.stats());
}
