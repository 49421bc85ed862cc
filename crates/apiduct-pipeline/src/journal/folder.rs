//! The journals of a pipeline: one for each pull that has not come to its end.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use apiduct_client::Timer;
use apiduct_model::ResourceName;
use bytes::Bytes;
use indexmap::IndexMap;
use serde::Serialize;

use super::frame::{Frame, Meta};
use super::head::{FORMAT, Head, Target};
use super::index::{self, Scanned};
use super::{Journal, JournalError};
use crate::error::RunError;

/// A pull that was broken off, and whose pages are kept for the next run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PendingPull {
    /// The load that it will become.
    pub load_id: String,
    /// The destination that it is for.
    pub destination: String,
    /// The schema there.
    pub dataset: String,
    /// The resources that it loads.
    pub resources: Vec<ResourceName>,
    /// The pages that are kept, by resource.
    pub pages: IndexMap<ResourceName, u64>,
    /// Bytes on disk.
    pub bytes: u64,
    /// Time since the last page came, in whole seconds.
    pub age_seconds: u64,
}

impl PendingPull {
    /// The pulls that were broken off in the `folder` of a pipeline (its working directory with its name), oldest first.
    /// Whoever asks holds the pipeline's lock; else a pull that is going on is among them.
    ///
    /// # Errors
    /// [`RunError::Journal`] when the folder cannot be read.
    pub fn in_folder(folder: &Path, now: SystemTime) -> Result<Vec<Self>, RunError> {
        Ok(Journals::of(folder).pending(now)?)
    }

    /// Pages of all resources together.
    pub fn page_count(&self) -> u64 {
        self.pages.values().sum()
    }
}

/// The folder of journals of a pipeline. Whoever writes in it holds the pipeline's lock.
#[derive(Debug, Clone)]
pub(crate) struct Journals {
    dir: PathBuf,
}

/// What became of the journal of a pull.
#[derive(Debug)]
pub(crate) enum Opened {
    /// There was none, or it could not be used: this one is new.
    New(Arc<Journal>),
    /// Goes on where an earlier run ended.
    Resumed(Arc<Journal>),
}

impl Journals {
    /// Those of the pipeline with this folder.
    pub(crate) fn of(pipeline: &Path) -> Self {
        Self {
            dir: pipeline.join("journals"),
        }
    }

    /// The head of the journal for `target`, if it has one that can be read.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn head(&self, target: &Target) -> Result<Option<(Head, u64)>, JournalError> {
        let scanned = scan(&self.path(target))?;
        Ok(scanned.map(|scanned| (scanned.head, scanned.counts.pages())))
    }

    /// Opens the journal for the pull that `head` describes, or begins it.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub(crate) fn open(&self, head: Head, timer: &Arc<dyn Timer>) -> Result<Opened, JournalError> {
        let path = self.path(&head.target);
        let lock = self.lock()?;
        if let Some(scanned) = scan(&path)? {
            let failed = |source| JournalError::io("open", &path, source);
            let file = OpenOptions::new().write(true).open(&path).map_err(failed)?;
            let journal = Journal::open(path, &file, scanned, Arc::clone(timer), lock)?;
            return Ok(Opened::Resumed(journal));
        }
        let file = begin(&path, &head)?;
        let end = file
            .metadata()
            .map_err(|source| JournalError::io("open", &path, source))?
            .len();
        let scanned = Scanned {
            head,
            index: index::Index::default(),
            end,
            counts: index::Counts::default(),
        };
        let journal = Journal::open(path, &file, scanned, Arc::clone(timer), lock)?;
        Ok(Opened::New(journal))
    }

    /// Drops the journal for `target`, if there is one.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(crate) fn drop_of(&self, target: &Target) -> Result<(), JournalError> {
        remove(&self.path(target))
    }

    /// Drops the journals of pulls into the place of `target` that load nothing beside its resources: what they hold has
    /// been loaded.
    ///
    /// # Errors
    /// When one cannot be read or removed.
    pub(crate) fn drop_within(&self, target: &Target) -> Result<(), JournalError> {
        for path in self.files()? {
            let Some(scanned) = scan(&path)? else {
                continue;
            };
            let own = scanned.head.target;
            let is_within = own
                .resources
                .iter()
                .all(|one| target.resources.contains(one));
            if own.destination == target.destination && own.dataset == target.dataset && is_within {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// All pulls that were broken off.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn pending(&self, now: SystemTime) -> Result<Vec<PendingPull>, JournalError> {
        let mut pending = Vec::new();
        for path in self.files()? {
            let Some(scanned) = scan(&path)? else {
                continue;
            };
            let modified = path.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|at| now.duration_since(at).ok());
            let Head {
                target, load_id, ..
            } = scanned.head;
            pending.push(PendingPull {
                load_id: load_id.to_string(),
                destination: target.destination,
                dataset: target.dataset,
                resources: target.resources,
                pages: scanned.counts.pages,
                bytes: scanned.counts.bytes,
                age_seconds: age.unwrap_or_default().as_secs(),
            });
        }
        pending.sort_by(|one, other| one.load_id.cmp(&other.load_id));
        Ok(pending)
    }

    fn path(&self, target: &Target) -> PathBuf {
        self.dir.join(target.file_name())
    }

    fn files(&self) -> Result<Vec<PathBuf>, JournalError> {
        let unreadable = |source| JournalError::io("read", &self.dir, source);
        let entries = match std::fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|own| own == "journal") {
                files.push(path);
            }
        }
        files.sort_unstable();
        Ok(files)
    }

    /// Waits until nothing of a run that was dropped is left.
    fn lock(&self) -> Result<Arc<File>, JournalError> {
        let path = self.dir.join("lock");
        create_dir(&self.dir).map_err(|source| JournalError::io("write", &self.dir, source))?;
        let locked = private().open(&path).and_then(|file| {
            file.lock()?;
            Ok(Arc::new(file))
        });
        locked.map_err(|source| JournalError::io("open", &path, source))
    }
}

/// What is in the journal at `path`; `None` when there is none, or none that this version reads.
fn scan(path: &Path) -> Result<Option<Scanned>, JournalError> {
    let failed = |source| JournalError::io("read", path, source);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let scanned = index::scan(&file).map_err(failed)?;
    Ok(scanned.filter(|scanned| scanned.head.format == FORMAT))
}

/// A new journal at `path`, with its head.
fn begin(path: &Path, head: &Head) -> Result<File, JournalError> {
    let failed = |source| JournalError::io("open", path, source);
    let mut file = private().open(path).map_err(failed)?;
    let frame = Frame::new(&Meta::Head(Box::new(head.clone())), Bytes::new());
    file.write_all(&frame.front).map_err(failed)?;
    Ok(file)
}

/// Removes the journal at `path`, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), JournalError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(JournalError::io("remove", path, error))
        }
        _ => Ok(()),
    }
}

/// Pages are data: only their owner may read them.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn create_dir(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}
