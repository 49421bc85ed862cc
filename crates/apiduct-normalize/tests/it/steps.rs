use apiduct_json::Selector;
use apiduct_model::{Place, Scalar};
use apiduct_normalize::Tap;
use apiduct_steps::{PlacedStep, Program, Step, Steps};

use super::*;

fn step(step: Step) -> PlacedStep {
    let place = Place {
        file: "t.yaml".to_owned(),
        line: 1,
        column: 1,
    };
    PlacedStep { step, place }
}

fn stepped(steps: Vec<Step>) -> Options {
    Options {
        steps: Steps::new(steps.into_iter().map(step).collect()),
        ..options()
    }
}

fn yield_map(program: &str) -> Step {
    Step::YieldMap(Program::parse(program).unwrap())
}

#[test]
fn a_record_that_passes_unchanged_gives_the_rows_of_the_common_road() {
    let records = [
        r#"{"id": 1, "n": 12345678901234567890, "l": [1, {"a": 2}]}"#,
        r#"{"id": 2, "id": 3, "o": {"x": 1.10}}"#,
    ];
    let filter = Step::Filter(Program::parse("true").unwrap());
    let map = Step::Map(Program::parse(".").unwrap());
    let common = normalize(&records);
    for steps in [vec![filter.clone()], vec![map], vec![filter]] {
        let other = normalize_with(stepped(steps), &[&records], &[]).unwrap();
        assert_eq!(other.schema, common.schema);
        for table in ["things", "things__l"] {
            assert_eq!(other.rows(table), common.rows(table));
        }
    }
}

#[test]
fn constants_are_fields_that_steps_see_and_may_take_away() {
    let with = |steps| Options {
        constants: vec!["_parent_userName".to_owned()],
        ..stepped(steps)
    };
    let value = [Scalar::Text("ada".into())];
    let keep = normalize_with(
        with(vec![Step::Filter(
            Program::parse("._parent_userName == \"ada\"").unwrap(),
        )]),
        &[&["{\"a\":1}"]],
        &value,
    )
    .unwrap();
    assert_eq!(
        keep.data("things"),
        [row(&[("_parent_user_name", "ada"), ("a", "1")])]
    );
    let away = normalize_with(
        with(vec![Step::Map(Program::parse("{a}").unwrap())]),
        &[&["{\"a\":1}"]],
        &value,
    )
    .unwrap();
    assert_eq!(away.data("things"), [row(&[("a", "1")])]);
}

#[test]
fn every_row_has_its_tapped_values() {
    let options = Options {
        taps: vec![Tap::new(Selector::parse("id").unwrap())],
        ..stepped(vec![yield_map(".ids[] | {id: .}")])
    };
    let mut normalizer = Normalizer::try_new(options).unwrap();
    let page =
        Records::from_texts([r#"{"ids":[1,2]}"#, r#"{"ids":[]}"#, r#"{"ids":[3]}"#]).unwrap();
    normalizer.push(&page, &[]).unwrap();
    let taps: Vec<String> = normalizer
        .take_taps()
        .iter()
        .map(|row| format!("{:?}", row[0]))
        .collect();
    assert_eq!(taps.len(), 3);
    assert!(taps[2].contains('3'), "{taps:?}");
    assert_eq!(normalizer.rows(), 3);
    assert_eq!(normalizer.dropped()["yield_map"], 1);
}

#[test]
fn a_record_whose_last_row_fails_leaves_none_behind() {
    // The second row of the record has two keys that become one column.
    let bad = r#"{"l":[{"a":1,"n":[1]},{"A":1}]}"#;
    let options = Options {
        taps: vec![Tap::new(Selector::parse("a").unwrap())],
        ..stepped(vec![yield_map(".l[]")])
    };
    let mut normalizer = Normalizer::try_new(options).unwrap();
    let good = Records::from_texts([r#"{"l":[{"a":7,"n":[7]}]}"#]).unwrap();
    normalizer.push(&good, &[]).unwrap();
    let error = normalizer
        .push(&Records::from_texts([bad]).unwrap(), &[])
        .unwrap_err();
    assert!(matches!(error, NormalizeError::Collision(_)), "{error}");
    assert_eq!((normalizer.rows(), normalizer.take_taps().len()), (1, 1));
    let (batches, schema) = normalizer.finish();
    let tables = Tables { schema, batches };
    assert_eq!(tables.data("things"), [row(&[("a", "7")])]);
    assert_eq!(tables.data("things__n"), [row(&[("value", "7")])]);
}

#[test]
fn batches_are_completed_between_records_and_never_inside_one() {
    let options = Options {
        batch_rows: 2,
        ..stepped(vec![yield_map("range(3) | {n: .}")])
    };
    let tables = normalize_with(options, &[&["{}", "{}"]], &[]).unwrap();
    let sizes: Vec<usize> = tables
        .batches
        .iter()
        .map(|one| one.batch.num_rows())
        .collect();
    assert_eq!(sizes, [3, 3]);
}

#[test]
fn a_step_that_fails_names_the_record() {
    let options = stepped(vec![Step::Map(Program::parse(".a + 1 | {a: .}").unwrap())]);
    let error = normalize_with(options, &[&[r#"{"a":1}"#, r#"{"a":"x"}"#]], &[])
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "record 1 of the page does not pass the processing steps"
    );
}
