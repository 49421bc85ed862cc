//! Several keys of one API as one: requests are spread over them, and a key that is over its limit rests.

use apiduct::Client;
use apiduct::auth::{Bearer, KeyPool};
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::Outcome;

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let pool = KeyPool::new()
        .key(Bearer::new("first-key"))
        .key(Bearer::new("second-key"));
    let client = Client::builder(api.base_url()).auth(pool).build()?;

    // The first key is refused; the request is made again at once with the second one.
    for _ in 0..3 {
        let response = client.get("/posts").send().await?;
        assert_eq!(response.status, 200);
    }

    let recorded = api.recorded();
    let keys: Vec<Option<&str>> = recorded.iter().map(|request| request.bearer()).collect();
    assert_eq!(keys[0], Some("first-key"));
    assert!(keys[1..].iter().all(|key| *key == Some("second-key")), "{keys:?}");
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/posts", |request| match request.bearer() {
            Some("first-key") => Reply::status(429).header("Retry-After", "60"),
            _ => Reply::json(&json!([])),
        })
        .start()
}
