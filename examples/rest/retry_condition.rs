//! A condition of one's own for another try: this API says 200 and puts the error into the body.

use apiduct::Client;
use apiduct::retry::RetryConfig;
use apiduct_testkit::{MockApi, Reply};
use serde_json::{Value, json};

use crate::support::Outcome;

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .retry_if("the body has an error", |tried| {
            let body = tried.response.and_then(|response| response.json::<Value>().ok());
            body.is_some_and(|body| body.get("error").is_some())
        })
        .retry(RetryConfig {
            backoff_factor: 0.001,
            ..RetryConfig::default()
        })
        .build()?;

    let response = client.get("/odd").send().await?;

    assert_eq!(response.attempts, 3);
    assert_eq!(response.json::<Value>()?, json!({"rows": []}));
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let error = Reply::json(&json!({"error": "overloaded"}));
    let good = Reply::json(&json!({"rows": []}));
    MockApi::builder().script("/odd", [error.clone(), error, good]).start()
}
