use apiduct_model::{
    DataType, Merge, ResourceName, SnakeCase, SystemNames, TableName, WriteDisposition,
};
use apiduct_steps::Steps;
use indexmap::IndexMap;

use crate::{Dispatch, Gate, Tap};

/// What a [`Normalizer`](crate::Normalizer) is to do with the records of one resource.
#[derive(Debug, Clone)]
pub struct Options {
    /// The resource.
    pub resource: ResourceName,
    /// The root table; default: the normalized name of the resource.
    pub table: TableName,
    /// A root table for each value of a field of the records; default: [`Options::table`] gets all of them. Each record is
    /// read twice for it.
    pub dispatch: Option<Dispatch>,
    /// What happens with earlier rows; default: append.
    pub write_disposition: WriteDisposition,
    /// Keys of the source that identify a record; default: none.
    pub primary_key: Vec<String>,
    /// How the root table is merged; it matters to disposition `merge` only. Columns are named as in the destination.
    pub merge: Merge,
    /// Keys of the source for which every record must have a value that is no list and no object; default: none.
    pub required: Vec<String>,
    /// The load that the rows belong to; part of every row's identity.
    pub load_id: String,
    /// Names of the system columns.
    pub system: SystemNames,
    /// Declared types by column name (normalized) of the root table. They win over what the values look like.
    pub declared: IndexMap<String, DataType>,
    /// Steps on each record before it becomes a row; default: none. With them each record is read as a whole first.
    pub steps: Steps,
    /// How many levels of lists and objects become tables and columns; what is deeper stays JSON. Default: all.
    pub max_table_nesting: Option<usize>,
    /// What is known about nested tables, by the normalized names on the way to their lists, joined by `__`.
    pub nested: IndexMap<String, NestedOptions>,
    /// Columns of the root table that the caller fills with one value per page, in the order of the values. Steps see
    /// them as fields of the record, by these names.
    pub constants: Vec<String>,
    /// Whether these take the place of values of the records that become columns of the same name; else that is an error.
    /// Default: false.
    pub constants_win: bool,
    /// Values of each record that others need as they were written.
    pub taps: Vec<Tap>,
    /// Which records are wanted; default: all.
    pub gate: Option<Gate>,
    /// Rows of the root table after which a batch is complete; default 65 536.
    pub batch_rows: usize,
    /// Bytes over all tables after which a batch is complete; default 8 MiB.
    pub batch_bytes: usize,
    /// Most columns of one table; default 5000.
    pub max_columns: usize,
    /// Most tables of the resource; default 1000.
    pub max_tables: usize,
}

/// What is known about a nested table beforehand.
#[derive(Debug, Clone, Default)]
pub struct NestedOptions {
    /// Its name; default: that of its parent table and the names on the way from there, joined by `__`.
    pub table: Option<TableName>,
    /// Declared types by column name (normalized).
    pub declared: IndexMap<String, DataType>,
}

impl Options {
    /// The types that are declared for the table at `path`; the empty path is that of the root table.
    pub(crate) fn declared_at(&self, path: &str) -> Option<&IndexMap<String, DataType>> {
        if path.is_empty() {
            return Some(&self.declared);
        }
        self.nested.get(path).map(|nested| &nested.declared)
    }

    /// Whether the walk reaches a value at the end of these keys: nothing on the way is kept as a document.
    pub(crate) fn is_walked(&self, keys: &[String]) -> bool {
        let Some((_, way)) = keys.split_last() else {
            return false;
        };
        let mut path = String::new();
        let mut documents = way.iter().map(|key| {
            let name = SnakeCase::path(key);
            path = if path.is_empty() {
                name
            } else {
                SnakeCase::join(&path, &name)
            };
            self.declared.get(&path) == Some(&DataType::Json)
        });
        !documents.any(|is_document| is_document)
            && self
                .max_table_nesting
                .is_none_or(|levels| way.len() <= levels)
    }

    /// The defaults for `resource` under the load `load_id`.
    pub fn new(resource: &str, load_id: &str) -> Self {
        Self {
            resource: resource.into(),
            table: SnakeCase::path(resource).into(),
            dispatch: None,
            write_disposition: WriteDisposition::default(),
            primary_key: Vec::new(),
            merge: Merge::default(),
            required: Vec::new(),
            load_id: load_id.to_owned(),
            system: SystemNames::default(),
            declared: IndexMap::new(),
            steps: Steps::default(),
            max_table_nesting: None,
            nested: IndexMap::new(),
            constants: Vec::new(),
            constants_win: false,
            taps: Vec::new(),
            gate: None,
            batch_rows: 65_536,
            batch_bytes: 8 << 20,
            max_columns: 5000,
            max_tables: 1000,
        }
    }
}
