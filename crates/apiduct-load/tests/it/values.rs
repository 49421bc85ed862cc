use apiduct_load::{LoadPackage, PackageError, Packages};
use apiduct_model::DataType;
use apiduct_model::arrow::convert;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch};
use proptest::prelude::*;

use crate::{batch, integers, load_id, numbers, seal, table, texts};

fn all(package: &LoadPackage, target: &apiduct_model::TableSchema) -> Vec<RecordBatch> {
    package
        .batches(target)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn texts_of(array: &ArrayRef) -> Vec<Option<String>> {
    array
        .as_string::<i32>()
        .iter()
        .map(|text| text.map(str::to_owned))
        .collect()
}

#[test]
fn text_on_disk_becomes_the_time_that_it_means() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Packages::new(folder.path()).create(load_id(0)).unwrap();
    writer
        .write(&batch("t", vec![("at", texts(&["1970-01-01T00:00:01Z"]))]))
        .unwrap();
    let target = table("t", &[("at", DataType::Timestamp)]);
    let package = seal(writer, std::slice::from_ref(&target));
    let rows = &all(&package, package.schema().table("t").unwrap())[0];
    assert_eq!(
        rows.column(0)
            .as_primitive::<TimestampMicrosecondType>()
            .value(0),
        1_000_000
    );
    assert_eq!(texts_of(rows.column(1)), [Some(load_id(0).to_string())]);
}

#[test]
fn documents_stay_documents_and_text_becomes_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Packages::new(folder.path()).create(load_id(0)).unwrap();
    writer
        .write(&batch(
            "t",
            vec![("doc", texts(&[r#"{"a":1}"#])), ("word", texts(&["x"]))],
        ))
        .unwrap();
    let package = seal(
        writer,
        &[table(
            "t",
            &[("doc", DataType::Json), ("word", DataType::Text)],
        )],
    );
    let as_json = table("t", &[("doc", DataType::Json), ("word", DataType::Json)]);
    let mut target = as_json.clone();
    target.push(package.schema().table("t").unwrap().columns[2].clone());
    let rows = &all(&package, &target)[0];
    assert_eq!(texts_of(rows.column(0)), [Some(r#"{"a":1}"#.to_owned())]);
    assert_eq!(texts_of(rows.column(1)), [Some(r#""x""#.to_owned())]);
}

#[test]
fn a_document_goes_to_its_variant_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Packages::new(folder.path()).create(load_id(0)).unwrap();
    writer
        .write(&batch("t", vec![("v", texts(&["[1]"]))]))
        .unwrap();
    let package = seal(writer, &[table("t", &[("v", DataType::Json)])]);
    let target = table(
        "t",
        &[
            ("v", DataType::Bool),
            ("v__v_json", DataType::Json),
            ("_apiduct_load_id", DataType::Text),
        ],
    );
    let rows = &all(&package, &target)[0];
    assert_eq!(rows.column(0).null_count(), 1);
    assert_eq!(texts_of(rows.column(1)), [Some("[1]".to_owned())]);
}

#[test]
fn a_value_without_a_place_is_an_error_and_not_a_null() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Packages::new(folder.path()).create(load_id(0)).unwrap();
    writer
        .write(&batch("t", vec![("v", texts(&["1", "one"]))]))
        .unwrap();
    let package = seal(writer, &[table("t", &[("v", DataType::Text)])]);
    let target = table(
        "t",
        &[
            ("v", DataType::Bigint),
            ("_apiduct_load_id", DataType::Text),
        ],
    );
    let result: Result<Vec<_>, _> = package.batches(&target).unwrap().collect();
    let error = result.unwrap_err();
    assert!(matches!(error, PackageError::Unfit { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "column `v` of table `t` has values that are no bigint"
    );
}

#[test]
fn a_variant_column_with_values_of_its_own_loses_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Packages::new(folder.path()).create(load_id(0)).unwrap();
    let columns = vec![("v", texts(&["one"])), ("v__v_text", texts(&["mine"]))];
    writer.write(&batch("t", columns)).unwrap();
    let types = [("v", DataType::Text), ("v__v_text", DataType::Text)];
    let package = seal(writer, &[table("t", &types)]);
    let target = table(
        "t",
        &[
            ("v", DataType::Bigint),
            ("v__v_text", DataType::Text),
            ("_apiduct_load_id", DataType::Text),
        ],
    );
    let result: Result<Vec<_>, _> = package.batches(&target).unwrap().collect();
    assert!(
        matches!(result, Err(PackageError::Unfit { .. })),
        "{result:?}"
    );
}

#[test]
fn a_target_must_have_every_column_of_the_package() {
    let folder = tempfile::tempdir().unwrap();
    let package = numbers(folder.path(), 0);
    let error = package.batches(&table("t", &[])).unwrap_err();
    assert!(
        matches!(error, PackageError::UnknownColumn { .. }),
        "{error}"
    );
}

#[test]
fn a_column_of_the_rows_that_the_schema_lacks_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Packages::new(folder.path()).create(load_id(0)).unwrap();
    writer
        .write(&batch(
            "t",
            vec![("n", integers(&[1])), ("stray", integers(&[1]))],
        ))
        .unwrap();
    let package = seal(writer, &[table("t", &[("n", DataType::Bigint)])]);
    let mut rows = package
        .batches(package.schema().table("t").unwrap())
        .unwrap();
    let error = rows.next().unwrap().unwrap_err();
    assert!(
        matches!(error, PackageError::UnknownColumn { .. }),
        "{error}"
    );
    assert!(rows.next().is_none(), "nothing comes after an error");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever the batches look like, each value comes back in its row or in the variant column of its row.
    #[test]
    fn every_value_comes_back(batches in prop::collection::vec((any::<bool>(), prop::collection::vec(prop::option::of(any::<i64>()), 1..20)), 1..6)) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Packages::new(folder.path()).create(load_id(0)).unwrap();
        let mut expected = Vec::new();
        for (is_text, numbers) in &batches {
            let array: ArrayRef = std::sync::Arc::new(Int64Array::from(numbers.clone()));
            let array = if *is_text { convert(&array, DataType::Text).array } else { array };
            expected.extend(numbers.iter().map(|number| number.map(|number| number.to_string())));
            writer.write(&batch("t", vec![("v", array)])).unwrap();
        }
        let package = seal(writer, &[table("t", &[("v", DataType::Text)])]);
        let types = [("v", DataType::Double), ("v__v_text", DataType::Text), ("_apiduct_load_id", DataType::Text)];
        let mut found = Vec::new();
        for rows in all(&package, &table("t", &types)) {
            let doubles = rows.column(0).as_primitive::<arrow_array::types::Float64Type>();
            let variants = rows.column(1).as_string::<i32>();
            for row in 0..rows.num_rows() {
                prop_assert!(doubles.is_null(row) || variants.is_null(row));
                found.push(if doubles.is_valid(row) {
                    Some(format!("{}", doubles.value(row)))
                } else {
                    variants.is_valid(row).then(|| variants.value(row).to_owned())
                });
            }
        }
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn integers_come_back_as_they_went() {
    let folder = tempfile::tempdir().unwrap();
    let package = numbers(folder.path(), 0);
    let rows = &all(&package, package.schema().table("t").unwrap())[0];
    assert_eq!(
        rows.column(0).as_primitive::<Int64Type>().values(),
        &[1, 2, 3]
    );
}
