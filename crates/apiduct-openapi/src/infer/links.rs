//! Where the variables of a path come from.

use std::collections::HashSet;
use std::rc::Rc;

use super::key::is_verb;
use crate::api::{Endpoint, Param, Segment};
use crate::findings::{Finding, Link};
use crate::shape::{Shape, Shapes};
use crate::words::{flat, noun, says, words};

/// A list that can be a parent.
#[derive(Debug)]
pub(crate) struct List<'d> {
    pub(crate) at: usize,
    pub(crate) nouns: Vec<String>,
    pub(crate) route: Vec<String>,
    pub(crate) key: Option<String>,
    pub(crate) item: Rc<Shape<'d>>,
}

const SUFFIXES: &[&str] = &[
    "id",
    "uuid",
    "guid",
    "uid",
    "gid",
    "sid",
    "name",
    "slug",
    "number",
    "key",
    "code",
    "identifier",
    "ref",
    "handle",
    "login",
    "no",
    "pk",
    "token",
    "symbol",
    "iso",
];

/// A path to compare: versions left out, nouns in the singular, variables as `{}`.
pub(crate) fn route(segments: &[Segment]) -> Vec<String> {
    segments
        .iter()
        .filter(|segment| segment.is_var() || !is_version(&segment.text))
        .map(|segment| {
            if segment.is_var() {
                "{}".to_owned()
            } else {
                noun(&segment.text)
            }
        })
        .collect()
}

/// Whether a segment is a version such as `v1.2` or `2010-04-01`.
pub(crate) fn is_version(text: &str) -> bool {
    let rest = text.trim_start_matches(['v', 'V']);
    rest.starts_with(|one: char| one.is_ascii_digit())
        && rest
            .chars()
            .all(|one| one.is_ascii_digit() || matches!(one, '.' | '-' | '_'))
}

/// All links of the endpoints, by their places.
pub(crate) fn find<'d>(
    endpoints: &[&Endpoint<'d>],
    lists: &[List<'d>],
    shapes: &Shapes<'d>,
) -> Vec<Vec<Finding<Link>>> {
    let mut parents: Vec<HashSet<usize>> = vec![HashSet::new(); endpoints.len()];
    let mut all = vec![Vec::new(); endpoints.len()];
    let mut order: Vec<usize> = (0..endpoints.len()).collect();
    order.sort_by_key(|at| endpoints[*at].segments.len());
    for at in order {
        let endpoint = endpoints[at];
        let mut found: Vec<Finding<Link>> = Vec::new();
        for (place, var) in variables(endpoint) {
            let ranked = ranked(endpoints, at, place, var, lists);
            let link = ranked.iter().find_map(|(rank, list)| {
                if list.at == at || reaches(&parents, list.at, at) {
                    return None;
                }
                let link = bind(endpoint, var, place, list, endpoints[list.at], shapes)?;
                parents[at].insert(list.at);
                Some(Finding::new(
                    link,
                    confidence(*rank),
                    why(endpoints[list.at], *rank),
                ))
            });
            found.extend(link);
        }
        if found.is_empty() && endpoint.vars().next().is_none() {
            let link = by_query(endpoints, at, lists, shapes);
            if let Some((list, link)) = link.filter(|(list, _)| !reaches(&parents, *list, at)) {
                parents[at].insert(list);
                found.push(link);
            }
        }
        all[at] = found;
    }
    all
}

fn confidence(rank: i32) -> f64 {
    match rank {
        100.. => 0.93,
        80..100 => 0.8,
        50..80 => 0.65,
        _ => 0.5,
    }
}

fn why(parent: &Endpoint<'_>, rank: i32) -> String {
    let how = if rank >= 100 {
        "the list that the path continues"
    } else {
        "a list of the same noun"
    };
    format!("`{}` is {how}", parent.path)
}

fn variables<'e>(endpoint: &'e Endpoint<'_>) -> Vec<(usize, &'e str)> {
    let mut all = Vec::new();
    for (place, segment) in endpoint.segments.iter().enumerate() {
        for var in &segment.vars {
            all.push((place, var.as_str()));
        }
    }
    all
}

/// Whether `from` depends on `to`.
fn reaches(parents: &[HashSet<usize>], from: usize, to: usize) -> bool {
    let mut seen = HashSet::new();
    let mut waiting = vec![from];
    while let Some(one) = waiting.pop() {
        if one == to {
            return true;
        }
        if seen.insert(one) {
            waiting.extend(&parents[one]);
        }
    }
    false
}

