//! What budgets promise, on a fake clock.

use std::sync::Arc;
use std::time::Duration;

use apiduct_model::Clock as _;
use apiduct_testkit::FakeClock;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode};

use super::budget::{Denied, Permit};
use super::*;
use crate::transport::{RawResponse, TransportError};

const LONG: Duration = Duration::from_hours(24);

#[derive(Debug, Clone)]
struct Fake(FakeClock);

impl apiduct_model::Clock for Fake {
    fn now(&self) -> std::time::SystemTime {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

impl Timer for Fake {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }
}

fn budgets(config: RateConfig, clock: &FakeClock) -> RateBudgets {
    RateBudgets::new(config, Arc::new(Fake(clock.clone())))
}

fn at(budgets: &RateBudgets, url: &str, credential: CredentialId) -> Arc<Budget> {
    budgets.budget(&url.parse().unwrap(), credential)
}

fn one(config: RateConfig, clock: &FakeClock) -> Arc<Budget> {
    at(&budgets(config, clock), "https://h/", CredentialId::NONE)
}

fn at_once(budget: &Arc<Budget>) -> Option<Permit> {
    budget.enter(LONG).now_or_never().map(Result::unwrap)
}

fn answer(status: u16, headers: &[(&'static str, &str)]) -> RawResponse {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    RawResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers: map,
        body: bytes::Bytes::new(),
        wire_bytes: None,
    }
}

#[test]
fn so_many_requests_are_in_flight_and_no_more() {
    for concurrency in [1, 8, 64] {
        let config = RateConfig {
            concurrency,
            ..RateConfig::default()
        };
        let budget = one(config, &FakeClock::new());
        at_once(&budget).unwrap().settle(Ok(&answer(200, &[])));
        let permits: Vec<Permit> = (0..concurrency).filter_map(|_| at_once(&budget)).collect();
        assert_eq!(permits.len(), concurrency);
        assert!(at_once(&budget).is_none());
        drop(permits);
        assert!(at_once(&budget).is_some());
    }
}

#[test]
fn places_are_shared_by_an_origin_and_not_by_two() {
    let config = RateConfig {
        concurrency: 1,
        ..RateConfig::default()
    };
    let budgets = budgets(config, &FakeClock::new());
    let first = at(&budgets, "https://h/a", CredentialId::of(&["a"]));
    let _permit = at_once(&first).unwrap();
    let other_key = at(&budgets.clone(), "https://h/b", CredentialId::of(&["b"]));
    assert!(at_once(&other_key).is_none());
    let other_port = at(&budgets, "https://h:8443/", CredentialId::of(&["a"]));
    assert!(at_once(&other_port).is_some());
}

#[tokio::test]
async fn requests_start_in_the_order_in_which_they_asked() {
    let config = RateConfig {
        concurrency: 2,
        ..RateConfig::default()
    };
    let budget = one(config, &FakeClock::new());
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for number in 0..1_000 {
        let (budget, order) = (Arc::clone(&budget), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            let permit = budget.enter(LONG).await.unwrap();
            lock(&order).push(number);
            tokio::task::yield_now().await;
            drop(permit);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*lock(&order), (0..1_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_request_that_is_dropped_leaves_its_place_and_its_turn() {
    let config = RateConfig {
        concurrency: 1,
        ..RateConfig::default()
    };
    let budget = one(config, &FakeClock::new());
    let first = at_once(&budget).unwrap();
    let mut waiting = Box::pin(budget.enter(LONG));
    let mut behind = Box::pin(budget.enter(LONG));
    assert!(waiting.as_mut().now_or_never().is_none());
    assert!(behind.as_mut().now_or_never().is_none());
    assert_eq!(budget.busy(), 3);
    drop(waiting);
    drop(first);
    let second = behind.await.unwrap();
    assert_eq!(budget.busy(), 1);
    drop(second);
    assert!(at_once(&budget).is_some());
}

#[tokio::test]
async fn all_declared_windows_are_kept() {
    let clock = FakeClock::new();
    let config = RateConfig {
        windows: vec!["2/s".parse().unwrap(), "5/min".parse().unwrap()],
        ..RateConfig::default()
    };
    let budget = one(config, &clock);
    let mut starts = Vec::new();
    for _ in 0..7 {
        drop(budget.enter(LONG).await.unwrap());
        starts.push(clock.monotonic().as_millis());
    }
    assert_eq!(starts, [0, 0, 1_010, 1_010, 2_020, 60_100, 60_100]);
}

#[tokio::test]
async fn of_requests_that_wait_together_only_the_one_whose_turn_it_is_counts() {
    let clock = FakeClock::new();
    let config = RateConfig {
        windows: vec!["2/min".parse().unwrap()],
        ..RateConfig::default()
    };
    let budget = one(config, &clock);
    let waits = (0..4).map(|_| async { budget.enter(LONG).await.unwrap().throttled });
    let waits = futures_util::future::join_all(waits).await;
    assert_eq!(waits[0] + waits[1] + waits[3], Duration::ZERO);
    assert_eq!(waits[2], clock.total_wait());
    assert!(waits[2] >= Duration::from_mins(1));
}

#[tokio::test]
async fn credentials_have_rates_of_their_own() {
    let clock = FakeClock::new();
    let config = RateConfig {
        windows: vec!["1/min".parse().unwrap()],
        ..RateConfig::default()
    };
    let budgets = budgets(config, &clock);
    let (a, b) = (CredentialId::of(&["a"]), CredentialId::of(&["b"]));
    drop(at_once(&at(&budgets, "https://h/", a)).unwrap());
    drop(at_once(&at(&budgets, "https://h/", b)).unwrap());
    assert_eq!(clock.total_wait(), Duration::ZERO);
    drop(at_once(&at(&budgets, "https://h/", a)).unwrap());
    assert!(clock.total_wait() > Duration::from_mins(1));
}

#[tokio::test]
async fn retry_after_holds_everyone_back() {
    for status in [429, 503, 403] {
        let clock = FakeClock::new();
        let budget = one(RateConfig::default(), &clock);
        let refused = answer(status, &[("retry-after", "20")]);
        budget.enter(LONG).await.unwrap().settle(Ok(&refused));
        drop(budget.enter(LONG).await.unwrap());
        assert_eq!(clock.waits(), [Duration::from_secs(20)], "{status}");
    }
}

#[tokio::test]
async fn retry_after_of_an_accepted_job_holds_nobody_back() {
    let clock = FakeClock::new();
    let budget = one(RateConfig::default(), &clock);
    let accepted = answer(202, &[("retry-after", "20")]);
    budget.enter(LONG).await.unwrap().settle(Ok(&accepted));
    drop(budget.enter(LONG).await.unwrap());
    assert!(clock.waits().is_empty());
}

#[tokio::test]
async fn a_wait_beyond_the_limit_is_refused_without_waiting() {
    let clock = FakeClock::new();
    let budget = one(RateConfig::default(), &clock);
    let refused = answer(429, &[("retry-after", "20")]);
    budget.enter(LONG).await.unwrap().settle(Ok(&refused));
    let max_wait = Duration::from_secs(19);
    let asked = Duration::from_secs(20);
    assert_eq!(
        budget.enter(max_wait).await.unwrap_err(),
        Denied::WaitTooLong { asked, max_wait }
    );
    assert!(clock.waits().is_empty());
}

#[tokio::test]
async fn a_declared_rate_is_waited_for_however_long() {
    let clock = FakeClock::new();
    let config = RateConfig {
        windows: vec!["1/h".parse().unwrap()],
        ..RateConfig::default()
    };
    let budget = one(config, &clock);
    for _ in 0..2 {
        drop(budget.enter(Duration::ZERO).await.unwrap());
    }
    assert!(clock.total_wait() > Duration::from_hours(1));
}

#[tokio::test]
async fn a_request_for_a_token_waits_for_no_place() {
    let config = RateConfig {
        concurrency: 1,
        windows: vec!["2/s".parse().unwrap()],
        ..RateConfig::default()
    };
    let clock = FakeClock::new();
    let budget = one(config, &clock);
    let _permit = at_once(&budget).unwrap();
    let waiting = budget.enter(LONG);
    tokio::pin!(waiting);
    assert!(waiting.as_mut().now_or_never().is_none());
    drop(budget.enter_ahead(LONG).await.unwrap());
    assert!(clock.waits().is_empty());
    drop(budget.enter_ahead(LONG).await.unwrap());
    assert_eq!(
        clock.waits(),
        [Duration::from_millis(1_010)],
        "the rate is kept"
    );
}

#[tokio::test]
async fn a_spent_quota_refuses_over_all_origins() {
    let config = RateConfig {
        max_requests: Some(2),
        concurrency: 1,
        ..RateConfig::default()
    };
    let budgets = budgets(config, &FakeClock::new());
    let (a, b) = (
        at(&budgets, "https://a/", CredentialId::NONE),
        at(&budgets, "https://b/", CredentialId::NONE),
    );
    drop(a.enter(LONG).await.unwrap());
    drop(b.enter(LONG).await.unwrap());
    for budget in [a, b] {
        assert_eq!(budget.enter(LONG).await.unwrap_err(), Denied::Quota);
        assert_eq!(budget.busy(), 0);
    }
}

#[tokio::test]
async fn a_failed_try_frees_its_place() {
    let config = RateConfig {
        concurrency: 1,
        ..RateConfig::default()
    };
    let budget = one(config, &FakeClock::new());
    let permit = budget.enter(LONG).await.unwrap();
    permit.settle(Err(&TransportError::Quota));
    assert!(at_once(&budget).is_some());
}
