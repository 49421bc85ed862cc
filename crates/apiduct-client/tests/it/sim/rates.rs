//! Limits that are learned from what the server says, and from nothing else.

use std::sync::Arc;
use std::time::Duration;

use apiduct_client::Client;
use apiduct_model::Clock as _;
use apiduct_testkit::{LimitHeaders, MockApi, RateLimit, Reply, RetryAfter, SimClock};
use futures_util::future::join_all;

use super::network::{SimNet, SimTimer};

const SECONDS: u64 = 60;
const ALLOWED: u64 = 50;

/// What eight tasks that ask as fast as they may get in a minute: answers and refusals.
fn minute(headers: LimitHeaders, latency: Duration) -> (u64, u64) {
    let clock = SimClock::new();
    let limit = RateLimit::new(ALLOWED, Duration::from_secs(1))
        .headers(headers)
        .retry_after(RetryAfter::Absent);
    let api = MockApi::builder()
        .script("/x", [Reply::json(&1)])
        .rate_limit(limit)
        .latency(latency)
        .simulate(&clock);
    let client = Client::builder(api.base_url().as_str())
        .transport(SimNet::new(&api, &clock))
        .timer(Arc::new(SimTimer::new(&clock)))
        .build()
        .unwrap();
    let time = clock.clone();
    let counts = clock.run(Duration::from_hours(1), async move {
        let task = || {
            let (client, time) = (client.clone(), time.clone());
            async move {
                let (mut answers, mut refusals) = (0, 0);
                while time.monotonic() < Duration::from_secs(SECONDS) {
                    let response = client.get("/x").send().await.unwrap();
                    answers += u64::from(response.status.is_success());
                    refusals += u64::from(response.rate_limited);
                }
                (answers, refusals)
            }
        };
        join_all((0..8).map(|_| task())).await
    });
    let counts = counts.unwrap();
    counts
        .into_iter()
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

#[test]
fn an_allowance_is_used_to_97_percent_with_one_refusal_at_most() {
    for headers in [
        LimitHeaders::Epoch,
        LimitHeaders::Delta,
        LimitHeaders::Structured,
    ] {
        for millis in [1, 5, 20] {
            let (answers, refusals) = minute(headers, Duration::from_millis(millis));
            let share = answers as f64 / (SECONDS * ALLOWED) as f64;
            println!("{headers:?}, {millis} ms: {share:.3} used, {refusals} refused");
            assert!(share >= 0.97, "{headers:?}, {millis} ms: {share:.3} used");
            assert!(
                refusals <= 1,
                "{headers:?}, {millis} ms: {refusals} refused"
            );
        }
    }
}
