use http::{HeaderMap, Method, StatusCode};

use super::*;
use crate::{Request, Response};

/// What is noticed on numbered pages with these bodies and totals.
fn noticed(bodies: &[(&str, Option<u64>)], key: &[&str]) -> Drift {
    noticed_at(bodies, key, Position::Number)
}

fn noticed_at(
    bodies: &[(&str, Option<u64>)],
    key: &[&str],
    position: impl Fn(u64) -> Position,
) -> Drift {
    let key: Vec<Selector> = key
        .iter()
        .map(|key| Selector::parse(key).unwrap())
        .collect();
    let mut watch = Watch::default();
    for (number, (body, total)) in (1..).zip(bodies) {
        let url: url::Url = "http://h/".parse().unwrap();
        let headers = HeaderMap::new();
        let response = Response::new(StatusCode::OK, headers, (*body).to_owned(), url.clone());
        let plan = ScanPlan::new(Selector::root(), Vec::new());
        let scanned = plan.scan(&response.body).unwrap();
        let request = Request::new(Method::GET, url);
        let page = Page::new(
            number,
            position(number),
            request,
            response,
            scanned,
            Vec::new(),
        );
        watch.note(&page, total.map(Total::Records), &key);
    }
    watch.drift
}

fn untold<'a>(bodies: &[&'a str]) -> Vec<(&'a str, Option<u64>)> {
    bodies.iter().map(|body| (*body, None)).collect()
}

#[test]
fn neighbors_without_common_records_are_no_sign() {
    let pages = untold(&[
        r#"[{"id":1},{"id":2}]"#,
        r#"[{"id":3}]"#,
        "[]",
        r#"[{"id":3}]"#,
    ]);
    assert!(noticed(&pages, &[]).is_none());
    assert!(noticed(&pages, &["id"]).is_none());
}

#[test]
fn a_page_that_begins_with_the_end_of_the_page_before_is_counted() {
    let pages = untold(&[
        r#"[{"id":1},{"id":2},{"id":3}]"#,
        r#"[{"id":2}, {"id":3}, {"id":4}]"#,
        r#"[{"id":5},{"id":6},{"id":7}]"#,
        r#"[{"id":7},{"id":8}]"#,
    ]);
    let drift = noticed(&pages, &[]);
    assert_eq!((drift.overlaps, drift.repeated_records), (2, 3));
    assert_eq!(drift.first_overlap, Some(2));
    assert_eq!(
        drift.to_string(),
        "3 records came twice, at the start of page 2 and 1 more"
    );
}

#[test]
fn a_key_tells_a_record_that_was_changed_from_one_that_is_new() {
    let pages = untold(&[
        r#"[{"id":1,"at":1},{"id":2,"at":1}]"#,
        r#"[{"id":2,"at":2},{"id":3,"at":1}]"#,
    ]);
    assert!(noticed(&pages, &[]).is_none());
    assert_eq!(noticed(&pages, &["id"]).repeated_records, 1);
    assert!(noticed(&pages, &["id", "at"]).is_none());
    assert!(
        noticed(&pages, &["gone"]).is_none(),
        "no key, nothing to compare"
    );
}

#[test]
fn values_and_records_that_look_alike_are_no_sign() {
    assert!(noticed(&untold(&["[1,2]", "[2,3]"]), &[]).is_none());
    let alike = r#"[{"s":"ok"},{"s":"ok"}]"#;
    assert!(noticed(&untold(&[alike, alike]), &[]).is_none());
}

#[test]
fn links_and_cursors_may_lead_to_the_same_records() {
    let pages = untold(&[r#"[{"id":1},{"id":2}]"#, r#"[{"id":2},{"id":3}]"#]);
    assert!(noticed_at(&pages, &["id"], |_| Position::Start).is_none());
}

#[test]
fn another_total_is_noticed_and_a_missing_one_is_not() {
    let (one, two) = (r#"[{"id":1}]"#, r#"[{"id":2}]"#);
    assert!(noticed(&[(one, Some(2)), (two, None), (one, Some(2))], &[]).is_none());
    let drift = noticed(&[(one, Some(2)), (two, Some(3)), (one, Some(1))], &[]);
    assert_eq!((drift.total_changes, drift.totals), (2, Some((2, 1))));
    assert_eq!(drift.to_string(), "the total went from 2 to 1");
    assert!(!drift.is_none());
    let mut sum = Drift::default();
    for _ in 0..2 {
        sum.add(&drift);
    }
    assert_eq!((sum.total_changes, sum.totals), (4, Some((2, 1))));
}
