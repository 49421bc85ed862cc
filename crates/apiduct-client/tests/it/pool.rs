//! Several keys as one.

use std::sync::Arc;
use std::time::Duration;

use apiduct_client::auth::{ApiKey, Bearer, KeyPool, PoolOrder};
use apiduct_client::transport::PreparedRequest;
use http::header::AUTHORIZATION;

use crate::support::{Script, answer, ok};

fn token(request: &PreparedRequest) -> String {
    request.headers[AUTHORIZATION]
        .to_str()
        .unwrap()
        .replace("Bearer ", "")
}

fn tokens(script: &Script) -> Vec<String> {
    script.sent().iter().map(token).collect()
}

fn pool(keys: &[&str]) -> KeyPool {
    keys.iter()
        .fold(KeyPool::new(), |pool, key| pool.key(Bearer::new(*key)))
}

/// A network that answers `status` to the keys of that name.
fn refusing(refused: &'static [(&'static str, u16, &'static str)]) -> Script {
    Script::new(move |request| {
        let token = token(request);
        let rule = refused.iter().find(|(key, _, _)| *key == token);
        let Some((_, status, wait)) = rule else {
            return ok("{}");
        };
        let headers: &[(&str, &str)] = &[("retry-after", wait)];
        answer(*status, if wait.is_empty() { &[] } else { headers }, "{}")
    })
}

#[tokio::test]
async fn keys_take_turns() {
    let script = Script::new(|_| ok("{}"));
    let client = script
        .client()
        .0
        .auth(pool(&["a", "b", "c"]))
        .build()
        .unwrap();
    for _ in 0..5 {
        client.get("/x").send().await.unwrap();
    }
    assert_eq!(tokens(&script), ["a", "b", "c", "a", "b"]);
}

#[tokio::test]
async fn a_429_on_one_key_goes_to_the_next_without_a_wait() {
    let script = refusing(&[("a", 429, "30")]);
    let (builder, timer) = script.client();
    let client = builder.auth(pool(&["a", "b"])).build().unwrap();
    let response = client.get("/x").send().await.unwrap();
    assert_eq!((response.status.as_u16(), response.attempts), (200, 2));
    client.get("/x").send().await.unwrap();
    client.get("/x").send().await.unwrap();
    assert_eq!(tokens(&script), ["a", "b", "b", "b"], "`a` rests");
    timer.0.advance(Duration::from_secs(30));
    client.get("/x").send().await.unwrap();
    assert_eq!(
        tokens(&script)[4..],
        ["a", "b"],
        "`a` is asked again after its rest"
    );
    assert!(timer.waits().is_empty());
}

#[tokio::test]
async fn a_429_on_every_key_waits_as_one_key_would() {
    let script = refusing(&[("a", 429, "5"), ("b", 429, "7")]);
    let (builder, timer) = script.client();
    let client = builder.auth(pool(&["a", "b"])).build().unwrap();
    let response = client.get("/x").send().await.unwrap();
    assert_eq!(response.status, 429);
    assert_eq!(tokens(&script)[..2], ["a", "b"]);
    assert!(
        (timer.waits()[0] - 7.0).abs() < f64::EPSILON,
        "{:?}",
        timer.waits()
    );
}

#[tokio::test]
async fn a_rejected_key_is_not_used_again() {
    let script = refusing(&[("a", 401, "")]);
    let (builder, timer) = script.client();
    let client = builder.auth(pool(&["a", "b"])).build().unwrap();
    for _ in 0..3 {
        assert_eq!(client.get("/x").send().await.unwrap().status, 200);
    }
    timer.0.advance(Duration::from_hours(24));
    client.get("/x").send().await.unwrap();
    assert_eq!(tokens(&script), ["a", "b", "b", "b", "b"]);
}

#[tokio::test]
async fn a_401_on_every_key_is_the_result() {
    let script = refusing(&[("a", 401, ""), ("b", 401, "")]);
    let client = script.client().0.auth(pool(&["a", "b"])).build().unwrap();
    assert_eq!(client.get("/x").send().await.unwrap().status, 401);
    assert_eq!(tokens(&script), ["a", "b"]);
}

#[tokio::test]
async fn one_key_is_used_until_it_is_limited_if_so_ordered() {
    let script = Script::new(|request| {
        if token(request) == "a" && request.url.path() == "/limited" {
            answer(429, &[("retry-after", "1")], "")
        } else {
            ok("{}")
        }
    });
    let (builder, timer) = script.client();
    let pool = pool(&["a", "b"]).order(PoolOrder::LeastRecentlyLimited);
    let client = builder.auth(pool).build().unwrap();
    for path in ["/x", "/x", "/limited", "/x"] {
        client.get(path).send().await.unwrap();
    }
    timer.0.advance(Duration::from_mins(2));
    client.get("/x").send().await.unwrap();
    assert_eq!(tokens(&script), ["a", "a", "a", "b", "b", "b"]);
}

#[tokio::test]
async fn a_pool_may_mix_schemes_and_registers_every_secret() {
    let script = Script::new(|_| ok("{}"));
    let pool = KeyPool::new()
        .key(Bearer::new("token-0001"))
        .key(ApiKey::new("X-Key", "key-0002"));
    let client = script.client().0.auth(Arc::new(pool)).build().unwrap();
    client.get("/x").send().await.unwrap();
    client.get("/x").send().await.unwrap();
    assert_eq!(script.sent()[1].headers["x-key"], "key-0002");
    assert_eq!(client.redactor().redact("token-0001 key-0002"), "*** ***");
}

#[tokio::test]
async fn a_pool_without_keys_sends_nothing() {
    let script = Script::new(|_| ok("{}"));
    let client = script.client().0.auth(KeyPool::new()).build().unwrap();
    client.get("/x").send().await.unwrap_err();
    assert!(script.sent().is_empty());
}

/// A network that tells each key how many seconds its used-up limit lasts; those that are not named have requests left.
fn limiting(used_up: &'static [(&'static str, &'static str)]) -> Script {
    Script::new(move |request| {
        let token = token(request);
        let reset = used_up.iter().find(|(key, _)| *key == token);
        let left = if reset.is_some() { "0" } else { "90" };
        let headers = [
            ("x-ratelimit-limit", "100"),
            ("x-ratelimit-remaining", left),
            ("x-ratelimit-reset", reset.map_or("60", |(_, reset)| reset)),
        ];
        answer(200, &headers, "{}")
    })
}

#[tokio::test]
async fn a_key_whose_limit_is_used_up_is_left_out_until_its_reset() {
    let script = limiting(&[("a", "60")]);
    let (builder, timer) = script.client();
    let client = builder.auth(pool(&["a", "b"])).build().unwrap();
    for _ in 0..4 {
        client.get("/x").send().await.unwrap();
    }
    assert_eq!(tokens(&script), ["a", "b", "b", "b"]);
    assert!(timer.waits().is_empty(), "{:?}", timer.waits());
    timer.0.advance(Duration::from_secs(61));
    client.get("/x").send().await.unwrap();
    assert_eq!(tokens(&script)[4..], ["a"]);
}

#[tokio::test]
async fn when_all_limits_are_used_up_the_key_that_is_free_first_is_waited_for() {
    let script = limiting(&[("a", "60"), ("b", "20")]);
    let (builder, timer) = script.client();
    let client = builder.auth(pool(&["a", "b"])).build().unwrap();
    for _ in 0..3 {
        client.get("/x").send().await.unwrap();
    }
    assert_eq!(tokens(&script), ["a", "b", "b"]);
    assert_eq!(timer.waits(), [20.0]);
}
