//! The table function through which DuckDB pulls rows from a package.
//!
//! A statement like `INSERT INTO t SELECT * FROM apiduct_rows(7)` reads the batches that are registered under 7. Unlike an
//! appender, it lets DuckDB write row groups as it goes and holds one batch at a time.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use apiduct_load::{Batches, PackageError, batch_bytes};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use duckdb::Connection;
use duckdb::core::{DataChunkHandle, LogicalTypeHandle, LogicalTypeId};
use duckdb::vtab::{
    BindInfo, InitInfo, TableFunctionInfo, VTab, record_batch_to_duckdb_data_chunk,
    to_duckdb_logical_type_for_field,
};

/// The name of the table function.
pub(crate) const FUNCTION: &str = "apiduct_rows";

/// Rows that DuckDB takes at a time at most; it is fixed when DuckDB is compiled.
const VECTOR_ROWS: usize = 2048;

/// Bytes that DuckDB is given at a time, on the average.
///
/// They count against its memory limit, and running out of memory *here* ends the process: DuckDB throws a C++
/// exception through a Rust function.
const VECTOR_BYTES: u64 = 16 << 20;

/// The table function gets one number as its argument, so what it reads is found here.
static FEEDS: Mutex<BTreeMap<u64, Arc<Feed>>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Batches that a statement may read once.
#[derive(Debug)]
pub(crate) struct Feed {
    schema: SchemaRef,
    rows: u64,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    batches: Batches,
    current: Option<RecordBatch>,
    /// Rows of the current batch that are given to DuckDB together.
    at_once: usize,
    failure: Option<PackageError>,
}

/// Keeps batches registered until it is dropped.
#[derive(Debug)]
pub(crate) struct Registered {
    number: u64,
    feed: Arc<Feed>,
}

/// Makes the table function known to a connection.
pub(crate) fn install(connection: &Connection) -> duckdb::Result<()> {
    connection.register_table_function::<Rows>(FUNCTION)
}

impl Registered {
    pub(crate) fn new(batches: Batches) -> Self {
        let feed = Arc::new(Feed {
            schema: SchemaRef::clone(batches.schema()),
            rows: batches.rows(),
            progress: Mutex::new(Progress {
                batches,
                current: None,
                at_once: VECTOR_ROWS,
                failure: None,
            }),
        });
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        lock(&FEEDS).insert(number, Arc::clone(&feed));
        Self { number, feed }
    }

    /// The argument that makes the table function read these batches.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Why the batches ended early, if they did.
    pub(crate) fn failure(&self) -> Option<PackageError> {
        lock(&self.feed.progress).failure.take()
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        lock(&FEEDS).remove(&self.number);
    }
}

impl Progress {
    /// The next rows, at most as many as DuckDB takes.
    fn next(&mut self) -> Result<Option<RecordBatch>, Box<dyn Error>> {
        loop {
            if let Some(batch) = self.current.take() {
                let rows = batch.num_rows();
                if rows > self.at_once {
                    self.current = Some(batch.slice(self.at_once, rows - self.at_once));
                    return Ok(Some(batch.slice(0, self.at_once)));
                }
                if rows > 0 {
                    return Ok(Some(batch));
                }
            }
            match self.batches.next() {
                None => return Ok(None),
                Some(Ok(batch)) => {
                    self.at_once = rows_at_once(&batch);
                    self.current = Some(batch);
                }
                Some(Err(error)) => {
                    let text = error.to_string();
                    self.failure = Some(error);
                    return Err(text.into());
                }
            }
        }
    }
}

/// How many rows of `batch` make up [`VECTOR_BYTES`].
fn rows_at_once(batch: &RecordBatch) -> usize {
    let rows = batch.num_rows() as u64;
    let fitting = (VECTOR_BYTES * rows) / batch_bytes(batch).max(1);
    usize::try_from(fitting).map_or(VECTOR_ROWS, |fitting| fitting.clamp(1, VECTOR_ROWS))
}

struct Rows;

impl VTab for Rows {
    type InitData = ();
    type BindData = Arc<Feed>;

    fn bind(bind: &BindInfo) -> Result<Self::BindData, Box<dyn Error>> {
        let number = bind.get_parameter(0).to_uint64();
        let feed = lock(&FEEDS).get(&number).map(Arc::clone);
        let feed = feed.ok_or_else(|| format!("no rows are registered under {number}"))?;
        for (place, field) in feed.schema.fields().iter().enumerate() {
            let logical_type = to_duckdb_logical_type_for_field(field)?;
            bind.add_result_column(&format!("c{place}"), logical_type);
        }
        bind.set_cardinality(feed.rows, true);
        Ok(feed)
    }

    fn init(_: &InitInfo) -> Result<Self::InitData, Box<dyn Error>> {
        Ok(())
    }

    fn func(
        info: &TableFunctionInfo<Self>,
        output: &mut DataChunkHandle,
    ) -> Result<(), Box<dyn Error>> {
        let rows = lock(&info.get_bind_data().progress).next()?;
        let Some(rows) = rows else {
            output.set_len(0);
            return Ok(());
        };
        record_batch_to_duckdb_data_chunk(&rows, output)
    }

    fn parameters() -> Option<Vec<LogicalTypeHandle>> {
        Some(vec![LogicalTypeHandle::from(LogicalTypeId::UBigint)])
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use arrow_array::{ArrayRef, StringArray};

    use super::*;

    fn texts(rows: usize, length: usize) -> RecordBatch {
        let array: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(length); rows]));
        RecordBatch::try_from_iter([("text", array)]).unwrap()
    }

    #[test]
    fn few_large_rows_are_given_at_once_and_many_small_ones() {
        assert_eq!(rows_at_once(&texts(10, 1)), VECTOR_ROWS);
        assert_eq!(rows_at_once(&texts(1_000, 1 << 17)), 127);
        assert_eq!(rows_at_once(&texts(2, 1 << 25)), 1);
    }
}
