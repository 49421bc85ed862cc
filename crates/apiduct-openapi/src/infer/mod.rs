//! From operations to findings.

mod access;
mod filters;
mod key;
mod links;
mod names;
mod paging;
mod selector;
mod size;
mod vendor;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use serde_json::Value;

use crate::api::{Answer, Endpoint, endpoints};
use crate::documents::Documents;
use crate::error::OpenApiError;
use crate::findings::{Auth, Finding, Findings, Kind, Pages, Required, Resource};
use crate::shape::Shapes;

use crate::words::flat;
use links::{List, route};
use paging::{Convention, Roles};
use selector::Found;

/// Finds out everything about the API of `documents`.
///
/// # Errors
///
/// No GET operation answers data.
pub(crate) fn findings(documents: &Documents) -> Result<Findings, OpenApiError> {
    let shapes = Shapes::new(documents);
    let mut problems = documents.problems.clone();
    let (all, operations) = endpoints(documents, &shapes, &mut problems);
    let mut left_out = Vec::new();
    let mut used: Vec<&Endpoint<'_>> = Vec::new();
    for endpoint in &all {
        match endpoint.answer {
            Answer::NotData(why) => left_out.push((endpoint.path.to_owned(), why.to_owned())),
            _ => used.push(endpoint),
        }
    }
    if used.is_empty() {
        return Err(OpenApiError::NoEndpoints {
            location: documents.location().to_owned(),
            operations,
        });
    }
    let auth = access::auth(documents, &used);
    let rate = access::rate(documents, &used);
    let (base_url, base_url_is_complete) = access::base_url(documents);
    let resources = resources(documents, &shapes, &used, &auth.value);
    let root = documents.root();
    let info = documents.child(root, "info");
    Ok(Findings {
        title: info
            .and_then(|info| info.text("title"))
            .unwrap_or("API")
            .trim()
            .to_owned(),
        format: match root.text("openapi") {
            Some(version) => format!("OpenAPI {version}"),
            None => format!("Swagger {}", root.text("swagger").unwrap_or("2.0")),
        },
        base_url,
        base_url_is_complete,
        auth,
        rate,
        resources,
        left_out,
        problems,
    })
}

/// What an endpoint is, as far as it can be told from itself.
struct Local<'d> {
    found: Found<'d>,
    nouns: Vec<String>,
    key: Option<Finding<Vec<String>>>,
    route: Vec<String>,
}

fn resources<'d>(
    documents: &'d Documents,
    shapes: &Shapes<'d>,
    used: &[&Endpoint<'d>],
    auth: &Auth,
) -> Vec<Resource> {
    let mut locals: Vec<Local<'d>> = used
        .iter()
        .map(|endpoint| local(endpoint, shapes))
        .collect();
    keys(used, &mut locals, shapes);
    let lists: Vec<List<'d>> = locals
        .iter()
        .enumerate()
        .filter(|(at, local)| local.found.kind.value == Kind::List && !is_lookup(used[*at]))
        .filter_map(|(at, local)| {
            Some(List {
                at,
                nouns: local.nouns.clone(),
                route: local.route.clone(),
                key: local.key.as_ref().map(|key| key.value[0].clone()),
                item: Rc::clone(local.found.item.as_ref()?),
            })
        })
        .collect();
    let links = links::find(used, &lists, shapes);
    let names = names::name(used);
    let mut convention = Convention {
        prose: prose(documents, used),
        ..Convention::default()
    };
    let key_of = |local: &Local<'d>| local.key.as_ref().map(|key| key.value[0].clone());
    for (endpoint, local) in used.iter().zip(&locals) {
        let (pages, _) = paging::find(
            endpoint,
            shapes,
            &local.found,
            key_of(local).as_deref(),
            &convention,
        );
        if pages.confidence > 0.76 {
            convention.note(&pages);
        }
    }
    let mut all = Vec::with_capacity(used.len());
    for (at, endpoint) in used.iter().enumerate() {
        let local = &locals[at];
        let key = key_of(local);
        let (pages, page_size) =
            paging::find(endpoint, shapes, &local.found, key.as_deref(), &convention);
        let mut taken = page_params(&pages.value);
        taken.extend(page_size.iter().map(|size| size.param.clone()));
        let filters = match (&local.found.item, local.found.kind.value) {
            (Some(item), Kind::List) => filters::find(endpoint, shapes, item, &taken),
            _ => Vec::new(),
        };
        taken.extend(links[at].iter().map(|link| link.value.param.clone()));
        all.push(Resource {
            name: names[at].clone(),
            path: endpoint.path.to_owned(),
            operation_id: endpoint.id.map(str::to_owned),
            tag: endpoint.tag.map(str::to_owned),
            tags: endpoint.tags.iter().map(|one| (*one).to_owned()).collect(),
            about: endpoint.summary.and_then(first_sentence),
            is_deprecated: endpoint.is_deprecated,
            kind: local.found.kind.clone(),
            selector: local.found.selector.clone(),
            key: local.key.clone(),
            pages,
            page_size,
            links: links[at].clone(),
            filters,
            required: required(endpoint, &taken, auth),
        });
    }
    all
}

