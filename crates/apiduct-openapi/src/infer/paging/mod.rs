//! How a list goes on: parameters and fields of the answer, matched with each other.

mod counted;
mod cursor;
mod last_record;
mod link;
mod roles;

use std::collections::HashMap;
use std::rc::Rc;

use super::selector::{Found, written};
use super::size;
use crate::api::Endpoint;
use crate::findings::{Finding, Kind, PageSize, Pages};
use crate::shape::{Shape, Shapes};
use crate::words::{flat, norm};
pub(crate) use roles::Roles;

/// A value of the answer outside the records.
#[derive(Debug)]
struct Field<'d> {
    path: Vec<String>,
    norm: String,
    parent: String,
    shape: Rc<Shape<'d>>,
}

impl Field<'_> {
    fn is_text(&self) -> bool {
        self.shape.is("string") || self.shape.types.is_empty()
    }
}

/// What other endpoints of the same description do.
#[derive(Debug, Default)]
pub(crate) struct Convention {
    /// Cursors by their parameters, with how often they are seen.
    pub(crate) cursors: HashMap<String, Vec<(String, usize)>>,
    /// Texts that speak of paging.
    pub(crate) prose: Vec<String>,
}

impl Convention {
    /// Takes note of what an endpoint does.
    pub(crate) fn note(&mut self, pages: &Finding<Pages>) {
        if let Pages::Cursor { param, path } = &pages.value {
            let all = self.cursors.entry(param.clone()).or_default();
            match all.iter_mut().find(|(one, _)| one == path) {
                Some((_, count)) => *count += 1,
                None => all.push((path.clone(), 1)),
            }
        }
    }

    fn cursor_of(&self, param: &str) -> Option<&str> {
        let all = self.cursors.get(param)?;
        let (path, _) = all.iter().max_by_key(|(_, count)| *count)?;
        Some(path)
    }
}

/// How the list of `endpoint` goes on, and the size of its pages.
pub(crate) fn find<'d>(
    endpoint: &Endpoint<'d>,
    shapes: &Shapes<'d>,
    found: &Found<'d>,
    key: Option<&str>,
    convention: &Convention,
) -> (Finding<Pages>, Option<PageSize>) {
    let roles = Roles::of(endpoint);
    if found.kind.value != Kind::List {
        let why = "not a list";
        return (
            Finding::new(Pages::Single, found.kind.confidence, why),
            None,
        );
    }
    let page_size = roles.limit.map(size::page_size);
    let mut fields = Vec::new();
    if let Some(body) = endpoint.body() {
        collect(shapes, body, &mut Vec::new(), &found.path, &mut fields);
    }
    let mut all: Vec<Finding<Pages>> = Vec::new();
    all.extend(super::vendor::pages(endpoint));
    all.extend(link::header_link(endpoint));
    all.extend(link::json_link(&fields, &roles));
    all.extend(cursor::cursor(endpoint, &roles, &fields, convention));
    all.extend(last_record::last_record(
        endpoint, &roles, found, shapes, key, &fields,
    ));
    all.extend(counted::offset(&roles, &fields, found));
    all.extend(counted::page_number(&roles, &fields));
    all.sort_by(|one, other| other.confidence.total_cmp(&one.confidence));
    let mut all = all.into_iter();
    let Some(mut best) = all.next() else {
        let named: Vec<&str> = roles.cursors.iter().map(|param| param.name).collect();
        let single = if named.is_empty() {
            Finding::new(
                Pages::Single,
                0.7,
                "neither parameters nor the answer speak of pages",
            )
        } else {
            let why = format!(
                "`{}` looks like paging, but nothing in the answer goes with it",
                named.join("`, `")
            );
            Finding::new(Pages::Single, 0.3, why)
        };
        return (single, page_size);
    };
    best.alternatives = all.map(|other| describe(&other.value)).collect();
    (best, page_size)
}

/// A paginator in one phrase.
pub(crate) fn describe(pages: &Pages) -> String {
    match pages {
        Pages::HeaderLink => "header_link".to_owned(),
        Pages::JsonLink { path } => format!("json_link by {path}"),
        Pages::Cursor { param, path } => format!("cursor {path} in {param}"),
        Pages::LastRecord { param, field, .. } => format!("last_record {field} in {param}"),
        Pages::Offset { param, .. } => format!("offset in {param}"),
        Pages::PageNumber { param, .. } => format!("page_number in {param}"),
        Pages::Single => "single_page".to_owned(),
    }
}

fn collect<'d>(
    shapes: &Shapes<'d>,
    shape: &Shape<'d>,
    path: &mut Vec<String>,
    records: &[String],
    all: &mut Vec<Field<'d>>,
) {
    for (name, property) in &shape.properties {
        path.push((*name).to_owned());
        let value = shapes.of(property.node);
        if path.as_slice() != records && !value.is_array() {
            let parent = path.iter().rev().nth(1).map(|one| norm(one));
            // One that may be an object or a text is both.
            let is_mixed = value.is("string") || value.is_integer();
            if !value.is_object() || is_mixed {
                all.push(Field {
                    path: path.clone(),
                    norm: norm(name),
                    parent: parent.unwrap_or_default(),
                    shape: Rc::clone(&value),
                });
            }
            if value.is_object() && path.len() < 4 && value.properties.len() <= 24 {
                collect(shapes, &value, path, records, all);
            }
        }
        path.pop();
    }
}

fn more_flag(fields: &[Field<'_>]) -> Option<String> {
    let field = fields.iter().find(|field| {
        matches!(
            flat(&field.norm).as_str(),
            "hasmore" | "hasnext" | "hasnextpage" | "morepages" | "moreresults" | "more"
        ) && field.shape.is("boolean")
    })?;
    Some(written(&field.path))
}
