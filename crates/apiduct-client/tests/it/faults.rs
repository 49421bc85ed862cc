//! The fault matrix on loopback: whatever the network does, a walk brings exactly the right rows, or a named error
//! after rows that are right so far.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use apiduct_client::paginate::PageNumber;
use apiduct_client::retry::RetryConfig;
use apiduct_client::transport::TimeLimit;
use apiduct_client::{ClientBuilder, Error, Limits, Pages, Timer, TransportError};
use apiduct_model::Clock;
use apiduct_testkit::{
    Accept, BrokenChunks, BrokenGzip, Chaos, Collection, Fault, LimitHeaders, MockApi, Place,
    RateLimit, Reply, RetryAfter, Stage, Switch,
};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{FakeTimer, client, report};

#[derive(Deserialize)]
struct Row {
    id: usize,
}

/// The ids of the rows that came, and the error that ended the walk.
async fn walk(mut pages: Pages) -> (Vec<usize>, Option<Error>) {
    let mut ids = Vec::new();
    loop {
        let rows = match pages.next().await {
            Ok(Some(page)) => page.records::<Row>(),
            Ok(None) => return (ids, None),
            Err(error) => return (ids, Some(error)),
        };
        match rows {
            Ok(rows) => ids.extend(rows.into_iter().map(|row| row.id)),
            Err(error) => return (ids, Some(error)),
        }
    }
}

/// How a walk over three pages ends whose second page is spoiled each time that it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Exact,
    Status,
    Broken,
    Silence,
    Undecodable,
    NotJson,
    Record,
}

fn ending(ids: &[usize], error: Option<&Error>) -> Ending {
    let whole = ids.iter().copied().eq(0..15);
    let first_page = ids.iter().copied().eq(0..5);
    match error {
        None if whole => Ending::Exact,
        Some(error) if first_page => match error {
            Error::Status(_) => Ending::Status,
            Error::Json(_) => Ending::NotJson,
            Error::Record { .. } => Ending::Record,
            Error::Transport(failed) => match failed.error {
                TransportError::Broken { .. } => Ending::Broken,
                TransportError::Decode { .. } => Ending::Undecodable,
                TransportError::Timeout {
                    which: TimeLimit::Idle,
                    ..
                } => Ending::Silence,
                _ => panic!("{error:?}"),
            },
            _ => panic!("{error:?}"),
        },
        other => panic!("{ids:?} and {other:?}"),
    }
}

/// Fifteen rows on three pages; the second page comes with `fault` as many times as `times` says.
fn spoiled(fault: &Fault, times: u32) -> MockApi {
    let rows = (0..15).map(|id| json!({"id": id, "text": format!("a \"{id}\"")}));
    let rows: Vec<Value> = rows.collect();
    let fault = fault.clone();
    let left = std::sync::atomic::AtomicU32::new(times);
    MockApi::builder()
        .get("/rows", move |request| {
            let page: usize = request.param("page").unwrap_or("1").parse().unwrap();
            let records = &rows[(page - 1) * 5..page * 5];
            let reply = Reply::json(&json!({"pages": 3, "data": records}));
            let spoil = |left: u32| left.checked_sub(1);
            let order = std::sync::atomic::Ordering::Relaxed;
            if page == 2 && left.fetch_update(order, order, spoil).is_ok() {
                return reply.fault(fault.clone());
            }
            reply
        })
        .start()
}

/// A pull that waits long for a slow machine, and not long for an answer that will not come.
async fn pull(api: &MockApi, fault: &Fault, max_retries: u32) -> Ending {
    let is_silent = ends_in_silence(fault);
    let max_retries = if is_silent { 5 } else { max_retries };
    let patience = if is_silent { 200 } else { 30_000 };
    let retry = RetryConfig {
        max_retries,
        ..RetryConfig::default()
    };
    let limits = Limits {
        idle_timeout: Duration::from_millis(patience),
        ..Limits::default()
    };
    let client = client(api).0.retry(retry).limits(limits).build().unwrap();
    let pages = client
        .paginate("/rows")
        .paginator(PageNumber::new().total_path("pages"))
        .data_selector("data")
        .send();
    let (ids, error) = walk(pages).await;
    ending(&ids, error.as_ref())
}

