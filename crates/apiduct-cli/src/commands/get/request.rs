//! From the options of `get` to the pages of an endpoint.

use std::path::Path;
use std::sync::Arc;

use apiduct::client::retry::ResponseTest;
use apiduct::config::Registry;
use apiduct::config::resolve::{Runtime, SecretSource, SystemSource, resolve_text};
use apiduct::config::spec::{AuthSpec, PaginatorSpec};
use apiduct::model::Redactor;
use apiduct::{Client, ClientBuilder, Pages};
use http::Method;
use serde_json::Value;

use super::GetArgs;
use crate::report::Failure;
use crate::traffic::Traffic;

/// The pages that `args` ask for. Nothing is sent yet.
///
/// # Errors
///
/// The first mistake in the options.
pub(super) fn pages(
    args: &GetArgs,
    redactor: &Redactor,
    traffic: &Traffic,
) -> Result<Pages, Failure> {
    let secrets = traffic.secrets(Arc::new(SystemSource::in_folder("")));
    let secrets = secrets.as_ref();
    let url = resolve_text(&args.url, "URL", secrets, redactor)?;
    let client = client(args, &url, secrets, (redactor, traffic))?;
    let method = method(args)?;
    let mut walk = client.paginate(&without_user(&url)).method(method);
    for text in &args.params {
        let (name, value) = pair(text, '=', "--param", "K=V")?;
        let value = resolve_text(value, "--param", secrets, redactor)?;
        walk = walk.params([(name, value)]);
    }
    if let Some(text) = &args.json {
        walk = walk.json(&body(text, secrets, redactor)?);
    }
    if let Some(concurrency) = args.concurrency {
        walk = walk.window(usize::try_from(concurrency).unwrap_or(usize::MAX));
    }
    if let Some(limit) = args.limit {
        walk = walk.max_records(limit);
    }
    if let Some(max_pages) = args.max_pages {
        walk = walk.max_pages(max_pages);
    }
    Ok(walk.send())
}

fn client(
    args: &GetArgs,
    url: &str,
    secrets: &dyn SecretSource,
    (redactor, traffic): (&Redactor, &Traffic),
) -> Result<Client, Failure> {
    let mut runtime = Runtime::default();
    runtime.overlay(secrets)?;
    if let Some(max_retries) = args.max_retries {
        runtime.max_retries = max_retries;
    }
    if let Some(timeout) = args.timeout {
        runtime.timeout = timeout;
    }
    if let Some(max_wait) = args.max_wait {
        runtime.max_wait = max_wait;
    }
    if let Some(concurrency) = args.concurrency {
        runtime.concurrency = usize::try_from(concurrency).unwrap_or(usize::MAX);
    }
    runtime.rate_limit.clone_from(&args.rate_limit);
    let mut builder = Client::builder(origin(url))
        .redactor(redactor.clone())
        .retry(runtime.retry())
        .limits(runtime.limits())
        .rate(runtime.rate())
        .network(args.network.into())
        .error_excerpt(runtime.error_excerpt());
    for host in &args.allowed_hosts {
        builder = builder.allowed_host(host);
    }
    if let Some(path) = &args.retry_if {
        let test = retry_test(path)?;
        builder = builder.retry_if(test.to_string(), move |tried| {
            tried.response.is_some_and(|response| test.holds(response))
        });
    }
    for text in &args.headers {
        let (name, value) = pair(text, ':', "-H", "'K: V'")?;
        let value = resolve_text(value, "-H", secrets, redactor)?;
        builder = builder.header(name, &value);
    }
    if let Some(text) = &args.auth {
        let auth = AuthSpec::parse(text, "--auth")?.resolve("--auth", secrets, redactor)?;
        builder = builder.auth(auth);
    }
    if let Some((certificate, key)) = args.cert.as_deref().zip(args.key.as_deref()) {
        builder = builder.client_certificate(pem(certificate, "--cert")?, pem(key, "--key")?);
    }
    if let Some(text) = &args.paginator {
        let spec = PaginatorSpec::parse(text, "--paginator")?;
        let paginator = spec.resolve("--paginator", &Registry::new())?;
        if let Some(paginator) = paginator {
            builder = builder.paginator(paginator);
        }
    }
    if let Some(selector) = &args.select {
        builder = builder.data_selector(selector);
    }
    Ok(with_traffic(builder, traffic).build()?)
}

/// `builder` with its answers from where `traffic` says.
fn with_traffic(builder: ClientBuilder, traffic: &Traffic) -> ClientBuilder {
    match traffic {
        Traffic::Live => builder,
        Traffic::Recorded(recorder) => builder.record(recorder.clone()),
        Traffic::Replayed(replay) => {
            let builder = builder.transport(Arc::clone(replay));
            match traffic.timer() {
                Some(timer) => builder.timer(Arc::new(timer)),
                None => builder,
            }
        }
    }
}

