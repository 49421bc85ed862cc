use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;

use super::{LockedTokens, StoredTokens, TokenStore, TokenStoreError};
use crate::Timer;
use crate::error::Cause;

/// How often a lock that somebody else holds is tried.
const POLL: Duration = Duration::from_millis(50);

/// Keeps tokens in a file that only its owner may read.
///
/// The file has mode 0600, its directory 0700 if it is made. A lock file beside it (`NAME.lock`) is locked as long as
/// a process uses the tokens; the lock ends with the process. New tokens are written to a file of their own, flushed
/// to the disk and moved into place, so that a crash leaves the old or the new ones, never half of them.
///
/// ```no_run
/// use apiduct_client::auth::FileTokenStore;
///
/// let store = FileTokenStore::new(".apiduct/tokens/tracker.json");
/// # let _ = store;
/// ```
#[derive(Debug, Clone)]
pub struct FileTokenStore {
    path: PathBuf,
    max_wait: Duration,
}

impl FileTokenStore {
    /// A store in the file `path`, which need not be there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            max_wait: Duration::from_mins(2),
        }
    }

    /// The longest wait for a lock that somebody else holds. Default 2 min.
    #[must_use]
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn open_lock(&self) -> io::Result<File> {
        if let Some(directory) = directory(&self.path) {
            make_directory(directory)?;
        }
        private()
            .write(true)
            .create(true)
            .truncate(false)
            .open(beside(&self.path, ".lock"))
    }
}

#[async_trait]
impl TokenStore for FileTokenStore {
    async fn lock(&self, timer: &dyn Timer) -> Result<Box<dyn LockedTokens>, TokenStoreError> {
        let failed = |error: &io::Error| failure("lock", &self.path, error);
        let lock = self.open_lock().map_err(|error| failed(&error))?;
        let mut waited = Duration::ZERO;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if waited < self.max_wait => {
                    timer.sleep(POLL).await;
                    waited += POLL;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(TokenStoreError::Busy {
                        path: self.path.clone(),
                        waited,
                    });
                }
                Err(TryLockError::Error(error)) => return Err(failed(&error)),
            }
        }
        Ok(Box::new(Locked {
            path: self.path.clone(),
            _lock: lock,
        }))
    }

    fn place(&self) -> String {
        format!("in `{}`", self.path.display())
    }
}

struct Locked {
    path: PathBuf,
    _lock: File,
}

impl LockedTokens for Locked {
    fn load(&mut self) -> Result<Option<StoredTokens>, TokenStoreError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failure("read", &self.path, &error)),
        };
        let tokens = StoredTokens::from_json(&text);
        let tokens = tokens.map_err(|problem| TokenStoreError::Malformed {
            path: self.path.clone(),
            problem,
        })?;
        Ok(Some(tokens))
    }

    fn save(&mut self, tokens: &StoredTokens) -> Result<(), TokenStoreError> {
        replace(&self.path, tokens.to_json().as_bytes())
            .map_err(|error| failure("write", &self.path, &error))
    }
}

/// Replaces the file at `path` by `bytes`, all or nothing.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = beside(path, ".new");
    // What a crash left may have been made by someone else, with another mode.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private().write(true).create_new(true).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&draft, path)?;
    #[cfg(unix)]
    File::open(directory(path).unwrap_or_else(|| Path::new(".")))?.sync_all()?;
    Ok(())
}

fn directory(path: &Path) -> Option<&Path> {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
}

/// `path` with something appended to its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

fn failure(action: &'static str, path: &Path, error: &io::Error) -> TokenStoreError {
    TokenStoreError::File {
        action,
        path: path.to_owned(),
        source: Cause::new(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
