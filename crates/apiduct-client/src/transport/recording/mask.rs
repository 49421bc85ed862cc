//! What of an exchange may be written down.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use apiduct_model::{MASK, Redactor};
use aws_lc_rs::digest::{SHA256, digest};
use http::header::{
    ACCEPT_ENCODING, AGE, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST, HeaderMap,
    HeaderName, HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE, TRANSFER_ENCODING, USER_AGENT,
};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use url::Url;

use super::entry::{Answered, Entry, Recorded, Sent};
use crate::origin::is_credential_header;
use crate::transport::{PreparedRequest, RawResponse};

/// Headers that differ from run to run, or belong to the connection.
const LEFT_OUT: [HeaderName; 8] = [
    ACCEPT_ENCODING,
    AGE,
    CONNECTION,
    CONTENT_LENGTH,
    DATE,
    HOST,
    TRANSFER_ENCODING,
    USER_AGENT,
];

/// Parameters that hold nothing but credentials, letters and digits only.
const CREDENTIALS: [&str; 22] = [
    "accesskey",
    "accesstoken",
    "apikey",
    "assertion",
    "authtoken",
    "clientassertion",
    "clientsecret",
    "codeverifier",
    "devicecode",
    "hmac",
    "idtoken",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "refreshtoken",
    "secret",
    "secretkey",
    "sig",
    "signature",
    "xamzsecuritytoken",
    "xamzsignature",
];

/// Parameters that hold a credential or something quite different, such as the key of a record.
const PERHAPS: [&str; 3] = ["auth", "key", "token"];

/// Parameters that change with each signature.
const SIGNATURES: [&str; 4] = ["hmac", "sig", "signature", "xamzsignature"];
const BESIDE_SIGNATURES: [&str; 8] = [
    "expires",
    "nonce",
    "recvwindow",
    "timestamp",
    "ts",
    "xamzcredential",
    "xamzdate",
    "xamzexpires",
];

/// What may be kept of a login and of the answer to it.
const PLAIN: [&str; 10] = [
    "audience",
    "error",
    "errordescription",
    "granttype",
    "message",
    "resource",
    "responsetype",
    "scope",
    "tokentype",
    "type",
];

/// From this length on, a value in [`PERHAPS`] can be a credential.
const LEAST_RANDOM: usize = 20;

/// Masks exchanges.
#[derive(Debug)]
pub(super) struct Masks {
    redactor: Redactor,
    /// Tokens that were replaced so far.
    tokens: AtomicU64,
}

