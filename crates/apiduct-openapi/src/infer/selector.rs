//! Where the records are, and whether there are any.

use std::rc::Rc;

use crate::api::{Answer, Endpoint};
use crate::findings::{Finding, Kind};
use crate::shape::{Shape, Shapes};
use crate::words::{flat, noun, says_any, singular, words};

const GENERIC: &[&str] = &[
    "data",
    "items",
    "item",
    "results",
    "result",
    "records",
    "values",
    "entries",
    "rows",
    "objects",
    "collection",
    "content",
    "value",
    "list",
    "hits",
    "features",
    "elements",
    "resources",
    "entities",
    "nodes",
    "edges",
    "member",
    "contents",
    "documents",
];
const NEVER: &[&str] = &[
    "errors",
    "error",
    "warnings",
    "warning",
    "messages",
    "links",
    "link",
    "facets",
    "included",
    "includes",
    "aggregations",
    "debug",
    "_links",
    "meta",
    "tags",
    "validation_errors",
    "scopes",
    "notifications",
    "suggestions",
    "columns",
    "headers",
    "filters",
    "sort",
    "fields",
    "expand",
    "aggregates",
    "breadcrumbs",
    "stats",
];
const ENVELOPE: &[&str] = &[
    "total",
    "totalcount",
    "count",
    "page",
    "pages",
    "pagination",
    "paging",
    "meta",
    "metadata",
    "links",
    "next",
    "previous",
    "prev",
    "nextpage",
    "hasmore",
    "limit",
    "offset",
    "perpage",
    "pagesize",
    "self",
    "first",
    "last",
    "nexttoken",
    "nextpagetoken",
    "cursor",
    "cursors",
    "responsemetadata",
    "success",
    "status",
    "ok",
    "object",
    "url",
    "type",
    "code",
    "message",
    "startat",
    "maxresults",
    "islast",
    "kind",
    "etag",
    "apiversion",
    "copyright",
    "start",
    "end",
];

/// An object with more properties is an entity, not an envelope.
const MAX_ENVELOPE: usize = 24;

/// An array of the body that could hold the records.
#[derive(Debug, Clone)]
pub(crate) struct Candidate<'d> {
    pub(crate) path: Vec<String>,
    pub(crate) item: Rc<Shape<'d>>,
    pub(crate) score: f64,
    pub(crate) why: String,
}

/// What an endpoint gives, and where.
#[derive(Debug)]
pub(crate) struct Found<'d> {
    pub(crate) kind: Finding<Kind>,
    pub(crate) path: Vec<String>,
    pub(crate) selector: Option<Finding<String>>,
    pub(crate) item: Option<Rc<Shape<'d>>>,
}

/// Looks at the answer of `endpoint`. `has_paging`: whether its parameters speak of pages.
pub(crate) fn find<'d>(
    endpoint: &Endpoint<'d>,
    shapes: &Shapes<'d>,
    has_paging: bool,
) -> Found<'d> {
    let Answer::Json(body) = &endpoint.answer else {
        return unknown(endpoint, has_paging);
    };
    if body.is_array() {
        let item = shapes.items(body);
        return Found {
            kind: Finding::new(Kind::List, 0.97, "the body is an array"),
            path: Vec::new(),
            selector: Some(Finding::new("$".to_owned(), 0.97, "the body is an array")),
            item: Some(item),
        };
    }
    let mut all = Vec::new();
    collect(endpoint, shapes, body, &mut Vec::new(), false, &mut all);
    let is_only = all.len() == 1;
    for candidate in &mut all {
        candidate.score += if is_only { 1.0 } else { 0.0 };
    }
    // Stable: of equals, the first of the description stays first.
    all.sort_by(|one, other| other.score.total_cmp(&one.score));
    let bar = bar(endpoint, body, has_paging);
    match all.first() {
        Some(best) if best.score >= bar => {
            let margin = best.score - all.get(1).map_or(bar - 2.0, |other| other.score);
            let confidence = (0.7 + margin / 15.0).clamp(0.4, 0.95);
            let mut selector = Finding::new(written(&best.path), confidence, best.why.clone());
            selector.alternatives = all
                .iter()
                .skip(1)
                .filter(|other| other.score >= bar - 1.0)
                .map(|other| written(&other.path))
                .collect();
            Found {
                kind: Finding::new(
                    Kind::List,
                    confidence,
                    format!("`{}` holds records", selector.value),
                ),
                path: best.path.clone(),
                selector: Some(selector),
                item: Some(Rc::clone(&best.item)),
            }
        }
        _ => single(endpoint, shapes, body),
    }
}

