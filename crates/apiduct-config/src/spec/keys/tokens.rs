//! Authentication by tokens that are fetched.

use super::resource::METHODS;
use super::{PLAIN, SECRET, key, later, words};
use crate::spec::table::{Key, Kind, Object, Words};

static CLIENT_AUTH: Words = words("way to show client id and secret", &["body", "basic"]);

static ALGORITHM: Words = words(
    "JWT algorithm",
    &[
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "HS256",
        "HS384", "HS512",
    ],
);

static SEND_AS: Words = words("place for a token", &["header", "query", "cookie"]);

const TOKEN_URL: Key = key(
    "access_token_url",
    SECRET,
    "The URL that gives tokens; https unless it is this machine.",
)
.also(&["token_url"]);
const CLIENT_ID: Key = key("client_id", SECRET, "The id of the program.");
const CLIENT_SECRET: Key = key(
    "client_secret",
    SECRET,
    "The secret of the program, best by reference: `${env:NAME}`.",
);
const SCOPES: Key = key("scopes", Kind::OneOrMany(&SECRET), "Scopes to ask for.");
const HOW: Key = key(
    "client_auth",
    Kind::Word(&CLIENT_AUTH),
    "How id and secret are shown: as form fields, or as `Authorization: Basic`.",
)
.or("body");
const DATA: Key = key(
    "access_token_request_data",
    Kind::Map(&SECRET),
    "Further form fields of the token request; one of a usual name replaces it.",
);
const HEADERS: Key = key(
    "headers",
    Kind::Map(&SECRET),
    "Further headers of the token request.",
);
const DEFAULT_LIFE: Key = key(
    "default_token_expiration",
    Kind::Duration,
    "The life of a token whose answer does not say it.",
)
.or("3600");
const GIVEN: Key = key(
    "access_token",
    SECRET,
    "A token to begin with; it is used until it is rejected.",
)
.also(&["token"]);
const TOKEN_PATH: Key = key(
    "access_token_path",
    Kind::Selector,
    "Where the answer has the token.",
)
.or("access_token");
const EXPIRES_PATH: Key = key(
    "expires_in_path",
    Kind::Selector,
    "Where the answer has the token's life in seconds.",
);
const ALLOW_HTTP: Key = key(
    "allow_http",
    Kind::Bool,
    "Whether secrets may go to a URL that is not https, in the clear.",
)
.or("false");
const TOKEN_STORE: Key = key(
    "token_store",
    SECRET,
    "The file that keeps tokens from run to run.",
)
.or("<working dir>/tokens/<name>.json");
const SESSION: Key = later("session", "set timeouts under `runtime`");

