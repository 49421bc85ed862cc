//! The scripted API: [`MockApi`], its builder, and what handlers take and give.

mod access;
mod builder;
mod chaos;
mod collection;
mod fault;
mod limit;
mod oauth;
mod place;
mod play;
pub(crate) mod received;
mod reply;
mod route;
pub(crate) mod server;
mod styles;
mod switch;
mod tls;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use http::Method;
use tokio::sync::oneshot;

pub use self::tls::ClientIdentity;
pub use access::Access;
pub use builder::MockApiBuilder;
pub use chaos::Chaos;
pub use collection::Collection;
pub use fault::{BrokenChunks, BrokenGzip, Fault, Stage};
pub use limit::{LimitHeaders, RateLimit, RetryAfter};
pub use oauth::OAuthServer;
pub use place::Place;
pub use received::Received;
pub use reply::Reply;
pub use switch::{Accept, Switch};

use crate::lock;
use server::Shared;
use switch::Door;

/// A REST API on loopback that does as it is told, on a port of its own and a thread of its own.
///
/// It serves sync and async tests alike, records what it gets, and stops when it is dropped.
///
/// ```
/// use apiduct_testkit::{MockApi, Reply};
/// use serde_json::json;
///
/// let api = MockApi::builder()
///     .get("/users/{id}", |request| Reply::json(&json!({"id": request.segment("id")})))
///     .script("/flaky", [Reply::status(503), Reply::json(&json!({"ok": true}))])
///     .collection("posts", (0..25).map(|id| json!({"id": id, "title": format!("Post {id}")})))
///     .start();
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let text = reqwest::get(api.url("/users/7")).await.unwrap().text().await.unwrap();
/// assert_eq!(text, r#"{"id":"7"}"#);
/// assert_eq!(reqwest::get(api.url("/flaky")).await.unwrap().status(), 503);
/// assert_eq!(reqwest::get(api.url("/flaky")).await.unwrap().status(), 200);
/// # });
/// assert_eq!(api.requests_to("/flaky").len(), 2);
/// assert_eq!(api.recorded()[0].path, "/users/7");
/// ```
pub struct MockApi {
    shared: Arc<Shared>,
    door: Arc<Door>,
    ca_pem: Option<String>,
    identity: Option<ClientIdentity>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Counts of one server since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests read to their end.
    pub requests: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Requests that wait for the start of their answer at this moment.
    pub in_flight: u64,
    /// The most requests that ever waited at the same time.
    pub max_in_flight: u64,
    /// Requests refused by the rate limit.
    pub rate_limited: u64,
    /// Replies delivered with a fault, by a handler or by [`Chaos`].
    pub faults: u64,
    /// Bytes sent, with heads and, under TLS, with its framing.
    pub sent_bytes: u64,
}

impl MockApi {
    /// An API without routes, to be filled.
    pub fn builder() -> MockApiBuilder {
        MockApiBuilder::default()
    }

    /// An API without routes that speaks TLS; see [`MockApi::ca_pem`].
    pub fn tls() -> MockApiBuilder {
        Self::builder().tls()
    }

    /// Scheme, host and port without a slash at the end: `http://127.0.0.1:40123`.
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// The absolute URL of a path that begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.shared.base_url)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        let (_, port) = self.shared.base_url.rsplit_once(':').unwrap_or_default();
        port.parse().unwrap_or_default()
    }

    /// The certificate authority that a client must trust, as PEM; `None` without TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// A certificate that [`MockApiBuilder::client_certificates`] lets in; `None` for a server without TLS.
    pub fn client_identity(&self) -> Option<&ClientIdentity> {
        self.identity.as_ref()
    }

    /// All requests so far, in the order of their arrival.
    pub fn recorded(&self) -> Vec<Received> {
        lock(&self.shared.recorded).clone()
    }

    /// The requests so far to one path, without its query.
    pub fn requests_to(&self, path: &str) -> Vec<Received> {
        let recorded = lock(&self.shared.recorded);
        recorded
            .iter()
            .filter(|request| request.path == path)
            .cloned()
            .collect()
    }

    /// Method and target of all requests so far: `GET /posts?page=2`.
    pub fn log(&self) -> Vec<String> {
        let line = |(method, target): (&Method, String)| format!("{method} {target}");
        let recorded = lock(&self.shared.recorded);
        recorded
            .iter()
            .map(|request| line((&request.method, request.target())))
            .collect()
    }

    /// Forgets the recorded requests; the counts of [`MockApi::stats`] go on.
    pub fn forget(&self) {
        lock(&self.shared.recorded).clear();
    }

    /// The counts so far.
    pub fn stats(&self) -> Stats {
        Stats {
            sent_bytes: self.shared.sent.load(Ordering::Relaxed),
            ..*lock(&self.shared.stats)
        }
    }

    /// Takes the server off its port: all connections are reset, new ones refused, until [`MockApi::up`].
    pub fn down(&self) {
        self.switch().down();
    }

    /// Listens again after [`MockApi::down`], on the same port.
    ///
    /// # Panics
    /// When the system gives the port no more.
    pub fn up(&self) {
        self.switch().up();
    }

    /// What takes the server off its port, for handlers and hooks.
    pub fn switch(&self) -> Switch {
        Switch::new(&self.door)
    }

    /// Calls `hook` once, when the `nth` request from here on (1 is the next one) arrives and before it is answered.
    ///
    /// The hook runs on the server's thread, which answers nothing meanwhile.
    pub fn on_request(&self, nth: u64, hook: impl FnOnce(&Received) + Send + 'static) {
        let number = lock(&self.shared.stats).requests + nth.max(1);
        lock(&self.shared.hooks).push((number, Box::new(hook)));
    }
}

impl fmt::Debug for MockApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockApi")
            .field("base_url", &self.shared.base_url)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Drop for MockApi {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
