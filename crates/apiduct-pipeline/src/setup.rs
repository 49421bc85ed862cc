//! From a plan to things that can be fetched: secrets resolved, one client, one set of rate budgets.

use std::sync::Arc;
use std::time::Duration;

use apiduct_client::job::{Job, JobStore};
use apiduct_client::rate::{Places, RateBudgets, RateConfig};
use apiduct_client::transport::Transport;
use apiduct_client::{Body, Client, Pages};
use apiduct_config::plan::{NestedPlan, ResourcePlan, TablePart, TableTemplate};
use apiduct_config::resolve::{DataParts, RequestInputs, RequestParts};
use apiduct_config::template::{IncrementalValues, ParentRow, TemplateError};
use apiduct_config::{Plan, Resolved};
use apiduct_json::{Captured, Selector};
use apiduct_load::Destination;
use apiduct_model::{Hint, Scalar, SnakeCase, WriteDisposition};
use apiduct_normalize::{Dispatch, NamePart, NestedOptions, Options, Tap, TapRow};
use xxhash_rust::xxh3::Xxh3;

use crate::ahead::LOOKAHEAD;
use crate::columnar;
use crate::error::RunError;
use crate::event::Waits;
use crate::extract::{Bounds, Node};
use crate::feed::{MakeRequest, Request};
use crate::fields::ParentFields;
use crate::incremental::{Increment, Increments, PageWatch};
use crate::jobs::JobFiles;
use crate::journal::{Journal, WalkId};
use crate::merge;
use crate::pipeline::Pipeline;
use crate::seed::{Queried, SeedRows};
use crate::sink::{BatchSink, NoSink};
use crate::wanted::Wanted;

/// Part of the memory bound that the pages waiting for one resource's worker may take.
const QUEUE_SHARE: u64 = 16;
/// Part of the memory bound that the pages which one resource fetched before their turn may take.
const WINDOW_SHARE: u64 = 8;
/// Part of the memory bound that the batch under construction of one resource may take.
const BATCH_SHARE: u64 = 32;

/// Everything that a fetch needs besides the resources themselves.
#[derive(Debug)]
pub(crate) struct Setup {
    plan: Arc<Plan>,
    resolved: Arc<Resolved>,
    client: Client,
    concurrency: usize,
    memory: u64,
    /// Whether pages are kept, so that a run that is broken off can go on.
    pub(crate) is_resumable: bool,
    /// Reports that were asked for.
    pub(crate) jobs: Arc<JobFiles>,
    /// The longest wait of this run, if it was given one.
    max_wait: Option<Duration>,
    /// Rows that came from the destination.
    queried: Queried,
}

impl Setup {
    pub(crate) fn new(pipeline: &Pipeline) -> Result<Self, RunError> {
        let (plan, secrets) = (Arc::clone(&pipeline.plan), pipeline.secrets.as_ref());
        let mut runtime = plan.runtime.clone();
        runtime.overlay(secrets)?;
        if let Some(max_wait) = pipeline.options.max_wait {
            runtime.max_wait = max_wait;
        }
        let resolved = plan.resolve_in(secrets, &pipeline.redactor, &pipeline.working_dir)?;
        let inner = transport(pipeline, &runtime, &resolved)?;
        let rate = RateConfig {
            max_requests: pipeline.options.max_requests,
            ..runtime.rate()
        };
        let waits = Arc::new(Waits(Arc::clone(&pipeline.events)));
        let budgets = RateBudgets::observed(rate, Arc::clone(&pipeline.timer), waits);
        let client = client(pipeline, &runtime, &resolved, (inner, budgets))?;
        Ok(Self {
            concurrency: runtime.concurrency,
            memory: runtime.memory,
            is_resumable: runtime.resume,
            jobs: Arc::new(JobFiles::new(pipeline.folder().join("jobs"))),
            max_wait: pipeline.options.max_wait,
            queried: Queried::new(),
            plan,
            resolved: Arc::new(resolved),
            client,
        })
    }

    /// Asks the destination for the rows of resources that are queries on it.
    pub(crate) async fn query_seeds(
        &mut self,
        wanted: &Wanted,
        destination: Option<&Arc<dyn Destination>>,
    ) -> Result<(), RunError> {
        let asked = (self.resolved.as_ref(), wanted);
        self.queried = crate::seed::query(&self.plan, asked, destination).await?;
        Ok(())
    }

