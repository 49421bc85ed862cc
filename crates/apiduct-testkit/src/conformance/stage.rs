//! Builds packages, loads them and reads the rows back as text.

use std::path::Path;
use std::sync::Arc;

use apiduct_load::{
    Destination, LoadError, LoadId, LoadIds, LoadPackage, Loaded, Loader, Packages, Seal, State,
    load_package,
};
use apiduct_model::arrow::TableBatch;
use apiduct_model::{
    Column, DataType, ResourceName, Schema, TableSchema, WriteDisposition, format_timestamp,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType as ArrowType;

use super::Subject;
use crate::FakeClock;

pub(super) const DATASET: &str = "numbers";
pub(super) const PIPELINE: &str = "pipeline";

/// A destination, the packages for it, and the state of one pipeline.
pub(super) struct Stage {
    subject: Subject,
    packages: Packages,
    ids: LoadIds,
    clock: FakeClock,
    pub(super) state: State,
}

/// A table and its rows, on their way into a package.
pub(super) struct Rows {
    pub(super) table: TableSchema,
    pub(super) batches: Vec<RecordBatch>,
}

impl Rows {
    /// Rows of a table whose columns are those of the batch; `types` as in [`columns`].
    pub(super) fn new(
        table: TableSchema,
        types: &[(&str, DataType)],
        arrays: Vec<ArrayRef>,
    ) -> Self {
        let names = types.iter().map(|(name, _)| *name);
        let batch =
            RecordBatch::try_from_iter(names.zip(arrays)).expect("the arrays are equally long");
        Self {
            table: columns(table, types),
            batches: vec![batch],
        }
    }

    /// A table of one integer column `n`.
    pub(super) fn numbers(table: TableSchema, numbers: &[i64]) -> Self {
        Self::new(table, &[("n", DataType::Bigint)], vec![integers(numbers)])
    }

    /// A table without any rows.
    pub(super) fn none(table: TableSchema) -> Self {
        Self {
            table,
            batches: Vec::new(),
        }
    }
}

impl Stage {
    pub(super) fn new(subject: Subject, folder: &Path) -> Self {
        Self {
            subject,
            packages: Packages::new(folder),
            ids: LoadIds::new(1),
            clock: FakeClock::new(),
            state: State::default(),
        }
    }

    pub(super) fn destination(&self) -> &dyn Destination {
        &*self.subject.destination
    }

    pub(super) fn clock(&self) -> &FakeClock {
        &self.clock
    }

    pub(super) fn open(&self) -> Box<dyn Loader> {
        self.destination()
            .open(DATASET)
            .expect("the destination opens")
    }

    pub(super) fn next_id(&mut self) -> LoadId {
        self.ids.next(&self.clock)
    }

    /// A package that moves the pipeline's state by one.
    pub(super) fn package(&mut self, rows: &[Rows]) -> LoadPackage {
        self.package_with(rows, |_| ())
    }

    /// A package whose seal is changed before it is used.
    pub(super) fn package_with(
        &mut self,
        rows: &[Rows],
        change: impl FnOnce(&mut Seal),
    ) -> LoadPackage {
        let load_id = self.next_id();
        let mut writer = self.packages.create(load_id).expect("a package begins");
        let mut schema = Schema::default();
        for Rows { table, batches } in rows {
            schema.insert(table.clone());
            for batch in batches {
                let rows = TableBatch {
                    table: table.name.clone(),
                    batch: batch.clone(),
                };
                writer.write(&rows).expect("rows go into the package");
            }
        }
        let after = self.state.advance(load_id);
        let mut seal = Seal::new(PIPELINE, schema, self.state.clone(), after);
        change(&mut seal);
        writer.seal(seal).expect("the package is sealed")
    }

    /// Loads a package through a connection of its own. The state follows.
    pub(super) fn try_load(&mut self, package: &LoadPackage) -> Result<Loaded, LoadError> {
        let loaded = load_package(&mut *self.open(), package, &self.clock)?;
        self.state = package.state_after().clone();
        Ok(loaded)
    }

    /// Packs and loads.
    pub(super) fn load(&mut self, rows: &[Rows]) -> Loaded {
        let package = self.package(rows);
        self.try_load(&package).expect("the package is loaded")
    }

    /// The rows of a table as text, sorted, without system columns; cells are joined by ` | `.
    pub(super) fn rows(&self, table: &str) -> Vec<String> {
        self.rows_of(DATASET, table)
    }

    pub(super) fn rows_of(&self, dataset: &str, table: &str) -> Vec<String> {
        let batches = (self.subject.read)(self.destination(), dataset, table);
        let mut rows: Vec<String> = batches.iter().flat_map(lines).collect();
        rows.sort();
        rows
    }

    /// The batches of a table as they are read.
    pub(super) fn read(&self, table: &str) -> Vec<RecordBatch> {
        (self.subject.read)(self.destination(), DATASET, table)
    }
}

/// A root table of the resource of the same name.
pub(super) fn root(name: &str, disposition: WriteDisposition) -> TableSchema {
    TableSchema::root(name, ResourceName::from(name), disposition)
}

/// A root table that is appended to.
pub(super) fn appended(name: &str) -> TableSchema {
    root(name, WriteDisposition::Append)
}

/// A root table that is replaced.
pub(super) fn replaced(name: &str) -> TableSchema {
    root(name, WriteDisposition::Replace)
}

/// `table` with these columns.
pub(super) fn columns(mut table: TableSchema, types: &[(&str, DataType)]) -> TableSchema {
    table.columns = types
        .iter()
        .map(|(name, data_type)| Column::new(*name, *data_type))
        .collect();
    table
}

pub(super) fn integers(numbers: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(numbers.to_vec()))
}

pub(super) fn texts(texts: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(texts.to_vec()))
}

/// Reads a table by a query; nothing when there is no such table.
pub(super) fn read_by_query(
    destination: &dyn Destination,
    dataset: &str,
    table: &str,
) -> Vec<RecordBatch> {
    let Ok(mut loader) = destination.open_to_read(dataset) else {
        return Vec::new();
    };
    let sql = format!("SELECT * FROM \"{}\"", table.replace('"', "\"\""));
    loader
        .query(&sql)
        .map_or_else(|_| Vec::new(), |answer| answer.batches)
}

fn lines(batch: &RecordBatch) -> Vec<String> {
    let schema = batch.schema();
    let is_ours = |name: &str| name.starts_with("_apiduct_");
    let columns: Vec<(&str, &ArrayRef)> = std::iter::zip(schema.fields(), batch.columns())
        .filter(|(field, _)| !is_ours(field.name()))
        .map(|(field, array)| (field.name().as_str(), array))
        .collect();
    let line = |row| {
        let cells: Vec<String> = columns
            .iter()
            .map(|(name, array)| format!("{name}={}", cell(array, row)))
            .collect();
        cells.join(" | ")
    };
    (0..batch.num_rows()).map(line).collect()
}

/// A value as text; null is `-`.
fn cell(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "-".to_owned();
    }
    match array.data_type() {
        ArrowType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        ArrowType::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(row)),
        ArrowType::Boolean => array.as_boolean().value(row).to_string(),
        ArrowType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        ArrowType::Decimal128(_, _) => array.as_primitive::<Decimal128Type>().value_as_string(row),
        ArrowType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            format_timestamp(i64::from(days) * 86_400_000_000)[..10].to_owned()
        }
        ArrowType::Timestamp(_, Some(_)) => {
            format_timestamp(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        other => panic!("a column came back as {other}"),
    }
}
