//! The pagination styles of a [`Collection`](super::Collection), each a function from one request to its reply.

use http::Method;

use super::collection::Records;
use super::{Received, Reply};

type Answer = fn(&View<'_>) -> Reply;
type Source = fn(&Received, &str) -> Option<usize>;

/// The routes of one collection below its name.
pub(super) fn all() -> Vec<(Method, &'static str, Answer)> {
    vec![
        (Method::GET, "", pages),
        (Method::GET, "_zero_based", |view| {
            view.numbered(0, &Shape::default())
        }),
        (Method::GET, "_relative_next_url", |view| {
            view.numbered(
                1,
                &Shape {
                    relative: true,
                    ..Shape::default()
                },
            )
        }),
        (Method::GET, "_no_key", |view| {
            view.numbered(1, &Shape::under("null"))
        }),
        (Method::GET, "_under_a_different_key", |view| {
            view.numbered(1, &Shape::under("many-results"))
        }),
        (Method::GET, "_nested", nested),
        (Method::GET, "_header_link", header_link),
        (Method::GET, "_header_cursor", header_cursor),
        (Method::GET, "_bare", bare),
        (Method::GET, "_all", |view| {
            Reply::raw_json(view.records.list(0, usize::MAX))
        }),
        (Method::GET, "_offset_limit", |view| {
            offset_limit(view, query_number)
        }),
        (Method::POST, "_offset_limit_via_json_body", |view| {
            offset_limit(view, body_number)
        }),
        (Method::GET, "_cursor", |view| cursor(view, query_number)),
        (Method::POST, "_cursor_via_json_body", |view| {
            cursor(view, body_number)
        }),
        (Method::GET, "_cursor_null_terminated", null_terminated),
        (Method::GET, "_has_more", has_more),
        (Method::POST, "/search", search),
        (Method::GET, "/{id}", entity),
    ]
}

/// Where a page-number reply puts things.
struct Shape {
    data_key: &'static str,
    relative: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self::under("data")
    }
}

impl Shape {
    fn under(data_key: &'static str) -> Self {
        Self {
            data_key,
            relative: false,
        }
    }
}

/// One request to one list of records.
pub(super) struct View<'a> {
    name: &'a str,
    records: &'a Records,
    size: usize,
    request: &'a Received,
}

impl<'a> View<'a> {
    pub(super) fn new(
        name: &'a str,
        records: &'a Records,
        size: usize,
        request: &'a Received,
    ) -> Self {
        Self {
            name,
            records,
            size,
            request,
        }
    }

    fn page_size(&self) -> usize {
        query_number(self.request, "per_page")
            .or_else(|| query_number(self.request, "limit"))
            .unwrap_or(self.size)
            .max(1)
    }

    fn page_count(&self) -> usize {
        self.records.len().div_ceil(self.page_size())
    }

    /// The records of a page, counted from 0.
    fn page(&self, index: usize) -> String {
        let size = self.page_size();
        self.records.list(index.saturating_mul(size), size)
    }

    /// The page asked for, counted from 0, and whether another follows.
    fn asked(&self, first: usize) -> (usize, bool) {
        let index = query_number(self.request, "page")
            .unwrap_or(first)
            .saturating_sub(first);
        (index, index + 1 < self.page_count())
    }

    fn link(&self, page: usize, relative: bool) -> String {
        let target = self.request.target_with(&[("page", &page.to_string())]);
        if relative {
            target
        } else {
            self.request.url(&target)
        }
    }

    fn numbered(&self, first: usize, shape: &Shape) -> Reply {
        let (index, more) = self.asked(first);
        let next = if more {
            format!(
                ",\"next_page\":\"{}\"",
                self.link(index + 1 + first, shape.relative)
            )
        } else {
            String::new()
        };
        Reply::raw_json(format!(
            "{{\"{}\":{},\"page\":{},\"total_pages\":{},\"total\":{}{next}}}",
            shape.data_key,
            self.page(index),
            index + first,
            self.page_count(),
            self.records.len(),
        ))
    }

    /// Where the page at a cursor ends, and the cursor after it as JSON.
    fn step(&self, start: usize) -> (usize, String) {
        let end = start.saturating_add(self.page_size());
        let next = if end < self.records.len() {
            end.to_string()
        } else {
            "null".to_owned()
        };
        (end, next)
    }
}