    /// The dataset that is loaded into.
    pub(crate) fn dataset(&self) -> &str {
        &self.resolved.dataset
    }

    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            queue_bytes: self.share(QUEUE_SHARE),
            max_parents: None,
        }
    }

    /// Requests of `resource` that may be under way at a time.
    fn width(&self, resource: &ResourcePlan) -> usize {
        let own = resource.concurrency.unwrap_or(usize::MAX);
        self.concurrency.min(own).max(1)
    }

    fn share(&self, part: u64) -> usize {
        usize::try_from(self.memory / part)
            .unwrap_or(usize::MAX)
            .clamp(1 << 20, 256 << 20)
    }

    /// The wanted resources, with their rows going to `sink`.
    pub(crate) fn nodes(
        &self,
        wanted: &Wanted,
        load_id: &str,
        sink: &Arc<dyn BatchSink>,
        max_pages: Option<u64>,
        journal: Option<&Arc<Journal>>,
        increments: &Increments,
    ) -> Vec<Node> {
        let order: Vec<usize> = wanted.fetched.iter().copied().collect();
        let fields = Arc::new(ParentFields::default());
        let place = |at: usize| order.iter().position(|one| *one == at);
        let node = |at: &usize| {
            let resource = &self.plan.resources[*at];
            let is_loaded = wanted.is_loaded(*at);
            Node {
                resource: resource.name.clone(),
                parents: resource
                    .parents
                    .iter()
                    .filter_map(|at| place(*at))
                    .collect(),
                for_each: resource.for_each.clone(),
                keys: resource.request_taps.clone(),
                seed: SeedRows::of(resource, &self.resolved, &self.queried),
                width: self.width(resource),
                tolerance: resource.tolerance,
                tapped_columns: resource.tapped_columns.clone(),
                fields: Arc::clone(&fields),
                maker: Arc::new(Maker {
                    increment: increments.of(&resource.name).cloned(),
                    fields: Arc::clone(&fields),
                    ..self.maker(*at, max_pages, journal)
                }),
                options: Options {
                    gate: increments.of(&resource.name).and_then(|one| one.gate()),
                    ..self.options(resource, load_id, wanted.is_replaced(&resource.name))
                },
                sink: if is_loaded {
                    Arc::clone(sink)
                } else {
                    Arc::new(NoSink)
                },
                is_loaded,
            }
        };
        order.iter().map(node).collect()
    }

    fn maker(
        &self,
        resource: usize,
        max_pages: Option<u64>,
        journal: Option<&Arc<Journal>>,
    ) -> Maker {
        let plan = &self.plan.resources[resource];
        let (bound, width) = (plan.max_pages, self.width(plan));
        let is_child = plan.parent.is_some();
        let walks = if is_child {
            width.saturating_mul(LOOKAHEAD)
        } else {
            1
        };
        Maker {
            plan: Arc::clone(&self.plan),
            resource,
            resolved: Arc::clone(&self.resolved),
            client: self.client.clone(),
            max_pages: max_pages.into_iter().chain(bound).min(),
            window: width,
            places: plan.concurrency.map(Places::new),
            window_bytes: self.share(WINDOW_SHARE) / walks,
            journal: journal.cloned(),
            jobs: Arc::clone(&self.jobs),
            max_wait: self.max_wait,
            increment: None,
            fields: Arc::default(),
        }
    }

    fn options(&self, resource: &ResourcePlan, load_id: &str, is_replaced: bool) -> Options {
        let declared = resource
            .columns
            .iter()
            .filter_map(|hint| Some((SnakeCase::path(&hint.name), hint.data_type?)));
        Options {
            table: resource.table.clone(),
            dispatch: resource.tables.as_ref().map(dispatch),
            write_disposition: if is_replaced
                && resource.write_disposition != WriteDisposition::Merge
            {
                WriteDisposition::Replace
            } else {
                resource.write_disposition
            },
            primary_key: resource.primary_key.clone(),
            merge: merge::settings(&resource.merge),
            required: resource.merge.required.clone(),
            system: self.plan.system.clone(),
            declared: declared.collect(),
            constants: resource
                .from_parent
                .iter()
                .map(|column| column.key.clone())
                .collect(),
            steps: self.resolved.steps_for(resource),
            max_table_nesting: resource.max_table_nesting,
            nested: resource.nested.iter().map(nested).collect(),
            constants_win: resource.overwrite_from_parent,
            taps: resource
                .taps_for_children
                .iter()
                .map(|tap| Tap::new(tap.selector.clone()))
                .collect(),
            batch_bytes: self.share(BATCH_SHARE),
            ..Options::new(&resource.name, load_id)
        }
    }
}

