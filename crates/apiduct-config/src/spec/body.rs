//! Bodies that are no JSON, and query parameters with a structure.

use super::endpoint::mark_sensitive;
use super::fields::{Fields, template};
use super::keys::STYLED;
use crate::locate::{Node, NodeValue};
use crate::template::{JsonTemplate, Mode, Template};

/// The key `data` of an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub enum DataSpec {
    /// Form fields in order; a name may be there several times.
    Form(Vec<(Template, Template)>),
    /// A text that is sent as it is, without a content type.
    Raw(Template),
}

/// A query parameter whose value is a list or a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct StyledSpec {
    /// How the value becomes text.
    pub style: ParamStyle,
    /// The value.
    pub value: JsonTemplate,
}

/// How a list or a mapping is written into the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamStyle {
    /// `a=1&a=2`
    Repeat,
    /// `a=1,2`
    Comma,
    /// `a[]=1&a[]=2` for lists, `a[k]=v` for mappings, to any depth.
    Brackets,
    /// `a={"k":"v"}`
    Json,
}

impl DataSpec {
    /// Reads the value of `data`, which the check has gone over.
    pub(crate) fn read(node: &Node) -> Option<Self> {
        match &node.value {
            NodeValue::Map(entries) => {
                let mut pairs = Vec::new();
                for entry in entries {
                    push_pairs(&mut pairs, &entry.key, &entry.value);
                }
                Some(Self::Form(pairs))
            }
            NodeValue::List(list) => {
                let mut pairs = Vec::new();
                for (name, value) in list.iter().filter_map(pair) {
                    push_pairs(&mut pairs, name, value);
                }
                Some(Self::Form(pairs))
            }
            _ => template(node, Mode::Request).map(Self::Raw),
        }
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Form(pairs) => pairs.is_empty(),
            Self::Raw(text) => text.as_literal().is_some_and(str::is_empty),
        }
    }

    /// Calls `visit` with every text.
    pub(crate) fn each_template<'t>(&'t self, visit: &mut dyn FnMut(&'t Template)) {
        match self {
            Self::Form(pairs) => {
                for (name, value) in pairs {
                    visit(name);
                    visit(value);
                }
            }
            Self::Raw(text) => visit(text),
        }
    }
}

/// A name and its value, as a list of two: the form in which pairs are written.
pub(crate) fn pair(node: &Node) -> Option<(&str, &Node)> {
    match node.as_list()? {
        [name, value] => Some((name.as_text()?, value)),
        _ => None,
    }
}

/// Appends the fields that `value` stands for: none for null, one for each element of a list.
fn push_pairs(pairs: &mut Vec<(Template, Template)>, name: &str, value: &Node) {
    let nodes = match &value.value {
        NodeValue::Null => return,
        NodeValue::List(list) => list.as_slice(),
        _ => std::slice::from_ref(value),
    };
    let Ok(key) = Template::parse(name, Mode::Request) else {
        return;
    };
    let values = nodes
        .iter()
        .filter_map(|node| template(node, Mode::Request));
    pairs.extend(values.map(|value| (key.clone(), mark_sensitive(name, value))));
}

impl StyledSpec {
    /// Reads a mapping with the keys `style` and `value`.
    pub(crate) fn read(node: &Node) -> Option<Self> {
        let fields = Fields::new(&STYLED, node, "");
        let style = match *fields.word("style").value()? {
            "comma" => ParamStyle::Comma,
            "brackets" => ParamStyle::Brackets,
            "json" => ParamStyle::Json,
            _ => ParamStyle::Repeat,
        };
        let value = &fields.entry("value")?.value;
        Some(Self {
            style,
            value: JsonTemplate::read(value, &mut |_, _| {}),
        })
    }
}
