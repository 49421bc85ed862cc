//! A column that takes its type from its values and grows sparsely.

use std::mem;
use std::sync::Arc;

use apiduct_json::Number;
use apiduct_model::arrow::{DECIMAL_PRECISION, EXACT_IN_DOUBLE, double_text, parse_decimal};
use apiduct_model::{Column, ColumnName, DataType, parse_timestamp};
use arrow_array::{ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, StringArray};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};

use crate::number::exact_double;

/// What the values of a column have in common so far. It only ever widens, and the result does not depend on the
/// order of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inferred {
    /// No value yet.
    Nothing,
    Bool,
    /// 64-bit integers; `beyond_double` once one of them is beyond ±2^53.
    Int {
        beyond_double: bool,
    },
    /// Integers of up to 38 digits, at least one beyond 64 bits.
    Decimal,
    Double,
    /// Text, every value of it an ISO 8601 timestamp.
    Timestamp,
    Text,
    /// Documents kept as they were written.
    Json,
}

/// The values of the rows since the last flush.
#[derive(Debug)]
enum Values {
    None,
    Bool(BooleanBufferBuilder),
    Int(Vec<i64>),
    Decimal(Vec<i128>),
    Double(Vec<f64>),
    Text { offsets: Vec<i32>, bytes: Vec<u8> },
}

/// Builds one column. A row without a value costs nothing until the column is next touched or flushed.
#[derive(Debug)]
pub(crate) struct ColumnBuilder {
    name: ColumnName,
    /// Path of the key in the source, for messages.
    pub(crate) source: String,
    /// The type that the user wrote, if any.
    declared: Option<DataType>,
    inferred: Inferred,
    values: Values,
    valid: NullBufferBuilder,
    /// Rows that have been filled, with values or nulls.
    len: usize,
}

impl ColumnBuilder {
    pub(crate) fn new(name: &str, source: String, declared: Option<DataType>) -> Self {
        let inferred = if declared == Some(DataType::Json) {
            Inferred::Json
        } else {
            Inferred::Nothing
        };
        Self {
            name: name.into(),
            source,
            declared,
            inferred,
            values: Values::None,
            valid: NullBufferBuilder::new(0),
            len: 0,
        }
    }

    pub(crate) fn name(&self) -> &ColumnName {
        &self.name
    }

    /// Whether `row`, the last one begun, has a value.
    pub(crate) fn has_value(&self, row: usize) -> bool {
        self.len > row
    }

    /// Whether values are to be kept as documents, without looking into them.
    pub(crate) fn is_json(&self) -> bool {
        self.inferred == Inferred::Json
    }

    /// Keeps values as documents from here on; `false` when the column has another type already.
    pub(crate) fn keep_documents(&mut self) -> bool {
        if self.inferred == Inferred::Nothing && self.declared.is_none() {
            self.inferred = Inferred::Json;
        }
        self.is_json()
    }

    /// The column as the schema shows it, or `None` when it has had no value and none was declared.
    pub(crate) fn schema(&self) -> Option<Column> {
        let found = match self.inferred {
            Inferred::Nothing => None,
            Inferred::Bool => Some(DataType::Bool),
            Inferred::Int { .. } => Some(DataType::Bigint),
            Inferred::Decimal => Some(DataType::Decimal { scale: 0 }),
            Inferred::Double => Some(DataType::Double),
            Inferred::Timestamp => Some(DataType::Timestamp),
            Inferred::Text => Some(DataType::Text),
            Inferred::Json => Some(DataType::Json),
        };
        let mut column = Column::new(self.name.clone(), self.declared.or(found)?);
        column.beyond_double = self.inferred
            == Inferred::Int {
                beyond_double: true,
            };
        Some(column)
    }

    /// Makes room for a value at `row`. A value that the row has already is taken back.
    #[inline]
    fn advance_to(&mut self, row: usize) {
        if self.len > row {
            self.truncate(row);
        }
        if self.len < row {
            self.pad(row);
        }
    }

    fn pad(&mut self, rows: usize) {
        let missing = rows - self.len;
        self.valid.append_n_nulls(missing);
        match &mut self.values {
            Values::None => {}
            Values::Bool(values) => values.append_n(missing, false),
            Values::Int(values) => values.resize(rows, 0),
            Values::Decimal(values) => values.resize(rows, 0),
            Values::Double(values) => values.resize(rows, 0.0),
            Values::Text { offsets, bytes } => offsets.resize(rows + 1, offset(bytes.len())),
        }
        self.len = rows;
    }

    #[inline]
    fn filled(&mut self) {
        self.valid.append_non_null();
        self.len += 1;
    }

