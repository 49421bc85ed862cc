//! Wall clocks that jump, and those that differ from the server's.

use std::sync::Arc;
use std::time::Duration;

use apiduct_client::auth::OAuth2ClientCredentials;
use apiduct_client::{Client, Error, Response, RetryStop};
use apiduct_model::Clock;
use apiduct_testkit::{MockApi, OAuthServer, RateLimit, Reply, RetryAfter, SimApi, SimClock};
use serde_json::json;

use super::network::{SimNet, SimTimer};

const HOUR: i64 = 3_600;
const LONGEST: Duration = Duration::from_hours(24);

/// One request by a client whose wall clock is `ahead` seconds before the server's, and `jumps` by as many while it
/// waits.
fn ask(api: &SimApi, clock: &SimClock, ahead: i64, jump: i64) -> Result<Response, Error> {
    let timer = SimTimer::new(clock);
    timer.set_skew(ahead);
    let client = Client::builder(api.base_url().as_str())
        .transport(SimNet::new(api, clock))
        .timer(Arc::new(timer.clone()))
        .build()
        .unwrap();
    let time = clock.clone();
    let done = clock.run(LONGEST, async move {
        tokio::spawn(async move {
            time.sleep(Duration::from_secs(3)).await;
            timer.set_skew(ahead + jump);
        });
        client.get("/x").send().await
    });
    done.unwrap()
}

fn refusing_once(retry_after: &str) -> (SimApi, SimClock) {
    let clock = SimClock::new();
    let refusal = Reply::status(429).header("Retry-After", retry_after);
    let api = MockApi::builder()
        .script("/x", [refusal, Reply::json(&1)])
        .simulate(&clock);
    (api, clock)
}

#[test]
fn a_wait_in_seconds_is_as_long_as_asked_whatever_the_wall_clock_does() {
    for jump in [0, HOUR, -HOUR, 40 * HOUR, -40 * HOUR] {
        let (api, clock) = refusing_once("20");
        assert_eq!(ask(&api, &clock, 0, jump).unwrap().status, 200);
        assert_eq!(clock.monotonic(), Duration::from_secs(20), "{jump}");
    }
}

#[test]
fn a_wait_until_a_date_that_has_begun_is_not_changed_by_the_wall_clock() {
    for jump in [0, HOUR, -HOUR] {
        let (api, clock) = refusing_once("Mon, 01 Jan 2024 00:00:20 GMT");
        assert_eq!(ask(&api, &clock, 0, jump).unwrap().status, 200);
        assert_eq!(clock.monotonic(), Duration::from_secs(20), "{jump}");
    }
}

#[test]
fn a_date_that_is_over_for_a_fast_clock_is_waited_for_like_any_failure() {
    let (api, clock) = refusing_once("Mon, 01 Jan 2024 00:00:20 GMT");
    assert_eq!(ask(&api, &clock, HOUR, 0).unwrap().status, 200);
    assert_eq!(clock.monotonic(), Duration::from_secs(1));
}

#[test]
fn a_date_that_is_far_away_for_a_slow_clock_is_a_named_refusal_and_no_long_sleep() {
    let (api, clock) = refusing_once("Mon, 01 Jan 2024 00:00:20 GMT");
    let response = ask(&api, &clock, -HOUR, 0).unwrap();
    let stop = response.error_for_status().unwrap_err().retry_stop();
    assert!(
        matches!(stop, Some(RetryStop::WaitTooLong { .. })),
        "{stop:?}"
    );
    assert!(clock.monotonic() < Duration::from_secs(5));
}

/// A pull of two hours with tokens that live for twenty minutes, while the wall clock jumps after half an hour.
fn long_pull(jump: i64) -> (usize, OAuthServer) {
    let clock = SimClock::new();
    let office = OAuthServer::new()
        .client("id", "s3cret")
        .lifetime(Some(Duration::from_mins(20)));
    let api = MockApi::builder()
        .collection("rows", (0..300).map(|id| json!({"id": id})))
        .latency(Duration::from_mins(2))
        .rate_limit(RateLimit::new(100, Duration::from_hours(1)).retry_after(RetryAfter::Seconds))
        .oauth(&office)
        .simulate(&clock);
    let timer = SimTimer::new(&clock);
    let url = api.base_url().join("/oauth/token").unwrap();
    let client = Client::builder(api.base_url().as_str())
        .transport(SimNet::new(&api, &clock))
        .timer(Arc::new(timer.clone()))
        .auth(OAuth2ClientCredentials::new(url, "id", "s3cret"))
        .build()
        .unwrap();
    let time = clock.clone();
    let rows = clock.run(LONGEST, async move {
        tokio::spawn(async move {
            time.sleep(Duration::from_mins(30)).await;
            timer.set_skew(jump);
        });
        let mut pages = client.paginate("/rows_cursor").send();
        let mut rows = 0;
        while let Some(page) = pages.next().await.unwrap() {
            rows += page.raw_records().len();
        }
        rows
    });
    assert!(clock.monotonic() > Duration::from_mins(110));
    (rows.unwrap(), office)
}

#[test]
fn tokens_that_expire_in_the_middle_are_renewed_whatever_the_wall_clock_does() {
    for jump in [0, 2 * HOUR, -2 * HOUR] {
        let (rows, office) = long_pull(jump);
        assert_eq!(rows, 300, "{jump}");
        let tokens = office.token_requests();
        assert!(
            (6..=9).contains(&tokens),
            "{tokens} tokens after a jump of {jump} s"
        );
        assert_eq!(office.refused(), 0, "{jump}");
    }
}
