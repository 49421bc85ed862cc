//! A destination that fails when it is told to.

use std::sync::atomic::{AtomicU32, Ordering};

use apiduct_load::{
    Batches, Capabilities, Commit, DestinationError, LoadId, Loader, QueryResult, SchemaDelta,
    State,
};
use apiduct_model::{Schema, TableSchema};

use super::*;

/// Passes everything to `inner`, and fails the first `failures` commits.
#[derive(Debug)]
pub(super) struct Unreliable {
    pub(super) inner: Arc<dyn Destination>,
    pub(super) failures: Arc<AtomicU32>,
}

impl Unreliable {
    pub(super) fn new(inner: Arc<dyn Destination>, failures: u32) -> Self {
        Self {
            inner,
            failures: Arc::new(AtomicU32::new(failures)),
        }
    }
}

impl Destination for Unreliable {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn open(&self, dataset: &str) -> Result<Box<dyn Loader>, DestinationError> {
        let inner = self.inner.open(dataset)?;
        Ok(Box::new(UnreliableLoader {
            inner,
            failures: Arc::clone(&self.failures),
        }))
    }
}

#[derive(Debug)]
struct UnreliableLoader {
    inner: Box<dyn Loader>,
    failures: Arc<AtomicU32>,
}

impl Loader for UnreliableLoader {
    fn schema(&mut self) -> Result<Schema, DestinationError> {
        self.inner.schema()
    }

    fn state(&mut self, pipeline: &str) -> Result<Option<State>, DestinationError> {
        self.inner.state(pipeline)
    }

    fn is_loaded(&mut self, load_id: LoadId) -> Result<bool, DestinationError> {
        self.inner.is_loaded(load_id)
    }

    fn begin(&mut self) -> Result<(), DestinationError> {
        self.inner.begin()
    }

    fn migrate(&mut self, delta: &SchemaDelta) -> Result<(), DestinationError> {
        self.inner.migrate(delta)
    }

    fn write(&mut self, table: &TableSchema, batches: Batches) -> Result<u64, DestinationError> {
        self.inner.write(table, batches)
    }

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), DestinationError> {
        let fails = self
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok();
        if fails {
            // Any error of the driver will do: this statement cannot be run.
            return self
                .inner
                .query("select nothing from nowhere")
                .map(|_: QueryResult| ());
        }
        self.inner.commit(commit)
    }

    fn rollback(&mut self) -> Result<(), DestinationError> {
        self.inner.rollback()
    }

    fn query(&mut self, sql: &str) -> Result<QueryResult, DestinationError> {
        self.inner.query(sql)
    }
}
