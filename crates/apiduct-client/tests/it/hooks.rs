//! What hooks can do.

use std::fmt;

use apiduct_client::hook::{Hook, HookContext, Verdict};
use apiduct_client::paginate::{PageNumber, Reason};
use apiduct_client::{Client, Error, Pages, Response};
use bytes::Bytes;
use http::StatusCode;

use crate::support::{FakeTimer, Script, answer, ok};

struct Says<F>(F);

impl<F> fmt::Debug for Says<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Says")
    }
}

impl<F: Fn(&mut Response, u32) -> Verdict + Send + Sync> Hook for Says<F> {
    fn inspect(&self, response: &mut Response, context: &HookContext<'_>) -> Verdict {
        (self.0)(response, context.attempt)
    }
}

fn client(
    script: &Script,
    hook: impl Fn(&mut Response, u32) -> Verdict + Send + Sync + 'static,
) -> (Client, FakeTimer) {
    let (builder, timer) = script.client();
    (
        builder
            .hook(Says(hook))
            .data_selector("data")
            .build()
            .unwrap(),
        timer,
    )
}

fn three_pages() -> Script {
    Script::new(|request| {
        let page = request
            .url
            .query()
            .unwrap_or_default()
            .trim_start_matches("page=");
        match page {
            "1" | "2" | "3" => ok(format!(r#"{{"data":[{page}]}}"#)),
            _ => ok(r#"{"data":[]}"#),
        }
    })
}

fn is_page(response: &Response, page: u32) -> bool {
    response.url.query() == Some(format!("page={page}").as_str())
}

async fn records(mut pages: Pages) -> (Vec<u32>, Option<Reason>) {
    let mut records = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        records.extend(page.records::<u32>().unwrap());
    }
    (records, pages.end().cloned())
}

#[tokio::test]
async fn a_skipped_page_is_left_out_and_the_walk_goes_on() {
    let (client, _) = client(&three_pages(), |response, _| {
        if is_page(response, 2) {
            Verdict::SkipPage
        } else {
            Verdict::Accept
        }
    });
    let (records, end) = records(client.paginate("/x").paginator(PageNumber::new()).send()).await;
    assert_eq!(records, [1, 3]);
    assert_eq!(end, Some(Reason::EmptyPage));
}

#[tokio::test]
async fn a_stop_ends_the_walk_before_the_page() {
    let (client, _) = client(&three_pages(), |response, _| {
        if is_page(response, 3) {
            Verdict::Stop
        } else {
            Verdict::Accept
        }
    });
    let (records, end) = records(client.paginate("/x").paginator(PageNumber::new()).send()).await;
    assert_eq!(records, [1, 2]);
    assert_eq!(end, Some(Reason::StoppedByHook));
}

#[tokio::test]
async fn a_status_that_a_hook_stops_at_is_no_error() {
    let script = Script::sequence(vec![answer(404, &[], "")]);
    let (client, _) = client(&script, |response, _| match response.status {
        StatusCode::NOT_FOUND => Verdict::Stop,
        _ => Verdict::Accept,
    });
    let (records, _) = records(client.paginate("/x").send()).await;
    assert!(records.is_empty());
}

#[tokio::test]
async fn a_failure_is_reported_with_the_reason() {
    let (client, _) = client(&three_pages(), |_, _| Verdict::Fail {
        reason: "the body says error".to_owned(),
    });
    let error = client.get("/x").send().await.unwrap_err();
    assert!(matches!(error, Error::Rejected { .. }));
    assert_eq!(
        error.to_string(),
        "GET https://api.test/x was rejected by a hook: the body says error"
    );
}

#[tokio::test]
async fn a_hook_can_ask_for_another_try() {
    let (client, timer) = client(&three_pages(), |_, attempt| {
        if attempt < 3 {
            Verdict::Retry {
                reason: "not ready".to_owned(),
            }
        } else {
            Verdict::Accept
        }
    });
    let response = client.get("/x").send().await.unwrap();
    assert_eq!(response.attempts, 3);
    assert_eq!(timer.waits(), [1.0, 2.0]);
}

#[tokio::test]
async fn a_hook_that_is_never_content_gets_the_last_response() {
    let (client, timer) = client(&three_pages(), |_, _| Verdict::Retry {
        reason: "no".to_owned(),
    });
    let response = client.get("/x").send().await.unwrap();
    assert_eq!((response.attempts, timer.waits().len()), (6, 5));
}

#[tokio::test]
async fn a_changed_response_is_what_counts() {
    let script = Script::sequence(vec![answer(503, &[], "down")]);
    let (client, timer) = client(&script, |response, _| {
        response.status = StatusCode::OK;
        response.body = Bytes::from_static(br#"{"data":[7]}"#);
        Verdict::Accept
    });
    let (records, _) = records(client.paginate("/x").send()).await;
    assert_eq!(records, [7]);
    assert!(timer.waits().is_empty());
}