typed_object!(
    CLIENT_CREDENTIALS,
    "auth_oauth2_client_credentials",
    "auth `oauth2_client_credentials`",
    "OAuth2: the program's own id and secret get a token.",
    [
        TOKEN_URL.required(),
        CLIENT_ID.required(),
        CLIENT_SECRET.required(),
        SCOPES,
        key("audience", SECRET, "The API that the token is for."),
        HOW,
        DATA,
        HEADERS,
        DEFAULT_LIFE,
        GIVEN,
        TOKEN_PATH,
        EXPIRES_PATH.or("expires_in"),
        ALLOW_HTTP,
        SESSION,
    ]
);
typed_object!(
    REFRESH_TOKEN,
    "auth_oauth2_refresh_token",
    "auth `oauth2_refresh_token`",
    "OAuth2: a refresh token that someone was given gets tokens; rotated ones are kept.",
    [
        TOKEN_URL.required(),
        CLIENT_ID.required(),
        CLIENT_SECRET,
        key(
            "refresh_token",
            SECRET,
            "The refresh token to begin with, best by reference; left out, one must have been kept."
        ),
        TOKEN_STORE,
        SCOPES,
        HOW,
        DATA,
        HEADERS,
        DEFAULT_LIFE,
        TOKEN_PATH,
        EXPIRES_PATH.or("expires_in"),
        ALLOW_HTTP,
        SESSION,
    ]
);
typed_object!(
    AUTHORIZATION_CODE,
    "auth_oauth2_authorization_code",
    "auth `oauth2_authorization_code`",
    "OAuth2: a person logs in with a browser, once, by `apiduct auth`; PKCE is always used.",
    [
        key(
            "authorization_url",
            SECRET,
            "The URL at which the person logs in."
        )
        .required(),
        TOKEN_URL.required(),
        CLIENT_ID.required(),
        CLIENT_SECRET,
        SCOPES,
        key(
            "authorization_params",
            Kind::Map(&SECRET),
            "Further parameters of the login, such as `access_type: offline`."
        ),
        key(
            "redirect_uri",
            SECRET,
            "Where the browser comes back to: an http URL of this machine; without a port a free one is taken."
        )
        .or("http://127.0.0.1/callback"),
        TOKEN_STORE,
        HOW,
        DATA,
        HEADERS,
        DEFAULT_LIFE,
        TOKEN_PATH,
        EXPIRES_PATH.or("expires_in"),
        ALLOW_HTTP,
        SESSION,
    ]
);
typed_object!(
    DEVICE_CODE,
    "auth_oauth2_device_code",
    "auth `oauth2_device_code`",
    "OAuth2: a person logs in with a browser of any machine by a short code, once, by `apiduct auth`.",
    [
        key(
            "device_authorization_url",
            SECRET,
            "The URL that gives the code."
        )
        .also(&["device_url"])
        .required(),
        TOKEN_URL.required(),
        CLIENT_ID.required(),
        CLIENT_SECRET,
        SCOPES,
        TOKEN_STORE,
        HOW,
        DATA,
        HEADERS,
        DEFAULT_LIFE,
        TOKEN_PATH,
        EXPIRES_PATH.or("expires_in"),
        ALLOW_HTTP,
        SESSION,
    ]
);
typed_object!(
    JWT,
    "auth_oauth_jwt",
    "auth `oauth_jwt`",
    "A signed JWT, exchanged for a token or sent itself.",
    [
        key("client_id", SECRET, "Who signs: the claim `iss`.").also(&["issuer"]).required(),
        key(
            "private_key",
            SECRET,
            "The private key in PEM, best by reference: `${file:PATH}`; for `HS256` and its kin the shared secret."
        )
        .required(),
        later(
            "private_key_passphrase",
            "decrypt the key once, with `openssl pkcs8 -topk8 -nocrypt`"
        ),
        key(
            "auth_endpoint",
            SECRET,
            "The URL that gives a token for the JWT; left out, the JWT itself is the token."
        )
        .also(&["access_token_url", "token_url"]),
        key("algorithm", Kind::Word(&ALGORITHM), "How the JWT is signed.").or("RS256"),
        key("key_id", SECRET, "The name of the key in the header `kid`."),
        key("audience", SECRET, "The claim `aud`.").or("the auth_endpoint"),
        key("subject", SECRET, "The claim `sub`.").or("the client_id"),
        key("lifetime", Kind::Duration, "How long the JWT is good: the claim `exp`.").or("1h"),
        SCOPES,
        key(
            "claims",
            Kind::Json,
            "Further claims, a mapping; one of a usual name replaces it, `null` takes it away."
        ),
        DATA,
        HEADERS,
        DEFAULT_LIFE,
        GIVEN,
        TOKEN_PATH,
        EXPIRES_PATH.or("expires_in"),
        ALLOW_HTTP,
        SESSION,
    ]
);
typed_object!(
    SESSION_LOGIN,
    "auth_session_login",
    "auth `session_login`",
    "A login with a request of its own, whose answer has a token.",
    [
        key(
            "path",
            SECRET,
            "Where to log in: a path under `base_url`, or a URL."
        )
        .also(&["url"])
        .required(),
        key(
            "method",
            Kind::Word(&METHODS),
            "The HTTP method, in any case."
        )
        .or("POST"),
        HEADERS,
        key("json", Kind::Json, "The JSON body of the login."),
        key(
            "form",
            Kind::Map(&SECRET),
            "The form fields of the login, in place of `json`."
        ),
        key(
            "token_path",
            Kind::Selector,
            "Where the answer's body has the token."
        )
        .or("token"),
        key(
            "token_header",
            PLAIN,
            "The header of the answer that has the token."
        ),
        key(
            "token_cookie",
            PLAIN,
            "The cookie of the answer that has the token."
        ),
        key(
            "send_as",
            Kind::Word(&SEND_AS),
            "How requests carry the token."
        )
        .or("header"),
        key(
            "name",
            PLAIN,
            "The header, parameter or cookie that carries it."
        )
        .or("Authorization"),
        key(
            "prefix",
            PLAIN,
            "What stands in front of the token in a header."
        )
        .or("`Bearer ` in the header `Authorization`"),
        key("lifetime", Kind::Duration, "How long a token is good.").or("until it is rejected"),
        EXPIRES_PATH,
        ALLOW_HTTP,
    ]
);

pub(super) static CREDENTIALS_AUTH: &Object = &CLIENT_CREDENTIALS;
pub(super) static REFRESH_AUTH: &Object = &REFRESH_TOKEN;
pub(super) static BROWSER_AUTH: &Object = &AUTHORIZATION_CODE;
pub(super) static DEVICE_AUTH: &Object = &DEVICE_CODE;
pub(super) static JWT_AUTH: &Object = &JWT;
pub(super) static LOGIN_AUTH: &Object = &SESSION_LOGIN;

/// Keys of which only one may be written.
pub(crate) const ONE_OF: [&[&str]; 2] = [
    &["json", "form"],
    &["token_path", "token_header", "token_cookie"],
];
