use apiduct_json::{ScanPlan, Selector};
use apiduct_model::Scalar;
use http::{HeaderMap, Method, StatusCode};
use proptest::prelude::*;

use super::*;
use crate::{Request, Response};

/// The verdict on page `number` at `position` with `body`, before `next`.
fn verdict(
    guard: &mut LoopGuard,
    number: u64,
    position: Position,
    body: &str,
    next: Option<&Position>,
) -> Option<LoopKind> {
    let url: url::Url = "http://h/".parse().unwrap();
    let body = body.to_owned();
    let response = Response::new(StatusCode::OK, HeaderMap::new(), body, url.clone());
    let plan = ScanPlan::new(Selector::from_keys(&["data"]), Vec::new());
    let scanned = plan.scan(&response.body).unwrap();
    let request = Request::new(Method::GET, url);
    let page = Page::new(number, position, request, response, scanned, Vec::new());
    guard.check(&page, Digest::of(&page), next, false)
}

/// The pages of a numbered list, and the first verdict against one.
fn numbered(pages: &[(u64, &str)]) -> Option<LoopKind> {
    let mut guard = LoopGuard::default();
    (1..).zip(pages).find_map(|(number, (position, body))| {
        verdict(&mut guard, number, Position::Number(*position), body, None)
    })
}

/// The pages of a list that is led on by cursors, and the first verdict against one: each with the cursor it gives.
fn led(pages: &[(&str, Option<&str>)]) -> Option<LoopKind> {
    let mut guard = LoopGuard::default();
    let mut position = Position::Start;
    (1..).zip(pages).find_map(|(number, (body, next))| {
        let next = next.map(|next| Position::Token(Scalar::from(next)));
        let here = std::mem::replace(&mut position, next.clone().unwrap_or(Position::Start));
        verdict(&mut guard, number, here, body, next.as_ref())
    })
}

const ALIKE: &str = r#"{"data":[{"s":"ok"},{"s":"ok"}]}"#;

