use std::time::Duration;

use apiduct_testkit::{Access, FakeClock, MockApi, RateLimit, Reply};
use serde_json::json;

use crate::basics::{block_on, get};

#[test]
fn a_rate_limit_follows_the_clock_it_was_given() {
    let clock = FakeClock::new();
    let api = MockApi::builder()
        .json("/x", &json!(1))
        .rate_limit(RateLimit::new(2, Duration::from_secs(10)))
        .clock(clock.clone())
        .start();
    let ask = || get(&api.url("/x")).unwrap();
    assert_eq!(ask().headers()["x-ratelimit-remaining"], "1");
    assert_eq!(ask().status(), 200);
    let refused = ask();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "10");
    clock.advance(Duration::from_secs(10));
    assert_eq!(ask().status(), 200);
    assert_eq!(api.stats().rate_limited, 1);
    assert_eq!(api.recorded()[3].at, Duration::from_secs(10));
}

#[test]
fn protected_paths_ask_for_credentials_and_others_do_not() {
    let api = MockApi::builder()
        .json("/open", &json!(1))
        .json("/protected/token", &json!(2))
        .json("/protected/key", &json!(3))
        .protect("/protected/token", Access::bearer("t-1"))
        .protect("/protected/key", Access::query("key", "k-1"))
        .start();
    assert_eq!(get(&api.url("/open")).unwrap().status(), 200);
    let refused = get(&api.url("/protected/token")).unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
    assert_eq!(
        get(&api.url("/protected/key?key=k-1")).unwrap().status(),
        200
    );
    let granted = block_on(async {
        let request = reqwest::Client::new().get(api.url("/protected/token"));
        request.bearer_auth("t-1").send().await.unwrap()
    });
    assert_eq!(granted.status(), 200);
}

#[test]
fn redirects_lead_to_where_they_say() {
    let api = MockApi::builder()
        .get("/old", |request| Reply::redirect(&request.url("/new")))
        .json("/new", &json!("here"))
        .start();
    let reply = get(&api.url("/old")).unwrap();
    assert_eq!(reply.url().path(), "/new");
    assert_eq!(api.log(), ["GET /old", "GET /new"]);
}
