//! The paths of a plan as one tree of keys, so that one pass follows them all.

use crate::selector::{Selector, Step};

/// One step of a plain path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    Name(&'a str),
    Index(usize),
    /// The last element of a list.
    Last,
}

/// Paths that share their beginnings.
#[derive(Debug, Clone)]
pub(crate) struct KeyTree {
    /// The root is the first.
    nodes: Vec<Node>,
    /// How many paths were added.
    paths: usize,
}

/// What is wanted at a place and below it. Nodes are named by their index in the tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// Members of an object, sorted by name.
    names: Vec<(Box<str>, usize)>,
    /// Elements of a list, sorted.
    pub(super) indexes: Vec<(usize, usize)>,
    pub(super) last: Option<usize>,
    /// The paths that end here.
    pub(super) paths: Vec<usize>,
}

impl Node {
    /// Whether it looks into objects.
    pub(super) fn has_names(&self) -> bool {
        !self.names.is_empty()
    }

    /// Whether it needs to know the elements of a list.
    pub(super) fn wants_elements(&self) -> bool {
        !self.paths.is_empty() || !self.indexes.is_empty() || self.last.is_some()
    }

    pub(super) fn child(&self, name: &str) -> Option<usize> {
        let found = self
            .names
            .binary_search_by(|(key, _)| (**key).cmp(name))
            .ok()?;
        Some(self.names[found].1)
    }

    fn children(&self) -> impl Iterator<Item = usize> {
        let names = self.names.iter().map(|(_, node)| *node);
        let indexes = self.indexes.iter().map(|(_, node)| *node);
        names.chain(indexes).chain(self.last)
    }
}

impl KeyTree {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            paths: 0,
        }
    }

    /// How many paths there are.
    pub(super) fn paths(&self) -> usize {
        self.paths
    }

    pub(super) fn node(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    /// Adds a path; paths are numbered from 0 in the order in which they come.
    pub(crate) fn add<'k>(&mut self, keys: impl IntoIterator<Item = Key<'k>>) {
        let mut node = 0;
        for key in keys {
            node = self.step(node, key);
        }
        self.nodes[node].paths.push(self.paths);
        self.paths += 1;
    }

    /// Adds the path of a compiled selector, up to its wildcard if it ends in one.
    pub(crate) fn add_selector(&mut self, selector: &Selector) {
        self.add(
            selector
                .segments()
                .iter()
                .filter_map(|segment| match segment.only_step()? {
                    Step::Name(name) => Some(Key::Name(name)),
                    Step::Index(index) => {
                        Some(usize::try_from(*index).map_or(Key::Last, Key::Index))
                    }
                    _ => None,
                }),
        );
    }

    fn step(&mut self, node: usize, key: Key<'_>) -> usize {
        let new = self.nodes.len();
        let parent = &mut self.nodes[node];
        let child = match key {
            Key::Name(name) => match parent.names.binary_search_by(|(key, _)| (**key).cmp(name)) {
                Ok(found) => parent.names[found].1,
                Err(place) => {
                    parent.names.insert(place, (name.into(), new));
                    new
                }
            },
            Key::Index(index) => match parent
                .indexes
                .binary_search_by_key(&index, |(index, _)| *index)
            {
                Ok(found) => parent.indexes[found].1,
                Err(place) => {
                    parent.indexes.insert(place, (index, new));
                    new
                }
            },
            Key::Last => *parent.last.get_or_insert(new),
        };
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }

    /// Calls `forget` for every path that ends at `node` or below it.
    pub(super) fn for_each_path(&self, node: usize, mut forget: impl FnMut(usize)) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            let node = &self.nodes[node];
            node.paths.iter().copied().for_each(&mut forget);
            open.extend(node.children());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_share_their_beginnings() {
        let mut tree = KeyTree::new();
        for path in [
            "data.items",
            "data.next",
            "data.items[-1].id",
            "data.items",
            "data[*]",
        ] {
            tree.add_selector(&Selector::parse(path).unwrap());
        }
        assert_eq!(tree.paths(), 5);
        let data = tree.node(0).child("data").unwrap();
        assert_eq!(tree.node(data).paths, [4]);
        let items = tree.node(tree.node(data).child("items").unwrap());
        assert_eq!(items.paths, [0, 3]);
        assert!(items.wants_elements() && items.last.is_some() && !items.has_names());
        assert_eq!(tree.node(0).child("dat"), None);
    }

    #[test]
    fn all_paths_below_a_node_are_known() {
        let mut tree = KeyTree::new();
        tree.add([Key::Name("a")]);
        tree.add([Key::Name("b"), Key::Index(3)]);
        tree.add([Key::Name("b"), Key::Index(1), Key::Name("c")]);
        tree.add([Key::Name("b"), Key::Last]);
        let mut found = Vec::new();
        tree.for_each_path(tree.node(0).child("b").unwrap(), |path| found.push(path));
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3]);
    }
}