    /// Takes back all rows from `rows` on.
    pub(crate) fn truncate(&mut self, rows: usize) {
        if self.len <= rows {
            return;
        }
        self.valid.truncate(rows);
        match &mut self.values {
            Values::None => {}
            Values::Bool(values) => values.truncate(rows),
            Values::Int(values) => values.truncate(rows),
            Values::Decimal(values) => values.truncate(rows),
            Values::Double(values) => values.truncate(rows),
            Values::Text { offsets, bytes } => {
                offsets.truncate(rows + 1);
                bytes.truncate(usize::try_from(offsets[rows]).unwrap_or(0));
            }
        }
        self.len = rows;
    }

    pub(crate) fn push_bool(&mut self, row: usize, value: bool) {
        self.advance_to(row);
        if self.inferred == Inferred::Nothing {
            self.widen(Inferred::Bool);
        }
        if let Values::Bool(values) = &mut self.values {
            values.append(value);
            return self.filled();
        }
        self.push_as_text(if value { "true" } else { "false" });
    }

    #[inline]
    pub(crate) fn push_number(&mut self, row: usize, number: Number<'_>) {
        self.advance_to(row);
        match number.int {
            Some(int) => self.push_int(int),
            None if number.is_integer => self.push_wide(number.text),
            None => self.push_fraction(number.text),
        }
    }

    #[inline]
    fn push_int(&mut self, value: i64) {
        let is_beyond = value.unsigned_abs() > EXACT_IN_DOUBLE.unsigned_abs();
        match self.inferred {
            Inferred::Int { beyond_double } if beyond_double || !is_beyond => {}
            Inferred::Nothing | Inferred::Int { .. } => self.widen(Inferred::Int {
                beyond_double: is_beyond,
            }),
            Inferred::Double if is_beyond => self.widen(Inferred::Text),
            _ => {}
        }
        match &mut self.values {
            Values::Int(values) => values.push(value),
            Values::Decimal(values) => values.push(i128::from(value)),
            Values::Double(values) => values.push(value as f64),
            _ => return self.push_as_text(&value.to_string()),
        }
        self.filled();
    }

    fn push_wide(&mut self, text: &str) {
        let Some(value) = parse_decimal(text, 0) else {
            return self.push_as_text(text);
        };
        match self.inferred {
            Inferred::Nothing | Inferred::Int { .. } => self.widen(Inferred::Decimal),
            Inferred::Double => self.widen(Inferred::Text),
            _ => {}
        }
        if let Values::Decimal(values) = &mut self.values {
            values.push(value);
            return self.filled();
        }
        self.push_as_text(text);
    }

    fn push_fraction(&mut self, text: &str) {
        let Some(value) = exact_double(text) else {
            return self.push_as_text(text);
        };
        match self.inferred {
            Inferred::Nothing
            | Inferred::Int {
                beyond_double: false,
            } => self.widen(Inferred::Double),
            Inferred::Int {
                beyond_double: true,
            }
            | Inferred::Decimal => self.widen(Inferred::Text),
            _ => {}
        }
        if let Values::Double(values) = &mut self.values {
            values.push(value);
            return self.filled();
        }
        self.push_as_text(&double_text(value));
    }

    #[inline]
    pub(crate) fn push_text(&mut self, row: usize, text: &str) {
        self.advance_to(row);
        match self.inferred {
            Inferred::Text => {}
            Inferred::Timestamp if parse_timestamp(text).is_some() => {}
            Inferred::Nothing => {
                let is_timestamp = parse_timestamp(text).is_some();
                self.widen(if is_timestamp {
                    Inferred::Timestamp
                } else {
                    Inferred::Text
                });
            }
            _ => self.widen(Inferred::Text),
        }
        self.append_text(text);
    }

    /// Appends a document as it was written. The column must be a JSON column.
    pub(crate) fn push_json(&mut self, row: usize, text: &str) {
        self.advance_to(row);
        if matches!(self.values, Values::None) {
            self.values = text_values(self.len);
        }
        self.append_text(text);
    }

    fn push_as_text(&mut self, text: &str) {
        if self.inferred != Inferred::Text {
            self.widen(Inferred::Text);
        }
        self.append_text(text);
    }

    #[inline]
    fn append_text(&mut self, text: &str) {
        if let Values::Text { offsets, bytes } = &mut self.values {
            bytes.extend_from_slice(text.as_bytes());
            offsets.push(offset(bytes.len()));
        }
        self.filled();
    }

