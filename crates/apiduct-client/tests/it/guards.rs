//! Servers that give too little, too much or too deep: each ends in an error with a name, in bounded memory.

use std::time::Duration;

use apiduct_client::paginate::JsonLink;
use apiduct_client::retry::RetryConfig;
use apiduct_client::transport::TimeLimit;
use apiduct_client::{Client, Error, Limits, TransportError};
use apiduct_testkit::{Fault, MockApi, Reply};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::support::{Script, client, ok, report};

/// 128 MiB of blanks, by Brotli.
const BROTLI_BOMB: &str = "y///PwAkQOKxQHLv//j//weABEAcFoDu/R////8AkACIwwLQvf/j//8fABIAcVgAuvd//P//A0ACIA4LQPf+j///fwBIAMRhAeje//H//w8ACYA4LADd+z/+//8BIAEQhwWge//H//8/ACQA4rAAdO//+P//B4AEQBwWgO79H////wCQAIjDAtC9/+P//x8AEgBxWAC693/8//8DQAIgDgtA9/6P//9/AEgAxGEB6N7/8f//DwAJgDgsAN37P/7//wEgARCHBaB7/zc=";

const LARGEST: u64 = 1 << 20;

/// 1 GiB of blanks, by zstd (RFC 8878): blocks of one byte that is repeated.
fn zstd_bomb() -> Vec<u8> {
    const BLOCK: u32 = 128 << 10;
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    for left in (0..8192).rev() {
        let header = u32::from(left == 0) | 1 << 1 | BLOCK << 3;
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b' ');
    }
    frame
}

fn small(api: &MockApi) -> Client {
    let limits = Limits {
        max_response_bytes: LARGEST,
        ..Limits::default()
    };
    client(api).0.limits(limits).build().unwrap()
}

fn cause(error: &Error) -> &TransportError {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return found;
        }
        next = error.source();
    }
    panic!("{error:?} comes from no transport");
}

/// The most memory that this process ever had, in bytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[tokio::test]
async fn bombs_of_every_encoding_are_refused_in_bounded_memory() {
    let bomb = |encoding: &str, body: Vec<u8>| {
        let reply = Reply::bytes(body).header("content-type", "application/json");
        reply.header("content-encoding", encoding)
    };
    let api = MockApi::builder()
        .script("/gzip", [Reply::gzip_bomb(1 << 30)])
        .script("/zstd", [bomb("zstd", zstd_bomb())])
        .script(
            "/br",
            [bomb("br", BASE64_STANDARD.decode(BROTLI_BOMB).unwrap())],
        )
        .start();
    let client = small(&api);
    for path in ["/gzip", "/zstd", "/br"] {
        let before = peak_memory();
        let error = client.get(path).send().await.unwrap_err();
        assert!(
            matches!(cause(&error), TransportError::TooLarge { limit: LARGEST }),
            "{path}: {error:?}"
        );
        if let (Some(before), Some(after)) = (before, peak_memory()) {
            assert!(after - before < 48 << 20, "{path}: {} more", after - before);
        }
    }
    assert_eq!(api.recorded().len(), 3, "none is asked for again");
}

#[tokio::test]
async fn a_bomb_within_a_bomb_is_not_opened() {
    let api = MockApi::builder()
        .script("/twice", [Reply::gzip_bomb(1 << 30).gzipped()])
        .script(
            "/named_twice",
            [Reply::gzip_bomb(1 << 30).header("content-encoding", "gzip, gzip")],
        )
        .start();
    let client = small(&api);
    for path in ["/twice", "/named_twice"] {
        let before = peak_memory();
        let result = client.paginate(path).send().next().await;
        assert!(result.is_err(), "{path}");
        if let (Some(before), Some(after)) = (before, peak_memory()) {
            assert!(after - before < 48 << 20, "{path}: {} more", after - before);
        }
    }
}

