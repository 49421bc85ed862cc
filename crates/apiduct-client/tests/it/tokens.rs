//! Tokens from token endpoints: fetched once, renewed in time, never shown.

use std::time::Duration;

use apiduct_client::auth::{ClientAuth, OAuth2ClientCredentials, Token, TokenEndpoint};
use apiduct_client::{Client, Error};
use apiduct_model::{Clock, Hint};
use apiduct_testkit::{Fault, MockApi, MockApiBuilder, OAuthServer, Reply};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{FakeTimer, Script, answer, ok, redirect, report};

const SECRET: &str = "s3cr/t+k&y";

/// An API behind `server`, a client of it by client credentials, and their common clock.
fn api_of(server: &OAuthServer, builder: MockApiBuilder) -> (MockApi, Client, FakeTimer) {
    let timer = FakeTimer::new();
    let api = builder.oauth(server).clock(timer.0.clone()).start();
    let client = client_of(&api, &timer, credentials(&api));
    (api, client, timer)
}

fn credentials(api: &MockApi) -> OAuth2ClientCredentials {
    OAuth2ClientCredentials::new(api.url("/oauth/token"), "program", SECRET)
}

fn client_of(api: &MockApi, timer: &FakeTimer, auth: OAuth2ClientCredentials) -> Client {
    let builder = Client::builder(api.base_url()).auth(auth);
    builder
        .timer(std::sync::Arc::new(timer.clone()))
        .build()
        .unwrap()
}

fn server() -> OAuthServer {
    OAuthServer::new().client("program", SECRET)
}

fn me() -> MockApiBuilder {
    MockApi::builder().json("/me", &json!({"name": "Ada"}))
}

async fn status(client: &Client) -> u16 {
    client.get("/me").send().await.unwrap().status.as_u16()
}

async fn error(client: &Client) -> Error {
    client.get("/me").send().await.unwrap_err()
}

#[tokio::test]
async fn sixty_four_tasks_at_expiry_cause_one_refresh() {
    let server = server();
    let (_api, client, timer) = api_of(&server, me());
    assert_eq!(status(&client).await, 200);
    timer.0.advance(Duration::from_secs(3600 - 30));
    let statuses = join_all((0..64).map(|_| status(&client))).await;
    assert_eq!(statuses, [200; 64]);
    assert_eq!((server.token_requests(), server.refused()), (2, 0));
}

#[tokio::test]
async fn sixty_four_tasks_with_a_revoked_token_cause_one_refresh() {
    let server = server();
    let (_api, client, _) = api_of(&server, me());
    assert_eq!(status(&client).await, 200);
    server.revoke_all();
    let statuses = join_all((0..64).map(|_| status(&client))).await;
    assert_eq!(statuses, [200; 64]);
    assert_eq!(server.token_requests(), 2);
}

