//! Single requests without a client: retried, with timeouts and a user agent of their own.

use apiduct_testkit::{MockApi, Reply};
use serde_json::{Value, json};

use crate::support::Outcome;

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let response = apiduct::get(api.url("/api/contacts"))
        .header("Authorization", "my-api-key")
        .send()
        .await?;
    let data: Value = response.error_for_status()?.json()?;

    assert_eq!(data[0]["name"], "Ada");
    assert_eq!(api.recorded().len(), 2, "the 503 was retried");
    let agent = api.recorded()[0].header("user-agent").map(str::to_owned);
    assert!(agent.is_some_and(|agent| agent.starts_with("apiduct/")));
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let busy = Reply::status(503).header("Retry-After", "0.01");
    let contacts = Reply::json(&json!([{"name": "Ada"}]));
    MockApi::builder().script("/api/contacts", [busy, contacts]).start()
}
