//! How fast a client may be: requests in flight, and requests in a time. What the server says about its limits counts
//! besides, without a word.

use apiduct::Client;
use apiduct::rate::RateConfig;
use apiduct_testkit::MockApi;

use crate::support::{Outcome, posts};

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .rate(RateConfig {
            concurrency: 4,
            windows: vec!["50/s".parse()?, "5000/h".parse()?],
            ..RateConfig::default()
        })
        .build()?;

    let mut pages = client.paginate("/posts").send();
    let mut records = 0;
    while let Some(page) = pages.next().await? {
        records += page.len();
    }

    assert_eq!(records, 10);
    assert!(api.stats().max_in_flight <= 4);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder().collection("posts", posts()).start()
}
