//! The next page's cursor stands in a header.

use apiduct_model::Scalar;
use http::HeaderName;
use serde_json::Value;

use super::declared::Declared;
use super::setters::setters;
use super::setting::{self, PlaceSettings};
use super::{PaginateError, Paginator, Position, Reason, Setting, SetupError, Step, token};
use crate::inject::{BodyPath, Inject};
use crate::{Page, Request};

/// Takes a cursor out of a response header and sends it back as a query parameter, in the body or in a header.
///
/// A missing or empty header ends the pagination.
///
/// ```
/// use apiduct_client::paginate::{HeaderCursor, Paginator};
///
/// let paginator = HeaderCursor::from_header("x-continuation").cursor_header("x-continuation");
/// assert!(paginator.validate().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderCursor {
    /// The name of the response header, in any case. Default: `next`.
    pub cursor_key: String,
    /// The query parameter. Default: `cursor`, unless another place is given.
    pub cursor_param: Option<String>,
    /// The place in the body, instead of a query parameter. Default: none.
    pub cursor_body_path: Option<Setting<BodyPath>>,
    /// The request header, instead of a query parameter. Default: none.
    pub cursor_header: Option<String>,
}

impl HeaderCursor {
    /// The cursor in header `cursor_key`, sent as query parameter `cursor_param`.
    pub fn new(cursor_key: impl Into<String>, cursor_param: impl Into<String>) -> Self {
        Self::from_header(cursor_key).cursor_param(cursor_param)
    }

    /// The cursor in header `cursor_key`, sent as query parameter `cursor`.
    pub fn from_header(cursor_key: impl Into<String>) -> Self {
        Self {
            cursor_key: cursor_key.into(),
            cursor_param: None,
            cursor_body_path: None,
            cursor_header: None,
        }
    }

    setters! {
        /// The query parameter. Default: `cursor`.
        cursor_param: text,
        /// The place in the body, instead of a query parameter.
        cursor_body_path: body_path,
        /// The request header, instead of a query parameter.
        cursor_header: text,
    }

    fn place(&self) -> Result<Inject, SetupError> {
        let (param, header) = (self.cursor_param.as_deref(), self.cursor_header.as_deref());
        PlaceSettings::cursor(param, self.cursor_body_path.as_ref(), header, "cursor").place()
    }
}

impl Default for HeaderCursor {
    fn default() -> Self {
        Self::from_header("next")
    }
}

impl Paginator for HeaderCursor {
    fn start(&self) -> Position {
        Position::Start
    }

    fn validate(&self) -> Result<(), SetupError> {
        self.place()?;
        match self.cursor_key.parse::<HeaderName>() {
            Ok(_) => Ok(()),
            Err(_) => Err(SetupError::BadHeader {
                field: "cursor_key",
                name: self.cursor_key.clone(),
            }),
        }
    }

    fn fits(&self, request: &Request) -> Result<(), PaginateError> {
        setting::fits(&self.place()?, request)
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        token::apply(position, &self.place()?, request, "header cursor")
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

    fn declaration(&self) -> Option<Value> {
        let settings = Declared::new("header_cursor")
            .text("cursor_key", &self.cursor_key, "next")
            .maybe("cursor_param", self.cursor_param.as_deref())
            .setting("cursor_body_path", self.cursor_body_path.as_ref())
            .maybe("cursor_header", self.cursor_header.as_deref());
        Some(settings.into())
    }

    fn describe(&self) -> String {
        let place = setting::describe(self.place());
        format!("cursor in header `{}`, sent as {place}", self.cursor_key)
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
    fn the_cursor_goes_into_a_header_or_the_body_where_that_is_asked_for() {
        let Step::Next(position) = step(&[("x-next", "c2")]) else {
            panic!()
        };
        let applied = |paginator: &HeaderCursor| {
            let mut request = Request::new(Method::POST, "http://h/r".parse().unwrap());
            paginator.apply(&position, &mut request).unwrap();
            request
        };
        let in_header = applied(&HeaderCursor::from_header("X-Next").cursor_header("X-Next"));
        assert_eq!(in_header.headers["x-next"], "c2");
        let in_body = applied(&HeaderCursor::from_header("X-Next").cursor_body_path("page.at"));
        assert_eq!(
            in_body.body,
            crate::Body::Json(json!({"page": {"at": "c2"}}))
        );
    }

    #[test]
    fn names_that_cannot_work_are_refused() {
        assert!(HeaderCursor::default().validate().is_ok());
        assert!(HeaderCursor::new("a b", "c").validate().is_err());
        assert!(HeaderCursor::new("", "c").validate().is_err());
        assert!(HeaderCursor::new("a", "").validate().is_err());
    }
}