impl Masks {
    pub(super) fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            tokens: AtomicU64::new(0),
        }
    }

    /// `request` as it may be shown; `is_login` when it asks for credentials.
    pub(super) fn request(&self, request: &PreparedRequest, is_login: bool) -> Sent {
        let kind = request.headers.get(CONTENT_TYPE);
        let is_form =
            kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form"));
        let body = request.body.as_deref().unwrap_or_default();
        let is_masked = |name: &str| {
            if is_login {
                !PLAIN.contains(&name)
            } else {
                CREDENTIALS.contains(&name)
            }
        };
        let body = if is_form {
            Cow::Owned(masked_form(body, &is_masked))
        } else {
            masked_json(body, &is_masked)
        };
        Sent {
            method: request.method.to_string(),
            url: self.url(&request.url),
            headers: self.headers(&request.headers, |name, value| {
                let is_secret = value.is_sensitive() || is_credential_header(name);
                is_secret.then(|| MASK.to_owned())
            }),
            body: Recorded::of(&self.by_value(&body)),
        }
    }

    /// `response` as it may be shown; `is_login` when it has credentials.
    pub(super) fn response(&self, response: &RawResponse, is_login: bool) -> Answered {
        let headers = self.headers(&response.headers, |name, value| {
            if name == SET_COOKIE {
                return Some(self.cookie(value, is_login));
            }
            (is_login && !is_plain_header(name)).then(|| self.token())
        });
        let body = if is_login {
            Cow::Owned(self.login_answer(&response.body))
        } else {
            self.by_value(&response.body)
        };
        Answered {
            status: response.status.as_u16(),
            headers,
            body: Recorded::of(&body),
        }
    }

    /// `text` without secrets.
    pub(super) fn text(&self, text: &str) -> String {
        self.redactor.redact(text).into_owned()
    }

    /// Whether there is something in `line` that was not known to be a secret when it was written.
    pub(super) fn is_late(&self, line: &str) -> bool {
        matches!(self.redactor.redact(line), Cow::Owned(_))
    }

    /// Masks what has become known as a secret since `entry` was made.
    pub(super) fn again(&self, entry: &mut Entry) {
        entry.request.url = self.text(&entry.request.url);
        self.all_again(&mut entry.request.headers, &mut entry.request.body);
        if let Some(response) = &mut entry.response {
            self.all_again(&mut response.headers, &mut response.body);
        }
        if let Some(failure) = &mut entry.failure {
            *failure = self.text(failure);
        }
    }

    fn all_again(&self, headers: &mut Map<String, Value>, body: &mut Option<Recorded>) {
        headers.values_mut().for_each(|value| self.value(value));
        let bytes = body.as_ref().and_then(Recorded::bytes);
        if let Some(Cow::Owned(masked)) = bytes.as_deref().map(|bytes| self.by_value(bytes)) {
            *body = Recorded::of(&masked);
        }
    }

    fn url(&self, url: &Url) -> String {
        let mut shown = url.clone();
        // Both fail only for URLs that cannot have user info.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        if let Some(query) = url.query() {
            let is_signed = query
                .split('&')
                .any(|pair| SIGNATURES.contains(&pair_name(pair).as_str()));
            let masked: Vec<Cow<'_, str>> = query
                .split('&')
                .map(|pair| self.pair(pair, is_signed))
                .collect();
            shown.set_query(Some(&masked.join("&")));
        }
        self.text(shown.as_str())
    }

    fn pair<'p>(&self, pair: &'p str, is_signed: bool) -> Cow<'p, str> {
        let Some((written, value)) = pair.split_once('=') else {
            return Cow::Borrowed(pair);
        };
        let name = pair_name(pair);
        let name = name.as_str();
        if CREDENTIALS.contains(&name) || is_signed && BESIDE_SIGNATURES.contains(&name) {
            return Cow::Owned(format!("{written}={MASK}"));
        }
        if PERHAPS.contains(&name) && looks_random(value) && !self.is_late(value) {
            // So much of a digest tells values apart, and nothing about one of this length.
            let digest = digest(&SHA256, value.as_bytes());
            let digits: Vec<String> = digest.as_ref()[..4]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            return Cow::Owned(format!("{written}={MASK}-{}", digits.concat()));
        }
        Cow::Borrowed(pair)
    }

    /// All headers that say something, by name; `mask` has the first word about a value.
    fn headers(
        &self,
        headers: &HeaderMap,
        mask: impl Fn(&HeaderName, &HeaderValue) -> Option<String>,
    ) -> Map<String, Value> {
        let names = headers.keys().filter(|name| !LEFT_OUT.contains(name));
        let mut names: Vec<&HeaderName> = names.collect();
        names.sort_by_key(|name| name.as_str());
        let shown = |name: &HeaderName, value: &HeaderValue| {
            let text = || self.text(&String::from_utf8_lossy(value.as_bytes()));
            Value::String(mask(name, value).unwrap_or_else(text))
        };
        let pair = |name: &HeaderName| {
            let values = headers.get_all(name).iter().map(|value| shown(name, value));
            let mut values: Vec<Value> = values.collect();
            let value = if values.len() == 1 {
                values.swap_remove(0)
            } else {
                Value::Array(values)
            };
            (name.as_str().to_owned(), value)
        };
        names.into_iter().map(pair).collect()
    }

    fn cookie(&self, value: &HeaderValue, is_login: bool) -> String {
        let text = String::from_utf8_lossy(value.as_bytes());
        let (pair, attributes) = text.split_at(text.find(';').unwrap_or(text.len()));
        let name = pair.split_once('=').map_or("", |(name, _)| name);
        let value = if is_login {
            self.token()
        } else {
            MASK.to_owned()
        };
        self.text(&format!("{name}={value}{attributes}"))
    }

    /// What stands for a token: something of its own for each, so that a renewed one differs.
    fn token(&self) -> String {
        let number = self.tokens.fetch_add(1, Ordering::Relaxed) + 1;
        format!("replayed-token-{number:04}")
    }

    /// The answer to a login: of values only what no credential can be.
    fn login_answer(&self, body: &[u8]) -> Vec<u8> {
        if body.is_empty() {
            return Vec::new();
        }
        match serde_json::from_slice::<Value>(body) {
            Ok(mut json) => {
                self.hide(&mut json, "");
                json.to_string().into_bytes()
            }
            Err(_) => self.token().into_bytes(),
        }
    }

    fn hide(&self, value: &mut Value, name: &str) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.hide(member, &plain_name(name));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide(item, name)),
            Value::String(text) if PLAIN.contains(&name) => *text = self.text(text),
            Value::Number(_) if is_time(name) => {}
            Value::String(_) | Value::Number(_) => *value = Value::String(self.token()),
            Value::Bool(_) | Value::Null => {}
        }
    }

    /// `bytes` without secrets; JSON stays JSON.
    fn by_value<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let masked = self.redactor.redact_bytes(bytes);
        if matches!(masked, Cow::Borrowed(_)) || is_json(&masked) {
            return masked;
        }
        let Ok(mut json) = serde_json::from_slice::<Value>(bytes) else {
            return masked;
        };
        self.value(&mut json);
        Cow::Owned(json.to_string().into_bytes())
    }

    /// Masks in every part of `value`; a number in which a secret stands becomes 0.
    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Number(number) if self.redactor.contains_secret(&number.to_string()) => {
                *value = Value::from(0);
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(members) => {
                for (name, mut member) in std::mem::take(members) {
                    self.value(&mut member);
                    members.insert(self.text(&name), member);
                }
            }
            _ => {}
        }
    }
}

