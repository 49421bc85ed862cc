//! Single requests: GET, and POST with JSON, a form, or bytes as they are.

use apiduct::{Body, Client};
use apiduct_testkit::{MockApi, Reply};
use serde_json::{Value, json};

use crate::support::Outcome;

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url()).build()?;

    let response = client.get("/posts/1").param("fields", "title").send().await?;
    assert_eq!(response.status, 200);
    assert_eq!(response.json::<Value>()?["title"], "Post 1");

    let post = json!({"title": "New"});
    let created = client.post("/posts").json(&post).send().await?;
    assert_eq!(created.error_for_status()?.json::<Value>()?, post);

    let form = [("tag", "a"), ("tag", "b")];
    let echoed = client.post("/posts").form(form).send().await?;
    assert_eq!(echoed.text(), "tag=a&tag=b");

    let xml = Body::raw("<post/>", "application/xml");
    let echoed = client.post("/posts").body(xml).send().await?;
    assert_eq!(echoed.text(), "<post/>");

    client.put("/posts/1").json(&post).send().await?.error_for_status()?;
    client.delete("/posts/1").send().await?.error_for_status()?;
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .json("/posts/1", &json!({"id": 1, "title": "Post 1"}))
        .post("/posts", |request| Reply::text(request.body.clone()))
        .start()
}
