use serde_json::{Value, json};

use super::super::test_support::body_page;
use super::super::{PageNumber, Paginator};
use super::*;

/// The settings of one row of the matrix: page numbers from 1, `maximum` 1 means reached after the first page.
fn paginator(total: bool, maximum: bool, has_more: bool) -> PageNumber {
    let mut paginator = PageNumber::new().total_path(total.then_some("total"));
    paginator.maximum_page = Some(if maximum { 1 } else { 9 });
    paginator.has_more_path = has_more.then(|| "more".into());
    paginator
}

fn step(paginator: &PageNumber, body: &Value) -> Result<Step, PaginateError> {
    paginator.advance(&paginator.start(), &body_page(paginator, body))
}

/// Empty, total reached, maximum reached, has-more (`None`: not configured), and what must come of it.
#[test]
fn the_stop_rules_work_together_as_the_matrix_says() {
    let next = || Step::Next(Position::Number(2));
    let done = Step::Done;
    let total = |total| done(Reason::TotalReached { total });
    let maximum = || done(Reason::MaximumReached { maximum: 1 });
    for (empty, reached, bounded, more, expected) in [
        (true, false, false, Some(true), done(Reason::EmptyPage)),
        (true, true, true, Some(true), done(Reason::EmptyPage)),
        (false, false, false, None, next()),
        (false, true, false, None, total(1)),
        (false, true, true, None, total(1)),
        (false, false, true, None, maximum()),
        (false, false, false, Some(true), next()),
        (false, false, false, Some(false), done(Reason::HasMoreFalse)),
        (false, true, false, Some(true), total(1)),
        (false, true, true, Some(true), total(1)),
        (false, false, true, Some(true), maximum()),
    ] {
        let paginator = paginator(true, bounded, more.is_some());
        let data = if empty { json!([]) } else { json!([1]) };
        let body = json!({"data": data, "total": if reached { 1 } else { 5 }, "more": more});
        let row = (empty, reached, bounded, more);
        assert_eq!(step(&paginator, &body), Ok(expected), "{row:?}");
    }
}

#[test]
fn a_required_total_that_is_missing_is_an_error_whatever_else_is_set() {
    for body in [
        json!({"data": [1], "more": true}),
        json!({"data": [1], "total": null, "more": false}),
    ] {
        let error = step(&paginator(true, true, true), &body).unwrap_err();
        assert_eq!(error.to_string(), "total not found at `total`");
    }
}

#[test]
fn a_missing_total_on_an_empty_last_page_is_harmless() {
    let step = step(&paginator(true, false, true), &json!({"data": []}));
    assert_eq!(step, Ok(Step::Done(Reason::EmptyPage)));
}

#[test]
fn a_total_that_nobody_asked_for_may_be_missing_or_senseless() {
    let paginator = PageNumber::new();
    for total in [
        json!(null),
        json!("many"),
        json!({"value": 3}),
        json!(0),
        json!(-1),
    ] {
        let body = json!({"data": [1], "total": total});
        assert_eq!(
            step(&paginator, &body),
            Ok(Step::Next(Position::Number(2))),
            "{body}"
        );
    }
    assert_eq!(
        step(&paginator, &json!({"data": [1]})),
        Ok(Step::Next(Position::Number(2)))
    );
    let body = json!({"data": [1], "total": 1});
    assert_eq!(
        step(&paginator, &body),
        Ok(Step::Done(Reason::TotalReached { total: 1 }))
    );
}

#[test]
fn the_usual_total_is_missed_when_nothing_else_can_end() {
    let paginator = PageNumber::new().stop_after_empty_page(false);
    assert!(paginator.validate().is_ok());
    let error = step(&paginator, &json!({"data": [1]})).unwrap_err();
    assert!(matches!(
        error,
        PaginateError::Missing { what: "total", .. }
    ));
}

#[test]
fn an_empty_page_does_not_end_where_it_must_not() {
    let paginator = PageNumber::new()
        .stop_after_empty_page(false)
        .has_more_path("more");
    let body = json!({"data": [], "more": true});
    let next = Step::Next(Position::Number(2));
    assert_eq!(step(&paginator, &body), Ok(next));
}

