//! The built-in transport: HTTP/1.1 and HTTP/2 by `reqwest`, TLS by `rustls`.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use apiduct_model::SecretText;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::Method;
use http::header::CONTENT_LENGTH;
use reqwest::dns::Resolve;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response};
use tokio::time::timeout;
use url::Url;

use super::client_certificate::{self, ClientIdentity};
use super::cookies::OriginCookies;
use super::network::{address_of, is_public};
use super::resolver::{NotPublic, PublicOnly, System};
use super::{Limits, PreparedRequest, RawResponse, TimeLimit, Transport, TransportError};
use crate::error::Cause;

/// Largest buffer that a `Content-Length` alone makes us reserve.
const LARGEST_RESERVE: u64 = 16 * 1024 * 1024;

/// So much must arrive within the limit for silence.
const LEAST_PROGRESS: u64 = 1024;

/// HTTP/1.1 and HTTP/2 with connection reuse, gzip, Brotli, zstd and deflate, cookies, and proxies as the environment
/// says (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`).
///
/// A cookie goes back to the origin that set it (scheme, host and port) and to no other, whatever domain it names.
///
/// Certificates are checked against the authorities that the system trusts, and those added with
/// [`ReqwestTransportBuilder::root_certificates_pem`].
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: Client,
    /// Clients with connections of their own, made when they are first needed: to public addresses alone, without our
    /// certificate, both.
    others: Arc<[OnceLock<Client>; 3]>,
    settings: ReqwestTransportBuilder,
}

/// Settings of a [`ReqwestTransport`] that hold for all its connections.
#[derive(Clone)]
pub struct ReqwestTransportBuilder {
    connect_timeout: Duration,
    roots: Vec<Vec<u8>>,
    identity: Option<ClientIdentity>,
    use_proxies: bool,
    cookies: Arc<OriginCookies>,
    resolver: Option<Arc<dyn Resolve>>,
}

impl ReqwestTransport {
    /// Starts from the defaults.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder {
            connect_timeout: Limits::default().connect_timeout,
            roots: Vec::new(),
            identity: None,
            use_proxies: true,
            cookies: Arc::default(),
            resolver: None,
        }
    }
}

impl ReqwestTransportBuilder {
    /// Longest time for making a connection; it holds whatever the [`Limits`] of an exchange say. Default 30 s.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Trusts the certificate authorities in `pem` too, one or more PEM blocks.
    #[must_use]
    pub fn root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Shows this certificate, one or more PEM blocks with that of the client first, to servers that ask for one, and
    /// proves by `private_key`, PEM too and not encrypted, that it is ours. Default: none.
    #[must_use]
    pub fn client_certificate(
        mut self,
        certificate: impl Into<Vec<u8>>,
        private_key: impl Into<SecretText>,
    ) -> Self {
        self.identity = Some(ClientIdentity::new(certificate.into(), private_key.into()));
        self
    }

    /// Goes straight to every host, whatever the environment says about proxies. Default: proxies are used.
    #[must_use]
    pub fn no_proxies(mut self) -> Self {
        self.use_proxies = false;
        self
    }

    /// Builds the transport. No connection is made yet.
    ///
    /// # Errors
    ///
    /// [`TransportError::Other`] when a certificate or key cannot be read, when they do not belong together, or when
    /// TLS cannot be set up.
    pub fn build(self) -> Result<ReqwestTransport, TransportError> {
        Ok(ReqwestTransport {
            client: self.connect_with(self.identity.as_ref(), |builder| builder)?,
            others: Arc::default(),
            settings: self,
        })
    }

    /// A client of its own connections, adapted by `adapt`.
    fn connect_with(
        &self,
        identity: Option<&ClientIdentity>,
        adapt: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Client, TransportError> {
        let mut roots = Vec::new();
        for pem in &self.roots {
            let found = Certificate::from_pem_bundle(pem).map_err(|error| other(&error))?;
            if found.is_empty() {
                let source = Cause::new("no PEM certificate in the root certificates");
                return Err(TransportError::Other { source });
            }
            roots.extend(found);
        }
        let has_own_roots = !roots.is_empty();
        let identity = identity.map(ClientIdentity::read).transpose()?;
        let configured = || {
            let builder = adapt(self.configure());
            match &identity {
                Some(identity) => builder.identity(identity.clone()),
                None => builder,
            }
        };
        match configured().tls_certs_merge(roots).build() {
            Ok(client) => Ok(client),
            Err(error) if client_certificate::is_mismatch(chain(&error)) => {
                Err(client_certificate::mismatch())
            }
            Err(error) if !has_own_roots => {
                // A system without certificate authorities can still be asked for plain HTTP.
                tracing::warn!(cause = %root(&error), "no system certificates: https will not be trusted");
                let bare = configured().tls_certs_only([]).build();
                bare.map_err(|error| other(&error))
            }
            Err(error) => Err(other(&error)),
        }
    }

    fn configure(&self) -> reqwest::ClientBuilder {
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .cookie_provider(Arc::clone(&self.cookies))
            .connect_timeout(self.connect_timeout);
        if let Some(resolver) = &self.resolver {
            builder = builder.dns_resolver(Arc::clone(resolver));
        }
        if self.use_proxies {
            builder
        } else {
            builder.no_proxy()
        }
    }
}

impl fmt::Debug for ReqwestTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransportBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("use_proxies", &self.use_proxies)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        let Some(total) = limits.total_timeout else {
            return self.exchange(request, limits).await;
        };
        let exchange = self.exchange(request, limits);
        timeout(total, exchange)
            .await
            .unwrap_or_else(|_| Err(ran_out(TimeLimit::Total, total)))
    }
}

