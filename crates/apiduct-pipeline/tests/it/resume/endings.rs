//! Runs that end early, each in its own way, and the run after them.

use apiduct_model::Hint;
use apiduct_pipeline::{ErrorClass, PendingPull, Status};

use std::path::PathBuf;

use apiduct_testkit::Reply;

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

/// The journals of the world, as files.
fn journals(world: &World) -> Vec<PathBuf> {
    let folder = world.folder.path().join(".apiduct/shop/journals");
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|own| own == "journal"))
        .collect()
}

/// A run with `file` and what it warned of.
async fn warned(world: &World, file: &str) -> (Receipt, Vec<String>) {
    let heard = Arc::new(Heard::default());
    let events: Arc<dyn EventSink> = Arc::clone(&heard) as _;
    let builder = world.builder(file).destination(world.destination());
    let receipt = builder.events(events).build().run().await.unwrap();
    let heard = heard.0.lock().unwrap();
    let warnings = heard.iter().filter_map(|event| match event {
        Event::Warning { message } => Some(message.clone()),
        _ => None,
    });
    (receipt, warnings.collect())
}

#[tokio::test]
async fn a_run_of_one_request_at_a_time_gets_on() {
    let world = World::new(api(60));
    let file = "  - posts\n  - {name: fresh, endpoint: posts}\n";
    let mut runs = 0;
    let receipt = loop {
        runs += 1;
        assert!(runs < 40, "it never ends");
        match world.run_with(file, at_most(1)).await {
            Ok(receipt) => break receipt,
            Err(error) => assert_eq!(error.class(), ErrorClass::Incomplete),
        }
    };
    let requests = world.api.stats().requests;
    assert_eq!(receipt.rows(), 120);
    assert!(runs > requests / 2, "{runs} runs, {requests} requests");
    assert_eq!(world.count("posts"), "60");
}

#[tokio::test]
async fn an_error_of_the_api_in_the_middle_keeps_what_came_before() {
    let is_down = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let down = Arc::clone(&is_down);
    let api = MockApi::builder().collection("posts", posts(6)).get(
        "/posts/{id}/comments",
        move |request| {
            if request.segment("id") == Some("4") && down.load(std::sync::atomic::Ordering::SeqCst)
            {
                return Reply::status(404);
            }
            Reply::json(&json!({"data": [{"id": 1}]}))
        },
    );
    let world = World::new(api.start());
    let file = "  - posts\n  - name: comments\n    endpoint: {path: 'posts/{resources.posts.id}/comments', data_selector: data, paginator: single_page}\n";
    let error = world.run(file).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Source);
    let kept = world.pipeline(file).pending_pulls().unwrap().remove(0);
    assert!(kept.pages["posts"] >= 1, "{kept:?}");
    assert!(kept.pages["comments"] >= 3, "{kept:?}");
    is_down.store(false, std::sync::atomic::Ordering::SeqCst);
    let receipt = world.run(file).await.unwrap();
    assert_eq!(receipt.resources["comments"].rows, 6);
    assert_eq!(
        receipt.resources["comments"].resumed_pages,
        kept.pages["comments"]
    );
    assert_eq!(
        repeated(&world),
        [("/posts/4/comments".to_owned(), 2)],
        "only what failed is asked for again"
    );
}

#[tokio::test]
async fn a_page_that_could_not_be_understood_is_asked_for_again() {
    let rows = |ids: &[u64]| Reply::json(&json!({"data": ids, "next": "2"}));
    let world = World::new(
        MockApi::builder()
            .script(
                "/items",
                [
                    rows(&[1]),
                    Reply::json(&json!({"error": "later"})),
                    Reply::json(&json!({"error": "later"})),
                    Reply::json(&json!({"data": [2]})),
                ],
            )
            .start(),
    );
    let file = "  - {name: items, endpoint: {data_selector: data, paginator: {type: cursor, cursor_path: next, cursor_param: c}}}\n";
    let error = world.run(file).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Source, "{error}");
    let receipt = world.run(file).await.unwrap();
    let items = &receipt.resources["items"];
    assert_eq!((items.rows, items.resumed_pages, items.requests), (2, 1, 1));
}

