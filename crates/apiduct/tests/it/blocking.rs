//! The client for programs without a runtime.

use std::collections::BTreeSet;
use std::thread;

use apiduct::auth::Bearer;
use apiduct::blocking::{Client, get, paginate};
use apiduct::hook::{Verdict, hook_fn};
use apiduct::paginate::{PageNumber, Reason};
use apiduct::{Error, Page};
use apiduct_testkit::{Access, MockApi};
use serde_json::{Value, json};

fn posts() -> MockApi {
    let posts = (1..=23).map(|id| json!({"id": id}));
    MockApi::builder()
        .collection("posts", posts)
        .protect("/posts", Access::bearer("token"))
        .start()
}

fn client(api: &MockApi) -> Client {
    Client::builder(api.base_url())
        .auth(Bearer::new("token"))
        .build()
        .unwrap()
}

fn ids(pages: impl Iterator<Item = Result<Page, Error>>) -> Vec<u64> {
    pages
        .flat_map(|page| page.unwrap().values().unwrap())
        .map(|post: Value| post["id"].as_u64().unwrap())
        .collect()
}

fn all_ids() -> Vec<u64> {
    (1..=23).collect()
}

#[test]
fn a_request_and_a_walk_wait_for_their_answers() {
    let api = posts();
    let client = client(&api);
    let post = client.get("/posts/7").send().unwrap();
    assert_eq!(post.json::<Value>().unwrap()["id"], 7);
    let pages = client.paginate("/posts").param("per_page", 10).send();
    assert_eq!(ids(pages), all_ids());
}

#[test]
fn a_walk_tells_what_it_found_and_why_it_ended() {
    let api = posts();
    let mut pages = client(&api)
        .paginate("/posts")
        .paginator(PageNumber::new())
        .max_pages(2)
        .send();
    assert!(pages.findings().is_none());
    assert_eq!(pages.by_ref().count(), 2);
    assert!(pages.findings().unwrap().paginator.is_declared);
    assert_eq!(pages.end(), Some(&Reason::MaxPages { max_pages: 2 }));
}

#[test]
fn one_client_serves_several_threads_at_a_time() {
    let api = posts();
    let client = client(&api);
    let all: Vec<Vec<u64>> = thread::scope(|scope| {
        let walk = || ids(client.paginate("/posts").send());
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(walk)).collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(BTreeSet::from_iter(all), BTreeSet::from([all_ids()]));
}

#[test]
fn the_next_page_is_fetched_while_the_program_looks_at_this_one() {
    let (sent, arrived) = std::sync::mpsc::channel();
    let api = posts();
    api.on_request(2, move |request| sent.send(request.target()).unwrap());
    let mut pages = client(&api).paginate("/posts").send();
    let _first = pages.next().unwrap().unwrap();
    // Nobody waits for the second page here: it is asked for on a thread of its own.
    assert_eq!(arrived.recv().unwrap(), "/posts?page=2");
}

#[tokio::test]
async fn inside_of_a_runtime_it_is_an_error_and_no_panic() {
    let api = posts();
    let client = client(&api);
    let error = client.get("/posts/7").send().unwrap_err();
    assert!(
        error.to_string().contains("use `apiduct::Client` there"),
        "{error}"
    );
    let mut pages = client.paginate("/posts").send();
    assert!(matches!(pages.next(), Some(Err(Error::Setting { .. }))));
    assert!(pages.next().is_none());
    // Neither does the end of a client panic.
    drop((client, pages));
    assert!(api.recorded().is_empty());
}

#[test]
fn the_shortcuts_need_no_client() {
    let api = posts();
    let response = get(api.url("/posts/1")).auth(Bearer::new("token")).send();
    assert_eq!(response.unwrap().status, 200);
    let pages = paginate(api.url("/posts"))
        .auth(Bearer::new("token"))
        .send();
    assert_eq!(ids(pages).len(), 23);
}

#[test]
fn mistakes_come_with_the_first_page_and_end_the_walk() {
    let mut pages = paginate("not a url").send();
    assert!(matches!(pages.next(), Some(Err(Error::BaseUrl { .. }))));
    assert!(pages.next().is_none());
}

#[test]
fn a_hook_of_the_call_is_asked() {
    let api = posts();
    let pages = client(&api)
        .paginate("/posts")
        .hook(hook_fn(|_, _| Verdict::Stop))
        .send();
    assert!(ids(pages).is_empty());
}

#[test]
fn setters_without_a_mirror_are_reached_through_the_async_builder() {
    let api = posts();
    let client = Client::builder(api.base_url())
        .with(|builder| builder.auth(Bearer::new("token")))
        .build()
        .unwrap();
    let request = client.get("/posts/1").with(|request| request.param("a", 1));
    assert_eq!(request.send().unwrap().status, 200);
    let walk = client.paginate("/posts").with(|walk| walk.max_pages(1));
    assert_eq!(walk.send().count(), 1);
    assert_eq!(api.log()[0], "GET /posts/1?a=1");
}
