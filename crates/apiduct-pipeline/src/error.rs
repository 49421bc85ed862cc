use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use apiduct_client::{KeepError, RetryStop};
use apiduct_config::ConfigErrors;
use apiduct_config::template::fields_hint;
use apiduct_load::{DestinationError, LoadError, LockError, PackageError};
use apiduct_model::cursor::CursorError;
use apiduct_model::{Hint, Place, ResourceName, TableName};
use apiduct_normalize::NormalizeError;

use crate::journal::JournalError;

/// Why a run did not come to its end. Nothing of the run is visible at the destination, unless the variant says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The file is wrong, or a secret is missing.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// A resource of this name is not in the file.
    #[error("there is no resource `{name}`")]
    UnknownResource {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<ResourceName>,
    },
    /// The API could not be read.
    #[error("cannot fetch {place} of resource `{resource}`")]
    Source {
        /// The resource.
        resource: ResourceName,
        /// Which part of it: `page 3`, `page 1 for id=7`.
        place: String,
        /// What went wrong.
        #[source]
        source: Box<apiduct_client::Error>,
    },
    /// A request could not be built from the values of a parent's record.
    #[error("cannot build the request of resource `{resource}`")]
    Request {
        /// The resource.
        resource: ResourceName,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Records could not become rows.
    #[error("cannot turn {place} of resource `{resource}` into rows")]
    Data {
        /// The resource.
        resource: ResourceName,
        /// Which part of it: `page 3`, `the parent's fields`.
        place: String,
        /// What went wrong.
        #[source]
        source: Box<NormalizeError>,
    },
    /// The bounds of an incremental load cannot be found from what is stored and what the file says.
    #[error("cannot tell where resource `{resource}` starts")]
    Cursor {
        /// The resource.
        resource: ResourceName,
        /// What went wrong.
        #[source]
        source: Box<CursorError>,
    },
    /// What the state remembers of an incremental load cannot be read.
    #[error("cannot read what was stored for the incremental load of resource `{resource}`")]
    StoredCursor {
        /// The resource.
        resource: ResourceName,
        /// What went wrong.
        #[source]
        source: Box<serde_json::Error>,
    },
    /// A part of an incremental resource and what lies below it was selected, and its rows are not merged.
    #[error("resource `{resource}` loads what is new, and {} would not get the rows that belong to it", list(.missing))]
    SplitTree {
        /// The incremental resource.
        resource: ResourceName,
        /// What of it and below it was selected.
        loaded: Vec<ResourceName>,
        /// What of it and below it was not.
        missing: Vec<ResourceName>,
    },
    /// A backfill was asked for, and no resource of the run loads incrementally.
    #[error("no resource of this run loads incrementally, so there is nothing to backfill")]
    NothingToBackfill,
    /// A backfill would drop the rows outside of its interval.
    #[error("a backfill of resource `{resource}` would replace all its rows")]
    BackfillReplaces {
        /// The resource.
        resource: ResourceName,
    },
    /// Two resources fill one table.
    #[error("resources `{first}` and `{second}` both fill table `{table}`")]
    TableClash {
        /// The table.
        table: TableName,
        /// The resource that was first.
        first: ResourceName,
        /// The other one.
        second: ResourceName,
    },
    /// A record of the parent lacks a field that the child takes from it.
    #[error(
        "resource `{resource}` needs field `{field}` of its parent's record, and it is not there"
    )]
    ParentField {
        /// The child.
        resource: ResourceName,
        /// The field.
        field: String,
        /// The fields that are there.
        present: Vec<String>,
    },
    /// More rows of the parent failed than `on_error` bears.
    #[error(
        "{failed} of {all} rows of the parent of resource `{resource}` failed, which is too many"
    )]
    TooManyFailed {
        /// The child.
        resource: ResourceName,
        /// How many failed.
        failed: u64,
        /// How many there were.
        all: u64,
        /// The first failure.
        #[source]
        source: Box<RunError>,
    },
    /// One of several parents, whose rows go side by side, has fewer than another.
    #[error(
        "resource `{resource}` takes the rows of its parents side by side, and `{longer}` has more than the {rows} of `{shorter}`"
    )]
    UnevenParents {
        /// The child.
        resource: ResourceName,
        /// The parent that ended first.
        shorter: ResourceName,
        /// One that has rows left.
        longer: ResourceName,
        /// Rows of the shorter one.
        rows: u64,
    },
    /// The rows of one parent that wait for those of another take too much memory.
    #[error(
        "the rows of `{parent}` that wait to be combined for resource `{resource}` take more than {bytes} bytes"
    )]
    TooManyWaiting {
        /// The child.
        resource: ResourceName,
        /// The parent.
        parent: ResourceName,
        /// What they may take.
        bytes: usize,
    },
    /// The rows of a resource that sends no requests could not be queried.
    #[error("{place}: cannot query the rows of resource `{resource}`")]
    Seed {
        /// The resource.
        resource: ResourceName,
        /// Where it stands in the file.
        place: Place,
        /// What the destination said.
        #[source]
        source: Box<DestinationError>,
    },
    /// The package on disk could not be written or read.
    #[error("cannot keep the load package")]
    Package(#[from] PackageError),
    /// Another run of the pipeline is at work.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The destination refused. What was fetched is kept on disk, and the next run delivers it.
    #[error("cannot load into `{destination}`")]
    Load {
        /// The destination.
        destination: String,
        /// What went wrong.
        #[source]
        source: Box<LoadError>,
        /// Whether a package waits for the next run.
        is_kept: bool,
    },
    /// The destination could not be opened; nothing was fetched.
    #[error("cannot open destination `{destination}`")]
    Open {
        /// The destination.
        destination: String,
        /// What went wrong.
        #[source]
        source: Box<DestinationError>,
    },
    /// The allowed number of requests is spent.
    #[error("the {max_requests} requests that were allowed are spent")]
    RequestsSpent {
        /// How many were allowed.
        max_requests: u64,
        /// Pages that are kept for the next run.
        kept_pages: u64,
    },
    /// The server asks for a longer wait than allowed.
    #[error(
        "cannot fetch {place} of resource `{resource}` yet: the server asks for a wait of {asked:?}, above `max_wait` ({max_wait:?})"
    )]
    WaitTooLong {
        /// The resource.
        resource: ResourceName,
        /// Which part of it: `page 3`, `page 1 for id=7`.
        place: String,
        /// What the server asked for.
        asked: Duration,
        /// What is allowed.
        max_wait: Duration,
        /// Pages that are kept for the next run.
        kept_pages: u64,
        /// What was asked for, and what came back.
        #[source]
        source: Box<apiduct_client::Error>,
    },
    /// The run was interrupted.
    #[error("interrupted")]
    Interrupted {
        /// Whether a package waits for the next run.
        is_kept: bool,
        /// Pages that are kept for the next run.
        kept_pages: u64,
    },
    /// Pages could not be kept, or those that an earlier run kept not be read.
    #[error("pages cannot be kept on disk")]
    Journal {
        /// What went wrong.
        source: KeepError,
    },
    /// The system gives no more threads.
    #[error("cannot start a thread")]
    Thread {
        /// What the system says.
        source: io::Error,
    },
    /// A worker thread ended without a word: a defect of this program.
    #[error("a worker ended without a result")]
    WorkerLost,
    /// No destination was given to the pipeline.
    #[error("the pipeline has no destination")]
    NoDestination,
    /// No transport was given to the pipeline, and none is built in.
    #[error("the pipeline has no transport")]
    NoTransport,
    /// The HTTP transport could not be set up.
    #[error("the HTTP transport cannot be set up")]
    Transport {
        /// What went wrong.
        source: Box<apiduct_client::TransportError>,
    },
    /// The file of additional certificate authorities cannot be read.
    #[error("cannot read `ca_bundle` `{}`", path.display())]
    CaBundle {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The settings of the HTTP client are wrong.
    #[error("the HTTP client cannot be set up")]
    Client {
        /// What went wrong.
        #[source]
        source: Box<apiduct_client::Error>,
    },
}

