//! Variables bound to parents, values and references.

use std::collections::HashMap;

use super::yaml::value;
use crate::findings::{Kind, Resource};
use crate::words::norm;

/// Chains of parents that are longer are not loaded unless asked for.
const MAX_DEPTH: usize = 2;

/// A resource as it stands in the file.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) at: usize,
    pub(crate) path: String,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) include: Vec<(String, String)>,
    pub(crate) is_selected: bool,
    /// What a person has to fill in first.
    pub(crate) missing: Vec<String>,
    pub(crate) variables: Vec<String>,
}

/// The resource that a resource's request needs rows of.
#[derive(Debug, Clone)]
struct Parent {
    at: usize,
    /// Variables with the fields of the parent's rows.
    fields: Vec<(String, String)>,
}

/// Binds the wanted resources and the parents that they need, in the order of the description.
pub(crate) fn bind(resources: &[Resource], wanted: &[bool], prefix: &str) -> Vec<Bound> {
    let by_path: HashMap<&str, usize> = resources
        .iter()
        .enumerate()
        .map(|(at, one)| (one.path.as_str(), at))
        .collect();
    let mut parents: Vec<Option<Parent>> =
        resources.iter().map(|one| direct(one, &by_path)).collect();
    let mut includes: Vec<Vec<(String, String)>> = vec![Vec::new(); resources.len()];
    for at in 0..resources.len() {
        inherit(resources, &mut parents, &mut includes, at);
    }
    let mut needed = wanted.to_vec();
    for (at, is_wanted) in wanted.iter().enumerate() {
        let mut up = parents[at].as_ref().filter(|_| *is_wanted);
        while let Some(parent) = up {
            needed[parent.at] = true;
            up = parents[parent.at].as_ref();
        }
    }
    let common = common(resources, &parents, &needed);
    let mut all: Vec<Bound> = Vec::new();
    for at in (0..resources.len()).filter(|at| needed[*at]) {
        let mut one = write(resources, &parents, at, &common, prefix);
        one.include.clone_from(&includes[at]);
        let (depth, root_kind) = (depth(&parents, at), resources[at].kind.value);
        one.is_selected = wanted[at]
            && depth <= MAX_DEPTH
            && !(root_kind == Kind::Item && depth > 0)
            && !resources[at].is_deprecated;
        all.push(one);
    }
    // What needs rows of a resource that is commented out is commented out too.
    loop {
        let gone: Vec<usize> = all
            .iter()
            .filter(|one| !one.missing.is_empty())
            .map(|one| one.at)
            .collect();
        let mut changed = false;
        for one in &mut all {
            if let Some(parent) = parents[one.at]
                .as_ref()
                .filter(|parent| gone.contains(&parent.at))
                && one.missing.is_empty()
            {
                one.missing
                    .push(format!("the resource `{}`", resources[parent.at].name));
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    if all.iter().all(|one| !one.missing.is_empty()) {
        // Nothing runs without a value: the values become references then.
        for one in &mut all {
            one.missing.clear();
        }
    }
    if !all
        .iter()
        .any(|one| one.missing.is_empty() && one.is_selected)
    {
        for one in &mut all {
            one.is_selected = wanted[one.at];
        }
    }
    all
}

/// The parent of the last variable that has one.
fn direct(resource: &Resource, by_path: &HashMap<&str, usize>) -> Option<Parent> {
    let last = resource
        .links
        .iter()
        .rev()
        .find(|link| by_path.contains_key(link.value.parent.as_str()))?;
    let at = *by_path.get(last.value.parent.as_str())?;
    let fields = resource
        .links
        .iter()
        .filter(|link| link.value.parent == last.value.parent)
        .map(|link| (link.value.param.clone(), link.value.field.clone()))
        .collect();
    Some(Parent { at, fields })
}

fn vars(resource: &Resource) -> Vec<String> {
    crate::api::segments(&resource.path)
        .into_iter()
        .flat_map(|segment| segment.vars)
        .collect()
}

/// Takes variables above the parent from the parent's own parent, by fields that its rows carry.
fn inherit(
    resources: &[Resource],
    parents: &mut [Option<Parent>],
    includes: &mut [Vec<(String, String)>],
    at: usize,
) {
    let Some(parent) = parents[at].clone() else {
        return;
    };
    for var in vars(&resources[at]) {
        if parent.fields.iter().any(|(name, _)| *name == var) {
            continue;
        }
        if let Some(column) = provide(parents, includes, parent.at, &var, 0)
            && let Some(own) = &mut parents[at]
        {
            own.fields.push((var, column));
        }
    }
}

/// The column of the rows of `at` that carries the value of the variable which its request was made with.
fn provide(
    parents: &[Option<Parent>],
    includes: &mut [Vec<(String, String)>],
    at: usize,
    var: &str,
    depth: usize,
) -> Option<String> {
    let parent = parents[at].as_ref().filter(|_| depth < 8)?;
    let known = parent
        .fields
        .iter()
        .find(|(name, _)| norm(name) == norm(var));
    let field = match known {
        Some((_, field)) => field.clone(),
        None => provide(parents, includes, parent.at, var, depth + 1)?,
    };
    let taken = includes[at].iter().find(|(one, _)| *one == field);
    if let Some((_, column)) = taken {
        return Some(column.clone());
    }
    let column = format!("_parent_{}", norm(var));
    includes[at].push((field, column.clone()));
    Some(column)
}

fn depth(parents: &[Option<Parent>], at: usize) -> usize {
    let mut depth = 0;
    let mut up = parents[at].as_ref();
    while let Some(parent) = up {
        depth += 1;
        up = parents[parent.at].as_ref();
    }
    depth
}

/// Values that so many requests need that they belong to the account, as the token does.
fn common(resources: &[Resource], parents: &[Option<Parent>], needed: &[bool]) -> Vec<String> {
    let mut count: HashMap<String, usize> = HashMap::new();
    let mut total = 0;
    for (at, resource) in resources.iter().enumerate().filter(|(at, _)| needed[*at]) {
        total += 1;
        for one in resource.required.iter().filter(|one| one.value.is_none()) {
            let is_bound = parents[at]
                .as_ref()
                .is_some_and(|parent| parent.fields.iter().any(|(name, _)| *name == one.name));
            *count.entry(one.name.clone()).or_default() += usize::from(!is_bound);
        }
    }
    count
        .into_iter()
        .filter(|(_, many)| *many * 10 >= total * 3)
        .map(|(name, _)| name)
        .collect()
}

fn write(
    resources: &[Resource],
    parents: &[Option<Parent>],
    at: usize,
    common: &[String],
    prefix: &str,
) -> Bound {
    let resource = &resources[at];
    let mut one = Bound {
        at,
        path: match resource.path.trim_start_matches('/') {
            "" => "/".to_owned(),
            path => path.to_owned(),
        },
        params: Vec::new(),
        headers: Vec::new(),
        include: Vec::new(),
        is_selected: true,
        missing: Vec::new(),
        variables: Vec::new(),
    };
    let mut bound: Vec<String> = Vec::new();
    if let Some(parent) = &parents[at] {
        for (var, field) in &parent.fields {
            let place = format!("{{resources.{}.{field}}}", resources[parent.at].name);
            if resource
                .links
                .iter()
                .any(|link| link.value.param == *var && link.value.is_query)
            {
                one.params.push((var.clone(), format!("\"{place}\"")));
            } else {
                one.path = replace_var(&one.path, var, &place);
            }
            bound.push(var.clone());
        }
    }
    for var in vars(resource)
        .into_iter()
        .filter(|var| !bound.contains(var))
    {
        let stated = resource
            .required
            .iter()
            .find(|one| one.name == var)
            .and_then(|one| one.value.as_ref());
        let variable = format!("{prefix}_{}", norm(&var).to_uppercase());
        let given = match stated {
            Some(stated) => value(stated),
            None => format!("\"${{env:{variable}}}\""),
        };
        let plain = norm(&var);
        one.path = replace_var(&one.path, &var, &format!("{{{plain}}}"));
        if !one.params.iter().any(|(name, _)| *name == plain) {
            one.params.push((plain, given));
        }
        if stated.is_none() {
            one.variables.push(variable);
            if !common.contains(&var) {
                one.missing.push(var);
            }
        }
    }
    others(resource, &mut one, common, prefix);
    one
}

/// Required parameters and headers.
fn others(resource: &Resource, one: &mut Bound, common: &[String], prefix: &str) {
    for required in resource
        .required
        .iter()
        .filter(|one| one.location != "path")
    {
        let variable = format!("{prefix}_{}", norm(&required.name).to_uppercase());
        let given = match &required.value {
            Some(stated) => value(stated),
            None => format!("\"${{env:{variable}}}\""),
        };
        if required.value.is_none() {
            one.variables.push(variable);
        }
        if required.location == "header" {
            let given = required
                .value
                .as_ref()
                .filter(|value| !value.is_string())
                .map_or(given, |value| format!("\"{value}\""));
            one.headers.push((required.name.clone(), given));
        } else {
            one.params.push((required.name.clone(), given));
            if required.value.is_none() && !common.contains(&required.name) {
                one.missing.push(required.name.clone());
            }
        }
    }
}

/// Puts `place` where the variable stands, blanks around its name or not.
fn replace_var(path: &str, var: &str, place: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((front, behind)) = rest.split_once('{') {
        out.push_str(front);
        let Some((name, more)) = behind.split_once('}') else {
            out.push('{');
            rest = behind;
            continue;
        };
        if name.trim() == var {
            out.push_str(place);
        } else {
            out.push('{');
            out.push_str(name);
            out.push('}');
        }
        rest = more;
    }
    out.push_str(rest);
    out
}
