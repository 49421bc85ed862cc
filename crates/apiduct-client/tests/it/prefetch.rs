//! When the next page is asked for.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use apiduct_client::paginate::PageNumber;
use apiduct_client::transport::{Limits, PreparedRequest, RawResponse, Transport};
use apiduct_client::{Client, Pages, TransportError};
use async_trait::async_trait;
use tokio::sync::{Semaphore, mpsc};

use crate::support::{Script, ok};

/// A network that reports each request and answers it when allowed to.
#[derive(Debug, Clone)]
struct Gate {
    arrivals: mpsc::UnboundedSender<u64>,
    tickets: Arc<Semaphore>,
    count: Arc<Mutex<u64>>,
}

impl Gate {
    fn new() -> (Self, mpsc::UnboundedReceiver<u64>) {
        let (arrivals, arrived) = mpsc::unbounded_channel();
        let gate = Self {
            arrivals,
            tickets: Arc::new(Semaphore::new(0)),
            count: Arc::default(),
        };
        (gate, arrived)
    }

    fn open(&self, answers: usize) {
        self.tickets.add_permits(answers);
    }

    fn pages(&self, prefetch: bool) -> Pages {
        let client = Client::builder("https://api.test")
            .transport(self.clone())
            .build()
            .unwrap();
        client
            .paginate("/x")
            .paginator(PageNumber::new().maximum_page(9))
            .data_selector("$")
            .prefetch(prefetch)
            .send()
    }
}

#[async_trait]
impl Transport for Gate {
    async fn send(&self, _: PreparedRequest, _: &Limits) -> Result<RawResponse, TransportError> {
        let number = {
            let mut count = self.count.lock().unwrap();
            *count += 1;
            *count
        };
        let _ = self.arrivals.send(number);
        self.tickets
            .acquire()
            .await
            .expect("the gate is never closed")
            .forget();
        ok(format!("[{number}]"))
    }
}

/// Lets everything run that can run.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_next_request_leaves_before_the_page_is_looked_at() {
    let (gate, mut arrived) = Gate::new();
    let mut pages = gate.pages(true);
    gate.open(1);
    let first = pages.next().await.unwrap().unwrap();
    assert_eq!(first.number, 1);
    assert_eq!(arrived.recv().await, Some(1));
    // Nobody asks for page 2, and its request arrives all the same.
    assert_eq!(arrived.recv().await, Some(2));
}

#[tokio::test]
async fn only_one_page_is_fetched_ahead() {
    let (gate, mut arrived) = Gate::new();
    let mut pages = gate.pages(true);
    gate.open(9);
    pages.next().await.unwrap().unwrap();
    settle().await;
    assert_eq!((arrived.try_recv(), arrived.try_recv()), (Ok(1), Ok(2)));
    assert!(
        arrived.try_recv().is_err(),
        "page 3 waits until page 2 is taken"
    );
}

#[tokio::test]
async fn without_prefetch_a_page_is_asked_for_when_it_is_wanted() {
    let (gate, mut arrived) = Gate::new();
    let mut pages = gate.pages(false);
    gate.open(9);
    pages.next().await.unwrap().unwrap();
    settle().await;
    assert_eq!(arrived.try_recv(), Ok(1));
    assert!(arrived.try_recv().is_err());
    assert_eq!(pages.next().await.unwrap().unwrap().number, 2);
}

#[tokio::test]
async fn nothing_is_sent_before_the_first_page_is_wanted() {
    let (gate, mut arrived) = Gate::new();
    let _pages = gate.pages(true);
    settle().await;
    assert!(arrived.try_recv().is_err());
}

#[tokio::test]
async fn a_dropped_walk_cancels_what_is_under_way() {
    let (gate, mut arrived) = Gate::new();
    let mut pages = gate.pages(true);
    gate.open(1);
    pages.next().await.unwrap().unwrap();
    arrived.recv().await;
    arrived.recv().await;
    drop(pages);
    settle().await;
    gate.open(1);
    settle().await;
    assert_eq!(
        gate.tickets.available_permits(),
        1,
        "nobody waits for page 2 any more"
    );
}

#[tokio::test]
async fn giving_up_on_a_page_loses_nothing() {
    let (gate, _arrived) = Gate::new();
    let mut pages = gate.pages(false);
    for _ in 0..3 {
        let mut next = pin!(pages.next());
        let mut context = Context::from_waker(Waker::noop());
        assert!(next.as_mut().poll(&mut context).is_pending());
    }
    settle().await;
    gate.open(9);
    assert_eq!(pages.next().await.unwrap().unwrap().number, 1);
    assert_eq!(*gate.count.lock().unwrap(), 1, "the page is asked for once");
}

#[test]
fn a_walk_needs_no_runtime_of_tokio_when_the_transport_needs_none() {
    let script = Script::sequence(vec![ok("[1]"), ok("[]")]);
    let client = script.client().0.build().unwrap();
    let mut pages = client.paginate("/x").paginator(PageNumber::new()).send();
    let mut next = pin!(pages.next());
    let Poll::Ready(page) = next.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("a script never waits");
    };
    assert_eq!(page.unwrap().unwrap().raw_records().len(), 1);
}

#[tokio::test]
async fn a_walk_can_move_between_threads() {
    let (gate, _arrived) = Gate::new();
    let mut pages = gate.pages(true);
    gate.open(9);
    let walk = tokio::spawn(async move { pages.next().await.unwrap().unwrap().number });
    assert_eq!(
        tokio::time::timeout(Duration::from_secs(10), walk)
            .await
            .unwrap()
            .unwrap(),
        1
    );
}
