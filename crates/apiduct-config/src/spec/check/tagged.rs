//! Objects of several types, and their short forms.

use apiduct_client::paginate::SetupError;

use super::{Checker, KeyPath, not_supported};
use crate::error::ConfigErrorKind;
use crate::locate::{Node, NodeValue};
use crate::spec::AuthSpec;
use crate::spec::paginator::PaginatorSpec;
use crate::spec::table::{Need, ShortForm, Tagged, Variant};
use crate::spec::{keys, short};

impl Checker<'_> {
    pub(super) fn tagged(&mut self, tagged: &'static Tagged, node: &Node, path: KeyPath<'_>) {
        let Some(entries) = node.as_map() else {
            return self.short_form(tagged, node, path);
        };
        let Some(variant) = self.variant(tagged, node, path) else {
            return;
        };
        let object = variant.object;
        let mut own = Vec::with_capacity(entries.len());
        for entry in entries {
            let others = others_with(tagged, &entry.key);
            if object.key(&entry.key).is_some() || others.is_empty() {
                own.push(entry.clone());
                continue;
            }
            let kind = ConfigErrorKind::ForeignKey {
                key: entry.key.to_string(),
                owner: object.what.to_owned(),
                belongs_to: others,
            };
            self.push(path, entry.mark, kind);
        }
        let own = Node {
            value: NodeValue::Map(own),
            mark: node.mark,
        };
        let before = self.problems.count();
        self.object(object, &own, path);
        self.one_place_only(&own, path);
        if tagged.name == keys::AUTH.name {
            self.one_of(&own, path);
        }
        if before == self.problems.count() && tagged.name == keys::PAGINATOR.name {
            self.paginator(node, path);
        }
        if before == self.problems.count()
            && tagged.name == keys::AUTH.name
            && let Some(Err(kind)) = AuthSpec::read(node).map(|spec| spec.validate())
        {
            self.push(path, node.mark, kind);
        }
    }

    /// The type that the key `type` names.
    fn variant(
        &mut self,
        tagged: &'static Tagged,
        node: &Node,
        path: KeyPath<'_>,
    ) -> Option<&'static Variant> {
        let type_path = KeyPath::Key(&path, "type");
        let Some(written) = node.value_of("type") else {
            if tagged.default.is_none() {
                let names: Vec<String> = tagged
                    .names()
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect();
                let kind = ConfigErrorKind::Conflict {
                    reason: format!("the {} does not say its `type`", tagged.what),
                    hint: Some(format!("valid are {}", names.join(", "))),
                };
                self.push(path, node.mark, kind);
            }
            return tagged.variant(tagged.default?);
        };
        let Some(name) = written.as_text() else {
            self.wrong(written, type_path, "a text");
            return None;
        };
        let variant = tagged.variant(name);
        if variant.is_none() {
            self.push(type_path, written.mark, unknown_type(tagged, name));
        }
        variant
    }

    /// Settings that are fine one by one and cannot work together.
    fn paginator(&mut self, node: &Node, path: KeyPath<'_>) {
        let spec = PaginatorSpec::read(node, "");
        if let Some(Err(error)) = spec.map(|spec| spec.validate()) {
            let kind = ConfigErrorKind::Conflict {
                reason: error.to_string(),
                hint: Some(cure(&error).to_owned()),
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

    /// Keys that exclude each other.
    fn one_of(&mut self, node: &Node, path: KeyPath<'_>) {
        let is_there = |key: &&&str| node.value_of(key).is_some_and(|value| !value.is_null());
        for group in keys::ONE_OF {
            let there: Vec<&&str> = group.iter().filter(is_there).collect();
            if let [first, second, ..] = there[..] {
                let kind = ConfigErrorKind::Conflict {
                    reason: format!("`{first}` and `{second}` exclude each other"),
                    hint: Some("keep one of them".to_owned()),
                };
                self.push(path, node.mark, kind);
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

/// What to do about settings of a paginator that cannot work.
fn cure(error: &SetupError) -> &'static str {
    match error {
        SetupError::NoEnd { .. } => {
            "without one of them the paginator cannot know where the list ends"
        }
        SetupError::TwoPlaces { .. } => "keep one of the two",
        SetupError::NoPlace { .. } => "add one of the two",
        SetupError::Empty { .. } => "write a name, or remove the key",
        _ => "`apiduct schema` has the keys and values that go together",
    }
}
