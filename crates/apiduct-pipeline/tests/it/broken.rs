use apiduct_pipeline::ErrorClass;
use apiduct_testkit::Reply;

use super::*;

/// A run against one scripted route that must fail, and what is left afterwards.
async fn failed(reply: Reply) -> (World, RunError) {
    let world = World::new(
        MockApi::builder()
            .get("/items", move |_| reply.clone())
            .start(),
    );
    let error = world.run("  - items\n").await.unwrap_err();
    (world, error)
}

#[tokio::test]
async fn an_error_of_the_api_leaves_nothing_behind() {
    for reply in [
        Reply::status(404),
        Reply::status(500),
        Reply::html("<p>hello</p>"),
        Reply::raw_json("{\"data\": [{"),
    ] {
        let (world, error) = failed(reply).await;
        assert_eq!(error.class(), ErrorClass::Source, "{error}");
        let packages = world.folder.path().join(".apiduct/shop/packages");
        assert_eq!(std::fs::read_dir(packages).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn records_that_cannot_become_rows_are_an_error_of_the_data() {
    let (_world, error) = failed(Reply::raw_json(r#"[{"A": 1, "a": 2}]"#)).await;
    assert_eq!(error.class(), ErrorClass::Data);
    assert_eq!(
        error.to_string(),
        "cannot turn page 1 of resource `items` into rows"
    );
}

#[tokio::test]
async fn a_spent_quota_loads_nothing_and_is_no_failure_of_the_api() {
    let world = World::new(api(23));
    world.run("  - posts\n").await.unwrap();
    let options = RunOptions {
        max_requests: Some(3),
        ..RunOptions::default()
    };
    let error = world.run_with("  - posts\n", options).await.unwrap_err();
    assert!(
        matches!(
            error,
            RunError::RequestsSpent {
                max_requests: 3,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(error.class(), ErrorClass::Incomplete);
    assert_eq!(world.count("posts"), "23");
}

#[tokio::test]
async fn a_longer_wait_than_allowed_ends_the_run_as_incomplete() {
    let reply = Reply::status(429).header("Retry-After", "3600");
    let world = World::new(
        MockApi::builder()
            .get("/items", move |_| reply.clone())
            .start(),
    );
    let max_wait = Some(std::time::Duration::from_secs(10));
    let error = world
        .run_with(
            "  - items\n",
            RunOptions {
                max_wait,
                ..RunOptions::default()
            },
        )
        .await
        .unwrap_err();
    assert!(matches!(error, RunError::WaitTooLong { .. }), "{error:?}");
    assert_eq!(error.class(), ErrorClass::Incomplete);
    assert_eq!(
        error.to_string(),
        "cannot fetch page 1 of resource `items` yet: the server asks for a wait of 3600s, above `max_wait` (10s)"
    );
}

#[tokio::test]
async fn a_cancelled_run_leaves_data_and_state_as_they_were() {
    let world = World::new(api(100));
    world.run("  - posts\n").await.unwrap();
    let pipeline = world.pipeline("  - posts\n");
    let canceller = pipeline.canceller();
    world.api.on_request(5, move |_| canceller.cancel());
    let error = pipeline.run().await.unwrap_err();
    assert!(
        matches!(error, RunError::Interrupted { is_kept: false, .. }),
        "{error:?}"
    );
    assert_eq!(world.count("posts"), "100");
    world.run("  - posts\n").await.unwrap();
    assert_eq!(world.count("posts"), "200");
}

#[tokio::test]
async fn an_unknown_resource_is_refused_before_anything_is_sent() {
    let world = World::new(api(3));
    let select = vec!["post".to_owned()];
    let error = world
        .run_with(
            "  - posts\n",
            RunOptions {
                select,
                ..RunOptions::default()
            },
        )
        .await
        .unwrap_err();
    assert!(matches!(error, RunError::UnknownResource { .. }), "{error}");
    assert!(world.api.recorded().is_empty());
}

#[tokio::test]
async fn a_run_without_destination_says_so() {
    let world = World::new(api(3));
    let error = world
        .builder("  - posts\n")
        .build()
        .run()
        .await
        .unwrap_err();
    assert!(matches!(error, RunError::NoDestination), "{error}");
}

#[tokio::test]
async fn an_error_of_the_api_stays_one_when_the_quota_is_spent_too() {
    let world = World::new(
        MockApi::builder()
            .get("/items", |_| Reply::status(404))
            .start(),
    );
    let options = RunOptions {
        max_requests: Some(1),
        ..RunOptions::default()
    };
    let error = world.run_with("  - items\n", options).await.unwrap_err();
    assert!(matches!(error, RunError::Source { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_the_file_does_not_accept_is_asked_for_again_and_never_loaded() {
    let wait = || Reply::json(&json!({"state": "pending", "data": [{"id": 1}]}));
    let good = || Reply::json(&json!({"state": "done", "data": [{"id": 2}]}));
    let resources = "  - name: items\n    endpoint: {data_selector: data, paginator: single_page, retry_if: {selector: state, equals: pending}}\n";
    let world = World::new(
        MockApi::builder()
            .script("/items", [wait(), good()])
            .start(),
    );
    world.run(resources).await.unwrap();
    assert_eq!(world.api.recorded().len(), 2);
    assert_eq!(world.count("items"), "1");
    let world = World::new(MockApi::builder().script("/items", [wait()]).start());
    let error = world.run(resources).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Source, "{error}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        cause.ends_with("the response has `state` = `pending`"),
        "{cause}"
    );
}

#[tokio::test]
async fn waits_are_told_with_what_they_are_for() {
    let refused = Reply::status(429).header("Retry-After", "0.01");
    let good = Reply::json(&json!({"data": [{"id": 1}]}));
    let world = World::new(
        MockApi::builder()
            .script("/items", [refused, Reply::status(503), good])
            .start(),
    );
    let heard = Arc::new(Heard::default());
    let plan = "  - {name: items, endpoint: {data_selector: data, paginator: single_page}}\n";
    let retries = "runtime: {max_retries: 2, backoff_factor: 0.01}\n";
    let text = format!(
        "name: shop\nclient: {{base_url: '{}'}}\n{retries}resources:\n{plan}",
        world.api.base_url()
    );
    let plan = Plan::parse(&text, Format::Yaml, "shop.yaml").unwrap();
    let source = Arc::new(SystemSource::in_folder(world.folder.path()));
    let pipeline = Pipeline::builder(plan, source)
        .working_dir(world.folder.path().join(".apiduct"))
        .destination(world.destination())
        .events(heard.clone())
        .build();
    pipeline.run().await.unwrap();
    let heard = heard.0.lock().unwrap();
    let reasons: Vec<String> = heard
        .iter()
        .filter_map(|event| match event {
            Event::Waiting { reason, .. } => Some(reason.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(reasons[0], "the server's rate limit", "{reasons:?}");
    assert!(reasons.contains(&"the next try".to_owned()), "{reasons:?}");
}
