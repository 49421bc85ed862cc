//! Who has which file open within this process.
//!
//! DuckDB keeps other processes out by a lock of the operating system, which does not keep a process out of its own
//! files: two databases on one file would damage it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

static OPEN: Mutex<BTreeMap<PathBuf, Users>> = Mutex::new(BTreeMap::new());

#[derive(Debug, Clone, Copy)]
enum Users {
    Writer,
    Readers(usize),
}

/// The right to open a file, given back when dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    path: PathBuf,
}

impl Claim {
    /// Claims `path`; `None` when another part of this process writes to it, or uses it while this one wants to write.
    pub(crate) fn take(path: &Path, is_reader: bool) -> Option<Self> {
        let path = absolute(path);
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let users = match (open.get(&path), is_reader) {
            (None, false) => Users::Writer,
            (None, true) => Users::Readers(1),
            (Some(Users::Readers(count)), true) => Users::Readers(count + 1),
            (Some(_), _) => return None,
        };
        open.insert(path.clone(), users);
        Some(Self { path })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.path) {
            Some(Users::Readers(count)) if *count > 1 => *count -= 1,
            _ => {
                open.remove(&self.path);
            }
        }
    }
}

/// One spelling for each file, whether it exists or not.
fn absolute(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match (parent.canonicalize(), path.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_share_and_a_writer_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.duckdb");
        let first = Claim::take(&path, true).unwrap();
        let second = Claim::take(&folder.path().join(".").join("a.duckdb"), true).unwrap();
        assert!(Claim::take(&path, false).is_none());
        drop(first);
        assert!(Claim::take(&path, false).is_none());
        drop(second);
        let writer = Claim::take(&path, false).unwrap();
        assert!(Claim::take(&path, true).is_none());
        drop(writer);
        assert!(Claim::take(&path, true).is_some());
    }
}
