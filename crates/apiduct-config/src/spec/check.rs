//! Holds a located tree against the tables of keys and reports all that does not fit.

use std::fmt;

use apiduct_json::Selector;

use super::keys;
use super::paginator::PaginatorSpec;
use super::short;
use super::table::{Key, Kind, Need, Object, ShortForm, Tagged, Words};
use super::units;
use crate::error::{ConfigErrorKind, Problems, nearest};
use crate::locate::{Entry, Mark, Node, NodeValue};
use crate::template::{JsonTemplate, Mode, Template};

/// The way to a key, spelled only when something is wrong there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KeyPath<'p> {
    Root,
    Key(&'p KeyPath<'p>, &'p str),
    Index(&'p KeyPath<'p>, usize),
}

impl fmt::Display for KeyPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, key) => f.write_str(key),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Checks the whole file.
pub(crate) fn check_file(root: &Node, problems: &mut Problems) {
    if root.is_null() {
        for key in keys::ROOT
            .keys
            .iter()
            .filter(|key| key.need == Need::Required)
        {
            problems.push(KeyPath::Root, root.mark, missing(key));
        }
        return;
    }
    Checker { problems }.object(&keys::ROOT, root, KeyPath::Root);
}

/// Checks `node` against `kind`.
pub(crate) fn check(kind: &Kind, node: &Node, path: KeyPath<'_>, problems: &mut Problems) {
    Checker { problems }.value(kind, node, path);
}

struct Checker<'p> {
    problems: &'p mut Problems,
}

