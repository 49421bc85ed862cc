//! Parameters that ask for what is new, and the fields they go by.

use crate::api::{Endpoint, Param};
use crate::findings::{Filter, Finding};
use crate::shape::{Shape, Shapes};
use crate::words::{norm, says, says_any, words};

const BEGIN: &[&str] = &[
    "since", "after", "from", "start", "begin", "min", "gte", "gt", "ge", "oldest", "newer",
    "later", "starting", "greater", "minimum",
];
const END: &[&str] = &[
    "before", "until", "to", "max", "lte", "lt", "le", "end", "latest", "older", "ending", "less",
    "maximum", "stop",
];
const FILLER: &[&str] = &[
    "date",
    "time",
    "at",
    "on",
    "utc",
    "datetime",
    "timestamp",
    "ts",
    "filter",
    "last",
    "than",
    "is",
];
const UPDATED: &[&str] = &["update", "modify", "modifi", "change", "edit", "touch"];
const CREATED: &[&str] = &["create", "insert", "add", "publish", "post", "regist"];

/// How many objects inside a record are looked into.
const MAX_OBJECTS: usize = 40;

/// Filters for what is new, the best first. `taken`: parameters that the paginator uses.
pub(crate) fn find<'d>(
    endpoint: &Endpoint<'d>,
    shapes: &Shapes<'d>,
    item: &Shape<'d>,
    taken: &[String],
) -> Vec<Finding<Filter>> {
    let is_begin = |param: &Param<'d>| {
        matches!(param.location, "query" | "header") && begin_of(param).is_some()
    };
    if !endpoint.params.iter().any(is_begin) {
        return Vec::new();
    }
    let fields = time_fields(shapes, item);
    let mut all: Vec<(f64, Finding<Filter>)> = Vec::new();
    for param in &endpoint.params {
        if !matches!(param.location, "query" | "header")
            || taken.iter().any(|name| name == param.name)
        {
            continue;
        }
        let Some((name, certainty)) = begin_of(param) else {
            continue;
        };
        let Some((score, field)) = fields
            .iter()
            .map(|field| (rate(param, field), field))
            .max_by(|one, other| {
                one.0
                    .total_cmp(&other.0)
                    .then(other.1.depth.cmp(&one.1.depth))
            })
        else {
            continue;
        };
        if score < 1.0 {
            continue;
        }
        let end_param = end_of(endpoint, param);
        let why = format!("`{name}` begins a range of `{}`", field.path);
        let filter = Filter {
            param: name,
            location: param.location.to_owned(),
            field: field.path.clone(),
            end_param,
        };
        let confidence = (0.3 + score / 20.0 + certainty).clamp(0.2, 0.9);
        all.push((score + certainty, Finding::new(filter, confidence, why)));
    }
    all.sort_by(|one, other| other.0.total_cmp(&one.0));
    all.into_iter().map(|one| one.1).collect()
}

struct Field {
    path: String,
    norm: String,
    depth: usize,
    wording: String,
}

fn time_fields<'d>(shapes: &Shapes<'d>, item: &Shape<'d>) -> Vec<Field> {
    let mut all = Vec::new();
    let mut objects = 0;
    let mut waiting = vec![(String::new(), 0, item.properties.clone())];
    while let Some((prefix, depth, properties)) = waiting.pop() {
        for (name, property) in &properties {
            let shape = shapes.of(property.node);
            if shape.is_object() && depth < 2 && objects < MAX_OBJECTS {
                objects += 1;
                waiting.push((
                    format!("{prefix}{name}."),
                    depth + 1,
                    shape.properties.clone(),
                ));
            }
            if !shape.is_scalar() || shape.is("boolean") {
                continue;
            }
            let parts = words(name);
            let last = parts.last().map(String::as_str).unwrap_or_default();
            let is_time = matches!(
                shape.format,
                Some("date" | "date-time" | "unix-time" | "timestamp" | "date-time-rfc-2822")
            ) || matches!(
                last,
                "at" | "date"
                    | "time"
                    | "timestamp"
                    | "ts"
                    | "utc"
                    | "on"
                    | "datetime"
                    | "created"
                    | "updated"
                    | "modified"
                    | "changed"
                    | "started"
                    | "published"
            ) || parts.first().is_some_and(|first| first == "date")
                || says_any(
                    shape.description.unwrap_or_default(),
                    &["timestamp", "date-time", "iso 8601"],
                );
            if is_time && last != "id" {
                all.push(Field {
                    path: format!("{prefix}{name}"),
                    norm: norm(name),
                    depth,
                    wording: shape.description.unwrap_or_default().to_owned(),
                });
            }
        }
    }
    all
}

