//! Paginators in the words of a configuration file.

use std::fmt;

use serde_json::{Map, Value};

use super::{Setting, TotalPath};

/// The mapping that declares a paginator, without what is the default anyway.
#[derive(Debug)]
pub(super) struct Declared(Map<String, Value>);

impl Declared {
    /// A paginator of this `type`.
    pub(super) fn new(name: &str) -> Self {
        Self(Map::new()).maybe("type", Some(name))
    }

    /// A setting that may be left out.
    pub(super) fn maybe(mut self, key: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value.into());
        }
        self
    }

    /// A path that may be left out.
    pub(super) fn setting<T: fmt::Display>(self, key: &str, path: Option<&Setting<T>>) -> Self {
        self.maybe(key, path.map(Setting::to_string))
    }

    /// A text, unless it is the default.
    pub(super) fn text(self, key: &str, text: &str, default: &str) -> Self {
        self.maybe(key, (text != default).then_some(text))
    }

    /// A number, unless it is the default.
    pub(super) fn number(self, key: &str, number: u64, default: u64) -> Self {
        self.maybe(key, (number != default).then_some(number))
    }

    /// A truth, unless it is the default.
    pub(super) fn truth(self, key: &str, truth: bool, default: bool) -> Self {
        self.maybe(key, (truth != default).then_some(truth))
    }

    /// The total of a paginator whose default is the usual place. In a file a path is always required, so what is
    /// optional becomes stricter.
    pub(super) fn total(self, path: &TotalPath) -> Self {
        match path {
            TotalPath::Usual => self,
            TotalPath::Unknown => self.maybe("total_path", Some(Value::Null)),
            TotalPath::Required(path) | TotalPath::Optional(path) => {
                self.setting("total_path", Some(path))
            }
        }
    }
}

impl From<Declared> for Value {
    fn from(declared: Declared) -> Self {
        Self::Object(declared.0)
    }
}
