//! Tables grow with what arrives, and no value is lost.

use std::sync::Arc;

use apiduct_model::{Column, DataType, TableName};
use arrow_array::{ArrayRef, BooleanArray, Decimal128Array, Float64Array};

use super::stage::{Rows, Stage, appended, integers, texts};

const BEYOND_DOUBLE: i64 = (1 << 53) + 1;

fn value(data_type: DataType, array: ArrayRef) -> Rows {
    Rows::new(appended("t"), &[("v", data_type)], vec![array])
}

fn doubles(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

pub(super) fn new_columns_are_null_in_earlier_rows(stage: &mut Stage) {
    stage.load(&[Rows::numbers(appended("t"), &[1])]);
    let types = [("n", DataType::Bigint), ("seen", DataType::Timestamp)];
    let rows = Rows::new(
        appended("t"),
        &types,
        vec![integers(&[2]), texts(&["2024-01-01T00:00:00Z"])],
    );
    stage.load(&[rows, Rows::numbers(appended("u"), &[3])]);
    assert_eq!(
        stage.rows("t"),
        ["n=1 | seen=-", "n=2 | seen=2024-01-01T00:00:00Z"]
    );
    assert_eq!(stage.rows("u"), ["n=3"]);
}

pub(super) fn missing_columns_are_null_in_later_rows(stage: &mut Stage) {
    let mut table = appended("t");
    table.push(Column::required("a", DataType::Bigint));
    let mut rows = Rows::new(
        table.clone(),
        &[("a", DataType::Bigint), ("b", DataType::Text)],
        vec![integers(&[1]), texts(&["x"])],
    );
    rows.table.columns[0] = Column::required("a", DataType::Bigint);
    stage.load(&[rows]);
    stage.load(&[Rows::new(
        appended("t"),
        &[("b", DataType::Text)],
        vec![texts(&["y"])],
    )]);
    assert_eq!(stage.rows("t"), ["a=- | b=y", "a=1 | b=x"]);
}

pub(super) fn integers_widen_to_decimals(stage: &mut Stage) {
    stage.load(&[value(DataType::Bigint, integers(&[i64::MAX, -1]))]);
    let decimal = DataType::Decimal { scale: 0 };
    let big: ArrayRef = Arc::new(
        Decimal128Array::from(vec![i128::from(i64::MAX) + 1])
            .with_data_type(apiduct_model::arrow::arrow_type(decimal)),
    );
    stage.load(&[value(decimal, big)]);
    stage.load(&[value(DataType::Bigint, integers(&[5]))]);
    assert_eq!(
        stage.rows("t"),
        [
            "v=-1",
            "v=5",
            "v=9223372036854775807",
            "v=9223372036854775808"
        ]
    );
}

pub(super) fn integers_widen_to_doubles_only_when_exact(stage: &mut Stage) {
    stage.load(&[value(DataType::Bigint, integers(&[1, 2]))]);
    stage.load(&[value(DataType::Double, doubles(&[0.5]))]);
    assert_eq!(stage.rows("t"), ["v=0.5", "v=1.0", "v=2.0"]);

    let beyond = |mut rows: Rows| {
        rows.table.name = "u".into();
        for column in &mut rows.table.columns {
            column.beyond_double = column.data_type == DataType::Bigint;
        }
        rows
    };
    stage.load(&[beyond(value(DataType::Bigint, integers(&[BEYOND_DOUBLE])))]);
    stage.load(&[beyond(value(DataType::Double, doubles(&[0.5])))]);
    assert_eq!(
        stage.rows("u"),
        [
            "v=- | v__v_double=0.5",
            "v=9007199254740993 | v__v_double=-"
        ]
    );
}

pub(super) fn values_of_another_type_go_to_a_variant_column(stage: &mut Stage) {
    stage.load(&[value(DataType::Bigint, integers(&[1]))]);
    stage.load(&[value(DataType::Text, texts(&["2", "two"]))]);
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
    stage.load(&[value(DataType::Bool, flags)]);
    assert_eq!(
        stage.rows("t"),
        [
            "v=- | v__v_text=- | v__v_bool=true",
            "v=- | v__v_text=two | v__v_bool=-",
            "v=1 | v__v_text=- | v__v_bool=-",
            "v=2 | v__v_text=- | v__v_bool=-",
        ]
    );
}

pub(super) fn a_variant_column_is_used_again(stage: &mut Stage) {
    stage.load(&[value(DataType::Timestamp, texts(&["2024-01-01T00:00:00Z"]))]);
    stage.load(&[value(DataType::Text, texts(&["soon"]))]);
    let loaded = stage.load(&[value(
        DataType::Text,
        texts(&["later", "2024-01-02T00:00:00Z"]),
    )]);
    assert!(loaded.delta.is_empty(), "{:?}", loaded.delta);
    assert_eq!(
        stage.rows("t"),
        [
            "v=- | v__v_text=later",
            "v=- | v__v_text=soon",
            "v=2024-01-01T00:00:00Z | v__v_text=-",
            "v=2024-01-02T00:00:00Z | v__v_text=-",
        ]
    );
}

pub(super) fn the_stored_schema_is_that_of_all_loads(stage: &mut Stage) {
    let table = appended("t");
    stage.load(&[
        Rows::numbers(table.clone(), &[1]),
        Rows::numbers(table.nested("t__list"), &[1]),
    ]);
    let loaded = stage.load(&[Rows::numbers(appended("u"), &[1])]);
    let schema = stage.open().schema().expect("the schema is stored");
    assert_eq!(schema, loaded.delta.schema);
    let names: Vec<&str> = schema.tables.keys().map(TableName::as_str).collect();
    assert_eq!(names, ["t", "t__list", "u"]);
    assert_eq!(
        schema
            .table("t__list")
            .expect("it is there")
            .parent
            .as_deref(),
        Some("t")
    );
}
