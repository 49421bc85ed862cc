//! Pages side by side: what comes out is what one page after another would have given.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use apiduct_client::paginate::{Offset, PageNumber, Position, Reason, TotalPath};
use apiduct_client::retry::RetryConfig;
use apiduct_client::transport::{Limits, PreparedRequest, RawResponse, Transport};
use apiduct_client::{Client, PaginateBuilder, TransportError};
use apiduct_testkit::FakeClock;
use async_trait::async_trait;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};

use crate::support::{FakeTimer, answer, ok, report};

/// What an API does with pages behind the last one.
#[derive(Debug, Clone, Copy)]
enum Behind {
    Empty,
    NotFound,
    LastAgain,
}

/// How the positions of pages are made.
#[derive(Debug, Clone, Copy)]
enum Style {
    Numbers,
    NumbersFrom0,
    UsualTotal,
    Offsets,
    Detected { is_echoed: bool },
}

/// An API that may be wrong about how much it has.
#[derive(Debug, Clone)]
struct Api {
    style: Style,
    /// The sizes of the pages.
    sizes: Vec<usize>,
    /// By how much each page is wrong about the total, in turn.
    lies: Vec<isize>,
    behind: Behind,
    /// A page that cannot be had.
    broken: Option<usize>,
    /// Whether each page begins with the last record of the page before.
    overlaps: bool,
    /// How long each answer takes, in turn, as a number of polls.
    delays: Vec<usize>,
}

const LIMIT: usize = 5;

impl Api {
    fn answer(&self, request: &PreparedRequest) -> Result<RawResponse, TransportError> {
        let number = |name: &str| {
            let pair = request.url.query_pairs().find(|(key, _)| key == name);
            pair.and_then(|(_, value)| value.parse::<usize>().ok())
        };
        let index = match self.style {
            Style::Offsets => number("offset").unwrap_or(0) / LIMIT,
            Style::NumbersFrom0 => number("page").unwrap_or(0),
            _ => number("page").unwrap_or(1).saturating_sub(1),
        };
        if self.broken == Some(index) {
            return answer(403, &[], "no");
        }
        let at = match self.behind {
            Behind::NotFound if index >= self.sizes.len() => return answer(404, &[], "none"),
            Behind::LastAgain => index.min(self.sizes.len().saturating_sub(1)),
            _ => index,
        };
        let before: usize = self.sizes.iter().take(at).sum();
        let start = before.saturating_sub(usize::from(self.overlaps));
        let size = self.sizes.get(at).copied().unwrap_or(0);
        let end = before + size;
        let ids = if size == 0 { end..end } else { start..end };
        let data: Vec<Value> = ids.map(|id| json!({"id": id})).collect();
        let lie = self.lies[index % self.lies.len()];
        let honest: usize = match self.style {
            Style::Offsets => self.sizes.iter().sum(),
            _ => self.sizes.len(),
        };
        let total = honest.saturating_add_signed(lie);
        let mut body = match self.style {
            Style::Detected { .. } => json!({"data": data, "total_pages": total}),
            _ => json!({"data": data, "total": total}),
        };
        if let Style::Detected { is_echoed: true } = self.style {
            body["page"] = json!(index + 1);
        }
        ok(body.to_string())
    }

    fn paginate(&self, client: &Client) -> PaginateBuilder {
        let builder = client.paginate("/x");
        let numbers = PageNumber::new();
        match self.style {
            Style::Numbers => {
                builder.paginator(numbers.total_path(TotalPath::Optional("total".into())))
            }
            Style::NumbersFrom0 => builder.paginator(numbers.initial_page(0).total_path("total")),
            Style::UsualTotal => builder.paginator(numbers),
            Style::Offsets => builder.paginator(Offset::new(LIMIT as u64)),
            Style::Detected { .. } => builder,
        }
    }
}

#[derive(Debug)]
struct Served {
    api: Api,
    sent: Arc<AtomicUsize>,
}

#[async_trait]
impl Transport for Served {
    async fn send(
        &self,
        request: PreparedRequest,
        _: &Limits,
    ) -> Result<RawResponse, TransportError> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        for _ in 0..self.api.delays[number % self.api.delays.len()] {
            tokio::task::yield_now().await;
        }
        self.api.answer(&request)
    }
}

