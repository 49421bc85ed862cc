//! What can be seen of a response: status, headers, content, and how it came about.

use apiduct::Client;
use apiduct::auth::Bearer;
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::Outcome;

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url()).build()?;

    let response = client
        .get("/posts")
        .auth(Bearer::new("your_access_token"))
        .send()
        .await?;

    println!("{} {}", response.status, response.reason());
    println!("{:?}", response.headers);
    println!("{:?}", response.body);
    println!("{} after {} tries in {:?}", response.url, response.attempts, response.elapsed);
    assert_eq!(response.header("X-Total"), Some("1"));
    assert_eq!(response.body, r#"[{"id":1}]"#);

    // An error status is a response like any other, or an error with the beginning of the body: as you like it.
    let missing = client.get("/nothing").send().await?;
    assert_eq!(missing.status, 404);
    let error = missing.error_for_status().err().ok_or("404 is an error")?;
    println!("{error}");
    assert!(error.to_string().contains("404 Not Found"));
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/posts", |_| Reply::json(&json!([{"id": 1}])).header("X-Total", "1"))
        .start()
}
