//! Signatures over whole requests: they are made last, and for every try.

use std::time::Duration;

use apiduct_client::auth::{ApiKey, AwsSigV4, HmacSigning, KeyLocation};
use apiduct_client::paginate::JsonLink;
use apiduct_client::transport::PreparedRequest;
use apiduct_client::{Inject, TransportError};
use http::header::AUTHORIZATION;
use serde_json::json;

use crate::support::{Script, answer, ok, redirect};

/// Shows in a header what is signed.
fn showing(message: &str) -> HmacSigning {
    HmacSigning::new("shared-secret", message.parse().unwrap())
        .put(
            Inject::header("X-Signed").unwrap(),
            message.parse().unwrap(),
        )
        .put(
            Inject::header("X-Signature").unwrap(),
            "{signature}".parse().unwrap(),
        )
}

fn signed(script: &Script) -> Vec<String> {
    let header =
        |request: &PreparedRequest| request.headers["x-signed"].to_str().unwrap().to_owned();
    script.sent().iter().map(header).collect()
}

#[tokio::test]
async fn every_try_is_signed_anew() {
    let script = Script::sequence(vec![answer(503, &[], ""), ok("{}")]);
    let (builder, timer) = script.client();
    let auth = showing("{timestamp} {nonce}");
    let client = builder.auth(auth).build().unwrap();
    client.get("/x").send().await.unwrap();
    let signed = signed(&script);
    assert_eq!(timer.waits().len(), 1);
    let second = |text: &str| text.split(' ').next().unwrap().parse::<u64>().unwrap();
    assert_eq!(second(&signed[1]) - second(&signed[0]), 1);
    assert_ne!(
        script.sent()[0].headers["x-signature"],
        script.sent()[1].headers["x-signature"]
    );
}

#[tokio::test]
async fn a_redirect_within_the_origin_is_signed_for_its_own_path() {
    let script = Script::new(|request| match request.url.path() {
        "/old" => redirect(307, "/new?b=2"),
        _ => ok("{}"),
    });
    let client = script.client().0.auth(showing("{target}")).build().unwrap();
    client.get("/old").param("a", 1).send().await.unwrap();
    assert_eq!(signed(&script), ["/old?a=1", "/new?b=2"]);
}

#[tokio::test]
async fn parameters_of_client_call_and_paginator_are_all_signed() {
    let script = Script::new(|request| {
        ok(match request.url.query().unwrap_or_default() {
            query if query.contains("page=2") => json!({"data": [2]}).to_string(),
            _ => json!({"data": [1], "next": "/x?page=2&api=1"}).to_string(),
        })
    });
    let (builder, _) = script.client();
    let client = builder
        .param("api", 1)
        .auth(showing("{method} {target}"))
        .paginator(JsonLink::new("next"))
        .build()
        .unwrap();
    let mut pages = client.paginate("/x").param("q", "a b").send();
    while pages.next().await.unwrap().is_some() {}
    assert_eq!(
        signed(&script),
        ["GET /x?api=1&q=a+b", "GET /x?page=2&api=1"]
    );
}

#[tokio::test]
async fn a_key_in_the_query_replaces_the_one_that_a_next_link_brings() {
    let script = Script::new(|request| {
        ok(match request.url.query().unwrap_or_default() {
            query if query.contains("page=2") => json!({"data": [2]}).to_string(),
            _ => json!({"data": [1], "next": "/x?key=my-key&page=2"}).to_string(),
        })
    });
    let (builder, _) = script.client();
    let client = builder
        .auth(ApiKey::new("key", "my-key").location(KeyLocation::Query))
        .paginator(JsonLink::new("next"))
        .build()
        .unwrap();
    let mut pages = client.paginate("/x").send();
    while pages.next().await.unwrap().is_some() {}
    assert_eq!(
        script.log(),
        [
            "GET https://api.test/x?key=my-key",
            "GET https://api.test/x?page=2&key=my-key"
        ]
    );
}

#[tokio::test]
async fn a_key_in_the_body_goes_into_what_the_caller_sends() {
    let script = Script::new(|_| ok("{}"));
    let (builder, _) = script.client();
    let auth = ApiKey::new("auth.key", "my-key").location(KeyLocation::Body);
    let client = builder.auth(auth).build().unwrap();
    client
        .post("/x")
        .json(&json!({"q": 1}))
        .send()
        .await
        .unwrap();
    assert_eq!(
        script.sent()[0].body.as_deref().unwrap(),
        br#"{"q":1,"auth":{"key":"my-key"}}"#
    );
}

#[tokio::test]
async fn aws_requests_are_signed_after_a_broken_connection_too() {
    let broken = TransportError::Broken {
        received: 0,
        source: apiduct_client::Cause::new("reset"),
    };
    let script = Script::sequence(vec![Err(broken), ok("{}")]);
    let (builder, timer) = script.client();
    let auth = AwsSigV4::new("AKIDEXAMPLE", "secret-key-1", "us-east-1", "execute-api");
    let client = builder.auth(auth).build().unwrap();
    timer.0.advance(Duration::from_hours(1));
    client.get("/x").param("q", "a b").send().await.unwrap();
    let sent = script.sent();
    assert_eq!(sent[0].headers["x-amz-date"], "20240101T010000Z");
    assert_eq!(sent[1].headers["x-amz-date"], "20240101T010001Z");
    assert_ne!(
        sent[0].headers[AUTHORIZATION],
        sent[1].headers[AUTHORIZATION]
    );
    assert_eq!(sent[1].url.as_str(), "https://api.test/x?q=a%20b");
    assert_eq!(client.redactor().redact("secret-key-1"), "***");
}
