//! Incremental loads: bounds that hold for a pull, and what the state keeps of it.

mod bounds;
mod course;
mod memory;
mod progress;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use apiduct_config::Plan;
use apiduct_config::plan::{
    CursorFrom, Extreme, IncrementalPlan, IncrementalScope, MissingCursor as Missing,
};
use apiduct_config::template::IncrementalValues;
use apiduct_json::Selector;
use apiduct_load::State;
use apiduct_model::cursor::{CursorError, CursorKey, CursorType, RawCursor};
use apiduct_model::{ResourceName, Scalar};
use apiduct_normalize::{Gate, GateKey, GateStart, MissingCursor};

use crate::error::RunError;

pub(crate) use bounds::{Bounds, Frozen, Stores};
pub(crate) use course::{Course, Leg};
pub(crate) use progress::Progress;
pub(crate) use watch::PageWatch;

use memory::{Mark, Memory};

/// Records at the farthest cursor that the state remembers.
const SEEN_LIMIT: usize = 10_000;

/// The incremental loads of one pull.
#[derive(Debug, Clone, Default)]
pub(crate) struct Increments(HashMap<ResourceName, Arc<Increment>>);

/// One incremental load at work.
#[derive(Debug)]
pub(crate) struct Increment {
    pub(crate) plan: Arc<IncrementalPlan>,
    pub(crate) bounds: Bounds,
    /// What the state had.
    memory: Memory,
    now: i64,
    /// The cursor of a response.
    captured: Mutex<Option<Scalar>>,
}

impl Increments {
    /// The loads of `plan` for `frozen` bounds, on what `state` remembers. A resource in `forgotten` starts over.
    pub(crate) fn new(
        plan: &Plan,
        frozen: &Frozen,
        state: &State,
        forgotten: &dyn Fn(&ResourceName) -> bool,
    ) -> Result<Self, RunError> {
        let mut all = HashMap::new();
        for resource in &plan.resources {
            let (Some(own), Some(bounds)) =
                (&resource.incremental, frozen.resources.get(&resource.name))
            else {
                continue;
            };
            let memory = if forgotten(&resource.name) {
                Memory::default()
            } else {
                remembered(state, &resource.name)?
            };
            let increment = Increment {
                plan: Arc::clone(own),
                bounds: bounds.clone(),
                memory,
                now: frozen.now,
                captured: Mutex::default(),
            };
            all.insert(resource.name.clone(), Arc::new(increment));
        }
        Ok(Self(all))
    }

    pub(crate) fn of(&self, resource: &ResourceName) -> Option<&Arc<Increment>> {
        self.0.get(resource)
    }
}

fn remembered(state: &State, resource: &ResourceName) -> Result<Memory, RunError> {
    let memory = memory::recall(state, resource, memory::KEY);
    let memory = memory.map_err(|source| RunError::StoredCursor {
        resource: resource.clone(),
        source: Box::new(source),
    })?;
    Ok(memory.unwrap_or_default())
}

impl Increment {
    fn is_per_parent(&self) -> bool {
        self.plan.scope == IncrementalScope::Parent
    }

    /// The bounds of one walk.
    fn bounds_of(&self, walk: u64) -> Result<Bounds, CursorError> {
        match self.memory.parents.get(&memory::Digest(walk)) {
            Some(mark) if self.is_per_parent() => {
                Bounds::new(&self.plan, self.memory.cursor_type, Some(mark), self.now)
            }
            _ => Ok(self.bounds.clone()),
        }
    }

    /// The bounds of one walk as its requests write them, and what to look for in its pages.
    pub(crate) fn walk(
        self: &Arc<Self>,
        walk: u64,
    ) -> Result<(IncrementalValues, Option<PageWatch>), CursorError> {
        let bounds = self.bounds_of(walk)?;
        let watch = PageWatch::new(self, &bounds);
        Ok((bounds.values, watch))
    }

    /// What lets only new rows through; `None` when the cursor is not in the rows.
    pub(crate) fn gate(&self) -> Option<Gate> {
        let plan = &self.plan;
        let CursorFrom::Rows(cursor) = &plan.cursor else {
            return None;
        };
        let bounds = &self.bounds;
        let is_remembered = bounds.stores != Stores::Nothing;
        let key = plan
            .key
            .as_ref()
            .filter(|_| is_remembered && self.compares_boundary());
        // A key that cannot be found in a record would make different records look alike.
        let key = key.map(|names| names.iter().map(|name| gate_key(name)).collect());
        let key: Option<Option<Vec<GateKey>>> = key;
        let walks = self.is_per_parent().then(|| {
            let marks = self.memory.parents.iter();
            let start = marks.filter_map(|(walk, mark)| {
                let bounds = self.bounds_of(walk.0).ok()?;
                Some((walk.0, start(&bounds, mark)))
            });
            start.collect()
        });
        Some(Gate {
            cursor_type: bounds.cursor_type,
            format: plan.format.clone(),
            zone: plan.zone.clone(),
            falls: plan.extreme == Extreme::Min,
            is_start_closed: plan.is_start_closed,
            end: bounds.end.clone(),
            is_end_closed: bounds.is_end_closed,
            missing: match plan.missing {
                Missing::Raise => MissingCursor::Raise,
                Missing::Include => MissingCursor::Include,
                Missing::Exclude => MissingCursor::Exclude,
            },
            key: key.map(Option::unwrap_or_default),
            start: start(bounds, &self.memory.own),
            walks,
            seen_limit: SEEN_LIMIT,
            ..Gate::new(cursor.clone())
        })
    }

    /// Whether records at the start are told apart from those that were loaded before.
    fn compares_boundary(&self) -> bool {
        self.plan.lag.is_none() && self.plan.is_start_closed
    }

    /// Keeps the cursor of a page: the earliest, or of texts that mean nothing to us the latest.
    fn capture(&self, found: Scalar) {
        let mut kept = self.captured.lock().unwrap_or_else(PoisonError::into_inner);
        let is_earlier = match &*kept {
            None => true,
            Some(kept) => self
                .order(&found, kept)
                .is_none_or(std::cmp::Ordering::is_lt),
        };
        if is_earlier {
            *kept = Some(found);
        }
    }

    /// How two cursors stand to each other; `None` for texts.
    fn order(&self, one: &Scalar, other: &Scalar) -> Option<std::cmp::Ordering> {
        let (one, other) = (RawCursor::of(one)?, RawCursor::of(other)?);
        let known = self
            .bounds
            .cursor_type
            .unwrap_or_else(|| CursorType::infer(one));
        let format = self.plan.format_as(known);
        match (format.key(one).ok()?, format.key(other).ok()?) {
            (CursorKey::Number(one), CursorKey::Number(other)) => Some(one.cmp(&other)),
            _ => None,
        }
    }

    fn captured(&self) -> Option<Scalar> {
        let captured = self.captured.lock();
        captured.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn start(bounds: &Bounds, mark: &Mark) -> GateStart {
    GateStart {
        start: bounds.start.clone(),
        last: mark.last().or(bounds.last.as_ref()).cloned(),
        seen: mark.seen.iter().map(|digest| digest.0).collect(),
        knows_start: bounds.knows_boundary && bounds.start.as_ref() == mark.last(),
    }
}

fn gate_key(name: &str) -> Option<GateKey> {
    Some(GateKey {
        name: name.to_owned(),
        selector: Selector::parse(name).ok()?,
    })
}

#[cfg(test)]
mod tests;