impl Checker<'_> {
    fn push(&mut self, path: KeyPath<'_>, mark: Mark, kind: ConfigErrorKind) {
        self.problems.push(path, mark, kind);
    }

    fn wrong(&mut self, node: &Node, path: KeyPath<'_>, expected: impl Into<String>) {
        let kind = ConfigErrorKind::WrongType {
            expected: expected.into(),
            found: node.word(),
        };
        self.push(path, node.mark, kind);
    }

    fn value(&mut self, kind: &Kind, node: &Node, path: KeyPath<'_>) {
        match kind {
            Kind::Plain => self.plain(node, path),
            Kind::Text(mode) => self.text(*mode, node, path),
            Kind::Bool if matches!(node.value, NodeValue::Bool(_)) => {}
            Kind::Bool => self.wrong(node, path, "`true` or `false`"),
            Kind::Integer { min } => self.integer(*min, node, path),
            Kind::Number | Kind::Duration | Kind::Bytes | Kind::Rate => {
                self.measure(kind, node, path)
            }
            Kind::Selector => self.selector(node, path),
            Kind::Word(words) => self.word(words, node, path),
            Kind::List(item) => self.list(item, node, path),
            Kind::OneOrMany(item) if node.as_list().is_some() => self.list(item, node, path),
            Kind::OneOrMany(item) => self.value(item, node, path),
            Kind::Map(item) => self.map(item, node, path),
            Kind::Param => self.param(node, path),
            Kind::Json => self.json(node, path),
            Kind::Object(object) => self.object(object, node, path),
            Kind::Short(short, object) => match node.value {
                NodeValue::Map(_) => self.object(object, node, path),
                NodeValue::Text(_) => self.value(short, node, path),
                _ => self.wrong(node, path, "a text or a mapping"),
            },
            Kind::Tagged(tagged) => self.tagged(tagged, node, path),
        }
    }

    fn plain(&mut self, node: &Node, path: KeyPath<'_>) {
        let Some(text) = node.as_text() else {
            return self.wrong(node, path, "a text");
        };
        if text.trim().is_empty() {
            let reason = "the text is empty".to_owned();
            return self.push(
                path,
                node.mark,
                ConfigErrorKind::Conflict { reason, hint: None },
            );
        }
        let is_template =
            Template::parse(text, Mode::References).is_ok_and(|text| text.references().is_empty());
        if !is_template {
            let kind = ConfigErrorKind::Template {
                reason: format!(
                    "`{text}` refers to a value outside the file, which this key cannot"
                ),
                hint: Some(
                    "write the value itself: it is needed before secrets are read".to_owned(),
                ),
            };
            self.push(path, node.mark, kind);
        }
    }

    fn text(&mut self, mode: Mode, node: &Node, path: KeyPath<'_>) {
        let Some(text) = node.scalar_text() else {
            return self.wrong(node, path, "a text");
        };
        self.template(text, mode, node.mark, path);
    }

    fn template(&mut self, text: &str, mode: Mode, mark: Mark, path: KeyPath<'_>) {
        for problem in Template::parse(text, mode).err().into_iter().flatten() {
            self.push(path, mark, problem);
        }
    }

    fn integer(&mut self, min: u64, node: &Node, path: KeyPath<'_>) {
        let NodeValue::Number(text) = &node.value else {
            return self.wrong(node, path, "a whole number");
        };
        if !text.parse::<u64>().is_ok_and(|whole| whole >= min) {
            let kind = ConfigErrorKind::Malformed {
                value: text.to_string(),
                expected: if min == 0 {
                    "a whole number from 0"
                } else {
                    "a whole number from 1"
                },
                example: if min == 0 { "`0`" } else { "`1`" },
            };
            self.push(path, node.mark, kind);
        }
    }

    /// A quantity: a number, or for some a text with a unit.
    fn measure(&mut self, kind: &Kind, node: &Node, path: KeyPath<'_>) {
        let (expected, example) = match kind {
            Kind::Number => ("a number from 0", "`1.5`"),
            Kind::Duration => ("a duration", "`30s`, `5m` or `1h 30m`"),
            Kind::Bytes => ("a size", "`256MiB` or `10MB`"),
            _ => ("a rate", "`10/s`, `100/min` or `5000/h`"),
        };
        let text = match (&node.value, kind) {
            (NodeValue::Text(text), Kind::Duration | Kind::Bytes | Kind::Rate)
            | (NodeValue::Number(text), Kind::Number | Kind::Duration | Kind::Bytes) => text,
            _ => return self.wrong(node, path, format!("{expected} such as {example}")),
        };
        let is_valid = match kind {
            Kind::Number => text
                .parse::<f64>()
                .is_ok_and(|number| number >= 0.0 && number.is_finite()),
            Kind::Duration => units::duration(text).is_some(),
            Kind::Bytes => units::bytes(text).is_some(),
            _ => units::rate(text).is_some(),
        };
        if !is_valid {
            let kind = ConfigErrorKind::Malformed {
                value: text.to_string(),
                expected,
                example,
            };
            self.push(path, node.mark, kind);
        }
    }

    fn selector(&mut self, node: &Node, path: KeyPath<'_>) {
        let Some(text) = node.as_text() else {
            return self.wrong(node, path, "a JSONPath");
        };
        if let Err(source) = Selector::parse(text) {
            let kind = ConfigErrorKind::Selector {
                value: text.to_owned(),
                source,
            };
            self.push(path, node.mark, kind);
        }
    }

    fn word(&mut self, words: &'static Words, node: &Node, path: KeyPath<'_>) {
        if words.later_mapping && node.as_map().is_some() {
            let what = format!("a {} with a strategy", words.what);
            let kind = ConfigErrorKind::NotSupported {
                what,
                instead: None,
            };
            return self.push(path, node.mark, kind);
        }
        let Some(text) = node.as_text() else {
            return self.wrong(node, path, format!("a {}", words.what));
        };
        if words.find(text).is_some() {
            return;
        }
        let kind = match words.later.iter().find(|(word, _)| *word == text) {
            Some((word, instead)) => not_supported(format!("{} `{word}`", words.what), instead),
            None => ConfigErrorKind::UnknownValue {
                what: words.what,
                value: text.to_owned(),
                valid: words.valid.to_vec(),
            },
        };
        self.push(path, node.mark, kind);
    }

    fn list(&mut self, item: &Kind, node: &Node, path: KeyPath<'_>) {
        let Some(list) = node.as_list() else {
            return self.wrong(node, path, "a list");
        };
        for (at, one) in list.iter().enumerate() {
            self.value(item, one, KeyPath::Index(&path, at));
        }
    }

    fn map(&mut self, item: &Kind, node: &Node, path: KeyPath<'_>) {
        let Some(entries) = node.as_map() else {
            return self.wrong(node, path, "a mapping");
        };
        let key_mode = match item {
            Kind::Param | Kind::Text(Mode::Request) => Some(Mode::Request),
            _ => None,
        };
        for entry in entries {
            let path = KeyPath::Key(&path, &entry.key);
            if let Some(mode) = key_mode {
                self.template(&entry.key, mode, entry.mark, path);
            }
            if !entry.value.is_null() {
                self.value(item, &entry.value, path);
            }
        }
    }

    fn param(&mut self, node: &Node, path: KeyPath<'_>) {
        match &node.value {
            NodeValue::List(list) => {
                for (at, one) in list.iter().enumerate().filter(|(_, one)| !one.is_null()) {
                    self.text(Mode::Request, one, KeyPath::Index(&path, at));
                }
            }
            NodeValue::Map(entries) if !entries.iter().any(|entry| *entry.key == *"type") => {
                self.wrong(node, path, "a text, number, boolean or list");
            }
            NodeValue::Map(_) => self.tagged(&keys::PARAM, node, path),
            _ => self.text(Mode::Request, node, path),
        }
    }

    fn json(&mut self, node: &Node, path: KeyPath<'_>) {
        let problems = &mut *self.problems;
        JsonTemplate::read(node, &mut |mark, kind| problems.push(path, mark, kind));
    }

    fn object(&mut self, object: &'static Object, node: &Node, path: KeyPath<'_>) {
        let Some(entries) = node.as_map() else {
            return self.wrong(node, path, "a mapping");
        };
        let mut first: Vec<Option<&Entry>> = vec![None; object.keys.len()];
        for entry in entries {
            match object.key(&entry.key) {
                Some((at, key)) => self.known(key, entry, &mut first[at], path),
                // Keys of the user's own, such as anchors for others to refer to.
                None if is_extension(object, &entry.key) => {}
                None => self.push(path, entry.mark, unknown(object, &entry.key)),
            }
        }
        for (key, found) in object.keys.iter().zip(first) {
            if key.need == Need::Required && found.is_none() {
                self.push(path, node.mark, missing(key));
            }
        }
    }

    fn known<'e>(
        &mut self,
        key: &'static Key,
        entry: &'e Entry,
        first: &mut Option<&'e Entry>,
        path: KeyPath<'_>,
    ) {
        if let Some(first) = first {
            let kind = ConfigErrorKind::Conflict {
                reason: format!("`{}` and `{}` are the same setting", first.key, entry.key),
                hint: Some(format!("keep `{}`", key.name)),
            };
            return self.push(path, entry.mark, kind);
        }
        *first = Some(entry);
        let own = KeyPath::Key(&path, &entry.key);
        match key.need {
            Need::Later(instead) => {
                self.push(
                    own,
                    entry.mark,
                    not_supported(format!("`{}`", entry.key), instead),
                );
            }
            Need::Required if entry.value.is_null() => {
                self.wrong(&entry.value, own, expected_word(&key.kind));
            }
            Need::Optional if entry.value.is_null() => {}
            _ => self.value(&key.kind, &entry.value, own),
        }
    }

    fn tagged(&mut self, tagged: &'static Tagged, node: &Node, path: KeyPath<'_>) {
        let Some(entries) = node.as_map() else {
            return self.short_form(tagged, node, path);
        };
        let written = entries.iter().find(|entry| *entry.key == *"type");
        let type_path = KeyPath::Key(&path, "type");
        let (name, mark) = match written {
            Some(entry) => match entry.value.as_text() {
                Some(text) => (text, entry.value.mark),
                None => return self.wrong(&entry.value, type_path, "a text"),
            },
            None => match tagged.default {
                Some(name) => (name, node.mark),
                None => {
                    let kind = ConfigErrorKind::MissingKey {
                        key: "type",
                        doc: tagged.doc,
                    };
                    return self.push(path, node.mark, kind);
                }
            },
        };
        let Some(variant) = tagged.variant(name) else {
            return self.push(type_path, mark, unknown_type(tagged, name));
        };
        let object = variant.object;
        for entry in entries {
            let (known, others) = (object.key(&entry.key), others_with(tagged, &entry.key));
            if known.is_none() && !others.is_empty() {
                let kind = ConfigErrorKind::ForeignKey {
                    key: entry.key.to_string(),
                    owner: object.what.to_owned(),
                    belongs_to: others,
                };
                self.push(path, entry.mark, kind);
            }
        }
        let own: Vec<Entry> = entries
            .iter()
            .filter(|entry| {
                object.key(&entry.key).is_some() || others_with(tagged, &entry.key).is_empty()
            })
            .cloned()
            .collect();
        let own = Node {
            value: NodeValue::Map(own),
            mark: node.mark,
        };
        let before = self.problems.count();
        self.object(object, &own, path);
        self.one_place_only(&own, path);
        if before == self.problems.count() && std::ptr::eq(tagged, &keys::PAGINATOR) {
            self.paginator(node, path);
        }
    }

    /// Settings that are fine one by one and cannot work together.
    fn paginator(&mut self, node: &Node, path: KeyPath<'_>) {
        let spec = PaginatorSpec::read(node, "");
        if let Some(Err(error)) = spec.map(|spec| spec.validate()) {
            let kind = ConfigErrorKind::Conflict {
                reason: error.to_string(),
                hint: None,
            };
            self.push(path, node.mark, kind);
        }
    }

    /// `x_param` and `x_body_path` say where one value goes: to one place.
    fn one_place_only(&mut self, node: &Node, path: KeyPath<'_>) {
        for entry in node.as_map().unwrap_or_default() {
            let Some(stem) = entry.key.strip_suffix("_body_path") else {
                continue;
            };
            let param = format!("{stem}_param");
            let both = node.value_of(&param).is_some_and(|other| !other.is_null());
            if both && !entry.value.is_null() {
                let kind = ConfigErrorKind::Conflict {
                    reason: format!("`{param}` and `{}` exclude each other", entry.key),
                    hint: Some("the value goes to the query or to the body; keep one".to_owned()),
                };
                self.push(path, entry.mark, kind);
            }
        }
    }

    fn short_form(&mut self, tagged: &'static Tagged, node: &Node, path: KeyPath<'_>) {
        let Some(text) = node.as_text() else {
            return self.wrong(node, path, "a text or a mapping");
        };
        if tagged.short == ShortForm::Values {
            for kind in short::problems(tagged, text) {
                self.push(path, node.mark, kind);
            }
            return;
        }
        let Some(variant) = tagged.variant(text) else {
            return self.push(path, node.mark, unknown_type(tagged, text));
        };
        let needed = variant
            .object
            .keys
            .iter()
            .find(|key| key.need == Need::Required);
        if let Some(key) = needed {
            let kind = ConfigErrorKind::Conflict {
                reason: format!("{} needs `{}`", variant.object.what, key.name),
                hint: Some(format!("write `{{type: {text}, {}: ...}}`", key.name)),
            };
            self.push(path, node.mark, kind);
        }
    }
}

