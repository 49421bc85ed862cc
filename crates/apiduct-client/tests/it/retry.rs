//! When a request is tried again, how long it waits, and when it is given up.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use apiduct_client::paginate::SinglePage;
use apiduct_client::rate::RateConfig;
use apiduct_client::retry::{ResponseTest, RetryConfig};
use apiduct_client::transport::TimeLimit;
use apiduct_client::{Client, Error, RetryStop, TransportError};
use apiduct_json::Selector;
use apiduct_model::{Clock, Hint};
use apiduct_testkit::{MockApi, Reply};
use http::StatusCode;
use serde_json::json;

use crate::support::{FakeTimer, Script, answer, client, ok};

fn timeout() -> TransportError {
    TransportError::Timeout {
        which: TimeLimit::Idle,
        limit: Duration::from_mins(1),
    }
}

#[tokio::test]
async fn a_failing_server_is_asked_six_times_with_doubling_waits() {
    let api = MockApi::builder()
        .script("/x", [Reply::error(503, "down")])
        .start();
    let (builder, timer) = client(&api);
    let response = builder.build().unwrap().get("/x").send().await.unwrap();
    assert_eq!(timer.waits(), [1.0, 2.0, 4.0, 8.0, 16.0]);
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((response.attempts, response.rate_limited), (6, 0));
    assert_eq!(response.elapsed, Duration::from_secs(31));
    assert_eq!(response.throttled, Duration::from_secs(31));
    assert_eq!(response.retry_stop, Some(RetryStop::Exhausted));
    let url = api.url("/x");
    assert_eq!(
        response.error_for_status().unwrap_err().to_string(),
        format!(
            "GET {url} answered 503 Service Unavailable after 6 attempts in 31.0 s: `{{\"error\":{{\"message\":\"down\"}}}}`"
        )
    );
}

#[tokio::test]
async fn retry_after_in_seconds_is_obeyed() {
    let refused = Reply::status(429).header("Retry-After", "7");
    let api = MockApi::builder()
        .script("/x", [refused.clone(), refused, Reply::json(&1)])
        .start();
    let (builder, timer) = client(&api);
    let response = builder.build().unwrap().get("/x").send().await.unwrap();
    assert_eq!(timer.waits(), [7.0, 7.0]);
    assert_eq!((response.attempts, response.rate_limited), (3, 2));
    assert_eq!(response.throttled, Duration::from_secs(14));
}

#[tokio::test]
async fn a_declared_rate_counts_as_throttled_and_a_slow_answer_does_not() {
    let timer = FakeTimer::new();
    let clock = timer.0.clone();
    let script = Script::new(move |_| {
        clock.advance(Duration::from_secs(3));
        ok("1")
    });
    let rate = RateConfig {
        windows: vec!["1/min".parse().unwrap()],
        ..RateConfig::default()
    };
    let client = Client::builder("http://h/")
        .timer(Arc::new(timer))
        .transport(Arc::new(script))
        .rate(rate)
        .build()
        .unwrap();
    let first = client.get("/x").send().await.unwrap();
    assert_eq!(first.throttled, Duration::ZERO);
    assert_eq!(first.elapsed, Duration::from_secs(3));
    let second = client.get("/x").send().await.unwrap();
    assert_eq!(second.elapsed, second.throttled + Duration::from_secs(3));
    let whole = second.throttled.as_secs();
    assert!((57..=58).contains(&whole), "{:?}", second.throttled);
}

#[tokio::test]
async fn retry_after_as_a_date_is_obeyed() {
    // The fake clock starts here.
    let start = SystemTime::UNIX_EPOCH + Duration::from_hours(473_352);
    let date = "Mon, 01 Jan 2024 00:00:42 GMT";
    let api = MockApi::builder()
        .script(
            "/x",
            [
                Reply::status(503).header("Retry-After", date),
                Reply::json(&1),
            ],
        )
        .start();
    let (builder, timer) = client(&api);
    assert_eq!(timer.now(), start);
    builder.build().unwrap().get("/x").send().await.unwrap();
    assert_eq!(timer.waits(), [42.0]);
}

#[tokio::test]
async fn retry_after_beyond_limit_gives_up_without_sleeping() {
    let refused = Reply::status(429).header("Retry-After", "3600");
    let api = MockApi::builder().script("/x", [refused]).start();
    let (builder, timer) = client(&api);
    let mut pages = builder.build().unwrap().paginate("/x").send();
    let error = pages.next().await.unwrap_err();
    assert!(timer.waits().is_empty());
    assert_eq!(api.recorded().len(), 1);
    assert!(
        error
            .to_string()
            .ends_with("the server asked for a wait of 3600 s, above `max_wait` (300 s)")
    );
    assert!(error.hint().unwrap().contains("`max_wait`"));
    assert!(matches!(
        error.retry_stop(),
        Some(RetryStop::WaitTooLong { .. })
    ));
}

