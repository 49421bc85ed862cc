//! Logins by a person, as the file describes them.

use apiduct_client::auth::{AuthorizationCode, DeviceCode, FileTokenStore};
use url::Url;

use crate::error::ConfigErrorKind;
use crate::spec::shown_url;

/// Where a browser comes back to, where the file does not say it; the port is a free one.
const REDIRECT_URI: &str = "http://127.0.0.1/callback";

/// A login that a person does once, by `apiduct auth`; runs use and renew the tokens that it brings.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Login {
    /// Where it stands in the file, such as `client.auth`.
    pub key: String,
    /// How the person logs in.
    pub flow: LoginFlow,
    /// What keeps the tokens.
    pub store: FileTokenStore,
    /// The resources with this authentication of their own; `None` stands for all that have the client's.
    users: Vec<Option<String>>,
}

/// How a person logs in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum LoginFlow {
    /// In a browser on this machine (RFC 8252).
    AuthorizationCode {
        /// The login.
        flow: AuthorizationCode,
        /// Where the browser comes back to: an http URL of this machine, of which a missing port means a free one.
        redirect_uri: Url,
    },
    /// In a browser on any machine, by a short code (RFC 8628).
    DeviceCode(DeviceCode),
}

impl Login {
    pub(super) fn new(
        key: &str,
        user: Option<String>,
        flow: LoginFlow,
        store: FileTokenStore,
    ) -> Self {
        Self {
            key: key.to_owned(),
            flow,
            store,
            users: vec![user],
        }
    }

    pub(super) fn add_user(&mut self, user: Option<String>) {
        self.users.push(user);
    }

    pub(super) fn is_used_by(&self, user: Option<&str>) -> bool {
        self.users.iter().any(|own| own.as_deref() == user)
    }
}

/// Reads `redirect_uri`, which must lead to this machine: a code for tokens comes there in the clear.
pub(super) fn redirect_uri(written: Option<&str>) -> Result<Url, ConfigErrorKind> {
    let written = written.unwrap_or(REDIRECT_URI);
    let parsed = Url::parse(written).ok().filter(|url| {
        let is_here = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        let is_plain = url.query().is_none() && url.fragment().is_none();
        url.scheme() == "http" && is_here && is_plain && url.username().is_empty()
    });
    parsed.ok_or_else(|| ConfigErrorKind::Malformed {
        value: shown_url(written),
        expected: "an http URL of this machine",
        example: "`http://127.0.0.1:8400/callback`",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_comes_back_to_this_machine_only() {
        assert_eq!(redirect_uri(None).unwrap().as_str(), REDIRECT_URI);
        for good in [
            "http://127.0.0.1:8400/callback",
            "http://localhost/",
            "http://[::1]:7/x/y",
        ] {
            assert_eq!(redirect_uri(Some(good)).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "callback",
            "https://127.0.0.1/callback",
            "http://example.com/callback",
            "http://127.0.0.1.example.com/",
            "http://me@localhost/",
            "http://localhost/?a=b",
            "http://localhost/#a",
            "urn:ietf:wg:oauth:2.0:oob",
        ] {
            assert!(redirect_uri(Some(bad)).is_err(), "{bad}");
        }
    }
}
