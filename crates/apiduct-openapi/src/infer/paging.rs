//! How a list goes on: parameters and fields of the answer, matched with each other.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;

use super::selector::{Found, written};
use super::size;
use crate::api::{Endpoint, Param};
use crate::findings::{Finding, Kind, PageSize, Pages};
use crate::shape::{Shape, Shapes};
use crate::words::{flat, norm, says_any, words};

const PAGE: &[&str] = &[
    "page",
    "pagenumber",
    "pageno",
    "pagenum",
    "pageindex",
    "currentpage",
    "p",
    "pg",
    "pageid",
    "paginationpage",
];
const OFFSET: &[&str] = &[
    "offset",
    "start",
    "skip",
    "startat",
    "startindex",
    "firstresult",
    "pageoffset",
    "position",
    "startfrom",
    "resultoffset",
    "from",
    "recordoffset",
    "paginationoffset",
    "rowstart",
    "startrow",
    "startrecord",
];
const CURSOR: &[&str] = &[
    "cursor",
    "after",
    "pagetoken",
    "nexttoken",
    "nextpagetoken",
    "continuation",
    "continuationtoken",
    "marker",
    "bookmark",
    "scrollid",
    "scrollparam",
    "startcursor",
    "nextcursor",
    "pagecursor",
    "pageafter",
    "paginationtoken",
    "startingafter",
    "token",
    "next",
    "startkey",
    "exclusivestartkey",
    "startingtoken",
    "aftercursor",
    "cursormark",
    "starttoken",
    "synctoken",
    "pagingtoken",
    "nextpage",
    "pagestate",
    "iterator",
    "startafter",
    "resumetoken",
];
const LAST_RECORD: &[&str] = &[
    "startingafter",
    "afterid",
    "lastid",
    "sinceid",
    "lastseenid",
    "startafter",
    "fromid",
    "lastkey",
    "idafter",
    "startafterid",
    "startingafterid",
];
const NOT_A_CURSOR: &[&str] = &["before", "endingbefore", "previous", "prev", "beforecursor"];

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

/// The parameters of an endpoint by their parts in paging.
#[derive(Debug)]
pub(crate) struct Roles<'e, 'd> {
    pub(crate) page: Option<&'e Param<'d>>,
    pub(crate) offset: Option<&'e Param<'d>>,
    pub(crate) limit: Option<&'e Param<'d>>,
    pub(crate) cursors: Vec<&'e Param<'d>>,
}

impl<'e, 'd> Roles<'e, 'd> {
    pub(crate) fn of(endpoint: &'e Endpoint<'d>) -> Self {
        let limit = endpoint
            .queries()
            .filter(|param| size::is_limit(param))
            .max_by_key(|param| size::limit_rank(param));
        let find = |names: &[&str], takes: &dyn Fn(&Param<'_>) -> bool| {
            names.iter().find_map(|name| {
                endpoint
                    .queries()
                    .find(|param| flat(param.name) == *name && takes(param))
            })
        };
        let counts = |param: &Param<'_>| {
            let is_text_number = param.shape.is("string") && !is_worded_as_cursor(param);
            (param.is_number() || is_text_number) && !is_time(param)
        };
        Self {
            page: find(PAGE, &counts),
            offset: find(OFFSET, &|param| {
                counts(param)
                    && (param.shape.is_integer()
                        || limit.is_some()
                        || says_any(&param.wording, &["offset", "skip", "index of the first"]))
            }),
            limit,
            cursors: endpoint
                .queries()
                .filter(|param| {
                    let name = flat(param.name);
                    (CURSOR.contains(&name.as_str()) || is_worded_as_cursor(param))
                        && !NOT_A_CURSOR.contains(&name.as_str())
                        && !param.shape.is("boolean")
                        && !size::is_limit(param)
                        && !is_secret(param)
                })
                .collect(),
        }
    }

    /// Whether the parameters speak of pages at all.
    pub(crate) fn is_paging(&self) -> bool {
        self.page.is_some()
            || (self.offset.is_some() && self.limit.is_some())
            || (!self.cursors.is_empty() && self.limit.is_some())
    }
}

fn is_secret(param: &Param<'_>) -> bool {
    flat(param.name) == "token"
        && !says_any(&param.wording, &["page", "pagination", "next", "cursor"])
}

fn is_worded_as_cursor(param: &Param<'_>) -> bool {
    says_any(
        &param.wording,
        &[
            "cursor",
            "pagination token",
            "page token",
            "offset token",
            "continuation token",
            "next page token",
            "token for the next",
            "sync token",
            "returned by the previous",
            "returned in the previous",
            "from the previous response",
            "previous request",
            "previous page of results",
            "to get the next page",
            "retrieve the next page",
            "opaque",
        ],
    ) && (param.shape.is("string") || param.shape.types.is_empty())
}

