//! How far the walks over the children of several parents run ahead of the one whose turn it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Parents that may be begun for each one that may be fetched: their pages wait while an earlier parent takes longer.
pub(crate) const LOOKAHEAD: usize = 4;

/// Walks begun beyond those that may send requests: they keep the client busy while the others give their place back.
const SPARE: usize = 32;

/// What the walks of one resource hold at this time.
///
/// A walk costs tens of kilobytes while it fetches and only its page while that waits for its turn. So both are bounded: the
/// walks that fetch by the requests that the client sends at a time and some to spare, the pages by their bytes.
#[derive(Debug)]
pub(crate) struct Ahead {
    /// Walks that fetch at the same time.
    width: usize,
    /// Bytes of pages that wait for their turn, beyond which no more than `width` walks are begun.
    max_bytes: usize,
    bytes: AtomicUsize,
    fetching: AtomicUsize,
    freed: Notify,
}

impl Ahead {
    pub(crate) fn new(width: usize, max_bytes: usize) -> Self {
        Self {
            width,
            max_bytes,
            bytes: AtomicUsize::new(0),
            fetching: AtomicUsize::new(0),
            freed: Notify::new(),
        }
    }

    /// Whether another walk may be begun where `running` are begun and not yet over.
    pub(crate) fn has_room(&self, running: usize) -> bool {
        let is_light = self.bytes.load(Ordering::Relaxed) < self.max_bytes;
        let begun = if is_light {
            self.width.saturating_mul(LOOKAHEAD)
        } else {
            self.width
        };
        let fetching = self.fetching.load(Ordering::Acquire);
        running < begun && fetching < self.width.saturating_add(self.width.min(SPARE))
    }

    /// Waits until a walk has something to deliver, or is over, since the last time.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Counts a walk that fetches, until the guard is dropped.
    pub(crate) fn fetch(self: &Arc<Self>) -> Fetching {
        self.fetching.fetch_add(1, Ordering::AcqRel);
        Fetching(Arc::clone(self))
    }

    /// A page of so many bytes waits for its turn.
    pub(crate) fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A page of so many bytes has had its turn.
    pub(crate) fn remove(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// A walk that fetches.
#[derive(Debug)]
pub(crate) struct Fetching(Arc<Ahead>);

impl Drop for Fetching {
    fn drop(&mut self) {
        self.0.fetching.fetch_sub(1, Ordering::AcqRel);
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_that_fetch_are_bounded_by_the_width_and_some_to_spare() {
        for (width, most) in [(1, 2), (8, 16), (1000, 1032)] {
            let ahead = Arc::new(Ahead::new(width, 1));
            let mut fetching = Vec::new();
            while ahead.has_room(fetching.len()) {
                fetching.push(ahead.fetch());
            }
            assert_eq!(fetching.len(), most, "width {width}");
        }
    }

    #[test]
    fn walks_that_wait_for_their_turn_leave_room_until_their_pages_are_heavy() {
        let ahead = Ahead::new(8, 100);
        assert!(ahead.has_room(8 * LOOKAHEAD - 1));
        assert!(!ahead.has_room(8 * LOOKAHEAD));
        ahead.add(100);
        assert!(ahead.has_room(7));
        assert!(!ahead.has_room(8));
        ahead.remove(1);
        assert!(ahead.has_room(8));
    }

    #[tokio::test]
    async fn a_walk_that_stops_to_fetch_is_noticed_whenever_it_was() {
        let ahead = Arc::new(Ahead::new(1, 1));
        let (first, second) = (ahead.fetch(), ahead.fetch());
        assert!(!ahead.has_room(0));
        drop(first);
        ahead.freed().await;
        assert!(ahead.has_room(0));
        let wait = async {
            ahead.freed().await;
            assert!(ahead.has_room(0));
        };
        tokio::join!(wait, async { drop(second) });
    }
}
