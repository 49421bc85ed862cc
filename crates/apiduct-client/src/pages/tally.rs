//! What came, beside what the API says that it has.

use crate::Page;
use crate::paginate::{Position, Total};

/// What a walk has handed out, beside what the API says that it has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Pages handed out.
    pub pages: u64,
    /// Records on them.
    pub records: u64,
    /// Pages that a hook left out.
    pub skipped_pages: u64,
    /// The records that the API says there are from the first page of this walk on; `None` when it does not say.
    pub announced: Option<u64>,
    /// Records that lie before the first page.
    before: Option<u64>,
    /// Whether the walk is over, and neither a bound nor a hook has shortened it.
    is_whole: bool,
}

/// Whether the records that came are as many as the API says that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There is nothing to compare: the API gives no total, or the walk is not over or was cut short by choice.
    Unknown,
    /// As many as announced.
    Complete,
    /// So many are missing.
    Missing(u64),
    /// So many came beyond those announced.
    Surplus(u64),
}

impl Tally {
    /// The records that should have come, once the walk is over; `None` when nobody knows, or when the walk was
    /// shortened by a bound or a hook.
    pub fn expected(&self) -> Option<u64> {
        self.announced.filter(|_| self.is_whole)
    }

    /// Whether as many records came as should have.
    pub fn verdict(&self) -> Verdict {
        match self.expected() {
            None => Verdict::Unknown,
            Some(expected) if expected > self.records => Verdict::Missing(expected - self.records),
            Some(expected) if expected < self.records => Verdict::Surplus(self.records - expected),
            Some(_) => Verdict::Complete,
        }
    }

    /// Counts a page that is handed out.
    pub(super) fn add(&mut self, page: &Page) {
        self.pages += 1;
        self.records += page.raw_records().len() as u64;
    }

    /// Keeps what `page` says about how much there is.
    pub(super) fn announce(&mut self, page: &Page, total: Option<Total>) {
        let before = *self.before.get_or_insert(match page.position {
            Position::Number(number) => number,
            _ => 0,
        });
        if let Some(Total::Records(total)) = total {
            self.announced = Some(total.saturating_sub(before));
        }
    }

    pub(super) fn with_end(mut self, is_over: bool, is_shortened: bool) -> Self {
        self.is_whole = is_over && !is_shortened && self.skipped_pages == 0;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(records: u64, announced: Option<u64>) -> Tally {
        let tally = Tally {
            records,
            announced,
            ..Tally::default()
        };
        tally.with_end(true, false)
    }

    #[test]
    fn records_are_held_against_the_total() {
        for (records, announced, verdict) in [
            (7, None, Verdict::Unknown),
            (7, Some(7), Verdict::Complete),
            (7, Some(9), Verdict::Missing(2)),
            (7, Some(6), Verdict::Surplus(1)),
            (0, Some(0), Verdict::Complete),
        ] {
            assert_eq!(tally(records, announced).verdict(), verdict);
        }
    }

    #[test]
    fn a_walk_that_is_not_over_or_was_shortened_is_not_judged() {
        let one = tally(1, Some(9));
        let skipped = Tally {
            skipped_pages: 1,
            ..one
        };
        for one in [
            one.with_end(false, false),
            one.with_end(true, true),
            skipped.with_end(true, false),
        ] {
            assert_eq!((one.expected(), one.verdict()), (None, Verdict::Unknown));
            assert_eq!(one.announced, Some(9));
        }
    }
}
