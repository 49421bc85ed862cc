//! A hook may change a response before anything else looks at it, and a hook of the client is asked for every call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use apiduct::Client;
use apiduct::hook::{Hook, HookContext, Verdict};
use apiduct::{Response, StatusCode};
use apiduct_testkit::{MockApi, Reply};

use crate::support::Outcome;

/// This API answers 503 with a body when a report is empty.
#[derive(Debug, Clone, Default)]
struct EmptyReport {
    seen: Arc<AtomicU32>,
}

impl Hook for EmptyReport {
    fn inspect(&self, response: &mut Response, _: &HookContext<'_>) -> Verdict {
        if response.status == StatusCode::SERVICE_UNAVAILABLE && response.text() == "empty" {
            self.seen.fetch_add(1, Ordering::Relaxed);
            response.status = StatusCode::NO_CONTENT;
            response.body = "".into();
        }
        Verdict::Accept
    }
}

pub(crate) async fn run(api: &MockApi) -> Outcome {
    let hook = EmptyReport::default();
    let client = Client::builder(api.base_url()).hook(hook.clone()).build()?;

    let mut pages = client.paginate("/report").send();
    let page = pages.next().await?.ok_or("an empty page is a page")?;
    assert!(page.is_empty());
    assert!(pages.next().await?.is_none());

    // It was no error any more when retries were decided on.
    assert_eq!(hook.seen.load(Ordering::Relaxed), 1);
    assert_eq!(api.recorded().len(), 1);
    Ok(())
}

pub(crate) fn api() -> MockApi {
    MockApi::builder()
        .get("/report", |_| Reply::text("empty").with_status(503))
        .start()
}