/// The nouns that a variable may be about: the segment before it, and its own name without its ending.
fn entities(endpoint: &Endpoint<'_>, place: usize, var: &str) -> (Vec<String>, bool) {
    let segments = &endpoint.segments;
    let mut all = Vec::new();
    // Of several variables in a row, the last is the one that the segment before them names.
    let is_last = segments.get(place + 1).is_none_or(|next| !next.is_var());
    let fixed = segments[..place].iter().rev().find(|one| !one.is_var());
    if let Some(fixed) = fixed.filter(|_| is_last) {
        let own = noun(&fixed.text);
        if !is_verb(&own) && !is_version(&fixed.text) {
            all.push(own);
        }
    }
    let base = base(var);
    if !base.is_empty() && !all.contains(&base) {
        all.push(base);
    }
    (all, is_last)
}

/// The entity in a variable's name: `team_slug` is about a team.
fn base(var: &str) -> String {
    let var = var
        .replace("OrKey", "")
        .replace("OrName", "")
        .replace("OrSlug", "")
        .replace("_or_name", "");
    let mut parts = words(&var);
    while parts.len() > 1
        && parts
            .last()
            .is_some_and(|last| SUFFIXES.contains(&last.as_str()))
    {
        parts.pop();
    }
    let text = parts.join("_");
    if SUFFIXES.contains(&text.as_str()) {
        String::new()
    } else {
        noun(&text)
    }
}

fn ranked<'l, 'd>(
    endpoints: &[&Endpoint<'d>],
    at: usize,
    place: usize,
    var: &str,
    lists: &'l [List<'d>],
) -> Vec<(i32, &'l List<'d>)> {
    let endpoint = endpoints[at];
    let (entities, is_last) = entities(endpoint, place, var);
    let prefix = route(&endpoint.segments[..place]);
    let own_vars: Vec<String> = endpoint.segments[..place]
        .iter()
        .flat_map(|segment| segment.vars.iter().map(|one| flat(one)))
        .collect();
    let mut all: Vec<(i32, usize, &List<'d>)> = Vec::new();
    for list in lists {
        let parent = endpoints[list.at];
        let unresolved = parent
            .vars()
            .filter(|one| !own_vars.contains(&flat(one)))
            .count();
        let mut rank = 0;
        if is_last && list.route == prefix {
            rank = 100;
            rank += i32::from(parent.segments[..] == endpoint.segments[..place]) * 10;
        } else if is_last
            && list.route.len() == prefix.len() + 1
            && list.route[..prefix.len()] == prefix[..]
            && list.route.last().is_some_and(|last| is_verb(last))
        {
            rank = 90;
        } else {
            for (order, entity) in entities.iter().enumerate() {
                let Some(position) = list.nouns.iter().position(|one| same(one, entity)) else {
                    continue;
                };
                let is_last_of_path = list.route.last().is_some_and(|last| {
                    last.split('_').next_back() == entity.split('_').next_back()
                });
                let here = 70 + i32::from(is_last_of_path) * 6
                    - i32::try_from(order * 3 + position.min(3) * 3 + unresolved * 8).unwrap_or(60)
                    - i32::try_from(list.route.len()).unwrap_or(9);
                rank = rank.max(here);
            }
        }
        if rank >= 30 {
            all.push((rank, unresolved, list));
        }
    }
    all.sort_by_key(|(rank, unresolved, list)| (-rank, *unresolved, list.at));
    all.into_iter()
        .map(|(rank, _, list)| (rank, list))
        .collect()
}

fn same(one: &str, other: &str) -> bool {
    one.replace('_', "") == other.replace('_', "")
}

/// Binds the variable to a field of the list's records.
fn bind<'d>(
    endpoint: &Endpoint<'d>,
    var: &str,
    place: usize,
    list: &List<'d>,
    parent: &Endpoint<'d>,
    shapes: &Shapes<'d>,
) -> Option<Link> {
    let param = endpoint.param(var, "path");
    let is_last = endpoint
        .segments
        .get(place + 1)
        .is_none_or(|next| !next.is_var());
    let field = field(var, param, list, shapes, is_last)?;
    Some(Link {
        param: var.to_owned(),
        is_query: false,
        parent: parent.path.to_owned(),
        field,
    })
}

