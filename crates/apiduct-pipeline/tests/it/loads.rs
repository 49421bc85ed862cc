use apiduct_pipeline::Status;

use super::*;

#[tokio::test]
async fn every_row_arrives_typed_with_its_nested_rows() {
    let world = World::new(api(23));
    let receipt = world.run("  - posts\n").await.unwrap();
    assert_eq!(receipt.status, Status::Complete);
    assert_eq!(
        (
            receipt.resources["posts"].rows,
            receipt.resources["posts"].pages
        ),
        (23, 5)
    );
    assert_eq!(
        (receipt.tables["posts"], receipt.tables["posts__tags"]),
        (23, 46)
    );
    let sums = world.query("select sum(id)::varchar as s, count(distinct title)::varchar as n, min(typeof(id)) as t from shop.posts");
    assert_eq!(sums, ["276|23|BIGINT"]);
    let joined = world.query(
        "select t.value, count(*)::varchar as n from shop.posts p join shop.posts__tags t
         on t._apiduct_parent_id = p._apiduct_id where t._apiduct_list_idx = 1 group by 1 order by 1",
    );
    assert_eq!(joined, ["t0|7", "t1|8", "t2|8"]);
}

#[tokio::test]
async fn several_resources_are_loaded_in_one_load() {
    let api = MockApi::builder()
        .collection("posts", posts(7))
        .collection("users", posts(3))
        .start();
    let world = World::new(api);
    let receipt = world.run("  - posts\n  - users\n").await.unwrap();
    assert_eq!(
        receipt
            .resources
            .keys()
            .map(|name| &**name)
            .collect::<Vec<_>>(),
        ["posts", "users"]
    );
    let loads = world
        .query("select count(*)::varchar as n, sum(rows)::varchar as r from shop._apiduct_loads");
    assert_eq!(loads, ["1|30"]);
    let load_id = receipt.load_id.unwrap();
    assert_eq!(
        world.query("select distinct _apiduct_load_id from shop.users"),
        [load_id]
    );
}

#[tokio::test]
async fn append_adds_and_replace_takes_the_place() {
    let world = World::new(api(4));
    let file = "  - {name: posts, write_disposition: append}\n  - {name: fresh, endpoint: posts, write_disposition: replace}\n";
    for _ in 0..2 {
        world.run(file).await.unwrap();
    }
    assert_eq!(
        (world.count("posts"), world.count("posts__tags")),
        ("8".into(), "16".into())
    );
    assert_eq!(
        (world.count("fresh"), world.count("fresh__tags")),
        ("4".into(), "8".into())
    );
}

#[tokio::test]
async fn a_full_refresh_replaces_appended_rows() {
    let world = World::new(api(4));
    world.run("  - posts\n").await.unwrap();
    let options = RunOptions {
        full_refresh: true,
        ..RunOptions::default()
    };
    world.run_with("  - posts\n", options).await.unwrap();
    assert_eq!(world.count("posts"), "4");
}

#[tokio::test]
async fn only_the_selected_resources_are_fetched() {
    let api = MockApi::builder()
        .collection("posts", posts(2))
        .collection("users", posts(2))
        .start();
    let world = World::new(api);
    let select = vec!["users".to_owned()];
    let receipt = world
        .run_with(
            "  - posts\n  - users\n",
            RunOptions {
                select,
                ..RunOptions::default()
            },
        )
        .await
        .unwrap();
    assert_eq!(
        receipt
            .tables
            .keys()
            .map(|name| &**name)
            .collect::<Vec<_>>(),
        ["users", "users__tags"]
    );
    assert!(world.api.requests_to("/posts").is_empty());
}

#[tokio::test]
async fn events_tell_what_happens_in_order() {
    let world = World::new(api(6));
    let heard = Arc::new(Heard::default());
    let events: Arc<dyn EventSink> = Arc::clone(&heard) as _;
    world
        .builder("  - posts\n")
        .destination(world.destination())
        .events(events)
        .build()
        .run()
        .await
        .unwrap();
    let words: Vec<&str> = heard
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|event| match event {
            Event::Started { .. } => "started",
            Event::Found { .. } => "found",
            Event::Page { .. } => "page",
            Event::Finished { .. } => "finished",
            Event::Sealed { rows: 18 } => "sealed",
            Event::Written { rows, .. } => match rows {
                6 | 12 => "written",
                other => panic!("{other} rows"),
            },
            Event::Committed { .. } => "committed",
            other => panic!("unexpected {other:?}"),
        })
        .collect();
    assert_eq!(
        words,
        [
            "started",
            "found",
            "page",
            "page",
            "finished",
            "sealed",
            "written",
            "written",
            "committed"
        ]
    );
}

