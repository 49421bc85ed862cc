//! Tells the program where to find DuckDB's library: beside it (`../lib`, as the release archive has it), and on the
//! machine that built it where the linker found it.

use std::env;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DUCKDB_LIB_DIR");
    println!("cargo::rerun-if-env-changed=XDG_CACHE_HOME");
    if env::var_os("CARGO_FEATURE_DUCKDB_BUNDLED").is_some() {
        return;
    }
    let beside = match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => "@executable_path/../lib",
        Ok("windows") | Err(_) => return,
        Ok(_) => "$ORIGIN/../lib",
    };
    println!("cargo::rustc-link-arg=-Wl,-rpath,{beside}");
    if let Some(folder) = library() {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{}", folder.display());
    }
}

fn library() -> Option<PathBuf> {
    if let Some(folder) = env::var_os("DUCKDB_LIB_DIR") {
        return Some(PathBuf::from(folder));
    }
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))?;
    let folder = cache.join("apiduct").join("duckdb-1.5.6");
    folder.is_dir().then_some(folder)
}
