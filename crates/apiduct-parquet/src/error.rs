use std::io;
use std::path::PathBuf;

use apiduct_load::PackageError;
use apiduct_model::{Hint, TableName};

/// The cause below an error; its type belongs to the library that writes Parquet.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A Parquet file cannot be written. Nothing is there under its name then, or what was there before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParquetError {
    /// The disk has no room for the file.
    #[error("no room on the disk for `{}`", path.display())]
    DiskFull {
        /// The file.
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
    /// Rows have no form in Parquet.
    #[error("cannot write rows to `{}`", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Cause,
    },
    /// The package that feeds the file cannot be read.
    #[error("cannot read the rows of table `{table}` back")]
    Package {
        /// The table.
        table: TableName,
        /// Why.
        source: PackageError,
    },
}

impl ParquetError {
    /// The error for a refused file operation; a full disk is told apart.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        let is_full = matches!(
            source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        );
        if is_full {
            Self::DiskFull { path, source }
        } else {
            Self::Io {
                action,
                path,
                source,
            }
        }
    }

    /// The error for refused rows; a refusal of the operating system is told apart.
    pub(crate) fn encode(path: impl Into<PathBuf>, source: parquet::errors::ParquetError) -> Self {
        match source {
            parquet::errors::ParquetError::External(cause) => match cause.downcast::<io::Error>() {
                Ok(source) => Self::io("write", path, *source),
                Err(source) => Self::Encode {
                    path: path.into(),
                    source,
                },
            },
            source => Self::Encode {
                path: path.into(),
                source: source.into(),
            },
        }
    }
}

impl Hint for ParquetError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::DiskFull { .. } => Some(
                "free some room, or write to another disk; no half-written file is left".to_owned(),
            ),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("check who owns the folder".to_owned())
            }
            Self::Package { source, .. } => source.hint(),
            Self::Io { .. } | Self::Encode { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart_wherever_it_is_met() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let direct = ParquetError::io("write", "t.parquet", full());
        let wrapped = ParquetError::encode(
            "t.parquet",
            parquet::errors::ParquetError::External(Box::new(full())),
        );
        for error in [direct, wrapped] {
            assert!(matches!(error, ParquetError::DiskFull { .. }), "{error:?}");
            assert_eq!(error.to_string(), "no room on the disk for `t.parquet`");
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn other_refusals_keep_their_cause() {
        let error = ParquetError::encode(
            "t.parquet",
            parquet::errors::ParquetError::General("odd".to_owned()),
        );
        assert!(matches!(error, ParquetError::Encode { .. }), "{error:?}");
        assert!(std::error::Error::source(&error).is_some());
    }
}
