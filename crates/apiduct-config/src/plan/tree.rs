//! How a resource goes over the rows of its parents.

use std::sync::Arc;

use super::graph::{Node, Wanted};
use super::{ParentColumn, RequestPlan, ResourcePlan, columns};
use crate::error::{ConfigErrorKind, Problems, nearest};
use crate::spec::{ForEachMode, ForEachSpec, Located, OnErrorAction, ResourceSpec};
use crate::template::{Filter, Placeholder, Tap};

/// Characters of path and query that every server takes.
const MAX_URL_LENGTH: u64 = 2000;

/// How a resource goes over the rows of its parents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForEachPlan {
    /// How the rows of several parents go together; `None` with one parent.
    pub mode: Option<ForEachMode>,
    /// The fields by which rows are joined, one of each parent in their order; empty in other modes.
    pub join: Vec<JoinField>,
    /// Whether rows that lead to the same request count once.
    pub distinct: bool,
    /// How many rows share a request; `None` means that each has its own.
    pub batch: Option<BatchPlan>,
}

/// A field by which the rows of a parent are joined with those of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinField {
    /// The field.
    pub tap: Tap,
    /// Which of the parent's taps it is.
    pub at: usize,
}

/// Rows of the parent that share a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPlan {
    /// Rows at most.
    pub size: usize,
    /// Characters of path and query at most, unless a single row needs more.
    pub max_url_length: usize,
}

/// Brings the parents that `node` refers to into the order of `for_each`, and refuses what does not go together.
pub(super) fn put_in_order(node: &Node<'_>, wanted: &mut Vec<Wanted<'_>>, problems: &mut Problems) {
    let Some(for_each) = node.for_each else {
        if let ([_, (_, site), ..], false) = (wanted.as_slice(), node.is_broken) {
            let kind = ConfigErrorKind::SeveralParents {
                child: node.name.to_owned(),
                parents: wanted.iter().map(|(name, _)| format!("`{name}`")).collect(),
            };
            problems.push(&site.path, site.mark, kind);
        }
        return;
    };
    let mut refuse = |place: &Located<()>, reason: String, hint: &str| {
        let hint = Some(hint.to_owned());
        let kind = ConfigErrorKind::Conflict { reason, hint };
        problems.push(&place.path, place.mark, kind);
    };
    let site = for_each.clone().map(|_| ());
    if wanted.len() < 2 && !node.is_broken {
        let reason = format!(
            "`for_each` combines the rows of several parents, and resource `{}` has {}",
            node.name,
            if wanted.is_empty() { "none" } else { "one" }
        );
        refuse(
            &site,
            reason,
            "refer to another with `{resources.PARENT.FIELD}`, or remove the key",
        );
        return;
    }
    let sources = &for_each.value.sources;
    for source in sources {
        if !wanted.iter().any(|(name, _)| *name == source.value) {
            let names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
            let reason = format!("no placeholder refers to `{}`", source.value);
            let hint = match nearest(&source.value, &names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "list the resources that placeholders refer to".to_owned(),
            };
            refuse(&source.clone().map(|_| ()), reason, &hint);
        }
    }
    if sources.is_empty() {
        return;
    }
    let place = |name: &str| sources.iter().position(|source| source.value == name);
    for (name, _) in wanted.iter().filter(|(name, _)| place(name).is_none()) {
        let reason = format!("a placeholder refers to `{name}`, which `sources` does not list");
        refuse(&site, reason, "add it at the place where its rows belong");
    }
    wanted.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
}

/// Refuses to combine the rows of a resource with those of its own parent: each row belongs to one of them.
pub(super) fn refuse_ancestors(
    nodes: &[Node<'_>],
    parents: &[Vec<usize>],
    problems: &mut Problems,
) {
    for (node, own) in nodes.iter().zip(parents) {
        let Some(for_each) = node.for_each else {
            continue;
        };
        for child in own {
            let above = ancestors(*child, parents);
            if let Some(ancestor) = own.iter().find(|other| above.contains(other)) {
                let (child, ancestor) = (nodes[*child].name, nodes[*ancestor].name);
                let kind = ConfigErrorKind::Conflict {
                    reason: format!(
                        "`{ancestor}` is above `{child}`, so their rows belong together already"
                    ),
                    hint: Some(format!(
                        "take the fields over with `include_from_parent` at `{child}`, and refer to them there"
                    )),
                };
                problems.push(&for_each.path, for_each.mark, kind);
            }
        }
    }
}

fn ancestors(of: usize, parents: &[Vec<usize>]) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let mut left = parents[of].clone();
    while let Some(one) = left.pop() {
        if !found.contains(&one) {
            found.push(one);
            left.extend(&parents[one]);
        }
    }
    found
}

