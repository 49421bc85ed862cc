use std::path::{Path, PathBuf};

use super::files;
use super::reader::LoadPackage;
use super::writer::PackageWriter;
use crate::{LoadId, PackageError};

const QUARANTINE: &str = "quarantine";

/// The name of the folder in which a package is written; the dot keeps it apart from sealed ones.
pub(super) fn scratch_name(load_id: LoadId) -> String {
    format!(".{load_id}.scratch")
}

/// The name of a folder that is being removed.
fn removed_name(load_id: LoadId) -> String {
    format!(".{load_id}.removed")
}

/// A folder of load packages: those that wait to be loaded and, below `quarantine`, those that were put aside.
///
/// Whoever calls more than [`Packages::open`] holds the pipeline's [`crate::PipelineLock`]: a leftover of a crash
/// and a package that another process is writing look the same.
#[derive(Debug, Clone)]
pub struct Packages {
    dir: PathBuf,
}

impl Packages {
    /// The packages in `dir`, which need not be there.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Begins a new package.
    ///
    /// # Errors
    ///
    /// [`PackageError::Exists`] when there is one of this id, [`PackageError::Io`] when the folder cannot be written.
    pub fn create(&self, load_id: LoadId) -> Result<PackageWriter, PackageError> {
        PackageWriter::create(&self.dir, load_id)
    }

    /// Sealed packages that wait to be loaded, oldest first. What a crash left unsealed is removed.
    ///
    /// # Errors
    ///
    /// [`PackageError::Io`] when the folder cannot be read or cleaned.
    pub fn pending(&self) -> Result<Vec<LoadId>, PackageError> {
        let unreadable = |source| PackageError::io("read", &self.dir, source);
        let entries = match std::fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut sealed = Vec::new();
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if let Ok(load_id) = name.parse::<LoadId>() {
                sealed.push(load_id);
            } else if is_leftover(&name) {
                remove_all(&entry.path())?;
            }
        }
        sealed.sort_unstable();
        Ok(sealed)
    }

    /// Opens a sealed package after comparing every byte of it with what was sealed.
    ///
    /// # Errors
    ///
    /// [`PackageError::Missing`], [`PackageError::Damaged`], [`PackageError::Format`] or [`PackageError::Io`].
    pub fn open(&self, load_id: LoadId) -> Result<LoadPackage, PackageError> {
        LoadPackage::open(self.existing(load_id)?)
    }

    /// Puts a package aside, so that it is pending no longer. Returns where it is.
    ///
    /// Its rows were never loaded and its state never stored, so the next run fetches them again.
    ///
    /// # Errors
    ///
    /// [`PackageError::Missing`] or [`PackageError::Io`].
    pub fn quarantine(&self, load_id: LoadId) -> Result<PathBuf, PackageError> {
        let path = self.existing(load_id)?;
        let aside = self.dir.join(QUARANTINE);
        let target = aside.join(load_id.to_string());
        let failed = |source| PackageError::io("put aside", &path, source);
        files::create_dir_all(&aside).map_err(failed)?;
        std::fs::rename(&path, &target).map_err(failed)?;
        files::sync_dir(&aside).map_err(failed)?;
        files::sync_dir(&self.dir).map_err(failed)?;
        Ok(target)
    }

    /// Removes a package that is loaded. A crash in the middle leaves nothing that looks like a package.
    ///
    /// # Errors
    ///
    /// [`PackageError::Missing`] or [`PackageError::Io`].
    pub fn remove(&self, load_id: LoadId) -> Result<(), PackageError> {
        let path = self.existing(load_id)?;
        let leaving = self.dir.join(removed_name(load_id));
        std::fs::rename(&path, &leaving)
            .map_err(|source| PackageError::io("remove", &path, source))?;
        remove_all(&leaving)
    }

    fn existing(&self, load_id: LoadId) -> Result<PathBuf, PackageError> {
        let path = self.dir.join(load_id.to_string());
        if path.is_dir() {
            return Ok(path);
        }
        Err(PackageError::Missing {
            load_id,
            dir: self.dir.clone(),
        })
    }
}

/// Whether `name` is that of an unsealed or half-removed package. Files of others are left alone.
fn is_leftover(name: &str) -> bool {
    name.strip_prefix('.')
        .and_then(|rest| {
            rest.strip_suffix(".scratch")
                .or(rest.strip_suffix(".removed"))
        })
        .is_some_and(|id| id.parse::<LoadId>().is_ok())
}

fn remove_all(path: &Path) -> Result<(), PackageError> {
    std::fs::remove_dir_all(path).map_err(|source| PackageError::io("remove", path, source))
}
