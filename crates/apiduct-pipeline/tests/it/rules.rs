//! Response actions, from the file to the receipt.

use apiduct_pipeline::Status;
use apiduct_testkit::{Received, Reply};

use super::*;

/// Five posts with two comments each, except for what `odd` answers.
fn blog(odd: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) -> World {
    let comments = move |request: &Received| {
        let post = request.segment("id").unwrap_or_default();
        odd(post).unwrap_or_else(|| {
            Reply::raw_json(format!(r#"[{{"id": {post}1}}, {{"id": {post}2}}]"#))
        })
    };
    let builder = MockApi::builder().collection("posts", posts(5));
    World::new(builder.get("/posts/{id}/comments", comments).start())
}

fn file(rules: &str) -> String {
    format!(
        "  - posts\n  - name: comments\n    endpoint: {{path: 'posts/{{resources.posts.id}}/comments', data_selector: $, paginator: single_page, {rules}}}\n"
    )
}

fn comments(world: &World) -> Vec<String> {
    world.query("select id::varchar from shop.comments order by id")
}

fn skipped(receipt: &Receipt) -> Vec<(&str, u64)> {
    let skipped = receipt.resources["comments"].skipped.iter();
    skipped
        .map(|(reason, count)| (reason.as_str(), *count))
        .collect()
}

#[tokio::test]
async fn an_ignored_404_drops_that_child_alone_and_is_counted() {
    let world = blog(|post| (post == "3").then(|| Reply::status(404)));
    let heard = Arc::new(Heard::default());
    let receipt = world
        .builder(&file(
            "response_actions: [{status_code: 404, action: ignore}]",
        ))
        .destination(world.destination())
        .events(Arc::clone(&heard) as Arc<dyn EventSink>)
        .build()
        .run()
        .await
        .unwrap();
    assert_eq!(
        comments(&world),
        ["11", "12", "21", "22", "41", "42", "51", "52"]
    );
    assert_eq!(receipt.status, Status::Complete);
    assert_eq!(skipped(&receipt), [("stop: status 404", 1)]);
    let own = &receipt.resources["comments"];
    assert_eq!((own.requests, own.pages, own.retries), (5, 4, 0));
    let told = heard.0.lock().unwrap().iter().any(|event| {
        matches!(event, Event::Warning { message } if message == "of `comments`, answers were left out: 1 by `stop: status 404`")
    });
    assert!(told);
}

#[tokio::test]
async fn rules_for_several_codes_do_not_depend_on_their_order() {
    for rules in [
        "[{status_code: 404, action: ignore}, {status_code: 422, action: ignore}]",
        "[{status_code: 422, action: ignore}, {status_code: 404, action: ignore}]",
    ] {
        let world = blog(|post| match post {
            "1" => Some(Reply::status(404)),
            "2" => Some(Reply::status(422)),
            _ => None,
        });
        let receipt = world
            .run(&file(&format!("response_actions: {rules}")))
            .await
            .unwrap();
        assert_eq!(comments(&world), ["31", "32", "41", "42", "51", "52"]);
        assert_eq!(skipped(&receipt).len(), 2);
    }
}

#[tokio::test]
async fn a_204_is_an_empty_page_with_and_without_a_rule() {
    for (rules, count) in [
        ("", 0),
        ("response_actions: [{status_code: 204, action: ignore}]", 1),
    ] {
        let world = blog(|post| (post == "2").then(|| Reply::status(204)));
        let receipt = world.run(&file(rules)).await.unwrap();
        assert_eq!(comments(&world).len(), 8);
        let left_out: u64 = skipped(&receipt).iter().map(|(_, count)| count).sum();
        assert_eq!((receipt.status, left_out), (Status::Complete, count));
    }
}

#[tokio::test]
async fn a_rule_looks_for_a_part_of_the_body() {
    let world = blog(|post| (post == "4").then(|| Reply::error(400, "No comments here")));
    let rules = "response_actions: [{content: 'No comments', action: ignore}]";
    world.run(&file(rules)).await.unwrap();
    assert_eq!(comments(&world).len(), 8);
}

#[tokio::test]
async fn error_statuses_without_a_rule_end_the_run() {
    for rules in [
        "",
        "response_actions: []",
        "response_actions: [{status_code: 422, action: ignore}]",
    ] {
        let world = blog(|post| (post == "3").then(|| Reply::status(404)));
        let error = world.run(&file(rules)).await.unwrap_err();
        assert!(error.to_string().contains("posts/3/comments"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_of_200_that_holds_an_error_ends_the_run_or_is_skipped() {
    let broken =
        || blog(|post| (post == "3").then(|| Reply::json(&json!({"error": {"code": "E7"}}))));
    let world = broken();
    let error = world
        .run(&file("response_actions: [{selector: error.code, equals: E7, action: fail, message: out of order}]"))
        .await
        .unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("answered 200: out of order"), "{cause}");

    let world = broken();
    let error = world
        .run(&file("expect: {selector: '$[0]'}"))
        .await
        .unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        cause.contains("something is expected at `$[0]`, and the keys are `error`"),
        "{cause}"
    );

    let world = broken();
    let rules = "response_actions: [{selector: error, action: skip_parent}]";
    let receipt = world.run(&file(rules)).await.unwrap();
    assert_eq!(skipped(&receipt), [("skip_parent: `error`", 1)]);
    assert_eq!(
        (receipt.status, comments(&world).len()),
        (Status::Complete, 8)
    );
}

#[tokio::test]
async fn a_retry_of_a_rule_brings_the_rows_after_all() {
    let tries = std::sync::atomic::AtomicU32::new(0);
    let world = blog(move |post| {
        let is_first = post == "3" && tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        is_first.then(|| Reply::json(&json!([])).header("X-State", "building"))
    });
    let rules =
        "response_actions: [{header: {name: x-state, equals: building}, action: retry, delay: 0}]";
    let receipt = world.run(&file(rules)).await.unwrap();
    assert_eq!(comments(&world).len(), 10);
    assert_eq!(receipt.resources["comments"].retries, 1);
}

#[tokio::test]
async fn a_page_in_the_middle_that_is_skipped_is_told_and_the_rest_comes() {
    let api = MockApi::builder().get("/items", |request: &Received| {
        match request.number_param("page") {
            Some(2) => Reply::status(500),
            Some(page @ (1 | 3)) => Reply::json(&json!([{"id": page}])),
            _ => Reply::json(&json!([])),
        }
    });
    let world = World::new(api.start());
    let file = "  - {name: items, endpoint: {data_selector: $, paginator: page_number, response_actions: [{status_code: 5xx, action: skip_page}]}}";
    let receipt = world.run(file).await.unwrap();
    assert_eq!(world.count("items"), "2");
    let items = &receipt.resources["items"];
    assert_eq!(items.skipped["skip_page: status 5xx"], 1);
    assert_eq!(receipt.status, Status::Complete);
}

#[tokio::test]
async fn a_chain_that_a_skipped_page_breaks_makes_the_run_incomplete() {
    let api = MockApi::builder().get("/items", |request: &Received| {
        match request.param("cursor") {
            None => Reply::json(&json!({"data": [{"id": 1}], "next": "b"})),
            _ => Reply::status(500),
        }
    });
    let world = World::new(api.start());
    let file = "  - {name: items, endpoint: {data_selector: data, paginator: {type: cursor, cursor_path: next, cursor_param: cursor}, response_actions: [{status_code: 5xx, action: skip_page}]}}";
    let receipt = world.run(file).await.unwrap();
    assert_eq!(receipt.status, Status::Incomplete);
    assert_eq!(
        receipt.reason.unwrap(),
        "`items` is not whole: what follows a page that was left out (skip_page: status 5xx) is not known"
    );
}
