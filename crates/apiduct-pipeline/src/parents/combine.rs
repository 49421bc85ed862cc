//! The rows of several parents: each with each, side by side, or joined.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use apiduct_config::plan::JoinField;
use apiduct_config::spec::ForEachMode;
use apiduct_json::Captured;
use apiduct_model::ResourceName;
use apiduct_normalize::TapRow;

use super::join::Join;
use super::{AT_A_TIME, Inlet};
use crate::error::RunError;

/// The parents of one child.
#[derive(Debug)]
pub(super) struct Combine {
    resource: ResourceName,
    mode: ForEachMode,
    sides: Vec<Side>,
    /// Bytes of the rows that wait.
    waiting: usize,
    bound: usize,
    /// Where the inner sides of a product are; the last one moves first.
    wheel: Vec<usize>,
    /// How the rows of a join find each other.
    join: Join,
    /// Pairs made so far.
    count: u64,
}

/// One parent.
#[derive(Debug)]
struct Side {
    inlet: Inlet,
    rows: VecDeque<TapRow>,
    is_done: bool,
}

type Next = Poll<Result<Option<Vec<TapRow>>, RunError>>;

impl Combine {
    pub(super) fn new(
        resource: &ResourceName,
        inlets: Vec<Inlet>,
        (mode, join): (ForEachMode, &[JoinField]),
        bound: usize,
    ) -> Self {
        let sides: Vec<Side> = inlets.into_iter().map(Side::new).collect();
        Self {
            resource: resource.clone(),
            mode,
            wheel: vec![0; sides.len().saturating_sub(1)],
            sides,
            join: Join::new(join.to_vec()),
            waiting: 0,
            bound,
            count: 0,
        }
    }

    /// Reads what has come in and combines it. All that is known is kept in `self`.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Next {
        loop {
            let mut has_read = self.read(context)?;
            let made = match self.mode {
                ForEachMode::Zip => self.zip()?,
                ForEachMode::Product => self.product(),
                ForEachMode::Join => {
                    let (made, has_used) = self.joined()?;
                    // Rows without a match are gone, and there is room for others.
                    has_read |= has_used;
                    made
                }
            };
            if !made.is_empty() {
                return Poll::Ready(Ok(Some(made)));
            }
            if self.is_over() {
                return Poll::Ready(Ok(None));
            }
            if !has_read {
                return Poll::Pending;
            }
        }
    }

    /// Takes in what is there. A side is read on while another one lags behind, or parents that wait for each other
    /// elsewhere would wait forever.
    fn read(&mut self, context: &mut Context<'_>) -> Result<bool, RunError> {
        let mut has_read = false;
        for at in 0..self.sides.len() {
            if !self.wants(at) {
                continue;
            }
            let side = &mut self.sides[at];
            match side.inlet.rows.poll_recv(context) {
                Poll::Pending => {}
                Poll::Ready(None) => {
                    side.is_done = true;
                    has_read = true;
                }
                Poll::Ready(Some(rows)) => {
                    self.waiting += rows.iter().map(bytes).sum::<usize>();
                    side.rows.extend(rows.iter().cloned());
                    has_read = true;
                    if self.waiting > self.bound {
                        return Err(RunError::TooManyWaiting {
                            resource: self.resource.clone(),
                            parent: side.inlet.parent.clone(),
                            bytes: self.bound,
                        });
                    }
                }
            }
        }
        Ok(has_read)
    }

    fn wants(&self, at: usize) -> bool {
        let side = &self.sides[at];
        if side.is_done {
            return false;
        }
        let lags = |(other, side): (usize, &Side)| {
            other != at
                && !side.is_done
                && match self.mode {
                    ForEachMode::Zip => side.rows.is_empty(),
                    ForEachMode::Product | ForEachMode::Join => other > 0,
                }
        };
        let is_inner = self.mode != ForEachMode::Zip && at > 0;
        is_inner || side.rows.is_empty() || self.sides.iter().enumerate().any(lags)
    }

    fn is_over(&self) -> bool {
        match self.mode {
            ForEachMode::Zip => self.sides.iter().all(Side::is_over),
            ForEachMode::Product | ForEachMode::Join => {
                let mut inner = self.sides.iter().skip(1);
                self.sides[0].is_over() || inner.any(Side::is_over)
            }
        }
    }

    fn zip(&mut self) -> Result<Vec<TapRow>, RunError> {
        let mut made = Vec::new();
        while made.len() < AT_A_TIME && self.sides.iter().all(|side| !side.rows.is_empty()) {
            let parts = self
                .sides
                .iter_mut()
                .filter_map(|side| side.rows.pop_front());
            let row: TapRow = parts.flatten().collect();
            self.waiting = self.waiting.saturating_sub(bytes(&row));
            self.count += 1;
            made.push(row);
        }
        let short = self.sides.iter().find(|side| side.is_over());
        let long = self.sides.iter().find(|side| !side.rows.is_empty());
        match (short, long) {
            (Some(short), Some(long)) if made.is_empty() => Err(RunError::UnevenParents {
                resource: self.resource.clone(),
                shorter: short.inlet.parent.clone(),
                longer: long.inlet.parent.clone(),
                rows: self.count,
            }),
            _ => Ok(made),
        }
    }

    /// Each row of the first side with each of the others, as soon as those are complete.
    fn product(&mut self) -> Vec<TapRow> {
        let mut made = Vec::new();
        let (outer, inner) = self.sides.split_at_mut(1);
        if !inner
            .iter()
            .all(|side| side.is_done && !side.rows.is_empty())
        {
            return made;
        }
        while made.len() < AT_A_TIME {
            let Some(first) = outer[0].rows.front() else {
                break;
            };
            let mut row = first.clone();
            for (side, at) in inner.iter().zip(&self.wheel) {
                row.extend(side.rows[*at].iter().cloned());
            }
            made.push(row);
            if turned(&mut self.wheel, inner.iter().map(|side| side.rows.len())) {
                let row = outer[0].rows.pop_front();
                let freed = row.as_ref().map_or(0, bytes);
                self.waiting = self.waiting.saturating_sub(freed);
            }
        }
        made
    }
}

