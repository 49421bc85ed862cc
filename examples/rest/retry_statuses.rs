//! Which statuses are tried again.

use apiduct::Client;
use apiduct::retry::RetryConfig;
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::Outcome;

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .retry(RetryConfig {
            statuses: vec![403..=403, 500..=500, 502..=503],
            backoff_factor: 0.001,
            ..RetryConfig::default()
        })
        .build()?;

    let response = client.get("/moody").send().await?;
    assert_eq!((response.status.as_u16(), response.attempts), (200, 3));

    // 504 is not among them.
    let response = client.get("/gateway").send().await?;
    assert_eq!((response.status.as_u16(), response.attempts), (504, 1));
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let moody = [Reply::status(403), Reply::status(502), Reply::json(&json!([]))];
    MockApi::builder()
        .script("/moody", moody)
        .script("/gateway", [Reply::status(504)])
        .start()
}
