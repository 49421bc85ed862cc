use std::sync::{Arc, Mutex};

use apiduct_load::{
    Batches, Commit, DestinationError, LoadError, LoadId, Loader, QueryResult, SchemaDelta, State,
    load_package, load_package_watched,
};
use apiduct_model::{Hint, Schema, TableSchema};
use apiduct_testkit::FakeClock;

use crate::numbers;

/// Writes down what is asked of it and refuses one thing.
#[derive(Debug, Default)]
struct Scripted {
    calls: Arc<Mutex<Vec<&'static str>>>,
    refuses: &'static str,
    takes_rows: Option<u64>,
    state: Option<State>,
}

impl Scripted {
    fn call(&self, name: &'static str) -> Result<(), DestinationError> {
        self.calls.lock().unwrap().push(name);
        if self.refuses == name {
            return Err(DestinationError::Transaction {
                action: "commit",
                source: "refused".into(),
            });
        }
        Ok(())
    }
}

impl Loader for Scripted {
    fn schema(&mut self) -> Result<Schema, DestinationError> {
        self.call("schema").map(|()| Schema::default())
    }

    fn state(&mut self, _: &str) -> Result<Option<State>, DestinationError> {
        self.call("state").map(|()| self.state.clone())
    }

    fn is_loaded(&mut self, _: LoadId) -> Result<bool, DestinationError> {
        self.call("is_loaded").map(|()| false)
    }

    fn begin(&mut self) -> Result<(), DestinationError> {
        self.call("begin")
    }

    fn migrate(&mut self, _: &SchemaDelta) -> Result<(), DestinationError> {
        self.call("migrate")
    }

    fn write(&mut self, _: &TableSchema, batches: Batches) -> Result<u64, DestinationError> {
        let rows = batches.rows();
        self.call("write").map(|()| self.takes_rows.unwrap_or(rows))
    }

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), DestinationError> {
        assert_eq!(commit.rows, 3);
        assert_eq!(commit.inserted_at, 1_704_067_200_000_000);
        self.call("commit")
    }

    fn rollback(&mut self) -> Result<(), DestinationError> {
        self.call("rollback")
    }

    fn query(&mut self, _: &str) -> Result<QueryResult, DestinationError> {
        unreachable!("a load asks no questions")
    }
}

const STEPS: [&str; 7] = [
    "begin",
    "is_loaded",
    "state",
    "schema",
    "migrate",
    "write",
    "commit",
];

#[test]
fn the_steps_of_a_load_have_one_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut loader = Scripted::default();
    let loaded = load_package(&mut loader, &numbers(folder.path(), 0), &FakeClock::new()).unwrap();
    assert_eq!(*loader.calls.lock().unwrap(), STEPS);
    assert_eq!(loaded.tables["t"], 3);
    assert!(!loaded.was_there);
}

#[test]
fn a_watched_load_tells_of_each_table_that_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut loader = Scripted::default();
    let calls = std::sync::Arc::clone(&loader.calls);
    let mut heard = Vec::new();
    let mut written = |table: &apiduct_model::TableName, rows| {
        let is_committed = calls.lock().unwrap().contains(&"commit");
        heard.push((table.to_string(), rows, is_committed));
    };
    let package = numbers(folder.path(), 0);
    load_package_watched(&mut loader, &package, &FakeClock::new(), &mut written).unwrap();
    assert_eq!(heard, [("t".to_owned(), 3, false)]);
}

#[test]
fn a_refusal_at_any_step_is_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let package = numbers(folder.path(), 0);
    for (place, step) in STEPS.into_iter().enumerate() {
        let mut loader = Scripted {
            refuses: step,
            ..Scripted::default()
        };
        let error = load_package(&mut loader, &package, &FakeClock::new()).unwrap_err();
        assert!(matches!(error, LoadError::Destination { .. }), "{error:?}");
        let mut expected = STEPS[..=place].to_vec();
        if step != "begin" {
            expected.push("rollback");
        }
        assert_eq!(*loader.calls.lock().unwrap(), expected);
    }
}

#[test]
fn rows_that_went_missing_are_noticed_before_the_commit() {
    let folder = tempfile::tempdir().unwrap();
    let mut loader = Scripted {
        takes_rows: Some(2),
        ..Scripted::default()
    };
    let error =
        load_package(&mut loader, &numbers(folder.path(), 0), &FakeClock::new()).unwrap_err();
    assert!(
        matches!(
            error,
            LoadError::RowCount {
                expected: 3,
                written: 2,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(!loader.calls.lock().unwrap().contains(&"commit"));
}

#[test]
fn a_package_on_another_state_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let package = numbers(folder.path(), 0);
    let mut loader = Scripted {
        state: Some(package.state_after().advance(package.load_id())),
        ..Scripted::default()
    };
    let error = load_package(&mut loader, &package, &FakeClock::new()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("builds on state 0 of pipeline `pipeline`"),
        "{error}"
    );
    assert!(error.to_string().contains("has state 2"), "{error}");
    assert!(error.hint().unwrap().contains("another machine"));
}
