//! Tokens that a login or a signed statement brings.

use std::sync::Arc;
use std::time::Duration;

use apiduct_client::Client;
use apiduct_client::auth::{
    Auth, JwtAlgorithm, JwtBearer, SessionLogin, TokenEndpoint, TokenFrom, TokenPlace,
};
use apiduct_model::Hint;
use apiduct_testkit::{MockApi, OAuthServer, Reply};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use crate::support::{FakeTimer, Script, ok, redirect, report};

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

fn rsa() -> (String, DecodingKey) {
    let key = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&key).unwrap();
    let parts = PublicKeyComponents::<Vec<u8>>::from(key.public_key());
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let public = DecodingKey::from_rsa_components(&part(&parts.n), &part(&parts.e)).unwrap();
    assert!(RsaKeyPair::from_pkcs8(der.as_ref()).is_ok());
    (pem("PRIVATE KEY", der.as_ref()), public)
}

fn ec() -> (String, DecodingKey) {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let der = key.to_pkcs8v1().unwrap();
    let public = DecodingKey::from_ec_der(key.public_key().as_ref());
    (pem("PRIVATE KEY", der.as_ref()), public)
}

/// Claims and header of a JWT that is signed well.
fn read(jwt: &str, key: &DecodingKey, algorithm: Algorithm) -> Option<(Value, Option<String>)> {
    let mut validation = Validation::new(algorithm);
    validation.validate_aud = false;
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let data = jsonwebtoken::decode::<Value>(jwt, key, &validation).ok()?;
    Some((data.claims, data.header.kid))
}

/// The JWT that `auth` sends as it is, and the client's timer.
async fn sent(auth: JwtBearer) -> String {
    let script = Script::new(|_| ok("1"));
    let client = script.client().0.auth(auth).build().unwrap();
    client.get("/x").send().await.unwrap();
    let value = script.sent()[0].headers["authorization"].clone();
    value
        .to_str()
        .unwrap()
        .strip_prefix("Bearer ")
        .unwrap()
        .to_owned()
}

async fn failure(auth: impl Auth + 'static) -> String {
    let client = Script::new(|_| ok("1"))
        .client()
        .0
        .auth(auth)
        .build()
        .unwrap();
    let error = client.get("/x").send().await.unwrap_err();
    assert!(error.hint().is_some(), "{error:?}");
    format!("{} {error:?}", report(&error))
}

#[tokio::test]
async fn a_jwt_states_what_it_was_told_to() {
    let (key, public) = ec();
    let auth = JwtBearer::new("me", key)
        .algorithm(JwtAlgorithm::ES256)
        .key_id("k1")
        .audience("https://api.test")
        .subject("ada")
        .lifetime(Duration::from_mins(10))
        .scopes(["read", "list"])
        .claim("tenant", json!({"id": 7}))
        .claim("iat", Value::Null);
    let (claims, key_id) = read(&sent(auth).await, &public, Algorithm::ES256).unwrap();
    assert_eq!(
        claims,
        json!({
            "iss": "me",
            "sub": "ada",
            "aud": "https://api.test",
            "exp": 1_704_067_200 + 600,
            "scope": "read list",
            "tenant": {"id": 7},
        })
    );
    assert_eq!(key_id.as_deref(), Some("k1"));
}

#[tokio::test]
async fn every_family_of_algorithms_signs() {
    let (rsa_key, rsa_public) = rsa();
    for (algorithm, inner) in [
        (JwtAlgorithm::RS256, Algorithm::RS256),
        (JwtAlgorithm::RS512, Algorithm::RS512),
        (JwtAlgorithm::PS256, Algorithm::PS256),
    ] {
        let auth = JwtBearer::new("me", rsa_key.as_str()).algorithm(algorithm);
        let jwt = sent(auth).await;
        assert!(read(&jwt, &rsa_public, inner).is_some(), "{algorithm:?}");
    }
    let one_line = rsa_key.replace('\n', "\\n");
    let jwt = sent(JwtBearer::new("me", one_line)).await;
    let (claims, _) = read(&jwt, &rsa_public, Algorithm::RS256).unwrap();
    assert_eq!(
        claims,
        json!({"iss": "me", "sub": "me", "iat": 1_704_067_200, "exp": 1_704_067_200 + 3600})
    );

    let jwt = sent(JwtBearer::new("me", "shared secret").algorithm(JwtAlgorithm::HS256)).await;
    let public = DecodingKey::from_secret(b"shared secret");
    assert!(read(&jwt, &public, Algorithm::HS256).is_some());

    let key = Ed25519KeyPair::generate().unwrap();
    let der = key.to_pkcs8v1().unwrap();
    let auth = JwtBearer::new("me", pem("PRIVATE KEY", der.as_ref()));
    let jwt = sent(auth.algorithm(JwtAlgorithm::EdDSA)).await;
    let public = DecodingKey::from_ed_der(key.public_key().as_ref());
    assert!(read(&jwt, &public, Algorithm::EdDSA).is_some());
}

