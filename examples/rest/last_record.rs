//! There is no cursor in the response: a field of the last record says where the next page begins.

use apiduct::Client;
use apiduct::paginate::{Cursor, LastRecord};
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, four_from, number};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(LastRecord::new("id").cursor_param("since_id").page_size(4))
        .build()?;
    let mut pages = client.paginate("/posts").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }
    assert_eq!(records, 10);
    assert_eq!(api.log()[1], "GET /posts?since_id=4");

    // The same by a path; there the first page without a last record is the end.
    let by_path = Cursor::new("data[-1].id").cursor_param("since_id");
    let mut pages = client.paginate("/posts").paginator(by_path).send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }
    assert_eq!(records, 10);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/posts", |request| {
            // Posts are numbered from 1, so the id of the last one is how many came before.
            let (data, _) = four_from(number(request, "since_id", 0));
            Reply::json(&json!({"data": data}))
        })
        .start()
}
