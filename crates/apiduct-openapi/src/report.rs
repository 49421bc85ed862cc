//! The findings as JSON, in a form that compares with other generators.

use serde_json::{Map, Value, json};

use crate::findings::{Auth, Finding, Findings, Pages, Resource};

/// The neutral form: decisions, each with `confidence` and `why`.
pub(crate) fn report(findings: &Findings) -> Value {
    let mut resources = Map::new();
    for one in &findings.resources {
        resources.insert(one.name.clone(), resource(one));
    }
    json!({
        "ok": true,
        "error": null,
        "title": findings.title,
        "base_url": findings.base_url.value,
        "auth": auth(&findings.auth.value),
        "paginator": null,
        "confidence": { "base_url": round(findings.base_url.confidence), "auth": round(findings.auth.confidence) },
        "why": { "base_url": findings.base_url.why, "auth": findings.auth.why },
        "alternatives": { "auth": findings.auth.alternatives },
        "rate": findings.rate,
        "resources": resources,
        "left_out": findings.left_out.iter().map(|(path, why)| json!({ "path": path, "why": why })).collect::<Vec<_>>(),
        "problems": findings.problems,
    })
}

fn auth(auth: &Auth) -> Value {
    match auth {
        Auth::None => json!({ "kind": "none" }),
        Auth::Bearer => json!({ "kind": "bearer" }),
        Auth::HttpBasic => json!({ "kind": "http_basic" }),
        Auth::ApiKey { name, location } => {
            json!({ "kind": "api_key", "name": name, "location": location })
        }
        Auth::OAuth2 { flow, .. } => json!({ "kind": "oauth2", "flow": flow }),
        Auth::Unsupported { scheme } => json!({ "kind": "unsupported", "scheme": scheme }),
    }
}

fn resource(one: &Resource) -> Value {
    let mut confidence = Map::new();
    let mut why = Map::new();
    let mut alternatives = Map::new();
    let mut note = |name: &str, sure: f64, reason: &str, others: &[String]| {
        confidence.insert(name.to_owned(), round(sure));
        why.insert(name.to_owned(), reason.into());
        if !others.is_empty() {
            alternatives.insert(name.to_owned(), others.into());
        }
    };
    note(
        "kind",
        one.kind.confidence,
        &one.kind.why,
        &one.kind.alternatives,
    );
    note(
        "paginator",
        one.pages.confidence,
        &one.pages.why,
        &one.pages.alternatives,
    );
    if let Some(found) = &one.selector {
        note(
            "data_selector",
            found.confidence,
            &found.why,
            &found.alternatives,
        );
    }
    if let Some(found) = &one.key {
        note(
            "primary_key",
            found.confidence,
            &found.why,
            &found.alternatives,
        );
    }
    let links = one.links.iter().map(|link| {
        with_reason(link, json!({ "path": link.value.parent, "param": link.value.param, "field": link.value.field }))
    });
    let filters = one.filters.iter().map(|found| {
        let filter = &found.value;
        with_reason(
            found,
            json!({ "param": filter.param, "location": filter.location, "cursor_path": filter.field, "end_param": filter.end_param }),
        )
    });
    json!({
        "method": "GET",
        "path": one.path,
        "kind": format!("{:?}", one.kind.value).to_lowercase(),
        "paginator": pages(one),
        "data_selector": one.selector.as_ref().map(|found| &found.value),
        "primary_key": one.key.as_ref().map(|found| &found.value),
        "parent": links.collect::<Vec<_>>(),
        "incremental": filters.collect::<Vec<_>>(),
        "required": one.required.iter().map(|one| json!({ "name": one.name, "location": one.location })).collect::<Vec<_>>(),
        "confidence": confidence,
        "why": why,
        "alternatives": alternatives,
    })
}

fn with_reason<T>(found: &Finding<T>, mut value: Value) -> Value {
    value["confidence"] = round(found.confidence);
    value["why"] = found.why.as_str().into();
    value
}

fn pages(one: &Resource) -> Value {
    match &one.pages.value {
        Pages::HeaderLink => json!({ "type": "header_link", "links_next_key": "next" }),
        Pages::JsonLink { path } => json!({ "type": "json_link", "next_url_path": path }),
        Pages::Cursor { param, path } => {
            json!({ "type": "cursor", "cursor_param": param, "cursor_path": path })
        }
        Pages::LastRecord { param, field, .. } => {
            let selector = one.selector.as_ref().map_or("$", |found| &found.value);
            json!({ "type": "cursor", "cursor_param": param, "cursor_path": format!("{selector}[-1].{field}") })
        }
        Pages::Offset {
            param,
            limit_param,
            total,
        } => {
            json!({ "type": "offset", "offset_param": param, "limit_param": limit_param, "total_path": total })
        }
        Pages::PageNumber { param, total, .. } => {
            json!({ "type": "page_number", "page_param": param, "total_path": total })
        }
        Pages::Single => json!({ "type": "single_page" }),
    }
}

/// Two digits say enough.
fn round(confidence: f64) -> Value {
    json!((confidence * 100.0).round() / 100.0)
}
