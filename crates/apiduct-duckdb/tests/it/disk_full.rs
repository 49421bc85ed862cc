use std::path::{Path, PathBuf};
use std::process::Command;

use apiduct_duckdb::DuckDb;
use apiduct_load::{Destination, DestinationError, LoadError, Packages, load_package};
use apiduct_model::Hint;
use apiduct_testkit::FakeClock;

use crate::{load, numbers, rows};

const FOLDER: &str = "APIDUCT_TEST_FOLDER";

fn destination(folder: &Path) -> DuckDb {
    DuckDb::new(folder.join("a.duckdb"))
}

#[test]
fn a_full_disk_is_named_and_nothing_is_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let destination = destination(folder.path());
    load(&destination, &numbers(folder.path(), 0, 10));
    let package = numbers(folder.path(), 1, 500_000);
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 4096; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "--include-ignored",
            "disk_full::fills_the_disk",
        ])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("1 passed"), "{text}");
    assert_eq!(rows(&destination), 10);
    load(&destination, &package);
    assert_eq!(rows(&destination), 500_010);
}

#[test]
#[ignore = "needs a process that cannot write large files: a_full_disk_is_named_and_nothing_is_half_written"]
fn fills_the_disk() {
    let folder = PathBuf::from(std::env::var(FOLDER).unwrap());
    let packages = Packages::new(folder.join("packages"));
    let package = packages.open(packages.pending().unwrap()[1]).unwrap();
    let mut loader = destination(&folder).open("ds").unwrap();
    let error = load_package(&mut *loader, &package, &FakeClock::new()).unwrap_err();
    let LoadError::Destination { source, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(
        matches!(source, DestinationError::DiskFull { .. }),
        "{source:?}"
    );
    assert!(error.hint().unwrap().contains("free some room"));
}
