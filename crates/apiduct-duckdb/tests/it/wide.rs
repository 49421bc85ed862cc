use std::sync::Arc;

use apiduct_duckdb::DuckDb;
use apiduct_load::{LoadIds, Packages, Seal, State};
use apiduct_model::arrow::TableBatch;
use apiduct_model::{Column, DataType, Schema, TableSchema, WriteDisposition};
use apiduct_testkit::FakeClock;
use arrow_array::{ArrayRef, RecordBatch, StringArray};

use crate::{load, rows};

#[test]
fn a_table_of_a_thousand_text_columns_fits_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let destination = DuckDb::new(folder.path().join("a.duckdb"));
    let load_id = LoadIds::new(1).next(&FakeClock::new());
    let mut writer = Packages::new(folder.path().join("packages"))
        .create(load_id)
        .unwrap();
    let names: Vec<String> = (0..1_000).map(|number| format!("c{number}")).collect();
    for part in 0..20 {
        let values = (0..100).map(|row| format!("value {part} {row}: {}", "x".repeat(40)));
        let array: ArrayRef = Arc::new(StringArray::from_iter_values(values));
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
        table.push(Column::new(name, DataType::Text));
    }
    let mut schema = Schema::default();
    schema.insert(table);
    let after = State::default().advance(load_id);
    let package = writer
        .seal(Seal::new("pipeline", schema, State::default(), after))
        .unwrap();
    load(&destination, &package);
    assert_eq!(rows(&destination), 2_000);
}
