//! Values as they may be shown.

use apiduct_model::{MASK, Place};

use super::ValueOrigin;
use crate::locate::{Entry, Node, NodeValue};
use crate::spec::endpoint::is_sensitive_name;
use crate::spec::shown_url;
use crate::spec::table::{Kind, Object, Tagged};
use crate::template::{Mode, Template, looks_like_a_token};

/// A value and where it comes from. What holds others has the origin of its key.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) shown: Shown,
    pub(super) origin: ValueOrigin,
}

#[derive(Debug, Clone)]
pub(super) enum Shown {
    Null,
    Bool(bool),
    /// In JSON spelling.
    Number(Box<str>),
    Text(String),
    List(Vec<Item>),
    Map(Vec<(String, Item)>),
    /// No value: what holds instead, in words.
    Implied(String),
}

/// The part of the file that values are taken from.
pub(super) type Layer = fn(Place) -> ValueOrigin;

/// How values of one part of the file are shown.
#[derive(Clone, Copy)]
pub(super) struct Show<'f> {
    pub(super) file: &'f str,
    pub(super) layer: Layer,
    /// Whether texts are credentials unless they are references or known to be harmless.
    pub(super) is_secret: bool,
}

/// What is hashed with values, so that these cannot be guessed.
const SALT: &str = "salt";

/// Keys of authentication that say how and where, not what.
const HARMLESS: [&str; 14] = [
    "type",
    "name",
    "settings",
    "username",
    "client_id",
    "scopes",
    "scope",
    "region",
    "service",
    "audience",
    "location",
    "algorithm",
    "key_id",
    "issuer",
];

impl Show<'_> {
    pub(super) fn item(&self, node: &Node, shown: Shown) -> Item {
        Item {
            shown,
            origin: (self.layer)(node.mark.in_file(self.file)),
        }
    }

    /// `node` as a value of `kind`.
    pub(super) fn value(&self, node: &Node, kind: &Kind) -> Item {
        let shown = match (kind, &node.value) {
            (Kind::Object(object) | Kind::Short(_, object), NodeValue::Map(entries)) => {
                let is_secret = self.is_secret || object.name == "client_certificate";
                Shown::Map(Self { is_secret, ..*self }.object(object, entries))
            }
            (Kind::Tagged(tagged), _) => self.tagged(tagged, node),
            (Kind::Short(inner, _), NodeValue::Text(_) | NodeValue::Number(_)) => {
                return self.value(node, inner);
            }
            (Kind::List(inner) | Kind::OneOrMany(inner), NodeValue::List(nodes)) => {
                Shown::List(nodes.iter().map(|node| self.value(node, inner)).collect())
            }
            (Kind::OneOrMany(inner), _) => return self.value(node, inner),
            (Kind::Map(inner) | Kind::FieldMap(inner), NodeValue::Map(entries)) => {
                let member = |entry: &Entry| {
                    let is_secret = self.is_secret || is_sensitive_name(&entry.key);
                    let show = Self { is_secret, ..*self };
                    (entry.key.to_string(), show.value(&entry.value, inner))
                };
                Shown::Map(entries.iter().map(member).collect())
            }
            _ => self.plain(node),
        };
        self.item(node, shown)
    }

    /// The members of an object under their proper names, in the order of the file.
    fn object(&self, object: &'static Object, entries: &[Entry]) -> Vec<(String, Item)> {
        let member = |entry: &Entry| {
            let key = object.key(&entry.key);
            let name = key.map_or(&*entry.key, |(_, key)| key.name);
            let show = Self {
                is_secret: self.is_secret && !is_harmless(name)
                    || is_sensitive_name(name)
                    || name == SALT,
                ..*self
            };
            let item = match key {
                Some((_, key)) => show.value(&entry.value, &key.kind),
                None => show.item(&entry.value, show.plain(&entry.value)),
            };
            (name.to_owned(), item)
        };
        entries.iter().map(member).collect()
    }

    fn tagged(&self, tagged: &'static Tagged, node: &Node) -> Shown {
        let is_secret = self.is_secret || tagged.name == "auth";
        let show = Self { is_secret, ..*self };
        match &node.value {
            NodeValue::Map(entries) => {
                let written = node.value_of("type").and_then(Node::as_text);
                let variant = written
                    .or(tagged.default)
                    .and_then(|name| tagged.variant(name));
                match variant {
                    Some(variant) => Shown::Map(show.object(variant.object, entries)),
                    None => show.plain(node),
                }
            }
            NodeValue::Text(text) if is_secret => match text.split_once(':') {
                Some((name, values)) => Shown::Text(format!("{name}:{}", masked(values))),
                None => Shown::Text(text.to_string()),
            },
            _ => show.plain(node),
        }
    }

    /// A value of any shape; texts below keys that are there for credentials are masked.
    fn plain(&self, node: &Node) -> Shown {
        match &node.value {
            NodeValue::Null => Shown::Null,
            NodeValue::Bool(value) => Shown::Bool(*value),
            NodeValue::Number(_) if self.is_secret => Shown::Text(MASK.to_owned()),
            NodeValue::Number(text) => Shown::Number(text.clone()),
            NodeValue::Text(text) => Shown::Text(self.text(text)),
            NodeValue::List(nodes) => {
                let items = nodes.iter().map(|node| self.item(node, self.plain(node)));
                Shown::List(items.collect())
            }
            NodeValue::Map(entries) => {
                let member = |entry: &Entry| {
                    let is_secret = self.is_secret || is_sensitive_name(&entry.key);
                    let show = Self { is_secret, ..*self };
                    let item = show.item(&entry.value, show.plain(&entry.value));
                    (entry.key.to_string(), item)
                };
                Shown::Map(entries.iter().map(member).collect())
            }
        }
    }

    /// The text as it stands in the file, unless it holds a credential.
    fn text(&self, text: &str) -> String {
        if self.is_secret {
            return masked(text);
        }
        if text.contains("://") {
            return shown_url_with_references(text);
        }
        if looks_like_a_token(text) {
            return masked(text);
        }
        text.to_owned()
    }
}

/// `text` with all but references and placeholders masked.
fn masked(text: &str) -> String {
    let template =
        Template::parse(text, Mode::Request).or_else(|_| Template::parse(text, Mode::References));
    template.map_or_else(
        |_| MASK.to_owned(),
        |template| template.sensitive().to_string(),
    )
}

/// A URL without its credentials; references stay.
fn shown_url_with_references(text: &str) -> String {
    let behind = text.split_once("://").map_or(text, |(_, behind)| behind);
    let host = behind.split(['/', '?']).next().unwrap_or_default();
    let has_user = host.contains('@');
    if has_user && !host.contains("${") {
        shown_url(text)
    } else if has_user || looks_like_a_token(text) {
        masked(text)
    } else {
        text.to_owned()
    }
}

fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name)
        || name.ends_with("_url")
        || name == "url"
        || name.ends_with("_endpoint")
}
