//! Many rows in one request.

use std::collections::VecDeque;

use apiduct_normalize::TapRow;

use crate::error::RunError;
use crate::feed::MakeRequest;

/// Rows on their way into batches. At most one batch and what came in last wait here.
#[derive(Debug)]
pub(super) struct Batches {
    size: usize,
    rows: VecDeque<TapRow>,
    is_ended: bool,
}

impl Batches {
    pub(super) fn new(size: usize) -> Self {
        Self {
            size: size.max(1),
            rows: VecDeque::new(),
            is_ended: false,
        }
    }

    pub(super) fn add(&mut self, rows: Vec<TapRow>) {
        self.rows.extend(rows);
    }

    /// There are no more rows; whether a batch is left.
    pub(super) fn end(&mut self) -> bool {
        self.is_ended = true;
        !self.rows.is_empty()
    }

    /// The next batch as one row of lists, if it is complete: full, or all that fits into a URL, or the last one.
    pub(super) fn take(&mut self, maker: &dyn MakeRequest) -> Result<Option<TapRow>, RunError> {
        let is_full = self.rows.len() >= self.size;
        if self.rows.is_empty() || !(is_full || self.is_ended) {
            return Ok(None);
        }
        let most = self.size.min(self.rows.len());
        let candidates = &self.rows.make_contiguous()[..most];
        let (fitting, batch) = maker.batch(candidates)?;
        self.rows.drain(..fitting.clamp(1, most));
        Ok(Some(batch))
    }
}
