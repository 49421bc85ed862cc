use std::collections::HashMap;
use std::sync::Arc;

use http::Method;
use serde_json::Value;

use super::route::Routes;
use super::styles::{self, View};
use super::{Received, Reply};

/// Records that are served in every pagination style at once.
///
/// For a collection named `posts`, with `per_page` or `limit` to ask for another page size than the own one (5):
///
/// | route | reply |
/// |---|---|
/// | GET `/posts` | `data`, `page` (from 1), `total_pages`, `total`, and `next_page`, an absolute URL, except on the last page |
/// | GET `/posts_zero_based` | the same, with pages from 0 |
/// | GET `/posts_relative_next_url` | the same, `next_page` being path and query |
/// | GET `/posts_no_key`, `/posts_under_a_different_key` | the same, with the records under `null`, `many-results` |
/// | GET `/posts_nested` | the same, with the records under `results.posts` and the page under `meta` |
/// | GET `/posts_header_link` | a bare list, `Link` with `next`, `prev`, `first`, `last` |
/// | GET `/posts_header_cursor` | a bare list, header `cursor` with the next page, read from the parameter `page` |
/// | GET `/posts_bare` | a bare list, empty after the last page |
/// | GET `/posts_all` | a bare list of everything |
/// | GET `/posts_offset_limit` | `data`, `total_records`, `offset`, `limit` (10 by default) |
/// | POST `/posts_offset_limit_via_json_body` | the same, with `offset` and `limit` read from the JSON body |
/// | GET `/posts_cursor` | `data`, `next_cursor` (null at the end), the index of a record as cursor |
/// | POST `/posts_cursor_via_json_body` | the same, with `cursor` read from the JSON body |
/// | GET `/posts_cursor_null_terminated` | `data`, `next_token`, read from `token`; a last page with both null |
/// | GET `/posts_has_more` | `data`, `has_more`, `next_cursor` |
/// | POST `/posts/search` | JSON `page`, `page_size`, `page_count`: `data`, `next_page` (number or null), `total_pages` |
/// | GET `/posts/{id}` | one record, or 404 |
/// | GET `/posts/{id}/comments` | the children named so, in pages as `/posts`; 404 without the parent |
#[derive(Debug, Clone)]
pub struct Collection {
    name: String,
    page_size: usize,
    records: Records,
    children: Vec<(String, HashMap<String, Records>)>,
}

/// Records as JSON text, with their places by `id`.
#[derive(Debug, Clone, Default)]
pub(super) struct Records {
    texts: Arc<Vec<String>>,
    by_id: Arc<HashMap<String, usize>>,
}

impl Collection {
    /// A collection of these records, five a page. The field `id` is what `/posts/{id}` looks for.
    pub fn new(name: &str, records: impl IntoIterator<Item = Value>) -> Self {
        Self::from_texts(name, records.into_iter().map(|record| record.to_string()))
    }

    /// A collection of records given as JSON text, which is served byte by byte as given.
    pub fn from_texts(name: &str, records: impl IntoIterator<Item = String>) -> Self {
        Self {
            name: name.trim_matches('/').to_owned(),
            page_size: 5,
            records: Records::new(records),
            children: Vec::new(),
        }
    }

    /// Replaces the number of records a page; at least 1.
    #[must_use]
    pub fn page_size(mut self, records: usize) -> Self {
        self.page_size = records.max(1);
        self
    }

    /// Adds the records below each parent: `children("comments", |post| ...)` serves `/posts/{id}/comments`.
    #[must_use]
    pub fn children<F, I>(mut self, name: &str, children_of: F) -> Self
    where
        F: Fn(&Value) -> I,
        I: IntoIterator<Item = Value>,
    {
        let mut families = HashMap::new();
        for (id, place) in self.records.by_id.iter() {
            let parent = serde_json::from_str(&self.records.texts[*place]).unwrap_or_default();
            let texts = children_of(&parent)
                .into_iter()
                .map(|child| child.to_string());
            families.insert(id.clone(), Records::new(texts));
        }
        self.children.push((name.to_owned(), families));
        self
    }

    /// How many records it holds, children not counted.
    pub fn len(&self) -> usize {
        self.records.texts.len()
    }

    /// Whether it holds no record.
    pub fn is_empty(&self) -> bool {
        self.records.texts.is_empty()
    }

    pub(super) fn mount(self, routes: &mut Routes) {
        let root = format!("/{}", self.name);
        for (method, path, answer) in styles::all() {
            let records = self.records.clone();
            let name = self.name.clone();
            let size = self.page_size;
            let handler =
                move |request: &Received| answer(&View::new(&name, &records, size, request));
            routes.add(Some(method), &format!("{root}{path}"), Arc::new(handler));
        }
        for (child, families) in self.children {
            let pattern = format!("{root}/{{id}}/{child}");
            let size = self.page_size;
            let handler = move |request: &Received| {
                let id = request.segment("id").unwrap_or_default();
                families.get(id).map_or_else(
                    || Reply::error(404, "no such parent"),
                    |records| styles::pages(&View::new(&child, records, size, request)),
                )
            };
            routes.add(Some(Method::GET), &pattern, Arc::new(handler));
        }
    }
}

impl Records {
    pub(super) fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let texts: Vec<String> = texts.into_iter().collect();
        let mut by_id = HashMap::new();
        for (place, text) in texts.iter().enumerate() {
            let record: Value = serde_json::from_str(text).unwrap_or_default();
            match &record["id"] {
                Value::String(id) => by_id.insert(id.clone(), place),
                Value::Number(id) => by_id.insert(id.to_string(), place),
                _ => None,
            };
        }
        Self {
            texts: Arc::new(texts),
            by_id: Arc::new(by_id),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The record of an id.
    pub(super) fn find(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(|place| self.texts[*place].as_str())
    }

    /// A JSON list of at most `count` records from `start` on.
    pub(super) fn list(&self, start: usize, count: usize) -> String {
        let start = start.min(self.len());
        let end = start.saturating_add(count).min(self.len());
        format!("[{}]", self.texts[start..end].join(","))
    }
}
