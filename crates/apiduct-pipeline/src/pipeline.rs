use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use apiduct_client::transport::Transport;
use apiduct_client::transport::recording::Recorder;
use apiduct_client::{Timer, TokioTimer, TransportError};
use apiduct_config::Plan;
use apiduct_config::resolve::SecretSource;
use apiduct_load::{
    Destination, LoadError, LoadId, LoadPackage, Loaded, Packages, PipelineLock, Seal, State,
    load_package_watched,
};
use apiduct_model::{Redactor, ResourceName, TableName};

use crate::cancel::Canceller;
use crate::error::RunError;
use crate::event::{Event, EventSink, NoEvents};
use crate::extract::{Extracted, extract};
use crate::failed::write_letters;
use crate::incremental::{Course, Increments, Leg};
use crate::options::RunOptions;
use crate::pull::{Beginning, Pull};
use crate::receipt::Receipt;
use crate::setup::Setup;
use crate::sink::{BatchSink, PackageSink};
use crate::wanted::Wanted;

/// Everything that it takes to run a plan.
#[derive(Debug, Clone)]
pub struct Pipeline {
    pub(crate) plan: Arc<Plan>,
    pub(crate) destination: Option<Arc<dyn Destination>>,
    pub(crate) secrets: Arc<dyn SecretSource>,
    pub(crate) redactor: Redactor,
    pub(crate) events: Arc<dyn EventSink>,
    pub(crate) working_dir: PathBuf,
    pub(crate) transport: Option<Arc<dyn Transport>>,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) timer: Arc<dyn Timer>,
    pub(crate) seed: u64,
    pub(crate) options: RunOptions,
    pub(crate) canceller: Canceller,
}

/// Sets up a [`Pipeline`].
#[derive(Debug)]
#[must_use = "a builder does nothing before `build`"]
pub struct PipelineBuilder(Pipeline);

impl Pipeline {
    /// Begins with `plan`; secrets come from `secrets`.
    pub fn builder(plan: Plan, secrets: Arc<dyn SecretSource>) -> PipelineBuilder {
        PipelineBuilder(Self {
            plan: Arc::new(plan),
            destination: None,
            secrets,
            redactor: Redactor::default(),
            events: Arc::new(NoEvents),
            working_dir: PathBuf::from(".apiduct"),
            transport: None,
            recorder: None,
            timer: Arc::new(TokioTimer::default()),
            seed: 0,
            options: RunOptions::default(),
            canceller: Canceller::new(),
        })
    }

    /// Ends runs of this pipeline from outside.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// The folder of this pipeline below the working directory.
    pub(crate) fn folder(&self) -> PathBuf {
        self.working_dir.join(&self.plan.name)
    }

    pub(crate) fn packages(&self) -> Packages {
        Packages::new(self.folder().join("packages"))
    }

    /// Loads of this pipeline that are fetched and not yet delivered, oldest first.
    ///
    /// # Errors
    /// [`RunError::Package`] when the folder cannot be read.
    pub fn pending(&self) -> Result<Vec<LoadId>, RunError> {
        Ok(self.packages().pending()?)
    }

    /// Fetches all selected resources and loads them, after delivering what an earlier run left.
    ///
    /// Resources whose rows are only appended, and which have just been delivered from an earlier run, are not
    /// fetched a second time.
    ///
    /// # Errors
    /// [`RunError`]. Earlier data and state at the destination are as they were; what has been fetched completely
    /// is kept for the next run.
    pub async fn run(&self) -> Result<Receipt, RunError> {
        let started = self.timer.monotonic();
        let mut setup = Setup::new(self)?;
        let mut wanted = Wanted::new(&self.plan, &self.options)?;
        if self.options.backfill.is_none() {
            wanted = wanted.whole_or_held(&self.plan)?;
        }
        let destination = self.destination.clone().ok_or(RunError::NoDestination)?;
        crate::merge::refuse_unable(&self.plan, &wanted, destination.as_ref())?;
        let _lock = PipelineLock::acquire(&self.folder().join("lock"), self.timer.as_ref())?;
        let recovered = self.recover(setup.dataset(), &destination).await?;
        let mut receipt = recovered.receipt();
        let wanted = wanted.without(&recovered.delivered);
        let mut course = Course::new(self.options.backfill.clone());
        if !wanted.is_empty() {
            setup.query_seeds(&wanted, Some(&destination)).await?;
        }
        while !wanted.is_empty()
            && self
                .fetch_and_load(&setup, &wanted, &destination, (&mut course, &mut receipt))
                .await?
        {}
        receipt.flag_no_rows(self.events.as_ref());
        for load_id in recovered.loads {
            self.packages().remove(load_id)?;
        }
        receipt.seconds = self.timer.monotonic().saturating_sub(started).as_secs_f64();
        Ok(receipt)
    }

