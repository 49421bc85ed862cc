//! Any number that grows from page to page.

use apiduct_json::Selector;
use serde_json::Value;

use super::declared::Declared;
use super::ends::Ends;
use super::setters::setters;
use super::setting::{self, PlaceSettings};
use super::{PaginateError, Paginator, Position, Setting, SetupError, Step, TotalPath};
use crate::inject::{BodyPath, Inject};
use crate::{Page, Request};

/// Counts in steps: `start=0`, `start=50`, `start=100`, and so on.
///
/// For APIs that fit neither [`PageNumber`](super::PageNumber) nor [`Offset`](super::Offset), with the same ends as these:
/// the first value, the step and the unit of the total are free. The value is sent with every request. After each page
/// these are asked in order, and the first that says so ends the pagination: an empty page, the API's total,
/// `maximum_value`, the API's has-more value. At least one of them must be in use.
///
/// ```
/// use apiduct_client::paginate::{Paginator, Range};
///
/// let paginator = Range::new("start", 0, 50).total_path("total").maximum_value(500);
/// assert_eq!(
///     paginator.describe(),
///     "query parameter `start` from 0 in steps of 50, total at `total`, `maximum_value` 500, until an empty page"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The query parameter, unless `param_body_path` is given.
    pub param_name: Option<String>,
    /// The place in the body, instead of a query parameter. Default: none.
    pub param_body_path: Option<Setting<BodyPath>>,
    /// The first value. Default: 0.
    pub initial_value: u64,
    /// What is added from page to page; at least 1. Default: 1.
    pub value_step: u64,
    /// The value that the API gives its very first page; it counts only when the total is compared. Default: 0.
    pub base_index: u64,
    /// The first value that is no longer sent. Default: none.
    pub maximum_value: Option<u64>,
    /// Where the API says how much there is, in the unit of the value. Default: nowhere.
    pub total_path: TotalPath,
    /// Whether a page without records ends the pagination. Default: yes.
    pub stop_after_empty_page: bool,
    /// Where the API says whether there is more: a boolean, or a word like `yes`. Default: none.
    pub has_more_path: Option<Setting<Selector>>,
}

impl Range {
    /// Values from `initial_value` in steps of `value_step`, in query parameter `param_name`.
    pub fn new(param_name: impl Into<String>, initial_value: u64, value_step: u64) -> Self {
        Self {
            param_name: Some(param_name.into()),
            initial_value,
            value_step,
            ..Self::default()
        }
    }

    /// Values from `initial_value` in steps of `value_step`, at `param_body_path` in the body.
    pub fn in_body(
        param_body_path: impl Into<Setting<BodyPath>>,
        initial_value: u64,
        value_step: u64,
    ) -> Self {
        Self {
            param_body_path: Some(param_body_path.into()),
            initial_value,
            value_step,
            ..Self::default()
        }
    }

    setters! {
        /// The query parameter.
        param_name: text,
        /// The place in the body, instead of a query parameter.
        param_body_path: body_path,
        /// The first value. Default: 0.
        initial_value: number,
        /// What is added from page to page. Default: 1.
        value_step: number,
        /// The value that the API gives its very first page. Default: 0.
        base_index: number,
        /// The first value that is no longer sent. Default: none.
        maximum_value: perhaps_number,
        /// Where the API says how much there is, in the unit of the value. Default: nowhere.
        total_path: total,
        /// Whether a page without records ends the pagination. Default: yes.
        stop_after_empty_page: truth,
        /// Where the API says whether there is more. Default: none.
        has_more_path: selector,
    }

    fn place(&self) -> Result<Inject, SetupError> {
        let settings = PlaceSettings {
            param: self.param_name.as_deref(),
            body_path: self.param_body_path.as_ref(),
            fields: ("param_name", "param_body_path", ""),
            ..PlaceSettings::default()
        };
        settings.place()
    }

    fn ends(&self) -> Ends<'_> {
        Ends {
            total_path: &self.total_path,
            has_more_path: self.has_more_path.as_ref(),
            stop_after_empty_page: self.stop_after_empty_page,
            maximum: self.maximum_value.map(|bound| (bound, bound)),
            maximum_field: "maximum_value",
        }
    }
}

/// No place yet, values 0, 1, 2, until an empty page.
impl Default for Range {
    fn default() -> Self {
        Self {
            param_name: None,
            param_body_path: None,
            initial_value: 0,
            value_step: 1,
            base_index: 0,
            maximum_value: None,
            total_path: TotalPath::Unknown,
            stop_after_empty_page: true,
            has_more_path: None,
        }
    }
}

impl Paginator for Range {
    fn start(&self) -> Position {
        Position::Number(self.initial_value)
    }

    fn validate(&self) -> Result<(), SetupError> {
        self.place()?;
        if self.value_step == 0 {
            return Err(SetupError::Zero {
                field: "value_step",
            });
        }
        self.ends().validate()
    }

