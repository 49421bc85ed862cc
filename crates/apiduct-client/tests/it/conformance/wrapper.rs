//! The retrying client for single requests.

use std::time::Duration;

use apiduct_client::hook::{Verdict, hook_fn};
use apiduct_client::retry::RetryConfig;
use apiduct_client::transport::TimeLimit;
use apiduct_client::{Cause, Error, TransportError};
use http::StatusCode;

use crate::support::{Script, answer, ok};

#[tokio::test]
async fn a_connection_that_keeps_failing_ends_with_the_error_of_its_last_try() {
    let source = || Cause::new("refused");
    for error in [
        TransportError::Connect {
            host: "api.test".to_owned(),
            source: source(),
        },
        TransportError::Timeout {
            which: TimeLimit::Connect,
            limit: Duration::from_secs(30),
        },
        TransportError::Broken {
            received: 3,
            source: source(),
        },
    ] {
        let expected = error.to_string();
        let script = Script::sequence(vec![Err(error)]);
        let (builder, timer) = script.client();
        let failed = builder.build().unwrap().get("/").send().await.unwrap_err();
        let Error::Transport(failed) = failed else {
            panic!("{failed:?}");
        };
        assert_eq!((failed.attempts, failed.error.to_string()), (6, expected));
        assert_eq!(timer.waits(), [1.0, 2.0, 4.0, 8.0, 16.0]);
    }
}

#[tokio::test]
async fn the_third_try_may_succeed() {
    let script = Script::sequence(vec![answer(503, &[], ""), answer(503, &[], ""), ok("{}")]);
    let (builder, timer) = script.client();
    let response = builder.build().unwrap().get("/").send().await.unwrap();
    assert_eq!((response.status.as_u16(), response.attempts), (200, 3));
    assert_eq!(timer.waits(), [1.0, 2.0]);
}

#[tokio::test]
async fn the_last_response_comes_back_and_is_an_error_on_demand() {
    let script = Script::sequence(vec![answer(503, &[], "down")]);
    let (builder, _) = script.client();
    let response = builder.build().unwrap().get("/").send().await.unwrap();
    assert_eq!((response.status.as_u16(), response.attempts), (503, 6));
    let error = response.error_for_status().unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
}

#[tokio::test]
async fn retry_after_counts_even_without_backoff() {
    let script = Script::sequence(vec![answer(429, &[("retry-after", "4")], ""), ok("{}")]);
    let (builder, timer) = script.client();
    let retry = RetryConfig {
        backoff_factor: 0.0,
        ..RetryConfig::default()
    };
    builder
        .retry(retry)
        .build()
        .unwrap()
        .get("/")
        .send()
        .await
        .unwrap();
    assert_eq!(timer.waits(), [4.0]);
}

#[tokio::test]
async fn a_hook_may_turn_a_failure_into_a_result_before_retries_are_decided() {
    let script = Script::sequence(vec![answer(503, &[], "down")]);
    let (builder, timer) = script.client();
    let mend = hook_fn(|response, _| {
        response.status = StatusCode::NO_CONTENT;
        response.body = "mended".into();
        Verdict::Accept
    });
    let client = builder.build().unwrap();
    let response = client.get("/").hook(mend).send().await.unwrap();
    assert_eq!(
        (response.status.as_u16(), response.text().as_ref()),
        (204, "mended")
    );
    assert_eq!((script.sent().len(), timer.waits().len()), (1, 0));
}

#[tokio::test]
async fn a_condition_on_the_text_asks_for_other_tries_and_gets_the_last_response() {
    let not_ready = || {
        hook_fn(|response, _| match response.text().as_ref() {
            "error" => Verdict::Retry {
                reason: "the text says error".to_owned(),
            },
            _ => Verdict::Accept,
        })
    };
    let script = Script::sequence(vec![ok("error")]);
    let client = script.client().0.build().unwrap();
    let response = client.get("/").hook(not_ready()).send().await.unwrap();
    assert_eq!((response.text().as_ref(), response.attempts), ("error", 6));

    let script = Script::sequence(vec![ok("error"), ok("error"), ok("fine")]);
    let client = script.client().0.build().unwrap();
    let response = client.get("/").hook(not_ready()).send().await.unwrap();
    assert_eq!((response.text().as_ref(), response.attempts), ("fine", 3));
}

#[tokio::test]
async fn statuses_that_are_retried_can_be_chosen() {
    let script = Script::sequence(vec![answer(403, &[], ""), answer(504, &[], "")]);
    let (builder, _) = script.client();
    let retry = RetryConfig {
        statuses: vec![403..=403],
        ..RetryConfig::default()
    };
    let client = builder.retry(retry).build().unwrap();
    let response = client.get("/").send().await.unwrap();
    assert_eq!((response.status.as_u16(), response.attempts), (504, 2));
}
