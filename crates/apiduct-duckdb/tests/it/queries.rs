use apiduct_duckdb::DuckDb;
use apiduct_load::{Destination, DestinationError};
use apiduct_model::Hint;

use crate::{ask, load, number, numbers, rows, text};

#[test]
fn tables_of_the_dataset_need_no_qualification() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("ds.duckdb"));
    load(&destination, &numbers(folder.path(), 0, 3));
    let answer = ask(
        &destination,
        "SELECT n AS number, n * 2 AS twice FROM t ORDER BY n",
    );
    assert_eq!(answer.columns().collect::<Vec<_>>(), ["number", "twice"]);
    assert_eq!(answer.rows(), 3);
    let answer = ask(&destination, "SELECT n FROM t WHERE n IS NULL");
    assert_eq!(
        (answer.rows(), answer.columns().count()),
        (0, 1),
        "columns are known without rows"
    );
}

#[test]
fn readers_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("a.duckdb"));
    load(&destination, &numbers(folder.path(), 0, 3));
    let mut reader = destination.open_to_read("ds").unwrap();
    for sql in ["DELETE FROM t", "DROP TABLE t", "CREATE TABLE x (a INT)"] {
        let error = reader.query(sql).unwrap_err();
        assert!(matches!(error, DestinationError::Query { .. }), "{error:?}");
    }
    drop(reader);
    assert_eq!(rows(&destination), 3);
}

#[test]
fn readers_share_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("a.duckdb"));
    load(&destination, &numbers(folder.path(), 0, 3));
    let mut first = destination.open_to_read("ds").unwrap();
    let mut second = destination.open_to_read("ds").unwrap();
    assert_eq!(number(&mut *first, "SELECT count(*) FROM t"), 3);
    assert_eq!(number(&mut *second, "SELECT count(*) FROM t"), 3);
}

#[test]
fn a_file_that_is_not_there_is_missing_and_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.duckdb");
    let error = DuckDb::new(&path).open_to_read("ds").unwrap_err();
    assert!(
        matches!(error, DestinationError::Missing { .. }),
        "{error:?}"
    );
    assert_eq!(error.hint().unwrap(), "run the pipeline first");
    assert!(!path.exists());
}

#[test]
fn a_file_of_something_else_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.duckdb");
    let notes = "dear diary, ".repeat(2_000);
    std::fs::write(&path, &notes).unwrap();
    let error = DuckDb::new(&path).open("ds").unwrap_err();
    assert!(matches!(error, DestinationError::Open { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), notes);
}

#[test]
fn folders_above_the_file_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("a").join("b").join("c.duckdb"));
    load(&destination, &numbers(folder.path(), 0, 3));
    assert_eq!(rows(&destination), 3);
}

#[test]
fn a_mistake_in_a_query_says_what_the_database_says() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("a.duckdb"));
    let mut loader = destination.open("ds").unwrap();
    let error = loader.query("SELECT nothing FROM nowhere").unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("nowhere"), "{cause}");
    assert_eq!(
        number(&mut *loader, "SELECT 1::BIGINT"),
        1,
        "the connection still works"
    );
}

#[test]
fn nothing_is_fetched_from_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("a.duckdb"));
    load(&destination, &numbers(folder.path(), 0, 1));
    for setting in ["autoinstall_known_extensions", "autoload_known_extensions"] {
        let sql = format!("SELECT current_setting('{setting}')::VARCHAR");
        assert_eq!(text(&destination, &sql), "false", "{setting}");
    }
}

#[test]
fn times_are_shown_in_utc() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("a.duckdb"));
    load(&destination, &numbers(folder.path(), 0, 1));
    let sql = "SELECT inserted_at::VARCHAR FROM _apiduct_loads";
    assert_eq!(text(&destination, sql), "2024-01-01 00:00:00+00");
}

#[test]
fn a_file_named_like_its_dataset_is_not_ambiguous() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "ds.duckdb",
        "DS.db",
        "memory.duckdb",
        "o'clock.duckdb",
        "a.b.duckdb",
        "größe",
    ] {
        let path = folder.path().join(name);
        let destination = DuckDb::new(&path);
        let package = numbers(&folder.path().join(name.len().to_string()), 0, 3);
        load(&destination, &package);
        assert_eq!(ask(&destination, "SELECT * FROM ds.t").rows(), 3, "{name}");
        let wal = folder.path().join(format!("{name}.wal"));
        assert!(!wal.exists(), "{name} was not closed in good order");
    }
}

#[test]
fn a_file_that_duckdb_made_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.duckdb");
    let theirs = duckdb::Connection::open(&path).unwrap();
    theirs
        .execute_batch("CREATE TABLE main.mine AS SELECT range AS n FROM range(200000)")
        .unwrap();
    drop(theirs);
    let destination = DuckDb::new(&path);
    load(&destination, &numbers(folder.path(), 0, 100_000));
    let theirs = duckdb::Connection::open(&path).unwrap();
    theirs
        .execute_batch("INSERT INTO main.mine SELECT n FROM ds.t")
        .unwrap();
    let counts = "SELECT (SELECT count(*) FROM main.mine), (SELECT count(DISTINCT n) FROM ds.t)";
    let counts: (i64, i64) = theirs
        .query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(counts, (300_000, 100_000));
}
