//! Row steps, from the file to the rows: the behaviors of the reference's `test_processing_steps`.

use apiduct_model::Hint;
use apiduct_pipeline::ErrorClass;
use apiduct_testkit::Reply;

use super::*;

/// Five posts a page; post `i` has three comments and, as reactions, one of each kind.
fn blog() -> MockApi {
    let post = |id: i64| {
        json!({"id": id, "title": format!("Post {id}"), "author": {"email": format!("u{id}@example.com")},
            "reactions": [{"kind": "like"}, {"kind": "laugh"}]})
    };
    let comments = |request: &apiduct_testkit::Received| {
        let post: i64 = request
            .segment("id")
            .unwrap_or_default()
            .parse()
            .unwrap_or_default();
        let comment = |at| json!({"id": post * 100 + at, "body": format!("c{at}")});
        Reply::json(&json!({"data": (0..3).map(comment).collect::<Vec<_>>()}))
    };
    MockApi::builder()
        .collection("posts", (1..=25).map(post).collect::<Vec<_>>())
        .get("/posts/{id}/comments", comments)
        .start()
}

/// The run of posts with `steps`, and of comments with `child_steps`.
async fn ran(steps: &str, child_steps: &str) -> (World, Receipt) {
    let world = World::new(blog());
    let file = format!(
        "  - {{name: posts, processing_steps: [{steps}]}}
  - name: comments
    endpoint: {{path: 'posts/{{resources.posts.id}}/comments', data_selector: data, paginator: single_page}}
    include_from_parent: [id, title]
    processing_steps: [{child_steps}]
"
    );
    let receipt = world.run(&file).await.unwrap();
    (world, receipt)
}

/// The run of posts alone, with `steps`.
async fn ran_posts(steps: &str) -> (World, Receipt) {
    let world = World::new(blog());
    let file = format!("  - {{name: posts, processing_steps: [{steps}]}}\n");
    let receipt = world.run(&file).await.unwrap();
    (world, receipt)
}

fn columns(world: &World, table: &str) -> Vec<String> {
    world.query(&format!(
        "select column_name from information_schema.columns where table_name = '{table}' and column_name not like '_apiduct%' order by ordinal_position"
    ))
}

#[tokio::test]
async fn a_filter_drops_rows_and_the_receipt_says_how_many() {
    let (world, receipt) = ran("{filter: .id > 20}", "").await;
    assert_eq!(world.count("posts"), "5");
    let posts = &receipt.resources["posts"];
    assert_eq!((posts.rows, posts.skipped.get("filter")), (25, Some(&20)));
    assert_eq!(posts.status, apiduct_pipeline::Status::Complete);
}

#[tokio::test]
async fn a_page_whose_rows_are_all_dropped_disappears() {
    let (world, receipt) = ran("{filter: 'false'}", "").await;
    assert!(receipt.tables.is_empty(), "{:?}", receipt.tables);
    assert!(world.api.requests_to("/posts/1/comments").is_empty());
}

#[tokio::test]
async fn columns_are_excluded_by_drop_and_by_map() {
    for step in [
        "{drop: [author.email, reactions]}",
        "{map: 'del(.author.email, .reactions)'}",
    ] {
        let (world, receipt) = ran(step, "").await;
        assert_eq!(columns(&world, "posts"), ["id", "title"], "{step}");
        assert!(!receipt.tables.contains_key("posts__reactions"));
    }
}

#[tokio::test]
async fn columns_are_anonymized() {
    let (world, _) = ran("{hash: author.email}, {redact: title}", "").await;
    let rows = world.query("select author__email as e, title as t from shop.posts where id = 1");
    assert_eq!(
        rows,
        ["6228d577ed8b4c57b0388fbef9d63caed2ca3c1cca39bc8db1253cf22f80beae|***"]
    );
}

#[tokio::test]
async fn a_map_changes_rows() {
    let (world, _) = ran("{map: '.title |= ascii_upcase | .twice = .id * 2'}", "").await;
    let rows = world.query("select title as t, twice::varchar as n from shop.posts where id = 3");
    assert_eq!(rows, ["POST 3|6"]);
}

