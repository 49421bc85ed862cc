//! Columns as Arrow arrays: the types, the batch that travels between stages, and exact conversion.
//!
//! A batch in a load package is *physical*: timestamps are still the text that the source sent, so that a column
//! that turns out to hold other text as well loses nothing. [`convert`] makes the final column from it.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow_schema::{DataType as ArrowType, TimeUnit};

use crate::{DataType, TableName, parse_timestamp};

/// Integers up to this distance from zero are exact as doubles.
pub const EXACT_IN_DOUBLE: i64 = 1 << 53;

/// Digits of a decimal column.
pub const DECIMAL_PRECISION: u8 = 38;

/// Rows of one table.
#[derive(Debug, Clone)]
pub struct TableBatch {
    /// The table they belong to.
    pub table: TableName,
    /// The rows, with one column per name.
    pub batch: RecordBatch,
}

/// The Arrow type of a finished column.
pub fn arrow_type(data_type: DataType) -> ArrowType {
    match data_type {
        DataType::Text | DataType::Json => ArrowType::Utf8,
        DataType::Bigint => ArrowType::Int64,
        DataType::Double => ArrowType::Float64,
        DataType::Bool => ArrowType::Boolean,
        DataType::Timestamp => ArrowType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
        DataType::Date => ArrowType::Date32,
        DataType::Decimal { scale } => {
            ArrowType::Decimal128(DECIMAL_PRECISION, scale.cast_signed())
        }
    }
}

/// The Arrow type in which a load package keeps a column: text for what is only recognized in text.
pub fn physical_type(data_type: DataType) -> ArrowType {
    match data_type {
        DataType::Timestamp | DataType::Date => ArrowType::Utf8,
        other => arrow_type(other),
    }
}

/// A column after conversion.
#[derive(Debug, Clone)]
pub struct Converted {
    /// The values in the wanted type; null where a value does not fit it.
    pub array: ArrayRef,
    /// The values that do not fit, in their own type, null elsewhere; `None` when all fit.
    pub leftover: Option<ArrayRef>,
}

impl Converted {
    fn whole(array: ArrayRef) -> Self {
        Self {
            array,
            leftover: None,
        }
    }
}

/// Converts `array` to the column type `to` without losing a value.
///
/// A value that `to` cannot hold exactly (text that is no timestamp, an integer beyond 2^53 in a double column)
/// goes to [`Converted::leftover`] instead of being rounded or dropped.
pub fn convert(array: &ArrayRef, to: DataType) -> Converted {
    let wanted = arrow_type(to);
    if array.data_type() == &ArrowType::Null || array.null_count() == array.len() {
        return Converted::whole(new_null_array(&wanted, array.len()));
    }
    if *array.data_type() == wanted && to != DataType::Json {
        return Converted::whole(Arc::clone(array));
    }
    match to {
        DataType::Text => Converted::whole(to_text(array)),
        DataType::Json => Converted::whole(to_json(array)),
        DataType::Bigint => split(array, Int64Builder::with_capacity(array.len()), exact_i64),
        DataType::Double => split(array, Float64Builder::with_capacity(array.len()), exact_f64),
        DataType::Bool => split(
            array,
            BooleanBuilder::with_capacity(array.len()),
            exact_bool,
        ),
        DataType::Timestamp => {
            let builder =
                TimestampMicrosecondBuilder::with_capacity(array.len()).with_timezone("+00:00");
            split(array, builder, |array, row| {
                parse_timestamp(text_at(array, row)?)
            })
        }
        DataType::Date => split(array, Date32Builder::with_capacity(array.len()), exact_date),
        DataType::Decimal { scale } => {
            let builder = Decimal128Builder::with_capacity(array.len()).with_data_type(wanted);
            split(array, builder, |array, row| {
                exact_decimal(array, row, scale)
            })
        }
    }
}

/// A builder that takes one value or a null at a time.
trait Append<T> {
    fn append(&mut self, value: Option<T>);
    fn array(self) -> ArrayRef;
}

macro_rules! append {
    ($($builder:ty => $value:ty),* $(,)?) => {
        $(impl Append<$value> for $builder {
            fn append(&mut self, value: Option<$value>) {
                self.append_option(value);
            }

            fn array(mut self) -> ArrayRef {
                Arc::new(self.finish())
            }
        })*
    };
}

append! {
    Int64Builder => i64,
    Float64Builder => f64,
    BooleanBuilder => bool,
    TimestampMicrosecondBuilder => i64,
    Date32Builder => i32,
    Decimal128Builder => i128,
}

