//! `OData` services.

use apiduct_json::Selector;
use serde_json::Value;

use super::declared::Declared;
use super::{PaginateError, Paginator, Position, Reason, SetupError, Step, link};
use crate::{Page, Request};

/// Where the versions of `OData` have the link: JSON format 4.0, 4.01 and 3.0, and verbose JSON of 2.0.
const PLACES: [&[&str]; 4] = [
    &["@odata.nextLink"],
    &["@nextLink"],
    &["odata.nextLink"],
    &["d", "__next"],
];

/// Follows the next link of `OData`: `@odata.nextLink` ([JSON Format 4.01, section 4.6.5][spec]), `odata.nextLink` of
/// version 3, `d.__next` of version 2.
///
/// The link may be relative. It is the server's, so it replaces all query parameters; no link ends the pagination.
///
/// [spec]: https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html
///
/// ```
/// use apiduct_client::paginate::{OData, Paginator};
///
/// assert_eq!(OData::new().describe(), "next link of OData");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OData {
    /// Whether query parameters that the link does not have are sent with it. Default: no.
    pub keep_params: bool,
}

impl OData {
    /// The next link of any version.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether query parameters that the link does not have are sent with it. Default: no.
    #[must_use]
    pub fn keep_params(mut self, keep: bool) -> Self {
        self.keep_params = keep;
        self
    }
}

impl Paginator for OData {
    fn start(&self) -> Position {
        Position::Start
    }

    fn validate(&self) -> Result<(), SetupError> {
        Ok(())
    }

    fn apply(&self, position: &Position, request: &mut Request) -> Result<(), PaginateError> {
        link::apply(position, request, self.keep_params, "OData")
    }

    fn advance(&self, _: &Position, page: &Page) -> Result<Step, PaginateError> {
        for selector in self.needs() {
            if let Some(position) = link::captured(page.captured(&selector), page, &selector)? {
                return Ok(Step::Next(position));
            }
        }
        Ok(Step::Done(Reason::NoNext))
    }

    fn needs(&self) -> Vec<Selector> {
        PLACES
            .iter()
            .map(|keys| Selector::from_keys(keys))
            .collect()
    }

    fn declaration(&self) -> Option<Value> {
        let settings = Declared::new("odata").truth("keep_params", self.keep_params, false);
        Some(settings.into())
    }

    fn describe(&self) -> String {
        "next link of OData".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_support::page_from;
    use super::*;

    fn next(body: &Value) -> Result<Option<String>, PaginateError> {
        let page = page_from(&OData::new(), "https://h/v4/People", &[], body, "value");
        Ok(match OData::new().advance(&Position::Start, &page)? {
            Step::Next(Position::Url(url)) => Some(url.into()),
            Step::Done(Reason::NoNext) => None,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn the_link_of_every_version_is_followed() {
        let link = "https://h/v4/People?$skiptoken=8";
        for body in [
            json!({"value": [], "@odata.nextLink": link}),
            json!({"value": [], "@odata.nextLink": "People?$skiptoken=8"}),
            json!({"value": [], "@nextLink": link}),
            json!({"value": [], "odata.nextLink": link}),
            json!({"d": {"results": [], "__next": link}}),
        ] {
            assert_eq!(next(&body).unwrap().as_deref(), Some(link), "{body}");
        }
    }

    #[test]
    fn no_link_ends_the_pagination_and_a_number_is_an_error() {
        for body in [
            json!({"value": []}),
            json!({"value": [], "@odata.nextLink": null}),
            json!({"value": [], "@odata.nextLink": ""}),
        ] {
            assert_eq!(next(&body).unwrap(), None, "{body}");
        }
        assert!(next(&json!({"value": [], "@odata.nextLink": 3})).is_err());
    }
}
