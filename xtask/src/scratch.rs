use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Context, Result};

/// A folder for what a job writes, gone with this value.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    /// An empty folder; what an interrupted run has left there goes.
    ///
    /// # Errors
    ///
    /// When it cannot be emptied or made.
    pub(crate) fn open(folder: PathBuf) -> Result<Self> {
        let cannot = || format!("cannot make the folder `{}` anew", folder.display());
        if folder.exists() {
            fs::remove_dir_all(&folder).context(cannot)?;
        }
        fs::create_dir_all(&folder).context(cannot)?;
        Ok(Self { folder })
    }

    /// A folder among the system's temporary ones.
    #[cfg(test)]
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("xtask-{}-{name}", std::process::id());
        Self::open(std::env::temp_dir().join(name)).unwrap()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind goes with the next run.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_behind_goes_and_so_does_the_folder() {
        let scratch = Scratch::new("scratch");
        let folder = scratch.path().to_path_buf();
        fs::write(folder.join("old"), "x").unwrap();

        let again = Scratch::open(folder.clone()).unwrap();

        assert_eq!(fs::read_dir(again.path()).unwrap().count(), 0);
        drop(again);
        assert!(!folder.exists());
    }
}
