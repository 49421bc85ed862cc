use apiduct_testkit::{LoadOptions, MockApi, Records, load_server};
use serde_json::{Value, json};

use crate::basics::{get, get_json};

fn server() -> MockApi {
    let mut options = LoadOptions::default();
    options.records = 250;
    options.posts = 3;
    options.comments_per_post = 7;
    load_server(&options).unwrap()
}

fn count(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

#[test]
fn numbered_pages_hold_every_record_as_generated() {
    let api = server();
    let first = get_json(&api.url("/page/issues"));
    assert_eq!(count(&first["data"]), 100);
    let last = get_json(&api.url("/page/issues?page=3&per_page=100"));
    assert_eq!(count(&last["data"]), 50);
    assert_eq!(last["total"], 250);
    assert_eq!(last["total_pages"], 3);
    let record: Value = serde_json::from_slice(&Records::issues(250).record(249).unwrap()).unwrap();
    assert_eq!(last["data"][49], record);
    assert_eq!(get_json(&api.url("/page/issues?page=4"))["data"], json!([]));
}

#[test]
fn a_cursor_chain_visits_all_and_ends_in_null() {
    let api = server();
    let (mut seen, mut requests, mut cursor) = (0, 0, None::<String>);
    loop {
        let query = cursor
            .map(|cursor| format!("&cursor={cursor}"))
            .unwrap_or_default();
        let page = get_json(&api.url(&format!("/cursor/issues?limit=80{query}")));
        seen += count(&page["data"]);
        requests += 1;
        cursor = page["meta"]["next_cursor"].as_str().map(str::to_owned);
        assert_eq!(page["meta"]["has_more"], json!(cursor.is_some()));
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((seen, requests), (250, 4));
    assert_eq!(
        get(&api.url("/cursor/issues?cursor=zzz")).unwrap().status(),
        400
    );
}

#[test]
fn links_end_where_the_pages_end() {
    let api = server();
    let links = |page: usize| {
        let reply = get(&api.url(&format!("/link/issues?per_page=100&page={page}"))).unwrap();
        reply.headers()["link"].to_str().unwrap().to_owned()
    };
    let next = format!(
        "<{}>; rel=\"next\"",
        api.url("/link/issues?per_page=100&page=3")
    );
    assert!(links(2).starts_with(&next), "{}", links(2));
    assert!(!links(3).contains("next"));
    assert_eq!(count(&get_json(&api.url("/bare/issues?page=3"))), 50);
    assert_eq!(count(&get_json(&api.url("/bare/issues?page=4"))), 0);
}

#[test]
fn comments_belong_to_their_post() {
    let api = server();
    assert_eq!(count(&get_json(&api.url("/posts"))["data"]), 3);
    let page = get_json(&api.url("/posts/2/comments?per_page=5&page=2"));
    assert_eq!(count(&page["data"]), 2);
    assert_eq!(page["total"], 7);
    assert!(
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|comment| comment["post_id"] == 2)
    );
    for missing in ["0", "4", "x"] {
        assert_eq!(
            get(&api.url(&format!("/posts/{missing}/comments")))
                .unwrap()
                .status(),
            404
        );
    }
    assert!(api.recorded().is_empty());
}
