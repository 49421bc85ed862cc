use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use apiduct_testkit::{
    Accept, BrokenChunks, BrokenGzip, Fault, MockApi, MockApiBuilder, Place, Reply, Stage,
};
use serde_json::{Value, json};

use crate::basics::{block_on, get, get_json};

fn page() -> Value {
    let records: Vec<Value> = (10..30)
        .map(|id| json!({"id": id, "text": "a\"b"}))
        .collect();
    json!({"data": records})
}

fn serves(reply: Reply) -> MockApiBuilder {
    MockApi::builder().get("/x", move |_| reply.clone())
}

fn broken(fault: Fault) -> MockApi {
    serves(Reply::json(&page()).fault(fault)).start()
}

/// The raw answer to one GET, and how the connection ended.
fn raw(api: &MockApi) -> (String, Option<ErrorKind>) {
    let mut socket = TcpStream::connect(("127.0.0.1", api.port())).unwrap();
    let asked = socket.write_all(b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let read = asked.and_then(|()| socket.read_to_end(&mut answer));
    let end = read.err().map(|error| error.kind());
    (String::from_utf8_lossy(&answer).into_owned(), end)
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// What a client of the trade makes of it: the body, or whether head or body failed.
fn fetched(api: &MockApi) -> Result<String, &'static str> {
    block_on(async {
        let response = reqwest::get(api.url("/x")).await.map_err(|_| "head")?;
        response.text().await.map_err(|_| "body")
    })
}

#[test]
fn a_reset_at_each_stage_sends_that_much() {
    let whole = page().to_string();
    for stage in Stage::ALL {
        let (answer, end) = raw(&broken(Fault::ResetAt(stage)));
        assert_eq!(end, Some(ErrorKind::ConnectionReset), "{stage:?}");
        let has_head = answer.contains("\r\n\r\n");
        let sent = match stage {
            Stage::BeforeHead => answer.is_empty(),
            Stage::InHead => !answer.is_empty() && !has_head,
            Stage::AfterHead => has_head && body(&answer).is_empty(),
            Stage::InBody => body(&answer).len() == whole.len() / 2,
            Stage::BeforeLastChunk => body(&answer).contains(&whole),
            _ => panic!("a stage without a test"),
        };
        assert!(sent, "{stage:?}: {answer}");
        assert!(
            fetched(&broken(Fault::ResetAt(stage))).is_err(),
            "{stage:?}"
        );
    }
}

#[test]
fn a_connection_can_be_refused_its_service_when_it_is_accepted() {
    let api = serves(Reply::json(&1))
        .accept([Accept::Reset, Accept::Close, Accept::Serve])
        .start();
    assert_eq!(fetched(&api), Err("head"));
    assert_eq!(fetched(&api), Err("head"));
    assert_eq!(fetched(&api).as_deref(), Ok("1"));
    assert_eq!(fetched(&api).as_deref(), Ok("1"), "the script is over");
    assert_eq!((api.stats().faults, api.stats().connections), (2, 4));
}

#[test]
fn a_silent_connection_neither_reads_nor_answers() {
    let api = serves(Reply::json(&1)).accept([Accept::Silence]).start();
    let mut socket = TcpStream::connect(("127.0.0.1", api.port())).unwrap();
    socket
        .write_all(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    assert!(socket.read(&mut [0; 1]).is_err());
    assert_eq!(fetched(&api).as_deref(), Ok("1"), "others are served");
    assert_eq!(api.stats().requests, 1);
}

#[test]
fn a_server_that_is_down_refuses_until_it_is_up_again_on_its_port() {
    let api = serves(Reply::json(&1)).start();
    let mut open = TcpStream::connect(("127.0.0.1", api.port())).unwrap();
    assert_eq!(fetched(&api).as_deref(), Ok("1"));
    api.down();
    let refused = TcpStream::connect(("127.0.0.1", api.port())).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let cut = open.read(&mut [0; 1]).unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::ConnectionReset);
    api.up();
    assert_eq!(fetched(&api).as_deref(), Ok("1"));
    api.up();
    assert_eq!(
        fetched(&api).as_deref(),
        Ok("1"),
        "up twice changes nothing"
    );
}

#[test]
fn a_body_ends_at_its_place_with_a_length_that_is_right_or_not() {
    for place in Place::ALL {
        let (answer, end) = raw(&broken(Fault::TruncateAt(place)));
        assert_eq!(end, None, "{place:?}");
        assert!(answer.contains(&format!("content-length: {}\r\n", page().to_string().len())));
        assert!(page().to_string().starts_with(body(&answer)), "{place:?}");
        assert_eq!(
            fetched(&broken(Fault::TruncateAt(place))),
            Err("body"),
            "{place:?}"
        );
        let cut = fetched(&broken(Fault::CutAt(place))).unwrap();
        assert!(serde_json::from_str::<Value>(&cut).is_err(), "{place:?}");
    }
}

#[test]
fn a_limit_of_data_ends_the_answer_wherever_it_falls() {
    for limit in [0, 5, 40, 200] {
        let (answer, end) = raw(&broken(Fault::LimitData(limit)));
        assert_eq!((answer.len() as u64, end), (limit, None));
    }
    let (answer, _) = raw(&broken(Fault::LimitData(u64::MAX)));
    assert_eq!(body(&answer), page().to_string());
}

#[test]
fn a_wrong_length_leaves_bytes_over_or_missing() {
    assert_eq!(fetched(&broken(Fault::LongLength(9))), Err("body"));
    let cut = fetched(&broken(Fault::ShortLength(9))).unwrap();
    assert_eq!(cut.len() + 9, page().to_string().len());
}

#[test]
fn broken_chunks_and_broken_gzip_are_broken() {
    for how in BrokenChunks::ALL {
        let api = broken(Fault::BrokenChunks(how));
        assert!(raw(&api).0.contains("transfer-encoding: chunked"));
        assert!(fetched(&api).is_err(), "{how:?}");
    }
    for how in BrokenGzip::ALL {
        let (answer, _) = raw(&broken(Fault::BrokenGzip(how)));
        assert!(answer.contains("content-encoding: gzip"), "{how:?}");
        assert_eq!(
            fetched(&broken(Fault::BrokenGzip(how))),
            Err("body"),
            "{how:?}"
        );
    }
}

#[test]
fn slow_answers_come_whole() {
    let millis = Duration::from_millis;
    for fault in [
        Fault::Latency {
            base: millis(3),
            jitter: millis(2),
        },
        Fault::Bandwidth {
            bytes_per_second: 100_000,
        },
        Fault::SlowClose { after: millis(5) },
        Fault::Slice {
            size: 40,
            spread: 20,
            pause: millis(1),
        },
    ] {
        let api = broken(fault.clone());
        assert_eq!(get_json(&api.url("/x")), page(), "{fault:?}");
        assert_eq!(api.stats().faults, 1);
    }
}

#[test]
fn a_slow_close_is_the_end_of_a_body_without_a_length() {
    let (answer, end) = raw(&broken(Fault::SlowClose {
        after: Duration::from_millis(1),
    }));
    assert_eq!(end, None);
    assert!(!answer.contains("content-length") && !answer.contains("chunked"));
    assert_eq!(body(&answer), page().to_string());
}

#[test]
fn a_timeout_is_a_close_without_an_answer() {
    let (answer, end) = raw(&broken(Fault::Timeout {
        after: Duration::from_millis(5),
    }));
    assert_eq!((answer.as_str(), end), ("", None));
}

#[test]
fn text_of_another_encoding_or_with_another_comma_is_no_json() {
    for fault in [Fault::MalformedJson, Fault::WrongCharset] {
        let reply = get(&broken(fault.clone()).url("/x")).unwrap();
        assert_eq!(reply.status(), 200);
        let bytes = block_on(reply.bytes()).unwrap();
        assert!(
            serde_json::from_slice::<Value>(&bytes).is_err(),
            "{fault:?}"
        );
    }
}

#[test]
fn the_bytes_go_wrong_under_tls_too() {
    let api = MockApi::tls()
        .get("/x", |_| {
            Reply::json(&page()).fault(Fault::TruncateAt(Place::Text))
        })
        .get("/reset", |_| {
            Reply::json(&page()).fault(Fault::ResetAt(Stage::InBody))
        })
        .start();
    let root = reqwest::Certificate::from_pem(api.ca_pem().unwrap().as_bytes()).unwrap();
    for http1 in [true, false] {
        let mut client = reqwest::Client::builder().add_root_certificate(root.clone());
        if http1 {
            client = client.http1_only();
        }
        let client = client.build().unwrap();
        for path in ["/x", "/reset"] {
            let text = block_on(async { client.get(api.url(path)).send().await?.text().await });
            assert!(text.is_err(), "{path} {http1}");
        }
    }
}
