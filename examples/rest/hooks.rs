//! Hooks see every response first. Here a 404 means that there is nothing to page through, and ends the walk early.

use apiduct::Client;
use apiduct::hook::{Verdict, hook_fn};
use apiduct::paginate::{JsonLink, Reason};
use apiduct_testkit::{MockApi, Reply};
use serde_json::json;

use crate::support::{Outcome, not_found};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(JsonLink::new("next"))
        .build()?;
    let end_at_not_found = || {
        hook_fn(|response, _| match response.status.as_u16() {
            404 => Verdict::Stop,
            _ => Verdict::Accept,
        })
    };

    let mut pages = client.paginate("/none").hook(end_at_not_found()).send();
    assert!(pages.next().await?.is_none());
    assert_eq!(pages.end(), Some(&Reason::StoppedByHook));

    let mut pages = client.paginate("/posts").hook(end_at_not_found()).send();
    assert_eq!(pages.next().await?.map(|page| page.len()), Some(2));
    assert!(pages.next().await?.is_none());

    // Without the hook the same 404 is an error.
    let error = client.paginate("/none").send().next().await;
    assert!(error.is_err());
    Ok(())
}

pub(crate) fn api() -> MockApi {
    let page = json!({"data": [1, 2], "next": "/none"});
    MockApi::builder()
        .get("/posts", move |_| Reply::json(&page))
        .get("/none", |_| not_found())
        .start()
}
