//! Rows that take the place of earlier rows with the same key, from the API to the database.

use std::sync::Mutex;

use apiduct_load::{Capabilities, Delivery, DestinationError, Loader};
use apiduct_model::{Hint, WriteDisposition};
use apiduct_pipeline::ErrorClass;
use apiduct_testkit::Reply;

use super::destination::Unreliable;
use super::*;

const MERGED: &str = "  - {name: items, endpoint: {paginator: single_page}, primary_key: id, write_disposition: merge}\n";

/// An API whose only collection can be changed between runs.
fn changing(first: Vec<Value>) -> (World, Arc<Mutex<Vec<Value>>>) {
    let items = Arc::new(Mutex::new(first));
    let served = Arc::clone(&items);
    let api = MockApi::builder()
        .get("/items", move |_| {
            Reply::json(&Value::from(served.lock().unwrap().clone()))
        })
        .start();
    (World::new(api), items)
}

fn item(id: i64, title: &str, tags: &[&str]) -> Value {
    json!({"id": id, "title": title, "tags": tags})
}

/// The items with their tags, as they are in the database.
fn items(world: &World) -> Vec<String> {
    world.query(
        "select i.id::varchar, i.title, coalesce(string_agg(t.value, ' ' order by t._apiduct_list_idx), '-') as tags
         from shop.items i left join shop.items__tags t on t._apiduct_parent_id = i._apiduct_id
         group by 1, 2 order by i.id::varchar",
    )
}

#[tokio::test]
async fn the_rows_of_a_key_are_those_that_came_last() {
    for strategy in ["delete-insert", "upsert"] {
        let (world, api) = changing(vec![
            item(1, "one", &["a", "b"]),
            item(2, "two", &["c"]),
            item(1, "uno", &["d"]),
        ]);
        let file = format!(
            "  - {{name: items, endpoint: {{paginator: single_page}}, primary_key: id, write_disposition: {{disposition: merge, strategy: {strategy}}}}}\n"
        );
        let receipt = world.run(&file).await.unwrap();
        assert_eq!(receipt.resources["items"].rows, 3, "what was fetched");
        assert_eq!(items(&world), ["1|uno|d", "2|two|c"]);
        *api.lock().unwrap() = vec![item(2, "due", &[]), item(3, "tre", &["e", "f"])];
        for _ in 0..2 {
            world.run(&file).await.unwrap();
            assert_eq!(items(&world), ["1|uno|d", "2|due|-", "3|tre|e f"]);
        }
        assert_eq!(
            world.count("items__tags"),
            "3",
            "no tag is left without its item"
        );
    }
}

#[tokio::test]
async fn insert_only_keeps_the_first() {
    let (world, api) = changing(vec![item(1, "one", &["a"])]);
    let file = "  - {name: items, endpoint: {paginator: single_page}, primary_key: id, write_disposition: {disposition: merge, strategy: insert-only}}\n";
    world.run(file).await.unwrap();
    *api.lock().unwrap() = vec![item(1, "uno", &["a", "b"]), item(2, "due", &[])];
    world.run(file).await.unwrap();
    assert_eq!(items(&world), ["1|one|a", "2|due|-"]);
}

#[tokio::test]
async fn hints_delete_rows_and_keep_newer_ones() {
    let row = |id: i64, at: &str, gone: bool| json!({"id": id, "title": at, "updatedAt": at, "gone": gone, "tags": [at]});
    let (world, api) = changing(vec![
        row(1, "2024-01-05", false),
        row(2, "2024-01-01", false),
        row(3, "2024-01-01", true),
    ]);
    let file = "  - name: items
    endpoint: {paginator: single_page}
    primary_key: id
    write_disposition: merge
    columns: {updatedAt: {dedup_sort: desc}, gone: {hard_delete: true}}
";
    world.run(file).await.unwrap();
    assert_eq!(items(&world).len(), 2);
    *api.lock().unwrap() = vec![row(1, "2024-01-02", false), row(2, "2024-01-02", true)];
    world.run(file).await.unwrap();
    assert_eq!(items(&world), ["1|2024-01-05|2024-01-05"]);
}

#[tokio::test]
async fn a_merge_key_replaces_a_part_of_the_table() {
    let row = |day: &str, n: i64| json!({"day": day, "id": n, "title": "x", "tags": ["t"]});
    let (world, api) = changing(vec![row("mon", 1), row("mon", 2), row("tue", 3)]);
    let file = "  - {name: items, endpoint: {paginator: single_page}, merge_key: day, write_disposition: merge}\n";
    world.run(file).await.unwrap();
    *api.lock().unwrap() = vec![row("mon", 9)];
    world.run(file).await.unwrap();
    assert_eq!(items(&world), ["3|x|t", "9|x|t"]);
}

