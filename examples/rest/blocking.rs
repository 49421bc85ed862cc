//! The same in a program without a runtime: calls wait, pages are an iterator.

use apiduct::Error;
use apiduct::blocking::{Client, paginate};
use apiduct::paginate::JsonLink;
use apiduct_testkit::MockApi;

use crate::support::{Outcome, posts};

fn pull(base_url: &str) -> Result<usize, Error> {
    let client = Client::builder(base_url)
        .paginator(JsonLink::new("next_page"))
        .build()?;
    let response = client.get("/posts/1").send()?;
    assert_eq!(response.status, 200);

    let mut records = 0;
    for page in client.paginate("/posts").param("per_page", 4).send() {
        records += page?.len();
    }
    for page in paginate(format!("{base_url}/posts")).send() {
        records += page?.len();
    }
    Ok(records)
}

pub(crate) async fn run(api: &MockApi) -> Outcome {
    // These examples run on a runtime; a thread of its own has none.
    let base_url = api.base_url().to_owned();
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || tell.send(pull(&base_url)));
    let records = told.await??;

    assert_eq!(records, 20);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder().collection("posts", posts()).start()
}