/// Whether a list gives only what its ids are asked for, so that it cannot tell them.
fn is_lookup(endpoint: &Endpoint<'_>) -> bool {
    let asks = |param: &crate::api::Param<'_>| {
        param.is_required && matches!(param.norm.rsplit('_').next(), Some("ids" | "id" | "uuids"))
    };
    endpoint.queries().any(asks)
        || endpoint.last_fixed().is_some_and(|last| {
            matches!(last.rsplit('.').next(), Some("info" | "lookup" | "batch"))
        })
}

fn local<'d>(endpoint: &Endpoint<'d>, shapes: &Shapes<'d>) -> Local<'d> {
    let found = selector::find(endpoint, shapes, Roles::of(endpoint).is_paging());
    let schema = found.item.as_ref().and_then(|item| item.label());
    let selected = found.path.last().map(String::as_str);
    Local {
        nouns: key::nouns(endpoint.last_fixed(), selected, schema),
        found,
        key: None,
        route: route(&endpoint.segments),
    }
}

fn keys<'d>(used: &[&Endpoint<'d>], locals: &mut [Local<'d>], shapes: &Shapes<'d>) {
    // Variables by the route of what stands before them.
    let mut vars: HashMap<Vec<String>, Vec<String>> = HashMap::new();
    for endpoint in used {
        for (place, segment) in endpoint.segments.iter().enumerate() {
            for var in &segment.vars {
                let all = vars.entry(route(&endpoint.segments[..place])).or_default();
                if !all.contains(var) {
                    all.push(var.clone());
                }
            }
        }
    }
    let all_vars: HashSet<String> = vars.values().flatten().map(|var| flat(var)).collect();
    let all_vars = Rc::new(all_vars);
    let entities: HashSet<String> = locals
        .iter()
        .filter(|local| local.found.kind.value == Kind::List)
        .filter_map(|local| local.nouns.first().cloned())
        .collect();
    let entities = Rc::new(entities);
    for (endpoint, local) in used.iter().zip(locals) {
        let Some(item) = &local.found.item else {
            continue;
        };
        let item_route = match local.found.kind.value {
            Kind::Item => &local.route[..local.route.len().saturating_sub(1)],
            _ => &local.route[..],
        };
        let context = key::Context {
            nouns: local.nouns.clone(),
            item_vars: vars.get(item_route).cloned().unwrap_or_default(),
            entities: Rc::clone(&entities),
            all_vars: Rc::clone(&all_vars),
            own_vars: match local.found.kind.value {
                Kind::Item => Vec::new(),
                _ => endpoint.vars().map(str::to_owned).collect(),
            },
        };
        local.key = key::find(item, shapes, &context);
    }
}

