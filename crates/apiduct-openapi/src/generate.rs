//! The whole way, from a description to a file and a report.

use serde_json::Value;

use crate::documents::{Documents, Load};
use crate::error::OpenApiError;
use crate::findings::{Findings, Resource};
use crate::render::{Rendered, render};
use crate::{infer, report};

/// A description and what was found out about it.
#[derive(Debug)]
pub struct Description {
    findings: Findings,
    location: String,
}

/// Which resources are wanted: patterns on names, paths, operation ids and tags, with `*` for anything.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// What is wanted; everything if empty.
    pub select: Vec<String>,
    /// What is not.
    pub exclude: Vec<String>,
}

impl Selection {
    /// Whether `resource` is wanted.
    pub fn takes(&self, resource: &Resource) -> bool {
        let is = |pattern: &String| {
            let matches = |text: &str| matches(&pattern.to_lowercase(), &text.to_lowercase());
            matches(&resource.name)
                || matches(&resource.path)
                || resource.operation_id.as_deref().is_some_and(matches)
                || resource.tags.iter().any(|tag| matches(tag))
        };
        (self.select.is_empty() || self.select.iter().any(is)) && !self.exclude.iter().any(is)
    }
}

/// Whether `text` is what `pattern` says; `*` stands for anything, slashes too.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((front, rest)) => text.strip_prefix(front).is_some_and(|behind| {
            (0..=behind.len())
                .filter(|at| behind.is_char_boundary(*at))
                .any(|at| matches(rest, &behind[at..]))
        }),
    }
}

impl Description {
    /// Reads the description at `location`, a path or URL that `load` understands, with all files it refers to.
    ///
    /// # Errors
    ///
    /// What is no description, or one without an endpoint that answers data. Parts that are malformed are left out and
    /// become a line of [`Findings::problems`].
    ///
    /// # Example
    ///
    /// ```
    /// use apiduct_openapi::{Description, Selection};
    ///
    /// let text = r#"{
    ///   "openapi": "3.0.0", "info": {"title": "Tracker"}, "servers": [{"url": "https://api.example.com/v2"}],
    ///   "paths": {"/issues": {"get": {
    ///     "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer"}}],
    ///     "responses": {"200": {"content": {"application/json": {"schema": {"type": "array",
    ///       "items": {"type": "object", "properties": {"id": {"type": "integer"}}}}}}}}}}}
    /// }"#;
    /// let tracker = Description::read("tracker.json", &|_| Ok(text.as_bytes().to_vec()))?;
    /// let file = tracker.render("tracker", &Selection::default())?;
    /// assert!(file.yaml.contains("base_url: https://api.example.com/v2"));
    /// assert!(file.yaml.contains("page_number"));
    /// # Ok::<(), apiduct_openapi::OpenApiError>(())
    /// ```
    pub fn read(location: &str, load: Load<'_>) -> Result<Self, OpenApiError> {
        let documents = Documents::read(location, load)?;
        let findings = infer::findings(&documents)?;
        Ok(Self {
            findings,
            location: location.to_owned(),
        })
    }

    /// What was found out.
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// The findings on all endpoints as JSON, each with its confidence and why.
    pub fn report(&self) -> Value {
        report::report(&self.findings)
    }

    /// The file: what is wanted, and the parents that it needs. `name` names the source.
    ///
    /// # Errors
    ///
    /// The selection leaves nothing.
    pub fn render(&self, name: &str, selection: &Selection) -> Result<Rendered, OpenApiError> {
        let wanted: Vec<bool> = self
            .findings
            .resources
            .iter()
            .map(|one| selection.takes(one))
            .collect();
        if !wanted.contains(&true) {
            return Err(OpenApiError::NoEndpoints {
                location: self.location.clone(),
                operations: self.findings.resources.len(),
            });
        }
        Ok(render(&self.findings, name, &wanted))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// The description of a list at each of the paths.
    pub(crate) fn names_of(paths: &[&str]) -> Vec<String> {
        let mut all = serde_json::Map::new();
        for path in paths {
            let answer = json!({"type": "object", "properties": {"id": {"type": "string"}}});
            all.insert((*path).to_owned(), json!({"get": {"responses": {"200": {"content": {"application/json": {"schema": answer}}}}}}));
        }
        let text = json!({"openapi": "3.0.0", "paths": all}).to_string();
        let read = Description::read("x.json", &|_| Ok(text.clone().into_bytes())).unwrap();
        read.findings()
            .resources
            .iter()
            .map(|one| one.name.clone())
            .collect()
    }

    #[test]
    fn patterns_match_anything_at_their_stars() {
        assert!(matches("/users/*", "/users/{id}/posts"));
        assert!(matches("*post*", "list_posts"));
        assert!(!matches("post", "posts"));
    }
}
