use apiduct_testkit::{Collection, MockApi};
use serde_json::{Value, json};

use crate::basics::{block_on, get, get_json, posts};

fn api() -> MockApi {
    MockApi::builder().collection("posts", posts(25)).start()
}

fn ids(records: &Value) -> Vec<u64> {
    let list = records.as_array().unwrap();
    list.iter()
        .map(|record| record["id"].as_u64().unwrap())
        .collect()
}

/// Follows pages until `next` gives no further URL; all ids in the order received, and the number of pages.
fn follow(start: String, data: &str, next: impl Fn(&Value) -> Option<String>) -> (Vec<u64>, usize) {
    let (mut found, mut pages, mut url) = (Vec::new(), 0, Some(start));
    while let Some(current) = url {
        let page = get_json(&current);
        found.extend(ids(page.pointer(data).unwrap()));
        pages += 1;
        url = next(&page);
    }
    (found, pages)
}

fn all(count: u64) -> Vec<u64> {
    (0..count).collect()
}

#[test]
fn page_numbers_count_from_one_with_an_absolute_next_link() {
    let api = api();
    let first = get_json(&api.url("/posts"));
    assert_eq!(ids(&first["data"]), [0, 1, 2, 3, 4]);
    assert_eq!(first["page"], 1);
    assert_eq!(first["total_pages"], 5);
    assert_eq!(first["next_page"], json!(api.url("/posts?page=2")));
    let last = get_json(&api.url("/posts?page=5"));
    assert_eq!(last.get("next_page"), None);
    let beyond = get_json(&api.url("/posts?page=6"));
    assert_eq!(beyond["data"], json!([]));
    let linked = |page: &Value| page["next_page"].as_str().map(str::to_owned);
    assert_eq!(follow(api.url("/posts"), "/data", linked), (all(25), 5));
}

#[test]
fn page_numbers_count_from_zero() {
    let api = api();
    let page = |number: u64| get_json(&api.url(&format!("/posts_zero_based?page={number}")));
    let found: Vec<u64> = (0..5)
        .flat_map(|number| ids(&page(number)["data"]))
        .collect();
    assert_eq!(found, all(25));
    assert_eq!(page(4).get("next_page"), None);
    assert_eq!(page(0)["page"], 0);
}

#[test]
fn records_can_stand_under_other_keys() {
    let api = api();
    assert_eq!(ids(&get_json(&api.url("/posts_no_key"))["null"]).len(), 5);
    let other = get_json(&api.url("/posts_under_a_different_key"));
    assert_eq!(ids(&other["many-results"]).len(), 5);
    let nested = get_json(&api.url("/posts_nested?page=2"));
    assert_eq!(ids(&nested["results"]["posts"]), [5, 6, 7, 8, 9]);
    assert_eq!(nested["meta"], json!({"page": 2, "total_pages": 5}));
}

#[test]
fn relative_links_keep_the_other_parameters() {
    let api = api();
    let page = get_json(&api.url("/posts_relative_next_url?sort=id&page=1"));
    assert_eq!(page["next_page"], "/posts_relative_next_url?sort=id&page=2");
}

#[test]
fn link_headers_name_all_four_neighbors() {
    let api = api();
    let links = |page: &str| {
        let reply = get(&api.url(&format!("/posts_header_link?page={page}"))).unwrap();
        reply.headers()["link"].to_str().unwrap().to_owned()
    };
    let relations = |line: &str| -> Vec<String> {
        line.split("rel=\"")
            .skip(1)
            .map(|part| part[..part.find('"').unwrap()].to_owned())
            .collect()
    };
    assert_eq!(relations(&links("1")), ["first", "last", "next"]);
    assert_eq!(relations(&links("3")), ["first", "last", "prev", "next"]);
    assert_eq!(relations(&links("5")), ["first", "last", "prev"]);
    let next = format!("<{}>; rel=\"next\"", api.url("/posts_header_link?page=4"));
    assert!(links("3").contains(&next));
}

