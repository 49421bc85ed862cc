use apiduct_json::Records;
use apiduct_model::cursor::CursorType;
use serde_json::{Value, json};

use super::*;
use crate::{NormalizeError, Normalizer, Options, Tap};

fn selector(path: &str) -> Selector {
    Selector::parse(path).unwrap()
}

fn gate() -> Gate {
    Gate::new(selector("at"))
}

fn from(start: &str) -> Gate {
    Gate {
        start: GateStart {
            start: Some(Scalar::from(start)),
            last: Some(Scalar::from(start)),
            seen: Vec::new(),
            knows_start: false,
        },
        ..gate()
    }
}

/// The rows that come through the gate, by their `id`, and its report.
fn pass(gate: Gate, records: &[Value]) -> Result<(Vec<String>, GateReport), NormalizeError> {
    let options = Options {
        gate: Some(gate),
        taps: vec![Tap::new(selector("id"))],
        ..Options::new("r", "01J")
    };
    let mut normalizer = Normalizer::try_new(options)?;
    normalizer.push(&Records::from_values(records), &[])?;
    let ids = normalizer.take_taps().into_iter();
    let ids = ids.map(|row| row[0].scalar().map(ToString::to_string).unwrap_or_default());
    let ids: Vec<String> = ids.collect();
    let report = normalizer.take_gate_report().unwrap();
    let (batches, _) = normalizer.finish();
    let own = batches.iter().filter(|batch| *batch.table == *"r");
    let rows: usize = own.map(|batch| batch.batch.num_rows()).sum();
    assert_eq!(rows, ids.len(), "taps and rows are the same records");
    Ok((ids, report))
}

fn at(id: i64, at: &str) -> Value {
    json!({"id": id, "at": at})
}

#[test]
fn everything_passes_without_bounds_and_the_farthest_is_reported() {
    let records = [
        at(1, "2024-01-02"),
        at(2, "2024-01-03T00:00:00+02:00"),
        at(3, "2024-01-01"),
    ];
    let (ids, report) = pass(gate(), &records).unwrap();
    assert_eq!(ids, ["1", "2", "3"]);
    assert_eq!(report.cursor_type, Some(CursorType::Timestamp));
    assert_eq!(
        report.reached.last,
        Some(Scalar::from("2024-01-03T00:00:00+02:00")),
        "as it was written"
    );
    assert_eq!(report.reached.seen.len(), 1);
    assert_eq!(report.skipped, Skipped::default());
}

#[test]
fn bounds_are_closed_at_the_start_and_open_at_the_end() {
    let records = [
        at(1, "2024-01-01"),
        at(2, "2024-01-02"),
        at(3, "2024-01-03"),
        at(4, "2024-01-04"),
    ];
    let both = Gate {
        end: Some(Scalar::from("2024-01-03")),
        ..from("2024-01-02")
    };
    let (ids, report) = pass(both.clone(), &records).unwrap();
    assert_eq!(ids, ["2"]);
    assert_eq!(
        (report.skipped.before_start, report.skipped.after_end),
        (1, 2)
    );
    let other_way = Gate {
        is_start_closed: false,
        is_end_closed: true,
        ..both
    };
    assert_eq!(pass(other_way, &records).unwrap().0, ["3"]);
}

#[test]
fn the_start_does_not_move_while_records_come_in() {
    let records = [
        at(1, "2024-01-09"),
        at(2, "2024-01-02"),
        at(3, "2024-01-05"),
    ];
    assert_eq!(
        pass(from("2024-01-02"), &records).unwrap().0,
        ["1", "2", "3"]
    );
}

#[test]
fn a_falling_cursor_turns_the_order_around() {
    let numbers = [
        json!({"id": 1, "at": 5}),
        json!({"id": 2, "at": 3}),
        json!({"id": 3, "at": 4}),
    ];
    let falling = Gate {
        falls: true,
        start: GateStart {
            start: Some(Scalar::from(4)),
            ..GateStart::default()
        },
        ..gate()
    };
    let (ids, report) = pass(falling, &numbers).unwrap();
    assert_eq!(ids, ["2", "3"]);
    assert_eq!(report.reached.last, Some(Scalar::from(3)));
}

