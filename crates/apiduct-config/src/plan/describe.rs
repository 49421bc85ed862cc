//! The plan for people and machines.

use std::fmt::Write;

use apiduct_client::format::BodyFormat;
use apiduct_model::WriteDisposition;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    AuthPlan, ForEachPlan, IncrementalDescription, Origin, ParamPlan, Plan, ResourcePlan,
    SelectorPlan, Warning,
};
use crate::spec::DataSpec;
use crate::spec::ForEachMode;
use crate::template::Template;

/// What a run would do, before anything is known that only the API knows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanDescription {
    /// The pipeline.
    pub name: String,
    /// The URL in front of every path.
    pub base_url: String,
    /// Where the rows go.
    pub destination: String,
    /// The schema at the destination.
    pub dataset: String,
    /// The resources in the order in which they run.
    pub resources: Vec<ResourceDescription>,
    /// What works and is likely not wanted, with its place.
    pub warnings: Vec<Warning>,
}

/// What a run would do for one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResourceDescription {
    /// Its place in the order, from 1.
    pub order: usize,
    /// Its name.
    pub name: String,
    /// The resource whose rows it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// All the resources whose rows it needs, and how they go together; with several parents only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_each: Option<String>,
    /// Where its rows come from, if it sends no requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    /// What keeps the number of requests small: `distinct`, batches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parent_rows: Vec<String>,
    /// The HTTP method; empty if it sends no requests.
    pub method: String,
    /// The URL of the first request, with placeholders as written.
    pub url: String,
    /// Headers by name, credentials masked.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub headers: Map<String, Value>,
    /// The body, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// The body, as form fields (`[[name, value], ...]`) or as a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// How it proves who it is.
    pub auth: String,
    /// How it gets from page to page.
    pub paginator: Decision,
    /// Where its records are in a page.
    pub selector: Decision,
    /// Whether what is not in a page counts as empty.
    pub allow_missing: bool,
    /// Whether pages may repeat the rows of earlier pages.
    pub allow_repeats: bool,
    /// How many rows of the parent may fail, if some may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_error: Option<String>,
    /// Requests under way at a time, where the resource says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
    /// What answers are, unless their content type says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_format: Option<String>,
    /// Where the report that the request asks for is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Rules about answers, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_actions: Vec<String>,
    /// What happens with the rows that are already in the table.
    pub write_disposition: String,
    /// How rows take the place of earlier ones, if they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge: Option<String>,
    /// Fields that identify a row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub primary_key: Vec<String>,
    /// The table that gets its rows; `None` if they are not loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// How it loads only what is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incremental: Option<IncrementalDescription>,
    /// Keys that each row gets from its parent's row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from_parent: Vec<String>,
    /// What the file says about tables and columns that no destination of this version heeds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// How many levels of lists and objects become tables and columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_table_nesting: Option<usize>,
    /// Steps on each record, for which it is read as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}

/// A setting and why it is what it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// The setting.
    pub what: String,
    /// Where it comes from.
    pub why: String,
}

pub(super) fn plan(plan: &Plan) -> PlanDescription {
    PlanDescription {
        name: plan.name.clone(),
        base_url: url_text(&plan.client.base_url.value),
        destination: plan.destination.value.to_string(),
        dataset: plan.dataset.value.to_string(),
        resources: (0..plan.resources.len())
            .map(|at| resource(plan, at))
            .collect(),
        warnings: plan.warnings.clone(),
    }
}

/// What a resource has at a key of its endpoint that the file leaves out; nothing where `client` says it.
pub(super) fn implied(one: &ResourcePlan, key: &str) -> Option<&'static str> {
    match (key, &one.selector, one.paginator.origin) {
        ("paginator", _, Origin::SingleEntity) => Some("single_page: the answer is one record"),
        ("paginator", _, Origin::Report) => Some("single_page: a report is one page"),
        ("paginator", _, Origin::Nowhere) | ("data_selector", SelectorPlan::Detect, _) => {
            Some("detected from the first page")
        }
        ("data_selector", SelectorPlan::SingleEntity, _) => Some("$: the answer is one record"),
        _ => None,
    }
}

fn resource(plan: &Plan, at: usize) -> ResourceDescription {
    let one = &plan.resources[at];
    let request = &one.request;
    let headers = request.headers.iter();
    ResourceDescription {
        order: at + 1,
        name: one.name.to_string(),
        parent: one
            .parent
            .map(|parent| plan.resources[parent].name.to_string()),
        for_each: one.for_each.mode.map(|mode| for_each(plan, one, mode)),
        seed: one.seed.as_ref().map(|seed| seed.value.to_string()),
        parent_rows: parent_rows(&one.for_each),
        method: match one.seed {
            Some(_) => String::new(),
            None => request.method.to_string(),
        },
        url: match one.seed {
            Some(_) => String::new(),
            None => url(plan, one),
        },
        headers: headers
            .map(|header| {
                (
                    header.key.to_string(),
                    Value::from(header.value.to_string()),
                )
            })
            .collect(),
        json: request.json.as_ref().map(|json| json.value.to_shown()),
        data: request.data.as_ref().map(|data| shown_data(&data.value)),
        auth: auth(plan, one),
        paginator: paginator(one),
        selector: selector(one),
        allow_missing: one.allow_missing,
        allow_repeats: one.allow_repeats,
        on_error: one.tolerance.map(|tolerance| tolerance.to_string()),
        concurrency: one.concurrency,
        response_format: response_format(&one.response_format),
        job: one.job.as_ref().map(ToString::to_string),
        response_actions: one.response_rules.iter().map(ToString::to_string).collect(),
        write_disposition: one.write_disposition.to_string(),
        merge: (one.write_disposition == WriteDisposition::Merge).then(|| one.merge.to_string()),
        primary_key: one.primary_key.clone(),
        incremental: one
            .incremental
            .as_ref()
            .map(|plan| IncrementalDescription::new(plan, one)),
        table: one.is_loaded().then(|| match &one.tables {
            Some(tables) => tables.text.clone(),
            None => one.table.to_string(),
        }),
        from_parent: one
            .from_parent
            .iter()
            .map(|column| column.key.clone())
            .collect(),
        hints: one.hints.clone(),
        max_table_nesting: one.max_table_nesting,
        steps: one.steps.iter().map(|one| one.step.to_string()).collect(),
    }
}

