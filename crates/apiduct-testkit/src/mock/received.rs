use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, Version, header};
use serde_json::Value;
use url::form_urlencoded;

/// One request as the server got it, credentials included.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Received {
    /// Position among all requests of this server, from 1.
    pub number: u64,
    /// When it was read to its end, counted from the start of the server by the server's clock.
    pub at: Duration,
    /// The method.
    pub method: Method,
    /// The path as sent, percent-encoded.
    pub path: String,
    /// The query as decoded pairs, in the order sent.
    pub query: Vec<(String, String)>,
    /// The query as sent, without the question mark; empty when there is none.
    pub raw_query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
    /// HTTP version of the request.
    pub version: Version,
    pub(crate) segments: Vec<(String, String)>,
    pub(crate) base_url: Arc<str>,
}

impl Received {
    /// The first query value of this name.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first query value of this name as a number; `None` when it is absent or not a number.
    pub fn number_param(&self, name: &str) -> Option<u64> {
        self.param(name)?.parse().ok()
    }

    /// The decoded part of the path that matched `{name}` in the route's pattern.
    pub fn segment(&self, name: &str) -> Option<&str> {
        self.segments
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A header as text; `None` when it is absent or not ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A cookie of the request.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// The token of `Authorization: Bearer`.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// User and password of `Authorization: Basic`.
    pub fn basic(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }

    /// The body as JSON; `None` when it is not JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as the pairs of a form.
    pub fn form(&self) -> Vec<(String, String)> {
        pairs(&self.body)
    }

    /// The body as text, with replacement characters for what is not UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Path and query as sent.
    pub fn target(&self) -> String {
        if self.raw_query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.raw_query)
        }
    }

    /// An absolute URL on this server.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// Path and query of this request with some query parameters replaced or added.
    pub fn target_with(&self, changes: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in &self.query {
            if !changes.iter().any(|(changed, _)| changed == key) {
                query.append_pair(key, value);
            }
        }
        query.extend_pairs(changes);
        format!("{}?{}", self.path, query.finish())
    }
}

/// Decoded pairs of a query or form.
pub(crate) fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

#[cfg(test)]
pub(crate) fn received(method: &Method, target: &str) -> Received {
    let (path, raw_query) = target.split_once('?').unwrap_or((target, ""));
    Received {
        number: 1,
        at: Duration::ZERO,
        method: method.clone(),
        path: path.to_owned(),
        query: pairs(raw_query.as_bytes()),
        raw_query: raw_query.to_owned(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        version: Version::HTTP_11,
        segments: Vec::new(),
        base_url: Arc::from("http://127.0.0.1:1"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_pairs_are_decoded_in_order() {
        let request = received(&Method::GET, "/x?a=1&b=%20y&a=2");
        assert_eq!(request.param("a"), Some("1"));
        assert_eq!(request.param("b"), Some(" y"));
        assert_eq!(request.number_param("a"), Some(1));
        assert_eq!(request.number_param("b"), None);
        assert_eq!(request.query.len(), 3);
    }

    #[test]
    fn a_link_keeps_the_other_parameters() {
        let request = received(&Method::GET, "/x?state=all&page=1");
        assert_eq!(request.target_with(&[("page", "2")]), "/x?state=all&page=2");
        assert_eq!(request.target(), "/x?state=all&page=1");
        assert_eq!(request.url("/y"), "http://127.0.0.1:1/y");
    }

    #[test]
    fn credentials_are_read_from_their_headers() {
        let mut request = received(&Method::GET, "/");
        request.headers.insert(
            "authorization",
            "Basic dXNlcjpwYXNzOndvcmQ=".parse().unwrap(),
        );
        request
            .headers
            .insert("cookie", "a=1; session=xyz".parse().unwrap());
        assert_eq!(
            request.basic(),
            Some(("user".to_owned(), "pass:word".to_owned()))
        );
        assert_eq!(request.bearer(), None);
        assert_eq!(request.cookie("session"), Some("xyz"));
        assert_eq!(request.cookie("none"), None);
    }
}
