//! The way through a run: one pull, or one after the other where windows cut the interval.

use std::collections::HashMap;
use std::sync::Arc;

use apiduct_config::Plan;
use apiduct_config::plan::{IncrementalPlan, IncrementalScope, ResourcePlan};
use apiduct_load::State;
use apiduct_model::cursor::{CursorError, CursorType};
use apiduct_model::{ResourceName, Scalar};
use indexmap::IndexMap;
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::bounds::{Bounds, Frozen};
use super::memory::{self, Memory, Unfinished};
use super::remembered;
use crate::error::RunError;
use crate::options::Backfill;
use crate::receipt::{ResourceReceipt, Status};
use crate::wanted::Wanted;

/// Where a run stands.
#[derive(Debug, Default)]
pub(crate) struct Course {
    backfill: Option<Backfill>,
    /// The bounds of the first pull, which hold for all that has no window.
    first: Option<Frozen>,
    /// Where the next window of each resource begins.
    positions: HashMap<ResourceName, Scalar>,
}

/// One pull of a run.
#[derive(Debug)]
pub(crate) struct Leg {
    /// What it fetches.
    pub(crate) wanted: Wanted,
    /// Its bounds.
    pub(crate) frozen: Frozen,
    /// Digest of what the bounds follow from.
    pub(crate) basis: Value,
    /// Whether what the state remembers counts for a resource.
    pub(crate) is_backfill: bool,
}

impl Leg {
    /// Whether all that loads incrementally, and what belongs to it, is there.
    pub(crate) fn is_whole(&self, receipts: &IndexMap<ResourceName, ResourceReceipt>) -> bool {
        receipts.iter().all(|(name, one)| {
            let is_incremental = self.frozen.resources.contains_key(name);
            one.failed_parents == 0 && (!is_incremental || one.status == Status::Complete)
        })
    }
}

impl Course {
    pub(crate) fn new(backfill: Option<Backfill>) -> Self {
        Self {
            backfill,
            ..Self::default()
        }
    }

    /// The next pull. `now` is in microseconds since 1970.
    pub(crate) fn leg(
        &self,
        plan: &Plan,
        wanted: &Wanted,
        state: &State,
        now: i64,
    ) -> Result<Leg, RunError> {
        let wanted = match (&self.first, &self.backfill) {
            (Some(_), _) => wanted.windowed(&|name| self.positions.contains_key(name)),
            (None, Some(_)) => wanted.backfilled(plan)?,
            (None, None) => wanted.clone(),
        };
        let mut leg = Leg {
            frozen: Frozen {
                now: self.first.as_ref().map_or(now, |first| first.now),
                ..Frozen::default()
            },
            basis: Value::Null,
            is_backfill: self.backfill.is_some(),
            wanted,
        };
        let mut basis = Vec::new();
        for at in leg.wanted.fetched.clone() {
            let resource = &plan.resources[at];
            if let Some(own) = &resource.incremental {
                basis.push(self.freeze(&mut leg, resource, own, state)?);
            }
        }
        if !basis.is_empty() {
            let text = json!(basis).to_string();
            leg.basis = format!("{:016x}", xxh3_64(text.as_bytes())).into();
        }
        Ok(leg)
    }

    /// Fixes the bounds of one resource; gives what they follow from.
    fn freeze(
        &self,
        leg: &mut Leg,
        resource: &ResourcePlan,
        own: &Arc<IncrementalPlan>,
        state: &State,
    ) -> Result<Value, RunError> {
        let name = &resource.name;
        let memory = if leg.wanted.is_replaced(name) || leg.is_backfill {
            Memory::default()
        } else {
            remembered(state, name)?
        };
        let failed = |source: CursorError| RunError::Cursor {
            resource: name.clone(),
            source: Box::new(source),
        };
        let plan = self.plan_of(own);
        let own_bounds = self
            .first
            .as_ref()
            .and_then(|first| first.resources.get(name));
        let bounds = if let Some(first) = own_bounds.filter(|_| plan.window.is_none()) {
            first.clone()
        } else {
            let mark = (plan.scope == IncrementalScope::Resource).then_some(&memory.own);
            let now = leg.frozen.now;
            Bounds::new(&plan, memory.cursor_type, mark, now).map_err(failed)?
        };
        let position = self.position(name, state)?;
        let bounds = match plan.window {
            Some(width) => {
                let window = bounds.window(&plan, width, position.as_ref(), leg.frozen.now);
                window.map_err(failed)?
            }
            None => bounds,
        };
        leg.frozen.resources.insert(name.clone(), bounds);
        let backfill = self.backfill.as_ref().map(|one| (&one.from, &one.to));
        let position = position.map(|position| position.to_json());
        Ok(json!([name, memory, backfill, position]))
    }

    /// The interval of the backfill in place of that of the file.
    fn plan_of(&self, own: &Arc<IncrementalPlan>) -> Arc<IncrementalPlan> {
        let Some(backfill) = &self.backfill else {
            return Arc::clone(own);
        };
        let is_number = matches!(own.initial, Some(Scalar::Number(_)))
            || matches!(
                own.known_type(),
                Some(CursorType::Int | CursorType::Decimal)
            );
        let scalar = |text: &str| {
            let is_json = serde_json::from_str::<serde_json::Number>(text).is_ok();
            if is_number && is_json {
                Scalar::Number(text.into())
            } else {
                Scalar::from(text)
            }
        };
        let mut plan = IncrementalPlan::clone(own);
        plan.initial = Some(scalar(&backfill.from));
        plan.end = Some(scalar(&backfill.to));
        Arc::new(plan)
    }

    /// Where the window at hand begins, if it is not the first.
    fn position(&self, name: &ResourceName, state: &State) -> Result<Option<Scalar>, RunError> {
        if let Some(position) = self.positions.get(name) {
            return Ok(Some(position.clone()));
        }
        let Some(backfill) = &self.backfill else {
            return Ok(None);
        };
        let left: Option<Unfinished> =
            memory::recall(state, name, memory::BACKFILL).map_err(|source| {
                RunError::StoredCursor {
                    resource: name.clone(),
                    source: Box::new(source),
                }
            })?;
        let left = left.filter(|left| left.from == backfill.from && left.to == backfill.to);
        Ok(left.map(|left| left.done.0))
    }

    /// `leg` is loaded; whether another one follows.
    pub(crate) fn advance(&mut self, leg: Leg) -> bool {
        let windows = leg.frozen.resources.iter();
        let next = windows.filter_map(|(name, bounds)| Some((name.clone(), bounds.next.clone()?)));
        self.positions = next.collect();
        self.first.get_or_insert(leg.frozen);
        !self.positions.is_empty()
    }

    /// Writes into `after` how far a backfill is.
    pub(crate) fn note(&self, leg: &Leg, after: &mut State) {
        let Some(backfill) = &self.backfill else {
            return;
        };
        for (name, bounds) in &leg.frozen.resources {
            let memory = after.resource_mut(name);
            match &bounds.next {
                Some(done) => {
                    let left = Unfinished {
                        from: backfill.from.clone(),
                        to: backfill.to.clone(),
                        done: memory::Cursor(done.clone()),
                    };
                    memory.insert(memory::BACKFILL.to_owned(), json!(left));
                }
                None => drop(memory.remove(memory::BACKFILL)),
            }
        }
    }
}
