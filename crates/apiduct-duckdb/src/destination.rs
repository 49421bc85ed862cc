use std::path::{Path, PathBuf};

use apiduct_load::{Capabilities, Delivery, Destination, DestinationError, Loader};
use apiduct_model::{SystemNames, WriteDisposition};

use crate::claim::Claim;
use crate::failure::Failures;
use crate::loader::{DuckLoader, Opening};

/// What DuckDB can do.
pub(crate) const CAPABILITIES: Capabilities = Capabilities {
    dispositions: &[
        WriteDisposition::Append,
        WriteDisposition::Replace,
        WriteDisposition::Merge,
    ],
    delivery: Delivery::ExactlyOnce,
    has_queries: true,
};

/// A DuckDB database file as a destination. A dataset is a schema in it.
///
/// One process at a time may write to the file; many may read it when none writes.
#[derive(Debug, Clone)]
pub struct DuckDb {
    path: PathBuf,
    names: SystemNames,
    memory_limit_mib: u64,
}

impl DuckDb {
    /// Memory for DuckDB's own buffers while loading, in MiB, unless [`DuckDb::memory_limit_mib`] is called.
    pub const DEFAULT_MEMORY_LIMIT_MIB: u64 = 96;

    /// The database in the file `path`. It is made, with the folders above it, when it is opened for loading.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            names: SystemNames::default(),
            memory_limit_mib: Self::DEFAULT_MEMORY_LIMIT_MIB,
        }
    }

    /// Names of system columns and tables; default is the prefix `_apiduct`.
    #[must_use]
    pub fn names(mut self, names: SystemNames) -> Self {
        self.names = names;
        self
    }

    /// Bounds DuckDB's own buffers while loading, in MiB; default 96. Wide tables and large rows get more as they
    /// need it.
    #[must_use]
    pub fn memory_limit_mib(mut self, mebibytes: u64) -> Self {
        self.memory_limit_mib = mebibytes;
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn connect(&self, dataset: &str, is_reader: bool) -> Result<Box<dyn Loader>, DestinationError> {
        let failures = Failures {
            destination: self.name(),
        };
        let claim =
            Claim::take(&self.path, is_reader).ok_or_else(|| failures.held_by_this_process())?;
        let loader = DuckLoader::open(Opening {
            path: &self.path,
            dataset,
            names: self.names.clone(),
            memory_limit_mib: (!is_reader).then_some(self.memory_limit_mib),
            claim,
            failures,
        })?;
        Ok(Box::new(loader))
    }
}

impl Destination for DuckDb {
    fn name(&self) -> String {
        format!("duckdb:{}", self.path.display())
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn open(&self, dataset: &str) -> Result<Box<dyn Loader>, DestinationError> {
        if let Some(parent) = self.path.parent() {
            std::fs::create_dir_all(parent).map_err(|source| DestinationError::Open {
                destination: self.name(),
                source: source.into(),
            })?;
        }
        self.connect(dataset, false)
    }

    fn open_to_read(&self, dataset: &str) -> Result<Box<dyn Loader>, DestinationError> {
        if !self.path.exists() {
            return Err(DestinationError::Missing {
                destination: self.name(),
            });
        }
        self.connect(dataset, true)
    }
}
