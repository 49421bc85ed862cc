use std::path::PathBuf;
use std::sync::Arc;

use apiduct_client::transport::Transport;
use apiduct_client::{Timer, TokioTimer};
use apiduct_config::Plan;
use apiduct_config::resolve::SecretSource;
use apiduct_load::{
    Destination, LoadError, LoadId, LoadIds, LoadPackage, Loaded, PackageError, Packages,
    PipelineLock, Seal, State, load_package,
};
use apiduct_model::{Redactor, ResourceName, TableName, WriteDisposition};
use indexmap::IndexMap;

use crate::cancel::Canceller;
use crate::error::RunError;
use crate::event::{Event, EventSink, NoEvents};
use crate::extract::{Extracted, extract};
use crate::options::RunOptions;
use crate::receipt::{Receipt, Status};
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
    fn folder(&self) -> PathBuf {
        self.working_dir.join(&self.plan.name)
    }

    fn packages(&self) -> Packages {
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
        let canceller = self.canceller.clone();
        tokio::select! {
            outcome = self.run_to_end() => outcome,
            () = canceller.cancelled() => {
                let is_kept = self.pending().is_ok_and(|pending| !pending.is_empty());
                Err(RunError::Interrupted { is_kept })
            }
        }
    }

    async fn run_to_end(&self) -> Result<Receipt, RunError> {
        let started = self.timer.monotonic();
        let setup = Setup::new(self)?;
        let wanted = Wanted::new(&self.plan, &self.options)?;
        let destination = self.destination.clone().ok_or(RunError::NoDestination)?;
        let _lock = PipelineLock::acquire(&self.folder().join("lock"), self.timer.as_ref())?;
        let recovered = self.recover(&destination).await?;
        let mut receipt = Receipt {
            status: Status::Complete,
            reason: None,
            load_id: None,
            recovered: recovered.loads.iter().map(ToString::to_string).collect(),
            resources: IndexMap::new(),
            tables: recovered.tables.clone(),
            seconds: 0.0,
        };
        let wanted = wanted.without(&recovered.delivered);
        if !wanted.is_empty() {
            self.fetch_and_load(&setup, &wanted, &destination, &mut receipt)
                .await?;
        }
        for load_id in recovered.loads {
            self.packages().remove(load_id)?;
        }
        receipt.seconds = self.timer.monotonic().saturating_sub(started).as_secs_f64();
        Ok(receipt)
    }

    async fn fetch_and_load(
        &self,
        setup: &Setup,
        wanted: &Wanted,
        destination: &Arc<dyn Destination>,
        receipt: &mut Receipt,
    ) -> Result<(), RunError> {
        let before = self.stored_state(setup, destination).await?;
        let load_id = LoadIds::new(self.seed)
            .after(before.load_id)
            .next(self.timer.as_ref());
        let resources: Vec<ResourceName> = wanted.loaded().cloned().collect();
        self.events.event(&Event::Started {
            load_id: load_id.to_string(),
            resources,
        });
        let sink = Arc::new(PackageSink::new(self.packages().create(load_id)?));
        let rows_to: Arc<dyn BatchSink> = Arc::clone(&sink) as _;
        let nodes = setup.nodes(wanted, &load_id.to_string(), &rows_to, None);
        drop(rows_to);
        let extracted = extract(nodes, setup.bounds(), &self.events)
            .await
            .map_err(|error| self.explain(setup, error))?;
        self.warn_untyped(&extracted);
        let package = self
            .seal(setup, sink, &extracted, wanted, before, load_id)
            .await?;
        let rows = package.manifest().rows();
        self.events.event(&Event::Sealed { rows });
        let sealed = self.timer.monotonic();
        let loaded = self.load(destination, package).await?;
        self.events.event(&Event::Committed {
            duration: self.timer.monotonic().saturating_sub(sealed),
        });
        for (table, rows) in loaded.tables {
            *receipt.tables.entry(table).or_default() += rows;
        }
        receipt.load_id = Some(load_id.to_string());
        receipt.take_resources(extracted.resources);
        self.packages().remove(load_id)?;
        Ok(())
    }

    /// A spent quota shows as a failed request; this says what it was.
    fn explain(&self, setup: &Setup, error: RunError) -> RunError {
        match (self.options.max_requests, setup.is_spent()) {
            (Some(max_requests), true) => RunError::RequestsSpent { max_requests },
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

    async fn seal(
        &self,
        setup: &Setup,
        sink: Arc<PackageSink>,
        extracted: &Extracted,
        wanted: &Wanted,
        before: State,
        load_id: LoadId,
    ) -> Result<LoadPackage, RunError> {
        let sink = Arc::into_inner(sink).ok_or(RunError::WorkerLost)?;
        let after = before.advance(load_id);
        let mut seal = Seal::new(
            self.plan.name.as_str(),
            extracted.schema.clone(),
            before,
            after,
        );
        seal.dataset = setup.dataset().to_owned();
        seal.names = self.plan.system.clone();
        seal.replace = wanted.replaced().cloned().collect();
        blocking(move || Ok(sink.seal(seal)?)).await
    }

    /// Delivers what earlier runs have sealed.
    async fn recover(&self, destination: &Arc<dyn Destination>) -> Result<Recovered, RunError> {
        let mut recovered = Recovered::default();
        let packages = self.packages();
        for load_id in packages.pending()? {
            let package = match packages.open(load_id) {
                Ok(package) => package,
                Err(error @ PackageError::Damaged { .. }) => {
                    self.set_aside(&packages, load_id, &error)?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let rows = package.manifest().rows();
            recovered.note(&package);
            let loaded = self.load(destination, package).await?;
            self.events.event(&Event::Recovered {
                load_id: load_id.to_string(),
                rows,
            });
            for (table, rows) in loaded.tables {
                *recovered.tables.entry(table).or_default() += rows;
            }
            recovered.loads.push(load_id);
        }
        Ok(recovered)
    }

    /// Moves a package away that cannot be read. Its rows are fetched again, since the state never moved.
    fn set_aside(
        &self,
        packages: &Packages,
        load_id: LoadId,
        error: &PackageError,
    ) -> Result<(), RunError> {
        let aside = packages.quarantine(load_id)?;
        let message = format!(
            "{error}; it is kept at `{}` and its rows are fetched again",
            aside.display()
        );
        self.events.event(&Event::Warning { message });
        Ok(())
    }

    async fn load(
        &self,
        destination: &Arc<dyn Destination>,
        package: LoadPackage,
    ) -> Result<Loaded, RunError> {
        let destination = Arc::clone(destination);
        let timer = Arc::clone(&self.timer);
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
            load_package(loader.as_mut(), &package, timer.as_ref()).map_err(refused)
        })
        .await
    }
}

/// What an earlier run left and this one delivered.
#[derive(Debug, Default)]
struct Recovered {
    loads: Vec<LoadId>,
    tables: IndexMap<TableName, u64>,
    /// Resources whose rows were appended, so that fetching them again in this run would double them.
    delivered: Vec<ResourceName>,
}

impl Recovered {
    fn note(&mut self, package: &LoadPackage) {
        let manifest = package.manifest();
        let is_appended = |resource: &ResourceName| !manifest.replace.contains(resource);
        let roots = manifest
            .schema
            .tables
            .values()
            .filter(|table| table.parent.is_none());
        let appended = roots
            .filter(|table| {
                table.write_disposition == WriteDisposition::Append && is_appended(&table.resource)
            })
            .map(|table| table.resource.clone());
        self.delivered.extend(appended);
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
