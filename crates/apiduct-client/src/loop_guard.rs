//! Pagination that does not get on: the guard that tells it from pagination that is long.

mod envelope;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

use apiduct_json::Records;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::Page;
use crate::error::LoopKind;
use crate::paginate::Position;
use envelope::Envelope;

/// What a page holds, in 16 bytes: its records, or its body when it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Digest(u128);

/// Remembers which contents came from which positions, in a few dozen bytes a page.
#[derive(Debug, Default)]
pub(crate) struct LoopGuard {
    /// Contents with the positions they came from.
    seen: HashSet<(u64, Digest)>,
    /// Records with the positions that the server gave together with them, and their first pages.
    led_on: HashMap<(u64, Digest), u64>,
    /// Records of pages that we number ourselves.
    numbered: HashMap<Digest, First>,
}

/// Where some records came from first, and what was around them.
#[derive(Debug)]
struct First {
    page: u64,
    envelope: Envelope,
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

impl LoopGuard {
    /// Takes note of `page`, after which `next` comes; says so if the pages go round in circles.
    ///
    /// - The same position with the same content is a loop, by however many pages it leads back.
    /// - Positions that the server gives (links, cursors) may bring rows that were there before, as long as they lead
    ///   on: the same records with the same next position have led back already.
    /// - Numbers are ours, and the same records under another number mean that the server ignores it; unless all
    ///   records of the page look alike and what is around them has moved on.
    ///
    /// One empty page looks like another, so those count only at the same position.
    pub(crate) fn check(
        &mut self,
        page: &Page,
        digest: Digest,
        next: Option<&Position>,
    ) -> Option<LoopKind> {
        if !self.seen.insert((hash(&page.position), digest)) {
            return Some(LoopKind::SamePosition);
        }
        if page.is_empty() {
            return None;
        }
        let first_page = if let Position::Number(_) = page.position {
            self.under_another_number(page, digest)
        } else {
            self.leading_back(page, digest, next?)
        };
        first_page.map(|first_page| LoopKind::PositionIgnored { first_page })
    }

    fn leading_back(&mut self, page: &Page, digest: Digest, next: &Position) -> Option<u64> {
        match self.led_on.entry((hash(next), digest)) {
            Entry::Vacant(entry) => {
                entry.insert(page.number);
                None
            }
            Entry::Occupied(first) => Some(*first.get()),
        }
    }

