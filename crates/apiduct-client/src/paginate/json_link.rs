//! The next page's URL stands in the body.

use apiduct_json::Selector;
use serde_json::Value;

use super::declared::Declared;
use super::{PaginateError, Paginator, Position, Reason, Setting, SetupError, Step, link};
use crate::{Page, Request};

/// Follows the link to the next page that stands in the body.
///
/// The link may be relative; it is resolved against the URL that answered. It replaces all query parameters; method,
/// headers and body stay. Nothing, null, `""`, `false` and `0` end the pagination.
///
/// ```
/// use apiduct_client::paginate::{JsonLink, Paginator};
///
/// let paginator = JsonLink::new("pagination.next");
/// assert_eq!(paginator.describe(), "next link at `pagination.next` in the body");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonLink {
    /// Where the link is. Default: `next`.
    pub next_url_path: Setting<Selector>,
    /// Whether query parameters that the link does not have are sent with it. Default: no.
    pub keep_params: bool,
}

impl JsonLink {
    /// The link at `next_url_path`.
    pub fn new(next_url_path: impl Into<Setting<Selector>>) -> Self {
        Self {
            next_url_path: next_url_path.into(),
            keep_params: false,
        }
    }

    /// Whether query parameters that the link does not have are sent with it. Default: no.
    #[must_use]
    pub fn keep_params(mut self, keep: bool) -> Self {
        self.keep_params = keep;
        self
    }
}

impl Default for JsonLink {
    fn default() -> Self {
        Self::new(Selector::from_keys(&["next"]))
    }
}

impl Paginator for JsonLink {
    fn start(&self) -> Position {
        Position::Start
    }

    fn validate(&self) -> Result<(), SetupError> {
        self.next_url_path.check("next_url_path").map(drop)
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        link::apply(position, request, self.keep_params, "JSON link")
    }

    fn advance(&self, _: &Position, page: &Page) -> Result<Step, PaginateError> {
        let selector = self.next_url_path.check("next_url_path")?;
        let position = link::captured(page.captured(selector), page, selector)?;
        Ok(position.map_or(Step::Done(Reason::NoNext), Step::Next))
    }

    fn needs(&self) -> Vec<Selector> {
        self.next_url_path.value().cloned().into_iter().collect()
    }

    fn declaration(&self) -> Option<Value> {
        let path = self.next_url_path.to_string();
        let settings = Declared::new("json_link")
            .text("next_url_path", &path, "next")
            .truth("keep_params", self.keep_params, false);
        Some(settings.into())
    }

