//! What the files promise, read back by the Parquet reader.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic like the tests themselves"
)]

use std::fmt::Write;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use apiduct_load::{LoadIds, LoadPackage, Packages, Seal, State};
use apiduct_model::arrow::TableBatch;
use apiduct_model::{Column, DataType, Schema, SystemClock, TableSchema, WriteDisposition};
use apiduct_parquet::{FileOptions, ParquetError, TableFile, write_package};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;

fn batch(from: i64, rows: i64, width: usize) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + rows));
    let texts = (from..from + rows).map(|id| format!("{id:0>width$}"));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
    RecordBatch::try_from_iter([("id", ids), ("text", texts)]).unwrap()
}

/// Rows of 200 hexadecimal digits that no compression makes much smaller.
fn noise(rows: u64) -> RecordBatch {
    let mut state = 7_u64;
    let texts = (0..rows).map(|_| {
        let mut text = String::new();
        while text.len() < 200 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            write!(text, "{:08x}", state >> 32).unwrap();
        }
        text
    });
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
    RecordBatch::try_from_iter([("text", texts)]).unwrap()
}

fn reader(path: &Path) -> ParquetRecordBatchReaderBuilder<File> {
    ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap()
}

fn read(path: &Path) -> Vec<RecordBatch> {
    let batches: Result<Vec<_>, _> = reader(path).build().unwrap().collect();
    batches.unwrap()
}

fn names_in(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn row_groups_end_at_the_row_bound_and_keep_every_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let options = FileOptions {
        row_group_rows: 1000,
        ..FileOptions::default()
    };
    let mut file = TableFile::create(&path, &batch(0, 0, 1).schema(), &options).unwrap();
    for at in 0..5 {
        file.write(&batch(at * 500, 500, 1)).unwrap();
    }
    let written = file.finish().unwrap();
    assert_eq!(written.rows, 2500);
    assert_eq!(written.bytes, std::fs::metadata(&path).unwrap().len());

    let metadata = reader(&path);
    let groups: Vec<i64> = metadata
        .metadata()
        .row_groups()
        .iter()
        .map(parquet::file::metadata::RowGroupMetaData::num_rows)
        .collect();
    assert_eq!(groups, [1000, 1000, 500]);
    let compression = metadata.metadata().row_group(0).column(0).compression();
    assert!(
        format!("{compression:?}").starts_with("ZSTD"),
        "{compression:?}"
    );
    let ids: Vec<i64> = read(&path)
        .iter()
        .flat_map(|batch| {
            batch
                .column(0)
                .as_any()
                .downcast_ref::<Int64Array>()
                .unwrap()
                .values()
                .to_vec()
        })
        .collect();
    assert_eq!(ids, (0..2500).collect::<Vec<_>>());
}

#[test]
fn long_values_end_a_row_group_before_its_rows_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let options = FileOptions {
        row_group_bytes: 1 << 20,
        ..FileOptions::default()
    };
    let mut file = TableFile::create(&path, &noise(0).schema(), &options).unwrap();
    file.write(&noise(40_000)).unwrap();
    file.finish().unwrap();
    assert!(reader(&path).metadata().num_row_groups() > 2);
    assert_eq!(
        read(&path).iter().map(RecordBatch::num_rows).sum::<usize>(),
        40_000
    );
}

#[test]
fn an_unfinished_file_leaves_nothing_and_keeps_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    std::fs::write(&path, "old").unwrap();
    let mut file =
        TableFile::create(&path, &batch(0, 0, 1).schema(), &FileOptions::default()).unwrap();
    file.write(&batch(0, 10, 1)).unwrap();
    drop(file);
    assert_eq!(names_in(&folder), ["t.parquet"]);
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
}

