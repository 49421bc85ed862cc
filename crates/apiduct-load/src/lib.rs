//! Load packages, destinations, schema changes and state: the road from rows on disk to rows at a destination.
//!
//! A [`PackageWriter`] takes table batches and seals them into a [`LoadPackage`]: one folder that either exists whole
//! or not at all, with the rows, the schema and the pipeline's [`State`] before and after it. [`load_package`] brings a
//! package to a [`Destination`] in one transaction; bringing it twice changes nothing. [`Packages`] finds what an
//! earlier run sealed and did not load, and a [`PipelineLock`] keeps two runs of one pipeline apart.
//!
//! ```
//! use std::sync::Arc;
//!
//! use apiduct_load::{LoadIds, Packages, Seal, State};
//! use apiduct_model::arrow::TableBatch;
//! use apiduct_model::{Column, DataType, Schema, SystemClock, TableSchema, WriteDisposition};
//! use arrow_array::{ArrayRef, Int64Array, RecordBatch};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let packages = Packages::new(folder.join("packages"));
//! let load_id = LoadIds::new(7).next(&SystemClock::new());
//!
//! let mut writer = packages.create(load_id)?;
//! let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
//! let batch = RecordBatch::try_from_iter([("id", numbers)])?;
//! writer.write(&TableBatch { table: "issues".into(), batch })?;
//!
//! let mut schema = Schema::default();
//! let mut table = TableSchema::root("issues", "issues", WriteDisposition::Append);
//! table.push(Column::new("id", DataType::Bigint));
//! schema.insert(table);
//! let before = State::default();
//! let after = before.advance(load_id);
//! let package = writer.seal(Seal::new("tracker", schema, before, after))?;
//!
//! assert_eq!(package.rows("issues"), 3);
//! assert_eq!(packages.pending()?, [load_id]);
//! # Ok(())
//! # }
//! ```

mod destination;
mod error;
mod load;
mod load_id;
mod lock;
mod package;
mod schema_delta;
mod state;

pub use destination::{
    Batches, Capabilities, Commit, Delivery, Destination, Loader, QueryResult, batch_bytes,
};
pub use error::{DestinationError, LoadError, LockError, PackageError};
pub use load::{Loaded, load_package, load_package_watched};
pub use load_id::{LoadId, LoadIds, ParseLoadIdError};
pub use lock::{Holder, PipelineLock};
pub use package::{LoadPackage, Manifest, PackageWriter, PackagedTable, Packages, Seal, Segment};
pub use schema_delta::{SchemaDelta, TableChange, Widening, variant_name};
pub use state::State;
