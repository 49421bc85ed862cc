//! The next page's URL is the value of a header.

use http::HeaderName;
use serde_json::Value;

use super::declared::Declared;
use super::{PaginateError, Paginator, Position, Reason, SetupError, Step, link};
use crate::{Page, Request};

/// Follows the URL that is the whole value of a response header, such as `X-Next-Page: https://h/items?page=2`.
///
/// The URL may be relative; it is resolved against the URL that answered and replaces all query parameters. A missing
/// or empty header ends the pagination. For the `Link` header of RFC 8288 see [`HeaderLink`](super::HeaderLink).
///
/// ```
/// use apiduct_client::paginate::{HeaderUrl, Paginator};
///
/// let paginator = HeaderUrl::new("X-Next-Page");
/// assert_eq!(paginator.describe(), "next link in header `X-Next-Page`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderUrl {
    /// The name of the response header, in any case.
    pub next_url_key: String,
    /// Whether query parameters that the link does not have are sent with it. Default: no.
    pub keep_params: bool,
}

impl HeaderUrl {
    /// The URL in header `next_url_key`.
    pub fn new(next_url_key: impl Into<String>) -> Self {
        Self {
            next_url_key: next_url_key.into(),
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

impl Paginator for HeaderUrl {
    fn start(&self) -> Position {
        Position::Start
    }

    fn validate(&self) -> Result<(), SetupError> {
        let name = &self.next_url_key;
        name.parse::<HeaderName>()
            .map(drop)
            .map_err(|_| SetupError::BadHeader {
                field: "next_url_key",
                name: name.clone(),
            })
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        link::apply(position, request, self.keep_params, "header URL")
    }

    fn advance(&self, _: &Position, page: &Page) -> Result<Step, PaginateError> {
        let Some(value) = page.response.headers.get(&self.next_url_key) else {
            return Ok(Step::Done(Reason::NoNext));
        };
        let text = value.to_str().map_err(|_| PaginateError::WrongValue {
            what: "next link",
            path: self.next_url_key.clone(),
            expected: "a URL",
            found: "bytes outside ASCII".to_owned(),
        })?;
        match text.trim() {
            "" => Ok(Step::Done(Reason::NoNext)),
            text => link::position(text, page, &self.next_url_key).map(Step::Next),
        }
    }

    fn declaration(&self) -> Option<Value> {
        let settings = Declared::new("header_url")
            .maybe("next_url_key", Some(self.next_url_key.as_str()))
            .truth("keep_params", self.keep_params, false);
        Some(settings.into())
    }

    fn describe(&self) -> String {
        format!("next link in header `{}`", self.next_url_key)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_support::page_from;
    use super::*;

    fn step(headers: &[(&str, &str)]) -> Result<Step, PaginateError> {
        let paginator = HeaderUrl::new("X-Next");
        let page = page_from(
            &paginator,
            "http://h/api/r?page=1",
            headers,
            &json!([1]),
            "$",
        );
        paginator.advance(&Position::Start, &page)
    }

    #[test]
    fn the_header_is_the_link_absolute_or_relative() {
        for (link, expected) in [
            ("https://h/r?page=2", "https://h/r?page=2"),
            (" /r?page=2 ", "http://h/r?page=2"),
            ("?page=2", "http://h/api/r?page=2"),
        ] {
            let url = Position::Url(expected.parse().unwrap());
            assert_eq!(step(&[("x-NEXT", link)]), Ok(Step::Next(url)), "{link}");
        }
    }

    #[test]
    fn a_missing_or_empty_header_ends_the_pagination() {
        assert_eq!(step(&[]), Ok(Step::Done(Reason::NoNext)));
        assert_eq!(step(&[("x-next", " ")]), Ok(Step::Done(Reason::NoNext)));
    }

    #[test]
    fn what_is_no_link_is_an_error_that_hides_it() {
        let error = step(&[("x-next", "mailto:s3cret")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "next link at `X-Next` should be a URL, found a link of scheme `mailto`"
        );
    }

    #[test]
    fn a_name_that_no_header_has_is_refused() {
        assert!(HeaderUrl::new("X-Next").validate().is_ok());
        assert!(HeaderUrl::new("").validate().is_err());
        assert!(HeaderUrl::new("a b").validate().is_err());
    }

    #[test]
    fn parameters_that_the_link_lacks_are_kept_on_demand() {
        let mut request = Request::new(http::Method::GET, "http://h/r?q=a&page=1".parse().unwrap());
        let position = Position::Url("http://h/r?page=2".parse().unwrap());
        let keeping = HeaderUrl::new("X-Next").keep_params(true);
        keeping.apply(&position, &mut request).unwrap();
        assert_eq!(request.full_url().as_str(), "http://h/r?page=2&q=a");
    }
}
