//! `OData`: the next link under its own name, in any version.

use apiduct::Client;
use apiduct::paginate::OData;
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, four_from, number};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(OData::new())
        .data_selector("value")
        .build()?;

    let mut pages = client.paginate("/Posts").param("$select", "id,title").send();
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
        .get("/Posts", |request| {
            let start = number(request, "$skiptoken", 0);
            let (posts, has_more) = four_from(start);
            let mut page = json!({"value": posts});
            if has_more {
                let next = start + 4;
                page["@odata.nextLink"] = json!(request.url(&format!("/Posts?$skiptoken={next}")));
            }
            Reply::json(&page)
        })
        .start()
}
