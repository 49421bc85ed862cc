//! One page of a list.

use std::fmt;
use std::sync::{Arc, OnceLock};

use apiduct_json::{Captured, JsonError, Records, Scanned, Selector};
use serde::Deserialize;
use serde_json::Value;

use crate::auth::Auth;
use crate::error::{Cause, Error};
use crate::paginate::{Paginator, Position};
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
    paginator: Option<Arc<dyn Paginator>>,
    auth: Option<Arc<dyn Auth>>,
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
            paginator: None,
            auth: None,
            value: OnceLock::new(),
        }
    }

    /// The page with what it was fetched by.
    pub(crate) fn fetched_by(
        mut self,
        paginator: Option<Arc<dyn Paginator>>,
        auth: Arc<dyn Auth>,
    ) -> Self {
        self.paginator = paginator;
        self.auth = Some(auth);
        self
    }

    /// The paginator that leads on from here; `None` for a page that was not fetched by a walk.
    pub fn paginator(&self) -> Option<&dyn Paginator> {
        self.paginator.as_deref()
    }

    /// The authentication that the request was sent with; `None` for a page that was not fetched by a walk.
    /// [`Auth::describe`] says what it does, without its secrets.
    pub fn auth(&self) -> Option<&dyn Auth> {
        self.auth.as_deref()
    }

    /// The records as values of type `T`, which may borrow from the page (`Cow<'_, str>` with `#[serde(borrow)]`).
    ///
    /// # Errors
    ///
    /// [`Error::Record`] for the first record that does not fit `T`, with its number on the page.
    pub fn records<'p, T: Deserialize<'p>>(&'p self) -> Result<Vec<T>, Error> {
        let mut records = Vec::with_capacity(self.len());
        for record in self.scanned.records.typed() {
            records.push(record.map_err(|error| self.not_of_shape(records.len(), &error))?);
        }
        Ok(records)
    }

    /// The records one by one, as values of type `T`; each is an [`Error::Record`] when it does not fit.
    ///
    /// ```
    /// # use apiduct_client::{Client, Error};
    /// # async fn example(client: Client) -> Result<(), Error> {
    /// #[derive(serde::Deserialize)]
    /// struct Post { id: u64 }
    ///
    /// let mut pages = client.paginate("/posts").send();
    /// while let Some(page) = pages.next().await? {
    ///     for post in page.iter::<Post>() {
    ///         println!("{}", post?.id);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn iter<'p, T: Deserialize<'p>>(&'p self) -> impl Iterator<Item = Result<T, Error>> {
        let texts = self.scanned.records.texts().enumerate();
        texts.map(|(index, text)| self.record_at(index, text))
    }

    /// Record number `index`, counted from 0, as a value of type `T`; `None` when the page has fewer records.
    pub fn get<'p, T: Deserialize<'p>>(&'p self, index: usize) -> Option<Result<T, Error>> {
        let text = self.scanned.records.texts().nth(index)?;
        Some(self.record_at(index, text))
    }

    /// The records as JSON values.
    ///
    /// # Errors
    ///
    /// [`Error::Record`] for the first record that is not JSON.
    pub fn values(&self) -> Result<Vec<Value>, Error> {
        self.records()
    }

    /// How many records the page has.
    pub fn len(&self) -> usize {
        self.scanned.records.len()
    }

    fn record_at<'p, T: Deserialize<'p>>(
        &self,
        index: usize,
        text: Result<&'p str, JsonError>,
    ) -> Result<T, Error> {
        let text = text.map_err(|error| self.not_of_shape(index, &error))?;
        serde_json::from_str(text).map_err(|error| self.not_of_shape(index, &error))
    }

    fn not_of_shape(&self, index: usize, error: &dyn fmt::Display) -> Error {
        Error::Record {
            page: self.number,
            record: index as u64 + 1,
            url: self.response.shown_url(),
            source: Cause::masked(error, &self.response.redactor),
        }
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
            let text = charset::to_utf8(&self.response.body, self.response.text_type());
            parse(&text).map_err(|error| self.response.not_json(&error))?
        };
        Ok(self.value.get_or_init(|| Arc::new(value)))
    }

    /// Whether the page has no records.
    pub fn is_empty(&self) -> bool {
        self.scanned.records.is_empty()
    }
}

/// Says which page it is, how many records it has, and what brought it; no data.
impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, records) = (self.number, self.len());
        let word = if records == 1 { "record" } else { "records" };
        write!(f, "page {number} with {records} {word}: {}", self.response)
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

/// A body as a tree of values. Where depth or a number is too much for the usual parser, ours reads it.
pub(crate) fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(text).or_else(|error| apiduct_json::parse_value(text).map_err(|_| error))
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
    fn records_can_be_counted_taken_one_by_one_and_by_their_place() {
        let page = page(r#"{"data":[1,2,"three"]}"#, &[]);
        assert_eq!(page.len(), 3);
        assert_eq!(page.values().unwrap()[2], "three");
        let fitting = page.iter::<u8>().take_while(Result::is_ok).count();
        assert_eq!(fitting, 2);
        assert_eq!(page.get::<u8>(1).unwrap().unwrap(), 2);
        assert!(page.get::<u8>(2).unwrap().is_err());
        assert!(page.get::<u8>(3).is_none());
        assert_eq!(
            page.to_string(),
            "page 3 with 3 records: GET http://h/x?api_key=*** answered 200 OK (22 bytes)"
        );
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
