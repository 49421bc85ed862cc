//! Rows of resources that send no requests.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use apiduct_config::plan::ResourcePlan;
use apiduct_config::resolve::Seed;
use apiduct_config::{Plan, Resolved};
use apiduct_load::{Destination, QueryResult};
use apiduct_model::ResourceName;
use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::DataType;
use serde_json::{Map, Value};

use crate::error::RunError;
use crate::pipeline::blocking;
use crate::wanted::Wanted;

/// Rows that are handed on as one page.
pub(crate) const ROWS_OF_PAGE: usize = 1000;

/// What queries on the destination gave, by resource.
pub(crate) type Queried = HashMap<ResourceName, Arc<[Box<str>]>>;

/// Rows as JSON texts, made as they are needed.
pub(crate) struct SeedRows(Box<dyn Iterator<Item = Box<str>> + Send>);

impl fmt::Debug for SeedRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeedRows")
    }
}

impl SeedRows {
    /// The rows of `resource`; `None` for one that sends requests.
    pub(crate) fn of(
        resource: &ResourcePlan,
        resolved: &Resolved,
        queried: &Queried,
    ) -> Option<Self> {
        let rows: Box<dyn Iterator<Item = Box<str>> + Send> = match resolved.seed_for(resource)? {
            Seed::Range(range) => range.rows(),
            Seed::Rows(rows) => listed(Arc::clone(rows)),
            Seed::Sql(_) => listed(queried.get(&resource.name).cloned().unwrap_or_default()),
        };
        Some(Self(rows))
    }

    /// The next rows; empty after the last one.
    pub(crate) fn page(&mut self) -> Vec<Box<str>> {
        self.0.by_ref().take(ROWS_OF_PAGE).collect()
    }
}

fn listed(rows: Arc<[Box<str>]>) -> Box<dyn Iterator<Item = Box<str>> + Send> {
    Box::new((0..rows.len()).map(move |at| rows[at].clone()))
}

/// Asks the destination for the rows of all wanted resources that are queries.
pub(crate) async fn query(
    plan: &Plan,
    (resolved, wanted): (&Resolved, &Wanted),
    destination: Option<&Arc<dyn Destination>>,
) -> Result<Queried, RunError> {
    let mut queried = Queried::new();
    for at in &wanted.fetched {
        let resource = &plan.resources[*at];
        let Some(Seed::Sql(sql)) = resolved.seed_for(resource) else {
            continue;
        };
        let destination = Arc::clone(destination.ok_or(RunError::NoDestination)?);
        let seed = resource.seed.as_ref();
        let place = seed.map_or_else(
            || resource.place.clone(),
            |seed| seed.mark.in_file(plan.file()),
        );
        let name = resource.name.clone();
        let (dataset, sql) = (resolved.dataset.clone(), sql.clone());
        let rows = blocking(move || {
            let queried = destination
                .open_to_read(&dataset)
                .and_then(|mut loader| loader.query(&sql));
            let result = queried.map_err(|source| RunError::Seed {
                resource: name,
                place,
                source: Box::new(source),
            })?;
            Ok(rows(&result))
        });
        queried.insert(resource.name.clone(), rows.await?);
    }
    Ok(queried)
}

fn rows(result: &QueryResult) -> Arc<[Box<str>]> {
    let names: Vec<&str> = result.columns().collect();
    let batches = result.batches.iter();
    batches
        .flat_map(|batch| (0..batch.num_rows()).map(|row| object(&names, batch, row)))
        .collect()
}

fn object(names: &[&str], batch: &RecordBatch, row: usize) -> Box<str> {
    let columns = names.iter().zip(batch.columns());
    let pairs = columns.map(|(name, column)| ((*name).to_owned(), value(column, row)));
    let object: Map<String, Value> = pairs.collect();
    Value::Object(object).to_string().into()
}

/// Numbers and booleans keep their type, all else becomes text.
fn value(column: &dyn Array, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    let options = FormatOptions::default();
    let Ok(formatter) = ArrayFormatter::try_new(column, &options) else {
        return Value::Null;
    };
    let text = formatter.value(row).to_string();
    match column.data_type() {
        DataType::Boolean => Value::Bool(text == "true"),
        kind if kind.is_numeric() => {
            let number: Value = serde_json::from_str(&text).unwrap_or_default();
            let written = number.to_string();
            // A number that JSON libraries cannot hold exactly stays a text.
            if written == text {
                number
            } else {
                Value::String(text)
            }
        }
        _ => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use apiduct_config::Format;
    use apiduct_config::resolve::SystemSource;
    use apiduct_model::Redactor;
    use arrow_array::{BooleanArray, Decimal128Array, Float64Array, Int64Array, StringArray};
    use arrow_schema::{Field, Schema};

    use super::*;

    #[test]
    fn a_million_rows_of_a_range_are_made_page_by_page() {
        let text = "client: {base_url: 'https://h'}\nresources: [{name: n, range: {from: 1, to: 1000000}}]";
        let plan = Plan::parse(text, Format::Yaml, "t.yaml").unwrap();
        let source = SystemSource::in_folder(".");
        let resolved = plan.resolve(&source, &Redactor::default()).unwrap();
        let mut rows = SeedRows::of(&plan.resources[0], &resolved, &Queried::new()).unwrap();
        let (mut count, mut largest) = (0, 0);
        loop {
            let page = rows.page();
            if page.is_empty() {
                break;
            }
            count += page.len();
            largest = largest.max(page.len());
        }
        assert_eq!((count, largest), (1_000_000, ROWS_OF_PAGE));
    }

    #[test]
    fn columns_of_a_query_become_values_of_json() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("i", DataType::Int64, true),
            Field::new("f", DataType::Float64, true),
            Field::new("d", DataType::Decimal128(38, 0), true),
            Field::new("b", DataType::Boolean, true),
            Field::new("t", DataType::Utf8, true),
        ]));
        let decimals = Decimal128Array::from(vec![12_345_678_901_234_567_890_123_i128, 7]);
        let decimals = decimals.with_precision_and_scale(38, 0).unwrap();
        let batch = RecordBatch::try_new(
            Arc::clone(&schema),
            vec![
                Arc::new(Int64Array::from(vec![Some(7), None])),
                Arc::new(Float64Array::from(vec![1.5, 2.0])),
                Arc::new(decimals),
                Arc::new(BooleanArray::from(vec![true, false])),
                Arc::new(StringArray::from(vec!["a\"b", "true"])),
            ],
        );
        let batches = vec![batch.unwrap()];
        let rows = rows(&QueryResult { schema, batches });
        assert_eq!(
            &*rows[0],
            r#"{"i":7,"f":1.5,"d":"12345678901234567890123","b":true,"t":"a\"b"}"#
        );
        assert_eq!(
            &*rows[1],
            r#"{"i":null,"f":2.0,"d":7,"b":false,"t":"true"}"#
        );
    }
}
