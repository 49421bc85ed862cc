//! What an incremental load goes by.

mod bounds;
mod check;
mod describe;

use apiduct_json::Selector;
use apiduct_model::Scalar;
use apiduct_model::cursor::{CursorFormat, CursorStep, CursorType, TimeFormat, Zone};

use super::{ParamPlan, RequestPlan};
use crate::error::{ConfigErrorKind, Problems};
use crate::spec::{IncrementalSpec, Located, ParamSpec, ParamValue, ResourceSpec, Written};
use crate::template::{IncrementalField, Template};

pub(super) use check::{refuse_windows_below_cursors, warnings};
pub use describe::IncrementalDescription;

/// How a resource loads only what is new since the last run.
#[derive(Debug, Clone, PartialEq)]
pub struct IncrementalPlan {
    /// Where the cursor is.
    pub cursor: CursorFrom,
    /// What it is and how it is compared, if the file says so.
    pub cursor_type: Option<CursorType>,
    /// How the API writes times.
    pub format: Option<TimeFormat>,
    /// The zone of times that name none.
    pub zone: Zone,
    /// How requests write times; `None`: as the cursor is written.
    pub request_format: Option<TimeFormat>,
    /// Where the first run starts.
    pub initial: Option<Scalar>,
    /// Where the run ends; nothing is stored then.
    pub end: Option<Scalar>,
    /// Whether the cursor rises or falls.
    pub extreme: Extreme,
    /// Fields that identify a row at the boundary; empty: the whole row. `None`: such rows are loaded again.
    pub key: Option<Vec<String>>,
    /// The order in which rows come.
    pub row_order: Option<RowOrder>,
    /// How far to look back.
    pub lag: Option<CursorStep>,
    /// Whether rows at the start itself are wanted.
    pub is_start_closed: bool,
    /// Whether rows at the end itself are wanted.
    pub is_end_closed: bool,
    /// What happens with a row without a cursor.
    pub missing: MissingCursor,
    /// What one cursor holds for.
    pub scope: IncrementalScope,
    /// How much to pull and load at a time.
    pub window: Option<CursorStep>,
    /// Where it stands in the file.
    pub site: Located<()>,
    /// Where the old name of a key is used.
    pub(super) outdated: Option<Located<()>>,
}

/// Where a cursor is.
#[derive(Debug, Clone, PartialEq)]
pub enum CursorFrom {
    /// In every row.
    Rows(Selector),
    /// Once in a page.
    Response(Selector),
    /// It is the time at which the run begins.
    Clock,
}

/// Which of two cursors is the one to store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extreme {
    /// The larger one.
    #[default]
    Max,
    /// The smaller one.
    Min,
}

/// The order of rows by their cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOrder {
    /// Rising.
    Ascending,
    /// Falling.
    Descending,
}

/// What happens with a row without a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingCursor {
    /// It is an error.
    #[default]
    Raise,
    /// The row is loaded.
    Include,
    /// The row is left out.
    Exclude,
}

/// What one cursor holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IncrementalScope {
    /// The resource as a whole.
    #[default]
    Resource,
    /// One row of the parent.
    Parent,
}

impl IncrementalPlan {
    /// How cursors of `cursor_type` are read, compared and written.
    pub fn format_as(&self, cursor_type: CursorType) -> CursorFormat {
        CursorFormat {
            cursor_type,
            format: self.format.clone(),
            zone: self.zone.clone(),
        }
    }

    /// Whether the run keeps nothing for the next one.
    pub fn is_stateless(&self) -> bool {
        self.end.is_some()
    }

    /// The selector of the cursor in a row.
    pub fn row_cursor(&self) -> Option<&Selector> {
        match &self.cursor {
            CursorFrom::Rows(selector) => Some(selector),
            CursorFrom::Response(_) | CursorFrom::Clock => None,
        }
    }
}

/// What decides about the incremental load of a resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'d> {
    pub(super) spec: Option<&'d IncrementalSpec>,
    pub(super) resource: &'d ResourceSpec,
    pub(super) request: &'d RequestPlan,
    pub(super) parent: Option<&'d str>,
}

/// The one incremental load of a resource: that of a parameter, or else the key of the endpoint.
pub(super) fn choose(
    resource: &ResourceSpec,
    params: &[ParamSpec],
    problems: &mut Problems,
) -> Option<IncrementalSpec> {
    let of_params: Vec<(&ParamSpec, &IncrementalSpec)> = params
        .iter()
        .filter_map(|param| match &param.value {
            ParamValue::Incremental(spec) => Some((param, &**spec)),
            _ => None,
        })
        .collect();
    if let [_, (second, _), ..] = of_params.as_slice() {
        let names: Vec<String> = of_params
            .iter()
            .map(|(param, _)| format!("`{}`", param.name))
            .collect();
        let kind = ConfigErrorKind::Conflict {
            reason: format!(
                "a resource has one incremental load, and parameters {} each declare one",
                names.join(" and ")
            ),
            hint: Some(
                "declare it in `endpoint.incremental` and write `{incremental.start_value}` in both"
                    .to_owned(),
            ),
        };
        problems.push(&second.site.path, second.site.mark, kind);
    }
    match of_params.first() {
        Some((_, spec)) => Some((*spec).clone()),
        None => resource.endpoint.incremental.value().cloned(),
    }
}

