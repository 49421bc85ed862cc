//! Lists that change while they are read.

use std::fmt;
use std::hash::Hasher;

use apiduct_json::{Records, ScanPlan, Selector};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::Page;
use crate::paginate::{Position, Total};

/// Records at the beginning of a page that are compared with the end of the page before.
const EDGE: usize = 16;

/// Signs that a list changed while it was read. Pages are positions in a list: when a record is added before them, all
/// move on by one, and the last record of a page comes again at the start of the next; when one is removed, a record is
/// left out between two pages, and only the total tells.
///
/// Only pages that are numbered by us are compared; a list that is led on by links or cursors takes care of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// Pages that begin with records of the page before.
    pub overlaps: u64,
    /// The first such page.
    pub first_overlap: Option<u64>,
    /// Records that came twice for this reason.
    pub repeated_records: u64,
    /// How often the API's own total was another one than on the page before.
    pub total_changes: u64,
    /// The first total and the latest, in the API's unit, when it changed.
    pub totals: Option<(u64, u64)>,
}

impl Drift {
    /// Whether nothing speaks for a change.
    pub fn is_none(&self) -> bool {
        self.overlaps == 0 && self.total_changes == 0
    }

    /// Takes the signs in `other`, another list, along.
    pub fn add(&mut self, other: &Self) {
        self.overlaps += other.overlaps;
        self.repeated_records += other.repeated_records;
        self.total_changes += other.total_changes;
        if self.first_overlap.is_none() {
            self.first_overlap = other.first_overlap;
        }
        if self.totals.is_none() {
            self.totals = other.totals;
        }
    }
}

/// What was noticed, for people, in lower case; empty when nothing was.
impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(page) = self.first_overlap {
            let (overlaps, records) = (self.overlaps, self.repeated_records);
            let s = if records == 1 { "" } else { "s" };
            write!(
                f,
                "{records} record{s} came twice, at the start of page {page}"
            )?;
            if overlaps > 1 {
                write!(f, " and {} more", overlaps - 1)?;
            }
        }
        if let Some((first, latest)) = self.totals {
            let joint = if self.first_overlap.is_some() {
                "; "
            } else {
                ""
            };
            write!(f, "{joint}the total went from {first} to {latest}")?;
        }
        Ok(())
    }
}

/// Compares each page with the one before.
#[derive(Debug, Default)]
pub(super) struct Watch {
    drift: Drift,
    /// Digest of the last record of the page before.
    last: Option<u64>,
    first_total: Option<u64>,
    total: Option<u64>,
    /// How to read the key of a record.
    key: Option<ScanPlan>,
}

impl Watch {
    pub(super) fn drift(&self) -> &Drift {
        &self.drift
    }

    /// Compares `page` and the total that it gives with the page before. Records are told apart by `key`, or as a whole
    /// when it is empty.
    pub(super) fn note(&mut self, page: &Page, total: Option<Total>, key: &[Selector]) {
        self.note_total(page, total);
        if !matches!(page.position, Position::Number(_)) {
            return;
        }
        if self.key.is_none() && !key.is_empty() {
            self.key = Some(ScanPlan::new(Selector::root(), key.to_vec()));
        }
        let records = page.raw_records();
        if let Some(repeated) = self.last.and_then(|last| self.repeated(last, records)) {
            if self.drift.is_without_overlap() {
                tracing::warn!(
                    page = page.number,
                    repeated,
                    url = %page.response.shown_url(),
                    "the list changed while it was read: a page begins with records of the page before"
                );
            }
            self.drift.overlaps += 1;
            self.drift.first_overlap.get_or_insert(page.number);
            self.drift.repeated_records += repeated;
        }
        self.last = records
            .last()
            .and_then(|text| digest(self.key.as_ref(), records, text));
    }

    fn note_total(&mut self, page: &Page, total: Option<Total>) {
        let Some(total) = total.map(Total::number) else {
            return;
        };
        let first = *self.first_total.get_or_insert(total);
        let before = self.total.replace(total);
        if before.is_none_or(|before| before == total) {
            return;
        }
        if self.drift.total_changes == 0 {
            tracing::warn!(
                page = page.number,
                first,
                total,
                url = %page.response.shown_url(),
                "the list changed while it was read: the API gives another total than before"
            );
        }
        self.drift.total_changes += 1;
        self.drift.totals = Some((first, total));
    }

    /// How many records at the start of a page were on the page before, whose last record is `last`.
    ///
    /// Records without a key that look alike say nothing.
    fn repeated(&self, last: u64, records: &Records) -> Option<u64> {
        let edge = records.texts().take(EDGE).map_while(Result::ok);
        let mut same = (1..)
            .zip(edge)
            .filter(|(_, text)| digest(self.key.as_ref(), records, text) == Some(last));
        let (count, _) = same.next()?;
        (self.key.is_some() || same.next().is_none()).then_some(count)
    }
}

impl Drift {
    fn is_without_overlap(&self) -> bool {
        self.overlaps == 0
    }
}

/// What tells a record from others: its key if there is one, else all of it. Bare values repeat as they like.
fn digest(key: Option<&ScanPlan>, records: &Records, text: &str) -> Option<u64> {
    if !text.starts_with('{') {
        return None;
    }
    let Some(key) = key else {
        return Some(xxh3_64(text.as_bytes()));
    };
    let scanned = key.scan(&records.body().slice_ref(text.as_bytes())).ok()?;
    let mut hasher = Xxh3::new();
    for captured in &scanned.captures {
        let value = captured.scalar()?.to_json();
        hasher.write(value.as_bytes());
        hasher.write(b",");
    }
    Some(hasher.finish())
}

#[cfg(test)]
mod tests;
