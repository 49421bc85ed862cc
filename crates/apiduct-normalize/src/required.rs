//! Keys for which every record must have a value.

use apiduct_model::SnakeCase;

use crate::table::TableBuilder;

/// Looks at each row of the root table once it is complete.
#[derive(Debug)]
pub(crate) struct Required(Vec<Key>);

#[derive(Debug)]
struct Key {
    /// As it is declared.
    declared: String,
    /// Its name in the table.
    name: String,
    /// Its column, once a record has had a value.
    column: Option<usize>,
}

impl Required {
    pub(crate) fn new(keys: &[String]) -> Self {
        let key = |key: &String| Key {
            name: SnakeCase::path(key),
            declared: key.clone(),
            column: None,
        };
        Self(keys.iter().map(key).collect())
    }

    /// Whether `row` has them all; otherwise the first that it lacks.
    pub(crate) fn check(&mut self, table: &TableBuilder, row: usize) -> Result<(), &str> {
        for key in &mut self.0 {
            if key.column.is_none() {
                key.column = table.position(&key.name);
            }
            let has_value = |column: usize| table.columns[column].has_value(row);
            if !key.column.is_some_and(has_value) {
                return Err(&key.declared);
            }
        }
        Ok(())
    }
}