fn is_time(param: &Param<'_>) -> bool {
    matches!(param.shape.format, Some("date" | "date-time"))
        || says_any(
            &param.wording,
            &["timestamp", "date", "datetime", "iso 8601", "time"],
        )
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
    all.extend(header_link(endpoint));
    all.extend(json_link(&fields, &roles));
    all.extend(cursor(endpoint, &roles, &fields, convention));
    all.extend(last_record(endpoint, &roles, found, shapes, key, &fields));
    all.extend(offset(&roles, &fields, found));
    all.extend(page_number(&roles, &fields));
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

fn header_link(endpoint: &Endpoint<'_>) -> Option<Finding<Pages>> {
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

fn json_link(fields: &[Field<'_>], roles: &Roles<'_, '_>) -> Option<Finding<Pages>> {
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

fn cursor<'d>(
    endpoint: &Endpoint<'d>,
    roles: &Roles<'_, 'd>,
    fields: &[Field<'d>],
    convention: &Convention,
) -> Option<Finding<Pages>> {
    let mut best: Option<(f64, &Param<'d>, &Field<'d>)> = None;
    for param in endpoint.queries().filter(|param| !size::is_limit(param)) {
        for field in fields {
            let score = pair(param, field, roles);
            if score > best.map_or(0.0, |one| one.0) {
                best = Some((score, param, field));
            }
        }
    }
    if let Some((score, param, field)) = best {
        let path = written(&field.path);
        let why = format!("`{path}` of the answer goes into `{}`", param.name);
        let pages = Pages::Cursor {
            param: param.name.to_owned(),
            path,
        };
        return Some(Finding::new(pages, score, why));
    }
    for param in &roles.cursors {
        if let Some(path) = convention.cursor_of(param.name) {
            let pages = Pages::Cursor {
                param: param.name.to_owned(),
                path: path.to_owned(),
            };
            let why = format!("other lists take `{}` from `{path}`", param.name);
            return Some(Finding::new(pages, 0.75, why));
        }
    }
    let param = roles
        .cursors
        .iter()
        .find(|param| is_worded_as_cursor(param))?;
    let path = from_prose(param, &convention.prose)?;
    let why = format!("texts of the description name `{path}`");
    let pages = Pages::Cursor {
        param: param.name.to_owned(),
        path,
    };
    Some(Finding::new(pages, 0.6, why))
}

/// How well a parameter and a field of the answer go together; 0 for not at all.
fn pair(param: &Param<'_>, field: &Field<'_>, roles: &Roles<'_, '_>) -> f64 {
    if param.shape.is("boolean") || field.shape.is("boolean") || is_secret(param) {
        return 0.0;
    }
    let name = flat(param.name);
    if NOT_A_CURSOR.contains(&name.as_str()) && field.parent != "cursors" && name != "before" {
        return 0.0;
    }
    let own = flat(&field.norm);
    let in_vocabulary = CURSOR.contains(&name.as_str()) || is_worded_as_cursor(param);
    let counts = param.shape.is_integer()
        && (PAGE.contains(&name.as_str()) || OFFSET.contains(&name.as_str()))
        && !is_worded_as_cursor(param);
    let below_next = words(&field.parent).iter().any(|word| word == "next");
    let last_word = words(param.name).pop().unwrap_or_default();
    if own == name && below_next {
        return if counts { 0.6 } else { 0.92 };
    }
    if counts {
        return 0.0;
    }
    if own == format!("next{name}")
        || own == format!("{name}next")
        || own == format!("next{last_word}") && in_vocabulary
    {
        return if in_vocabulary { 0.92 } else { 0.85 };
    }
    if own == name && in_vocabulary && (field.parent == "cursors" || !PAGE.contains(&name.as_str()))
    {
        return 0.9;
    }
    let is_next_value = matches!(
        own.as_str(),
        "next"
            | "nexttoken"
            | "nextcursor"
            | "continuationtoken"
            | "continuation"
            | "nextpagetoken"
            | "endcursor"
            | "cursor"
            | "nextmarker"
            | "marker"
            | "scrollid"
            | "nextkey"
            | "nextpage"
            | "nextid"
            | "lastevaluatedkey"
            | "nextoffset"
            | "nextpagecursor"
    );
    if is_next_value && in_vocabulary {
        return 0.86;
    }
    // A value for the next page that is no text: the bound that the newest-first list is asked with.
    let is_bound = own == "next"
        && !field.shape.is("string")
        && roles.page.is_none()
        && roles.offset.is_none();
    let speaks_alike = is_time(param) && field.shape.is_integer();
    if is_bound && speaks_alike {
        return match name.as_str() {
            "until" | "before" => 0.75,
            "to" => 0.72,
            "from" | "after" => 0.7,
            _ => 0.0,
        };
    }
    0.0
}

/// A path that prose names: the `next_page` with an `offset`.
fn from_prose(param: &Param<'_>, prose: &[String]) -> Option<String> {
    for text in std::iter::once(&param.wording).chain(prose) {
        let parts: Vec<&str> = text.split('`').collect();
        // Odd parts stand between backticks.
        for at in (1..parts.len()).step_by(2) {
            let is_next = words(parts[at]).iter().any(|word| word == "next");
            let follower = parts.get(at + 2).copied().unwrap_or_default();
            let between = parts.get(at + 1).copied().unwrap_or_default();
            if is_next && between.len() < 40 && follower == param.name {
                return Some(format!("{}.{follower}", parts[at]));
            }
        }
    }
    None
}

fn last_record<'d>(
    endpoint: &Endpoint<'d>,
    roles: &Roles<'_, 'd>,
    found: &Found<'d>,
    shapes: &Shapes<'d>,
    key: Option<&str>,
    fields: &[Field<'_>],
) -> Option<Finding<Pages>> {
    let item = found.item.as_ref()?;
    let has_more = more_flag(fields);
    for param in endpoint.queries() {
        let name = flat(param.name);
        let by_wording = says_any(
            &param.wording,
            &[
                "id greater than",
                "object id that defines your place",
                "id of the last",
                "last id",
                "last seen id",
                "an id greater",
            ],
        );
        if NOT_A_CURSOR.contains(&name.as_str()) {
            continue;
        }
        let is_named = LAST_RECORD.contains(&name.as_str()) && !is_time(param);
        if !is_named && !by_wording {
            continue;
        }
        let field = key.or(item.properties.contains_key("id").then_some("id"))?;
        let pages = Pages::LastRecord {
            param: param.name.to_owned(),
            field: field.to_owned(),
            has_more,
        };
        let why = format!("`{}` takes the last record's `{field}`", param.name);
        return Some(Finding::new(pages, 0.85, why));
    }
    // An offset that is not counted but read off the last record: its wording names the field.
    let offset = roles.offset.filter(|_| roles.limit.is_none())?;
    if !says_any(
        &offset.wording,
        &["greater than", "after", "higher than", "specified"],
    ) {
        return None;
    }
    let (field, _) = item.properties.iter().find(|(name, property)| {
        words(name).len() > 1
            && shapes.of(property.node).is_integer()
            && says_any(
                &offset.wording,
                &[&name.to_lowercase(), &words(name).join(" ")],
            )
    })?;
    let pages = Pages::LastRecord {
        param: offset.name.to_owned(),
        field: (*field).to_owned(),
        has_more,
    };
    let why = format!("`{}` is said to be a `{field}`, not a count", offset.name);
    Some(Finding::new(pages, 0.8, why))
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

fn offset(
    roles: &Roles<'_, '_>,
    fields: &[Field<'_>],
    found: &Found<'_>,
) -> Option<Finding<Pages>> {
    let param = roles.offset?;
    if is_worded_as_cursor(param) {
        return None;
    }
    let total = size::total_of_records(
        fields
            .iter()
            .map(|field| (field.path.as_slice(), field.norm.as_str(), &*field.shape)),
        &found.path,
    );
    let confidence = if roles.limit.is_some() { 0.88 } else { 0.5 };
    let pages = Pages::Offset {
        param: param.name.to_owned(),
        limit_param: roles.limit.map(|limit| limit.name.to_owned()),
        total: total.map(|path| written(&path)),
    };
    let why = format!("`{}` counts records", param.name);
    Some(Finding::new(pages, confidence, why))
}

fn page_number(roles: &Roles<'_, '_>, fields: &[Field<'_>]) -> Option<Finding<Pages>> {
    let param = roles.page?;
    let total = fields.iter().find(|field| {
        field.shape.is_integer()
            && matches!(
                flat(&field.norm).as_str(),
                "totalpages"
                    | "pagecount"
                    | "pages"
                    | "numpages"
                    | "lastpage"
                    | "totalpage"
                    | "pagestotal"
                    | "numberofpages"
                    | "pagescount"
                    | "totalpagecount"
                    | "maxpage"
                    | "nbpages"
            )
    });
    let pages = Pages::PageNumber {
        param: param.name.to_owned(),
        first: size::first_page(param),
        total: total.map(|field| written(&field.path)),
        has_more: more_flag(fields),
    };
    let why = format!("`{}` counts pages", param.name);
    Some(Finding::new(pages, 0.85, why))
}
