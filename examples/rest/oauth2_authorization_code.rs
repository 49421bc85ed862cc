//! OAuth 2 authorization code: a person logs in with a browser, once; the tokens are kept, used and renewed from then on.
//! `apiduct auth FILE` does the same for a file.

use std::sync::Arc;

use apiduct::Client;
use apiduct::auth::{
    AuthorizationCode, FileTokenStore, LoginRandom, OAuth2RefreshToken, TokenContext,
    TokenEndpoint, keep_tokens,
};
use apiduct::client::TokioTimer;
use apiduct::model::Redactor;
use apiduct::transport::ReqwestTransport;
use apiduct_testkit::{MockApi, OAuthServer};
use serde_json::json;

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let directory = tempfile::tempdir()?;
    let store = FileTokenStore::new(directory.path().join("tracker.json"));
    let endpoint = TokenEndpoint::new(api.url("/oauth/token"), "my-client").client_secret("s3cret");
    let flow = AuthorizationCode::new(api.url("/authorize"), endpoint.clone()).scopes(["read"]);

    // The program listens on this machine, and the person opens the page.
    let listener = MockApi::builder().json("/callback", &json!("done")).start();
    let login = flow.begin(listener.url("/callback"), LoginRandom::from_system()?)?;
    let browser = Client::builder(api.base_url())
        .allowed_host(format!("127.0.0.1:{}", listener.port()))
        .build()?;
    let landed = browser.get(login.url().as_str()).send().await?;

    // The browser comes back with a code, which is good for tokens once.
    let code = login.code(landed.url.query().unwrap_or_default())?;
    let transport = Arc::new(ReqwestTransport::builder().build()?);
    let timer = Arc::new(TokioTimer::default());
    let context = TokenContext::new(transport, timer, Redactor::default());
    let granted = flow.finish(&login, &code, &context).await?;
    keep_tokens(&granted, &store, &context).await?;

    let auth = OAuth2RefreshToken::at(endpoint).store(store);
    let client = Client::builder(api.base_url()).auth(auth).build()?;
    assert_eq!(client.get("/posts/1").send().await?.status, 200);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let server = OAuthServer::new().client("my-client", "s3cret").approving();
    MockApi::builder()
        .collection("posts", posts())
        .oauth(&server)
        .start()
}
