//! The field that identifies a record.

use std::collections::HashSet;
use std::rc::Rc;

use crate::findings::Finding;
use crate::shape::{Shape, Shapes};
use crate::words::{flat, names_behind, norm, noun, says_any, singular, words};

const THRESHOLD: f64 = 4.0;
const SUFFIXES: &[(&str, f64)] = &[
    ("id", 8.5),
    ("uuid", 8.5),
    ("guid", 8.5),
    ("gid", 8.5),
    ("sid", 8.5),
    ("uid", 8.5),
    ("pk", 8.0),
    ("identifier", 8.0),
    ("key", 6.5),
    ("code", 6.5),
    ("slug", 6.0),
    ("number", 5.0),
    ("no", 5.0),
    ("ref", 4.0),
    ("name", 3.0),
];

/// First words of fields that hold another record's key.
const RELATIONS: &[&str] = &[
    "parent",
    "external",
    "owner",
    "creator",
    "created",
    "updated",
    "client",
    "user",
    "previous",
    "next",
    "category",
    "group",
    "tenant",
    "source",
    "target",
    "reference",
    "foreign",
    "organization",
    "org",
    "account",
    "team",
    "workspace",
    "request",
    "session",
    "device",
    "type",
    "legacy",
    "last",
    "original",
    "related",
];

/// What is known around the records.
#[derive(Debug, Default)]
pub(crate) struct Context {
    /// What the records are called: by the path, the selector, the schema.
    pub(crate) nouns: Vec<String>,
    /// The variables of paths that name one record of this list.
    pub(crate) item_vars: Vec<String>,
    /// Nouns of all lists of the description.
    pub(crate) entities: Rc<HashSet<String>>,
    /// Variables of all paths.
    pub(crate) all_vars: Rc<HashSet<String>>,
    /// Words of the path's own variables.
    pub(crate) own_vars: Vec<String>,
}

/// The key of records of this shape, if one is good enough.
pub(crate) fn find<'d>(
    item: &Shape<'d>,
    shapes: &Shapes<'d>,
    context: &Context,
) -> Option<Finding<Vec<String>>> {
    if !item.is_object() {
        return None;
    }
    let mut all: Vec<(f64, &str, String)> = Vec::new();
    for (at, (name, property)) in item.properties.iter().enumerate() {
        let shape = shapes.of(property.node);
        if !shape.is_scalar() || shape.is("boolean") {
            continue;
        }
        let (mut score, mut why) = by_name(name, context);
        let wording = shape.description.unwrap_or_default();
        let unique = called_unique(wording, context);
        if unique > 0.0 {
            score += unique;
            why.push_str(", called unique");
        }
        if score <= 0.0 {
            continue;
        }
        let flat_name = flat(name);
        if context.item_vars.iter().any(|var| flat(var) == flat_name) {
            score += 5.0;
            why.push_str(", in the path of one record");
        } else if context
            .item_vars
            .iter()
            .any(|var| var_means(var, name, context))
        {
            score += 2.5;
            why.push_str(", meant by the path of one record");
        }
        if context.all_vars.contains(&flat_name) {
            score += 1.0;
        }
        if shape.format == Some("uuid") {
            score += 1.0;
        }
        if matches!(shape.format, Some("date-time" | "uri" | "email")) {
            score -= 5.0;
        }
        if shape.is_deprecated
            || says_any(
                wording,
                &["deprecated", "no longer available", "not be used"],
            )
        {
            score -= 4.0;
        }
        score += if property.is_required { 0.7 } else { 0.0 };
        score += if at == 0 { 0.8 } else { 0.0 };
        score -= if property.is_partial { 1.0 } else { 0.0 };
        score -= if shape.is_nullable { 1.0 } else { 0.0 };
        if score >= THRESHOLD {
            all.push((score, name, why));
        }
    }
    all.sort_by(|one, other| other.0.total_cmp(&one.0));
    let Some((score, name, why)) = all.first() else {
        return by_time(item, shapes);
    };
    let mut found = Finding::new(
        vec![(*name).to_owned()],
        (0.4 + score / 20.0).clamp(0.4, 0.97),
        why.clone(),
    );
    found.alternatives = all
        .iter()
        .skip(1)
        .take(3)
        .map(|one| one.1.to_owned())
        .collect();
    Some(found)
}

/// What it is worth that a text calls the field unique.
fn called_unique(wording: &str, context: &Context) -> f64 {
    let phrases = [
        "unique identifier",
        "uniquely identifies",
        "unique id",
        "globally unique",
        "primary key",
    ];
    if !says_any(wording, &phrases) || speaks_of_other(wording, context) {
        return 0.0;
    }
    let names_own = context.nouns.iter().any(|noun| {
        let phrases = [
            format!("identifies the {noun}"),
            format!("identifier of the {noun}"),
            format!("identifier for the {noun}"),
        ];
        phrases.iter().any(|phrase| says_any(wording, &[phrase]))
    });
    if names_own { 4.5 } else { 2.0 }
}

