use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use apiduct_model::{ResourceName, Schema, SystemNames, TableName};
use serde::{Deserialize, Serialize};

use crate::{LoadId, PackageError, State};

/// The format that this version writes, and the highest that it reads.
pub(super) const FORMAT: u32 = 1;

/// The file that makes a folder a package.
pub(super) const FILE_NAME: &str = "manifest.json";

/// What a package says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout of the package.
    pub format: u32,
    /// The load.
    pub load_id: LoadId,
    /// The pipeline whose state it moves.
    pub pipeline: String,
    /// The dataset it is meant for.
    pub dataset: String,
    /// The destination it is meant for, by its name; empty for any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub destination: String,
    /// The prefix of system columns and tables.
    pub names: SystemNames,
    /// Resources whose tables get new content.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub replace: BTreeSet<ResourceName>,
    /// The rows.
    pub tables: Vec<PackagedTable>,
    /// The tables of this package.
    pub schema: Schema,
    /// The state that the package builds on.
    pub state_before: State,
    /// The state that comes with the rows.
    pub state_after: State,
}

/// The rows of one table in a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackagedTable {
    /// The table.
    pub name: TableName,
    /// Rows in all segments.
    pub rows: u64,
    /// Bytes of memory of its largest batch.
    pub largest_batch: u64,
    /// The files in order.
    pub segments: Vec<Segment>,
}

/// One file of rows: an Arrow IPC stream, whose columns are the same from its first row to its last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Name of the file in the package.
    pub file: String,
    /// Rows in it.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// Its XXH3 digest of 64 bits, in hexadecimal.
    pub xxh3: String,
}

impl Manifest {
    /// Reads the manifest of the package `load_id` in `dir` and checks that it is one.
    pub(super) fn read(dir: &Path, load_id: LoadId) -> Result<Self, PackageError> {
        #[derive(Deserialize)]
        struct Versioned {
            format: u32,
        }

        let path = dir.join(FILE_NAME);
        let text = std::fs::read(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => damaged(load_id, &path, "is missing"),
            _ => PackageError::io("read", &path, source),
        })?;
        let unreadable = |error: serde_json::Error| PackageError::Damaged {
            load_id,
            path: path.clone(),
            what: format!("cannot be read: {error}"),
        };
        let Versioned { format } = serde_json::from_slice(&text).map_err(unreadable)?;
        if format > FORMAT {
            return Err(PackageError::Format {
                load_id,
                found: format,
                known: FORMAT,
            });
        }
        let manifest: Self = serde_json::from_slice(&text).map_err(unreadable)?;
        if manifest.load_id != load_id {
            return Err(damaged(load_id, &path, "belongs to another package"));
        }
        let is_plain = |segment: &Segment| segment.file.bytes().all(is_plain_byte);
        if !manifest.segments().all(|(_, segment)| is_plain(segment)) {
            return Err(damaged(
                load_id,
                &path,
                "names a file outside of the package",
            ));
        }
        Ok(manifest)
    }

    /// All files with their tables.
    pub(super) fn segments(&self) -> impl Iterator<Item = (&PackagedTable, &Segment)> {
        self.tables
            .iter()
            .flat_map(|table| table.segments.iter().map(move |segment| (table, segment)))
    }

    /// The rows of `table`, if it has any.
    pub fn table(&self, table: &str) -> Option<&PackagedTable> {
        self.tables.iter().find(|one| one.name == *table)
    }

    /// Rows of all tables together.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// Names of segments are made of digits and a suffix; anything else could lead out of the folder.
fn is_plain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'.'
}

pub(super) fn damaged(
    load_id: LoadId,
    path: impl Into<PathBuf>,
    what: impl Into<String>,
) -> PackageError {
    PackageError::Damaged {
        load_id,
        path: path.into(),
        what: what.into(),
    }
}
