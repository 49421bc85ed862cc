//! A login by a request of its own, whose answer has the token for all others.

use apiduct::Client;
use apiduct::auth::{SessionLogin, TokenFrom, TokenPlace};
use apiduct_testkit::{MockApi, OAuthServer};
use serde_json::json;

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let auth = SessionLogin::new(api.url("/login"))
        .json(json!({"user": "ada", "password": "s3cret"}))
        .token_from(TokenFrom::Json("data.session".to_owned()))
        .token_place(TokenPlace::header("X-Session", ""));
    let client = Client::builder(api.base_url()).auth(auth).build()?;

    let mut pages = client.paginate("/posts").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    assert_eq!(api.requests_to("/login").len(), 1);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let server = OAuthServer::new().user("ada", "s3cret");
    MockApi::builder()
        .collection("posts", posts())
        .oauth(&server)
        .start()
}
