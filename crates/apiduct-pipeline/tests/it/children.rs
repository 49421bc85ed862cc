use super::*;

/// Ten posts with comments: post `i` has `i` of them.
fn blog() -> MockApi {
    let comments = |post: i64| {
        (0..post).map(move |at| json!({"id": post * 100 + at, "body": format!("c{at}")}))
    };
    let builder = MockApi::builder().collection("posts", posts(10));
    builder
        .get("/posts/{id}/comments", move |request| {
            let post: i64 = request
                .segment("id")
                .unwrap_or_default()
                .parse()
                .unwrap_or_default();
            let page: usize = request
                .param("page")
                .and_then(|page| page.parse().ok())
                .unwrap_or(1);
            let all: Vec<Value> = comments(post).collect();
            let data: Vec<&Value> = all.iter().skip((page - 1) * 3).take(3).collect();
            let pages = all.len().div_ceil(3);
            apiduct_testkit::Reply::json(&json!({"data": data, "page": page, "total_pages": pages}))
        })
        .start()
}

const FILE: &str = "  - posts
  - name: comments
    endpoint: {path: 'posts/{resources.posts.id}/comments', data_selector: data, paginator: {type: page_number, total_path: total_pages}}
    include_from_parent: [id, title]
";

#[tokio::test]
async fn children_of_all_parents_arrive_in_the_order_of_their_parents() {
    let world = World::new(blog());
    let receipt = world.run(FILE).await.unwrap();
    assert_eq!(receipt.tables["comments"], 55);
    let rows = world.query("select _posts_id::varchar as p, id::varchar as c, _posts_title as t from shop.comments order by rowid");
    let expected: Vec<String> = (1..=10)
        .flat_map(|post| (0..post).map(move |at| format!("{post}|{}|Post {post}", post * 100 + at)))
        .collect();
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn the_same_pages_give_the_same_tables_at_any_concurrency() {
    let mut seen = Vec::new();
    for concurrency in [1, 3, 64] {
        let world = World::new(blog());
        let text = format!(
            "name: shop\nclient: {{base_url: '{}'}}\nruntime: {{concurrency: {concurrency}}}\nresources:\n{FILE}",
            world.api.base_url()
        );
        let plan = Plan::parse(&text, Format::Yaml, "shop.yaml").unwrap();
        let builder =
            Pipeline::builder(plan, Arc::new(SystemSource::in_folder(world.folder.path())));
        builder
            .working_dir(world.folder.path())
            .destination(world.destination())
            .build()
            .run()
            .await
            .unwrap();
        seen.push(world.query(
            "select * exclude (_apiduct_id, _apiduct_load_id) from shop.comments order by rowid",
        ));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[tokio::test]
async fn parents_that_are_not_selected_are_fetched_and_not_loaded() {
    let world = World::new(blog());
    let receipt = world
        .run(&FILE.replacen("- posts", "- {name: posts, selected: false}", 1))
        .await
        .unwrap();
    assert_eq!(
        receipt
            .tables
            .keys()
            .map(|name| &**name)
            .collect::<Vec<_>>(),
        ["comments"]
    );
    assert_eq!(receipt.resources["posts"].rows, 10);
}

#[tokio::test]
async fn a_field_that_the_parent_lacks_is_named() {
    let world = World::new(blog());
    let error = world
        .run(&FILE.replace("[id, title]", "[author]"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("`author`"), "{error}");
    let error = world
        .run(&FILE.replace("{resources.posts.id}", "{resources.posts.uuid}"))
        .await
        .unwrap_err();
    assert!(matches!(error, RunError::Request { .. }), "{error}");
}

#[tokio::test]
async fn an_error_in_a_child_names_the_parent() {
    let api = MockApi::builder().collection("posts", posts(3));
    let api = api.get("/posts/{id}/comments", |request| {
        match request.segment("id") {
            Some("2") => apiduct_testkit::Reply::status(403),
            _ => apiduct_testkit::Reply::raw_json("{\"data\": []}"),
        }
    });
    let world = World::new(api.start());
    let error = world.run(FILE).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot fetch page 1 of `posts/2/comments` of resource `comments`"
    );
    assert!(
        !world.database().exists()
            || world
                .query("select table_name from information_schema.tables")
                .iter()
                .all(|table| table.starts_with("_apiduct"))
    );
}
