//! Rules of the path: names bound from parameters, and whether it asks for one record.

use super::request::resolve_target;
use crate::error::{ConfigErrorKind, Problems, nearest};
use crate::spec::{Located, ParamSpec, ParamValue};
use crate::template::{Part, Placeholder, Target, Template};

/// Binds `{name}` in `path` to the parameters of that name and gives back the parameters that are left.
pub(super) fn bind(
    path: &mut Located<Template>,
    params: &[ParamSpec],
    resource: &str,
    problems: &mut Problems,
) -> Vec<ParamSpec> {
    let (site, mark) = (path.path.clone(), path.mark);
    let mut bound: Vec<&str> = Vec::new();
    for part in path.value.parts_mut() {
        let Part::Field(Placeholder { target, .. }) = part else {
            continue;
        };
        let Target::Name(name) = target else {
            continue;
        };
        let found = params.iter().find(|param| param.name == *name);
        if let Some(param) = found {
            bound.push(&param.name);
        }
        match value_for(name, found, params) {
            Ok(value) => *target = value,
            Err(kind) => problems.push(&site, mark, kind),
        }
    }
    for param in params {
        let is_unused = !bound.contains(&&*param.name);
        if let (
            true,
            ParamValue::Resolve {
                resource: parent,
                field,
            },
        ) = (is_unused, &param.value)
        {
            let kind = ConfigErrorKind::Conflict {
                reason: format!(
                    "the path of resource `{resource}` does not use parameter `{}` of type `resolve`",
                    param.name
                ),
                hint: Some(format!(
                    "put `{{{}}}` into the path, or set the parameter to `{{resources.{parent}.{}}}`",
                    param.name,
                    field.as_str()
                )),
            };
            problems.push(&param.site.path, param.site.mark, kind);
        }
    }
    let left = params.iter().filter(|param| !bound.contains(&&*param.name));
    left.cloned().collect()
}

fn value_for(
    name: &str,
    found: Option<&ParamSpec>,
    params: &[ParamSpec],
) -> Result<Target, ConfigErrorKind> {
    let cannot = |what: &str| ConfigErrorKind::Template {
        reason: format!("parameter `{name}` is {what}, so `{{{name}}}` in the path has no value"),
        hint: Some(format!(
            "give it one value, or write `{{resources.PARENT.FIELD}}` in place of `{{{name}}}`"
        )),
    };
    match found.map(|param| &param.value) {
        Some(ParamValue::One(value)) => Ok(Target::Bound(Box::new(value.clone()))),
        Some(ParamValue::Resolve { resource, field }) => Ok(resolve_target(resource, field)),
        Some(ParamValue::Null) => Err(cannot("null")),
        Some(ParamValue::Incremental(_)) => Err(cannot("of type `incremental`")),
        Some(ParamValue::Many(_) | ParamValue::Styled(_)) => Err(cannot("a list or a mapping")),
        None => {
            let names: Vec<&str> = params.iter().map(|param| &*param.name).collect();
            let near = nearest(name, &names);
            Err(ConfigErrorKind::Template {
                reason: format!(
                    "the path needs a parameter `{name}`, which `params` does not have"
                ),
                hint: Some(near.map_or_else(
                    || format!("add `{name}` to `params`, or write `{{resources.PARENT.FIELD}}`"),
                    |near| format!("did you mean `{{{near}}}`?"),
                )),
            })
        }
    }
}

/// Whether the last segment of `path` holds a placeholder, query and fragment aside: the path of one record.
pub(super) fn is_single_entity(path: &Template) -> bool {
    const FIELD: char = '\u{1}';
    let mut shape = String::new();
    for part in path.parts() {
        match part {
            Part::Literal(text) => shape.extend(text.chars().filter(|letter| *letter != FIELD)),
            Part::Secret(_)
            | Part::Field(Placeholder {
                target: Target::Incremental(_),
                ..
            }) => shape.push('x'),
            // Several values ask for several records.
            Part::Field(placeholder) if placeholder.joins() => shape.push('x'),
            Part::Field(_) => shape.push(FIELD),
        }
    }
    let end = shape.find(['?', '#']).unwrap_or(shape.len());
    let segments = shape[..end].trim_end_matches('/');
    let last = segments.rsplit('/').next();
    last.is_some_and(|segment| segment.contains(FIELD))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Mode;

    fn is_single(path: &str) -> bool {
        is_single_entity(&Template::parse(path, Mode::Path).unwrap())
    }

    #[test]
    fn a_placeholder_in_the_last_segment_asks_for_one_record() {
        for path in [
            "/users/{id}",
            "/p/{id}/",
            "/p/{id}//",
            "/p/{id}?a=1",
            "/p/{id}#s",
            "/p/{id}.json/",
            "/p/{id}_data",
            "{e}",
            "report-{resources.a.id}.csv",
            "a/{resources.a.items[0].id}",
        ] {
            assert!(is_single(path), "{path}");
        }
        for path in [
            "/",
            "users",
            "/users/{id}/details",
            "search?parent={resources.p.id}",
            "users/{resources.p.ids|join(',')}",
            "a#{resources.p.id}",
            "since/{incremental.start_value}",
            "{{id}}",
            "x/${env:ID}",
        ] {
            assert!(!is_single(path), "{path}");
        }
    }
}