#[tokio::test]
async fn types_widen_in_the_destination_from_run_to_run() {
    let api = MockApi::builder()
        .script(
            "/values",
            [r#"[{"v": 1}]"#, r#"[{"v": 1.5}]"#, r#"[{"v": "n/a"}]"#]
                .map(apiduct_testkit::Reply::raw_json),
        )
        .start();
    let world = World::new(api);
    for _ in 0..3 {
        world
            .run("  - {name: values, endpoint: {path: values, paginator: single_page}}\n")
            .await
            .unwrap();
    }
    let rows = world.query("select coalesce(v::varchar, '-') as a, coalesce(v__v_text, '-') as b from shop.values order by 1 desc");
    assert_eq!(rows, ["1.5|-", "1.0|-", "-|n/a"]);
}

#[tokio::test]
async fn two_resources_may_not_fill_one_table() {
    let api = MockApi::builder().collection("posts", posts(2)).start();
    let world = World::new(api);
    let file = "  - posts\n  - {name: posts__tags, endpoint: posts}\n";
    let error = world.run(file).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "resources `posts` and `posts__tags` both fill table `posts__tags`"
    );
}

/// Serves `rows` records by offset and claims that there are `total`.
fn counted(rows: i64, total: i64) -> MockApi {
    let page = move |request: &apiduct_testkit::Received| {
        let offset: i64 = request
            .param("offset")
            .and_then(|offset| offset.parse().ok())
            .unwrap_or(0);
        let data: Vec<Value> = (offset..rows.min(offset + 10))
            .map(|id| json!({"id": id}))
            .collect();
        apiduct_testkit::Reply::json(&json!({"data": data, "total": total}))
    };
    MockApi::builder().get("/items", page).start()
}

const COUNTED: &str = "  - {name: items, endpoint: {path: items, data_selector: data, paginator: {type: offset, limit: 10}}}\n";

#[tokio::test]
async fn fewer_rows_than_the_api_counts_make_the_run_incomplete() {
    let world = World::new(counted(25, 40));
    let receipt = world.run(COUNTED).await.unwrap();
    assert_eq!(receipt.status, Status::Incomplete);
    assert_eq!(receipt.resources["items"].expected_rows, Some(40));
    assert_eq!(
        receipt.reason.as_deref(),
        Some("the API says that `items` has 40 records, and 25 came")
    );
    assert_eq!(world.count("items"), "25", "what came is loaded");
}

#[tokio::test]
async fn as_many_rows_as_the_api_counts_are_complete() {
    let world = World::new(counted(25, 25));
    let receipt = world.run(COUNTED).await.unwrap();
    assert_eq!(
        (receipt.status, receipt.resources["items"].expected_rows),
        (Status::Complete, Some(25))
    );
}

#[tokio::test]
async fn rows_left_out_by_a_bound_of_the_user_do_not_count_as_missing() {
    let world = World::new(counted(25, 25));
    let receipt = world
        .run(&COUNTED.replace("limit: 10", "limit: 10, maximum_offset: 20"))
        .await
        .unwrap();
    assert_eq!(
        (receipt.status, receipt.resources["items"].rows),
        (Status::Complete, 20)
    );
    let receipt = world
        .run(&COUNTED.replace("limit: 10", "limit: 10, offset: 10"))
        .await
        .unwrap();
    assert_eq!(
        (receipt.status, receipt.resources["items"].expected_rows),
        (Status::Complete, Some(15))
    );
}

#[tokio::test]
async fn headers_of_the_client_reach_every_resource_that_does_not_take_them_away() {
    let world = World::new(
        MockApi::builder()
            .json("/a", &json!([]))
            .json("/b", &json!([]))
            .start(),
    );
    let text = format!(
        "name: shop\nclient: {{base_url: '{}', headers: {{X-Team: data, X-Old: 'yes'}}}}\nresources:\n  - a\n  - {{name: b, endpoint: {{path: b, headers: {{X-Old: null}}}}}}\n",
        world.api.base_url()
    );
    let plan = Plan::parse(&text, Format::Yaml, "shop.yaml").unwrap();
    let builder = Pipeline::builder(plan, Arc::new(SystemSource::in_folder(world.folder.path())));
    builder
        .working_dir(world.folder.path())
        .destination(world.destination())
        .build()
        .run()
        .await
        .unwrap();
    let seen = |path: &str| {
        let request = world.api.requests_to(path).remove(0);
        ["x-team", "x-old"].map(|name| request.header(name).map(str::to_owned))
    };
    assert_eq!(
        seen("/a"),
        [Some("data".to_owned()), Some("yes".to_owned())]
    );
    assert_eq!(seen("/b"), [Some("data".to_owned()), None]);
}
