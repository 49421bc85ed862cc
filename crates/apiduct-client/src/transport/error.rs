//! Why an exchange failed, sorted by what can be done about it.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use apiduct_model::Hint;

use crate::error::Cause;

/// Why no complete response came back. Whether it is retried stands beside each kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The host name has no address. Retried.
    #[error("host name `{host}` cannot be resolved")]
    Dns {
        /// The name.
        host: String,
        /// What the resolver said.
        source: Cause,
    },
    /// No connection could be made. Retried.
    #[error("cannot connect to `{host}`")]
    Connect {
        /// Host and port, of the server or of a proxy.
        host: String,
        /// What the system said.
        source: Cause,
    },
    /// The server's certificate is not trusted, or the two sides share no TLS version. Not retried.
    #[error("no trusted TLS connection to `{host}`")]
    Tls {
        /// Host and port.
        host: String,
        /// What the TLS library said.
        source: Cause,
    },
    /// The host is in a private network, where this request must not go. Not retried.
    #[error("`{host}` is at {address}, which is no public address")]
    NotPublic {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
    },
    /// A time limit ran out. Retried.
    #[error("the {which} time limit of {limit:?} ran out")]
    Timeout {
        /// The limit that ran out.
        which: TimeLimit,
        /// Its length.
        limit: Duration,
    },
    /// The connection broke before the response was complete. Retried.
    #[error("the connection broke after {received} bytes of the body")]
    Broken {
        /// Decoded bytes of the body that had arrived.
        received: u64,
        /// What the connection said.
        source: Cause,
    },
    /// The body is larger than allowed. Not retried.
    #[error("the response is larger than `max_response_bytes` ({limit} bytes)")]
    TooLarge {
        /// The largest size allowed.
        limit: u64,
    },
    /// The body does not decompress. Not retried.
    #[error("the response body does not decompress")]
    Decode {
        /// What the decoder said.
        source: Cause,
    },
    /// The URL cannot be requested. Not retried.
    #[error("the URL cannot be requested: {reason}")]
    InvalidUrl {
        /// Why.
        reason: String,
    },
    /// The number of requests that the caller allows is spent. Never retried; no request left.
    #[error("the allowed number of requests is spent")]
    Quota,
    /// The server asked for no further request before a time that is too far away. Never retried; no request left.
    #[error("the server asked for no request within the next {} s, above `max_wait` ({} s)", asked.as_secs(), max_wait.as_secs())]
    Paused {
        /// How long it is until then.
        asked: Duration,
        /// The longest wait that the configuration allows.
        max_wait: Duration,
    },
    /// The recording that answers has no such request. Not retried; no request left.
    #[error("the recording has no answer to {request}")]
    NotRecorded {
        /// Method and URL.
        request: String,
        /// The recorded request that is most like it.
        nearest: Option<String>,
    },
    /// Anything else. Not retried.
    #[error("the exchange failed")]
    Other {
        /// What the transport said.
        source: Cause,
    },
}

/// One of the time limits of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeLimit {
    /// For making a connection.
    Connect,
    /// For silence.
    Idle,
    /// For the whole exchange.
    Total,
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connect",
            Self::Idle => "idle",
            Self::Total => "total",
        })
    }
}

impl TransportError {
    /// Whether another try can help.
    pub fn is_retried(&self) -> bool {
        match self {
            Self::Dns { .. }
            | Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Broken { .. } => true,
            Self::Tls { .. }
            | Self::NotPublic { .. }
            | Self::TooLarge { .. }
            | Self::Decode { .. }
            | Self::InvalidUrl { .. }
            | Self::Quota
            | Self::Paused { .. }
            | Self::NotRecorded { .. }
            | Self::Other { .. } => false,
        }
    }

