//! Lists that change while they are read.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use apiduct_client::paginate::Offset;
use apiduct_client::{Client, Drift, Error};
use apiduct_testkit::{MockApi, Received, Reply, SimClock};
use fastrand::Rng;
use serde_json::json;

use super::Row;
use super::network::{SimNet, SimTimer};

/// What happens to a list before its `nth` request is answered.
#[derive(Debug, Clone, Copy)]
enum Change {
    /// A record appears before all others.
    Added { nth: u64, id: usize },
    /// The first record is gone.
    Removed { nth: u64 },
}

#[derive(Debug)]
struct Noticed {
    drift: Drift,
    /// A page that has nothing but the records of the page before.
    error: Option<Error>,
}

impl Noticed {
    fn is_anything(&self) -> bool {
        !self.drift.is_none() || self.error.is_some()
    }
}

/// A page of the list, after the changes that are due.
fn page(request: &Received, list: &mut Vec<usize>, changes: &[Change]) -> Reply {
    for change in changes {
        match *change {
            Change::Added { nth, id } if nth == request.number => list.insert(0, id),
            Change::Removed { nth } if nth == request.number && !list.is_empty() => {
                list.remove(0);
            }
            _ => {}
        }
    }
    let number = |name| {
        request
            .number_param(name)
            .and_then(|number| number.try_into().ok())
    };
    let (offset, limit) = (number("offset").unwrap_or(0), number("limit").unwrap_or(10));
    let rows = list.iter().skip(offset).take(limit);
    let rows: Vec<_> = rows.map(|id| json!({"id": id})).collect();
    Reply::json(&json!({"data": rows, "total": list.len()}))
}

fn pull(rows: usize, changes: Vec<Change>, limit: u64, window: usize) -> (Vec<usize>, Noticed) {
    let clock = SimClock::new();
    let list = Mutex::new((0..rows).collect());
    let api = MockApi::builder()
        .get("/rows", move |request| {
            page(request, &mut list.lock().unwrap(), &changes)
        })
        .latency(Duration::from_millis(30))
        .simulate(&clock);
    let client = Client::builder(api.base_url().as_str())
        .transport(SimNet::new(&api, &clock))
        .timer(Arc::new(SimTimer::new(&clock)))
        .build()
        .unwrap();
    let mut pages = client
        .paginate("/rows")
        .paginator(Offset::new(limit).total_path("total"))
        .data_selector("data")
        .window(window)
        .send();
    let pulled = clock.run(Duration::from_hours(1), async move {
        let mut ids = Vec::new();
        let error = loop {
            match pages.next().await {
                Ok(Some(page)) => {
                    ids.extend(page.records::<Row>().unwrap().into_iter().map(|row| row.id));
                }
                Ok(None) => break None,
                Err(error @ Error::Loop { .. }) => break Some(error),
                Err(error) => panic!("{error:?}"),
            }
        };
        let drift = pages.drift().clone();
        (ids, Noticed { drift, error })
    });
    pulled.unwrap()
}

#[test]
fn rows_that_are_doubled_or_left_out_because_a_list_changed_are_never_passed_over_in_silence() {
    let mut told = 0;
    for seed in 0..400 {
        let mut rng = Rng::with_seed(seed);
        let rows = rng.usize(1..120);
        let changes: Vec<Change> = (0..rng.usize(0..4))
            .map(|count| {
                let nth = rng.u64(1..14);
                let id = 1_000 + count;
                if rng.bool() {
                    Change::Added { nth, id }
                } else {
                    Change::Removed { nth }
                }
            })
            .collect();
        let (ids, noticed) = pull(rows, changes.clone(), rng.u64(1..20), rng.usize(0..9));
        let mut seen = ids.clone();
        seen.sort_unstable();
        seen.dedup();
        let is_doubled = seen.len() < ids.len();
        // Consecutive rows of the list as it was are consecutive in what came, or some were left out between them.
        let old: Vec<usize> = seen.iter().copied().filter(|id| *id < 1_000).collect();
        let has_gap = old.windows(2).any(|two| two[1] > two[0] + 1);
        let is_told = noticed.is_anything();
        assert!(
            is_told || !(is_doubled || has_gap),
            "seed {seed}: {changes:?}: {ids:?} {noticed:?}"
        );
        assert!(
            is_told || !changes.is_empty() || ids.len() == rows,
            "seed {seed}"
        );
        assert!(!changes.is_empty() || !is_told, "seed {seed}: {noticed:?}");
        told += u32::from(is_told);
    }
    assert!(told > 50, "{told}");
}
