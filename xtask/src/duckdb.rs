use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::download::{Downloads, Pinned};
use crate::failure::{Failure, Result};
use crate::places::Places;
use crate::tool::say;

/// The version that the `duckdb` crate of `Cargo.lock` is made for. A test holds the two together.
pub(crate) const VERSION: &str = "1.5.6";

const PACKAGE: &str = "@duckdb/node-bindings-linux-x64@1.5.6-r.1";
const LIBRARY: Pinned = Pinned {
    path: "libduckdb.so",
    sha256: "3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633",
};
const FROM_SOURCE: &str = "DuckDB can be compiled into the program instead, which takes about 15 minutes: \
     `cargo build --release -p apiduct-cli --features duckdb-bundled`; \
     or set DUCKDB_LIB_DIR to the folder of a libduckdb of version 1.5.6";

/// DuckDB's shared library on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Library {
    /// The folder that holds it.
    pub(crate) folder: PathBuf,
}

impl Library {
    /// Finds the library where `DUCKDB_LIB_DIR` says, or else fetches it into the cache.
    ///
    /// # Errors
    ///
    /// When no prebuilt library exists for this platform or it cannot be fetched; the hint says how to do without.
    pub(crate) fn setup(places: &Places) -> Result<Self> {
        let own = Self::in_cache(places);
        if let Some(folder) = env::var_os("DUCKDB_LIB_DIR").map(PathBuf::from)
            && folder != own.folder
        {
            say(&format!(
                "using the DuckDB library in {} (DUCKDB_LIB_DIR)",
                folder.display()
            ));
            return Ok(Self { folder });
        }
        check_platform(env::consts::OS, env::consts::ARCH)?;
        Downloads::open(&places.cache)?
            .files(PACKAGE, &[LIBRARY], &own.folder)
            .map_err(|failure| failure.hint(FROM_SOURCE))?;
        Ok(own)
    }

    /// The library in the cache. Its path never changes, because builds that link it depend on it.
    fn in_cache(places: &Places) -> Self {
        Self {
            folder: places.cache.join(format!("duckdb-{VERSION}")),
        }
    }

    /// The folder in front of those where the loader looks already.
    pub(crate) fn search_path(&self, before: Option<&OsStr>) -> OsString {
        let mut folders = self.folder.clone().into_os_string();
        if let Some(before) = before.filter(|before| !before.is_empty()) {
            folders.push(":");
            folders.push(before);
        }
        folders
    }
}

fn check_platform(os: &str, arch: &str) -> Result<()> {
    if os == "linux" && arch == "x86_64" {
        return Ok(());
    }
    Err(Failure::new(format!(
        "no prebuilt DuckDB {VERSION} is known for {os} on {arch}"
    ))
    .hint(FROM_SOURCE))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn other_platforms_are_told_how_to_build_from_source() {
        let report = check_platform("macos", "aarch64").unwrap_err().report();

        assert!(report.contains("macos on aarch64"), "{report}");
        assert!(report.contains("--features duckdb-bundled"), "{report}");
        assert!(check_platform("linux", "x86_64").is_ok());
    }

    #[test]
    fn the_search_path_keeps_what_was_there() {
        let library = Library {
            folder: PathBuf::from("/lib/duckdb"),
        };

        assert_eq!(library.search_path(None), "/lib/duckdb");
        assert_eq!(library.search_path(Some(OsStr::new(""))), "/lib/duckdb");
        assert_eq!(
            library.search_path(Some(OsStr::new("/a:/b"))),
            "/lib/duckdb:/a:/b"
        );
    }

    #[test]
    fn the_library_is_of_the_version_that_the_bindings_are_made_for() {
        let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock"))
            .unwrap();
        let (_, after) = lock
            .split_once("name = \"libduckdb-sys\"\nversion = \"1.")
            .unwrap();
        let encoded: u32 = after.split('.').next().unwrap().parse().unwrap();
        let bindings = format!(
            "{}.{}.{}",
            encoded / 10_000,
            encoded / 100 % 100,
            encoded % 100
        );

        assert_eq!(bindings, VERSION);
        assert!(PACKAGE.contains(&format!("@{VERSION}-")));
        assert!(FROM_SOURCE.contains(VERSION));
    }

    #[test]
    fn build_scripts_look_where_setup_puts_the_library() {
        for script in ["apiduct-cli/build.rs", "apiduct-duckdb/build.rs"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../crates")
                .join(script);
            let text = fs::read_to_string(path).unwrap();

            assert!(
                text.contains(&format!("join(\"duckdb-{VERSION}\")")),
                "{script}"
            );
        }
    }
}
