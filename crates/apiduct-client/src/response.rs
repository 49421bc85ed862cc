//! A response, whole and decoded.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use apiduct_model::{Redactor, redact_url};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use crate::error::{Cause, Error, NotJson, StatusError};
use crate::{Request, charset};

/// How much of a body an error may show if nobody says otherwise, in characters.
pub(crate) const ERROR_EXCERPT: usize = 300;

/// What came back for a request, after redirects and retries.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed. On a page in another format ([`crate::format`]) it is the JSON that was made of it.
    pub body: Bytes,
    /// The URL that answered, after redirects.
    pub url: Url,
    /// The method of the last exchange.
    pub method: Method,
    /// How many times the request was tried, from 1; 0 for a page that an earlier walk had kept.
    pub attempts: u32,
    /// How many of the tries were refused with status 429.
    pub rate_limited: u32,
    /// How much of `elapsed` was spent waiting to be allowed to go on: for the declared rate, for the server's rate limit,
    /// and between two tries. Of requests that wait for one rate together, only the first counts. Waits of requests for
    /// tokens, and waits for other requests to be answered, are none of it.
    pub throttled: Duration,
    /// How many redirects were followed in the last try.
    pub redirects: u32,
    /// Time from the first try to the end of the last, waits included.
    pub elapsed: Duration,
    /// Size of the body as it was transferred, where the transport knows it.
    pub wire_bytes: Option<u64>,
    /// Why an error status was not (or no longer) retried although it could have been.
    pub retry_stop: Option<RetryStop>,
    /// The request of the last exchange, without what auth added; `None` for a response that was not fetched.
    pub request: Option<Arc<Request>>,
    pub(crate) redactor: Redactor,
    pub(crate) error_excerpt: usize,
    /// Whether the body was in another format and is JSON in its place, in UTF-8.
    pub(crate) is_decoded: bool,
}

/// Why there was no further try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryStop {
    /// All tries that the configuration allows were made.
    Exhausted,
    /// The server asked for a longer wait than we are willing to make.
    WaitTooLong {
        /// The wait that the server asked for.
        asked: Duration,
        /// The longest wait that the configuration allows.
        max_wait: Duration,
    },
    /// Too many requests to this origin failed lately.
    BudgetSpent,
    /// Repeating the request could do something twice.
    NotIdempotent,
}

impl Response {
    /// A response that was not fetched; for tests and for hooks that replace one.
    pub fn new(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>, url: Url) -> Self {
        Self {
            status,
            headers,
            body: body.into(),
            url,
            method: Method::GET,
            attempts: 1,
            rate_limited: 0,
            throttled: Duration::ZERO,
            elapsed: Duration::ZERO,
            wire_bytes: None,
            retry_stop: None,
            redirects: 0,
            request: None,
            redactor: Redactor::default(),
            error_excerpt: ERROR_EXCERPT,
            is_decoded: false,
        }
    }

    /// The body as text, in the encoding that the headers or a byte-order mark name, else UTF-8. Bytes that do
    /// not fit the encoding become replacement characters.
    pub fn text(&self) -> Cow<'_, str> {
        match charset::to_utf8(&self.body, self.text_type()) {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// The body as a value of type `T`.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] when the body is not JSON, or not of that shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let bytes = charset::to_utf8(&self.body, self.text_type());
        serde_json::from_slice(&bytes).map_err(|error| self.not_json(&error))
    }

    /// The phrase that belongs to the status: `Not Found`. Empty for a status without one.
    pub fn reason(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or_default()
    }

