//! What pipelines and destinations rely on.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod damage;
mod disk_full;
mod loading;
mod memory;
mod packages;
mod values;

use std::path::Path;
use std::sync::Arc;

use apiduct_load::{LoadId, LoadIds, LoadPackage, PackageWriter, Packages, Seal, State};
use apiduct_model::arrow::TableBatch;
use apiduct_model::{Column, DataType, Schema, TableSchema, WriteDisposition};
use apiduct_testkit::FakeClock;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};

fn load_id(number: usize) -> LoadId {
    let clock = FakeClock::new();
    let mut ids = LoadIds::new(1);
    for _ in 0..number {
        ids.next(&clock);
    }
    ids.next(&clock)
}

fn integers(numbers: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(numbers.to_vec()))
}

fn texts(texts: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(texts.to_vec()))
}

fn batch(table: &str, columns: Vec<(&str, ArrayRef)>) -> TableBatch {
    TableBatch {
        table: table.into(),
        batch: RecordBatch::try_from_iter(columns).unwrap(),
    }
}

fn table(name: &str, columns: &[(&str, DataType)]) -> TableSchema {
    let mut table = TableSchema::root(name, name, WriteDisposition::Append);
    for (name, data_type) in columns {
        table.push(Column::new(*name, *data_type));
    }
    table
}

fn schema(tables: &[TableSchema]) -> Schema {
    let mut schema = Schema::default();
    for table in tables {
        schema.insert(table.clone());
    }
    schema
}

fn seal(writer: PackageWriter, tables: &[TableSchema]) -> LoadPackage {
    let after = State::default().advance(writer.load_id());
    let seal = Seal::new("pipeline", schema(tables), State::default(), after);
    writer.seal(seal).unwrap()
}

/// A sealed package with rows 1, 2, 3 in table `t`.
fn numbers(dir: &Path, number: usize) -> LoadPackage {
    let mut writer = Packages::new(dir).create(load_id(number)).unwrap();
    writer
        .write(&batch("t", vec![("n", integers(&[1, 2, 3]))]))
        .unwrap();
    seal(writer, &[table("t", &[("n", DataType::Bigint)])])
}