fn page_params(pages: &Pages) -> Vec<String> {
    match pages {
        Pages::Cursor { param, .. }
        | Pages::LastRecord { param, .. }
        | Pages::PageNumber { param, .. } => {
            vec![param.clone()]
        }
        Pages::Offset {
            param, limit_param, ..
        } => {
            let mut all = vec![param.clone()];
            all.extend(limit_param.clone());
            all
        }
        _ => Vec::new(),
    }
}

/// What has to be filled in: required, and neither linked nor used for pages or authentication.
fn required(endpoint: &Endpoint<'_>, taken: &[String], auth: &Auth) -> Vec<Required> {
    let mut all: Vec<Required> = Vec::new();
    for var in endpoint.vars() {
        if taken.iter().any(|one| one == var) || all.iter().any(|one| one.name == var) {
            continue;
        }
        let param = endpoint.param(var, "path");
        all.push(Required {
            name: var.to_owned(),
            location: "path".to_owned(),
            value: param.and_then(|param| sole_value(param)),
            about: param.and_then(|param| first_sentence(&param.wording)),
        });
    }
    for param in &endpoint.params {
        let is_auth = match auth {
            Auth::ApiKey { name, .. } => name.eq_ignore_ascii_case(param.name),
            Auth::None => false,
            _ => param.name.eq_ignore_ascii_case("authorization") || param.name == "token",
        };
        let is_standard = param.location == "header"
            && ["accept", "content-type", "authorization", "user-agent"]
                .contains(&param.name.to_ascii_lowercase().as_str());
        if !param.is_required
            || is_auth
            || is_standard
            || !matches!(param.location, "query" | "header")
            || taken.iter().any(|one| one == param.name)
        {
            continue;
        }
        all.push(Required {
            name: param.name.to_owned(),
            location: param.location.to_owned(),
            value: sole_value(param),
            about: first_sentence(&param.wording),
        });
    }
    all
}

fn sole_value(param: &crate::api::Param<'_>) -> Option<Value> {
    let only = match param.shape.choices.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    param
        .default
        .or(only)
        .filter(|value| {
            !value.is_null()
                && !value.is_object()
                && !value.is_array()
                && value.as_str() != Some("")
        })
        .cloned()
}

/// Texts that speak of what a next page is asked for with.
fn prose(documents: &Documents, used: &[&Endpoint<'_>]) -> Vec<String> {
    let root = documents.root();
    let info = documents
        .child(root, "info")
        .and_then(|info| info.text("description"));
    let tags = documents
        .child(root, "tags")
        .map(|tags| documents.elements(tags));
    let of_tags = tags
        .into_iter()
        .flatten()
        .filter_map(|tag| tag.text("description"));
    let of_params = used
        .iter()
        .flat_map(|endpoint| &endpoint.params)
        .map(|param| param.wording.as_str());
    info.into_iter()
        .chain(of_tags)
        .chain(used.iter().map(|endpoint| endpoint.wording.as_str()))
        .chain(of_params)
        .filter(|text| text.contains('`') && text.contains("next"))
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// The text without the tags of HTML, and without control characters.
fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((front, behind)) = rest.split_once('<') {
        out.push_str(front);
        match behind.split_once('>') {
            Some((tag, more))
                if tag.starts_with(|one: char| one == '/' || one.is_ascii_alphabetic()) =>
            {
                rest = more;
            }
            _ => {
                out.push('<');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out.replace(|one: char| one.is_control() || one == '\u{feff}', " ")
}

fn first_sentence(text: &str) -> Option<String> {
    let text = without_tags(text);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.find(". ").map_or(line.len(), |at| at);
    let mut sentence: String = line[..end].chars().take(100).collect();
    if sentence.len() < end {
        sentence.push_str("...");
    }
    let sentence = sentence.trim_end_matches('.').to_owned();
    (!sentence.is_empty()).then_some(sentence)
}

/// The noun of a name, for the modules beside.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_its_first_sentence() {
        assert_eq!(
            first_sentence("List\n users. More of it.").as_deref(),
            Some("List users")
        );
        assert_eq!(first_sentence("  "), None);
    }
}
