//! Bodies of requests as they arrive at the server.

use apiduct_testkit::{Received, Reply};

use super::*;

/// An API whose only list is read by a POST.
fn searchable() -> MockApi {
    let builder = MockApi::builder().collection("posts", posts(2));
    let answer = |_: &Received| Reply::json(&json!([{"id": 1}]));
    builder.post("/search", answer).start()
}

fn sent(world: &World) -> Vec<Received> {
    world.api.requests_to("/search")
}

#[tokio::test]
async fn a_form_arrives_with_its_media_type_and_repeated_names() {
    let world = World::new(searchable());
    let file = "  - {name: s, endpoint: {path: search, method: post, data: [[tag, a], [tag, 'b c'], [n, 1]]}}";
    world.run(file).await.unwrap();
    let sent = &sent(&world)[0];
    assert_eq!(sent.text(), "tag=a&tag=b+c&n=1");
    assert_eq!(
        sent.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
}

#[tokio::test]
async fn a_text_arrives_as_it_is_and_without_a_media_type() {
    let world = World::new(searchable());
    let file = "  - {name: s, endpoint: {path: search, method: post, data: 'raw & plain'}}";
    world.run(file).await.unwrap();
    let sent = &sent(&world)[0];
    assert_eq!(sent.text(), "raw & plain");
    assert_eq!(sent.header("content-type"), None);
}

#[tokio::test]
async fn an_empty_form_is_no_body_and_empty_json_is_one() {
    let world = World::new(searchable());
    let file = "  - {name: s, endpoint: {path: search, method: post, data: {}}}\n  - {name: t, endpoint: {path: search, method: post, json: {}}}";
    world.run(file).await.unwrap();
    let mut sent: Vec<(String, Option<String>)> = sent(&world)
        .iter()
        .map(|one| (one.text(), one.header("content-type").map(str::to_owned)))
        .collect();
    sent.sort();
    assert_eq!(
        sent,
        [
            (String::new(), None),
            ("{}".to_owned(), Some("application/json".to_owned()))
        ]
    );
}

#[tokio::test]
async fn a_list_at_the_top_of_json_and_styled_parameters_arrive() {
    let world = World::new(searchable());
    let file = "  - {name: s, endpoint: {path: search, method: post, json: [{a: 1}, b], params: {f: {style: comma, value: [x, y]}, g: {style: brackets, value: {h: 1}}}}}";
    world.run(file).await.unwrap();
    let sent = &sent(&world)[0];
    assert_eq!(sent.text(), r#"[{"a":1},"b"]"#);
    assert_eq!(sent.param("f"), Some("x,y"));
    assert_eq!(sent.param("g[h]"), Some("1"));
}

#[tokio::test]
async fn each_row_of_the_parent_gets_a_body_of_its_own() {
    let world = World::new(searchable());
    let file = "  - posts\n  - {name: s, endpoint: {path: search, method: post, data: {post: '{resources.posts.id}', title: '{resources.posts.title}'}}}";
    world.run(file).await.unwrap();
    let mut bodies: Vec<String> = sent(&world).iter().map(Received::text).collect();
    bodies.sort();
    assert_eq!(bodies, ["post=1&title=Post+1", "post=2&title=Post+2"]);
}
