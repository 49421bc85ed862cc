//! Parquet files from load packages.
//!
//! Each table becomes one file, compressed with zstd, in row groups that are bounded in rows and in bytes, so that
//! memory stays the same however long a table is. A file appears under its name only when it is complete: it is
//! written beside it, made durable, and renamed.
//!
//! ```
//! use std::sync::Arc;
//!
//! use apiduct_parquet::{FileOptions, TableFile};
//! use arrow_array::{ArrayRef, Int64Array, RecordBatch};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("issues.parquet");
//! let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
//! let batch = RecordBatch::try_from_iter([("id", numbers)])?;
//!
//! let mut file = TableFile::create(&path, &batch.schema(), &FileOptions::default())?;
//! file.write(&batch)?;
//! assert!(!path.exists());
//! let written = file.finish()?;
//!
//! assert_eq!(written.rows, 3);
//! assert!(path.exists());
//! # Ok(())
//! # }
//! ```

mod error;
mod options;
mod package;
mod table_file;

pub use error::ParquetError;
pub use options::FileOptions;
pub use package::{nested_path, write_package};
pub use table_file::{TableFile, WrittenFile};
