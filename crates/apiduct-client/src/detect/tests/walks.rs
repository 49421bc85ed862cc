//! Whole lists, walked with what detection found.

use std::collections::BTreeMap;

use apiduct_json::ScanPlan;
use proptest::prelude::*;
use serde_json::json;
use url::Url;

use super::*;
use crate::Page;
use crate::paginate::Step;

/// All records of an API, walked as the client does it: the first page detects, a repeated page is dropped, a page
/// that changes nothing is an error.
fn walk(
    url: &str,
    api: impl Fn(&BTreeMap<String, String>) -> (Vec<(&'static str, String)>, Value),
) -> Vec<u64> {
    let request = get(url);
    let answer = |request: &Request| {
        let url: Url = request.full_url();
        let query = url
            .query_pairs()
            .map(|(a, b)| (a.into_owned(), b.into_owned()))
            .collect();
        api(&query)
    };
    let (headers, body) = answer(&request);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(a, b)| (*a, b.as_str())).collect();
    let (records, found) = find_for(&request, &headers, &body);
    let (mut paginator, mut if_repeated) = (found.paginator, found.if_repeated);
    let mut position = found.position;
    let mut current = (
        headers
            .iter()
            .map(|(a, b)| (*a, (*b).to_owned()))
            .collect::<Vec<_>>(),
        body,
    );
    let mut all: Vec<u64> = Vec::new();
    let mut before: Option<Value> = None;
    for _ in 0..40 {
        let (headers, body) = &current;
        let headers: Vec<(&str, &str)> = headers.iter().map(|(a, b)| (*a, b.as_str())).collect();
        let mut sent = request.clone();
        if before.is_some() {
            paginator.apply(&position, &mut sent).unwrap();
        }
        let response = test_support::response(sent.full_url().as_str(), &headers, body);
        let data = records.selector.first(body).cloned().unwrap_or_default();
        let other = if before.is_some() {
            if_repeated.take()
        } else {
            None
        };
        match other {
            Some(other) if before.as_ref() == Some(&data) => paginator = other,
            _ => all.extend(
                data.as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_u64),
            ),
        }
        let plan = ScanPlan::new(records.selector.clone(), paginator.needs());
        let scanned = plan.scan(&response.body).unwrap();
        let page = Page::new(
            1,
            position.clone(),
            sent,
            response,
            scanned,
            paginator.needs(),
        );
        match paginator.advance(&position, &page).unwrap() {
            Step::Done(_) => return all,
            Step::Next(next) => position = next,
        }
        before = Some(data);
        let mut next = request.clone();
        paginator.apply(&position, &mut next).unwrap();
        current = answer(&next);
    }
    panic!("no end: {all:?}")
}

fn number(query: &BTreeMap<String, String>, name: &str) -> Option<u64> {
    query.get(name)?.parse().ok()
}

fn slice(from: u64, count: u64, has: u64) -> Vec<u64> {
    (from..has.min(from + count)).collect()
}

fn all(has: u64) -> Vec<u64> {
    (0..has).collect()
}

/// An API of `has` records in pages of 3, which counts pages from `base` and says how many there are.
fn numbered(base: u64, has: u64, echo: bool) -> Vec<u64> {
    walk("http://h/r", |query| {
        let page = number(query, "page").unwrap_or(base);
        let data = match page.checked_sub(base) {
            Some(index) => slice(index * 3, 3, has),
            None => slice(0, 3, has),
        };
        let mut body = json!({"data": data, "total_pages": has.div_ceil(3)});
        if echo {
            body["page"] = json!(page);
        }
        (Vec::new(), body)
    })
}

proptest! {
    /// Page numbers from 0 and from 1 are both right, with and without the number of the page in the response.
    #[test]
    fn numbered_pages_come_whole_whatever_they_count_from(base in 0..2_u64, has in 0..40_u64, echo: bool) {
        prop_assert_eq!(numbered(base, has, echo), all(has));
    }

    /// Offsets come whole too, also where the page is smaller than the limit that the response tells.
    #[test]
    fn offsets_come_whole(has in 0..60_u64, size in 2..9_u64) {
        let found = walk("http://h/r", |query| {
            let skip = number(query, "skip").unwrap_or(0);
            let limit = number(query, "limit").unwrap_or(50).min(size);
            let data = slice(skip, limit, has);
            (Vec::new(), json!({"products": data, "total": has, "skip": skip, "limit": 50}))
        });
        prop_assert_eq!(found, all(has));
    }

    /// The two generations of json-server, which say where the next page is in a header and as a page number.
    #[test]
    fn json_server_comes_whole(has in 0..40_u64, size in 1..7_u64, in_header: bool) {
        let found = walk("http://h/posts?_page=1", |query| {
            let page = number(query, "_page").unwrap_or(1);
            let data = slice((page - 1) * size, size, has);
            let pages = has.div_ceil(size).max(1);
            if in_header {
                let link = format!("<http://h/posts?_page=1>; rel=\"first\", <http://h/posts?_page={}>; rel=\"next\"", page + 1);
                let links = if page < pages { vec![("link", link)] } else { Vec::new() };
                return (links, json!(data));
            }
            let next = (page < pages).then_some(page + 1);
            let prev = (page > 1).then_some(page - 1);
            let body = json!({"first": 1, "prev": prev, "next": next, "last": pages, "pages": pages, "items": has, "data": data});
            (Vec::new(), body)
        });
        prop_assert_eq!(found, all(has));
    }

    /// A number in `next` that is a page, without a total.
    #[test]
    fn a_numeric_next_comes_whole(has in 0..40_u64) {
        let found = walk("http://h/r", |query| {
            let page = number(query, "page").unwrap_or(1);
            let next = (page * 3 < has).then_some(page + 1);
            (Vec::new(), json!({"data": slice((page - 1) * 3, 3, has), "next_page": next}))
        });
        prop_assert_eq!(found, all(has));
    }

    /// Whatever a document looks like, detection answers, with a score from 0 to 1 and a paginator that can work.
    #[test]
    fn any_document_gets_an_answer(body in document()) {
        let (records, found) = find_for(&get("http://h/r?page=1"), &[], &body);
        prop_assert!((0.0..=1.0).contains(&records.score));
        prop_assert!((0.0..=1.0).contains(&found.score));
        prop_assert!(!found.reasons.is_empty() && !records.reasons.is_empty());
        prop_assert_eq!(found.paginator.validate(), Ok(()));
        prop_assert!(Selector::parse(records.selector.as_str()).is_ok());
    }
}

fn document() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "data",
        "items",
        "next",
        "next_page",
        "nextCursor",
        "page",
        "total",
        "total_pages",
        "offset",
        "limit",
        "links",
        "rel",
        "href",
        "has_more",
        "meta",
        "id",
        "a.b",
        "errors",
        "endCursor",
    ]);
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..4_u64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "/2",
            "next",
            "http://h/2",
            "abc",
            "2024-01-01",
            "é?a=b"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|pairs| pairs
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}