fn is_plain_header(name: &HeaderName) -> bool {
    [CONTENT_TYPE, RETRY_AFTER, LOCATION].contains(name) || name.as_str().contains("ratelimit")
}

fn is_time(name: &str) -> bool {
    const WORDS: [&str; 7] = ["age", "exp", "iat", "life", "second", "time", "ttl"];
    WORDS.iter().any(|word| name.contains(word))
}

/// A name by its letters and digits.
fn plain_name(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The name of a pair of a query, by its letters and digits.
fn pair_name(pair: &str) -> String {
    let (name, _) = pair.split_once('=').unwrap_or((pair, ""));
    plain_name(name)
}

fn looks_random(value: &str) -> bool {
    value.len() >= LEAST_RANDOM
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn masked_form(body: &[u8], is_masked: &dyn Fn(&str) -> bool) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let mask = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_masked(&pair_name(pair)) => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    };
    let pairs: Vec<String> = text.split('&').map(mask).collect();
    pairs.join("&").into_bytes()
}

fn masked_json<'b>(body: &'b [u8], is_masked: &dyn Fn(&str) -> bool) -> Cow<'b, [u8]> {
    let Ok(mut json) = serde_json::from_slice::<Value>(body) else {
        return Cow::Borrowed(body);
    };
    if mask_members(&mut json, false, is_masked) {
        Cow::Owned(json.to_string().into_bytes())
    } else {
        Cow::Borrowed(body)
    }
}

