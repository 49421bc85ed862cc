//! Logins by a person: authorization code and device code.

use std::sync::Arc;
use std::time::Duration;

use apiduct_client::auth::{
    AuthorizationCode, DeviceCode, FileTokenStore, LoginRandom, OAuth2RefreshToken, TokenContext,
    TokenEndpoint, TokenError, keep_tokens,
};
use apiduct_client::transport::ReqwestTransport;
use apiduct_client::{Client, Timer};
use apiduct_model::Redactor;
use apiduct_testkit::{MockApi, OAuthServer, Reply};
use serde_json::json;

use crate::support::FakeTimer;

struct World {
    server: OAuthServer,
    api: MockApi,
    timer: FakeTimer,
    context: TokenContext,
}

impl World {
    fn new() -> Self {
        let server = OAuthServer::new().client("program", "").approving();
        let timer = FakeTimer::new();
        let api = MockApi::builder()
            .json("/me", &json!({"name": "Ada"}))
            .oauth(&server)
            .clock(timer.0.clone())
            .start();
        let transport = ReqwestTransport::builder().build().unwrap();
        let shared: Arc<dyn Timer> = Arc::new(timer.clone());
        let context = TokenContext::new(Arc::new(transport), shared, Redactor::default());
        Self {
            server,
            api,
            timer,
            context,
        }
    }

    fn endpoint(&self) -> TokenEndpoint {
        TokenEndpoint::new(self.api.url("/oauth/token"), "program")
    }

    fn device(&self) -> DeviceCode {
        DeviceCode::new(self.api.url("/device"), self.endpoint())
    }

    fn refuse_next(&self, codes: &[&str]) {
        for code in codes {
            let reply = Reply::json(&json!({"error": code})).with_status(400);
            self.server.reply_next(reply);
        }
    }
}

/// Opens `url` as a browser would, up to the way back to this machine.
async fn browse(url: &str) -> String {
    let client = Client::builder(url).build().unwrap();
    let hop = apiduct_client::auth::NoAuth;
    let error = client.get("").auth(hop).send().await;
    match error {
        Err(error) => error.to_string(),
        Ok(response) => response.url.to_string(),
    }
}

#[tokio::test]
async fn a_code_from_the_browser_gets_tokens_that_are_kept_and_renewed() {
    let world = World::new();
    let flow = AuthorizationCode::new(world.api.url("/authorize"), world.endpoint());
    let random = LoginRandom::from_bytes([3; 48]);
    let back = world.api.url("/oauth/back");
    let login = flow.begin(&back, random).unwrap();
    let landed = browse(login.url().as_str()).await;
    let (_, query) = landed.split_once('?').unwrap();
    let code = login.code(query).unwrap();
    let granted = flow.finish(&login, &code, &world.context).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let store = FileTokenStore::new(folder.path().join("t.json"));
    keep_tokens(&granted, &store, &world.context).await.unwrap();
    let auth = OAuth2RefreshToken::at(world.endpoint()).store(store);
    let client = Client::builder(world.api.base_url())
        .auth(auth)
        .timer(Arc::new(world.timer.clone()))
        .build()
        .unwrap();
    assert_eq!(client.get("/me").send().await.unwrap().status, 200);
    assert_eq!(world.server.token_requests(), 1, "the kept token is used");
    world.timer.0.advance(Duration::from_hours(2));
    assert_eq!(client.get("/me").send().await.unwrap().status, 200);
    assert_eq!(world.server.token_requests(), 2, "and renewed");
}

#[tokio::test]
async fn a_code_is_no_use_without_its_verifier() {
    let world = World::new();
    let flow = AuthorizationCode::new(world.api.url("/authorize"), world.endpoint());
    let back = world.api.url("/oauth/back");
    let begin = |byte: u8| {
        flow.begin(&back, LoginRandom::from_bytes([byte; 48]))
            .unwrap()
    };
    let (own, other) = (begin(1), begin(2));
    let landed = browse(own.url().as_str()).await;
    let code = own.code(landed.split_once('?').unwrap().1).unwrap();
    let error = flow
        .finish(&other, &code, &world.context)
        .await
        .unwrap_err();
    assert!(matches!(error, TokenError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn a_device_asks_as_often_as_it_may_until_the_person_has_logged_in() {
    let world = World::new();
    let flow = world.device();
    let login = flow.begin(&world.context).await.unwrap();
    assert_eq!(login.user_code, "WDJB-MJHT");
    assert_eq!(login.verification_uri, world.api.url("/activate"));
    world.refuse_next(&[
        "authorization_pending",
        "slow_down",
        "authorization_pending",
    ]);
    let granted = flow.finish(&login, &world.context).await.unwrap();
    assert_eq!(world.timer.waits(), [5.0, 5.0, 10.0, 10.0]);
    assert!(granted.refresh.is_some());
}

#[tokio::test]
async fn a_device_login_that_is_refused_or_runs_out_ends() {
    for code in ["access_denied", "expired_token"] {
        let world = World::new();
        let flow = world.device();
        let login = flow.begin(&world.context).await.unwrap();
        world.refuse_next(&["authorization_pending", code]);
        let error = flow.finish(&login, &world.context).await.unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with(&format!("answered 400: {code}")),
            "{error}"
        );
        assert_eq!(world.timer.waits().len(), 2);
    }
}

#[tokio::test]
async fn a_device_does_not_ask_for_ever() {
    let world = World::new();
    let flow = world.device();
    let login = flow.begin(&world.context).await.unwrap();
    world.refuse_next(&["authorization_pending"; 500]);
    flow.finish(&login, &world.context).await.unwrap_err();
    let waited: f64 = world.timer.waits().iter().sum();
    assert!((waited - 1800.0).abs() < 0.5, "{waited}");
}

#[tokio::test]
async fn an_answer_without_a_user_code_names_what_is_there() {
    let world = World::new();
    let api = MockApi::builder()
        .post("/device", |_: &_| {
            Reply::json(&json!({"device_code": "d", "code": "x"}))
        })
        .start();
    let flow = DeviceCode::new(api.url("/device"), world.endpoint());
    let error = flow.begin(&world.context).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.ends_with(
            "without a usable token: no text is at `user_code`; it has `device_code`, `code`"
        ),
        "{text}"
    );
}
