//! Statements: names quoted, types mapped.

use apiduct_load::{TableChange, Widening};
use apiduct_model::{Column, DataType, SystemNames, TableSchema};

use crate::feed;

/// `name` as an identifier, whatever it contains.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as a literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A dataset in a database file.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) catalog: String,
    pub(crate) dataset: String,
    pub(crate) names: SystemNames,
}

impl Place {
    /// The dataset.
    pub(crate) fn schema(&self) -> String {
        format!("{}.{}", quoted(&self.catalog), quoted(&self.dataset))
    }

    /// A table of the dataset.
    pub(crate) fn table(&self, name: &str) -> String {
        format!("{}.{}", self.schema(), quoted(name))
    }

    /// The statements of a change.
    pub(crate) fn change(&self, change: &TableChange) -> Vec<String> {
        match change {
            TableChange::Create(table) => vec![self.create(table)],
            TableChange::Recreate(table) => vec![
                format!("DROP TABLE {}", self.table(&table.name)),
                self.create(table),
            ],
            TableChange::Alter { table, add, widen } => {
                let alter = format!("ALTER TABLE {}", self.table(table));
                let added = add
                    .iter()
                    .map(|column| format!("{alter} ADD COLUMN {}", self.column(column)));
                let widened = widen.iter().map(|Widening { column, to, .. }| {
                    format!(
                        "{alter} ALTER COLUMN {} SET DATA TYPE {}",
                        quoted(column),
                        type_name(*to)
                    )
                });
                added.chain(widened).collect()
            }
        }
    }

    fn create(&self, table: &TableSchema) -> String {
        let columns: Vec<String> = table.columns.iter().map(|one| self.column(one)).collect();
        format!(
            "CREATE TABLE {} ({})",
            self.table(&table.name),
            columns.join(", ")
        )
    }

    /// The definition of a column. Row ids do not compress, and trying costs a fifth of a load.
    fn column(&self, column: &Column) -> String {
        let definition = format!("{} {}", quoted(&column.name), type_name(column.data_type));
        if [self.names.id(), self.names.parent_id()].contains(&column.name.to_string()) {
            return format!("{definition} USING COMPRESSION uncompressed");
        }
        definition
    }

    /// Adds the rows that are fed to `place`, which has the columns of `table`.
    pub(crate) fn insert(place: &str, table: &TableSchema) -> String {
        let columns: Vec<String> = table.columns.iter().map(|one| quoted(&one.name)).collect();
        format!(
            "INSERT INTO {place} ({}) SELECT * FROM {}(?)",
            columns.join(", "),
            feed::FUNCTION
        )
    }

    /// Makes a temporary table with the columns of `table`.
    pub(crate) fn create_temporary(name: &str, table: &TableSchema) -> String {
        let column = |one: &Column| format!("{} {}", quoted(&one.name), type_name(one.data_type));
        let columns: Vec<String> = table.columns.iter().map(column).collect();
        format!("CREATE TEMP TABLE {name} ({})", columns.join(", "))
    }
}

fn type_name(data_type: DataType) -> String {
    match data_type {
        DataType::Text => "VARCHAR".to_owned(),
        DataType::Bigint => "BIGINT".to_owned(),
        DataType::Double => "DOUBLE".to_owned(),
        DataType::Bool => "BOOLEAN".to_owned(),
        DataType::Timestamp => "TIMESTAMP WITH TIME ZONE".to_owned(),
        DataType::Date => "DATE".to_owned(),
        DataType::Decimal { scale } => format!("DECIMAL(38, {scale})"),
        DataType::Json => "JSON".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use apiduct_model::WriteDisposition;

    use super::*;

    fn place() -> Place {
        Place {
            catalog: "a".to_owned(),
            dataset: "we\"ird".to_owned(),
            names: SystemNames::default(),
        }
    }

    #[test]
    fn a_quote_in_a_name_cannot_end_the_name() {
        assert_eq!(
            quoted("a\"; DROP TABLE b; --"),
            "\"a\"\"; DROP TABLE b; --\""
        );
        assert_eq!(place().table("t"), r#""a"."we""ird"."t""#);
    }

    #[test]
    fn row_ids_are_not_compressed() {
        let mut table = TableSchema::root("t", "t", WriteDisposition::Append);
        table.push(Column::required("_apiduct_id", DataType::Text));
        table.push(Column::new("id", DataType::Text));
        assert_eq!(
            place().change(&TableChange::Create(table)),
            [concat!(
                r#"CREATE TABLE "a"."we""ird"."t" ("_apiduct_id" VARCHAR USING COMPRESSION uncompressed, "#,
                r#""id" VARCHAR)"#
            )]
        );
    }

    #[test]
    fn columns_are_added_before_others_are_widened() {
        let change = TableChange::Alter {
            table: "t".into(),
            add: vec![Column::new("b", DataType::Timestamp)],
            widen: vec![Widening {
                column: "a".into(),
                from: DataType::Bigint,
                to: DataType::Decimal { scale: 0 },
            }],
        };
        let statements = place().change(&change);
        assert!(
            statements[0].ends_with(r#"ADD COLUMN "b" TIMESTAMP WITH TIME ZONE"#),
            "{statements:?}"
        );
        assert!(
            statements[1].ends_with(r#"ALTER COLUMN "a" SET DATA TYPE DECIMAL(38, 0)"#),
            "{statements:?}"
        );
    }
}
