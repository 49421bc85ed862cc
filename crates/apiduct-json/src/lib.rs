//! Selecting records in JSON pages without building value trees.

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
pub use parser::{Kind, MAX_DEPTH, Number, Parser, Reason, SyntaxError, Text};
pub use plan::{Captured, DataFound, Road, ScanPlan, Scanned};
pub use records::{Part, Records, Span};
pub use selector::{Selector, SelectorError, SelectorProblem};
pub use value::parse_value;
