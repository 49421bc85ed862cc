//! Who needs whom: one parent each, no circles, parents first.

use std::collections::HashMap;

use super::request::RequestPlan;
use crate::error::{ConfigErrorKind, Problems, nearest};
use crate::spec::Located;

/// A resource as the graph sees it.
pub(super) struct Node<'p> {
    pub(super) name: &'p str,
    pub(super) request: &'p RequestPlan,
    /// Whether it could not be read in full, so that others may miss it for no fault of theirs.
    pub(super) is_broken: bool,
}

/// The parent of each resource, and the order in which to run them.
pub(super) struct Graph {
    pub(super) parents: Vec<Option<usize>>,
    pub(super) order: Vec<usize>,
}

pub(super) fn arrange(nodes: &[Node<'_>], problems: &mut Problems) -> Graph {
    let names: HashMap<&str, usize> = nodes
        .iter()
        .enumerate()
        .rev()
        .map(|(at, node)| (node.name, at))
        .collect();
    let any_nameless = nodes
        .iter()
        .any(|node| node.is_broken && node.name.is_empty());
    let mut parents = Vec::with_capacity(nodes.len());
    for node in nodes {
        parents.push(parent_of(node, nodes, &names, any_nameless, problems));
    }
    refuse_cycles(nodes, &mut parents, problems);
    let order = parents_first(&parents);
    Graph { parents, order }
}

fn parent_of(
    node: &Node<'_>,
    nodes: &[Node<'_>],
    names: &HashMap<&str, usize>,
    any_nameless: bool,
    problems: &mut Problems,
) -> Option<usize> {
    let fields = node.request.parent_fields();
    let mut wanted: Vec<(&str, &Located<()>)> = Vec::new();
    for (parent, _, site) in &fields {
        if !wanted.iter().any(|(name, _)| name == parent) {
            wanted.push((*parent, site));
        }
    }
    if let [_, (_, site), ..] = wanted.as_slice() {
        let kind = ConfigErrorKind::SeveralParents {
            child: node.name.to_owned(),
            parents: wanted.iter().map(|(name, _)| format!("`{name}`")).collect(),
        };
        problems.push(&site.path, site.mark, kind);
    }
    for (parent, site) in &wanted {
        if names.contains_key(parent) || any_nameless {
            continue;
        }
        let others: Vec<&str> = nodes
            .iter()
            .map(|one| one.name)
            .filter(|name| *name != node.name)
            .collect();
        let kind = ConfigErrorKind::UnknownParent {
            child: node.name.to_owned(),
            parent: (*parent).to_owned(),
            nearest: nearest(parent, &others).map(str::to_owned),
        };
        problems.push(&site.path, site.mark, kind);
    }
    wanted.iter().find_map(|(name, _)| names.get(name).copied())
}

/// Reports each circle once, at the resource of it that comes first, and cuts it there.
fn refuse_cycles(nodes: &[Node<'_>], parents: &mut [Option<usize>], problems: &mut Problems) {
    for start in 0..nodes.len() {
        let mut chain = vec![start];
        let mut at = start;
        while let Some(next) = parents[at] {
            if next == start {
                let mut names: Vec<String> =
                    chain.iter().map(|at| nodes[*at].name.to_owned()).collect();
                names.push(nodes[start].name.to_owned());
                let path = &nodes[start].request.path;
                problems.push(
                    &path.path,
                    path.mark,
                    ConfigErrorKind::Cycle { chain: names },
                );
                parents[start] = None;
                break;
            }
            if chain.contains(&next) {
                break;
            }
            chain.push(next);
            at = next;
        }
    }
}

/// The order of the file, except that each resource comes after its parent.
fn parents_first(parents: &[Option<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(parents.len());
    let mut is_placed = vec![false; parents.len()];
    for start in 0..parents.len() {
        let mut line = Vec::new();
        let mut at = Some(start);
        while let Some(one) = at.filter(|one| !is_placed[*one]) {
            is_placed[one] = true;
            line.push(one);
            at = parents[one];
        }
        order.extend(line.into_iter().rev());
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parents_come_first_and_the_rest_keeps_its_order() {
        assert_eq!(parents_first(&[Some(2), None, None]), [2, 0, 1]);
        assert_eq!(parents_first(&[None, None, None]), [0, 1, 2]);
        assert_eq!(
            parents_first(&[Some(1), Some(2), None, Some(0)]),
            [2, 1, 0, 3]
        );
    }

    proptest! {
        /// Any forest: the parent of a resource is any other with a higher rank.
        #[test]
        fn every_resource_stands_once_and_after_its_parent(
            ranks in proptest::collection::vec((0usize..1000, proptest::option::of(0usize..64)), 1..64)
        ) {
            let count = ranks.len();
            let parents: Vec<Option<usize>> = ranks
                .iter()
                .map(|(rank, parent)| {
                    parent.map(|one| one % count).filter(|one| ranks[*one].0 > *rank)
                })
                .collect();
            let order = parents_first(&parents);
            let position = |one: usize| order.iter().position(|at| *at == one);
            prop_assert_eq!(order.len(), count);
            for (one, parent) in parents.iter().enumerate() {
                prop_assert!(position(one).is_some());
                if let Some(parent) = parent {
                    prop_assert!(position(*parent) < position(one));
                }
            }
        }
    }
}