fn ends_in_silence(fault: &Fault) -> bool {
    let too_long = |pause: &Duration| *pause > Duration::from_secs(1);
    matches!(fault, Fault::Hang) || matches!(fault, Fault::Drip { pause, .. } if too_long(pause))
}

/// Every fault, with how a pull ends on which it strikes once, and on which it strikes always.
fn matrix() -> Vec<(Fault, Ending, Ending)> {
    use Ending::{Broken, Exact, NotJson, Silence, Status, Undecodable};
    let millis = Duration::from_millis;
    let pause = millis(1);
    let mut matrix = vec![
        (Fault::Status(500), Exact, Status),
        (Fault::Status(503), Exact, Status),
        (Fault::Status(429), Exact, Status),
        (Fault::Status(404), Status, Status),
        (Fault::HtmlPage, Exact, Status),
        (Fault::Reset, Exact, Broken),
        (Fault::Truncate(0.5), Exact, Broken),
        (Fault::CutJson(0.5), Exact, NotJson),
        (Fault::CutJson(0.01), Exact, NotJson),
        (Fault::WrongCharset, Exact, NotJson),
        (Fault::ContentType("text/plain".to_owned()), Exact, Exact),
        (Fault::ShortLength(9), Exact, NotJson),
        (Fault::LongLength(9), Exact, Broken),
        (Fault::LimitData(0), Exact, Broken),
        (Fault::LimitData(20), Exact, Broken),
        (Fault::LimitData(180), Exact, Broken),
        (Fault::Hang, Exact, Silence),
        (Fault::Timeout { after: pause }, Exact, Broken),
        (Fault::SlowClose { after: pause }, Exact, Exact),
        (
            Fault::Latency {
                base: millis(5),
                jitter: millis(5),
            },
            Exact,
            Exact,
        ),
        (
            Fault::Bandwidth {
                bytes_per_second: 50_000,
            },
            Exact,
            Exact,
        ),
        (
            Fault::Slice {
                size: 30,
                spread: 29,
                pause,
            },
            Exact,
            Exact,
        ),
        (Fault::Drip { chunk: 40, pause }, Exact, Exact),
        (
            Fault::Drip {
                chunk: 40,
                pause: Duration::from_mins(1),
            },
            Exact,
            Silence,
        ),
        (
            Fault::BrokenGzip(BrokenGzip::Header),
            Undecodable,
            Undecodable,
        ),
        (
            Fault::BrokenGzip(BrokenGzip::Middle),
            Undecodable,
            Undecodable,
        ),
        (
            Fault::BrokenGzip(BrokenGzip::Checksum),
            Undecodable,
            Undecodable,
        ),
        (Fault::BrokenGzip(BrokenGzip::Cut), Exact, Broken),
    ];
    matrix.extend(Stage::ALL.map(|stage| (Fault::ResetAt(stage), Exact, Broken)));
    matrix.extend(Place::ALL.map(|place| (Fault::TruncateAt(place), Exact, Broken)));
    matrix.extend(Place::ALL.map(|place| (Fault::CutAt(place), Exact, NotJson)));
    matrix.extend(BrokenChunks::ALL.map(|how| (Fault::BrokenChunks(how), Exact, Broken)));
    matrix
}

