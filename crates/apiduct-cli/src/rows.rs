//! Rows for programs: Arrow batches as CSV and JSON, every number exact.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_csv::WriterBuilder;
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema, SchemaRef};

/// Writes CSV batch by batch: the head first, nulls as nothing, nested values as JSON.
#[derive(Debug)]
pub(crate) struct CsvWriter<W: Write> {
    inner: arrow_csv::Writer<W>,
    schema: SchemaRef,
}

impl<W: Write> CsvWriter<W> {
    /// A writer of rows with the columns of `schema`; the head is written at once.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written.
    pub(crate) fn try_new(out: W, schema: &SchemaRef) -> io::Result<Self> {
        let fields: Vec<Field> = schema
            .fields()
            .iter()
            .map(|field| {
                if is_flat(field.data_type()) {
                    field.as_ref().clone()
                } else {
                    Field::new(field.name(), DataType::Utf8, true)
                }
            })
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let mut inner = WriterBuilder::new().with_header(true).build(out);
        inner
            .write(&RecordBatch::new_empty(Arc::clone(&schema)))
            .map_err(into_io)?;
        Ok(Self { inner, schema })
    }

    /// Adds rows.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let columns: Result<Vec<ArrayRef>, io::Error> = batch
            .columns()
            .iter()
            .map(|column| {
                if is_flat(column.data_type()) {
                    Ok(Arc::clone(column))
                } else {
                    as_json_texts(column)
                }
            })
            .collect();
        let flat = RecordBatch::try_new(Arc::clone(&self.schema), columns?).map_err(into_io)?;
        self.inner.write(&flat).map_err(into_io)
    }
}

