use apiduct_duckdb::DuckDb;
use apiduct_load::{Destination, DestinationError, LoadError, load_package};
use apiduct_model::SystemNames;
use apiduct_testkit::FakeClock;

use crate::{ask, load, number, numbers, rows, text};

#[test]
fn each_load_is_recorded_once() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("a.duckdb"));
    let packages = [numbers(folder.path(), 0, 3), numbers(folder.path(), 1, 4)];
    for package in packages.iter().chain(&packages) {
        load(&destination, package);
    }
    let sql = "SELECT string_agg(pipeline || ' ' || status || ' ' || rows, ', ' ORDER BY load_id) FROM _apiduct_loads";
    assert_eq!(text(&destination, sql), "pipeline 0 3, pipeline 0 4");
    let answer = ask(
        &destination,
        "SELECT load_id FROM _apiduct_loads EXCEPT SELECT _apiduct_load_id FROM t",
    );
    assert_eq!(answer.rows(), 0, "rows and loads name each other");
}

#[test]
fn the_schema_is_stored_when_it_changes_and_not_again() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("a.duckdb"));
    for number in 0..3 {
        load(&destination, &numbers(folder.path(), number, 1));
    }
    let mut loader = destination.open_to_read("ds").unwrap();
    assert_eq!(
        number(&mut *loader, "SELECT count(*) FROM _apiduct_schema"),
        1
    );
    let matching = "SELECT count(*) FROM _apiduct_loads JOIN _apiduct_schema ON schema_version_hash = version_hash";
    assert_eq!(number(&mut *loader, matching), 3);
}

#[test]
fn old_states_are_forgotten_after_a_hundred_loads() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("a.duckdb"));
    let mut loader = destination.open("ds").unwrap();
    for number in 0..103 {
        let package = numbers(folder.path(), number, 0);
        load_package(&mut *loader, &package, &FakeClock::new()).unwrap();
    }
    assert_eq!(
        number(&mut *loader, "SELECT count(*) FROM _apiduct_state"),
        100
    );
    assert_eq!(
        number(&mut *loader, "SELECT max(version) FROM _apiduct_state"),
        103
    );
    assert_eq!(loader.state("pipeline").unwrap().unwrap().version, 103);
}

#[test]
fn tables_and_columns_that_somebody_dropped_are_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("a.duckdb"));
    load(&destination, &numbers(folder.path(), 0, 3));
    let mut loader = destination.open("ds").unwrap();
    loader.query("ALTER TABLE t DROP COLUMN n").unwrap();
    drop(loader);
    load(&destination, &numbers(folder.path(), 1, 2));
    let mut loader = destination.open("ds").unwrap();
    assert_eq!(number(&mut *loader, "SELECT count(n) FROM t"), 2);
    loader.query("DROP TABLE t").unwrap();
    drop(loader);
    load(&destination, &numbers(folder.path(), 2, 4));
    assert_eq!(rows(&destination), 4);
}

#[test]
fn a_table_of_the_same_name_that_is_not_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("a.duckdb"));
    let mut loader = destination.open("ds").unwrap();
    loader.query("CREATE SCHEMA ds").unwrap();
    loader
        .query("CREATE TABLE ds.t AS SELECT 'mine' AS owner")
        .unwrap();
    let package = numbers(folder.path(), 0, 3);
    let error = load_package(&mut *loader, &package, &FakeClock::new()).unwrap_err();
    let LoadError::Destination { source, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(
        matches!(source, DestinationError::Migrate { table, .. } if *table == "t"),
        "{source:?}"
    );
    drop(loader);
    assert_eq!(text(&destination, "SELECT owner FROM t"), "mine");
}

#[test]
fn the_prefix_of_system_tables_can_be_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.duckdb");
    let destination = DuckDb::new(&path).names(SystemNames::with_prefix("_DLT"));
    load(&destination, &numbers(folder.path(), 0, 3));
    assert!(load(&destination, &numbers_again(&folder)).was_there);
    let mut loader = destination.open_to_read("ds").unwrap();
    assert_eq!(number(&mut *loader, "SELECT count(*) FROM _dlt_loads"), 1);
    assert_eq!(loader.state("pipeline").unwrap().unwrap().version, 1);
}

/// The package that the test has loaded, opened anew.
fn numbers_again(folder: &tempfile::TempDir) -> apiduct_load::LoadPackage {
    let packages = apiduct_load::Packages::new(folder.path().join("packages"));
    let load_id = packages.pending().unwrap()[0];
    packages.open(load_id).unwrap()
}