#[tokio::test]
async fn without_a_key_rows_are_appended() {
    let (world, _) = changing(vec![item(1, "one", &["a"])]);
    let file = "  - {name: items, endpoint: {paginator: single_page}, write_disposition: merge}\n";
    for _ in 0..2 {
        world.run(file).await.unwrap();
    }
    assert_eq!(world.count("items"), "2");
}

#[tokio::test]
async fn appended_rows_can_be_merged_later_and_filled_anew() {
    let (world, api) = changing(vec![item(1, "one", &["a"])]);
    for _ in 0..2 {
        world
            .run("  - {name: items, endpoint: {paginator: single_page}, primary_key: id}\n")
            .await
            .unwrap();
    }
    *api.lock().unwrap() = vec![item(1, "uno", &["b"])];
    world.run(MERGED).await.unwrap();
    assert_eq!(items(&world), ["1|uno|b"]);
    *api.lock().unwrap() = vec![item(2, "old", &[]), item(2, "due", &["c"])];
    let options = RunOptions {
        full_refresh: true,
        ..RunOptions::default()
    };
    world.run_with(MERGED, options).await.unwrap();
    assert_eq!(
        items(&world),
        ["2|due|c"],
        "one row for each key all the same"
    );
}

#[tokio::test]
async fn a_row_without_its_key_is_an_error_with_its_place() {
    let (world, _) = changing(vec![
        item(1, "one", &[]),
        json!({"id": null, "title": "two"}),
    ]);
    let error = world.run(MERGED).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Data);
    let texts: Vec<String> =
        std::iter::successors(Some(&error as &dyn std::error::Error), |one| one.source())
            .map(ToString::to_string)
            .collect();
    let text = texts.join(": ");
    assert!(text.contains("page 1 of resource `items`"), "{text}");
    assert!(
        text.contains("record 1 of the page has no value for key `id`"),
        "{text}"
    );
    let nullable = "  - {name: items, endpoint: {paginator: single_page}, primary_key: id, write_disposition: merge, columns: {id: {nullable: true}}}\n";
    for _ in 0..2 {
        world.run(nullable).await.unwrap();
        assert_eq!(world.count("items"), "2", "null is a key like others");
    }
}

#[tokio::test]
async fn children_are_merged_by_what_they_get_from_their_parent() {
    let world = World::new(
        MockApi::builder()
            .collection("posts", posts(3))
            .get("/posts/{id}/notes", |request| {
                let id = request.segment("id").unwrap().to_owned();
                Reply::json(&json!([{"n": 1, "text": id}, {"n": 2, "text": id}]))
            })
            .start(),
    );
    let file = "  - {name: posts, primary_key: id, write_disposition: merge}
  - name: notes
    endpoint: {path: 'posts/{resources.posts.id}/notes', paginator: single_page}
    include_from_parent: [id]
    primary_key: [_posts_id, n]
    write_disposition: merge
";
    for _ in 0..2 {
        world.run(file).await.unwrap();
        assert_eq!(
            (world.count("posts"), world.count("notes")),
            ("3".into(), "6".into())
        );
    }
}

#[tokio::test]
async fn what_an_earlier_run_left_is_merged_and_may_be_fetched_again() {
    let (world, api) = changing(vec![item(1, "one", &["a"]), item(2, "two", &["b"])]);
    let destination = Arc::new(Unreliable::new(world.destination(), 1));
    let failing = world.builder(MERGED).destination(destination).build();
    failing.run().await.unwrap_err();
    *api.lock().unwrap() = vec![item(2, "due", &["c"])];
    let receipt = world.run(MERGED).await.unwrap();
    assert_eq!(receipt.recovered.len(), 1);
    assert_eq!(receipt.resources["items"].rows, 1, "it is fetched again");
    assert_eq!(items(&world), ["1|one|a", "2|due|c"]);
}

/// A destination that can only append.
#[derive(Debug)]
struct Log;

impl Destination for Log {
    fn name(&self) -> String {
        "log".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            dispositions: &[WriteDisposition::Append],
            delivery: Delivery::AtLeastOnce,
            has_queries: false,
        }
    }

    fn open(&self, _: &str) -> Result<Box<dyn Loader>, DestinationError> {
        Err(DestinationError::Missing {
            destination: self.name(),
        })
    }
}

#[tokio::test]
async fn a_destination_that_cannot_merge_refuses_before_anything_is_fetched() {
    let (world, _) = changing(vec![item(1, "one", &[])]);
    let pipeline = world.builder(MERGED).destination(Arc::new(Log)).build();
    let error = pipeline.run().await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "`log` cannot load with write disposition `merge`");
    assert_eq!(error.class(), ErrorClass::Destination);
    assert!(
        error.hint().unwrap().contains("`append`"),
        "{:?}",
        error.hint()
    );
    assert!(world.api.requests_to("/items").is_empty());
}
