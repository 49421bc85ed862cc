//! What was found, in the words of the file and of the log.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use apiduct_json::Selector;
use serde_json::{Value, json};

use super::{Findings, FoundPaginator, FoundSelector};
use crate::Response;

/// Findings that were told already are not told again; more than these are not remembered.
const MOST_TOLD: usize = 4_096;

/// Which findings a client has told, so that a list that is walked for each of many parents is told once.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<HashSet<u64>>);

impl Told {
    fn is_new(&self, what: u64) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MOST_TOLD {
            told.clear();
        }
        told.insert(what)
    }
}

impl FoundSelector {
    /// The setting that pins this selector: `data_selector: data.items`.
    pub fn pin(&self) -> String {
        format!("data_selector: {}", flow(&json!(self.selector.as_str())))
    }
}

impl FoundPaginator {
    /// The setting that pins this paginator: `paginator: {type: json_link, next_url_path: next}`. `None` for paginators
    /// that only programs have.
    ///
    /// A total that detection found and could do without is required once it is pinned.
    pub fn pin(&self) -> Option<String> {
        let declaration = self.paginator.declaration()?;
        Some(format!("paginator: {}", flow(&declaration)))
    }
}

impl Findings {
    /// Whether all of it was declared.
    pub fn is_declared(&self) -> bool {
        self.selector.is_declared && self.paginator.is_declared
    }

    /// The lines that pin, in the `endpoint` of a resource, whatever was detected; none where all was declared.
    pub fn pins(&self) -> Vec<String> {
        let selector = (!self.selector.is_declared).then(|| self.selector.pin());
        let paginator = (!self.paginator.is_declared).then(|| self.paginator.pin());
        selector.into_iter().chain(paginator.flatten()).collect()
    }

    /// All of it, for machines.
    pub fn to_json(&self) -> Value {
        let (selector, paginator) = (&self.selector, &self.paginator);
        let alternatives: Vec<_> = selector.alternatives.iter().map(Selector::as_str).collect();
        json!({
            "data_selector": {
                "path": selector.selector.as_str(),
                "is_declared": selector.is_declared,
                "score": hundredths(selector.score),
                "reasons": selector.reasons,
                "alternatives": alternatives,
            },
            "paginator": {
                "what": paginator.paginator.describe(),
                "is_declared": paginator.is_declared,
                "score": hundredths(paginator.score),
                "reasons": paginator.reasons,
                "declaration": paginator.paginator.declaration(),
            },
            "pins": self.pins(),
        })
    }

    /// Logs what was detected, once for each path and finding.
    pub(super) fn tell(&self, told: &Told, response: &Response) {
        if self.is_declared() {
            return;
        }
        let (selector, paginator) = (&self.selector, &self.paginator);
        let what = paginator.paginator.describe();
        let path = response.url.path();
        let mut hasher = DefaultHasher::new();
        (path.split('/').count(), path.rsplit('/').next()).hash(&mut hasher);
        (selector.selector.as_str(), &what).hash(&mut hasher);
        if !told.is_new(hasher.finish()) {
            return;
        }
        tracing::info!(
            url = %response.shown_url(),
            records = selector.selector.as_str(),
            why_records = selector.reasons.join("; "),
            paginator = what,
            why_paginator = paginator.reasons.join("; "),
            score = hundredths(paginator.score),
            pin = self.pins().join(", "),
            "detected how the list is read"
        );
    }
}

/// A score without the noise of its binary form.
fn hundredths(score: f32) -> f64 {
    (f64::from(score) * 100.0).round() / 100.0
}

/// `value` in the flow style of YAML, as people write it.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<_> = map
                .iter()
                .map(|(key, value)| format!("{key}: {}", flow(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::String(text) if is_plain(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a text needs no quotes in YAML.
fn is_plain(text: &str) -> bool {
    let is_word =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-');
    let is_reserved = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && text.chars().all(is_word)
        && !is_reserved
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::paginate::{Cursor, JsonLink, PageNumber, Paginator};

    fn found(paginator: impl Paginator + 'static) -> FoundPaginator {
        FoundPaginator {
            paginator: Arc::new(paginator),
            is_declared: false,
            score: 0.7,
            reasons: Vec::new(),
        }
    }

    #[test]
    fn what_was_found_is_pinned_by_one_line() {
        for (found, expected) in [
            (
                found(JsonLink::new("links.next")),
                "paginator: {type: json_link, next_url_path: links.next}",
            ),
            (
                found(JsonLink::new("'@odata.nextLink'")),
                r#"paginator: {type: json_link, next_url_path: "'@odata.nextLink'"}"#,
            ),
            (
                found(PageNumber::new().initial_page(0).total_path(None::<&str>)),
                "paginator: {type: page_number, initial_page: 0, total_path: null}",
            ),
            (
                found(Cursor::new("data[-1].id").cursor_param("no")),
                r#"paginator: {type: cursor, cursor_path: "data[-1].id", cursor_param: "no"}"#,
            ),
        ] {
            assert_eq!(found.pin().as_deref(), Some(expected));
        }
    }

    #[test]
    fn machines_get_scores_reasons_and_the_declaration() {
        let findings = Findings {
            selector: FoundSelector {
                selector: Selector::from_keys(&["data"]),
                is_declared: false,
                score: 0.9,
                reasons: vec!["because".to_owned()],
                alternatives: vec![Selector::from_keys(&["rows"])],
            },
            paginator: found(JsonLink::new("next")),
        };
        assert_eq!(
            findings.to_json(),
            json!({
                "data_selector": {
                    "path": "data", "is_declared": false, "score": 0.9, "reasons": ["because"], "alternatives": ["rows"],
                },
                "paginator": {
                    "what": "next link at `next` in the body", "is_declared": false, "score": 0.7, "reasons": [],
                    "declaration": {"type": "json_link"},
                },
                "pins": ["data_selector: data", "paginator: {type: json_link}"],
            })
        );
    }

    #[test]
    fn a_finding_is_new_once() {
        let told = Told::default();
        assert!(told.is_new(1));
        assert!(!told.is_new(1));
        for what in 2..=MOST_TOLD as u64 + 1 {
            assert!(told.is_new(what));
        }
        assert!(told.0.lock().unwrap().len() <= MOST_TOLD);
    }
}