/// Scheme, credentials and host: what the client is bound to.
fn origin(url: &str) -> &str {
    let Some(host) = url.find("://").map(|at| at + 3) else {
        return url;
    };
    let end = url[host..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |at| host + at);
    &url[..end]
}

/// The URL without credentials, which the client has.
fn without_user(url: &str) -> String {
    let origin = origin(url);
    match (origin.find("://"), origin.rfind('@')) {
        (Some(scheme), Some(at)) => format!("{}{}", &url[..scheme + 3], &url[at + 1..]),
        _ => url.to_owned(),
    }
}

fn retry_test(path: &str) -> Result<ResponseTest, Failure> {
    let selector = path
        .parse()
        .map_err(|error: apiduct::json::SelectorError| {
            let message = format!("`{path}` of `--retry-if` is not a JSONPath");
            Failure::usage(message, None).because(&error)
        })?;
    Ok(ResponseTest {
        selector: Some(selector),
        ..ResponseTest::default()
    })
}

fn pem(path: &Path, option: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let message = format!("cannot read `{}` of `{option}`", path.display());
        Failure::usage(message, None).because(&error)
    })
}

fn method(args: &GetArgs) -> Result<Method, Failure> {
    let default = if args.json.is_some() { "POST" } else { "GET" };
    let name = args
        .method
        .as_deref()
        .unwrap_or(default)
        .to_ascii_uppercase();
    name.parse()
        .map_err(|_| Failure::usage(format!("`{name}` is not an HTTP method"), None))
}

fn pair<'t>(
    text: &'t str,
    separator: char,
    option: &str,
    form: &str,
) -> Result<(&'t str, &'t str), Failure> {
    // The text may hold a credential, so it is not repeated.
    text.split_once(separator)
        .map(|(name, value)| (name.trim(), value.trim()))
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| {
            Failure::usage(
                format!("a value of `{option}` has no `{separator}`"),
                Some(&format!("write it as {form}")),
            )
        })
}

fn body(text: &str, secrets: &dyn SecretSource, redactor: &Redactor) -> Result<Value, Failure> {
    let text = match text.strip_prefix('@') {
        None => text.to_owned(),
        Some(path) => std::fs::read_to_string(Path::new(path)).map_err(|error| {
            Failure::usage(format!("cannot read `{path}`"), None).because(&error)
        })?,
    };
    let mut value: Value = serde_json::from_str(&text).map_err(|error| {
        Failure::usage("the value of `--json` is not JSON", None).because(&error)
    })?;
    resolve_texts(&mut value, secrets, redactor)?;
    Ok(value)
}

fn resolve_texts(
    value: &mut Value,
    secrets: &dyn SecretSource,
    redactor: &Redactor,
) -> Result<(), Failure> {
    match value {
        Value::String(text) if text.contains("${") => {
            *text = resolve_text(text, "--json", secrets, redactor)?;
        }
        Value::Array(values) => {
            for value in values {
                resolve_texts(value, secrets, redactor)?;
            }
        }
        Value::Object(members) => {
            for value in members.values_mut() {
                resolve_texts(value, secrets, redactor)?;
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_ends_where_the_path_begins() {
        for (url, expected) in [
            ("https://h/a/b?c=d", "https://h"),
            ("https://h:8443?c=d", "https://h:8443"),
            ("https://ada:pw@h/a@b", "https://ada:pw@h"),
            ("https://h", "https://h"),
            ("h/a", "h/a"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }

    #[test]
    fn credentials_are_taken_out_of_the_path_only_once() {
        assert_eq!(without_user("https://ada:pw@h/a@b"), "https://h/a@b");
        assert_eq!(without_user("https://h/a@b"), "https://h/a@b");
    }

    #[test]
    fn an_option_without_its_separator_is_refused_and_not_repeated() {
        let Err(Failure::Reported(report)) = pair("Bearer abcdef", '=', "--param", "K=V") else {
            panic!("a refusal was expected");
        };
        assert!(!report.message.contains("abcdef"), "{}", report.message);
        assert_eq!(
            pair("Accept: a: b", ':', "-H", "").unwrap(),
            ("Accept", "a: b")
        );
    }

    #[test]
    fn references_in_a_body_are_replaced() {
        let secrets = SystemSource::in_folder("");
        let body = body(
            r#"{"a": ["${env:PATH}", 1.10]}"#,
            &secrets,
            &Redactor::default(),
        )
        .unwrap();
        assert_eq!(body["a"][0], std::env::var("PATH").unwrap());
    }
}
