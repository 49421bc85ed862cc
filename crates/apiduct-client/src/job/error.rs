//! Why there is no report.

use std::time::Duration;

use apiduct_model::Hint;
use http::Method;

use crate::RetryStop;

/// A job that brought no report.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{method} {url} brings no report")]
#[non_exhaustive]
pub struct JobError {
    /// The method of the last request.
    pub method: Method,
    /// The URL of the last request.
    pub url: String,
    /// Why.
    #[source]
    pub problem: JobProblem,
}

/// Why a job brought no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JobProblem {
    /// The answer does not lead on.
    #[error("the answer has no {what} at `{place}`")]
    NoPlace {
        /// What was looked for.
        what: &'static str,
        /// Where.
        place: String,
    },
    /// What leads on is no URL.
    #[error("the {what} is no URL")]
    NotUrl {
        /// What leads on.
        what: &'static str,
    },
    /// The API says that the job has failed.
    #[error("the job ended as `{state}`{}", message.as_ref().map_or_else(String::new, |text| format!(": {text}")))]
    Failed {
        /// The state.
        state: String,
        /// What the API says about it.
        message: Option<String>,
    },
    /// The state is none of those that are declared.
    #[error("the state of the job is `{state}`, which is not declared")]
    UnknownState {
        /// The state.
        state: String,
    },
    /// The report was not done in time. The job may be running still.
    #[error("the job still runs after {} s", waited.as_secs())]
    TooLong {
        /// How long it was waited for.
        waited: Duration,
        /// The next wait.
        next: Duration,
        /// The bound.
        deadline: Duration,
    },
    /// The job could not be kept for later runs.
    #[error("the job cannot be kept: {problem}")]
    NotKept {
        /// What went wrong.
        problem: String,
    },
}

impl JobError {
    /// A job that takes longer than we wait may be done when the next run asks.
    pub(crate) fn retry_stop(&self) -> Option<RetryStop> {
        match self.problem {
            JobProblem::TooLong {
                waited,
                next,
                deadline,
            } => Some(RetryStop::WaitTooLong {
                asked: waited.saturating_add(next),
                max_wait: deadline,
            }),
            _ => None,
        }
    }
}

impl Hint for JobError {
    fn hint(&self) -> Option<String> {
        let hint = match &self.problem {
            JobProblem::NoPlace { .. } | JobProblem::NotUrl { .. } => {
                "look at the answer with `apiduct get`, and correct `poll` or `download`"
            }
            JobProblem::UnknownState { .. } => {
                "add the state to `done`, `failed` or `running` of the job"
            }
            JobProblem::TooLong { .. } => {
                "run again: the same job is waited for; or raise its `deadline`"
            }
            JobProblem::Failed { .. } => "run again: a new job is asked for",
            JobProblem::NotKept { .. } => return None,
        };
        Some(hint.to_owned())
    }
}
