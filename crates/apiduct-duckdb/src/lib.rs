//! DuckDB as a destination of apiduct.
//!
//! A whole load package (tables, rows, state, record of the load) becomes visible in one transaction, in memory that does
//! not grow with the number of rows: DuckDB pulls the rows from the package through a table function of ours, and writes
//! row groups to the file while the transaction is open. `docs/design/duckdb-load.md` tells why.
//!
//! ```
//! use apiduct_duckdb::DuckDb;
//! use apiduct_load::{Destination, DestinationError};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("tracker.duckdb");
//! let destination = DuckDb::new(&path);
//! let mut loader = destination.open("tracker")?;
//! let answer = loader.query("select 6 * 7 as answer")?;
//!
//! assert_eq!(answer.columns().collect::<Vec<_>>(), ["answer"]);
//! assert_eq!(answer.rows(), 1);
//! # Ok::<(), DestinationError>(())
//! ```

mod claim;
mod destination;
mod failure;
mod feed;
mod loader;
mod merge;
mod sql;
mod system;

pub use destination::DuckDb;
