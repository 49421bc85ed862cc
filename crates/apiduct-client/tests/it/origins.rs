//! Where credentials go, and where redirects lead.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use apiduct_client::auth::{
    ApiKey, Auth, AuthContext, AuthError, Bearer, KeyLocation, NoAuth, OnRejected,
};
use apiduct_client::paginate::JsonLink;
use apiduct_client::{Client, Error, ForeignVia, OnForeignOrigin, Request, Response};
use apiduct_model::{Hint, Redactor, SecretText};
use apiduct_testkit::{Access, MockApi, Reply};
use async_trait::async_trait;
use futures_util::StreamExt;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Method, StatusCode};
use serde_json::json;

use crate::support::{Script, answer, client, ok, redirect};

#[tokio::test]
async fn every_scheme_opens_the_api_that_asks_for_it() {
    let api = MockApi::builder()
        .json("/bearer", &json!(1))
        .protect("/bearer", Access::bearer("t0ken"))
        .json("/basic", &json!(1))
        .protect("/basic", Access::basic("ada", "pässword"))
        .json("/header", &json!(1))
        .protect("/header", Access::header("X-Api-Key", "k3y"))
        .json("/query", &json!(1))
        .protect("/query", Access::query("api key", "k&y"))
        .json("/cookie", &json!(1))
        .protect("/cookie", Access::cookie("sid", "c00kie"))
        .start();
    let client = client(&api).0.build().unwrap();
    let schemes: [(&str, Arc<dyn Auth>); 5] = [
        ("/bearer", Arc::new(Bearer::new("t0ken"))),
        (
            "/basic",
            Arc::new(apiduct_client::auth::Basic::new("ada", "pässword")),
        ),
        ("/header", Arc::new(ApiKey::new("X-Api-Key", "k3y"))),
        (
            "/query",
            Arc::new(ApiKey::new("api key", "k&y").location(KeyLocation::Query)),
        ),
        (
            "/cookie",
            Arc::new(ApiKey::new("sid", "c00kie").location(KeyLocation::Cookie)),
        ),
    ];
    for (path, auth) in schemes {
        let refused = client.get(path).send().await.unwrap();
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
        let response = client.get(path).auth(auth).send().await.unwrap();
        assert_eq!(response.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_redirect_to_a_foreign_origin_is_refused_and_never_sees_the_token() {
    let other = MockApi::builder().json("/x", &json!(1)).start();
    let api = MockApi::builder()
        .script("/go", [Reply::redirect(&other.url("/x"))])
        .start();
    let client = client(&api).0.auth(Bearer::new("t0ken")).build().unwrap();
    let error = client.get("/go").send().await.unwrap_err();
    assert!(
        matches!(
            &error,
            Error::ForeignOrigin {
                via: ForeignVia::Redirect,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.hint().unwrap().contains("allowed_hosts"));
    assert!(other.recorded().is_empty());
}

#[tokio::test]
async fn a_stripped_redirect_carries_no_credential_of_any_kind() {
    let other = MockApi::builder().json("/x", &json!(1)).start();
    let api = MockApi::builder()
        .script("/go", [Reply::redirect(&other.url("/x"))])
        .start();
    let client = client(&api)
        .0
        .auth(Bearer::new("t0ken"))
        .header("X-Api-Key", "k3y")
        .header("Cookie", "sid=1")
        .header("X-Plain", "p")
        .on_foreign_origin(OnForeignOrigin::Strip)
        .build()
        .unwrap();
    client.get("/go").send().await.unwrap();
    let sent = &api.recorded()[0];
    assert_eq!(sent.bearer(), Some("t0ken"));
    assert_eq!(sent.header("x-api-key"), Some("k3y"));
    let stripped = &other.recorded()[0];
    for name in ["authorization", "x-api-key", "cookie"] {
        assert_eq!(stripped.header(name), None, "{name}");
    }
    assert_eq!(stripped.header("x-plain"), Some("p"));
}

/// A client whose redactor knows the secret `s3cr/t 1`, and sends it under names that say nothing of it.
fn with_hidden_secrets(script: &Script) -> Client {
    let redactor = Redactor::default();
    redactor.register(&SecretText::from("s3cr/t 1"));
    let builder = script.client().0.redactor(redactor);
    builder
        .header("X-Custom", "id=s3cr/t 1")
        .header("X-Encoded", "s3cr%2Ft%201")
        .header("X-Plain", "p")
        .param("q", "s3cr/t 1")
        .param("page_size", 5)
        .on_foreign_origin(OnForeignOrigin::Strip)
        .build()
        .unwrap()
}

/// What a foreign host got of the client's headers and its URL.
fn seen_by(host: &str, script: &Script) -> (Vec<String>, String) {
    let sent = script.sent();
    let foreign = sent.iter().find(|one| one.url.host_str() == Some(host));
    let foreign = foreign.expect("the foreign host was asked");
    let names = foreign.headers.keys();
    let own = names.filter(|name| name.as_str().starts_with("x-"));
    (
        own.map(ToString::to_string).collect(),
        foreign.url.to_string(),
    )
}

#[tokio::test]
async fn a_stripped_request_carries_no_secret_whatever_its_name() {
    let elsewhere = "https://other.test/2?signature=theirs&echo=s3cr%2Ft+1&n=1";
    let redirected = {
        let elsewhere = elsewhere.to_owned();
        Script::new(move |request| match request.url.host_str() {
            Some("api.test") => redirect(302, &elsewhere),
            _ => ok("[1]"),
        })
    };
    let client = with_hidden_secrets(&redirected);
    client.get("/x").send().await.unwrap();

    let linked = Script::new(move |request| match request.url.host_str() {
        Some("api.test") => ok(json!({"data": [1], "next": elsewhere}).to_string()),
        _ => ok(r#"{"data":[2]}"#),
    });
    let client = with_hidden_secrets(&linked);
    let pages = client
        .paginate("/x")
        .paginator(JsonLink::new("next"))
        .data_selector("data")
        .send();
    assert_eq!(pages.into_stream().count().await, 2);

    let direct = Script::sequence(vec![ok("1")]);
    let client = with_hidden_secrets(&direct);
    client.get(elsewhere).send().await.unwrap();

    let kept = "https://other.test/2?signature=theirs&n=1";
    for (script, url) in [
        (redirected, kept.to_owned()),
        (linked, kept.to_owned()),
        (direct, format!("{kept}&page_size=5")),
    ] {
        let (headers, seen) = seen_by("other.test", &script);
        assert_eq!(headers, ["x-plain"]);
        assert_eq!(seen, url);
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_taken_off_keeps_the_request_at_home() {
    let script = Script::sequence(vec![redirect(302, "https://other.test/bot-s3cr%2Ft%201/x")]);
    let client = with_hidden_secrets(&script);
    let error = client.get("/x").send().await.unwrap_err();
    assert!(matches!(error, Error::ForeignOrigin { .. }), "{error:?}");
    assert_eq!(script.sent().len(), 1);
}

#[tokio::test]
async fn a_body_follows_no_redirect_to_a_foreign_origin() {
    let script = Script::sequence(vec![redirect(307, "https://evil.test/x")]);
    let (builder, _) = script.client();
    let client = builder
        .on_foreign_origin(OnForeignOrigin::Strip)
        .build()
        .unwrap();
    let error = client
        .post("/x")
        .json(&json!({"password": "p"}))
        .send()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::ForeignOrigin { .. }));
    assert_eq!(script.sent().len(), 1);
}

#[tokio::test]
async fn an_allowed_host_gets_the_credentials() {
    let other = MockApi::builder().json("/x", &json!(1)).start();
    let api = MockApi::builder()
        .script("/go", [Reply::redirect(&other.url("/x"))])
        .start();
    let client = client(&api)
        .0
        .auth(Bearer::new("t0ken"))
        .allowed_host(format!("127.0.0.1:{}", other.port()))
        .build()
        .unwrap();
    client.get("/go").send().await.unwrap();
    assert_eq!(other.recorded()[0].bearer(), Some("t0ken"));
}

#[tokio::test]
async fn an_absolute_path_elsewhere_is_refused() {
    let script = Script::sequence(vec![ok("1")]);
    let client = script
        .client()
        .0
        .auth(Bearer::new("t0ken"))
        .build()
        .unwrap();
    for path in [
        "https://evil.test/x",
        "http://api.test/x",
        "https://api.test:444/x",
    ] {
        let error = client.get(path).send().await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::ForeignOrigin {
                    via: ForeignVia::Path,
                    ..
                }
            ),
            "{error:?}"
        );
    }
    assert!(script.sent().is_empty());
    client.get("HTTPS://API.test:443/x").send().await.unwrap();
    assert_eq!(script.log(), ["GET https://api.test/x"]);
}

#[tokio::test]
async fn a_next_link_elsewhere_is_refused_after_the_page() {
    let script = Script::sequence(vec![ok(r#"{"data":[1],"next":"https://evil.test/2"}"#)]);
    let client = script
        .client()
        .0
        .auth(Bearer::new("t0ken"))
        .build()
        .unwrap();
    let mut pages = client
        .paginate("/x")
        .paginator(JsonLink::new("next"))
        .data_selector("data")
        .send();
    assert!(pages.next().await.unwrap().is_some());
    let error = pages.next().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the link to the next page to `https://evil.test/2` leads away from `https://api.test`"
    );
    assert_eq!(script.sent().len(), 1);
    assert!(
        pages.next().await.unwrap().is_none(),
        "an error ends the walk"
    );
}

#[tokio::test]
async fn redirects_change_the_method_as_browsers_do() {
    for (status, method, after, keeps_body) in [
        (301, Method::POST, Method::GET, false),
        (302, Method::POST, Method::GET, false),
        (302, Method::PUT, Method::PUT, true),
        (303, Method::PUT, Method::GET, false),
        (307, Method::POST, Method::POST, true),
        (308, Method::POST, Method::POST, true),
    ] {
        let script = Script::sequence(vec![redirect(status, "/y?z=1"), ok("1")]);
        let client = script.client().0.build().unwrap();
        let request = client.request(method, "/x").param("a", 1).json(&json!({}));
        let response = request.send().await.unwrap();
        assert_eq!(response.url.as_str(), "https://api.test/y?z=1");
        let sent = &script.sent()[1];
        assert_eq!(sent.method, after, "{status}");
        assert_eq!(sent.body.is_some(), keeps_body, "{status}");
        assert_eq!(
            sent.headers.contains_key("content-type"),
            keeps_body,
            "{status}"
        );
    }
}

#[tokio::test]
async fn redirects_end_after_thirty() {
    let script = Script::sequence(vec![redirect(302, "/again")]);
    let client = script.client().0.build().unwrap();
    let error = client.get("/x").send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET https://api.test/x was redirected more than 30 times"
    );
    assert_eq!(script.sent().len(), 31);
}

#[tokio::test]
async fn a_key_in_the_query_follows_redirects_within_the_origin_once() {
    let script = Script::new(|request| match request.url.path() {
        "/x" => redirect(302, "/y?key=stale&b=1"),
        _ => ok("1"),
    });
    let auth = ApiKey::new("key", "k1").location(KeyLocation::Query);
    let client = script.client().0.auth(auth).build().unwrap();
    let response = client.get("/x").param("a", 1).send().await.unwrap();
    assert_eq!(
        script.log(),
        [
            "GET https://api.test/x?a=1&key=k1",
            "GET https://api.test/y?b=1&key=k1"
        ]
    );
    assert_eq!(
        response.url.as_str(),
        "https://api.test/y?key=stale&b=1",
        "without what auth added"
    );
}

#[tokio::test]
async fn credentials_in_a_link_of_the_server_are_ignored() {
    let script = Script::sequence(vec![redirect(302, "https://u:p@api.test/y"), ok("1")]);
    let client = script.client().0.build().unwrap();
    client.get("/x").send().await.unwrap();
    assert_eq!(script.log()[1], "GET https://api.test/y");
    assert!(!script.sent()[1].headers.contains_key(AUTHORIZATION));
}

#[tokio::test]
async fn user_and_password_in_the_base_url_become_basic_auth() {
    let script = Script::sequence(vec![ok("1")]);
    let client = apiduct_client::Client::builder("https://ada:pw@api.test/v1")
        .transport(script.clone())
        .build()
        .unwrap();
    client.get("x").send().await.unwrap();
    assert_eq!(script.log(), ["GET https://api.test/v1/x"]);
    assert_eq!(script.sent()[0].headers[AUTHORIZATION], "Basic YWRhOnB3");
}

#[tokio::test]
async fn one_call_can_go_without_credentials() {
    let script = Script::sequence(vec![ok("1")]);
    let client = script
        .client()
        .0
        .auth(Bearer::new("t0ken"))
        .build()
        .unwrap();
    client.get("/x").auth(NoAuth).send().await.unwrap();
    assert!(!script.sent()[0].headers.contains_key(AUTHORIZATION));
}

#[tokio::test]
async fn an_empty_token_is_an_error_before_anything_is_sent() {
    let script = Script::sequence(vec![ok("1")]);
    let client = script.client().0.auth(Bearer::new("")).build().unwrap();
    let error = client.get("/x").send().await.unwrap_err();
    assert!(matches!(
        error,
        Error::Auth {
            source: AuthError::Missing { .. },
            ..
        }
    ));
    assert!(script.sent().is_empty());
}

/// Gives another token at every call.
#[derive(Debug, Default)]
struct Renewing {
    calls: AtomicU32,
}

#[async_trait]
impl Auth for Renewing {
    async fn authorize(&self, request: &mut Request, _: &AuthContext<'_>) -> Result<(), AuthError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let value = HeaderValue::from_str(&format!("token {call}")).unwrap();
        request.set_header(AUTHORIZATION, value);
        Ok(())
    }

    fn rejected(&self, _: &Request, _: &Response) -> OnRejected {
        OnRejected::RetryOnce
    }
}

#[tokio::test]
async fn rejected_credentials_are_renewed_once_without_a_wait() {
    let script = Script::new(|request| match request.headers[AUTHORIZATION].as_bytes() {
        b"token 1" => answer(401, &[], ""),
        _ => ok("1"),
    });
    let (builder, timer) = script.client();
    let client = builder.auth(Renewing::default()).build().unwrap();
    assert_eq!(
        client.get("/x").send().await.unwrap().status,
        StatusCode::OK
    );
    assert!(timer.waits().is_empty());

    let stubborn = Script::sequence(vec![answer(401, &[], "")]);
    let client = stubborn
        .client()
        .0
        .auth(Renewing::default())
        .build()
        .unwrap();
    assert_eq!(
        client.get("/x").send().await.unwrap().status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(stubborn.sent().len(), 2);
}

#[tokio::test]
async fn credentials_are_put_on_every_try() {
    let script = Script::sequence(vec![answer(503, &[], ""), ok("1")]);
    let client = script.client().0.auth(Renewing::default()).build().unwrap();
    client.get("/x").send().await.unwrap();
    let sent = script.sent();
    assert_eq!(sent[0].headers[AUTHORIZATION], "token 1");
    assert_eq!(sent[1].headers[AUTHORIZATION], "token 2");
}