fn split<T, B: Append<T>>(
    array: &ArrayRef,
    mut fits: B,
    exact: impl Fn(&ArrayRef, usize) -> Option<T>,
) -> Converted {
    let mut misfits = Vec::new();
    for row in 0..array.len() {
        let value = if array.is_null(row) {
            None
        } else {
            exact(array, row)
        };
        if value.is_none() && array.is_valid(row) {
            misfits.push(row);
        }
        fits.append(value);
    }
    let leftover = (!misfits.is_empty()).then(|| keep_rows(array, &misfits));
    Converted {
        array: fits.array(),
        leftover,
    }
}

/// `array` with only `rows` kept and null everywhere else; `rows` ascend.
fn keep_rows(array: &ArrayRef, rows: &[usize]) -> ArrayRef {
    let mut valid = vec![false; array.len()];
    for row in rows {
        valid[*row] = true;
    }
    let nulls = arrow_buffer::NullBuffer::from(valid);
    let data = array.to_data().into_builder().nulls(Some(nulls)).build();
    arrow_array::make_array(data.expect("only the validity of existing rows changes"))
}

fn text_at(array: &ArrayRef, row: usize) -> Option<&str> {
    array.as_string_opt::<i32>().map(|texts| texts.value(row))
}

fn exact_i64(array: &ArrayRef, row: usize) -> Option<i64> {
    if let Some(text) = text_at(array, row) {
        return text
            .parse()
            .ok()
            .filter(|number: &i64| number.to_string() == text);
    }
    if let Some(doubles) = array.as_primitive_opt::<Float64Type>() {
        let double = doubles.value(row);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the bounds are checked beside it"
        )]
        let whole = double as i64;
        return (double.fract() == 0.0 && whole.abs() <= EXACT_IN_DOUBLE).then_some(whole);
    }
    let decimals = array.as_primitive_opt::<Decimal128Type>()?;
    if decimals.scale() != 0 {
        return None;
    }
    i64::try_from(decimals.value(row)).ok()
}

fn exact_f64(array: &ArrayRef, row: usize) -> Option<f64> {
    if let Some(text) = text_at(array, row) {
        return text
            .parse()
            .ok()
            .filter(|number: &f64| double_text(*number) == text);
    }
    let number = array.as_primitive_opt::<Int64Type>()?.value(row);
    (number.unsigned_abs() <= EXACT_IN_DOUBLE.unsigned_abs()).then_some(number as f64)
}

fn exact_bool(array: &ArrayRef, row: usize) -> Option<bool> {
    text_at(array, row)?.parse().ok()
}

fn exact_date(array: &ArrayRef, row: usize) -> Option<i32> {
    let text = text_at(array, row)?;
    let micros = (text.len() == 10).then(|| parse_timestamp(&format!("{text}T00")))??;
    i32::try_from(micros / 86_400_000_000).ok()
}

fn exact_decimal(array: &ArrayRef, row: usize, scale: u8) -> Option<i128> {
    let text = match array.data_type() {
        ArrowType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        _ => text_at(array, row)?.to_owned(),
    };
    parse_decimal(&text, scale)
}

/// The value of decimal `text` times 10^`scale`, or `None` when it needs more digits than the column has.
///
/// ```
/// use apiduct_model::arrow::parse_decimal;
///
/// assert_eq!(parse_decimal("12.5", 2), Some(1250));
/// assert_eq!(parse_decimal("12.555", 2), None);
/// ```
pub fn parse_decimal(text: &str, scale: u8) -> Option<i128> {
    const LARGEST: i128 = 10_i128.pow(38) - 1;
    let (negative, digits) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || fraction.len() > usize::from(scale)
    {
        return None;
    }
    let padding = usize::from(scale) - fraction.len();
    let value = whole
        .bytes()
        .chain(fraction.bytes())
        .chain(std::iter::repeat_n(b'0', padding))
        .try_fold(0_i128, |sum, digit| {
            sum.checked_mul(10)?.checked_add(i128::from(digit - b'0'))
        })?;
    (value <= LARGEST).then_some(if negative { -value } else { value })
}

/// A double as the shortest text that reads back as the same double; whole numbers have no fraction, so that it does
/// not matter whether they came as `5` or `5.0`.
///
/// ```
/// use apiduct_model::arrow::double_text;
///
/// assert_eq!((double_text(5.0), double_text(0.1)), ("5".to_owned(), "0.1".to_owned()));
/// ```
pub fn double_text(double: f64) -> String {
    let text = serde_json::Number::from_f64(double)
        .map_or_else(|| double.to_string(), |number| number.to_string());
    text.strip_suffix(".0")
        .map_or_else(|| text.clone(), str::to_owned)
}

fn to_text(array: &ArrayRef) -> ArrayRef {
    let mut texts = StringBuilder::with_capacity(array.len(), array.len() * 8);
    for row in 0..array.len() {
        if array.is_null(row) {
            texts.append_null();
        } else {
            texts.append_value(scalar_text(array, row));
        }
    }
    Arc::new(texts.finish())
}