#[tokio::test]
async fn client_errors_are_not_tried_again() {
    for status in [400, 401, 403, 404, 422] {
        let api = MockApi::builder()
            .script("/x", [Reply::status(status)])
            .start();
        let (builder, timer) = client(&api);
        builder.build().unwrap().get("/x").send().await.unwrap();
        assert_eq!(api.recorded().len(), 1, "{status}");
        assert!(timer.waits().is_empty());
    }
}

#[tokio::test]
async fn a_post_is_not_tried_again_once_it_may_have_arrived() {
    for failure in [answer(503, &[], ""), Err(timeout())] {
        let script = Script::sequence(vec![failure]);
        let client = script.client().0.build().unwrap();
        let _ = client.post("/x").send().await;
        assert_eq!(script.sent().len(), 1);
    }
}

#[tokio::test]
async fn a_refusal_names_the_reason_why_a_post_is_not_repeated() {
    let script = Script::sequence(vec![Err(timeout())]);
    let client = script.client().0.build().unwrap();
    let error = client.post("/x").send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "POST https://api.test/x failed after 1 attempt in 0.0 s; repeating it could do something twice"
    );
    assert!(error.hint().unwrap().contains("retry_unsafe"));
}

#[tokio::test]
async fn a_post_is_tried_again_when_it_is_declared_harmless() {
    let script = || Script::sequence(vec![answer(503, &[], ""), ok("1")]);
    let harmless = script();
    let client = harmless.client().0.build().unwrap();
    client.post("/x").idempotent(true).send().await.unwrap();
    assert_eq!(harmless.sent().len(), 2);

    let by_config = script();
    let retry = RetryConfig {
        retry_unsafe: true,
        ..RetryConfig::default()
    };
    let client = by_config.client().0.retry(retry).build().unwrap();
    client.post("/x").send().await.unwrap();
    assert_eq!(by_config.sent().len(), 2);
}

#[tokio::test]
async fn a_rate_limited_post_is_tried_again_because_it_did_nothing() {
    let script = Script::sequence(vec![answer(429, &[("retry-after", "1")], ""), ok("1")]);
    let (builder, timer) = script.client();
    builder.build().unwrap().post("/x").send().await.unwrap();
    assert_eq!(timer.waits(), [1.0]);
}

#[tokio::test]
async fn pages_asked_for_with_a_post_are_tried_again() {
    let script = Script::sequence(vec![answer(503, &[], ""), ok("[1]")]);
    let client = script.client().0.build().unwrap();
    let mut pages = client
        .paginate("/x")
        .method(http::Method::POST)
        .json(&json!({"q": 1}))
        .send();
    assert_eq!(pages.next().await.unwrap().unwrap().raw_records().len(), 1);
    assert_eq!(script.sent().len(), 2);
}

#[tokio::test]
async fn the_number_of_retries_is_configurable() {
    for (max_retries, requests) in [(0, 1), (1, 2), (7, 8)] {
        let script = Script::sequence(vec![Err(timeout())]);
        let retry = RetryConfig {
            max_retries,
            ..RetryConfig::default()
        };
        let client = script.client().0.retry(retry).build().unwrap();
        client.get("/x").send().await.unwrap_err();
        assert_eq!(script.sent().len(), requests);
    }
}

#[tokio::test]
async fn a_spent_budget_ends_retries_for_all_requests_to_the_origin() {
    let script = Script::sequence(vec![Err(timeout())]);
    let retry = RetryConfig {
        budget: Some(7),
        ..RetryConfig::default()
    };
    let client = script.client().0.retry(retry).build().unwrap();
    let mut stops = Vec::new();
    for _ in 0..3 {
        stops.push(client.get("/x").send().await.unwrap_err().retry_stop());
    }
    let spent = Some(RetryStop::BudgetSpent);
    assert_eq!(stops, [Some(RetryStop::Exhausted), spent, spent]);
    assert_eq!(script.sent().len(), 6 + 3 + 1);
}

#[tokio::test]
async fn waits_that_the_server_names_cost_no_budget() {
    let refused = || answer(429, &[("retry-after", "1")], "");
    let script = Script::sequence(vec![refused(), refused(), refused(), ok("1")]);
    let retry = RetryConfig {
        budget: Some(0),
        ..RetryConfig::default()
    };
    let client = script.client().0.retry(retry).build().unwrap();
    let response = client.get("/x").send().await.unwrap();
    assert_eq!(response.attempts, 4);
}