    fn describe(&self) -> String {
        format!("next link at `{}` in the body", self.next_url_path)
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use super::super::test_support::{body_page, page_from};
    use super::*;

    fn next(paginator: &JsonLink, page: &Page) -> Option<String> {
        match paginator.advance(&Position::Start, page).unwrap() {
            Step::Next(Position::Url(url)) => Some(url.into()),
            Step::Done(Reason::NoNext) => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn links_are_resolved_against_the_url_that_answered() {
        for (current, link, expected) in [
            (
                "http://h/api/r",
                "http://h/api/r?page=2",
                "http://h/api/r?page=2",
            ),
            (
                "http://h:8080/api/r",
                "/api/r?page=2",
                "http://h:8080/api/r?page=2",
            ),
            ("http://h/x/y/z", "?page=2", "http://h/x/y/z?page=2"),
            ("http://h/x/y/z", "page=2", "http://h/x/y/page=2"),
            ("https://h/x", "//h2/x", "https://h2/x"),
            ("http://h/r?page=1", "/r?sort=asc", "http://h/r?sort=asc"),
            ("http://h/r", "/r?q=%E3%81%82", "http://h/r?q=%E3%81%82"),
            ("http://h/r", "HTTPS://h/x2", "https://h/x2"),
            ("http://h/r", "/page/2", "http://h/page/2"),
            ("http://h/r?x=1", "http://h/r", "http://h/r"),
            ("http://h/r", "/r?page=2#top", "http://h/r?page=2"),
        ] {
            let paginator = JsonLink::default();
            let page = page_from(&paginator, current, &[], &json!({"next": link}), "data");
            assert_eq!(next(&paginator, &page).as_deref(), Some(expected), "{link}");
        }
    }

    #[test]
    fn every_spelling_of_a_path_is_followed() {
        for (path, body) in [
            ("next", json!({"next": "/2"})),
            ("next_page", json!({"next_page": "/2"})),
            (
                "links.next.href",
                json!({"links": {"next": {"href": "/2"}}}),
            ),
            ("['@odata.nextLink']", json!({"@odata.nextLink": "/2"})),
            ("[\"@odata.nextLink\"]", json!({"@odata.nextLink": "/2"})),
        ] {
            let paginator = JsonLink::new(path);
            let page = body_page(&paginator, &body);
            assert_eq!(
                next(&paginator, &page).as_deref(),
                Some("http://h/2"),
                "{path}"
            );
        }
    }

    #[test]
    fn what_says_nothing_ends_the_pagination() {
        for body in [
            json!({}),
            json!({"next": null}),
            json!({"next": ""}),
            json!({"next": " "}),
            json!({"next": false}),
            json!({"next": 0}),
        ] {
            assert_eq!(
                next(
                    &JsonLink::default(),
                    &body_page(&JsonLink::default(), &body)
                ),
                None,
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_no_link_is_an_error_that_hides_the_link() {
        for value in [
            json!(2),
            json!(true),
            json!({"href": "/2"}),
            json!(["/2"]),
            json!("mailto:s3cret"),
            json!("http:///"),
            json!("https://h:port/s3cret"),
        ] {
            let paginator = JsonLink::default();
            let page = body_page(&paginator, &json!({"next": value}));
            let error = paginator.advance(&Position::Start, &page).unwrap_err();
            assert!(
                matches!(
                    error,
                    PaginateError::WrongValue {
                        what: "next link",
                        ..
                    }
                ),
                "{value}"
            );
            assert!(!format!("{error:?}").contains("s3cret"));
        }
    }

    fn applied(paginator: &JsonLink, url: &str, link: &str) -> Request {
        let mut request = Request::new(Method::POST, url.parse().unwrap());
        request.params.push(("limit".into(), "5".into()));
        request.body = crate::Body::Json(json!({"q": 1}));
        let position = Position::Url(link.parse().unwrap());
        paginator.apply(&position, &mut request).unwrap();
        request
    }

    #[test]
    fn a_link_replaces_the_parameters_and_nothing_else() {
        let request = applied(
            &JsonLink::default(),
            "http://h/r?key=k&page=1",
            "http://h/r?page=2",
        );
        assert_eq!(request.full_url().as_str(), "http://h/r?page=2");
        assert_eq!(request.method, Method::POST);
        assert_eq!(request.body, crate::Body::Json(json!({"q": 1})));
    }

    #[test]
    fn parameters_that_the_link_lacks_are_kept_on_demand() {
        let paginator = JsonLink::default().keep_params(true);
        let request = applied(&paginator, "http://h/r?key=k&page=1", "http://h/r?page=2");
        assert_eq!(
            request.full_url().as_str(),
            "http://h/r?page=2&key=k&limit=5"
        );
    }

    #[test]
    fn a_position_of_another_paginator_is_refused() {
        let mut request = Request::new(Method::GET, "http://h/".parse().unwrap());
        let error = JsonLink::default()
            .apply(&Position::Number(2), &mut request)
            .unwrap_err();
        assert!(matches!(error, PaginateError::ForeignPosition { .. }));
    }

    #[test]
    fn a_mistake_in_the_path_is_found_before_the_first_request() {
        let error = JsonLink::new("").validate().unwrap_err();
        assert!(matches!(
            error,
            SetupError::BadPath {
                field: "next_url_path",
                ..
            }
        ));
    }
}