    /// The next pull of the run; whether another one follows.
    async fn fetch_and_load(
        &self,
        setup: &Setup,
        wanted: &Wanted,
        destination: &Arc<dyn Destination>,
        (course, receipt): (&mut Course, &mut Receipt),
    ) -> Result<bool, RunError> {
        let before = self.stored_state(setup, destination).await?;
        let mut leg = course.leg(&self.plan, wanted, &before, self.now())?;
        let beginning = Beginning {
            basis: leg.basis.clone(),
            bounds: serde_json::to_value(&leg.frozen).unwrap_or_default(),
        };
        let own = beginning.clone();
        let wanted = &leg.wanted.clone();
        let pull = self.begin_pull(setup, wanted, &before, beginning).await?;
        // A pull that an earlier run began keeps the bounds that it began with.
        if let Ok(frozen) = serde_json::from_value(pull.bounds(&own).clone()) {
            leg.frozen = frozen;
        }
        let load_id = pull.load_id;
        let resources: Vec<ResourceName> = wanted.loaded().cloned().collect();
        self.events.event(&Event::Started {
            load_id: load_id.to_string(),
            resources,
        });
        let packed = self.fetch(setup, (course, &leg), destination, &pull, before);
        let packed = packed.await;
        let (package, extracted) = match packed {
            Ok(packed) => packed,
            Err(error) => return Err(self.break_off(pull, error).await),
        };
        self.settle(&pull).await?;
        let rows = package.manifest().rows();
        if self.canceller.is_cancelled() {
            return Err(RunError::Interrupted {
                is_kept: true,
                kept_pages: 0,
            });
        }
        self.events.event(&Event::Sealed { rows });
        let sealed = self.timer.monotonic();
        let loaded = self.load(destination, package).await?;
        self.events.event(&Event::Committed {
            duration: self.timer.monotonic().saturating_sub(sealed),
        });
        for table in extracted.schema.tables.keys() {
            if let Some(rows) = loaded.tables.get(table) {
                *receipt.tables.entry(table.clone()).or_default() += rows;
            }
        }
        receipt.load_id = Some(load_id.to_string());
        let is_whole = leg.is_whole(&extracted.resources);
        receipt.take_resources(extracted.resources);
        self.packages().remove(load_id)?;
        self.forget_others(pull).await?;
        // Behind a window with gaps the next one would move the cursor past them.
        Ok(course.advance(leg) && is_whole)
    }

