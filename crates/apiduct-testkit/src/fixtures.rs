//! Pages as well-known kinds of APIs shape them, for detection, selectors and normalization.
//!
//! Each fixture says what a reader would find on it: where the records are, and where the way to the next page is.
//!
//! ```
//! use apiduct_testkit::fixtures;
//!
//! for fixture in fixtures::ALL {
//!     let records = fixture.record_values();
//!     println!("{}: {} records at `{}`", fixture.name, records.len(), fixture.records);
//! }
//! ```

use serde_json::Value;

/// One page of one kind of API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fixture {
    /// What the page is known as.
    pub name: &'static str,
    /// The body.
    pub text: &'static str,
    /// JSON pointer to the records: a list, one object, or null; empty for the whole body.
    pub records: &'static str,
    /// JSON pointer to what leads to the next page, and what that is.
    pub next: Option<(&'static str, Next)>,
}

/// What leads to the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Next {
    /// A URL, absolute or relative.
    Url,
    /// A token to send back.
    Cursor,
    /// The number of pages in all.
    TotalPages,
    /// True while there are more pages.
    HasMore,
}

impl Fixture {
    /// The body as a value.
    ///
    /// # Panics
    /// Never: the fixtures are valid JSON, which the tests of this crate check.
    pub fn value(&self) -> Value {
        serde_json::from_str(self.text).expect("a fixture is valid JSON")
    }

    /// The records: the items of a list, one object as itself, none for null.
    pub fn record_values(&self) -> Vec<Value> {
        match self.value().pointer(self.records) {
            Some(Value::Array(items)) => items.clone(),
            None | Some(Value::Null) => Vec::new(),
            Some(other) => vec![other.clone()],
        }
    }
}

macro_rules! fixture {
    ($name:literal, $records:literal, $next:expr) => {
        Fixture {
            name: $name,
            text: include_str!(concat!("fixtures/", $name, ".json")),
            records: $records,
            next: $next,
        }
    };
}

/// Issues as GitHub lists them: a bare list, pages in the `Link` header.
pub const GITHUB_ISSUES: Fixture = fixture!("github_issues", "", None);

/// Charges as Stripe lists them: `data` and `has_more`, the id of the last record leads on.
pub const STRIPE_CHARGES: Fixture = fixture!(
    "stripe_charges",
    "/data",
    Some(("/has_more", Next::HasMore))
);

/// An entity set of an `OData` service: `value` and `@odata.nextLink`.
pub const ODATA_PRODUCTS: Fixture = fixture!(
    "odata_products",
    "/value",
    Some(("/@odata.nextLink", Next::Url))
);

/// A JSON:API document: `data`, `included` and a relative `links.next`.
pub const JSON_API_ARTICLES: Fixture = fixture!(
    "json_api_articles",
    "/data",
    Some(("/links/next", Next::Url))
);

/// A HAL document: records below `_embedded`, links below `_links`.
pub const HAL_ORDERS: Fixture = fixture!(
    "hal_orders",
    "/_embedded/orders",
    Some(("/_links/next/href", Next::Url))
);

/// `count`, `next`, `previous`, `results`.
pub const RESULTS_NEXT: Fixture = fixture!("results_next", "/results", Some(("/next", Next::Url)));

/// Chat messages with the cursor below `response_metadata`.
pub const CURSOR_MESSAGES: Fixture = fixture!(
    "cursor_messages",
    "/messages",
    Some(("/response_metadata/next_cursor", Next::Cursor))
);

/// `items` beside a `pagination` object with the number of pages.
pub const TOTAL_PAGES: Fixture = fixture!(
    "total_pages",
    "/items",
    Some(("/pagination/total_pages", Next::TotalPages))
);

/// A bare list and nothing else.
pub const BARE_LIST: Fixture = fixture!("bare_list", "", None);

/// One object that is the record, with a list that is not.
pub const SINGLE_ENTITY: Fixture = fixture!("single_entity", "", None);

/// Null data beside a list of errors, as some services send it with status 200.
pub const WRAPPED_ERROR: Fixture = fixture!("wrapped_error", "/data", None);

/// All of them.
pub const ALL: &[Fixture] = &[
    GITHUB_ISSUES,
    STRIPE_CHARGES,
    ODATA_PRODUCTS,
    JSON_API_ARTICLES,
    HAL_ORDERS,
    RESULTS_NEXT,
    CURSOR_MESSAGES,
    TOTAL_PAGES,
    BARE_LIST,
    SINGLE_ENTITY,
    WRAPPED_ERROR,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_to_what_they_claim() {
        for fixture in ALL {
            let value = fixture.value();
            assert!(value.pointer(fixture.records).is_some(), "{}", fixture.name);
            let Some((pointer, next)) = fixture.next else {
                continue;
            };
            let found = value.pointer(pointer).unwrap();
            let fits = match next {
                Next::Url => found.as_str().is_some_and(|url| url.contains('/')),
                Next::Cursor => found.is_string(),
                Next::TotalPages => found.is_u64(),
                Next::HasMore => found.is_boolean(),
            };
            assert!(fits, "{}: {found}", fixture.name);
        }
    }

    #[test]
    fn records_are_objects_and_counted_as_a_reader_would() {
        let counts: Vec<usize> = ALL
            .iter()
            .map(|fixture| fixture.record_values().len())
            .collect();
        assert_eq!(counts, [2, 2, 2, 3, 2, 2, 2, 3, 3, 1, 0]);
        let all = ALL.iter().flat_map(Fixture::record_values);
        assert!(all.into_iter().all(|record| record.is_object()));
    }
}