fn by_name(name: &str, context: &Context) -> (f64, String) {
    let own = norm(name);
    let exact = match own.as_str() {
        "id" => 14.0,
        "uuid" | "guid" | "gid" | "sid" | "uid" | "pk" | "identifier" | "unique"
        | "primary_key" | "object_id" => 9.0,
        "urn" | "arn" | "sha" | "oid" | "key" => 6.0,
        "slug" | "code" => 4.5,
        "number" => 3.0,
        "name" => 2.0,
        _ => 0.0,
    };
    if exact > 0.0 {
        return (exact, format!("`{name}` names a key"));
    }
    let flat_name = flat(name);
    for noun in &context.nouns {
        let noun = noun.replace('_', "");
        for (suffix, score) in SUFFIXES {
            let is_beside = |rest: Option<&str>| rest == Some(noun.as_str());
            if is_beside(flat_name.strip_suffix(suffix))
                || is_beside(flat_name.strip_prefix(suffix))
            {
                return (*score, format!("`{name}` is the noun with `{suffix}`"));
            }
        }
        if flat_name == noun && !noun.is_empty() {
            return (3.0, format!("`{name}` is the noun itself"));
        }
    }
    by_ending(name, context)
}

/// What the last word of a name is worth.
fn by_ending(name: &str, context: &Context) -> (f64, String) {
    let flat_name = flat(name);
    let parts = words(name);
    let (Some(last), Some(first)) = (parts.last(), parts.first()) else {
        return (0.0, String::new());
    };
    if parts.len() > 1
        && matches!(
            last.as_str(),
            "id" | "uuid" | "guid" | "sid" | "gid" | "uid"
        )
    {
        let prefix = parts[..parts.len() - 1].join("_");
        let is_foreign = context.entities.contains(&prefix)
            || context
                .entities
                .contains(&singular(&parts[parts.len() - 2]))
            || context.own_vars.iter().any(|var| flat(var) == flat_name);
        let is_ours = context.nouns.iter().any(|noun| {
            let noun = words(noun);
            noun.last() == parts.get(parts.len() - 2) || noun.first() == Some(&parts[0])
        });
        let is_relation = RELATIONS.contains(&first.as_str());
        if is_ours && !is_relation {
            return (4.5, format!("`{name}` shares a word with the noun"));
        }
        if is_foreign || is_relation || parts.len() > 2 {
            // Only the path of one record can still make it a key.
            return (0.1, format!("`{name}`"));
        }
        return (3.6, format!("`{name}` ends like a key"));
    }
    (0.1, format!("`{name}`"))
}

/// Whether a description is about another entity's identifier.
fn speaks_of_other(wording: &str, context: &Context) -> bool {
    let wording = wording.to_lowercase();
    ["of the", "of a", "for the"].iter().any(|phrase| {
        names_behind(&wording, phrase).any(|name| {
            name.len() > 3
                && context.entities.contains(name)
                && !context.nouns.iter().any(|noun| noun == name)
        })
    })
}

/// Whether the variable `var` of the path of one record means the field `name`: `team_slug` means `slug` of a team.
fn var_means(var: &str, name: &str, context: &Context) -> bool {
    let var = norm(var);
    let name = norm(name);
    if context.nouns.contains(&var) {
        return matches!(name.as_str(), "name" | "slug" | "key" | "code" | "id");
    }
    context
        .nouns
        .iter()
        .any(|noun| var == format!("{noun}_{name}") || var == format!("{noun}{name}"))
}

/// A series of one record a day, or of events with the time as their name.
fn by_time<'d>(item: &Shape<'d>, shapes: &Shapes<'d>) -> Option<Finding<Vec<String>>> {
    let (name, _) = item.properties.iter().find(|(name, property)| {
        let is_time = matches!(norm(name).as_str(), "date" | "day" | "ts" | "timestamp");
        is_time && property.is_required && shapes.of(property.node).is_scalar()
    })?;
    Some(Finding::new(
        vec![(*name).to_owned()],
        0.5,
        format!("`{name}` is required and nothing else identifies a record"),
    ))
}

/// The nouns of records, the most telling first.
pub(crate) fn nouns(
    segment: Option<&str>,
    selector: Option<&str>,
    schema: Option<&str>,
) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let schema = schema.and_then(|name| name.rsplit('.').next());
    for name in [segment, selector, schema].into_iter().flatten() {
        for one in name.split('.').map(noun) {
            let last = words(&one).pop();
            for noun in [Some(one), last].into_iter().flatten() {
                if noun.len() > 1 && !all.contains(&noun) && !is_verb(&noun) {
                    all.push(noun);
                }
            }
        }
    }
    all
}

/// Words of paths that say what is done, not what is there.
pub(crate) fn is_verb(word: &str) -> bool {
    matches!(
        word,
        "list"
            | "search"
            | "get"
            | "all"
            | "info"
            | "query"
            | "find"
            | "read"
            | "show"
            | "data"
            | "item"
            | "result"
            | "scroll"
            | "history"
            | "response"
            | "schema"
            | "value"
            | "record"
            | "mine"
            | "my"
            | "me"
    )
}
