//! The next page's cursor stands in the body.

use apiduct_json::Selector;
use serde_json::Value;

use super::declared::Declared;
use super::ends::{has_more, has_more_selector};
use super::setters::setters;
use super::setting::{self, PlaceSettings};
use super::{PaginateError, Paginator, Position, Reason, Setting, SetupError, Step, token};
use crate::inject::{BodyPath, Inject};
use crate::{Page, Request};

/// Takes a cursor out of the body and sends it back as a query parameter, in the body or in a header.
///
/// The first request carries no cursor, unless the caller gives one. Nothing, null, `""`, `0`, `false`, `[]` and `{}`
/// end the pagination; the text `"0"` does not. The cursor may come out of the last record, as with `data[-1].id`.
/// Lists and objects are cursors too when they go into the body.
///
/// ```
/// use apiduct_client::paginate::{Cursor, Paginator};
///
/// let paginator = Cursor::new("data[-1].id").cursor_param("starting_after").has_more_path("has_more");
/// assert!(paginator.validate().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Where the cursor is. Default: `cursors.next`.
    pub cursor_path: Setting<Selector>,
    /// The query parameter. Default: `after`, unless `cursor_body_path` is given.
    pub cursor_param: Option<String>,
    /// The place in the body, instead of a query parameter. Default: none.
    pub cursor_body_path: Option<Setting<BodyPath>>,
    /// The request header, instead of a query parameter. Default: none.
    pub cursor_header: Option<String>,
    /// Whether a page without records ends the pagination though it names a cursor. Default: no.
    pub stop_after_empty_page: bool,
    /// Where the API says whether there is more: a boolean, or a word like `yes`. It is asked only where there is a
    /// cursor. Default: none.
    pub has_more_path: Option<Setting<Selector>>,
}

impl Cursor {
    /// The cursor at `cursor_path`, sent as query parameter `after`.
    pub fn new(cursor_path: impl Into<Setting<Selector>>) -> Self {
        Self {
            cursor_path: cursor_path.into(),
            cursor_param: None,
            cursor_body_path: None,
            cursor_header: None,
            stop_after_empty_page: false,
            has_more_path: None,
        }
    }

    setters! {
        /// The query parameter. Default: `after`.
        cursor_param: text,
        /// The place in the body, instead of a query parameter.
        cursor_body_path: body_path,
        /// The request header, instead of a query parameter.
        cursor_header: text,
        /// Whether a page without records ends the pagination though it names a cursor. Default: no.
        stop_after_empty_page: truth,
        /// Where the API says whether there is more. Default: none.
        has_more_path: selector,
    }

    fn place(&self) -> Result<Inject, SetupError> {
        let (param, header) = (self.cursor_param.as_deref(), self.cursor_header.as_deref());
        PlaceSettings::cursor(param, self.cursor_body_path.as_ref(), header, "after").place()
    }
}

impl Default for Cursor {
    fn default() -> Self {
        Self::new(Selector::from_keys(&["cursors", "next"]))
    }
}

impl Paginator for Cursor {
    fn start(&self) -> Position {
        Position::Start
    }

    fn validate(&self) -> Result<(), SetupError> {
        self.cursor_path.check("cursor_path")?;
        has_more_selector(self.has_more_path.as_ref())?;
        self.place().map(drop)
    }

    fn fits(&self, request: &Request) -> Result<(), PaginateError> {
        setting::fits(&self.place()?, request)
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        token::apply(position, &self.place()?, request, "cursor")
    }

    fn advance(&self, _: &Position, page: &Page) -> Result<Step, PaginateError> {
        let selector = self.cursor_path.check("cursor_path")?;
        let captured = page.captured(selector);
        if super::says_nothing(captured) {
            return Ok(Step::Done(Reason::NoNext));
        }
        let position = token::position(captured, selector, self.cursor_body_path.is_some())?;
        if self.stop_after_empty_page && page.is_empty() {
            return Ok(Step::Done(Reason::EmptyPage));
        }
        match has_more_selector(self.has_more_path.as_ref())? {
            Some(selector) if !has_more(page, selector)? => Ok(Step::Done(Reason::HasMoreFalse)),
            _ => Ok(Step::Next(position)),
        }
    }

    fn needs(&self) -> Vec<Selector> {
        let cursor = self.cursor_path.value().cloned();
        cursor
            .into_iter()
            .chain(
                has_more_selector(self.has_more_path.as_ref())
                    .ok()
                    .flatten()
                    .cloned(),
            )
            .collect()
    }

    fn declaration(&self) -> Option<Value> {
        let path = self.cursor_path.to_string();
        let settings = Declared::new("cursor")
            .text("cursor_path", &path, "cursors.next")
            .maybe("cursor_param", self.cursor_param.as_deref())
            .setting("cursor_body_path", self.cursor_body_path.as_ref())
            .maybe("cursor_header", self.cursor_header.as_deref())
            .truth("stop_after_empty_page", self.stop_after_empty_page, false)
            .setting("has_more_path", self.has_more_path.as_ref());
        Some(settings.into())
    }

    fn describe(&self) -> String {
        let place = setting::describe(self.place());
        let has_more = self.has_more_path.as_ref();
        let has_more = has_more.map_or_else(String::new, |path| format!(", has-more at `{path}`"));
        let empty = if self.stop_after_empty_page {
            ", until an empty page"
        } else {
            ""
        };
        let path = &self.cursor_path;
        format!("cursor at `{path}`, sent as {place}{has_more}{empty}")
    }
}

#[cfg(test)]
mod tests;
