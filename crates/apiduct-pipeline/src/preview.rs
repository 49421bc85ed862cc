//! Looks at an API without loading anything: previews and checks.

use std::sync::{Arc, Mutex, PoisonError};

use apiduct_load::{State, variant_name};
use apiduct_model::arrow::{TableBatch, arrow_type, convert};
use apiduct_model::{ResourceName, TableSchema};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{Field, Schema as ArrowSchema};
use arrow_select::concat::concat_batches;
use indexmap::IndexMap;

use crate::error::RunError;
use crate::estimate::{FirstPage, RunEstimate};
use crate::event::{Event, EventSink};
use crate::extract::{Bounds, Extracted, extract};
use crate::incremental::{Course, Increments};
use crate::options::RunOptions;
use crate::pipeline::Pipeline;
use crate::seed::ROWS_OF_PAGE;
use crate::setup::Setup;
use crate::sink::{BatchSink, MemorySink};
use crate::wanted::Wanted;

/// Parent records whose children a preview looks at.
const PREVIEW_PARENTS: usize = 3;

/// Rows as they would be loaded.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The tables, root tables before their nested tables.
    pub tables: Vec<PreviewTable>,
    /// What was found on the first page of each resource.
    pub findings: IndexMap<ResourceName, Vec<String>>,
}

/// The first rows of one table.
#[derive(Debug, Clone)]
pub struct PreviewTable {
    /// The table as it would be created.
    pub schema: TableSchema,
    /// Its first rows.
    pub batch: RecordBatch,
}

/// What one request to a resource showed.
#[derive(Debug)]
pub struct ResourceCheck {
    /// The resource.
    pub resource: ResourceName,
    /// What came back, or why nothing did.
    pub outcome: Result<CheckedResource, RunError>,
}

/// A resource that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedResource {
    /// Records on the first page.
    pub rows: u64,
    /// What was found on it.
    pub findings: Vec<String>,
    /// The same for machines, with scores, reasons and the lines that pin it; null when nothing was found.
    pub detail: serde_json::Value,
    /// Columns of the primary key that no record of the page has.
    pub missing_key: Vec<String>,
    /// The first pages that were looked at for it: its own, and those of the resources above it.
    pub first_pages: IndexMap<ResourceName, FirstPage>,
}

impl Pipeline {
    /// Fetches one page of `resource`, or of every selected resource, and gives the first `limit` rows of each table.
    /// Nothing is written anywhere.
    ///
    /// # Errors
    /// [`RunError`], as for a run.
    pub async fn preview(&self, resource: Option<&str>, limit: usize) -> Result<Preview, RunError> {
        let mut options = self.options.clone();
        if let Some(name) = resource {
            options.select = vec![name.to_owned()];
        }
        let (extracted, batches, findings) = self.look(&options, PREVIEW_PARENTS).await?;
        let tables = extracted.schema.tables.into_values();
        let tables = tables
            .map(|schema| preview_table(schema, &batches, limit))
            .collect();
        let findings = findings.into_iter();
        let findings = findings.map(|(resource, found)| (resource, found.sentences));
        Ok(Preview {
            tables,
            findings: findings.collect(),
        })
    }

    /// Sends one request for each selected resource (and for its parents) and says what came back.
    pub async fn check(&self) -> Vec<ResourceCheck> {
        let wanted = match Wanted::new(&self.plan, &self.options) {
            Ok(wanted) => wanted,
            Err(error) => {
                let resource = self
                    .options
                    .select
                    .first()
                    .map(String::as_str)
                    .unwrap_or_default()
                    .into();
                return vec![ResourceCheck {
                    resource,
                    outcome: Err(error),
                }];
            }
        };
        let mut checks = Vec::new();
        for resource in wanted.loaded() {
            let outcome = self.check_one(resource).await;
            checks.push(ResourceCheck {
                resource: resource.clone(),
                outcome,
            });
        }
        checks
    }

    async fn check_one(&self, resource: &ResourceName) -> Result<CheckedResource, RunError> {
        let options = RunOptions {
            select: vec![resource.to_string()],
            ..self.options.clone()
        };
        let (extracted, _, mut findings) = self.look(&options, 1).await?;
        let rows = extracted
            .resources
            .get(resource)
            .map_or(0, |receipt| receipt.rows);
        let root = extracted
            .schema
            .tables
            .values()
            .find(|table| table.parent.is_none());
        let missing = |root: &TableSchema| {
            let missing = root
                .primary_key
                .iter()
                .filter(|key| root.column(key).is_none());
            missing.map(ToString::to_string).collect()
        };
        let missing_key = root.filter(|_| rows > 0).map(missing).unwrap_or_default();
        let mut first_pages = self.first_rows_of_seeds(&extracted);
        first_pages.extend(
            findings
                .iter()
                .map(|(name, found)| (name.clone(), found.first)),
        );
        let found = findings.shift_remove(resource);
        let (findings, detail) = found
            .map(|one| (one.sentences, one.detail))
            .unwrap_or_default();
        Ok(CheckedResource {
            rows,
            findings,
            detail,
            missing_key,
            first_pages,
        })
    }

    fn first_rows_of_seeds(&self, extracted: &Extracted) -> IndexMap<ResourceName, FirstPage> {
        let seeds = self.plan.resources.iter().filter(|one| one.seed.is_some());
        let first = seeds.filter_map(|seed| {
            let rows = extracted.resources.get(&seed.name)?.rows;
            let is_all = rows < ROWS_OF_PAGE as u64;
            Some((seed.name.clone(), FirstPage::of_seed(rows, is_all)))
        });
        first.collect()
    }