impl ReqwestTransport {
    async fn exchange(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        let host = shown_host(&request.url);
        let expects_body = [Method::POST, Method::PUT, Method::PATCH].contains(&request.method);
        let mut builder = self
            .client_for(&request.url, limits)?
            .request(request.method, request.url)
            .headers(request.headers);
        if let Some(body) = request.body {
            builder = builder.body(body);
        } else if expects_body {
            // RFC 9110, section 8.6: without it some servers answer 411.
            builder = builder.header(CONTENT_LENGTH, "0");
        }
        let wait = limits.idle_timeout;
        let response = timeout(wait, builder.send())
            .await
            .map_err(|_| ran_out(TimeLimit::Idle, wait))?
            .map_err(|error| self.failed_to_send(&error, host))?;
        self.receive(response, limits).await
    }

    /// The client whose connections may go to `url`.
    fn client_for(&self, url: &Url, limits: &Limits) -> Result<&Client, TransportError> {
        let is_bare = limits.without_certificate && self.settings.identity.is_some();
        let at = match (limits.public_only, is_bare) {
            (false, false) => return Ok(&self.client),
            (true, false) => 0,
            (false, true) => 1,
            (true, true) => 2,
        };
        if limits.public_only
            && let Some(address) = address_of(url).filter(|address| !is_public(*address))
        {
            let host = shown_host(url);
            return Err(TransportError::NotPublic { host, address });
        }
        if let Some(client) = self.others[at].get() {
            return Ok(client);
        }
        let identity = self.settings.identity.as_ref().filter(|_| !is_bare);
        let client = self.settings.connect_with(identity, |builder| {
            if limits.public_only {
                self.public_only(builder)
            } else {
                builder
            }
        })?;
        Ok(self.others[at].get_or_init(|| client))
    }

    fn public_only(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        let inner = self.settings.resolver.clone();
        let resolver = PublicOnly {
            inner: inner.unwrap_or_else(|| Arc::new(System)),
        };
        // A proxy would look the name up once more, on its own.
        builder.no_proxy().dns_resolver(Arc::new(resolver))
    }

    async fn receive(
        &self,
        mut response: Response,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        let limit = limits.max_response_bytes;
        let announced = response.content_length();
        if announced.is_some_and(|length| length > limit) {
            return Err(TransportError::TooLarge { limit });
        }
        let mut body = Collected::new(announced.unwrap_or(0).min(limit));
        let mut is_complete = false;
        while !is_complete {
            let progress = progress(&mut response, &mut body, limit);
            is_complete = timeout(limits.idle_timeout, progress)
                .await
                .map_err(|_| ran_out(TimeLimit::Idle, limits.idle_timeout))??;
        }
        let body = body.into_bytes();
        let is_plain = response.headers().contains_key(CONTENT_LENGTH);
        Ok(RawResponse {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            wire_bytes: is_plain.then_some(body.len() as u64),
            body,
        })
    }

    fn failed_to_send(&self, error: &reqwest::Error, host: String) -> TransportError {
        let source = root(error);
        let refused = chain(error).find_map(|cause| cause.downcast_ref());
        if let Some(NotPublic { address }) = refused.copied() {
            return TransportError::NotPublic { host, address };
        }
        if error.is_builder() {
            return TransportError::InvalidUrl {
                reason: source.text().to_owned(),
            };
        }
        if error.is_dns() {
            return TransportError::Dns { host, source };
        }
        if error.is_connect() {
            if error.is_timeout() {
                return ran_out(TimeLimit::Connect, self.settings.connect_timeout);
            }
            if chain(error).any(is_tls) {
                return TransportError::Tls { host, source };
            }
            return TransportError::Connect { host, source };
        }
        if error.is_request() || error.is_body() {
            return TransportError::Broken {
                received: 0,
                source,
            };
        }
        TransportError::Other { source }
    }
}