fn unknown<'d>(endpoint: &Endpoint<'d>, has_paging: bool) -> Found<'d> {
    let (kind, confidence) = if endpoint.ends_in_var() {
        (Kind::Item, 0.5)
    } else if has_paging {
        (Kind::List, 0.5)
    } else {
        (Kind::Unknown, 0.2)
    };
    Found {
        kind: Finding::new(kind, confidence, "the answer is not described"),
        path: Vec::new(),
        selector: None,
        item: None,
    }
}

/// How many points an array needs so that its neighbors are an envelope around it and not an entity that has a list.
fn bar(endpoint: &Endpoint<'_>, body: &Shape<'_>, has_paging: bool) -> f64 {
    let mut bar = 2.5;
    let foreign = body
        .properties
        .keys()
        .filter(|name| {
            let name = flat(name);
            !ENVELOPE.contains(&name.as_str()) && !GENERIC.contains(&name.as_str())
        })
        .count();
    bar += match foreign {
        0..=3 => 0.0,
        4..=6 => 1.0,
        _ => 2.5,
    };
    if body.properties.contains_key("id") || body.properties.contains_key("Id") {
        bar += match foreign {
            0..=4 => 0.5,
            5..=8 => 2.0,
            _ => 5.0,
        };
    }
    let has_envelope = body
        .properties
        .keys()
        .filter(|name| ENVELOPE.contains(&flat(name).as_str()))
        .count();
    if has_paging {
        bar -= 2.0;
    } else if endpoint.ends_in_var() {
        bar += if has_envelope >= 2 { 1.0 } else { 2.5 };
    }
    bar
}

fn collect<'d>(
    endpoint: &Endpoint<'d>,
    shapes: &Shapes<'d>,
    shape: &Shape<'d>,
    path: &mut Vec<String>,
    is_below_noun: bool,
    all: &mut Vec<Candidate<'d>>,
) {
    let beside_paging = shape
        .properties
        .keys()
        .filter(|name| {
            let name = flat(name);
            ENVELOPE[..14].contains(&name.as_str()) || name.starts_with("next")
        })
        .count();
    for (name, property) in &shape.properties {
        let value = shapes.of(property.node);
        path.push((*name).to_owned());
        if value.is_array() {
            let mut item = shapes.items(&value);
            let mut place = path.clone();
            if let Some(node) = shapes
                .property(&item, "node")
                .filter(|node| node.is_object())
            {
                place = vec![format!("{}[*].node", written(path))];
                item = node;
            }
            let mut candidate = Candidate {
                path: place,
                item,
                score: 1.0,
                why: String::new(),
            };
            rate(&mut candidate, endpoint, name, shapes);
            candidate.score += if property.is_required { 0.5 } else { 0.0 };
            candidate.score += if beside_paging > 0 { 1.0 } else { 0.0 };
            candidate.score += if is_below_noun { 1.0 } else { 0.0 };
            candidate.score -= path.len() as f64 * 0.75 - 0.75;
            if says_any(
                value.description.unwrap_or_default(),
                &["list of", "array of"],
            ) {
                candidate.score += 0.5;
            }
            all.push(candidate);
        } else if value.is_object() && path.len() < 3 && value.properties.len() <= MAX_ENVELOPE {
            let is_noun = is_noun_of(endpoint, name);
            collect(endpoint, shapes, &value, path, is_noun, all);
        }
        path.pop();
    }
}

