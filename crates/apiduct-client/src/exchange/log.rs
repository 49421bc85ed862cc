//! What the log says about requests: one line for each try, under the target `apiduct::http`.

use std::time::Duration;

use apiduct_model::{MASK, Redactor};
use http::header::{HeaderMap, SET_COOKIE};

use crate::Response;
use crate::origin::is_credential_header;

/// Tells of a response, the `attempt`th of its request, which took `time`.
pub(super) fn answered(response: &Response, attempt: u32, time: Duration, redactor: &Redactor) {
    tracing::info!(
        target: "apiduct::http",
        method = %response.method,
        url = %response.shown_url(),
        status = response.status.as_u16(),
        elapsed_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        attempt,
        bytes = response.body.len(),
        "answered"
    );
    tracing::trace!(
        target: "apiduct::http",
        sent = %shown(response.request.as_deref().map(|request| &request.headers), redactor),
        received = %shown(Some(&response.headers), redactor),
        "headers"
    );
}

/// Headers on one line, the values of those that can hold credentials masked.
fn shown(headers: Option<&HeaderMap>, redactor: &Redactor) -> String {
    let mut line = String::new();
    for (name, value) in headers.into_iter().flatten() {
        if !line.is_empty() {
            line.push_str("; ");
        }
        line.push_str(name.as_str());
        line.push_str(": ");
        if is_credential_header(name) || name == SET_COOKIE {
            line.push_str(MASK);
        } else {
            line.push_str(&redactor.redact(&String::from_utf8_lossy(value.as_bytes())));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use apiduct_model::SecretText;

    use super::*;

    #[test]
    fn headers_that_can_hold_credentials_are_named_only() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-api-key", "k1234567"),
            ("set-cookie", "sid=1"),
            ("x-total", "3"),
            ("x-echo", "a hunter22 b"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        let redactor = Redactor::default();
        redactor.register(&SecretText::from("hunter22"));
        assert_eq!(
            shown(Some(&headers), &redactor),
            "x-api-key: ***; set-cookie: ***; x-total: 3; x-echo: a *** b"
        );
        assert_eq!(shown(None, &redactor), "");
    }
}
