//! Failures, by what can be chosen about them.

use std::fmt;

use crate::transport::TransportError;

/// A kind of failure, for [`super::RetryConfig::kinds`]. Failures that another try cannot help, such as a response above
/// the largest size or a spent number of requests, belong to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryKind {
    /// The host name has no address.
    Dns,
    /// No connection could be made.
    Connect,
    /// The two sides do not trust each other.
    Tls,
    /// A time limit ran out.
    Timeout,
    /// The connection was reset or closed, or the response ended too early.
    Broken,
    /// The body does not decompress.
    Decode,
    /// The response came whole, and its JSON is cut or broken.
    BrokenJson,
    /// A page after the first has nothing where the records should be.
    NoRecords,
    /// Anything else that a transport says.
    Other,
}

impl RetryKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Broken,
        Self::Decode,
        Self::BrokenJson,
        Self::NoRecords,
        Self::Other,
    ];

    /// The kinds that are retried where nothing else is said: those that pass.
    pub const DEFAULT: [Self; 6] = [
        Self::Dns,
        Self::Connect,
        Self::Timeout,
        Self::Broken,
        Self::BrokenJson,
        Self::NoRecords,
    ];

    /// The kind of `error`, if another try could help at all.
    ///
    /// ```
    /// use apiduct_client::TransportError;
    /// use apiduct_client::retry::RetryKind;
    ///
    /// assert_eq!(RetryKind::of(&TransportError::TooLarge { limit: 1 }), None);
    /// ```
    pub fn of(error: &TransportError) -> Option<Self> {
        Some(match error {
            TransportError::Dns { .. } => Self::Dns,
            TransportError::Connect { .. } => Self::Connect,
            TransportError::Tls { .. } => Self::Tls,
            TransportError::Timeout { .. } => Self::Timeout,
            TransportError::Broken { .. } => Self::Broken,
            TransportError::Decode { .. } => Self::Decode,
            TransportError::Other { .. } => Self::Other,
            TransportError::NotPublic { .. }
            | TransportError::TooLarge { .. }
            | TransportError::InvalidUrl { .. }
            | TransportError::Quota
            | TransportError::Paused { .. }
            | TransportError::NotRecorded { .. } => return None,
        })
    }

    /// The kind as configurations write it: `connect`, `broken_json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
            Self::Decode => "decode",
            Self::BrokenJson => "broken_json",
            Self::NoRecords => "no_records",
            Self::Other => "other",
        }
    }

    /// The kind of this [`RetryKind::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for RetryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::Cause;
    use crate::transport::TimeLimit;

    fn errors() -> Vec<TransportError> {
        let (host, source) = (|| "h".to_owned(), || Cause::new("x"));
        vec![
            TransportError::Dns {
                host: host(),
                source: source(),
            },
            TransportError::Connect {
                host: host(),
                source: source(),
            },
            TransportError::Tls {
                host: host(),
                source: source(),
            },
            TransportError::Timeout {
                which: TimeLimit::Idle,
                limit: Duration::ZERO,
            },
            TransportError::Broken {
                received: 0,
                source: source(),
            },
            TransportError::Decode { source: source() },
            TransportError::Other { source: source() },
            TransportError::TooLarge { limit: 1 },
            TransportError::Quota,
        ]
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        for kind in RetryKind::ALL {
            assert_eq!(RetryKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(RetryKind::from_name("Connect"), None);
    }

    #[test]
    fn the_default_is_what_passes() {
        for error in errors() {
            let kind = RetryKind::of(&error);
            let is_default = kind.is_some_and(|kind| RetryKind::DEFAULT.contains(&kind));
            assert_eq!(is_default, error.is_retried(), "{error}");
        }
    }
}