#[tokio::test]
async fn what_was_detected_needs_no_first_page_a_second_time() {
    let world = World::new(api(60));
    world.run_with(FILE, at_most(2)).await.unwrap_err();
    let heard = Arc::new(Heard::default());
    let events: Arc<dyn EventSink> = Arc::clone(&heard) as _;
    let builder = world.builder(FILE).destination(world.destination());
    builder.events(events).build().run().await.unwrap();
    let heard = heard.0.lock().unwrap();
    let found = heard
        .iter()
        .any(|event| matches!(event, Event::Found { .. }));
    let kept = heard
        .iter()
        .filter(|event| matches!(event, Event::Page { is_kept: true, .. }));
    assert!(found, "what was found is told again");
    assert_eq!(kept.count(), 2);
    assert!(
        matches!(heard[0], Event::Resumed { pages: 2, .. }),
        "{:?}",
        heard[0]
    );
    assert_eq!(repeated(&world), []);
}

#[tokio::test]
async fn a_changed_file_drops_what_was_kept_and_says_so() {
    let world = World::new(api(60));
    world.run_with(FILE, at_most(2)).await.unwrap_err();
    let changed = "  - {name: posts, endpoint: {params: {per_page: 20}}}\n";
    let (receipt, warnings) = warned(&world, changed).await;
    assert_eq!(receipt.resources["posts"].resumed_pages, 0);
    assert_eq!(
        warnings,
        [
            "2 pages that an interrupted run had kept cannot be used any more, because the file asks for something else by now: they are fetched again"
        ]
    );
    assert_eq!(world.count("posts"), "60");
}

