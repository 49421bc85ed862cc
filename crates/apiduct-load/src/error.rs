use std::io;
use std::path::PathBuf;

use apiduct_model::{ColumnName, DataType, Hint, TableName, WriteDisposition};
use arrow_schema::ArrowError;

use crate::{Holder, LoadId};

/// The cause below an error of a destination; its type belongs to the destination.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A load package cannot be written, read or moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// The disk has no room for the package.
    #[error("no room on the disk for `{}`", path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
        /// The refusal of the operating system.
        source: io::Error,
    },
    /// A file or folder cannot be used.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The refusal of the operating system.
        source: io::Error,
    },
    /// A package of this id is there already.
    #[error("load package `{load_id}` exists already")]
    Exists {
        /// The id.
        load_id: LoadId,
    },
    /// No package of this id is there.
    #[error("there is no load package `{load_id}` in `{}`", dir.display())]
    Missing {
        /// The id.
        load_id: LoadId,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// The package is not what was sealed.
    #[error("load package `{load_id}` is damaged: `{}` {what}", path.display())]
    Damaged {
        /// The package.
        load_id: LoadId,
        /// The file that differs.
        path: PathBuf,
        /// In which way.
        what: String,
    },
    /// A later version of apiduct wrote the package.
    #[error("load package `{load_id}` has format {found}, and this version reads up to {known}")]
    Format {
        /// The package.
        load_id: LoadId,
        /// Its format.
        found: u32,
        /// The highest format that can be read.
        known: u32,
    },
    /// Rows cannot be written to or read from their columnar form.
    #[error("cannot {action} rows of table `{table}`")]
    Arrow {
        /// What was tried, as a verb.
        action: &'static str,
        /// The table.
        table: TableName,
        /// Why.
        source: ArrowError,
    },
    /// Rows came for a table that the sealed schema does not have.
    #[error("there are rows of table `{table}`, which the schema does not have")]
    UnknownTable {
        /// The table.
        table: TableName,
    },
    /// Rows came for a column that the sealed schema does not have.
    #[error("there are values of column `{column}`, which table `{table}` does not have")]
    UnknownColumn {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
    },
    /// A value fits neither its column nor the column for values of another type.
    #[error("column `{column}` of table `{table}` has values that are no {data_type}")]
    Unfit {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
        /// The type of the column.
        data_type: DataType,
    },
}

impl PackageError {
    /// The error for a refused file operation; a full disk is told apart.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        if is_disk_full(&source) {
            Self::DiskFull { path, source }
        } else {
            Self::Io {
                action,
                path,
                source,
            }
        }
    }
}

/// Whether the operating system refused for want of room: disk, quota or the limit of a file's size.
pub(crate) fn is_disk_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

impl Hint for PackageError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::DiskFull { .. } => Some(
                "free some room or choose another working directory, then run again; nothing was loaded and nothing \
                 is lost"
                    .to_owned(),
            ),
            Self::Damaged { .. } => Some(
                "put the package aside and run again: its rows are fetched anew, as the state moves only with the rows"
                    .to_owned(),
            ),
            Self::Format { .. } => {
                Some("load the package with the version that wrote it, or a later one".to_owned())
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("check who owns the working directory".to_owned())
            }
            _ => None,
        }
    }
}

/// The pipeline's lock cannot be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another run of the same pipeline is going on.
    #[error("another run of this pipeline is going on: {holder}")]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who runs.
        holder: Holder,
    },
    /// The lock file cannot be used.
    #[error("cannot lock `{}`", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The refusal of the operating system.
        source: io::Error,
    },
}

impl Hint for LockError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Held { .. } => Some(
                "wait until it ends, or stop it; the lock is freed when its process ends"
                    .to_owned(),
            ),
            Self::Io { .. } => None,
        }
    }
}

