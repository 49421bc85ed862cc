//! One table under construction: its rows, its columns, its links.

use std::collections::HashMap;
use std::sync::Arc;

use apiduct_model::{Column, DataType, SystemNames, TableName, TableSchema};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow_schema::{Field, Schema as ArrowSchema};

use crate::column::ColumnBuilder;
use crate::id::RowIds;

/// Builds the rows of one table.
#[derive(Debug)]
pub(crate) struct TableBuilder {
    pub(crate) name: TableName,
    pub(crate) parent: Option<usize>,
    pub(crate) columns: Vec<ColumnBuilder>,
    by_name: HashMap<String, usize>,
    ids: RowIds,
    parent_ids: Option<RowIds>,
    /// Rows since the last flush.
    pub(crate) rows: usize,
    /// Rows before them.
    pub(crate) flushed: u64,
    /// For each row of a nested table: the parent row, counted from the start of the load, and the list position.
    links: Vec<(u64, i64)>,
}

impl TableBuilder {
    pub(crate) fn new(name: TableName, parent: Option<(usize, &TableName)>, load_id: &str) -> Self {
        Self {
            ids: RowIds::new(load_id, &name),
            parent_ids: parent.map(|(_, name)| RowIds::new(load_id, name)),
            parent: parent.map(|(index, _)| index),
            name,
            columns: Vec::new(),
            by_name: HashMap::new(),
            rows: 0,
            flushed: 0,
            links: Vec::new(),
        }
    }

    /// Starts a row of a root table and gives its index.
    pub(crate) fn begin_row(&mut self) -> usize {
        self.rows += 1;
        self.rows - 1
    }

    /// Starts a row of a nested table and gives its index.
    pub(crate) fn begin_nested_row(&mut self, parent_row: u64, list_idx: i64) -> usize {
        self.links.push((parent_row, list_idx));
        self.begin_row()
    }

    /// The row at `index` counted from the start of the load.
    pub(crate) fn ordinal(&self, index: usize) -> u64 {
        self.flushed + index as u64
    }

    /// The column called `name`, if there is one.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn add(&mut self, column: ColumnBuilder) -> usize {
        self.by_name
            .insert(column.name().to_string(), self.columns.len());
        self.columns.push(column);
        self.columns.len() - 1
    }

    /// Takes back all rows from `rows` on.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.rows = rows;
        self.links.truncate(rows);
        for column in &mut self.columns {
            column.truncate(rows);
        }
    }

    pub(crate) fn byte_len(&self) -> usize {
        self.links.len() * 32
            + self
                .columns
                .iter()
                .map(ColumnBuilder::byte_len)
                .sum::<usize>()
    }

    /// The rows since the last flush, or `None` when there are none.
    pub(crate) fn flush(&mut self, system: &SystemNames, load_id: &str) -> Option<RecordBatch> {
        let rows = self.rows;
        if rows == 0 {
            return None;
        }
        let mut fields = Vec::with_capacity(self.columns.len() + 3);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len() + 3);
        let mut add = |name: &str, array: ArrayRef| {
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        };
        for column in &mut self.columns {
            if let Some(array) = column.flush(rows) {
                add(column.name(), array);
            }
        }
        if let Some(parent_ids) = self.parent_ids {
            add(
                &system.parent_id(),
                parent_ids.array(self.links.iter().map(|(parent, _)| *parent)),
            );
            let positions =
                Int64Array::from_iter_values(self.links.iter().map(|(_, position)| *position));
            add(&system.list_idx(), Arc::new(positions));
        } else {
            add(&system.load_id(), constant_text(load_id, rows));
        }
        add(
            &system.id(),
            self.ids.array(OrdinalRange {
                next: self.flushed,
                left: rows,
            }),
        );
        self.flushed += rows as u64;
        self.rows = 0;
        self.links.clear();
        let schema = Arc::new(ArrowSchema::new(fields));
        Some(
            RecordBatch::try_new(schema, arrays)
                .expect("every column was filled to the same number of rows"),
        )
    }

    /// The table as the schema shows it: columns in order of first sight, system columns last.
    pub(crate) fn describe(&self, mut table: TableSchema, system: &SystemNames) -> TableSchema {
        table.columns = self
            .columns
            .iter()
            .filter_map(ColumnBuilder::schema)
            .collect();
        if self.parent.is_some() {
            table.push(Column::required(system.parent_id(), DataType::Text));
            table.push(Column::required(system.list_idx(), DataType::Bigint));
        } else {
            table.push(Column::required(system.load_id(), DataType::Text));
        }
        table.push(Column::required(system.id(), DataType::Text));
        table
    }
}

/// Row numbers one after another, with a known length.
struct OrdinalRange {
    next: u64,
    left: usize,
}

impl Iterator for OrdinalRange {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        self.next += 1;
        Some(self.next - 1)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for OrdinalRange {}

fn constant_text(text: &str, rows: usize) -> ArrayRef {
    if rows == 0 {
        return new_null_array(&arrow_schema::DataType::Utf8, 0);
    }
    Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
        text, rows,
    )))
}
