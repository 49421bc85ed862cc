//! The `Link` header holds the link to the next page. This is found without being told; the paginator is declared where
//! the relation has another name than `next`.

use apiduct::Client;
use apiduct::paginate::HeaderLink;
use apiduct_testkit::{MockApi, Reply};

use crate::support::{Outcome, four_from, number};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url()).build()?;

    let mut pages = client.paginate("/posts").send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await? {
        sizes.push(page.len());
    }
    assert_eq!(sizes, [4, 4, 2]);

    let mut pages = client
        .paginate("/archive")
        .paginator(HeaderLink::new("older"))
        .send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await? {
        sizes.push(page.len());
    }
    assert_eq!(sizes, [4, 4, 2]);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let linked = |path: &'static str, relation: &'static str| {
        move |request: &apiduct_testkit::Received| {
            let start = number(request, "start", 0);
            let (posts, has_more) = four_from(start);
            let reply = Reply::json(&posts);
            if !has_more {
                return reply;
            }
            let url = request.url(&format!("{path}?start={}", start + 4));
            reply.header("Link", &format!("<{url}>; rel=\"{relation}\""))
        }
    };
    MockApi::builder()
        .get("/posts", linked("/posts", "next"))
        .get("/archive", linked("/archive", "older"))
        .start()
}