/// Receives until the body has grown by what counts as progress; true when it is complete.
async fn progress(
    response: &mut Response,
    body: &mut Collected,
    limit: u64,
) -> Result<bool, TransportError> {
    let enough = body.len() + LEAST_PROGRESS;
    while body.len() < enough {
        let piece = response.chunk().await;
        let piece = piece.map_err(|error| failed_to_read(&error, body.len()))?;
        let Some(piece) = piece else {
            return Ok(true);
        };
        if body.len() + piece.len() as u64 > limit {
            return Err(TransportError::TooLarge { limit });
        }
        body.push(piece);
    }
    Ok(false)
}

/// A body in the making: one piece is kept as it is, more are joined.
struct Collected {
    reserve: usize,
    first: Option<Bytes>,
    rest: BytesMut,
}

impl Collected {
    fn new(announced: u64) -> Self {
        Self {
            reserve: usize::try_from(announced.min(LARGEST_RESERVE)).unwrap_or(0),
            first: None,
            rest: BytesMut::new(),
        }
    }

    fn len(&self) -> u64 {
        (self.first.as_ref().map_or(0, Bytes::len) + self.rest.len()) as u64
    }

    fn push(&mut self, piece: Bytes) {
        if self.rest.is_empty() {
            let Some(first) = self.first.take() else {
                self.first = Some(piece);
                return;
            };
            self.rest
                .reserve(self.reserve.max((first.len() + piece.len()) * 2));
            self.rest.extend_from_slice(&first);
        }
        self.rest.extend_from_slice(&piece);
    }

    fn into_bytes(self) -> Bytes {
        self.first.unwrap_or_else(|| self.rest.freeze())
    }
}

/// Tells a body that does not decompress from one that did not arrive: the decoder reports an I/O error itself,
/// whereas a broken connection has the protocol's error around it.
fn failed_to_read(error: &reqwest::Error, received: u64) -> TransportError {
    let decoder = chain(error)
        .skip(1)
        .find(|cause| !cause.is::<reqwest::Error>())
        .and_then(|cause| cause.downcast_ref::<io::Error>());
    let source = root(error);
    match decoder {
        Some(decoder) if !is_broken(decoder.kind()) => TransportError::Decode { source },
        _ => TransportError::Broken { received, source },
    }
}

fn is_broken(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        kind,
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe
    )
}

/// Whether `cause` is a verdict of the TLS library, in however many I/O errors it is wrapped; a connection cut during
/// the handshake is none.
fn is_tls(cause: &(dyn StdError + 'static)) -> bool {
    if cause.is::<rustls::Error>() {
        return true;
    }
    let wrapped = cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    wrapped.is_some_and(|inner| is_tls(inner))
}

fn chain<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

/// The innermost cause: the layers above it name parts of the library.
fn root(error: &reqwest::Error) -> Cause {
    let last = chain(error)
        .last()
        .filter(|last| !last.is::<reqwest::Error>());
    Cause::new(last.map_or_else(|| "no further detail".to_owned(), ToString::to_string))
}

fn other(error: &reqwest::Error) -> TransportError {
    TransportError::Other {
        source: root(error),
    }
}

fn ran_out(which: TimeLimit, limit: Duration) -> TransportError {
    TransportError::Timeout { which, limit }
}

fn shown_host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

    use http::{HeaderMap, Method};
    use reqwest::dns::{Addrs, Name, Resolving};

    use super::*;

    /// Says that every name is this machine.
    struct OwnMachine;

    impl Resolve for OwnMachine {
        fn resolve(&self, _: Name) -> Resolving {
            let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
            Box::pin(async move { Ok(Box::new([address].into_iter()) as Addrs) })
        }
    }

    fn transport() -> ReqwestTransport {
        let mut builder = ReqwestTransport::builder().no_proxies();
        builder.resolver = Some(Arc::new(OwnMachine));
        builder.build().unwrap()
    }

    async fn ask(url: &str, public_only: bool) -> Result<RawResponse, TransportError> {
        let limits = Limits {
            public_only,
            ..Limits::default()
        };
        let request = PreparedRequest {
            method: Method::GET,
            url: url.parse().unwrap(),
            headers: HeaderMap::new(),
            body: None,
        };
        transport().send(request, &limits).await
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_before_a_connection_is_made() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["rebind.test", "localhost", "127.0.0.1", "[::1]", "0x7f.1"] {
            let error = ask(&format!("http://{host}:{port}/"), true).await;
            let error = error.unwrap_err();
            assert!(
                matches!(error, TransportError::NotPublic { .. }),
                "{host}: {error:?}"
            );
        }
        assert!(listener.accept().is_err(), "nobody came");
    }

    #[tokio::test]
    async fn without_the_rule_every_name_is_asked() {
        let api = apiduct_testkit::MockApi::builder()
            .json("/x", &serde_json::json!(1))
            .start();
        let url = format!("http://anything.test:{}/x", api.port());
        assert_eq!(ask(&url, false).await.unwrap().body, "1");
    }
}
