#![expect(clippy::print_stdout, reason = "the parent process waits for a word")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use apiduct_duckdb::DuckDb;
use apiduct_load::{
    Batches, Commit, Destination, DestinationError, LoadId, Loader, Packages, QueryResult,
    SchemaDelta, State, load_package,
};
use apiduct_model::{Schema, TableSchema, WriteDisposition};
use apiduct_testkit::FakeClock;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::{load, numbers, numbers_for, rows};

const FOLDER: &str = "APIDUCT_TEST_FOLDER";
const DIES: &str = "APIDUCT_TEST_DIES";

/// Rows that are written to the file before the commit: more than one row group.
const MANY: i64 = 300_000;

/// Stops for good at one step, so that the process can be killed there.
#[derive(Debug)]
struct Mortal {
    inner: Box<dyn Loader>,
    dies: String,
}

impl Mortal {
    fn reach(&self, step: &str) {
        if self.dies == step {
            println!("dying");
            // Nobody sends a line: the process waits here until it is killed.
            std::io::stdin().lines().next();
        }
    }
}

impl Loader for Mortal {
    fn schema(&mut self) -> Result<Schema, DestinationError> {
        self.inner.schema()
    }

    fn state(&mut self, pipeline: &str) -> Result<Option<State>, DestinationError> {
        self.inner.state(pipeline)
    }

    fn is_loaded(&mut self, load_id: LoadId) -> Result<bool, DestinationError> {
        self.inner.is_loaded(load_id)
    }

    fn begin(&mut self) -> Result<(), DestinationError> {
        self.inner.begin()?;
        self.reach("begin");
        Ok(())
    }

    fn migrate(&mut self, delta: &SchemaDelta) -> Result<(), DestinationError> {
        self.inner.migrate(delta)?;
        self.reach("migrate");
        Ok(())
    }

    fn write(&mut self, table: &TableSchema, batches: Batches) -> Result<u64, DestinationError> {
        let half = batches.rows() / 2;
        let is_deadly = self.dies == "half";
        let mut seen = 0;
        let (schema, total) = (batches.schema().clone(), batches.rows());
        let stopping = batches.inspect(move |batch| {
            seen += batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
            if is_deadly && seen > half {
                println!("dying");
                std::io::stdin().lines().next();
            }
        });
        let written = self
            .inner
            .write(table, Batches::new(schema, total, stopping))?;
        self.reach("write");
        Ok(written)
    }

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), DestinationError> {
        self.inner.commit(commit)?;
        self.reach("commit");
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), DestinationError> {
        self.inner.rollback()
    }

    fn query(&mut self, sql: &str) -> Result<QueryResult, DestinationError> {
        self.inner.query(sql)
    }
}

/// Stops for good before a statement of a merge.
struct Merging {
    left: AtomicU32,
}

impl Subscriber for Merging {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().ends_with("merge")
    }

    fn event(&self, _: &Event<'_>) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 0 {
            println!("dying");
            // Nobody sends a line: the process waits here until it is killed.
            std::io::stdin().lines().next();
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Loads the pending package of `folder` in a process that is killed at `step`.
fn die_at(folder: &Path, step: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "--include-ignored",
            "crash::loads_and_dies",
        ])
        .envs([(FOLDER, folder.as_os_str()), (DIES, step.as_ref())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap().contains("dying")),
        "step `{step}` was not reached"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

fn destination(folder: &Path) -> DuckDb {
    DuckDb::new(folder.join("a.duckdb"))
}

#[test]
#[ignore = "waits to be killed: a_killed_load_is_there_whole_or_not_at_all"]
fn loads_and_dies() {
    let folder = std::path::PathBuf::from(std::env::var(FOLDER).unwrap());
    let packages = Packages::new(folder.join("packages"));
    let load_id = *packages.pending().unwrap().last().unwrap();
    let package = packages.open(load_id).unwrap();
    let dies = std::env::var(DIES).unwrap();
    if let Some(left) = dies.strip_prefix("merging ") {
        let left = AtomicU32::new(left.parse().unwrap());
        tracing::subscriber::set_global_default(Merging { left }).unwrap();
    }
    let mut loader = Mortal {
        inner: destination(&folder).open("ds").unwrap(),
        dies,
    };
    load_package(&mut loader, &package, &FakeClock::new()).unwrap();
}

#[test]
fn a_killed_load_is_there_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let destination = destination(folder.path());
    load(&destination, &numbers(folder.path(), 0, 10));
    let package = numbers(folder.path(), 1, MANY);
    for step in ["begin", "migrate", "half", "write"] {
        die_at(folder.path(), step);
        assert_eq!(rows(&destination), 10, "killed after `{step}`");
    }
    die_at(folder.path(), "commit");
    assert_eq!(rows(&destination), 10 + MANY, "killed after the commit");
    assert!(load(&destination, &package).was_there);
    assert_eq!(rows(&destination), 10 + MANY);
}

#[test]
fn a_merge_that_is_killed_between_two_statements_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let destination = destination(folder.path());
    load(&destination, &numbers(folder.path(), 0, 10));
    let mut table = TableSchema::root("t", "t", WriteDisposition::Merge);
    table.primary_key = vec!["n".into()];
    let package = numbers_for(folder.path(), 1, 70_000, table);
    for statement in 0..4 {
        die_at(folder.path(), &format!("merging {statement}"));
        assert_eq!(rows(&destination), 10, "before statement {statement}");
    }
    assert!(!load(&destination, &package).was_there);
    assert_eq!(rows(&destination), 70_000, "the first ten are among them");
}

#[test]
fn a_killed_first_load_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let destination = destination(folder.path());
    let package = numbers(folder.path(), 0, MANY);
    die_at(folder.path(), "write");
    assert_eq!(rows(&destination), 0);
    assert!(!load(&destination, &package).was_there);
    assert_eq!(rows(&destination), MANY);
}

/// DuckDB's log is written in pieces. From a log that was cut, rows come back that belong to no transaction: those whose
/// row groups were in the file already.
#[test]
fn a_commit_goes_by_no_log_that_a_kill_could_cut() {
    let folder = tempfile::tempdir().unwrap();
    let destination = destination(folder.path());
    let mut loader = destination.open("ds").unwrap();
    for number in 0..3 {
        let package = numbers(folder.path(), number, 30_000);
        load_package(&mut *loader, &package, &FakeClock::new()).unwrap();

        let logs = std::fs::read_dir(folder.path())
            .unwrap()
            .filter_map(|entry| {
                let entry = entry.unwrap();
                let is_log = entry.file_name().to_string_lossy().contains(".wal");
                let bytes = entry.metadata().unwrap().len();
                (is_log && bytes > 0).then(|| (entry.file_name(), bytes))
            });
        assert_eq!(logs.collect::<Vec<_>>(), [], "after commit {number}");
    }
}
