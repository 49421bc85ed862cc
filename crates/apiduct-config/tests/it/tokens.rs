//! Authentication by tokens, from the file to a request.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use apiduct_client::auth::{Auth, LoginRandom, StoredTokens, Token, TokenStore};
use apiduct_client::{Client, TokioTimer};
use apiduct_config::resolve::{LoginFlow, Resolved, SecretSource};
use apiduct_config::spec::AuthSpec;
use apiduct_config::{Format, Plan};
use apiduct_model::{Hint, Redactor};
use apiduct_testkit::{MockApi, OAuthServer};
use serde_json::json;

/// Values from the outside.
#[derive(Debug, Default)]
struct Outside(HashMap<&'static str, String>);

impl SecretSource for Outside {
    fn env(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn file(&self, _: &str) -> io::Result<Option<String>> {
        Ok(None)
    }
}

struct World {
    server: OAuthServer,
    api: MockApi,
    outside: Outside,
    directory: tempfile::TempDir,
    redactor: Redactor,
}

impl World {
    fn new() -> Self {
        let server = OAuthServer::new()
            .client("program", "s3cret-program")
            .user("ada", "s3cret-ada")
            .assertions(|jwt| jwt.split('.').count() == 3)
            .refresh_token("s3cret-refresh")
            .rotating();
        let outside = [
            ("SECRET", "s3cret-program"),
            ("PASSWORD", "s3cret-ada"),
            ("REFRESH", "s3cret-refresh"),
        ];
        let outside = outside.map(|(name, value)| (name, value.to_owned()));
        let builder = MockApi::builder().json("/v1/me", &json!(1));
        Self {
            api: builder.oauth(&server).start(),
            server,
            outside: Outside(outside.into_iter().collect()),
            directory: tempfile::tempdir().unwrap(),
            redactor: Redactor::default(),
        }
    }

    fn plan(&self, auth: &str) -> Plan {
        let auth = auth.replace("BASE", self.api.base_url());
        let text = format!(
            "name: tracker\nclient:\n  base_url: {}/v1\n  auth: {auth}\nresources: [me]\n",
            self.api.base_url()
        );
        Plan::parse(&text, Format::Yaml, "t.yaml").unwrap()
    }

    fn resolved(&self, plan: &Plan) -> Resolved {
        let directory = self.directory.path();
        plan.resolve_in(&self.outside, &self.redactor, directory)
            .unwrap()
    }

    async fn status(&self, auth: Arc<dyn Auth>) -> u16 {
        let builder = Client::builder(self.api.url("/v1")).auth(auth);
        let client = builder.redactor(self.redactor.clone()).build().unwrap();
        client.get("/me").send().await.unwrap().status.as_u16()
    }

    fn form(&self, number: usize) -> Vec<String> {
        let form = self.api.requests_to("/oauth/token")[number].form();
        form.iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }
}

#[tokio::test]
async fn client_credentials_get_a_token_as_the_file_says() {
    let world = World::new();
    let plan = world.plan(
        "{type: oauth2_client_credentials, access_token_url: BASE/oauth/token, client_id: program, client_secret: '${env:SECRET}',
           scopes: [a, b], audience: x, access_token_request_data: {resource: r}, default_token_expiration: 60, headers: {X-T: t}}",
    );
    assert_eq!(world.status(world.resolved(&plan).auth).await, 200);
    assert_eq!(
        world.form(0),
        [
            "client_id=program",
            "client_secret=s3cret-program",
            "grant_type=client_credentials",
            "scope=a b",
            "audience=x",
            "resource=r",
        ]
    );
    assert_eq!(
        world.api.requests_to("/oauth/token")[0].header("x-t"),
        Some("t")
    );
    let shown = format!("{:?}", plan.describe());
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(world.redactor.contains_secret("s3cret-program"));
}

#[tokio::test]
async fn a_basic_client_and_other_paths_are_understood() {
    let world = World::new();
    let plan = world.plan(
        "{type: oauth2_client_credentials, token_url: BASE/oauth/token, client_id: program, client_secret: '${env:SECRET}',
           client_auth: basic, access_token_path: $.access_token, expires_in_path: expires_in, scopes: a, token: access-token-0}",
    );
    assert_eq!(world.status(world.resolved(&plan).auth).await, 200);
    let sent = &world.api.requests_to("/oauth/token")[0];
    assert!(sent.basic().is_some() && sent.form().len() == 2);
    assert_eq!(
        world.server.refused(),
        1,
        "the token of the file came first"
    );
}

