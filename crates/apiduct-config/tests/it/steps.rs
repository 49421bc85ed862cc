//! Row steps, from the file to what is planned.

use apiduct_config::resolve::SystemSource;
use apiduct_config::{Format, Plan};
use apiduct_model::Redactor;
use apiduct_steps::{Kept, Runner, Step};

fn plan(resources: &str) -> Plan {
    let text = format!("client: {{base_url: 'https://h'}}\n{resources}");
    Plan::parse(&text, Format::Yaml, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"))
}

fn words(plan: &Plan, resource: usize) -> Vec<String> {
    let steps = plan.resources[resource].steps.iter();
    steps.map(|one| one.step.to_string()).collect()
}

#[test]
fn every_step_is_planned_in_the_order_of_the_file() {
    let plan = plan(
        r"
resources:
  - name: a
    processing_steps:
      - drop: [a.b, c]
      - filter: .a
      - cast: {d: bigint, e: date}
      - {yield_map: '.[]', filter: .x, map: .y}
      - explode: items
",
    );
    assert_eq!(
        words(&plan, 0),
        [
            "drop: a.b, c",
            "filter: .a",
            "cast: d, e",
            "filter: .x",
            "map: .y",
            "yield_map: .[]",
            "explode: items"
        ]
    );
    let places: Vec<usize> = plan.resources[0]
        .steps
        .iter()
        .map(|one| one.place.line)
        .collect();
    assert_eq!(places, [6, 7, 8, 9, 9, 9, 10]);
    assert_eq!(plan.describe().resources[0].steps, words(&plan, 0));
}

#[test]
fn defaults_are_taken_as_a_whole_and_null_takes_them_away() {
    let plan = plan(
        r"
resource_defaults: {processing_steps: [{filter: .a}, {drop: b}]}
resources:
  - a
  - {name: b, processing_steps: [{keep: c}]}
  - {name: c, processing_steps: null}
  - {name: d, processing_steps: []}
",
    );
    assert_eq!(words(&plan, 0), ["filter: .a", "drop: b"]);
    assert_eq!(words(&plan, 1), ["keep: c"]);
    assert!(words(&plan, 2).is_empty() && words(&plan, 3).is_empty());
}

#[test]
fn steps_have_these_defaults() {
    let plan = plan(
        "resources: [{name: a, processing_steps: [{redact: x}, {dedupe: [x, y]}, {flatten: z}, {hash: w}]}]",
    );
    let steps: Vec<&Step> = plan.resources[0]
        .steps
        .iter()
        .map(|one| &one.step)
        .collect();
    assert!(matches!(steps[0], Step::Redact { with, .. } if with == "***"));
    assert!(matches!(steps[1], Step::Dedupe { fields, memory: 100_000 } if fields.len() == 2));
    assert!(matches!(steps[2], Step::Flatten { prefix, .. } if prefix.is_empty()));
    assert!(matches!(steps[3], Step::Hash { salt: None, .. }));
}

/// The record `{}` behind the steps of the only resource.
fn applied(plan: &Plan, record: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("salt"), "pepper-and-salt\n").expect("a file");
    let redactor = Redactor::default();
    let resolved = plan
        .resolve(&SystemSource::in_folder(folder.path()), &redactor)
        .expect("the references have values");
    let mut runner = Runner::new(resolved.steps_for(&plan.resources[0]));
    match runner.apply(record, &[]) {
        Ok(Kept::Changed(records)) => records.concat(),
        Ok(Kept::AsItIs) => record.to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn values_that_are_set_keep_their_digits() {
    let plan = plan(
        "resources: [{name: a, processing_steps: [{set: {n: 12345678901234567890.10, t: 'a$${b}', l: [true, null, {x: -1}]}}]}]",
    );
    assert_eq!(
        applied(&plan, "{}"),
        r#"{"n":12345678901234567890.10,"t":"a${b}","l":[true,null,{"x":-1}]}"#
    );
}

#[test]
fn a_salt_comes_from_outside_and_shows_nowhere() {
    let plan = plan(
        "resources: [{name: a, processing_steps: [{hash: {fields: e, salt: '${file:salt}'}}, {map: 'error(\"no\")'}]}]",
    );
    assert!(!format!("{plan:?}").contains("pepper"));
    let shown = applied(&plan, r#"{"e":"x","f":"pepper-and-salt"}"#);
    assert!(shown.contains("\"f\":\"***\""), "{shown}");
    let alone = self::plan(
        "resources: [{name: a, processing_steps: [{hash: {fields: e, salt: '${file:salt}'}}]}]",
    );
    let unsalted = self::plan("resources: [{name: a, processing_steps: [{hash: e}]}]");
    assert_ne!(
        applied(&alone, r#"{"e":"x"}"#),
        applied(&unsalted, r#"{"e":"x"}"#)
    );
}
