//! Finds DuckDB's library before the linker misses it, and says in words what to do when it is not there.

use std::env;
use std::path::{Path, PathBuf};

const WHAT_TO_DO: &str = "the DuckDB library was not found: run `cargo xtask setup` in a clone of apiduct, or set \
     DUCKDB_LIB_DIR to the folder of a libduckdb of version 1.5.6, or compile DuckDB into the program with the feature \
     `duckdb-bundled` (`bundled` of apiduct-duckdb), which takes about 15 minutes";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DUCKDB_LIB_DIR");
    println!("cargo::rerun-if-env-changed=XDG_CACHE_HOME");
    let is_bundled = env::var_os("CARGO_FEATURE_BUNDLED").is_some();
    // The documentation host links nothing; on Windows the linker's own search path is no list of folders we know.
    let is_elsewhere = env::var_os("DOCS_RS").is_some() || target_os() == "windows";
    if is_bundled || is_elsewhere {
        return;
    }
    match env::var_os("DUCKDB_LIB_DIR").map(PathBuf::from) {
        Some(folder) if holds_library(&folder) => find_at_run_time(&folder),
        Some(folder) => println!(
            "cargo::error=DUCKDB_LIB_DIR is `{}`, which holds no libduckdb; {WHAT_TO_DO}",
            folder.display()
        ),
        None => match fetched_by_setup() {
            Some(folder) => {
                println!("cargo::rustc-link-search=native={}", folder.display());
                find_at_run_time(&folder);
            }
            None if is_installed() => {}
            None => println!("cargo::error={WHAT_TO_DO}"),
        },
    }
}

/// Lets the tests of this crate find the library where the linker found it.
fn find_at_run_time(folder: &Path) {
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", folder.display());
}

fn fetched_by_setup() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))?;
    let folder = cache.join("apiduct").join("duckdb-1.5.6");
    println!("cargo::rerun-if-changed={}", folder.display());
    holds_library(&folder).then_some(folder)
}

/// Whether the system's own folders hold the library.
fn is_installed() -> bool {
    let triple = format!(
        "/usr/lib/{}-linux-gnu",
        env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default()
    );
    let usual = [
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
        "/opt/homebrew/lib",
        &triple,
    ]
    .map(PathBuf::from);
    let listed = env::var_os("LIBRARY_PATH").unwrap_or_default();
    env::split_paths(&listed)
        .chain(usual)
        .any(|folder| holds_library(&folder))
}

fn holds_library(folder: &Path) -> bool {
    [
        "libduckdb.so",
        "libduckdb.dylib",
        "libduckdb_static.a",
        "libduckdb.a",
    ]
    .iter()
    .any(|name| folder.join(name).is_file())
}

fn target_os() -> String {
    env::var("CARGO_CFG_TARGET_OS").unwrap_or_default()
}
