use std::time::Duration;

use bytes::Bytes;

use super::{Received, Reply};
use crate::random::Random;

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

/// Faults that strike at random, the same for the same seed.
///
/// What happens to a request depends on the seed, the request (method, target, body) and on how often that very
/// request came before: not on the order in which concurrent requests arrive.
///
/// ```
/// use apiduct_testkit::{Chaos, Fault};
///
/// let chaos = Chaos::seed(7)
///     .rate(Fault::Status(503), 0.02)
///     .rate(Fault::Reset, 0.01)
///     .at_most_in_a_row(3);
/// ```
#[derive(Debug, Clone)]
pub struct Chaos {
    seed: u64,
    rates: Vec<(Fault, f64)>,
    longest_run: u32,
}

impl Chaos {
    /// No faults yet.
    pub fn seed(seed: u64) -> Self {
        Self {
            seed,
            rates: Vec::new(),
            longest_run: u32::MAX,
        }
    }

    /// Adds a fault that strikes this share (0 to 1) of the requests.
    #[must_use]
    pub fn rate(mut self, fault: Fault, share: f64) -> Self {
        self.rates.push((fault, share));
        self
    }

    /// Spares a request that came this often already, so that a client with more retries always gets through.
    #[must_use]
    pub fn at_most_in_a_row(mut self, times: u32) -> Self {
        self.longest_run = times;
        self
    }

    /// The fault of a request that came `before` times already.
    pub(super) fn strike(&self, request: &Received, before: u32) -> Option<&Fault> {
        if before >= self.longest_run {
            return None;
        }
        let key = identity(request);
        let mut draw = Random::new(self.seed ^ key.rotate_left(17) ^ u64::from(before)).share();
        for (fault, share) in &self.rates {
            if draw < *share {
                return Some(fault);
            }
            draw -= share;
        }
        None
    }
}

/// A hash of what the client asked (FNV-1a).
pub(super) fn identity(request: &Received) -> u64 {
    let parts = [
        request.method.as_str().as_bytes(),
        request.path.as_bytes(),
        request.raw_query.as_bytes(),
        &request.body,
    ];
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.into_iter().flat_map(|part| part.iter().chain(b"\0")) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::super::received::received;
    use super::*;

    fn fates(chaos: &Chaos) -> Vec<Option<Fault>> {
        (0..2_000)
            .map(|page| {
                let request = received(&Method::GET, &format!("/x?page={page}"));
                chaos.strike(&request, 0).cloned()
            })
            .collect()
    }

    #[test]
    fn a_seed_decides_all_and_rates_are_kept() {
        let chaos = Chaos::seed(1)
            .rate(Fault::Reset, 0.1)
            .rate(Fault::Hang, 0.2);
        let first = fates(&chaos);
        assert_eq!(first, fates(&chaos));
        assert_ne!(first, fates(&Chaos { seed: 2, ..chaos }));
        let count = |fault: &Fault| first.iter().flatten().filter(|one| *one == fault).count();
        assert!(
            (120..280).contains(&count(&Fault::Reset)),
            "{}",
            count(&Fault::Reset)
        );
        assert!(
            (300..500).contains(&count(&Fault::Hang)),
            "{}",
            count(&Fault::Hang)
        );
    }

    #[test]
    fn a_request_is_spared_after_its_longest_run() {
        let chaos = Chaos::seed(1).rate(Fault::Reset, 1.0).at_most_in_a_row(2);
        let request = received(&Method::GET, "/x");
        let struck: Vec<bool> = (0..4)
            .map(|n| chaos.strike(&request, n).is_some())
            .collect();
        assert_eq!(struck, [true, true, false, false]);
    }

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