#[test]
fn a_header_cursor_is_absent_on_the_last_page() {
    let api = api();
    let cursor = |page: u32| {
        let reply = get(&api.url(&format!("/posts_header_cursor?page={page}"))).unwrap();
        reply
            .headers()
            .get("cursor")
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(cursor(1).as_deref(), Some("2"));
    assert_eq!(cursor(5), None);
}

#[test]
fn bare_lists_end_with_an_empty_one() {
    let api = api();
    assert_eq!(
        ids(&get_json(&api.url("/posts_bare?page=5"))),
        [20, 21, 22, 23, 24]
    );
    assert_eq!(get_json(&api.url("/posts_bare?page=6")), json!([]));
    assert_eq!(ids(&get_json(&api.url("/posts_all"))), all(25));
}

#[test]
fn offsets_come_from_the_query_or_the_body() {
    let api = api();
    let last = get_json(&api.url("/posts_offset_limit?offset=20&limit=10"));
    assert_eq!(ids(&last["data"]), [20, 21, 22, 23, 24]);
    assert_eq!(last["total_records"], 25);
    let default = get_json(&api.url("/posts_offset_limit"));
    assert_eq!(
        (&default["offset"], &default["limit"]),
        (&json!(0), &json!(10))
    );
    let posted = post(
        &api,
        "/posts_offset_limit_via_json_body",
        &json!({"offset": 3, "limit": 2}),
    );
    assert_eq!(ids(&posted["data"]), [3, 4]);
}

#[test]
fn cursors_end_in_null() {
    let api = api();
    let step = |style: &'static str, param: &'static str, key: &'static str| {
        let api = &api;
        let start = api.url(style);
        follow(start, "/data", move |page: &Value| {
            let cursor = page[key].as_u64()?;
            Some(api.url(&format!("{style}?{param}={cursor}")))
        })
    };
    assert_eq!(step("/posts_cursor", "cursor", "next_cursor"), (all(25), 5));
    let more = get_json(&api.url("/posts_has_more?cursor=15"));
    assert_eq!(
        (&more["has_more"], &more["next_cursor"]),
        (&json!(true), &json!(20))
    );
    let last = get_json(&api.url("/posts_has_more?cursor=20"));
    assert_eq!(
        (&last["has_more"], &last["next_cursor"]),
        (&json!(false), &Value::Null)
    );
    let posted = post(&api, "/posts_cursor_via_json_body", &json!({"cursor": 20}));
    assert_eq!(ids(&posted["data"]), [20, 21, 22, 23, 24]);
    assert_eq!(posted["next_cursor"], Value::Null);
}

#[test]
fn a_null_terminated_cursor_has_an_empty_page_more() {
    let api = api();
    let fifth = get_json(&api.url("/posts_cursor_null_terminated?token=20"));
    assert_eq!(fifth["next_token"], 25);
    let sixth = get_json(&api.url("/posts_cursor_null_terminated?token=25"));
    assert_eq!(sixth, json!({"data": null, "next_token": null}));
}

#[test]
fn a_search_is_paged_by_its_body() {
    let api = api();
    let page = |number: u32| {
        post(
            &api,
            "/posts/search",
            &json!({"page": number, "page_size": 10, "page_count": 2}),
        )
    };
    assert_eq!(page(1)["next_page"], 2);
    assert_eq!(page(2)["next_page"], Value::Null);
    assert_eq!(ids(&page(2)["data"])[0], 10);
    assert_eq!(page(1)["total_pages"], 2);
}

#[test]
fn single_records_and_children_are_found_by_id() {
    let comments = |post: &Value| {
        let id = post["id"].as_u64().unwrap();
        (0..12)
            .map(move |n| json!({"id": id * 100 + n, "post_id": id}))
            .collect::<Vec<_>>()
    };
    let collection = Collection::new("posts", posts(3)).children("comments", comments);
    let api = MockApi::builder().mount(collection).start();
    assert_eq!(get_json(&api.url("/posts/2"))["title"], "Post 2");
    assert_eq!(get(&api.url("/posts/3")).unwrap().status(), 404);
    let page = get_json(&api.url("/posts/2/comments?page=3"));
    assert_eq!(ids(&page["data"]), [210, 211]);
    assert_eq!(page["total_pages"], 3);
    assert_eq!(get(&api.url("/posts/3/comments")).unwrap().status(), 404);
}

#[test]
fn records_given_as_text_are_served_as_given() {
    let text = r#"{"id": 9007199254740993123456789, "price": 1.10}"#.to_owned();
    let collection = Collection::from_texts("big", [text.clone()]).page_size(7);
    assert_eq!(collection.len(), 1);
    let api = MockApi::builder().mount(collection).start();
    let body = block_on(async { get_text(&api.url("/big_all")).await });
    assert_eq!(body, format!("[{text}]"));
}

#[test]
fn the_page_size_can_be_asked_for() {
    let api = api();
    let page = get_json(&api.url("/posts?per_page=20&page=2"));
    assert_eq!(ids(&page["data"]), [20, 21, 22, 23, 24]);
    assert_eq!(page["total_pages"], 2);
}

async fn get_text(url: &str) -> String {
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

fn post(api: &MockApi, path: &str, body: &Value) -> Value {
    let text = block_on(async {
        let request = reqwest::Client::new()
            .post(api.url(path))
            .body(body.to_string());
        request.send().await.unwrap().text().await.unwrap()
    });
    serde_json::from_str(&text).unwrap()
}