    /// Whether the request certainly never reached the server, so that repeating it cannot do something twice.
    pub fn never_left(&self) -> bool {
        matches!(
            self,
            Self::Dns { .. }
                | Self::Connect { .. }
                | Self::Tls { .. }
                | Self::NotPublic { .. }
                | Self::InvalidUrl { .. }
                | Self::Quota
                | Self::Paused { .. }
                | Self::NotRecorded { .. }
                | Self::Timeout {
                    which: TimeLimit::Connect,
                    ..
                }
        )
    }

    /// The same error with every text passed through `mask`.
    #[must_use]
    pub(crate) fn masked(mut self, mask: impl Fn(&str) -> String) -> Self {
        match &mut self {
            Self::Dns { source, .. }
            | Self::Connect { source, .. }
            | Self::Tls { source, .. }
            | Self::Broken { source, .. }
            | Self::Decode { source }
            | Self::Other { source } => *source = Cause::new(mask(source.text())),
            Self::InvalidUrl { reason } => *reason = mask(reason),
            Self::NotRecorded { request, nearest } => {
                *request = mask(request);
                *nearest = nearest.take().map(|nearest| mask(&nearest));
            }
            Self::NotPublic { .. }
            | Self::Timeout { .. }
            | Self::TooLarge { .. }
            | Self::Quota
            | Self::Paused { .. } => {}
        }
        self
    }
}

impl Hint for TransportError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Dns { .. } => "check the host in `base_url`, and that this machine is online",
            Self::Connect { .. } => {
                "check host and port in `base_url`, and the proxy variables of the environment"
            }
            Self::Tls { .. } => {
                "check that `base_url` names the right host; for a private certificate authority set `ca_bundle`, for a server that asks for a certificate `client_certificate`"
            }
            Self::Timeout {
                which: TimeLimit::Connect,
                ..
            } => "check host and port in `base_url`, or raise `connect_timeout`",
            Self::Timeout { .. } => "ask for smaller pages, or raise `timeout`",
            Self::TooLarge { .. } => "ask for smaller pages, or raise `max_response_bytes`",
            Self::NotPublic { .. } => {
                "the server may not lead there; if it is right, set `network: any` for this source"
            }
            Self::Decode { .. } => "try the header `Accept-Encoding: identity`",
            Self::Paused { .. } => "raise `max_wait` to keep waiting, or run again later",
            Self::NotRecorded {
                nearest: Some(nearest),
                ..
            } => {
                return Some(format!(
                    "the nearest that it has is {nearest}; if the requests have changed, record them anew"
                ));
            }
            Self::NotRecorded { nearest: None, .. } => "the recording is empty; record it anew",
            Self::Broken { .. } | Self::InvalidUrl { .. } | Self::Quota | Self::Other { .. } => {
                return None;
            }
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_of_the_connection_are_retried() {
        let source = || Cause::new("x");
        let host = || "h".to_owned();
        for (error, retried, never_left) in [
            (
                TransportError::Dns {
                    host: host(),
                    source: source(),
                },
                true,
                true,
            ),
            (
                TransportError::Connect {
                    host: host(),
                    source: source(),
                },
                true,
                true,
            ),
            (
                TransportError::Tls {
                    host: host(),
                    source: source(),
                },
                false,
                true,
            ),
            (
                TransportError::Broken {
                    received: 0,
                    source: source(),
                },
                true,
                false,
            ),
            (TransportError::TooLarge { limit: 1 }, false, false),
            (TransportError::Decode { source: source() }, false, false),
        ] {
            assert_eq!(error.is_retried(), retried, "{error}");
            assert_eq!(error.never_left(), never_left, "{error}");
        }
    }

    #[test]
    fn a_timeout_is_retried_and_safe_only_while_connecting() {
        for (which, never_left) in [(TimeLimit::Connect, true), (TimeLimit::Idle, false)] {
            let error = TransportError::Timeout {
                which,
                limit: Duration::from_secs(2),
            };
            assert!(error.is_retried());
            assert_eq!(error.never_left(), never_left);
            assert_eq!(
                error.to_string(),
                format!("the {which} time limit of 2s ran out")
            );
        }
    }
}
