//! Runs of whole plans against a scripted API, into a real DuckDB file.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod bodies;
mod broken;
mod children;
mod destination;
mod dispatch;
mod documents;
mod faults;
mod formats;
mod hints;
mod incremental;
mod inventory;
mod jobs;
mod loads;
mod looks;
mod merge;
mod parallel;
mod recording;
mod recovery;
mod resume;
mod rules;
mod steps;
mod tokens;
mod tree;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use apiduct_config::resolve::SystemSource;
use apiduct_config::{Format, Plan};
use apiduct_duckdb::DuckDb;
use apiduct_load::Destination;
use apiduct_pipeline::{
    Certainty, Event, EventSink, Pipeline, PipelineBuilder, Receipt, RunError, RunOptions,
};
use apiduct_testkit::MockApi;
use arrow_array::RecordBatch;
use arrow_cast::display::array_value_to_string;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder, an API and a database.
struct World {
    folder: TempDir,
    api: MockApi,
}

impl World {
    fn new(api: MockApi) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            api,
        }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("out.duckdb")
    }

    fn destination(&self) -> Arc<dyn Destination> {
        Arc::new(DuckDb::new(self.database()))
    }

    /// A pipeline for `resources`, in the YAML of the file.
    fn builder(&self, resources: &str) -> PipelineBuilder {
        let text = format!(
            "name: shop\nclient: {{base_url: '{}'}}\nruntime: {{max_retries: 1, backoff_factor: 0}}\nresources:\n{resources}",
            self.api.base_url()
        );
        let plan = Plan::parse(&text, Format::Yaml, "shop.yaml").unwrap();
        Pipeline::builder(plan, Arc::new(SystemSource::in_folder(self.folder.path())))
            .working_dir(self.folder.path().join(".apiduct"))
    }

    fn pipeline(&self, resources: &str) -> Pipeline {
        self.builder(resources)
            .destination(self.destination())
            .build()
    }

    async fn run(&self, resources: &str) -> Result<Receipt, RunError> {
        self.pipeline(resources).run().await
    }

    async fn run_with(&self, resources: &str, options: RunOptions) -> Result<Receipt, RunError> {
        self.builder(resources)
            .destination(self.destination())
            .options(options)
            .build()
            .run()
            .await
    }

    /// The rows of a query, each as texts joined by `|`.
    fn query(&self, sql: &str) -> Vec<String> {
        let mut loader = DuckDb::new(self.database()).open_to_read("shop").unwrap();
        let result = loader.query(sql).unwrap();
        let row = |batch: &RecordBatch, row| {
            let texts = batch
                .columns()
                .iter()
                .map(|column| array_value_to_string(column, row).unwrap());
            texts.collect::<Vec<_>>().join("|")
        };
        result
            .batches
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(move |at| row(batch, at)))
            .collect()
    }

    fn count(&self, table: &str) -> String {
        self.query(&format!("select count(*)::varchar as n from shop.{table}"))
            .remove(0)
    }
}

/// Keeps all events.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<Event>>);

impl EventSink for Heard {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

fn posts(count: i64) -> Vec<Value> {
    let post = |id| json!({"id": id, "title": format!("Post {id}"), "tags": ["a", format!("t{}", id % 3)]});
    (1..=count).map(post).collect()
}

fn api(posts_count: i64) -> MockApi {
    MockApi::builder()
        .collection("posts", posts(posts_count))
        .start()
}
