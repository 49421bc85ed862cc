//! Where the rows of merged tables wait for the end of their load.

use apiduct_model::{Schema, TableName, TableSchema};

use crate::sql::Place;

/// The merged tables of a load and the rows that have come for them.
#[derive(Debug, Default)]
pub(crate) struct Staging {
    pub(crate) schema: Schema,
    staged: Vec<Staged>,
    /// Root tables, and whether they had rows before this load.
    earlier: Vec<(TableName, bool)>,
}

/// Where rows belong in the end.
pub(crate) enum Target {
    /// To a table whose root has no rows yet: there is nothing to merge them with.
    New(String),
    /// To a table with earlier rows.
    HasRows,
}

/// Rows of one table that wait.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) table: TableSchema,
    /// Where they are.
    pub(crate) place: String,
    /// The statement that makes the place; `None` when they are where they belong, because no earlier rows are.
    pub(crate) create: Option<String>,
    /// Bytes of the largest batch.
    largest: u64,
}

impl Staging {
    /// Nothing waits for the tables of `schema`.
    pub(crate) fn new(schema: &Schema) -> Self {
        Self {
            schema: schema.clone(),
            staged: Vec::new(),
            earlier: Vec::new(),
        }
    }

    /// The root table above `table` if it is merged.
    pub(crate) fn merged_root(&self, table: &TableSchema) -> Option<&TableName> {
        let root = self.schema.root_of(&table.name)?;
        root.is_merged().then_some(&root.name)
    }

    /// Whether `root` had rows before this load, if that has been found out.
    pub(crate) fn has_earlier(&self, root: &TableName) -> Option<bool> {
        let known = self.earlier.iter().find(|(name, _)| name == root);
        known.map(|(_, has_rows)| *has_rows)
    }

    pub(crate) fn note_earlier(&mut self, root: &TableName, has_rows: bool) {
        self.earlier.push((root.clone(), has_rows));
    }

    /// A new place for rows of `table`, which belong to `target`.
    pub(crate) fn add(&mut self, table: &TableSchema, largest: u64, target: Target) -> &Staged {
        let at = self.staged.len();
        let temporary = format!("temp.main.apiduct_staged_{at}");
        let create = Place::create_temporary(&temporary, table);
        let (place, create) = match target {
            Target::New(place) => (place, None),
            Target::HasRows => (temporary, Some(create)),
        };
        self.staged.push(Staged {
            table: table.clone(),
            place,
            create,
            largest,
        });
        &self.staged[at]
    }

    /// The rows that wait for `table`.
    pub(crate) fn of(&self, table: &str) -> Option<&Staged> {
        self.staged.iter().find(|one| one.table.name == *table)
    }

    /// The merged root tables for which rows wait, themselves or nested ones.
    pub(crate) fn roots(&self) -> impl Iterator<Item = &TableSchema> {
        self.schema
            .tables
            .values()
            .filter(|root| self.of_root(&root.name).next().is_some())
    }

    fn of_root<'a>(&'a self, root: &'a str) -> impl Iterator<Item = &'a Staged> {
        let belongs = move |one: &&Staged| {
            let above = self.schema.root_of(&one.table.name);
            above.is_some_and(|above| above.name == *root)
        };
        self.staged.iter().filter(belongs)
    }

    /// The widest table with rows below `root`, and the bytes of the largest batch.
    pub(crate) fn widest<'a>(&'a self, root: &'a TableSchema) -> (Option<&'a TableSchema>, u64) {
        let tables = self.of_root(&root.name).map(|one| &one.table);
        let largest = self.of_root(&root.name).map(|one| one.largest).max();
        (
            tables.max_by_key(|table| table.columns.len()),
            largest.unwrap_or(0),
        )
    }
}
