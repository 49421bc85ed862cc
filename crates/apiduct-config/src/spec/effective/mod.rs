//! The file as it counts: defaults merged into resources, what is left out filled in, each value with its origin.
//!
//! What is merged here follows the same rules as [`super::ResourceSpec::with_defaults`]; a test reads what comes out as a
//! file of its own and holds the two plans against each other.

mod merge;
mod outside;
mod value;
mod yaml;

use std::fmt;
use std::sync::Arc;

use apiduct_model::Place;
use serde_json::{Map, Value, json};

use self::value::{Item, Shown};
use crate::locate::Node;
use crate::resolve::SecretSource;

/// The tree of the file as it was written; it shows nothing of itself, since credentials may stand in it.
#[derive(Clone)]
pub(crate) struct WrittenFile(Arc<Node>);

impl WrittenFile {
    pub(super) fn new(root: Node) -> Self {
        Self(Arc::new(root))
    }
}

impl fmt::Debug for WrittenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WrittenFile")
    }
}

/// Where a value of an [`EffectiveFile`] comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueOrigin {
    /// It stands there itself.
    Written(Place),
    /// It stands in `resource_defaults`.
    Defaults(Place),
    /// It stands in `client`, and a resource takes it from there.
    Client(Place),
    /// It stands at the top of the file, and a resource takes it from there.
    File(Place),
    /// It follows from the name of the resource, or of the file.
    Name(Place),
    /// It is in this environment variable.
    Environment(String),
    /// It stands in the settings of the reference, `.dlt/config.toml`.
    Settings(Place),
    /// Nobody says anything else.
    BuiltIn,
}

impl ValueOrigin {
    /// Its name in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Written(_) => "written",
            Self::Defaults(_) => "resource_defaults",
            Self::Client(_) => "client",
            Self::File(_) => "file",
            Self::Name(_) => "name",
            Self::Environment(_) => "environment",
            Self::Settings(_) => "settings",
            Self::BuiltIn => "built in",
        }
    }

    /// The place in a file, if it stands in one.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Written(place)
            | Self::Defaults(place)
            | Self::Client(place)
            | Self::File(place)
            | Self::Name(place)
            | Self::Settings(place) => Some(place),
            Self::Environment(_) | Self::BuiltIn => None,
        }
    }

    fn to_json(&self) -> Value {
        let mut json = json!({ "from": self.word() });
        if let Some(place) = self.place() {
            json["file"] = json!(place.file);
            json["line"] = json!(place.line);
            json["column"] = json!(place.column);
        }
        if let Self::Environment(variable) = self {
            json["variable"] = json!(variable);
        }
        json
    }
}

impl fmt::Display for ValueOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.place()) {
            (Self::Written(_), Some(place)) => write!(f, "{place}"),
            (Self::Environment(variable), _) => write!(f, "environment, {variable}"),
            (_, Some(place)) => write!(f, "{}, {place}", self.word()),
            (_, None) => f.write_str(self.word()),
        }
    }
}

/// The whole file after defaults and merging, credentials masked, each value with its origin.
///
/// ```
/// use apiduct_config::{Format, Plan};
/// use apiduct_config::resolve::SystemSource;
///
/// let text = r#"
/// client: {base_url: "https://api.example.com"}
/// resource_defaults: {endpoint: {params: {per_page: 100}}}
/// resources: [issues]
/// "#;
/// let plan = Plan::parse(text, Format::Yaml, "tracker.yaml")?;
/// let effective = plan.effective(&SystemSource::in_folder("."))?;
/// let json = effective.to_json();
/// assert_eq!(json["document"]["resources"][0]["endpoint"]["params"]["per_page"], 100);
/// let origin = &json["origins"]["resources[0].endpoint.params.per_page"];
/// assert_eq!((&origin["from"], &origin["line"]), (&"resource_defaults".into(), &3.into()));
/// # Ok::<(), apiduct_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone)]
pub struct EffectiveFile {
    members: Vec<(String, Item)>,
}

/// What a plan knows and a tree does not: what a resource, the first text, has at a key, the second, that the file leaves
/// out, unless that is what `client` says.
pub(crate) type ImpliedOf<'p> = &'p dyn Fn(&str, &str) -> Option<&'static str>;

impl EffectiveFile {
    pub(crate) fn new(
        spec: (&WrittenFile, &str, &str),
        implied_of: ImpliedOf<'_>,
        source: &dyn SecretSource,
    ) -> Self {
        let (written, file, name) = spec;
        let settings = outside::settings(source);
        let merge = merge::Merge {
            file,
            name,
            root: &written.0,
            implied_of,
            settings: &settings,
        };
        Self {
            members: merge.file(),
        }
    }

    /// The file as YAML that means the same, with the origin of each value as a comment. What is decided later or by
    /// another value stands there as a comment too.
    pub fn to_yaml(&self) -> String {
        yaml::of(&self.members)
    }

    /// An object of three: `document`, the values; `origins`, for each of them by its path where it comes from; and
    /// `implied`, what holds for keys that have no value, in words.
    pub fn to_json(&self) -> Value {
        let (mut origins, mut implied) = (Map::new(), Map::new());
        let document = object(&self.members, "", &mut origins, &mut implied);
        json!({ "document": document, "origins": origins, "implied": implied })
    }
}

fn object(
    members: &[(String, Item)],
    path: &str,
    origins: &mut Map<String, Value>,
    implied: &mut Map<String, Value>,
) -> Value {
    let mut object = Map::new();
    for (key, item) in members {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        if let Some(value) = json_of(item, path, origins, implied) {
            object.insert(key.clone(), value);
        }
    }
    Value::Object(object)
}

fn json_of(
    item: &Item,
    path: String,
    origins: &mut Map<String, Value>,
    implied: &mut Map<String, Value>,
) -> Option<Value> {
    let value = match &item.shown {
        Shown::Implied(words) => {
            implied.insert(path, json!(words));
            return None;
        }
        Shown::Map(members) if !members.is_empty() => {
            return Some(object(members, &path, origins, implied));
        }
        Shown::List(items) if !items.is_empty() => {
            let items = items.iter().enumerate();
            let values = items
                .filter_map(|(at, item)| json_of(item, format!("{path}[{at}]"), origins, implied));
            return Some(values.collect());
        }
        Shown::Map(_) => json!({}),
        Shown::List(_) => json!([]),
        Shown::Null => Value::Null,
        Shown::Bool(value) => json!(value),
        Shown::Number(text) => {
            crate::locate::exact_number(text).unwrap_or_else(|| Value::from(&**text))
        }
        Shown::Text(text) => json!(text),
    };
    origins.insert(path, item.origin.to_json());
    Some(value)
}

#[cfg(test)]
mod tests;
