//! Where the records are: a path to their list, for the client or for one walk.

use apiduct::Client;
use apiduct_testkit::MockApi;
use serde::Deserialize;
use serde_json::json;

use crate::support::{Outcome, posts};

#[derive(Deserialize)]
struct Post {
    id: u64,
    title: String,
}

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url()).data_selector("posts").build()?;

    let mut pages = client.paginate("/flat").send();
    let page = pages.next().await?.ok_or("there is a page")?;
    assert_eq!(page.records::<Post>()?[0].title, "Post 1");

    let mut pages = client.paginate("/nested").data_selector("results.posts").send();
    let page = pages.next().await?.ok_or("there is a page")?;
    let ids: Vec<u64> = page.records::<Post>()?.iter().map(|post| post.id).collect();
    assert_eq!(ids.len(), 10);

    // A selector that matches nothing is an error that names the keys that are there.
    let mut pages = client.paginate("/nested").data_selector("rows").send();
    let error = pages.next().await.err().ok_or("nothing is there")?;
    assert!(error.to_string().contains("`results`"), "{error}");
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .json("/flat", &json!({"posts": posts()}))
        .json("/nested", &json!({"results": {"posts": posts()}}))
        .start()
}
