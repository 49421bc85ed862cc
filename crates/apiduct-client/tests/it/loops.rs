//! Endless pagination, in seven kinds, for each way to page: a named error soon after the first repeat, and the rows
//! that were new are handed out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use apiduct_client::paginate::{
    Cursor, GraphQl, HeaderCursor, HeaderLink, HeaderUrl, JsonLink, LastRecord, OData, Offset,
    PageNumber, Paginator, Range,
};
use apiduct_client::{Error, Page};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Script, answer};

/// How a server gets nowhere.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// The same answer every time, byte by byte.
    Constant,
    /// Two pages that lead to each other.
    CycleOfTwo,
    /// Five pages that lead around.
    CycleOfFive,
    /// The same rows, in an envelope with a time and an id.
    ChangingEnvelope,
    /// The same rows, with a reference to the next page that is new every time.
    GrowingReference,
    /// The reference to the next page is the one that was followed.
    ToItself,
    /// The same rows, with references that say the same in another order.
    Reordered,
}

use Kind::{
    ChangingEnvelope, Constant, CycleOfFive, CycleOfTwo, GrowingReference, Reordered, ToItself,
};

const KINDS: [Kind; 7] = [
    Constant,
    CycleOfTwo,
    CycleOfFive,
    ChangingEnvelope,
    GrowingReference,
    ToItself,
    Reordered,
];

impl Kind {
    /// How many pages differ from one another.
    fn pages(self) -> u64 {
        match self {
            CycleOfTwo => 2,
            CycleOfFive => 5,
            _ => 1,
        }
    }

    /// What answer number `n` says about the next page, and its rows.
    fn answer(self, n: u64) -> (String, Value) {
        let at = n % self.pages();
        let reference = match self {
            GrowingReference => format!("at={n}"),
            Reordered if n.is_multiple_of(2) => "a=1&b=2".to_owned(),
            Reordered => "b=2&a=1".to_owned(),
            _ => format!("at={at}"),
        };
        let rows = json!([{"id": at * 2 + 1, "name": "x"}, {"id": at * 2 + 2, "name": "y"}]);
        (reference, rows)
    }
}

/// A page that leads on in every way at once.
fn page(
    kind: Kind,
    n: u64,
    reference: Option<&str>,
    rows: &Value,
) -> (Vec<(String, String)>, String) {
    let took = if kind == Constant { 0 } else { n };
    let link = reference.map(|reference| format!("/x?{reference}"));
    let body = json!({
        "data": rows, "next": link, "@odata.nextLink": link, "cursors": {"next": reference},
        "pageInfo": {"hasNextPage": reference.is_some(), "endCursor": reference},
        "took": took, "request_id": format!("r{took}"),
    });
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if let (Some(link), Some(reference)) = (link, reference) {
        headers.push(("link".to_owned(), format!("<{link}>; rel=\"next\"")));
        headers.push(("x-next-url".to_owned(), link));
        headers.push(("x-next".to_owned(), reference.to_owned()));
    }
    (headers, body.to_string())
}

/// A network where answer number `n`, from 1, is a page of what `of` says.
fn served(
    kind: Kind,
    of: impl Fn(u64) -> (Option<String>, Value) + Send + Sync + 'static,
) -> Script {
    let count = AtomicU64::new(0);
    Script::new(move |_| {
        let n = count.fetch_add(1, Ordering::Relaxed) + 1;
        let (reference, rows) = of(n);
        let (headers, body) = page(kind, n, reference.as_deref(), &rows);
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        answer(200, &headers, body)
    })
}

async fn walk(script: &Script, paginator: Arc<dyn Paginator>) -> (Vec<Page>, Option<Error>) {
    let client = script.client().0.data_selector("data").build().unwrap();
    let walk = client
        .paginate("/x")
        .method(Method::POST)
        .json(&json!({"query": "q"}))
        .paginator(paginator);
    let mut pages = walk.send();
    let mut got = Vec::new();
    loop {
        match pages.next().await {
            Ok(Some(page)) => got.push(page),
            Ok(None) => return (got, None),
            Err(error) => return (got, Some(error)),
        }
        assert!(got.len() < 100, "no end");
    }
}

/// Paginators that follow what the server says.
fn led() -> Vec<Arc<dyn Paginator>> {
    vec![
        Arc::new(JsonLink::new("next")),
        Arc::new(JsonLink::new("next").keep_params(true)),
        Arc::new(HeaderLink::default()),
        Arc::new(HeaderUrl::new("X-Next-Url")),
        Arc::new(OData::new()),
        Arc::new(Cursor::default()),
        Arc::new(Cursor::default().cursor_body_path("after")),
        Arc::new(Cursor::default().cursor_header("X-After")),
        Arc::new(HeaderCursor::from_header("X-Next")),
        Arc::new(HeaderCursor::from_header("X-Next").cursor_body_path("after")),
        Arc::new(GraphQl::new("pageInfo")),
    ]
}

/// Paginators that count, or look at the records.
fn counting() -> Vec<Arc<dyn Paginator>> {
    vec![
        Arc::new(PageNumber::new()),
        Arc::new(PageNumber::new().page_body_path("page")),
        Arc::new(Offset::new(2)),
        Arc::new(
            Offset::new(2)
                .offset_body_path("skip")
                .limit_body_path("take"),
        ),
        Arc::new(Range::new("start", 0, 2)),
        Arc::new(Cursor::new("data[-1].id")),
        Arc::new(LastRecord::new("id")),
        Arc::new(LastRecord::new("id").page_size(2)),
    ]
}

#[tokio::test]
async fn every_kind_of_loop_ends_in_a_named_error_for_every_way_to_page() {
    for paginator in led().into_iter().chain(counting()) {
        for kind in KINDS {
            let script = served(kind, move |n| {
                let (reference, rows) = kind.answer(n);
                (Some(reference), rows)
            });
            let what = format!("{kind:?}, {}", paginator.describe());
            let (got, error) = walk(&script, Arc::clone(&paginator)).await;
            let Some(Error::Loop { page, .. }) = error else {
                panic!("{what}: {error:?}");
            };
            let repeat = kind.pages() + 1;
            assert!((repeat..=repeat + 2).contains(&page), "{what}: page {page}");
            assert!(
                got.len() as u64 >= kind.pages(),
                "{what}: {} pages",
                got.len()
            );
            let first: Vec<Value> = got[0].records().unwrap();
            assert_eq!(json!(first), kind.answer(1).1, "{what}");
        }
    }
}

#[tokio::test]
async fn a_scroll_with_a_constant_reference_and_new_rows_runs_to_its_end() {
    for paginator in led() {
        let script = served(Constant, |n| {
            let reference = (n < 9).then(|| "scroll=abc".to_owned());
            (reference, json!([{"id": n}, {"id": n + 100}]))
        });
        let (got, error) = walk(&script, Arc::clone(&paginator)).await;
        assert!(error.is_none(), "{}: {error:?}", paginator.describe());
        assert_eq!(got.len(), 9, "{}", paginator.describe());
    }
}

#[tokio::test]
async fn loops_go_on_where_repeats_are_allowed() {
    let script = served(Constant, |_| (Some("at=1".to_owned()), json!([{"id": 1}])));
    let client = script.client().0.data_selector("data").build().unwrap();
    let walk = client
        .paginate("/x")
        .paginator(Cursor::default())
        .allow_repeats(true)
        .max_pages(7);
    let mut pages = walk.send();
    let mut count = 0;
    while pages.next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 7);
}
