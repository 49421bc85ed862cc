//! The border to the network: one exchange of one request for one response.
//!
//! A [`Transport`] follows no redirects, retries nothing and knows no credentials; all that is decided above it, by
//! rules that see its [`TransportError`].

#[cfg(feature = "reqwest")]
mod client_certificate;
#[cfg(feature = "reqwest")]
mod cookies;
mod error;
mod network;
pub mod recording;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "reqwest")]
mod resolver;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

#[cfg(feature = "reqwest")]
pub use self::reqwest::{ReqwestTransport, ReqwestTransportBuilder};
pub use error::{TimeLimit, TransportError};
pub(crate) use network::address_of;
pub use network::{Network, is_public};

/// Sends one request and receives one response.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// Makes one exchange. Redirects come back as responses. The body is complete, decompressed, and no larger
    /// than `limits.max_response_bytes`.
    ///
    /// # Errors
    ///
    /// When no complete response came back; never for a status.
    async fn send(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError>;

    /// Like [`Transport::send`], for a request whose answer has credentials, such as a token. Default: the same.
    ///
    /// # Errors
    ///
    /// As [`Transport::send`].
    async fn send_login(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        self.send(request, limits).await
    }

    /// Whether answers come from a recording, so that requests need no credentials. Default: false.
    fn is_replay(&self) -> bool {
        false
    }
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn send(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        (**self).send(request, limits).await
    }

    async fn send_login(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        (**self).send_login(request, limits).await
    }

    fn is_replay(&self) -> bool {
        (**self).is_replay()
    }
}

/// A request in its final form.
#[derive(Clone, PartialEq, Eq)]
pub struct PreparedRequest {
    /// The method.
    pub method: Method,
    /// The URL with the whole query.
    pub url: Url,
    /// All headers but those that belong to the transfer (`Host`, `Content-Length`, `Accept-Encoding`).
    pub headers: HeaderMap,
    /// The body, if there is one.
    pub body: Option<Bytes>,
}

impl fmt::Debug for PreparedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("PreparedRequest")
            .field("method", &self.method)
            .field("url", &without_values(&self.url))
            .field("headers", &names)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish()
    }
}

/// `url` with the names of its parameters only: after auth, any value can be a credential.
pub(crate) fn without_values(url: &Url) -> String {
    let mut shown = url.clone();
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    if let Some(query) = url.query() {
        let names: Vec<&str> = query
            .split('&')
            .map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
            .collect();
        shown.set_query(Some(&names.join("&")));
    }
    shown.into()
}

/// A response as a transport hands it over.
#[derive(Clone)]
pub struct RawResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
    /// Size of the body as transferred, where it is known.
    pub wire_bytes: Option<u64>,
}

impl fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// How long one exchange may take, how large its response may be, and where it may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest time for making a connection, name resolution and TLS included. The built-in transport takes it from
    /// the client, not from a single call. Default 30 s.
    pub connect_timeout: Duration,
    /// Longest silence: until the response begins, connecting included, and between two pieces of it. Less than 1 KiB in
    /// this time counts as silence, so that a server cannot keep a request for ever by a byte now and then. Default 60 s.
    pub idle_timeout: Duration,
    /// Longest time for the whole exchange. Default 30 min; `None` for no bound.
    pub total_timeout: Option<Duration>,
    /// Largest body in bytes, after decompression. Default 256 MiB.
    pub max_response_bytes: u64,
    /// Whether the host must have a public address ([`is_public`]), also after its name was looked up. The built-in
    /// transport then makes the connection itself, past any proxy, since a proxy looks names up on its own.
    /// Default false; [`Network`] sets it where it is due.
    pub public_only: bool,
    /// Whether the host must not see the client's certificate, even if it asks for one. Default false; set for requests
    /// to an origin that may not see credentials.
    pub without_certificate: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_mins(1),
            total_timeout: Some(Duration::from_mins(30)),
            max_response_bytes: 256 * 1024 * 1024,
            public_only: false,
            without_certificate: false,
        }
    }
}
