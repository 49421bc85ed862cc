//! Walks whose pages are kept, and walks that begin with what was kept.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use apiduct_client::hook::{Hook, HookContext, Verdict};
use apiduct_client::paginate::{Cursor, JsonLink, PageNumber, Reason};
use apiduct_client::{
    Client, Error, KeepError, KeptPage, PageKeeper, PageKey, Pages, Response, Tally,
};
use async_trait::async_trait;
use http::StatusCode;

use crate::support::{Script, answer, ok};

/// Keeps pages in memory.
#[derive(Debug, Default)]
struct Kept {
    pages: Mutex<Pile>,
    /// Those of an earlier walk, until they are asked for.
    earlier: Mutex<Pile>,
    is_full: bool,
}

type Pile = BTreeMap<PageKey, VecDeque<KeptPage>>;

#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
struct Full;

#[async_trait]
impl PageKeeper for Kept {
    async fn recall(&self, key: PageKey) -> Result<Option<KeptPage>, KeepError> {
        let mut earlier = self.earlier.lock().unwrap();
        Ok(earlier.get_mut(&key).and_then(VecDeque::pop_front))
    }

    async fn keep(&self, key: PageKey, page: KeptPage) -> Result<(), KeepError> {
        if self.is_full {
            return Err(Arc::new(Full));
        }
        self.pages
            .lock()
            .unwrap()
            .entry(key)
            .or_default()
            .push_back(page);
        Ok(())
    }

    async fn forget(&self, key: PageKey) -> Result<(), KeepError> {
        self.pages.lock().unwrap().remove(&key);
        Ok(())
    }
}

impl Kept {
    fn count(&self) -> usize {
        self.pages.lock().unwrap().values().map(VecDeque::len).sum()
    }

    /// The same pages for another walk.
    fn again(&self) -> Arc<Self> {
        Arc::new(Self {
            pages: Mutex::default(),
            earlier: Mutex::new(self.pages.lock().unwrap().clone()),
            is_full: false,
        })
    }
}

/// What a walk showed.
#[derive(Debug, PartialEq)]
struct Shown {
    records: Vec<String>,
    numbers: Vec<u64>,
    tally: Tally,
    end: Option<Reason>,
    paginator: String,
}

async fn shown(mut pages: Pages, at_most: usize) -> Result<Shown, Error> {
    let (mut records, mut numbers) = (Vec::new(), Vec::new());
    while numbers.len() < at_most {
        let Some(page) = pages.next().await? else {
            break;
        };
        records.extend(
            page.raw_records()
                .texts()
                .map(|text| text.unwrap().to_owned()),
        );
        numbers.push(page.number);
    }
    let findings = pages.findings().unwrap();
    Ok(Shown {
        records,
        numbers,
        tally: pages.tally(),
        end: pages.end().cloned(),
        paginator: findings.paginator.paginator.describe(),
    })
}

/// Seven records on pages of three, with a total.
fn numbered() -> Script {
    Script::new(|request| {
        let pairs: BTreeMap<_, _> = request.url.query_pairs().collect();
        let page: usize = pairs.get("page").map_or(1, |page| page.parse().unwrap());
        let ids: Vec<usize> = (1..=7).skip((page - 1) * 3).take(3).collect();
        ok(format!(
            r#"{{"items":{ids:?},"page":{page},"total_pages":3,"total":7}}"#
        ))
    })
}

fn walk(client: &Client, keeper: &Arc<Kept>) -> Pages {
    client
        .paginate("/x")
        .kept_by(Arc::clone(keeper) as _)
        .send()
}

#[tokio::test]
async fn a_walk_from_kept_pages_is_the_walk_that_was_broken_off() {
    for detects in [true, false] {
        for at_most in 1..=3 {
            let script = numbered();
            let (mut builder, _) = script.client();
            if !detects {
                builder = builder
                    .paginator(PageNumber::new().total_path("total_pages"))
                    .data_selector("items");
            }
            let client = builder.build().unwrap();
            let whole = shown(walk(&client, &Arc::default()), usize::MAX)
                .await
                .unwrap();
            let kept = Arc::new(Kept::default());
            shown(walk(&client, &kept), at_most).await.unwrap();
            // Pages that had left when the walk was dropped still arrive.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            let (before, missing) = (script.sent().len(), 3 - kept.count());
            assert!(kept.count() >= at_most);
            let again = kept.again();
            let resumed = shown(walk(&client, &again), usize::MAX).await.unwrap();
            assert_eq!(
                resumed, whole,
                "{at_most} pages were kept, detected: {detects}"
            );
            assert_eq!(script.sent().len() - before, missing);
        }
    }
}

#[tokio::test]
async fn kept_pages_say_that_they_were_not_fetched() {
    let script = numbered();
    let (builder, _) = script.client();
    let client = builder.build().unwrap();
    let kept = Arc::new(Kept::default());
    shown(walk(&client, &kept), usize::MAX).await.unwrap();
    let mut pages = walk(&client, &kept.again());
    let page = pages.next().await.unwrap().unwrap();
    assert_eq!((page.response.attempts, page.number), (0, 1));
    assert_eq!(page.response.status, StatusCode::OK);
}

