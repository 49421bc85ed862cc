//! Stand-ins for time and for the network.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use apiduct_client::transport::{Limits, PreparedRequest, RawResponse, Transport};
use apiduct_client::{Client, ClientBuilder, Timer, TransportError};
use apiduct_model::Clock;
use apiduct_testkit::{FakeClock, MockApi};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, StatusCode};

/// A fake clock as the client wants it.
#[derive(Debug, Clone)]
pub(crate) struct FakeTimer(pub(crate) FakeClock);

impl FakeTimer {
    pub(crate) fn new() -> Self {
        Self(FakeClock::new())
    }

    /// The waits so far, in seconds.
    pub(crate) fn waits(&self) -> Vec<f64> {
        self.0.waits().iter().map(Duration::as_secs_f64).collect()
    }
}

impl Clock for FakeTimer {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

impl Timer for FakeTimer {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }
}

/// A client of `api` that waits for nothing, and its timer.
pub(crate) fn client(api: &MockApi) -> (ClientBuilder, FakeTimer) {
    let timer = FakeTimer::new();
    let builder = Client::builder(api.base_url()).timer(Arc::new(timer.clone()));
    (builder, timer)
}

type Answer = dyn Fn(&PreparedRequest) -> Result<RawResponse, TransportError> + Send + Sync;

/// A network that is a function.
#[derive(Clone)]
pub(crate) struct Script {
    answer: Arc<Answer>,
    sent: Arc<Mutex<Vec<PreparedRequest>>>,
}

impl Script {
    pub(crate) fn new(
        answer: impl Fn(&PreparedRequest) -> Result<RawResponse, TransportError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            answer: Arc::new(answer),
            sent: Arc::default(),
        }
    }

    /// One answer after another; the last one stays.
    pub(crate) fn sequence(answers: Vec<Result<RawResponse, TransportError>>) -> Self {
        let next = Mutex::new(0);
        Self::new(move |_| {
            let mut next = next.lock().unwrap();
            let answer = answers[(*next).min(answers.len() - 1)].clone();
            *next += 1;
            answer
        })
    }

    /// What was sent so far.
    pub(crate) fn sent(&self) -> Vec<PreparedRequest> {
        self.sent.lock().unwrap().clone()
    }

    /// Method and URL of what was sent so far.
    pub(crate) fn log(&self) -> Vec<String> {
        let line = |request: &PreparedRequest| format!("{} {}", request.method, request.url);
        self.sent().iter().map(line).collect()
    }

    /// A client at `https://api.test` over this network.
    pub(crate) fn client(&self) -> (ClientBuilder, FakeTimer) {
        let timer = FakeTimer::new();
        let builder = Client::builder("https://api.test")
            .transport(self.clone())
            .timer(Arc::new(timer.clone()));
        (builder, timer)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(
        &self,
        request: PreparedRequest,
        _: &Limits,
    ) -> Result<RawResponse, TransportError> {
        let answer = (self.answer)(&request);
        self.sent.lock().unwrap().push(request);
        answer
    }
}

/// A response with headers and a body.
#[expect(clippy::unnecessary_wraps, reason = "this is what a script answers")]
pub(crate) fn answer(
    status: u16,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<RawResponse, TransportError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        map.append(name, value.parse().unwrap());
    }
    Ok(RawResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers: map,
        body: body.into(),
        wire_bytes: None,
    })
}

/// 200 with a body.
pub(crate) fn ok(body: impl Into<Bytes>) -> Result<RawResponse, TransportError> {
    answer(200, &[("content-type", "application/json")], body)
}

/// A redirect.
pub(crate) fn redirect(status: u16, to: &str) -> Result<RawResponse, TransportError> {
    answer(status, &[("location", to)], "")
}

/// An error and all its causes, as a reporter would show them.
pub(crate) fn report(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
