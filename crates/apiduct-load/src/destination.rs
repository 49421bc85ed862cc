use std::fmt;

use apiduct_model::{MergeStrategy, Schema, TableSchema, WriteDisposition};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;

use crate::{DestinationError, LoadId, PackageError, SchemaDelta, State};

/// What a destination promises about rows that were sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Every row arrives once, whatever happens.
    ExactlyOnce,
    /// A row may arrive twice when a load is repeated after a crash.
    AtLeastOnce,
}

/// What a destination can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The write dispositions that it has.
    pub dispositions: &'static [WriteDisposition],
    /// What it promises.
    pub delivery: Delivery,
    /// Whether [`Loader::query`] answers SQL.
    pub has_queries: bool,
}

impl Capabilities {
    /// Checks that every table of `schema` can be loaded into `destination`.
    ///
    /// # Errors
    ///
    /// [`DestinationError::Disposition`] for the first table whose disposition it does not have,
    /// [`DestinationError::NoMergeKey`] for the first that is to be merged without a key.
    pub fn check(&self, destination: &str, schema: &Schema) -> Result<(), DestinationError> {
        let refused = schema
            .tables
            .values()
            .map(|table| table.write_disposition)
            .find(|one| *one != WriteDisposition::Skip && !self.dispositions.contains(one));
        match refused {
            None => check_keys(schema),
            Some(disposition) => Err(DestinationError::Disposition {
                destination: destination.to_owned(),
                disposition,
                available: self.dispositions,
            }),
        }
    }
}

/// Rows can only be merged by a key, and the strategies that go by rows only by a primary key.
fn check_keys(schema: &Schema) -> Result<(), DestinationError> {
    let is_keyless = |table: &&TableSchema| {
        let needs_primary = table.merge.strategy != MergeStrategy::DeleteInsert;
        table.write_disposition == WriteDisposition::Merge
            && table.parent.is_none()
            && (!table.is_merged() || needs_primary && table.primary_key.is_empty())
    };
    match schema.tables.values().find(is_keyless) {
        None => Ok(()),
        Some(table) => Err(DestinationError::NoMergeKey {
            table: table.name.clone(),
        }),
    }
}

/// A place that takes load packages.
///
/// Implementations are tested with `apiduct_testkit::conformance`.
pub trait Destination: fmt::Debug + Send + Sync {
    /// The name for messages, without secrets: `duckdb:tracker.duckdb`.
    fn name(&self) -> String;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Opens `dataset` for loading; it is made by the first commit if it is not there.
    ///
    /// # Errors
    ///
    /// [`DestinationError::Locked`] when another process has it, [`DestinationError::Open`] otherwise.
    fn open(&self, dataset: &str) -> Result<Box<dyn Loader>, DestinationError>;

    /// Opens `dataset` for queries, beside other readers where the destination allows that.
    ///
    /// # Errors
    ///
    /// [`DestinationError::Missing`] when nothing was ever loaded there, otherwise as [`Destination::open`].
    fn open_to_read(&self, dataset: &str) -> Result<Box<dyn Loader>, DestinationError> {
        self.open(dataset)
    }
}

/// One connection to a dataset.
///
/// The order of a load is `begin`, `migrate`, `write` for each table, `commit`: [`crate::load_package`] keeps it. Nothing
/// shows to others before `commit` returns; dropping the loader at any moment before rolls everything back. A loader is
/// used by one thread at a time.
pub trait Loader: Send + fmt::Debug {
    /// The tables that apiduct has loaded so far and that are still there; empty for a new dataset.
    ///
    /// # Errors
    ///
    /// [`DestinationError::System`] when the stored schema cannot be read.
    fn schema(&mut self) -> Result<Schema, DestinationError>;

    /// The state that came with the last load of `pipeline`; `None` before the first.
    ///
    /// # Errors
    ///
    /// [`DestinationError::System`] when the stored state cannot be read.
    fn state(&mut self, pipeline: &str) -> Result<Option<State>, DestinationError>;

    /// Whether the package `load_id` is there already.
    ///
    /// # Errors
    ///
    /// [`DestinationError::System`] when the record of loads cannot be read.
    fn is_loaded(&mut self, load_id: LoadId) -> Result<bool, DestinationError>;

    /// Begins a transaction.
    ///
    /// # Errors
    ///
    /// [`DestinationError::Transaction`] when one is open already or none can be begun.
    fn begin(&mut self) -> Result<(), DestinationError>;

    /// Makes and changes tables; the dataset is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`DestinationError::Migrate`] for the table that cannot be changed, [`DestinationError::Disposition`] when a
    /// table has a write disposition that [`Destination::capabilities`] does not name,
    /// [`DestinationError::NoMergeKey`] when one is to be merged without the key that its strategy needs.
    fn migrate(&mut self, delta: &SchemaDelta) -> Result<(), DestinationError>;

    /// Adds rows to `table`, whose columns `batches` has in the same order. Returns how many rows were taken.
    ///
    /// Rows of a table that is merged ([`TableSchema::is_merged`]), and of the tables nested in it, take the place of
    /// earlier ones by [`Loader::commit`] at the latest.
    ///
    /// # Errors
    ///
    /// [`DestinationError::Package`] when `batches` fails, [`DestinationError::DiskFull`] or
    /// [`DestinationError::Write`] when the rows are refused.
    fn write(&mut self, table: &TableSchema, batches: Batches) -> Result<u64, DestinationError>;

