//! One page of a list.

use std::fmt;
use std::sync::{Arc, OnceLock};

use apiduct_json::{Captured, Records, Scanned, Selector};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Cause, Error};
use crate::paginate::Position;
use crate::{Request, Response, charset};

/// One page: the response, where its records are, and what a paginator asked about it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Page {
    /// The page's number in this run, from 1.
    pub number: u64,
    /// Where the page was fetched.
    pub position: Position,
    /// The request as sent, without what auth added.
    pub request: Request,
    /// The response.
    pub response: Response,
    /// The records and the captured values.
    pub scanned: Scanned,
    needs: Arc<[Selector]>,
    value: OnceLock<Arc<Value>>,
}

impl Page {
    /// A page; `needs` are the selectors that the captures of `scanned` belong to, in their order.
    pub fn new(
        number: u64,
        position: Position,
        request: Request,
        response: Response,
        scanned: Scanned,
        needs: impl Into<Arc<[Selector]>>,
    ) -> Self {
        Self {
            number,
            position,
            request,
            response,
            scanned,
            needs: needs.into(),
            value: OnceLock::new(),
        }
    }

    /// The records as values of type `T`.
    ///
    /// # Errors
    ///
    /// [`Error::Record`] for the first record that does not fit `T`, with its number on the page.
    pub fn records<T: DeserializeOwned>(&self) -> Result<Vec<T>, Error> {
        let mut records = Vec::with_capacity(self.scanned.records.len());
        for (index, text) in self.scanned.records.texts().enumerate() {
            let failed = |error: &dyn fmt::Display| Error::Record {
                page: self.number,
                record: index as u64 + 1,
                url: self.response.shown_url(),
                source: Cause::masked(error, &self.response.redactor),
            };
            let text = text.map_err(|error| failed(&error))?;
            records.push(serde_json::from_str(text).map_err(|error| failed(&error))?);
        }
        Ok(records)
    }

    /// The records as slices of the body.
    pub fn raw_records(&self) -> &Records {
        &self.scanned.records
    }

    /// What the page has at `selector`, which must be one of the selectors that the paginator
    /// [needs](crate::paginate::Paginator::needs); [`Captured::Absent`] for any other.
    pub fn captured(&self, selector: &Selector) -> &Captured {
        let index = self.needs.iter().position(|own| own == selector);
        index
            .and_then(|index| self.scanned.captures.get(index))
            .unwrap_or(&Captured::Absent)
    }

    /// The whole body as one value; parsed at the first call, then kept.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] when the body is not JSON.
    pub fn value(&self) -> Result<&Value, Error> {
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let value = if self.response.is_bodiless() {
            Value::Null
        } else {
            let text = charset::to_utf8(&self.response.body, self.response.content_type());
            serde_json::from_slice(&text).map_err(|error| self.response.not_json(&error))?
        };
        Ok(self.value.get_or_init(|| Arc::new(value)))
    }

    /// Whether the page has no records.
    pub fn is_empty(&self) -> bool {
        self.scanned.records.is_empty()
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("number", &self.number)
            .field("request", &self.request)
            .field("response", &self.response)
            .field("records", &self.scanned.records.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use apiduct_json::ScanPlan;
    use apiduct_model::Scalar;
    use http::{HeaderMap, Method, StatusCode};

    use super::*;

    fn page(body: &'static str, needs: &[&str]) -> Page {
        let url: url::Url = "http://h/x?api_key=s3cret".parse().unwrap();
        let response = Response::new(StatusCode::OK, HeaderMap::new(), body, url.clone());
        let needs: Vec<Selector> = needs
            .iter()
            .map(|need| Selector::parse(need).unwrap())
            .collect();
        let plan = ScanPlan::new(Selector::parse("data").unwrap(), needs.clone());
        let scanned = plan.scan(&response.body).unwrap_or_default();
        Page::new(
            3,
            Position::Start,
            Request::new(Method::GET, url),
            response,
            scanned,
            needs,
        )
    }

    #[test]
    fn captures_are_found_by_their_selector() {
        let page = page(
            r#"{"data":[],"next":"n","total":7}"#,
            &["total", "next", "gone"],
        );
        let captured = |text| page.captured(&Selector::parse(text).unwrap());
        assert_eq!(captured("next").scalar(), Some(&Scalar::from("n")));
        assert_eq!(captured("total").scalar(), Some(&Scalar::from(7)));
        assert_eq!(captured("gone"), &Captured::Absent);
        assert_eq!(captured("data"), &Captured::Absent, "nobody asked for it");
    }

    #[test]
    fn a_record_of_another_shape_is_named_by_its_number() {
        let page = page(r#"{"data":[1,2,"three"]}"#, &[]);
        let error = page.records::<u8>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "record 3 of page 3 from http://h/x?api_key=*** has another shape"
        );
        assert_eq!(page.records::<Value>().unwrap().len(), 3);
    }

    #[test]
    fn the_value_is_parsed_once() {
        let page = page(r#"{"data":[1]}"#, &[]);
        let first: *const Value = page.value().unwrap();
        assert!(std::ptr::eq(first, page.value().unwrap()));
        assert!(matches!(self::page("{", &[]).value(), Err(Error::Json(_))));
        assert_eq!(self::page("", &[]).value().unwrap(), &Value::Null);
    }

    #[test]
    fn debug_output_holds_no_data() {
        let shown = format!("{:?}", page(r#"{"data":["private"]}"#, &[]));
        assert!(
            !shown.contains("private") && !shown.contains("s3cret"),
            "{shown}"
        );
    }
}
