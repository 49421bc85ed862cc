use apiduct_json::Parser;
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type};

use super::*;

fn column() -> ColumnBuilder {
    ColumnBuilder::new("c", "c".to_owned(), None)
}

fn push_json(column: &mut ColumnBuilder, row: usize, json: &str) {
    let mut parser = Parser::new(json);
    match json.as_bytes()[0] {
        b'"' => column.push_text(row, parser.string().unwrap().raw),
        b't' | b'f' => column.push_bool(row, parser.bool().unwrap()),
        _ => column.push_number(row, parser.number().unwrap()),
    }
}

fn inferred(values: &[&str]) -> DataType {
    let mut column = column();
    for (row, value) in values.iter().enumerate() {
        push_json(&mut column, row, value);
    }
    column.schema().unwrap().data_type
}

const WIDENING: &[(&[&str], DataType)] = &[
    (&["1", "2"], DataType::Bigint),
    (&["true", "false"], DataType::Bool),
    (&["1", "1.5"], DataType::Double),
    (
        &["1", "12345678901234567890"],
        DataType::Decimal { scale: 0 },
    ),
    (&["9007199254740993", "1.5"], DataType::Text),
    (&["12345678901234567890", "1.5"], DataType::Text),
    (&["true", "1"], DataType::Text),
    (
        &["\"2024-01-01T00:00:00Z\"", "\"2024-01-02 10:00\""],
        DataType::Timestamp,
    ),
    (&["\"2024-01-01T00:00:00Z\"", "\"soon\""], DataType::Text),
    (&["\"2024-01-01T00:00:00Z\"", "5"], DataType::Text),
    (&["\"a\"", "true"], DataType::Text),
    (&["0.1000000000000000055511151231257827"], DataType::Text),
    (
        &["123456789012345678901234567890123456789012"],
        DataType::Text,
    ),
];

#[test]
fn types_widen_the_same_way_in_any_order() {
    for (values, expected) in WIDENING {
        assert_eq!(inferred(values), *expected, "for {values:?}");
        let reversed: Vec<&str> = values.iter().rev().copied().collect();
        assert_eq!(inferred(&reversed), *expected, "for {reversed:?}");
    }
}

/// The values of a column as text, in the order of `values`, however many of them a batch holds.
fn texts_of(values: &[&str], batch: usize) -> Vec<String> {
    let mut column = column();
    let mut arrays = Vec::new();
    for chunk in values.chunks(batch) {
        for (row, value) in chunk.iter().enumerate() {
            push_json(&mut column, row, value);
        }
        arrays.push(column.flush(chunk.len()).unwrap());
    }
    let texts = arrays
        .iter()
        .map(|array| apiduct_model::arrow::convert(array, DataType::Text).array);
    texts
        .flat_map(|array| {
            array
                .as_string::<i32>()
                .iter()
                .map(|text| text.unwrap().to_owned())
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn texts_of_mixed_values_do_not_depend_on_order_or_batches() {
    let values = [
        "5",
        "1.5",
        "\"x\"",
        "7.0",
        "-0",
        "true",
        "1e3",
        "12345678901234567890",
    ];
    let mut expected: Vec<String> = texts_of(&values, 8);
    expected.sort();
    assert_eq!(
        expected,
        [
            "-0",
            "1.5",
            "1000",
            "12345678901234567890",
            "5",
            "7",
            "true",
            "x"
        ]
        .map(|text| text.replace("-0", "0"))
    );
    for turn in 0..values.len() {
        for batch in [1, 3, 8] {
            let mut turned = values;
            turned.rotate_left(turn);
            let mut texts = texts_of(&turned, batch);
            texts.sort();
            assert_eq!(texts, expected, "for {turned:?} in batches of {batch}");
        }
    }
}

#[test]
fn rows_without_a_value_are_null() {
    let mut column = column();
    push_json(&mut column, 2, "7");
    let array = column.flush(5).unwrap();
    let values: Vec<Option<i64>> = array.as_primitive::<Int64Type>().iter().collect();
    assert_eq!(values, [None, None, Some(7), None, None]);
}

#[test]
fn widening_keeps_the_values_that_are_there() {
    let mut column = column();
    push_json(&mut column, 0, "1");
    push_json(&mut column, 2, "2.5");
    let array = column.flush(3).unwrap();
    assert_eq!(
        array
            .as_primitive::<Float64Type>()
            .iter()
            .collect::<Vec<_>>(),
        [Some(1.0), None, Some(2.5)]
    );

    push_json(&mut column, 0, "3.5");
    push_json(&mut column, 1, "true");
    let array = column.flush(2).unwrap();
    assert_eq!(
        array.as_string::<i32>().iter().collect::<Vec<_>>(),
        [Some("3.5"), Some("true")]
    );
}

#[test]
fn big_integers_stay_exact() {
    let mut column = column();
    push_json(&mut column, 0, "-5");
    push_json(&mut column, 1, "99999999999999999999999999999999999999");
    let array = column.flush(2).unwrap();
    assert_eq!(
        array.as_primitive::<Decimal128Type>().values(),
        &[-5, 10_i128.pow(38) - 1]
    );
}

#[test]
fn a_type_is_kept_over_a_flush() {
    let mut column = column();
    push_json(&mut column, 0, "1.5");
    column.flush(1);
    push_json(&mut column, 0, "2");
    assert_eq!(
        column
            .flush(1)
            .unwrap()
            .as_primitive::<Float64Type>()
            .values(),
        &[2.0]
    );
}

#[test]
fn a_row_that_is_taken_back_leaves_no_trace() {
    let mut column = column();
    push_json(&mut column, 0, "\"a\"");
    push_json(&mut column, 1, "\"bcd\"");
    column.truncate(1);
    push_json(&mut column, 1, "\"e\"");
    let array = column.flush(2).unwrap();
    assert_eq!(
        array.as_string::<i32>().iter().collect::<Vec<_>>(),
        [Some("a"), Some("e")]
    );
}

#[test]
fn a_declared_type_shows_before_the_first_value() {
    let column = ColumnBuilder::new("c", "c".to_owned(), Some(DataType::Date));
    assert_eq!(column.schema().unwrap().data_type, DataType::Date);
    assert!(
        super::ColumnBuilder::new("c", "c".to_owned(), None)
            .schema()
            .is_none()
    );
}

#[test]
fn a_flush_without_values_gives_no_array() {
    let mut column = column();
    assert!(column.flush(3).is_none());
    push_json(&mut column, 1, "1");
    assert_eq!(column.flush(2).unwrap().null_count(), 1);
}
