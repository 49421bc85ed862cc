//! Authentication.

use super::signing::{AWS_AUTH, HMAC_AUTH, POOL_AUTH};
use super::tokens::{
    BROWSER_AUTH, CREDENTIALS_AUTH, DEVICE_AUTH, JWT_AUTH, LOGIN_AUTH, REFRESH_AUTH,
};
use super::{PLAIN, SECRET, key, variant, words};
use crate::spec::table::{Kind, Object, ShortForm, Tagged, Variant, Words};

static LOCATION: Words = words(
    "place for an API key",
    &["header", "query", "param", "cookie", "body"],
);

typed_object!(
    CUSTOM,
    "auth_custom",
    "auth `custom`",
    "One that the program registers in Rust.",
    [
        key("name", PLAIN, "Its name in the program's `Registry`.").required(),
        key(
            "settings",
            Kind::Map(&SECRET),
            "What the program makes it from: texts by name, secrets best by reference."
        ),
    ]
);
typed_object!(
    BEARER,
    "auth_bearer",
    "auth `bearer`",
    "A token in the `Authorization` header.",
    [key(
        "token",
        SECRET,
        "The token, best by reference: `${env:NAME}`."
    )
    .required(),]
);
typed_object!(
    API_KEY,
    "auth_api_key",
    "auth `api_key`",
    "A key in a header, a query parameter, a cookie or the body.",
    [
        key(
            "name",
            SECRET,
            "The header, parameter or cookie; in a body, the path to it: `auth.key`."
        )
        .or("Authorization"),
        key(
            "api_key",
            SECRET,
            "The key that the API gave you, best by reference: `${env:NAME}`."
        )
        .required(),
        key(
            "location",
            Kind::Word(&LOCATION),
            "Where it goes; `param` is another word for `query`."
        )
        .or("header"),
    ]
);
typed_object!(
    BASIC,
    "auth_basic",
    "auth `http_basic`",
    "User name and password.",
    [
        key("username", SECRET, "The name of the user.").required(),
        key(
            "password",
            SECRET,
            "The password of the user, best by reference: `${env:NAME}`."
        )
        .required(),
    ]
);

pub(crate) static AUTH: Tagged = Tagged {
    name: "auth",
    what: "auth",
    doc: "How requests prove who they are.",
    default: Some("bearer"),
    short: ShortForm::Values,
    later: &[],
    variants: &[
        variant("bearer", &BEARER),
        variant("api_key", &API_KEY),
        Variant {
            name: "http_basic",
            also: &["basic"],
            object: &BASIC,
        },
        variant("oauth2_client_credentials", CREDENTIALS_AUTH),
        variant("oauth2_refresh_token", REFRESH_AUTH),
        variant("oauth2_authorization_code", BROWSER_AUTH),
        variant("oauth2_device_code", DEVICE_AUTH),
        Variant {
            name: "oauth_jwt",
            also: &["jwt"],
            object: JWT_AUTH,
        },
        variant("session_login", LOGIN_AUTH),
        variant("hmac", HMAC_AUTH),
        variant("aws_sigv4", AWS_AUTH),
        variant("pool", POOL_AUTH),
        variant("custom", &CUSTOM),
    ],
};
