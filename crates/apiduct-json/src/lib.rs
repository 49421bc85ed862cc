//! Selecting records in JSON pages without building value trees.
//!
//! A page of an API is a JSON document that holds records somewhere, and beside them what pagination needs: a next
//! link, a cursor, a total. A [`Selector`] says where such a thing is; a [`ScanPlan`] looks for several of them in one
//! pass and gives [`Records`], which are slices of the page, and [`Captured`] scalars. Numbers keep their text, so they
//! are exact whatever their size. A [`Parser`] then reads the records piece by piece.
//!
//! ```
//! use apiduct_json::{Captured, Parser, Part, ScanPlan, Selector};
//! use bytes::Bytes;
//!
//! let page = Bytes::from_static(br#"{
//!     "items": [{"id": 1, "price": 0.10}, {"id": 2, "price": 12345678901234567890.5}],
//!     "paging": {"next": "c2"}
//! }"#);
//! let plan = ScanPlan::new(Selector::parse("items")?, vec![Selector::parse("paging.next")?]);
//! let scanned = plan.scan(&page)?;
//! assert_eq!(scanned.captures, [Captured::Scalar("c2".into())]);
//!
//! let mut prices = Vec::new();
//! for part in scanned.records.parts() {
//!     let Part::Elements(text) = part? else { continue };
//!     let mut parser = Parser::elements(text);
//!     while parser.next_element()? {
//!         parser.begin_object()?;
//!         while let Some(key) = parser.next_key()? {
//!             if key.raw == "price" {
//!                 prices.push(parser.number()?.text);
//!             } else {
//!                 parser.skip()?;
//!             }
//!         }
//!     }
//! }
//! assert_eq!(prices, ["0.10", "12345678901234567890.5"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Two roads
//!
//! Plain paths are followed by a scan, which allocates per page and never per record. Filters, slices, `..`, unions,
//! wildcards inside a path and indexes other than `[-1]` from the end need a tree of values: [`ScanPlan::road`] says so.
//! There the matches are located in the tree and then cut from the page, so that both roads give the same bytes.
//!
//! # Which matches are the records
//!
//! | last step of the selector | a match that is a list | `null` | any other match |
//! |---|---|---|---|
//! | name, index, or none (`$`) | its elements are records | no record | one record |
//! | wildcard, slice, filter | one record | one record | one record |
//!
//! Several matches follow each other in the order of the document.

mod error;
mod page;
mod parser;
mod plan;
mod records;
mod scan;
mod selector;
mod text;
mod value;

pub use error::{JsonError, Location};
pub use parser::{KeyGuess, Kind, MAX_DEPTH, NextKey, Number, Parser, Reason, SyntaxError, Text};
pub use plan::{Captured, DataFound, Road, ScanPlan, Scanned};
pub use records::{Part, Records, Span, TypedError};
pub use selector::{Selector, SelectorError, SelectorProblem};
pub use value::parse_value;