/// The same rows with every instant under the offset of UTC: what a database calls its time zone cannot be shown
/// without a list of all zones, and the instants are in UTC already.
///
/// # Errors
///
/// When a column cannot be converted.
pub(crate) fn in_utc(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = schema_in_utc(batch.schema_ref());
    let columns = batch.columns().iter().zip(schema.fields());
    let columns: Result<Vec<ArrayRef>, ArrowError> = columns
        .map(|(column, field)| {
            if column.data_type() == field.data_type() {
                Ok(Arc::clone(column))
            } else {
                arrow_cast::cast(column, field.data_type())
            }
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema, columns?, &options)
}

/// The schema of [`in_utc`].
pub(crate) fn schema_in_utc(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter();
    let fields = fields.map(|field| {
        field
            .as_ref()
            .clone()
            .with_data_type(type_in_utc(field.data_type()))
            .with_nullable(true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn type_in_utc(data_type: &DataType) -> DataType {
    let inner = |field: &FieldRef| {
        Arc::new(
            field
                .as_ref()
                .clone()
                .with_data_type(type_in_utc(field.data_type())),
        )
    };
    match data_type {
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some("+00:00".into())),
        DataType::List(field) => DataType::List(inner(field)),
        DataType::LargeList(field) => DataType::LargeList(inner(field)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        other => other.clone(),
    }
}

/// What CSV can hold as it is.
fn is_flat(data_type: &DataType) -> bool {
    !data_type.is_nested() && !matches!(data_type, DataType::Null)
}

fn as_json_texts(column: &ArrayRef) -> io::Result<ArrayRef> {
    let mut texts: Vec<Option<String>> = Vec::with_capacity(column.len());
    for row in 0..column.len() {
        if column.is_null(row) {
            texts.push(None);
            continue;
        }
        let mut text = Vec::new();
        write_value(&mut text, column.as_ref(), row)?;
        texts.push(Some(String::from_utf8_lossy(&text).into_owned()));
    }
    Ok(Arc::new(StringArray::from(texts)))
}

/// Writes each row of `batch` as one JSON object; `separate` comes before every row.
///
/// # Errors
///
/// When `out` cannot be written.
pub(crate) fn write_json_rows<W: Write>(
    out: &mut W,
    batch: &RecordBatch,
    mut separate: impl FnMut(&mut W) -> io::Result<()>,
) -> io::Result<()> {
    for row in 0..batch.num_rows() {
        separate(out)?;
        let schema = batch.schema_ref();
        let members = schema.fields().iter().zip(batch.columns());
        write_object(
            out,
            members.map(|(field, column)| (field.name().as_str(), column)),
            row,
        )?;
    }
    Ok(())
}

fn write_object<'a>(
    out: &mut impl Write,
    members: impl Iterator<Item = (&'a str, &'a ArrayRef)>,
    row: usize,
) -> io::Result<()> {
    for (at, (name, column)) in members.enumerate() {
        out.write_all(if at == 0 { b"{" } else { b"," })?;
        serde_json::to_writer(&mut *out, name)?;
        out.write_all(b":")?;
        write_value(out, column.as_ref(), row)?;
    }
    out.write_all(b"}")
}

/// Writes one value: numbers by their digits, what JSON does not know as text.
fn write_value(out: &mut dyn Write, array: &dyn Array, row: usize) -> io::Result<()> {
    if array.is_null(row) {
        return out.write_all(b"null");
    }
    match array.data_type() {
        DataType::Float64 => write_double(out, array.as_primitive::<Float64Type>().value(row)),
        DataType::Float32 => write_double(
            out,
            f64::from(array.as_primitive::<Float32Type>().value(row)),
        ),
        DataType::Boolean => write!(out, "{}", array.as_boolean().value(row)),
        DataType::Struct(_) => {
            let parts = array.as_struct();
            write_object(
                &mut { out },
                parts.column_names().into_iter().zip(parts.columns()),
                row,
            )
        }
        DataType::List(_) => write_list(out, array.as_list::<i32>().value(row).as_ref()),
        DataType::LargeList(_) => write_list(out, array.as_list::<i64>().value(row).as_ref()),
        DataType::FixedSizeList(..) => {
            write_list(out, array.as_fixed_size_list().value(row).as_ref())
        }
        kind => {
            let options = FormatOptions::default();
            let formatter = ArrayFormatter::try_new(array, &options).map_err(into_io)?;
            let text = formatter.value(row).try_to_string().map_err(into_io)?;
            if kind.is_numeric() {
                out.write_all(text.as_bytes())
            } else {
                Ok(serde_json::to_writer(out, &text)?)
            }
        }
    }
}

fn write_list(out: &mut dyn Write, values: &dyn Array) -> io::Result<()> {
    out.write_all(b"[")?;
    for at in 0..values.len() {
        if at > 0 {
            out.write_all(b",")?;
        }
        write_value(out, values, at)?;
    }
    out.write_all(b"]")
}

fn write_double(out: &mut dyn Write, value: f64) -> io::Result<()> {
    // JSON has no infinities and no NaN: serde_json writes null for them.
    Ok(serde_json::to_writer(out, &value)?)
}

fn into_io(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, error) => error,
        // arrow-csv wraps the error of the output in text; the kind survives only for a closed pipe.
        other if other.to_string().contains("Broken pipe") => {
            io::Error::from(io::ErrorKind::BrokenPipe)
        }
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::types::Int32Type;
    use arrow_array::{
        BooleanArray, Decimal128Array, Float64Array, Int64Array, ListArray, StructArray,
        TimestampMicrosecondArray,
    };

    use super::*;

    fn batch() -> RecordBatch {
        let big: ArrayRef = Arc::new(Int64Array::from(vec![Some(i64::MAX), None]));
        let wide: ArrayRef = Arc::new(
            Decimal128Array::from(vec![
                12_345_678_901_234_567_890_123_456_789_012_345_678_i128,
                1,
            ])
            .with_precision_and_scale(38, 0)
            .unwrap(),
        );
        let double: ArrayRef = Arc::new(Float64Array::from(vec![0.1, f64::INFINITY]));
        let text: ArrayRef = Arc::new(StringArray::from(vec!["a \"b\",\n", ""]));
        let is: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
        let at: ArrayRef =
            Arc::new(TimestampMicrosecondArray::from(vec![0, 1_500_000]).with_timezone("+00:00"));
        let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([
            Some(vec![Some(1), None]),
            None,
        ]));
        let inner: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
        let object: ArrayRef = Arc::new(StructArray::from(vec![(
            Arc::new(Field::new("k", DataType::Utf8, true)),
            inner,
        )]));
        RecordBatch::try_from_iter_with_nullable([
            ("big", big, true),
            ("wide", wide, true),
            ("double", double, true),
            ("text", text, true),
            ("is", is, true),
            ("at", at, true),
            ("list", list, true),
            ("object", object, true),
        ])
        .unwrap()
    }

    #[test]
    fn json_keeps_every_digit() {
        let mut out = Vec::new();
        write_json_rows(&mut out, &batch(), |out| out.write_all(b"\n")).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines[0],
            r#"{"big":9223372036854775807,"wide":12345678901234567890123456789012345678,"double":0.1,"text":"a \"b\",\n","is":true,"at":"1970-01-01T00:00:00Z","list":[1,null],"object":{"k":"x"}}"#
        );
        assert_eq!(
            lines[1],
            r#"{"big":null,"wide":1,"double":null,"text":"","is":false,"at":"1970-01-01T00:00:01.500Z","list":null,"object":{"k":"y"}}"#
        );
    }

    #[test]
    fn csv_has_a_head_and_nested_values_as_json() {
        let mut out = Vec::new();
        let batch = batch();
        let mut writer = CsvWriter::try_new(&mut out, &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        drop(writer);
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with("big,wide,double,text,is,at,list,object\n9223372036854775807,"),
            "{text}"
        );
        assert!(text.contains("\"a \"\"b\"\",\n\""), "{text}");
        assert!(
            text.contains("\"[1,null]\",\"{\"\"k\"\":\"\"x\"\"}\""),
            "{text}"
        );
    }

    #[test]
    fn csv_without_rows_still_has_its_head() {
        let mut out = Vec::new();
        drop(CsvWriter::try_new(&mut out, &batch().schema()).unwrap());
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 1);
    }

    #[test]
    fn instants_are_shown_in_utc_whatever_the_zone_is_called() {
        let at = TimestampMicrosecondArray::from(vec![Some(1_500_000), None])
            .with_timezone("Europe/Oslo");
        let at: ArrayRef = Arc::new(at);
        let field = Arc::new(Field::new("at", at.data_type().clone(), true));
        let object: ArrayRef = Arc::new(StructArray::from(vec![(field, Arc::clone(&at))]));
        let batch =
            RecordBatch::try_from_iter_with_nullable([("at", at, true), ("o", object, true)])
                .unwrap();
        let mut out = Vec::new();
        write_json_rows(&mut out, &in_utc(&batch).unwrap(), |_| Ok(())).unwrap();
        let expected = r#"{"at":"1970-01-01T00:00:01.500Z","o":{"at":"1970-01-01T00:00:01.500Z"}}{"at":null,"o":{"at":null}}"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
