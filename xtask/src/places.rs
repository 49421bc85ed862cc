use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// Where things lie on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// What is fetched once and kept between clones.
    pub(crate) cache: PathBuf,
    /// Cargo's target directory, outside the clone so that a fresh clone builds only what is its own.
    pub(crate) target: PathBuf,
}

impl Places {
    /// Reads the environment: `XDG_CACHE_HOME` or `HOME` for the cache, `APIDUCT_TARGET_DIR` for the target directory.
    ///
    /// # Errors
    ///
    /// When neither `XDG_CACHE_HOME` nor `HOME` is set.
    pub(crate) fn find() -> Result<Self> {
        Self::from_variables(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let cache = variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".cache")))
            .ok_or_else(|| {
                Failure::new("cannot tell where to keep what is fetched")
                    .hint("set HOME or XDG_CACHE_HOME")
            })?
            .join("apiduct");
        let manifest = variable("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        Ok(Self {
            root: manifest.parent().unwrap_or(&manifest).to_path_buf(),
            target: variable("APIDUCT_TARGET_DIR")
                .map_or_else(|| cache.join("target"), PathBuf::from),
            cache,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(variables: &[(&str, &str)]) -> Result<Places> {
        Places::from_variables(|name| {
            let found = variables.iter().find(|(key, _)| *key == name)?;
            Some(OsString::from(found.1))
        })
    }

    #[test]
    fn the_cache_is_in_the_home_folder_unless_said_otherwise() {
        let home = places(&[("HOME", "/h")]).unwrap();
        let xdg = places(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]).unwrap();

        assert_eq!(home.cache, Path::new("/h/.cache/apiduct"));
        assert_eq!(home.target, Path::new("/h/.cache/apiduct/target"));
        assert_eq!(xdg.cache, Path::new("/x/apiduct"));
    }

    #[test]
    fn the_target_directory_can_be_moved_alone() {
        let moved = places(&[("HOME", "/h"), ("APIDUCT_TARGET_DIR", "/big/target")]).unwrap();

        assert_eq!(moved.target, Path::new("/big/target"));
        assert_eq!(moved.cache, Path::new("/h/.cache/apiduct"));
    }

    #[test]
    fn the_root_is_the_folder_above_xtask() {
        let found = places(&[("HOME", "/h"), ("CARGO_MANIFEST_DIR", "/w/xtask")]).unwrap();

        assert_eq!(found.root, Path::new("/w"));
    }

    #[test]
    fn without_a_home_the_failure_says_what_to_set() {
        let report = places(&[]).unwrap_err().report();

        assert!(report.contains("set HOME or XDG_CACHE_HOME"), "{report}");
    }
}
