//! Selecting records in JSON pages without building value trees.

mod error;
mod parser;
mod plan;
mod records;
mod selector;

pub use error::{JsonError, Location};
pub use parser::{Kind, MAX_DEPTH, Number, Parser, Reason, SyntaxError, Text};
pub use plan::{Captured, DataFound, Road, ScanPlan, Scanned};
pub use records::{Part, Records, Span};
pub use selector::{Selector, SelectorError, SelectorProblem};
