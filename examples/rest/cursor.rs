//! The body of each page holds a cursor, which goes into a query parameter of the next request.

use apiduct::Client;
use apiduct::paginate::Cursor;
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, four_from, number};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(Cursor::new("cursors.next"))
        .build()?;
    let mut pages = client.paginate("/data").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }
    assert_eq!(records, 10);
    assert_eq!(api.log()[1], "GET /data?after=4");

    // `after` is the default; other APIs call it otherwise.
    let renamed = Cursor::new("cursors.next").cursor_param("cursor");
    let mut pages = client.paginate("/data").paginator(renamed).send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }
    assert_eq!(records, 10);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/data", |request| {
            let start = number(request, "after", number(request, "cursor", 0));
            let (items, has_more) = four_from(start);
            let next = has_more.then(|| (start + 4).to_string());
            Reply::json(&json!({"items": items, "cursors": {"next": next}}))
        })
        .start()
}
