//! Where finished batches go: into the package of a run, into memory for a preview, or nowhere.

use std::fmt::Debug;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use apiduct_load::{LoadPackage, PackageError, PackageWriter, Seal};
use apiduct_model::arrow::TableBatch;

/// Takes batches from the worker threads. Batches of one table always come from one thread, in order.
pub(crate) trait BatchSink: Debug + Send + Sync {
    /// Takes `batches`, in order.
    fn accept(&self, batches: Vec<TableBatch>) -> Result<(), PackageError>;
}

/// Writes batches into a package.
#[derive(Debug)]
pub(crate) struct PackageSink {
    writer: Mutex<PackageWriter>,
    /// Held until the writer is gone: a run that goes on with the pull makes the same package.
    _lock: Option<Arc<File>>,
}

impl PackageSink {
    pub(crate) fn new(writer: PackageWriter, lock: Option<Arc<File>>) -> Self {
        Self {
            writer: Mutex::new(writer),
            _lock: lock,
        }
    }

    /// Seals the package.
    pub(crate) fn seal(self, seal: Seal) -> Result<LoadPackage, PackageError> {
        self.writer
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .seal(seal)
    }
}

impl BatchSink for PackageSink {
    fn accept(&self, batches: Vec<TableBatch>) -> Result<(), PackageError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        batches.iter().try_for_each(|batch| writer.write(batch))
    }
}

/// Keeps batches in memory.
#[derive(Debug, Default)]
pub(crate) struct MemorySink(Mutex<Vec<TableBatch>>);

impl MemorySink {
    pub(crate) fn take(&self) -> Vec<TableBatch> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl BatchSink for MemorySink {
    fn accept(&self, batches: Vec<TableBatch>) -> Result<(), PackageError> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(batches);
        Ok(())
    }
}

/// Drops batches: for resources that are fetched for the sake of their children only.
#[derive(Debug)]
pub(crate) struct NoSink;

impl BatchSink for NoSink {
    fn accept(&self, _: Vec<TableBatch>) -> Result<(), PackageError> {
        Ok(())
    }
}
