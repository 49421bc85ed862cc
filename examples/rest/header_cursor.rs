//! A response header holds the cursor, which goes into a query parameter of the next request.

use apiduct::Client;
use apiduct::paginate::HeaderCursor;
use apiduct_testkit::{MockApi, Reply};

use crate::support::{Outcome, four_from, number};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(HeaderCursor::new("X-Next-Cursor", "cursor"))
        .build()?;

    let mut pages = client.paginate("/posts").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    assert_eq!(api.log()[1], "GET /posts?cursor=4");
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/posts", |request| {
            let start = number(request, "cursor", 0);
            let (posts, has_more) = four_from(start);
            let reply = Reply::json(&posts);
            if has_more {
                return reply.header("X-Next-Cursor", &(start + 4).to_string());
            }
            reply
        })
        .start()
}
