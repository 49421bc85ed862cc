//! Rows of the parent whose pages could not be had, where the file says that the others go on.

use std::error::Error;

use apiduct_client::TransportError;
use apiduct_json::Records;
use apiduct_model::{ResourceName, Schema, SystemNames, TableName};
use apiduct_normalize::{Normalizer, Options};
use http::StatusCode;
use serde_json::json;

use crate::error::RunError;
use crate::event::Event;
use crate::feed::{Feed, lock};
use crate::sink::BatchSink;

/// What has failed so far.
#[derive(Debug, Default)]
pub(crate) struct Failed {
    pub(crate) count: u64,
    /// The first failure in the order of the rows.
    first: Option<RunError>,
    /// What is written into a table, where the file asks for it.
    letters: Vec<Letter>,
}

/// Failures that are listed; of more only the number is known.
const MOST_LETTERS: usize = 10_000;

/// One failure, as it is listed.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) resource: ResourceName,
    /// What was asked for: page 2 of `issues/7/comments`.
    place: String,
    error: String,
}

impl Failed {
    /// Why the resource is not whole, where `all` rows of the parent were begun.
    pub(crate) fn reason(&self, all: u64) -> Option<String> {
        let first = self.first.as_ref()?;
        let chain = chain(first);
        let rows = if all == 1 { "row" } else { "rows" };
        let count = self.count;
        Some(format!(
            "{count} of {all} {rows} of the parent failed, the first with: {chain}"
        ))
    }
}

/// The error with all its causes, on one line.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |cause| (*cause).source());
    let chain: Vec<String> = causes.map(ToString::to_string).collect();
    chain.join(": ")
}

impl Feed {
    /// What is to be listed of the failures.
    pub(crate) fn take_letters(&self) -> Vec<Letter> {
        std::mem::take(&mut lock(&self.counters.failed).letters)
    }

    /// Counts `error` where it is that of a single row of the parent and the file bears some; else gives it back.
    pub(crate) fn tolerate(&self, error: RunError) -> Result<(), RunError> {
        let Some(tolerance) = self.tolerance.filter(|_| is_of_one_row(&error)) else {
            return Err(error);
        };
        tracing::warn!(resource = %self.resource, error = %error, "a row of the parent failed");
        let mut failed = lock(&self.counters.failed);
        failed.count += 1;
        if tolerance.keeps_letters && failed.letters.len() < MOST_LETTERS {
            failed.letters.push(Letter {
                resource: self.resource.clone(),
                place: match &error {
                    RunError::Source { place, .. } => place.clone(),
                    _ => "a row of the parent".to_owned(),
                },
                error: chain(&error),
            });
        }
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

/// Writes `letters` into a table of their own, as rows of the load.
pub(crate) fn write_letters(
    letters: &[Letter],
    (system, load_id): (&SystemNames, &str),
    sink: &dyn BatchSink,
) -> Result<Schema, RunError> {
    if letters.is_empty() {
        return Ok(Schema::default());
    }
    let name = system.rejected_table();
    let resource = ResourceName::from(name.as_str());
    let failed = |source| RunError::data(&resource, None, source);
    let options = Options {
        table: TableName::from(name.as_str()),
        system: system.clone(),
        ..Options::new(&resource, load_id)
    };
    let mut normalizer = Normalizer::try_new(options).map_err(failed)?;
    let texts = letters.iter().map(|one| {
        let letter =
            json!({"resource": one.resource.as_str(), "place": one.place, "error": one.error});
        letter.to_string().into()
    });
    let texts: Vec<std::sync::Arc<str>> = texts.collect();
    let records = Records::from_texts(&texts).map_err(|error| failed(error.into()))?;
    normalizer.push(&records, &[]).map_err(failed)?;
    let (batches, schema) = normalizer.finish();
    sink.accept(batches)?;
    Ok(schema)
}
