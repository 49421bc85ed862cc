//! Rows of the parent whose pages could not be had, where the file says that the others go on.

use std::error::Error;

use apiduct_client::TransportError;
use http::StatusCode;

use crate::error::RunError;
use crate::event::Event;
use crate::feed::{Feed, lock};

/// What has failed so far.
#[derive(Debug, Default)]
pub(crate) struct Failed {
    pub(crate) count: u64,
    /// The first failure in the order of the rows.
    first: Option<RunError>,
}

impl Failed {
    /// Why the resource is not whole, where `all` rows of the parent were begun.
    pub(crate) fn reason(&self, all: u64) -> Option<String> {
        let first = self.first.as_ref()?;
        let first: &dyn Error = first;
        let causes = std::iter::successors(Some(first), |cause| (*cause).source());
        let chain: Vec<String> = causes.map(ToString::to_string).collect();
        let rows = if all == 1 { "row" } else { "rows" };
        let (count, chain) = (self.count, chain.join(": "));
        Some(format!(
            "{count} of {all} {rows} of the parent failed, the first with: {chain}"
        ))
    }
}

impl Feed {
    /// Counts `error` where it is that of a single row of the parent and the file bears some; else gives it back.
    pub(crate) fn tolerate(&self, error: RunError) -> Result<(), RunError> {
        if self.tolerance.is_none() || !is_of_one_row(&error) {
            return Err(error);
        }
        tracing::warn!(resource = %self.resource, error = %error, "a row of the parent failed");
        let mut failed = lock(&self.counters.failed);
        failed.count += 1;
        failed.first.get_or_insert(error);
        Ok(())
    }

    /// Ends the run where too many rows have failed; else says how many did.
    pub(crate) fn judge(&self) -> Result<(), RunError> {
        let Some(tolerance) = &self.tolerance else {
            return Ok(());
        };
        let all = self.counters.begun();
        let mut failed = lock(&self.counters.failed);
        if !tolerance.bears(failed.count, all)
            && let Some(first) = failed.first.take()
        {
            return Err(RunError::TooManyFailed {
                resource: self.resource.clone(),
                failed: failed.count,
                all,
                source: Box::new(first),
            });
        }
        if let Some(reason) = failed.reason(all) {
            let message = format!("`{}` goes on although {reason}", self.resource);
            self.events.event(&Event::Warning { message });
        }
        Ok(())
    }
}

/// Whether the other rows of the parent can be expected to do better: a missing login, a spent quota or a stop by the user is
/// nobody's alone.
fn is_of_one_row(error: &RunError) -> bool {
    let source = match error {
        RunError::ParentField { .. } => return true,
        RunError::Source { source, .. } => source,
        _ => return false,
    };
    match &**source {
        apiduct_client::Error::Transport(exchange) => !matches!(
            exchange.error,
            TransportError::Quota | TransportError::Paused { .. }
        ),
        apiduct_client::Error::Status(_)
        | apiduct_client::Error::Json(_)
        | apiduct_client::Error::Refused(_)
        | apiduct_client::Error::Unready { .. }
        | apiduct_client::Error::Job(_)
        | apiduct_client::Error::NoMatch { .. }
        | apiduct_client::Error::Paginate { .. }
        | apiduct_client::Error::Loop { .. } => source.status() != Some(StatusCode::UNAUTHORIZED),
        _ => false,
    }
}
