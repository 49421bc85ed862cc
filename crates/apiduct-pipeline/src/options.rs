use std::time::Duration;

/// What a single run does differently from what the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// Load these resources only; their parents are fetched as far as they need them. Empty: all that the file selects.
    pub select: Vec<String>,
    /// Start over: rows of earlier runs are replaced, whatever the write disposition says.
    pub full_refresh: bool,
    /// Fetch everything anew: pages that an interrupted run has kept are dropped.
    pub restart: bool,
    /// Send at most so many requests, retries included; the run is incomplete when more would be needed.
    pub max_requests: Option<u64>,
    /// Load this interval of the resources that load incrementally, whatever the state says, and leave the state alone.
    pub backfill: Option<Backfill>,
    /// Wait at most so long when the server asks for a wait; default: `runtime.max_wait` of the file.
    pub max_wait: Option<Duration>,
}

/// An interval to load once more, or for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    /// Where it begins, written as `initial_value` is.
    pub from: String,
    /// Where it ends; rows there are not part of it, unless `range_end` is `closed`.
    pub to: String,
}