/// The keys of `merged` that say how a resource goes over its parents' rows.
pub(super) fn for_each(
    (own, merged): (&ResourceSpec, &ResourceSpec),
    request: &RequestPlan,
    parents: &[&str],
    problems: &mut Problems,
) -> ForEachPlan {
    if parents.is_empty() {
        refuse_without_parent(own, request, problems);
        return ForEachPlan::default();
    }
    let tree = &merged.tree;
    let batch = tree.batch_size.located();
    if let Some(batch) = batch {
        refuse_batch(batch, merged, request, problems);
    }
    let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let combined = tree.for_each.located().filter(|_| parents.len() > 1);
    ForEachPlan {
        mode: combined.map(|one| one.value.mode),
        join: combined
            .map(|one| join(one, parents, problems))
            .unwrap_or_default(),
        distinct: tree.distinct.value().copied().unwrap_or(false),
        batch: batch.map(|size| BatchPlan {
            size: number(size.value),
            max_url_length: number(
                tree.max_url_length
                    .value()
                    .copied()
                    .unwrap_or(MAX_URL_LENGTH),
            ),
        }),
    }
}

/// The fields of a join, in the order of `parents`.
fn join(
    for_each: &Located<ForEachSpec>,
    parents: &[&str],
    problems: &mut Problems,
) -> Vec<JoinField> {
    let mut refuse = |path: &str, mark, reason: String| {
        let fields: Vec<String> = parents.iter().map(|name| format!("{name}.FIELD")).collect();
        let hint = format!("write `{{mode: join, on: [{}]}}`", fields.join(", "));
        let hint = Some(hint);
        problems.push(path, mark, ConfigErrorKind::Conflict { reason, hint });
    };
    let on = for_each.value.on.located();
    if for_each.value.mode != ForEachMode::Join {
        if let Some(on) = on {
            let reason = "only `mode: join` goes by fields".to_owned();
            refuse(&on.path, on.mark, reason);
        }
        return Vec::new();
    }
    let Some(on) = on else {
        let reason = "a join needs `on`, a field of each parent".to_owned();
        refuse(&for_each.path, for_each.mark, reason);
        return Vec::new();
    };
    let before = on.value.len();
    let taps: Vec<Tap> = on
        .value
        .iter()
        .filter_map(|field| columns::tap_of(field, parents, problems))
        .collect();
    let of = |parent: &str| -> Vec<&Tap> {
        let own = taps.iter().filter(|tap| *tap.parent == *parent);
        own.collect()
    };
    if taps.len() == before && parents.iter().any(|parent| of(parent).len() != 1) {
        let kind = ConfigErrorKind::Conflict {
            reason: "`on` names one field of each parent, and no more".to_owned(),
            hint: Some(format!("the parents are `{}`", parents.join("`, `"))),
        };
        problems.push(&on.path, on.mark, kind);
    }
    let found = parents.iter().filter_map(|parent| of(parent).pop());
    let found = found.map(|tap| JoinField {
        tap: tap.clone(),
        at: 0,
    });
    found.collect()
}

fn refuse_without_parent(own: &ResourceSpec, request: &RequestPlan, problems: &mut Problems) {
    // What cannot be found has been reported; what `resource_defaults` says is for children only.
    if own.is_broken || own.seed.is_some() || !request.parent_fields().is_empty() {
        return;
    }
    let is_true = |written: &crate::spec::Written<bool>| {
        let located = written.located().filter(|one| one.value);
        located.map(|one| (one.path.clone(), one.mark))
    };
    let batch = own.tree.batch_size.located();
    let on_error = own
        .on_error
        .located()
        .filter(|one| one.value.action != OnErrorAction::Fail);
    let keys = [
        ("distinct", is_true(&own.tree.distinct)),
        ("batch_size", batch.map(|one| (one.path.clone(), one.mark))),
        ("on_error", on_error.map(|one| (one.path.clone(), one.mark))),
    ];
    for (key, place) in keys {
        let Some((path, mark)) = place else { continue };
        let kind = ConfigErrorKind::Conflict {
            reason: format!(
                "resource `{}` has no parent, so `{key}` has nothing to work on",
                own.name.value
            ),
            hint: Some(
                "refer to a parent with `{resources.PARENT.FIELD}`, or remove the key".to_owned(),
            ),
        };
        problems.push(path, mark, kind);
    }
}

