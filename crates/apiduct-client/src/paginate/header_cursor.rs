//! The next page's cursor stands in a header.

use apiduct_model::Scalar;
use http::HeaderName;

use super::{PaginateError, Paginator, Position, Reason, SetupError, Step};
use crate::inject::Inject;
use crate::{Page, Request};

/// Takes a cursor out of a response header and sends it back as a query parameter.
///
/// A missing or empty header ends the pagination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderCursor {
    /// The name of the response header, in any case. Default: `next`.
    pub cursor_key: String,
    /// The query parameter. Default: `cursor`.
    pub cursor_param: String,
}

impl HeaderCursor {
    /// The cursor in header `cursor_key`, sent as `cursor_param`.
    pub fn new(cursor_key: impl Into<String>, cursor_param: impl Into<String>) -> Self {
        Self {
            cursor_key: cursor_key.into(),
            cursor_param: cursor_param.into(),
        }
    }
}

impl Default for HeaderCursor {
    fn default() -> Self {
        Self::new("next", "cursor")
    }
}

impl Paginator for HeaderCursor {
    fn start(&self) -> Position {
        Position::Start
    }

    fn validate(&self) -> Result<(), SetupError> {
        if self.cursor_param.is_empty() {
            return Err(SetupError::Empty {
                field: "cursor_param",
            });
        }
        match self.cursor_key.parse::<HeaderName>() {
            Ok(_) => Ok(()),
            Err(_) => Err(SetupError::BadHeader {
                field: "cursor_key",
                name: self.cursor_key.clone(),
            }),
        }
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        match position {
            Position::Start => Ok(()),
            Position::Token(token) => Ok(Inject::query(&self.cursor_param).write(token, request)?),
            other => Err(super::foreign(other, "header cursor")),
        }
    }

    fn advance(&self, _: &Position, page: &Page) -> Result<Step, PaginateError> {
        let Some(value) = page.response.headers.get(&self.cursor_key) else {
            return Ok(Step::Done(Reason::NoNext));
        };
        let text = value.to_str().map_err(|_| PaginateError::WrongValue {
            what: "cursor",
            path: self.cursor_key.clone(),
            expected: "a text",
            found: "bytes outside ASCII".to_owned(),
        })?;
        Ok(match text.trim() {
            "" => Step::Done(Reason::NoNext),
            text => Step::Next(Position::Token(Scalar::from(text))),
        })
    }

    fn describe(&self) -> String {
        format!(
            "cursor in header `{}`, sent as query parameter `{}`",
            self.cursor_key, self.cursor_param
        )
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use super::super::test_support::page_from;
    use super::*;

    fn step(headers: &[(&str, &str)]) -> Step {
        let paginator = HeaderCursor::new("X-Next", "after");
        let page = page_from(&paginator, "http://h/r", headers, &json!([1]), "$");
        paginator.advance(&Position::Start, &page).unwrap()
    }

    #[test]
    fn the_header_is_read_in_any_case_and_sent_as_the_parameter() {
        let Step::Next(position) = step(&[("x-NEXT", "c 2")]) else {
            panic!()
        };
        let mut request = Request::new(Method::GET, "http://h/r?after=c1".parse().unwrap());
        HeaderCursor::new("X-Next", "after")
            .apply(&position, &mut request)
            .unwrap();
        assert_eq!(request.full_url().as_str(), "http://h/r?after=c+2");
    }

    #[test]
    fn a_missing_or_empty_header_ends_the_pagination() {
        assert_eq!(step(&[]), Step::Done(Reason::NoNext));
        assert_eq!(step(&[("x-next", "")]), Step::Done(Reason::NoNext));
    }

    #[test]
    fn names_that_cannot_work_are_refused() {
        assert!(HeaderCursor::default().validate().is_ok());
        assert!(HeaderCursor::new("a b", "c").validate().is_err());
        assert!(HeaderCursor::new("", "c").validate().is_err());
        assert!(HeaderCursor::new("a", "").validate().is_err());
    }
}