/// Whether a parameter begins a range of times; the name to send, and how certain.
fn begin_of(param: &Param<'_>) -> Option<(String, f64)> {
    let shape = &param.shape;
    for operator in ["gte", "gt", "after", "from"] {
        if shape.properties.contains_key(operator) {
            return Some((format!("{}[{operator}]", param.name), 0.2));
        }
    }
    if shape.is_object() || shape.is_array() || shape.is("boolean") {
        return None;
    }
    let parts = words(param.name);
    let has = |list: &[&str]| parts.iter().any(|word| list.contains(&word.as_str()));
    let is_operator = param.name.contains('>');
    let is_end = has(END) && !parts.iter().any(|word| word == "since") || param.name.contains('<');
    let is_dated = matches!(
        shape.format,
        Some("date" | "date-time" | "unix-time" | "timestamp")
    ) || has(&[
        "date",
        "time",
        "at",
        "updated",
        "created",
        "modified",
        "changed",
        "timestamp",
        "ts",
    ]) || says_any(
        &param.wording,
        &[
            "timestamp",
            "date",
            "dates",
            "time",
            "datetime",
            "unix",
            "iso 8601",
            "iso-8601",
        ],
    );
    if is_end || !is_dated {
        return None;
    }
    let by_wording = says_any(
        &param.wording,
        &[
            "updated after",
            "modified after",
            "created after",
            "changed after",
            "on or after",
            "modified since",
            "updated since",
            "created since",
            "greater than or equal",
            "at or after",
        ],
    );
    if is_operator || has(BEGIN) {
        return Some((param.name.to_owned(), 0.15));
    }
    by_wording.then(|| (param.name.to_owned(), 0.1))
}

fn end_of(endpoint: &Endpoint<'_>, param: &Param<'_>) -> Option<String> {
    let own = words(param.name);
    let pairs = [
        ("since", "until"),
        ("after", "before"),
        ("from", "to"),
        ("start", "end"),
        ("min", "max"),
        ("gte", "lte"),
        ("gt", "lt"),
        ("oldest", "latest"),
        ("begin", "end"),
        ("since", "before"),
    ];
    pairs.iter().find_map(|(begin, end)| {
        let wanted: Vec<String> = own
            .iter()
            .map(|word| {
                if word == begin {
                    (*end).to_owned()
                } else {
                    word.clone()
                }
            })
            .collect();
        if wanted == own {
            return None;
        }
        let found = endpoint
            .params
            .iter()
            .find(|one| one.location == param.location && words(one.name) == wanted)?;
        Some(found.name.to_owned())
    })
}

fn belongs(word: &str, group: &[&str]) -> bool {
    group.iter().any(|stem| word.starts_with(stem))
}

fn rate(param: &Param<'_>, field: &Field) -> f64 {
    let mut score = 0.0;
    let plain = norm(param.name);
    let stem: Vec<String> = words(param.name)
        .into_iter()
        .filter(|word| !BEGIN.contains(&word.as_str()) && !FILLER.contains(&word.as_str()))
        .collect();
    let parts = words(&field.norm);
    if plain == field.norm {
        score += 9.0;
    }
    let is_alike = |one: &str, other: &str| {
        let stem = |word: &str| word.trim_end_matches("ed").trim_end_matches('e').to_owned();
        one == other || (one.len() > 3 && stem(one) == stem(other))
    };
    for word in &stem {
        if word == "modified" && parts.iter().any(|part| belongs(part, UPDATED)) {
            score += 4.0;
        } else if parts.iter().any(|part| is_alike(word, part)) {
            score += 5.0;
        }
    }
    // `start_time` begins with a word that otherwise says where a range begins.
    if stem.is_empty()
        && words(param.name)
            .iter()
            .any(|word| parts.first() == Some(word))
    {
        score += 2.0;
    }
    if stem.len() == 1 && parts.first() == stem.first() && parts.len() <= 2 {
        score += 1.0;
    }
    let text = format!("{} {}", param.wording, param.name.replace(['_', '-'], " "));
    let names = |list: &[&str]| list.iter().any(|word| says(&text, word));
    let is_update = parts.iter().any(|part| belongs(part, UPDATED));
    let is_create = parts.iter().any(|part| belongs(part, CREATED));
    if names(&["updated", "modified", "changed", "update", "last update"]) && is_update {
        score += 4.0;
    }
    if names(&["created", "create", "creation", "added", "published"]) && is_create {
        score += 3.0;
    }
    if stem.is_empty() {
        score += match field.norm.as_str() {
            "ts" | "timestamp" | "date" | "time" | "datetime" => 2.5,
            "created" | "created_at" | "updated_at" => 2.0,
            _ if is_update || is_create => 1.5,
            _ => 0.5,
        };
    }
    if says_any(&field.wording, &["expire", "expires", "deleted"])
        || belongs(&field.norm, &["expir", "delet", "close"])
    {
        score -= 1.5;
    }
    score - field.depth as f64 * 0.6
}
