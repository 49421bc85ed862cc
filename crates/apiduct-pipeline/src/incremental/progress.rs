//! What a pull leaves for the next one.

use std::collections::BTreeSet;
use std::sync::Arc;

use apiduct_config::Plan;
use apiduct_config::plan::{CursorFrom, Extreme, RowOrder};
use apiduct_load::State;
use apiduct_model::{ResourceName, Scalar};
use apiduct_normalize::{GateReport, Reached};
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::bounds::{Stores, clock};
use super::memory::{self, Cursor, Digest, Mark, Memory};
use super::{Increment, Increments};
use crate::event::{Event, EventSink};
use crate::receipt::{CursorReceipt, ResourceReceipt, Status};
use crate::wanted::Wanted;

/// What became of one resource, as far as its incremental load cares.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// What the gate saw.
    pub(crate) gate: Option<GateReport>,
    /// Whether a limit cut its pages short.
    pub(crate) is_cut: bool,
}

impl Increments {
    /// Writes into `after` how far all resources came, and into the receipts what was left out.
    pub(crate) fn conclude(
        &self,
        (plan, wanted): (&Plan, &Wanted),
        receipts: &mut IndexMap<ResourceName, ResourceReceipt>,
        progress: &IndexMap<ResourceName, Progress>,
        after: &mut State,
        events: &Arc<dyn EventSink>,
    ) {
        let bereft = above_failures(plan, receipts);
        for (at, resource) in plan.resources.iter().enumerate() {
            let name = &resource.name;
            let (Some(increment), Some(receipt), Some(own)) =
                (self.of(name), receipts.get_mut(name), progress.get(name))
            else {
                continue;
            };
            if let Some(gate) = &own.gate {
                for (reason, count) in gate.skipped.counts() {
                    *receipt.skipped.entry(reason.to_owned()).or_default() += count;
                }
            }
            let is_whole = plan.above(at).into_iter().all(|at| {
                let parent = &plan.resources[at];
                let is_cut = progress.get(&parent.name).is_some_and(|one| one.is_cut);
                !is_cut && parent.incremental.is_none()
            });
            let held = if wanted.is_held(name) {
                Some("not all that belongs to it was selected")
            } else if bereft.contains(&at) {
                Some("what belongs to some of its rows could not be fetched")
            } else {
                held(increment, own, receipt, resource.parent.is_some())
            };
            if let (Some(why), false) = (held, increment.bounds.stores == Stores::Nothing) {
                let message = format!(
                    "the cursor of `{name}` stays where it was, because {why}: its rows come again with the next run"
                );
                events.event(&Event::Warning { message });
            }
            let memory = increment.next(own, held.is_some(), is_whole);
            receipt.cursor = Some(increment.receipt(own, memory.as_ref()));
            if let Some(memory) = memory {
                let state = after.resource_mut(name);
                state.insert(memory::KEY.to_owned(), json!(memory));
            }
        }
    }
}

/// The resources whose rows others could not be fetched for: were they not asked for again, nobody would miss those.
fn above_failures(
    plan: &Plan,
    receipts: &IndexMap<ResourceName, ResourceReceipt>,
) -> BTreeSet<usize> {
    let resources = plan.resources.iter().enumerate();
    let failed = resources.filter(|(_, one)| {
        let receipt = receipts.get(&one.name);
        receipt.is_some_and(|receipt| receipt.failed_parents > 0)
    });
    failed.flat_map(|(at, _)| plan.above(at)).collect()
}

/// Why the cursor must not move: rows that it would pass over were not fetched.
fn held(
    increment: &Increment,
    progress: &Progress,
    receipt: &ResourceReceipt,
    is_child: bool,
) -> Option<&'static str> {
    if receipt.status != Status::Complete {
        return Some("rows are missing");
    }
    let goes_on = matches!(
        (increment.plan.row_order, increment.plan.extreme),
        (Some(RowOrder::Ascending), Extreme::Max) | (Some(RowOrder::Descending), Extreme::Min)
    );
    let is_shared = is_child && !increment.is_per_parent();
    (progress.is_cut && (!goes_on || is_shared))
        .then_some("a limit of pages or records cut the rows short")
}

impl Increment {
    /// What the state remembers from here on; `None` when it stays as it is.
    fn next(&self, progress: &Progress, is_held: bool, is_whole: bool) -> Option<Memory> {
        let mut memory = self.memory.clone();
        let seen_type = progress.gate.as_ref().and_then(|gate| gate.cursor_type);
        memory.cursor_type = self.bounds.cursor_type.or(seen_type).or(memory.cursor_type);
        match &self.bounds.stores {
            Stores::Nothing => return None,
            _ if is_held => {}
            Stores::End(end) => memory.own = Mark::new(Some(end.clone()), &[]),
            Stores::Reached => match &self.plan.cursor {
                CursorFrom::Clock => memory.own = Mark::new(Some(clock(self.now)), &[]),
                CursorFrom::Response(_) => {
                    if let Some(found) = self.captured() {
                        memory.own = Mark::new(Some(found), &[]);
                    }
                }
                CursorFrom::Rows(_) => self.reach(&mut memory, progress, is_whole),
            },
        }
        Some(memory)
    }

    fn reach(&self, memory: &mut Memory, progress: &Progress, is_whole: bool) {
        let Some(gate) = &progress.gate else { return };
        if !self.is_per_parent() {
            memory.own = mark(&gate.reached);
            return;
        }
        if is_whole && !progress.is_cut {
            memory
                .parents
                .retain(|walk, _| gate.walks.contains_key(&walk.0));
        }
        let walks = gate
            .walks
            .iter()
            .filter(|(_, reached)| reached.last.is_some());
        let walks = walks.map(|(walk, reached)| (Digest(*walk), mark(reached)));
        memory.parents.extend(walks);
    }

    fn receipt(&self, progress: &Progress, memory: Option<&Memory>) -> CursorReceipt {
        let value = |scalar: Option<&Scalar>| scalar.map(|one| Value::from(Cursor(one.clone())));
        let gate = progress.gate.as_ref();
        let reached = gate.and_then(|gate| gate.reached.last.as_ref());
        let to = match (memory, &self.bounds.end) {
            _ if self.is_per_parent() => None,
            (Some(memory), _) => memory.own.last(),
            (None, _) => reached,
        };
        let unseen = |gate: &GateReport| {
            let walks = gate.walks.values().map(|reached| reached.unseen);
            gate.reached.unseen + walks.sum::<u64>()
        };
        CursorReceipt {
            from: value(self.bounds.start.as_ref()),
            to: value(to),
            parents: memory
                .filter(|_| self.is_per_parent())
                .map(|memory| memory.parents.len() as u64),
            unseen_at_boundary: gate.map_or(0, unseen),
        }
    }
}

fn mark(reached: &Reached) -> Mark {
    Mark::new(reached.last.clone(), &reached.seen)
}
