//! Places in flight that walks share.

use std::sync::Arc;
use std::time::Duration;

use apiduct_client::paginate::{PageNumber, SinglePage};
use apiduct_client::rate::Places;
use apiduct_client::{Client, Pages};
use apiduct_testkit::{FakeClock, MockApi, Received, Reply};
use futures_util::future::join_all;
use futures_util::{FutureExt, StreamExt};
use serde_json::json;

use crate::support::{FakeTimer, Script, answer, client, ok};

async fn drain(pages: Pages) -> usize {
    let pages = pages.into_stream().map(Result::unwrap);
    pages.collect::<Vec<_>>().await.len()
}

fn slow_lists() -> MockApi {
    let page = |_: &Received| Reply::json(&json!({"data": [{"id": 1}], "total_pages": 4}));
    MockApi::builder()
        .get("/a", page)
        .get("/b", page)
        .latency(Duration::from_millis(3))
        .start()
}

#[tokio::test]
async fn walks_that_share_places_have_no_more_requests_under_way_together() {
    let most_at_a_time = async |places: Option<Places>| {
        let api = slow_lists();
        let client = client(&api).0.build().unwrap();
        let walk = |path| {
            let numbered = PageNumber::new().total_path("total_pages");
            let walk = client.paginate(path).paginator(numbered);
            let walk = walk.data_selector("data").allow_repeats(true);
            match &places {
                Some(places) => walk.places(places.clone()).send(),
                None => walk.send(),
            }
        };
        let walks = ["/a", "/b", "/a", "/b"].map(|path| drain(walk(path)));
        assert_eq!(join_all(walks).await, [4, 4, 4, 4]);
        api.stats().max_in_flight
    };
    assert_eq!(most_at_a_time(Some(Places::new(1))).await, 1);
    assert!(most_at_a_time(Some(Places::new(2))).await <= 2);
    assert!(most_at_a_time(None).await > 2);
}

#[tokio::test]
async fn a_request_that_waits_to_be_tried_again_gives_its_place_back() {
    let timer = FakeTimer(FakeClock::manual());
    let script = Script::new(|request| match request.url.path() {
        "/busy" => answer(503, &[], ""),
        _ => ok("[]"),
    });
    let client = Client::builder("http://h/")
        .timer(Arc::new(timer.clone()))
        .transport(Arc::new(script))
        .build()
        .unwrap();
    let places = Places::new(1);
    let walk = |path| {
        let walk = client.paginate(path).paginator(SinglePage);
        walk.places(places.clone()).send()
    };
    let mut busy = walk("/busy");
    let mut waiting = Box::pin(busy.next());
    // The task of the request runs while this one yields.
    while timer.0.sleeping() == 0 {
        assert!(waiting.as_mut().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    assert_eq!(drain(walk("/quick")).await, 1);
    assert_eq!(timer.0.sleeping(), 1, "and it waits still");
}
