//! Runs that end early, each in its own way, and the run after them.

use apiduct_model::Hint;
use apiduct_pipeline::{ErrorClass, PendingPull, Status};

use super::super::*;

const FILE: &str = "  - posts\n";

fn at_most(requests: u64) -> RunOptions {
    RunOptions {
        max_requests: Some(requests),
        ..RunOptions::default()
    }
}

fn pending(world: &World) -> Vec<PendingPull> {
    world.pipeline(FILE).pending_pulls().unwrap()
}

/// All URLs that were asked for more than once, with how often.
fn repeated(world: &World) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for request in world.api.recorded() {
        *counts.entry(request.target()).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count > 1).collect()
}

#[tokio::test]
async fn the_run_after_a_spent_quota_goes_on_where_it_ended() {
    let world = World::new(api(100));
    let error = world.run_with(FILE, at_most(3)).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Incomplete);
    let RunError::RequestsSpent { kept_pages, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(kept_pages, 3);
    assert!(
        error.hint().unwrap().contains("nothing is loaded yet"),
        "{error:?}"
    );
    let kept = pending(&world);
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].pages["posts"], 3);
    let receipt = world.run(FILE).await.unwrap();
    assert_eq!(receipt.status, Status::Complete);
    assert_eq!(receipt.load_id.as_deref(), Some(&*kept[0].load_id));
    let posts = &receipt.resources["posts"];
    assert_eq!((posts.rows, posts.resumed_pages), (100, 3));
    assert_eq!(posts.requests + posts.resumed_pages, posts.pages);
    assert_eq!(world.count("posts"), "100");
    assert_eq!(repeated(&world), []);
    assert!(pending(&world).is_empty());
}
