//! What is meant: resources in order, requests ready to be filled in, selectors and paginators compiled.
//!
//! Planning is pure: it opens no socket, reads no secret and asks no clock. What it builds is a function of the
//! [`Spec`] alone, and everything that can be wrong without the API's help is found here.

mod body;
mod build;
mod columns;
mod describe;
mod graph;
mod hints;
mod incremental;
mod lint;
mod merge;
mod path;
mod request;
mod rules;
mod steps;
mod tolerance;
mod tree;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use apiduct_client::format::BodyFormat;
use apiduct_client::job::Job;
use apiduct_client::paginate::Paginator;
use apiduct_client::retry::ResponseTest;
use apiduct_client::rules::{Expect, ResponseRule};
use apiduct_client::{Network, OnForeignOrigin};
use apiduct_json::Selector;
use apiduct_model::{
    DataType, Place, ResourceName, SnakeCase, SystemNames, TableName, WriteDisposition,
};

use serde::Serialize;

pub use describe::{Decision, PlanDescription, ResourceDescription};
pub use hints::{NestedPlan, TablePart, TableTemplate};
pub use incremental::{
    CursorFrom, Extreme, IncrementalDescription, IncrementalPlan, IncrementalScope, MissingCursor,
    RowOrder,
};
pub use merge::MergePlan;
pub use request::{BodyPlan, HeaderPlan, ParamPlan, RequestPlan};
pub use steps::StepPlan;
pub use tolerance::Tolerance;
pub use tree::{BatchPlan, ForEachPlan, JoinField};

use crate::error::{ConfigErrors, Problems};
use crate::locate::Format;
use crate::registry::Registry;
use crate::resolve::{Runtime, SecretSource};
use crate::spec::{
    AuthSpec, ClientCertificateSpec, DestinationSpec, EffectiveFile, Entity, Located, SeedSpec,
    Spec, Written, WrittenFile,
};
use crate::template::{Tap, Template};

/// What a configuration means, checked as far as that is possible without the API.
///
/// ```
/// use apiduct_config::{Format, Plan};
///
/// let text = r#"
/// client: {base_url: "https://api.example.com"}
/// resources:
///   - {name: comments, endpoint: "issues/{resources.issues.number}/comments"}
///   - issues
/// "#;
/// let plan = Plan::parse(text, Format::Yaml, "tracker.yaml")?;
/// let order: Vec<&str> = plan.resources.iter().map(|one| one.name.as_str()).collect();
/// assert_eq!(order, ["issues", "comments"]);
/// assert_eq!(plan.resources[1].parent, Some(0));
/// assert_eq!(&*plan.resources[0].taps_for_children[0].field, "number");
/// # Ok::<(), apiduct_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone)]
pub struct Plan {
    /// Names the pipeline and its state.
    pub name: String,
    /// The API.
    pub client: ClientPlan,
    /// The resources: parents before their children, else in the order of the file.
    pub resources: Vec<ResourcePlan>,
    /// Where the rows go.
    pub destination: Located<DestinationSpec>,
    /// The schema at the destination.
    pub dataset: Located<Template>,
    /// Limits, timeouts and retries.
    pub runtime: Runtime,
    /// Names of system columns and tables.
    pub system: SystemNames,
    /// What works and is likely not wanted.
    pub warnings: Vec<Warning>,
    pub(crate) file: Arc<str>,
    /// The file itself.
    pub(crate) written: WrittenFile,
    /// What the program has of its own.
    pub(crate) registry: Registry,
}

/// The API as a whole.
#[derive(Debug, Clone)]
pub struct ClientPlan {
    /// The URL in front of every path.
    pub base_url: Located<Template>,
    /// Authentication of requests that have none of their own.
    pub auth: Option<Located<AuthSpec>>,
    /// Hosts beside that of `base_url` that may see credentials.
    pub allowed_hosts: Vec<String>,
    /// What to do with a link to any other host.
    pub on_foreign_origin: OnForeignOrigin,
    /// Which addresses links of the server may lead to.
    pub network: Network,
    /// Headers of every request; they are part of each [`RequestPlan`] too.
    pub headers: Vec<HeaderPlan>,
    /// The certificate for servers that ask for one.
    pub client_certificate: Option<ClientCertificateSpec>,
}

