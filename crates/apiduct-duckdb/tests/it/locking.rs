use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use apiduct_duckdb::DuckDb;
use apiduct_load::{Destination, DestinationError};
use apiduct_model::Hint;

use crate::{load, numbers, rows};

const PATH: &str = "APIDUCT_TEST_PATH";

#[test]
fn another_process_that_has_the_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.duckdb");
    let destination = DuckDb::new(&path);
    load(&destination, &numbers(folder.path(), 0, 3));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "--include-ignored",
            "locking::holds_the_file",
        ])
        .env(PATH, &path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap().contains("holding")),
        "the other process did not begin"
    );

    for error in [
        destination.open("ds").unwrap_err(),
        destination.open_to_read("ds").unwrap_err(),
    ] {
        assert!(
            matches!(error, DestinationError::Locked { .. }),
            "{error:?}"
        );
        assert!(
            error.to_string().contains(&format!("PID {}", child.id())),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("close the program"));
    }
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(rows(&destination), 3);
}

#[test]
#[ignore = "waits for a line: another_process_that_has_the_file_is_named"]
fn holds_the_file() {
    let destination = DuckDb::new(std::env::var(PATH).unwrap());
    let loader = destination.open("ds").unwrap();
    println!("holding");
    std::io::stdin().lines().next();
    drop(loader);
}

#[test]
fn the_same_process_cannot_open_the_file_twice_either() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("a.duckdb"));
    let loader = destination.open("ds").unwrap();
    for result in [destination.open("ds"), destination.open_to_read("ds")] {
        let error = result.unwrap_err();
        assert!(
            matches!(error, DestinationError::Locked { .. }),
            "{error:?}"
        );
    }
    drop(loader);
    destination.open("ds").unwrap();
}