impl From<JournalError> for RunError {
    fn from(error: JournalError) -> Self {
        Self::Journal {
            source: Arc::new(error),
        }
    }
}

/// What to do when the state is of no use.
const START_OVER: &str = "`--full-refresh` forgets what is stored and starts over";

/// Who has to act on an error; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The user's file, options or secrets.
    Config,
    /// The API or the way to it.
    Source,
    /// The data, or its contract.
    Data,
    /// The destination or the disk.
    Destination,
    /// Nobody: a rerun goes on.
    Incomplete,
    /// The user, who asked for it.
    Interrupted,
}

impl RunError {
    /// Who has to act.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Config(_)
            | Self::UnknownResource { .. }
            | Self::NoDestination
            | Self::NoTransport
            | Self::CaBundle { .. }
            | Self::Cursor { .. }
            | Self::StoredCursor { .. }
            | Self::NothingToBackfill
            | Self::SplitTree { .. }
            | Self::BackfillReplaces { .. }
            | Self::TooManyWaiting { .. }
            | Self::Seed { .. }
            | Self::TableClash { .. } => ErrorClass::Config,
            Self::TooManyFailed { source, .. } => source.class(),
            Self::Source { source, .. } if source.is_login_needed() => ErrorClass::Config,
            Self::Source { .. } | Self::Client { .. } | Self::Transport { .. } => {
                ErrorClass::Source
            }
            Self::Request { .. }
            | Self::ParentField { .. }
            | Self::UnevenParents { .. }
            | Self::Data { .. } => ErrorClass::Data,
            Self::Package(_)
            | Self::Journal { .. }
            | Self::Lock(_)
            | Self::Load { .. }
            | Self::Open { .. }
            | Self::Thread { .. }
            | Self::WorkerLost => ErrorClass::Destination,
            Self::RequestsSpent { .. } | Self::WaitTooLong { .. } => ErrorClass::Incomplete,
            Self::Interrupted { .. } => ErrorClass::Interrupted,
        }
    }

    /// An error of the client while it fetched page `page`, of the parent at `path` if that is not empty.
    pub(crate) fn source(
        resource: &ResourceName,
        page: u64,
        path: &str,
        source: apiduct_client::Error,
    ) -> Self {
        let parent = if path.is_empty() {
            String::new()
        } else {
            format!(" of `{path}`")
        };
        let (resource, place) = (resource.clone(), format!("page {page}{parent}"));
        let stop = source.retry_stop();
        if let apiduct_client::Error::Keep { source } = source {
            return Self::Journal { source };
        }
        let source = Box::new(source);
        match stop {
            Some(RetryStop::WaitTooLong { asked, max_wait }) => Self::WaitTooLong {
                resource,
                place,
                asked,
                max_wait,
                kept_pages: 0,
                source,
            },
            _ => Self::Source {
                resource,
                place,
                source,
            },
        }
    }

    /// The same error, which says that so many pages are kept for the next run.
    pub(crate) fn with_kept_pages(mut self, pages: u64) -> Self {
        if let Self::RequestsSpent { kept_pages, .. }
        | Self::WaitTooLong { kept_pages, .. }
        | Self::Interrupted { kept_pages, .. } = &mut self
        {
            *kept_pages = pages;
        }
        self
    }

    pub(crate) fn data(resource: &ResourceName, page: Option<u64>, source: NormalizeError) -> Self {
        let place = page.map_or_else(
            || "the parent's fields".to_owned(),
            |page| format!("page {page}"),
        );
        Self::Data {
            resource: resource.clone(),
            place,
            source: Box::new(source),
        }
    }
}

