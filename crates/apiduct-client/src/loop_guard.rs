//! Pagination that does not get on: the guard that tells it from pagination that is long.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

use apiduct_json::Span;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::Page;
use crate::error::LoopKind;
use crate::paginate::Position;

/// What a page holds, in 16 bytes: its records, or its body when it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Digest(u128);

/// Remembers which contents came from which positions, in a few dozen bytes a page.
#[derive(Debug, Default)]
pub(crate) struct LoopGuard {
    seen: HashMap<Digest, First>,
    empty: HashSet<(u64, Digest)>,
}

/// Where some records came from first.
#[derive(Debug)]
struct First {
    position: u64,
    page: u64,
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
            if let Span::Elements(range) | Span::One(range) = span
                && let Some(bytes) = records.body().get(range.clone())
            {
                state.update(bytes);
            }
        }
        Self(state.digest128())
    }
}

impl LoopGuard {
    /// Takes note of `page`; says so if it is one that was there before.
    ///
    /// The same records again are a loop, whatever the position: from the same one the server repeats itself, from
    /// another one it ignores the position. The same position with new records goes on. A page without records is
    /// a loop only at the same position, since one empty page looks like another.
    pub(crate) fn check(&mut self, page: &Page, digest: Digest) -> Option<LoopKind> {
        let position = hash(&page.position);
        if page.is_empty() {
            let is_new = self.empty.insert((position, digest));
            return (!is_new).then_some(LoopKind::SamePosition);
        }
        match self.seen.entry(digest) {
            Entry::Vacant(entry) => {
                let page = page.number;
                entry.insert(First { position, page });
                None
            }
            Entry::Occupied(first) if first.get().position == position => {
                Some(LoopKind::SamePosition)
            }
            Entry::Occupied(first) => Some(LoopKind::PositionIgnored {
                first_page: first.get().page,
            }),
        }
    }
}

fn hash(position: &Position) -> u64 {
    let mut hasher = Xxh3::new();
    position.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use apiduct_json::{ScanPlan, Selector};
    use http::{HeaderMap, Method, StatusCode};

    use super::*;
    use crate::{Request, Response};

    fn check(guard: &mut LoopGuard, position: u64, body: &'static str) -> Option<LoopKind> {
        let url: url::Url = "http://h/".parse().unwrap();
        let response = Response::new(StatusCode::OK, HeaderMap::new(), body, url.clone());
        let plan = ScanPlan::new(Selector::from_keys(&["data"]), Vec::new());
        let scanned = plan.scan(&response.body).unwrap();
        let page = Page::new(
            position,
            Position::Number(position),
            Request::new(Method::GET, url),
            response,
            scanned,
            Vec::new(),
        );
        guard.check(&page, Digest::of(&page))
    }

    #[test]
    fn a_constant_cursor_with_new_records_goes_on() {
        let mut guard = LoopGuard::default();
        assert_eq!(check(&mut guard, 7, r#"{"data":[1],"next":7}"#), None);
        assert_eq!(check(&mut guard, 7, r#"{"data":[2],"next":7}"#), None);
        assert_eq!(check(&mut guard, 7, r#"{"data":[],"next":7}"#), None);
    }

    #[test]
    fn the_same_records_at_the_same_position_are_a_loop() {
        let mut guard = LoopGuard::default();
        assert_eq!(check(&mut guard, 7, r#"{"data":[1],"at":1}"#), None);
        assert_eq!(check(&mut guard, 8, r#"{"data":[2],"at":2}"#), None);
        assert_eq!(
            check(&mut guard, 7, r#"{"data":[1],"at":3}"#),
            Some(LoopKind::SamePosition)
        );
    }

    #[test]
    fn the_same_records_at_another_position_mean_it_was_ignored() {
        let mut guard = LoopGuard::default();
        assert_eq!(check(&mut guard, 1, r#"{"data":[1]}"#), None);
        assert_eq!(check(&mut guard, 2, r#"{"data":[2]}"#), None);
        let kind = check(&mut guard, 3, r#"{"data":[1]}"#);
        assert_eq!(kind, Some(LoopKind::PositionIgnored { first_page: 1 }));
    }

    #[test]
    fn empty_pages_repeat_only_at_the_same_position() {
        let mut guard = LoopGuard::default();
        assert_eq!(check(&mut guard, 1, r#"{"data":[]}"#), None);
        assert_eq!(check(&mut guard, 2, r#"{"data":[]}"#), None);
        assert_eq!(
            check(&mut guard, 2, r#"{"data":[]}"#),
            Some(LoopKind::SamePosition)
        );
    }
}
