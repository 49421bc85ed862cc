//! Jobs that outlive the run that asked for them.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{KeepError, PageKey};

/// A job that was asked for: where to ask how far it is. Holds no secret of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobHandle {
    /// Where to poll.
    pub poll: Url,
    /// Where the report will be, if that is known beforehand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download: Option<Url>,
    /// When it was asked for, in seconds since 1970.
    pub created: u64,
}

/// Keeps jobs from run to run, by the digest of the request for them.
#[async_trait]
pub trait JobStore: fmt::Debug + Send + Sync {
    /// The job that was kept for `key`.
    ///
    /// # Errors
    /// [`KeepError`] when the store cannot be read.
    async fn recall(&self, key: PageKey) -> Result<Option<JobHandle>, KeepError>;

    /// Keeps a job. When this returns, it outlives the process.
    ///
    /// # Errors
    /// [`KeepError`] when the store cannot be written.
    async fn keep(&self, key: PageKey, handle: &JobHandle) -> Result<(), KeepError>;

    /// Forgets the job that was kept for `key`.
    ///
    /// # Errors
    /// [`KeepError`] when the store cannot be written.
    async fn forget(&self, key: PageKey) -> Result<(), KeepError>;
}
