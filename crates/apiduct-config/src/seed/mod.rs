//! Rows that come without a request: values, ranges, files.

mod file;
mod range;

pub(crate) use file::rows_of_file;
pub use range::Range;