#[test]
fn a_constant_cursor_with_new_records_goes_on() {
    let page = |data: &'static str| (data, Some("c"));
    let pages = [
        page(r#"{"data":[1]}"#),
        page(r#"{"data":[2]}"#),
        page(r#"{"data":[3]}"#),
        page(r#"{"data":[]}"#),
    ];
    assert_eq!(led(&pages), None);
}

#[test]
fn cursors_that_lead_on_may_bring_the_same_records() {
    let pages = [
        (ALIKE, Some("a")),
        (ALIKE, Some("b")),
        (r#"{"data":[1]}"#, Some("c")),
        (ALIKE, Some("d")),
        (ALIKE, None),
    ];
    assert_eq!(led(&pages), None);
}

#[test]
fn cursors_that_lead_back_to_the_same_records_are_a_loop() {
    let ignored = [(ALIKE, Some("a")), (ALIKE, Some("a"))];
    let first_page = 1;
    assert_eq!(
        led(&ignored),
        Some(LoopKind::PositionIgnored { first_page })
    );
    let cycle = [
        (r#"{"data":[0]}"#, Some("a")),
        (r#"{"data":[1],"at":1}"#, Some("b")),
        (r#"{"data":[2],"at":2}"#, Some("c")),
        (r#"{"data":[3],"at":3}"#, Some("a")),
        (r#"{"data":[1],"at":4}"#, Some("d")),
    ];
    assert_eq!(led(&cycle), Some(LoopKind::SamePosition));
}

#[test]
fn the_same_records_at_the_same_position_are_a_loop() {
    let pages = [
        (7, r#"{"data":[1],"at":1}"#),
        (8, r#"{"data":[2],"at":2}"#),
        (7, r#"{"data":[1],"at":3}"#),
    ];
    assert_eq!(numbered(&pages), Some(LoopKind::SamePosition));
}

#[test]
fn the_same_records_under_another_number_mean_it_was_ignored() {
    let pages = [
        (1, r#"{"data":[1,2],"page":1}"#),
        (2, r#"{"data":[2,3],"page":2}"#),
        (3, r#"{"data":[1,2],"page":3}"#),
    ];
    let first_page = 1;
    assert_eq!(
        numbered(&pages),
        Some(LoopKind::PositionIgnored { first_page })
    );
}

#[test]
fn records_that_look_alike_need_more_than_themselves_to_be_a_loop() {
    let alike = |around: &str| format!(r#"{{"data":[{{"s":"ok"}},{{"s":"ok"}}]{around}}}"#);
    for (first, second, is_loop) in [
        (r#","page":1"#, r#","page":2"#, false),
        (r#","took":1"#, r#","took":2"#, false),
        ("", "", true),
        (r#","page":1"#, r#","page":1"#, true),
        (r#","page":1,"took":1"#, r#","page":1,"took":2"#, true),
    ] {
        let (one, two) = (alike(first), alike(second));
        let verdict = numbered(&[(1, &one), (2, &two)]);
        assert_eq!(verdict.is_some(), is_loop, "{first} and {second}");
    }
    let single = |took: u32| format!(r#"{{"data":[{{"s":"ok"}}],"took":{took}}}"#);
    assert!(numbered(&[(1, &single(1)), (2, &single(2))]).is_some());
}

#[test]
fn empty_pages_repeat_only_at_the_same_position() {
    let empty = r#"{"data":[]}"#;
    assert_eq!(numbered(&[(1, empty), (2, empty)]), None);
    let verdict = numbered(&[(1, empty), (2, empty), (2, empty)]);
    assert_eq!(verdict, Some(LoopKind::SamePosition));
}

/// The number of the page at which a walk is found to be a loop: each page with its records and the cursor it gives.
fn ends_at(
    guard: &mut LoopGuard,
    pages: impl Iterator<Item = (String, Option<Position>)>,
) -> Option<u64> {
    let mut position = Position::Start;
    (1..).zip(pages).find_map(|(number, (body, next))| {
        let here = std::mem::replace(&mut position, next.clone().unwrap_or(Position::Start));
        verdict(guard, number, here, &body, next.as_ref()).map(|_| number)
    })
}

fn token(number: u64) -> Position {
    Position::Token(Scalar::from(number.to_string().as_str()))
}

#[test]
fn a_cursor_that_grows_over_the_same_records_is_a_loop_after_three_repeats() {
    let pages = |records: &'static str| {
        (1..=50).map(move |number| {
            (
                format!(r#"{{"data":{records},"at":{number}}}"#),
                Some(token(number)),
            )
        })
    };
    let mut guard = LoopGuard::default();
    assert_eq!(ends_at(&mut guard, pages("[1,2]")), Some(4));
    let mut guard = LoopGuard::default();
    assert_eq!(ends_at(&mut guard, pages("[0,0]")), None, "they look alike");
}

#[test]
fn records_that_come_again_once_in_a_while_are_no_loop() {
    let pages = (1..=60).map(|number| {
        let record = if number % 4 == 0 { 0 } else { number };
        (format!(r#"{{"data":[{record},1]}}"#), Some(token(number)))
    });
    assert_eq!(ends_at(&mut LoopGuard::default(), pages), None);
}

#[test]
fn a_link_whose_parameters_change_places_is_the_same_link() {
    let link = |text: &str| Some(Position::Url(text.parse().unwrap()));
    let body = r#"{"data":[1,2]}"#.to_owned();
    let pages = (0..).map(|number| {
        let next = if number % 2 == 0 {
            link("http://h/r?a=1&b=2")
        } else {
            link("http://h/r?b=2&a=1")
        };
        (body.clone(), next)
    });
    assert_eq!(ends_at(&mut LoopGuard::default(), pages.take(9)), Some(2));
}

#[test]
fn records_that_look_alike_are_a_loop_when_nothing_tells_the_pages_apart() {
    let body = |number: u64| format!(r#"{{"data":[0,0],"took":{number}}}"#);
    let walk = |is_counted: bool, place: bool| {
        let mut guard = LoopGuard::default();
        (1..=20).find(|number| {
            let mut body = body(*number);
            if place {
                body = body.replace("took", "page");
            }
            let url: url::Url = "http://h/".parse().unwrap();
            let response = Response::new(StatusCode::OK, HeaderMap::new(), body, url.clone());
            let plan = ScanPlan::new(Selector::from_keys(&["data"]), Vec::new());
            let scanned = plan.scan(&response.body).unwrap();
            let request = Request::new(Method::GET, url);
            let position = Position::Number(*number);
            let page = Page::new(*number, position, request, response, scanned, Vec::new());
            let digest = Digest::of(&page);
            guard.check(&page, digest, None, is_counted).is_some()
        })
    };
    assert_eq!(walk(false, false), Some(4));
    assert_eq!(walk(true, false), None, "the walk ends with the total");
    assert_eq!(walk(false, true), None, "the page number moves on");
}

#[test]
fn memory_is_bounded_however_long_the_walk_is() {
    let mut guard = LoopGuard::remembering(8);
    let pages =
        (1..=5_000).map(|number| (format!(r#"{{"data":[{number}]}}"#), Some(token(number))));
    assert_eq!(ends_at(&mut guard, pages), None);
    assert_eq!(
        (guard.seen.len(), guard.led_on.len(), guard.contents.len()),
        (8, 8, 8)
    );
    assert!(guard.milestones.len() <= 13, "{}", guard.milestones.len());
}

proptest! {
    /// A cycle is found by the second page of its second round at the latest; one that is longer than what is
    /// remembered page by page, within a few rounds.
    #[test]
    fn every_cycle_is_found(before in 0..30_u64, length in 1..40_u64, by_link: bool, memory in 4..80_usize) {
        let place = |number: u64| if number < before { number } else { before + (number - before) % length };
        let position = |place: u64| {
            if by_link {
                Some(Position::Url(format!("http://h/r?at={place}").parse().unwrap()))
            } else {
                Some(token(place))
            }
        };
        let pages = (0..1_000).map(|number| {
            let (here, next) = (place(number), place(number + 1));
            (format!(r#"{{"data":[{here},"{here}"],"took":{number}}}"#), position(next))
        });
        let end = ends_at(&mut LoopGuard::remembering(memory), pages);
        let repeat = before + length + 1;
        let latest = if memory as u64 >= length {
            repeat + 2
        } else {
            4 * (before + length) + 2
        };
        prop_assert!(end.is_some_and(|end| end >= repeat && end <= latest), "{end:?}");
    }
}
