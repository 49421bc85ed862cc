use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use apiduct_client::retry::{RetryConfig, RetryKind};
use apiduct_json::{Captured, Selector};
use apiduct_model::Scalar;
use serde_json::json;

use super::*;
use crate::locate::Format;
use crate::template::Tap;

/// Variables and files of a test.
#[derive(Debug, Default)]
struct Outside {
    env: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
}

impl Outside {
    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }
}

impl SecretSource for Outside {
    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn file(&self, path: &str) -> io::Result<Option<String>> {
        match self.files.get(path) {
            Some(text) if text == "unreadable" => Err(io::ErrorKind::PermissionDenied.into()),
            found => Ok(found.cloned()),
        }
    }
}

fn plan(text: &str) -> Plan {
    Plan::parse(text, Format::Yaml, "tracker.yaml").unwrap_or_else(|errors| panic!("{errors}"))
}

/// A plan whose client has these keys.
fn client(keys: &str) -> Plan {
    plan(&format!(
        "client: {{base_url: 'https://h/v1', {keys}}}\nresources: [a]"
    ))
}

fn resolve(plan: &Plan, outside: &Outside) -> (Result<Resolved, String>, Redactor) {
    let redactor = Redactor::default();
    let resolved = plan.resolve(outside, &redactor);
    (resolved.map_err(|errors| errors.to_string()), redactor)
}

/// The value of header `X` that `reference` leads to.
fn header(reference: &str, outside: &Outside) -> Result<String, String> {
    let plan = client(&format!("headers: {{X: '{reference}'}}"));
    let (resolved, redactor) = resolve(&plan, outside);
    let value = resolved?.headers["x"].to_str().unwrap().to_owned();
    assert_eq!(redactor.redact(&value), "***", "every secret is registered");
    Ok(value)
}

#[test]
fn references_lead_to_the_environment_files_and_keys() {
    let outside = Outside::default()
        .env("TOKEN", "from-env")
        .file("token.txt", "from-file\n")
        .file(
            "secrets.toml",
            "api_key = 'from-toml'\n[sources.tracker.nested]\nkey = 'long-form'\n",
        );
    assert_eq!(header("${env:TOKEN}", &outside).unwrap(), "from-env");
    assert_eq!(header("${file:token.txt}", &outside).unwrap(), "from-file");
    assert_eq!(header("${secret:api_key}", &outside).unwrap(), "from-toml");
    assert_eq!(
        header("${secret:nested.key}", &outside).unwrap(),
        "long-form"
    );
}

#[test]
fn the_environment_spelling_of_the_reference_wins_over_files() {
    let outside = Outside::default()
        .env("SOURCES__TRACKER__API_KEY", "from-env")
        .file("secrets.toml", "api_key = 'from-toml'");
    assert_eq!(header("${secret:api-key}", &outside).unwrap(), "from-env");
    let outside = Outside::default().env("SOURCES__TRACKER__AUTH__TOKEN", "deep-value");
    assert_eq!(
        header("${secret:auth.token}", &outside).unwrap(),
        "deep-value"
    );
}

#[test]
fn the_secrets_of_the_reference_are_found_in_its_folder() {
    let outside = Outside::default().file(".dlt/secrets.toml", "[sources.tracker]\nkey = 'theirs'");
    assert_eq!(header("${secret:key}", &outside).unwrap(), "theirs");
}