#[tokio::test]
async fn a_cursor_that_stays_the_same_brings_its_pages_in_their_order() {
    let script = Script::sequence(
        ["1", "2", "3"]
            .map(|id| ok(format!(r#"{{"data":[{id}],"next":"scroll"}}"#)))
            .into_iter()
            .chain([ok(r#"{"data":[],"next":null}"#)])
            .collect(),
    );
    let (builder, _) = script.client();
    let builder = builder.paginator(Cursor::new("next").cursor_param("c"));
    let client = builder.data_selector("data").build().unwrap();
    let kept = Arc::new(Kept::default());
    let whole = shown(walk(&client, &kept), usize::MAX).await.unwrap();
    assert_eq!(whole.records, ["1", "2", "3"]);
    assert_eq!(
        shown(walk(&client, &kept.again()), usize::MAX)
            .await
            .unwrap(),
        whole
    );
    assert_eq!(script.sent().len(), 4);
}

#[tokio::test]
async fn pages_that_a_walk_fails_at_are_not_kept() {
    for (last, kept_pages) in [
        (answer(404, &[], "{}"), 1),
        (ok("{}"), 1),
        (ok("<html>"), 1),
        // The same page under another link: a loop, which the second page completes.
        (ok(r#"{"data":[1],"next":"/x?page=2"}"#), 1),
    ] {
        let first = ok(r#"{"data":[1],"next":"/x?page=2"}"#);
        let script = Script::sequence(vec![first, last]);
        let (builder, _) = script.client();
        let builder = builder
            .paginator(JsonLink::new("next"))
            .data_selector("data");
        let client = builder.build().unwrap();
        let kept = Arc::new(Kept::default());
        shown(walk(&client, &kept), usize::MAX).await.unwrap_err();
        assert_eq!(kept.count(), kept_pages);
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_kept_ends_the_walk_with_the_reason() {
    let script = numbered();
    let (builder, _) = script.client();
    let client = builder.build().unwrap();
    let keeper = Arc::new(Kept {
        is_full: true,
        ..Kept::default()
    });
    let error = shown(walk(&client, &keeper), 9).await.unwrap_err();
    assert!(matches!(error, Error::Keep { .. }), "{error:?}");
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), "the disk is full");
}

struct SkipsSecond;

impl fmt::Debug for SkipsSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SkipsSecond")
    }
}

impl Hook for SkipsSecond {
    fn inspect(&self, response: &mut Response, _: &HookContext<'_>) -> Verdict {
        match response.url.query() {
            Some("page=2") => Verdict::SkipPage,
            Some("page=3") => Verdict::Stop,
            _ => Verdict::Accept,
        }
    }
}

#[tokio::test]
async fn what_rules_say_about_a_page_is_kept_with_it() {
    let script = numbered();
    let (builder, _) = script.client();
    let builder = builder.paginator(PageNumber::new()).data_selector("items");
    let strict = builder.hook(SkipsSecond).build().unwrap();
    let kept = Arc::new(Kept::default());
    let whole = shown(walk(&strict, &kept), usize::MAX).await.unwrap();
    assert_eq!((whole.records.len(), whole.tally.skipped_pages), (3, 1));
    let (builder, _) = script.client();
    let builder = builder.paginator(PageNumber::new()).data_selector("items");
    let before = script.sent().len();
    let resumed = walk(&builder.build().unwrap(), &kept.again());
    assert_eq!(shown(resumed, usize::MAX).await.unwrap(), whole);
    assert_eq!(script.sent().len(), before);
}

#[tokio::test]
async fn secrets_around_the_records_are_masked_and_links_work_all_the_same() {
    const SECRET: &str = "s3cr/t+k&y";
    let script = Script::new(|request| {
        let is_last = request.url.query().unwrap_or_default().contains("page=2");
        let link = format!("{}&page=2", request.url);
        let next = if is_last {
            "null".to_owned()
        } else {
            format!("{link:?}")
        };
        let body = format!(
            r#"{{"self":"{}","data":[{{"id":"{SECRET}"}}],"next":{next}}}"#,
            request.url
        );
        answer(
            200,
            &[
                ("set-cookie", "sid=1"),
                ("x-echo", SECRET),
                ("x-total", "2"),
            ],
            body,
        )
    });
    for detects in [true, false] {
        let (mut builder, _) = script.client();
        builder = builder.param("api_key", SECRET);
        if !detects {
            builder = builder
                .paginator(JsonLink::new("next"))
                .data_selector("data");
        }
        let client = builder.build().unwrap();
        let kept = Arc::new(Kept::default());
        let whole = shown(walk(&client, &kept), usize::MAX).await.unwrap();
        assert_eq!(whole.records.len(), 2, "{whole:?}");
        for page in kept.pages.lock().unwrap().values().flatten() {
            let text = String::from_utf8(page.body.to_vec()).unwrap();
            assert_eq!(text.matches("s3cr").count(), 1, "the record alone: {text}");
            assert!(text.contains("***"), "{text}");
            assert_eq!(page.headers.len(), 2, "{:?}", page.headers);
            assert_eq!(page.headers["x-echo"], "***");
        }
        let again = kept.again();
        again.earlier.lock().unwrap().pop_last();
        let resumed = shown(walk(&client, &again), usize::MAX).await.unwrap();
        assert_eq!(resumed.records, whole.records);
    }
}
