use std::collections::{BTreeSet, HashSet};

use apiduct_model::{
    Column, ColumnName, DataType, ResourceName, Schema, TableName, TableSchema, WriteDisposition,
};

/// What must change at a destination before a package's rows fit, and the schema that results.
///
/// Changes only ever add: columns, tables, room in a column. Nothing is dropped, but for the tables of a resource that is
/// replaced.
///
/// ```
/// use std::collections::BTreeSet;
///
/// use apiduct_load::{SchemaDelta, TableChange};
/// use apiduct_model::{Column, DataType, Schema, TableSchema, WriteDisposition};
///
/// let table = |data_type| {
///     let mut table = TableSchema::root("issues", "issues", WriteDisposition::Append);
///     table.push(Column::new("weight", data_type));
///     let mut schema = Schema::default();
///     schema.insert(table);
///     schema
/// };
/// let delta = SchemaDelta::between(&table(DataType::Bigint), &table(DataType::Text), &BTreeSet::new(), |_| true);
///
/// let TableChange::Alter { add, .. } = &delta.changes[0] else { unreachable!() };
/// assert_eq!(add[0].name, "weight__v_text");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchemaDelta {
    /// The changes in the order in which they are to be made.
    pub changes: Vec<TableChange>,
    /// All tables of the dataset after the changes.
    pub schema: Schema,
}

/// A change of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableChange {
    /// Make a table that is not there.
    Create(TableSchema),
    /// Put an empty table in the place of one that is there.
    Recreate(TableSchema),
    /// Change the columns of a table that is there. Additions come first.
    Alter {
        /// The table.
        table: TableName,
        /// New columns, null in earlier rows.
        add: Vec<Column>,
        /// Columns that get a type that holds every value of the old one.
        widen: Vec<Widening>,
    },
}

/// A column's change of type that keeps every value exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Widening {
    /// The column.
    pub column: ColumnName,
    /// Its type so far.
    pub from: DataType,
    /// Its type from now on.
    pub to: DataType,
}

/// The column for those values of `column` that do not fit it and have type `data_type`.
///
/// ```
/// use apiduct_model::DataType;
///
/// assert_eq!(apiduct_load::variant_name("price", DataType::Text), "price__v_text");
/// ```
pub fn variant_name(column: &str, data_type: DataType) -> String {
    format!("{column}__v_{}", data_type.word())
}

impl SchemaDelta {
    /// The changes that make room for `incoming` in `stored`.
    ///
    /// `replace` names the resources whose tables get new content; `has_rows` tells which tables get rows at all: one
    /// that gets none keeps its columns. A replaced table that `incoming` does not even mention becomes empty.
    pub fn between(
        stored: &Schema,
        incoming: &Schema,
        replace: &BTreeSet<ResourceName>,
        has_rows: impl Fn(&str) -> bool,
    ) -> Self {
        let mut delta = Self {
            changes: Vec::new(),
            schema: stored.clone(),
        };
        let loaded = incoming
            .tables
            .values()
            .filter(|table| table.write_disposition != WriteDisposition::Skip);
        let mut replaced_roots = HashSet::new();
        for table in loaded {
            let is_replaceable = matches!(
                table.write_disposition,
                WriteDisposition::Replace | WriteDisposition::Merge
            );
            let is_replaced = is_replaceable && replace.contains(&table.resource);
            if is_replaced && table.parent.is_none() {
                replaced_roots.insert(table.name.as_str());
            }
            match stored.table(&table.name) {
                None if table.columns.is_empty() => {}
                None => delta.push(TableChange::Create(table.clone()), table.clone()),
                Some(_) if is_replaced && has_rows(&table.name) => {
                    delta.push(TableChange::Recreate(table.clone()), table.clone());
                }
                Some(old) if is_replaced => {
                    delta.push(TableChange::Recreate(old.clone()), adopt(old, table));
                }
                Some(old) => delta.alter(old, table),
            }
        }
        let stored_roots = stored
            .tables
            .values()
            .filter(|table| table.parent.is_none());
        replaced_roots.extend(
            stored_roots
                .filter(|table| replace.contains(&table.resource))
                .map(|table| table.name.as_str()),
        );
        delta.empty_orphans(stored, incoming, &replaced_roots);
        delta
    }

    /// Whether nothing has to change.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    fn push(&mut self, change: TableChange, after: TableSchema) {
        self.changes.push(change);
        self.schema.insert(after);
    }

    fn alter(&mut self, old: &TableSchema, new: &TableSchema) {
        let mut after = adopt(old, new);
        let mut add = Vec::new();
        let mut widen = Vec::new();
        for column in &mut after.columns {
            column.nullable |= new.column(&column.name).is_none_or(|one| one.nullable);
        }
        for column in &new.columns {
            let Some(place) = after.columns.iter().position(|one| one.name == column.name) else {
                add.push(Column {
                    nullable: true,
                    ..column.clone()
                });
                continue;
            };
            let known = &mut after.columns[place];
            match fate(known, column) {
                Fate::Fits => known.beyond_double |= column.beyond_double,
                Fate::Widens => {
                    widen.push(Widening {
                        column: known.name.clone(),
                        from: known.data_type,
                        to: column.data_type,
                    });
                    known.data_type = column.data_type;
                    known.beyond_double = false;
                }
                Fate::Splits => add.push(Column {
                    beyond_double: column.beyond_double,
                    ..Column::new(
                        variant_name(&column.name, column.data_type),
                        column.data_type,
                    )
                }),
            }
        }
        let mut seen = HashSet::new();
        add.retain(|column| old.column(&column.name).is_none() && seen.insert(column.name.clone()));
        after.columns.extend(add.iter().cloned());
        if !add.is_empty() || !widen.is_empty() {
            self.changes.push(TableChange::Alter {
                table: after.name.clone(),
                add,
                widen,
            });
        }
        self.schema.insert(after);
    }

    /// Empties the tables below a replaced root that got nothing this time.
    fn empty_orphans(&mut self, stored: &Schema, incoming: &Schema, roots: &HashSet<&str>) {
        for table in stored.tables.values() {
            let is_below = stored
                .root_of(&table.name)
                .is_some_and(|root| roots.contains(root.name.as_str()));
            if is_below && incoming.table(&table.name).is_none() {
                self.changes.push(TableChange::Recreate(table.clone()));
            }
        }
    }
}

/// `old` with what `new` says about the table itself.
fn adopt(old: &TableSchema, new: &TableSchema) -> TableSchema {
    TableSchema {
        columns: old.columns.clone(),
        ..new.clone()
    }
}

/// What becomes of a column that holds one type and receives another.
enum Fate {
    Fits,
    Widens,
    Splits,
}

fn fate(known: &Column, new: &Column) -> Fate {
    use DataType::{Bigint, Decimal, Double, Json, Text};

    match (known.data_type, new.data_type) {
        (known, new) if known == new => Fate::Fits,
        (Text | Json, _) | (Decimal { .. }, Bigint) => Fate::Fits,
        (Double, Bigint) if !new.beyond_double => Fate::Fits,
        (Bigint, Decimal { scale: 0 }) => Fate::Widens,
        (Bigint, Double) if !known.beyond_double => Fate::Widens,
        _ => Fate::Splits,
    }
}

#[cfg(test)]
mod tests;
