//! The last record of a page is where the next one begins.

use apiduct_json::{Captured, ScanPlan, Selector};
use apiduct_model::Scalar;
use bytes::Bytes;
use serde_json::Value;

use super::declared::Declared;
use super::ends::{has_more, has_more_selector};
use super::setters::setters;
use super::setting::{self, PlaceSettings};
use super::{PaginateError, Paginator, Position, Reason, Setting, SetupError, Step, token};
use crate::inject::{BodyPath, Inject};
use crate::{Page, Request};

/// Sends a field of the page's last record back, as `starting_after` or `since_id` want it.
///
/// The first request carries no cursor, unless the caller gives one. An empty page ends the pagination; so do, where
/// they are configured, the API's has-more value or else a page that is not full. A last record without the field is
/// an error: silence would be mistaken for the end.
///
/// ```
/// use apiduct_client::paginate::{LastRecord, Paginator};
///
/// let paginator = LastRecord::new("id").cursor_param("since_id").page_size(100);
/// assert_eq!(
///     paginator.describe(),
///     "`id` of the last record, sent as query parameter `since_id`, until a page has fewer than 100 records"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRecord {
    /// Where the cursor is in the record. Default: `id`.
    pub cursor_field: Setting<Selector>,
    /// The query parameter. Default: `starting_after`, unless another place is given.
    pub cursor_param: Option<String>,
    /// The place in the body, instead of a query parameter. Default: none.
    pub cursor_body_path: Option<Setting<BodyPath>>,
    /// The request header, instead of a query parameter. Default: none.
    pub cursor_header: Option<String>,
    /// How many records a full page has; one with fewer is the last, unless `has_more_path` decides. It must not be
    /// above what the API is willing to send, and is not sent itself. Default: only an empty page is the last.
    pub page_size: Option<u64>,
    /// Where the API says whether there is more: a boolean, or a word like `yes`. Default: none.
    pub has_more_path: Option<Setting<Selector>>,
}

impl LastRecord {
    /// The field `cursor_field` of the last record, sent as query parameter `starting_after`.
    pub fn new(cursor_field: impl Into<Setting<Selector>>) -> Self {
        Self {
            cursor_field: cursor_field.into(),
            cursor_param: None,
            cursor_body_path: None,
            cursor_header: None,
            page_size: None,
            has_more_path: None,
        }
    }

    setters! {
        /// The query parameter. Default: `starting_after`.
        cursor_param: text,
        /// The place in the body, instead of a query parameter.
        cursor_body_path: body_path,
        /// The request header, instead of a query parameter.
        cursor_header: text,
        /// How many records a full page has. Default: unknown.
        page_size: perhaps_number,
        /// Where the API says whether there is more. Default: none.
        has_more_path: selector,
    }

    fn place(&self) -> Result<Inject, SetupError> {
        let (param, header) = (self.cursor_param.as_deref(), self.cursor_header.as_deref());
        PlaceSettings::cursor(
            param,
            self.cursor_body_path.as_ref(),
            header,
            "starting_after",
        )
        .place()
    }

    /// Why `page` is the last, if it says so.
    fn end(&self, page: &Page) -> Result<Option<Reason>, PaginateError> {
        if page.is_empty() {
            return Ok(Some(Reason::EmptyPage));
        }
        if let Some(selector) = has_more_selector(self.has_more_path.as_ref())? {
            return Ok((!has_more(page, selector)?).then_some(Reason::HasMoreFalse));
        }
        let is_short = |size: &u64| (page.raw_records().len() as u64) < *size;
        let page_size = self.page_size.filter(is_short);
        Ok(page_size.map(|page_size| Reason::ShortPage { page_size }))
    }

    /// The field of the last record.
    fn cursor(&self, page: &Page) -> Result<Captured, PaginateError> {
        let selector = self.cursor_field.check("cursor_field")?;
        let record = page.raw_records().last().unwrap_or("null");
        let plan = ScanPlan::new(Selector::root(), vec![selector.clone()]);
        let scanned = plan.scan(&Bytes::copy_from_slice(record.as_bytes()));
        let captured = scanned
            .ok()
            .and_then(|scanned| scanned.captures.into_iter().next());
        let is_something = |captured: &Captured| {
            !captured.is_none() && *captured != Captured::Scalar(Scalar::from(""))
        };
        captured
            .filter(is_something)
            .ok_or_else(|| PaginateError::Missing {
                what: "cursor",
                path: format!("{selector} (last record)"),
            })
    }
}

impl Default for LastRecord {
    fn default() -> Self {
        Self::new(Selector::from_keys(&["id"]))
    }
}

impl Paginator for LastRecord {
    fn start(&self) -> Position {
        Position::Start
    }

    fn validate(&self) -> Result<(), SetupError> {
        self.cursor_field.check("cursor_field")?;
        has_more_selector(self.has_more_path.as_ref())?;
        if self.page_size == Some(0) {
            return Err(SetupError::Zero { field: "page_size" });
        }
        self.place().map(drop)
    }

    fn fits(&self, request: &Request) -> Result<(), PaginateError> {
        setting::fits(&self.place()?, request)
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        token::apply(position, &self.place()?, request, "last record")
    }

    fn advance(&self, _: &Position, page: &Page) -> Result<Step, PaginateError> {
        if let Some(reason) = self.end(page)? {
            return Ok(Step::Done(reason));
        }
        let captured = self.cursor(page)?;
        let into_body = self.cursor_body_path.is_some();
        token::position(&captured, &self.cursor_field, into_body).map(Step::Next)
    }

