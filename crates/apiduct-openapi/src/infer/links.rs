//! Where the variables of a path come from.

use std::collections::{BTreeMap, HashMap, HashSet};
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
    let index = Index::new(endpoints, lists);
    let mut parents: Vec<HashSet<usize>> = vec![HashSet::new(); endpoints.len()];
    let mut all = vec![Vec::new(); endpoints.len()];
    let mut order: Vec<usize> = (0..endpoints.len()).collect();
    order.sort_by_key(|at| endpoints[*at].segments.len());
    for at in order {
        let endpoint = endpoints[at];
        let mut found: Vec<Finding<Link>> = Vec::new();
        for (place, var) in variables(endpoint) {
            let mut bound = |(rank, list): &(i32, &List<'d>)| {
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
            };
            let on_the_way = index.on_the_way(endpoints, at, place);
            let mut link = on_the_way.iter().find_map(&mut bound);
            // There are many of the same noun, and mostly the path has said it.
            if link.is_none() {
                link = index
                    .of_the_noun(endpoint, place, var)
                    .iter()
                    .find_map(&mut bound);
            }
            found.extend(link);
        }
        if found.is_empty() && endpoint.vars().next().is_none() {
            let link = by_query(endpoints, at, &index, shapes);
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

/// Where lists are found, so that no variable is held against each of them.
#[derive(Debug)]
struct Index<'l, 'd> {
    lists: &'l [List<'d>],
    by_route: HashMap<&'l [String], Vec<usize>>,
    /// Lists whose route ends in a verb, by what is before it.
    by_verb: HashMap<&'l [String], Vec<usize>>,
    /// By their nouns without underscores, with the place among them.
    by_noun: HashMap<String, Vec<(usize, usize)>>,
    /// The variables of their paths.
    vars: Vec<Vec<String>>,
}

impl<'l, 'd> Index<'l, 'd> {
    fn new(endpoints: &[&Endpoint<'d>], lists: &'l [List<'d>]) -> Self {
        let mut index = Self {
            lists,
            by_route: HashMap::new(),
            by_verb: HashMap::new(),
            by_noun: HashMap::new(),
            vars: Vec::new(),
        };
        for (at, list) in lists.iter().enumerate() {
            index.by_route.entry(&list.route).or_default().push(at);
            if let Some((last, before)) = list.route.split_last()
                && is_verb(last)
            {
                index.by_verb.entry(before).or_default().push(at);
            }
            let mut known = HashSet::new();
            for (position, noun) in list.nouns.iter().enumerate() {
                let noun = joined(noun);
                if known.insert(noun.clone()) {
                    index.by_noun.entry(noun).or_default().push((at, position));
                }
            }
            index
                .vars
                .push(endpoints[list.at].vars().map(flat).collect());
        }
        index
    }

    /// How many variables of a list's path are none of `own`.
    fn unresolved(&self, list: usize, own: &[String]) -> usize {
        self.vars[list]
            .iter()
            .filter(|one| !own.contains(one))
            .count()
    }

    /// The lists that the path before a variable is, best first.
    fn on_the_way(
        &self,
        endpoints: &[&Endpoint<'d>],
        at: usize,
        place: usize,
    ) -> Vec<(i32, &'l List<'d>)> {
        let segments = &endpoints[at].segments;
        if segments.get(place + 1).is_some_and(Segment::is_var) {
            return Vec::new();
        }
        let prefix = route(&segments[..place]);
        let own = own_vars(endpoints[at], place);
        let of = |map: &HashMap<&[String], Vec<usize>>| {
            map.get(prefix.as_slice()).cloned().unwrap_or_default()
        };
        let exact = of(&self.by_route).into_iter().map(|list| {
            let is_prefix = endpoints[self.lists[list].at].segments[..] == segments[..place];
            (100 + i32::from(is_prefix) * 10, list)
        });
        let verbs = of(&self.by_verb).into_iter().map(|list| (90, list));
        self.sorted(exact.chain(verbs).collect(), &own)
    }

    /// The lists of a noun that a variable may be about, best first.
    fn of_the_noun(
        &self,
        endpoint: &Endpoint<'_>,
        place: usize,
        var: &str,
    ) -> Vec<(i32, &'l List<'d>)> {
        let own = own_vars(endpoint, place);
        let mut ranks: BTreeMap<usize, i32> = BTreeMap::new();
        for (order, entity) in entities(endpoint, place, var).0.iter().enumerate() {
            for (list, position) in self.by_noun.get(&joined(entity)).into_iter().flatten() {
                let route = &self.lists[*list].route;
                let is_last_of_path = route.last().is_some_and(|last| {
                    last.split('_').next_back() == entity.split('_').next_back()
                });
                let unresolved = self.unresolved(*list, &own);
                let far = order * 3 + position.min(&3) * 3 + unresolved * 8;
                let rank = 70 + i32::from(is_last_of_path) * 6
                    - i32::try_from(far).unwrap_or(60)
                    - i32::try_from(route.len()).unwrap_or(9);
                let best = ranks.entry(*list).or_default();
                *best = rank.max(*best);
            }
        }
        let good = ranks.into_iter().filter(|(_, rank)| *rank >= 30);
        self.sorted(good.map(|(list, rank)| (rank, list)).collect(), &own)
    }

    fn sorted(&self, mut all: Vec<(i32, usize)>, own: &[String]) -> Vec<(i32, &'l List<'d>)> {
        all.sort_by_cached_key(|(rank, list)| {
            (-rank, self.unresolved(*list, own), self.lists[*list].at)
        });
        all.into_iter()
            .map(|(rank, list)| (rank, &self.lists[list]))
            .collect()
    }
}

/// The variables before a place.
fn own_vars(endpoint: &Endpoint<'_>, place: usize) -> Vec<String> {
    let before = endpoint.segments[..place].iter();
    before
        .flat_map(|segment| segment.vars.iter().map(|one| flat(one)))
        .collect()
}

/// Words without what joins them.
fn joined(noun: &str) -> String {
    noun.replace('_', "")
}

fn same(one: &str, other: &str) -> bool {
    joined(one) == joined(other)
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
    index: &Index<'_, 'd>,
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
            let of_the_noun = index.by_noun.get(&joined(entity)).into_iter().flatten();
            let mut fitting: Vec<(&List<'d>, usize)> = of_the_noun
                .filter(|(list, _)| index.vars[*list].is_empty())
                .map(|(list, position)| (&index.lists[*list], *position))
                .filter(|(list, _)| list.at != at)
                .collect();
            fitting.sort_by_key(|(list, position)| (list.route.len(), *position));
            for (list, _) in fitting {
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
