//! Holds a located tree against the tables of keys and reports all that does not fit.

mod body;
mod formats;
mod rules;
mod steps;
mod tagged;
mod tree;

use std::fmt;

use apiduct_client::rate::Window;
use apiduct_json::Selector;

pub(crate) use tagged::unknown_type;

use super::auth::pattern_problem;
use super::keys;
use super::table::{Key, Kind, Need, Object, Words};
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
            Kind::Scalar if matches!(node.value, NodeValue::Number(_)) => {}
            Kind::Scalar if node.as_text().is_none() => {
                self.wrong(node, path, "a text or a number");
            }
            Kind::Plain | Kind::Scalar => self.plain(node, path),
            Kind::Text(mode) => self.text(*mode, node, path),
            Kind::Bool if matches!(node.value, NodeValue::Bool(_)) => {}
            Kind::Bool => self.wrong(node, path, "`true` or `false`"),
            Kind::Integer { min } => self.integer(*min, node, path),
            Kind::Number | Kind::Duration | Kind::Bytes | Kind::Rate | Kind::Status => {
                self.measure(kind, node, path);
            }
            Kind::Selector => self.selector(node, path),
            Kind::Signature => self.signature(node, path),
            Kind::Word(words) => self.word(words, node, path),
            Kind::List(item) => self.list(item, node, path),
            Kind::OneOrMany(item) if node.as_list().is_some() => self.list(item, node, path),
            Kind::OneOrMany(item) => self.value(item, node, path),
            Kind::Map(item) => self.map(item, node, path),
            Kind::Param => self.param(node, path),
            Kind::Json => self.json(node, path),
            Kind::Any => {}
            Kind::Named(_, listed) if node.as_list().is_some() => {
                self.list(&Kind::Object(listed), node, path);
            }
            Kind::Named(object, _) => self.map(&Kind::Object(object), node, path),
            Kind::Program => self.program(node, path),
            Kind::Field => self.record_field(node, path),
            Kind::FieldMap(item) => self.field_map(item, node, path),
            Kind::Data => self.data(node, path),
            Kind::Include => self.include(node, path),
            Kind::Rows => self.rows(node, path),
            Kind::Bound => self.bound(node, path),
            Kind::Object(object) => self.object(object, node, path),
            Kind::Short(short, object) => match node.value {
                NodeValue::Map(_) => self.object(object, node, path),
                NodeValue::Text(_) => self.value(short, node, path),
                NodeValue::List(_) if matches!(short, Kind::OneOrMany(_)) => {
                    self.value(short, node, path);
                }
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
                ConfigErrorKind::Conflict {
                    reason,
                    hint: Some("write a value, or remove the key".to_owned()),
                },
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
            Kind::Status => ("a status or a range of them", "`503`, `5xx` or `500-599`"),
            _ => ("a rate", "`10/s`, `100/min` or `5000/h`"),
        };
        let takes_text = !matches!(kind, Kind::Number);
        let takes_number = !matches!(kind, Kind::Rate);
        let text = match &node.value {
            NodeValue::Text(text) if takes_text => text,
            NodeValue::Number(text) if takes_number => text,
            _ => return self.wrong(node, path, format!("{expected} such as {example}")),
        };
        let is_valid = match kind {
            Kind::Number => text
                .parse::<f64>()
                .is_ok_and(|number| number >= 0.0 && number.is_finite()),
            Kind::Duration => units::duration(text).is_some(),
            Kind::Bytes => units::bytes(text).is_some(),
            Kind::Status => units::statuses(text).is_some(),
            _ => text.parse::<Window>().is_ok(),
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

    fn signature(&mut self, node: &Node, path: KeyPath<'_>) {
        let Some(text) = node.as_text() else {
            return self.wrong(node, path, "a text");
        };
        if let Some(problem) = pattern_problem(text) {
            self.push(path, node.mark, problem);
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
        let Some(text) = node.as_text() else {
            let article = if words.what.starts_with(['a', 'e', 'i', 'o', 'u']) {
                "an"
            } else {
                "a"
            };
            return self.wrong(node, path, format!("{article} {}", words.what));
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
                self.styled(entries, node, path);
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
        let mut proposed: Vec<String> = Vec::new();
        for entry in entries {
            match object.key(&entry.key) {
                Some((at, key)) => self.known(key, entry, &mut first[at], path),
                // Keys of the user's own, such as anchors for others to refer to.
                None if is_extension(object, &entry.key) => {}
                None => {
                    let kind = unknown(object, &entry.key);
                    if let ConfigErrorKind::UnknownKey { nearest, .. } = &kind {
                        proposed.extend(nearest.clone());
                    }
                    self.push(path, entry.mark, kind);
                }
            }
        }
        for (key, found) in object.keys.iter().zip(first) {
            // A key that is missing because it is misspelled is one mistake, not two.
            let is_misspelled = proposed.iter().any(|name| key.is_called(name));
            if key.need == Need::Required && found.is_none() && !is_misspelled {
                self.push(path, node.mark, missing(key));
            }
        }
        match object.name {
            name if name == keys::RETRY_IF.name => self.retry_if(entries, node.mark, path),
            name if name == keys::RESPONSE_ACTION.name => {
                self.response_action(entries, node.mark, path);
            }
            name if name == keys::HEADER_TEST.name => self.header_test(entries, path),
            name if name == keys::JOB.name => self.job(entries, node.mark, path),
            name if name == keys::JOB_PLACE.name => self.job_place(entries, node.mark, path),
            "format_csv" => self.csv(entries, path),
            name if name == keys::EXPECT.name => self.expect(entries, node.mark, path),
            name if name == keys::STEP.name => self.step(entries, node.mark, path),
            _ => {}
        }
    }

    /// A condition that looks at nothing would never hold.
    fn retry_if(&mut self, entries: &[Entry], mark: Mark, path: KeyPath<'_>) {
        let has = |name: &str| {
            let mut written = entries.iter().filter(|entry| !entry.value.is_null());
            written.any(|entry| *entry.key == *name)
        };
        let reason = if has("equals") && !has("selector") {
            "`equals` says what a `selector` has to find, and there is none"
        } else if !has("selector") && !has("text") {
            "the condition looks at nothing"
        } else {
            return;
        };
        let kind = ConfigErrorKind::Conflict {
            reason: reason.to_owned(),
            hint: Some("give `selector`, a JSONPath, or `text`".to_owned()),
        };
        self.push(path, mark, kind);
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
            // Null asks for nothing.
            Need::Optional | Need::Later(_) if entry.value.is_null() => {}
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
            _ => self.value(&key.kind, &entry.value, own),
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
    object.name == keys::ROOT.name && key.starts_with("x-")
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

fn expected_word(kind: &Kind) -> &'static str {
    match kind {
        Kind::List(_) => "a list",
        Kind::Object(_) | Kind::Map(_) | Kind::FieldMap(_) | Kind::Tagged(_) => "a mapping",
        Kind::Integer { .. } => "a whole number",
        _ => "a text",
    }
}
