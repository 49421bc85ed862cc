use std::process::Command;

use apiduct_load::{PackageError, Packages};
use apiduct_model::Hint;

use crate::{batch, integers, load_id};

const FOLDER: &str = "APIDUCT_TEST_FOLDER";

/// Runs one test of this program in a process that may write only so many blocks of 512 bytes to a file.
fn run_with_small_files(test: &str, folder: &std::path::Path) -> std::process::Output {
    Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--include-ignored", test])
        .env(FOLDER, folder)
        .output()
        .unwrap()
}

#[test]
fn a_full_disk_is_named_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_with_small_files("disk_full::fills_the_disk", folder.path());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("1 passed"), "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
#[ignore = "needs a process that cannot write large files: a_full_disk_is_named_and_leaves_nothing"]
fn fills_the_disk() {
    let folder = std::env::var(FOLDER).unwrap();
    let mut writer = Packages::new(folder).create(load_id(0)).unwrap();
    let rows = batch("t", vec![("n", integers(&[7; 10_000]))]);
    let error = writer.write(&rows).unwrap_err();
    assert!(matches!(error, PackageError::DiskFull { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("nothing is lost"));
}
