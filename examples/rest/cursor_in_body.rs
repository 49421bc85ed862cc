//! A search by POST: the cursor goes into the JSON body, beside what is searched for.

use apiduct::paginate::Cursor;
use apiduct::{Client, Method};
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, four_from};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url()).build()?;

    let mut pages = client
        .paginate("/search")
        .method(Method::POST)
        .json(&json!({"query": "post"}))
        .paginator(Cursor::new("next_cursor").cursor_body_path("page.cursor"))
        .send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    let second = api.recorded()[1].json();
    assert_eq!(second, Some(json!({"query": "post", "page": {"cursor": 4}})));
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .post("/search", |request| {
            let body = request.json().unwrap_or_default();
            let start = body["page"]["cursor"].as_u64().unwrap_or(0);
            let (hits, has_more) = four_from(start);
            let next = has_more.then_some(start + 4);
            Reply::json(&json!({"hits": hits, "next_cursor": next}))
        })
        .start()
}
