//! What a child gets of its parents: rows of one or of several, each once or many at a time.
//!
//! Rows are taken as they are needed, so that a parent with a million rows waits for its children. Only rows that must
//! wait for those of another parent are held, and their bytes are bounded.

mod batch;
mod combine;
mod join;

use std::collections::HashSet;
use std::task::{Context, Poll};

use apiduct_config::plan::ForEachPlan;
use apiduct_json::Captured;
use apiduct_model::{ResourceName, Scalar};
use apiduct_normalize::TapRow;
use tokio::sync::mpsc;
use xxhash_rust::xxh3::Xxh3;

use self::batch::Batches;
use self::combine::Combine;
use crate::error::RunError;
use crate::feed::MakeRequest;
use crate::worker::ParentRows;

/// Rows that are handed on at a time where they are made from several others.
const AT_A_TIME: usize = 256;

/// Where the rows of one parent come in.
#[derive(Debug)]
pub(crate) struct Inlet {
    pub(crate) parent: ResourceName,
    pub(crate) rows: mpsc::Receiver<ParentRows>,
}

/// The rows that a child makes its requests of.
#[derive(Debug)]
pub(crate) struct Parents {
    source: Source,
    distinct: Option<Distinct>,
    batches: Option<Batches>,
}

#[derive(Debug)]
enum Source {
    One(mpsc::Receiver<ParentRows>),
    Several(Combine),
    Closed,
}

/// What has come so far, by digests: 16 bytes a row.
#[derive(Debug)]
struct Distinct {
    /// The values that decide.
    keys: Vec<usize>,
    seen: HashSet<u128>,
}

impl Parents {
    /// The rows of `inlets` for the child `resource`, as `plan` says; requests are made of the values at `keys`. Rows
    /// that wait for others take at most `bytes`.
    pub(crate) fn new(
        resource: &ResourceName,
        mut inlets: Vec<Inlet>,
        (plan, keys): (&ForEachPlan, &[usize]),
        bytes: usize,
    ) -> Self {
        let source = match (plan.mode, inlets.len()) {
            (Some(mode), 2..) => {
                Source::Several(Combine::new(resource, inlets, (mode, &plan.join), bytes))
            }
            _ => inlets
                .pop()
                .map_or(Source::Closed, |inlet| Source::One(inlet.rows)),
        };
        Self {
            source,
            distinct: plan.distinct.then(|| Distinct {
                keys: keys.to_vec(),
                seen: HashSet::new(),
            }),
            batches: plan.batch.map(|batch| Batches::new(batch.size)),
        }
    }

    /// The next rows, one for each request; `None` after the last one. What was read is kept when this is dropped
    /// before it is ready.
    pub(crate) async fn next(
        &mut self,
        maker: &dyn MakeRequest,
    ) -> Result<Option<Vec<TapRow>>, RunError> {
        loop {
            if let Some(batches) = &mut self.batches
                && let Some(batch) = batches.take(maker)?
            {
                return Ok(Some(vec![batch]));
            }
            let rows = std::future::poll_fn(|context| self.source.poll_next(context)).await?;
            let Some(mut rows) = rows else {
                self.source = Source::Closed;
                if self.batches.as_mut().is_some_and(Batches::end) {
                    continue;
                }
                return Ok(None);
            };
            if let Some(distinct) = &mut self.distinct {
                rows.retain(|row| distinct.is_new(row));
            }
            match &mut self.batches {
                Some(batches) => batches.add(rows),
                None if rows.is_empty() => {}
                None => return Ok(Some(rows)),
            }
        }
    }

    /// Asks for no more rows: the parents go on without this child.
    pub(crate) fn close(&mut self) {
        self.source = Source::Closed;
        self.batches = None;
    }
}

impl Source {
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Vec<TapRow>>, RunError>> {
        match self {
            Self::One(rows) => rows
                .poll_recv(context)
                .map(|rows| Ok(rows.map(|rows| rows.to_vec()))),
            Self::Several(combine) => combine.poll_next(context),
            Self::Closed => Poll::Ready(Ok(None)),
        }
    }
}

impl Distinct {
    fn is_new(&mut self, row: &TapRow) -> bool {
        let mut hasher = Xxh3::new();
        for at in &self.keys {
            // The kind and the length stand in front, so that no value looks like two others.
            let (kind, text) = match row.get(*at) {
                None | Some(Captured::Absent) => (0, ""),
                Some(Captured::Json(json)) => (1, &**json),
                Some(Captured::Scalar(scalar)) => {
                    let kind = match scalar {
                        Scalar::Null => 2,
                        Scalar::Bool(_) => 3,
                        Scalar::Number(_) => 4,
                        Scalar::Text(_) => 5,
                    };
                    (kind, scalar.to_text().unwrap_or_default())
                }
            };
            hasher.update(&[kind]);
            hasher.update(&text.len().to_le_bytes());
            hasher.update(text.as_bytes());
        }
        self.seen.insert(hasher.digest128())
    }
}

#[cfg(test)]
mod tests;