    /// How many requests a run needs and how long it takes, by what `checks` of this pipeline brought.
    pub fn estimate(&self, checks: &[ResourceCheck]) -> RunEstimate {
        RunEstimate::new(&self.plan, checks)
    }

    async fn look(
        &self,
        options: &RunOptions,
        parents: usize,
    ) -> Result<(Extracted, Vec<TableBatch>, FoundByResource), RunError> {
        let mut setup = Setup::new(self)?;
        let wanted = Wanted::new(&self.plan, options)?;
        let destination = self.destination.as_ref();
        setup.query_seeds(&wanted, destination).await?;
        let memory = Arc::new(MemorySink::default());
        let sink: Arc<dyn BatchSink> = Arc::clone(&memory) as _;
        let fresh = State::default();
        let leg = Course::default().leg(&self.plan, &wanted, &fresh, self.now())?;
        let increments = Increments::new(&self.plan, &leg.frozen, &fresh, &|_| true)?;
        let nodes = setup.nodes(&wanted, "preview", &sink, Some(1), None, &increments);
        let heard = Arc::new(Heard {
            findings: Mutex::default(),
            next: Arc::clone(&self.events),
        });
        let events: Arc<dyn EventSink> = Arc::clone(&heard) as _;
        let bounds = Bounds {
            max_parents: Some(parents),
            ..setup.bounds()
        };
        let extracted = tokio::select! {
            extracted = extract(nodes, bounds, &events) => extracted?,
            () = self.canceller.cancelled() => return Err(RunError::Interrupted { is_kept: false, kept_pages: 0 }),
        };
        let findings = std::mem::take(
            &mut *heard
                .findings
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        Ok((extracted, memory.take(), findings))
    }
}

/// What the first page of a resource told.
#[derive(Debug, Clone)]
struct Found {
    sentences: Vec<String>,
    /// The same for machines.
    detail: serde_json::Value,
    first: FirstPage,
}

type FoundByResource = IndexMap<ResourceName, Found>;

/// Keeps what is found and passes all events on.
#[derive(Debug)]
struct Heard {
    findings: Mutex<FoundByResource>,
    next: Arc<dyn EventSink>,
}

impl EventSink for Heard {
    fn event(&self, event: &Event) {
        if let Event::Found {
            resource,
            findings,
            detail,
            first,
        } = event
        {
            let mut heard = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
            let found = Found {
                sentences: findings.clone(),
                detail: detail.clone(),
                first: *first,
            };
            heard.insert(resource.clone(), found);
        }
        self.next.event(event);
    }
}

fn preview_table(mut schema: TableSchema, batches: &[TableBatch], limit: usize) -> PreviewTable {
    let name = schema.name.clone();
    let own = batches.iter().filter(|one| one.table == name);
    let finished: Vec<RecordBatch> = own.map(|one| finished(&mut schema, &one.batch)).collect();
    let fields = schema
        .columns
        .iter()
        .map(|column| Field::new(column.name.as_str(), arrow_type(column.data_type), true));
    let arrow = Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()));
    let aligned: Vec<RecordBatch> = finished
        .iter()
        .map(|batch| aligned(&arrow, batch))
        .collect();
    let whole = concat_batches(&arrow, &aligned)
        .unwrap_or_else(|_| RecordBatch::new_empty(Arc::clone(&arrow)));
    let rows = whole.num_rows().min(limit);
    PreviewTable {
        schema,
        batch: whole.slice(0, rows),
    }
}

/// A batch with the final types; values that do not fit a declared type go to a variant column.
fn finished(schema: &mut TableSchema, batch: &RecordBatch) -> RecordBatch {
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for column in schema.columns.clone() {
        let Some(array) = batch.column_by_name(&column.name) else {
            continue;
        };
        if column.data_type == apiduct_model::DataType::Json {
            columns.push((column.name.to_string(), Arc::clone(array)));
            continue;
        }
        let converted = convert(array, column.data_type);
        columns.push((column.name.to_string(), converted.array));
        if let Some(leftover) = converted.leftover {
            let text = convert(&leftover, apiduct_model::DataType::Text).array;
            let name = variant_name(&column.name, apiduct_model::DataType::Text);
            if schema.column(&name).is_none() {
                schema.push(apiduct_model::Column::new(
                    name.clone(),
                    apiduct_model::DataType::Text,
                ));
            }
            columns.push((name, text));
        }
    }
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new_with_options(Arc::new(ArrowSchema::new(fields)), arrays, &options)
        .expect("all columns of a batch have its number of rows")
}

/// The same rows with exactly the columns of `schema`, null where a column is missing.
fn aligned(schema: &Arc<ArrowSchema>, batch: &RecordBatch) -> RecordBatch {
    let array = |field: &Arc<Field>| {
        let known = batch
            .column_by_name(field.name())
            .filter(|array| array.data_type() == field.data_type());
        known.map_or_else(
            || new_null_array(field.data_type(), batch.num_rows()),
            Arc::clone,
        )
    };
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(
        Arc::clone(schema),
        schema.fields().iter().map(array).collect(),
        &options,
    )
    .expect("every column has the type of its field and the rows of the batch")
}
