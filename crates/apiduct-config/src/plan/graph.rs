//! Who needs whom: no circles, parents first.

use std::collections::HashMap;

use super::request::RequestPlan;
use super::tree;
use crate::error::{ConfigErrorKind, Problems, nearest};
use crate::spec::{ForEachSpec, Located};

/// A resource as the graph sees it.
pub(super) struct Node<'p> {
    pub(super) name: &'p str,
    pub(super) request: &'p RequestPlan,
    /// How the rows of several parents go together.
    pub(super) for_each: Option<&'p Located<ForEachSpec>>,
    /// Whether it could not be read in full, so that others may miss it for no fault of theirs.
    pub(super) is_broken: bool,
}

/// The parents of each resource, and the order in which to run them.
pub(super) struct Graph {
    pub(super) parents: Vec<Vec<usize>>,
    pub(super) order: Vec<usize>,
}

/// A parent that placeholders name, and where the first of them stands.
pub(super) type Wanted<'p> = (&'p str, Located<()>);

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
        let mut wanted = wanted(node);
        if !any_nameless {
            refuse_unknown(node, &wanted, nodes, &names, problems);
        }
        tree::put_in_order(node, &mut wanted, problems);
        let found = wanted.iter().filter_map(|(name, _)| names.get(name));
        parents.push(found.copied().collect());
    }
    refuse_cycles(nodes, &mut parents, problems);
    tree::refuse_ancestors(nodes, &parents, problems);
    let order = parents_first(&parents);
    Graph { parents, order }
}

/// The parents that `node` refers to, each once, in the order of its placeholders.
fn wanted<'p>(node: &Node<'p>) -> Vec<Wanted<'p>> {
    let mut wanted: Vec<Wanted<'p>> = Vec::new();
    for (parent, _, site) in node.request.parent_fields() {
        if !wanted.iter().any(|(name, _)| *name == parent) {
            wanted.push((parent, site));
        }
    }
    wanted
}

fn refuse_unknown(
    node: &Node<'_>,
    wanted: &[Wanted<'_>],
    nodes: &[Node<'_>],
    names: &HashMap<&str, usize>,
    problems: &mut Problems,
) {
    for (parent, site) in wanted.iter().filter(|(name, _)| !names.contains_key(name)) {
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
}

/// Reports each circle once, at the resource of it that comes first, and cuts it there.
fn refuse_cycles(nodes: &[Node<'_>], parents: &mut [Vec<usize>], problems: &mut Problems) {
    for start in 0..nodes.len() {
        while let Some(chain) = way_back(start, parents) {
            let names = chain.iter().map(|at| nodes[*at].name.to_owned()).collect();
            let path = &nodes[start].request.path;
            problems.push(
                &path.path,
                path.mark,
                ConfigErrorKind::Cycle { chain: names },
            );
            let first = chain[1];
            parents[start].retain(|parent| *parent != first);
        }
    }
}

/// The way from `start` over parents back to it, both ends included.
fn way_back(start: usize, parents: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut is_seen = vec![false; parents.len()];
    // Each place on the way, and which of its parents is next.
    let mut way = vec![(start, 0)];
    while let Some((at, next)) = way.last_mut() {
        let Some(parent) = parents[*at].get(*next).copied() else {
            way.pop();
            continue;
        };
        *next += 1;
        if parent == start {
            let chain = way.iter().map(|(at, _)| *at);
            return Some(chain.chain([start]).collect());
        }
        if !std::mem::replace(&mut is_seen[parent], true) {
            way.push((parent, 0));
        }
    }
    None
}

/// The order of the file, except that each resource comes after its parents.
fn parents_first(parents: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(parents.len());
    let mut is_placed = vec![false; parents.len()];
    for start in 0..parents.len() {
        let mut stack = vec![start];
        while let Some(at) = stack.last().copied() {
            let missing = parents[at].iter().find(|parent| !is_placed[**parent]);
            if let Some(parent) = missing {
                stack.push(*parent);
                continue;
            }
            stack.pop();
            if !std::mem::replace(&mut is_placed[at], true) {
                order.push(at);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parents_come_first_and_the_rest_keeps_its_order() {
        assert_eq!(parents_first(&[vec![2], vec![], vec![]]), [2, 0, 1]);
        assert_eq!(parents_first(&[vec![], vec![], vec![]]), [0, 1, 2]);
        assert_eq!(
            parents_first(&[vec![1], vec![2], vec![], vec![0]]),
            [2, 1, 0, 3]
        );
        assert_eq!(
            parents_first(&[vec![3, 1], vec![], vec![], vec![2]]),
            [2, 3, 1, 0]
        );
    }

    #[test]
    fn a_circle_is_found_through_any_parent() {
        let parents = [vec![1, 2], vec![], vec![3], vec![0]];
        assert_eq!(way_back(0, &parents), Some(vec![0, 2, 3, 0]));
        assert_eq!(way_back(1, &parents), None);
        assert_eq!(way_back(0, &[vec![0]]), Some(vec![0, 0]));
    }

    proptest! {
        /// Any graph without circles: the parents of a resource are others with a higher rank.
        #[test]
        fn every_resource_stands_once_and_after_its_parents(
            ranks in proptest::collection::vec((0usize..1000, proptest::collection::vec(0usize..64, 0..4)), 1..64)
        ) {
            let count = ranks.len();
            let parents: Vec<Vec<usize>> = ranks
                .iter()
                .map(|(rank, parents)| {
                    let parents = parents.iter().map(|one| one % count);
                    parents.filter(|one| ranks[*one].0 > *rank).collect()
                })
                .collect();
            let order = parents_first(&parents);
            let position = |one: usize| order.iter().position(|at| *at == one);
            prop_assert_eq!(order.len(), count);
            for (one, parents) in parents.iter().enumerate() {
                prop_assert!(position(one).is_some());
                prop_assert_eq!(way_back(one, &vec![Vec::new(); count]), None);
                for parent in parents {
                    prop_assert!(position(*parent) < position(one));
                }
            }
        }
    }
}
