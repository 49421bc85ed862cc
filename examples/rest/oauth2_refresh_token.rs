//! OAuth 2 refresh token: what a person once allowed gets tokens from then on. Servers that hand out a new refresh token
//! each time need a store that outlives the program.

use apiduct::Client;
use apiduct::auth::{FileTokenStore, OAuth2RefreshToken};
use apiduct_testkit::{MockApi, OAuthServer};

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("tracker.json");
    let auth = || {
        OAuth2RefreshToken::new(api.url("/oauth/token"), "my-client")
            .client_secret("s3cret")
            .refresh_token("once-given")
            .store(FileTokenStore::new(&file))
    };

    let client = Client::builder(api.base_url()).auth(auth()).build()?;
    assert_eq!(client.get("/posts/1").send().await?.status, 200);

    // The next run finds the newer refresh token in the store; the first one is used up.
    let client = Client::builder(api.base_url()).auth(auth()).build()?;
    assert_eq!(client.get("/posts/2").send().await?.status, 200);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let server = OAuthServer::new()
        .client("my-client", "s3cret")
        .refresh_token("once-given")
        .rotating();
    MockApi::builder()
        .collection("posts", posts())
        .oauth(&server)
        .start()
}
