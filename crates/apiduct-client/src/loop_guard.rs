//! Pagination that does not get on: the guard that tells it from pagination that is long.

mod envelope;
mod recent;

use std::hash::Hash;

use apiduct_json::Records;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::Page;
use crate::error::LoopKind;
use crate::paginate::Position;
use envelope::Envelope;
use recent::Recent;

/// Pages that are remembered one by one; some four megabytes when all are there.
const WINDOW: usize = 1 << 14;
/// Pages in a row that bring records that were there before, under positions that are new each time.
const STALE_PAGES: u64 = 3;
/// The same where all records of a page look alike, or where there are none: then it takes much to tell a loop.
const STALE_ALIKE_PAGES: u64 = 10_000;

/// What a page holds, in 16 bytes: its records, or its body when it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Digest(u128);

/// Remembers which contents came from which positions. The memory it takes is bounded: the latest pages are
/// remembered one by one, and a cycle that is longer than that is met at one of a few pages kept for good.
#[derive(Debug)]
pub(crate) struct LoopGuard {
    /// Contents with the positions they came from.
    seen: Recent<u128, ()>,
    /// Records with the positions that the server gave together with them, and their first pages.
    led_on: Recent<u128, u64>,
    /// Records with their first pages.
    contents: Recent<Digest, First>,
    /// Pages in a row whose records were there before.
    stale: u64,
    /// Every page whose number is a power of two: a cycle of any length leads back to one of them, since each starts
    /// as many pages later as have gone before (Brent's way of finding cycles).
    milestones: Vec<u128>,
    pages: u64,
}

/// Where some records came from first, and what was around them.
#[derive(Debug)]
struct First {
    page: u64,
    /// Only for pages that we number ourselves.
    envelope: Option<Envelope>,
}

impl Digest {
    /// Envelopes change with every answer (time, request id); the records tell whether an answer is new.
    pub(crate) fn of(page: &Page) -> Self {
        let records = page.raw_records();
        if records.is_empty() {
            return Self(xxh3_128(&page.response.body));
        }
        let mut state = Xxh3::new();
        for span in records.spans() {
            if let Some(bytes) = records.body().get(span.range().clone()) {
                state.update(bytes);
            }
        }
        Self(state.digest128())
    }
}

impl Default for LoopGuard {
    fn default() -> Self {
        Self::remembering(WINDOW)
    }
}

impl LoopGuard {
    /// A guard that remembers so many pages one by one.
    fn remembering(pages: usize) -> Self {
        Self {
            seen: Recent::new(pages),
            led_on: Recent::new(pages),
            contents: Recent::new(pages),
            stale: 0,
            milestones: Vec::new(),
            pages: 0,
        }
    }

    /// Takes note of `page`, after which `next` comes; says so if the pages go round in circles. `is_counted` where the
    /// API says how much there is, so that the walk ends in any case.
    ///
    /// - The same position with the same content is a loop, by however many pages it leads back.
    /// - Positions that the server gives (links, cursors) may bring rows that were there before, as long as they lead
    ///   on: the same records with the same next position have led back already, and several pages in a row without a
    ///   new one mean that the position is ignored.
    /// - Numbers are ours, and the same records under another number mean that the server ignores it; unless all
    ///   records of the page look alike and what is around them has moved on.
    ///
    /// One empty page looks like another, so those count only at the same position, or when they are very many.
    pub(crate) fn check(
        &mut self,
        page: &Page,
        digest: Digest,
        next: Option<&Position>,
        is_counted: bool,
    ) -> Option<LoopKind> {
        let here = fingerprint(&page.position, digest);
        if self.was_here(here) {
            return Some(LoopKind::SamePosition);
        }
        let first_page = self.brought_before(page, digest, is_counted).or_else(|| {
            let is_led = !matches!(page.position, Position::Number(_)) && !page.is_empty();
            next.filter(|_| is_led)
                .and_then(|next| self.led_on_before(page, fingerprint(next, digest)))
        });
        first_page.map(|first_page| LoopKind::PositionIgnored { first_page })
    }

    fn was_here(&mut self, here: u128) -> bool {
        let was_here = self.seen.get(here).is_some() || self.milestones.contains(&here);
        self.seen.insert(here, ());
        self.pages += 1;
        if self.pages.is_power_of_two() {
            self.milestones.push(here);
        }
        was_here
    }

    fn led_on_before(&mut self, page: &Page, onward: u128) -> Option<u64> {
        let first_page = self.led_on.get(onward).copied();
        if first_page.is_none() {
            self.led_on.insert(onward, page.number);
        }
        first_page
    }

    /// The page that brought the records of `page` first, where that means that its position was ignored.
    fn brought_before(&mut self, page: &Page, digest: Digest, is_counted: bool) -> Option<u64> {
        let records = page.raw_records();
        let is_numbered = matches!(page.position, Position::Number(_));
        let is_judged = is_numbered && !page.is_empty();
        let envelope = is_judged.then(|| Envelope::around(records));
        let Some(first) = self.contents.get(digest) else {
            self.stale = 0;
            let page = page.number;
            self.contents.insert(digest, First { page, envelope });
            return None;
        };
        self.stale += 1;
        let looks_alike = page.is_empty() || are_alike(records);
        let stands_still = match (&envelope, &first.envelope) {
            (Some(now), Some(before)) => !looks_alike || now.stands_still(before),
            _ => false,
        };
        let tells_place = envelope.as_ref().is_none_or(Envelope::tells_place);
        let patience = if looks_alike && tells_place {
            STALE_ALIKE_PAGES
        } else {
            STALE_PAGES
        };
        let is_stale = !is_counted && self.stale >= patience;
        (stands_still || is_stale).then_some(first.page)
    }
}

/// Whether there are several records, and one looks like the other.
fn are_alike(records: &Records) -> bool {
    let mut texts = records.texts().map(Result::ok);
    let Some(first) = texts.next() else {
        return false;
    };
    records.len() > 1 && texts.all(|text| text == first)
}

/// A position with the content that belongs to it. Links that differ in the order of their parameters are the same.
fn fingerprint(position: &Position, digest: Digest) -> u128 {
    let mut hasher = Xxh3::new();
    match position {
        Position::Url(url) => {
            let mut pairs: Vec<_> = url.query_pairs().collect();
            pairs.sort();
            url[..url::Position::AfterPath].hash(&mut hasher);
            pairs.hash(&mut hasher);
        }
        other => other.hash(&mut hasher),
    }
    hasher.update(&digest.0.to_le_bytes());
    hasher.digest128()
}

#[cfg(test)]
mod tests;
