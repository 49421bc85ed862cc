//! The corridor: runs a plan from the first request to the last commit.
//!
//! This crate is the only one that sees all rooms. It wires them, bounds what is in flight between them, and reports
//! what happens; it holds no rule of its own. A [`Pipeline`] fetches the resources of a plan, shreds their pages on
//! worker threads, seals the rows into a load package and brings it to a destination in one transaction.
//!
//! The same pages give the same tables at any concurrency: rows come in the order parent, page, record.

mod ahead;
mod cancel;
mod columnar;
mod error;
mod estimate;
mod event;
mod extract;
mod failed;
mod feed;
mod fields;
mod incremental;
mod jobs;
mod journal;
mod keys;
mod left_out;
mod logins;
mod merge;
mod no_rows;
mod options;
mod parents;
mod pipeline;
mod preview;
mod pull;
mod queue;
mod receipt;
mod recovery;
mod seed;
mod setup;
mod sink;
mod wanted;
mod worker;

pub use cancel::Canceller;
pub use error::{ErrorClass, RunError};
pub use estimate::{Certainty, Estimate, FirstPage, RunEstimate};
pub use event::{Event, EventSink, NoEvents};
pub use journal::{JournalError, PendingPull};
pub use logins::Logins;
pub use options::{Backfill, RunOptions};
pub use pipeline::{Pipeline, PipelineBuilder};
pub use preview::{CheckedResource, Preview, PreviewTable, ResourceCheck};
pub use receipt::{CursorReceipt, DriftReceipt, Receipt, ResourceReceipt, Status};
