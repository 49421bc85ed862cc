use std::path::Path;

use apiduct_load::{
    Batches, Commit, DestinationError, LoadId, Loader, QueryResult, SchemaDelta, State, TableChange,
};
use apiduct_model::{Schema, SystemNames, TableName, TableSchema};
use duckdb::{Config, Connection, OptionalExt};

use crate::claim::Claim;
use crate::destination::CAPABILITIES;
use crate::failure::Failures;
use crate::feed::{self, Registered};
use crate::merge::{Merger, Staging, Target};
use crate::sql::{Place, literal, quoted};
use crate::system::SystemTables;

/// Rows of a row group, half of what DuckDB takes by itself: a load holds one group at a time before it is compressed.
const ROW_GROUP_ROWS: u32 = 61_440;

/// Memory that DuckDB needs whatever it loads, in MiB.
const MIB_AT_LEAST: u64 = 32;

/// Memory that DuckDB needs for each column, in MiB: it keeps a few blocks of 256 KiB of each.
const MIB_PER_COLUMN: u64 = 1;

/// A connection to a database file.
#[derive(Debug)]
pub(crate) struct DuckLoader {
    connection: Connection,
    place: Place,
    failures: Failures,
    /// Bounds DuckDB's buffers; `None` for a reader.
    memory_limit_mib: Option<u64>,
    is_in_transaction: bool,
    /// Rows that are merged when the load is committed.
    staging: Staging,
    /// Dropped after the connection.
    _claim: Claim,
}

/// What is needed to open a file.
pub(crate) struct Opening<'a> {
    pub(crate) path: &'a Path,
    pub(crate) dataset: &'a str,
    pub(crate) names: SystemNames,
    pub(crate) memory_limit_mib: Option<u64>,
    pub(crate) claim: Claim,
    pub(crate) failures: Failures,
}

impl DuckLoader {
    pub(crate) fn open(opening: Opening<'_>) -> Result<Self, DestinationError> {
        let Opening {
            path,
            dataset,
            names,
            memory_limit_mib,
            claim,
            failures,
        } = opening;
        let catalog = catalog_name(path, dataset);
        let connection =
            connect(path, &catalog, memory_limit_mib).map_err(|error| failures.open(&error))?;
        Ok(Self {
            connection,
            place: Place {
                catalog,
                dataset: dataset.to_owned(),
                names,
            },
            failures,
            memory_limit_mib,
            is_in_transaction: false,
            staging: Staging::default(),
            _claim: claim,
        })
    }

    fn system(&self) -> SystemTables<'_> {
        SystemTables {
            connection: &self.connection,
            place: &self.place,
            failures: &self.failures,
        }
    }

    /// Runs statements that belong to a change of `table`.
    fn alter(&self, table: &TableName, statement: &str) -> Result<(), DestinationError> {
        self.connection
            .execute_batch(statement)
            .map_err(|error| self.failures.migrate(table, &error))
    }

    /// Where rows of `table` go: to the table itself, or to one where they wait to be merged.
    fn place_of(&mut self, table: &TableSchema, largest: u64) -> Result<String, DestinationError> {
        let place = self.place.table(&table.name);
        let Some(root) = self.staging.merged_root(table).cloned() else {
            return Ok(place);
        };
        if let Some(known) = self.staging.of(&table.name) {
            return Ok(known.place.clone());
        }
        let has_earlier = match self.staging.has_earlier(&root) {
            Some(known) => known,
            None => self.has_rows(&root)?,
        };
        self.staging.note_earlier(&root, has_earlier);
        let target = if has_earlier {
            Target::HasRows
        } else {
            Target::New(place)
        };
        let staged = self.staging.add(table, largest, target);
        if let Some(create) = &staged.create {
            self.connection
                .execute_batch(create)
                .map_err(|error| self.failures.write(&table.name, &error))?;
        }
        Ok(staged.place.clone())
    }

    fn has_rows(&self, table: &TableName) -> Result<bool, DestinationError> {
        let one = format!("SELECT 1 FROM {} LIMIT 1", self.place.table(table));
        let found = self.connection.query_row(&one, [], |_| Ok(()));
        let found = found.optional();
        found.map_or_else(
            |error| Err(self.failures.write(table, &error)),
            |row| Ok(row.is_some()),
        )
    }

    /// Puts the rows that wait into their tables.
    fn merge(&mut self) -> Result<(), DestinationError> {
        let staging = std::mem::take(&mut self.staging);
        for root in staging.roots() {
            let (widest, largest) = staging.widest(root);
            if let Some(widest) = widest {
                self.fit_memory(widest, largest)?;
            }
            Merger::new(
                &self.connection,
                &self.place,
                &self.failures,
                root,
                &staging,
            )?
            .merge()?;
        }
        Ok(())
    }

    /// Gives DuckDB the memory that it needs for rows of `table`, and no less than the limit that was asked for.
    fn fit_memory(&self, table: &TableSchema, largest: u64) -> Result<(), DestinationError> {
        let Some(limit) = self.memory_limit_mib else {
            return Ok(());
        };
        let columns = table.columns.len() as u64 * MIB_PER_COLUMN;
        let needed = MIB_AT_LEAST + columns + largest.div_ceil(1 << 20);
        let limit = limit.max(needed);
        self.connection
            .execute_batch(&format!("SET memory_limit = '{limit}MiB'"))
            .map_err(|error| self.failures.write(&table.name, &error))
    }
}