fn to_json(array: &ArrayRef) -> ArrayRef {
    let mut documents = StringBuilder::with_capacity(array.len(), array.len() * 8);
    let is_text = array.data_type() == &ArrowType::Utf8;
    for row in 0..array.len() {
        if array.is_null(row) {
            documents.append_null();
        } else {
            let text = scalar_text(array, row);
            documents.append_value(if is_text {
                serde_json::Value::from(text).to_string()
            } else {
                text
            });
        }
    }
    Arc::new(documents.finish())
}

/// The value of a physical column as text. The row must not be null.
fn scalar_text(array: &ArrayRef, row: usize) -> String {
    match array.data_type() {
        ArrowType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        ArrowType::Boolean => array.as_boolean().value(row).to_string(),
        ArrowType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        ArrowType::Float64 => double_text(array.as_primitive::<Float64Type>().value(row)),
        ArrowType::Decimal128(_, _) => array.as_primitive::<Decimal128Type>().value_as_string(row),
        other => unreachable!("a load package holds no column of type {other}"),
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{BooleanArray, Float64Array, Int64Array, StringArray};

    use super::*;

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn text_that_is_no_timestamp_is_left_over() {
        let converted = convert(
            &texts(&[Some("1970-01-01T00:00:01Z"), None, Some("n/a")]),
            DataType::Timestamp,
        );
        let micros = converted
            .array
            .as_primitive::<arrow_array::types::TimestampMicrosecondType>();
        assert_eq!(micros.value(0), 1_000_000);
        assert_eq!(micros.null_count(), 2);
        let leftover = converted.leftover.unwrap();
        assert_eq!(
            leftover.as_string::<i32>().iter().collect::<Vec<_>>(),
            [None, None, Some("n/a")]
        );
    }

    #[test]
    fn integers_beyond_a_double_are_left_over() {
        let array: ArrayRef = Arc::new(Int64Array::from(vec![1, 9_007_199_254_740_993]));
        let converted = convert(&array, DataType::Double);
        assert_eq!(
            converted
                .array
                .as_primitive::<Float64Type>()
                .value(0)
                .to_bits(),
            1.0_f64.to_bits()
        );
        assert_eq!(
            converted
                .leftover
                .unwrap()
                .as_primitive::<Int64Type>()
                .value(1),
            9_007_199_254_740_993
        );
    }

    #[test]
    fn every_physical_type_becomes_text() {
        let arrays: Vec<(ArrayRef, &str)> = vec![
            (Arc::new(BooleanArray::from(vec![true])), "true"),
            (Arc::new(Int64Array::from(vec![-7])), "-7"),
            (Arc::new(Float64Array::from(vec![0.5])), "0.5"),
            (texts(&[Some("x")]), "x"),
        ];
        for (array, expected) in arrays {
            let converted = convert(&array, DataType::Text);
            assert_eq!(converted.array.as_string::<i32>().value(0), expected);
            assert!(converted.leftover.is_none());
        }
    }

    #[test]
    fn json_quotes_text_and_leaves_numbers() {
        let number: ArrayRef = Arc::new(Int64Array::from(vec![7]));
        assert_eq!(
            convert(&number, DataType::Json)
                .array
                .as_string::<i32>()
                .value(0),
            "7"
        );
        assert_eq!(
            convert(&texts(&[Some("a\"")]), DataType::Json)
                .array
                .as_string::<i32>()
                .value(0),
            r#""a\"""#
        );
    }

    #[test]
    fn decimals_hold_38_digits_and_no_more() {
        assert_eq!(parse_decimal(&"9".repeat(38), 0), Some(10_i128.pow(38) - 1));
        assert_eq!(parse_decimal(&"9".repeat(39), 0), None);
        assert_eq!(
            parse_decimal("-12345678901234567890", 0),
            Some(-12_345_678_901_234_567_890)
        );
        assert_eq!(parse_decimal("1e3", 0), None);
    }

    #[test]
    fn dates_are_read_only_when_they_are_asked_for() {
        let converted = convert(&texts(&[Some("1970-01-02"), Some("soon")]), DataType::Date);
        assert_eq!(
            converted
                .array
                .as_primitive::<arrow_array::types::Date32Type>()
                .value(0),
            1
        );
        assert_eq!(converted.leftover.unwrap().null_count(), 1);
    }

    proptest::proptest! {
        #[test]
        fn no_value_is_lost_in_conversion(numbers in proptest::collection::vec(proptest::option::of(i64::MIN..i64::MAX), 1..20)) {
            let array: ArrayRef = Arc::new(Int64Array::from(numbers.clone()));
            let converted = convert(&array, DataType::Double);
            let misfits = converted.leftover.map_or(0, |left| left.len() - left.null_count());
            let fits = converted.array.len() - converted.array.null_count();
            proptest::prop_assert_eq!(fits + misfits, numbers.iter().flatten().count());
        }
    }
}
