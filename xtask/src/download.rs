use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Failure, Result};
use crate::tool::{self, say};

/// A file that a package must contain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pinned {
    /// Its path inside the package.
    pub(crate) path: &'static str,
    /// The SHA-256 of its bytes, in lowercase hex.
    pub(crate) sha256: &'static str,
}

/// Fetches packages by npm into a folder that several processes may share.
///
/// Each fetch works under a file lock in a staging folder and moves what it checked into its place by one rename,
/// so that a reader finds a whole file or none, however many run at once and wherever one is killed.
#[derive(Debug)]
pub(crate) struct Downloads {
    cache: PathBuf,
    npm: PathBuf,
    _lock: File,
}

impl Downloads {
    /// Waits until no other process fetches into `cache`.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or locked.
    pub(crate) fn open(cache: &Path) -> Result<Self> {
        Self::with_npm(cache, Path::new("npm"))
    }

    fn with_npm(cache: &Path, npm: &Path) -> Result<Self> {
        fs::create_dir_all(cache)
            .context(|| format!("cannot make the folder `{}`", cache.display()))?;
        let lock = lock_file(&cache.join("setup.lock"))?;
        lock.lock()
            .context(|| format!("cannot lock the folder `{}`", cache.display()))?;
        Ok(Self {
            cache: cache.to_path_buf(),
            npm: npm.to_path_buf(),
            _lock: lock,
        })
    }

    /// Puts the pinned files of a package, without their folders, into `to`; does nothing when they are there.
    ///
    /// # Errors
    ///
    /// When npm is missing or does not deliver, or when a file is not the expected one; `to` is then as before.
    pub(crate) fn files(&self, package: &str, files: &[Pinned], to: &Path) -> Result<()> {
        if files.iter().all(|file| file.is_at(&file.place(to))) {
            return Ok(());
        }
        say(&format!("fetching {package}"));
        let staging = self.staging()?;
        self.pack(package, &staging)?;
        for file in files {
            file.verify(&staging.join("package").join(file.path), package)?;
        }
        fs::create_dir_all(to).context(|| format!("cannot make the folder `{}`", to.display()))?;
        for file in files {
            move_into_place(&staging.join("package").join(file.path), &file.place(to))?;
        }
        discard(&staging)
    }

    /// Installs a package with its dependencies, without running their scripts, into `to`; does nothing when it is
    /// there.
    ///
    /// # Errors
    ///
    /// When npm is missing or does not deliver; `to` is then not there.
    pub(crate) fn installation(&self, package: &str, to: &Path) -> Result<()> {
        if to.is_dir() {
            return Ok(());
        }
        say(&format!("fetching {package} and what it needs"));
        let staging = self.staging()?;
        let mut install = Command::new(&self.npm);
        install
            .args([
                "install",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--loglevel=error",
                "--prefix",
            ])
            .arg(&staging)
            .arg(package);
        tool::output(&mut install).map_err(|failure| failure.hint("npm is needed to fetch it"))?;
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)
                .context(|| format!("cannot make the folder `{}`", parent.display()))?;
        }
        move_into_place(&staging, to)
    }

    /// An empty folder on the file system of the cache. What a killed process left there goes first.
    fn staging(&self) -> Result<PathBuf> {
        let staging = self.cache.join("staging");
        if staging.exists() {
            discard(&staging)?;
        }
        fs::create_dir_all(&staging)
            .context(|| format!("cannot make the folder `{}`", staging.display()))?;
        Ok(staging)
    }

    fn pack(&self, package: &str, staging: &Path) -> Result<()> {
        let mut pack = Command::new(&self.npm);
        pack.args(["pack", package, "--silent", "--pack-destination"])
            .arg(staging);
        let printed =
            tool::output(&mut pack).map_err(|failure| failure.hint("npm is needed to fetch it"))?;
        let archive = printed
            .lines()
            .rev()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .ok_or_else(|| Failure::new(format!("npm named no archive of `{package}`")))?;
        let mut unpack = Command::new("tar");
        unpack
            .arg("-xzf")
            .arg(staging.join(archive))
            .arg("-C")
            .arg(staging);
        tool::output(&mut unpack).map(drop)
    }
}

impl Pinned {
    /// Where the file goes inside of a folder: its name without the folders of the package.
    fn place(&self, folder: &Path) -> PathBuf {
        folder.join(self.path.rsplit('/').next().unwrap_or(self.path))
    }

    /// Whether this very file is there.
    fn is_at(&self, path: &Path) -> bool {
        path.is_file() && sha256(path).is_ok_and(|found| found == self.sha256)
    }

    fn verify(&self, path: &Path, package: &str) -> Result<()> {
        let found = sha256(path)?;
        if found == self.sha256 {
            return Ok(());
        }
        Err(Failure::new(format!(
            "`{}` of {package} has the SHA-256 {found}, not the expected {}",
            self.path, self.sha256
        ))
        .hint("nothing was installed; the package or the way to it was tampered with, or a mirror serves another build"))
    }
}

/// The SHA-256 of a file in lowercase hex, by the system's own tool.
///
/// # Errors
///
/// When the file cannot be read or `sha256sum` is missing.
fn sha256(path: &Path) -> Result<String> {
    let printed = tool::output(Command::new("sha256sum").arg("--").arg(path))?;
    // A leading backslash marks an escaped file name.
    let sum = printed.trim_start_matches('\\').split_whitespace().next();
    Ok(sum.unwrap_or_default().to_owned())
}

/// Opens a lock file, making it when it is not there.
///
/// # Errors
///
/// When it can be neither opened nor made.
pub(crate) fn lock_file(path: &Path) -> Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .context(|| format!("cannot open the lock file `{}`", path.display()))
}

fn move_into_place(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).context(|| format!("cannot move what was fetched to `{}`", to.display()))
}

fn discard(folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder)
        .context(|| format!("cannot remove the folder `{}`", folder.display()))
}

#[cfg(test)]
mod tests;
