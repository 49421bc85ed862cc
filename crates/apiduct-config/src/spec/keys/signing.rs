//! Authentication by signature, and by several keys.

use super::{AUTH, PLAIN, SECRET, key, words};
use crate::spec::table::{Kind, Object, Words};

static ALGORITHM: Words = words("hash function", &["sha256", "sha512", "sha1"]);
static ENCODING: Words = words("encoding of a signature", &["hex", "base64", "base64url"]);
static SECRET_ENCODING: Words = words("encoding of a secret", &["text", "hex", "base64"]);
static TIMESTAMP: Words = words(
    "form of a timestamp",
    &["seconds", "milliseconds", "iso8601", "http"],
);
static ORDER: Words = words("order of keys", &["round_robin", "least_recently_limited"]);

typed_object!(
    HMAC,
    "auth_hmac",
    "auth `hmac`",
    "A signature over parts of the request, made with a shared secret (HMAC).",
    [
        key(
            "secret",
            SECRET,
            "The shared secret, best by reference: `${env:NAME}`."
        )
        .required(),
        key(
            "secret_encoding",
            Kind::Word(&SECRET_ENCODING),
            "How the secret is written; its bytes are the key."
        )
        .or("text"),
        key("key_id", SECRET, "The name of the key, for `{key_id}`."),
        key("algorithm", Kind::Word(&ALGORITHM), "The hash function.").or("sha256"),
        key(
            "encoding",
            Kind::Word(&ENCODING),
            "How the signature is written."
        )
        .or("hex"),
        key(
            "timestamp_format",
            Kind::Word(&TIMESTAMP),
            "How `{timestamp}` is written."
        )
        .or("seconds"),
        key(
            "message",
            Kind::Signature,
            "What is signed, with fields such as `{timestamp}{method}{target}{body}`."
        )
        .required(),
        key(
            "headers",
            Kind::Map(&Kind::Signature),
            "Headers that are sent, with fields such as `{signature}`."
        ),
        key(
            "params",
            Kind::Map(&Kind::Signature),
            "Query parameters that are sent, with fields such as `{signature}`."
        ),
    ]
);
typed_object!(
    AWS_SIGV4,
    "auth_aws_sigv4",
    "auth `aws_sigv4`",
    "AWS Signature Version 4.",
    [
        key("access_key", SECRET, "The id of the access key.").required(),
        key(
            "secret_key",
            SECRET,
            "The secret access key, best by reference: `${env:NAME}`."
        )
        .required(),
        key(
            "session_token",
            SECRET,
            "The token of a session, for temporary credentials."
        ),
        key("region", SECRET, "The region, such as `eu-central-1`.").required(),
        key(
            "service",
            SECRET,
            "The service, such as `execute-api` or `s3`."
        )
        .required(),
        key(
            "double_encode",
            Kind::Bool,
            "Whether the path is encoded once more before it is signed; for all services but `s3` if left out."
        ),
    ]
);
typed_object!(
    POOL,
    "auth_pool",
    "auth `pool`",
    "Several credentials as one; a key that is refused steps back for the others.",
    [
        key(
            "keys",
            Kind::List(&Kind::Tagged(&AUTH)),
            "The credentials, each written like `auth` itself."
        )
        .required(),
        key(
            "order",
            Kind::Word(&ORDER),
            "Which of the free keys is next: they take turns, or one is used until it is limited."
        )
        .or("round_robin"),
        key(
            "rest",
            Kind::Duration,
            "How long a key rests after a 429 that names no wait."
        )
        .or("60s"),
    ]
);

pub(super) static HMAC_AUTH: &Object = &HMAC;
pub(super) static AWS_AUTH: &Object = &AWS_SIGV4;
pub(super) static POOL_AUTH: &Object = &POOL;