impl Words {
    /// The word as this version spells it.
    pub(crate) fn find(&self, text: &str) -> Option<&'static str> {
        let valid: &'static [&'static str] = self.valid;
        valid
            .iter()
            .copied()
            .find(|word| *word == text || (self.any_case && word.eq_ignore_ascii_case(text)))
    }
}

fn is_extension(object: &Object, key: &str) -> bool {
    std::ptr::eq(object, &keys::ROOT) && key.starts_with("x-")
}

fn missing(key: &'static Key) -> ConfigErrorKind {
    ConfigErrorKind::MissingKey {
        key: key.name,
        doc: key.doc,
    }
}

fn not_supported(what: String, instead: &'static str) -> ConfigErrorKind {
    ConfigErrorKind::NotSupported {
        what,
        instead: (!instead.is_empty()).then_some(instead),
    }
}

fn unknown(object: &'static Object, key: &str) -> ConfigErrorKind {
    if let Some((_, place)) = object.misplaced.iter().find(|(name, _)| *name == key) {
        return ConfigErrorKind::ForeignKey {
            key: key.to_owned(),
            owner: object.what.to_owned(),
            belongs_to: vec![place],
        };
    }
    let spellings: Vec<&'static str> = object.spellings().collect();
    ConfigErrorKind::UnknownKey {
        key: key.to_owned(),
        nearest: nearest(key, &spellings).map(str::to_owned),
        known: object.names(),
    }
}

pub(crate) fn unknown_type(tagged: &'static Tagged, name: &str) -> ConfigErrorKind {
    match tagged.later.iter().find(|(word, _)| *word == name) {
        Some((word, instead)) => not_supported(format!("{} `{word}`", tagged.what), instead),
        None => ConfigErrorKind::UnknownValue {
            what: tagged.what,
            value: name.to_owned(),
            valid: tagged.names(),
        },
    }
}

/// The other types that know `key`.
fn others_with(tagged: &'static Tagged, key: &str) -> Vec<&'static str> {
    let variants = tagged.variants.iter();
    variants
        .filter(|variant| variant.object.key(key).is_some())
        .map(|variant| variant.name)
        .collect()
}

fn expected_word(kind: &Kind) -> &'static str {
    match kind {
        Kind::List(_) => "a list",
        Kind::Object(_) | Kind::Map(_) | Kind::Tagged(_) => "a mapping",
        Kind::Integer { .. } => "a whole number",
        _ => "a text",
    }
}