#[test]
fn has_more_is_read_from_booleans_and_words() {
    let paginator = PageNumber::new().has_more_path("more");
    let next = || Ok(Step::Next(Position::Number(2)));
    for word in ["yes", "TRUE", "t", "y", "1"] {
        assert_eq!(
            step(&paginator, &json!({"data": [1], "more": word})),
            next(),
            "{word}"
        );
    }
    for word in ["no", "False", "f", "N", "0"] {
        let expected = Ok(Step::Done(Reason::HasMoreFalse));
        assert_eq!(
            step(&paginator, &json!({"data": [1], "more": word})),
            expected,
            "{word}"
        );
    }
    for (value, found) in [
        (json!("perhaps"), "`\"perhaps\"`"),
        (json!(" true"), "`\" true\"`"),
        (json!(1), "`1`"),
        (json!(["true"]), "a list"),
        (json!({"a": 1}), "an object"),
    ] {
        let error = step(&paginator, &json!({"data": [1], "more": value})).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("has_more at `more` should be a boolean, found {found}")
        );
    }
    for body in [json!({"data": [1]}), json!({"data": [1], "more": null})] {
        let error = step(&paginator, &body).unwrap_err();
        assert_eq!(error.to_string(), "has_more not found at `more`");
    }
}

#[test]
fn whole_numbers_are_read_from_what_apis_send() {
    let number = |text: &str| Scalar::Number(text.into());
    for (scalar, expected) in [
        (number("3"), Some(3)),
        (number("3.7"), Some(3)),
        (number("1e3"), Some(1000)),
        (number("1e400"), None),
        (number("-2"), Some(0)),
        (number("-0.5"), Some(0)),
        (number("99999999999999999999999"), Some(u64::MAX)),
        (Scalar::Bool(true), Some(1)),
        (Scalar::Bool(false), Some(0)),
        (Scalar::from(" 3 "), Some(3)),
        (Scalar::from("20"), Some(20)),
        (Scalar::from("+20"), Some(20)),
        (Scalar::from("1_000"), Some(1000)),
        (Scalar::from("3.7"), None),
        (Scalar::from("1,000"), None),
        (Scalar::from("1e3"), None),
        (Scalar::from("1__0"), None),
        (Scalar::from("_1"), None),
        (Scalar::from("-"), None),
        (Scalar::from(""), None),
        (Scalar::from("invalid"), None),
        (Scalar::Null, None),
    ] {
        assert_eq!(to_whole_number(&scalar), expected, "{scalar:?}");
    }
}

#[test]
fn a_total_of_the_wrong_kind_is_an_error_that_says_what_is_there() {
    let paginator = PageNumber::new().total_path("total");
    let long = "x".repeat(50);
    for (value, found) in [
        (json!("invalid"), "`\"invalid\"`".to_owned()),
        (json!([1]), "a list".to_owned()),
        (json!({"value": 1}), "an object".to_owned()),
        (json!(long), "a long text".to_owned()),
    ] {
        let error = step(&paginator, &json!({"data": [1], "total": value})).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("total at `total` should be a whole number, found {found}")
        );
    }
}

#[test]
fn something_must_be_able_to_end_the_pagination() {
    let nothing = PageNumber::new()
        .total_path(None::<&str>)
        .stop_after_empty_page(false);
    let error = nothing.validate().unwrap_err();
    assert_eq!(
        error.to_string(),
        "one of `total_path`, `maximum_page`, `has_more_path` and `stop_after_empty_page` must be set"
    );
    assert!(nothing.clone().total_path("").validate().is_err());
    for paginator in [
        nothing.clone().total_path("total"),
        nothing.clone().maximum_page(1),
        nothing.clone().has_more_path("more"),
        nothing.stop_after_empty_page(true),
    ] {
        assert_eq!(paginator.validate(), Ok(()));
    }
}