#[tokio::test]
async fn refresh_tokens_are_kept_in_the_working_directory() {
    let world = World::new();
    let auth = "{type: oauth2_refresh_token, access_token_url: BASE/oauth/token, client_id: program, client_secret: '${env:SECRET}', refresh_token: '${env:REFRESH}'}";
    let plan = world.plan(auth);
    for _ in 0..2 {
        assert_eq!(world.status(world.resolved(&plan).auth).await, 200);
    }
    assert_eq!(world.server.token_requests(), 1);
    let file = world.directory.path().join("tokens/tracker.json");
    assert!(
        std::fs::read_to_string(file)
            .unwrap()
            .contains("refresh-token-1")
    );

    let own = world.directory.path().join("own.json");
    let auth = auth.replace("'}", &format!("', token_store: {}}}", own.display()));
    let _ = world.server.clone().refresh_token("s3cret-refresh");
    assert_eq!(
        world.status(world.resolved(&world.plan(&auth)).auth).await,
        200
    );
    assert!(own.exists());
}

#[tokio::test]
async fn a_jwt_is_signed_and_exchanged() {
    let world = World::new();
    let plan = world.plan(
        "{type: oauth_jwt, client_id: me, private_key: '${env:SECRET}', algorithm: HS256, auth_endpoint: BASE/oauth/token,
           key_id: k, audience: a, subject: s, lifetime: 10m, scopes: [a], claims: {n: 7, secret: '${env:PASSWORD}', iat: null},
           access_token_request_data: {client_id: program, client_secret: '${env:SECRET}'}}",
    );
    assert_eq!(world.status(world.resolved(&plan).auth).await, 200);
    let form = world.form(0);
    assert!(form[1].starts_with("assertion=ey"), "{form:?}");

    let plan = world.plan("{type: jwt, issuer: me, private_key: not PEM}");
    let error = Client::builder(world.api.url("/v1"))
        .auth(world.resolved(&plan).auth)
        .build()
        .unwrap();
    let error = error.get("/me").send().await.unwrap_err();
    assert!(error.hint().unwrap().contains("PEM"), "{error:?}");
}

#[tokio::test]
async fn a_login_is_sent_and_its_token_used() {
    let world = World::new();
    for auth in [
        "{type: session_login, path: BASE/login, json: {user: ada, password: '${env:PASSWORD}'}}",
        "{type: session_login, url: ../login, method: put, form: {user: ada, password: '${env:PASSWORD}'}, token_path: data.session,
            expires_in_path: data.expires_in}",
        "{type: session_login, path: BASE/login, form: {user: ada, password: '${env:PASSWORD}'}, token_header: X-Session, name: X-Session}",
        "{type: session_login, path: BASE/login, json: {user: ada, password: '${env:PASSWORD}'}, token_cookie: sid, send_as: cookie, name: sid}",
        "{type: session_login, path: BASE/login, json: {user: ada, password: '${env:PASSWORD}'}, send_as: query, name: session, lifetime: 1h}",
    ] {
        let auth = auth.replace("../login", "BASE/login");
        assert_eq!(world.status(world.resolved(&world.plan(&auth)).auth).await, 200, "{auth}");
    }
    let plan = world.plan("{type: session_login, path: auth/login, headers: {X-T: t}}");
    let client = Client::builder(world.api.url("/v1")).auth(world.resolved(&plan).auth);
    client.build().unwrap().get("/me").send().await.unwrap_err();
    assert_eq!(
        world.api.requests_to("/v1/auth/login")[0].header("x-t"),
        Some("t")
    );
}

#[test]
fn a_secret_that_is_missing_is_named_at_its_place() {
    let world = World::new();
    for auth in [
        "{type: oauth2_client_credentials, access_token_url: https://h, client_id: a, client_secret: '${env:NONE}'}",
        "{type: session_login, path: /login, json: [{password: '${env:NONE}'}]}",
        "{type: session_login, path: /login, form: {password: '${env:NONE}'}}",
        "{type: oauth_jwt, client_id: a, private_key: x, claims: {a: '${env:NONE}'}}",
    ] {
        let errors = world
            .plan(auth)
            .resolve(&world.outside, &world.redactor)
            .unwrap_err();
        let text = errors.to_string();
        assert!(
            text.contains("client.auth") && text.contains("`NONE`"),
            "{text}"
        );
    }
    let plan = world.plan("{type: oauth_jwt, client_id: a, private_key: x, claims: [1]}");
    let text = plan
        .resolve(&world.outside, &world.redactor)
        .unwrap_err()
        .to_string();
    assert!(text.contains("`claims` is no mapping"), "{text}");
}

#[test]
fn a_credential_in_the_file_itself_is_warned_of_and_never_shown() {
    let world = World::new();
    for auth in [
        "{type: oauth2_client_credentials, access_token_url: https://h, client_id: a, client_secret: hunter22}",
        "{type: session_login, path: /login, json: {inner: [{password: hunter22}]}}",
        "{type: session_login, path: /login, form: {password: hunter22}}",
        "{type: oauth_jwt, client_id: a, private_key: hunter22}",
        "{type: oauth2_refresh_token, access_token_url: https://h, client_id: a, refresh_token: hunter22}",
    ] {
        let plan = world.plan(auth);
        assert_eq!(plan.warnings.len(), 1, "{auth}");
        let shown = format!("{plan:?} {:?}", plan.describe());
        assert!(!shown.contains("hunter22"), "{shown}");
    }
}

