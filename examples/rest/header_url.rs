//! A response header holds the whole URL of the next page.

use apiduct::Client;
use apiduct::paginate::HeaderUrl;
use apiduct_testkit::{MockApi, Reply};

use crate::support::{Outcome, four_from, number};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(HeaderUrl::new("X-Next-Page"))
        .build()?;

    let mut pages = client.paginate("/posts").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    assert_eq!(api.log()[1], "GET /posts?start=4");
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/posts", |request| {
            let start = number(request, "start", 0);
            let (posts, has_more) = four_from(start);
            let reply = Reply::json(&posts);
            if has_more {
                let next = request.url(&format!("/posts?start={}", start + 4));
                return reply.header("X-Next-Page", &next);
            }
            reply
        })
        .start()
}
