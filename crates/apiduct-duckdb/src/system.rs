//! The tables in which apiduct keeps what it did.

use std::collections::{HashMap, HashSet};

use apiduct_load::{Commit, DestinationError, LoadId, State};
use apiduct_model::{Schema, format_timestamp};
use duckdb::{Connection, OptionalExt, Params};

use crate::failure::Failures;
use crate::sql::Place;

/// Earlier states that are kept, for those who want to look back.
const STATES_KEPT: u64 = 100;

const LOADS: &str = "load_id VARCHAR, pipeline VARCHAR, schema_version_hash VARCHAR, status BIGINT, \
                     inserted_at TIMESTAMP WITH TIME ZONE, rows BIGINT";
const STATES: &str = "pipeline VARCHAR, version BIGINT, state VARCHAR, load_id VARCHAR, inserted_at TIMESTAMP WITH TIME ZONE";
const SCHEMAS: &str =
    "version BIGINT, version_hash VARCHAR, schema VARCHAR, inserted_at TIMESTAMP WITH TIME ZONE";

/// The system tables of one dataset, as they are seen through one connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemTables<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) place: &'a Place,
    pub(crate) failures: &'a Failures,
}

impl SystemTables<'_> {
    /// Makes the dataset and the tables unless they are there.
    pub(crate) fn create(&self) -> Result<(), DestinationError> {
        let names = &self.place.names;
        let dataset = format!("CREATE SCHEMA IF NOT EXISTS {}", self.place.schema());
        self.run(&names.loads_table(), &dataset, [])?;
        let tables = [
            (names.loads_table(), LOADS),
            (names.state_table(), STATES),
            (names.schema_table(), SCHEMAS),
        ];
        for (name, columns) in tables {
            let table = self.place.table(&name);
            let create = format!("CREATE TABLE IF NOT EXISTS {table} ({columns})");
            self.run(&name, &create, [])?;
        }
        Ok(())
    }

    /// Whether the dataset is there.
    pub(crate) fn has_dataset(&self) -> Result<bool, DestinationError> {
        let query = "SELECT count(*) FROM duckdb_schemas() WHERE database_name = ? AND lower(schema_name) = lower(?)";
        let count: i64 = self
            .connection
            .query_row(query, [&self.place.catalog, &self.place.dataset], |row| {
                row.get(0)
            })
            .map_err(|error| self.failures.query(&error))?;
        Ok(count > 0)
    }

    /// The stored schema without what somebody dropped since.
    pub(crate) fn schema(&self) -> Result<Schema, DestinationError> {
        let name = self.place.names.schema_table();
        let there = self.tables(&name)?;
        if !there.contains_key(&name.to_lowercase()) {
            return Ok(Schema::default());
        }
        let query = format!(
            "SELECT schema FROM {} ORDER BY version DESC LIMIT 1",
            self.place.table(&name)
        );
        let mut schema: Schema = self.stored(&name, &query, [])?.unwrap_or_default();
        schema.tables.retain(|name, table| {
            let columns = there.get(&name.to_lowercase());
            if let Some(columns) = columns {
                table
                    .columns
                    .retain(|column| columns.contains(&column.name.to_lowercase()));
            }
            columns.is_some()
        });
        Ok(schema)
    }

    /// The newest state of `pipeline`.
    pub(crate) fn state(&self, pipeline: &str) -> Result<Option<State>, DestinationError> {
        let name = self.place.names.state_table();
        if !self.tables(&name)?.contains_key(&name.to_lowercase()) {
            return Ok(None);
        }
        let query = format!(
            "SELECT state FROM {} WHERE pipeline = ? ORDER BY version DESC LIMIT 1",
            self.place.table(&name)
        );
        self.stored(&name, &query, [pipeline])
    }

    /// Whether `load_id` is recorded.
    pub(crate) fn is_loaded(&self, load_id: LoadId) -> Result<bool, DestinationError> {
        let name = self.place.names.loads_table();
        if !self.tables(&name)?.contains_key(&name.to_lowercase()) {
            return Ok(false);
        }
        let query = format!(
            "SELECT count(*) FROM {} WHERE load_id = ? AND status = 0",
            self.place.table(&name)
        );
        let count: i64 = self
            .connection
            .query_row(&query, [load_id.to_string()], |row| row.get(0))
            .map_err(|error| self.failures.system(&name, error))?;
        Ok(count > 0)
    }

    /// Records a load with its state and, when it differs from the newest, its schema.
    pub(crate) fn record(&self, commit: Commit<'_>) -> Result<(), DestinationError> {
        let names = &self.place.names;
        let inserted_at = format_timestamp(commit.inserted_at);
        let load_id = commit.load_id.to_string();
        let hash = commit.schema_version_hash();

        let name = names.schema_table();
        let table = self.place.table(&name);
        let schema = self.json(&name, commit.schema)?;
        let insert = format!(
            "INSERT INTO {table} (version, version_hash, schema, inserted_at)
             SELECT coalesce(max(version), 0) + 1, ?, ?, CAST(? AS TIMESTAMPTZ) FROM {table}
             HAVING arg_max(version_hash, version) IS DISTINCT FROM ?"
        );
        self.run(&name, &insert, [&hash, &schema, &inserted_at, &hash])?;

        let name = names.state_table();
        let table = self.place.table(&name);
        let state = self.json(&name, commit.state)?;
        let version = commit.state.version;
        let insert = format!(
            "INSERT INTO {table} (pipeline, version, state, load_id, inserted_at)
             VALUES (?, ?, ?, ?, CAST(? AS TIMESTAMPTZ))"
        );
        let row = duckdb::params![commit.pipeline, version, state, load_id, inserted_at];
        self.run(&name, &insert, row)?;
        let forget =
            format!("DELETE FROM {table} WHERE pipeline = ? AND version + {STATES_KEPT} <= ?");
        self.run(&name, &forget, duckdb::params![commit.pipeline, version])?;

        let name = names.loads_table();
        let table = self.place.table(&name);
        let insert = format!(
            "INSERT INTO {table} (load_id, pipeline, schema_version_hash, status, inserted_at, rows)
             VALUES (?, ?, ?, 0, CAST(? AS TIMESTAMPTZ), ?)"
        );
        let row = duckdb::params![load_id, commit.pipeline, hash, inserted_at, commit.rows];
        self.run(&name, &insert, row)
    }

    /// Columns of every table of the dataset, all names in lower case, as DuckDB compares them.
    fn tables(&self, asking: &str) -> Result<HashMap<String, HashSet<String>>, DestinationError> {
        let read = || -> duckdb::Result<HashMap<String, HashSet<String>>> {
            let mut statement = self.connection.prepare(
                "SELECT lower(table_name), lower(column_name) FROM duckdb_columns()
                 WHERE database_name = ? AND lower(schema_name) = lower(?)",
            )?;
            let place = [&self.place.catalog, &self.place.dataset];
            let rows = statement.query_map(place, |row| Ok((row.get(0)?, row.get(1)?)))?;
            let mut tables: HashMap<String, HashSet<String>> = HashMap::new();
            for row in rows {
                let (table, column): (String, String) = row?;
                tables.entry(table).or_default().insert(column);
            }
            Ok(tables)
        };
        read().map_err(|error| self.failures.system(asking, error))
    }

    fn stored<T: serde::de::DeserializeOwned>(
        &self,
        table: &str,
        query: &str,
        params: impl Params,
    ) -> Result<Option<T>, DestinationError> {
        let text: Option<String> = self
            .connection
            .query_row(query, params, |row| row.get(0))
            .optional()
            .map_err(|error| self.failures.system(table, error))?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| self.failures.system(table, error))
    }

    fn json(&self, table: &str, value: &impl serde::Serialize) -> Result<String, DestinationError> {
        serde_json::to_string(value).map_err(|error| self.failures.system(table, error))
    }

    fn run(
        &self,
        table: &str,
        statement: &str,
        params: impl Params,
    ) -> Result<(), DestinationError> {
        self.connection
            .execute(statement, params)
            .map(drop)
            .map_err(|error| self.failures.write(&table.into(), &error))
    }
}
