//! A client with all that can be said about an API: its root, headers of every request, credentials, pagination, and
//! where the records are.

use apiduct::auth::Bearer;
use apiduct::paginate::JsonLink;
use apiduct::{Client, Limits};
use apiduct_testkit::{Access, MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .header("User-Agent", "MyApp/1.0")
        .header("Accept", "application/json")
        .param("lang", "en")
        .auth(Bearer::new("your_access_token_here"))
        .paginator(JsonLink::new("pagination.next"))
        .data_selector("data")
        .limits(Limits::default())
        .build()?;

    let mut pages = client.paginate("/posts").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    assert_eq!(api.recorded()[0].header("user-agent"), Some("MyApp/1.0"));
    assert_eq!(api.recorded()[0].param("lang"), Some("en"));
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let page = json!({"data": posts(), "pagination": {"next": null}});
    MockApi::builder()
        .get("/posts", move |_| Reply::json(&page))
        .protect("/", Access::bearer("your_access_token_here"))
        .start()
}
