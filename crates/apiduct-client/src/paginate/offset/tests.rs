use http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::test_support::body_page;
use super::*;
use crate::Body;

/// The offsets that are asked of an API with `has` records, and the records that it gave.
fn walk(paginator: &Offset, has: u64, tells: bool) -> (Vec<u64>, Vec<u64>) {
    let mut position = paginator.start();
    let (mut asked, mut records) = (Vec::new(), Vec::new());
    loop {
        let Position::Number(offset) = position else {
            panic!("{position:?}")
        };
        asked.push(offset);
        assert!(asked.len() < 99, "no end: {asked:?}");
        let found: Vec<u64> = (offset..has.min(offset.saturating_add(paginator.limit))).collect();
        let body = json!({"data": found, "total": if tells { json!(has) } else { Value::Null }});
        records.extend(found);
        match paginator
            .advance(&position, &body_page(paginator, &body))
            .unwrap()
        {
            Step::Next(next) => position = next,
            Step::Done(_) => return (asked, records),
        }
    }
}

fn asked(paginator: &Offset, has: u64, tells: bool) -> Vec<u64> {
    walk(paginator, has, tells).0
}

#[test]
fn offsets_are_asked_as_the_traces_say() {
    assert_eq!(asked(&Offset::new(1), 3, true), [0, 1, 2]);
    assert_eq!(asked(&Offset::new(2), 3, true), [0, 2]);
    assert_eq!(asked(&Offset::new(1).offset(1), 3, true), [1, 2]);
    let bounded = Offset::new(2).maximum_offset(3).total_path(None::<&str>);
    assert_eq!(asked(&bounded, 9, false), [0, 2]);
    let bounded = |maximum| Offset::new(50).maximum_offset(maximum);
    assert_eq!(asked(&bounded(100), 999, true), [0, 50]);
    assert_eq!(asked(&bounded(120), 999, true), [0, 50, 100]);
    assert_eq!(asked(&Offset::new(2), 3, false), [0, 2, 4]);
}

#[test]
fn a_short_page_alone_does_not_end_the_pagination() {
    let paginator = Offset::new(5);
    let page = body_page(&paginator, &json!({"data": [1, 2], "total": 50}));
    let step = paginator.advance(&Position::Number(0), &page);
    assert_eq!(step, Ok(Step::Next(Position::Number(5))));
}

#[test]
fn offset_and_limit_go_to_their_own_places() {
    let paginator = Offset::new(42)
        .offset_body_path("page.from")
        .limit_param("size");
    let mut request = Request::new(Method::POST, "http://h/r?size=1".parse().unwrap());
    paginator
        .apply(&Position::Number(165), &mut request)
        .unwrap();
    assert_eq!(request.full_url().as_str(), "http://h/r?size=42");
    assert_eq!(request.body, Body::Json(json!({"page": {"from": 165}})));

    let mut request = Request::new(Method::GET, "http://h/r".parse().unwrap());
    let paginator = Offset::new(42).offset(123);
    paginator.apply(&paginator.start(), &mut request).unwrap();
    assert_eq!(
        request.full_url().as_str(),
        "http://h/r?offset=123&limit=42"
    );
}

#[test]
fn each_pair_of_places_is_checked_by_itself() {
    let fields = |paginator: Offset| match paginator.validate().unwrap_err() {
        SetupError::TwoPlaces { param, .. } => param,
        SetupError::Empty { field } | SetupError::Zero { field } => field,
        other => panic!("{other}"),
    };
    let offset = || Offset::new(1);
    assert_eq!(
        fields(offset().offset_param("a").offset_body_path("b")),
        "offset_param"
    );
    assert_eq!(
        fields(offset().limit_param("a").limit_body_path("b")),
        "limit_param"
    );
    assert_eq!(fields(offset().offset_param("")), "offset_param");
    assert_eq!(fields(offset().offset_body_path("")), "offset_body_path");
    assert_eq!(fields(offset().limit_param("")), "limit_param");
    assert_eq!(fields(offset().limit_body_path("")), "limit_body_path");
    assert_eq!(fields(Offset::new(0)), "limit");
    assert!(
        offset()
            .offset_param("a")
            .limit_body_path("b")
            .validate()
            .is_ok()
    );
    let endless = offset()
        .total_path(None::<&str>)
        .stop_after_empty_page(false);
    assert_eq!(
        endless.validate(),
        Err(SetupError::NoEnd {
            maximum: "maximum_offset"
        })
    );
}

#[test]
fn the_total_counts_records() {
    let paginator = Offset::new(5);
    let page = body_page(&paginator, &json!({"data": [1], "total": "12"}));
    assert_eq!(paginator.total(&page), Some(Total::Records(12)));
}

#[test]
fn the_description_names_places_and_ends() {
    let paginator = Offset::new(5).maximum_offset(50).has_more_path("more");
    assert_eq!(
        paginator.describe(),
        "offset in query parameter `offset`, limit 5 in query parameter `limit`, from 0, \
         total records at `total` if given, `maximum_offset` 50, has-more at `more`, until an empty page"
    );
}

proptest! {
    /// Whatever the sizes, every record from the first offset on comes once, in order.
    #[test]
    fn every_record_comes_once(limit in 1..20_u64, has in 0..90_u64, from in 0..5_u64, tells: bool) {
        let (_, records) = walk(&Offset::new(limit).offset(from), has, tells);
        prop_assert_eq!(records, (from..has).collect::<Vec<_>>());
    }
}

#[test]
fn all_offsets_below_the_total_are_known_ahead() {
    let paginator = Offset::new(5).maximum_offset(20);
    let known = |total: u64| {
        let page = body_page(&paginator, &json!({"data": [1], "total": total}));
        let ahead = |pages| paginator.ahead(&Position::Number(5), &page, pages);
        (1..).map_while(ahead).collect::<Vec<_>>()
    };
    assert_eq!(known(16), [10, 15].map(Position::Number));
    assert_eq!(known(99), [10, 15].map(Position::Number), "the maximum");
    assert_eq!(known(10), []);
    assert_eq!(known(0), [], "a page with records, and a total of none");
}
