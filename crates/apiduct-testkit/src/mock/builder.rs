use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use apiduct_model::{Clock, SystemClock};
use http::Method;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::limit::Gate;
use super::route::{Routes, script};
use super::server::{Guard, Shared, serve};
use super::switch::Door;
use super::tls::Tls;
use super::{
    Accept, Access, Chaos, Collection, MockApi, OAuthServer, RateLimit, Received, Reply, Stats,
};
use crate::sim::{SimApi, SimClock};

/// Describes a [`MockApi`] before it starts.
#[derive(Default)]
pub struct MockApiBuilder {
    routes: Routes,
    accepts: VecDeque<Accept>,
    guards: Vec<Guard>,
    protected: Vec<(String, Access)>,
    limit: Option<RateLimit>,
    chaos: Option<Chaos>,
    latency: Duration,
    gzip: bool,
    encryption: Encryption,
    forgetful: bool,
    threads: usize,
    clock: Option<Arc<dyn Clock>>,
}

/// How connections are kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Encryption {
    #[default]
    None,
    Tls,
    /// With certificates of both sides.
    Mutual,
}

impl MockApiBuilder {
    /// Answers a method and path by a closure.
    ///
    /// `{name}` in the pattern stands for one segment, `*` at its end for all that follow. The most literal of
    /// several matching patterns wins, then the one added last.
    #[must_use]
    pub fn route<H>(mut self, method: Method, pattern: &str, handler: H) -> Self
    where
        H: Fn(&Received) -> Reply + Send + Sync + 'static,
    {
        self.routes.add(Some(method), pattern, Arc::new(handler));
        self
    }

    /// Answers GET requests by a closure; see [`MockApiBuilder::route`].
    #[must_use]
    pub fn get<H>(self, pattern: &str, handler: H) -> Self
    where
        H: Fn(&Received) -> Reply + Send + Sync + 'static,
    {
        self.route(Method::GET, pattern, handler)
    }

    /// Answers POST requests by a closure; see [`MockApiBuilder::route`].
    #[must_use]
    pub fn post<H>(self, pattern: &str, handler: H) -> Self
    where
        H: Fn(&Received) -> Reply + Send + Sync + 'static,
    {
        self.route(Method::POST, pattern, handler)
    }

    /// Answers requests of any method by one reply after another; the last one stays.
    #[must_use]
    pub fn script(mut self, pattern: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        self.routes.add(None, pattern, script(replies));
        self
    }

    /// Answers requests of any method by the same JSON.
    #[must_use]
    pub fn json(self, pattern: &str, value: &Value) -> Self {
        self.script(pattern, [Reply::json(value)])
    }

    /// Serves records in every pagination style, five a page; see [`Collection`].
    #[must_use]
    pub fn collection(self, name: &str, records: impl IntoIterator<Item = Value>) -> Self {
        self.mount(Collection::new(name, records))
    }

    /// Serves a collection; see there for its routes.
    #[must_use]
    pub fn mount(mut self, collection: Collection) -> Self {
        collection.mount(&mut self.routes);
        self
    }

    /// Asks for credentials on every path that begins with `prefix`.
    #[must_use]
    pub fn protect(mut self, prefix: &str, access: Access) -> Self {
        self.protected.push((prefix.to_owned(), access));
        self
    }

    /// Answers a request in place of its route when `guard` gives a reply; the first guard to give one wins.
    #[must_use]
    pub fn guard<G>(mut self, guard: G) -> Self
    where
        G: Fn(&Received) -> Option<Reply> + Send + Sync + 'static,
    {
        self.guards.push(Box::new(guard));
        self
    }

    /// Gets tokens issued, and asks for them on every other path; see [`OAuthServer`].
    #[must_use]
    pub fn oauth(self, server: &OAuthServer) -> Self {
        let server = server.clone();
        self.guard(move |request| server.answer(request))
    }

    /// Refuses requests over a limit.
    #[must_use]
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Deals with one connection after another like this, and serves all after the last.
    #[must_use]
    pub fn accept(mut self, script: impl IntoIterator<Item = Accept>) -> Self {
        self.accepts.extend(script);
        self
    }