/// The tables that records name.
fn dispatch(template: &TableTemplate) -> Dispatch {
    let part = |part: &TablePart| match part {
        TablePart::Text(text) => NamePart::Text(text.clone()),
        TablePart::Field(field) => NamePart::Field(field.clone()),
    };
    Dispatch {
        parts: template.parts.iter().map(part).collect(),
    }
}

/// What is known about a nested table, by its path.
fn nested(plan: &NestedPlan) -> (String, NestedOptions) {
    let names = plan.keys.iter().map(|key| SnakeCase::path(key));
    let path = names.reduce(|above, name| SnakeCase::join(&above, &name));
    let columns = plan.columns.iter();
    let declared = columns.filter_map(|hint| Some((SnakeCase::path(&hint.name), hint.data_type?)));
    let options = NestedOptions {
        table: plan.table.clone(),
        declared: declared.collect(),
    };
    (path.unwrap_or_default(), options)
}

/// What sends the requests of `pipeline`.
pub(crate) fn transport(
    pipeline: &Pipeline,
    runtime: &apiduct_config::resolve::Runtime,
    resolved: &Resolved,
) -> Result<Arc<dyn Transport>, RunError> {
    let transport = match &pipeline.transport {
        Some(transport) => Arc::clone(transport),
        None => default_transport(runtime, resolved)?,
    };
    Ok(match &pipeline.recorder {
        Some(recorder) => Arc::new(recorder.around(transport)),
        None => transport,
    })
}

#[cfg(feature = "reqwest")]
fn default_transport(
    runtime: &apiduct_config::resolve::Runtime,
    resolved: &Resolved,
) -> Result<Arc<dyn Transport>, RunError> {
    let mut builder = apiduct_client::transport::ReqwestTransport::builder()
        .connect_timeout(runtime.limits().connect_timeout);
    if let Some(path) = &resolved.ca_bundle {
        let pem = std::fs::read(path).map_err(|source| RunError::CaBundle {
            path: path.clone(),
            source,
        })?;
        builder = builder.root_certificates_pem(pem);
    }
    if let Some((certificate, private_key)) = &resolved.client_certificate {
        builder = builder.client_certificate(certificate.as_str(), private_key.clone());
    }
    let transport = builder.build().map_err(|source| RunError::Transport {
        source: Box::new(source),
    })?;
    Ok(Arc::new(transport))
}

#[cfg(not(feature = "reqwest"))]
fn default_transport(
    _: &apiduct_config::resolve::Runtime,
    _: &Resolved,
) -> Result<Arc<dyn Transport>, RunError> {
    Err(RunError::NoTransport)
}

fn client(
    pipeline: &Pipeline,
    runtime: &apiduct_config::resolve::Runtime,
    resolved: &Resolved,
    (transport, budgets): (Arc<dyn Transport>, RateBudgets),
) -> Result<Client, RunError> {
    let plan = &pipeline.plan.client;
    let mut retry = runtime.retry();
    retry.jitter = retry.jitter.map(|_| pipeline.seed);
    let mut builder = Client::builder(resolved.base_url.as_str())
        .auth(Arc::clone(&resolved.auth))
        .transport(transport)
        .rate_budgets(budgets)
        .timer(Arc::clone(&pipeline.timer))
        .retry(retry)
        .limits(runtime.limits())
        .error_excerpt(runtime.error_excerpt())
        .on_foreign_origin(plan.on_foreign_origin)
        .network(plan.network)
        .redactor(pipeline.redactor.clone());
    for host in &plan.allowed_hosts {
        builder = builder.allowed_host(host);
    }
    if let Some(user_agent) = &resolved.user_agent {
        builder = builder.header("User-Agent", user_agent);
    }
    // The headers of the file come with each request, so that a resource can take one away.
    builder.build().map_err(|source| RunError::Client {
        source: Box::new(source),
    })
}

