//! Journals that lost their end, or were damaged: what is left of them and the network make the same rows.

use std::path::PathBuf;

use apiduct_testkit::Reply;

use super::super::*;
use super::memory::Memory;
use super::tree::random;

const FILE: &str = "  - {name: posts, endpoint: {path: posts, params: {per_page: 3}}}
  - name: comments
    endpoint: {path: 'posts/{resources.posts.id}/comments', data_selector: data, paginator: single_page}
";

/// A pull that has been ended shortly before it would have come to its end, and what it had kept.
struct Broken {
    world: World,
    path: PathBuf,
    journal: Vec<u8>,
    requests: u64,
}

impl Broken {
    async fn new() -> Self {
        let api = MockApi::builder().collection("posts", posts(9));
        let api = api.get("/posts/{id}/comments", |request| {
            Reply::json(&json!({"data": [{"id": request.segment("id")}, {"id": "x"}]}))
        });
        let world = World::new(api.start());
        let whole = Memory::default();
        run(&world, &whole, None).await.unwrap();
        let requests = world.api.stats().requests;
        run(&world, &Memory::default(), Some(requests - 1))
            .await
            .unwrap_err();
        let folder = world.folder.path().join(".apiduct/shop/journals");
        let mut entries = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let path = entries.find(|path| path.extension().is_some()).unwrap();
        let journal = std::fs::read(&path).unwrap();
        Self {
            world,
            path,
            journal,
            requests,
        }
    }

    /// Goes on with `journal`; the rows and the requests that were sent.
    async fn go_on(&self, journal: &[u8]) -> (u64, u64) {
        std::fs::write(&self.path, journal).unwrap();
        let before = self.world.api.stats().requests;
        let destination = Memory::default();
        let receipt = run(&self.world, &destination, None).await.unwrap();
        let rows = destination.rows();
        let ids: Vec<&str> = rows["posts"]
            .iter()
            .map(|row| row.split('|').next().unwrap())
            .collect();
        assert_eq!(ids, ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        let comments = (1..=9).flat_map(|post| [post.to_string(), "x".to_owned()]);
        assert_eq!(rows["comments"], comments.collect::<Vec<_>>());
        let resumed = receipt
            .resources
            .values()
            .map(|one| one.resumed_pages)
            .sum();
        (resumed, self.world.api.stats().requests - before)
    }
}

async fn run(world: &World, into: &Memory, max_requests: Option<u64>) -> Result<Receipt, RunError> {
    let options = RunOptions {
        max_requests,
        ..RunOptions::default()
    };
    let builder = world.builder(FILE).destination(Arc::new(into.clone()));
    builder.options(options).build().run().await
}

#[tokio::test]
async fn a_journal_that_is_cut_anywhere_makes_the_same_rows() {
    let broken = Broken::new().await;
    let length = broken.journal.len();
    let mut resumed_before = 0;
    for at in (0..=length).step_by(length / 100) {
        let (resumed, requests) = broken.go_on(&broken.journal[..at]).await;
        assert_eq!(
            resumed + requests,
            broken.requests,
            "cut at {at} of {length}"
        );
        assert!(
            resumed >= resumed_before,
            "cut at {at}: less is left of more"
        );
        resumed_before = resumed;
    }
    let (resumed, requests) = broken.go_on(&broken.journal).await;
    assert_eq!((resumed, requests), (broken.requests - 1, 1));
}

#[tokio::test]
async fn a_journal_with_a_wrong_byte_anywhere_makes_the_same_rows() {
    let broken = Broken::new().await;
    let length = broken.journal.len() as u64;
    for seed in 0..60 {
        let mut journal = broken.journal.clone();
        let at = usize::try_from(random(seed) % length).unwrap();
        journal[at] ^= 1 << (seed % 8);
        let (resumed, requests) = broken.go_on(&journal).await;
        assert_eq!(resumed + requests, broken.requests, "byte {at}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_written_over() {
    let broken = Broken::new().await;
    let (resumed, _) = broken.go_on(b"not a journal").await;
    assert_eq!(resumed, 0);
}
