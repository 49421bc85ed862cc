use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use super::Fault;

/// What the server answers: status, headers, body, and how badly to deliver them.
///
/// ```
/// use std::time::Duration;
/// use apiduct_testkit::{Fault, Reply};
/// use serde_json::json;
///
/// let page = Reply::json(&json!({"data": [{"id": 1}]})).header("X-Total", "1");
/// let slow = Reply::status(503).header("Retry-After", "4").delay(Duration::from_millis(20));
/// let broken = page.clone().fault(Fault::Truncate(0.5));
/// ```
#[derive(Debug, Clone)]
pub struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) pieces: Vec<Bytes>,
    pub(crate) delay: Duration,
    pub(crate) fault: Option<Fault>,
    pub(crate) chunked: bool,
}

impl Reply {
    /// An empty reply of this status.
    ///
    /// # Panics
    /// When `code` is not between 100 and 999.
    pub fn status(code: u16) -> Self {
        Self {
            status: StatusCode::from_u16(code).expect("a status code has three digits"),
            headers: HeaderMap::new(),
            pieces: Vec::new(),
            delay: Duration::ZERO,
            fault: None,
            chunked: false,
        }
    }

    /// 200 with the value as JSON.
    ///
    /// # Panics
    /// When the value cannot be written as JSON (a map with keys that are not text).
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        let text =
            serde_json::to_vec(value).expect("the reply of a mock API can be written as JSON");
        Self::raw_json(text)
    }

    /// 200 with this text as JSON, byte by byte as given, valid or not.
    pub fn raw_json(text: impl Into<Bytes>) -> Self {
        Self::typed("application/json", text)
    }

    /// 200 with plain text.
    pub fn text(text: impl Into<Bytes>) -> Self {
        Self::typed("text/plain; charset=utf-8", text)
    }

    /// 200 with an HTML page.
    pub fn html(text: impl Into<Bytes>) -> Self {
        Self::typed("text/html; charset=utf-8", text)
    }

    /// 200 with these bytes and no content type.
    pub fn bytes(body: impl Into<Bytes>) -> Self {
        Self::status(200).body(body)
    }

    /// A redirect by status 302; change it by [`Reply::with_status`].
    pub fn redirect(location: &str) -> Self {
        Self::status(302).header(LOCATION.as_str(), location)
    }

    /// A JSON error in the shape `{"error": {"message": ...}}`.
    pub fn error(code: u16, message: &str) -> Self {
        Self::json(&serde_json::json!({"error": {"message": message}})).with_status(code)
    }

    /// A JSON list of about `bytes` bytes, whose memory is shared: cheap at any size.
    pub fn oversized(bytes: u64) -> Self {
        const BLOCK: usize = 64 * 1024;
        let block = Bytes::from(vec![b' '; BLOCK]);
        let blocks = usize::try_from(bytes / BLOCK as u64).unwrap_or(usize::MAX);
        let mut reply = Self::typed("application/json", Bytes::from_static(b"["));
        reply.pieces.extend(std::iter::repeat_n(block, blocks));
        reply.pieces.push(Bytes::from_static(b"]"));
        reply
    }

    /// A gzip body that is small on the wire and decodes to a JSON list of `decoded_bytes` bytes.
    pub fn gzip_bomb(decoded_bytes: u64) -> Self {
        let plain = Self::oversized(decoded_bytes);
        let body = gzip(&plain.pieces);
        Self::typed("application/json", body).header(CONTENT_ENCODING.as_str(), "gzip")
    }

    /// Replaces the status.
    ///
    /// # Panics
    /// When `code` is not between 100 and 999.
    #[must_use]
    pub fn with_status(self, code: u16) -> Self {
        let status = Self::status(code).status;
        Self { status, ..self }
    }

    /// Replaces the body and keeps all else.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.pieces = vec![body.into()];
        self
    }

    /// Replaces the body by pieces that are sent one after another, without a copy.
    #[must_use]
    pub fn pieces(mut self, pieces: Vec<Bytes>) -> Self {
        self.pieces = pieces;
        self
    }

    /// Adds a header; a name may be given several times. `Content-Type` replaces the one that is there.
    ///
    /// # Panics
    /// When name or value are not those of a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes())
            .expect("a header name of a mock reply is valid");
        let value = HeaderValue::from_str(value).expect("a header value of a mock reply is valid");
        if name == CONTENT_TYPE {
            self.headers.insert(name, value);
        } else {
            self.headers.append(name, value);
        }
        self
    }

    /// Waits this long, really, before the reply's first byte; on top of the server's latency.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Delivers the reply with this fault.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Sends no `Content-Length`: the body is chunked.
    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// Compresses the body.
    #[must_use]
    pub fn gzipped(mut self) -> Self {
        self.pieces = vec![gzip(&self.pieces)];
        self.header(CONTENT_ENCODING.as_str(), "gzip")
    }

    pub(crate) fn len(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.len() as u64).sum()
    }

    fn typed(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut reply = Self::bytes(body);
        reply
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        reply
    }
}

fn gzip(pieces: &[Bytes]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for piece in pieces {
        encoder
            .write_all(piece)
            .expect("compressing into memory cannot fail");
    }
    let compressed = encoder
        .finish()
        .expect("compressing into memory cannot fail");
    Bytes::from(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oversized_reply_shares_its_memory() {
        let reply = Reply::oversized(1 << 30);
        assert_eq!(reply.len(), (1 << 30) + 2);
        assert_eq!(reply.pieces[1].as_ptr(), reply.pieces[2].as_ptr());
    }

    #[test]
    fn a_bomb_is_small_on_the_wire() {
        let bomb = Reply::gzip_bomb(10 << 20);
        assert!(bomb.len() < 100_000, "{}", bomb.len());
        assert_eq!(bomb.headers[CONTENT_ENCODING], "gzip");
    }

    #[test]
    fn a_content_type_is_replaced_and_other_headers_add_up() {
        let reply = Reply::json(&[1, 2])
            .header("content-type", "text/html")
            .header("Set-Cookie", "a=1")
            .header("Set-Cookie", "b=2");
        assert_eq!(reply.headers.get_all(CONTENT_TYPE).iter().count(), 1);
        assert_eq!(reply.headers.get_all("set-cookie").iter().count(), 2);
        assert_eq!(reply.pieces, [Bytes::from_static(b"[1,2]")]);
    }
}
