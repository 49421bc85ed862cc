//! Pages without a word about pagination: how the API pages and where the records are is found out from the first page.

use apiduct::Client;
use apiduct_testkit::MockApi;

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url()).build()?;

    let mut pages = client.paginate("/posts").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        println!("{page}");
        records += page.len();
    }
    assert_eq!(records, 10);

    // What was chosen and why, to be pinned where guessing is not wanted.
    let found = pages.findings().ok_or("there was no page")?;
    println!("records at `{}`", found.selector.selector);
    println!("{}: {:?}", found.paginator.paginator.describe(), found.paginator.reasons);
    assert_eq!(found.selector.selector.as_str(), "data");
    assert!(!found.paginator.is_declared);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder().collection("posts", posts()).start()
}
