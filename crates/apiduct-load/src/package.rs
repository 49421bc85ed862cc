//! A folder with everything that one load brings: rows, schema, state before and after.

mod batches;
pub(crate) mod files;
mod folder;
mod hashing;
mod manifest;
mod reader;
mod writer;

pub use folder::Packages;
pub use manifest::{Manifest, PackagedTable, Segment};
pub use reader::LoadPackage;
pub use writer::{PackageWriter, Seal};
