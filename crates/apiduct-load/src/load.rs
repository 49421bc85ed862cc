use std::time::UNIX_EPOCH;

use apiduct_model::{Clock, TableName};
use indexmap::IndexMap;

use crate::{
    Commit, DestinationError, LoadError, LoadId, LoadPackage, Loader, PackageError, SchemaDelta,
    State,
};

/// What a load did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The load.
    pub load_id: LoadId,
    /// The package was there already and nothing was done.
    pub was_there: bool,
    /// Rows added to each table.
    pub tables: IndexMap<TableName, u64>,
    /// What changed in the schema.
    pub delta: SchemaDelta,
}

/// Brings `package` to the dataset that `loader` is connected to, in one transaction.
///
/// Loading a package that is there already changes nothing. After an error nothing of the package is there, and it
/// may be loaded again.
///
/// # Errors
///
/// [`LoadError::StateConflict`] when the pipeline's state at the destination is not the one that the package builds
/// on, [`LoadError::Package`] when the package is damaged, [`LoadError::Destination`] when the destination refuses.
pub fn load_package(
    loader: &mut dyn Loader,
    package: &LoadPackage,
    clock: &dyn Clock,
) -> Result<Loaded, LoadError> {
    load_package_watched(loader, package, clock, &mut |_, _| {})
}

/// The same as [`load_package`]; `written` hears of each table whose rows have been written, and of how many they are,
/// while they are not visible yet.
///
/// # Errors
///
/// Those of [`load_package`].
pub fn load_package_watched(
    loader: &mut dyn Loader,
    package: &LoadPackage,
    clock: &dyn Clock,
    written: &mut dyn FnMut(&TableName, u64),
) -> Result<Loaded, LoadError> {
    let load_id = package.load_id();
    let refused = |source| named(load_id, source);
    loader.begin().map_err(refused)?;
    let load = Load {
        loader,
        package,
        written,
    };
    let result = load.run(clock);
    let is_committed = result.as_ref().is_ok_and(|loaded| !loaded.was_there);
    if !is_committed && let Err(error) = loader.rollback() {
        tracing::warn!(%load_id, %error, "the transaction was not rolled back in good order");
    }
    result
}

/// The parts of one load.
struct Load<'a> {
    loader: &'a mut dyn Loader,
    package: &'a LoadPackage,
    written: &'a mut dyn FnMut(&TableName, u64),
}

impl Load<'_> {
    fn run(mut self, clock: &dyn Clock) -> Result<Loaded, LoadError> {
        let load_id = self.package.load_id();
        let refused = |source| named(load_id, source);
        if self.loader.is_loaded(load_id).map_err(refused)? {
            return Ok(Loaded {
                load_id,
                was_there: true,
                tables: IndexMap::new(),
                delta: SchemaDelta::default(),
            });
        }
        self.check_state()?;
        let manifest = self.package.manifest();
        let stored = self.loader.schema().map_err(refused)?;
        let has_rows = |table: &str| self.package.rows(table) > 0;
        let delta = SchemaDelta::between(&stored, &manifest.schema, &manifest.replace, has_rows);
        self.loader.migrate(&delta).map_err(refused)?;
        let tables = self.write_all(&delta)?;
        self.loader
            .commit(Commit {
                load_id,
                pipeline: &manifest.pipeline,
                schema: &delta.schema,
                state: &manifest.state_after,
                rows: tables.values().sum(),
                inserted_at: micros(clock),
            })
            .map_err(refused)?;
        tracing::info!(%load_id, tables = tables.len(), "loaded");
        Ok(Loaded {
            load_id,
            was_there: false,
            tables,
            delta,
        })
    }

    /// A load goes on from the state that its rows were fetched with. A new or emptied dataset takes any.
    fn check_state(&mut self) -> Result<(), LoadError> {
        let load_id = self.package.load_id();
        let pipeline = &self.package.manifest().pipeline;
        let stored = self.loader.state(pipeline);
        let before = self.package.state_before();
        match stored.map_err(|source| named(load_id, source))? {
            Some(stored) if !stored.is_same_point(before) => Err(LoadError::StateConflict {
                load_id,
                pipeline: pipeline.clone(),
                expected: before.version,
                found: State::clone(&stored).version,
            }),
            _ => Ok(()),
        }
    }

    fn write_all(&mut self, delta: &SchemaDelta) -> Result<IndexMap<TableName, u64>, LoadError> {
        let load_id = self.package.load_id();
        let mut written = IndexMap::new();
        for table in &self.package.manifest().tables {
            let Some(target) = delta.schema.table(&table.name) else {
                continue;
            };
            let batches = self
                .package
                .batches(target)
                .map_err(|source| LoadError::Package { load_id, source })?;
            let rows = self
                .loader
                .write(target, batches)
                .map_err(|source| named(load_id, source))?;
            if rows != table.rows {
                return Err(LoadError::RowCount {
                    load_id,
                    table: table.name.clone(),
                    expected: table.rows,
                    written: rows,
                });
            }
            (self.written)(&table.name, rows);
            written.insert(table.name.clone(), rows);
        }
        Ok(written)
    }
}

/// A package that cannot be read is not the destination's fault, although it was reading it.
fn named(load_id: LoadId, source: DestinationError) -> LoadError {
    match source {
        DestinationError::Package { source, .. } if is_fault_of_package(&source) => {
            LoadError::Package { load_id, source }
        }
        source => LoadError::Destination { load_id, source },
    }
}

fn is_fault_of_package(error: &PackageError) -> bool {
    !matches!(error, PackageError::Io { .. })
}

fn micros(clock: &dyn Clock) -> i64 {
    let since = clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
