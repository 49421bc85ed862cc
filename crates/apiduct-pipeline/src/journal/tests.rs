use std::path::Path;

use apiduct_client::{PageKey, TokioTimer};
use apiduct_load::LoadIds;
use http::StatusCode;
use serde_json::json;

use super::*;

fn head(resources: &[&str]) -> Head {
    let timer = TokioTimer::default();
    Head {
        format: FORMAT,
        target: Target {
            destination: "memory".to_owned(),
            dataset: "shop".to_owned(),
            resources: resources.iter().map(|name| (*name).into()).collect(),
            is_full_refresh: false,
        },
        plan: "p".to_owned(),
        load_id: LoadIds::new(1).next(&timer),
        basis: serde_json::Value::Null,
        bounds: json!({"to": "2026-01-01"}),
    }
}

fn open(folder: &Path, head: Head) -> Arc<Journal> {
    let timer: Arc<dyn Timer> = Arc::new(TokioTimer::default());
    match Journals::of(folder).open(head, &timer).unwrap() {
        Opened::New(journal) | Opened::Resumed(journal) => journal,
    }
}

fn page(body: &'static str) -> KeptPage {
    KeptPage::new(StatusCode::OK, body)
}

fn walk(journal: &Arc<Journal>, ordinal: u64) -> Arc<dyn PageKeeper> {
    let digest = 7;
    journal.walk(&"posts".into(), WalkId { ordinal, digest })
}

async fn bodies(keeper: &Arc<dyn PageKeeper>, key: PageKey) -> Vec<Bytes> {
    let mut bodies = Vec::new();
    while let Some(page) = keeper.recall(key).await.unwrap() {
        bodies.push(page.body);
    }
    bodies
}

async fn close(journal: Arc<Journal>) -> u64 {
    journal.close(std::future::ready(())).await.unwrap()
}

#[tokio::test]
async fn pages_come_back_to_the_walk_that_they_belong_to_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), head(&["posts"]));
    let (first, second) = (walk(&journal, 0), walk(&journal, 1));
    for (keeper, key, body) in [
        (&first, 1, "a"),
        (&second, 1, "b"),
        (&first, 2, "c"),
        (&first, 1, "d"),
    ] {
        keeper.keep(PageKey(key), page(body)).await.unwrap();
    }
    assert!(
        bodies(&first, PageKey(1)).await.is_empty(),
        "what a walk has kept itself it does not ask for"
    );
    drop((first, second));
    assert_eq!(close(journal).await, 4);
    let journal = open(folder.path(), head(&["posts"]));
    assert_eq!(
        journal.head.bounds,
        json!({"to": "2026-01-01"}),
        "bounds are frozen"
    );
    let first = walk(&journal, 0);
    assert_eq!(bodies(&first, PageKey(1)).await, ["a", "d"]);
    assert_eq!(bodies(&first, PageKey(2)).await, ["c"]);
    assert_eq!(bodies(&walk(&journal, 1), PageKey(1)).await, ["b"]);
    assert!(bodies(&walk(&journal, 2), PageKey(1)).await.is_empty());
}

#[tokio::test]
async fn a_page_that_was_taken_back_is_gone_and_the_one_after_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), head(&["posts"]));
    let keeper = walk(&journal, 0);
    keeper.keep(PageKey(1), page("bad")).await.unwrap();
    keeper.forget(PageKey(1)).await.unwrap();
    keeper.keep(PageKey(1), page("good")).await.unwrap();
    drop(keeper);
    assert_eq!(close(journal).await, 1);
    let journal = open(folder.path(), head(&["posts"]));
    assert_eq!(journal.kept.pages["posts"], 1);
    assert_eq!(bodies(&walk(&journal, 0), PageKey(1)).await, ["good"]);
}

#[tokio::test]
async fn a_journal_without_pages_goes_away() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), head(&["posts"]));
    assert_eq!(close(journal).await, 0);
    assert!(
        Journals::of(folder.path())
            .head(&head(&["posts"]).target)
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_load_does_away_with_journals_of_its_parts_alone() {
    let folder = tempfile::tempdir().unwrap();
    for resources in [&["posts"][..], &["posts", "users"], &["users", "teams"]] {
        let journal = open(folder.path(), head(resources));
        let keeper = walk(&journal, 0);
        keeper.keep(PageKey(1), page("a")).await.unwrap();
        drop(keeper);
        close(journal).await;
    }
    let journals = Journals::of(folder.path());
    journals
        .drop_within(&head(&["posts", "users"]).target)
        .unwrap();
    let left = PendingPull::in_folder(folder.path(), std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].resources, ["users", "teams"]);
    assert_eq!((left[0].page_count(), left[0].age_seconds), (1, 0));
}

#[tokio::test]
async fn a_closed_journal_takes_no_more_pages_and_gives_up_those_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), head(&["posts"]));
    let keeper = walk(&journal, 0);
    keeper.keep(PageKey(1), page("a")).await.unwrap();
    assert_eq!(close(Arc::clone(&journal)).await, 1);
    keeper.given_up().await;
    let error = keeper.keep(PageKey(2), page("b")).await.unwrap_err();
    assert_eq!(error.to_string(), "the journal is closed");
}