    /// Records the load, its state and its schema, and makes everything since `begin` visible at once.
    ///
    /// # Errors
    ///
    /// [`DestinationError::DiskFull`], [`DestinationError::Transaction`], or for rows that cannot be merged
    /// [`DestinationError::Write`] or [`DestinationError::NoMergeColumn`]; then nothing of the load is there.
    fn commit(&mut self, commit: Commit<'_>) -> Result<(), DestinationError>;

    /// Undoes everything since `begin`; nothing happens when no transaction is open.
    ///
    /// # Errors
    ///
    /// [`DestinationError::Transaction`] when the destination is gone; what was written is undone nevertheless.
    fn rollback(&mut self) -> Result<(), DestinationError>;

    /// The answer to `sql`, in which tables of the dataset need no qualification.
    ///
    /// # Errors
    ///
    /// [`DestinationError::NoQueries`] unless the destination has queries, [`DestinationError::Query`] when it
    /// refuses this one.
    fn query(&mut self, sql: &str) -> Result<QueryResult, DestinationError>;
}

/// What becomes durable together with the rows of a load.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// The load.
    pub load_id: LoadId,
    /// The pipeline whose state it moves.
    pub pipeline: &'a str,
    /// All tables of the dataset after the load.
    pub schema: &'a Schema,
    /// The state after the load.
    pub state: &'a State,
    /// Rows of all tables together.
    pub rows: u64,
    /// When the load is recorded: microseconds since 1970, UTC.
    pub inserted_at: i64,
}

impl Commit<'_> {
    /// A digest of [`Commit::schema`]: the same for the same tables and columns in the same order.
    pub fn schema_version_hash(&self) -> String {
        let text = serde_json::to_vec(self.schema).unwrap_or_default();
        format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&text))
    }
}

/// The rows of one table on their way to a destination: an iterator of batches that all have the same columns.
pub struct Batches {
    schema: SchemaRef,
    rows: u64,
    largest: u64,
    inner: Box<dyn Iterator<Item = Result<RecordBatch, PackageError>> + Send>,
}

impl Batches {
    /// Batches that all have `schema` and together `rows` rows.
    pub fn new(
        schema: SchemaRef,
        rows: u64,
        inner: impl Iterator<Item = Result<RecordBatch, PackageError>> + Send + 'static,
    ) -> Self {
        Self {
            schema,
            rows,
            largest: 0,
            inner: Box::new(inner),
        }
    }

    /// The columns of every batch.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The same batches, of which none takes more than about `bytes` of memory.
    #[must_use]
    pub fn with_largest(self, bytes: u64) -> Self {
        Self {
            largest: bytes,
            ..self
        }
    }

    /// Rows of all batches together.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// About how many bytes of memory the largest batch takes; 0 when that is not known.
    pub fn largest(&self) -> u64 {
        self.largest
    }
}

/// About how many bytes of memory the rows of `batch` take; rows that share their memory with others count once each.
pub fn batch_bytes(batch: &RecordBatch) -> u64 {
    let bytes = |array: &ArrayRef| array.to_data().get_slice_memory_size().unwrap_or(0) as u64;
    batch.columns().iter().map(bytes).sum()
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, PackageError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.inner.next()
    }
}

impl fmt::Debug for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches")
            .field("schema", &self.schema)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

/// The answer to a query.
#[derive(Debug, Clone)]
pub struct QueryResult {
    /// Names and types of the columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

impl QueryResult {
    /// Names of the columns in order.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::StringArray;

    use super::*;

    #[test]
    fn a_slice_counts_only_its_own_rows() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(1_000); 100]));
        let batch = RecordBatch::try_from_iter([("text", texts)]).unwrap();
        assert!(
            (100_000..102_000).contains(&batch_bytes(&batch)),
            "{}",
            batch_bytes(&batch)
        );
        let slice = batch.slice(50, 2);
        assert!(
            (2_000..2_100).contains(&batch_bytes(&slice)),
            "{}",
            batch_bytes(&slice)
        );
    }

    #[test]
    fn a_missing_disposition_is_named_with_what_there_is() {
        use apiduct_model::Hint;

        let capabilities = Capabilities {
            dispositions: &[WriteDisposition::Append, WriteDisposition::Replace],
            delivery: Delivery::ExactlyOnce,
            has_queries: true,
        };
        let mut schema = Schema::default();
        schema.insert(TableSchema::root("a", "a", WriteDisposition::Append));
        schema.insert(TableSchema::root("s", "s", WriteDisposition::Skip));
        assert!(capabilities.check("here", &schema).is_ok());
        schema.insert(TableSchema::root("m", "m", WriteDisposition::Merge));
        let error = capabilities.check("here", &schema).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`here` cannot load with write disposition `merge`"
        );
        assert_eq!(error.hint().unwrap(), "it can `append`, `replace`");
    }

    #[test]
    fn a_merge_needs_a_key_and_some_strategies_a_primary_key() {
        use apiduct_model::Hint;

        let capabilities = Capabilities {
            dispositions: &WriteDisposition::ALL,
            delivery: Delivery::ExactlyOnce,
            has_queries: true,
        };
        let check = |primary: bool, partition: bool, strategy| {
            let mut table = TableSchema::root("m", "m", WriteDisposition::Merge);
            table.primary_key.extend(primary.then(|| "id".into()));
            table.merge.key.extend(partition.then(|| "day".into()));
            table.merge.strategy = strategy;
            let nested = table.nested("m__list");
            let mut schema = Schema::default();
            schema.insert(table);
            schema.insert(nested);
            capabilities.check("here", &schema)
        };
        for strategy in MergeStrategy::ALL {
            assert!(check(true, false, strategy).is_ok());
            let error = check(false, false, strategy).unwrap_err();
            assert_eq!(
                error.to_string(),
                "table `m` cannot be merged without a key"
            );
            assert!(error.hint().unwrap().contains("`primary_key`"));
            let by_part = check(false, true, strategy).is_ok();
            assert_eq!(by_part, strategy == MergeStrategy::DeleteInsert);
        }
    }
}