/// A request for many rows has lists where others have values, and its rows belong to none of them.
fn refuse_batch(
    batch: &Located<u64>,
    merged: &ResourceSpec,
    request: &RequestPlan,
    problems: &mut Problems,
) {
    let include = merged.include_from_parent.located();
    if let Some(include) = include.filter(|include| !include.value.is_empty()) {
        let kind = ConfigErrorKind::Conflict {
            reason: "`include_from_parent` needs a request for each row of the parent, and `batch_size` makes one for many".to_owned(),
            hint: Some("the answer itself usually says which parent a row belongs to".to_owned()),
        };
        problems.push(&include.path, include.mark, kind);
    }
    let mut is_used = false;
    request.each_place(&mut |text, site, takes_values| {
        let takes_lists = takes_values && text.as_placeholder().is_some();
        for placeholder in text.placeholders() {
            if placeholder.parent_fields().is_empty() {
                continue;
            }
            is_used = true;
            if !takes_lists && !is_text(placeholder) {
                let kind = ConfigErrorKind::Template {
                    reason: format!(
                        "with `batch_size`, `{{{}}}` is a list",
                        placeholder.expression
                    ),
                    hint: Some(format!("write `{{{}|join(',')}}`", placeholder.expression)),
                };
                problems.push(&site.path, site.mark, kind);
            }
        }
    });
    if !is_used && !merged.is_broken {
        let kind = ConfigErrorKind::Conflict {
            reason: "nothing in the request takes the rows of a batch".to_owned(),
            hint: Some(
                "write `{resources.PARENT.FIELD|join(',')}` where the values belong".to_owned(),
            ),
        };
        problems.push(&batch.path, batch.mark, kind);
    }
}

/// Whether a list becomes a text.
fn is_text(placeholder: &Placeholder) -> bool {
    let makes_text = |filter: &Filter| matches!(filter, Filter::Join(_) | Filter::Json);
    placeholder.filters.iter().any(makes_text)
}

/// Tells each parent what its children need, and each child where it finds it.
pub(super) fn tap(resources: &mut [ResourcePlan]) {
    let names: Vec<String> = resources.iter().map(|one| one.name.to_string()).collect();
    let mut taps: Vec<Vec<Tap>> = vec![Vec::new(); resources.len()];
    for resource in resources.iter() {
        let fields = resource.request.parent_fields();
        let placeholders = fields.into_iter().map(|(parent, field, _)| Tap {
            parent: parent.into(),
            field: field.as_str().into(),
            selector: field.selector().clone(),
        });
        let columns = resource.from_parent.iter().map(|column| column.tap.clone());
        let joined = resource.for_each.join.iter().map(|field| field.tap.clone());
        for tap in placeholders.chain(columns).chain(joined) {
            let parent = resource
                .parents
                .iter()
                .find(|at| names[**at] == *tap.parent);
            let Some(own) = parent.map(|at| &mut taps[*at]) else {
                continue;
            };
            if !own.iter().any(|one| one.selector == tap.selector) {
                own.push(tap);
            }
        }
    }
    for (resource, taps) in resources.iter_mut().zip(&taps) {
        resource.tapped_columns = tapped_columns(taps, &resource.from_parent);
        resource.taps_for_children = taps.as_slice().into();
    }
    for resource in resources.iter_mut() {
        for (field, parent) in resource.for_each.join.iter_mut().zip(&resource.parents) {
            let mut own = taps[*parent].iter();
            let at = own.position(|tap| tap.selector == field.tap.selector);
            field.at = at.unwrap_or_default();
        }
        let taps = resource.parents.iter().flat_map(|at| taps[*at].clone());
        let taps: Arc<[Tap]> = taps.collect();
        let fields = resource.request.parent_fields();
        let is_requested = |tap: &Tap| {
            let mut fields = fields.iter();
            fields.any(|(parent, field, _)| {
                **parent == *tap.parent && *field.selector() == tap.selector
            })
        };
        let keys = taps.iter().enumerate().filter(|(_, tap)| is_requested(tap));
        resource.request_taps = keys.map(|(at, _)| at).collect();
        resource.parent_taps = taps;
    }
}

/// Taps that ask for a column which the resource has from its own parent: which tap, and which column.
fn tapped_columns(taps: &[Tap], columns: &[ParentColumn]) -> Vec<(usize, usize)> {
    let column_of = |tap: &Tap| match tap.selector.keys()?.as_slice() {
        [key] => columns.iter().position(|column| column.key == **key),
        _ => None,
    };
    let taps = taps.iter().enumerate();
    taps.filter_map(|(at, tap)| Some((at, column_of(tap)?)))
        .collect()
}
