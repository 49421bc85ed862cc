//! Everything is in one response; what looks like a link in it is not followed.

use apiduct::Client;
use apiduct::paginate::{Reason, SinglePage};
use apiduct_testkit::MockApi;
use serde_json::json;

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url()).paginator(SinglePage).build()?;

    let mut pages = client.paginate("/posts").send();
    let page = pages.next().await?.ok_or("there is a page")?;
    assert_eq!(page.len(), 10);
    assert!(pages.next().await?.is_none());

    assert_eq!(pages.end(), Some(&Reason::SinglePage));
    assert_eq!(api.recorded().len(), 1);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let page = json!({"data": posts(), "next": "/somewhere/else"});
    MockApi::builder().json("/posts", &page).start()
}
