//! Whether the bounds in the file make sense.

use std::cmp::Ordering;

use apiduct_model::cursor::{CursorError, CursorFormat, CursorKey, CursorType, RawCursor};
use apiduct_model::{Hint, Scalar};

use super::{Extreme, IncrementalPlan};
use crate::error::{ConfigErrorKind, Problems};
use crate::spec::{IncrementalSpec, Located};

impl IncrementalPlan {
    /// The type of the cursor as far as the file tells: declared, or that of the initial or last value.
    pub fn known_type(&self) -> Option<CursorType> {
        let written = self.initial.as_ref().or(self.end.as_ref());
        let infer = || written.and_then(RawCursor::of).map(CursorType::infer);
        self.cursor_type.or_else(|| {
            // A format is one of times, whatever the values look like.
            self.format
                .is_some()
                .then_some(CursorType::Timestamp)
                .or_else(infer)
        })
    }
}

pub(super) fn check(plan: &IncrementalPlan, spec: &IncrementalSpec, problems: &mut Problems) {
    if let (Some(end), None) = (spec.end_value.located(), spec.initial_value.value()) {
        let kind = ConfigErrorKind::Conflict {
            reason: "`end_value` needs `initial_value`, where the interval begins".to_owned(),
            hint: Some("add `initial_value`, or remove `end_value`".to_owned()),
        };
        problems.push(&end.path, end.mark, kind);
    }
    let Some(cursor_type) = plan.known_type() else {
        return;
    };
    let format = plan.format_as(cursor_type);
    let mut keys = [None, None];
    let written = [spec.initial_value.located(), spec.end_value.located()];
    for (key, written) in keys.iter_mut().zip(written) {
        let Some(written) = written else { continue };
        let Some(raw) = RawCursor::of(&written.value) else {
            continue;
        };
        match format.key(raw) {
            Ok(found) => *key = Some(found),
            Err(error) => push(written, &error, problems),
        }
    }
    if let ([Some(initial), Some(end)], Some(written)) = (keys, spec.end_value.located()) {
        order(plan, initial, end, written, problems);
    }
    ends(plan, cursor_type, spec, problems);
    let like = plan
        .initial
        .as_ref()
        .or(plan.end.as_ref())
        .and_then(RawCursor::of);
    for step in [&spec.lag, &spec.window]
        .into_iter()
        .filter_map(|one| one.located())
    {
        if let Err(error) = format.step(step.value, like.unwrap_or(RawCursor::Text(""))) {
            push(step, &error, problems);
        }
    }
    requests(plan, &format, spec, problems);
}

/// Windows over numbers have no clock that says where the last one ends.
fn ends(
    plan: &IncrementalPlan,
    cursor_type: CursorType,
    spec: &IncrementalSpec,
    problems: &mut Problems,
) {
    let is_number = matches!(cursor_type, CursorType::Int | CursorType::Decimal);
    if let Some(window) = spec.window.located()
        && is_number
        && plan.end.is_none()
    {
        let kind = ConfigErrorKind::Conflict {
            reason:
                "`window` over numbers needs `end_value`: nothing else says where the last one ends"
                    .to_owned(),
            hint: Some("set `end_value`, or remove `window`".to_owned()),
        };
        problems.push(&window.path, window.mark, kind);
    }
}

/// Whether the end comes after the start.
fn order(
    plan: &IncrementalPlan,
    initial: CursorKey<'_>,
    end: CursorKey<'_>,
    written: &Located<Scalar>,
    problems: &mut Problems,
) {
    let goes_on = match plan.extreme {
        Extreme::Max => Ordering::Greater,
        Extreme::Min => Ordering::Less,
    };
    if end.cmp(&initial) != goes_on {
        let initial = plan.initial.as_ref().unwrap_or(&Scalar::Null);
        let kind = ConfigErrorKind::Conflict {
            reason: format!(
                "`end_value` `{}` does not come after `initial_value` `{initial}`",
                written.value
            ),
            hint: Some("swap the two, or move one of them".to_owned()),
        };
        problems.push(&written.path, written.mark, kind);
    }
}

/// Whether requests can be written in the format that they ask for.
fn requests(
    plan: &IncrementalPlan,
    format: &CursorFormat,
    spec: &IncrementalSpec,
    problems: &mut Problems,
) {
    let (Some(written), Some(to), Some(value)) = (
        spec.request_format.located(),
        &plan.request_format,
        &plan.initial,
    ) else {
        return;
    };
    if let Err(error) = format.convert(value, to) {
        push(written, &error, problems);
    }
}

fn push<T>(at: &Located<T>, error: &CursorError, problems: &mut Problems) {
    let kind = ConfigErrorKind::Conflict {
        reason: error.to_string(),
        hint: error.hint(),
    };
    problems.push(&at.path, at.mark, kind);
}
