//! A number that grows in steps of our own, where neither page numbers nor offsets fit.

use apiduct::Client;
use apiduct::paginate::Range;
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, four_from, number};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(Range::new("from", 0, 4).total_path("count"))
        .build()?;

    let mut pages = client.paginate("/posts").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    let mut log = api.log();
    log.sort();
    assert_eq!(log, ["GET /posts?from=0", "GET /posts?from=4", "GET /posts?from=8"]);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/posts", |request| {
            let (posts, _) = four_from(number(request, "from", 0));
            Reply::json(&json!({"posts": posts, "count": 10}))
        })
        .start()
}
