//! Reports that were asked for, kept until what they brought is sealed: one small file each.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use apiduct_client::job::{JobHandle, JobStore};
use apiduct_client::{KeepError, PageKey};
use async_trait::async_trait;

use crate::event::{Event, EventSink};
use crate::setup::Setup;

/// The jobs of a pipeline, as files in a folder of its own.
#[derive(Debug)]
pub(crate) struct JobFiles {
    folder: PathBuf,
    /// Jobs that this run has asked for or waited for.
    used: Mutex<BTreeSet<u128>>,
}

impl JobFiles {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            used: Mutex::default(),
        }
    }

    /// Removes the jobs of this run: all that they brought is on disk.
    pub(crate) fn forget_used(&self) -> io::Result<()> {
        let used = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        for key in used {
            remove(&self.path(key))?;
        }
        match std::fs::remove_dir(&self.folder) {
            // Jobs of other runs keep the folder.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn path(&self, key: u128) -> PathBuf {
        self.folder.join(format!("{key:032x}.json"))
    }

    fn note(&self, key: PageKey) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.insert(key.0);
    }

    /// A file that is cut or strange counts as none: the report is asked for once more.
    fn read(&self, key: PageKey) -> io::Result<Option<JobHandle>> {
        match std::fs::read(self.path(key.0)) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write(&self, key: PageKey, handle: &JobHandle) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let path = self.path(key.0);
        let scratch = path.with_extension("new");
        std::fs::write(&scratch, serde_json::to_vec(handle)?)?;
        std::fs::File::open(&scratch)?.sync_all()?;
        std::fs::rename(&scratch, &path)
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn failed(error: io::Error) -> KeepError {
    Arc::new(error)
}

/// The files are small, so that they are read and written where they are asked for.
#[async_trait]
impl JobStore for JobFiles {
    async fn recall(&self, key: PageKey) -> Result<Option<JobHandle>, KeepError> {
        self.note(key);
        self.read(key).map_err(failed)
    }

    async fn keep(&self, key: PageKey, handle: &JobHandle) -> Result<(), KeepError> {
        self.write(key, handle).map_err(failed)
    }

    async fn forget(&self, key: PageKey) -> Result<(), KeepError> {
        remove(&self.path(key.0)).map_err(failed)
    }
}

impl Setup {
    /// Lets go of the reports of this run, which are sealed. What stays is a day old before long, and counts for nothing
    /// then.
    pub(crate) fn forget_jobs(&self, events: &Arc<dyn EventSink>) {
        if let Err(error) = self.jobs.forget_used() {
            let message = format!("a report that was loaded cannot be forgotten: {error}");
            events.event(&Event::Warning { message });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle() -> JobHandle {
        JobHandle {
            poll: "https://h/reports/7".parse().unwrap(),
            download: None,
            created: 5,
        }
    }

    #[tokio::test]
    async fn a_job_is_kept_until_the_run_that_used_it_forgets_it() {
        let folder = tempfile::tempdir().unwrap();
        let open = || JobFiles::new(folder.path().join("jobs"));
        let (mine, others) = (PageKey(1), PageKey(2));
        let first = open();
        assert_eq!(first.recall(mine).await.unwrap(), None);
        first.keep(mine, &handle()).await.unwrap();
        first.keep(others, &handle()).await.unwrap();
        let second = open();
        assert_eq!(second.recall(mine).await.unwrap(), Some(handle()));
        second.forget_used().unwrap();
        assert_eq!(open().recall(mine).await.unwrap(), None);
        assert_eq!(open().recall(others).await.unwrap(), Some(handle()));
    }

    #[tokio::test]
    async fn a_damaged_file_counts_as_none_and_no_folder_is_needed_to_forget() {
        let folder = tempfile::tempdir().unwrap();
        let files = JobFiles::new(folder.path().join("jobs"));
        files.forget(PageKey(1)).await.unwrap();
        files.forget_used().unwrap();
        files.keep(PageKey(1), &handle()).await.unwrap();
        std::fs::write(files.path(1), "{").unwrap();
        assert_eq!(files.recall(PageKey(1)).await.unwrap(), None);
        files.forget_used().unwrap();
        assert!(!folder.path().join("jobs").exists());
    }
}
