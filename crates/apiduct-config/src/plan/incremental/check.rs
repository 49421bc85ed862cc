//! What goes together in an incremental load, and what does not.

use apiduct_model::WriteDisposition;

use super::{Context, CursorFrom, Extreme, IncrementalPlan, IncrementalScope};
use crate::error::{ConfigErrorKind, Problems};
use crate::plan::{ResourcePlan, Warning, above};
use crate::spec::{IncrementalSpec, Located, Written};
use crate::template::{IncrementalField, Template};

fn conflict<T>(at: &Located<T>, reason: &str, hint: &str, problems: &mut Problems) {
    let kind = ConfigErrorKind::Conflict {
        reason: reason.to_owned(),
        hint: (!hint.is_empty()).then(|| hint.to_owned()),
    };
    problems.push(&at.path, at.mark, kind);
}

/// Rules between keys.
pub(super) fn rules(
    plan: &IncrementalPlan,
    spec: &IncrementalSpec,
    parent: Option<&str>,
    problems: &mut Problems,
) {
    if let Some(external) = spec.allow_external_schedulers.located()
        && external.value
    {
        let kind = ConfigErrorKind::NotSupported {
            what: "an interval from an external scheduler".to_owned(),
            instead: Some("let the scheduler call `apiduct backfill FILE --from X --to Y`"),
        };
        problems.push(&external.path, external.mark, kind);
    }
    if plan.scope == IncrementalScope::Parent
        && let (None, Some(scope)) = (parent, spec.scope.located())
    {
        conflict(
            scope,
            "`scope: parent` needs a parent, and the resource has none",
            "remove it, or refer to a parent with `{resources.PARENT.FIELD}`",
            problems,
        );
    }
    windows(plan, spec, problems);
    if plan.row_cursor().is_none() {
        for_rows_only(plan, spec, problems);
    }
}

fn windows(plan: &IncrementalPlan, spec: &IncrementalSpec, problems: &mut Problems) {
    let Some(window) = spec.window.located() else {
        return;
    };
    if window.value.is_zero() {
        conflict(
            window,
            "a window of no width never ends",
            "write it like `7d`",
            problems,
        );
    }
    if plan.scope == IncrementalScope::Parent {
        conflict(
            window,
            "`window` cuts one interval, and with `scope: parent` every parent has its own",
            "keep one of the two",
            problems,
        );
    }
    if matches!(plan.cursor, CursorFrom::Response(_)) {
        conflict(
            window,
            "`window` needs a cursor in the rows or from the clock",
            "remove `window`",
            problems,
        );
    }
    if plan.extreme == Extreme::Min {
        conflict(
            window,
            "`window` needs a cursor that rises",
            "remove `last_value_func: min`",
            problems,
        );
    }
    if plan.initial.is_none() {
        conflict(
            window,
            "`window` needs `initial_value`, where the first window begins",
            "add `initial_value`, or remove `window`",
            problems,
        );
    }
}

/// Keys that say something about rows, for a cursor that is not in them.
fn for_rows_only(plan: &IncrementalPlan, spec: &IncrementalSpec, problems: &mut Problems) {
    fn refuse<T>(key: &str, written: &Written<T>, plan: &IncrementalPlan, problems: &mut Problems) {
        let Some(written) = written.located() else {
            return;
        };
        let from = match plan.cursor {
            CursorFrom::Clock => "the clock",
            _ => "the response",
        };
        let reason = format!("`{key}` is about cursors in rows, and this one is from {from}");
        conflict(written, &reason, "remove it", problems);
    }
    refuse("row_order", &spec.row_order, plan, problems);
    refuse(
        "on_cursor_value_missing",
        &spec.on_cursor_value_missing,
        plan,
        problems,
    );
    refuse("primary_key", &spec.primary_key, plan, problems);
    refuse("range_start", &spec.range_start, plan, problems);
    refuse("range_end", &spec.range_end, plan, problems);
    refuse("last_value_func", &spec.last_value_func, plan, problems);
    if plan.scope == IncrementalScope::Parent {
        refuse("scope", &spec.scope, plan, problems);
    }
}

