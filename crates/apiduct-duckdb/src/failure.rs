//! What DuckDB's refusals mean. It tells them apart in words only.

use apiduct_load::DestinationError;
use apiduct_model::TableName;
use duckdb::Error;

const NO_ROOM: [&str; 4] = [
    "No space left on device",
    "File too large",
    "Disk quota exceeded",
    "max_temp_directory_size",
];
const LOCKED: &str = "Could not set lock on file";
const HOLDER: &str = "Conflicting lock is held in ";

/// Gives refusals their names.
#[derive(Debug, Clone)]
pub(crate) struct Failures {
    pub(crate) destination: String,
}

impl Failures {
    pub(crate) fn open(&self, error: &Error) -> DestinationError {
        let text = error.to_string();
        if text.contains(LOCKED) {
            return DestinationError::Locked {
                destination: self.destination.clone(),
                holder: holder(&text),
                source: text.into(),
            };
        }
        self.unless_full(error, |source| DestinationError::Open {
            destination: self.destination.clone(),
            source,
        })
    }

    pub(crate) fn held_by_this_process(&self) -> DestinationError {
        DestinationError::Locked {
            destination: self.destination.clone(),
            holder: "held by this very process".to_owned(),
            source: "the file is open already".into(),
        }
    }

    pub(crate) fn migrate(&self, table: &TableName, error: &Error) -> DestinationError {
        self.unless_full(error, |source| DestinationError::Migrate {
            table: table.clone(),
            source,
        })
    }

    pub(crate) fn write(&self, table: &TableName, error: &Error) -> DestinationError {
        self.unless_full(error, |source| DestinationError::Write {
            table: table.clone(),
            source,
        })
    }

    pub(crate) fn transaction(&self, action: &'static str, error: &Error) -> DestinationError {
        self.unless_full(error, |source| DestinationError::Transaction {
            action,
            source,
        })
    }

    pub(crate) fn query(&self, error: &Error) -> DestinationError {
        self.unless_full(error, |source| DestinationError::Query { source })
    }

    pub(crate) fn system(
        &self,
        table: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> DestinationError {
        DestinationError::System {
            destination: self.destination.clone(),
            table: table.to_owned(),
            source: source.into(),
        }
    }

    fn unless_full(
        &self,
        error: &Error,
        otherwise: impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> DestinationError,
    ) -> DestinationError {
        // The text is all; the source below it is a number without a meaning.
        let text = error.to_string();
        if NO_ROOM.iter().any(|words| text.contains(words)) {
            return DestinationError::DiskFull {
                destination: self.destination.clone(),
                source: text.into(),
            };
        }
        otherwise(text.into())
    }
}

/// The program that has the file, out of DuckDB's message.
fn holder(text: &str) -> String {
    text.split_once(HOLDER)
        .and_then(|(_, rest)| rest.split_once(')'))
        .map_or_else(
            || "another process has it open".to_owned(),
            |(program, _)| format!("held by {program})"),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Error {
        Error::DuckDBFailure(duckdb::ffi::Error::new(1), Some(text.to_owned()))
    }

    fn failures() -> Failures {
        Failures {
            destination: "duckdb:a.duckdb".to_owned(),
        }
    }

    #[test]
    fn a_locked_file_names_its_holder() {
        let error = failures().open(&refused(
            "IO Error: Could not set lock on file \"/tmp/a.duckdb\": Conflicting lock is held in /usr/bin/python3.12 \
             (PID 4242). See also https://duckdb.org/docs/connect/concurrency",
        ));
        assert_eq!(
            error.to_string(),
            "`duckdb:a.duckdb` is locked: held by /usr/bin/python3.12 (PID 4242)"
        );
    }

    #[test]
    fn a_locked_file_without_a_known_holder_is_still_locked() {
        let error = failures().open(&refused("IO Error: Could not set lock on file \"a\": busy"));
        assert!(matches!(error, DestinationError::Locked { .. }), "{error}");
    }

    #[test]
    fn a_full_disk_is_told_apart_from_other_refusals() {
        let full = failures().write(
            &"t".into(),
            &refused("IO Error: Could not write file: No space left on device"),
        );
        assert!(matches!(full, DestinationError::DiskFull { .. }), "{full}");
        let other = failures().write(&"t".into(), &refused("Conversion Error: no"));
        assert!(matches!(other, DestinationError::Write { .. }), "{other}");
        let cause = std::error::Error::source(&other).unwrap();
        assert_eq!(cause.to_string(), "Conversion Error: no");
        assert!(cause.source().is_none());
    }
}
