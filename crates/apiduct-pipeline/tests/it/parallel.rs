//! Pages side by side in a run, and what their totals say about it.

use std::sync::atomic::{AtomicU64, Ordering};

use apiduct_pipeline::{DriftReceipt, Status};
use apiduct_testkit::Reply;

use super::*;

const TEN_A_PAGE: u64 = 10;

/// A page of posts from `first`, newest last, and what there is in all.
fn page(first: u64, count: u64, total: u64) -> Reply {
    let data: Vec<Value> = (first..first + count)
        .map(|id| json!({"id": id, "tags": [id % 3]}))
        .collect();
    Reply::json(&json!({"data": data, "total_pages": total}))
}

fn asked(request: &apiduct_testkit::Received) -> u64 {
    let page = request.param("page").and_then(|page| page.parse().ok());
    page.unwrap_or(1)
}

const NUMBERED: &str = "
  - name: posts
    primary_key: id
    endpoint: {path: posts, data_selector: data, paginator: {type: page_number, total_path: total_pages}";

#[tokio::test]
async fn side_by_side_and_one_after_another_load_the_same_rows_in_the_same_order() {
    let mut seen = Vec::new();
    for parallel in ["}", ", parallel: true}", ", parallel: false}"] {
        let served = MockApi::builder().get("/posts", |request| {
            page((asked(request) - 1) * TEN_A_PAGE, TEN_A_PAGE, 30)
        });
        let world = World::new(served.start());
        let receipt = world.run(&format!("{NUMBERED}{parallel}\n")).await.unwrap();
        assert_eq!(receipt.resources["posts"].requests, 30);
        assert_eq!(receipt.resources["posts"].drift, None);
        seen.push(world.query("select id::varchar as id from shop.posts order by rowid"));
    }
    let ids: Vec<String> = (0..300).map(|id| id.to_string()).collect();
    assert!(seen.iter().all(|one| *one == ids), "{seen:?}");
}

#[tokio::test]
async fn a_list_that_moves_on_while_it_is_read_is_reported() {
    // From the third page on, two records were added in front, and they fill another page.
    let served = MockApi::builder().get("/posts", |request| match asked(request) {
        number @ 1..=2 => page((number - 1) * TEN_A_PAGE, TEN_A_PAGE, 4),
        number => page((number - 1) * TEN_A_PAGE - 2, TEN_A_PAGE, 5),
    });
    let world = World::new(served.start());
    let heard = Arc::new(Heard::default());
    let events: Arc<dyn EventSink> = Arc::clone(&heard) as _;
    let builder = world.builder(&format!("{NUMBERED}}}\n"));
    let pipeline = builder.destination(world.destination()).events(events);
    let receipt = pipeline.build().run().await.unwrap();
    let drift = DriftReceipt {
        overlaps: 1,
        repeated_rows: 2,
        total_changes: 1,
    };
    assert_eq!(receipt.resources["posts"].drift, Some(drift));
    let json = serde_json::to_value(&receipt).unwrap();
    assert_eq!(json["resources"]["posts"]["drift"]["repeated_rows"], 2);
    let heard = heard.0.lock().unwrap();
    let warnings: Vec<&str> = heard
        .iter()
        .filter_map(|event| match event {
            Event::Warning { message } => Some(message.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        warnings,
        [
            "`posts` changed while it was read: 2 records came twice, at the start of page 3; the total went from 4 to 5"
        ]
    );
}

const CHILDREN: &str = "
  - {name: posts, endpoint: {path: posts, data_selector: data, paginator: single_page}}
  - name: comments
    endpoint: {path: 'posts/{resources.posts.id}/comments', data_selector: data, paginator: {type: offset, limit: 2}}
";

/// Three posts with comments, of which the API says that post `id` has `total(id)`; it has three each.
fn comments(total: fn(u64) -> Option<u64>) -> MockApi {
    let builder = MockApi::builder().get("/posts", |_| page(1, 3, 1));
    let answer = move |request: &apiduct_testkit::Received| {
        let post: u64 = request.segment("id").unwrap_or_default().parse().unwrap();
        let offset: u64 = request.param("offset").unwrap().parse().unwrap();
        let data: Vec<u64> = (offset..3.min(offset + 2)).collect();
        Reply::json(&json!({"data": data, "total": total(post)}))
    };
    builder.get("/posts/{id}/comments", answer).start()
}

#[tokio::test]
async fn children_are_held_against_the_totals_of_all_parents() {
    let world = World::new(comments(|_| Some(3)));
    let receipt = world.run(CHILDREN).await.unwrap();
    assert_eq!(receipt.resources["comments"].expected_rows, Some(9));
    assert_eq!(receipt.status, Status::Complete);

    let world = World::new(comments(|post| Some(if post == 2 { 5 } else { 3 })));
    let receipt = world.run(CHILDREN).await.unwrap();
    assert_eq!(receipt.resources["comments"].expected_rows, Some(11));
    assert_eq!(receipt.status, Status::Incomplete);

    let world = World::new(comments(|post| (post != 2).then_some(3)));
    let receipt = world.run(CHILDREN).await.unwrap();
    assert_eq!(receipt.resources["comments"].expected_rows, None);
    assert_eq!(receipt.status, Status::Complete, "not all parents tell");
}

/// The most requests that were under way at a time.
#[derive(Debug)]
struct Most(Arc<AtomicU64>);

impl EventSink for Most {
    fn event(&self, event: &Event) {
        if let Event::Page { in_flight, .. } = event {
            self.0.fetch_max(*in_flight, Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn events_tell_how_many_requests_are_under_way() {
    let most = Arc::new(AtomicU64::new(0));
    let served = MockApi::builder().get("/posts", |request| {
        page((asked(request) - 1) * TEN_A_PAGE, TEN_A_PAGE, 30)
    });
    let world = World::new(served.start());
    let builder = world.builder(&format!("{NUMBERED}}}\n"));
    let events: Arc<dyn EventSink> = Arc::new(Most(Arc::clone(&most)));
    let pipeline = builder.destination(world.destination()).events(events);
    pipeline.build().run().await.unwrap();
    let most = most.load(Ordering::Relaxed);
    assert!((2..=8).contains(&most), "{most}");
}

const BY_OFFSET: &str = "
  - name: posts
    primary_key: id
    endpoint: {path: posts, data_selector: data, paginator: {type: offset, limit: 4}}
";

/// Posts in pages of four, and what is left on the second: those of `order`, of which the API says that there are `total`.
fn posts(order: &'static [u64], total: u64) -> MockApi {
    let builder = MockApi::builder().get("/posts", move |request| {
        let offset: usize = request.param("offset").unwrap().parse().unwrap();
        let count = if offset == 0 { 4 } else { order.len() };
        let data: Vec<Value> = order
            .iter()
            .skip(offset)
            .take(count)
            .map(|id| json!({"id": id}))
            .collect();
        Reply::json(&json!({"data": data, "total": total}))
    });
    builder.start()
}

#[tokio::test]
async fn a_record_that_came_twice_makes_no_list_complete() {
    // Eight rows of eight, but 2 came again in the place of 7, as sorting by a field that is not unique does it.
    let world = World::new(posts(&[1, 2, 3, 4, 5, 6, 2, 8], 8));
    let receipt = world.run(BY_OFFSET).await.unwrap();
    let posts = &receipt.resources["posts"];
    assert_eq!((posts.rows, posts.repeated_keys), (8, 1));
    assert_eq!(receipt.status, Status::Incomplete);
    assert_eq!(
        receipt.reason.unwrap(),
        "`posts` is not whole: 1 of its 8 records have a primary key that came before, so as many others are missing, or \
         `primary_key` does not tell its records apart"
    );
}

#[tokio::test]
async fn records_that_came_twice_do_not_count_against_the_total() {
    let world = World::new(posts(&[1, 2, 3, 4, 5, 2, 7, 6, 8], 8));
    let receipt = world.run(BY_OFFSET).await.unwrap();
    let posts = &receipt.resources["posts"];
    assert_eq!((posts.rows, posts.repeated_keys), (9, 1));
    assert_eq!(receipt.status, Status::Complete);
}

#[tokio::test]
async fn the_same_record_below_two_parents_did_not_come_twice() {
    let served = MockApi::builder()
        .get("/posts", |_| page(1, 3, 1))
        .get("/posts/{id}/comments", |_| {
            Reply::json(&json!({"data": [{"id": 1}], "total": 1}))
        });
    let world = World::new(served.start());
    let receipt = world
        .run(&CHILDREN.replace("name: comments", "name: comments\n    primary_key: id"))
        .await
        .unwrap();
    assert_eq!(receipt.resources["comments"].rows, 3);
    assert_eq!(receipt.resources["comments"].repeated_keys, 0);
    assert_eq!(receipt.status, Status::Complete);
}

#[tokio::test]
async fn a_resource_has_no_more_requests_under_way_than_it_says() {
    let most_at_a_time = async |key: &str| {
        let parents = (1..=20).map(|id| json!({"id": id})).collect::<Value>();
        let api = MockApi::builder()
            .json("/parents", &parents)
            .get("/parents/{id}/children", |request| {
                // Four pages each, which are fetched side by side.
                let id = request.segment("id").unwrap_or_default();
                let id = format!("{id}-{}", asked(request));
                Reply::json(&json!({"data": [{"id": id}], "total_pages": 4}))
            })
            .latency(std::time::Duration::from_millis(2));
        let world = World::new(api.start());
        let file = format!(
            "  - {{name: parents, endpoint: {{path: parents, data_selector: $, paginator: single_page}}}}
  - name: children
    {key}
    endpoint: {{path: 'parents/{{resources.parents.id}}/children', data_selector: data, paginator: {{type: page_number, total_path: total_pages}}}}
"
        );
        world.run(&file).await.unwrap();
        assert_eq!(world.count("children"), "80");
        let first = world.query("select id from shop.children order by rowid limit 5");
        assert_eq!(first, ["1-1", "1-2", "1-3", "1-4", "2-1"]);
        world.api.stats().max_in_flight
    };
    assert_eq!(most_at_a_time("concurrency: 1").await, 1);
    assert!(most_at_a_time("concurrency: 3").await <= 3);
    assert!(most_at_a_time("").await > 3);
}