/// Placeholders of the incremental load stand where there is one, and where their value can be missing only where
/// something can be left out.
pub(super) fn placeholders(context: Context<'_>, problems: &mut Problems) {
    if context.resource.is_broken {
        return;
    }
    let mut found: Vec<(IncrementalField, bool, Located<()>)> = Vec::new();
    let path = &*context.request.path.path;
    context.request.each_template(&mut |text: &Template, site| {
        let is_lone = text.as_placeholder().is_some() && *site.path != *path;
        for (field, has_default) in text.incremental_fields() {
            found.push((field, is_lone || has_default, site.clone()));
        }
    });
    for (field, is_optional, site) in found {
        let Some(spec) = context.spec else {
            let kind = ConfigErrorKind::Template {
                reason: format!(
                    "`{{incremental.{}}}` refers to an incremental load, and the endpoint has none",
                    field.word()
                ),
                hint: Some("add `incremental: {cursor_path: ...}` to the endpoint".to_owned()),
            };
            problems.push(&site.path, site.mark, kind);
            continue;
        };
        if !is_optional && let Some(missing) = without_value(field, spec) {
            let kind = ConfigErrorKind::Template {
                reason: format!(
                    "`{{incremental.{}}}` may have no value here, and the text around it cannot do without",
                    field.word()
                ),
                hint: Some(missing.to_owned()),
            };
            problems.push(&site.path, site.mark, kind);
        }
    }
}

/// What to write so that `field` always has a value; `None` if it has.
fn without_value(field: IncrementalField, spec: &IncrementalSpec) -> Option<&'static str> {
    let is_clock = spec.cursor_from.value() == Some(&"clock");
    match field {
        IncrementalField::StartValue
        | IncrementalField::LastValue
        | IncrementalField::InitialValue => spec.initial_value.value().is_none().then_some(
            "set `initial_value`, or make the placeholder a parameter of its own, which is left out then",
        ),
        IncrementalField::EndValue => {
            let is_known = spec.end_value.value().is_some() || spec.window.value().is_some() || is_clock;
            (!is_known).then_some(
                "set `end_value` or `window`, or make the placeholder a parameter of its own, which is left out then",
            )
        }
        IncrementalField::Lag => spec.lag.value().is_none().then_some("set `lag`"),
    }
}

/// A window of a child cannot be pulled again for parents whose own cursor has moved on.
pub(crate) fn refuse_windows_below_cursors(resources: &[ResourcePlan], problems: &mut Problems) {
    for (at, resource) in resources.iter().enumerate() {
        let Some(plan) = resource
            .incremental
            .as_ref()
            .filter(|one| one.window.is_some())
        else {
            continue;
        };
        let passed = above(resources, at)
            .into_iter()
            .find(|at| resources[*at].incremental.is_some());
        if let Some(parent) = passed {
            let reason = format!(
                "`window` goes through the rows of parent `{}` several times, and those are loaded incrementally, once",
                resources[parent].name
            );
            conflict(
                &plan.site,
                &reason,
                "set `window` at the parent instead",
                problems,
            );
        }
    }
}

/// What works and is likely not wanted.
pub(crate) fn warnings(resources: &[ResourcePlan], file: &str) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for resource in resources {
        let Some(plan) = &resource.incremental else {
            continue;
        };
        let mut warn_at = |code, site: &Located<()>, message: &str, hint: &str| {
            warnings.push(Warning {
                code,
                message: message.to_owned(),
                hint: hint.to_owned(),
                path: site.path.to_string(),
                place: site.mark.in_file(file),
            });
        };
        if let Some(site) = &plan.outdated {
            warn_at(
                "old-notation",
                site,
                "`transform` is the old name of this key",
                "call it `request_format`",
            );
        }
        let mut warn = |code, message: &str, hint: &str| warn_at(code, &plan.site, message, hint);
        if resource.write_disposition == WriteDisposition::Replace {
            warn(
                "incremental-replaced",
                "`replace` drops the rows of earlier runs, so every run starts at `initial_value` again",
                "use `write_disposition: append`, or remove `incremental`",
            );
        } else if plan.lag.is_some() && resource.write_disposition == WriteDisposition::Append {
            warn(
                "lag-doubles",
                "`lag` loads rows again, and `append` keeps both",
                "expect duplicates, or remove `lag`",
            );
        }
        if plan.site.path.contains(".params.") {
            warn(
                "old-notation",
                "a parameter of `type: incremental` is the old notation",
                "declare `endpoint.incremental`, and set the parameter to `{incremental.start_value}`",
            );
        }
    }
    warnings
}
