//! What holds for all paginators.

use http::Method;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::Body;
use test_support::page_from;

/// Every paginator, with a page of `http://h/r` that leads on to `reference`.
fn leading_on(reference: &str, number: u64) -> Vec<(Arc<dyn Paginator>, Page)> {
    let link = format!("/r?at={reference}");
    let body = json!({
        "data": [{"id": 1}, {"id": number, "sort": [number, reference]}],
        "next": link, "@odata.nextLink": link, "token": reference, "number": number,
        "pageInfo": {"hasNextPage": true, "endCursor": reference},
    });
    let header = format!("<{link}>; rel=next");
    let headers = [
        ("link", header.as_str()),
        ("x-url", link.as_str()),
        ("x-token", reference),
    ];
    let all: Vec<Arc<dyn Paginator>> = vec![
        Arc::new(JsonLink::new("next")),
        Arc::new(HeaderLink::default()),
        Arc::new(HeaderUrl::new("x-url")),
        Arc::new(OData::new()),
        Arc::new(Cursor::new("token")),
        Arc::new(Cursor::new("number").cursor_body_path("page.after")),
        Arc::new(Cursor::new("data[-1].sort").cursor_body_path("search_after")),
        Arc::new(Cursor::new("token").cursor_header("x-after")),
        Arc::new(HeaderCursor::from_header("x-token")),
        Arc::new(LastRecord::new("id")),
        Arc::new(LastRecord::new("sort").cursor_body_path("after")),
        Arc::new(GraphQl::new("pageInfo")),
        Arc::new(PageNumber::new().initial_page(number)),
        Arc::new(Offset::new(2).offset(number)),
        Arc::new(Range::new("at", number, 7)),
    ];
    let page = |one: &Arc<dyn Paginator>| page_from(one, "http://h/r", &headers, &body, "data");
    all.into_iter()
        .map(|one| {
            let page = page(&one);
            (one, page)
        })
        .collect()
}

/// The request of `paginator` for `position`.
fn request(paginator: &dyn Paginator, position: &Position) -> Request {
    let mut request = Request::new(Method::POST, "http://h/r?q=1".parse().unwrap());
    request.body = Body::Json(json!({"query": "q"}));
    paginator.fits(&request).unwrap();
    paginator.apply(position, &mut request).unwrap();
    request
}

proptest! {
    /// A position that was stored and read again is the same, and makes the same request.
    #[test]
    fn positions_survive_being_stored(reference in "[a-zA-Z0-9_.~-]{1,12}", number in 1..1_u64 << 53) {
        for (paginator, page) in leading_on(&reference, number) {
            prop_assert_eq!(paginator.validate(), Ok(()));
            let step = paginator.advance(&paginator.start(), &page);
            let Ok(Step::Next(position)) = step else {
                panic!("{}: {step:?}", paginator.describe());
            };
            for position in [paginator.start(), position] {
                let stored = serde_json::to_string(&position).unwrap();
                let read: Position = serde_json::from_str(&stored).unwrap();
                prop_assert_eq!(&read, &position);
                let (one, other) = (request(&paginator, &position), request(&paginator, &read));
                prop_assert_eq!(one.full_url(), other.full_url());
                prop_assert_eq!((one.headers, one.body), (other.headers, other.body));
            }
        }
    }
}

#[test]
fn every_paginator_of_ours_can_be_declared() {
    for (paginator, _) in leading_on("x", 1) {
        let declaration = paginator.declaration().unwrap();
        assert!(declaration["type"].is_string(), "{declaration}");
    }
    let shared: Arc<dyn Paginator> = Arc::new(SinglePage);
    assert_eq!(shared.declaration(), Some(json!({"type": "single_page"})));
}

#[test]
fn a_paginator_of_a_program_needs_little() {
    #[derive(Debug)]
    struct Own;
    impl Paginator for Own {
        fn start(&self) -> Position {
            Position::Start
        }

        fn apply(&self, _: &Position, _: &mut Request) -> Result<(), PaginateError> {
            Ok(())
        }

        fn advance(&self, _: &Position, _: &Page) -> Result<Step, PaginateError> {
            Ok(Step::Done(Reason::Other("enough".to_owned())))
        }

        fn describe(&self) -> String {
            "own".to_owned()
        }
    }
    let raw = Request::new(Method::GET, "http://h/".parse().unwrap());
    assert_eq!(Own.fits(&raw), Ok(()));
    assert_eq!((Own.declaration(), Own.needs()), (None, Vec::new()));
}
