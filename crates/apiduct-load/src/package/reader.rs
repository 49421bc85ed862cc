use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use apiduct_model::{Schema, TableSchema};

use super::batches::TableBatches;
use super::hashing::Hashing;
use super::manifest::{Manifest, damaged};
use crate::{Batches, LoadId, PackageError, State};

/// A sealed package: everything that one load brings. It never changes.
#[derive(Debug, Clone)]
pub struct LoadPackage {
    dir: PathBuf,
    manifest: Arc<Manifest>,
}

impl LoadPackage {
    /// A package that this process has just sealed.
    pub(super) fn sealed(dir: PathBuf, manifest: Arc<Manifest>) -> Self {
        Self { dir, manifest }
    }

    /// Opens the package in the folder `dir` after comparing every byte of it with what was sealed.
    ///
    /// # Errors
    ///
    /// [`PackageError::Damaged`] when something differs, [`PackageError::Format`] when a later version wrote it,
    /// [`PackageError::Io`] when it cannot be read.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, PackageError> {
        let dir = dir.into();
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        let load_id: LoadId = name.parse().map_err(|error| {
            let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, error);
            PackageError::io("open", &dir, source)
        })?;
        let manifest = Arc::new(Manifest::read(&dir, load_id)?);
        let package = Self { dir, manifest };
        package.verify()?;
        Ok(package)
    }

    fn verify(&self) -> Result<(), PackageError> {
        let mut buffer = vec![0; 1 << 16];
        for (_, segment) in self.manifest.segments() {
            let path = self.dir.join(&segment.file);
            let file = open_segment(&path, self.load_id())?;
            let mut hashing = Hashing::new(file);
            while hashing
                .read(&mut buffer)
                .map_err(|source| PackageError::io("read", &path, source))?
                > 0
            {}
            check(&hashing, segment, &path, self.load_id())?;
        }
        Ok(())
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the package says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The load.
    pub fn load_id(&self) -> LoadId {
        self.manifest.load_id
    }

    /// The tables that it brings.
    pub fn schema(&self) -> &Schema {
        &self.manifest.schema
    }

    /// The state that it builds on.
    pub fn state_before(&self) -> &State {
        &self.manifest.state_before
    }

    /// The state that comes with it.
    pub fn state_after(&self) -> &State {
        &self.manifest.state_after
    }

    /// How many rows it has for `table`.
    pub fn rows(&self, table: &str) -> u64 {
        self.manifest.table(table).map_or(0, |table| table.rows)
    }

    /// The rows for the table `target` with exactly its columns in their final types.
    ///
    /// Columns that the package lacks are null; the load id column is filled. A value that its column cannot hold
    /// goes to the column that [`crate::variant_name`] names.
    ///
    /// # Errors
    ///
    /// [`PackageError::UnknownColumn`] when `target` lacks a column of the package. The batches fail with
    /// [`PackageError::Damaged`] when the rows are not those that were sealed, and with [`PackageError::Unfit`] when
    /// `target` has no place for a value.
    pub fn batches(&self, target: &TableSchema) -> Result<Batches, PackageError> {
        let batches = TableBatches::new(&self.dir, &self.manifest, target)?;
        let table = self.manifest.table(&target.name);
        let largest = table.map_or(0, |table| table.largest_batch);
        let rows = table.map_or(0, |table| table.rows);
        Ok(Batches::new(batches.schema(), rows, batches).with_largest(largest))
    }
}

pub(super) fn open_segment(path: &Path, load_id: LoadId) -> Result<std::fs::File, PackageError> {
    std::fs::File::open(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => damaged(load_id, path, "is missing"),
        _ => PackageError::io("open", path, source),
    })
}

/// Compares what was read with what was sealed.
pub(super) fn check(
    read: &Hashing,
    segment: &super::Segment,
    path: &Path,
    load_id: LoadId,
) -> Result<(), PackageError> {
    if read.bytes() != segment.bytes {
        let what = format!("has {} bytes of {}", read.bytes(), segment.bytes);
        return Err(damaged(load_id, path, what));
    }
    if read.digest() != segment.xxh3 {
        return Err(damaged(load_id, path, "has other content than was sealed"));
    }
    Ok(())
}