fn field<'d>(
    var: &str,
    param: Option<&Param<'d>>,
    list: &List<'d>,
    shapes: &Shapes<'d>,
    is_of_entity: bool,
) -> Option<String> {
    let item = &list.item;
    let own = flat(var);
    let by_flat = |wanted: &str| {
        item.properties
            .iter()
            .find(|(name, property)| flat(name) == wanted && shapes.of(property.node).is_scalar())
            .map(|(name, _)| (*name).to_owned())
    };
    let parts = words(var);
    let key = list.key.clone();
    // `idOrName`: either will do, and the key is one of them.
    if parts.iter().any(|word| word == "or") && key.is_some() {
        return key;
    }
    let entity_of_var = base(var);
    let names_entity = list.nouns.iter().any(|noun| same(noun, &entity_of_var));
    let last = parts.last().cloned().unwrap_or_default();
    let is_id = matches!(
        last.as_str(),
        "id" | "uuid" | "guid" | "gid" | "sid" | "uid" | "identifier"
    );
    // The entity's id is its key, also when the records have a field of the same name that means something else.
    if names_entity && is_id && parts.len() > 1 && item.properties.contains_key("id") {
        return Some("id".to_owned());
    }
    if let Some(exact) = by_flat(&own) {
        return Some(exact);
    }
    if parts.len() > 1
        && SUFFIXES.contains(&last.as_str())
        && !(is_id && key.is_some())
        && let Some(found) = by_flat(&last)
    {
        return Some(found);
    }
    if let Some(found) = by_example(param, list, shapes) {
        return Some(found);
    }
    // An object of the same name: its own name for itself.
    if let Some(object) = shapes.property(item, var).filter(|shape| shape.is_object())
        && let Some(inner) = ["login", "slug", "username", "key", "name", "id"]
            .into_iter()
            .find(|name| object.properties.contains_key(*name))
    {
        return Some(format!("{var}.{inner}"));
    }
    if !is_of_entity && !names_entity {
        return None;
    }
    // A text that a numeric id cannot be: the field that people name it by.
    let is_text = param.is_some_and(|param| param.shape.is("string") && !param.shape.is_integer());
    let key_is_number = key
        .as_deref()
        .and_then(|key| shapes.property(item, key))
        .is_some_and(|shape| shape.is_integer() && !shape.is("string"));
    if is_text && key_is_number && !is_id {
        for name in ["login", "slug", "key", "code", "name", "username"] {
            if let Some(found) = by_flat(name) {
                return Some(found);
            }
        }
    }
    key.or_else(|| by_flat("id"))
}

/// The field whose example is the variable's example.
fn by_example<'d>(
    param: Option<&Param<'d>>,
    list: &List<'d>,
    shapes: &Shapes<'d>,
) -> Option<String> {
    let example = param?.example?;
    let is_telling = example.as_str().is_some_and(|text| text.len() > 3);
    let (name, _) =
        list.item.properties.iter().find(|(_, property)| {
            is_telling && shapes.of(property.node).example == Some(example)
        })?;
    Some((*name).to_owned())
}

/// A required query parameter, or one that says whose records are asked for, that names an entity.
fn by_query<'d>(
    endpoints: &[&Endpoint<'d>],
    at: usize,
    lists: &[List<'d>],
    shapes: &Shapes<'d>,
) -> Option<(usize, Finding<Link>)> {
    let endpoint = endpoints[at];
    for param in endpoint.queries() {
        if param.shape.is("boolean") || param.shape.is_array() || says(&param.wording, "filter") {
            continue;
        }
        let wording = param.wording.to_lowercase();
        let mut nouns = Vec::new();
        if param.is_required {
            nouns.push(base(param.name));
        }
        // "Conversation ID to fetch history for."
        let first: Vec<&str> = wording.split(' ').take(3).collect();
        if let [one, "id", "to"] = first.as_slice() {
            nouns.push(noun(one));
        }
        for entity in nouns.iter().filter(|one| !one.is_empty()) {
            let mut fitting: Vec<&List<'d>> = lists
                .iter()
                .filter(|list| list.at != at && endpoints[list.at].vars().next().is_none())
                .filter(|list| list.nouns.iter().any(|one| same(one, entity)))
                .collect();
            fitting.sort_by_key(|list| {
                (
                    list.route.len(),
                    list.nouns.iter().position(|one| same(one, entity)),
                )
            });
            for list in fitting {
                let Some(field) = field(param.name, Some(param), list, shapes, true) else {
                    continue;
                };
                let link = Link {
                    param: param.name.to_owned(),
                    is_query: true,
                    parent: endpoints[list.at].path.to_owned(),
                    field,
                };
                let why = format!(
                    "`{}` names one of `{}`",
                    param.name, endpoints[list.at].path
                );
                return Some((
                    list.at,
                    Finding::new(link, if param.is_required { 0.7 } else { 0.5 }, why),
                ));
            }
        }
    }
    None
}

/// The nouns of a norm, for tests and for names.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::segments;

    #[test]
    fn versions_and_plurals_do_not_matter_for_routes() {
        assert_eq!(
            route(&segments("/v1/users/{id}")),
            route(&segments("/v2/user/{userId}"))
        );
        assert!(is_version("2010-04-01") && is_version("v1.0") && !is_version("1-clicks"));
    }

    #[test]
    fn variables_are_about_entities() {
        for (var, entity) in [
            ("team_slug", "team"),
            ("issueIdOrKey", "issue"),
            ("id", ""),
            ("CallSid", "call"),
        ] {
            assert_eq!(base(var), entity);
        }
    }
}