#[test]
fn a_finished_file_replaces_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    std::fs::write(&path, "old").unwrap();
    let mut file =
        TableFile::create(&path, &batch(0, 0, 1).schema(), &FileOptions::default()).unwrap();
    file.write(&batch(0, 10, 1)).unwrap();
    file.finish().unwrap();
    assert_eq!(names_in(&folder), ["t.parquet"]);
    assert_eq!(read(&path)[0].num_rows(), 10);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no").join("t.parquet");
    let error =
        TableFile::create(&path, &batch(0, 0, 1).schema(), &FileOptions::default()).unwrap_err();
    assert!(matches!(error, ParquetError::Io { .. }), "{error:?}");
    assert!(
        error.to_string().starts_with("cannot create `")
            && error.to_string().ends_with("t.parquet`")
    );
}

fn package(folder: &Path) -> LoadPackage {
    let load_id = LoadIds::new(1).next(&SystemClock::new());
    let mut writer = Packages::new(folder).create(load_id).unwrap();
    writer
        .write(&TableBatch {
            table: "issues".into(),
            batch: batch(0, 3, 1),
        })
        .unwrap();
    writer
        .write(&TableBatch {
            table: "issues".into(),
            batch: batch(3, 2, 1).project(&[0]).unwrap(),
        })
        .unwrap();
    let when: ArrayRef = Arc::new(StringArray::from(vec![
        "2024-01-01T00:00:00Z",
        "2024-01-02T00:00:00.5+02:00",
    ]));
    let labels = RecordBatch::try_from_iter([("at", when)]).unwrap();
    writer
        .write(&TableBatch {
            table: "issues__labels".into(),
            batch: labels,
        })
        .unwrap();

    let mut root = TableSchema::root("issues", "issues", WriteDisposition::Append);
    root.push(Column::new("id", DataType::Bigint));
    root.push(Column::new("text", DataType::Text));
    let mut nested = root.nested("issues__labels");
    nested.push(Column::new("at", DataType::Timestamp));
    let empty = root.nested("issues__nothing");
    let mut schema = Schema::default();
    for table in [root, nested, empty] {
        schema.insert(table);
    }
    let before = State::default();
    let after = before.advance(load_id);
    writer
        .seal(Seal::new("tracker", schema, before, after))
        .unwrap()
}

#[test]
fn each_table_of_a_package_becomes_a_file_with_final_types() {
    let folder = tempfile::tempdir().unwrap();
    let package = package(&folder.path().join("packages"));
    let path = folder.path().join("out.parquet");
    let files = write_package(&package, &path, &FileOptions::default(), |_, name| {
        name != "_apiduct_load_id"
    })
    .unwrap();

    let rows: Vec<(String, u64)> = files
        .iter()
        .map(|file| {
            (
                file.path
                    .file_name()
                    .unwrap()
                    .to_string_lossy()
                    .into_owned(),
                file.rows,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("out.parquet".to_owned(), 5),
            ("out__labels.parquet".to_owned(), 2)
        ]
    );
    let root = reader(&files[0].path);
    let columns: Vec<&str> = root
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(columns, ["id", "text"]);
    let batches = read(&files[0].path);
    assert_eq!(
        batches
            .iter()
            .map(|batch| batch.column(1).null_count())
            .sum::<usize>(),
        2
    );
    let nested = reader(&files[1].path);
    assert_eq!(
        nested.schema().field(0).data_type(),
        &apiduct_model::arrow::arrow_type(DataType::Timestamp)
    );
}

#[test]
fn a_damaged_package_gives_no_file_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let package = package(&folder.path().join("packages"));
    let segment = &package.manifest().table("issues__labels").unwrap().segments[0];
    std::fs::write(package.dir().join(&segment.file), "noise").unwrap();
    let path = folder.path().join("out.parquet");
    let error = write_package(&package, &path, &FileOptions::default(), |_, _| true).unwrap_err();
    assert!(matches!(error, ParquetError::Package { .. }), "{error:?}");
    assert_eq!(names_in(&folder), ["packages"]);
}
