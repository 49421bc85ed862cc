//! A destination in memory: what is there after a load, and nothing else.

use std::collections::BTreeMap;

use apiduct_load::{
    Batches, Capabilities, Commit, Delivery, DestinationError, LoadId, Loader, QueryResult,
    SchemaDelta, State,
};
use apiduct_model::{Schema, TableSchema, WriteDisposition};

use super::super::*;

/// What was committed.
#[derive(Debug, Default)]
pub(super) struct Store {
    state: Option<State>,
    schema: Schema,
    pub(super) loads: Vec<LoadId>,
    tables: BTreeMap<String, Vec<RecordBatch>>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Memory(pub(super) Arc<Mutex<Store>>);

impl Memory {
    /// All rows by table, without the columns that differ from load to load.
    pub(super) fn rows(&self) -> BTreeMap<String, Vec<String>> {
        let store = self.0.lock().unwrap();
        let table = |(name, batches): (&String, &Vec<RecordBatch>)| {
            let rows = batches.iter().flat_map(rows_of);
            (name.clone(), rows.collect())
        };
        store.tables.iter().map(table).collect()
    }
}

fn rows_of(batch: &RecordBatch) -> Vec<String> {
    let schema = batch.schema();
    let data = schema.fields().iter().enumerate();
    let data: Vec<usize> = data
        .filter(|(_, field)| !field.name().starts_with("_apiduct"))
        .map(|(at, _)| at)
        .collect();
    let row = |row| {
        let cells = data
            .iter()
            .map(|at| array_value_to_string(batch.column(*at), row).unwrap());
        cells.collect::<Vec<_>>().join("|")
    };
    (0..batch.num_rows()).map(row).collect()
}

impl Destination for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            dispositions: &[WriteDisposition::Append, WriteDisposition::Replace],
            delivery: Delivery::ExactlyOnce,
            has_queries: false,
        }
    }

    fn open(&self, _: &str) -> Result<Box<dyn Loader>, DestinationError> {
        Ok(Box::new(Writer {
            store: self.clone(),
            open: BTreeMap::new(),
        }))
    }
}

#[derive(Debug)]
struct Writer {
    store: Memory,
    open: BTreeMap<String, Vec<RecordBatch>>,
}

impl Loader for Writer {
    fn schema(&mut self) -> Result<Schema, DestinationError> {
        Ok(self.store.0.lock().unwrap().schema.clone())
    }

    fn state(&mut self, _: &str) -> Result<Option<State>, DestinationError> {
        Ok(self.store.0.lock().unwrap().state.clone())
    }

    fn is_loaded(&mut self, load_id: LoadId) -> Result<bool, DestinationError> {
        Ok(self.store.0.lock().unwrap().loads.contains(&load_id))
    }

    fn begin(&mut self) -> Result<(), DestinationError> {
        Ok(())
    }

    fn migrate(&mut self, _: &SchemaDelta) -> Result<(), DestinationError> {
        Ok(())
    }

    fn write(&mut self, table: &TableSchema, batches: Batches) -> Result<u64, DestinationError> {
        let rows = batches.rows();
        let batches: Vec<RecordBatch> = batches.map(Result::unwrap).collect();
        self.open
            .entry(table.name.to_string())
            .or_default()
            .extend(batches);
        Ok(rows)
    }

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), DestinationError> {
        let mut store = self.store.0.lock().unwrap();
        store.loads.push(commit.load_id);
        store.state = Some(commit.state.clone());
        store.schema = commit.schema.clone();
        for (table, batches) in std::mem::take(&mut self.open) {
            store.tables.entry(table).or_default().extend(batches);
        }
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), DestinationError> {
        self.open.clear();
        Ok(())
    }

    fn query(&mut self, _: &str) -> Result<QueryResult, DestinationError> {
        Err(DestinationError::NoQueries {
            destination: self.store.name(),
        })
    }
}
