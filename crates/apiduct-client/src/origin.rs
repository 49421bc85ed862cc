//! Where credentials may go: the origin of the base URL, and hosts that were named.

use apiduct_model::Redactor;
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, HeaderName, PROXY_AUTHORIZATION};
use url::{Host, Url};

use crate::Request;

/// What to do when a next link, a redirect or an absolute path leads to an origin that the credentials are not for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnForeignOrigin {
    /// An error: nothing is sent there.
    #[default]
    Refuse,
    /// The request is sent without credentials: without auth, cookies, and headers and parameters that are named
    /// like one or hold a registered secret. A request with a body is refused all the same, and so is one whose host
    /// or path holds a secret.
    Strip,
}

/// The origins that credentials are for.
#[derive(Debug, Clone)]
pub(crate) struct CredentialScope {
    base: Url,
    allowed: Vec<AllowedHost>,
}

#[derive(Debug, Clone)]
struct AllowedHost {
    host: Host<String>,
    port: Option<u16>,
}

impl CredentialScope {
    pub(crate) fn new(base: Url) -> Self {
        Self {
            base,
            allowed: Vec::new(),
        }
    }

    /// The origin of the base URL, as text.
    pub(crate) fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// Whether `url` is at the origin of the base URL itself.
    pub(crate) fn is_base(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// Adds `host` or `host:port`; false when it is neither.
    pub(crate) fn allow(&mut self, text: &str) -> bool {
        // A URL parser knows all forms of hosts; what is more than host and port is not one.
        let Ok(url) = Url::parse(&format!("https://{text}/")) else {
            return false;
        };
        let is_bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && !text.ends_with('/');
        let Some(host) = url.host().filter(|_| is_bare) else {
            return false;
        };
        // The parser drops the default port, which was named all the same.
        let port = url.port().or_else(|| text.ends_with(":443").then_some(443));
        let host = host.to_owned();
        self.allowed.push(AllowedHost { host, port });
        true
    }

    /// Whether credentials may go to `url`. A host that was named without a port is meant with the default port of
    /// its scheme; from https nothing leads down to http.
    pub(crate) fn covers(&self, url: &Url) -> bool {
        if self.is_base(url) {
            return true;
        }
        let is_downgrade = url.scheme() != "https" && self.base.scheme() == "https";
        if is_downgrade || !matches!(url.scheme(), "http" | "https") {
            return false;
        }
        self.allowed.iter().any(|allowed| {
            let is_port = match allowed.port {
                Some(port) => url.port_or_known_default() == Some(port),
                None => url.port().is_none(),
            };
            is_port
                && url
                    .host()
                    .is_some_and(|host| host.to_owned() == allowed.host)
        })
    }
}

/// Takes everything off `request` that looks like a credential by its name, or holds a secret that `redactor` knows.
/// False when a secret is left, in a place from which it cannot be taken.
///
/// Parameters of the URL itself are not judged by their names: a link may be signed by who gave it.
pub(crate) fn strip_credentials(request: &mut Request, redactor: &Redactor) -> bool {
    let is_secret = |text: &str| redactor.contains_secret(text);
    let mut kept = HeaderMap::new();
    for (name, value) in &request.headers {
        let is_credential = value.is_sensitive()
            || is_credential_header(name)
            || is_secret(&String::from_utf8_lossy(value.as_bytes()));
        if !is_credential {
            kept.append(name, value.clone());
        }
    }
    request.headers = kept;
    request.params.retain(|(name, value)| {
        !(is_credential_param(name) || is_secret(name) || is_secret(value))
    });
    if let Some(query) = request.url.query() {
        let is_pair_secret = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            is_secret(pair) || is_secret(name) || is_secret(value)
        };
        let pairs = query.split('&').filter(|pair| !is_pair_secret(pair));
        let kept = pairs.collect::<Vec<_>>().join("&");
        request
            .url
            .set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
    }
    // A host stands in lower case, whatever it was made of.
    let host = request.url.host_str().unwrap_or_default();
    !(is_secret(request.url.path()) || redactor.contains_secret_in_any_case(host))
}

/// Whether a header of this name is likely to hold a credential.
pub(crate) fn is_credential_header(name: &HeaderName) -> bool {
    const WORDS: [&str; 6] = ["key", "token", "secret", "password", "auth", "session"];
    [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE].contains(name)
        || WORDS.iter().any(|word| name.as_str().contains(word))
}

/// Whether a parameter of this name is likely to hold a credential. Words like `sort_key` and `page_token` are not.
pub(crate) fn is_credential_param(name: &str) -> bool {
    const NAMES: [&str; 13] = [
        "apikey",
        "accesskey",
        "accesstoken",
        "authtoken",
        "token",
        "key",
        "secret",
        "clientsecret",
        "password",
        "passwd",
        "pwd",
        "auth",
        "signature",
    ];
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    NAMES.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method};

    use super::*;

    fn covers(base: &str, allowed: &[&str], url: &str) -> bool {
        let mut scope = CredentialScope::new(base.parse().unwrap());
        for host in allowed {
            assert!(scope.allow(host), "{host}");
        }
        scope.covers(&url.parse().unwrap())
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (url, covered) in [
            ("https://api.example.com/x", true),
            ("https://API.example.com:443/x", true),
            ("https://api.example.com:8443/x", false),
            ("http://api.example.com/x", false),
            ("https://example.com/x", false),
            ("https://api.example.com.evil.net/x", false),
            ("https://api.example.com@evil.net/x", false),
        ] {
            assert_eq!(
                covers("https://api.example.com/v1", &[], url),
                covered,
                "{url}"
            );
        }
    }

    #[test]
    fn named_hosts_are_covered_on_their_port() {
        let allowed = ["cdn.example.com", "files.example.com:8443", "[::1]"];
        for (url, covered) in [
            ("https://cdn.example.com/x", true),
            ("https://cdn.example.com:8443/x", false),
            ("https://files.example.com:8443/x", true),
            ("https://files.example.com/x", false),
            ("https://[::1]/x", true),
            ("http://cdn.example.com/x", false),
        ] {
            assert_eq!(
                covers("https://api.example.com", &allowed, url),
                covered,
                "{url}"
            );
        }
    }

    #[test]
    fn what_is_no_host_cannot_be_allowed() {
        let mut scope = CredentialScope::new("https://h".parse().unwrap());
        for text in ["", "https://h", "h/x", "h?x", "u@h", "h:port", "h/"] {
            assert!(!scope.allow(text), "{text}");
        }
    }

    #[test]
    fn stripping_takes_credentials_and_leaves_the_rest() {
        let mut request = Request::new(Method::GET, "https://h/".parse().unwrap());
        for name in ["accept", "x-api-key", "authorization", "cookie", "x-auth"] {
            request.headers.insert(name, HeaderValue::from_static("v"));
        }
        let mut secret = HeaderValue::from_static("v");
        secret.set_sensitive(true);
        request.headers.insert("x-plain", secret);
        request.params = vec![
            ("API-Key".into(), "v".into()),
            ("sort_key".into(), "v".into()),
            ("page".into(), "1".into()),
        ];
        assert!(strip_credentials(&mut request, &Redactor::default()));
        let names: Vec<&str> = request
            .headers
            .keys()
            .map(http::HeaderName::as_str)
            .collect();
        assert_eq!(names, ["accept"]);
        let names: Vec<&str> = request
            .params
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["sort_key", "page"]);
    }
}
