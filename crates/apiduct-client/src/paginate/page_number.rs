//! Pages are numbered.

use apiduct_json::Selector;
use serde_json::Value;

use super::declared::Declared;
use super::ends::Ends;
use super::setters::setters;
use super::setting::{self, PlaceSettings};
use super::{PaginateError, Paginator, Position, Setting, SetupError, Step, Total, TotalPath};
use crate::inject::{BodyPath, Inject};
use crate::{Page, Request};

/// Counts pages: `page=1`, `page=2`, and so on.
///
/// The number is sent with every request, the first one included, as a query parameter or in the body. After each page
/// these are asked in order, and the first that says so ends the pagination: an empty page, the API's total number of
/// pages, `maximum_page`, the API's has-more value. At least one of them must be in use.
///
/// ```
/// use apiduct_client::paginate::{PageNumber, Paginator};
///
/// let paginator = PageNumber::new().page_param("p").total_path("meta.total_pages");
/// assert!(paginator.validate().is_ok());
/// assert_eq!(
///     paginator.describe(),
///     "page number in query parameter `p`, from 1, total pages at `meta.total_pages`, until an empty page"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageNumber {
    /// The number of the first page to fetch. Default: 1.
    pub initial_page: u64,
    /// The number that the API gives its very first page, where pagination starts later than there. It counts only when
    /// the total is compared. Default: `initial_page`.
    pub base_page: Option<u64>,
    /// The query parameter. Default: `page`, unless `page_body_path` is given.
    pub page_param: Option<String>,
    /// The place in the body, instead of a query parameter. Default: none.
    pub page_body_path: Option<Setting<BodyPath>>,
    /// Where the API says how many *pages* there are. Default: `total`, if it is there.
    pub total_path: TotalPath,
    /// The last page to fetch. The first page is fetched in any case. Default: none.
    pub maximum_page: Option<u64>,
    /// Whether a page without records ends the pagination. Default: yes.
    pub stop_after_empty_page: bool,
    /// Where the API says whether there is more: a boolean, or a word like `yes`. Default: none.
    pub has_more_path: Option<Setting<Selector>>,
}

impl PageNumber {
    /// Pages counted from 1 in the query parameter `page`.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The number of the first page to fetch. Default: 1.
        initial_page: number,
        /// The number that the API gives its very first page. Default: the first page to fetch.
        base_page: perhaps_number,
        /// The query parameter. Default: `page`.
        page_param: text,
        /// The place in the body, instead of a query parameter.
        page_body_path: body_path,
        /// Where the API says how many pages there are; `None::<&str>` when it does not. Default: `total`, if it is there.
        total_path: total,
        /// The last page to fetch. Default: none.
        maximum_page: perhaps_number,
        /// Whether a page without records ends the pagination. Default: yes.
        stop_after_empty_page: truth,
        /// Where the API says whether there is more. Default: none.
        has_more_path: selector,
    }

    fn place(&self) -> Result<Inject, SetupError> {
        let settings = PlaceSettings {
            param: self.page_param.as_deref(),
            body_path: self.page_body_path.as_ref(),
            fields: ("page_param", "page_body_path", ""),
            default: Some("page"),
            ..PlaceSettings::default()
        };
        settings.place()
    }

    /// The number that the very first page has.
    fn base(&self) -> u64 {
        self.base_page.unwrap_or(self.initial_page)
    }

    fn ends(&self) -> Ends<'_> {
        Ends {
            total_path: &self.total_path,
            has_more_path: self.has_more_path.as_ref(),
            stop_after_empty_page: self.stop_after_empty_page,
            maximum: self.maximum_page.map(|last| (last, last.saturating_add(1))),
            maximum_field: "maximum_page",
        }
    }
}

impl Default for PageNumber {
    fn default() -> Self {
        Self {
            initial_page: 1,
            base_page: None,
            page_param: None,
            page_body_path: None,
            total_path: TotalPath::Usual,
            maximum_page: None,
            stop_after_empty_page: true,
            has_more_path: None,
        }
    }
}

impl Paginator for PageNumber {
    fn start(&self) -> Position {
        Position::Number(self.initial_page)
    }

    fn validate(&self) -> Result<(), SetupError> {
        self.place()?;
        self.ends().validate()
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        let number = super::number(position, "page number")?;
        Ok(self
            .place()?
            .write(&super::number_scalar(number), request)?)
    }

    fn advance(&self, position: &Position, page: &Page) -> Result<Step, PaginateError> {
        let number = super::number(position, "page number")?;
        self.ends()
            .step(page, number.saturating_add(1), self.base())
    }

    fn fits(&self, request: &Request) -> Result<(), PaginateError> {
        setting::fits(&self.place()?, request)
    }

    fn needs(&self) -> Vec<Selector> {
        self.ends().needs()
    }

    /// The total number of pages. What stands at the default path `total` is unclear: many APIs give the number of
    /// records there.
    fn total(&self, page: &Page) -> Option<Total> {
        let unit = match self.total_path {
            TotalPath::Usual => Total::Unclear,
            _ => Total::Pages,
        };
        self.ends().total(page).ok().flatten().map(unit)
    }

    fn beyond(&self, position: &Position) -> Option<Step> {
        let number = super::number(position, "page number").ok()?;
        self.ends().beyond(number.checked_add(1))
    }

    /// What stands at the default path `total` may be a number of pages or of records; the smaller of the two counts as
    /// long as either is possible.
    fn ahead(&self, position: &Position, page: &Page, pages: u64) -> Option<Position> {
        let number = super::number(position, "page number").ok()?;
        let next = number.checked_add(pages)?;
        if self.total_path == TotalPath::Usual {
            let total = self.ends().total(page).ok().flatten()?;
            let bound = pages_at_least(total, number.checked_sub(self.base())?, page);
            if next >= self.base().saturating_add(bound) {
                return None;
            }
        }
        self.ends().ahead(page, next, self.base())
    }

    fn declaration(&self) -> Option<Value> {
        let base = self.base_page.filter(|base| *base != self.initial_page);
        let settings = Declared::new("page_number")
            .number("initial_page", self.initial_page, 1)
            .maybe("base_page", base)
            .maybe("page_param", self.page_param.as_deref())
            .setting("page_body_path", self.page_body_path.as_ref())
            .total(&self.total_path)
            .maybe("maximum_page", self.maximum_page)
            .truth("stop_after_empty_page", self.stop_after_empty_page, true)
            .setting("has_more_path", self.has_more_path.as_ref());
        Some(settings.into())
    }

    fn describe(&self) -> String {
        let place = setting::describe(self.place());
        format!(
            "page number in {place}, from {}{}",
            self.initial_page,
            self.ends().describe(" pages")
        )
    }
}

/// How many pages there are at least if `total` is their number or that of the records, as far as `page` tells, which
/// comes after `before` others.
fn pages_at_least(total: u64, before: u64, page: &Page) -> u64 {
    let records = page.raw_records().len() as u64;
    let so_far = before.saturating_add(1).saturating_mul(records);
    if records == 0 || so_far > total {
        return total;
    }
    // A page that is shorter than all before it, which hold the rest of the total, is the last one.
    let is_last = before > 0 && {
        let rest = total - records;
        rest.is_multiple_of(before) && rest / before > records
    };
    if is_last {
        before + 1
    } else {
        total.div_ceil(records)
    }
}

#[cfg(test)]
mod tests;
