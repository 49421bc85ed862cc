use std::collections::{HashMap, VecDeque};
use std::future;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apiduct_model::Clock;
use http::{HeaderValue, Version, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::chaos::identity;
use super::limit::{Gate, Verdict};
use super::play::{self, Outlet, Step};
use super::received::pairs;
use super::route::Routes;
use super::switch::{Accept, Door};
use super::wire::{Link, Payload, Wire};
use super::{Access, Chaos, Fault, Received, Reply, Stats};
use crate::lock;

/// Runs once, when its request arrives and before it is answered.
pub(super) type Hook = Box<dyn FnOnce(&Received) + Send>;

/// Answers a request in place of its route, or not.
pub(super) type Guard = Box<dyn Fn(&Received) -> Option<Reply> + Send + Sync>;

/// Everything that the connections of one server share.
pub(crate) struct Shared {
    pub(crate) base_url: Arc<str>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) started: Duration,
    pub(super) routes: Routes,
    pub(super) accepts: Mutex<VecDeque<Accept>>,
    pub(super) guards: Vec<Guard>,
    pub(super) protected: Vec<(String, Access)>,
    pub(super) gate: Option<Gate>,
    pub(super) chaos: Option<Chaos>,
    pub(crate) latency: Duration,
    pub(super) gzip: bool,
    pub(super) record: bool,
    pub(crate) recorded: Mutex<Vec<Received>>,
    pub(super) seen: Mutex<HashMap<u64, u32>>,
    pub(super) hooks: Mutex<Vec<(u64, Hook)>>,
    pub(crate) stats: Mutex<Stats>,
    pub(super) sent: Arc<AtomicU64>,
}

/// The connection ends without an answer.
#[derive(Debug)]
struct Aborted;

impl std::fmt::Display for Aborted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is dropped on purpose")
    }
}

impl std::error::Error for Aborted {}

/// Accepts connections until `stop` is sent or dropped.
pub(super) async fn serve(
    door: Arc<Door>,
    shared: Arc<Shared>,
    tls: Option<TlsAcceptor>,
    mut stop: oneshot::Receiver<()>,
) {
    loop {
        let accepted = tokio::select! {
            _ = &mut stop => return,
            accepted = door.accept() => accepted,
        };
        // An accept fails when the other side has gone already; the next one may do better.
        if let Ok(stream) = accepted {
            lock(&shared.stats).connections += 1;
            let link = Arc::new(Link::new(door.downs()));
            tokio::spawn(connection(stream, link, Arc::clone(&shared), tls.clone()));
        }
    }
}

async fn connection(
    stream: TcpStream,
    link: Arc<Link>,
    shared: Arc<Shared>,
    tls: Option<TlsAcceptor>,
) {
    let _ = stream.set_nodelay(true);
    let wire = Wire::new(stream, Arc::clone(&link), Arc::clone(&shared.sent));
    let mut downs = link.downs.clone();
    let accept = lock(&shared.accepts).pop_front().unwrap_or_default();
    if accept != Accept::Serve {
        lock(&shared.stats).faults += 1;
    }
    let mut serving = pin!(async {
        match accept {
            Accept::Serve => serve_one(wire, shared, Arc::clone(&link), tls).await,
            Accept::Reset => link.reset.store(true, Ordering::Relaxed),
            Accept::Close => {}
            Accept::Silence => play::play(wire, vec![Step::Hold], Arc::clone(&link)).await,
        }
    });
    tokio::select! {
        () = &mut serving => {}
        _ = downs.changed() => link.reset.store(true, Ordering::Relaxed),
    }
}

async fn serve_one(wire: Wire, shared: Arc<Shared>, link: Arc<Link>, tls: Option<TlsAcceptor>) {
    match tls {
        None => exchange(wire, shared, link).await,
        Some(acceptor) => {
            if let Ok(encrypted) = acceptor.accept(wire).await {
                exchange(encrypted, shared, link).await;
            }
        }
    }
}

async fn exchange<S>(stream: S, shared: Arc<Shared>, link: Arc<Link>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = Outlet::new(stream, Arc::clone(&link));
    let service =
        service_fn(move |request| answer(Arc::clone(&shared), Arc::clone(&link), request));
    // How a connection ends is the client's affair, or a fault of ours.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    shared: Arc<Shared>,
    link: Arc<Link>,
    request: Request<Incoming>,
) -> Result<Response<Payload>, Aborted> {
    let mut request = shared.receive(request).await.map_err(|_| Aborted)?;
    let _in_flight = InFlight::enter(&shared);
    shared.run_hooks(&request);
    let reply = shared.reply(&mut request);
    if link.downs.has_changed().unwrap_or(true) {
        link.reset.store(true, Ordering::Relaxed);
        return Err(Aborted);
    }
    let late = reply
        .fault
        .as_ref()
        .map(|fault| fault.delay(request.number));
    wait(shared.latency + reply.delay + late.unwrap_or_default()).await;
    let steps = reply
        .fault
        .as_ref()
        .and_then(|fault| play::steps(fault, &reply, &request));
    if let Some(steps) = steps {
        if request.version == Version::HTTP_2 {
            link.reset.store(true, Ordering::Relaxed);
        } else {
            *lock(&link.steps) = Some(steps);
        }
        return Err(Aborted);
    }
    match reply.fault {
        Some(Fault::Reset) => {
            link.reset.store(true, Ordering::Relaxed);
            Err(Aborted)
        }
        Some(Fault::Hang) => future::pending().await,
        _ => Ok(respond(reply, &link)),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "latency of the server is real: it is what a client is measured against"
)]
pub(super) async fn wait(duration: Duration) {
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}

