use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::failure::{Context, Failure, Result};
use crate::tool;

/// The packages of the lock file that this platform builds, and who needs whom.
#[derive(Debug)]
pub(crate) struct Metadata {
    /// All packages, ours included, by their identifier.
    pub(crate) packages: BTreeMap<String, Package>,
}

/// One package.
#[derive(Debug, Default)]
pub(crate) struct Package {
    /// Its name, which need not be unique.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Its license as an SPDX expression.
    pub(crate) license: Option<String>,
    /// Where it comes from; nowhere for a folder of this workspace.
    pub(crate) source: Option<String>,
    /// The features that it declares.
    pub(crate) declared_features: Vec<String>,
    /// The features that are on in this workspace.
    pub(crate) features: BTreeSet<String>,
    /// The identifiers of what it needs, and as what.
    pub(crate) needs: Vec<(String, Use)>,
}

/// What a dependency is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    /// Linked into what ships.
    Run,
    /// Needed by a build script.
    Build,
    /// Needed by tests, benchmarks and examples.
    Test,
}

impl Package {
    /// Whether it is a crate of this workspace.
    pub(crate) fn is_ours(&self) -> bool {
        self.source.is_none()
    }

    /// The numbers of the version, for comparison.
    pub(crate) fn numbers(&self) -> [u64; 3] {
        let mut numbers = [0; 3];
        let release = self.version.split(['-', '+']).next().unwrap_or_default();
        for (number, part) in numbers.iter_mut().zip(release.split('.')) {
            *number = part.parse().unwrap_or(0);
        }
        numbers
    }
}

impl Metadata {
    /// Asks cargo.
    ///
    /// # Errors
    ///
    /// When cargo fails, or prints something else than the metadata of version 1.
    pub(crate) fn read(command: &mut Command) -> Result<Self> {
        Self::parse(&tool::output(command)?)
    }

    /// Reads what `cargo metadata` prints.
    ///
    /// # Errors
    ///
    /// When it is not that.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let metadata: Value =
            serde_json::from_str(text).context(|| "cannot read cargo's metadata".to_owned())?;
        let nodes = list(&metadata["resolve"]["nodes"])?;
        let mut packages = BTreeMap::new();
        for node in nodes {
            let package = Package {
                features: list(&node["features"])?.iter().map(text_of).collect(),
                needs: list(&node["deps"])?.iter().flat_map(uses).collect(),
                ..Package::default()
            };
            packages.insert(text_of(&node["id"]), package);
        }
        for described in list(&metadata["packages"])? {
            if let Some(package) = packages.get_mut(&text_of(&described["id"])) {
                package.name = text_of(&described["name"]);
                package.version = text_of(&described["version"]);
                package.license = described["license"].as_str().map(str::to_owned);
                package.source = described["source"].as_str().map(str::to_owned);
                package.declared_features = described["features"]
                    .as_object()
                    .map(|features| features.keys().cloned().collect())
                    .unwrap_or_default();
            }
        }
        Ok(Self { packages })
    }

    /// Our own crates.
    pub(crate) fn ours(&self) -> impl Iterator<Item = (&String, &Package)> {
        self.packages
            .iter()
            .filter(|(_, package)| package.is_ours())
    }

    /// The names of what a package needs itself, for a use.
    pub(crate) fn direct(&self, package: &Package, wanted: Use) -> BTreeSet<&str> {
        package
            .needs
            .iter()
            .filter(|(_, found)| *found == wanted)
            .filter_map(|(id, _)| self.packages.get(id))
            .map(|needed| needed.name.as_str())
            .collect()
    }
}

fn uses(dependency: &Value) -> Vec<(String, Use)> {
    let id = text_of(&dependency["pkg"]);
    let kinds = dependency["dep_kinds"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let kinds: BTreeSet<Use> = kinds
        .iter()
        .map(|kind| match kind["kind"].as_str() {
            None => Use::Run,
            Some("build") => Use::Build,
            Some(_) => Use::Test,
        })
        .collect();
    kinds.into_iter().map(|kind| (id.clone(), kind)).collect()
}

fn list(value: &Value) -> Result<&[Value]> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| Failure::new("cargo's metadata has another shape than version 1"))
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