/// One resource, with its defaults filled in.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of the file, and none depends on another"
)]
pub struct ResourcePlan {
    /// Its name.
    pub name: ResourceName,
    /// The table that gets its rows, normalized.
    pub table: TableName,
    /// The tables that get its rows, where the records name them; [`ResourcePlan::table`] is then that of the resource.
    pub tables: Option<TableTemplate>,
    /// The resource whose rows it needs, as an index into [`Plan::resources`]; the first of [`ResourcePlan::parents`].
    pub parent: Option<usize>,
    /// The resources whose rows it needs, in the order of `for_each`, as indexes into [`Plan::resources`].
    pub parents: Vec<usize>,
    /// How it goes over the rows of its parents.
    pub for_each: ForEachPlan,
    /// Its rows, if it sends no requests.
    pub seed: Option<Located<SeedSpec>>,
    /// The resources that need its rows, as indexes into [`Plan::resources`].
    pub children: Vec<usize>,
    /// What its children need of its rows: what the normalizer has to copy.
    pub taps_for_children: Arc<[Tap]>,
    /// What it sees of its parents' rows: their taps, parent by parent.
    pub parent_taps: Arc<[Tap]>,
    /// Which of [`ResourcePlan::parent_taps`] its requests are made of; the others only become columns.
    pub request_taps: Vec<usize>,
    /// Taps for children that ask for a column from its own parent, with that column's index.
    pub tapped_columns: Vec<(usize, usize)>,
    /// What each of its rows gets from the parent's row.
    pub from_parent: Vec<ParentColumn>,
    /// Whether these take the place of fields of the row with the same name.
    pub overwrite_from_parent: bool,
    /// The request.
    pub request: RequestPlan,
    /// Where its records are in a page.
    pub selector: SelectorPlan,
    /// Whether a page without the selected data counts as empty.
    pub allow_missing: bool,
    /// Whether pages may repeat the rows of earlier pages.
    pub allow_repeats: bool,
    /// Whether pages are fetched side by side where their number is known.
    pub parallel: bool,
    /// How many rows of the parent may fail; `None` where the first ends the run.
    pub tolerance: Option<Tolerance>,
    /// Requests under way at a time, over all its parents; `None` where only `runtime.concurrency` bounds them.
    pub concurrency: Option<usize>,
    /// What an answer looks like that is asked for again.
    pub retry_if: Vec<ResponseTest>,
    /// What is done with certain answers; the first rule that is for an answer decides.
    pub response_rules: Vec<ResponseRule>,
    /// What every good answer has to look like.
    pub expect: Option<Expect>,
    /// What answers are.
    pub response_format: BodyFormat,
    /// How the report is waited for that the request asks for.
    pub job: Option<Job>,
    /// How to get from page to page.
    pub paginator: PaginatorPlan,
    /// How to load only what is new.
    pub incremental: Option<Arc<IncrementalPlan>>,
    /// Stop after so many pages.
    pub max_pages: Option<u64>,
    /// Stop after so many records, for each row of the parent if there is one.
    pub max_records: Option<u64>,
    /// Its authentication.
    pub auth: AuthPlan,
    /// What happens with the rows that are already in the table.
    pub write_disposition: WriteDisposition,
    /// Fields that identify a row, as the API names them.
    pub primary_key: Vec<String>,
    /// How its rows take the place of earlier ones.
    pub merge: MergePlan,
    /// What is known about columns beforehand.
    pub columns: Vec<ColumnHint>,
    /// How many levels of lists and objects become tables and columns; `None` for all.
    pub max_table_nesting: Option<usize>,
    /// What is known about nested tables beforehand.
    pub nested: Vec<NestedPlan>,
    /// What the file says about tables and columns that changes nothing at the destinations of this version.
    pub hints: Vec<String>,
    /// Steps on each record, in order, before it becomes a row.
    pub steps: Vec<StepPlan>,
    /// Whether rows are loaded; the rows of others only feed children.
    pub selected: bool,
    /// Whether the answer is one record or a list.
    pub entity: Entity,
    /// Where it stands in the file.
    pub place: Place,
}

/// The resources above `at`, however far, each once.
pub(crate) fn above(resources: &[ResourcePlan], at: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut left = resources[at].parents.clone();
    while let Some(at) = left.pop() {
        if found.insert(at) {
            left.extend(&resources[at].parents);
        }
    }
    found
}

impl ResourcePlan {
    /// Whether its rows reach the destination.
    pub fn is_loaded(&self) -> bool {
        self.selected && self.write_disposition != WriteDisposition::Skip
    }
}

/// A field of the parent that becomes a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentColumn {
    /// The field in the parent's row.
    pub tap: Tap,
    /// The key that the row gets: `_<parent>_<field>`, or what the file calls it.
    pub key: String,
}

/// What is known about a column beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnHint {
    /// The field as the API names it.
    pub name: String,
    /// The type of its values.
    pub data_type: Option<DataType>,
    /// Whether a row may lack a value.
    pub nullable: bool,
    /// Whether it is part of the key.
    pub primary_key: bool,
}

/// Where the records are in a page, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectorPlan {
    /// The file says it.
    Declared(Selector),
    /// The whole body is one record.
    SingleEntity,
    /// To be detected from the first page.
    Detect,
}

impl SelectorPlan {
    /// The selector, unless it is to be detected.
    pub fn selector(&self) -> Option<Selector> {
        match self {
            Self::Declared(selector) => Some(selector.clone()),
            Self::SingleEntity => Some(Selector::root()),
            Self::Detect => None,
        }
    }
}

/// How to get from page to page, and who says so.
#[derive(Debug, Clone)]
pub struct PaginatorPlan {
    /// What runs; `None` if it is to be detected.
    pub paginator: Option<Arc<dyn Paginator>>,
    /// Who says so.
    pub origin: Origin,
}