#[tokio::test]
async fn filter_and_map_run_in_the_order_of_the_file() {
    let filter_first = "{filter: .id == 1}, {map: .id = 2}";
    assert_eq!(ran(filter_first, "").await.0.count("posts"), "1");
    let (_, receipt) = ran("{map: .id = 2}, {filter: .id == 1}", "").await;
    assert!(!receipt.tables.contains_key("posts"));
}

#[tokio::test]
async fn one_entry_of_several_programs_runs_filter_map_and_yield_map() {
    let entry =
        "{yield_map: '.reactions[] | .post = 1', map: '.reactions |= .[1:]', filter: .id <= 2}";
    let (world, _) = ran_posts(entry).await;
    assert_eq!(
        world.query("select distinct kind as k from shop.posts"),
        ["laugh"]
    );
    assert_eq!(world.count("posts"), "2");
}

#[tokio::test]
async fn a_filter_on_the_parent_limits_the_children() {
    let (world, receipt) = ran("{filter: .id <= 3}", "").await;
    assert_eq!(receipt.tables["comments"], 9);
    assert!(world.api.requests_to("/posts/4/comments").is_empty());
}

#[tokio::test]
async fn a_map_on_the_parent_changes_what_children_see() {
    let (world, _) = ran(
        "{filter: .id == 1}, {map: '.id = 7 | .title = \"new\"'}",
        "",
    )
    .await;
    assert_eq!(world.api.requests_to("/posts/7/comments").len(), 1);
    let rows = world
        .query("select distinct _posts_id::varchar as i, _posts_title as t from shop.comments");
    assert_eq!(rows, ["7|new"]);
}

#[tokio::test]
async fn steps_of_a_child_see_the_fields_of_the_parent() {
    let steps = "{filter: ._posts_title == \"Post 2\"}, {map: '.body += \" of \" + ._posts_title'}";
    let (world, receipt) = ran("", steps).await;
    assert_eq!(receipt.tables["comments"], 3);
    let rows = world
        .query("select _posts_id::varchar as p, body as b from shop.comments order by id limit 1");
    assert_eq!(rows, ["2|c0 of Post 2"]);
    assert_eq!(
        columns(&world, "comments"),
        ["_posts_id", "_posts_title", "id", "body"]
    );
}

#[tokio::test]
async fn a_yield_map_makes_one_row_or_many() {
    let (world, _) = ran_posts("{yield_map: '.id as $id | .reactions[] | .id = $id'}").await;
    assert_eq!(world.count("posts"), "50");
    assert_eq!(columns(&world, "posts"), ["kind", "id"]);
}

#[tokio::test]
async fn a_yield_map_runs_behind_and_in_front_of_filters() {
    let yield_map = "{yield_map: '.id as $id | .reactions[] | .id = $id'}";
    let behind = ran_posts(&format!("{{filter: .id == 1}}, {yield_map}"))
        .await
        .0;
    assert_eq!(behind.count("posts"), "2");
    let in_front = ran_posts(&format!("{yield_map}, {{filter: .kind == \"laugh\"}}"))
        .await
        .0;
    assert_eq!(in_front.count("posts"), "25");
}

#[tokio::test]
async fn every_row_of_a_yield_map_feeds_children() {
    let (world, _) = ran("{filter: .id == 1}, {yield_map: '., .id = 5'}", "").await;
    let rows = world.query("select _posts_id::varchar as p, count(*)::varchar as n from shop.comments group by all order by p");
    assert_eq!(rows, ["1|3", "5|3"]);
}

#[tokio::test]
async fn a_yield_map_on_a_child_has_the_fields_of_the_parent() {
    let (world, _) = ran(
        "{filter: .id == 4}",
        "{yield_map: '._posts_id as $p | range(2) | {n: ., post: $p}'}",
    )
    .await;
    let rows =
        world.query("select n::varchar as n, post::varchar as p from shop.comments order by rowid");
    assert_eq!(rows, ["0|4", "1|4", "0|4", "1|4", "0|4", "1|4"]);
}

#[tokio::test]
async fn records_that_come_again_are_dropped_over_all_pages() {
    let (_, receipt) = ran("{map: .id = (.id % 4)}, {dedupe: id}", "").await;
    assert_eq!(receipt.tables["posts"], 4);
    assert_eq!(receipt.resources["posts"].skipped["dedupe"], 21);
}

