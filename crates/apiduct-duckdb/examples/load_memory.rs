//! Loads rows of about 1 kB, and two nested rows each, into a new DuckDB file and prints CPU time and peak memory.
//!
//! ```text
//! cargo run --release -p apiduct-duckdb --example load_memory -- load 1000000 [MIB]
//! cargo run --release -p apiduct-duckdb --example load_memory -- append 1000000 [MIB]
//! ```
//!
//! `load` takes the road of the destination; `append` gives the same batches to DuckDB's appender in one transaction, for
//! comparison. `generate` only makes the batches. Linux only: it reads `/proc/self`.
#![expect(clippy::print_stdout, reason = "it is there to print")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use apiduct_duckdb::DuckDb;
use apiduct_load::{Batches, Commit, Destination, LoadIds, SchemaDelta, State, TableChange};
use apiduct_model::arrow::arrow_type;
use apiduct_model::{Column, DataType, Schema, SystemClock, TableSchema, WriteDisposition};
use arrow_array::{
    ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{Field, Schema as ArrowSchema, SchemaRef};

const BATCH_ROWS: u64 = 16_384;
const NESTED: u64 = 2;

/// The command line has it too. With glibc alone, rows and DuckDB share one heap, which frays as it grows.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A number that looks random and is always the same.
fn scattered(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Words in no order, to cut texts from that differ and still compress like language.
fn words() -> String {
    let word = |number| {
        let letters = scattered(number);
        let length = 3 + letters % 8;
        let letter =
            |place| char::from(b'a' + u8::try_from((letters >> (place * 5)) % 26).unwrap_or(0));
        (0..length).map(letter).collect::<String>()
    };
    (0..1_000_000)
        .map(|place| word(scattered(place) % 2_000) + " ")
        .collect()
}

/// The columns of the root table: 10 integers, 12 texts, 4 times, a flag and the row's identity.
fn root() -> TableSchema {
    let mut table = TableSchema::root("issues", "issues", WriteDisposition::Append);
    for number in 0..10 {
        table.push(Column::new(format!("number_{number}"), DataType::Bigint));
    }
    for number in 0..12 {
        table.push(Column::new(format!("text_{number}"), DataType::Text));
    }
    for number in 0..4 {
        table.push(Column::new(format!("time_{number}"), DataType::Timestamp));
    }
    table.push(Column::new("flag", DataType::Bool));
    table.push(Column::required("_apiduct_id", DataType::Text));
    table
}

fn nested(root: &TableSchema) -> TableSchema {
    let mut table = root.nested("issues__labels");
    table.push(Column::new("number_3", DataType::Bigint));
    table.push(Column::new("text_6", DataType::Text));
    table.push(Column::new("text_7", DataType::Text));
    table.push(Column::required("_apiduct_parent_id", DataType::Text));
    table.push(Column::required("_apiduct_id", DataType::Text));
    table
}

fn arrow_schema(table: &TableSchema) -> SchemaRef {
    let field =
        |column: &Column| Field::new(column.name.as_str(), arrow_type(column.data_type), true);
    Arc::new(ArrowSchema::new(
        table.columns.iter().map(field).collect::<Vec<_>>(),
    ))
}

/// One column of the rows from `first` on. What it is like follows from the number in its name.
fn array(column: &Column, first: u64, rows: u64, words: &str) -> ArrayRef {
    let kind: u64 = column
        .name
        .rsplit('_')
        .next()
        .and_then(|kind| kind.parse().ok())
        .unwrap_or(0);
    let random = |row: u64| scattered(row.wrapping_mul(31).wrapping_add(kind));
    let cut = |from: u64, length: usize| {
        let from = usize::try_from(from).unwrap_or(0) % (words.len() - length);
        &words[from..from + length]
    };
    let range = first..first + rows;
    match column.data_type {
        DataType::Bigint => Arc::new(Int64Array::from_iter_values(range.map(|row| match kind {
            0 => row.cast_signed(),
            1 => random(row).cast_signed(),
            _ => (random(row) % (10 * kind * kind)).cast_signed(),
        }))),
        DataType::Bool => {
            let flags: BooleanArray = range.map(|row| Some(random(row) % 2 == 0)).collect();
            Arc::new(flags)
        }
        DataType::Timestamp => {
            let micros = range.map(|row| {
                1_600_000_000_000_000 + (random(row) % 100_000_000_000_000).cast_signed()
            });
            Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("+00:00"))
        }
        _ if column.name.ends_with("_id") => {
            let divisor = if column.name.contains("parent") {
                NESTED
            } else {
                1
            };
            let texts = range.map(|row| format!("{:014x}", scattered(row / divisor) >> 8));
            Arc::new(StringArray::from_iter_values(texts))
        }
        _ => Arc::new(StringArray::from_iter_values(range.map(|row| match kind {
            0 => cut(random(row), 400),
            1..=3 => cut(random(row), 40),
            4 | 5 => cut(random(row) % 50_000 * 31, 12),
            _ => cut(random(row) % 30 * 311, 8),
        }))),
    }
}

fn batches(table: &TableSchema, rows: u64, words: &Arc<String>) -> Batches {
    let (schema, table, words) = (arrow_schema(table), table.clone(), Arc::clone(words));
    let columns = SchemaRef::clone(&schema);
    let parts = (0..rows.div_ceil(BATCH_ROWS)).map(move |part| {
        let first = part * BATCH_ROWS;
        let length = BATCH_ROWS.min(rows - first);
        let arrays = table
            .columns
            .iter()
            .map(|column| array(column, first, length, &words));
        let batch = RecordBatch::try_new(SchemaRef::clone(&columns), arrays.collect());
        Ok(batch.expect("the columns are equally long"))
    });
    Batches::new(schema, rows, parts)
}

fn load(
    path: &Path,
    mebibytes: Option<u64>,
    tables: Vec<(TableSchema, Batches)>,
) -> Result<(), Box<dyn Error>> {
    let mut destination = DuckDb::new(path);
    if let Some(mebibytes) = mebibytes {
        destination = destination.memory_limit_mib(mebibytes);
    }
    let mut delta = SchemaDelta::default();
    for (table, _) in &tables {
        delta.changes.push(TableChange::Create(table.clone()));
        delta.schema.insert(table.clone());
    }
    let load_id = LoadIds::new(1).next(&SystemClock::new());
    let mut loader = destination.open("example")?;
    loader.begin()?;
    loader.migrate(&delta)?;
    let mut rows = 0;
    for (table, batches) in tables {
        rows += loader.write(&table, batches)?;
    }
    loader.commit(Commit {
        load_id,
        pipeline: "example",
        schema: &Schema::clone(&delta.schema),
        state: &State::default().advance(load_id),
        rows,
        inserted_at: 0,
    })?;
    Ok(())
}

fn append(
    path: &Path,
    mebibytes: Option<u64>,
    tables: Vec<(TableSchema, Batches)>,
) -> Result<(), Box<dyn Error>> {
    let connection = duckdb::Connection::open(path)?;
    if let Some(mebibytes) = mebibytes {
        connection.execute_batch(&format!(
            "SET memory_limit = '{mebibytes}MiB'; SET threads = 1"
        ))?;
    }
    connection.execute_batch("BEGIN")?;
    for (table, batches) in tables {
        let columns = table.columns.iter().map(|column| {
            let name = match column.data_type {
                DataType::Bigint => "BIGINT",
                DataType::Bool => "BOOLEAN",
                DataType::Timestamp => "TIMESTAMPTZ",
                _ => "VARCHAR",
            };
            format!("{} {name}", column.name)
        });
        let columns: Vec<String> = columns.collect();
        connection.execute_batch(&format!(
            "CREATE TABLE {} ({})",
            table.name,
            columns.join(", ")
        ))?;
        let mut appender = connection.appender(&table.name)?;
        for batch in batches {
            appender.append_record_batch(batch?)?;
        }
    }
    connection.execute_batch("COMMIT")?;
    Ok(())
}

/// User and system time in seconds, and peak resident memory in MB, of this process.
fn usage() -> Result<(f64, f64), Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<f64>);
    let seconds = ticks.sum::<Result<f64, _>>()? / 100.0;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak
        .and_then(|line| line.split_whitespace().next())
        .unwrap_or("0");
    Ok((seconds, kilobytes.parse::<f64>()? / 1024.0))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let how = arguments.next().unwrap_or_else(|| "load".to_owned());
    let rows: u64 = arguments.next().map_or(Ok(200_000), |rows| rows.parse())?;
    let mebibytes: Option<u64> = arguments
        .next()
        .map(|mebibytes| mebibytes.parse())
        .transpose()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("example.duckdb");
    let words = Arc::new(words());
    let root = root();
    let nested = nested(&root);
    let tables = vec![
        (root.clone(), batches(&root, rows, &words)),
        (nested.clone(), batches(&nested, rows * NESTED, &words)),
    ];
    match how.as_str() {
        "load" => load(&path, mebibytes, tables)?,
        "append" => append(&path, mebibytes, tables)?,
        _ => tables
            .into_iter()
            .for_each(|(_, batches)| batches.for_each(drop)),
    }
    let (seconds, peak) = usage()?;
    let size = std::fs::metadata(&path).map_or(0, |file| file.len()) / 1_000_000;
    println!("{how} {rows} rows: {seconds:.2} CPU s, peak {peak:.0} MB, file {size} MB");
    Ok(())
}
