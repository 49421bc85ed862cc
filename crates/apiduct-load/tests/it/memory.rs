//! A destination in memory: the suite's second subject, and the proof that the suite notices faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use apiduct_load::{
    Batches, Capabilities, Commit, Delivery, Destination, DestinationError, LoadId, Loader,
    QueryResult, SchemaDelta, State, TableChange,
};
use apiduct_model::arrow::{arrow_type, convert};
use apiduct_model::{Schema, TableSchema, WriteDisposition};
use apiduct_testkit::conformance::{CHECKS, Subject, run};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{Field, Schema as ArrowSchema};

/// What may be wrong with a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    ForgetsLoads,
    CommitsEveryWrite,
    KeepsReplacedRows,
    LosesState,
    MixesDatasets,
    DropsVariants,
}

#[derive(Debug, Clone, Default)]
struct Dataset {
    schema: Schema,
    tables: BTreeMap<String, Vec<RecordBatch>>,
    states: BTreeMap<String, State>,
    loads: Vec<LoadId>,
}

type Shared = Arc<Mutex<BTreeMap<String, Dataset>>>;

#[derive(Debug)]
struct Memory {
    datasets: Shared,
    fault: Fault,
}

#[derive(Debug)]
struct MemoryLoader {
    datasets: Shared,
    name: String,
    working: Option<Dataset>,
    fault: Fault,
}

const CAPABILITIES: Capabilities = Capabilities {
    dispositions: &[WriteDisposition::Append, WriteDisposition::Replace],
    delivery: Delivery::ExactlyOnce,
    has_queries: false,
};

impl Destination for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn open(&self, dataset: &str) -> Result<Box<dyn Loader>, DestinationError> {
        let is_mixed = self.fault == Fault::MixesDatasets;
        Ok(Box::new(MemoryLoader {
            datasets: Arc::clone(&self.datasets),
            name: if is_mixed { "all" } else { dataset }.to_owned(),
            working: None,
            fault: self.fault,
        }))
    }
}

impl MemoryLoader {
    fn seen(&self) -> Dataset {
        let stored = || self.datasets.lock().unwrap().get(&self.name).cloned();
        self.working.clone().or_else(stored).unwrap_or_default()
    }

    fn publish(&self, dataset: &Dataset) {
        self.datasets
            .lock()
            .unwrap()
            .insert(self.name.clone(), dataset.clone());
    }
}

/// `rows` with the columns of `table`, null where they lack one.
fn reshaped(rows: &RecordBatch, table: &TableSchema) -> RecordBatch {
    let columns: Vec<ArrayRef> = table
        .columns
        .iter()
        .map(|column| match rows.column_by_name(&column.name) {
            Some(array) => convert(array, column.data_type).array,
            None => new_null_array(&arrow_type(column.data_type), rows.num_rows()),
        })
        .collect();
    let fields: Vec<Field> = table
        .columns
        .iter()
        .map(|column| Field::new(column.name.as_str(), arrow_type(column.data_type), true))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(ArrowSchema::new(fields)), columns, &options)
        .unwrap()
}

impl Loader for MemoryLoader {
    fn schema(&mut self) -> Result<Schema, DestinationError> {
        Ok(self.seen().schema)
    }

    fn state(&mut self, pipeline: &str) -> Result<Option<State>, DestinationError> {
        Ok(self.seen().states.get(pipeline).cloned())
    }

    fn is_loaded(&mut self, load_id: LoadId) -> Result<bool, DestinationError> {
        Ok(self.fault != Fault::ForgetsLoads && self.seen().loads.contains(&load_id))
    }

    fn begin(&mut self) -> Result<(), DestinationError> {
        self.working = Some(self.seen());
        Ok(())
    }

