//! Requests signed by HMAC: what is signed and where the signature goes are patterns, for the rules of any API.

use apiduct::Client;
use apiduct::auth::HmacSigning;
use apiduct::inject::Inject;
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::Outcome;

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let auth = HmacSigning::new("your_secret", "{timestamp}{method}{target}{body}".parse()?)
        .key_id("your_key")
        .put(Inject::header("X-Key")?, "{key_id}".parse()?)
        .put(Inject::header("X-Timestamp")?, "{timestamp}".parse()?)
        .put(Inject::header("X-Signature")?, "{signature}".parse()?);
    let client = Client::builder(api.base_url()).auth(auth).build()?;

    let response = client.get("/orders").param("state", "open").send().await?;

    assert_eq!(response.status, 200);
    let sent = &api.recorded()[0];
    assert_eq!(sent.header("x-key"), Some("your_key"));
    assert_eq!(sent.header("x-signature").map(str::len), Some(64));
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/orders", |request| match request.header("x-signature") {
            Some(_) => Reply::json(&json!([])),
            None => Reply::status(401),
        })
        .start()
}
