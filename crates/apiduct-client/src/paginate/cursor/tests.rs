use std::collections::BTreeMap;

use apiduct_model::Scalar;
use http::Method;
use serde_json::json;

use super::super::test_support::body_page;
use super::*;
use crate::Body;

fn step(paginator: &Cursor, body: &Value) -> Result<Step, PaginateError> {
    paginator.advance(&Position::Start, &body_page(paginator, body))
}

fn token(scalar: impl Into<Scalar>) -> Step {
    Step::Next(Position::Token(scalar.into()))
}

fn applied(paginator: &Cursor, position: &Position, body: Body) -> Result<Request, PaginateError> {
    let mut request = Request::new(Method::POST, "http://h/r?after=old".parse().unwrap());
    request.body = body;
    paginator.apply(position, &mut request)?;
    Ok(request)
}

#[test]
fn the_cursor_is_taken_with_its_type() {
    let paginator = Cursor::default();
    let at = |value: Value| {
        step(
            &paginator,
            &json!({"data": [1], "cursors": {"next": value}}),
        )
        .unwrap()
    };
    assert_eq!(at(json!("abc")), token("abc"));
    assert_eq!(at(json!("0")), token("0"));
    assert_eq!(at(json!(25)), token(25));
    assert_eq!(at(json!(1.5)), token(Scalar::Number("1.5".into())));
}

#[test]
fn what_says_nothing_ends_the_pagination() {
    for body in [
        json!({}),
        json!({"cursors": {}}),
        json!({"cursors": null}),
        json!({"cursors": {"next": null}}),
        json!({"cursors": {"next": ""}}),
        json!({"cursors": {"next": 0}}),
        json!({"cursors": {"next": 0.0}}),
        json!({"cursors": {"next": false}}),
        json!({"cursors": {"next": []}}),
        json!({"cursors": {"next": {}}}),
    ] {
        assert_eq!(
            step(&Cursor::default(), &body),
            Ok(Step::Done(Reason::NoNext)),
            "{body}"
        );
    }
}

#[test]
fn what_is_no_cursor_is_an_error() {
    for value in [json!(true), json!([1]), json!({"a": 1})] {
        let body = json!({"data": [1], "cursors": {"next": value}});
        let error = step(&Cursor::default(), &body).unwrap_err();
        assert!(
            matches!(error, PaginateError::WrongValue { what: "cursor", .. }),
            "{error}"
        );
    }
}

#[test]
fn the_cursor_may_come_out_of_the_last_record() {
    let paginator = Cursor::new("data[-1].id");
    let body = json!({"data": [{"id": 7}, {"id": 9}]});
    assert_eq!(step(&paginator, &body), Ok(token(9)));
    assert_eq!(
        step(&paginator, &json!({"data": []})),
        Ok(Step::Done(Reason::NoNext))
    );
}

#[test]
fn the_cursor_replaces_an_earlier_one_in_the_query() {
    let position = Position::Token("a b".into());
    let request = applied(&Cursor::default(), &position, Body::Empty).unwrap();
    assert_eq!(request.full_url().as_str(), "http://h/r?after=a+b");
    let start = applied(&Cursor::default(), &Position::Start, Body::Empty).unwrap();
    assert_eq!(start.full_url().as_str(), "http://h/r?after=old");
}

#[test]
fn the_cursor_goes_into_the_body_with_its_type() {
    let paginator = Cursor::default().cursor_body_path("variables.after");
    let body = Body::Json(json!({"query": "q", "variables": {"first": 5}}));
    let request = applied(&paginator, &Position::Token(25.into()), body).unwrap();
    let expected = json!({"query": "q", "variables": {"first": 5, "after": 25}});
    assert_eq!(request.body, Body::Json(expected));
    assert_eq!(request.full_url().as_str(), "http://h/r?after=old");
}

