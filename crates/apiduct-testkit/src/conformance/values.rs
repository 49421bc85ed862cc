//! What goes in comes out.

use std::sync::Arc;

use apiduct_model::arrow::arrow_type;
use apiduct_model::{Column, DataType};
use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray,
};

use super::stage::{Rows, Stage, appended, columns, integers, texts};

const DECIMAL: DataType = DataType::Decimal { scale: 0 };

pub(super) fn every_type_comes_back_exactly(stage: &mut Stage) {
    let types = [
        ("a_text", DataType::Text),
        ("b_bigint", DataType::Bigint),
        ("c_double", DataType::Double),
        ("d_bool", DataType::Bool),
        ("e_timestamp", DataType::Timestamp),
        ("f_date", DataType::Date),
        ("g_decimal", DECIMAL),
        ("h_cents", DataType::Decimal { scale: 2 }),
        ("i_json", DataType::Json),
    ];
    let decimals = |values: Vec<Option<i128>>, data_type| -> ArrayRef {
        let array = Decimal128Array::from(values);
        Arc::new(array.with_data_type(arrow_type(data_type)))
    };
    let largest = 10_i128.pow(38) - 1;
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![Some("a"), Some(""), None])),
        Arc::new(Int64Array::from(vec![Some(i64::MAX), Some(i64::MIN), None])),
        Arc::new(Float64Array::from(vec![Some(0.1), Some(-1.5e300), None])),
        Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        Arc::new(StringArray::from(vec![
            Some("2024-02-29T23:59:59.999999Z"),
            Some("0001-01-01T00:00:00+01:00"),
            None,
        ])),
        Arc::new(StringArray::from(vec![
            Some("2024-02-29"),
            Some("1969-12-31"),
            None,
        ])),
        decimals(vec![Some(largest), Some(-largest), None], DECIMAL),
        decimals(vec![Some(1), Some(-123_456), None], types[7].1),
        Arc::new(StringArray::from(vec![
            Some(r#"{"a": [1, null]}"#),
            Some("[]"),
            None,
        ])),
    ];
    stage.load(&[Rows::new(appended("t"), &types, arrays)]);
    let nines = "9".repeat(38);
    assert_eq!(
        stage.rows("t"),
        [
            format!(
                "a_text= | b_bigint={} | c_double=-1.5e300 | d_bool=false | e_timestamp=0000-12-31T23:00:00Z | \
                 f_date=1969-12-31 | g_decimal=-{nines} | h_cents=-1234.56 | i_json=[]",
                i64::MIN
            ),
            "a_text=- | b_bigint=- | c_double=- | d_bool=- | e_timestamp=- | f_date=- | g_decimal=- | h_cents=- | \
             i_json=-"
                .to_owned(),
            format!(
                "a_text=a | b_bigint={} | c_double=0.1 | d_bool=true | e_timestamp=2024-02-29T23:59:59.999999Z | \
                 f_date=2024-02-29 | g_decimal={nines} | h_cents=0.01 | i_json={{\"a\": [1, null]}}",
                i64::MAX
            ),
        ]
    );
}

pub(super) fn names_may_hold_anything(stage: &mut Stage) {
    let names = [
        "名前",
        "straße",
        "select",
        "with space",
        "a\"b",
        "a'b",
        "a;b",
        "é__ü",
    ];
    for (number, name) in (0..).zip(names) {
        let types = [(name, DataType::Bigint)];
        stage.load(&[Rows::new(appended(name), &types, vec![integers(&[number])])]);
        assert_eq!(stage.rows(name), [format!("{name}={number}")]);
    }
    let mut table = appended("all");
    table.columns = names
        .iter()
        .map(|name| Column::new(*name, DataType::Bigint))
        .collect();
    stage.load(&[Rows::none(table)]);
}

pub(super) fn text_may_hold_anything(stage: &mut Stage) {
    let long = "é".repeat(100_000);
    let values = [
        "\u{0}",
        "a\u{0}b",
        "\r\n\t",
        "'; --",
        "\\",
        "𝄞😀",
        "\u{feff}x",
        "NULL",
        &long,
    ];
    stage.load(&[Rows::new(
        appended("t"),
        &[("text", DataType::Text)],
        vec![texts(&values)],
    )]);
    let mut expected = values.map(|value| format!("text={value}")).to_vec();
    expected.sort();
    assert_eq!(stage.rows("t"), expected);
}

pub(super) fn batches_of_any_size_and_shape_arrive(stage: &mut Stage) {
    let batch = |columns: Vec<(&str, ArrayRef)>| {
        RecordBatch::try_from_iter(columns).expect("the arrays are equally long")
    };
    let many: Vec<i64> = (0..5_000).collect();
    let words: Vec<String> = many.iter().map(|number| format!("row {number}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let rows = Rows {
        table: columns(
            appended("t"),
            &[
                ("n", DataType::Bigint),
                ("word", DataType::Text),
                ("late", DataType::Text),
            ],
        ),
        batches: vec![
            batch(vec![("n", integers(&many)), ("word", texts(&words))]),
            batch(vec![
                ("word", texts(&["turned"])),
                ("n", integers(&[5_000])),
            ]),
            batch(vec![("n", integers(&[5_001])), ("late", integers(&[7]))]),
        ],
    };
    let loaded = stage.load(&[rows]);
    assert_eq!(loaded.tables["t"], 5_002);
    let rows = stage.rows("t");
    assert_eq!(rows.len(), 5_002);
    for expected in [
        "n=0 | word=row 0 | late=-",
        "n=2047 | word=row 2047 | late=-",
        "n=2048 | word=row 2048 | late=-",
        "n=4999 | word=row 4999 | late=-",
        "n=5000 | word=turned | late=-",
        "n=5001 | word=- | late=7",
    ] {
        assert!(
            rows.iter().any(|row| row == expected),
            "{expected} is missing"
        );
    }
}

pub(super) fn the_load_id_is_filled_in(stage: &mut Stage) {
    let table = appended("t");
    let nested = table.nested("t__list");
    let loaded = stage.load(&[
        Rows::numbers(table, &[1, 2, 3]),
        Rows::numbers(nested, &[4]),
    ]);
    let load_ids: Vec<String> = stage
        .read("t")
        .iter()
        .flat_map(|batch| {
            let column = batch
                .column_by_name("_apiduct_load_id")
                .expect("root tables have a load id");
            let ids = column.as_string::<i32>();
            (0..ids.len())
                .map(|row| ids.value(row).to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(load_ids, vec![loaded.load_id.to_string(); 3]);
    assert!(
        stage
            .read("t__list")
            .iter()
            .all(|batch| batch.column_by_name("_apiduct_load_id").is_none()),
        "nested tables have no load id"
    );
}

pub(super) fn a_table_without_rows_is_made(stage: &mut Stage) {
    let table = columns(appended("t"), &[("n", DataType::Bigint)]);
    let loaded = stage.load(&[Rows::none(table), Rows::none(appended("blank"))]);
    assert!(loaded.tables.is_empty(), "{loaded:?}");
    assert!(stage.rows("t").is_empty());
    let schema = stage.open().schema().expect("the schema is stored");
    assert!(schema.table("t").is_some());
    assert!(schema.table("blank").is_none(), "a table has columns");
    stage.load(&[Rows::numbers(appended("t"), &[1])]);
    assert_eq!(stage.rows("t"), ["n=1"]);
}
