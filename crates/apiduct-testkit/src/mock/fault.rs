use std::time::Duration;

use bytes::Bytes;

use super::place::separators;
use super::{Place, Reply};
use crate::random::Random;

/// A way in which a reply goes wrong.
///
/// The eight kinds that `toxiproxy` made known are all here:
///
/// | toxic | here |
/// |---|---|
/// | latency, jitter | [`Fault::Latency`]; without a fault [`Reply::delay`], [`MockApiBuilder::latency`](super::MockApiBuilder::latency) |
/// | down | [`MockApi::down`](super::MockApi::down), [`Switch`](super::Switch) |
/// | bandwidth | [`Fault::Bandwidth`] |
/// | slow close | [`Fault::SlowClose`] |
/// | timeout | [`Fault::Timeout`], [`Fault::Hang`] |
/// | reset peer | [`Fault::Reset`], [`Fault::ResetAt`]; when a connection is accepted, [`Accept::Reset`](super::Accept::Reset) |
/// | slicer | [`Fault::Slice`] |
/// | limit data | [`Fault::LimitData`], [`Fault::Truncate`], [`Fault::TruncateAt`] |
///
/// Which request they strike is the handler's affair ([`Reply::fault`]), or [`Chaos`](super::Chaos) draws it. Waits are
/// real: keep them to milliseconds. Faults of the byte stream belong to HTTP/1; over HTTP/2 a reset of the whole
/// connection takes the place of [`Fault::Timeout`] and of those that follow it here down to [`Fault::Bandwidth`].
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
    /// The first byte comes after `base`, give or take at most `jitter`, drawn by the number of the request.
    Latency {
        /// The wait in the middle.
        base: Duration,
        /// The largest difference from it.
        jitter: Duration,
    },
    /// A JSON body that ends at a place of this kind, with the right `Content-Length` and status 200.
    CutAt(Place),
    /// One comma or colon of a JSON body is another character; its length is right.
    MalformedJson,
    /// The body is UTF-16 without a mark and says that it is UTF-8.
    WrongCharset,
    /// A gzip body that does not decompress; its length is right.
    BrokenGzip(BrokenGzip),
    /// Silence, then an orderly close without an answer.
    Timeout {
        /// The length of the silence.
        after: Duration,
    },
    /// The connection is reset at this stage.
    ResetAt(Stage),
    /// The connection is closed after this many bytes of the answer, head included.
    LimitData(u64),
    /// The connection is closed at a place of this kind in the JSON body; `Content-Length` promised all of it.
    TruncateAt(Place),
    /// `Content-Length` is this much too small; the connection stays open with the rest of the body on it.
    ShortLength(u64),
    /// `Content-Length` is this much too large; the connection is closed after the body.
    LongLength(u64),
    /// The body is chunked, and the chunks are wrong.
    BrokenChunks(BrokenChunks),
    /// The body ends with the connection, which is closed late.
    SlowClose {
        /// The wait between the last byte and the close.
        after: Duration,
    },
    /// The answer comes in slices of `size` bytes, give or take at most `spread`, with a `pause` after each.
    Slice {
        /// The size in the middle; a slice has at least one byte.
        size: usize,
        /// The largest difference from it.
        spread: usize,
        /// The real wait after each slice.
        pause: Duration,
    },
    /// The answer comes at this speed.
    Bandwidth {
        /// Bytes in a second; at least 500.
        bytes_per_second: u64,
    },
}

/// How far an answer got when its connection is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The request was read, no byte of the answer sent.
    BeforeHead,
    /// In the middle of the headers.
    InHead,
    /// The headers were sent, no byte of the body.
    AfterHead,
    /// In the middle of the body.
    InBody,
    /// The whole body was sent in chunks, but not the empty chunk that ends it.
    BeforeLastChunk,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::BeforeHead,
        Self::InHead,
        Self::AfterHead,
        Self::InBody,
        Self::BeforeLastChunk,
    ];
}

/// What is wrong with a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokenChunks {
    /// The size of the second chunk is no number.
    Size,
    /// The first chunk is longer than its size says.
    Delimiter,
    /// The connection is closed before the empty chunk that ends the body.
    Unfinished,
}

impl BrokenChunks {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Size, Self::Delimiter, Self::Unfinished];
}

/// What is wrong with a gzip body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokenGzip {
    /// It does not begin like gzip.
    Header,
    /// A byte in the middle is another one.
    Middle,
    /// The checksum at its end is wrong.
    Checksum,
    /// It ends early.
    Cut,
}

