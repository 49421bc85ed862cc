use std::time::Duration;

use bytes::Bytes;

use super::Reply;

/// A way in which a reply goes wrong.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Another status with a small JSON error as body.
    Status(u16),
    /// The connection is reset before the first byte.
    Reset,
    /// The connection is closed after this share (0 to 1) of the body; `Content-Length` promised all of it.
    Truncate(f64),
    /// A JSON body that ends after this share (0 to 1), with the right `Content-Length` and status 200.
    CutJson(f64),
    /// The body as it is, under this content type.
    ContentType(String),
    /// Status 502 with an HTML page, as proxies send it.
    HtmlPage,
    /// The body arrives in pieces of `chunk` bytes with a `pause` before each.
    Drip {
        /// Bytes at a time; at least 1.
        chunk: usize,
        /// The real wait before each piece.
        pause: Duration,
    },
    /// No answer ever comes; the connection stays open until one side gives up.
    Hang,
}

impl Fault {
    /// Changes what can be changed before delivery; the rest happens on the way.
    pub(super) fn spoil(&self, reply: Reply) -> Reply {
        match self {
            Self::Status(code) => Reply::error(*code, "the server made this up"),
            Self::CutJson(share) => {
                let body = reply.pieces.concat();
                let keep = share_of(body.len() as u64, *share).min(body.len().saturating_sub(1) as u64);
                let keep = usize::try_from(keep).unwrap_or(usize::MAX);
                reply.body(Bytes::from(body).slice(..keep))
            }
            Self::ContentType(content_type) => reply.header("Content-Type", content_type),
            Self::HtmlPage => Reply::html(
                "<!DOCTYPE html><html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>",
            )
            .with_status(502),
            Self::Reset | Self::Truncate(_) | Self::Drip { .. } | Self::Hang => reply,
        }
    }
}

/// The bytes that remain of `length` when `share` of it is kept.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the share is clamped to 0..=1, the length stays below 2^53"
)]
pub(super) fn share_of(length: u64, share: f64) -> u64 {
    (length as f64 * share.clamp(0.0, 1.0)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_json_loses_at_least_one_byte() {
        let reply = Fault::CutJson(1.0).spoil(Reply::json(&[1, 2, 3]));
        assert_eq!(reply.pieces.concat(), b"[1,2,3");
        let empty = Fault::CutJson(0.5).spoil(Reply::status(204));
        assert_eq!(empty.len(), 0);
    }

    #[test]
    fn spoiled_replies_keep_what_they_do_not_change() {
        let reply = Reply::json(&[1]).header("Link", "<x>");
        let typed = Fault::ContentType("text/html".to_owned()).spoil(reply.clone());
        assert_eq!(typed.headers["content-type"], "text/html");
        assert_eq!(typed.headers["link"], "<x>");
        assert_eq!(Fault::HtmlPage.spoil(reply.clone()).status, 502);
        assert_eq!(Fault::Status(500).spoil(reply).status, 500);
    }
}
