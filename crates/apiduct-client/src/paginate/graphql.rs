//! Connections of GraphQL.

use apiduct_json::{Captured, Selector};
use apiduct_model::Scalar;
use serde_json::Value;

use super::declared::Declared;
use super::ends::wrong;
use super::setting;
use super::{PaginateError, Paginator, Position, Reason, Setting, SetupError, Step, token};
use crate::inject::{BodyPath, Inject};
use crate::{Page, Request};

/// Pages through a connection by its `pageInfo`, as the [GraphQL Cursor Connections Specification][spec] has it.
///
/// `hasNextPage` says whether there is more, and `endCursor` goes into a variable of the next request. The query must
/// ask for both and declare the variable: `query($after: String) { issues(first: 50, after: $after) { nodes { id }
/// pageInfo { hasNextPage endCursor } } }`. The request is a POST whose JSON body holds `query`.
///
/// [spec]: https://relay.dev/graphql/connections.htm
///
/// ```
/// use apiduct_client::paginate::{GraphQl, Paginator};
///
/// let paginator = GraphQl::new("data.issues.pageInfo").cursor_variable("cursor");
/// assert_eq!(
///     paginator.describe(),
///     "GraphQL page info at `data.issues.pageInfo`, cursor sent as `variables.cursor` in the body"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphQl {
    /// Where `pageInfo` is.
    pub page_info_path: Setting<Selector>,
    /// The variable that takes the cursor. Default: `after`.
    pub cursor_variable: String,
}

impl GraphQl {
    /// The connection whose `pageInfo` is at `page_info_path`, with the cursor in the variable `after`.
    pub fn new(page_info_path: impl Into<Setting<Selector>>) -> Self {
        Self {
            page_info_path: page_info_path.into(),
            cursor_variable: "after".to_owned(),
        }
    }

    /// The variable that takes the cursor. Default: `after`.
    #[must_use]
    pub fn cursor_variable(mut self, name: impl Into<String>) -> Self {
        self.cursor_variable = name.into();
        self
    }

    fn place(&self) -> Result<Inject, SetupError> {
        let name = self.cursor_variable.trim();
        let path = BodyPath::from_keys(&["variables", name]).filter(|_| !name.is_empty());
        path.map(Inject::BodyPath).ok_or(SetupError::Empty {
            field: "cursor_variable",
        })
    }

    /// What stands under `key` of the `pageInfo`.
    fn inside(&self, key: &str) -> Result<Selector, SetupError> {
        let path = self.page_info_path.check("page_info_path")?;
        if let Some(mut keys) = path.keys() {
            keys.push(key);
            return Ok(Selector::from_keys(&keys));
        }
        let text = format!("{path}.{key}");
        Selector::parse(&text).map_err(|error| SetupError::BadPath {
            field: "page_info_path",
            text,
            problem: error.to_string(),
        })
    }
}

impl Paginator for GraphQl {
    fn start(&self) -> Position {
        Position::Start
    }

    fn validate(&self) -> Result<(), SetupError> {
        self.inside("endCursor")?;
        self.place().map(drop)
    }

    fn fits(&self, request: &Request) -> Result<(), PaginateError> {
        setting::fits(&self.place()?, request)
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        token::apply(position, &self.place()?, request, "GraphQL")
    }

    fn advance(&self, _: &Position, page: &Page) -> Result<Step, PaginateError> {
        let selector = self.inside("hasNextPage")?;
        match page.captured(&selector) {
            Captured::Scalar(Scalar::Bool(true)) => {}
            Captured::Scalar(Scalar::Bool(false)) => return Ok(Step::Done(Reason::HasMoreFalse)),
            absent if absent.is_none() => {
                return Err(PaginateError::Missing {
                    what: "hasNextPage",
                    path: selector.to_string(),
                });
            }
            other => return Err(wrong("hasNextPage", &selector, "a boolean", other)),
        }
        let selector = self.inside("endCursor")?;
        let cursor = page.captured(&selector);
        if super::says_nothing(cursor) {
            return Err(PaginateError::Missing {
                what: "endCursor",
                path: selector.to_string(),
            });
        }
        token::position(cursor, &selector, true).map(Step::Next)
    }