fn response_format(format: &BodyFormat) -> Option<String> {
    let name = format.to_string();
    (name != "auto").then_some(name)
}

/// The body as written, credentials masked.
fn shown_data(data: &DataSpec) -> Value {
    match data {
        DataSpec::Raw(text) => Value::from(text.to_string()),
        DataSpec::Form(pairs) => pairs
            .iter()
            .map(|(name, value)| Value::from(vec![name.to_string(), value.to_string()]))
            .collect(),
    }
}

fn for_each(plan: &Plan, resource: &ResourcePlan, mode: ForEachMode) -> String {
    let names = resource.parents.iter();
    let names: Vec<String> = names
        .map(|at| format!("`{}`", plan.resources[*at].name))
        .collect();
    match mode {
        ForEachMode::Product => format!("each row of {}", names.join(" with each of ")),
        ForEachMode::Zip => format!("the rows of {} side by side", names.join(" and ")),
        ForEachMode::Join => {
            let fields = resource.for_each.join.iter();
            let fields = fields.map(|one| format!("`{}.{}`", one.tap.parent, one.tap.field));
            let fields = fields.collect::<Vec<_>>().join(" is ");
            format!("the rows of {} where {fields}", names.join(" and "))
        }
    }
}

fn parent_rows(for_each: &ForEachPlan) -> Vec<String> {
    let distinct = for_each
        .distinct
        .then(|| "rows that lead to the same request count once".to_owned());
    let batch = for_each.batch.map(|batch| {
        format!(
            "up to {} rows share a request, and {} characters of path and query",
            batch.size, batch.max_url_length
        )
    });
    distinct.into_iter().chain(batch).collect()
}

/// The URL with its parameters, everything as written.
fn url(plan: &Plan, resource: &ResourcePlan) -> String {
    let base = url_text(&plan.client.base_url.value);
    let path = resource.request.path.value.to_string();
    let is_absolute = path.starts_with("http://") || path.starts_with("https://");
    let mut url = if is_absolute {
        crate::spec::shown_url(&path)
    } else if path.is_empty() {
        base
    } else {
        format!(
            "{}/{}",
            base.trim_end_matches('/'),
            path.trim_start_matches('/')
        )
    };
    for param in &resource.request.params {
        push_param(&mut url, param);
    }
    url
}

fn push_param(url: &mut String, param: &ParamPlan) {
    for value in &param.values {
        url.push(if url.contains('?') { '&' } else { '?' });
        // Writing to a text cannot fail.
        let _ = write!(url, "{}={value}", param.key);
    }
    if let Some(styled) = &param.styled {
        url.push(if url.contains('?') { '&' } else { '?' });
        let _ = write!(url, "{}={}", param.key, styled.value.to_shown());
    }
}

fn url_text(text: &Template) -> String {
    crate::spec::shown_url(&text.to_string())
}

fn auth(plan: &Plan, resource: &ResourcePlan) -> String {
    match &resource.auth {
        AuthPlan::Off => "none, as the resource says".to_owned(),
        AuthPlan::Own(auth) => auth.value.describe(),
        AuthPlan::Client => plan
            .client
            .auth
            .as_ref()
            .map_or_else(|| "none".to_owned(), |auth| auth.value.describe()),
    }
}

/// What holds for a resource that sends no requests.
fn no_requests() -> Decision {
    Decision {
        what: "none".to_owned(),
        why: "it sends no requests".to_owned(),
    }
}

fn paginator(resource: &ResourcePlan) -> Decision {
    if resource.seed.is_some() {
        return no_requests();
    }
    let plan = &resource.paginator;
    let what = plan
        .paginator
        .as_ref()
        .map_or_else(|| "to be detected".to_owned(), |one| one.describe());
    let why = match plan.origin {
        Origin::Resource => "the resource says so",
        Origin::Defaults => "`resource_defaults` says so",
        Origin::Client => "`client` says so",
        Origin::SingleEntity => "the path asks for one record",
        Origin::Report => "a report is one page",
        Origin::Nowhere => "the file does not say; the first page will",
    };
    Decision {
        what,
        why: why.to_owned(),
    }
}

fn selector(resource: &ResourcePlan) -> Decision {
    if resource.seed.is_some() {
        return no_requests();
    }
    let (what, why) = match &resource.selector {
        SelectorPlan::Declared(selector) if !selector.is_compiled() => (
            selector.to_string(),
            "the resource says so; each page is read as a whole, as a scan cannot follow this path",
        ),
        SelectorPlan::Declared(selector) => (selector.to_string(), "the resource says so"),
        SelectorPlan::SingleEntity => ("$".to_owned(), "the path asks for one record"),
        SelectorPlan::Detect => (
            "to be detected".to_owned(),
            "the file does not say; the first page will",
        ),
    };
    Decision {
        what,
        why: why.to_owned(),
    }
}
