//! Each page can be looked into: the request that was sent, the response that came back.

use apiduct::Client;
use apiduct::paginate::JsonLink;
use apiduct_testkit::MockApi;

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .paginator(JsonLink::new("next_page"))
        .build()?;

    let mut pages = client.paginate("/posts").param("api_key", "secret-key").send();
    let mut lines = Vec::new();
    while let Some(page) = pages.next().await? {
        println!("{} {:?}", page.request, page.request.headers.keys());
        println!("{} {:?}", page.response, page.response.headers);
        lines.push(page.request.to_string());
    }

    // Secrets are masked in all of it.
    let base = api.base_url();
    assert_eq!(lines[0], format!("GET {base}/posts?api_key=***"));
    assert_eq!(lines[1], format!("GET {base}/posts?page=2&api_key=***"));
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder().collection("posts", posts()).start()
}
