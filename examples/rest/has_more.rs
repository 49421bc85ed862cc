//! A flag in the body says whether there is another page.

use apiduct::Client;
use apiduct::paginate::{Offset, TotalPath};
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, four_from, number};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(Offset::new(4).total_path(TotalPath::Unknown).has_more_path("has_more"))
        .build()?;

    let mut pages = client.paginate("/posts").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    assert_eq!(api.recorded().len(), 3);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/posts", |request| {
            let (data, has_more) = four_from(number(request, "offset", 0));
            Reply::json(&json!({"data": data, "has_more": has_more}))
        })
        .start()
}