    fn fits(&self, request: &Request) -> Result<(), PaginateError> {
        setting::fits(&self.place()?, request)
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        let value = super::number(position, "range")?;
        Ok(self.place()?.write(&super::number_scalar(value), request)?)
    }

    fn advance(&self, position: &Position, page: &Page) -> Result<Step, PaginateError> {
        let value = super::number(position, "range")?;
        let next = value.saturating_add(self.value_step);
        self.ends().step(page, next, self.base_index)
    }

    fn needs(&self) -> Vec<Selector> {
        self.ends().needs()
    }

    fn ahead(&self, position: &Position, page: &Page, pages: u64) -> Option<Position> {
        let value = super::number(position, "range").ok()?;
        let next = value.checked_add(pages.checked_mul(self.value_step)?)?;
        self.ends().ahead(page, next, self.base_index)
    }

    fn beyond(&self, position: &Position) -> Option<Step> {
        let value = super::number(position, "range").ok()?;
        self.ends().beyond(value.checked_add(self.value_step))
    }

    fn declaration(&self) -> Option<Value> {
        let settings = Declared::new("range")
            .maybe("param_name", self.param_name.as_deref())
            .setting("param_body_path", self.param_body_path.as_ref())
            .number("initial_value", self.initial_value, 0)
            .number("value_step", self.value_step, 1)
            .number("base_index", self.base_index, 0)
            .maybe("maximum_value", self.maximum_value);
        let settings = match &self.total_path {
            TotalPath::Unknown => settings,
            TotalPath::Usual => settings.maybe("total_path", Some("total")),
            path => settings.total(path),
        };
        let settings = settings
            .truth("stop_after_empty_page", self.stop_after_empty_page, true)
            .setting("has_more_path", self.has_more_path.as_ref());
        Some(settings.into())
    }

    fn describe(&self) -> String {
        let place = setting::describe(self.place());
        format!(
            "{place} from {} in steps of {}{}",
            self.initial_value,
            self.value_step,
            self.ends().describe("")
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_support::body_page;
    use super::super::{Reason, SinglePage};
    use super::*;

    /// The values that are sent while every page has records and says that there are `total`.
    fn values(paginator: &Range, total: u64) -> Vec<u64> {
        let mut position = paginator.start();
        let mut sent = Vec::new();
        loop {
            let Position::Number(value) = position else {
                panic!("{position:?}")
            };
            sent.push(value);
            let page = body_page(paginator, &json!({"data": [1], "total": total}));
            match paginator.advance(&position, &page).unwrap() {
                Step::Next(next) => position = next,
                Step::Done(_) => return sent,
            }
        }
    }

    #[test]
    fn values_grow_by_the_step_until_the_total_or_the_bound() {
        let range = Range::new("start", 0, 2).total_path("total");
        assert_eq!(values(&range, 5), [0, 2, 4]);
        assert_eq!(values(&range.clone().initial_value(3), 5), [3]);
        let pages = Range::new("p", 1, 1).base_index(1).total_path("total");
        assert_eq!(values(&pages, 3), [1, 2, 3]);
        let bounded = Range::new("start", 10, 10).maximum_value(40);
        assert_eq!(values(&bounded, 0), [10, 20, 30]);
    }

    #[test]
    fn an_empty_page_ends_unless_that_is_switched_off() {
        let empty = json!({"data": []});
        let range = Range::new("start", 0, 2);
        let step = range.advance(&range.start(), &body_page(&range, &empty));
        assert_eq!(step, Ok(Step::Done(Reason::EmptyPage)));
        let on = range.stop_after_empty_page(false).maximum_value(9);
        let step = on.advance(&on.start(), &body_page(&on, &empty));
        assert_eq!(step, Ok(Step::Next(Position::Number(2))));
    }

    #[test]
    fn there_must_be_one_place_a_step_and_an_end() {
        assert!(Range::new("a", 0, 1).validate().is_ok());
        assert!(Range::in_body("a.b", 0, 1).validate().is_ok());
        let nowhere = Range::default().validate().unwrap_err();
        assert_eq!(
            nowhere.to_string(),
            "either `param_name` or `param_body_path` must be provided"
        );
        for broken in [
            Range::new("a", 0, 0),
            Range::new("", 0, 1),
            Range::new("a", 0, 1).param_body_path("b"),
            Range::new("a", 0, 1).stop_after_empty_page(false),
        ] {
            assert!(broken.validate().is_err(), "{broken:?}");
        }
    }

    #[test]
    fn positions_of_others_are_refused() {
        let mut request = Request::new(http::Method::GET, "http://h/".parse().unwrap());
        let error = Range::new("a", 0, 1).apply(&SinglePage.start(), &mut request);
        assert!(matches!(error, Err(PaginateError::ForeignPosition { .. })));
    }
}
