//! The vocabulary of apiduct: names, schema, scalars, secrets and hints.
//!
//! Every other crate speaks in these types; this one does no I/O and starts nothing. A type lives here
//! only when three crates need it.
//!
//! ```
//! use apiduct_model::{Column, DataType, TableSchema, WriteDisposition};
//!
//! let mut table = TableSchema::root("issues", "issues", WriteDisposition::Append);
//! table.push(Column::new("id", DataType::Bigint));
//! assert_eq!(table.column("id").unwrap().data_type, DataType::Bigint);
//! ```

#[cfg(feature = "arrow")]
pub mod arrow;
mod clock;
pub mod cursor;
mod hint;
mod merge;
mod name;
mod naming;
mod redact;
mod scalar;
mod schema;
mod secret;
mod system;
mod timestamp;

pub use clock::{Clock, SystemClock};
pub use hint::{Hint, Place};
pub use merge::{DedupSort, Merge, MergeStrategy, SortOrder};
pub use name::{ColumnName, ResourceName, TableName};
pub use naming::{NameCollision, SnakeCase};
pub use redact::{MASK, Redactor, redact_url};
pub use scalar::Scalar;
pub use schema::{Column, DataType, ParseDispositionError, Schema, TableSchema, WriteDisposition};
pub use secret::{SecretText, SecretValue};
pub use system::SystemNames;
pub use timestamp::{format_timestamp, parse_timestamp};
