//! A hook of one walk that shows every response, also of tries that fail, with the request it belongs to.

use std::sync::{Arc, Mutex};

use apiduct::Client;
use apiduct::auth::Bearer;
use apiduct::hook::{Verdict, hook_fn};
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::Outcome;

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url()).build()?;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::clone(&seen);

    let mut pages = client
        .paginate("/posts")
        .auth(Bearer::new("your_access_token"))
        .hook(hook_fn(move |response, context| {
            println!("try {}: {}", context.attempt, response.status);
            println!("content: {}", response.text());
            println!("request: {} {:?}", context.request, context.request.body);
            if let Ok(mut seen) = shown.lock() {
                seen.push(response.status.as_u16());
            }
            Verdict::Accept
        }))
        .send();
    while let Some(page) = pages.next().await? {
        println!("{page}");
    }

    let seen = seen.lock().map_err(|_| "nobody panics here")?;
    assert_eq!(*seen, [503, 200]);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let busy = Reply::status(503).header("Retry-After", "0.01");
    MockApi::builder()
        .script("/posts", [busy, Reply::json(&json!([1, 2]))])
        .start()
}
