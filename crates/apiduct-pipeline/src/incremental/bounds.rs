//! Bounds that are fixed when a pull begins.

use std::collections::BTreeMap;

use apiduct_config::plan::{CursorFrom, Extreme, IncrementalPlan};
use apiduct_config::template::IncrementalValues;
use apiduct_model::cursor::{
    CursorError, CursorFormat, CursorKey, CursorStep, CursorType, RawCursor,
};
use apiduct_model::{ResourceName, Scalar, format_timestamp};
use serde::{Deserialize, Serialize};

use super::memory::Mark;

/// The bounds of a whole pull. They hold for all runs that it takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Frozen {
    /// When the pull began, in microseconds since 1970.
    pub(crate) now: i64,
    /// The bounds of each resource that loads incrementally.
    pub(crate) resources: BTreeMap<ResourceName, Bounds>,
}

/// The bounds of one resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bounds {
    /// What the cursor is, as far as it is known before the first row.
    pub(crate) cursor_type: Option<CursorType>,
    /// The bounds as requests write them.
    pub(crate) values: IncrementalValues,
    /// Where the pull starts, as the API writes cursors.
    pub(crate) start: Option<Scalar>,
    /// The farthest cursor before the pull.
    pub(crate) last: Option<Scalar>,
    /// Where it ends.
    pub(crate) end: Option<Scalar>,
    /// Whether rows at the end itself are wanted.
    pub(crate) is_end_closed: bool,
    /// Whether the state knows the rows at the start.
    pub(crate) knows_boundary: bool,
    /// What the state gets.
    pub(crate) stores: Stores,
    /// Where the next window begins; none behind the last one.
    pub(crate) next: Option<Scalar>,
}

/// What the state gets once the pull is loaded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Stores {
    /// Nothing: the run has an end of its own.
    Nothing,
    /// How far the rows came.
    #[default]
    Reached,
    /// The end of the window.
    End(Scalar),
}

impl Bounds {
    /// The bounds for what `mark` remembers.
    pub(crate) fn new(
        plan: &IncrementalPlan,
        stored_type: Option<CursorType>,
        mark: Option<&Mark>,
        now: i64,
    ) -> Result<Self, CursorError> {
        let is_stateless = plan.is_stateless();
        let stored = mark.and_then(Mark::last).filter(|_| !is_stateless);
        let cursor_type = if plan.cursor == CursorFrom::Clock {
            Some(CursorType::Timestamp)
        } else {
            let known = plan.cursor_type.or(stored_type).or(plan.known_type());
            let raw = stored.and_then(RawCursor::of);
            known.or_else(|| raw.map(CursorType::infer))
        };
        let format = cursor_type.map(|known| plan.format_as(known));
        let start = match (stored, &format) {
            (Some(stored), Some(format)) => Some(with_lag(plan, format, stored)?),
            (Some(stored), None) => Some(stored.clone()),
            (None, _) => plan.initial.clone(),
        };
        let end = match plan.cursor {
            CursorFrom::Clock => Some(clock(now)),
            _ => plan.end.clone(),
        };
        let last = stored.cloned().or_else(|| plan.initial.clone());
        let write = Writer { plan, format };
        Ok(Self {
            cursor_type,
            values: IncrementalValues {
                start: write.value(start.as_ref())?,
                initial: write.value(plan.initial.as_ref())?,
                last: write.value(last.as_ref())?,
                end: write.value(end.as_ref())?,
                lag: plan.lag.map(lag),
            },
            start,
            last: stored.cloned(),
            end: plan.end.clone(),
            is_end_closed: plan.is_end_closed,
            knows_boundary: plan.lag.is_none() && !is_stateless && plan.is_start_closed,
            stores: if is_stateless {
                Stores::Nothing
            } else {
                Stores::Reached
            },
            next: None,
        })
    }

    /// The first window of these bounds from `position` on.
    pub(crate) fn window(
        mut self,
        plan: &IncrementalPlan,
        width: CursorStep,
        position: Option<&Scalar>,
        now: i64,
    ) -> Result<Self, CursorError> {
        if let Some(position) = position {
            self.start = Some(position.clone());
            self.last = Some(position.clone());
            self.knows_boundary = false;
        }
        let (Some(start), Some(cursor_type)) = (self.start.clone(), self.cursor_type) else {
            return Ok(self);
        };
        let Some(like) = RawCursor::of(&start) else {
            return Ok(self);
        };
        let format = plan.format_as(cursor_type);
        let now = clock(now);
        let horizon = match &self.end {
            Some(end) => RawCursor::of(end),
            None => RawCursor::of(&now),
        };
        let horizon = horizon.map(|raw| format.key(raw)).transpose()?;
        let (CursorKey::Number(from), Some(CursorKey::Number(horizon))) =
            (format.key(like)?, horizon)
        else {
            return Ok(self);
        };
        let next = from.saturating_add(format.step(width, like)?.max(1));
        let end = if next >= horizon {
            self.end.clone()
        } else {
            Some(format.write(next, like)?)
        };
        let is_last = next >= horizon;
        let write = Writer {
            plan,
            format: Some(format),
        };
        self.values.start = write.value(Some(&start))?;
        self.values.end = write.value(end.as_ref().or(Some(&now)))?;
        if is_last {
            return Ok(self);
        }
        self.end.clone_from(&end);
        self.is_end_closed = false;
        if let (Some(end), Stores::Reached) = (&end, &self.stores) {
            self.stores = Stores::End(end.clone());
        }
        self.next = end;
        Ok(self)
    }
}

/// The stored value less the lag, and not before the initial value.
fn with_lag(
    plan: &IncrementalPlan,
    format: &CursorFormat,
    stored: &Scalar,
) -> Result<Scalar, CursorError> {
    let (Some(lag), Some(raw)) = (plan.lag, RawCursor::of(stored)) else {
        return Ok(stored.clone());
    };
    let CursorKey::Number(last) = format.key(raw)? else {
        return format.step(lag, raw).map(|_| stored.clone());
    };
    let initial = plan.initial.as_ref().and_then(RawCursor::of);
    let initial = match initial.map(|raw| format.key(raw)).transpose()? {
        Some(CursorKey::Number(initial)) => Some(initial),
        _ => None,
    };
    let step = format.step(lag, raw)?;
    let moved = match plan.extreme {
        Extreme::Max => initial.map_or(last - step, |initial| initial.max(last - step).min(last)),
        Extreme::Min => initial.map_or(last + step, |initial| initial.min(last + step).max(last)),
    };
    format.write(moved, raw)
}

/// Writes bounds into requests.
struct Writer<'p> {
    plan: &'p IncrementalPlan,
    format: Option<CursorFormat>,
}

impl Writer<'_> {
    fn value(&self, value: Option<&Scalar>) -> Result<Option<Scalar>, CursorError> {
        let (Some(value), Some(to)) = (value, &self.plan.request_format) else {
            return Ok(value.cloned());
        };
        match &self.format {
            Some(format) => format.convert(value, to).map(Some),
            None => Ok(Some(value.clone())),
        }
    }
}

/// The lag as a number: of seconds, or of the cursor's units.
fn lag(step: CursorStep) -> Scalar {
    match step {
        CursorStep::Time(span) => Scalar::Number(span.as_secs_f64().to_string().into()),
        CursorStep::Number(_) => Scalar::Number(step.to_string().into()),
    }
}

/// A moment as a cursor.
pub(super) fn clock(now: i64) -> Scalar {
    Scalar::Text(format_timestamp(now).into())
}