#[tokio::test]
async fn a_step_that_fails_shows_resource_page_record_program_and_cause() {
    let world = World::new(blog());
    std::fs::write(world.folder.path().join("salt"), "Post 8").unwrap();
    let file = "  - {name: posts, processing_steps: [{hash: {fields: none, salt: '${file:salt}'}}, {map: 'if .id == 8 then .title + 1 else . end'}]}\n";
    let error = world.run(file).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Data);
    let mut chain = vec![error.to_string()];
    let mut cause = std::error::Error::source(&error);
    while let Some(one) = cause {
        chain.push(one.to_string());
        cause = one.source();
    }
    assert_eq!(chain[0], "cannot turn page 2 of resource `posts` into rows");
    assert_eq!(
        chain[1],
        "record 2 of the page does not pass the processing steps"
    );
    assert!(chain[2].starts_with("step `map: if .id == 8 then .title + 1 else . end` (shop.yaml:5:90) fails on `{\"id\":8,\"title\":\"***\""), "{}", chain[2]);
    assert_eq!(chain[3], "cannot calculate \"***\" + 1");
    assert_eq!(error.hint(), None);
    assert!(
        !world.database().exists()
            || world
                .query(
                    "select table_name from information_schema.tables where table_name = 'posts'"
                )
                .is_empty()
    );
}

#[tokio::test]
async fn a_preview_shows_rows_behind_the_steps() {
    let world = World::new(blog());
    let file = "  - {name: posts, processing_steps: [{filter: .id > 3}, {keep: id}]}\n";
    let preview = world
        .pipeline(file)
        .preview(Some("posts"), 10)
        .await
        .unwrap();
    let text = format!("{preview:?}");
    assert!(!text.contains("Post 4"), "{text}");
}

#[tokio::test]
async fn a_step_of_a_program_decides_what_is_loaded_and_what_children_see() {
    use apiduct_config::steps::{RowOutcome, row_fn};
    use apiduct_config::{Format, Plan, Registry};

    let world = World::new(blog());
    let registry = Registry::new().row_step("even", |_| {
        Ok(Arc::new(row_fn(|record| {
            let mut record: Value = serde_json::from_str(record)?;
            let id = record["id"].as_i64().ok_or("a post without id")?;
            if id % 2 == 1 {
                return Ok(RowOutcome::Drop);
            }
            record["title"] = json!(format!("even {id}"));
            Ok(RowOutcome::Replace(vec![record.to_string()]))
        })))
    });
    let run = async |step: &str| {
        let text = format!(
            "name: shop
client: {{base_url: '{}'}}
resources:
  - {{name: posts, processing_steps: [{step}, {{custom: even}}]}}
  - {{name: comments, include_from_parent: [title], endpoint: {{path: 'posts/{{resources.posts.id}}/comments', data_selector: data, paginator: single_page}}}}
",
            world.api.base_url()
        );
        let plan = Plan::parse_with(&text, Format::Yaml, "shop.yaml", &registry).unwrap();
        let source = apiduct_config::resolve::SystemSource::in_folder(world.folder.path());
        let pipeline = Pipeline::builder(plan, Arc::new(source));
        let pipeline = pipeline.working_dir(world.folder.path().join(".apiduct"));
        pipeline
            .destination(world.destination())
            .build()
            .run()
            .await
    };
    let receipt = run("{filter: .id < 5}").await.unwrap();
    assert_eq!(receipt.resources["posts"].skipped["custom"], 2);
    assert_eq!(
        world.query("select _posts_title || ' ' || count(*) from shop.comments group by _posts_title order by _posts_title"),
        ["even 2 3", "even 4 3"]
    );
    let error = run("{drop: id}").await.unwrap_err();
    let mut chain = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        chain = format!("{chain}\n{error}");
        cause = error.source();
    }
    assert!(
        chain.contains("cannot turn page 1 of resource `posts` into rows"),
        "{chain}"
    );
    assert!(
        chain.contains("step `custom: even` (shop.yaml:4:"),
        "{chain}"
    );
    assert!(chain.ends_with("a post without id"), "{chain}");
}