#[test]
fn inline_authentication_keeps_tokens_by_server_and_program() {
    let auth = "{type: oauth2_refresh_token, access_token_url: 'https://login.test/x', client_id: a/b, refresh_token: r}";
    let spec = AuthSpec::parse(auth, "--auth").unwrap();
    let outside = Outside::default();
    let auth = spec
        .resolve("--auth", &outside, &Redactor::default())
        .unwrap();
    let shown = format!("{auth:?}").replace(['/', '\\'], "|");
    assert!(
        shown.contains(".apiduct|tokens|login.test-a_b.json"),
        "{shown}"
    );
}

const BROWSER: &str = "{type: oauth2_authorization_code, authorization_url: BASE/authorize, access_token_url: BASE/oauth/token, client_id: program, client_secret: '${env:SECRET}', scopes: [read, write], authorization_params: {prompt: '${env:PASSWORD}'}}";

#[tokio::test]
async fn a_login_in_the_browser_is_described_and_its_tokens_are_used() {
    let world = World::new();
    let plan = world.plan(BROWSER);
    let shown = &plan.describe().resources[0].auth;
    assert!(
        shown.starts_with("OAuth2 login in a browser, from `http"),
        "{shown}"
    );
    let resolved = world.resolved(&plan);
    let [login] = resolved.logins.as_slice() else {
        panic!("one login was expected: {:?}", resolved.logins);
    };
    assert_eq!(login.key, "client.auth");
    assert_eq!(
        login.store.path(),
        world.directory.path().join("tokens/tracker.json")
    );
    let LoginFlow::AuthorizationCode { flow, redirect_uri } = &login.flow else {
        panic!("{login:?}");
    };
    let begun = flow.begin(redirect_uri.as_str(), LoginRandom::from_bytes([1; 48]));
    let url = begun.unwrap().url().to_string();
    assert!(url.contains("scope=read+write&prompt=s3cret-ada"), "{url}");
    assert!(
        url.contains("redirect_uri=http%3A%2F%2F127.0.0.1%2Fcallback"),
        "{url}"
    );

    let client = Client::builder(world.api.url("/v1")).auth(Arc::clone(&resolved.auth));
    let error = client.build().unwrap().get("/me").send().await.unwrap_err();
    assert!(error.is_login_needed(), "{error:?}");
    let place = world.directory.path().display();
    let hint = format!("run `apiduct auth t.yaml --working-dir {place}`");
    assert_eq!(error.hint().unwrap(), hint);

    let tokens = StoredTokens::new()
        .access(Token::new("old"))
        .refresh("s3cret-refresh");
    let mut held = login.store.lock(&TokioTimer::default()).await.unwrap();
    held.save(&tokens).unwrap();
    drop(held);
    assert_eq!(world.status(world.resolved(&plan).auth).await, 200);
    assert_eq!(world.server.token_requests(), 1);
}

#[test]
fn who_writes_the_same_login_twice_logs_in_once() {
    let world = World::new();
    let device = "{type: oauth2_device_code, device_url: BASE/device, access_token_url: BASE/oauth/token, client_id: program}";
    let text = format!(
        "name: tracker\nclient:\n  base_url: BASE/v1\n  auth: {device}\nresources:\n- all\n- {{name: own, endpoint: {{auth: {device}}}}}\n- {{name: other, endpoint: {{auth: {BROWSER}}}}}\n- {{name: none, endpoint: {{auth: null}}}}\n"
    );
    let text = text.replace("BASE", world.api.base_url());
    let plan = Plan::parse(&text, Format::Yaml, "t.yaml").unwrap();
    let resolved = world.resolved(&plan);
    let files: Vec<_> = resolved
        .logins
        .iter()
        .map(|login| login.store.path())
        .collect();
    let folder = world.directory.path().join("tokens");
    assert_eq!(
        files,
        [folder.join("tracker.json"), folder.join("tracker.2.json")]
    );
    let keys = |name: &str| -> Vec<String> {
        let needed = resolved.logins_for(plan.resource(name).unwrap());
        needed.iter().map(|login| login.key.clone()).collect()
    };
    assert_eq!(keys("all"), ["client.auth"]);
    assert_eq!(keys("own"), ["client.auth"]);
    assert_eq!(keys("other"), ["resources[2].endpoint.auth"]);
    assert!(keys("none").is_empty());
}

#[test]
fn a_browser_may_come_back_to_this_machine_only() {
    let world = World::new();
    let auth = BROWSER.replace("scopes:", "redirect_uri: 'https://example.com/', scopes:");
    let errors = world.plan(&auth).resolve(&world.outside, &world.redactor);
    let text = errors.unwrap_err().to_string();
    assert!(
        text.contains("client.auth") && text.contains("an http URL of this machine"),
        "{text}"
    );
}
