//! The thread that turns a resource's pages into rows.

use std::sync::Arc;
use std::thread;

use apiduct_json::{Captured, Records};
use apiduct_model::arrow::TableBatch;
use apiduct_model::{ResourceName, Scalar, Schema, TableName};
use apiduct_normalize::{GateReport, NormalizeError, Normalizer, Options, TapRow};
use indexmap::IndexMap;
use tokio::sync::{mpsc, oneshot};

use crate::error::RunError;
use crate::fields::ParentFields;
use crate::keys::KeyCheck;
use crate::queue::{Receiver, Sender, byte_queue};
use crate::sink::BatchSink;

/// Stack of a worker: enough for a walk down the deepest nesting that the parser allows.
const STACK_BYTES: usize = 16 << 20;

/// A page on its way to the worker.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// Number of the page, from 1, for messages.
    pub(crate) page: u64,
    pub(crate) records: Records,
    /// Values of the parent's fields that each row gets.
    pub(crate) constants: Vec<Scalar>,
    /// Which record of the parent the page belongs to: a digest of what its request took from there.
    pub(crate) walk: u64,
}

/// The records of a page as far as the children of a resource need them.
pub(crate) type ParentRows = Arc<[TapRow]>;

/// The children of a resource.
#[derive(Debug, Default)]
pub(crate) struct Children {
    /// Where each of them takes its parent's rows from.
    pub(crate) rows: Vec<mpsc::Sender<ParentRows>>,
    /// Values that they want and that are no fields of the records but columns from the resource's own parent: which
    /// value, and which column.
    pub(crate) tapped_columns: Vec<(usize, usize)>,
    /// Where it is told which fields the records have in the place of those that they want.
    pub(crate) fields: Arc<ParentFields>,
}

impl Children {
    fn send(&self, mut rows: Vec<TapRow>, constants: &[Scalar]) {
        if self.rows.is_empty() || rows.is_empty() {
            return;
        }
        for (tap, column) in &self.tapped_columns {
            let Some(value) = constants.get(*column) else {
                continue;
            };
            for row in &mut rows {
                // Where steps run, the column is a field of the record, and they may have changed it.
                if let Some(tapped @ Captured::Absent) = row.get_mut(*tap) {
                    *tapped = Captured::Scalar(value.clone());
                }
            }
        }
        let rows: ParentRows = rows.into();
        for child in &self.rows {
            // A child that has gone away has failed, and its own error is reported, or has enough.
            let _ = child.blocking_send(Arc::clone(&rows));
        }
    }
}

/// Held by every worker; once all are dropped, no worker touches anything any more.
pub(crate) type Alive = mpsc::Sender<()>;

/// What a worker has made once all pages are read.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) schema: Schema,
    /// Columns that were null in every row.
    pub(crate) untyped: Vec<(TableName, String)>,
    /// Rows of its own tables, those of nested lists aside.
    pub(crate) kept: u64,
    /// Records left out on purpose, by reason.
    pub(crate) skipped: IndexMap<String, u64>,
    /// Rows whose primary key came before in the same walk.
    pub(crate) repeated_keys: u64,
    /// What the gate of an incremental load saw.
    pub(crate) gate: Option<GateReport>,
}

/// A running worker.
#[derive(Debug)]
pub(crate) struct Worker {
    /// Pages go in here. Dropping it tells the worker that there are no more.
    pub(crate) pages: Sender<Delivery>,
    done: oneshot::Receiver<Result<Rows, RunError>>,
}

impl Worker {
    /// Starts a thread for `resource` that hands batches to `sink` and parent rows to `children`.
    pub(crate) fn start(
        resource: &ResourceName,
        options: Options,
        queue_bytes: usize,
        sink: Arc<dyn BatchSink>,
        children: Children,
        alive: Alive,
    ) -> Result<Self, RunError> {
        let keys = KeyCheck::new(&options.table, &options.primary_key)
            .filter(|_| options.dispatch.is_none());
        let normalizer = Normalizer::try_new(options)
            .map_err(|source| RunError::data(resource, None, source))?;
        let (pages, queue) = byte_queue(queue_bytes);
        let (report, done) = oneshot::channel();
        let resource_name = resource.clone();
        thread::Builder::new()
            .name(format!("rows of {resource}"))
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let outcome = work(
                    &resource_name,
                    (normalizer, keys),
                    queue,
                    sink.as_ref(),
                    &children,
                );
                drop(sink);
                drop(alive);
                // Nobody listens any more when the run was given up.
                let _ = report.send(outcome);
            })
            .map_err(|source| RunError::Thread { source })?;
        Ok(Self { pages, done })
    }

    /// Says that there are no more pages and waits until all are read.
    pub(crate) async fn finish(self) -> Result<Rows, RunError> {
        drop(self.pages);
        self.done.await.unwrap_or(Err(RunError::WorkerLost))
    }
}

fn work(
    resource: &ResourceName,
    (mut normalizer, mut keys): (Normalizer, Option<KeyCheck>),
    mut queue: Receiver<Delivery>,
    sink: &dyn BatchSink,
    children: &Children,
) -> Result<Rows, RunError> {
    while let Some(queued) = queue.receive() {
        let delivery = &queued.item;
        let failed = |source: NormalizeError| RunError::data(resource, Some(delivery.page), source);
        normalizer.enter(delivery.walk);
        if let Some(keys) = &mut keys {
            keys.enter(normalizer.kept(), delivery.walk);
        }
        normalizer
            .push(&delivery.records, &delivery.constants)
            .map_err(failed)?;
        hand_over(normalizer.take_batches(), &mut keys, sink)?;
        children.fields.note(resource, normalizer.take_tap_gaps());
        children.send(normalizer.take_taps(), &delivery.constants);
    }
    let untyped = normalizer.untyped();
    let dropped = normalizer.dropped().into_iter();
    let skipped = dropped.map(|(step, records)| (step.to_owned(), records));
    let skipped = skipped.collect();
    let gate = normalizer.take_gate_report();
    let kept = normalizer.kept();
    let (batches, schema) = normalizer.finish();
    hand_over(batches, &mut keys, sink)?;
    Ok(Rows {
        schema,
        untyped,
        kept,
        skipped,
        repeated_keys: keys.map_or(0, |keys| keys.repeated()),
        gate,
    })
}

fn hand_over(
    batches: Vec<TableBatch>,
    keys: &mut Option<KeyCheck>,
    sink: &dyn BatchSink,
) -> Result<(), RunError> {
    if let Some(keys) = keys {
        for batch in &batches {
            keys.look(batch);
        }
    }
    Ok(sink.accept(batches)?)
}