#[tokio::test]
async fn a_byte_now_and_then_counts_as_silence() {
    let drip = Fault::Drip {
        chunk: 1,
        pause: Duration::from_millis(10),
    };
    let api = MockApi::builder()
        .script("/x", [Reply::oversized(1 << 16).fault(drip)])
        .start();
    let limits = Limits {
        idle_timeout: Duration::from_millis(200),
        total_timeout: None,
        ..Limits::default()
    };
    let retry = RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    };
    let builder = client(&api).0.limits(limits).retry(retry);
    let error = builder.build().unwrap().get("/x").send().await.unwrap_err();
    assert!(
        matches!(
            cause(&error),
            TransportError::Timeout {
                which: TimeLimit::Idle,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_slow_body_that_goes_on_is_waited_for() {
    let drip = Fault::Drip {
        chunk: 4 << 10,
        pause: Duration::from_millis(25),
    };
    let body = format!("[{}]", vec!["1"; 16 << 10].join(","));
    let api = MockApi::builder()
        .script("/x", [Reply::raw_json(body).fault(drip)])
        .start();
    let limits = Limits {
        idle_timeout: Duration::from_millis(180),
        ..Limits::default()
    };
    let client = client(&api).0.limits(limits).build().unwrap();
    let response = client.get("/x").send().await.unwrap();
    assert_eq!(response.body.len(), (32 << 10) + 1);
    assert_eq!(response.attempts, 1);
}

#[test]
fn a_try_is_bound_without_being_told() {
    assert_eq!(
        Limits::default().total_timeout,
        Some(Duration::from_mins(30))
    );
}

/// JSON that nests this deep, at several places.
fn deep(levels: usize) -> [String; 4] {
    let (open, close) = ("[".repeat(levels), "]".repeat(levels));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    [
        format!(r#"{{"data":[{{"id":{open}{close}}}],"next":null}}"#),
        format!(r#"{{"skipped":{objects},"data":[{{"id":1}}],"next":null}}"#),
        format!(r#"{{"data":{open}{close}}}"#),
        // Never closed: an answer may end anywhere.
        format!(r#"{{"data":[{{"id":{open}"#),
    ]
}

#[tokio::test]
async fn json_that_nests_beyond_measure_is_an_error_on_every_road() {
    for body in deep(200_000) {
        let script = Script::new(move |_| ok(body.clone()));
        let client = script.client().0.build().unwrap();
        for selector in [None, Some("data"), Some("$..id"), Some("data[?@.id > 1]")] {
            let mut walk = client.paginate("/x").max_pages(2);
            if let Some(selector) = selector {
                walk = walk
                    .data_selector(selector)
                    .paginator(JsonLink::new("next"));
            }
            let error = walk.send().next().await.unwrap_err();
            let text = report(&error);
            assert!(
                text.contains("deep") || text.contains("recursion"),
                "{selector:?}: {text}"
            );
        }
    }
}

#[tokio::test]
async fn json_that_nests_far_is_read() {
    let [inside, skipped, ..] = deep(100);
    for body in [inside, skipped] {
        let script = Script::new(move |_| ok(body.clone()));
        let client = script.client().0.build().unwrap();
        for selector in ["data", "$..data[*]"] {
            let walk = client.paginate("/x").data_selector(selector);
            let mut pages = walk.paginator(JsonLink::new("next")).send();
            assert_eq!(pages.next().await.unwrap().unwrap().raw_records().len(), 1);
        }
    }
}

#[tokio::test]
async fn numbers_of_any_size_stay_as_they_are() {
    let digits = "9".repeat(100_000);
    let body = format!(r#"{{"data":[{{"n":{digits}}},{{"n":1e999999}},{{"n":-0.{digits}}}]}}"#);
    let script = Script::sequence(vec![ok(body)]);
    let client = script.client().0.build().unwrap();
    let mut pages = client.paginate("/x").send();
    let page = pages.next().await.unwrap().unwrap();
    let texts = page.raw_records().texts();
    let records: Vec<&str> = texts.map(Result::unwrap).collect();
    assert_eq!(records[0], format!(r#"{{"n":{digits}}}"#));
    assert_eq!(records[1], r#"{"n":1e999999}"#);
}

#[tokio::test]
async fn headers_beyond_measure_are_an_error() {
    let mut many = Reply::raw_json("[1]");
    for number in 0..5_000 {
        many = many.header(&format!("x-header-{number}"), "value");
    }
    let api = MockApi::builder()
        .script(
            "/long",
            [Reply::raw_json("[1]").header("x-long", &"a".repeat(4 << 20))],
        )
        .script("/many", [many])
        .start();
    let retry = RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    };
    let client = client(&api).0.retry(retry).build().unwrap();
    for path in ["/long", "/many"] {
        let error = client.get(path).send().await.unwrap_err();
        assert!(matches!(error, Error::Transport(_)), "{path}: {error:?}");
    }
}
