//! Reports that an API makes on request: asked for, waited for, and then read like any list.
//!
//! A [`Job`] goes in front of a walk ([`PaginateBuilder::job`](crate::PaginateBuilder::job)). The walk's own request asks
//! for the report; its answer says where to ask how far it is. That is asked again and again, with growing waits, until the
//! report is done, has failed, or the deadline is over. Then the walk begins at the download. A running job that is
//! kept in a [`JobStore`] is waited for by the next run too, instead of being asked for a second time.
//!
//! ```
//! use apiduct_client::Client;
//! use apiduct_client::job::{Job, JobPlace};
//! use http::Method;
//!
//! let client = Client::builder("https://api.example.com").build()?;
//! let job = Job::new(JobPlace::Path("reports/{job.id}".to_owned()))
//!     .status("state")
//!     .done(["SUCCEEDED"])
//!     .failed(["FAILED", "CANCELLED"])
//!     .download(JobPlace::Body("result.url".parse()?));
//! let pages = client.paginate("/reports").method(Method::POST).job(job).send();
//! # let _ = pages;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod handle;
mod run;

use std::fmt;
use std::time::Duration;

use apiduct_json::Selector;
use http::HeaderName;

pub use error::{JobError, JobProblem};
pub use handle::{JobHandle, JobStore};
pub(crate) use run::prepare;

use crate::OnForeignOrigin;

/// How a report is waited for.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Where to ask how far the report is, by the answer to the request for it.
    pub poll: JobPlace,
    /// Where the answer to a poll has the state. Default: by its HTTP status; 202 means that the job runs, any other
    /// success that it is done.
    pub status: Option<Selector>,
    /// States that mean that the report is there.
    pub done: Vec<String>,
    /// States that mean that there will be none.
    pub failed: Vec<String>,
    /// States that mean that the job runs. Default: all others; else others are an error.
    pub running: Vec<String>,
    /// Where the answer to a poll says why a job has failed. Default: nowhere.
    pub message: Option<Selector>,
    /// Where the report is: by the answer to the last poll, or for a path by the answer to the request for it. Default:
    /// the answer to the last poll is the report.
    pub download: Option<JobPlace>,
    /// What to do when the report is at an origin that is not that of the API, as links to a store of files are. Default:
    /// as the client says.
    pub on_foreign_origin: Option<OnForeignOrigin>,
    /// The wait between the first two polls. Default: 5 s.
    pub interval: Duration,
    /// By what each wait is longer than the one before. Default: 1.5.
    pub backoff: f64,
    /// The longest wait between two polls. Default: 60 s.
    pub max_interval: Duration,
    /// How long to wait for the report in one run. Default: 1 h.
    pub deadline: Duration,
}

/// Where a URL comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum JobPlace {
    /// A path under the base URL, in which `{job.FIELD}` stands for what the answer to the request for the report has at
    /// that JSONPath, as one segment.
    Path(String),
    /// The link at this JSONPath of the answer, absolute or relative to the URL that answered.
    Body(Selector),
    /// The link in this header of the answer.
    Header(HeaderName),
}

impl Job {
    /// A job that is asked for at `poll`; all else by default.
    pub fn new(poll: JobPlace) -> Self {
        Self {
            poll,
            status: None,
            done: Vec::new(),
            failed: Vec::new(),
            running: Vec::new(),
            message: None,
            download: None,
            on_foreign_origin: None,
            interval: Duration::from_secs(5),
            backoff: 1.5,
            max_interval: Duration::from_mins(1),
            deadline: Duration::from_hours(1),
        }
    }

    /// Where the answer to a poll has the state; a path that cannot be understood counts as none.
    #[must_use]
    pub fn status(mut self, path: &str) -> Self {
        self.status = Selector::parse(path).ok();
        self
    }

    /// States that mean that the report is there.
    #[must_use]
    pub fn done<S: Into<String>>(mut self, states: impl IntoIterator<Item = S>) -> Self {
        self.done = states.into_iter().map(Into::into).collect();
        self
    }

    /// States that mean that there will be none.
    #[must_use]
    pub fn failed<S: Into<String>>(mut self, states: impl IntoIterator<Item = S>) -> Self {
        self.failed = states.into_iter().map(Into::into).collect();
        self
    }

    /// Where the report is.
    #[must_use]
    pub fn download(mut self, place: JobPlace) -> Self {
        self.download = Some(place);
        self
    }
}

/// Says where it is waited for, and where the report is: `waits at reports/{job.id}, reads the link at result.url`.
impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waits at {}", self.poll)?;
        match &self.download {
            Some(place) => write!(f, ", reads {place}"),
            None => f.write_str(", reads the last answer"),
        }
    }
}

impl fmt::Display for JobPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(path),
            Self::Body(selector) => write!(f, "the link at `{}`", selector.as_str()),
            Self::Header(name) => write!(f, "the link in header `{name}`"),
        }
    }
}

#[cfg(test)]
mod tests;