    /// Header `name` as text; `None` when it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The `Content-Type` header.
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }

    /// This response, or an error for a status of 400 or more.
    ///
    /// # Errors
    ///
    /// [`Error::Status`] with method, URL and the beginning of the body, secrets masked; how much of the body is for
    /// [`ClientBuilder::error_excerpt`](crate::ClientBuilder::error_excerpt) to say.
    pub fn error_for_status(self) -> Result<Self, Error> {
        if self.status.as_u16() < 400 {
            return Ok(self);
        }
        Err(self.status_error())
    }

    /// The content type as far as it says how text is encoded.
    pub(crate) fn text_type(&self) -> Option<&str> {
        self.content_type().filter(|_| !self.is_decoded)
    }

    /// Puts the JSON that was made of the body in its place.
    pub(crate) fn become_json(&mut self, text: Bytes) {
        self.body = text;
        self.is_decoded = true;
    }

    pub(crate) fn status_error(&self) -> Error {
        Error::Status(Box::new(StatusError {
            method: self.method.clone(),
            url: self.shown_url(),
            status: self.status,
            attempts: self.attempts,
            elapsed: self.elapsed,
            excerpt: self.excerpt(),
            retry_stop: self.retry_stop,
        }))
    }

    /// Whether there is no body to read records from.
    pub fn is_bodiless(&self) -> bool {
        matches!(self.status.as_u16(), 204 | 205) || self.body.trim_ascii().is_empty()
    }

    pub(crate) fn shown_url(&self) -> String {
        self.redactor.redact_url(&self.url)
    }

    /// The beginning of the body on one line, secrets masked; empty when there is no body.
    pub(crate) fn excerpt(&self) -> String {
        let limit = self.error_excerpt;
        if limit == 0 {
            return String::new();
        }
        // Masked before it is cut: half a secret would not be found.
        let head = &self.body[..self.body.len().min(limit.saturating_mul(4).max(64 * 1024))];
        let text = String::from_utf8_lossy(head);
        let masked = self.redactor.redact(&text);
        let mut words = masked.split_whitespace();
        let mut line = words.next().unwrap_or_default().to_owned();
        for word in words {
            line.push(' ');
            line.push_str(word);
            if line.len() > limit.saturating_mul(4) {
                break;
            }
        }
        match line.char_indices().nth(limit) {
            Some((at, _)) => format!("{}…", &line[..at]),
            None => line,
        }
    }

    pub(crate) fn not_json(&self, problem: &dyn fmt::Display) -> Error {
        self.not_of_format("JSON", problem)
    }

    pub(crate) fn not_of_format(&self, format: &'static str, problem: &dyn fmt::Display) -> Error {
        Error::Json(Box::new(NotJson {
            format,
            method: self.method.clone(),
            url: self.shown_url(),
            status: self.status,
            content_type: self.content_type().unwrap_or("none").to_owned(),
            excerpt: self.excerpt(),
            attempts: self.attempts,
            problem: Cause::masked(problem, &self.redactor),
        }))
    }
}

/// Shows what answered and how, in one line: `GET https://h/posts answered 200 OK (812 bytes)`.
impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (url, status, bytes) = (self.shown_url(), self.status, self.body.len());
        write!(f, "{} {url} answered {status} ({bytes} bytes)", self.method)
    }
}

/// Shows neither headers nor body: both can hold secrets.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("url", &self.redactor.redact(&redact_url(&self.url)))
            .field("body_bytes", &self.body.len())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use apiduct_model::SecretText;
    use http::HeaderValue;

    use super::*;

    fn response(content_type: &'static str, body: &'static [u8]) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Response::new(StatusCode::OK, headers, body, "http://h/x".parse().unwrap())
    }

    #[test]
    fn text_follows_the_encoding_and_survives_broken_bytes() {
        assert_eq!(response("text/plain; charset=latin1", b"\xE4").text(), "ä");
        assert_eq!(
            response("application/json", "\"ä\"".as_bytes()).text(),
            "\"ä\""
        );
        assert_eq!(response("text/plain", b"a\xFFb").text(), "a\u{FFFD}b");
    }

    #[test]
    fn json_of_another_shape_is_an_error_that_shows_the_body() {
        let response = response("application/json", br#"{"a": 1}"#);
        assert_eq!(response.json::<serde_json::Value>().unwrap()["a"], 1);
        let error = response.json::<Vec<u8>>().unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"GET http://h/x answered 200 with something else than JSON (content type application/json): `{"a": 1}`"#
        );
    }

    #[test]
    fn an_excerpt_is_one_line_cut_and_masked() {
        let mut response = response("text/plain", b"");
        response.body = format!("a\n  b {}secret-secret", "x".repeat(290)).into();
        response
            .redactor
            .register(&SecretText::from("secret-secret"));
        let excerpt = response.excerpt();
        assert!(
            excerpt.starts_with("a b xxx") && excerpt.ends_with("x***"),
            "{excerpt}"
        );
        response.body = "ü".repeat(400).into();
        assert_eq!(response.excerpt(), format!("{}…", "ü".repeat(300)));
    }

    #[test]
    fn a_body_of_nothing_but_space_is_no_body() {
        assert!(response("application/json", b" \n").is_bodiless());
        assert!(!response("application/json", b"null").is_bodiless());
        let mut created = response("application/json", b"{}");
        created.status = StatusCode::NO_CONTENT;
        assert!(created.is_bodiless());
    }
}
