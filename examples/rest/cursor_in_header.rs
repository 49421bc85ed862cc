//! The cursor from the body goes into a header of the next request.

use apiduct::Client;
use apiduct::paginate::Cursor;
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, four_from};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(Cursor::new("cursors.next").cursor_header("X-Cursor"))
        .build()?;

    let mut pages = client.paginate("/data").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    assert_eq!(api.recorded()[1].header("x-cursor"), Some("4"));
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/data", |request| {
            let cursor = request.header("x-cursor").unwrap_or("0");
            let start = cursor.parse().unwrap_or(0);
            let (items, has_more) = four_from(start);
            let next = has_more.then(|| (start + 4).to_string());
            Reply::json(&json!({"items": items, "cursors": {"next": next}}))
        })
        .start()
}
