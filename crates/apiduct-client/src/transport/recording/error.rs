use std::io;
use std::path::PathBuf;

use apiduct_model::Hint;

/// Why a recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file cannot be written.
    #[error("cannot write the recording `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("cannot read the recording `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is something else, or was made by a newer version.
    #[error("`{}` is no recording that this version can read", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// A line is no exchange.
    #[error("line {line} of the recording `{}` is not an exchange", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser said.
        source: serde_json::Error,
    },
}

impl Hint for RecordingError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Write { .. } => "check the folder, and that there is space left",
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "make one with `--record`"
            }
            Self::Read { .. } => return None,
            Self::Unknown { .. } => "make it anew with `--record`",
            Self::Line { .. } => "correct the line, or make the recording anew with `--record`",
        };
        Some(hint.to_owned())
    }
}