    fn migrate(&mut self, delta: &SchemaDelta) -> Result<(), DestinationError> {
        CAPABILITIES.check("memory", &delta.schema)?;
        let working = self.working.as_mut().expect("a transaction is open");
        for change in &delta.changes {
            match change {
                TableChange::Recreate(_) if self.fault == Fault::KeepsReplacedRows => {}
                TableChange::Create(table) | TableChange::Recreate(table) => {
                    let empty = RecordBatch::new_empty(Arc::new(ArrowSchema::empty()));
                    working
                        .tables
                        .insert(table.name.to_string(), vec![reshaped(&empty, table)]);
                }
                TableChange::Alter { table, .. } => {
                    let after = delta.schema.table(table).expect("it is in the schema");
                    let rows = working.tables.get_mut(table.as_str()).expect("it is there");
                    for batch in rows {
                        *batch = reshaped(batch, after);
                    }
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, table: &TableSchema, batches: Batches) -> Result<u64, DestinationError> {
        let working = self.working.as_mut().expect("a transaction is open");
        let rows = working.tables.entry(table.name.to_string()).or_default();
        let mut written = 0;
        for batch in batches {
            let mut batch = batch.map_err(|source| DestinationError::Package {
                table: table.name.clone(),
                source,
            })?;
            written += batch.num_rows() as u64;
            if self.fault == Fault::DropsVariants {
                let kept = (0..batch.num_columns())
                    .filter(|place| !batch.schema().field(*place).name().contains("__v_"));
                batch = reshaped(&batch.project(&kept.collect::<Vec<_>>()).unwrap(), table);
            }
            rows.push(batch);
        }
        if self.fault == Fault::CommitsEveryWrite {
            self.publish(&self.seen());
        }
        Ok(written)
    }

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), DestinationError> {
        let mut working = self.working.take().expect("a transaction is open");
        working.schema = commit.schema.clone();
        if self.fault != Fault::LosesState {
            working
                .states
                .insert(commit.pipeline.to_owned(), commit.state.clone());
        }
        working.loads.push(commit.load_id);
        self.publish(&working);
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), DestinationError> {
        self.working = None;
        Ok(())
    }

    fn query(&mut self, _: &str) -> Result<QueryResult, DestinationError> {
        Err(DestinationError::NoQueries {
            destination: "memory".to_owned(),
        })
    }
}

fn subject(fault: Fault) -> Subject {
    let datasets = Shared::default();
    let memory = Memory {
        datasets: Arc::clone(&datasets),
        fault,
    };
    Subject::new(Box::new(memory), move |_, dataset, table| {
        let name = if fault == Fault::MixesDatasets {
            "all"
        } else {
            dataset
        };
        let datasets = datasets.lock().unwrap();
        let tables = datasets.get(name).map(|dataset| &dataset.tables);
        tables
            .and_then(|tables| tables.get(table))
            .cloned()
            .unwrap_or_default()
    })
}

/// Names of the checks that notice a fault.
fn noticed(fault: Fault) -> Vec<&'static str> {
    CHECKS
        .iter()
        .filter(|check| {
            let folder = tempfile::tempdir().unwrap();
            let body = || check.run(subject(fault), folder.path());
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).is_err()
        })
        .map(|check| check.name)
        .collect()
}

#[test]
fn a_sound_destination_passes_the_suite() {
    run(|_| subject(Fault::None));
}

#[test]
fn the_suite_notices_each_fault() {
    for (fault, check) in [
        (
            Fault::ForgetsLoads,
            "loading_a_package_twice_changes_nothing",
        ),
        (
            Fault::CommitsEveryWrite,
            "a_load_dropped_at_any_step_leaves_nothing",
        ),
        (Fault::CommitsEveryWrite, "a_damaged_package_leaves_nothing"),
        (Fault::KeepsReplacedRows, "replaced_rows_are_gone"),
        (Fault::LosesState, "the_state_moves_with_the_rows"),
        (Fault::MixesDatasets, "datasets_are_apart"),
        (
            Fault::DropsVariants,
            "values_of_another_type_go_to_a_variant_column",
        ),
    ] {
        let noticed = noticed(fault);
        assert!(
            noticed.contains(&check),
            "{fault:?} was noticed by {noticed:?} only"
        );
    }
}
