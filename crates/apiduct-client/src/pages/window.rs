//! Pages that are fetched ahead of their turn.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::fetch::{Fetch, Landing};
use super::walk::Walk;
use crate::Page;
use crate::paginate::Position;

/// Positions that are known beforehand, for each page that may be under way.
const FORESIGHT: usize = 4;

/// The pages behind the one whose turn it is: on their way, or here and waiting, in the order of their turns.
///
/// What is in here is a forecast. A page is handed out only when the page before it has led to its position, so that
/// nothing depends on how good the forecast was.
#[derive(Debug, Default)]
pub(super) struct Window {
    flights: VecDeque<Flight>,
    /// Positions behind those of `flights`.
    known: VecDeque<Position>,
    /// Told whenever a page lands.
    landed: Arc<Notify>,
    /// Bytes of the largest page so far: what is expected of those that are still on their way.
    largest: usize,
}

/// A page that is fetched ahead.
#[derive(Debug)]
struct Flight {
    position: Position,
    fetch: Fetch,
    size: Arc<Size>,
}

/// Bytes of a body, and one more, once it is there; until then 0.
#[derive(Debug, Default)]
struct Size(AtomicUsize);

impl Size {
    fn get(&self) -> Option<usize> {
        self.0.load(Ordering::Relaxed).checked_sub(1)
    }
}

impl Window {
    /// The fetch of the page at `position`, if it was foreseen. Otherwise the forecast was wrong, and what is under
    /// way is canceled.
    pub(super) fn take(&mut self, position: &Position) -> Option<Fetch> {
        match self.flights.pop_front() {
            Some(flight) if flight.position == *position => Some(flight.fetch),
            Some(flight) => {
                flight.fetch.cancel();
                self.clear();
                None
            }
            None if self.known.pop_front().as_ref() == Some(position) => None,
            None => {
                self.known.clear();
                None
            }
        }
    }

    /// Cancels what is under way.
    pub(super) fn clear(&mut self) {
        for flight in self.flights.drain(..) {
            flight.fetch.cancel();
        }
        self.known.clear();
    }

    /// Pages in here that have not arrived.
    pub(super) fn in_flight(&self) -> usize {
        let is_under_way = |flight: &&Flight| flight.size.get().is_none();
        self.flights.iter().filter(is_under_way).count()
    }

    /// Waits until a page lands.
    pub(super) fn landing(&self) -> Notified<'_> {
        self.landed.notified()
    }

    /// Takes note of what `page` says about the pages behind its successor, which is under way.
    pub(super) fn foresee(&mut self, walk: &Walk, page: &Page) {
        self.largest = self.largest.max(page.response.body.len());
        let ahead = |count: usize| walk.ahead(page, count as u64 + 1);
        let mut count = self.flights.len() + self.known.len();
        while !self.known.is_empty() && ahead(count).is_none() {
            self.known.pop_back();
            count -= 1;
        }
        let bound = walk.options.window.saturating_mul(FORESIGHT);
        while count < bound
            && let Some(position) = ahead(count + 1)
        {
            self.known.push_back(position);
            count += 1;
        }
    }

    /// Lets pages leave, as many as the bounds allow.
    pub(super) fn launch(&mut self, walk: &Walk) {
        // Without a runtime nothing goes on while nobody waits for it.
        if self.known.is_empty() || Handle::try_current().is_err() {
            return;
        }
        let sizes = self.flights.iter().map(|flight| flight.size.get());
        let mut largest = self.largest;
        let (mut in_flight, mut bytes) = (0, 0_usize);
        for size in sizes {
            if let Some(size) = size {
                largest = largest.max(size);
                bytes = bytes.saturating_add(size);
            } else {
                in_flight += 1;
            }
        }
        self.largest = largest;
        bytes = bytes.saturating_add(largest.saturating_mul(in_flight));
        while in_flight + 1 < walk.options.window
            && bytes.saturating_add(largest) <= walk.options.window_bytes
            && let Some(position) = self.known.pop_front()
        {
            let Ok(order) = walk.order(position.clone()) else {
                // The error is reported when it is this page's turn.
                self.known.clear();
                return;
            };
            let size = Arc::new(Size::default());
            let landing = Landed {
                size: Arc::clone(&size),
                told: Arc::clone(&self.landed),
            };
            self.flights.push_back(Flight {
                position,
                fetch: Fetch::start(walk.client.clone(), order, Some(Box::new(landing))),
                size,
            });
            in_flight += 1;
            bytes = bytes.saturating_add(largest);
        }
    }
}

/// Says that a page has landed.
struct Landed {
    size: Arc<Size>,
    told: Arc<Notify>,
}

impl Landing for Landed {
    fn landed(&self, bytes: usize) {
        self.size
            .0
            .store(bytes.saturating_add(1), Ordering::Relaxed);
        self.told.notify_one();
    }
}
