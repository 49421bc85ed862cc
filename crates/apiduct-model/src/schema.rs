use std::fmt;
use std::str::FromStr;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{ColumnName, Merge, ResourceName, TableName};

/// The type of a column, as users know it; each destination maps it to its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataType {
    /// Unicode text.
    Text,
    /// Signed 64-bit integer.
    Bigint,
    /// IEEE 754 double.
    Double,
    /// True or false.
    Bool,
    /// An instant in UTC, microseconds.
    Timestamp,
    /// A calendar date.
    Date,
    /// An exact decimal of up to 38 digits, `scale` of them behind the point.
    Decimal {
        /// Digits behind the point.
        scale: u8,
    },
    /// A JSON document kept as text.
    Json,
}

impl DataType {
    /// The words of all types.
    pub const WORDS: [&'static str; 8] = [
        "text",
        "bigint",
        "double",
        "bool",
        "timestamp",
        "date",
        "decimal",
        "json",
    ];

    /// The word for this type in messages, variant columns and schema files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bigint => "bigint",
            Self::Double => "double",
            Self::Bool => "bool",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::Decimal { .. } => "decimal",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decimal { scale } => write!(f, "decimal(38,{scale})"),
            other => f.write_str(other.word()),
        }
    }
}

/// What happens with the rows that are already in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteDisposition {
    /// New rows are added to those that are there.
    #[default]
    Append,
    /// The rows of this load take the place of all earlier ones, at once.
    Replace,
    /// Rows replace earlier rows of the same key.
    Merge,
    /// Rows are fetched but not loaded.
    Skip,
}

impl WriteDisposition {
    /// Every disposition, for messages and schemas.
    pub const ALL: [Self; 4] = [Self::Append, Self::Replace, Self::Merge, Self::Skip];

    /// The word that the file uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Replace => "replace",
            Self::Merge => "merge",
            Self::Skip => "skip",
        }
    }
}

impl fmt::Display for WriteDisposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that names no write disposition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not a write disposition")]
pub struct ParseDispositionError {
    /// What was written.
    pub word: String,
}

impl FromStr for WriteDisposition {
    type Err = ParseDispositionError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|one| one.word() == word)
            .ok_or_else(|| ParseDispositionError {
                word: word.to_owned(),
            })
    }
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The name in the destination.
    pub name: ColumnName,
    /// The type of its values.
    pub data_type: DataType,
    /// Whether a row may lack a value.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub nullable: bool,
    /// An integer column that has met a value beyond ±2^53, which a double could not hold exactly.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub beyond_double: bool,
}

fn yes() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_yes(value: &bool) -> bool {
    *value
}

impl Column {
    /// A nullable column.
    pub fn new(name: impl Into<ColumnName>, data_type: DataType) -> Self {
        Self {
            name: name.into(),
            data_type,
            nullable: true,
            beyond_double: false,
        }
    }

    /// A column that always has a value.
    pub fn required(name: impl Into<ColumnName>, data_type: DataType) -> Self {
        Self {
            nullable: false,
            ..Self::new(name, data_type)
        }
    }
}

/// The columns of a table and where the table belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSchema {
    /// The name in the destination.
    pub name: TableName,
    /// The table whose rows own the rows of this one; `None` for a root table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TableName>,
    /// The resource that fills it.
    pub resource: ResourceName,
    /// What happens with earlier rows.
    pub write_disposition: WriteDisposition,
    /// Columns that identify a row for the user, in the user's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub primary_key: Vec<ColumnName>,
    /// How its rows are merged.
    #[serde(default, skip_serializing_if = "Merge::is_default")]
    pub merge: Merge,
    /// The columns in order of first sight.
    pub columns: Vec<Column>,
}

impl TableSchema {
    /// A root table without columns.
    pub fn root(
        name: impl Into<TableName>,
        resource: impl Into<ResourceName>,
        write_disposition: WriteDisposition,
    ) -> Self {
        Self {
            name: name.into(),
            parent: None,
            resource: resource.into(),
            write_disposition,
            primary_key: Vec::new(),
            merge: Merge::default(),
            columns: Vec::new(),
        }
    }

    /// A table for the elements of a list inside rows of `self`.
    #[must_use]
    pub fn nested(&self, name: impl Into<TableName>) -> Self {
        Self {
            name: name.into(),
            parent: Some(self.name.clone()),
            primary_key: Vec::new(),
            merge: Merge::default(),
            columns: Vec::new(),
            ..self.clone()
        }
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == *name)
    }

    /// Appends a column.
    pub fn push(&mut self, column: Column) {
        self.columns.push(column);
    }
}

/// All tables of a dataset, by name, root tables before their nested tables.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Schema {
    /// The tables in order of first sight.
    pub tables: IndexMap<TableName, TableSchema>,
}

impl Schema {
    /// The table called `name`.
    pub fn table(&self, name: &str) -> Option<&TableSchema> {
        self.tables.get(name)
    }

    /// Adds or replaces a table.
    pub fn insert(&mut self, table: TableSchema) {
        self.tables.insert(table.name.clone(), table);
    }

    /// The root table above `name`, which is `name` itself for a root table.
    pub fn root_of<'a>(&'a self, name: &str) -> Option<&'a TableSchema> {
        let mut table = self.table(name)?;
        while let Some(parent) = &table.parent {
            table = self.table(parent)?;
        }
        Some(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dispositions_read_back_from_their_words() {
        for one in WriteDisposition::ALL {
            assert_eq!(one.word().parse(), Ok(one));
        }
        assert!("upsert".parse::<WriteDisposition>().is_err());
    }

    #[test]
    fn a_nested_table_finds_its_root() {
        let root = TableSchema::root("issues", "issues", WriteDisposition::Append);
        let labels = root.nested("issues__labels");
        let deep = labels.nested("issues__labels__tags");
        let mut schema = Schema::default();
        schema.insert(root);
        schema.insert(labels);
        schema.insert(deep);
        assert_eq!(
            schema.root_of("issues__labels__tags").unwrap().name,
            "issues"
        );
    }

    #[test]
    fn schema_survives_a_round_trip_through_json() {
        let mut table = TableSchema::root("t", "t", WriteDisposition::Replace);
        table.push(Column::required("id", DataType::Bigint));
        table.push(Column::new("price", DataType::Decimal { scale: 0 }));
        let mut schema = Schema::default();
        schema.insert(table);
        let text = serde_json::to_string(&schema).unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), schema);
    }
}
