//! Redirects, followed as browsers do.

use http::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, HeaderName,
    LOCATION,
};
use http::{Method, StatusCode};
use url::Url;

use crate::Request;
use crate::request::Body;
use crate::transport::RawResponse;

/// Headers that say something about the body, and go with it.
const OF_BODY: [HeaderName; 5] = [
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_LOCATION,
    CONTENT_TYPE,
];

/// Where a redirect leads; `None` when the response is none, or says nothing usable.
pub(super) fn target(raw: &RawResponse, from: &Url) -> Option<Url> {
    if !matches!(raw.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = raw.headers.get(LOCATION)?;
    let location = String::from_utf8_lossy(location.as_bytes());
    let target = from.join(&location).ok()?;
    matches!(target.scheme(), "http" | "https").then_some(target)
}

/// Turns `request` into the one that follows a redirect with `status`.
pub(super) fn apply(request: &mut Request, status: StatusCode, target: Url) {
    let becomes_get = match status.as_u16() {
        301 | 302 => request.method == Method::POST,
        303 => request.method != Method::HEAD,
        _ => false,
    };
    if becomes_get {
        request.method = Method::GET;
        request.body = Body::Empty;
        for name in OF_BODY {
            request.headers.remove(name);
        }
    }
    request.url = target;
    request.params.clear();
}
