//! Arrow and Parquet bodies as the JSON text of their rows.
//!
//! Rows go the way of all records, so that selectors, steps and hints work on them. Nothing is lost on the way: integers
//! and decimals are written with all their digits, floating-point numbers with as many as it takes to read the same number
//! back, dates and times as ISO 8601 text, instants in UTC, bytes as Base64.

use std::io::Cursor;
use std::sync::Arc;

use apiduct_client::format::{BodyDecoder, DecodeError};
use arrow_array::cast::AsArray as _;
use arrow_array::{Array, ArrayRef, RecordBatch, types};
use arrow_cast::cast;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

const ARROW: &str = "arrow";
const PARQUET: &str = "parquet";

/// What reads Arrow and Parquet bodies.
pub(crate) fn decoders() -> [Arc<dyn BodyDecoder>; 2] {
    [Arc::new(ArrowBody), Arc::new(ParquetBody)]
}

/// Arrow IPC, as a file or as a stream.
#[derive(Debug)]
struct ArrowBody;

/// A Parquet file.
#[derive(Debug)]
struct ParquetBody;

impl BodyDecoder for ArrowBody {
    fn name(&self) -> &'static str {
        ARROW
    }

    fn claims(&self, content_type: &str, body: &[u8]) -> bool {
        content_type.starts_with("application/vnd.apache.arrow.") || body.starts_with(b"ARROW1")
    }

    fn decode(&self, body: &Bytes, max_bytes: u64) -> Result<Bytes, DecodeError> {
        let broken = |error: ArrowError| DecodeError::new(ARROW, error.to_string());
        if body.starts_with(b"ARROW1") {
            let reader = FileReader::try_new(Cursor::new(body), None).map_err(broken)?;
            return rows(reader, ARROW, max_bytes);
        }
        let reader = StreamReader::try_new(Cursor::new(body), None).map_err(broken)?;
        rows(reader, ARROW, max_bytes)
    }
}

impl BodyDecoder for ParquetBody {
    fn name(&self) -> &'static str {
        PARQUET
    }

    fn claims(&self, content_type: &str, body: &[u8]) -> bool {
        matches!(
            content_type,
            "application/vnd.apache.parquet" | "application/x-parquet"
        ) || body.starts_with(b"PAR1")
    }

    fn decode(&self, body: &Bytes, max_bytes: u64) -> Result<Bytes, DecodeError> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(body.clone());
        let reader = builder.and_then(ParquetRecordBatchReaderBuilder::build);
        let reader = reader.map_err(|error| DecodeError::new(PARQUET, error.to_string()))?;
        rows(reader, PARQUET, max_bytes)
    }
}

/// The rows of all batches as the objects of a list.
fn rows(
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    format: &'static str,
    max_bytes: u64,
) -> Result<Bytes, DecodeError> {
    let broken = |error: ArrowError| DecodeError::new(format, error.to_string());
    let mut out = vec![b'['];
    for batch in batches {
        let batch = batch.map_err(broken)?;
        let mut keys = Vec::with_capacity(batch.num_columns());
        for field in batch.schema().fields() {
            let mut key = Vec::new();
            push(&mut key, field.name());
            key.push(b':');
            keys.push(key);
        }
        let columns: Result<Vec<ArrayRef>, _> = batch.columns().iter().map(plain).collect();
        let columns = columns.map_err(broken)?;
        for row in 0..batch.num_rows() {
            if out.len() as u64 > max_bytes {
                return Err(DecodeError::too_large(format, max_bytes));
            }
            out.extend_from_slice(if out.len() > 1 { b",{" } else { b"{" });
            for (at, (key, column)) in keys.iter().zip(&columns).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(key);
                value(&mut out, column, row).map_err(broken)?;
            }
            out.push(b'}');
        }
    }
    out.push(b']');
    Ok(out.into())
}

/// `array` without a dictionary, and with instants in UTC.
fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Dictionary(_, values) => plain(&cast(array, values)?),
        DataType::Timestamp(unit, Some(_)) => {
            cast(array, &DataType::Timestamp(*unit, Some("+00:00".into())))
        }
        _ => Ok(Arc::clone(array)),
    }
}

/// Appends the value at `row`.
fn value(out: &mut Vec<u8>, array: &ArrayRef, row: usize) -> Result<(), ArrowError> {
    if array.is_null(row) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    match array.data_type() {
        DataType::Null => out.extend_from_slice(b"null"),
        DataType::Float32 => float(out, array.as_primitive::<types::Float32Type>().value(row)),
        DataType::Float64 => float(out, array.as_primitive::<types::Float64Type>().value(row)),
        DataType::Utf8 => push(out, array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => push(out, array.as_string::<i64>().value(row)),
        DataType::Utf8View => push(out, array.as_string_view().value(row)),
        DataType::Binary => bytes(out, array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => bytes(out, array.as_binary::<i64>().value(row)),
        DataType::BinaryView => bytes(out, array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => bytes(out, array.as_fixed_size_binary().value(row)),
        DataType::List(_) => list(out, &array.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => list(out, &array.as_list::<i64>().value(row))?,
        DataType::FixedSizeList(..) => list(out, &array.as_fixed_size_list().value(row))?,
        DataType::Map(..) => map(out, array, row)?,
        DataType::Struct(fields) => {
            let own = array.as_struct();
            out.push(b'{');
            for (at, (field, column)) in fields.iter().zip(own.columns()).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                push(out, field.name());
                out.push(b':');
                value(out, &plain(column)?, row)?;
            }
            out.push(b'}');
        }
        DataType::Dictionary(..) => value(out, &plain(&array.slice(row, 1))?, 0)?,
        kind if is_plain_number(kind) => out.extend_from_slice(text(array, row)?.as_bytes()),
        _ => push(out, &text(array, row)?),
    }
    Ok(())
}

/// Whether the text of a value is a JSON value.
fn is_plain_number(kind: &DataType) -> bool {
    kind.is_integer()
        || matches!(
            kind,
            DataType::Boolean
                | DataType::Decimal32(..)
                | DataType::Decimal64(..)
                | DataType::Decimal128(..)
                | DataType::Decimal256(..)
        )
}

fn text(array: &ArrayRef, row: usize) -> Result<String, ArrowError> {
    let options = FormatOptions::default();
    ArrayFormatter::try_new(array, &options)?
        .value(row)
        .try_to_string()
}

fn list(out: &mut Vec<u8>, values: &ArrayRef) -> Result<(), ArrowError> {
    let values = plain(values)?;
    out.push(b'[');
    for at in 0..values.len() {
        if at > 0 {
            out.push(b',');
        }
        value(out, &values, at)?;
    }
    out.push(b']');
    Ok(())
}

/// A map as an object; keys become texts.
fn map(out: &mut Vec<u8>, array: &ArrayRef, row: usize) -> Result<(), ArrowError> {
    let entries = array.as_map().value(row);
    let (keys, values) = (plain(entries.column(0))?, plain(entries.column(1))?);
    out.push(b'{');
    for at in 0..entries.len() {
        if at > 0 {
            out.push(b',');
        }
        push(out, &text(&keys, at)?);
        out.push(b':');
        value(out, &values, at)?;
    }
    out.push(b'}');
    Ok(())
}

/// A number that reads back as the same; what JSON has no number for is text.
fn float<F: Serialize + Into<f64> + Copy + std::fmt::Display>(out: &mut Vec<u8>, number: F) {
    let wide: f64 = number.into();
    if wide.is_finite() {
        push(out, &number);
    } else {
        push(out, &number.to_string());
    }
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    push(out, &STANDARD.encode(bytes));
}

fn push<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Writing a text or a number into memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests;