#[tokio::test]
async fn a_jwt_is_signed_anew_before_it_ends() {
    let (key, _) = ec();
    let script = Script::new(|_| ok("1"));
    let (builder, timer) = script.client();
    let auth = JwtBearer::new("me", key).algorithm(JwtAlgorithm::ES256);
    let client = builder.auth(auth).build().unwrap();
    for seconds in [0, 3569, 1] {
        timer.0.advance(Duration::from_secs(seconds));
        client.get("/x").send().await.unwrap();
    }
    let sent = script.sent();
    assert_eq!(sent[0].headers, sent[1].headers);
    assert_ne!(sent[1].headers, sent[2].headers);
}

#[tokio::test]
async fn an_assertion_is_exchanged_for_a_token() {
    let (key, public) = rsa();
    let server = OAuthServer::new().assertions(move |jwt| {
        let claims = read(jwt, &public, Algorithm::RS256).map(|(claims, _)| claims);
        claims.is_some_and(|claims| claims["aud"].as_str().unwrap().ends_with("/oauth/token"))
    });
    let api = MockApi::builder()
        .json("/me", &json!(1))
        .oauth(&server)
        .start();
    let auth = JwtBearer::new("me", key).token_url(api.url("/oauth/token"));
    let client = Client::builder(api.base_url()).auth(auth).build().unwrap();
    for _ in 0..3 {
        assert_eq!(client.get("/me").send().await.unwrap().status, 200);
    }
    let requests = api.requests_to("/oauth/token");
    assert_eq!(requests.len(), 1);
    let form = requests[0].form();
    assert_eq!(form[0].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert!(
        client.redactor().contains_secret(&form[1].1),
        "the assertion is a secret too"
    );
    assert_eq!(form.len(), 2);

    let (other, _) = rsa();
    let endpoint = TokenEndpoint::new(api.url("/oauth/token"), "");
    let auth = JwtBearer::new("me", other).exchanged_at(endpoint);
    let client = Client::builder(api.base_url()).auth(auth).build().unwrap();
    let error = client.get("/me").send().await.unwrap_err();
    assert!(
        report(&error).contains("400: invalid_grant"),
        "{}",
        report(&error)
    );
}

#[tokio::test]
async fn a_key_that_cannot_sign_is_an_error_that_does_not_show_it() {
    let (ec_key, _) = ec();
    let cut = ec_key.replace("MI", "");
    let encrypted = pem("ENCRYPTED PRIVATE KEY", b"canary-key");
    let sec1 = pem("EC PRIVATE KEY", b"canary-key");
    for (key, problem) in [
        ("", "the private key is empty"),
        ("canary-key", "the private key is not PEM"),
        (&ec_key, "the private key is none for RS256"),
        (&cut, "the private key is none for RS256"),
        (&encrypted, "the private key is encrypted"),
        (&sec1, "the private key is not PKCS #8"),
    ] {
        let text = failure(JwtBearer::new("me", key)).await;
        assert!(text.contains(problem), "{text}");
        assert!(!text.contains("canary") && !text.contains("MI"), "{text}");
    }
    let shown = format!(
        "{:?}",
        JwtBearer::new("me", "canary-key").claim("a", "canary-claim")
    );
    assert!(!shown.contains("canary"), "{shown}");
}

fn login_api(server: &OAuthServer) -> (MockApi, FakeTimer) {
    let timer = FakeTimer::new();
    let builder = MockApi::builder().json("/me", &json!(1)).oauth(server);
    (builder.clock(timer.0.clone()).start(), timer)
}

fn server() -> OAuthServer {
    OAuthServer::new().user("ada", "s3cret-word")
}

fn client_of(api: &MockApi, timer: &FakeTimer, auth: SessionLogin) -> Client {
    let builder = Client::builder(api.base_url()).auth(auth);
    builder.timer(Arc::new(timer.clone())).build().unwrap()
}

fn by_json(api: &MockApi) -> SessionLogin {
    let body = json!({"user": "ada", "password": "s3cret-word"});
    SessionLogin::new(api.url("/login")).json(body)
}

#[tokio::test]
async fn a_session_token_is_taken_and_sent_as_told() {
    type Login = fn(&MockApi) -> SessionLogin;
    let fields = [("user", "ada"), ("password", "s3cret-word")];
    let logins: [(Login, &str, &str); 4] = [
        (by_json, "authorization", "Bearer access-token-1"),
        (
            |api| {
                by_json(api)
                    .token_from(TokenFrom::Header("X-Session".to_owned()))
                    .token_place(TokenPlace::header("X-Session", ""))
            },
            "x-session",
            "access-token-1",
        ),
        (
            |api| {
                by_json(api)
                    .token_from(TokenFrom::Cookie("sid".to_owned()))
                    .token_place(TokenPlace::Cookie("sid".to_owned()))
            },
            "cookie",
            "sid=access-token-1",
        ),
        (
            |api| {
                by_json(api)
                    .token_from(TokenFrom::Json("data.session".to_owned()))
                    .token_place(TokenPlace::Query("session".to_owned()))
            },
            "",
            "session=access-token-1",
        ),
    ];
    for (login, header, value) in logins {
        let server = server();
        let (api, timer) = login_api(&server);
        for auth in [login(&api), login(&api).form(fields)] {
            let client = client_of(&api, &timer, auth);
            assert_eq!(
                client.get("/me").send().await.unwrap().status,
                200,
                "{header}"
            );
        }
        let sent = &api.requests_to("/me")[0];
        if header.is_empty() {
            assert_eq!(sent.raw_query, value);
        } else {
            assert_eq!(sent.header(header), Some(value));
        }
        assert_eq!(
            api.requests_to("/login")[1].text(),
            "user=ada&password=s3cret-word"
        );
    }
}

#[tokio::test]
async fn a_session_is_renewed_on_401_and_when_its_time_is_over() {
    let server = server();
    let (api, timer) = login_api(&server);
    let auth = by_json(&api).expires_in_path("data.expires_in");
    let client = client_of(&api, &timer, auth);
    let ask = async || client.get("/me").send().await.unwrap().status.as_u16();
    assert_eq!((ask().await, server.token_requests()), (200, 1));
    timer.0.advance(Duration::from_secs(3575));
    assert_eq!(
        (ask().await, server.token_requests(), server.refused()),
        (200, 2, 0)
    );
    server.revoke_all();
    assert_eq!(
        (ask().await, server.token_requests(), server.refused()),
        (200, 3, 1)
    );

    let cookie = by_json(&api).token_from(TokenFrom::Cookie("sid".to_owned()));
    for (auth, refused) in [
        (cookie, 1),
        (by_json(&api).lifetime(Duration::from_hours(1)), 1),
        (by_json(&api), 2),
    ] {
        let client = client_of(&api, &timer, auth);
        client.get("/me").send().await.unwrap();
        timer.0.advance(Duration::from_hours(1));
        assert_eq!(client.get("/me").send().await.unwrap().status, 200);
        assert_eq!(server.refused(), refused);
    }
}

#[tokio::test]
async fn a_failed_login_says_why_and_not_with_what() {
    let server = server();
    let (api, timer) = login_api(&server);
    let wrong = SessionLogin::new(api.url("/login"))
        .json(json!({"user": "ada", "password": "s3cret-wrong"}));
    let missing = by_json(&api).token_from(TokenFrom::Json("session".to_owned()));
    let no_header = by_json(&api).token_from(TokenFrom::Header("X-Token".to_owned()));
    let no_cookie = by_json(&api).token_from(TokenFrom::Cookie("id".to_owned()));
    for (auth, problem) in [
        (wrong, "answered 401: wrong user or password"),
        (missing, "no text is at `session`; it has `token`, `data`"),
        (no_header, "there is no header `X-Token`"),
        (no_cookie, "there is no cookie `id`"),
    ] {
        let client = client_of(&api, &timer, auth);
        let error = client.get("/me").send().await.unwrap_err();
        let text = format!("{} {error:?} {client:?}", report(&error));
        assert!(text.contains(problem), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
    server.reply_next(Reply::error(400, "bad s3cret-word"));
    let client = client_of(&api, &timer, by_json(&api));
    let text = report(&client.get("/me").send().await.unwrap_err());
    assert!(text.contains("bad ***"), "{text}");
}

#[tokio::test]
async fn a_login_that_redirects_gives_its_cookie_and_is_not_followed() {
    let script = Script::new(|request| match request.url.path() {
        "/login" => {
            let mut answer = redirect(302, "https://evil.test/")?;
            let cookie = "sid=\"canary-token\"; HttpOnly".parse().unwrap();
            answer.headers.insert("set-cookie", cookie);
            Ok(answer)
        }
        _ => ok("1"),
    });
    let login = || SessionLogin::new("https://api.test/login").form([("user", "ada")]);
    let auth = login()
        .token_from(TokenFrom::Cookie("sid".to_owned()))
        .token_place(TokenPlace::Cookie("s".to_owned()));
    let client = script.client().0.auth(auth).build().unwrap();
    client.get("/x").send().await.unwrap();
    assert_eq!(
        script.log(),
        ["POST https://api.test/login", "GET https://api.test/x"]
    );
    assert_eq!(script.sent()[1].headers["cookie"], "s=canary-token");

    let client = script.client().0.auth(login()).build().unwrap();
    let text = report(&client.get("/x").send().await.unwrap_err());
    assert!(text.contains("is not followed"), "{text}");
}

#[tokio::test]
async fn a_login_goes_to_no_address_where_it_could_be_read() {
    let text = failure(SessionLogin::new("http://api.test/login?key=canary-key-1")).await;
    assert!(
        text.contains("is not https") && !text.contains("canary"),
        "{text}"
    );
}
