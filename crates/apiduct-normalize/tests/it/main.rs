//! What a normalizer makes of records.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod nesting;
mod oracle;
mod property;
mod required;
mod steps;
mod tables;

use apiduct_json::Records;
use apiduct_model::arrow::{TableBatch, convert};
use apiduct_model::{Scalar, Schema};
use apiduct_normalize::{NormalizeError, Normalizer, Options};
use arrow_array::cast::AsArray;

/// Everything a normalizer gave: the schema and, for each table, its rows as column name to text.
struct Tables {
    schema: Schema,
    batches: Vec<TableBatch>,
}

/// One row: the columns that hold a value, in order.
type Row = Vec<(String, String)>;

impl Tables {
    /// The rows of `table` over all batches, converted to the final types and shown as text.
    fn rows(&self, table: &str) -> Vec<Row> {
        let Some(schema) = self.schema.table(table) else {
            return Vec::new();
        };
        let mut rows = Vec::new();
        for batch in self.batches.iter().filter(|one| one.table == *table) {
            let texts: Vec<_> = schema
                .columns
                .iter()
                .filter_map(|column| {
                    let converted =
                        convert(batch.batch.column_by_name(&column.name)?, column.data_type);
                    assert!(
                        converted.leftover.is_none(),
                        "a value of {} does not fit its column",
                        column.name
                    );
                    Some((
                        column.name.to_string(),
                        convert_to_text(batch, &column.name),
                    ))
                })
                .collect();
            for row in 0..batch.batch.num_rows() {
                let values = texts
                    .iter()
                    .filter_map(|(name, texts)| Some((name.clone(), texts[row].clone()?)));
                rows.push(values.collect());
            }
        }
        rows
    }

    /// The rows of `table` without the columns that apiduct writes.
    fn data(&self, table: &str) -> Vec<Row> {
        let is_data = |(name, _): &(String, String)| !name.starts_with("_apiduct");
        self.rows(table)
            .into_iter()
            .map(|row| row.into_iter().filter(is_data).collect())
            .collect()
    }

    fn type_of(&self, table: &str, column: &str) -> String {
        self.schema
            .table(table)
            .unwrap()
            .column(column)
            .unwrap()
            .data_type
            .to_string()
    }
}

fn convert_to_text(batch: &TableBatch, column: &str) -> Vec<Option<String>> {
    let text = convert(
        batch.batch.column_by_name(column).unwrap(),
        apiduct_model::DataType::Text,
    )
    .array;
    text.as_string::<i32>()
        .iter()
        .map(|value| value.map(str::to_owned))
        .collect()
}

fn options() -> Options {
    Options::new("things", "load")
}

fn normalize_with(
    options: Options,
    pages: &[&[&str]],
    constants: &[Scalar],
) -> Result<Tables, NormalizeError> {
    let mut normalizer = Normalizer::try_new(options)?;
    let mut batches = Vec::new();
    for page in pages {
        normalizer.push(&Records::from_texts(page.iter())?, constants)?;
        batches.extend(normalizer.take_batches());
    }
    let (last, schema) = normalizer.finish();
    batches.extend(last);
    Ok(Tables { schema, batches })
}

fn normalize(records: &[&str]) -> Tables {
    normalize_with(options(), &[records], &[]).unwrap()
}

fn row(values: &[(&str, &str)]) -> Row {
    values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
