//! The built-in transport over real sockets.

use std::net::TcpListener;
use std::time::Duration;

use apiduct_client::paginate::JsonLink;
use apiduct_client::retry::RetryConfig;
use apiduct_client::transport::TimeLimit;
use apiduct_client::{Client, ClientBuilder, Error, Limits, OnForeignOrigin, TransportError};
use apiduct_model::Hint;
use apiduct_testkit::{Fault, MockApi, Reply};
use http::Version;
use serde_json::{Value, json};

use crate::support::{FakeTimer, client, report};

const BODY: &[u8] = br#"{"data":[1,2,3]}"#;
const BROTLI: [u8; 20] = [
    139, 7, 128, 123, 34, 100, 97, 116, 97, 34, 58, 91, 49, 44, 50, 44, 51, 93, 125, 3,
];
const DEFLATE: [u8; 24] = [
    120, 156, 171, 86, 74, 73, 44, 73, 84, 178, 138, 54, 212, 49, 210, 49, 142, 173, 5, 0, 41, 205,
    4, 183,
];

fn zstd() -> Vec<u8> {
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0x20, 16, 16 << 3 | 1, 0, 0];
    frame.extend_from_slice(BODY);
    frame
}

/// The transport error of an attempt that must fail.
fn transport_error(error: Error) -> TransportError {
    match error {
        Error::Transport(failed) => failed.error,
        other => panic!("{other:?}"),
    }
}

fn limits() -> Limits {
    Limits {
        max_response_bytes: 1 << 20,
        ..Limits::default()
    }
}

fn no_retries() -> RetryConfig {
    RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    }
}

#[tokio::test]
async fn compressed_bodies_arrive_decompressed() {
    let encoded = |encoding: &str, body: Vec<u8>| {
        Reply::bytes(body)
            .header("Content-Type", "application/json")
            .header("Content-Encoding", encoding)
    };
    let api = MockApi::builder()
        .script("/gzip", [Reply::raw_json(BODY).gzipped()])
        .script("/br", [encoded("br", BROTLI.to_vec())])
        .script("/deflate", [encoded("deflate", DEFLATE.to_vec())])
        .script("/zstd", [encoded("zstd", zstd())])
        .script("/plain", [Reply::raw_json(BODY)])
        .start();
    let client = client(&api).0.build().unwrap();
    for path in ["/gzip", "/br", "/deflate", "/zstd", "/plain"] {
        let response = client.get(path).send().await.unwrap();
        assert_eq!(response.body, BODY, "{path}");
        let wire_bytes = (path == "/plain").then_some(BODY.len() as u64);
        assert_eq!(response.wire_bytes, wire_bytes, "{path}");
    }
    let accepted = api.recorded()[0]
        .header("accept-encoding")
        .unwrap()
        .to_owned();
    for encoding in ["gzip", "br", "deflate", "zstd"] {
        assert!(accepted.contains(encoding), "{accepted}");
    }
}