    /// Microseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        let since = self
            .timer
            .now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }

    /// Fetches all that `pull` still lacks and seals it.
    async fn fetch(
        &self,
        setup: &Setup,
        (course, leg): (&Course, &Leg),
        destination: &Arc<dyn Destination>,
        pull: &Pull,
        before: State,
    ) -> Result<(LoadPackage, Extracted), RunError> {
        let (load_id, wanted) = (pull.load_id, &leg.wanted);
        let forgotten = |name: &ResourceName| leg.is_backfill || wanted.is_replaced(name);
        let increments = Increments::new(&self.plan, &leg.frozen, &before, &forgotten)?;
        let journal = pull.journal.as_ref();
        let lock = journal.map(|journal| Arc::clone(&journal.lock));
        let sink = Arc::new(PackageSink::new(self.packages().create(load_id)?, lock));
        let rows_to: Arc<dyn BatchSink> = Arc::clone(&sink) as _;
        let nodes = setup.nodes(
            wanted,
            &load_id.to_string(),
            &rows_to,
            None,
            journal,
            &increments,
        );
        let mut extracted = tokio::select! {
            extracted = extract(nodes, setup.bounds(), &self.events) => extracted.map_err(|error| self.explain(error))?,
            () = self.canceller.cancelled() => return Err(RunError::Interrupted { is_kept: false, kept_pages: 0 }),
        };
        let run = (&self.plan.system, &*load_id.to_string());
        let letters = write_letters(&extracted.letters, run, rows_to.as_ref())?;
        drop(rows_to);
        letters
            .tables
            .into_values()
            .for_each(|table| extracted.schema.insert(table));
        self.warn_untyped(&extracted);
        let mut seal = self.seal(setup, &extracted, wanted, before, load_id);
        increments.conclude(
            (&self.plan, wanted),
            &mut extracted.resources,
            &extracted.progress,
            &mut seal.state_after,
            &self.events,
        );
        if leg.is_whole(&extracted.resources) {
            course.note(leg, &mut seal.state_after);
        }
        seal.destination = destination.name();
        let sink = Arc::into_inner(sink).ok_or(RunError::WorkerLost)?;
        let package = blocking(move || Ok(sink.seal(seal)?)).await?;
        setup.forget_jobs(&self.events);
        Ok((package, extracted))
    }

    /// A spent quota shows as a failed request; this says what it was.
    fn explain(&self, error: RunError) -> RunError {
        let causes = std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| {
            (*cause).source()
        });
        let is_quota = |cause: &(dyn Error + 'static)| {
            matches!(cause.downcast_ref(), Some(TransportError::Quota))
        };
        match self.options.max_requests {
            Some(max_requests) if causes.into_iter().any(is_quota) => RunError::RequestsSpent {
                max_requests,
                kept_pages: 0,
            },
            _ => error,
        }
    }

    fn warn_untyped(&self, extracted: &Extracted) {
        for (table, column) in &extracted.untyped {
            let message = format!(
                "column `{column}` of table `{table}` has had no value yet and is not created"
            );
            self.events.event(&Event::Warning { message });
        }
    }

    async fn stored_state(
        &self,
        setup: &Setup,
        destination: &Arc<dyn Destination>,
    ) -> Result<State, RunError> {
        let (pipeline, dataset) = (self.plan.name.clone(), setup.dataset().to_owned());
        let opened = Arc::clone(destination);
        let name = destination.name();
        blocking(move || {
            let open = |source| RunError::Open {
                destination: name.clone(),
                source: Box::new(source),
            };
            let mut loader = opened.open(&dataset).map_err(open)?;
            Ok(loader.state(&pipeline).map_err(open)?.unwrap_or_default())
        })
        .await
    }

    fn seal(
        &self,
        setup: &Setup,
        extracted: &Extracted,
        wanted: &Wanted,
        before: State,
        load_id: LoadId,
    ) -> Seal {
        let after = before.advance(load_id);
        let mut seal = Seal::new(
            self.plan.name.as_str(),
            extracted.schema.clone(),
            before,
            after,
        );
        setup.dataset().clone_into(&mut seal.dataset);
        seal.names = self.plan.system.clone();
        seal.replace = wanted.replaced().cloned().collect();
        seal
    }

    pub(crate) async fn load(
        &self,
        destination: &Arc<dyn Destination>,
        package: LoadPackage,
    ) -> Result<Loaded, RunError> {
        let destination = Arc::clone(destination);
        let (timer, events) = (Arc::clone(&self.timer), Arc::clone(&self.events));
        blocking(move || {
            let name = destination.name();
            let load_id = package.load_id();
            let refused = |source: LoadError| RunError::Load {
                destination: name.clone(),
                source: Box::new(source),
                is_kept: true,
            };
            let dataset = &package.manifest().dataset;
            let opened = destination
                .capabilities()
                .check(&name, package.schema())
                .and_then(|()| destination.open(dataset));
            let mut loader =
                opened.map_err(|source| refused(LoadError::Destination { load_id, source }))?;
            let mut written = |table: &TableName, rows| {
                events.event(&Event::Written {
                    table: table.clone(),
                    rows,
                });
            };
            load_package_watched(loader.as_mut(), &package, timer.as_ref(), &mut written)
                .map_err(refused)
        })
        .await
    }
}

/// Runs `work` on a thread of its own, for drivers and disks that block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RunError> + Send + 'static,
) -> Result<T, RunError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(RunError::WorkerLost))
}

impl PipelineBuilder {
    /// Where the rows go. Without one, only previews and checks are possible.
    pub fn destination(mut self, destination: Arc<dyn Destination>) -> Self {
        self.0.destination = Some(destination);
        self
    }

    /// Masks secrets in all texts; default: a new one, which learns the secrets of the file.
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.0.redactor = redactor;
        self
    }

    /// Hears what happens; default: nobody.
    pub fn events(mut self, events: Arc<dyn EventSink>) -> Self {
        self.0.events = events;
        self
    }

    /// Folder for locks and packages; default `.apiduct` in the working directory of the process.
    pub fn working_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.0.working_dir = folder.into();
        self
    }

    /// The network; default: the built-in HTTP transport.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.0.transport = Some(transport);
        self
    }

    /// Has all traffic written down; who made `recorder` finishes it. It must have the redactor of this pipeline, so that
    /// no secret is in it. Default: nothing is recorded.
    pub fn record(mut self, recorder: Recorder) -> Self {
        self.0.recorder = Some(recorder);
        self
    }

    /// Time and waits; default: those of the machine.
    pub fn timer(mut self, timer: Arc<dyn Timer>) -> Self {
        self.0.timer = timer;
        self
    }

    /// Seed of everything random, such as the tail of load ids; default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// What this run does differently from the file.
    pub fn options(mut self, options: RunOptions) -> Self {
        self.0.options = options;
        self
    }

    /// The pipeline.
    pub fn build(self) -> Pipeline {
        self.0
    }
}
