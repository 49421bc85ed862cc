//! What earlier runs sealed and did not load.

use std::sync::Arc;

use apiduct_load::{Destination, LoadError, LoadId, LoadPackage, PackageError};
use apiduct_model::{ResourceName, TableName, WriteDisposition};
use indexmap::IndexMap;

use crate::error::RunError;
use crate::event::Event;
use crate::pipeline::{Pipeline, blocking};
use crate::receipt::{Receipt, Status};

/// What an earlier run left and this one delivered.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    pub(crate) loads: Vec<LoadId>,
    tables: IndexMap<TableName, u64>,
    /// Resources whose rows were appended, so that fetching them again in this run would double them.
    pub(crate) delivered: Vec<ResourceName>,
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

    /// The receipt of a run that has done nothing else yet.
    pub(crate) fn receipt(&self) -> Receipt {
        let names: Vec<String> = self
            .delivered
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let reason = (!names.is_empty()).then(|| {
            format!(
                "what an earlier run had fetched of {} was loaded, and not fetched once more",
                names.join(", ")
            )
        });
        Receipt {
            status: Status::Complete,
            reason,
            load_id: None,
            recovered: self.loads.iter().map(ToString::to_string).collect(),
            resources: IndexMap::new(),
            tables: self.tables.clone(),
            seconds: 0.0,
        }
    }
}

impl Pipeline {
    /// Delivers what earlier runs have sealed for `destination`. Packages for another one keep waiting.
    pub(crate) async fn recover(
        &self,
        dataset: &str,
        destination: &Arc<dyn Destination>,
    ) -> Result<Recovered, RunError> {
        let mut recovered = Recovered::default();
        let packages = self.packages();
        for load_id in packages.pending()? {
            let package = match packages.open(load_id) {
                Ok(package) => package,
                Err(error @ PackageError::Damaged { .. }) => {
                    self.give_up_damaged(load_id, &error, dataset, destination, &mut recovered)
                        .await?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let meant_for = &package.manifest().destination;
            if !meant_for.is_empty() && *meant_for != destination.name() {
                let message =
                    format!("load `{load_id}` waits for `{meant_for}`; a run into it delivers it");
                self.events.event(&Event::Warning { message });
                continue;
            }
            self.deliver(package, destination, &mut recovered).await?;
        }
        Ok(recovered)
    }

    async fn deliver(
        &self,
        package: LoadPackage,
        destination: &Arc<dyn Destination>,
        recovered: &mut Recovered,
    ) -> Result<(), RunError> {
        let (load_id, rows) = (package.load_id(), package.manifest().rows());
        let mut noted = Recovered::default();
        noted.note(&package);
        let loaded = match self.load(destination, package).await {
            Ok(loaded) => loaded,
            Err(RunError::Load { source, .. })
                if matches!(*source, LoadError::StateConflict { .. }) =>
            {
                return self.set_aside(load_id, &source.to_string());
            }
            Err(error) => return Err(error),
        };
        self.events.event(&Event::Recovered {
            load_id: load_id.to_string(),
            rows,
        });
        for (table, rows) in loaded.tables {
            *recovered.tables.entry(table).or_default() += rows;
        }
        recovered.delivered.extend(noted.delivered);
        recovered.loads.push(load_id);
        Ok(())
    }

    /// Moves a package away that cannot be read. Whether its rows have arrived, the destination knows; if they have,
    /// nothing that is only appended may be fetched again.
    async fn give_up_damaged(
        &self,
        load_id: LoadId,
        error: &PackageError,
        dataset: &str,
        destination: &Arc<dyn Destination>,
        recovered: &mut Recovered,
    ) -> Result<(), RunError> {
        let (opened, dataset) = (Arc::clone(destination), dataset.to_owned());
        let is_loaded = blocking(move || {
            let name = opened.name();
            let open = |source| RunError::Open {
                destination: name.clone(),
                source: Box::new(source),
            };
            opened
                .open(&dataset)
                .and_then(|mut loader| loader.is_loaded(load_id))
                .map_err(open)
        })
        .await?;
        if is_loaded {
            let appended = self
                .plan
                .resources
                .iter()
                .filter(|one| one.write_disposition == WriteDisposition::Append);
            recovered
                .delivered
                .extend(appended.map(|one| one.name.clone()));
            recovered.loads.push(load_id);
            return Ok(());
        }
        self.set_aside(load_id, &error.to_string())
    }

    /// Moves a package away that will never load. Its rows are fetched again, since the state has not moved with it.
    fn set_aside(&self, load_id: LoadId, why: &str) -> Result<(), RunError> {
        let aside = self.packages().quarantine(load_id)?;
        let message = format!(
            "{why}; it is kept at `{}` and its rows are fetched again",
            aside.display()
        );
        self.events.event(&Event::Warning { message });
        Ok(())
    }
}