    /// Lets faults strike at random.
    #[must_use]
    pub fn chaos(mut self, chaos: Chaos) -> Self {
        self.chaos = Some(chaos);
        self
    }

    /// Waits this long, really, before each answer; none by default.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Compresses the replies to clients that accept gzip.
    #[must_use]
    pub fn gzip(mut self) -> Self {
        self.gzip = true;
        self
    }

    /// Speaks TLS, with HTTP/2 for clients that offer it, under a certificate made for this server.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.encryption = Encryption::Tls;
        self
    }

    /// Answers by TLS, and only to clients that show [`MockApi::client_identity`].
    #[must_use]
    pub fn client_certificates(mut self) -> Self {
        self.encryption = Encryption::Mutual;
        self
    }

    /// Keeps no record of requests: for servers under load.
    #[must_use]
    pub fn without_recording(mut self) -> Self {
        self.forgetful = true;
        self
    }

    /// Serves on this many threads; 1 by default.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Takes the time of records and rate limits from here; the machine's clock by default.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Starts the server on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When no port, thread or certificate can be had; [`MockApiBuilder::try_start`] reports that instead.
    pub fn start(self) -> MockApi {
        match self.try_start() {
            Ok(api) => api,
            Err(error) => panic!("the mock API cannot start: {error}"),
        }
    }

    /// Starts the server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port, thread or certificate can be had.
    pub fn try_start(self) -> io::Result<MockApi> {
        let tls = match self.encryption {
            Encryption::None => None,
            Encryption::Tls => Some(Tls::new(false).map_err(io::Error::other)?),
            Encryption::Mutual => Some(Tls::new(true).map_err(io::Error::other)?),
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let identity = tls.as_ref().map(|tls| tls.identity.clone());
        let (ca_pem, acceptor) = tls.map(|tls| (tls.ca_pem, tls.acceptor)).unzip();
        let runtime = runtime(self.threads)?;
        let door = Arc::new(Door::new(runtime.handle().clone())?);
        let address = door.address();
        let shared = Arc::new(self.into_shared(Arc::from(format!("{scheme}://{address}"))));
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let serving = Arc::clone(&door);
        let thread = thread::Builder::new()
            .name("mock-api".to_owned())
            .spawn(move || {
                runtime.block_on(serve(serving, served, acceptor, stopped));
                runtime.shutdown_background();
            })?;
        Ok(MockApi {
            shared,
            door,
            ca_pem,
            identity,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Makes the API without a server, a socket or time of its own: `clock` says when it is.
    ///
    /// Everything else holds: routes, credentials, limits, faults, latency, the record of requests.
    pub fn simulate(self, clock: &SimClock) -> SimApi {
        let shared = self
            .clock(clock.clone())
            .into_shared(Arc::from("https://sim.test"));
        SimApi::new(shared, clock)
    }

    fn into_shared(self, base_url: Arc<str>) -> Shared {
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        Shared {
            base_url,
            started: clock.monotonic(),
            clock,
            routes: self.routes,
            accepts: Mutex::new(self.accepts),
            guards: self.guards,
            protected: self.protected,
            gate: self.limit.map(Gate::new),
            chaos: self.chaos,
            latency: self.latency,
            gzip: self.gzip,
            record: !self.forgetful,
            recorded: Mutex::default(),
            seen: Mutex::new(HashMap::new()),
            hooks: Mutex::default(),
            stats: Mutex::new(Stats::default()),
            sent: Arc::new(AtomicU64::new(0)),
        }
    }
}

fn runtime(threads: usize) -> io::Result<Runtime> {
    if threads > 1 {
        Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
    } else {
        Builder::new_current_thread().enable_all().build()
    }
}

impl fmt::Debug for MockApiBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockApiBuilder")
            .field("routes", &self.routes)
            .field("limit", &self.limit)
            .field("chaos", &self.chaos)
            .field("latency", &self.latency)
            .field("encryption", &self.encryption)
            .finish_non_exhaustive()
    }
}