impl Hint for RunError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownResource { known, .. } => {
                Some(format!("the file has {}", quoted(known).join(", ")))
            }
            Self::Source { source, .. } | Self::Client { source } => source.hint(),
            Self::TooManyFailed { source, .. } => source.hint().or_else(|| Some("`on_error.max_share` says how many may fail".to_owned())),
            Self::Request { hint, .. } => hint.clone(),
            Self::Transport { source } => source.hint(),
            Self::ParentField { field, present, .. } => fields_hint(field, present),
            Self::Data { source, .. } => source.hint(),
            Self::UnevenParents { .. } => Some(
                "`for_each: product` takes each row with each; rows that belong together come best from one parent"
                    .to_owned(),
            ),
            Self::TooManyWaiting { .. } => Some(
                "name the parents with few rows last in `for_each.sources`, or raise `runtime.memory`"
                    .to_owned(),
            ),
            Self::Seed { .. } => Some(
                "the query runs on what is loaded when the run begins: load its tables first"
                    .to_owned(),
            ),
            Self::TableClash { second, .. } => Some(format!("give resource `{second}` another `table_name`")),
            Self::Cursor { source, .. } => Some(source.hint().unwrap_or_else(|| START_OVER.to_owned())),
            Self::StoredCursor { .. } => Some(START_OVER.to_owned()),
            Self::SplitTree { loaded, missing, .. } => Some(format!(
                "select {} as well, or load {} with `write_disposition: merge`, which bears rows that come again",
                list(missing),
                list(loaded)
            )),
            Self::NothingToBackfill => Some("add `incremental` to an endpoint, or select a resource that has it".to_owned()),
            Self::BackfillReplaces { .. } => Some("use `write_disposition: append`".to_owned()),
            Self::Package(source) => source.hint(),
            Self::Lock(source) => source.hint(),
            Self::Load { source, is_kept, .. } => {
                if matches!(**source, LoadError::StateConflict { .. }) {
                    return Some("run again; what was fetched is put aside and fetched anew".to_owned());
                }
                let kept = "what was fetched is kept; run again to deliver it without fetching it again";
                match (source.hint(), is_kept) {
                    (Some(hint), true) => Some(format!("{hint}; {kept}")),
                    (None, true) => Some(kept.to_owned()),
                    (hint, false) => hint,
                }
            }
            Self::Open { source, .. } => source.hint(),
            Self::Journal { source } => source.downcast_ref::<JournalError>()?.hint(),
            Self::RequestsSpent { kept_pages: 1.., .. } => {
                Some("nothing is loaded yet; run again when more requests are allowed".to_owned())
            }
            Self::RequestsSpent { .. } => {
                Some("nothing was loaded; run again with a higher `--max-requests`".to_owned())
            }
            Self::WaitTooLong { kept_pages: 1.., .. } => {
                Some("nothing is loaded yet; run again later, or raise `--max-wait` to keep waiting".to_owned())
            }
            Self::WaitTooLong { .. } => {
                Some("nothing was loaded; run again later, or raise `--max-wait` to keep waiting".to_owned())
            }
            Self::Interrupted { is_kept: true, .. } => {
                Some("what was fetched is kept; run again to deliver it".to_owned())
            }
            Self::Interrupted { kept_pages: 1.., .. } => {
                Some("nothing is loaded yet, and earlier data and state are as they were; run again to go on".to_owned())
            }
            Self::Interrupted { .. } => {
                Some("nothing was loaded, and earlier data and state are as they were; run again to start over".to_owned())
            }
            Self::Thread { .. }
            | Self::WorkerLost
            | Self::Config(_)
            | Self::NoDestination
            | Self::NoTransport
            | Self::CaBundle { .. } => None,
        }
    }
}

/// The names, each in backquotes.
fn quoted(names: &[ResourceName]) -> Vec<String> {
    names.iter().map(|name| format!("`{name}`")).collect()
}

/// The names as they stand in a sentence.
fn list(names: &[ResourceName]) -> String {
    quoted(names).join(" and ")
}
