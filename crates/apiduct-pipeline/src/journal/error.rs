use std::io;
use std::path::{Path, PathBuf};

use apiduct_model::Hint;

/// Pages cannot be kept on disk, or not be read from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The disk is full.
    #[error("the disk is full: cannot keep pages in `{}`", path.display())]
    DiskFull {
        /// The journal.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The journal cannot be used.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried: `open`, `read`, `write`, `remove`.
        action: &'static str,
        /// The journal, or its folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The run is over.
    #[error("the journal is closed")]
    Closed,
}

impl JournalError {
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::DiskFull { path, source },
            _ => Self::Io {
                action,
                path,
                source,
            },
        }
    }
}

impl Hint for JournalError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::DiskFull { .. } => {
                "free some room or choose another working directory, then run again; `runtime: {resume: false}` keeps no \
                 pages, and a run that fails begins anew then"
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "check who owns the working directory"
            }
            Self::Io { .. } | Self::Closed => return None,
        };
        Some(hint.to_owned())
    }
}
