//! Shredding of nested JSON straight from bytes into Arrow tables.
//!
//! A [`Normalizer`] takes the records of one resource, page after page, and gives the rows of its tables: objects are
//! flattened into columns, lists become nested tables that point to their parent rows. No value tree is built: the
//! parser drives the column builders. Types are inferred while reading and widen when a value asks for it;
//! numbers stay exact.
//!
//! ```
//! use apiduct_json::Records;
//! use apiduct_normalize::{Normalizer, Options};
//!
//! let mut normalizer = Normalizer::try_new(Options::new("issues", "01J0000000000000000000000"))?;
//! let page = Records::from_texts([r#"{"id": 1, "user": {"name": "Ada"}, "labels": [{"name": "bug"}]}"#])?;
//! normalizer.push(&page, &[])?;
//! let (batches, schema) = normalizer.finish();
//!
//! assert_eq!(batches.len(), 2);
//! let columns: Vec<&str> = schema.table("issues").unwrap().columns.iter().map(|one| one.name.as_str()).collect();
//! assert_eq!(columns, ["id", "user__name", "_apiduct_load_id", "_apiduct_id"]);
//! assert_eq!(schema.table("issues__labels").unwrap().parent.as_deref(), Some("issues"));
//! # Ok::<(), apiduct_normalize::NormalizeError>(())
//! ```

mod column;
mod dispatch;
mod error;
mod gate;
mod id;
mod normalizer;
mod number;
mod options;
mod required;
mod shape;
mod table;
mod tap;
mod walk;
mod watch;

pub use dispatch::{Dispatch, NamePart};
pub use error::NormalizeError;
pub use gate::{Gate, GateKey, GateReport, GateStart, MissingCursor, Reached, Skipped};
pub use normalizer::Normalizer;
pub use options::{NestedOptions, Options};
pub use tap::{GAP_FIELDS, Tap, TapGap, TapRow};