/// All that a walk tells, as text.
fn story(api: &Api, window: usize, max_pages: Option<u64>) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let served = Served {
            api: api.clone(),
            sent: Arc::default(),
        };
        let client = Client::builder("https://api.test")
            .transport(served)
            .timer(Arc::new(FakeTimer(FakeClock::new())))
            .build()
            .unwrap();
        let mut builder = api.paginate(&client).window(window);
        if let Some(max_pages) = max_pages {
            builder = builder.max_pages(max_pages);
        }
        let mut pages = builder.send();
        let mut story = String::new();
        loop {
            match pages.next().await {
                Ok(Some(page)) => {
                    let records = page.records::<Value>().unwrap();
                    let (number, at, url) = (page.number, &page.position, &page.response.url);
                    let next = pages.next_position();
                    writeln!(story, "{number} at {at} {url}: {records:?}, then {next:?}").unwrap();
                }
                Ok(None) => break writeln!(story, "end {:?}", pages.end()).unwrap(),
                Err(error) => break writeln!(story, "error {}", report(&error)).unwrap(),
            }
        }
        let found = pages.findings();
        let found = found.map(|found| (&found.selector, found.paginator.paginator.describe()));
        writeln!(story, "{found:?} {:?} {:?}", pages.tally(), pages.drift()).unwrap();
        assert_eq!(pages.in_flight(), 0, "nothing is left under way");
        story
    })
}

