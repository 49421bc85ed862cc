use serde::Serialize;

use super::{CursorFrom, Extreme, IncrementalPlan, IncrementalScope};
use crate::plan::{RequestPlan, ResourcePlan};
use crate::template::IncrementalField;

/// How a resource loads only what is new, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IncrementalDescription {
    /// Where the cursor is, and what it is.
    pub cursor: String,
    /// Where a run starts.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// Which part of the request asks for what is new.
    pub filter: String,
    /// How much is pulled and loaded at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
}

impl IncrementalDescription {
    pub(crate) fn new(plan: &IncrementalPlan, resource: &ResourcePlan) -> Self {
        Self {
            cursor: cursor(plan),
            from: from(plan),
            to: to(plan),
            filter: filter(&resource.request),
            window: plan.window.map(|step| step.to_string()),
        }
    }
}

fn cursor(plan: &IncrementalPlan) -> String {
    let kind = plan
        .known_type()
        .map_or("of the type of the first value", |known| known.word());
    let order = match plan.extreme {
        Extreme::Max => "",
        Extreme::Min => ", falling",
    };
    let scope = match plan.scope {
        IncrementalScope::Resource => "",
        IncrementalScope::Parent => ", one for each row of the parent",
    };
    match &plan.cursor {
        CursorFrom::Rows(path) => format!("`{path}` of each row ({kind}{order}){scope}"),
        CursorFrom::Response(path) => format!("`{path}` of the page ({kind})"),
        CursorFrom::Clock => "the time at which the run begins".to_owned(),
    }
}

fn from(plan: &IncrementalPlan) -> String {
    let initial = match &plan.initial {
        Some(value) => format!("`{value}`"),
        None => "the first row".to_owned(),
    };
    if plan.is_stateless() {
        return initial;
    }
    let lag = plan
        .lag
        .map_or_else(String::new, |lag| format!(" less {lag}"));
    format!("the stored value{lag}, else {initial}")
}

fn to(plan: &IncrementalPlan) -> String {
    plan.end.as_ref().map_or_else(
        || "the last row".to_owned(),
        |end| format!("`{end}`; nothing is stored for the next run"),
    )
}

/// The places of the request that hold a bound.
fn filter(request: &RequestPlan) -> String {
    let mut places: Vec<String> = Vec::new();
    request.each_template(&mut |text, site| {
        let is_bound = |(field, _): &(IncrementalField, bool)| *field != IncrementalField::Lag;
        let place = site.path.split(".endpoint.").last().unwrap_or_default();
        let place = format!("`{place}`");
        if text.incremental_fields().iter().any(is_bound) && !places.contains(&place) {
            places.push(place);
        }
    });
    if places.is_empty() {
        "all rows are asked for, and filtered here".to_owned()
    } else {
        format!("by the API ({}), and once more here", places.join(", "))
    }
}
