//! Links to the next page, in the headers or in the body.

use serde_json::Value;

use super::{Field, Roles};
use crate::api::Endpoint;
use crate::findings::{Finding, Pages};
use crate::infer::selector::written;
use crate::words::{says_any, words};

pub(super) fn header_link(endpoint: &Endpoint<'_>) -> Option<Finding<Pages>> {
    let is_link = |name: &str| name.eq_ignore_ascii_case("link");
    if endpoint.headers.iter().any(|(name, _)| is_link(name)) {
        return Some(Finding::new(
            Pages::HeaderLink,
            0.95,
            "the response has a `Link` header",
        ));
    }
    says_any(
        &endpoint.wording,
        &["link header", "`link` header", "link response header"],
    )
    .then(|| {
        Finding::new(
            Pages::HeaderLink,
            0.8,
            "the description names the `Link` header",
        )
    })
}

pub(super) fn json_link(fields: &[Field<'_>], roles: &Roles<'_, '_>) -> Option<Finding<Pages>> {
    let mut best: Option<(f64, &Field<'_>)> = None;
    for field in fields {
        let confidence = link_confidence(field, roles);
        if confidence > best.map_or(0.0, |one| one.0) {
            best = Some((confidence, field));
        }
    }
    let (confidence, field) = best?;
    let path = written(&field.path);
    let why = format!("`{path}` is the URL of the next page");
    Some(Finding::new(Pages::JsonLink { path }, confidence, why))
}

fn link_confidence(field: &Field<'_>, roles: &Roles<'_, '_>) -> f64 {
    if !field.is_text() || field.shape.is_integer() && !field.shape.is("string") {
        return 0.0;
    }
    let all = words(&field.norm);
    if !all.iter().any(|word| word == "next") && field.parent != "next" {
        return 0.0;
    }
    if all
        .iter()
        .any(|word| matches!(word.as_str(), "token" | "cursor" | "id" | "offset"))
    {
        return 0.0;
    }
    let names_url = all
        .iter()
        .any(|word| matches!(word.as_str(), "url" | "uri" | "link" | "href"));
    let is_next = matches!(
        field.norm.as_str(),
        "next" | "next_page" | "next_results" | "next_set"
    );
    if !names_url && !is_next {
        return 0.0;
    }
    let example = field
        .shape
        .example
        .and_then(Value::as_str)
        .unwrap_or_default();
    let is_url = matches!(
        field.shape.format,
        Some("uri" | "url" | "uri-reference" | "link" | "iri")
    ) || example.starts_with("http")
        || example.starts_with('/')
        || example.contains('?');
    let says_url = says_any(
        field.shape.description.unwrap_or_default(),
        &["url", "uri", "link", "http", "href", "hyperlink"],
    );
    if names_url || is_url {
        return 0.93;
    }
    if says_url || matches!(field.parent.as_str(), "links" | "link" | "pages") {
        return 0.9;
    }
    // A bare `next`: a URL unless there is a parameter that it could be sent back in.
    if roles.cursors.is_empty() && field.shape.is("string") && field.norm == "next" {
        return if roles.page.is_some() || roles.offset.is_some() {
            0.72
        } else {
            0.7
        };
    }
    0.0
}