#[tokio::test]
async fn a_body_in_many_pieces_is_put_together() {
    let text: String = format!("[{}1]", "1,".repeat(300_000));
    let pieces: Vec<_> = text
        .as_bytes()
        .chunks(10_007)
        .map(|piece| piece.to_vec().into())
        .collect();
    let api = MockApi::builder()
        .script("/known", [Reply::raw_json("").pieces(pieces.clone())])
        .script(
            "/chunked",
            [Reply::raw_json("").pieces(pieces.clone()).chunked()],
        )
        .script("/gzip", [Reply::raw_json("").pieces(pieces).gzipped()])
        .start();
    let client = client(&api).0.build().unwrap();
    for path in ["/known", "/chunked", "/gzip"] {
        let response = client.get(path).send().await.unwrap();
        assert!(response.body == text, "{path}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_at_once_however_it_comes() {
    let api = MockApi::builder()
        .script("/announced", [Reply::oversized(2 << 20)])
        .script("/chunked", [Reply::oversized(64 << 20).chunked()])
        .script("/bomb", [Reply::gzip_bomb(64 << 20)])
        .script("/fits", [Reply::oversized((1 << 20) - 65_536)])
        .start();
    let (builder, timer) = client(&api);
    let client = builder.limits(limits()).build().unwrap();
    for path in ["/announced", "/chunked", "/bomb"] {
        let error = client.get(path).send().await.unwrap_err();
        assert!(error.retry_stop().is_none());
        assert!(
            report(&error).ends_with("larger than `max_response_bytes` (1048576 bytes)"),
            "{error}"
        );
        assert!(matches!(
            transport_error(error),
            TransportError::TooLarge { limit: 1_048_576 }
        ));
        assert_eq!(api.requests_to(path).len(), 1, "{path} is not asked again");
    }
    assert!(client.get("/fits").send().await.is_ok());
    assert!(timer.waits().is_empty());
}

#[tokio::test]
async fn a_broken_transfer_is_tried_again() {
    let page = || Reply::raw_json(BODY);
    let api = MockApi::builder()
        .script("/reset", [page().fault(Fault::Reset), page()])
        .script("/truncated", [page().fault(Fault::Truncate(0.5)), page()])
        .script(
            "/zipped",
            [page().gzipped().fault(Fault::Truncate(0.8)), page()],
        )
        .script(
            "/chunked",
            [page().chunked().fault(Fault::Truncate(0.5)), page()],
        )
        .start();
    let client = client(&api).0.build().unwrap();
    for path in ["/reset", "/truncated", "/zipped", "/chunked"] {
        let response = client
            .get(path)
            .send()
            .await
            .unwrap_or_else(|error| panic!("{path}: {error:?}"));
        assert_eq!(response.body, BODY, "{path}");
        assert_eq!(response.attempts, 2, "{path}");
    }
}

#[tokio::test]
async fn a_transfer_that_stays_broken_is_an_error_with_its_count_of_tries() {
    let broken = Reply::raw_json(BODY).fault(Fault::Truncate(0.5));
    let api = MockApi::builder().script("/x", [broken]).start();
    let (builder, timer) = client(&api);
    let error = builder.build().unwrap().get("/x").send().await.unwrap_err();
    assert_eq!(timer.waits(), [1.0, 2.0, 4.0, 8.0, 16.0]);
    let text = report(&error);
    assert!(
        text.contains("failed after 6 attempts in 31.0 s: the connection broke after"),
        "{text}"
    );
}

#[tokio::test]
async fn a_body_that_does_not_decompress_is_not_tried_again() {
    let garbage = Reply::raw_json("this is no gzip").header("Content-Encoding", "gzip");
    let api = MockApi::builder().script("/x", [garbage]).start();
    let error = client(&api)
        .0
        .build()
        .unwrap()
        .get("/x")
        .send()
        .await
        .unwrap_err();
    assert!(matches!(
        transport_error(error),
        TransportError::Decode { .. }
    ));
    assert_eq!(api.recorded().len(), 1);
}

#[tokio::test]
async fn silence_ends_at_the_idle_limit() {
    let drip = Fault::Drip {
        chunk: 1,
        pause: Duration::from_mins(1),
    };
    let api = MockApi::builder()
        .script("/head", [Reply::raw_json(BODY).fault(Fault::Hang)])
        .script("/body", [Reply::raw_json(BODY).fault(drip)])
        .start();
    let limits = Limits {
        idle_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let client = client(&api)
        .0
        .limits(limits)
        .retry(no_retries())
        .build()
        .unwrap();
    for path in ["/head", "/body"] {
        let error = transport_error(client.get(path).send().await.unwrap_err());
        let TransportError::Timeout {
            which: TimeLimit::Idle,
            limit,
        } = error
        else {
            panic!("{path}: {error:?}");
        };
        assert_eq!(limit, Duration::from_millis(100));
    }
}

#[tokio::test]
async fn a_dripping_body_ends_at_the_total_limit() {
    let drip = Fault::Drip {
        chunk: 1,
        pause: Duration::from_millis(20),
    };
    let api = MockApi::builder()
        .script("/x", [Reply::oversized(1 << 16).fault(drip)])
        .start();
    let limits = Limits {
        total_timeout: Some(Duration::from_millis(150)),
        ..Limits::default()
    };
    let client = client(&api)
        .0
        .limits(limits)
        .retry(no_retries())
        .build()
        .unwrap();
    let error = client.get("/x").send().await.unwrap_err();
    assert!(
        error.to_string().contains("/x failed after 1 attempt"),
        "{error}"
    );
    let error = transport_error(error);
    assert!(
        matches!(
            error,
            TransportError::Timeout {
                which: TimeLimit::Total,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_refused_connection_names_the_host_and_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let timer = FakeTimer::new();
    let client = Client::builder(format!("http://{host}"))
        .timer(std::sync::Arc::new(timer.clone()))
        .build()
        .unwrap();
    let error = client.post("/x").json(&json!({})).send().await.unwrap_err();
    assert_eq!(
        timer.waits().len(),
        5,
        "a POST that never left is tried again"
    );
    assert!(report(&error).contains(&format!("cannot connect to `{host}`: Connection refused")));
    assert!(error.hint().unwrap().contains("base_url"));
}

#[tokio::test]
async fn a_name_without_an_address_is_told_from_a_dead_host() {
    // No resolver asks the network about a label of more than 63 characters.
    let client = Client::builder(format!("http://{}.test", "a".repeat(64)))
        .retry(no_retries())
        .build()
        .unwrap();
    let error = client.get("/x").send().await.unwrap_err();
    assert!(matches!(transport_error(error), TransportError::Dns { .. }));
}

#[tokio::test]
async fn an_untrusted_certificate_is_refused_once_with_a_hint() {
    let api = MockApi::tls().json("/x", &json!([])).start();
    let (builder, timer) = client(&api);
    let error = builder.build().unwrap().get("/x").send().await.unwrap_err();
    let host = format!("127.0.0.1:{}", api.port());
    let text = report(&error);
    assert!(
        text.contains(&format!("no trusted TLS connection to `{host}`: ")),
        "{text}"
    );
    assert!(text.contains("certificate"), "{text}");
    assert!(error.hint().unwrap().contains("ca_bundle"));
    assert!(timer.waits().is_empty());
}

#[tokio::test]
async fn a_named_authority_is_trusted_and_http_2_is_spoken() {
    let api = MockApi::tls().json("/x", &json!({"ok": true})).start();
    let (builder, _) = client(&api);
    let client = builder.ca_bundle(api.ca_pem().unwrap()).build().unwrap();
    let value: Value = client.get("/x").send().await.unwrap().json().unwrap();
    assert_eq!(value, json!({"ok": true}));
    assert_eq!(api.recorded()[0].version, Version::HTTP_2);
}

/// The settings of a client that knows the authority of `api`.
fn trusting(api: &MockApi) -> ClientBuilder {
    client(api).0.ca_bundle(api.ca_pem().unwrap())
}

#[tokio::test]
async fn a_client_certificate_opens_a_server_that_asks_for_one() {
    let api = MockApi::builder()
        .client_certificates()
        .json("/x", &json!({"ok": true}))
        .start();
    let own = api.client_identity().unwrap();
    let builder =
        trusting(&api).client_certificate(own.certificate.as_str(), own.private_key.as_str());
    let client = builder.build().unwrap();
    assert_eq!(client.get("/x").send().await.unwrap().status, 200);
    let key = &own.private_key;
    assert!(
        !client.redactor().redact(key).contains("MIG"),
        "the key is masked"
    );

    let bare = trusting(&api).build().unwrap();
    bare.get("/x").send().await.unwrap_err();
    let stranger = MockApi::builder().client_certificates().start();
    let other = stranger.client_identity().unwrap();
    let builder =
        trusting(&api).client_certificate(other.certificate.as_str(), other.private_key.as_str());
    builder.build().unwrap().get("/x").send().await.unwrap_err();
    assert_eq!(api.stats().requests, 1, "nobody else gets in");
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_its_own_origin_only() {
    let vault = MockApi::builder()
        .client_certificates()
        .json("/x", &json!({"data": [{"id": 2}]}))
        .start();
    let home = MockApi::builder()
        .json("/x", &json!({"data": [{"id": 1}], "next": vault.url("/x")}))
        .start();
    let own = vault.client_identity().unwrap();
    let rows = async |adapt: &dyn Fn(ClientBuilder) -> ClientBuilder| {
        let builder = client(&home).0.ca_bundle(vault.ca_pem().unwrap());
        let builder =
            builder.client_certificate(own.certificate.as_str(), own.private_key.as_str());
        let client = adapt(builder.paginator(JsonLink::new("next")))
            .build()
            .unwrap();
        let mut pages = client
            .paginate("/x")
            .selector(Some("data".parse().unwrap()))
            .send();
        let mut rows = 0;
        while let Some(page) = pages.next().await? {
            rows += page.raw_records().len();
        }
        Ok::<_, Error>(rows)
    };
    let strip = |builder: ClientBuilder| builder.on_foreign_origin(OnForeignOrigin::Strip);
    let error = rows(&strip).await;
    assert!(matches!(error, Err(Error::Transport(_))), "{error:?}");
    assert_eq!(vault.stats().requests, 0);
    let host = format!("127.0.0.1:{}", vault.port());
    let allowed = |builder: ClientBuilder| builder.allowed_host(&host);
    assert_eq!(rows(&allowed).await.unwrap(), 2);
}

#[test]
fn a_client_certificate_that_cannot_work_is_told_apart_without_its_key() {
    let own = MockApi::builder().client_certificates().start();
    let own = own.client_identity().unwrap();
    let other = MockApi::builder().client_certificates().start();
    let other = other.client_identity().unwrap();
    let key = own.private_key.as_str();
    for (certificate, key, problem) in [
        (
            other.certificate.as_str(),
            key,
            "the private key does not belong to the client certificate",
        ),
        (
            "nothing",
            key,
            "the client certificate is no PEM certificate",
        ),
        (
            own.certificate.as_str(),
            "s3cret",
            "the private key of the client certificate is no PEM key",
        ),
        (
            own.certificate.as_str(),
            "-----BEGIN ENCRYPTED PRIVATE KEY-----",
            "the private key of the client certificate is encrypted",
        ),
    ] {
        let builder = Client::builder("https://h").client_certificate(certificate, key);
        let error = builder.build().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the HTTP transport cannot be used: {problem}")
        );
    }
}

#[test]
fn an_authority_that_cannot_be_read_is_a_mistake_in_the_settings() {
    let error = Client::builder("https://h")
        .ca_bundle("not a certificate")
        .build()
        .unwrap_err();
    assert!(matches!(error, Error::Setting { .. }), "{error:?}");
}

#[tokio::test]
async fn cookies_of_the_server_come_back_to_it() {
    let api = MockApi::builder()
        .script(
            "/in",
            [Reply::json(&1).header("Set-Cookie", "sid=s1; Path=/")],
        )
        .json("/x", &json!(1))
        .start();
    let client = client(&api).0.build().unwrap();
    client.get("/in").send().await.unwrap();
    client.get("/x").send().await.unwrap();
    assert_eq!(api.requests_to("/x")[0].cookie("sid"), Some("s1"));
}

#[tokio::test]
async fn cookies_of_the_server_go_to_no_other_origin_on_its_host() {
    let other = MockApi::builder().json("/x", &json!(1)).start();
    let set = |reply: Reply| reply.header("Set-Cookie", "sid=s1; Path=/");
    let api = MockApi::builder()
        .script("/in", [set(Reply::json(&1))])
        .script("/go", [set(Reply::redirect(&other.url("/x")))])
        .start();
    let allowed = format!("127.0.0.1:{}", other.port());
    for builder in [
        client(&api).0.on_foreign_origin(OnForeignOrigin::Strip),
        client(&api).0.allowed_host(allowed),
    ] {
        let client = builder.build().unwrap();
        client.get("/in").send().await.unwrap();
        client.get("/go").send().await.unwrap();
    }
    assert_eq!(api.requests_to("/go")[0].cookie("sid"), Some("s1"));
    let seen = other.recorded();
    assert_eq!(seen.len(), 2);
    for request in seen {
        assert_eq!(request.header("cookie"), None);
    }
}

#[tokio::test]
async fn requests_arrive_as_they_were_written() {
    let api = MockApi::builder().json("/v1/x", &json!(1)).start();
    let client = Client::builder(format!("{}/v1/", api.base_url()))
        .header("X-Default", "d")
        .header("X-Other", "o")
        .param("k", "client")
        .param("gone", 1)
        .build()
        .unwrap();
    let request = client
        .post("x?q=a%20b")
        .param("k", "own")
        .param("ids", [1, 2])
        .param("gone", None::<u32>)
        .params([("z", "1"), ("z", "2")])
        .header("X-Default", "own")
        .without_header("X-Other")
        .json(&json!({"a": "ä"}));
    request.send().await.unwrap();
    let got = &api.recorded()[0];
    assert_eq!(got.raw_query, "q=a%20b&k=own&ids=1&ids=2&z=1&z=2");
    assert_eq!(got.header("x-default"), Some("own"));
    assert_eq!(got.header("x-other"), None);
    assert_eq!(got.header("content-type"), Some("application/json"));
    assert_eq!(got.body, r#"{"a":"ä"}"#.as_bytes());
    let agent = concat!("apiduct/", env!("CARGO_PKG_VERSION"));
    assert_eq!(got.header("user-agent"), Some(agent));
}

#[tokio::test]
async fn a_form_is_sent_url_encoded_and_excludes_a_json_body() {
    let api = MockApi::builder().json("/x", &json!(1)).start();
    let client = client(&api).0.build().unwrap();
    client
        .post("/x")
        .form([("a", "1 2"), ("a", "3")])
        .send()
        .await
        .unwrap();
    assert_eq!(api.recorded()[0].body, "a=1+2&a=3");
    let both = client
        .post("/x")
        .form([("a", "1")])
        .json(&json!({}))
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        both.to_string(),
        "the body cannot be used: there is one already: `json`, `form` and `body` exclude each other"
    );
    assert_eq!(api.recorded().len(), 1);
}
