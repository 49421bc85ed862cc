//! The next page's URL stands in the `Link` header.

use serde_json::Value;

use super::declared::Declared;
use super::{PaginateError, Paginator, Position, Reason, SetupError, Step, link};
use crate::link_header;
use crate::{Page, Request};

/// Follows the `Link` header (RFC 8288) with relation `next`.
///
/// The relation is compared without case and may be one of several; the first link that has it counts. The link may be
/// relative; it is resolved against the URL that answered and replaces all query parameters. No link, or an empty one,
/// ends the pagination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderLink {
    /// The relation of the link to the next page. Default: `next`.
    pub links_next_key: String,
    /// Whether query parameters that the link does not have are sent with it. Default: no.
    pub keep_params: bool,
}

impl HeaderLink {
    /// The link with relation `links_next_key`.
    pub fn new(links_next_key: impl Into<String>) -> Self {
        Self {
            links_next_key: links_next_key.into(),
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

impl Default for HeaderLink {
    fn default() -> Self {
        Self::new("next")
    }
}

impl Paginator for HeaderLink {
    fn start(&self) -> Position {
        Position::Start
    }

    fn validate(&self) -> Result<(), SetupError> {
        if self.links_next_key.trim().is_empty() {
            return Err(SetupError::Empty {
                field: "links_next_key",
            });
        }
        Ok(())
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        link::apply(position, request, self.keep_params, "header link")
    }

    fn advance(&self, _: &Position, page: &Page) -> Result<Step, PaginateError> {
        let relation = self.links_next_key.trim();
        match link_header::find(&page.response.headers, relation) {
            Some(link) if !link.target.is_empty() => {
                link::position(&link.target, page, "Link header").map(Step::Next)
            }
            _ => Ok(Step::Done(Reason::NoNext)),
        }
    }

    fn declaration(&self) -> Option<Value> {
        let settings = Declared::new("header_link")
            .text("links_next_key", &self.links_next_key, "next")
            .truth("keep_params", self.keep_params, false);
        Some(settings.into())
    }

    fn describe(&self) -> String {
        format!("`Link` header with relation `{}`", self.links_next_key)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_support::page_from;
    use super::*;

    fn step(relation: &str, header: &str) -> Result<Step, PaginateError> {
        let paginator = HeaderLink::new(relation);
        let url = "http://h/api/r?page=1";
        let page = page_from(&paginator, url, &[("link", header)], &json!([1]), "$");
        paginator.advance(&Position::Start, &page)
    }

    #[test]
    fn the_link_with_the_relation_is_followed() {
        for (relation, header, expected) in [
            (
                "next",
                r#"<http://h/api/r?page=2>; rel="next""#,
                "http://h/api/r?page=2",
            ),
            (
                "next",
                r#"<r?page=2>; rel="last NEXT""#,
                "http://h/api/r?page=2",
            ),
            (
                "Forward",
                r#"</n>; rel="next", </f>; rel="forward""#,
                "http://h/f",
            ),
        ] {
            let url = Position::Url(expected.parse().unwrap());
            assert_eq!(step(relation, header), Ok(Step::Next(url)));
        }
    }

    #[test]
    fn no_link_and_an_empty_link_end_the_pagination() {
        for header in [r#"</p>; rel="prev""#, r#"<>; rel="next""#, ""] {
            assert_eq!(step("next", header), Ok(Step::Done(Reason::NoNext)));
        }
    }

    #[test]
    fn a_link_that_cannot_be_requested_is_an_error() {
        let error = step("next", "<ftp://h/2>; rel=next").unwrap_err();
        assert_eq!(
            error.to_string(),
            "next link at `Link header` should be a URL, found a link of scheme `ftp`"
        );
    }

    #[test]
    fn a_relation_must_be_named() {
        assert!(HeaderLink::new(" ").validate().is_err());
        assert!(HeaderLink::default().validate().is_ok());
    }
}
