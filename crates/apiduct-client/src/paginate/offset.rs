//! Pages start at an offset and have a limit.

use apiduct_json::Selector;
use serde_json::Value;

use super::declared::Declared;
use super::ends::Ends;
use super::setters::setters;
use super::setting::{self, PlaceSettings};
use super::{PaginateError, Paginator, Position, Setting, SetupError, Step, Total, TotalPath};
use crate::inject::{BodyPath, Inject};
use crate::{Page, Request};

/// Counts records: `offset=0&limit=100`, `offset=100&limit=100`, and so on.
///
/// Offset and limit are sent with every request, each as a query parameter or in the body. The offset grows by `limit`
/// whatever a page holds, so `limit` must not be above what the API is willing to send. After each page these are asked
/// in order, and the first that says so ends the pagination: an empty page, the API's total number of records,
/// `maximum_offset`, the API's has-more value. At least one of them must be in use.
///
/// ```
/// use apiduct_client::paginate::{Offset, Paginator};
///
/// let paginator = Offset::new(100).offset_param("skip").limit_param("take");
/// assert!(paginator.validate().is_ok());
/// assert!(Offset::new(0).validate().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offset {
    /// The number of records to ask for at a time; at least 1.
    pub limit: u64,
    /// The first offset. Default: 0.
    pub offset: u64,
    /// The query parameter of the offset. Default: `offset`, unless `offset_body_path` is given.
    pub offset_param: Option<String>,
    /// The offset's place in the body, instead of a query parameter. Default: none.
    pub offset_body_path: Option<Setting<BodyPath>>,
    /// The query parameter of the limit. Default: `limit`, unless `limit_body_path` is given.
    pub limit_param: Option<String>,
    /// The limit's place in the body, instead of a query parameter. Default: none.
    pub limit_body_path: Option<Setting<BodyPath>>,
    /// Where the API says how many *records* there are. Default: `total`, if it is there.
    pub total_path: TotalPath,
    /// The first offset that is no longer fetched. The last page is not shortened. Default: none.
    pub maximum_offset: Option<u64>,
    /// Whether a page without records ends the pagination. Default: yes.
    pub stop_after_empty_page: bool,
    /// Where the API says whether there is more: a boolean, or a word like `yes`. Default: none.
    pub has_more_path: Option<Setting<Selector>>,
}

impl Offset {
    /// Pages of `limit` records from offset 0, in the query parameters `offset` and `limit`.
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            offset: 0,
            offset_param: None,
            offset_body_path: None,
            limit_param: None,
            limit_body_path: None,
            total_path: TotalPath::Usual,
            maximum_offset: None,
            stop_after_empty_page: true,
            has_more_path: None,
        }
    }

    setters! {
        /// The first offset. Default: 0.
        offset: number,
        /// The query parameter of the offset. Default: `offset`.
        offset_param: text,
        /// The offset's place in the body, instead of a query parameter.
        offset_body_path: body_path,
        /// The query parameter of the limit. Default: `limit`.
        limit_param: text,
        /// The limit's place in the body, instead of a query parameter.
        limit_body_path: body_path,
        /// Where the API says how many records there are; `None::<&str>` when it does not. Default: `total`, if it is there.
        total_path: total,
        /// The first offset that is no longer fetched. Default: none.
        maximum_offset: perhaps_number,
        /// Whether a page without records ends the pagination. Default: yes.
        stop_after_empty_page: truth,
        /// Where the API says whether there is more. Default: none.
        has_more_path: selector,
    }

    fn places(&self) -> Result<(Inject, Inject), SetupError> {
        let offset = PlaceSettings {
            param: self.offset_param.as_deref(),
            body_path: self.offset_body_path.as_ref(),
            fields: ("offset_param", "offset_body_path", ""),
            default: Some("offset"),
            ..PlaceSettings::default()
        };
        let limit = PlaceSettings {
            param: self.limit_param.as_deref(),
            body_path: self.limit_body_path.as_ref(),
            fields: ("limit_param", "limit_body_path", ""),
            default: Some("limit"),
            ..PlaceSettings::default()
        };
        Ok((offset.place()?, limit.place()?))
    }

    fn ends(&self) -> Ends<'_> {
        Ends {
            total_path: &self.total_path,
            has_more_path: self.has_more_path.as_ref(),
            stop_after_empty_page: self.stop_after_empty_page,
            maximum: self.maximum_offset.map(|bound| (bound, bound)),
            maximum_field: "maximum_offset",
        }
    }

    /// Says so once when the API sends fewer records than asked for: the offset would step over the others.
    fn warn_if_capped(&self, offset: u64, page: &Page) {
        let received = page.raw_records().len() as u64;
        let is_short = offset == self.offset && (1..self.limit).contains(&received);
        let Ok(Some(total)) = self.ends().total(page) else {
            return;
        };
        if is_short && total > offset.saturating_add(received) {
            tracing::warn!(
                limit = self.limit,
                received,
                total,
                "the API sends fewer records than `limit`, though it has more; lower `limit` so that none is skipped"
            );
        }
    }
}