impl Combine {
    /// Each row of the first side with those of the others that have its value, as soon as the others are complete; says
    /// whether rows were used up.
    fn joined(&mut self) -> Result<(Vec<TapRow>, bool), RunError> {
        let mut made = Vec::new();
        let (outer, inner) = self.sides.split_at_mut(1);
        if !inner.iter().all(|side| side.is_done) {
            return Ok((made, false));
        }
        let rows: Vec<&VecDeque<TapRow>> = inner.iter().map(|side| &side.rows).collect();
        let taken = self.join.index(&self.resource, &rows)?;
        self.waiting += taken;
        if self.waiting > self.bound {
            return Err(RunError::TooManyWaiting {
                resource: self.resource.clone(),
                parent: inner[0].inlet.parent.clone(),
                bytes: self.bound,
            });
        }
        let mut has_used = false;
        while made.len() < AT_A_TIME
            && let Some(first) = outer[0].rows.front()
        {
            let matches = self.join.matches(&self.resource, first)?;
            let is_over = match &matches {
                None => true,
                Some(matches) => {
                    let mut row = first.clone();
                    for ((rows, at), turn) in rows.iter().zip(matches).zip(&self.wheel) {
                        row.extend(rows[at[*turn]].iter().cloned());
                    }
                    made.push(row);
                    turned(&mut self.wheel, matches.iter().map(|at| at.len()))
                }
            };
            if is_over {
                has_used = true;
                let row = outer[0].rows.pop_front();
                let freed = row.as_ref().map_or(0, bytes);
                self.waiting = self.waiting.saturating_sub(freed);
            }
        }
        Ok((made, has_used))
    }
}

/// Moves to the next combination; whether all have been there.
fn turned(
    wheel: &mut [usize],
    lengths: impl DoubleEndedIterator<Item = usize> + ExactSizeIterator,
) -> bool {
    for (at, length) in wheel.iter_mut().zip(lengths).rev() {
        *at += 1;
        if *at < length {
            return false;
        }
        *at = 0;
    }
    true
}

impl Side {
    fn new(inlet: Inlet) -> Self {
        Self {
            inlet,
            rows: VecDeque::new(),
            is_done: false,
        }
    }

    /// Whether all its rows have come and gone.
    fn is_over(&self) -> bool {
        self.is_done && self.rows.is_empty()
    }
}

/// What a row takes in memory, about.
fn bytes(row: &TapRow) -> usize {
    let value = |value: &Captured| match value {
        Captured::Absent => 0,
        Captured::Json(json) => json.len(),
        Captured::Scalar(scalar) => scalar.to_text().map_or(0, str::len),
    };
    let held = row.iter().map(|one| value(one) + size_of::<Captured>());
    size_of::<TapRow>() + held.sum::<usize>()
}