#[test]
fn records_at_the_boundary_come_once() {
    let first = [
        at(1, "2024-01-02"),
        at(2, "2024-01-02"),
        at(3, "2024-01-01"),
    ];
    let (_, report) = pass(gate(), &first).unwrap();
    assert_eq!(report.reached.seen.len(), 2);
    let again = Gate {
        start: GateStart {
            start: report.reached.last.clone(),
            last: report.reached.last.clone(),
            seen: report.reached.seen.clone(),
            knows_start: true,
        },
        ..gate()
    };
    let second = [
        at(2, "2024-01-02"),
        at(4, "2024-01-02"),
        at(1, "2024-01-02"),
    ];
    let (ids, report) = pass(again, &second).unwrap();
    assert_eq!(ids, ["4"], "the one that is new at the same cursor");
    assert_eq!(report.skipped.already_loaded, 2);
    assert_eq!(
        report.reached.seen.len(),
        3,
        "old and new records at the boundary"
    );
}

#[test]
fn a_changed_record_at_the_boundary_is_the_same_by_its_key_and_another_without() {
    let record = |n: i64| json!({"id": 1, "at": "2024-01-02", "n": n});
    for (key, expected) in [
        (
            Some(vec![GateKey {
                name: "id".to_owned(),
                selector: selector("id"),
            }]),
            0,
        ),
        (Some(Vec::new()), 1),
        (None, 1),
    ] {
        let own = Gate { key, ..gate() };
        let (_, report) = pass(own.clone(), &[record(1)]).unwrap();
        let again = Gate {
            start: GateStart {
                start: report.reached.last.clone(),
                last: report.reached.last,
                seen: report.reached.seen,
                knows_start: true,
            },
            ..own
        };
        assert_eq!(pass(again, &[record(2)]).unwrap().0.len(), expected);
    }
}

#[test]
fn what_is_remembered_at_the_boundary_is_bounded_and_said() {
    let records: Vec<Value> = (0..10).map(|id| at(id, "2024-01-02")).collect();
    let own = Gate {
        seen_limit: 4,
        ..gate()
    };
    let (ids, report) = pass(own, &records).unwrap();
    assert_eq!(ids.len(), 10);
    assert_eq!((report.reached.seen.len(), report.reached.unseen), (4, 6));
}

#[test]
fn a_record_without_cursor_is_an_error_or_kept_or_left_out() {
    let records = [
        at(1, "2024-01-02"),
        json!({"id": 2}),
        json!({"id": 3, "at": null}),
    ];
    let error = pass(gate(), &records).unwrap_err();
    assert_eq!(
        error.to_string(),
        "record 1 of the page has no cursor at `at`"
    );
    for (missing, expected) in [
        (MissingCursor::Include, vec!["1", "2", "3"]),
        (MissingCursor::Exclude, vec!["1"]),
    ] {
        let own = Gate {
            missing,
            ..from("2024-01-01")
        };
        let (ids, report) = pass(own, &records).unwrap();
        assert_eq!(ids, expected);
        assert_eq!(report.reached.last, Some(Scalar::from("2024-01-02")));
        assert_eq!(report.skipped.cursor_missing, 3 - expected.len() as u64);
    }
}

#[test]
fn a_cursor_of_another_type_is_named_with_its_record() {
    let error = pass(
        gate(),
        &[at(1, "2024-01-02"), json!({"id": 2, "at": "soon"})],
    )
    .unwrap_err();
    assert!(
        matches!(&error, NormalizeError::Cursor { record: 1, path, .. } if path == "at"),
        "{error}"
    );
    let error = pass(gate(), &[json!({"at": [1]})]).unwrap_err();
    assert!(
        matches!(error, NormalizeError::CursorKind { record: 0, .. }),
        "{error}"
    );
}

#[test]
fn cursors_may_be_nested_indexed_and_tapped_at_the_same_time() {
    for path in ["meta.at", "list[0].at"] {
        let own = Gate {
            start: GateStart {
                start: Some(Scalar::from(5)),
                ..GateStart::default()
            },
            ..Gate::new(selector(path))
        };
        let record = |id: i64, n: i64| json!({"id": id, "meta": {"at": n}, "list": [{"at": n}]});
        assert_eq!(
            pass(own, &[record(1, 4), record(2, 5)]).unwrap().0,
            ["2"],
            "{path}"
        );
    }
    let own = Gate {
        start: GateStart {
            start: Some(Scalar::from(2)),
            ..GateStart::default()
        },
        ..Gate::new(selector("id"))
    };
    assert_eq!(
        pass(own, &[json!({"id": 1}), json!({"id": 2})]).unwrap().0,
        ["2"],
        "the tap has it too"
    );
}