/// A destination refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// Another process has the destination.
    #[error("`{destination}` is locked: {holder}")]
    Locked {
        /// The destination.
        destination: String,
        /// Who has it, in the destination's own words.
        holder: String,
        /// The refusal.
        source: Cause,
    },
    /// Nothing was ever loaded there.
    #[error("there is no `{destination}` yet")]
    Missing {
        /// The destination.
        destination: String,
    },
    /// The destination cannot be opened.
    #[error("cannot open `{destination}`")]
    Open {
        /// The destination.
        destination: String,
        /// Why.
        source: Cause,
    },
    /// The destination has no room left.
    #[error("no room left at `{destination}`")]
    DiskFull {
        /// The destination.
        destination: String,
        /// The refusal.
        source: Cause,
    },
    /// The destination has no such write disposition.
    #[error("`{destination}` cannot load with write disposition `{disposition}`")]
    Disposition {
        /// The destination.
        destination: String,
        /// What was asked for.
        disposition: WriteDisposition,
        /// What it has.
        available: &'static [WriteDisposition],
    },
    /// A table that is to be merged lacks a column that merging needs.
    #[error("table `{table}` cannot be merged without a column `{column}`")]
    NoMergeColumn {
        /// The table.
        table: TableName,
        /// The column.
        column: ColumnName,
    },
    /// A table is to be merged and has no key.
    #[error("table `{table}` cannot be merged without a key")]
    NoMergeKey {
        /// The table.
        table: TableName,
    },
    /// The destination cannot answer queries.
    #[error("`{destination}` cannot be queried")]
    NoQueries {
        /// The destination.
        destination: String,
    },
    /// A table cannot be made or changed.
    #[error("cannot change table `{table}`")]
    Migrate {
        /// The table.
        table: TableName,
        /// Why.
        source: Cause,
    },
    /// Rows are refused.
    #[error("cannot write rows to table `{table}`")]
    Write {
        /// The table.
        table: TableName,
        /// Why.
        source: Cause,
    },
    /// The package that feeds the destination cannot be read.
    #[error("cannot read the rows of table `{table}` back")]
    Package {
        /// The table.
        table: TableName,
        /// Why.
        source: PackageError,
    },
    /// What apiduct keeps about its loads cannot be read.
    #[error("cannot read table `{table}` of `{destination}`")]
    System {
        /// The destination.
        destination: String,
        /// The table.
        table: String,
        /// Why.
        source: Cause,
    },
    /// A transaction cannot be begun, committed or rolled back.
    #[error("cannot {action} the transaction")]
    Transaction {
        /// What was tried, as a verb.
        action: &'static str,
        /// Why.
        source: Cause,
    },
    /// A query is refused.
    #[error("the query cannot be answered")]
    Query {
        /// Why.
        source: Cause,
    },
}

impl Hint for DestinationError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Locked { .. } => {
                Some("close the program that has it open, then run again; what was fetched is kept".to_owned())
            }
            Self::Missing { .. } => Some("run the pipeline first".to_owned()),
            Self::DiskFull { .. } => {
                Some("free some room, then run again; what was fetched is kept and nothing is half-written".to_owned())
            }
            Self::Disposition { available, .. } => {
                let words: Vec<String> = available.iter().map(|one| format!("`{one}`")).collect();
                Some(format!("it can {}", words.join(", ")))
            }
            Self::NoMergeColumn { .. } => Some(
                "name a field that every record has in `primary_key` or `merge_key`".to_owned(),
            ),
            Self::NoMergeKey { .. } => {
                Some("give the resource a `primary_key`, or load it with `append`".to_owned())
            }
            Self::Package { source, .. } => source.hint(),
            _ => None,
        }
    }
}

/// A package cannot be brought to its destination. Nothing of it is there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The destination refuses.
    #[error("cannot load package `{load_id}`")]
    Destination {
        /// The package.
        load_id: LoadId,
        /// Why.
        source: DestinationError,
    },
    /// The package cannot be read.
    #[error("cannot read package `{load_id}`")]
    Package {
        /// The package.
        load_id: LoadId,
        /// Why.
        source: PackageError,
    },
    /// The pipeline's state at the destination is not the one that the package builds on.
    #[error(
        "package `{load_id}` builds on state {expected} of pipeline `{pipeline}`, but the destination has state {found}"
    )]
    StateConflict {
        /// The package.
        load_id: LoadId,
        /// The pipeline.
        pipeline: String,
        /// The version that the package builds on.
        expected: u64,
        /// The version at the destination.
        found: u64,
    },
    /// The destination took another number of rows than the package holds.
    #[error("table `{table}` took {written} rows of package `{load_id}`, which holds {expected}")]
    RowCount {
        /// The package.
        load_id: LoadId,
        /// The table.
        table: TableName,
        /// Rows in the package.
        expected: u64,
        /// Rows that the destination says it took.
        written: u64,
    },
}

impl Hint for LoadError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Destination { source, .. } => source.hint(),
            Self::Package { source, .. } => source.hint(),
            Self::StateConflict { .. } => Some(
                "another machine ran this pipeline in between; put the package aside and run again, which goes on \
                 from the destination's state"
                    .to_owned(),
            ),
            Self::RowCount { .. } => None,
        }
    }
}