/// Opens the file as a catalog beside an empty database in memory.
///
/// Only an attached file can have smaller row groups and a name other than its dataset.
fn connect(
    path: &Path,
    catalog: &str,
    memory_limit_mib: Option<u64>,
) -> duckdb::Result<Connection> {
    let mut config = Config::default()
        .with("autoinstall_known_extensions", "false")?
        .with("autoload_known_extensions", "false")?
        .custom_user_agent("apiduct")?;
    if let Some(limit) = memory_limit_mib {
        config = config.max_memory(&format!("{limit}MiB"))?.threads(1)?;
    }
    // A relative path could be read as the name of another kind of database.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let file = path
        .to_str()
        .ok_or_else(|| duckdb::Error::InvalidPath(path.clone()))?;
    let option = match memory_limit_mib {
        None => "READ_ONLY".to_owned(),
        Some(_) => format!("ROW_GROUP_SIZE {ROW_GROUP_ROWS}"),
    };
    let connection = Connection::open_in_memory_with_flags(config)?;
    feed::install(&connection)?;
    connection.execute_batch(&format!(
        "SET temp_directory = {}; ATTACH {} AS {catalog} (TYPE duckdb, {option}); USE {catalog}.main",
        literal(&format!("{file}.tmp")),
        literal(file),
        catalog = quoted(catalog),
    ))?;
    // A commit becomes valid with the file's header, and not by way of the write-ahead log: what a kill has cut off is
    // ignored in the log, but for row groups that were written early. Those would come back without their transaction.
    connection.execute_batch(
        "SET checkpoint_threshold = '0B'; SET auto_checkpoint_skip_wal_threshold = 0",
    )?;
    // Only a DuckDB with its time zone extension has the setting; without it, all is UTC anyway.
    let _ = connection.execute_batch("SET TimeZone = 'UTC'");
    Ok(connection)
}

/// The name under which queries may qualify the dataset: that of the file, as DuckDB itself would have it.
///
/// A file named like its dataset gets another: DuckDB refuses `tracker.issues` as ambiguous when both are `tracker`.
fn catalog_name(path: &Path, dataset: &str) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_taken = [dataset, "memory", "system", "temp", ""]
        .iter()
        .any(|other| stem.to_lowercase() == other.to_lowercase());
    if is_taken {
        format!("{stem}_file")
    } else {
        stem.into_owned()
    }
}

impl Loader for DuckLoader {
    fn schema(&mut self) -> Result<Schema, DestinationError> {
        self.system().schema()
    }

    fn state(&mut self, pipeline: &str) -> Result<Option<State>, DestinationError> {
        self.system().state(pipeline)
    }

    fn is_loaded(&mut self, load_id: LoadId) -> Result<bool, DestinationError> {
        self.system().is_loaded(load_id)
    }

    fn begin(&mut self) -> Result<(), DestinationError> {
        self.connection
            .execute_batch("BEGIN TRANSACTION")
            .map_err(|error| self.failures.transaction("begin", &error))?;
        self.is_in_transaction = true;
        Ok(())
    }

    fn migrate(&mut self, delta: &SchemaDelta) -> Result<(), DestinationError> {
        CAPABILITIES.check(&self.failures.destination, &delta.schema)?;
        self.staging = Staging::new(&delta.schema);
        self.system().create()?;
        for change in &delta.changes {
            let table = match change {
                TableChange::Create(table) | TableChange::Recreate(table) => &table.name,
                TableChange::Alter { table, .. } => table,
            };
            for statement in self.place.change(change) {
                self.alter(table, &statement)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, table: &TableSchema, batches: Batches) -> Result<u64, DestinationError> {
        self.fit_memory(table, batches.largest())?;
        let place = self.place_of(table, batches.largest())?;
        let rows = Registered::new(batches);
        let result = self
            .connection
            .execute(&Place::insert(&place, table), [rows.number()]);
        match (result, rows.failure()) {
            (Ok(written), None) => Ok(written as u64),
            (_, Some(source)) => Err(DestinationError::Package {
                table: table.name.clone(),
                source,
            }),
            (Err(error), None) => Err(self.failures.write(&table.name, &error)),
        }
    }

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), DestinationError> {
        self.merge()?;
        self.system().record(commit)?;
        let result = self.connection.execute_batch("COMMIT");
        self.is_in_transaction = false;
        result.map_err(|error| self.failures.transaction("commit", &error))
    }

    fn rollback(&mut self) -> Result<(), DestinationError> {
        if !std::mem::take(&mut self.is_in_transaction) {
            return Ok(());
        }
        self.connection
            .execute_batch("ROLLBACK")
            .map_err(|error| self.failures.transaction("roll back", &error))
    }

    fn query(&mut self, sql: &str) -> Result<QueryResult, DestinationError> {
        let refused = |error| self.failures.query(&error);
        if self.system().has_dataset()? {
            let place = format!("USE {}", self.place.schema());
            self.connection.execute_batch(&place).map_err(refused)?;
        }
        let mut statement = self.connection.prepare(sql).map_err(refused)?;
        let rows = statement.query_arrow([]).map_err(refused)?;
        let schema = rows.get_schema();
        let batches = rows.collect();
        Ok(QueryResult { schema, batches })
    }
}

impl Drop for DuckLoader {
    fn drop(&mut self) {
        if let Err(error) = self.rollback() {
            tracing::debug!(%error, "closing without a rollback in good order");
        }
    }
}