    fn under_another_number(&mut self, page: &Page, digest: Digest) -> Option<u64> {
        let records = page.raw_records();
        let envelope = Envelope::around(records);
        match self.numbered.entry(digest) {
            Entry::Vacant(entry) => {
                let page = page.number;
                entry.insert(First { page, envelope });
                None
            }
            Entry::Occupied(first) => {
                let first = first.get();
                let is_ignored = !are_alike(records) || envelope.stands_still(&first.envelope);
                is_ignored.then_some(first.page)
            }
        }
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

fn hash(position: &Position) -> u64 {
    let mut hasher = Xxh3::new();
    position.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use apiduct_json::{ScanPlan, Selector};
    use apiduct_model::Scalar;
    use http::{HeaderMap, Method, StatusCode};

    use super::*;
    use crate::{Request, Response};

    /// The verdict on page `number` at `position` with `body`, before `next`.
    fn verdict(
        guard: &mut LoopGuard,
        number: u64,
        position: Position,
        body: &str,
        next: Option<&Position>,
    ) -> Option<LoopKind> {
        let url: url::Url = "http://h/".parse().unwrap();
        let body = body.to_owned();
        let response = Response::new(StatusCode::OK, HeaderMap::new(), body, url.clone());
        let plan = ScanPlan::new(Selector::from_keys(&["data"]), Vec::new());
        let scanned = plan.scan(&response.body).unwrap();
        let request = Request::new(Method::GET, url);
        let page = Page::new(number, position, request, response, scanned, Vec::new());
        guard.check(&page, Digest::of(&page), next)
    }

    /// The pages of a numbered list, and the first verdict against one.
    fn numbered(pages: &[(u64, &str)]) -> Option<LoopKind> {
        let mut guard = LoopGuard::default();
        (1..).zip(pages).find_map(|(number, (position, body))| {
            verdict(&mut guard, number, Position::Number(*position), body, None)
        })
    }

    /// The pages of a list that is led on by cursors, and the first verdict against one: each with the cursor it gives.
    fn led(pages: &[(&str, Option<&str>)]) -> Option<LoopKind> {
        let mut guard = LoopGuard::default();
        let mut position = Position::Start;
        (1..).zip(pages).find_map(|(number, (body, next))| {
            let next = next.map(|next| Position::Token(Scalar::from(next)));
            let here = std::mem::replace(&mut position, next.clone().unwrap_or(Position::Start));
            verdict(&mut guard, number, here, body, next.as_ref())
        })
    }

    const ALIKE: &str = r#"{"data":[{"s":"ok"},{"s":"ok"}]}"#;

    #[test]
    fn a_constant_cursor_with_new_records_goes_on() {
        let page = |data: &'static str| (data, Some("c"));
        let pages = [
            page(r#"{"data":[1]}"#),
            page(r#"{"data":[2]}"#),
            page(r#"{"data":[3]}"#),
            page(r#"{"data":[]}"#),
        ];
        assert_eq!(led(&pages), None);
    }

    #[test]
    fn cursors_that_lead_on_may_bring_the_same_records() {
        let pages = [
            (ALIKE, Some("a")),
            (ALIKE, Some("b")),
            (r#"{"data":[1]}"#, Some("c")),
            (ALIKE, Some("d")),
            (ALIKE, None),
        ];
        assert_eq!(led(&pages), None);
    }

    #[test]
    fn cursors_that_lead_back_to_the_same_records_are_a_loop() {
        let ignored = [(ALIKE, Some("a")), (ALIKE, Some("a"))];
        let first_page = 1;
        assert_eq!(
            led(&ignored),
            Some(LoopKind::PositionIgnored { first_page })
        );
        let cycle = [
            (r#"{"data":[0]}"#, Some("a")),
            (r#"{"data":[1],"at":1}"#, Some("b")),
            (r#"{"data":[2],"at":2}"#, Some("c")),
            (r#"{"data":[3],"at":3}"#, Some("a")),
            (r#"{"data":[1],"at":4}"#, Some("d")),
        ];
        assert_eq!(led(&cycle), Some(LoopKind::SamePosition));
    }

    #[test]
    fn the_same_records_at_the_same_position_are_a_loop() {
        let pages = [
            (7, r#"{"data":[1],"at":1}"#),
            (8, r#"{"data":[2],"at":2}"#),
            (7, r#"{"data":[1],"at":3}"#),
        ];
        assert_eq!(numbered(&pages), Some(LoopKind::SamePosition));
    }

    #[test]
    fn the_same_records_under_another_number_mean_it_was_ignored() {
        let pages = [
            (1, r#"{"data":[1,2],"page":1}"#),
            (2, r#"{"data":[2,3],"page":2}"#),
            (3, r#"{"data":[1,2],"page":3}"#),
        ];
        let first_page = 1;
        assert_eq!(
            numbered(&pages),
            Some(LoopKind::PositionIgnored { first_page })
        );
    }

    #[test]
    fn records_that_look_alike_need_more_than_themselves_to_be_a_loop() {
        let alike = |around: &str| format!(r#"{{"data":[{{"s":"ok"}},{{"s":"ok"}}]{around}}}"#);
        for (first, second, is_loop) in [
            (r#","page":1"#, r#","page":2"#, false),
            (r#","took":1"#, r#","took":2"#, false),
            ("", "", true),
            (r#","page":1"#, r#","page":1"#, true),
            (r#","page":1,"took":1"#, r#","page":1,"took":2"#, true),
        ] {
            let (one, two) = (alike(first), alike(second));
            let verdict = numbered(&[(1, &one), (2, &two)]);
            assert_eq!(verdict.is_some(), is_loop, "{first} and {second}");
        }
        let single = |took: u32| format!(r#"{{"data":[{{"s":"ok"}}],"took":{took}}}"#);
        assert!(numbered(&[(1, &single(1)), (2, &single(2))]).is_some());
    }

    #[test]
    fn empty_pages_repeat_only_at_the_same_position() {
        let empty = r#"{"data":[]}"#;
        assert_eq!(numbered(&[(1, empty), (2, empty)]), None);
        let verdict = numbered(&[(1, empty), (2, empty), (2, empty)]);
        assert_eq!(verdict, Some(LoopKind::SamePosition));
    }
}
