//! A signed statement (JWT) of who we are: exchanged for a token, or sent as it is.

use std::time::Duration;

use apiduct::Client;
use apiduct::auth::{JwtAlgorithm, JwtBearer};
use apiduct_testkit::{MockApi, OAuthServer};

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    // With RS256 or ES256 the key is a private one, as PEM; HS256 takes a shared secret.
    let auth = JwtBearer::new("my-client", "a shared secret of some length")
        .algorithm(JwtAlgorithm::HS256)
        .key_id("key-1")
        .lifetime(Duration::from_mins(10))
        .scopes(["read"])
        .claim("tenant", "acme")
        .token_url(api.url("/oauth/token"));
    let client = Client::builder(api.base_url()).auth(auth).build()?;

    let response = client.get("/posts/1").send().await?;

    assert_eq!(response.status, 200);
    let exchange = &api.requests_to("/oauth/token")[0];
    let form = exchange.form();
    assert_eq!(form[0].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    Ok(())
}

pub(crate) fn api() -> MockApi {
    // A server of tokens looks at the signature; this one counts the parts.
    let server = OAuthServer::new().assertions(|jwt| jwt.split('.').count() == 3);
    MockApi::builder()
        .collection("posts", posts())
        .oauth(&server)
        .start()
}
