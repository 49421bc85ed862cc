//! No secret gets into an error, a log or debug output.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use apiduct_client::auth::{ApiKey, Basic, Bearer, KeyLocation};
use apiduct_client::transport::TimeLimit;
use apiduct_client::{Client, TransportError};
use tracing::field::{Field, Visit};
use tracing::span;

use crate::support::{Script, answer, ok, redirect, report};

const SECRET: &str = "s3cr/t+k&y";

/// Whether `text` holds the secret in any form it is sent in.
fn leaks(text: &str) -> bool {
    ["s3cr", "czNjci90K2sme"]
        .iter()
        .any(|part| text.contains(part))
}

fn clients(script: &Script) -> Vec<Client> {
    let builder = || script.client().0;
    vec![
        builder().auth(Bearer::new(SECRET)).build().unwrap(),
        builder().auth(Basic::new("ada", SECRET)).build().unwrap(),
        builder()
            .auth(ApiKey::new("q", SECRET).location(KeyLocation::Query))
            .build()
            .unwrap(),
        builder().header("X-Api-Key", SECRET).build().unwrap(),
        builder().param("client_secret", SECRET).build().unwrap(),
    ]
}

#[tokio::test]
async fn errors_mask_what_a_server_sends_back() {
    let echo = |status: u16, kind: &'static str| {
        Script::new(move |request| {
            let mut body = request.url.to_string();
            for value in request.headers.values() {
                let _ = write!(body, " {}", String::from_utf8_lossy(value.as_bytes()));
            }
            answer(status, &[("content-type", kind)], body)
        })
    };
    for script in [echo(404, "text/plain"), echo(200, "text/html")] {
        for client in clients(&script) {
            let error = client.paginate("/x").send().next().await.unwrap_err();
            let text = format!("{} {error:?}", report(&error));
            assert!(text.contains("***"), "{text}");
            assert!(!leaks(&text), "{text}");
        }
    }
}

#[tokio::test]
async fn errors_of_the_network_and_of_redirects_are_masked() {
    let failing = Script::sequence(vec![Err(TransportError::Timeout {
        which: TimeLimit::Total,
        limit: std::time::Duration::from_secs(1),
    })]);
    let leading = Script::new(|request| {
        redirect(
            302,
            &format!(
                "https://evil.test/?{}",
                request.url.query().unwrap_or("token=s3cr")
            ),
        )
    });
    for script in [failing, leading] {
        for client in clients(&script) {
            let error = client.get("/x").send().await.unwrap_err();
            let text = format!("{} {error:?}", report(&error));
            assert!(!leaks(&text), "{text}");
        }
    }
}

#[tokio::test]
async fn debug_output_of_everything_in_reach_is_masked() {
    let script = Script::sequence(vec![ok("[1]")]);
    for client in clients(&script) {
        let mut pages = client.paginate("/x").header("Authorization", SECRET).send();
        let before = format!("{client:?} {pages:?}");
        let page = pages.next().await.unwrap().unwrap();
        let after = format!("{before} {page:?} {pages:?} {:?}", script.sent());
        assert!(!leaks(&after), "{after}");
    }
}

/// Writes every event down.
#[derive(Clone, Default)]
pub(crate) struct Journal(pub(crate) Arc<Mutex<String>>);

impl Visit for Journal {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0.lock().unwrap(), "{field}={value:?} ");
    }
}

impl tracing::Subscriber for Journal {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("apiduct")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
        self.0.lock().unwrap().push('\n');
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn logs_name_every_retry_with_its_reason_and_no_secret() {
    let journal = Journal::default();
    let script = Script::sequence(vec![
        answer(503, &[], ""),
        redirect(302, "/y?token=s3cr&a=1"),
        answer(429, &[("retry-after", "3")], ""),
        ok("[1]"),
    ]);
    let client = script
        .client()
        .0
        .auth(ApiKey::new("q", SECRET).location(KeyLocation::Query))
        .build()
        .unwrap();
    let guard = tracing::subscriber::set_default(journal.clone());
    client.get("/x").param("p", SECRET).send().await.unwrap();
    drop(guard);
    let text = journal.0.lock().unwrap().clone();
    assert!(!leaks(&text), "{text}");
    for part in [
        "reason=status 503",
        "wait_ms=1000",
        "reason=status 429",
        "wait_ms=3000",
        "attempt=2",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
