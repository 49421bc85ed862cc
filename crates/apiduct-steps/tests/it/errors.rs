use apiduct_model::{Hint, Redactor, SecretText};
use apiduct_steps::{Runner, Step};

use super::{program, steps, try_all};

#[test]
fn an_error_names_step_place_record_and_cause() {
    let list = vec![
        Step::Filter(program(".a")),
        Step::Map(program(".c = .a + .b")),
    ];
    let error = try_all(list, &[r#"{"a":1,"b":"x"}"#]).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"step `map: .c = .a + .b` (shop.yaml:11:9) fails on `{"a":1,"b":"x"}`"#
    );
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), r#"cannot calculate 1 + "x""#);
}

#[test]
fn the_record_is_shown_as_the_step_met_it() {
    let list = vec![
        Step::Map(program("del(.email)")),
        Step::Map(program("error(\"no\")")),
    ];
    let error = try_all(list, &[r#"{"id":1,"email":"ada@example.com"}"#]).unwrap_err();
    assert_eq!(error.record, r#"{"id":1}"#);
    assert_eq!(error.problem.to_string(), "no");
}

#[test]
fn secrets_are_masked_in_record_program_and_message() {
    let redactor = Redactor::default();
    redactor.register(&SecretText::from("hunter22"));
    let steps =
        steps(vec![Step::Map(program("\"hunter22\" as $x | .a.b"))]).with_redactor(redactor);
    let error = Runner::new(steps)
        .apply(r#"{"a":"hunter22"}"#, &[])
        .unwrap_err();
    for text in [
        error.to_string(),
        error.problem.to_string(),
        format!("{error:?}"),
    ] {
        assert!(!text.contains("hunter22") && text.contains("***"), "{text}");
    }
}

#[test]
fn a_long_record_is_cut() {
    let record = format!(r#"{{"a":"{}"}}"#, "é".repeat(5000));
    let error = try_all(vec![Step::Map(program("error(\"no\")"))], &[&record]).unwrap_err();
    assert!(error.record.chars().count() <= 201);
}

#[test]
fn a_record_that_is_not_json_is_an_error() {
    let error = try_all(vec![Step::Filter(program("."))], &["{\"a\":}"]).unwrap_err();
    assert_eq!(error.problem.to_string(), "the record is not JSON");
}

#[test]
fn hints_say_what_to_do() {
    let hint = |text: &str| {
        try_all(vec![Step::Map(program(text))], &["{}"])
            .unwrap_err()
            .hint()
    };
    assert!(hint("[.]").unwrap().contains("`yield_map`"));
    assert!(hint("., .").unwrap().contains("`yield_map`"));
    assert!(hint("{a: nan}").unwrap().contains("replace it"));
    assert_eq!(hint("error"), None);
}
