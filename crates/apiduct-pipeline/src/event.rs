use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use apiduct_client::rate::{RateObserver, RateWait, WaitReason};
use apiduct_model::{ResourceName, TableName};

use crate::estimate::FirstPage;

/// Something that happened in a run, for progress displays and logs. Sizes are differences since the event before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The run begins.
    Started {
        /// Identity of the load.
        load_id: String,
        /// The resources that will be fetched, in order.
        resources: Vec<ResourceName>,
    },
    /// A package that an earlier run left was brought to the destination.
    Recovered {
        /// Identity of that load.
        load_id: String,
        /// Its rows over all tables.
        rows: u64,
    },
    /// A pull goes on that an earlier run had begun.
    Resumed {
        /// Identity of the load.
        load_id: String,
        /// The pages that are kept, and will not be fetched again.
        pages: u64,
    },
    /// The run ends before its time; what it has fetched is kept, and the same command goes on.
    Kept {
        /// The pages that are kept.
        pages: u64,
    },
    /// What the first page of a resource told: the record list and the paginator, declared or detected, and why.
    Found {
        /// The resource.
        resource: ResourceName,
        /// One sentence each.
        findings: Vec<String>,
        /// The same for machines, with scores, reasons and the lines that pin it.
        detail: serde_json::Value,
        /// What that page says about those behind it.
        first: FirstPage,
    },
    /// A page of a resource arrived.
    Page {
        /// The resource.
        resource: ResourceName,
        /// Records on it.
        rows: u64,
        /// Bytes of its body, decoded.
        bytes: u64,
        /// Tries that it took beyond the first.
        retries: u64,
        /// Answers `429` among them.
        rate_limited: u64,
        /// Requests of the resource that are under way behind this page.
        in_flight: u64,
        /// Whether an earlier run had kept it, so that it was not fetched again.
        is_kept: bool,
    },
    /// Requests to an origin wait for a time to start.
    Waiting {
        /// The origin: `https://api.example.com`.
        origin: String,
        /// How long, unless an answer changes it.
        wait: Duration,
        /// For what.
        reason: WaitReason,
    },
    /// All pages of a resource have been read into rows.
    Finished {
        /// The resource.
        resource: ResourceName,
    },
    /// The package is complete on disk and goes to the destination.
    Sealed {
        /// Rows over all tables.
        rows: u64,
    },
    /// A table's rows have been written to the destination, not yet visible there.
    Written {
        /// The table.
        table: TableName,
        /// Its rows.
        rows: u64,
    },
    /// Everything is visible at the destination.
    Committed {
        /// Time from seal to commit.
        duration: Duration,
    },
    /// Something that people should know and that does not stop the run.
    Warning {
        /// One sentence.
        message: String,
    },
}

/// Hears what happens in a run. Called from several threads; it must not block.
pub trait EventSink: Debug + Send + Sync {
    /// Takes one event.
    fn event(&self, event: &Event);
}

/// Makes events of the waits of rate budgets.
#[derive(Debug)]
pub(crate) struct Waits(pub(crate) Arc<dyn EventSink>);

impl RateObserver for Waits {
    fn waits(&self, wait: &RateWait) {
        self.0.event(&Event::Waiting {
            origin: wait.origin.clone(),
            wait: wait.wait,
            reason: wait.reason,
        });
    }
}

/// Ignores all events.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoEvents;

impl EventSink for NoEvents {
    fn event(&self, _: &Event) {}
}
