use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ColumnName, DataType, TableSchema, WriteDisposition};

/// How rows of a load take the place of earlier rows with the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MergeStrategy {
    /// Earlier rows of the key go away with their nested rows, and the new ones come.
    #[default]
    DeleteInsert,
    /// The same, and a row keeps the identity (`_apiduct_id`) that it got when it first came.
    Upsert,
    /// Rows whose key is there already are left alone, and only the others come.
    InsertOnly,
}

impl MergeStrategy {
    /// Every strategy, for messages and schemas.
    pub const ALL: [Self; 3] = [Self::DeleteInsert, Self::Upsert, Self::InsertOnly];

    /// The word that the file uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::DeleteInsert => "delete-insert",
            Self::Upsert => "upsert",
            Self::InsertOnly => "insert-only",
        }
    }
}

impl fmt::Display for MergeStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Which of several values comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortOrder {
    /// The lowest.
    Asc,
    /// The highest.
    Desc,
}

impl SortOrder {
    /// The word that the file uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }
}

/// Decides between rows of one key: the first by this order stays, and a row without a value comes last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DedupSort {
    /// The column whose values are compared.
    pub column: ColumnName,
    /// Which value wins.
    pub order: SortOrder,
}

/// How a table of disposition [`WriteDisposition::Merge`] is merged, besides by [`TableSchema::primary_key`].
///
/// It stands at the root table; nested rows follow their root row.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Merge {
    /// How rows take the place of earlier ones.
    #[serde(default)]
    pub strategy: MergeStrategy,
    /// Columns that name a part of the table: all earlier rows of every part that the load touches go away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<ColumnName>,
    /// A column that marks rows which are to be deleted: by true, or by any value if it holds no booleans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hard_delete: Option<ColumnName>,
    /// Decides between rows of one primary key, also between a new and an earlier one; else the last wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_sort: Option<DedupSort>,
}

impl Merge {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl TableSchema {
    /// Whether rows of this root table take the place of earlier ones by a key. Without any key they are only added.
    ///
    /// ```
    /// use apiduct_model::{TableSchema, WriteDisposition};
    ///
    /// let mut table = TableSchema::root("issues", "issues", WriteDisposition::Merge);
    /// assert!(!table.is_merged());
    /// table.primary_key = vec!["id".into()];
    /// assert!(table.is_merged());
    /// ```
    pub fn is_merged(&self) -> bool {
        self.write_disposition == WriteDisposition::Merge
            && !(self.primary_key.is_empty() && self.merge.key.is_empty())
    }

    /// The columns that hold the values of `name`: itself, and those for values of another type.
    pub fn columns_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a crate::Column> {
        let holds = move |column: &str| {
            column == name
                || column
                    .strip_prefix(name)
                    .and_then(|rest| rest.strip_prefix("__v_"))
                    .is_some_and(|word| DataType::WORDS.contains(&word))
        };
        self.columns.iter().filter(move |one| holds(&one.name))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Column, Schema};

    use super::*;

    #[test]
    fn a_key_has_its_variant_columns_and_no_others() {
        let mut table = TableSchema::root("t", "t", WriteDisposition::Merge);
        for name in [
            "id",
            "id__v_text",
            "id__v_bigint",
            "id__v_other",
            "id__value",
            "idx",
        ] {
            table.push(Column::new(name, DataType::Text));
        }
        let names: Vec<&str> = table
            .columns_of("id")
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(names, ["id", "id__v_text", "id__v_bigint"]);
    }

    #[test]
    fn a_schema_without_merges_looks_as_it_did() {
        let mut schema = Schema::default();
        schema.insert(TableSchema::root("t", "t", WriteDisposition::Append));
        let text = serde_json::to_string(&schema).unwrap();
        assert!(!text.contains("merge"), "{text}");
    }

    #[test]
    fn a_merge_survives_a_round_trip_and_stays_with_its_root() {
        let mut table = TableSchema::root("t", "t", WriteDisposition::Merge);
        table.merge = Merge {
            strategy: MergeStrategy::InsertOnly,
            key: vec!["day".into()],
            hard_delete: Some("gone".into()),
            dedup_sort: Some(DedupSort {
                column: "at".into(),
                order: SortOrder::Desc,
            }),
        };
        let text = serde_json::to_string(&table).unwrap();
        assert!(text.contains(r#""strategy":"insert-only""#), "{text}");
        assert_eq!(serde_json::from_str::<TableSchema>(&text).unwrap(), table);
        assert_eq!(table.nested("t__list").merge, Merge::default());
    }
}