#[tokio::test]
async fn tokens_that_end_in_the_middle_of_a_walk_cost_no_row() {
    let records = (0..50).map(|id| json!({"id": id}));
    let by_uses = server().uses(3).lifetime(None);
    let by_time = server().lifetime(Some(Duration::from_mins(1)));
    for (server, pause) in [(by_uses, 0), (by_time, 25)] {
        let builder = MockApi::builder().collection("posts", records.clone());
        let (_api, client, timer) = api_of(&server, builder);
        let mut pages = client.paginate("/posts").send();
        let mut ids = Vec::new();
        while let Some(page) = pages.next().await.unwrap() {
            let posts = page.records::<Value>().unwrap();
            ids.extend(posts.iter().map(|post| post["id"].as_u64().unwrap()));
            timer.0.advance(Duration::from_secs(pause));
        }
        assert_eq!(ids, (0..50).collect::<Vec<_>>());
        assert!(server.token_requests() >= 4, "{server:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_never_accepted_is_refreshed_once_per_request() {
    let server = server().uses(0);
    let (_api, client, _) = api_of(&server, me());
    assert_eq!(status(&client).await, 401);
    assert_eq!((server.token_requests(), server.refused()), (2, 2));
}

#[tokio::test]
async fn a_given_token_is_used_before_one_is_fetched() {
    let server = server();
    let (api, client, timer) = api_of(&server, me());
    assert_eq!(status(&client).await, 200);
    let given = Token::new("access-token-1");
    let client = client_of(&api, &timer, credentials(&api).access_token(given));
    assert_eq!(status(&client).await, 200);
    assert_eq!(server.token_requests(), 1);
    server.revoke_all();
    assert_eq!(status(&client).await, 200);
    assert_eq!(server.token_requests(), 2);
}

#[tokio::test]
async fn the_token_request_is_what_the_standard_says() {
    let server = server();
    let (api, _, timer) = api_of(&server, me());
    let auth = credentials(&api)
        .scopes(["read", "list"])
        .audience("https://api.test")
        .param("resource", "r")
        .param("scope", "other");
    assert_eq!(status(&client_of(&api, &timer, auth)).await, 200);
    let sent = &api.requests_to("/oauth/token")[0];
    let form: Vec<String> = sent
        .form()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        form,
        [
            "client_id=program",
            &format!("client_secret={SECRET}"),
            "grant_type=client_credentials",
            "audience=https://api.test",
            "resource=r",
            "scope=other",
        ]
    );
    assert_eq!(
        sent.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(sent.header("accept"), Some("application/json"));

    let auth = credentials(&api).client_auth(ClientAuth::Basic);
    let refused = error(&client_of(&api, &timer, auth)).await;
    let sent = &api.requests_to("/oauth/token")[1];
    assert_eq!(
        sent.basic(),
        Some(("program".to_owned(), "s3cr%2Ft%2Bk%26y".to_owned())),
        "form-encoded, as RFC 6749 has it"
    );
    assert_eq!(
        sent.form(),
        [("grant_type".to_owned(), "client_credentials".to_owned())]
    );
    assert!(!leaks(&format!("{} {refused:?}", report(&refused))));
}

/// Whether `text` holds the secret in any form it is sent in.
fn leaks(text: &str) -> bool {
    ["s3cr", "czNjci90K2sme"]
        .iter()
        .any(|part| text.contains(part))
}

#[tokio::test]
async fn a_wrong_secret_is_an_error_that_says_what_the_server_said() {
    let server = OAuthServer::new().client("program", "another one");
    let (_api, client, timer) = api_of(&server, me());
    let error = error(&client).await;
    let text = report(&error);
    assert!(
        text.contains("/me was not sent: no token could be obtained: POST http://"),
        "{text}"
    );
    assert!(
        text.ends_with("/oauth/token answered 401: invalid_client (invalid_client it is)"),
        "{text}"
    );
    assert!(error.hint().unwrap().contains("client id and secret"));
    assert!(!leaks(&format!("{text} {error:?} {client:?}")));
    assert!(timer.waits().is_empty(), "nothing is tried again");
}

#[tokio::test]
async fn a_server_that_sends_the_secret_back_does_not_make_us_show_it() {
    for reply in [
        Reply::json(
            &json!({"error": "invalid_client", "error_description": format!("not {SECRET}")}),
        ),
        Reply::text(format!("no client with {SECRET}")),
        Reply::html("<h1>s3cr%2Ft%2Bk%26y</h1>"),
    ] {
        let server = server();
        let (_api, client, _) = api_of(&server, me());
        server.reply_next(reply.with_status(400));
        let error = error(&client).await;
        let text = format!("{} {error:?}", report(&error));
        assert!(text.contains("***") && !leaks(&text), "{text}");
    }
}

#[tokio::test]
async fn trouble_of_the_token_endpoint_is_waited_out() {
    let server = server();
    server.reply_next(Reply::status(503));
    server.reply_next(Reply::status(429).header("Retry-After", "7"));
    server.spoil_next(Fault::Truncate(0.0));
    server.spoil_next(Fault::Truncate(0.0));
    server.spoil_next(Fault::Reset);
    let (_api, client, timer) = api_of(&server, me());
    assert_eq!(status(&client).await, 200);
    assert_eq!(timer.waits(), [1.0, 7.0, 4.0]);
    assert_eq!(server.token_requests(), 4);
}

#[tokio::test]
async fn a_token_answer_that_is_cut_at_its_right_length_is_asked_for_again() {
    let server = server();
    server.spoil_next(Fault::CutJson(0.5));
    server.spoil_next(Fault::WrongCharset);
    let (_api, client, timer) = api_of(&server, me());
    assert_eq!(status(&client).await, 200);
    assert_eq!(timer.waits(), [1.0, 2.0]);
    assert_eq!(server.token_requests(), 3);
}

#[tokio::test]
async fn a_token_endpoint_that_stays_down_is_an_error_shared_for_five_seconds() {
    let server = server();
    (0..5).for_each(|_| server.reply_next(Reply::error(503, "maintenance")));
    let (_api, client, timer) = api_of(&server, me());
    let first = report(&error(&client).await);
    assert!(first.contains("answered 503: maintenance"), "{first}");
    assert_eq!(report(&error(&client).await), first);
    assert_eq!(server.token_requests(), 4);
    timer.0.advance(Duration::from_secs(5));
    assert_eq!(status(&client).await, 200);
    assert_eq!(server.token_requests(), 6);
}

#[tokio::test]
async fn no_secret_goes_where_it_could_be_read() {
    let script = Script::sequence(vec![ok("{}")]);
    for url in [
        "http://login.test/token",
        "ftp://h/token",
        "token",
        "https://u:p@h/token",
    ] {
        let (builder, _) = script.client();
        let auth = OAuth2ClientCredentials::new(url, "program", SECRET);
        let error = error(&builder.auth(auth).build().unwrap()).await;
        let text = format!("{} {error:?}", report(&error));
        assert!(
            text.contains("https") && !leaks(&text) || text.contains("user name"),
            "{text}"
        );
    }
    assert!(script.log().is_empty());

    let endpoint = TokenEndpoint::new("http://login.test/token", "program").allow_http(true);
    let (builder, _) = script.client();
    let client = builder
        .auth(OAuth2ClientCredentials::at(endpoint))
        .build()
        .unwrap();
    error(&client).await;
    assert_eq!(script.log(), ["POST http://login.test/token"]);
}

#[tokio::test]
async fn a_redirect_takes_no_secret_to_another_origin() {
    for (status, target) in [
        (307, "https://evil.test/token"),
        (308, "http://login.test/token"),
        (307, "https://login.test:8443/token"),
        (302, "https://login.test/other"),
    ] {
        let script = Script::new(move |_| redirect(status, target));
        let auth = OAuth2ClientCredentials::new("https://login.test/token", "program", SECRET);
        let client = script.client().0.auth(auth).build().unwrap();
        let text = report(&error(&client).await);
        assert!(text.contains("is not followed"), "{text}");
        assert_eq!(script.log(), ["POST https://login.test/token"]);
    }
    let script = Script::new(|request| match request.url.path() {
        "/token" => redirect(307, "/v2/token"),
        "/v2/token" => ok(r#"{"access_token": "the token"}"#),
        _ => ok(format!(
            "{:?}",
            request.headers["authorization"].as_bytes() == b"Bearer the token"
        )),
    });
    let auth = OAuth2ClientCredentials::new("https://login.test/token", "program", SECRET);
    let client = script.client().0.auth(auth).build().unwrap();
    assert_eq!(client.get("/me").send().await.unwrap().text(), "true");
}

#[tokio::test]
async fn lifetimes_are_read_as_numbers_and_texts_and_are_an_hour_by_default() {
    for (said, lasts) in [
        (json!(600), 600),
        (json!("600"), 600),
        (json!(600.5), 600),
        (json!(null), 3600),
        (json!("soon"), 3600),
        (json!(0), 3600),
        (json!(-1), 3600),
    ] {
        let server = server().lifetime(None).field("expires_in", said.clone());
        let (_api, client, timer) = api_of(&server, me());
        assert_eq!(status(&client).await, 200);
        timer.0.advance(Duration::from_secs(lasts - 31));
        assert_eq!(
            (status(&client).await, server.token_requests()),
            (200, 1),
            "{said}"
        );
        timer.0.advance(Duration::from_secs(2));
        assert_eq!(
            (status(&client).await, server.token_requests()),
            (200, 2),
            "{said}"
        );
    }
}

#[tokio::test]
async fn answers_of_another_shape_are_read_where_they_say() {
    let script = Script::new(|request| match request.url.path() {
        "/token" => ok(r#"{"data": {"token": "the token", "life": "100"}}"#),
        _ => ok("1"),
    });
    let endpoint = || {
        TokenEndpoint::new("https://login.test/token", "program")
            .client_secret(SECRET)
            .header("X-Tenant", "t")
    };
    let auth = endpoint()
        .access_token_path("data.token")
        .expires_in_path("data.life");
    let (builder, timer) = script.client();
    let client = builder
        .auth(OAuth2ClientCredentials::at(auth))
        .build()
        .unwrap();
    client.get("/me").send().await.unwrap();
    timer.0.advance(Duration::from_secs(90));
    client.get("/me").send().await.unwrap();
    let sent = script.sent();
    assert_eq!(
        sent.len(),
        4,
        "the token was renewed a tenth of its life early"
    );
    assert_eq!(sent[0].headers["x-tenant"], "t");
    assert_eq!(sent[1].headers["authorization"], "Bearer the token");

    let auth = OAuth2ClientCredentials::at(endpoint());
    let client = script.client().0.auth(auth).build().unwrap();
    let text = report(&error(&client).await);
    assert!(
        text.ends_with(
            "answered 200 without a usable token: no text is at `access_token`; it has `data`"
        ),
        "{text}"
    );
}

#[tokio::test]
async fn an_error_with_status_200_is_an_error() {
    let script = Script::sequence(vec![ok(r#"{"error": "bad_verification_code"}"#)]);
    let auth = OAuth2ClientCredentials::new("https://login.test/token", "program", SECRET);
    let client = script.client().0.auth(auth).build().unwrap();
    let text = report(&error(&client).await);
    assert!(
        text.ends_with("answered 200: bad_verification_code"),
        "{text}"
    );
}

#[tokio::test]
async fn a_fresh_token_is_masked_in_errors_at_once() {
    let script = Script::new(|request| match request.url.path() {
        "/token" => ok(r#"{"access_token": "canary-token", "refresh_token": "canary-refresh"}"#),
        _ => answer(404, &[], "no canary-token, no canary-refresh"),
    });
    let auth = OAuth2ClientCredentials::new("https://login.test/token", "program", SECRET);
    let client = script.client().0.auth(auth).build().unwrap();
    let response = client.get("/me").send().await.unwrap();
    let error = response.error_for_status().unwrap_err();
    let text = format!("{} {error:?} {client:?}", report(&error));
    assert!(
        text.contains("no ***, no ***") && !text.contains("canary"),
        "{text}"
    );
}

#[tokio::test]
async fn a_calendar_that_jumps_costs_a_token_and_no_error() {
    let server = server();
    let (_api, client, timer) = api_of(&server, me());
    assert_eq!(status(&client).await, 200);
    let before = timer.now();
    timer.0.advance(Duration::from_hours(24));
    assert!(timer.now() > before);
    assert_eq!(status(&client).await, 200);
    assert_eq!((server.token_requests(), server.refused()), (2, 0));
}
