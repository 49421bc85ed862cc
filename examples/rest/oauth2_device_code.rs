//! OAuth 2 device code: on a machine without a browser, a person logs in on another one by a short code, once.
//! `apiduct auth FILE` does the same for a file.

use std::sync::Arc;
use std::time::Duration;

use apiduct::Client;
use apiduct::auth::{
    DeviceCode, FileTokenStore, OAuth2RefreshToken, TokenContext, TokenEndpoint, keep_tokens,
};
use apiduct::client::TokioTimer;
use apiduct::model::Redactor;
use apiduct::transport::ReqwestTransport;
use apiduct_testkit::{MockApi, OAuthServer};

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let directory = tempfile::tempdir()?;
    let store = FileTokenStore::new(directory.path().join("tracker.json"));
    let endpoint = TokenEndpoint::new(api.url("/oauth/token"), "my-client").client_secret("s3cret");
    let flow = DeviceCode::new(api.url("/device"), endpoint.clone()).scopes(["read"]);

    let transport = Arc::new(ReqwestTransport::builder().build()?);
    let context = TokenContext::new(transport, Arc::new(TokioTimer::default()), Redactor::default());
    let login = flow.begin(&context).await?;
    println!("open {} and enter {}", login.verification_uri, login.user_code);

    // Asks as often as the server allows, until the person has logged in.
    let granted = flow.finish(&login, &context).await?;
    keep_tokens(&granted, &store, &context).await?;

    let auth = OAuth2RefreshToken::at(endpoint).store(store);
    let client = Client::builder(api.base_url()).auth(auth).build()?;
    assert_eq!(client.get("/posts/1").send().await?.status, 200);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let server = OAuthServer::new()
        .client("my-client", "s3cret")
        .approving()
        .device_interval(Duration::from_millis(10));
    MockApi::builder()
        .collection("posts", posts())
        .oauth(&server)
        .start()
}