#[tokio::test]
async fn a_fault_that_strikes_once_costs_no_row() {
    for (fault, expected, _) in matrix() {
        let api = spoiled(&fault, 1);
        assert_eq!(pull(&api, &fault, 5).await, expected, "{fault:?}");
        assert!(
            ends_in_silence(&fault) || api.stats().requests <= 4,
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_fault_that_stays_is_a_named_error_after_the_rows_before_it() {
    for (fault, _, expected) in matrix() {
        let api = spoiled(&fault, u32::MAX);
        assert_eq!(pull(&api, &fault, 1).await, expected, "{fault:?}");
    }
}

#[tokio::test]
async fn a_body_that_calls_itself_json_and_is_empty_is_asked_for_again() {
    let lost = Fault::CutJson(0.0);
    assert_eq!(pull(&spoiled(&lost, 1), &lost, 5).await, Ending::Exact);
    // What stays empty is an empty page, which ends a list.
    let api = MockApi::builder()
        .script("/rows", [Reply::raw_json("")])
        .start();
    let walking = client(&api).0.build().unwrap();
    let (ids, error) = walk(walking.paginate("/rows").send()).await;
    assert!(ids.is_empty() && error.is_none(), "{error:?}");
    assert_eq!(api.recorded().len(), 6);
    // Without a type that promises JSON there is nothing to wait for.
    let api = MockApi::builder()
        .script("/rows", [Reply::status(200)])
        .start();
    let walking = client(&api).0.build().unwrap();
    let (ids, error) = walk(walking.paginate("/rows").send()).await;
    assert!(ids.is_empty() && error.is_none(), "{error:?}");
    assert_eq!(api.recorded().len(), 1);
}

#[tokio::test]
async fn a_wrong_character_in_a_body_is_noticed_wherever_it_is() {
    let mut endings = Vec::new();
    for ignored in 0..12 {
        let api = spoiled(&Fault::MalformedJson, 1);
        // The place depends on the number of the request.
        for _ in 0..ignored {
            client(&api)
                .0
                .build()
                .unwrap()
                .get("/rows")
                .send()
                .await
                .unwrap();
        }
        endings.push(pull(&api, &Fault::MalformedJson, 5).await);
    }
    // Between records it is found when the page is taken in and asked for again, within a record when that is read.
    assert!(endings.contains(&Ending::Exact), "{endings:?}");
    assert!(endings.contains(&Ending::Record), "{endings:?}");
}

#[tokio::test]
async fn connections_that_are_not_served_are_made_again() {
    let api = MockApi::builder()
        .collection("rows", (0..15).map(|id| json!({"id": id})))
        .accept([Accept::Reset, Accept::Close, Accept::Reset])
        .start();
    let (builder, timer) = client(&api);
    let (ids, error) = walk(builder.build().unwrap().paginate("/rows").send()).await;
    assert!(error.is_none(), "{error:?}");
    assert!(ids.into_iter().eq(0..15));
    assert_eq!(timer.waits().len(), 3);
}

/// A timer whose `nth` wait puts a server back on its port.
#[derive(Debug)]
struct UpAgain {
    timer: FakeTimer,
    switch: Switch,
    nth: usize,
}

impl Clock for UpAgain {
    fn now(&self) -> SystemTime {
        self.timer.now()
    }

    fn monotonic(&self) -> Duration {
        self.timer.monotonic()
    }
}

impl Timer for UpAgain {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if self.timer.waits().len() + 1 == self.nth {
            self.switch.up();
        }
        self.timer.sleep(duration)
    }
}

#[tokio::test]
async fn a_server_that_goes_down_in_the_middle_and_comes_back_costs_no_row() {
    for nth in [1, 4] {
        let api = MockApi::builder()
            .collection("rows", (0..60).map(|id| json!({"id": id})))
            .start();
        let switch = api.switch();
        api.on_request(4, move |_| switch.down());
        let timer = FakeTimer::new();
        let back = UpAgain {
            timer: timer.clone(),
            switch: api.switch(),
            nth,
        };
        let client = client(&api).0.timer(Arc::new(back)).build().unwrap();
        let (ids, error) = walk(client.paginate("/rows").send()).await;
        assert!(error.is_none(), "{error:?}");
        assert!(ids.into_iter().eq(0..60));
        assert_eq!(timer.waits().len(), nth);
    }
}

#[tokio::test]
async fn a_server_that_stays_down_is_named_after_the_rows_before() {
    let api = MockApi::builder()
        .collection("rows", (0..60).map(|id| json!({"id": id})))
        .start();
    let switch = api.switch();
    api.on_request(4, move |_| switch.down());
    let client = client(&api).0.build().unwrap();
    let (ids, error) = walk(client.paginate("/rows").send()).await;
    assert!(ids.into_iter().eq(0..15));
    let text = report(&error.unwrap());
    let host = format!("127.0.0.1:{}", api.port());
    assert!(
        text.contains(&format!("cannot connect to `{host}`: Connection refused")),
        "{text}"
    );
}

#[tokio::test]
async fn refusals_are_survived_whatever_header_says_when_to_come_again() {
    let headers = [
        LimitHeaders::None,
        LimitHeaders::Epoch,
        LimitHeaders::Delta,
        LimitHeaders::Structured,
    ];
    let after = [RetryAfter::Absent, RetryAfter::Seconds, RetryAfter::Date];
    for (headers, after) in headers
        .into_iter()
        .flat_map(|one| after.map(|two| (one, two)))
    {
        let timer = FakeTimer::new();
        let limit = RateLimit::new(3, Duration::from_secs(10));
        let api = MockApi::builder()
            .collection("rows", (0..60).map(|id| json!({"id": id})))
            .rate_limit(limit.headers(headers).retry_after(after))
            .clock(timer.0.clone())
            .start();
        let (builder, _) = client(&api);
        let client = builder.timer(Arc::new(timer.clone())).build().unwrap();
        let (ids, error) = walk(client.paginate("/rows").send()).await;
        assert!(error.is_none(), "{headers:?} {after:?}: {error:?}");
        assert!(ids.into_iter().eq(0..60), "{headers:?} {after:?}");
        let waited: f64 = timer.waits().iter().sum();
        assert!(
            (20.0..120.0).contains(&waited),
            "{headers:?} {after:?}: {waited} s"
        );
    }
}

/// Five hundred pages of four rows, of which some go wrong at the first try or two.
fn five_hundred(faults: &[(Fault, f64)]) -> MockApi {
    let mut chaos = Chaos::seed(2_026).at_most_in_a_row(3);
    for (fault, share) in faults {
        chaos = chaos.rate(fault.clone(), *share);
    }
    let rows = (0..2_000).map(|id| json!({"id": id, "name": format!("row {id}")}));
    MockApi::builder()
        .mount(Collection::new("rows", rows).page_size(4))
        .chaos(chaos)
        .start()
}

async fn pulls_all(api: &MockApi, builder: ClientBuilder, faults: RangeInclusive<u64>) {
    let client = builder.build().unwrap();
    for paths in ["/rows", "/rows_cursor"] {
        let before = api.stats();
        let (ids, error) = walk(client.paginate(paths).send()).await;
        assert!(error.is_none(), "{paths}: {error:?}");
        assert!(ids.into_iter().eq(0..2_000), "{paths}");
        let now = api.stats();
        let struck = now.faults - before.faults;
        assert!(faults.contains(&struck), "{struck} faults");
        assert_eq!(now.requests - before.requests, 500 + struck, "{paths}");
    }
}

#[tokio::test]
async fn five_hundred_pages_with_failures_resets_and_truncations_are_exact() {
    let api = five_hundred(&[
        (Fault::Status(503), 0.02),
        (Fault::Reset, 0.01),
        (Fault::Truncate(0.6), 0.01),
    ]);
    pulls_all(&api, client(&api).0, 8..=40).await;
}

#[tokio::test]
async fn five_hundred_pages_with_cut_json_of_the_right_length_are_exact() {
    let api = five_hundred(&[
        (Fault::CutJson(0.6), 0.01),
        (Fault::CutAt(Place::BetweenRecords), 0.01),
    ]);
    pulls_all(&api, client(&api).0, 4..=25).await;
}
