//! What users of the DuckDB destination rely on.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod conformance;
mod crash;
mod disk_full;
mod locking;
mod queries;
mod system_tables;
mod wide;

use std::path::Path;
use std::sync::Arc;

use apiduct_duckdb::DuckDb;
use apiduct_load::{
    Destination, LoadIds, LoadPackage, Loaded, Loader, Packages, QueryResult, Seal, State,
    load_package,
};
use apiduct_model::arrow::TableBatch;
use apiduct_model::{Column, DataType, Schema, TableSchema, WriteDisposition};
use apiduct_testkit::FakeClock;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};

/// A package with `rows` numbers for table `t`, the `number`th of its pipeline.
fn numbers(folder: &Path, number: u64, rows: i64) -> LoadPackage {
    let table = TableSchema::root("t", "t", WriteDisposition::Append);
    numbers_for(folder, number, rows, table)
}

/// As [`numbers`], for a table that says what is to happen with earlier rows.
fn numbers_for(folder: &Path, number: u64, rows: i64, mut table: TableSchema) -> LoadPackage {
    let clock = FakeClock::new();
    let mut ids = LoadIds::new(1);
    let mut before = State::default();
    for _ in 0..number {
        before = before.advance(ids.next(&clock));
    }
    let load_id = ids.next(&clock);
    let mut writer = Packages::new(folder.join("packages"))
        .create(load_id)
        .unwrap();
    let mut from = 0;
    while from < rows {
        let to = rows.min(from + 10_000);
        let array: ArrayRef = Arc::new(Int64Array::from_iter_values((from..to).map(scattered)));
        let batch = RecordBatch::try_from_iter([("n", array)]).unwrap();
        writer
            .write(&TableBatch {
                table: "t".into(),
                batch,
            })
            .unwrap();
        from = to;
    }
    table.push(Column::new("n", DataType::Bigint));
    let mut schema = Schema::default();
    schema.insert(table);
    let after = before.advance(load_id);
    writer
        .seal(Seal::new("pipeline", schema, before, after))
        .unwrap()
}

/// Numbers that do not compress.
fn scattered(number: i64) -> i64 {
    number.wrapping_mul(0x5851_F42D_4C95_7F2D).rotate_left(17)
}

fn load(destination: &DuckDb, package: &LoadPackage) -> Loaded {
    let mut loader = destination.open("ds").unwrap();
    load_package(&mut *loader, package, &FakeClock::new()).unwrap()
}

fn ask(destination: &DuckDb, sql: &str) -> QueryResult {
    destination.open_to_read("ds").unwrap().query(sql).unwrap()
}

/// The one integer that `sql` asks for.
fn number(loader: &mut dyn Loader, sql: &str) -> i64 {
    let answer = loader.query(sql).unwrap();
    answer.batches[0]
        .column(0)
        .as_primitive::<Int64Type>()
        .value(0)
}

/// The one text that `sql` asks for.
fn text(destination: &DuckDb, sql: &str) -> String {
    let answer = ask(destination, sql);
    answer.batches[0]
        .column(0)
        .as_string::<i32>()
        .value(0)
        .to_owned()
}

/// The rows of table `t`, or 0 when there is none.
fn rows(destination: &DuckDb) -> i64 {
    let Ok(mut loader) = destination.open_to_read("ds") else {
        return 0;
    };
    let there = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 't'";
    match number(&mut *loader, there) {
        0 => 0,
        _ => number(&mut *loader, "SELECT count(*) FROM t"),
    }
}
