use http::Method;
use serde_json::json;

use super::super::tests::authorize_at;
use super::*;
use crate::Body;

/// 2024-01-31T10:00:00.250Z.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_706_695_200_250)
}

fn pattern(text: &str) -> Pattern {
    text.parse().unwrap()
}

fn header(name: &str) -> Inject {
    Inject::header(name).unwrap()
}

/// A POST with all that can be signed.
fn request() -> Request {
    let url = "https://api.test:8443/v1/a%20b?z=2".parse().unwrap();
    let mut request = Request::new(Method::POST, url);
    request.params.push(("a".into(), "1 0".into()));
    request.body = Body::Json(json!({"x": 1}));
    request
}

/// What `text` stands for.
async fn rendered(text: &str) -> String {
    let auth = HmacSigning::new("secret", pattern(""))
        .key_id("my-key")
        .put(header("x-out"), pattern(text));
    let request = authorize_at(&auth, request(), now()).await.unwrap();
    request.headers["x-out"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn fields_stand_for_the_request_as_it_is_sent() {
    for (text, expected) in [
        ("{method} {host}", "POST api.test:8443"),
        ("{url}", "https://api.test:8443/v1/a%20b?z=2&a=1+0"),
        ("{path}|{query}", "/v1/a%20b|z=2&a=1+0"),
        ("{sorted_query}", "a=1+0&z=2"),
        ("{target}", "/v1/a%20b?z=2&a=1+0"),
        ("{body}", r#"{"x":1}"#),
        ("{key_id}/{timestamp}", "my-key/1706695200"),
        ("{header.content-type}", "application/json"),
        (
            "{body_hash}",
            "5041bf1f713df204784353e82f6a4a535931cb64f1f4b4a5aeaffcb720918b22",
        ),
        ("{{}}", "{}"),
    ] {
        assert_eq!(rendered(text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn the_signature_covers_the_message_and_goes_where_it_is_told() {
    let auth = HmacSigning::new("Jefe", pattern("what do ya want for nothing?"))
        .key_id("k")
        .put(
            header("Authorization"),
            pattern("HMAC {key_id}:{signature}"),
        )
        .put(Inject::query("sig"), pattern("{signature}"));
    let request = authorize_at(&auth, request(), now()).await.unwrap();
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(
        request.headers["authorization"],
        format!("HMAC k:{expected}")
    );
    assert!(request.headers["authorization"].is_sensitive());
    assert_eq!(request.param("sig").as_deref(), Some(expected));
}

#[tokio::test]
async fn what_is_sent_without_the_signature_is_signed() {
    let sign = async |message: &str| {
        let auth = HmacSigning::new("secret", pattern(message))
            .put(Inject::query("sig"), pattern("{signature}"))
            .put(Inject::query("ts"), pattern("{timestamp}"));
        let request = authorize_at(&auth, request(), now()).await.unwrap();
        request.param("sig").unwrap()
    };
    assert_eq!(sign("{query}").await, sign("z=2&a=1+0&ts=1706695200").await);
}

#[tokio::test]
async fn algorithms_encodings_and_secrets_are_as_configured() {
    let sign = async |auth: HmacSigning| {
        let auth = auth.put(header("x-sig"), pattern("{signature}"));
        let request = authorize_at(&auth, request(), now()).await.unwrap();
        request.headers["x-sig"].to_str().unwrap().to_owned()
    };
    let jefe = |secret: &str| HmacSigning::new(secret, pattern("what do ya want for nothing?"));
    let sha1 = jefe("Jefe").algorithm(HashAlgorithm::Sha1);
    assert_eq!(sign(sha1).await, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    let base64 = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";
    let encoded = jefe("Jefe").encoding(SignatureEncoding::Base64);
    assert_eq!(sign(encoded).await, base64);
    let encoded = jefe("4a656665")
        .secret_encoding(SecretEncoding::Hex)
        .encoding(SignatureEncoding::Base64Url);
    assert_eq!(sign(encoded).await, base64.trim_end_matches('='));
    let encoded = jefe("SmVmZQ==")
        .secret_encoding(SecretEncoding::Base64)
        .encoding(SignatureEncoding::Base64);
    assert_eq!(sign(encoded).await, base64);
}

#[test]
fn times_are_written_as_configured() {
    for (format, expected) in [
        (TimestampFormat::Seconds, "1706695200"),
        (TimestampFormat::Milliseconds, "1706695200250"),
        (TimestampFormat::Iso8601, "2024-01-31T10:00:00Z"),
        (TimestampFormat::Http, "Wed, 31 Jan 2024 10:00:00 GMT"),
    ] {
        assert_eq!(format.write(now()), expected);
    }
}

#[tokio::test]
async fn a_nonce_is_used_once_and_follows_the_seed() {
    let nonces = async |seed: u64| {
        let auth = HmacSigning::new("secret", pattern("{nonce}"))
            .nonce_seed(seed)
            .put(header("x-nonce"), pattern("{nonce}"));
        let mut nonces = Vec::new();
        for _ in 0..3 {
            let request = authorize_at(&auth, request(), now()).await.unwrap();
            nonces.push(request.headers["x-nonce"].to_str().unwrap().to_owned());
        }
        nonces
    };
    let first = nonces(1).await;
    assert_eq!(
        first,
        nonces(1).await,
        "the same seed and time, the same nonces"
    );
    let mut all = [first, nonces(2).await].concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 6);
    assert!(all.iter().all(|nonce| nonce.len() == 32));
}

#[tokio::test]
async fn what_cannot_be_signed_is_an_error_without_the_secret() {
    let missing = HmacSigning::new("s3cret", pattern("{header.x-date}"));
    let hex = HmacSigning::new("s3cret", pattern("")).secret_encoding(SecretEncoding::Hex);
    let place = HmacSigning::new("s3cret", pattern("")).put(Inject::Url, pattern("mailto:x"));
    for (auth, expected) in [
        (
            missing,
            "`message` of the hmac authentication cannot be sent: it names a header that the request does not have",
        ),
        (
            hex,
            "`secret` of the hmac authentication cannot be sent: it is not written as `secret_encoding` says",
        ),
        (
            place,
            "the hmac authentication cannot be written into the request",
        ),
        (
            HmacSigning::new("", pattern("")),
            "`secret` of the hmac authentication is empty",
        ),
    ] {
        let error = authorize_at(&auth, request(), now()).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(!format!("{error:?} {auth:?}").contains("s3cret"));
    }
}
