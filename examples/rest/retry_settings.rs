//! How patient a client is: how often it tries, how long it waits, and when it gives up on an answer.

use std::time::Duration;

use apiduct::retry::RetryConfig;
use apiduct::{Client, Limits};
use apiduct_testkit::{MockApi, Reply};

use crate::support::Outcome;

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let client = Client::builder(api.base_url())
        .retry(RetryConfig {
            max_retries: 10,                           // after the first try; 5 by default
            backoff_factor: 0.001,                     // waits 1, 2, 4, ... times this many seconds
            max_retry_delay: Duration::from_millis(5), // the longest of these waits
            ..RetryConfig::default()
        })
        .limits(Limits {
            idle_timeout: Duration::from_mins(2), // the longest silence of the server
            ..Limits::default()
        })
        .build()?;

    let response = client.get("/down").send().await?;

    assert_eq!((response.status.as_u16(), response.attempts), (503, 11));
    assert!(response.error_for_status().is_err());
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder().script("/down", [Reply::status(503)]).start()
}