    /// Changes the type of the column and of the values that it holds already.
    fn widen(&mut self, to: Inferred) {
        let from = mem::replace(&mut self.inferred, to);
        let rows = self.len;
        let values = mem::replace(&mut self.values, Values::None);
        self.values = match (to, values) {
            (Inferred::Nothing, values)
            | (Inferred::Int { .. }, values @ Values::Int(_))
            | (
                Inferred::Timestamp | Inferred::Text | Inferred::Json,
                values @ Values::Text { .. },
            ) => values,
            (Inferred::Bool, _) => {
                let mut values = BooleanBufferBuilder::new(rows + 1);
                values.append_n(rows, false);
                Values::Bool(values)
            }
            (Inferred::Int { .. }, _) => Values::Int(vec![0; rows]),
            (Inferred::Decimal, Values::Int(values)) => {
                Values::Decimal(values.into_iter().map(i128::from).collect())
            }
            (Inferred::Decimal, _) => Values::Decimal(vec![0; rows]),
            (Inferred::Double, Values::Int(values)) => {
                Values::Double(values.into_iter().map(|value| value as f64).collect())
            }
            (Inferred::Double, _) => Values::Double(vec![0.0; rows]),
            (Inferred::Timestamp | Inferred::Text | Inferred::Json, Values::None) => {
                text_values(rows)
            }
            (Inferred::Timestamp | Inferred::Text | Inferred::Json, values) => {
                debug_assert!(
                    from != Inferred::Nothing,
                    "a column without a type holds no values"
                );
                self.values_as_text(&values)
            }
        };
    }

    fn values_as_text(&mut self, values: &Values) -> Values {
        let valid = self.valid.finish_cloned();
        let is_valid = |row: usize| valid.as_ref().is_none_or(|valid| valid.is_valid(row));
        let mut offsets = Vec::with_capacity(self.len + 1);
        let mut bytes = Vec::new();
        offsets.push(0);
        for row in 0..self.len {
            if is_valid(row) {
                bytes.extend_from_slice(text_of(values, row).as_bytes());
            }
            offsets.push(offset(bytes.len()));
        }
        Values::Text { offsets, bytes }
    }

    /// Bytes that the values take since the last flush.
    pub(crate) fn byte_len(&self) -> usize {
        match &self.values {
            Values::None => 0,
            Values::Bool(values) => values.len() / 8,
            Values::Int(values) => values.len() * 8,
            Values::Decimal(values) => values.len() * 16,
            Values::Double(values) => values.len() * 8,
            Values::Text { offsets, bytes } => offsets.len() * 4 + bytes.len(),
        }
    }

    /// The values of `rows` rows as an array, after which the column is empty; `None` when all of them are null.
    pub(crate) fn flush(&mut self, rows: usize) -> Option<ArrayRef> {
        if matches!(self.values, Values::None) || self.len == 0 {
            self.truncate(0);
            self.valid = NullBufferBuilder::new(0);
            self.len = 0;
            return None;
        }
        if self.len < rows {
            self.pad(rows);
        }
        let nulls = self.valid.finish();
        self.valid = NullBufferBuilder::new(rows);
        self.len = 0;
        let (array, next): (ArrayRef, Values) = match mem::replace(&mut self.values, Values::None) {
            Values::None => return None,
            Values::Bool(mut values) => {
                let array = BooleanArray::new(values.finish(), nulls);
                (
                    Arc::new(array),
                    Values::Bool(BooleanBufferBuilder::new(rows)),
                )
            }
            Values::Int(values) => (
                Arc::new(Int64Array::new(values.into(), nulls)),
                Values::Int(Vec::with_capacity(rows)),
            ),
            Values::Decimal(values) => {
                let array = Decimal128Array::new(values.into(), nulls)
                    .with_precision_and_scale(DECIMAL_PRECISION, 0)
                    .expect("38 digits without a fraction are a valid decimal");
                (Arc::new(array), Values::Decimal(Vec::with_capacity(rows)))
            }
            Values::Double(values) => (
                Arc::new(Float64Array::new(values.into(), nulls)),
                Values::Double(Vec::with_capacity(rows)),
            ),
            Values::Text { offsets, bytes } => {
                let next = text_values_with_capacity(rows, bytes.len());
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                (
                    Arc::new(StringArray::new(offsets, Buffer::from_vec(bytes), nulls)),
                    next,
                )
            }
        };
        self.values = next;
        Some(array)
    }
}

fn text_values(nulls: usize) -> Values {
    Values::Text {
        offsets: vec![0; nulls + 1],
        bytes: Vec::new(),
    }
}

fn text_values_with_capacity(rows: usize, bytes: usize) -> Values {
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0);
    Values::Text {
        offsets,
        bytes: Vec::with_capacity(bytes),
    }
}

/// A batch is flushed long before its text reaches 2 GiB: one page is far smaller.
fn offset(bytes: usize) -> i32 {
    i32::try_from(bytes).expect("a batch holds less than 2 GiB of text")
}

fn text_of(values: &Values, row: usize) -> String {
    match values {
        Values::None | Values::Text { .. } => String::new(),
        Values::Bool(values) => values.get_bit(row).to_string(),
        Values::Int(values) => values[row].to_string(),
        Values::Decimal(values) => values[row].to_string(),
        Values::Double(values) => double_text(values[row]),
    }
}

#[cfg(test)]
mod tests;