/// Adds the parameters that `start_param` and `end_param` name.
pub(super) fn send_bounds(
    spec: Option<&IncrementalSpec>,
    request: &mut RequestPlan,
    problems: &mut Problems,
) {
    let Some(spec) = spec else { return };
    for (written, field) in [
        (&spec.start_param, IncrementalField::StartValue),
        (&spec.end_param, IncrementalField::EndValue),
    ] {
        let Some(name) = written.located() else {
            continue;
        };
        let is_taken = |param: &ParamPlan| param.key.as_literal() == Some(name.value.as_str());
        if request.params.iter().any(is_taken) {
            let kind = ConfigErrorKind::Conflict {
                reason: format!("parameter `{}` is set in `params` too", name.value),
                hint: Some("keep one of the two".to_owned()),
            };
            problems.push(&name.path, name.mark, kind);
            continue;
        }
        request.params.push(ParamPlan {
            key: Template::literal(name.value.as_str()),
            values: vec![Template::incremental(field)],
            styled: None,
            site: name.clone().map(|_| ()),
        });
    }
}

/// The plan of the incremental load; what is wrong with it goes to `problems`.
pub(super) fn plan(context: Context<'_>, problems: &mut Problems) -> Option<IncrementalPlan> {
    check::placeholders(context, problems);
    let spec = context.spec?;
    let plan = IncrementalPlan {
        cursor: cursor(spec, problems)?,
        cursor_type: word(&spec.cursor_type).and_then(|word| word.parse().ok()),
        format: time_format(&spec.format, problems),
        zone: zone(&spec.timezone, problems),
        request_format: time_format(&spec.request_format, problems),
        initial: spec.initial_value.value().cloned(),
        end: spec.end_value.value().cloned(),
        extreme: match word(&spec.last_value_func) {
            Some("min") => Extreme::Min,
            _ => Extreme::Max,
        },
        key: key(spec, context.resource),
        row_order: match word(&spec.row_order) {
            Some("asc") => Some(RowOrder::Ascending),
            Some("desc") => Some(RowOrder::Descending),
            _ => None,
        },
        lag: spec.lag.value().copied().filter(|lag| !lag.is_zero()),
        is_start_closed: word(&spec.range_start) != Some("open"),
        is_end_closed: word(&spec.range_end) == Some("closed"),
        missing: match word(&spec.on_cursor_value_missing) {
            Some("include") => MissingCursor::Include,
            Some("exclude") => MissingCursor::Exclude,
            _ => MissingCursor::Raise,
        },
        scope: match word(&spec.scope) {
            Some("parent") => IncrementalScope::Parent,
            _ => IncrementalScope::Resource,
        },
        window: spec.window.value().copied(),
        site: spec.site.clone(),
        outdated: outdated(spec),
    };
    if !context.resource.is_broken {
        check::rules(&plan, spec, context.parent, problems);
        bounds::check(&plan, spec, problems);
    }
    Some(plan)
}

/// `transform`, which is called `convert` or `request_format`.
fn outdated(spec: &IncrementalSpec) -> Option<Located<()>> {
    let written = spec.request_format.located()?;
    let is_old = written.path.ends_with(".transform");
    is_old.then(|| written.clone().map(|_| ()))
}

fn word(written: &Written<&'static str>) -> Option<&'static str> {
    written.value().copied()
}

fn cursor(spec: &IncrementalSpec, problems: &mut Problems) -> Option<CursorFrom> {
    let from = word(&spec.cursor_from).unwrap_or("rows");
    let path = spec.cursor_path.located();
    match (from, path) {
        ("clock", None) => Some(CursorFrom::Clock),
        ("clock", Some(path)) => {
            let kind = ConfigErrorKind::Conflict {
                reason: "a cursor from the clock has no `cursor_path`".to_owned(),
                hint: Some("remove one of `cursor_from` and `cursor_path`".to_owned()),
            };
            problems.push(&path.path, path.mark, kind);
            None
        }
        (_, None) => {
            let kind = ConfigErrorKind::MissingKey {
                key: "cursor_path",
                doc: "JSONPath of the cursor in a row, or in a page with `cursor_from: response`.",
            };
            problems.push(&spec.site.path, spec.site.mark, kind);
            None
        }
        ("response", Some(path)) => Some(CursorFrom::Response(path.value.clone())),
        (_, Some(path)) => Some(CursorFrom::Rows(path.value.clone())),
    }
}

fn time_format(written: &Written<String>, problems: &mut Problems) -> Option<TimeFormat> {
    let written = written.located()?;
    let format = TimeFormat::parse(&written.value);
    if format.is_none() {
        let kind = ConfigErrorKind::Malformed {
            value: written.value.clone(),
            expected: "a format of times",
            example: "`iso8601`, `unix`, `unix_ms`, `date` or a pattern such as `%d.%m.%Y`",
        };
        problems.push(&written.path, written.mark, kind);
    }
    format
}

fn zone(written: &Written<String>, problems: &mut Problems) -> Zone {
    let Some(written) = written.located() else {
        return Zone::utc();
    };
    Zone::parse(&written.value).unwrap_or_else(|_| {
        let kind = ConfigErrorKind::Malformed {
            value: written.value.clone(),
            expected: "a time zone",
            example: "`Europe/Berlin`, `UTC` or `+02:00`",
        };
        problems.push(&written.path, written.mark, kind);
        Zone::utc()
    })
}

/// The key of the block, or else of the resource, or else the whole row; an empty list switches it off.
fn key(spec: &IncrementalSpec, resource: &ResourceSpec) -> Option<Vec<String>> {
    let names = |keys: &Vec<Located<String>>| keys.iter().map(|key| key.value.clone()).collect();
    if let Some(own) = spec.primary_key.value() {
        return (!own.is_empty()).then(|| names(own));
    }
    let of_resource = resource.primary_key.value();
    Some(of_resource.map(names).unwrap_or_default())
}

#[cfg(test)]
mod tests;
