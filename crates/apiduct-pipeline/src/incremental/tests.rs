use apiduct_config::Format;
use apiduct_load::{LoadIds, State};
use apiduct_model::SystemClock;
use serde_json::json;

use super::*;
use crate::options::{Backfill, RunOptions};
use crate::wanted::Wanted;

/// 2024-01-20T00:00:00Z
const NOW: i64 = 1_705_708_800_000_000;

fn plan(incremental: &str) -> Plan {
    let text = format!(
        "client: {{base_url: 'https://h'}}\nresources: [{{name: a, endpoint: {{incremental: {{{incremental}}}}}}}]"
    );
    Plan::parse(&text, Format::Yaml, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"))
}

fn state(memory: serde_json::Value) -> State {
    let mut state = State::default().advance(LoadIds::new(1).next(&SystemClock::new()));
    state
        .resource_mut(&"a".into())
        .insert(memory::KEY.to_owned(), memory);
    state
}

/// The bounds of the next pull of a course.
fn bounds(course: &Course, plan: &Plan, state: &State, now: i64) -> (Bounds, course::Leg) {
    let wanted = Wanted::new(plan, &RunOptions::default()).unwrap();
    let leg = course.leg(plan, &wanted, state, now).unwrap();
    (leg.frozen.resources["a"].clone(), leg)
}

fn text(value: Option<&Scalar>) -> String {
    value.map_or_else(|| "-".to_owned(), ToString::to_string)
}

#[test]
fn a_stored_value_wins_over_the_initial_one_and_keeps_its_notation() {
    let plan = plan("cursor_path: at, initial_value: '2024-01-01', request_format: unix");
    let fresh = bounds(&Course::default(), &plan, &State::default(), NOW).0;
    assert_eq!(text(fresh.start.as_ref()), "2024-01-01");
    assert_eq!(text(fresh.values.start.as_ref()), "1704067200");
    let state = state(json!({"type": "timestamp", "last_value": "2024-01-02T00:00:00+01:00"}));
    let later = bounds(&Course::default(), &plan, &state, NOW).0;
    assert_eq!(text(later.start.as_ref()), "2024-01-02T00:00:00+01:00");
    assert_eq!(text(later.values.start.as_ref()), "1704150000");
    assert_eq!(text(later.values.initial.as_ref()), "1704067200");
}

#[test]
fn a_lag_steps_back_in_the_unit_of_the_cursor() {
    for (keys, last, expected) in [
        ("lag: 3", json!(10), "7"),
        ("lag: 3, initial_value: 9", json!(10), "9"),
        ("lag: 2, last_value_func: min", json!(10), "12"),
        ("type: date, lag: 3", json!("2024-01-10"), "2024-01-07"),
        ("lag: 3", json!("2024-01-10"), "2024-01-07"),
        (
            "lag: 30",
            json!("2024-01-10 00:00:00"),
            "2024-01-09 23:59:30",
        ),
        (
            "lag: 1h",
            json!("2024-01-10T00:00:00Z"),
            "2024-01-09T23:00:00Z",
        ),
    ] {
        let plan = plan(&format!("cursor_path: at, {keys}"));
        let own = bounds(
            &Course::default(),
            &plan,
            &state(json!({"last_value": last})),
            NOW,
        )
        .0;
        assert_eq!(text(own.start.as_ref()), expected, "{keys}");
        assert!(!own.knows_boundary, "rows at the start are wanted again");
    }
}

#[test]
fn a_text_has_no_lag() {
    let plan = plan("cursor_path: at, lag: 1");
    let wanted = Wanted::new(&plan, &RunOptions::default()).unwrap();
    let state = state(json!({"type": "text", "last_value": "abc"}));
    let error = Course::default()
        .leg(&plan, &wanted, &state, NOW)
        .unwrap_err();
    assert!(matches!(error, RunError::Cursor { .. }), "{error}");
}

#[test]
fn a_state_that_cannot_be_read_says_whose_it_is() {
    let plan = plan("cursor_path: at");
    let wanted = Wanted::new(&plan, &RunOptions::default()).unwrap();
    let state = state(json!({"last_value": [1]}));
    let error = Course::default()
        .leg(&plan, &wanted, &state, NOW)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read what was stored for the incremental load of resource `a`"
    );
}

#[test]
fn windows_tile_the_interval_without_gap_or_overlap() {
    let plan = plan("cursor_path: at, initial_value: '2024-01-01', window: 7d");
    let mut course = Course::default();
    let mut seen = Vec::new();
    let mut now = NOW;
    loop {
        let (own, leg) = bounds(&course, &plan, &State::default(), now);
        seen.push((text(own.start.as_ref()), text(own.end.as_ref()), own.stores));
        // The clock goes on, and the last window stays the last.
        now += 86_400_000_000;
        if !course.advance(leg) {
            break;
        }
    }
    let end = |day: &str| Stores::End(Scalar::from(day));
    let expected = [
        ("2024-01-01", "2024-01-08", end("2024-01-08")),
        ("2024-01-08", "2024-01-15", end("2024-01-15")),
        ("2024-01-15", "-", Stores::Reached),
    ];
    let expected = expected.map(|(from, to, stores)| (from.to_owned(), to.to_owned(), stores));
    assert_eq!(seen, expected);
}

#[test]
fn the_bounds_of_a_pull_survive_its_journal() {
    let plan = plan("cursor_path: at, initial_value: 1, end_value: 9, window: 2, lag: 0.5");
    let leg = bounds(&Course::default(), &plan, &State::default(), NOW).1;
    let json = serde_json::to_value(&leg.frozen).unwrap();
    assert_eq!(serde_json::from_value::<Frozen>(json).unwrap(), leg.frozen);
    assert_eq!(text(leg.frozen.resources["a"].next.as_ref()), "3");
}

#[test]
fn pulls_build_on_the_same_as_long_as_the_state_is_the_same() {
    let plan = plan("cursor_path: at");
    let basis = |state: &State, now| bounds(&Course::default(), &plan, state, now).1.basis;
    let one = state(json!({"last_value": 1}));
    assert_eq!(basis(&one, NOW), basis(&one, NOW + 1));
    assert_ne!(
        basis(&one, NOW),
        basis(&state(json!({"last_value": 2})), NOW)
    );
}

#[test]
fn a_backfill_has_the_bounds_of_its_command_and_the_numbers_of_the_file() {
    let plan = plan("cursor_path: at, type: int, initial_value: 7");
    let course = Course::new(Some(Backfill {
        from: "1".to_owned(),
        to: "5".to_owned(),
    }));
    let own = bounds(&course, &plan, &state(json!({"last_value": 100})), NOW).0;
    assert_eq!(
        (own.start, own.end),
        (Some(Scalar::from(1)), Some(Scalar::from(5)))
    );
    assert_eq!(own.stores, Stores::Nothing);
}

#[test]
fn a_key_that_is_no_path_means_the_whole_record() {
    let plan = plan("cursor_path: at, primary_key: ['a[', id]");
    let leg = bounds(&Course::default(), &plan, &State::default(), NOW).1;
    let increments = Increments::new(&plan, &leg.frozen, &State::default(), &|_| false).unwrap();
    let gate = increments.of(&"a".into()).unwrap().gate().unwrap();
    assert_eq!(gate.key, Some(Vec::new()));
}