fn apis() -> impl Strategy<Value = Api> {
    let style = prop_oneof![
        Just(Style::Numbers),
        Just(Style::NumbersFrom0),
        Just(Style::UsualTotal),
        Just(Style::Offsets),
        Just(Style::Detected { is_echoed: true }),
        Just(Style::Detected { is_echoed: false }),
    ];
    let behind = prop_oneof![
        3 => Just(Behind::Empty),
        1 => Just(Behind::NotFound),
        1 => Just(Behind::LastAgain),
    ];
    let sizes = prop::collection::vec(prop_oneof![6 => Just(LIMIT), 1 => 0..LIMIT], 1..20);
    let lies = prop::collection::vec(prop_oneof![5 => Just(0_isize), 1 => -6..30_isize], 1..5);
    let broken = prop::option::weighted(0.3, 0..20_usize);
    let delays = prop::collection::vec(0..30_usize, 1..12);
    (style, sizes, lies, behind, broken, any::<bool>(), delays).prop_map(
        |(style, sizes, lies, behind, broken, overlaps, delays)| Api {
            style,
            sizes,
            lies,
            behind,
            broken,
            overlaps,
            delays,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever an API says and does, side by side gives what one after another gives, to the last detail.
    #[test]
    fn side_by_side_is_as_one_after_another(
        api in apis(),
        window in 2..12_usize,
        max_pages in prop::option::weighted(0.3, 1..20_u64),
    ) {
        let sequential = story(&api, 1, max_pages);
        let parallel = story(&api, window, max_pages);
        prop_assert_eq!(sequential, parallel);
    }
}

/// Twelve pages that are answered when allowed to: which, and in which order, is up to the test.
#[derive(Debug, Clone)]
struct Gate {
    arrivals: mpsc::UnboundedSender<u64>,
    tickets: Arc<Vec<Semaphore>>,
    padding: usize,
}

impl Gate {
    fn new(padding: usize) -> (Self, mpsc::UnboundedReceiver<u64>) {
        let (arrivals, arrived) = mpsc::unbounded_channel();
        let tickets = (0..=12).map(|_| Semaphore::new(0)).collect();
        let gate = Self {
            arrivals,
            tickets: Arc::new(tickets),
            padding,
        };
        (gate, arrived)
    }

    fn open(&self, pages: impl IntoIterator<Item = usize>) {
        for page in pages {
            self.tickets[page].add_permits(1);
        }
    }

    fn walk(&self) -> PaginateBuilder {
        let client = Client::builder("https://api.test")
            .transport(self.clone())
            .retry(RetryConfig {
                max_retries: 0,
                ..RetryConfig::default()
            })
            .build()
            .unwrap();
        client
            .paginate("/x")
            .paginator(PageNumber::new().total_path("total"))
            .data_selector("data")
    }
}

#[async_trait]
impl Transport for Gate {
    async fn send(
        &self,
        request: PreparedRequest,
        _: &Limits,
    ) -> Result<RawResponse, TransportError> {
        let query = request.url.query().unwrap_or_default();
        let page: u64 = query.trim_start_matches("page=").parse().unwrap();
        let _ = self.arrivals.send(page);
        let ticket = self.tickets[usize::try_from(page).unwrap()].acquire().await;
        ticket.expect("the gate is never closed").forget();
        let padding = " ".repeat(self.padding);
        ok(format!(
            r#"{{"data":[{{"id":{page}}}],"total":12{padding}}}"#
        ))
    }
}

/// Lets everything run that can run, and says which pages were asked for.
async fn settled(arrived: &mut mpsc::UnboundedReceiver<u64>) -> Vec<u64> {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    std::iter::from_fn(|| arrived.try_recv().ok()).collect()
}

#[tokio::test]
async fn a_known_total_fills_the_window_after_the_first_page() {
    let (gate, mut arrived) = Gate::new(0);
    let mut pages = gate.walk().window(4).send();
    gate.open([1]);
    pages.next().await.unwrap().unwrap();
    assert_eq!(settled(&mut arrived).await, [1, 2, 3, 4, 5]);
    assert_eq!(pages.in_flight(), 4);
}

#[tokio::test]
async fn pages_that_land_early_make_room_for_others_and_are_handed_out_in_order() {
    let (gate, mut arrived) = Gate::new(0);
    let mut pages = gate.walk().window(4).send();
    gate.open([1, 3, 4, 5]);
    pages.next().await.unwrap().unwrap();
    settled(&mut arrived).await;
    let walk = tokio::spawn(async move {
        let second = pages.next().await.unwrap().unwrap();
        (second.number, pages)
    });
    assert_eq!(
        settled(&mut arrived).await,
        [6, 7, 8],
        "while page 2 is late"
    );
    gate.open([2]);
    let (number, mut pages) = walk.await.unwrap();
    assert_eq!(number, 2);
    gate.open(6..=12);
    for number in 3..=12 {
        assert_eq!(pages.next().await.unwrap().unwrap().number, number);
    }
    assert!(pages.next().await.unwrap().is_none());
    assert_eq!(pages.end(), Some(&Reason::TotalReached { total: 12 }));
}

#[tokio::test]
async fn the_window_is_bounded_by_bytes_too() {
    let (gate, mut arrived) = Gate::new(1000);
    let mut pages = gate.walk().window(8).window_bytes(2500).send();
    gate.open([1]);
    pages.next().await.unwrap().unwrap();
    assert_eq!(
        settled(&mut arrived).await,
        [1, 2, 3, 4],
        "two thousand bytes besides the page whose turn it is"
    );
}

#[tokio::test]
async fn parallel_off_and_a_window_of_one_fetch_one_page_ahead() {
    for one_at_a_time in [
        (|walk: PaginateBuilder| walk.parallel(false)) as fn(_) -> _,
        |walk| walk.window(1),
        |walk| walk.window(0),
    ] {
        let (gate, mut arrived) = Gate::new(0);
        let mut pages = one_at_a_time(gate.walk()).send();
        gate.open(1..=12);
        pages.next().await.unwrap().unwrap();
        assert_eq!(settled(&mut arrived).await, [1, 2]);
    }
    let (gate, mut arrived) = Gate::new(0);
    let mut pages = gate.walk().prefetch(false).send();
    gate.open(1..=12);
    pages.next().await.unwrap().unwrap();
    assert_eq!(settled(&mut arrived).await, [1]);
}

#[tokio::test]
async fn no_page_behind_max_pages_is_asked_for() {
    let (gate, mut arrived) = Gate::new(0);
    let mut pages = gate.walk().max_pages(3).send();
    gate.open(1..=12);
    while pages.next().await.unwrap().is_some() {}
    assert_eq!(settled(&mut arrived).await, [1, 2, 3]);
    assert_eq!(pages.end(), Some(&Reason::MaxPages { max_pages: 3 }));
}

#[tokio::test]
async fn a_dropped_walk_cancels_all_that_is_under_way() {
    let (gate, mut arrived) = Gate::new(0);
    let mut pages = gate.walk().window(6).send();
    gate.open([1]);
    pages.next().await.unwrap().unwrap();
    settled(&mut arrived).await;
    drop(pages);
    settled(&mut arrived).await;
    gate.open(2..=7);
    assert_eq!(settled(&mut arrived).await, [0_u64; 0]);
    let left = |page: usize| gate.tickets[page].available_permits();
    assert!(
        (2..=7).all(|page| left(page) == 1),
        "nobody waits any longer"
    );
}

#[tokio::test]
async fn a_walk_that_was_resumed_goes_on_side_by_side() {
    let (gate, mut arrived) = Gate::new(0);
    let mut pages = gate.walk().window(3).resume_at(Position::Number(9)).send();
    gate.open([9]);
    assert_eq!(
        pages.next().await.unwrap().unwrap().position,
        Position::Number(9)
    );
    assert_eq!(pages.next_position(), Some(&Position::Number(10)));
    assert_eq!(settled(&mut arrived).await, [9, 10, 11, 12]);
}
