//! Mutual TLS: the client shows a certificate to a server that asks for one.

use apiduct::Client;
use apiduct::client::retry::RetryConfig;
use apiduct_testkit::MockApi;

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    // In a program of yours these are files: std::fs::read_to_string("client.pem")?, and so on.
    let identity = api.client_identity().ok_or("the server asks for no certificate")?;
    let authority = api.ca_pem().ok_or("the server has no certificate")?;

    let client = Client::builder(api.base_url())
        .ca_bundle(authority)
        .client_certificate(identity.certificate.as_str(), identity.private_key.as_str())
        .build()?;
    assert_eq!(client.get("/posts/1").send().await?.status, 200);

    let retry = RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    };
    let stranger = Client::builder(api.base_url()).ca_bundle(authority).retry(retry).build()?;
    assert!(stranger.get("/posts/1").send().await.is_err());
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .client_certificates()
        .collection("posts", posts())
        .start()
}
