//! An API key: in a header, in the query, in a cookie, or in the body.

use apiduct::Client;
use apiduct::auth::{ApiKey, KeyLocation};
use apiduct_testkit::{Access, MockApi, Reply};
use serde_json::{Value, json};

use crate::support::Outcome;

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let auth = ApiKey::new("X-API-Key", "your_api_key_here");
    let client = Client::builder(api.base_url()).auth(auth).build()?;
    let response = client.get("/header").send().await?;
    assert_eq!(response.status, 200);

    let auth = ApiKey::new("key", "your_api_key_here").location(KeyLocation::Query);
    let response = client.get("/query").auth(auth).send().await?;
    assert_eq!(response.status, 200);
    // The key is in the request, and in nothing that is shown of it.
    assert!(!format!("{response}").contains("your_api_key_here"));

    let auth = ApiKey::new("session", "your_api_key_here").location(KeyLocation::Cookie);
    let response = client.get("/cookie").auth(auth).send().await?;
    assert_eq!(response.status, 200);

    let auth = ApiKey::new("auth.key", "your_api_key_here").location(KeyLocation::Body);
    let search = client.post("/search").json(&json!({"query": "posts"}));
    let response = search.auth(auth).send().await?;
    assert_eq!(response.json::<Value>()?["auth"]["key"], "your_api_key_here");
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let key = "your_api_key_here";
    let ok = json!({"ok": true});
    MockApi::builder()
        .json("/header", &ok)
        .json("/query", &ok)
        .json("/cookie", &ok)
        .post("/search", |request| Reply::raw_json(request.body.clone()))
        .protect("/header", Access::header("x-api-key", key))
        .protect("/query", Access::query("key", key))
        .protect("/cookie", Access::cookie("session", key))
        .start()
}
