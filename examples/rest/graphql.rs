//! A GraphQL connection: its `pageInfo` leads on, by a variable of the query.

use apiduct::paginate::GraphQl;
use apiduct::{Client, Method};
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, four_from};

const QUERY: &str = "
    query($after: String) {
      posts(first: 4, after: $after) {
        nodes { id title }
        pageInfo { hasNextPage endCursor }
      }
    }";

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url()).build()?;

    let mut pages = client
        .paginate("/graphql")
        .method(Method::POST)
        .json(&json!({"query": QUERY}))
        .paginator(GraphQl::new("data.posts.pageInfo"))
        .data_selector("data.posts.nodes")
        .send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    let second = api.recorded()[1].json().unwrap_or_default();
    assert_eq!(second["variables"], json!({"after": "4"}));
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .post("/graphql", |request| {
            let body = request.json().unwrap_or_default();
            let after = body["variables"]["after"].as_str().unwrap_or("0");
            let start = after.parse().unwrap_or(0);
            let (nodes, has_more) = four_from(start);
            let end = (start + 4).to_string();
            let page_info = json!({"hasNextPage": has_more, "endCursor": end});
            Reply::json(&json!({"data": {"posts": {"nodes": nodes, "pageInfo": page_info}}}))
        })
        .start()
}