#[test]
fn a_missing_secret_names_every_place_searched() {
    let outside = Outside::default().file("secrets.toml", "other = 1");
    let error = header("${secret:key}", &outside).unwrap_err();
    insta::assert_snapshot!(error, @r"
    tracker.yaml:1:49: client.headers.X: no value for `${secret:key}`
      hint: searched environment variable `SOURCES__TRACKER__KEY`, then key `sources.tracker.key` of `secrets.toml`, then key `key` of `secrets.toml`, then file `.dlt/secrets.toml` (not there)
    ");
}

#[test]
fn all_missing_secrets_are_reported_with_their_places() {
    let text = r"
client:
  base_url: https://${env:HOST}/v1
  auth: basic:${env:USER_NAME}:${file:password}
resources:
  - name: a
    endpoint:
      path: x/${env:ORG}
      headers: {X-Key: '${env:KEY}'}
      json: {deep: ['${env:BODY}']}
destination: duckdb:${env:FOLDER}/x.duckdb
";
    let outside = Outside::default().env("KEY", "");
    let (resolved, _) = resolve(&plan(text), &outside);
    insta::assert_snapshot!(resolved.unwrap_err(), @r"
    tracker.yaml:3:13: client.base_url: no value for `${env:HOST}`
      hint: searched environment variable `HOST`
    tracker.yaml:4:9: client.auth: no value for `${env:USER_NAME}`
      hint: searched environment variable `USER_NAME`
    tracker.yaml:4:9: client.auth: no value for `${file:password}`
      hint: searched file `password`
    tracker.yaml:8:13: resources[0].endpoint.path: no value for `${env:ORG}`
      hint: searched environment variable `ORG`
    tracker.yaml:9:24: resources[0].endpoint.headers.X-Key: no value for `${env:KEY}`
      hint: searched environment variable `KEY` (empty)
    tracker.yaml:10:13: resources[0].endpoint.json: no value for `${env:BODY}`
      hint: searched environment variable `BODY`
    tracker.yaml:11:14: destination: no value for `${env:FOLDER}`
      hint: searched environment variable `FOLDER`
    ");
}

#[test]
fn files_that_cannot_be_read_are_not_missing() {
    let outside = Outside::default().file("token", "unreadable");
    let error = header("${file:token}", &outside).unwrap_err();
    insta::assert_snapshot!(error, @r"
    tracker.yaml:1:49: client.headers.X: cannot read the value of `${file:token}` from `token`
      cause: permission denied
    ");
    let outside = Outside::default().file("secrets.toml", "a = ");
    let error = header("${secret:key}", &outside).unwrap_err();
    insta::assert_snapshot!(error, @r"
    tracker.yaml:1:49: client.headers.X: cannot read the value of `${secret:key}` from `secrets.toml`
      cause: secrets.toml:1:5: string values must be quoted, expected literal string
      hint: texts need quotes, each key and each `[table]` is written once, and an inline `{...}` ends on its line
    ");
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let text = r"
client: {base_url: 'https://h', auth: 'bearer:${env:T}'}
resources: [{name: a, endpoint: {auth: 'basic:ada:${env:P}', params: {k: '${env:K}'}}}]
";
    let outside = Outside::default()
        .env("T", "hunter22")
        .env("P", "passw0rd")
        .env("K", "key-4242");
    let plan = plan(text);
    let (resolved, redactor) = resolve(&plan, &outside);
    let resolved = resolved.unwrap();
    let shown = format!(
        "{resolved:?} {plan:?} {:?}",
        resolved.auth_for(&plan.resources[0])
    );
    for secret in ["hunter22", "passw0rd", "key-4242"] {
        assert!(!shown.contains(secret), "{shown}");
        assert_eq!(redactor.redact(secret), "***");
    }
}

#[test]
fn literal_credentials_are_registered_too() {
    let plan = client("auth: 'bearer:in-the-file', headers: {Authorization: Bearer also-here}");
    let (resolved, redactor) = resolve(&plan, &Outside::default());
    resolved.unwrap();
    assert_eq!(redactor.redact("in-the-file also-here"), "*** ***");
}

#[test]
fn literal_parameters_do_not_mask_ordinary_words() {
    let text = r"
client: {base_url: 'https://h'}
resources: [{name: a, endpoint: {params: {key: status}}}]
";
    let (resolved, redactor) = resolve(&plan(text), &Outside::default());
    resolved.unwrap();
    assert_eq!(redactor.redact("the status is 200"), "the status is 200");
}

#[test]
fn addresses_stay_readable_and_their_passwords_do_not() {
    let text = r"
client: {base_url: '${env:BASE}'}
resources: []
dataset: '${env:DATASET}'
destination: 'duckdb:${env:FOLDER}/x.duckdb'
";
    let outside = Outside::default()
        .env("BASE", "https://ada:hunter22@api.example.com/v2")
        .env("DATASET", "staging")
        .env("FOLDER", "/data/pulls");
    let (resolved, redactor) = resolve(&plan(text), &outside);
    let resolved = resolved.unwrap();
    assert_eq!(resolved.dataset, "staging");
    assert_eq!(
        resolved.destination.path,
        PathBuf::from("/data/pulls/x.duckdb")
    );
    assert_eq!(
        redactor.redact("api.example.com staging /data/pulls hunter22"),
        "api.example.com staging /data/pulls ***"
    );
}

#[test]
fn a_base_url_from_outside_must_be_one() {
    let plan = plan(
        r"
client: {base_url: '${env:BASE}'}
resources: []
",
    );
    let (resolved, _) = resolve(&plan, &Outside::default().env("BASE", "ftp://u:hunter22@h"));
    let error = resolved.unwrap_err();
    assert!(!error.contains("hunter22"), "{error}");
    assert!(
        error.contains("is not an absolute http or https URL"),
        "{error}"
    );
}

#[test]
fn a_destination_may_come_from_outside_as_a_whole() {
    let plan = plan(
        r"
client: {base_url: 'https://h'}
resources: []
destination: '${env:TO}'
",
    );
    let (resolved, _) = resolve(&plan, &Outside::default().env("TO", "parquet:out"));
    let expected = Destination {
        kind: DestinationKind::Parquet,
        path: PathBuf::from("out"),
    };
    assert_eq!(resolved.unwrap().destination, expected);
    let (resolved, _) = resolve(&plan, &Outside::default().env("TO", "nowhere:out"));
    assert!(
        resolved
            .unwrap_err()
            .contains("unknown destination `nowhere`")
    );
}

#[test]
fn each_resource_gets_its_own_auth_that_of_the_client_or_none() {
    let text = r"
client: {base_url: 'https://h', auth: 'bearer:client-token'}
resources: [a, {name: b, endpoint: {auth: 'basic:ada:password'}}, {name: c, endpoint: {auth: null}}]
";
    let plan = plan(text);
    let (resolved, _) = resolve(&plan, &Outside::default());
    let resolved = resolved.unwrap();
    let shown: Vec<String> = plan
        .resources
        .iter()
        .map(|one| format!("{:?}", resolved.auth_for(one)))
        .collect();
    assert!(shown[0].starts_with("Bearer"), "{shown:?}");
    assert!(shown[1].starts_with("Basic"), "{shown:?}");
    assert!(shown[2].starts_with("NoAuth"), "{shown:?}");
}

#[test]
fn a_request_is_filled_in_from_secrets_and_the_row_of_the_parent() {
    let text = r"
client: {base_url: 'https://h', headers: {Accept: json, X-Key: '${env:KEY}'}}
resources:
  - issues
  - name: comments
    endpoint:
      path: issues/{resources.issues.number}/comments
      method: post
      params: {state: all, of: '{resources.issues.title}', id: [1, 2], none: null}
      headers: {X-Issue: '{resources.issues.number}', Accept: null}
      json: {number: '{resources.issues.number}', title: 't:{resources.issues.title}'}
";
    let plan = plan(text);
    let (resolved, _) = resolve(&plan, &Outside::default().env("KEY", "key-4242"));
    let resolved = resolved.unwrap();
    let values = vec![
        Captured::Scalar(Scalar::Number("7".into())),
        Captured::Scalar(Scalar::from("a b/c")),
    ];
    let row = ParentRow::new(plan.resources[0].taps_for_children.clone(), values);
    let request = plan.resources[1]
        .request_for(&resolved, Some(&row))
        .unwrap();
    assert_eq!(request.method, Method::POST);
    assert_eq!(request.path, "issues/7/comments");
    let params: Vec<(&str, &str)> = request
        .params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        params,
        [("state", "all"), ("of", "a b/c"), ("id", "1"), ("id", "2")]
    );
    assert_eq!(request.headers["x-issue"], "7");
    assert_eq!(request.headers["x-key"], "key-4242");
    assert!(!request.headers.contains_key("accept"));
    assert_eq!(request.json, Some(json!({"number": 7, "title": "t:a b/c"})));
}

#[test]
fn an_empty_body_is_sent_and_no_body_is_not() {
    let plan = plan(
        r"
client: {base_url: 'https://h'}
resources: [a, {name: b, endpoint: {json: {}}}]
",
    );
    let (resolved, _) = resolve(&plan, &Outside::default());
    let resolved = resolved.unwrap();
    let body = |at: usize| {
        plan.resources[at]
            .request_for(&resolved, None)
            .unwrap()
            .json
    };
    assert_eq!(body(0), None);
    assert_eq!(body(1), Some(json!({})));
}

#[test]
fn a_header_that_http_does_not_allow_is_an_error_without_its_value() {
    let plan = plan(
        r"
client: {base_url: 'https://h'}
resources: [p, {name: a, endpoint: {path: 'p/{resources.p.id}/a', headers: {X: '{resources.p.id}'}}}]
",
    );
    let (resolved, _) = resolve(&plan, &Outside::default());
    let taps = vec![Tap {
        parent: "p".into(),
        field: "id".into(),
        selector: Selector::parse("id").unwrap(),
    }];
    let row = ParentRow::new(taps.into(), vec![Captured::Scalar(Scalar::from("a\nb"))]);
    let error = plan.resources[1]
        .request_for(&resolved.unwrap(), Some(&row))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the value of header `X` holds characters that HTTP does not allow"
    );
}

#[test]
fn options_of_a_command_are_resolved_on_their_own() {
    let outside = Outside::default().env("T", "token-42");
    let redactor = Redactor::default();
    let auth = crate::spec::AuthSpec::parse("bearer:${env:T}", "--auth").unwrap();
    auth.resolve("--auth", &outside, &redactor).unwrap();
    assert_eq!(redactor.redact("token-42"), "***");
    let text = resolve_text("Key ${env:T}", "-H", &outside, &redactor).unwrap();
    assert_eq!(text, "Key token-42");
    let error = resolve_text("Key ${env:U}", "-H", &outside, &redactor).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("-H:1:1: no value for `${env:U}`")
    );
    assert!(resolve_text("${x", "-H", &outside, &redactor).is_err());
    let to = crate::spec::DestinationSpec::parse("duckdb:${env:T}.duckdb", "--to").unwrap();
    let to = to.resolve("--to", &outside, &redactor).unwrap();
    assert_eq!(to.path, PathBuf::from("token-42.duckdb"));
}

fn runtime(keys: &str) -> Runtime {
    plan(&format!(
        "client: {{base_url: 'https://h'}}\nresources: []\nruntime: {{{keys}}}"
    ))
    .runtime
}

#[test]
fn the_defaults_of_runtime_are_those_of_the_contract() {
    let runtime = runtime("");
    assert_eq!(runtime, Runtime::default());
    assert_eq!(runtime.max_retries, 5);
    assert_eq!(runtime.max_retry_delay, Duration::from_mins(5));
    assert_eq!(runtime.concurrency, 8);
    assert_eq!(runtime.max_response_bytes, 256 * 1024 * 1024);
    assert!(runtime.rate_limit.is_empty());
    assert_eq!(runtime.limits().idle_timeout, Duration::from_mins(1));
    assert_eq!(runtime.limits().connect_timeout, Duration::from_secs(30));
}

#[test]
fn runtime_takes_what_the_file_says() {
    let runtime = runtime(
        "max_retries: 2, backoff_factor: 0.5, timeout: 10s, idle_timeout: 1m, total_timeout: 1h, rate_limit: [10/s, 5000/h], memory: 64MiB, concurrency: 3, log_level: WARNING, max_wait: 5m",
    );
    assert_eq!(runtime.retry().max_retries, 2);
    let rate = runtime.rate();
    let windows = rate.windows.iter().map(ToString::to_string);
    assert_eq!(windows.collect::<Vec<_>>(), ["10/s", "5000/h"]);
    assert_eq!(rate.concurrency, 3);
    assert_eq!(runtime.memory, 64 * 1024 * 1024);
    assert_eq!(runtime.log_level, Some("warning"));
    let limits = runtime.limits();
    assert_eq!(limits.connect_timeout, Duration::from_secs(10));
    assert_eq!(limits.idle_timeout, Duration::from_mins(1));
    assert_eq!(limits.total_timeout, Some(Duration::from_hours(1)));
}

#[test]
fn pages_are_kept_unless_the_file_says_otherwise() {
    assert!(runtime("").resume && runtime("resume: null").resume);
    assert!(!runtime("resume: false").resume);
    let text = "client: {base_url: 'https://api.example.com'}\nruntime: {resume: never}\nresources: [posts]\n";
    let errors = Plan::parse(text, Format::Yaml, "shop.yaml").unwrap_err();
    assert!(
        errors
            .to_string()
            .starts_with("shop.yaml:2:19: runtime.resume: "),
        "{errors}"
    );
}

#[test]
fn the_file_says_what_is_tried_again() {
    let default = runtime("").retry();
    assert_eq!(default, RetryConfig::default());
    let retry = runtime("retry_statuses: [403, 500-502], retry_errors: [connect, decode]").retry();
    assert_eq!(retry.statuses, [403..=403, 500..=502]);
    assert_eq!(retry.kinds, [RetryKind::Connect, RetryKind::Decode]);
    let retry = runtime("retry_statuses: '503', retry_errors: []").retry();
    assert_eq!(retry.statuses, [503..=503]);
    assert_eq!(retry.kinds, []);
    let names = RetryKind::ALL.map(RetryKind::name).join(", ");
    let retry = runtime(&format!("retry_errors: [{names}]")).retry();
    assert_eq!(retry.kinds, RetryKind::ALL, "every kind can be written");
}

#[test]
fn how_much_of_a_body_an_error_shows_follows_both_settings() {
    for (text, characters) in [
        ("", 300),
        ("http_show_error_body: true", 8192),
        (
            "http_show_error_body: true, http_max_error_body_length: 50",
            50,
        ),
        ("http_max_error_body_length: 50", 50),
        (
            "http_show_error_body: false, http_max_error_body_length: 50",
            0,
        ),
    ] {
        assert_eq!(runtime(text).error_excerpt(), characters, "{text}");
    }
    let mut outside = runtime("");
    let environment = Outside::default()
        .env("RUNTIME__HTTP_SHOW_ERROR_BODY", "True")
        .env("RUNTIME__HTTP_MAX_ERROR_BODY_LENGTH", "99");
    outside.overlay(&environment).unwrap();
    assert_eq!(outside.error_excerpt(), 99);
    let broken = Outside::default().env("RUNTIME__HTTP_SHOW_ERROR_BODY", "perhaps");
    assert!(runtime("").overlay(&broken).is_err());
}

#[test]
fn one_try_is_bound_unless_the_file_says_otherwise() {
    for (text, bound) in [
        ("", Some(Duration::from_mins(30))),
        ("timeout: 2h", Some(Duration::from_hours(2))),
        ("total_timeout: 10s", Some(Duration::from_secs(10))),
        ("total_timeout: null", None),
    ] {
        assert_eq!(runtime(text).limits().total_timeout, bound, "{text}");
    }
}

#[test]
fn settings_of_the_reference_fill_what_the_file_leaves_out() {
    let mut runtime = runtime("max_retries: 2");
    let outside = Outside::default()
        .env("RUNTIME__REQUEST_TIMEOUT", "12.5")
        .env("RUNTIME__REQUEST_MAX_ATTEMPTS", "9")
        .file(
            ".dlt/config.toml",
            "[runtime]\nrequest_timeout = 99\nrequest_backoff_factor = 3\nrequest_max_retry_delay = 7.0\nlog_level = 'INFO'",
        );
    runtime.overlay(&outside).unwrap();
    assert_eq!(runtime.max_retries, 2, "the file wins");
    assert_eq!(
        runtime.timeout,
        Duration::from_millis(12_500),
        "the environment comes before the file"
    );
    assert!((runtime.backoff_factor - 3.0).abs() < f64::EPSILON);
    assert_eq!(runtime.max_retry_delay, Duration::from_secs(7));
    assert_eq!(runtime.log_level, Some("info"));
}

#[test]
fn settings_that_make_no_sense_say_where_they_are() {
    let outside = Outside::default()
        .env("RUNTIME__REQUEST_MAX_ATTEMPTS", "many")
        .file(
            ".dlt/config.toml",
            "[runtime]\nrequest_timeout = 'soon'\nlog_level = 'LOUD'",
        );
    let errors = runtime("").overlay(&outside).unwrap_err();
    insta::assert_snapshot!(errors, @r"
    the environment: RUNTIME__REQUEST_MAX_ATTEMPTS: `many` is not a whole number from 0
      hint: write it like `5`
    .dlt/config.toml:2:19: runtime.request_timeout: `soon` is not a duration
      hint: write it like `30` or `30s`
    .dlt/config.toml:3:13: runtime.log_level: `LOUD` is not a log level
      hint: write it like `WARNING`
    ");
}

#[test]
fn signatures_and_pools_get_their_secrets_and_register_them() {
    let text = r"
client:
  base_url: https://h
  auth:
    type: pool
    keys:
      - {type: hmac, secret: '${env:SECRET}', key_id: '${env:ID}', message: '{body}', headers: {X-S: '{signature}'}}
      - {type: aws_sigv4, access_key: AKIDEXAMPLE, secret_key: '${env:AWS}', session_token: '${env:SESSION}', region: r, service: s3}
      - bearer:${env:TOKEN}
resources: [a]
";
    let outside = Outside::default()
        .env("SECRET", "hmac-secret")
        .env("ID", "hmac-key-id")
        .env("AWS", "aws-secret")
        .env("SESSION", "aws-session");
    let plan = plan(text);
    let (resolved, _) = resolve(&plan, &outside);
    insta::assert_snapshot!(resolved.unwrap_err(), @r"
    tracker.yaml:9:9: client.auth.keys[2]: no value for `${env:TOKEN}`
      hint: searched environment variable `TOKEN`
    ");
    let (resolved, redactor) = resolve(&plan, &outside.env("TOKEN", "bearer-token"));
    let auth = resolved.unwrap().auth_for(&plan.resources[0]);
    assert_eq!(
        auth.describe(),
        "pool of 3 keys: signature with HMAC and SHA-256; AWS signature for `s3` in `r`; bearer token"
    );
    let shown = redactor
        .redact("hmac-secret aws-secret aws-session bearer-token")
        .into_owned();
    assert_eq!(shown, "*** *** *** ***");
}

#[test]
fn a_timeout_of_null_is_no_timeout_whatever_the_environment_says() {
    let mut runtime = runtime("timeout: null, jitter: full");
    let outside = Outside::default().env("RUNTIME__REQUEST_TIMEOUT", "5");
    runtime.overlay(&outside).unwrap();
    assert!(runtime.limits().idle_timeout > Duration::from_hours(24 * 365));
    assert_eq!(runtime.limits().connect_timeout, Duration::from_secs(30));
    assert!(runtime.retry().jitter.is_some());
}

#[test]
fn settings_outside_of_their_range_are_named() {
    for (name, value) in [
        ("RUNTIME__REQUEST_TIMEOUT", "-1"),
        ("RUNTIME__REQUEST_TIMEOUT", "NaN"),
        ("RUNTIME__REQUEST_MAX_ATTEMPTS", "-1"),
        ("RUNTIME__REQUEST_MAX_ATTEMPTS", "2.5"),
        ("RUNTIME__REQUEST_BACKOFF_FACTOR", "inf"),
        ("RUNTIME__REQUEST_BACKOFF_FACTOR", "-0.5"),
        ("RUNTIME__REQUEST_MAX_RETRY_DELAY", "soon"),
    ] {
        let outside = Outside::default().env(name, value);
        let error = runtime("").overlay(&outside).unwrap_err().to_string();
        assert!(error.contains(name), "{name}={value}: {error}");
    }
}

#[test]
fn a_client_certificate_is_a_text_or_a_file() {
    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nBBBBCCCC\n-----END PRIVATE KEY-----";
    let outside = Outside::default()
        .env("CERTIFICATE", CERTIFICATE)
        .file("client.pem", CERTIFICATE)
        .file("key.pem", KEY);
    for keys in [
        "{certificate: client.pem, private_key: key.pem}",
        "{certificate: '${env:CERTIFICATE}', private_key: '${file:key.pem}'}",
    ] {
        let plan = client(&format!("client_certificate: {keys}"));
        let (resolved, redactor) = resolve(&plan, &outside);
        let (certificate, key) = resolved.unwrap().client_certificate.unwrap();
        assert_eq!(certificate, CERTIFICATE);
        assert_eq!(key.expose(), KEY);
        assert!(!redactor.redact(KEY).contains("BBBBCCCC"), "{keys}");
    }
    let plan = client("client_certificate: {certificate: client.pem, private_key: other.pem}");
    let (resolved, _) = resolve(&plan, &outside);
    insta::assert_snapshot!(resolved.unwrap_err(), @r"
    tracker.yaml:1:95: client.client_certificate.private_key: no value for `${file:other.pem}`
      hint: searched file `other.pem`
    ");
}
