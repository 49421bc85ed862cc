//! A bearer token in the `Authorization` header, for the client or for one call.

use apiduct::Client;
use apiduct::auth::{Bearer, NoAuth};
use apiduct_testkit::{Access, MockApi};

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .auth(Bearer::new("your_access_token_here"))
        .build()?;
    let mut pages = client.paginate("/posts").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }
    assert_eq!(records, 10);

    // One call with other credentials, and one with none.
    let other = client.get("/posts").auth(Bearer::new("expired")).send().await?;
    assert_eq!(other.status, 401);
    let none = client.get("/posts").auth(NoAuth).send().await?;
    assert_eq!(none.status, 401);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .collection("posts", posts())
        .protect("/", Access::bearer("your_access_token_here"))
        .start()
}