#[test]
fn a_record_with_a_key_twice_counts_by_its_last_value() {
    let records = Records::from_texts([r#"{"at": 1, "at": 7}"#, r#"{"at": 2}"#]).unwrap();
    let own = Gate {
        start: GateStart {
            start: Some(Scalar::from(5)),
            ..GateStart::default()
        },
        ..gate()
    };
    let mut normalizer = Normalizer::try_new(Options {
        gate: Some(own),
        ..Options::new("r", "l")
    })
    .unwrap();
    normalizer.push(&records, &[]).unwrap();
    assert_eq!(normalizer.rows(), 1);
}

#[test]
fn a_record_that_is_left_out_leaves_no_nested_rows() {
    let records = [
        json!({"at": 1, "tags": ["a", "b"]}),
        json!({"at": 9, "tags": ["c"]}),
    ];
    let own = Gate {
        start: GateStart {
            start: Some(Scalar::from(5)),
            ..GateStart::default()
        },
        ..gate()
    };
    let mut normalizer = Normalizer::try_new(Options {
        gate: Some(own),
        ..Options::new("r", "l")
    })
    .unwrap();
    normalizer
        .push(&Records::from_values(&records), &[])
        .unwrap();
    let (batches, _) = normalizer.finish();
    let rows: Vec<usize> = batches.iter().map(|batch| batch.batch.num_rows()).collect();
    assert_eq!(rows, [1, 1]);
}

#[test]
fn walks_that_are_told_apart_have_their_own_start_and_end_up_on_their_own() {
    let own = Gate {
        start: GateStart {
            start: Some(Scalar::from(0)),
            ..GateStart::default()
        },
        walks: Some(HashMap::from([(
            7,
            GateStart {
                start: Some(Scalar::from(5)),
                last: Some(Scalar::from(5)),
                seen: Vec::new(),
                knows_start: false,
            },
        )])),
        ..gate()
    };
    let mut normalizer = Normalizer::try_new(Options {
        gate: Some(own),
        ..Options::new("r", "l")
    })
    .unwrap();
    let records = Records::from_values(&[json!({"at": 3}), json!({"at": 6})]);
    for walk in [7, 8, 7, 9] {
        normalizer.enter(walk);
        normalizer.push(&records, &[]).unwrap();
    }
    normalizer.enter(10);
    assert_eq!(normalizer.rows(), 6);
    let report = normalizer.take_gate_report().unwrap();
    let mut walks: Vec<u64> = report.walks.keys().copied().collect();
    walks.sort_unstable();
    assert_eq!(walks, [7, 8, 9, 10]);
    assert_eq!(report.walks[&7].last, Some(Scalar::from(6)));
    assert_eq!(report.walks[&10].last, None, "it was met and had nothing");
}

#[test]
fn equal_records_of_different_walks_do_not_hide_each_other() {
    let records = Records::from_values(&[json!({"at": 3})]);
    let mut first = Normalizer::try_new(Options {
        gate: Some(gate()),
        ..Options::new("r", "l")
    })
    .unwrap();
    first.enter(1);
    first.push(&records, &[]).unwrap();
    let reached = first.take_gate_report().unwrap().reached;
    let again = Gate {
        start: GateStart {
            start: reached.last.clone(),
            last: reached.last,
            seen: reached.seen,
            knows_start: true,
        },
        ..gate()
    };
    let mut second = Normalizer::try_new(Options {
        gate: Some(again),
        ..Options::new("r", "l")
    })
    .unwrap();
    for walk in [1, 2] {
        second.enter(walk);
        second.push(&records, &[]).unwrap();
    }
    assert_eq!(second.rows(), 1, "the record of the second parent is new");
}

proptest::proptest! {
    /// However records are cut into pages, the same ones pass and the same state is left.
    #[test]
    fn cuts_into_pages_make_no_difference(
        cursors in proptest::collection::vec(0_i64..20, 0..40), start in 0_i64..20, cut in 1_usize..10
    ) {
        let records: Vec<Value> = cursors.iter().enumerate().map(|(id, at)| json!({"id": id, "at": at})).collect();
        let own = || Gate {
            start: GateStart { start: Some(Scalar::from(start)), last: Some(Scalar::from(start)), seen: Vec::new(), knows_start: false },
            ..gate()
        };
        let (ids, whole) = pass(own(), &records).unwrap();
        let expected: Vec<String> = (0..cursors.len()).filter(|id| cursors[*id] >= start).map(|id| id.to_string()).collect();
        proptest::prop_assert_eq!(ids, expected);
        let mut normalizer = Normalizer::try_new(Options { gate: Some(own()), ..Options::new("r", "l") }).unwrap();
        for page in records.chunks(cut) {
            normalizer.push(&Records::from_values(page), &[]).unwrap();
        }
        proptest::prop_assert_eq!(normalizer.take_gate_report().unwrap(), whole);
    }
}
