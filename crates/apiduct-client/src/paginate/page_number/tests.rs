use http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::Reason;
use super::super::test_support::body_page;
use super::*;
use crate::Body;

/// The pages that are asked of an API which has `has` pages from `base` on and says so at `total_pages` if it `tells`.
fn walk(paginator: &PageNumber, base: u64, has: u64, tells: bool) -> Vec<u64> {
    let mut position = paginator.start();
    let mut asked = Vec::new();
    loop {
        let Position::Number(number) = position else {
            panic!("{position:?}")
        };
        asked.push(number);
        assert!(asked.len() < 99, "no end: {asked:?}");
        let is_there = (base..base + has).contains(&number);
        let data = if is_there { json!([number]) } else { json!([]) };
        let body =
            json!({"data": data, "total_pages": if tells { json!(has) } else { Value::Null }});
        match paginator
            .advance(&position, &body_page(paginator, &body))
            .unwrap()
        {
            Step::Next(next) => position = next,
            Step::Done(_) => return asked,
        }
    }
}

#[test]
fn pages_are_asked_as_the_traces_say() {
    let told = || PageNumber::new().total_path("total_pages");
    let untold = || PageNumber::new().total_path(None::<&str>);
    assert_eq!(walk(&told().initial_page(0), 0, 3, true), [0, 1, 2]);
    assert_eq!(walk(&told(), 1, 3, true), [1, 2, 3]);
    assert_eq!(
        walk(&told().base_page(1).initial_page(2), 1, 3, true),
        [2, 3]
    );
    assert_eq!(walk(&told().base_page(1).initial_page(5), 1, 3, true), [5]);
    assert_eq!(walk(&untold(), 1, 3, false), [1, 2, 3, 4]);
    assert_eq!(walk(&untold().initial_page(0), 0, 3, false), [0, 1, 2, 3]);
}

#[test]
fn the_maximum_is_the_last_page_that_is_asked() {
    let paginator = |initial, maximum| {
        PageNumber::new()
            .total_path(None::<&str>)
            .initial_page(initial)
            .maximum_page(maximum)
    };
    assert_eq!(walk(&paginator(0, 4), 0, 9, false), [0, 1, 2, 3, 4]);
    assert_eq!(walk(&paginator(1, 2), 1, 9, false), [1, 2]);
    assert_eq!(walk(&paginator(1, 0), 1, 9, false), [1]);
}

#[test]
fn totals_are_read_again_on_every_page() {
    let paginator = PageNumber::new().total_path("t");
    let step = |number, total: u64| {
        let page = body_page(&paginator, &json!({"data": [1], "t": total}));
        paginator.advance(&Position::Number(number), &page).unwrap()
    };
    assert_eq!(step(2, 3), Step::Next(Position::Number(3)));
    assert_eq!(step(3, 4), Step::Next(Position::Number(4)));
    assert_eq!(step(3, 2), Step::Done(Reason::TotalReached { total: 2 }));
}

fn applied(paginator: &PageNumber, body: Body) -> Result<Request, PaginateError> {
    let mut request = Request::new(Method::POST, "http://h/r?page=9&q=x".parse().unwrap());
    request.params.push(("page".into(), "8".into()));
    request.body = body;
    paginator.apply(&Position::Number(2), &mut request)?;
    Ok(request)
}

#[test]
fn the_number_replaces_what_the_caller_set_under_its_name() {
    let request = applied(&PageNumber::new(), Body::Empty).unwrap();
    assert_eq!(request.full_url().as_str(), "http://h/r?q=x&page=2");
    let request = applied(&PageNumber::new().page_param("p"), Body::Empty).unwrap();
    assert_eq!(
        request.full_url().as_str(),
        "http://h/r?page=9&q=x&page=8&p=2"
    );
}

#[test]
fn the_number_goes_into_the_body_as_a_number() {
    let paginator = PageNumber::new().page_body_path("paging.page");
    let body = |body| applied(&paginator, body).unwrap().body;
    assert_eq!(
        body(Body::Empty),
        Body::Json(json!({"paging": {"page": 2}}))
    );
    let before = json!({"q": 1, "paging": {"size": 5, "page": 1}});
    assert_eq!(
        body(Body::Json(before)),
        Body::Json(json!({"q": 1, "paging": {"size": 5, "page": 2}}))
    );
    let error = applied(&paginator, Body::Json(json!({"paging": 1}))).unwrap_err();
    assert!(matches!(error, PaginateError::Inject { .. }), "{error}");
    let raw = Body::Raw {
        bytes: bytes::Bytes::new(),
        content_type: None,
    };
    let error = applied(&paginator, raw).unwrap_err();
    assert!(error.to_string().contains("raw body"), "{error}");
}