/// Which part of the file a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The resource itself.
    Resource,
    /// `resource_defaults`.
    Defaults,
    /// `client`.
    Client,
    /// The path asks for one record.
    SingleEntity,
    /// A report is one page.
    Report,
    /// Nothing in the file says it.
    Nowhere,
}

/// The authentication of a resource.
#[derive(Debug, Clone)]
pub enum AuthPlan {
    /// That of the client.
    Client,
    /// Its own.
    Own(Located<AuthSpec>),
    /// None: the file says `null`.
    Off,
}

/// Something that works and is likely not wanted. As JSON: `code`, `message`, `hint`, `key`, `file`, `line`, `column`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Its name, such as `merge-without-key`.
    pub code: &'static str,
    /// What it is about, one sentence, lowercase.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// The key.
    #[serde(rename = "key")]
    pub path: String,
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.path, self.message)
    }
}

impl Plan {
    /// Plans what `spec` says.
    ///
    /// # Errors
    /// Every mistake in how the parts of the file go together.
    pub fn build(spec: &Spec) -> Result<Self, ConfigErrors> {
        Self::build_with(spec, &Registry::new())
    }

    /// As [`Plan::build`], with what the program has of its own.
    ///
    /// # Errors
    /// As [`Plan::build`], and every name that `registry` does not know.
    pub fn build_with(spec: &Spec, registry: &Registry) -> Result<Self, ConfigErrors> {
        let mut problems = Problems::new(spec.file.clone());
        let plan = build::plan(spec, registry, &mut problems);
        problems.into_result(Some(plan))
    }

    /// Reads and plans `text`; `file` is its name for messages.
    ///
    /// # Errors
    /// Every mistake of the file: those of [`Spec::parse`] and those of [`Plan::build`] together.
    pub fn parse(text: &str, format: Format, file: &str) -> Result<Self, ConfigErrors> {
        Self::parse_with(text, format, file, &Registry::new())
    }

    /// As [`Plan::parse`], with what the program has of its own.
    ///
    /// # Errors
    /// As [`Plan::parse`], and every name that `registry` does not know.
    pub fn parse_with(
        text: &str,
        format: Format,
        file: &str,
        registry: &Registry,
    ) -> Result<Self, ConfigErrors> {
        let mut problems = Problems::new(Arc::from(file));
        let spec = Spec::read(text, format, &mut problems);
        Self::finish(spec, registry, problems)
    }

    /// Reads and plans the file at `path`.
    ///
    /// # Errors
    /// As [`Plan::parse`], and when the file cannot be read or has an unknown extension.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigErrors> {
        Self::from_file_with(path, &Registry::new())
    }

    /// As [`Plan::from_file`], with what the program has of its own.
    ///
    /// # Errors
    /// As [`Plan::from_file`], and every name that `registry` does not know.
    pub fn from_file_with(
        path: impl AsRef<Path>,
        registry: &Registry,
    ) -> Result<Self, ConfigErrors> {
        let mut problems = Problems::new(path.as_ref().to_string_lossy().into());
        let spec = Spec::read_file(path.as_ref(), &mut problems);
        Self::finish(spec, registry, problems)
    }

    fn finish(
        spec: Option<Spec>,
        registry: &Registry,
        mut problems: Problems,
    ) -> Result<Self, ConfigErrors> {
        let plan = spec.map(|spec| build::plan(&spec, registry, &mut problems));
        problems.into_result(plan)
    }

    /// The resources above the one at index `at`, however far, each once.
    ///
    /// # Panics
    /// When there is no such index.
    pub fn above(&self, at: usize) -> BTreeSet<usize> {
        above(&self.resources, at)
    }

    /// The resource called `name`.
    pub fn resource(&self, name: &str) -> Option<&ResourcePlan> {
        self.resources.iter().find(|one| one.name == *name)
    }

    /// The name of the file for messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What is worth a look when the file is written, beside [`Plan::warnings`]: what a run would guess, and incremental
    /// loads that the API does not filter.
    pub fn advice(&self) -> Vec<Warning> {
        lint::advice(self)
    }

    /// The whole file as it counts: defaults merged into resources, settings that `source` has outside the file, what is
    /// left out filled in, each value with its origin, credentials masked. Secrets are not read.
    ///
    /// # Errors
    /// A setting outside the file that cannot be read as what it is.
    pub fn effective(&self, source: &dyn SecretSource) -> Result<EffectiveFile, ConfigErrors> {
        self.runtime.clone().overlay(source)?;
        let implied_of = |name: &str, key: &str| {
            self.resource(name)
                .and_then(|one| describe::implied(one, key))
        };
        let spec = (&self.written, self.file.as_ref(), self.name.as_str());
        Ok(EffectiveFile::new(spec, &implied_of, source))
    }

    /// What a run would do, for people and machines: placeholders instead of values, credentials masked.
    pub fn describe(&self) -> PlanDescription {
        describe::plan(self)
    }
}

/// The normalized name of the table for `written`, or else for the resource `name`.
fn table_name(written: &Written<String>, name: &str) -> TableName {
    let own = hints::table_name(written);
    SnakeCase::path(own.as_deref().unwrap_or(name)).into()
}

#[cfg(test)]
mod tests;
