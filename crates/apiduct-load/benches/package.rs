//! Writing, sealing and reading load packages.
//!
//! Run it with `cargo bench -p apiduct-load`. The rows are built from a fixed seed; throughput counts their bytes in Arrow.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use apiduct_load::{LoadIds, LoadPackage, Packages, Seal, State};
use apiduct_model::arrow::TableBatch;
use apiduct_model::{
    Column, DataType, Schema, SystemClock, TableSchema, WriteDisposition, format_timestamp,
};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const BATCHES: usize = 8;
const ROWS: i64 = 10_000;

/// Eight columns of about 300 bytes a row: integers, short and long text, times as text.
fn batch() -> RecordBatch {
    let integers = |factor: i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(
            (0..ROWS).map(|row| row * factor),
        ))
    };
    let texts = |make: &dyn Fn(i64) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..ROWS).map(make)))
    };
    let body = "the server answers an empty list with a cursor after the retry ".repeat(3);
    let time = |row| format_timestamp(1_700_000_000_000_000 + row * 61_000_000);
    RecordBatch::try_from_iter([
        ("id", integers(1)),
        ("big", integers(0x0123_4567_89AB)),
        (
            "state",
            texts(&|row| if row % 3 == 0 { "open" } else { "closed" }.to_owned()),
        ),
        ("title", texts(&|row| format!("title of record {row}"))),
        ("body", texts(&|row| format!("{row} {body}"))),
        ("created_at", texts(&time)),
        ("updated_at", texts(&time)),
        (
            "_apiduct_id",
            texts(&|row| format!("{:014x}", row * 0x9E37_79B9)),
        ),
    ])
    .expect("the columns are equally long")
}

fn schema() -> Schema {
    let mut table = TableSchema::root("issues", "issues", WriteDisposition::Append);
    for field in batch().schema().fields() {
        let data_type = match field.name().as_str() {
            "id" | "big" => DataType::Bigint,
            "created_at" | "updated_at" => DataType::Timestamp,
            _ => DataType::Text,
        };
        table.push(Column::new(field.name().as_str(), data_type));
    }
    let mut schema = Schema::default();
    schema.insert(table);
    schema
}

fn write(folder: &Path, ids: &mut LoadIds, rows: &TableBatch) -> LoadPackage {
    let load_id = ids.next(&SystemClock::new());
    let mut writer = Packages::new(folder)
        .create(load_id)
        .expect("the folder can be written");
    for _ in 0..BATCHES {
        writer.write(rows).expect("rows can be written");
    }
    let after = State::default().advance(load_id);
    let seal = Seal::new("bench", schema(), State::default(), after);
    writer.seal(seal).expect("the package can be sealed")
}

fn package(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder for temporary files is there");
    let rows = TableBatch {
        table: "issues".into(),
        batch: batch(),
    };
    let bytes = rows.batch.get_array_memory_size() * BATCHES;
    let mut ids = LoadIds::new(1);
    let mut group = criterion.benchmark_group("package");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.sample_size(20);
    group.bench_function("write_and_seal", |bencher| {
        bencher.iter(|| {
            let package = write(folder.path(), &mut ids, &rows);
            std::fs::remove_dir_all(package.dir()).expect("it was just made");
        });
    });

    let package = write(folder.path(), &mut ids, &rows);
    group.bench_function("open_and_verify", |bencher| {
        bencher.iter(|| LoadPackage::open(package.dir()).expect("it is whole"));
    });
    let target = package.schema().table("issues").expect("it has this table");
    group.bench_function("read_and_convert", |bencher| {
        bencher.iter(|| {
            for batch in package.batches(target).expect("it has the columns") {
                black_box(batch.expect("it is whole"));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, package);
criterion_main!(benches);
