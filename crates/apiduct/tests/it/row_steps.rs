//! A program's own step on records, asked for by name in a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use apiduct::config::resolve::SystemSource;
use apiduct::config::{CustomError, Format, Plan, Registry};
use apiduct::pipeline::Pipeline;
use apiduct::steps::{RowOutcome, RowStep, RowStepError};
use apiduct_testkit::MockApi;
use serde_json::{Value, json};

/// Makes a record of each line of a text.
#[derive(Debug)]
struct Lines {
    field: String,
}

impl Lines {
    fn new(settings: &BTreeMap<String, String>) -> Result<Self, CustomError> {
        let field = settings.get("field").ok_or("`field` is missing")?;
        Ok(Self {
            field: field.clone(),
        })
    }
}

impl RowStep for Lines {
    fn apply(&self, record: &str) -> Result<RowOutcome, RowStepError> {
        let record: Value = serde_json::from_str(record)?;
        let Some(text) = record[&self.field].as_str() else {
            return Ok(RowOutcome::Drop);
        };
        let lines = text
            .lines()
            .map(|line| json!({"id": record["id"], "line": line}).to_string());
        Ok(RowOutcome::Replace(lines.collect()))
    }
}

const FILE: &str = "
resources:
  - name: notes
    processing_steps:
      - custom: {name: lines, settings: {field: body}}
      - filter: .line != \"\"
";

#[tokio::test]
async fn a_program_brings_a_step_that_the_file_asks_for_by_name() {
    let notes = [
        json!({"id": 1, "body": "one\n\ntwo"}),
        json!({"id": 2, "body": null}),
        json!({"id": 3, "body": "three"}),
    ];
    let api = MockApi::builder().collection("notes", notes).start();
    let registry =
        Registry::new().row_step("lines", |settings| Ok(Arc::new(Lines::new(settings)?)));
    let text = format!("client: {{base_url: '{}'}}{FILE}", api.base_url());
    let plan = Plan::parse_with(&text, Format::Yaml, "notes.yaml", &registry).unwrap();

    let pipeline = Pipeline::builder(plan, Arc::new(SystemSource::in_folder("."))).build();
    let preview = pipeline.preview(None, 10).await.unwrap();
    let table = &preview.tables[0];
    assert_eq!(table.batch.num_rows(), 3, "{:?}", table.batch);
    let columns = table
        .schema
        .columns
        .iter()
        .map(|column| column.name.to_string());
    let own: Vec<String> = columns.filter(|name| !name.starts_with('_')).collect();
    assert_eq!(own, ["id", "line"]);
}
