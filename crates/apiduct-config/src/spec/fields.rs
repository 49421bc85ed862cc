//! Values out of a tree that [`super::check`] has gone over: what it reported reads as left out.

use std::ops::RangeInclusive;
use std::time::Duration;

use apiduct_client::rate::Window;
use apiduct_json::Selector;

use super::table::{Kind, Object};
use super::units;
use crate::locate::{Entry, Mark, Node, NodeValue};
use crate::template::{Mode, Template};

/// A value, its key and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// The key, such as `resources[2].endpoint.path`.
    pub path: Box<str>,
    /// Where the value begins.
    pub mark: Mark,
}

impl<T> Located<T> {
    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Located<U> {
        Located {
            value: change(self.value),
            path: self.path,
            mark: self.mark,
        }
    }
}

/// What was written for a key: nothing, `null`, or a value. The first lets defaults through, the second does not.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Written<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// The key is there, with `null`.
    Null,
    /// The key is there.
    Value(Located<T>),
}

impl<T> Written<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        self.located().map(|located| &located.value)
    }

    /// The value with its place, if there is one.
    pub fn located(&self) -> Option<&Located<T>> {
        match self {
            Self::Value(located) => Some(located),
            Self::Absent | Self::Null => None,
        }
    }

    /// Whether the key was left out.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// This, or `default` if the key was left out.
    #[must_use]
    pub fn or(&self, default: &Self) -> Self
    where
        T: Clone,
    {
        if self.is_absent() {
            default.clone()
        } else {
            self.clone()
        }
    }
}

/// The keys of one object.
#[derive(Debug)]
pub(crate) struct Fields<'n> {
    object: &'static Object,
    entries: &'n [Entry],
    path: String,
}

impl<'n> Fields<'n> {
    pub(crate) fn new(object: &'static Object, node: &'n Node, path: impl Into<String>) -> Self {
        Self {
            object,
            entries: node.as_map().unwrap_or_default(),
            path: path.into(),
        }
    }

    /// The path of `key` in this object.
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub(crate) fn entry(&self, name: &str) -> Option<&'n Entry> {
        let (_, key) = self.object.key(name)?;
        self.entries.iter().find(|entry| key.is_called(&entry.key))
    }

    pub(crate) fn kind(&self, name: &str) -> Option<&'static Kind> {
        self.object.key(name).map(|(_, key)| &key.kind)
    }

    /// Reads the value of `name`; a value that cannot be read counts as left out.
    pub(crate) fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'n Node, &str) -> Option<T>,
    ) -> Written<T> {
        let Some(entry) = self.entry(name) else {
            return Written::Absent;
        };
        if entry.value.is_null() {
            return Written::Null;
        }
        let path = self.path_of(&entry.key);
        read(&entry.value, &path).map_or(Written::Absent, |value| {
            Written::Value(Located {
                value,
                path: path.into(),
                mark: entry.value.mark,
            })
        })
    }

    pub(crate) fn plain(&self, name: &str) -> Written<String> {
        self.read(name, |node, _| plain(node))
    }

    pub(crate) fn text(&self, name: &str, mode: Mode) -> Written<Template> {
        self.read(name, |node, _| template(node, mode))
    }

    pub(crate) fn bool(&self, name: &str) -> Written<bool> {
        self.read(name, |node, _| match node.value {
            NodeValue::Bool(value) => Some(value),
            _ => None,
        })
    }

    pub(crate) fn integer(&self, name: &str) -> Written<u64> {
        self.read(name, |node, _| number(node))
    }

    pub(crate) fn number(&self, name: &str) -> Written<f64> {
        self.read(name, |node, _| number(node))
    }

    pub(crate) fn duration(&self, name: &str) -> Written<Duration> {
        self.read(name, |node, _| units::duration(node.scalar_text()?))
    }

    pub(crate) fn bytes(&self, name: &str) -> Written<u64> {
        self.read(name, |node, _| units::bytes(node.scalar_text()?))
    }

    /// One rate or a list of them.
    pub(crate) fn rates(&self, name: &str) -> Written<Vec<Window>> {
        self.read(name, |node, _| {
            let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
            let rate = |node: &Node| node.as_text()?.parse().ok();
            Some(nodes.iter().filter_map(rate).collect())
        })
    }

    /// One status or range of them, or a list.
    pub(crate) fn statuses(&self, name: &str) -> Written<Vec<RangeInclusive<u16>>> {
        self.read(name, |node, _| {
            let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
            let status = |node: &Node| units::statuses(node.scalar_text()?);
            Some(nodes.iter().filter_map(status).collect())
        })
    }

    /// One word or a list of them.
    pub(crate) fn words(&self, name: &str) -> Written<Vec<&'static str>> {
        let Some(Kind::OneOrMany(Kind::Word(words))) = self.kind(name) else {
            return Written::Absent;
        };
        self.read(name, |node, _| {
            let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
            let word = |node: &Node| words.find(node.as_text()?);
            Some(nodes.iter().filter_map(word).collect())
        })
    }

    pub(crate) fn selector(&self, name: &str) -> Written<Selector> {
        self.read(name, |node, _| Selector::parse(node.as_text()?).ok())
    }

    pub(crate) fn word(&self, name: &str) -> Written<&'static str> {
        let Some(Kind::Word(words)) = self.kind(name) else {
            return Written::Absent;
        };
        self.read(name, |node, _| words.find(node.as_text()?))
    }

    /// One text or a list of them, each with its place.
    pub(crate) fn plain_list(&self, name: &str) -> Written<Vec<Located<String>>> {
        self.read(name, |node, path| {
            let one = |node: &Node, path: String| {
                plain(node).map(|value| Located {
                    value,
                    path: path.into(),
                    mark: node.mark,
                })
            };
            let Some(list) = node.as_list() else {
                return one(node, path.to_owned()).map(|only| vec![only]);
            };
            let items = list.iter().enumerate();
            Some(
                items
                    .filter_map(|(at, node)| one(node, format!("{path}[{at}]")))
                    .collect(),
            )
        })
    }
}

/// A text that is known before secrets are read; `$${` means `${`.
pub(crate) fn plain(node: &Node) -> Option<String> {
    let text = Template::parse(node.as_text()?, Mode::References).ok()?;
    text.as_literal().map(str::to_owned)
}

pub(crate) fn template(node: &Node, mode: Mode) -> Option<Template> {
    Template::parse(node.scalar_text()?, mode).ok()
}

fn number<T: std::str::FromStr>(node: &Node) -> Option<T> {
    match &node.value {
        NodeValue::Number(text) => text.parse().ok(),
        _ => None,
    }
}

/// The text of a key, without its place.
pub(crate) fn into_text(fields: &Fields<'_>, name: &str) -> Option<Template> {
    let entry = fields.entry(name)?;
    template(&entry.value, Mode::References)
}