#[test]
fn the_number_goes_into_a_form() {
    let paginator = PageNumber::new().page_body_path("page");
    let form = Body::Form(vec![("page".into(), "1".into()), ("q".into(), "x".into())]);
    let expected = Body::Form(vec![("page".into(), "2".into()), ("q".into(), "x".into())]);
    assert_eq!(applied(&paginator, form).unwrap().body, expected);
}

#[test]
fn one_place_must_be_left() {
    let both = PageNumber::new().page_param("p").page_body_path("p");
    assert!(matches!(both.validate(), Err(SetupError::TwoPlaces { .. })));
    for bad in [
        PageNumber::new().page_param(""),
        PageNumber::new().page_body_path(""),
    ] {
        assert!(matches!(bad.validate(), Err(SetupError::Empty { .. })));
    }
    assert!(PageNumber::new().page_body_path("a[").validate().is_err());
    assert!(PageNumber::new().total_path("a..").validate().is_err());
    assert!(PageNumber::new().has_more_path("a..").validate().is_err());
}

#[test]
fn the_total_is_told_and_what_it_counts_unless_that_is_a_guess() {
    let body = json!({"data": [1], "total": 7, "pages": 3});
    let total = |paginator: PageNumber| paginator.total(&body_page(&paginator, &body));
    assert_eq!(
        total(PageNumber::new().total_path("pages")),
        Some(Total::Pages(3))
    );
    assert_eq!(total(PageNumber::new()), Some(Total::Unclear(7)));
    assert_eq!(total(PageNumber::new().total_path(None::<&str>)), None);
}

const NONE: [u64; 0] = [];

/// The numbers of the pages that are known after page `number` with `records` records of `total`.
fn known_after(paginator: &PageNumber, number: u64, records: usize, total: u64) -> Vec<u64> {
    let body = json!({"data": vec![1; records], "total": total, "pages": total});
    let page = body_page(paginator, &body);
    let ahead = |pages| paginator.ahead(&Position::Number(number), &page, pages);
    (1..)
        .map_while(ahead)
        .map(|position| match position {
            Position::Number(number) => number,
            other => panic!("{other} is no number"),
        })
        .collect()
}

#[test]
fn all_pages_up_to_the_total_are_known_ahead() {
    let paginator = PageNumber::new().total_path("pages");
    assert_eq!(known_after(&paginator, 1, 10, 4), [2, 3, 4]);
    assert_eq!(known_after(&paginator, 4, 10, 4), NONE);
    let from_0 = paginator.clone().initial_page(0);
    assert_eq!(known_after(&from_0, 0, 10, 4), [1, 2, 3]);
    assert_eq!(known_after(&paginator.maximum_page(3), 1, 10, 9), [2, 3]);
    let no_total = PageNumber::new().total_path(None::<&str>).maximum_page(9);
    assert_eq!(known_after(&no_total, 1, 10, 9), NONE);
}

#[test]
fn a_total_of_pages_or_of_records_tells_as_much_as_both_have_in_common() {
    let paginator = PageNumber::new();
    assert_eq!(known_after(&paginator, 1, 10, 35), [2, 3, 4], "records");
    assert_eq!(known_after(&paginator, 4, 5, 35), NONE, "the last of four");
    assert_eq!(known_after(&paginator, 1, 10, 3), [2, 3], "pages");
    assert_eq!(
        known_after(&paginator, 4, 10, 35),
        (5..=35).collect::<Vec<_>>(),
        "more records than 35 have come"
    );
}

#[test]
fn a_position_of_another_paginator_is_refused() {
    let mut request = Request::new(Method::GET, "http://h/".parse().unwrap());
    let error = PageNumber::new()
        .apply(&Position::Start, &mut request)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "position `start` is not one of a page number paginator"
    );
}

proptest! {
    /// Whatever the base and the size, every page is asked exactly once, in order.
    #[test]
    fn every_page_is_asked_once(base in 0..5_u64, has in 1..30_u64, tells: bool) {
        let total = if tells { TotalPath::from("total_pages") } else { TotalPath::Unknown };
        let paginator = PageNumber::new().initial_page(base).total_path(total);
        let asked = walk(&paginator, base, has, tells);
        let behind = u64::from(!tells);
        prop_assert_eq!(asked, (base..base + has + behind).collect::<Vec<_>>());
    }
}
