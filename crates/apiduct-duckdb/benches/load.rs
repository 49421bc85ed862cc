//! Loading a package into a new DuckDB file, checkpoint included.
//!
//! Run it with `cargo bench -p apiduct-duckdb`. The rows are built from a fixed seed; throughput counts rows.

use std::path::Path;
use std::sync::Arc;

use apiduct_duckdb::DuckDb;
use apiduct_load::{Destination, LoadIds, LoadPackage, Packages, Seal, State, load_package};
use apiduct_model::arrow::TableBatch;
use apiduct_model::{
    Column, DataType, Schema, SystemClock, TableSchema, WriteDisposition, format_timestamp,
};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const BATCHES: i64 = 15;
const ROWS: i64 = 10_000;

/// A number that looks random and is always the same.
fn scattered(number: i64) -> i64 {
    number.wrapping_mul(0x5851_F42D_4C95_7F2D).rotate_left(17)
}

fn batch(part: i64) -> RecordBatch {
    let rows = || (part * ROWS)..((part + 1) * ROWS);
    let integers = |make: &dyn Fn(i64) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows().map(make)))
    };
    let texts = |make: &dyn Fn(i64) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows().map(make)))
    };
    let words = [
        "pagination",
        "stops",
        "when",
        "the",
        "server",
        "answers",
        "an",
        "empty",
        "list",
    ];
    let body = |row: i64| {
        let word =
            |place: i64| words[usize::try_from(scattered(row + place) & 7).expect("it is 0 to 7")];
        (0..40).map(word).collect::<Vec<_>>().join(" ")
    };
    let time = |row| format_timestamp(1_700_000_000_000_000 + (scattered(row) >> 16));
    RecordBatch::try_from_iter([
        ("id", integers(&|row| row)),
        ("big", integers(&scattered)),
        ("comments", integers(&|row| scattered(row) & 31)),
        (
            "state",
            texts(&|row| if row % 3 == 0 { "open" } else { "closed" }.to_owned()),
        ),
        (
            "title",
            texts(&|row| format!("title of record {}", scattered(row))),
        ),
        ("body", texts(&body)),
        ("created_at", texts(&time)),
        (
            "_apiduct_id",
            texts(&|row| format!("{:014x}", scattered(row) & 0x00FF_FFFF_FFFF_FFFF)),
        ),
    ])
    .expect("the columns are equally long")
}

fn package(folder: &Path) -> LoadPackage {
    let load_id = LoadIds::new(1).next(&SystemClock::new());
    let mut writer = Packages::new(folder)
        .create(load_id)
        .expect("the folder can be written");
    let mut table = TableSchema::root("issues", "issues", WriteDisposition::Append);
    for part in 0..BATCHES {
        let batch = batch(part);
        if part == 0 {
            for field in batch.schema().fields() {
                let data_type = match field.name().as_str() {
                    "id" | "big" | "comments" => DataType::Bigint,
                    "created_at" => DataType::Timestamp,
                    _ => DataType::Text,
                };
                table.push(Column::new(field.name().as_str(), data_type));
            }
        }
        let rows = TableBatch {
            table: "issues".into(),
            batch,
        };
        writer.write(&rows).expect("rows can be written");
    }
    let mut schema = Schema::default();
    schema.insert(table);
    let after = State::default().advance(load_id);
    let seal = Seal::new("bench", schema, State::default(), after);
    writer.seal(seal).expect("the package can be sealed")
}

fn load(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder for temporary files is there");
    let package = package(&folder.path().join("packages"));
    let rows = package.rows("issues");
    let mut group = criterion.benchmark_group("duckdb");
    group.throughput(Throughput::Elements(rows));
    group.sample_size(10);
    group.bench_function("load_package", |bencher| {
        bencher.iter_batched(
            || tempfile::tempdir().expect("a folder for temporary files is there"),
            |folder| {
                let destination = DuckDb::new(folder.path().join("bench.duckdb"));
                let mut loader = destination.open("bench").expect("the file can be made");
                load_package(&mut *loader, &package, &SystemClock::new()).expect("it is loaded");
                drop(loader);
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, load);
criterion_main!(benches);
