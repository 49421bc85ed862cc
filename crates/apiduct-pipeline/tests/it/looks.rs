use super::*;

#[tokio::test]
async fn a_preview_shows_rows_and_writes_nothing() {
    let world = World::new(api(23));
    let pipeline = world.builder("  - posts\n").build();
    let preview = pipeline.preview(None, 2).await.unwrap();
    let shown: Vec<(&str, usize)> = preview
        .tables
        .iter()
        .map(|table| (table.schema.name.as_str(), table.batch.num_rows()))
        .collect();
    assert_eq!(shown, [("posts", 2), ("posts__tags", 2)]);
    assert!(
        preview.findings["posts"][0].contains("`data`"),
        "{:?}",
        preview.findings
    );
    assert!(
        world.api.recorded().len() <= 2,
        "one page, and the next one at most"
    );
    assert_eq!(std::fs::read_dir(world.folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_preview_of_a_child_looks_at_a_few_parents() {
    let comments = (1..=20).map(|id| json!({"id": id})).collect::<Vec<_>>();
    let builder = MockApi::builder().collection("posts", posts(20));
    let api = builder.get("/posts/{id}/notes", move |_| {
        apiduct_testkit::Reply::json(&comments)
    });
    let world = World::new(api.start());
    let file = "  - posts\n  - {name: notes, endpoint: {path: 'posts/{resources.posts.id}/notes', paginator: single_page}}\n";
    let preview = world
        .builder(file)
        .build()
        .preview(Some("notes"), 100)
        .await
        .unwrap();
    assert_eq!(preview.tables.len(), 1);
    assert_eq!(preview.tables[0].batch.num_rows(), 60);
}

#[tokio::test]
async fn a_check_asks_each_resource_once_and_reports_all() {
    let builder = MockApi::builder().collection("posts", posts(20));
    let world = World::new(builder.start());
    let file = "  - {name: posts, primary_key: uuid}\n  - gone\n";
    let checks = world.builder(file).build().check().await;
    assert_eq!(checks.len(), 2);
    let good = checks[0].outcome.as_ref().unwrap();
    assert_eq!(
        (good.rows, good.missing_key.as_slice()),
        (5, ["uuid".to_owned()].as_slice())
    );
    assert!(matches!(checks[1].outcome, Err(RunError::Source { .. })));
}

#[tokio::test]
async fn an_estimate_is_what_the_run_then_needs() {
    let notes = (1..=3).map(|id| json!({"id": id})).collect::<Vec<_>>();
    let builder = MockApi::builder().collection("posts", posts(23));
    let api = builder.get("/posts/{id}/notes", move |_| {
        apiduct_testkit::Reply::json(&notes)
    });
    let world = World::new(api.start());
    let file = "  - {name: ids, values: [{id: 1}, {id: 2}]}
  - {name: posts, endpoint: {path: posts, data_selector: data, paginator: {type: page_number, total_path: total_pages}}, selected: false}
  - {name: notes, endpoint: {path: 'posts/{resources.posts.id}/notes', paginator: single_page}}
  - {name: one, endpoint: {path: 'posts/{resources.ids.id}/notes', paginator: single_page}}
";
    let pipeline = world.pipeline(file);
    let estimate = pipeline.estimate(&pipeline.check().await);
    let needs = |name: &str| {
        let one = estimate.resources[name];
        (one.requests, one.rows, one.certainty)
    };
    assert_eq!(needs("ids"), (0, 2, Certainty::Exact));
    assert_eq!(needs("posts").0, 5);
    assert_eq!(
        needs("notes").0,
        25,
        "the last page is not full, and counts as if"
    );
    assert_eq!(needs("one"), (2, 6, Certainty::About));

    let receipt = pipeline.run().await.unwrap();
    let needed: u64 = receipt.resources.values().map(|one| one.requests).sum();
    assert_eq!(receipt.resources["notes"].rows, 69);
    assert!(
        estimate.requests.abs_diff(needed) <= 2,
        "{needed}: {estimate:?}"
    );
}