#[tokio::test]
async fn a_retry_begins_before_the_redirects() {
    let script = Script::new(|request| match request.url.path() {
        "/start" => crate::support::redirect(302, "/end"),
        _ => answer(503, &[], ""),
    });
    let retry = RetryConfig {
        max_retries: 2,
        ..RetryConfig::default()
    };
    let client = script.client().0.retry(retry).build().unwrap();
    let response = client.get("/start").send().await.unwrap();
    assert_eq!(response.attempts, 3);
    assert_eq!(script.sent().len(), 6);
}

#[tokio::test]
async fn what_cannot_be_helped_by_trying_again_fails_at_once() {
    let script = Script::sequence(vec![Err(TransportError::TooLarge { limit: 5 })]);
    let (builder, timer) = script.client();
    let error = builder.build().unwrap().get("/x").send().await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)));
    assert_eq!(error.retry_stop(), None);
    assert!(timer.waits().is_empty());
}

#[tokio::test]
async fn a_total_outage_costs_first_tries_and_35_requests() {
    // The waits that the server names are no way around the bound.
    for headers in [&[][..], &[("retry-after", "1")]] {
        let headers: Vec<(&'static str, &'static str)> = headers.to_vec();
        let script = Script::new(move |_| answer(503, &headers, ""));
        let client = script.client().0.build().unwrap();
        let resources = (0..40).map(|number| {
            let pages = client.paginate(&format!("/resource/{number}")).send();
            async move {
                let mut pages = pages;
                pages.next().await.unwrap_err()
            }
        });
        let errors = futures_util::future::join_all(resources).await;
        assert_eq!(errors.len(), 40);
        assert_eq!(script.sent().len(), 40 + 35);
        let spent = |error: &&Error| error.retry_stop() == Some(RetryStop::BudgetSpent);
        assert!(errors.iter().filter(spent).count() >= 33);
    }
}

#[tokio::test]
async fn a_program_can_ask_for_another_try_of_responses_and_errors() {
    let script = Script::sequence(vec![
        answer(409, &[], ""),
        Err(TransportError::TooLarge { limit: 5 }),
        ok("1"),
    ]);
    let (builder, timer) = script.client();
    let client = builder
        .retry_if("not ready", |tried| {
            let response = tried.response.map(|response| response.status.as_u16());
            response == Some(409) && tried.attempt == 1
        })
        .retry_if("try once more", |tried| tried.error.is_some());
    let response = client.build().unwrap().get("/x").send().await.unwrap();
    assert_eq!(response.attempts, 3);
    assert_eq!(timer.waits(), [1.0, 2.0]);
}

#[tokio::test]
async fn what_a_program_asks_for_has_the_bounds_of_other_retries() {
    let script = Script::sequence(vec![answer(409, &[], "")]);
    let client = script.client().0.retry_if("never ready", |_| true);
    let client = client.build().unwrap();
    let response = client.get("/x").send().await.unwrap();
    assert_eq!(response.retry_stop, Some(RetryStop::Exhausted));
    assert_eq!(script.sent().len(), 6);
    client.post("/x").send().await.unwrap();
    assert_eq!(script.sent().len(), 7, "a post may have done something");
}

#[tokio::test]
async fn a_page_that_is_not_ready_is_tried_again_and_never_taken_for_a_good_one() {
    let wait = r#"{"error": "still computing", "data": []}"#;
    let good = r#"{"data": [{"id": 1}]}"#;
    for (answers, is_good) in [
        (vec![ok(wait), ok(wait), ok(good)], true),
        (vec![ok(wait)], false),
    ] {
        let script = Script::sequence(answers);
        let test = ResponseTest {
            selector: Some(Selector::parse("error").unwrap()),
            ..ResponseTest::default()
        };
        let client = script.client().0.build().unwrap();
        let mut pages = client
            .paginate("/x")
            .paginator(SinglePage)
            .data_selector("data")
            .retry_if(test.to_string(), move |tried| {
                tried.response.is_some_and(|response| test.holds(response))
            })
            .send();
        let page = pages.next().await;
        if is_good {
            let page = page.unwrap().unwrap();
            assert_eq!((page.raw_records().len(), page.response.attempts), (1, 3));
        } else {
            let error = page.unwrap_err();
            assert!(
                matches!(error, Error::Unready { attempts: 6, .. }),
                "{error:?}"
            );
            assert!(
                error.to_string().ends_with("the response has `error`"),
                "{error}"
            );
        }
    }
}
