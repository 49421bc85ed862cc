//! OAuth 2 client credentials: the program's own id and secret get a token, which is renewed in time.

use std::time::Duration;

use apiduct::Client;
use apiduct::auth::OAuth2ClientCredentials;
use apiduct_testkit::{MockApi, OAuthServer};

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let auth = OAuth2ClientCredentials::new(api.url("/oauth/token"), "my-client", "s3cret")
        .scopes(["read"])
        .default_lifetime(Duration::from_mins(30)); // where the server does not say
    let client = Client::builder(api.base_url()).auth(auth).build()?;

    let mut pages = client.paginate("/posts").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    assert_eq!(api.requests_to("/oauth/token").len(), 1, "all pages share a token");
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let server = OAuthServer::new().client("my-client", "s3cret");
    MockApi::builder()
        .collection("posts", posts())
        .oauth(&server)
        .start()
}