impl Paginator for Offset {
    fn start(&self) -> Position {
        Position::Number(self.offset)
    }

    fn validate(&self) -> Result<(), SetupError> {
        self.places()?;
        if self.limit == 0 {
            return Err(SetupError::Zero { field: "limit" });
        }
        self.ends().validate()
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        let offset = super::number(position, "offset")?;
        let (offset_place, limit_place) = self.places()?;
        offset_place.write(&super::number_scalar(offset), request)?;
        Ok(limit_place.write(&super::number_scalar(self.limit), request)?)
    }

    fn advance(&self, position: &Position, page: &Page) -> Result<Step, PaginateError> {
        let offset = super::number(position, "offset")?;
        self.warn_if_capped(offset, page);
        self.ends().step(page, offset.saturating_add(self.limit), 0)
    }

    fn fits(&self, request: &Request) -> Result<(), PaginateError> {
        let (offset, limit) = self.places()?;
        setting::fits(&offset, request)?;
        setting::fits(&limit, request)
    }

    fn needs(&self) -> Vec<Selector> {
        self.ends().needs()
    }

    fn total(&self, page: &Page) -> Option<Total> {
        self.ends().total(page).ok().flatten().map(Total::Records)
    }

    fn declaration(&self) -> Option<Value> {
        let settings = Declared::new("offset")
            .maybe("limit", Some(self.limit))
            .number("offset", self.offset, 0)
            .maybe("offset_param", self.offset_param.as_deref())
            .setting("offset_body_path", self.offset_body_path.as_ref())
            .maybe("limit_param", self.limit_param.as_deref())
            .setting("limit_body_path", self.limit_body_path.as_ref())
            .total(&self.total_path)
            .maybe("maximum_offset", self.maximum_offset)
            .truth("stop_after_empty_page", self.stop_after_empty_page, true)
            .setting("has_more_path", self.has_more_path.as_ref());
        Some(settings.into())
    }

    fn beyond(&self, position: &Position) -> Option<Step> {
        let offset = super::number(position, "offset").ok()?;
        self.ends().beyond(offset.checked_add(self.limit))
    }

    fn ahead(&self, position: &Position, page: &Page, pages: u64) -> Option<Position> {
        let offset = super::number(position, "offset").ok()?;
        let next = offset.checked_add(self.limit.checked_mul(pages)?)?;
        self.ends().ahead(page, next, 0)
    }

    fn describe(&self) -> String {
        let places = self.places().map_or_else(
            |error| error.to_string(),
            |(offset, limit)| format!("{offset}, limit {} in {limit}", self.limit),
        );
        format!(
            "offset in {places}, from {}{}",
            self.offset,
            self.ends().describe(" records")
        )
    }
}

#[cfg(test)]
mod tests;