impl BrokenGzip {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Header, Self::Middle, Self::Checksum, Self::Cut];

    fn spoil(self, mut zipped: Vec<u8>) -> Vec<u8> {
        let length = zipped.len();
        match self {
            Self::Header => zipped[0] ^= 0xff,
            Self::Middle => zipped[length / 2] ^= 0xff,
            Self::Checksum => zipped[length - 8] ^= 0xff,
            Self::Cut => zipped.truncate(length / 2),
        }
        zipped
    }
}

impl Fault {
    /// Changes what can be changed before delivery; the rest happens on the way.
    pub(super) fn spoil(&self, reply: Reply, draw: u64) -> Reply {
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
            Self::CutAt(place) => {
                let body = Bytes::from(reply.pieces.concat());
                let kept = place.find(&body, draw);
                reply.body(body.slice(..kept))
            }
            Self::MalformedJson => malformed(reply, draw),
            Self::WrongCharset => {
                let body = reply.pieces.concat();
                let text = String::from_utf8_lossy(&body);
                let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
                let reply = reply.body(wide);
                reply.header("Content-Type", "application/json; charset=utf-8")
            }
            Self::BrokenGzip(how) => {
                let reply = reply.gzipped();
                let zipped = reply.pieces.concat();
                reply.body(how.spoil(zipped))
            }
            _ => reply,
        }
    }

    /// The wait before the first byte.
    pub(crate) fn delay(&self, draw: u64) -> Duration {
        match self {
            Self::Latency { base, jitter } => {
                let share = Random::new(draw).share();
                (*base + jitter.mul_f64(share * 2.0)).saturating_sub(*jitter)
            }
            _ => Duration::ZERO,
        }
    }
}

fn malformed(reply: Reply, draw: u64) -> Reply {
    let mut body = reply.pieces.concat();
    let separators = separators(&body);
    let index = usize::try_from(draw % (separators.len() as u64).max(1)).unwrap_or_default();
    let at = separators.get(index).copied();
    if let Some(byte) = body.get_mut(at.unwrap_or_default()) {
        *byte = b';';
    }
    reply.body(body)
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
        let reply = Fault::CutJson(1.0).spoil(Reply::json(&[1, 2, 3]), 0);
        assert_eq!(reply.pieces.concat(), b"[1,2,3");
        let empty = Fault::CutJson(0.5).spoil(Reply::status(204), 0);
        assert_eq!(empty.len(), 0);
    }

    #[test]
    fn malformed_json_has_the_right_length_and_does_not_parse() {
        let reply = Reply::json(&serde_json::json!({"data": [{"id": 1}, {"id": 2}]}));
        let whole = reply.len();
        for draw in 0..8 {
            let body = Fault::MalformedJson
                .spoil(reply.clone(), draw)
                .pieces
                .concat();
            assert_eq!(body.len() as u64, whole);
            assert!(serde_json::from_slice::<serde_json::Value>(&body).is_err());
        }
        let single = Fault::MalformedJson.spoil(Reply::json(&7), 3);
        assert_eq!(single.pieces.concat(), b";");
        assert_eq!(Fault::MalformedJson.spoil(Reply::status(204), 0).len(), 0);
    }

    #[test]
    fn jitter_stays_around_its_base() {
        let millis = Duration::from_millis;
        let latency = Fault::Latency {
            base: millis(10),
            jitter: millis(4),
        };
        let delays: Vec<Duration> = (0..100).map(|draw| latency.delay(draw)).collect();
        assert!(
            delays
                .iter()
                .all(|delay| (millis(6)..=millis(14)).contains(delay))
        );
        assert!(delays.iter().any(|delay| *delay < millis(8)));
        assert!(delays.iter().any(|delay| *delay > millis(12)));
        assert_eq!(delays[7], latency.delay(7));
    }

    #[test]
    fn spoiled_replies_keep_what_they_do_not_change() {
        let reply = Reply::json(&[1]).header("Link", "<x>");
        let typed = Fault::ContentType("text/html".to_owned()).spoil(reply.clone(), 0);
        assert_eq!(typed.headers["content-type"], "text/html");
        assert_eq!(typed.headers["link"], "<x>");
        assert_eq!(Fault::HtmlPage.spoil(reply.clone(), 0).status, 502);
        assert_eq!(Fault::Status(500).spoil(reply, 0).status, 500);
    }
}
