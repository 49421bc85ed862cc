//! The body of each page holds the link to the next one.

use apiduct::Client;
use apiduct::paginate::JsonLink;
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, four_from, number};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(JsonLink::new("pagination.next"))
        .build()?;

    let mut pages = client.paginate("/posts").send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await? {
        sizes.push(page.len());
    }

    assert_eq!(sizes, [4, 4, 2]);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/posts", |request| {
            let page = number(request, "page", 1);
            let (data, has_more) = four_from((page - 1) * 4);
            let next = has_more.then(|| request.url(&format!("/posts?page={}", page + 1)));
            Reply::json(&json!({"data": data, "pagination": {"next": next}}))
        })
        .start()
}
