//! The shape of tables of keys: each object of the file is declared once, and reading, hints and the JSON Schema
//! follow the declaration.

use crate::template::Mode;

/// An object of the file.
#[derive(Debug)]
pub(crate) struct Object {
    /// Its name in the schema's definitions.
    pub(crate) name: &'static str,
    /// What it is, in words, for messages.
    pub(crate) what: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) keys: &'static [Key],
    /// Keys that have their place elsewhere, with that place.
    pub(crate) misplaced: &'static [(&'static str, &'static str)],
}

/// One key of an object.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// Other spellings with the same meaning.
    pub(crate) also: &'static [&'static str],
    pub(crate) kind: Kind,
    pub(crate) need: Need,
    /// The default in the file's spelling; empty if there is none worth showing.
    pub(crate) default: &'static str,
    pub(crate) doc: &'static str,
}

/// Whether a key must, may or cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// May be left out or null.
    Optional,
    /// Must be there and not null.
    Required,
    /// Known to the reference, not to this version; the text says what to do instead.
    Later(&'static str),
}

/// What a key holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A text that is known before any secret is read.
    Plain,
    /// A number, or such a text.
    Scalar,
    /// A text, number or boolean that becomes a [`crate::template::Template`].
    Text(Mode),
    Bool,
    Integer {
        min: u64,
    },
    /// A number from 0.
    Number,
    Duration,
    Bytes,
    Rate,
    /// A status or a range of them.
    Status,
    /// A JSONPath.
    Selector,
    /// A text with the fields of a signature.
    Signature,
    Word(&'static Words),
    List(&'static Kind),
    /// One value or a list of them.
    OneOrMany(&'static Kind),
    /// Names of the user's choice and their values; null removes one.
    Map(&'static Kind),
    /// Objects by their names, or a list of objects that name themselves.
    Named(&'static Object, &'static Object),
    /// Fields of the parent: a list of names, or paths and the names of columns.
    Include,
    /// A list of scalars and mappings, as they are.
    Rows,
    /// A whole number, a date or a step between dates.
    Bound,
    /// A query parameter.
    Param,
    /// Any JSON with placeholders in its texts.
    Json,
    /// Any JSON, null included, as it stands there.
    Any,
    /// A jq program.
    Program,
    /// The path of a field in a record.
    Field,
    /// Paths of fields and their values.
    FieldMap(&'static Kind),
    /// A body that is no JSON: form fields as a mapping or a list of pairs, or a text.
    Data,
    Object(&'static Object),
    /// An object, or a short form of it.
    Short(&'static Kind, &'static Object),
    Tagged(&'static Tagged),
}

/// A closed set of words.
#[derive(Debug)]
pub(crate) struct Words {
    /// What they name, for messages.
    pub(crate) what: &'static str,
    pub(crate) valid: &'static [&'static str],
    /// Words of the reference that this version does not know, with what to do instead.
    pub(crate) later: &'static [(&'static str, &'static str)],
    pub(crate) any_case: bool,
}

/// Objects of several types, told apart by the key `type`.
#[derive(Debug)]
pub(crate) struct Tagged {
    /// Its name in the schema's definitions.
    pub(crate) name: &'static str,
    /// What it is, in words, for messages.
    pub(crate) what: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) variants: &'static [Variant],
    /// The type of an object without `type`.
    pub(crate) default: Option<&'static str>,
    pub(crate) short: ShortForm,
    /// Types of the reference that this version does not know.
    pub(crate) later: &'static [(&'static str, &'static str)],
}

/// One type of a [`Tagged`].
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) also: &'static [&'static str],
    pub(crate) object: &'static Object,
}

/// What the short form of a [`Tagged`], a single text, means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShortForm {
    /// The name of a type, for those that need no keys.
    TypeName,
    /// The name of a type and its values, separated by colons.
    Values,
}

impl Object {
    pub(crate) fn key(&self, name: &str) -> Option<(usize, &'static Key)> {
        let keys: &'static [Key] = self.keys;
        keys.iter().enumerate().find(|(_, key)| key.is_called(name))
    }

    /// The names of the keys that this version reads.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let known = self.keys.iter().filter(|key| !key.is_later());
        known.map(|key| key.name).collect()
    }

    /// Every spelling of every key, for proposals.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = &'static str> + use<> {
        let keys: &'static [Key] = self.keys;
        keys.iter()
            .filter(|key| !key.is_later())
            .flat_map(|key| std::iter::once(key.name).chain(key.also.iter().copied()))
    }
}

impl Key {
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.also.contains(&name)
    }

    pub(crate) fn is_later(&self) -> bool {
        matches!(self.need, Need::Later(_))
    }
}

impl Tagged {
    pub(crate) fn variant(&self, name: &str) -> Option<&'static Variant> {
        let variants: &'static [Variant] = self.variants;
        variants
            .iter()
            .find(|one| one.name == name || one.also.contains(&name))
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.variants.iter().map(|one| one.name).collect()
    }
}