/// Makes the requests of one resource.
#[derive(Debug)]
struct Maker {
    plan: Arc<Plan>,
    resource: usize,
    resolved: Arc<Resolved>,
    client: Client,
    max_pages: Option<u64>,
    /// Pages that are fetched at a time.
    window: usize,
    /// Places in flight that all its walks share.
    places: Option<Places>,
    /// Bytes of pages that wait for their turn.
    window_bytes: usize,
    /// Where pages are kept.
    journal: Option<Arc<Journal>>,
    /// Where jobs are kept.
    jobs: Arc<JobFiles>,
    /// The longest wait for a job, if the run has one.
    max_wait: Option<Duration>,
    /// What its requests ask for if they ask for what is new.
    increment: Option<Arc<Increment>>,
    /// What the records of parents have in the place of fields that are not there.
    fields: Arc<ParentFields>,
}

/// The fields that identify a record; none when one of them is not a plain path.
fn key(resource: &ResourcePlan) -> Vec<Selector> {
    let fields = resource.primary_key.iter();
    let selectors = fields.map(|field| Selector::parse(field));
    selectors.collect::<Result<_, _>>().unwrap_or_default()
}

impl Maker {
    /// The job, waited for no longer than this run may wait.
    fn within_patience(&self, job: &Job) -> Job {
        let deadline = job.deadline.min(self.max_wait.unwrap_or(job.deadline));
        Job {
            deadline,
            ..job.clone()
        }
    }

    fn resource(&self) -> &ResourcePlan {
        &self.plan.resources[self.resource]
    }