    fn needs(&self) -> Vec<Selector> {
        ["hasNextPage", "endCursor"]
            .iter()
            .filter_map(|key| self.inside(key).ok())
            .collect()
    }

    fn declaration(&self) -> Option<Value> {
        let settings = Declared::new("graphql")
            .setting("page_info_path", Some(&self.page_info_path))
            .text("cursor_variable", &self.cursor_variable, "after");
        Some(settings.into())
    }

    fn describe(&self) -> String {
        let place = setting::describe(self.place());
        format!(
            "GraphQL page info at `{}`, cursor sent as {place}",
            self.page_info_path
        )
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use super::super::test_support::page_from;
    use super::*;
    use crate::Body;

    fn step(path: &str, info: &Value) -> Result<Step, PaginateError> {
        let paginator = GraphQl::new(path);
        let body = json!({"data": {"issues": {"nodes": [1], "pageInfo": info}}});
        let page = page_from(
            &paginator,
            "http://h/graphql",
            &[],
            &body,
            "data.issues.nodes",
        );
        paginator.advance(&Position::Start, &page)
    }

    #[test]
    fn the_end_cursor_is_next_while_there_is_more() {
        let next = Step::Next(Position::Token("Y3Vy".into()));
        let more = json!({"hasNextPage": true, "endCursor": "Y3Vy"});
        for path in ["data.issues.pageInfo", "$..pageInfo"] {
            assert_eq!(step(path, &more), Ok(next.clone()), "{path}");
        }
        let last = json!({"hasNextPage": false, "endCursor": "Y3Vy"});
        let end = Step::Done(Reason::HasMoreFalse);
        assert_eq!(step("data.issues.pageInfo", &last), Ok(end));
    }

    #[test]
    fn a_page_info_that_lacks_something_is_an_error_and_not_an_end() {
        for (info, expected) in [
            (
                json!({"endCursor": "x"}),
                "hasNextPage not found at `data.issues.pageInfo.hasNextPage`",
            ),
            (
                json!(null),
                "hasNextPage not found at `data.issues.pageInfo.hasNextPage`",
            ),
            (
                json!({"hasNextPage": true, "endCursor": null}),
                "endCursor not found at `data.issues.pageInfo.endCursor`",
            ),
            (
                json!({"hasNextPage": "yes", "endCursor": "x"}),
                "hasNextPage at `data.issues.pageInfo.hasNextPage` should be a boolean, found `\"yes\"`",
            ),
        ] {
            let error = step("data.issues.pageInfo", &info).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn the_cursor_joins_the_variables() {
        let mut request = Request::new(Method::POST, "http://h/graphql".parse().unwrap());
        request.body = Body::Json(json!({"query": "q", "variables": {"first": 5}}));
        let paginator = GraphQl::new("data.x.pageInfo").cursor_variable("cursor");
        paginator
            .apply(&Position::Token("c".into()), &mut request)
            .unwrap();
        let expected = json!({"query": "q", "variables": {"first": 5, "cursor": "c"}});
        assert_eq!(request.body, Body::Json(expected));
    }

    #[test]
    fn mistakes_are_found_before_the_first_request() {
        assert!(GraphQl::new("data.x.pageInfo").validate().is_ok());
        assert!(GraphQl::new("data..").validate().is_err());
        assert!(
            GraphQl::new("data.x.pageInfo")
                .cursor_variable(" ")
                .validate()
                .is_err()
        );
        let mut request = Request::new(Method::POST, "http://h/graphql".parse().unwrap());
        request.body = Body::Raw {
            bytes: "{}".into(),
            content_type: None,
        };
        let error = GraphQl::new("data.x.pageInfo").fits(&request).unwrap_err();
        assert!(matches!(error, PaginateError::Inject { .. }), "{error}");
    }
}
