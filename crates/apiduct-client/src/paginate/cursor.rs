//! The next page's cursor stands in the body.

use std::collections::BTreeMap;

use apiduct_json::{Captured, Selector};
use apiduct_model::Scalar;
use serde_json::Value;

use super::range::{has_more, wrong};
use super::setters::setters;
use super::setting::PlaceSettings;
use super::{PaginateError, Paginator, Position, Reason, Setting, SetupError, Step};
use crate::inject::{BodyPath, Inject};
use crate::{Page, Request};

/// The name under which a position keeps a cursor that is a list or an object.
const JSON: &str = "json";

/// Takes a cursor out of the body and sends it back as a query parameter or in the body.
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
            stop_after_empty_page: false,
            has_more_path: None,
        }
    }

    setters! {
        /// The query parameter. Default: `after`.
        cursor_param: text,
        /// The place in the body, instead of a query parameter.
        cursor_body_path: body_path,
        /// Whether a page without records ends the pagination though it names a cursor. Default: no.
        stop_after_empty_page: truth,
        /// Where the API says whether there is more. Default: none.
        has_more_path: selector,
    }

    fn place(&self) -> Result<Inject, SetupError> {
        let settings = PlaceSettings {
            param: self.cursor_param.as_deref(),
            body_path: self.cursor_body_path.as_ref(),
            fields: ("cursor_param", "cursor_body_path"),
            default: "after",
        };
        settings.place()
    }

    fn has_more(&self) -> Result<Option<&Selector>, SetupError> {
        self.has_more_path
            .as_ref()
            .map(|path| path.check("has_more_path"))
            .transpose()
    }

    /// The position of the cursor that was captured; `None` when there is none.
    fn position(
        &self,
        captured: &Captured,
        selector: &Selector,
    ) -> Result<Option<Position>, PaginateError> {
        if super::says_nothing(captured) {
            return Ok(None);
        }
        match captured {
            Captured::Scalar(Scalar::Bool(_)) => {
                Err(wrong("cursor", selector, "a text or a number", captured))
            }
            Captured::Scalar(scalar) => Ok(Some(Position::Token(scalar.clone()))),
            Captured::Json(text) if self.cursor_body_path.is_some() => {
                let json = Scalar::Text(text.clone());
                Ok(Some(Position::Map(BTreeMap::from([(
                    JSON.to_owned(),
                    json,
                )]))))
            }
            other => Err(wrong("cursor", selector, "a text or a number", other)),
        }
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
        self.has_more()?;
        self.place().map(drop)
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        let foreign = || super::foreign(position, "cursor");
        match (position, self.place()?) {
            (Position::Start, _) => Ok(()),
            (Position::Token(token), place) => Ok(place.write(token, request)?),
            (Position::Map(map), Inject::BodyPath(path)) => {
                let Some(Scalar::Text(text)) = map.get(JSON) else {
                    return Err(foreign());
                };
                let json: Value = serde_json::from_str(text).map_err(|_| foreign())?;
                Ok(path.write(json, &mut request.body)?)
            }
            _ => Err(foreign()),
        }
    }

    fn advance(&self, _: &Position, page: &Page) -> Result<Step, PaginateError> {
        let selector = self.cursor_path.check("cursor_path")?;
        let Some(position) = self.position(page.captured(selector), selector)? else {
            return Ok(Step::Done(Reason::NoNext));
        };
        if self.stop_after_empty_page && page.is_empty() {
            return Ok(Step::Done(Reason::EmptyPage));
        }
        match self.has_more()? {
            Some(selector) if !has_more(page, selector)? => Ok(Step::Done(Reason::HasMoreFalse)),
            _ => Ok(Step::Next(position)),
        }
    }

    fn needs(&self) -> Vec<Selector> {
        let cursor = self.cursor_path.value().cloned();
        cursor
            .into_iter()
            .chain(self.has_more().ok().flatten().cloned())
            .collect()
    }

    fn describe(&self) -> String {
        let place = self
            .place()
            .map_or_else(|error| error.to_string(), |place| place.to_string());
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
