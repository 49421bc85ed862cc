use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use apiduct_model::{Clock, format_timestamp};
use serde::{Deserialize, Serialize};

use crate::LockError;
use crate::package::files;

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process; 0 when it has not said yet.
    pub pid: u32,
    /// The machine.
    pub host: String,
    /// When the run began, in UTC.
    pub started_at: String,
}

impl Holder {
    /// This process, beginning now.
    pub fn this_process(clock: &dyn Clock) -> Self {
        let since = clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        Self {
            pid: std::process::id(),
            host: host_name(),
            started_at: format_timestamp(micros),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("a process that has just begun");
        }
        write!(
            f,
            "process {} on `{}`, since {}",
            self.pid, self.host, self.started_at
        )
    }
}

fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The right to run a pipeline, held until it is dropped or the process ends in any way.
///
/// It is an advisory lock on a file, so a crash leaves nothing to clean up: the file stays, the lock does not.
///
/// ```
/// use apiduct_load::{LockError, PipelineLock};
/// use apiduct_model::SystemClock;
///
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("lock");
/// let lock = PipelineLock::acquire(&path, &SystemClock::new())?;
/// assert!(matches!(PipelineLock::acquire(&path, &SystemClock::new()), Err(LockError::Held { .. })));
/// drop(lock);
/// assert!(PipelineLock::acquire(&path, &SystemClock::new()).is_ok());
/// # Ok::<(), LockError>(())
/// ```
#[derive(Debug)]
pub struct PipelineLock {
    file: File,
    path: PathBuf,
}

impl PipelineLock {
    /// Takes the lock at `path` without waiting. Folders above it are made.
    ///
    /// # Errors
    ///
    /// [`LockError::Held`] with the holder when another process (or another part of this one) has it,
    /// [`LockError::Io`] when the file cannot be used.
    pub fn acquire(path: &Path, clock: &dyn Clock) -> Result<Self, LockError> {
        let refused = |source| LockError::Io {
            path: path.to_owned(),
            source,
        };
        if let Some(parent) = path.parent() {
            files::create_dir_all(parent).map_err(refused)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = files::private(&mut options).open(path).map_err(refused)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held {
                    path: path.to_owned(),
                    holder: read_holder(&mut file),
                });
            }
            Err(TryLockError::Error(source)) => return Err(refused(source)),
        }
        let holder = serde_json::to_vec(&Holder::this_process(clock))
            .map_err(|error| refused(error.into()))?;
        file.set_len(0).map_err(refused)?;
        file.rewind().map_err(refused)?;
        file.write_all(&holder).map_err(refused)?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// The lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PipelineLock {
    fn drop(&mut self) {
        // The system frees the lock with the file anyway; an explicit unlock frees it also while a child process has
        // inherited the file.
        let _ = self.file.unlock();
    }
}

/// What the holder wrote; it may be in the middle of writing, then only that it exists is known.
fn read_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    let _ = file.read_to_string(&mut text);
    serde_json::from_str(&text).unwrap_or_else(|_| Holder {
        pid: 0,
        host: String::new(),
        started_at: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use apiduct_model::SystemClock;

    use super::*;

    #[test]
    fn the_second_run_learns_who_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("lock");
        let clock = SystemClock::new();
        let lock = PipelineLock::acquire(&path, &clock).unwrap();
        let LockError::Held { holder, .. } = PipelineLock::acquire(&path, &clock).unwrap_err()
        else {
            panic!("the lock is held");
        };
        assert_eq!(holder.pid, std::process::id());
        assert!(holder.started_at.starts_with("20"), "{holder}");
        assert_eq!(lock.path(), path);
    }

    #[test]
    fn a_lock_file_left_by_a_crash_does_not_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        std::fs::write(&path, "x".repeat(500)).unwrap();
        let lock = PipelineLock::acquire(&path, &SystemClock::new()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(serde_json::from_str::<Holder>(&text).is_ok(), "{text}");
        drop(lock);
    }

    #[test]
    fn a_holder_that_has_not_written_yet_is_still_a_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let file = File::create(&path).unwrap();
        file.lock().unwrap();
        let error = PipelineLock::acquire(&path, &SystemClock::new()).unwrap_err();
        assert!(matches!(error, LockError::Held { .. }), "{error}");
        assert!(error.to_string().contains("has just begun"), "{error}");
    }
}
