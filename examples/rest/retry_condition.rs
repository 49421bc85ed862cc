//! A condition of one's own for another try: this API says 200 and puts the error into the body.

use apiduct::Client;
use apiduct::hook::{Verdict, hook_fn};
use apiduct::retry::RetryConfig;
use apiduct_testkit::{MockApi, Reply};
use serde_json::{Value, json};

use crate::support::Outcome;

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let retry_if_error_key = hook_fn(|response, _| match response.json::<Value>() {
        Ok(data) if data.get("error").is_some() => Verdict::Retry {
            reason: "the body has an error".to_owned(),
        },
        _ => Verdict::Accept,
    });
    let client = Client::builder(api.base_url())
        .hook(retry_if_error_key)
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