/// Whether something was masked.
fn mask_members(value: &mut Value, is_secret: bool, is_masked: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::Object(members) => {
            let mut masked = false;
            for (name, member) in members {
                masked |= mask_members(member, is_masked(&plain_name(name)), is_masked);
            }
            masked
        }
        Value::Array(items) => {
            let masked = items
                .iter_mut()
                .map(|item| mask_members(item, is_secret, is_masked));
            masked.fold(false, |all, one| all | one)
        }
        Value::String(_) | Value::Number(_) if is_secret => {
            *value = Value::String(MASK.to_owned());
            true
        }
        _ => false,
    }
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use apiduct_model::SecretText;
    use bytes::Bytes;
    use http::{Method, StatusCode};

    use super::*;

    fn masks() -> Masks {
        let redactor = Redactor::default();
        for secret in ["s3cret/value", "123456789"] {
            redactor.register(&SecretText::from(secret));
        }
        Masks::new(redactor)
    }

    fn request(url: &str, headers: &[(&'static str, &str)], body: &str) -> PreparedRequest {
        let pairs = headers.iter();
        let pairs = pairs.map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_str(value).unwrap())
        });
        PreparedRequest {
            method: Method::POST,
            url: Url::parse(url).unwrap(),
            headers: pairs.collect(),
            body: Some(Bytes::copy_from_slice(body.as_bytes())).filter(|body| !body.is_empty()),
        }
    }

    fn answer(body: &str, headers: &[(&'static str, &str)]) -> RawResponse {
        RawResponse {
            status: StatusCode::OK,
            headers: request("http://h/", headers, "").headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
            wire_bytes: None,
        }
    }

    fn text(body: Option<&Recorded>) -> String {
        let bytes = body.and_then(Recorded::bytes).unwrap_or_default();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn urls_lose_credentials_by_value_and_by_name() {
        for (url, shown) in [
            ("http://u:pw@h/a?x=1", "http://h/a?x=1"),
            ("http://h/s3cret%2Fvalue?x=1", "http://h/***?x=1"),
            ("http://h/?api_key=abc&x=1", "http://h/?api_key=***&x=1"),
            (
                "http://h/?sig=a&ts=7&page=2",
                "http://h/?sig=***&ts=***&page=2",
            ),
            ("http://h/?ts=7&page=2", "http://h/?ts=7&page=2"),
            ("http://h/?key=PROJ-12", "http://h/?key=PROJ-12"),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(masks().url(&url), shown);
        }
    }

    #[test]
    fn long_random_keys_are_hidden_and_still_told_apart() {
        let masked = |key: &str| {
            let url = format!("http://h/?key={key}");
            masks().url(&Url::parse(&url).unwrap())
        };
        let (one, other) = (
            masked("AIzaSyA0987654321abcdef"),
            masked("AIzaSyB0987654321abcdef"),
        );
        assert!(
            one.starts_with("http://h/?key=***-") && one.len() == 26,
            "{one}"
        );
        assert_ne!(one, other);
        assert_eq!(one, masked("AIzaSyA0987654321abcdef"));
    }

    #[test]
    fn requests_keep_their_form_without_their_secrets() {
        let form = "application/x-www-form-urlencoded";
        for (kind, body, shown) in [
            (form, "q=1&password=a%20b", "q=1&password=***"),
            (
                "application/json",
                r#"{"q":[1],"apiKey":"a"}"#,
                r#"{"q":[1],"apiKey":"***"}"#,
            ),
            (
                "application/json",
                r#"{ "q": "s3cret/value" }"#,
                r#"{ "q": "***" }"#,
            ),
            ("application/json", r#"{"q":123456789}"#, r#"{"q":0}"#),
            ("text/plain", "a s3cret/value b", "a *** b"),
        ] {
            let sent = masks().request(
                &request("http://h/", &[("content-type", kind)], body),
                false,
            );
            assert_eq!(text(sent.body.as_ref()), shown);
        }
        let headers = [
            ("x-api-key", "k"),
            ("user-agent", "u"),
            ("accept", "s3cret/value"),
        ];
        let sent = masks().request(&request("http://h/", &headers, ""), false);
        let shown = Value::Object(sent.headers).to_string();
        assert_eq!(shown, r#"{"accept":"***","x-api-key":"***"}"#);
    }

    #[test]
    fn of_a_login_only_its_kind_is_kept() {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let body = "grant_type=client_credentials&client_id=me&client_secret=abc&scope=read";
        let sent = masks().request(&request("http://h/token", &form, body), true);
        assert_eq!(
            text(sent.body.as_ref()),
            "grant_type=client_credentials&client_id=***&client_secret=***&scope=read"
        );
        assert_eq!(
            sent.key(),
            "POST http://h/token grant_type=client_credentials&scope=read"
        );
    }

    #[test]
    fn the_answer_to_a_login_has_other_tokens() {
        let masks = masks();
        let body = r#"{"access_token":"abc","data":{"session":4711},"expires_in":3600,"token_type":"Bearer","ok":true}"#;
        let headers = [
            ("set-cookie", "sid=abc; Path=/"),
            ("x-session", "abc"),
            ("content-type", "application/json"),
            ("date", "today"),
        ];
        let answered = masks.response(&answer(body, &headers), true);
        let shown = text(answered.body.as_ref());
        let headers = Value::Object(answered.headers).to_string();
        assert!(!shown.contains("abc") && !shown.contains("4711"), "{shown}");
        assert!(
            shown.contains(r#""expires_in":3600,"token_type":"Bearer","ok":true"#),
            "{shown}"
        );
        assert!(
            !headers.contains("abc") && !headers.contains("today"),
            "{headers}"
        );
        assert!(headers.contains("; Path=/"), "{headers}");
        let again = masks.response(&answer(body, &[]), true);
        assert_ne!(
            text(again.body.as_ref()),
            shown,
            "a renewed token is another one"
        );
    }

    #[test]
    fn data_stays_as_it_is_byte_by_byte() {
        let body = "{\"token\": \"not a secret\", \"key\":\"PROJ-1\",  \"n\": 1.10}";
        let answered = masks().response(&answer(body, &[("x-next-token", "abc")]), false);
        assert_eq!(text(answered.body.as_ref()), body);
        assert_eq!(answered.headers["x-next-token"], "abc");
    }
}