fn respond(mut reply: Reply, link: &Arc<Link>) -> Response<Payload> {
    let status = reply.status;
    let headers = std::mem::take(&mut reply.headers);
    let mut response = Response::new(Payload::new(reply, link));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

impl Shared {
    async fn receive(&self, request: Request<Incoming>) -> Result<Received, io::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let raw_query = head.uri.query().unwrap_or_default().to_owned();
        Ok(self.note(Received {
            number: 0,
            at: Duration::ZERO,
            method: head.method,
            path: head.uri.path().to_owned(),
            query: pairs(raw_query.as_bytes()),
            raw_query,
            headers: head.headers,
            body,
            version: head.version,
            segments: Vec::new(),
            base_url: Arc::clone(&self.base_url),
        }))
    }

    /// Counts, dates and records a request.
    pub(crate) fn note(&self, mut received: Received) -> Received {
        {
            let mut stats = lock(&self.stats);
            stats.requests += 1;
            received.number = stats.requests;
        }
        received.at = self.clock.monotonic().saturating_sub(self.started);
        if self.record {
            lock(&self.recorded).push(received.clone());
        }
        received
    }

    pub(crate) fn run_hooks(&self, request: &Received) {
        let mut due = Vec::new();
        {
            let mut hooks = lock(&self.hooks);
            while let Some(index) = hooks
                .iter()
                .position(|(number, _)| *number <= request.number)
            {
                due.push(hooks.swap_remove(index).1);
            }
        }
        for hook in due {
            hook(request);
        }
    }

    /// The reply with its fault, spoiled as far as it can be before delivery.
    pub(crate) fn reply(&self, request: &mut Received) -> Reply {
        let told = match self.pass(request) {
            Verdict::Refuse(reply) => {
                lock(&self.stats).rate_limited += 1;
                return *reply;
            }
            Verdict::Pass(headers) => headers,
        };
        let mut reply = self.route(request);
        if reply.fault.is_none() {
            reply.fault = self.strike(request);
        }
        if let Some(fault) = reply.fault.take() {
            lock(&self.stats).faults += 1;
            reply = fault.spoil(reply, request.number);
            reply.fault = Some(fault);
        }
        for (name, value) in told {
            if let Ok(value) = HeaderValue::from_str(&value) {
                reply.headers.insert(name, value);
            }
        }
        self.compress(request, reply)
    }

    fn pass(&self, request: &Received) -> Verdict {
        self.gate
            .as_ref()
            .map_or(Verdict::Pass(Vec::new()), |gate| {
                gate.enter(request.at, self.clock.now())
            })
    }

    fn route(&self, request: &mut Received) -> Reply {
        let refusal = self
            .protected
            .iter()
            .filter(|(prefix, _)| request.path.starts_with(prefix.as_str()))
            .find_map(|(_, access)| access.refusal(request));
        if let Some(reply) = refusal {
            return reply;
        }
        let guarded = self.guards.iter().find_map(|guard| guard(request));
        guarded.unwrap_or_else(|| self.routes.answer(request))
    }

    fn strike(&self, request: &Received) -> Option<Fault> {
        let chaos = self.chaos.as_ref()?;
        let mut seen = lock(&self.seen);
        let times = seen.entry(identity(request)).or_default();
        let fault = chaos.strike(request, *times).cloned();
        *times += 1;
        fault
    }

    fn compress(&self, request: &Received, reply: Reply) -> Reply {
        let accepted = request
            .header("accept-encoding")
            .is_some_and(|encodings| encodings.contains("gzip"));
        if self.gzip
            && accepted
            && reply.len() > 0
            && !reply.headers.contains_key(header::CONTENT_ENCODING)
        {
            reply.gzipped()
        } else {
            reply
        }
    }
}

/// Counts a request from its arrival until its answer begins.
struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    fn enter(shared: &'a Shared) -> Self {
        let mut stats = lock(&shared.stats);
        stats.in_flight += 1;
        stats.max_in_flight = stats.max_in_flight.max(stats.in_flight);
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        lock(&self.0.stats).in_flight -= 1;
    }
}
