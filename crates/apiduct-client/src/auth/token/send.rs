//! Token requests on their way: safe addresses, a few retries, no redirect elsewhere.

use std::time::{Duration, SystemTime};

use http::header::{CONTENT_TYPE, LOCATION, USER_AGENT};
use http::{HeaderValue, StatusCode};
use serde::de::IgnoredAny;
use serde_json::Value;
use url::{Host, Url};

use super::{TokenContext, TokenError};
use crate::retry::retry_after;
use crate::transport::RawResponse;
use crate::{Request, Response, TransportError};

/// Tries after the first one.
const MAX_RETRIES: u32 = 3;

/// Redirects within the origin that are followed.
const MAX_REDIRECTS: usize = 5;

/// An answer to a token request, whatever its status.
pub(crate) struct Answer {
    pub(crate) request: Request,
    pub(crate) response: RawResponse,
    /// When the last try was sent: a token in it is not older.
    pub(crate) asked: SystemTime,
}

/// Sends `request`, which holds secrets: only by https, or to this machine, or where `allow_http` says so. Connection
/// errors, broken JSON, 429 and 5xx are tried again after 1, 2 and 4 s, or the wait that the server asks for; one above
/// [`TokenContext::max_wait`] ends in [`TransportError::Paused`].
///
/// # Errors
///
/// [`TokenError::Transport`], [`TokenError::Insecure`] and [`TokenError::Redirected`]; never for another status.
pub(crate) async fn send(
    context: &TokenContext,
    mut request: Request,
    allow_http: bool,
) -> Result<Answer, TokenError> {
    check_address(context, &request.url, allow_http)?;
    let agent = concat!("apiduct/", env!("CARGO_PKG_VERSION"));
    let agent = HeaderValue::from_static(agent);
    request.headers.entry(USER_AGENT).or_insert(agent);
    for _ in 0..=MAX_REDIRECTS {
        let (response, asked) = try_often(context, &request).await?;
        let keeps_body = matches!(response.status.as_u16(), 307 | 308);
        let target = target(&response, &request.url).filter(|_| keeps_body);
        match target {
            Some(target) if target.origin() == request.url.origin() => request.url = target,
            Some(_) => return Err(redirected(context, &request, &response)),
            None => {
                return Ok(Answer {
                    request,
                    response,
                    asked,
                });
            }
        }
    }
    Err(TokenError::Setting {
        field: "access_token_url",
        problem: format!("it was redirected more than {MAX_REDIRECTS} times"),
    })
}

async fn try_often(
    context: &TokenContext,
    request: &Request,
) -> Result<(RawResponse, SystemTime), TokenError> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let asked = context.timer.now();
        let transport = &context.transport;
        let sent = transport.send(request.prepare(), &context.limits).await;
        let is_last = attempts > MAX_RETRIES;
        let doubling = Duration::from_secs(1 << (attempts - 1));
        let (wait, reason) = match sent {
            Ok(response) if !is_last && is_cut(&response) => {
                (doubling, "the JSON is cut or broken".to_owned())
            }
            Ok(response) if is_retried(response.status) => {
                match retry_after(&response.headers, context.timer.now()) {
                    Some(wait) if wait > context.max_wait => {
                        let max_wait = context.max_wait;
                        let error = TransportError::Paused {
                            asked: wait,
                            max_wait,
                        };
                        return Err(failed(context, request, attempts, error));
                    }
                    _ if is_last => return Ok((response, asked)),
                    wait => {
                        let reason = format!("status {}", response.status.as_u16());
                        (wait.unwrap_or(doubling), reason)
                    }
                }
            }
            Ok(response) => return Ok((response, asked)),
            Err(error) if !is_last && error.is_retried() => (doubling, error.to_string()),
            Err(error) => return Err(failed(context, request, attempts, error)),
        };
        tracing::warn!(
            url = %context.redactor.redact_url(&request.url),
            attempts,
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            reason = %context.redactor.redact(&reason),
            "token request is tried again"
        );
        context.timer.sleep(wait).await;
    }
}

fn is_retried(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// Whether an answer that calls itself JSON is something else: it was broken on its way.
fn is_cut(response: &RawResponse) -> bool {
    let kind = response.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    response.status.is_success()
        && kind.to_ascii_lowercase().contains("json")
        && !response.body.trim_ascii().is_empty()
        && serde_json::from_slice::<IgnoredAny>(&response.body).is_err()
}

fn failed(
    context: &TokenContext,
    request: &Request,
    attempts: u32,
    error: TransportError,
) -> TokenError {
    TokenError::Transport {
        method: request.method.clone(),
        url: context.redactor.redact_url(&request.url),
        attempts,
        source: error.masked(|text| context.redactor.redact(text).into_owned()),
    }
}

fn check_address(context: &TokenContext, url: &Url, allow_http: bool) -> Result<(), TokenError> {
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || (url.scheme() == "http" && (is_local || allow_http)) {
        return Ok(());
    }
    Err(TokenError::Insecure {
        url: context.redactor.redact_url(url),
    })
}

/// Where a redirect leads.
pub(crate) fn target(response: &RawResponse, from: &Url) -> Option<Url> {
    let location = response.headers.get(LOCATION)?.to_str().ok()?;
    response
        .status
        .is_redirection()
        .then(|| from.join(location).ok())
        .flatten()
}

pub(crate) fn redirected(
    context: &TokenContext,
    request: &Request,
    response: &RawResponse,
) -> TokenError {
    let target = target(response, &request.url);
    TokenError::Redirected {
        method: request.method.clone(),
        url: context.redactor.redact_url(&request.url),
        status: response.status,
        target: target.map_or_else(String::new, |url| context.redactor.redact_url(&url)),
    }
}

impl Answer {
    /// The answer as an error, with what the server says about it (RFC 6749, section 5.2, and common variants).
    pub(crate) fn refused(&self, context: &TokenContext) -> TokenError {
        let json: Value = serde_json::from_slice(&self.response.body).unwrap_or_default();
        let said = |pointers: &[&str]| {
            let texts = pointers.iter().filter_map(|pointer| json.pointer(pointer));
            let text = texts
                .filter_map(Value::as_str)
                .find(|text| !text.is_empty())?;
            let masked = context.redactor.redact(text);
            Some(masked.chars().take(300).collect::<String>())
        };
        let code = said(&["/error", "/error/code", "/error/type", "/error/status"]);
        let description = said(&[
            "/error_description",
            "/error/message",
            "/message",
            "/detail",
        ]);
        let description = description.or_else(|| {
            let excerpt = self.shown(context).excerpt();
            (code.is_none() && !excerpt.is_empty()).then_some(excerpt)
        });
        TokenError::Refused {
            method: self.request.method.clone(),
            url: context.redactor.redact_url(&self.request.url),
            status: self.response.status,
            code,
            description,
        }
    }

    /// The answer as an error, for a success that is none.
    pub(crate) fn without_token(&self, context: &TokenContext, problem: &str) -> TokenError {
        TokenError::NoToken {
            method: self.request.method.clone(),
            url: context.redactor.redact_url(&self.request.url),
            status: self.response.status,
            problem: context.redactor.redact(problem).into_owned(),
        }
    }

    fn shown(&self, context: &TokenContext) -> Response {
        let mut response = Response::new(
            self.response.status,
            self.response.headers.clone(),
            self.response.body.clone(),
            self.request.url.clone(),
        );
        response.redactor = context.redactor.clone();
        response
    }
}