    fn pages(&self, parts: RequestParts, walk: WalkId) -> Pages {
        let resource = self.resource();
        let mut builder = self
            .client
            .paginate(&parts.path)
            .method(parts.method)
            .params(parts.params)
            .auth(self.resolved.auth_for(resource))
            .selector(resource.selector.selector())
            .allow_missing(resource.allow_missing)
            .allow_repeats(resource.allow_repeats)
            .parallel(resource.parallel)
            .window(self.window)
            .window_bytes(self.window_bytes)
            .record_key(key(resource));
        for (name, value) in &parts.headers {
            builder = builder.header(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
        if let Some(json) = parts.json {
            builder = builder.body(Body::Json(json));
        }
        if let Some(data) = parts.data {
            builder = builder.body(match data {
                DataParts::Form(pairs) => Body::Form(pairs),
                DataParts::Raw(text) => text.into(),
            });
        }
        builder = match &resource.paginator.paginator {
            Some(paginator) => builder.paginator(Arc::clone(paginator)),
            None => builder.detect_paginator(),
        };
        for test in &resource.retry_if {
            let own = test.clone();
            builder = builder.retry_if(test.to_string(), move |tried| {
                tried.response.is_some_and(|response| own.holds(response))
            });
        }
        builder = builder.body_format(resource.response_format.clone());
        for decoder in columnar::decoders() {
            builder = builder.body_decoder(decoder);
        }
        if let Some(job) = &resource.job {
            builder = builder
                .job(self.within_patience(job))
                .job_store(Arc::clone(&self.jobs) as Arc<dyn JobStore>);
        }
        for rule in &resource.response_rules {
            builder = builder.response_rule(rule.clone());
        }
        if let Some(expect) = &resource.expect {
            builder = builder.expect(expect.clone());
        }
        if let Some(places) = &self.places {
            builder = builder.places(places.clone());
        }
        if let Some(max_pages) = self.max_pages {
            builder = builder.max_pages(max_pages);
        }
        if let Some(max_records) = resource.max_records {
            builder = builder.max_records(max_records);
        }
        if let Some(journal) = &self.journal {
            builder = builder.kept_by(journal.walk(&resource.name, walk));
        }
        builder.send()
    }

    /// Tells a record of the parent from others by what the request takes from it.
    fn source(&self, row: &ParentRow) -> u64 {
        let fields = self.resource().request.parent_fields();
        let values = fields
            .into_iter()
            .map(|(parent, field, _)| row.value(parent, field.selector()));
        digest(values)
    }

    /// The bounds of one walk as its requests write them, and what to look for in its pages.
    fn walk(&self, source: u64) -> Result<(IncrementalValues, Option<PageWatch>), RunError> {
        let Some(increment) = &self.increment else {
            return Ok(Default::default());
        };
        increment.walk(source).map_err(|source| RunError::Cursor {
            resource: self.resource().name.clone(),
            source: Box::new(source),
        })
    }

    fn cannot_build(&self, mut source: TemplateError) -> RunError {
        if let TemplateError::MissingField {
            parent,
            field,
            present,
        } = &mut source
            && let Some(fields) = self.fields_beside(parent, field)
        {
            *present = fields;
        }
        RunError::Request {
            resource: self.resource().name.clone(),
            hint: source.hint(),
            source: Box::new(source),
        }
    }

    /// What the parent's record has in the place of `field`, as a child writes it.
    fn fields_beside(&self, parent: &str, field: &str) -> Option<Vec<String>> {
        let mut taps = self.resource().parent_taps.iter();
        let tap = taps.find(|tap| *tap.parent == *parent && *tap.field == *field)?;
        self.fields.beside(parent, &tap.selector)
    }

    fn constants(&self, row: &ParentRow) -> Result<Vec<Scalar>, RunError> {
        let resource = self.resource();
        let value = |column: &apiduct_config::plan::ParentColumn| match row
            .value(&column.tap.parent, &column.tap.selector)
        {
            Captured::Scalar(scalar) => Ok(scalar.clone()),
            Captured::Json(text) => Ok(Scalar::Text(text.clone())),
            Captured::Absent => Err(RunError::ParentField {
                resource: resource.name.clone(),
                field: column.tap.field.to_string(),
                present: self
                    .fields
                    .beside(&column.tap.parent, &column.tap.selector)
                    .unwrap_or_else(|| row.present().into_iter().map(str::to_owned).collect()),
            }),
        };
        resource.from_parent.iter().map(value).collect()
    }
}

/// Tells the record of a parent from others by the values that its children need.
fn digest<'v>(values: impl IntoIterator<Item = &'v Captured>) -> u64 {
    let mut hasher = Xxh3::new();
    for value in values {
        // Each kind of value is written in another way, so that none looks like two others.
        hasher.update(format!("{value:?};").as_bytes());
    }
    hasher.digest()
}

/// Characters of path and query as they go over the wire.
fn url_length(parts: &RequestParts) -> usize {
    let encoded = |text: &str| -> usize {
        let parts = url::form_urlencoded::byte_serialize(text.as_bytes());
        parts.map(str::len).sum()
    };
    let params = parts.params.iter();
    let params = params.map(|(name, value)| encoded(name) + encoded(value) + 2);
    parts.path.len() + params.sum::<usize>()
}

impl MakeRequest for Maker {
    fn request(&self, parent: Option<&TapRow>, ordinal: u64) -> Result<Request, RunError> {
        let resource = self.resource();
        let walk = WalkId {
            ordinal,
            digest: parent.map_or(0, digest),
        };
        let row = parent.map(|values| {
            let taps = Arc::clone(&resource.parent_taps);
            ParentRow::new(taps, values.clone())
        });
        let source = row.as_ref().map_or(0, |row| self.source(row));
        let (bounds, watch) = self.walk(source)?;
        let inputs = RequestInputs {
            parent: row.as_ref(),
            incremental: Some(&bounds),
        };
        let parts = resource
            .request_with(&self.resolved, inputs)
            .map_err(|source| self.cannot_build(source))?;
        let constants = row
            .as_ref()
            .map_or_else(|| Ok(Vec::new()), |row| self.constants(row))?;
        let parent = if row.is_some() {
            parts.path.clone()
        } else {
            String::new()
        };
        Ok(Request {
            pages: self.pages(parts, walk),
            constants,
            parent,
            walk: source,
            watch,
        })
    }

    fn batch(&self, rows: &[TapRow]) -> Result<(usize, TapRow), RunError> {
        let resource = self.resource();
        let batch = |count: usize| {
            let taps = Arc::clone(&resource.parent_taps);
            ParentRow::batch(taps, &rows[..count])
        };
        let most = resource
            .for_each
            .batch
            .map_or(usize::MAX, |batch| batch.max_url_length);
        let (bounds, _) = self.walk(0)?;
        let fits = |count: usize| -> Result<bool, RunError> {
            let row = batch(count);
            let inputs = RequestInputs {
                parent: Some(&row),
                incremental: Some(&bounds),
            };
            let parts = resource
                .request_with(&self.resolved, inputs)
                .map_err(|source| self.cannot_build(source))?;
            Ok(url_length(&parts) <= most)
        };
        let mut fitting = rows.len();
        if !fits(fitting)? {
            // Nothing is known of the first row alone: it goes out however long it is.
            let (mut low, mut high) = (1, fitting);
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if fits(middle)? {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            fitting = low;
        }
        Ok((fitting, batch(fitting).into_values()))
    }
}