#[tokio::test]
async fn a_change_that_asks_for_nothing_else_goes_on() {
    let world = World::new(api(60));
    world.run_with(FILE, at_most(2)).await.unwrap_err();
    let changed = "  - {name: posts, columns: {title: {data_type: json}}, primary_key: id}\n";
    let (receipt, warnings) = warned(&world, changed).await;
    assert_eq!(receipt.resources["posts"].resumed_pages, 2);
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[tokio::test]
async fn a_restart_and_a_full_refresh_fetch_everything_anew() {
    for options in [
        RunOptions {
            restart: true,
            ..RunOptions::default()
        },
        RunOptions {
            full_refresh: true,
            ..RunOptions::default()
        },
    ] {
        let world = World::new(api(60));
        world.run_with(FILE, at_most(2)).await.unwrap_err();
        let receipt = world.run_with(FILE, options).await.unwrap();
        assert_eq!(receipt.resources["posts"].resumed_pages, 0);
        assert!(journals(&world).is_empty());
    }
}

#[tokio::test]
async fn an_interrupted_full_refresh_goes_on_as_one() {
    let world = World::new(api(60));
    world.run(FILE).await.unwrap();
    let refresh = |max_requests| RunOptions {
        full_refresh: true,
        max_requests,
        ..RunOptions::default()
    };
    world.run_with(FILE, refresh(Some(2))).await.unwrap_err();
    let receipt = world.run_with(FILE, refresh(None)).await.unwrap();
    assert_eq!(receipt.resources["posts"].resumed_pages, 2);
    assert_eq!(world.count("posts"), "60");
}

#[tokio::test]
async fn a_run_of_other_resources_leaves_what_was_kept_alone() {
    let world = World::new(api(60));
    let file = "  - posts\n  - {name: fresh, endpoint: posts}\n";
    world.run_with(file, at_most(4)).await.unwrap_err();
    let kept = world.pipeline(file).pending_pulls().unwrap();
    let select = RunOptions {
        select: vec!["fresh".to_owned()],
        ..RunOptions::default()
    };
    world.run_with(file, select.clone()).await.unwrap();
    assert_eq!(
        world.pipeline(file).pending_pulls().unwrap()[0].pages,
        kept[0].pages
    );
    world
        .run_with(
            file,
            RunOptions {
                max_requests: Some(1),
                ..select
            },
        )
        .await
        .unwrap_err();
    let receipt = world.run(file).await.unwrap();
    let resumed: u64 = receipt
        .resources
        .values()
        .map(|one| one.resumed_pages)
        .sum();
    assert_eq!(resumed, kept[0].page_count());
    assert!(
        world.pipeline(file).pending_pulls().unwrap().is_empty(),
        "what was kept of a part of it is loaded too"
    );
    assert_eq!(
        (world.count("posts"), world.count("fresh")),
        ("60".into(), "120".into())
    );
}

#[tokio::test]
async fn nothing_is_kept_where_the_file_says_so() {
    let world = World::new(api(60));
    let text = format!(
        "name: shop\nclient: {{base_url: '{}'}}\nruntime: {{resume: false}}\nresources:\n{FILE}",
        world.api.base_url()
    );
    let plan = Plan::parse(&text, Format::Yaml, "shop.yaml").unwrap();
    let source = Arc::new(SystemSource::in_folder(world.folder.path()));
    let builder = Pipeline::builder(plan, source).working_dir(world.folder.path().join(".apiduct"));
    let pipeline = builder
        .destination(world.destination())
        .options(at_most(2))
        .build();
    let error = pipeline.run().await.unwrap_err();
    assert!(
        matches!(error, RunError::RequestsSpent { kept_pages: 0, .. }),
        "{error:?}"
    );
    assert!(
        error.hint().unwrap().contains("--max-requests"),
        "{error:?}"
    );
    assert!(journals(&world).is_empty());
}

#[tokio::test]
async fn a_run_that_brought_nothing_leaves_nothing() {
    let world = World::new(
        MockApi::builder()
            .get("/posts", |_| Reply::status(404))
            .start(),
    );
    world.run(FILE).await.unwrap_err();
    assert!(journals(&world).is_empty());
    let world = World::new(api(5));
    world.run(FILE).await.unwrap();
    assert!(journals(&world).is_empty());
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_an_error_that_names_it() {
    let world = World::new(api(5));
    std::fs::create_dir_all(world.folder.path().join(".apiduct/shop")).unwrap();
    std::fs::write(world.folder.path().join(".apiduct/shop/journals"), "a file").unwrap();
    let error = world.run(FILE).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Destination);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("shop/journals"), "{cause}");
    assert!(world.api.recorded().is_empty());
}

#[tokio::test]
async fn what_is_kept_is_for_its_owner_alone_and_holds_no_secret() {
    let api = MockApi::builder().get("/items", |request| {
        let page: u64 = request.number_param("page").unwrap_or(1);
        let next = format!(
            "{}&page={}",
            request.url("/items?api_key=s3cret-k3y"),
            page + 1
        );
        let next = if page == 3 { Value::Null } else { next.into() };
        Reply::json(&json!({"data": [{"id": page}], "next": next}))
            .header("Set-Cookie", "sid=c00kie")
    });
    let world = World::new(api.start());
    std::fs::write(world.folder.path().join("key"), "s3cret-k3y").unwrap();
    let file = "  - {name: items, endpoint: {params: {api_key: '${file:key}'}, data_selector: data, paginator: {type: json_link, next_url_path: next}}}\n";
    world.run_with(file, at_most(2)).await.unwrap_err();
    let journal = journals(&world).remove(0);
    let bytes = std::fs::read(&journal).unwrap();
    assert!(!apiduct_testkit::leak::holds(&bytes, "s3cret-k3y"));
    assert!(!apiduct_testkit::leak::holds(&bytes, "c00kie"));
    #[cfg(unix)]
    {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&journal.metadata().unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    let receipt = world.run(file).await.unwrap();
    let items = &receipt.resources["items"];
    assert_eq!((items.rows, items.resumed_pages), (3, 2));
    let last = world.api.recorded().pop().unwrap();
    assert_eq!(
        last.param("api_key"),
        Some("s3cret-k3y"),
        "links get the key of the file"
    );
}
