//! User name and password in the `Authorization` header.

use apiduct::Client;
use apiduct::auth::Basic;
use apiduct_testkit::{Access, MockApi};
use serde_json::json;

use crate::support::Outcome;

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .auth(Basic::new("your_username", "your_password"))
        .build()?;

    let response = client.get("/protected/resource").send().await?;

    assert_eq!(response.status, 200);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .json("/protected/resource", &json!({"ok": true}))
        .protect("/", Access::basic("your_username", "your_password"))
        .start()
}
