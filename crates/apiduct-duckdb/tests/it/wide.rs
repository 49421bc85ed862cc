use std::path::Path;
use std::sync::Arc;

use apiduct_duckdb::DuckDb;
use apiduct_load::{Destination, LoadIds, Packages, Seal, State};
use apiduct_model::arrow::TableBatch;
use apiduct_model::{Column, DataType, Schema, TableSchema, WriteDisposition};
use apiduct_testkit::FakeClock;
use arrow_array::{ArrayRef, RecordBatch, StringArray};

use crate::{load, number, rows};

/// Loads a package of one table `t` with text columns of these names.
fn load_texts(folder: &Path, names: &[String], batches: impl Iterator<Item = ArrayRef>) -> DuckDb {
    let destination = DuckDb::new(folder.join("a.duckdb"));
    let load_id = LoadIds::new(1).next(&FakeClock::new());
    let mut writer = Packages::new(folder.join("packages"))
        .create(load_id)
        .unwrap();
    for array in batches {
        let columns = names.iter().map(|name| (name, Arc::clone(&array)));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        writer
            .write(&TableBatch {
                table: "t".into(),
                batch,
            })
            .unwrap();
    }
    let mut table = TableSchema::root("t", "t", WriteDisposition::Append);
    for name in names {
        table.push(Column::new(name.as_str(), DataType::Text));
    }
    let mut schema = Schema::default();
    schema.insert(table);
    let after = State::default().advance(load_id);
    let package = writer
        .seal(Seal::new("pipeline", schema, State::default(), after))
        .unwrap();
    load(&destination, &package);
    destination
}

#[test]
fn a_table_of_a_thousand_text_columns_fits_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..1_000).map(|number| format!("c{number}")).collect();
    let batches = (0..20).map(|part| -> ArrayRef {
        let values = (0..100).map(|row| format!("value {part} {row}: {}", "x".repeat(40)));
        Arc::new(StringArray::from_iter_values(values))
    });
    let destination = load_texts(folder.path(), &names, batches);
    assert_eq!(rows(&destination), 2_000);
}

#[test]
fn values_of_many_megabytes_fit_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let values = vec!["ab".repeat(10 << 20); 7];
    let array: ArrayRef = Arc::new(StringArray::from(values));
    let destination = load_texts(folder.path(), &["text".to_owned()], std::iter::once(array));
    assert_eq!(rows(&destination), 7);
    let mut loader = destination.open_to_read("ds").unwrap();
    assert_eq!(
        number(&mut *loader, "SELECT min(strlen(text)) FROM t"),
        20 << 20
    );
}