    fn needs(&self) -> Vec<Selector> {
        has_more_selector(self.has_more_path.as_ref())
            .ok()
            .flatten()
            .cloned()
            .into_iter()
            .collect()
    }

    fn declaration(&self) -> Option<Value> {
        let settings = Declared::new("last_record")
            .text("cursor_field", &self.cursor_field.to_string(), "id")
            .maybe("cursor_param", self.cursor_param.as_deref())
            .setting("cursor_body_path", self.cursor_body_path.as_ref())
            .maybe("cursor_header", self.cursor_header.as_deref())
            .maybe("page_size", self.page_size)
            .setting("has_more_path", self.has_more_path.as_ref());
        Some(settings.into())
    }

    fn describe(&self) -> String {
        let place = setting::describe(self.place());
        let end = match (&self.has_more_path, self.page_size) {
            (Some(path), _) => format!(", has-more at `{path}`"),
            (None, Some(size)) => format!(", until a page has fewer than {size} records"),
            (None, None) => ", until an empty page".to_owned(),
        };
        format!(
            "`{}` of the last record, sent as {place}{end}",
            self.cursor_field
        )
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use super::super::test_support::{body_page, page_from};
    use super::*;

    fn step(paginator: &LastRecord, body: &Value) -> Result<Step, PaginateError> {
        paginator.advance(&Position::Start, &body_page(paginator, body))
    }

    fn token(scalar: impl Into<Scalar>) -> Step {
        Step::Next(Position::Token(scalar.into()))
    }

    #[test]
    fn the_field_of_the_last_record_is_next_with_its_type() {
        let data = |last: Value| json!({"data": [{"id": 1}, last]});
        let paginator = LastRecord::default();
        assert_eq!(step(&paginator, &data(json!({"id": 9}))), Ok(token(9)));
        assert_eq!(step(&paginator, &data(json!({"id": 0}))), Ok(token(0)));
        assert_eq!(
            step(&paginator, &data(json!({"id": "x9"}))),
            Ok(token("x9"))
        );
        let nested = LastRecord::new("meta.seq");
        let body = data(json!({"meta": {"seq": 7}}));
        assert_eq!(step(&nested, &body), Ok(token(7)));
    }

    #[test]
    fn records_are_found_whatever_the_selector_is() {
        let paginator = LastRecord::default();
        for (body, selector) in [
            (json!([{"id": 1}, {"id": 5}]), "$"),
            (json!({"a": [{"b": {"id": 1}}, {"b": {"id": 5}}]}), "a[*].b"),
        ] {
            let page = page_from(&paginator, "http://h/r", &[], &body, selector);
            assert_eq!(paginator.advance(&Position::Start, &page), Ok(token(5)));
        }
    }

    #[test]
    fn an_empty_or_a_short_page_or_the_word_of_the_api_is_the_end() {
        let one = json!({"data": [{"id": 1}], "more": true});
        let done = |reason| Ok(Step::Done(reason));
        assert_eq!(
            step(&LastRecord::default(), &json!({"data": []})),
            done(Reason::EmptyPage)
        );
        assert_eq!(step(&LastRecord::default(), &one), Ok(token(1)));
        let sized = LastRecord::default().page_size(2);
        let page_size = 2;
        assert_eq!(step(&sized, &one), done(Reason::ShortPage { page_size }));
        let told = sized.has_more_path("more");
        assert_eq!(step(&told, &one), Ok(token(1)), "the API's word goes first");
        let no_more = json!({"data": [{"id": 1}, {"id": 2}], "more": false});
        assert_eq!(step(&told, &no_more), done(Reason::HasMoreFalse));
    }

    #[test]
    fn a_last_record_without_the_field_is_an_error_and_not_an_end() {
        for last in [
            json!({"x": 1}),
            json!({"id": null}),
            json!({"id": ""}),
            json!(3),
        ] {
            let error = step(&LastRecord::default(), &json!({"data": [last]})).unwrap_err();
            assert!(
                matches!(error, PaginateError::Missing { what: "cursor", .. }),
                "{error}"
            );
        }
        let error = step(&LastRecord::default(), &json!({"data": [{"id": true}]})).unwrap_err();
        assert!(matches!(error, PaginateError::WrongValue { .. }), "{error}");
    }

    #[test]
    fn the_cursor_goes_where_it_is_asked_for() {
        let position = Position::Token("a b".into());
        let applied = |paginator: &LastRecord| {
            let mut request = Request::new(Method::POST, "http://h/r".parse().unwrap());
            paginator.apply(&position, &mut request).unwrap();
            request
        };
        let request = applied(&LastRecord::default());
        assert_eq!(request.full_url().as_str(), "http://h/r?starting_after=a+b");
        let request = applied(&LastRecord::default().cursor_header("X-After"));
        assert_eq!(request.headers["x-after"], "a b");
        let request = applied(&LastRecord::default().cursor_body_path("search_after"));
        assert_eq!(
            request.body,
            crate::Body::Json(json!({"search_after": "a b"}))
        );
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        assert!(LastRecord::default().validate().is_ok());
        for broken in [
            LastRecord::new("a.."),
            LastRecord::default().page_size(0),
            LastRecord::default().cursor_param(""),
            LastRecord::default().cursor_param("a").cursor_header("b"),
            LastRecord::default().has_more_path("["),
        ] {
            assert!(broken.validate().is_err(), "{broken:?}");
        }
    }
}