/// Numbered pages from 1 with an absolute link to the next one.
pub(super) fn pages(view: &View<'_>) -> Reply {
    view.numbered(1, &Shape::default())
}

fn nested(view: &View<'_>) -> Reply {
    let (index, _) = view.asked(1);
    Reply::raw_json(format!(
        "{{\"results\":{{\"{}\":{}}},\"meta\":{{\"page\":{},\"total_pages\":{}}}}}",
        view.name,
        view.page(index),
        index + 1,
        view.page_count(),
    ))
}

fn bare(view: &View<'_>) -> Reply {
    Reply::raw_json(view.page(view.asked(1).0))
}

fn header_link(view: &View<'_>) -> Reply {
    let (index, more) = view.asked(1);
    let mut links = vec![(1, "first"), (view.page_count().max(1), "last")];
    if index > 0 {
        links.push((index, "prev"));
    }
    if more {
        links.push((index + 2, "next"));
    }
    let line: Vec<String> = links
        .into_iter()
        .map(|(page, rel)| format!("<{}>; rel=\"{rel}\"", view.link(page, false)))
        .collect();
    bare(view).header("Link", &line.join(", "))
}

fn header_cursor(view: &View<'_>) -> Reply {
    let (index, more) = view.asked(1);
    let reply = bare(view);
    if more {
        reply.header("cursor", &(index + 2).to_string())
    } else {
        reply
    }
}

fn offset_limit(view: &View<'_>, number: Source) -> Reply {
    let offset = number(view.request, "offset").unwrap_or(0);
    let limit = number(view.request, "limit").unwrap_or(10);
    Reply::raw_json(format!(
        "{{\"data\":{},\"total_records\":{},\"offset\":{offset},\"limit\":{limit}}}",
        view.records.list(offset, limit),
        view.records.len(),
    ))
}

fn cursor(view: &View<'_>, number: Source) -> Reply {
    let start = number(view.request, "cursor").unwrap_or(0);
    let (end, next) = view.step(start);
    let data = view.records.list(start, end - start);
    Reply::raw_json(format!("{{\"data\":{data},\"next_cursor\":{next}}}"))
}

fn has_more(view: &View<'_>) -> Reply {
    let start = query_number(view.request, "cursor").unwrap_or(0);
    let (end, next) = view.step(start);
    let data = view.records.list(start, end - start);
    let more = next != "null";
    Reply::raw_json(format!(
        "{{\"data\":{data},\"has_more\":{more},\"next_cursor\":{next}}}"
    ))
}

fn null_terminated(view: &View<'_>) -> Reply {
    let start = query_number(view.request, "token").unwrap_or(0);
    if start >= view.records.len() {
        return Reply::raw_json("{\"data\":null,\"next_token\":null}");
    }
    let end = (start + view.page_size()).min(view.records.len());
    let data = view.records.list(start, end - start);
    Reply::raw_json(format!("{{\"data\":{data},\"next_token\":{end}}}"))
}

fn search(view: &View<'_>) -> Reply {
    let page = body_number(view.request, "page").unwrap_or(1).max(1);
    let size = body_number(view.request, "page_size")
        .unwrap_or(view.size)
        .max(1);
    let all = view.records.len().div_ceil(size);
    let pages = body_number(view.request, "page_count")
        .unwrap_or(all)
        .min(all);
    let data = view.records.list((page - 1).saturating_mul(size), size);
    let next = if page < pages {
        (page + 1).to_string()
    } else {
        "null".to_owned()
    };
    Reply::raw_json(format!(
        "{{\"data\":{data},\"next_page\":{next},\"total_pages\":{pages}}}"
    ))
}

fn entity(view: &View<'_>) -> Reply {
    let id = view.request.segment("id").unwrap_or_default();
    match view.records.find(id) {
        Some(record) => Reply::raw_json(record.to_owned()),
        None => Reply::error(404, "no such record"),
    }
}

fn query_number(request: &Received, name: &str) -> Option<usize> {
    request.param(name)?.parse().ok()
}

fn body_number(request: &Received, name: &str) -> Option<usize> {
    let number = request.json()?.get(name)?.as_u64()?;
    usize::try_from(number).ok()
}
