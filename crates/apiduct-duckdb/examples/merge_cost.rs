//! What a merge costs beside a `DELETE` and an `INSERT` written by hand.
//!
//! `cargo run --release -p apiduct-duckdb --example merge_cost -- [rows there] [rows merged]`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "it measures, and says what it found"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use apiduct_duckdb::DuckDb;
use apiduct_load::{Destination, LoadIds, Packages, Seal, State, load_package};
use apiduct_model::arrow::TableBatch;
use apiduct_model::{
    Column, DataType, MergeStrategy, Schema, SystemClock, TableSchema, WriteDisposition,
};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};

const BATCH: i64 = 65_536;

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse().ok());
    let there: i64 = numbers.next().unwrap_or(1_000_000);
    let merged: i64 = numbers.next().unwrap_or(100_000);
    let folder = tempfile::tempdir().unwrap();
    println!("{merged} rows into {there}");
    for strategy in MergeStrategy::ALL {
        let path = folder.path().join(format!("{strategy}.duckdb"));
        let mut table = table();
        table.write_disposition = WriteDisposition::Merge;
        table.primary_key = vec!["id".into()];
        table.merge.strategy = strategy;
        let first = load(&path, &table, 0, 0..there, State::default());
        // Half of the rows are there already, spread over all of the table.
        let step = (there / (merged / 2).max(1)).max(1);
        let second = load(&path, &table, step, 0..merged, first.1);
        println!(
            "{strategy}: first load {:.2?}, merge {:.2?}",
            first.0, second.0
        );
    }
    let path = folder.path().join("by-hand.duckdb");
    let first = load(&path, &table(), 0, 0..there, State::default());
    let mut staged = table();
    staged.name = "s".into();
    let step = (there / (merged / 2).max(1)).max(1);
    let staging = load(&path, &staged, step, 0..merged, first.1);
    let mut loader = DuckDb::new(&path).open("ds").unwrap();
    let started = Instant::now();
    for statement in [
        "BEGIN",
        "DELETE FROM t WHERE id IN (SELECT id FROM s)",
        "INSERT INTO t SELECT * FROM s",
        "COMMIT",
    ] {
        loader.query(statement).unwrap();
    }
    let by_hand = started.elapsed();
    println!(
        "by hand: rows into a table {:.2?}, delete and insert {by_hand:.2?}",
        staging.0
    );
}

fn table() -> TableSchema {
    let mut table = TableSchema::root("t", "t", WriteDisposition::Append);
    table.push(Column::new("id", DataType::Bigint));
    for at in 0..8 {
        table.push(Column::new(format!("text_{at}"), DataType::Text));
    }
    table.push(Column::required("_apiduct_id", DataType::Text));
    table
}

/// Loads rows; with a `step`, every second has a key that is there and the others a new one.
fn load(
    path: &Path,
    table: &TableSchema,
    step: i64,
    rows: std::ops::Range<i64>,
    before: State,
) -> (Duration, State) {
    let folder = tempfile::tempdir().unwrap();
    let load_id = LoadIds::new(7).next(&SystemClock::new());
    let mut writer = Packages::new(folder.path()).create(load_id).unwrap();
    let mut from = rows.start;
    while from < rows.end {
        let to = rows.end.min(from + BATCH);
        let key = |row: i64| match (step, row % 2) {
            (0, _) => row,
            (_, 0) => row / 2 * step,
            _ => 1_000_000_000 + row,
        };
        let mut columns: Vec<(String, ArrayRef)> = vec![(
            "id".to_owned(),
            Arc::new(Int64Array::from_iter_values((from..to).map(key))),
        )];
        for at in 0..8 {
            let texts =
                (from..to).map(|row| format!("text {} of row {}", at, row * 7919 % 100_003));
            columns.push((
                format!("text_{at}"),
                Arc::new(StringArray::from_iter_values(texts)),
            ));
        }
        let ids = (from..to).map(|row| format!("{step:04}{row:010}"));
        columns.push((
            "_apiduct_id".to_owned(),
            Arc::new(StringArray::from_iter_values(ids)),
        ));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        writer
            .write(&TableBatch {
                table: table.name.clone(),
                batch,
            })
            .unwrap();
        from = to;
    }
    let mut schema = Schema::default();
    schema.insert(table.clone());
    let after = before.advance(load_id);
    let package = writer
        .seal(Seal::new("pipeline", schema, before, after.clone()))
        .unwrap();
    let mut loader = DuckDb::new(path).open("ds").unwrap();
    let started = Instant::now();
    load_package(&mut *loader, &package, &SystemClock::new()).unwrap();
    (started.elapsed(), after)
}
