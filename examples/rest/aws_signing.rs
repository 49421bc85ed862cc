//! Requests signed as AWS wants it (Signature Version 4).

use apiduct::Client;
use apiduct::auth::AwsSigV4;
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::Outcome;

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let auth = AwsSigV4::new("AKIDEXAMPLE", "your_secret_key", "eu-central-1", "execute-api");
    let client = Client::builder(api.base_url()).auth(auth).build()?;

    let response = client.get("/items").param("limit", 10).send().await?;

    assert_eq!(response.status, 200);
    let sent = &api.recorded()[0];
    let authorization = sent.header("authorization").unwrap_or_default();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
    assert!(sent.header("x-amz-date").is_some());
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/items", |_| Reply::json(&json!([])))
        .start()
}