fn rate<'d>(
    candidate: &mut Candidate<'d>,
    endpoint: &Endpoint<'d>,
    name: &str,
    shapes: &Shapes<'d>,
) {
    let _ = shapes;
    let mut why = Vec::new();
    let item = &candidate.item;
    if item.is_object() {
        candidate.score += 2.0;
        why.push("objects");
        if item.properties.len() >= 3 {
            candidate.score += 0.5;
        }
        if item
            .properties
            .keys()
            .any(|name| words(name).last().is_some_and(|last| last.ends_with("id")))
        {
            candidate.score += 0.75;
        }
    } else if item.is("string") || item.is_integer() || item.is("boolean") {
        candidate.score -= 1.5;
    }
    let plain = name.trim_start_matches('_').to_lowercase();
    if NEVER.contains(&plain.as_str()) && !is_noun_of(endpoint, name) {
        candidate.score -= 5.0;
    } else if GENERIC.contains(&plain.as_str()) {
        candidate.score += 2.5;
        why.push("the usual name for records");
    }
    if is_noun_of(endpoint, name) {
        candidate.score += 3.0;
        why.push("named like the path");
    }
    let own = noun(name);
    if let Some(label) = item.label() {
        let label = noun(label);
        if label == own || label.ends_with(&own) || own.ends_with(&label) {
            candidate.score += 2.0;
            why.push("named like its schema");
        }
    }
    if endpoint
        .id
        .is_some_and(|id| words(id).iter().any(|word| singular(word) == own))
    {
        candidate.score += 1.0;
    }
    candidate.why = format!("an array: {}", why.join(", "));
}

/// Whether a name is that of the last fixed part of the path, in singular or plural.
fn is_noun_of(endpoint: &Endpoint<'_>, name: &str) -> bool {
    let own = noun(name).replace('_', "");
    let is_same = |part: &str| noun(part).replace('_', "") == own;
    let Some(last) = endpoint.last_fixed() else {
        return false;
    };
    is_same(last)
        || last.split('.').any(is_same)
        || words(last).last().is_some_and(|word| singular(word) == own)
        || words(name)
            .last()
            .is_some_and(|word| noun(word) == noun(last) && word.len() > 3)
}

fn single<'d>(endpoint: &Endpoint<'d>, shapes: &Shapes<'d>, body: &Rc<Shape<'d>>) -> Found<'d> {
    let kind = if endpoint.ends_in_var() {
        Kind::Item
    } else {
        Kind::Singleton
    };
    let mut shape = Rc::clone(body);
    let mut path = Vec::new();
    let mut why = "the body is the record";
    while path.len() < 3 {
        let objects: Vec<&str> = shape
            .properties
            .iter()
            .filter(|(_, property)| shapes.of(property.node).is_object())
            .map(|(name, _)| *name)
            .collect();
        let rest_is_envelope = |chosen: &str| {
            shape
                .properties
                .keys()
                .all(|name| *name == chosen || is_envelope_word(name))
        };
        let next = match objects.as_slice() {
            [one] if shape.properties.len() == 1 => Some(*one),
            many => many.iter().copied().find(|name| {
                (matches!(*name, "data" | "result") || is_noun_of(endpoint, name))
                    && rest_is_envelope(name)
            }),
        };
        let Some(next) = next else {
            break;
        };
        let Some(inner) = shapes.property(&shape, next) else {
            break;
        };
        path.push(next.to_owned());
        shape = inner;
        why = "the one object in the body";
    }
    // An object without properties tells nothing about itself.
    let confidence = if shape.properties.is_empty() {
        0.5
    } else {
        0.8
    };
    Found {
        kind: Finding::new(kind, confidence, "no array in the body holds records"),
        selector: Some(Finding::new(written(&path), confidence, why)),
        path,
        item: Some(shape),
    }
}

fn is_envelope_word(name: &str) -> bool {
    let name = flat(name);
    ENVELOPE.contains(&name.as_str())
        || matches!(
            name.as_str(),
            "errors" | "messages" | "warnings" | "included" | "jsonapi" | "error" | "requestid"
        )
}

/// A path in the words of the file.
pub(crate) fn written(path: &[String]) -> String {
    if path.is_empty() {
        return "$".to_owned();
    }
    let mut text = String::new();
    for name in path {
        let is_plain = !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name
                .chars()
                .all(|one| one.is_ascii_alphanumeric() || one == '_');
        if is_plain || name.contains("[*]") {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(name);
        } else {
            text.push_str("['");
            text.push_str(&name.replace('\\', "\\\\").replace('\'', "\\'"));
            text.push_str("']");
        }
    }
    if text.starts_with('[') {
        text.insert(0, '$');
    }
    text
}
