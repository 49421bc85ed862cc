//! Pages for tests, made the way a client makes them.

use apiduct_json::{ScanPlan, Selector};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use serde_json::Value;

use super::Paginator;
use crate::{Page, Request, Response};

/// The page that `paginator` sees when `url` answers with `body` and `headers`.
pub(crate) fn page_from(
    paginator: &dyn Paginator,
    url: &str,
    headers: &[(&str, &str)],
    body: &Value,
    selector: &str,
) -> Page {
    let request = Request::new(Method::GET, url.parse().unwrap());
    let response = response(url, headers, body);
    let selector = Selector::parse(selector).unwrap();
    let plan = ScanPlan::new(selector, paginator.needs());
    let scanned = plan.scan(&response.body).unwrap();
    Page::new(
        1,
        paginator.start(),
        request,
        response,
        scanned,
        paginator.needs(),
    )
}

/// A page of `http://h/r` whose records are at `data`.
pub(crate) fn body_page(paginator: &dyn Paginator, body: &Value) -> Page {
    page_from(paginator, "http://h/r", &[], body, "data")
}

/// The response of `url` with `body` and `headers`.
pub(crate) fn response(url: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    let pair = |(name, value): &(&str, &str)| -> (HeaderName, http::HeaderValue) {
        (name.parse().unwrap(), value.parse().unwrap())
    };
    let headers: HeaderMap = headers.iter().map(pair).collect();
    Response::new(
        StatusCode::OK,
        headers,
        body.to_string(),
        url.parse().unwrap(),
    )
}