#[test]
fn the_cursor_goes_into_a_header_where_that_is_asked_for() {
    let paginator = Cursor::default().cursor_header("X-Cursor");
    let request = applied(&paginator, &Position::Token("c".into()), Body::Empty).unwrap();
    assert_eq!(request.headers["x-cursor"], "c");
    assert_eq!(
        paginator.describe(),
        "cursor at `cursors.next`, sent as header `x-cursor`"
    );
}

#[test]
fn a_list_is_a_cursor_that_goes_into_the_body() {
    let paginator = Cursor::new("data[-1].sort").cursor_body_path("search_after");
    let body = json!({"data": [{"sort": [12, "x"]}]});
    let Step::Next(position) = step(&paginator, &body).unwrap() else {
        panic!()
    };
    let request = applied(&paginator, &position, Body::Empty).unwrap();
    assert_eq!(request.body, Body::Json(json!({"search_after": [12, "x"]})));
    let stored = serde_json::to_string(&position).unwrap();
    assert_eq!(serde_json::from_str::<Position>(&stored).unwrap(), position);
}

#[test]
fn an_empty_page_ends_only_on_demand() {
    let body = json!({"data": [], "cursors": {"next": "x"}});
    assert_eq!(step(&Cursor::default(), &body), Ok(token("x")));
    let stopping = Cursor::default().stop_after_empty_page(true);
    assert_eq!(step(&stopping, &body), Ok(Step::Done(Reason::EmptyPage)));
}

#[test]
fn has_more_is_asked_where_there_is_a_cursor() {
    let paginator = Cursor::new("next").has_more_path("more");
    let at = |next: Value, more: Value| {
        step(
            &paginator,
            &json!({"data": [1], "next": next, "more": more}),
        )
    };
    assert_eq!(at(json!("x"), json!(true)), Ok(token("x")));
    assert_eq!(
        at(json!("x"), json!("false")),
        Ok(Step::Done(Reason::HasMoreFalse))
    );
    assert_eq!(at(json!(null), json!(true)), Ok(Step::Done(Reason::NoNext)));
    let error = at(json!("x"), json!(null)).unwrap_err();
    assert!(matches!(
        error,
        PaginateError::Missing {
            what: "has_more",
            ..
        }
    ));
}

#[test]
fn one_place_must_be_left_and_paths_must_be_readable() {
    assert!(Cursor::default().validate().is_ok());
    let both = Cursor::default().cursor_param("a").cursor_body_path("b");
    assert!(matches!(both.validate(), Err(SetupError::TwoPlaces { .. })));
    assert!(matches!(
        Cursor::default().cursor_param("").validate(),
        Err(SetupError::Empty { .. })
    ));
    assert!(matches!(
        Cursor::new("a..").validate(),
        Err(SetupError::BadPath { .. })
    ));
    assert!(matches!(
        Cursor::default().has_more_path("[").validate(),
        Err(SetupError::BadPath { .. })
    ));
}

#[test]
fn a_position_of_another_paginator_is_refused() {
    let list = Position::Map(BTreeMap::from([("json".to_owned(), Scalar::from("[1]"))]));
    let other = Position::Map(BTreeMap::from([("page".to_owned(), Scalar::from(1))]));
    let in_body = Cursor::default().cursor_body_path("after");
    for (paginator, position) in [
        (&Cursor::default(), &Position::Number(2)),
        (&Cursor::default(), &list),
        (&in_body, &other),
    ] {
        let error = applied(paginator, position, Body::Empty).unwrap_err();
        assert!(
            matches!(error, PaginateError::ForeignPosition { .. }),
            "{error}"
        );
    }
}

#[test]
fn the_description_names_path_place_and_ends() {
    assert_eq!(
        Cursor::default().describe(),
        "cursor at `cursors.next`, sent as query parameter `after`"
    );
    let paginator = Cursor::new("a")
        .cursor_body_path("b.c")
        .has_more_path("d")
        .stop_after_empty_page(true);
    assert_eq!(
        paginator.describe(),
        "cursor at `a`, sent as `b.c` in the body, has-more at `d`, until an empty page"
    );
}
