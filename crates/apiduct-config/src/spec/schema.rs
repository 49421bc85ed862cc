//! The tables of keys as a JSON Schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::keys::{PARAM, ROOT, STYLED};
use super::table::{Key, Kind, Need, Object, ShortForm, Tagged, Words};
use super::units::{BYTES_PATTERN, DURATION_PATTERN, RATE_PATTERN, STATUS_PATTERN};

/// The schema of the file, draft 2020-12.
pub(crate) fn of_file() -> Value {
    let mut writer = Writer::default();
    let mut root = writer.object(&ROOT);
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("apiduct source");
    root["patternProperties"] = json!({"^x-": true});
    root["$defs"] = Value::Object(
        writer
            .definitions
            .into_iter()
            .map(|(name, definition)| (name.to_owned(), definition))
            .collect(),
    );
    root
}

#[derive(Default)]
struct Writer {
    definitions: BTreeMap<&'static str, Value>,
}

impl Writer {
    fn object(&mut self, object: &'static Object) -> Value {
        self.object_of_type(object, &[])
    }

    /// The object with its key `type` restricted to `names`.
    fn object_of_type(&mut self, object: &'static Object, names: &[&str]) -> Value {
        let mut properties = Map::new();
        for key in object.keys.iter().filter(|key| !key.is_later()) {
            let mut property = self.property(key);
            if key.name == "type" && !names.is_empty() {
                property = json!({"enum": names, "description": key.doc});
            }
            for name in std::iter::once(&key.name).chain(key.also) {
                properties.insert((*name).to_owned(), property.clone());
            }
        }
        let keys = object.keys.iter();
        let required: Vec<&str> = keys
            .filter(|key| key.need == Need::Required)
            .map(|key| key.name)
            .collect();
        json!({
            "type": "object",
            "description": object.doc,
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }

    fn property(&mut self, key: &'static Key) -> Value {
        let mut property = self.kind(&key.kind);
        if key.need == Need::Optional {
            property = or_null(property);
        }
        let mut doc = key.doc.to_owned();
        if !key.default.is_empty() {
            doc.push_str(" Default: `");
            doc.push_str(key.default);
            doc.push_str("`.");
        }
        property["description"] = json!(doc);
        property
    }

    fn kind(&mut self, kind: &'static Kind) -> Value {
        match kind {
            Kind::Plain | Kind::Selector | Kind::Signature | Kind::Program | Kind::Field => {
                json!({"type": "string", "minLength": 1})
            }
            Kind::Scalar => {
                json!({"anyOf": [{"type": "number"}, {"type": "string", "minLength": 1}]})
            }
            Kind::Text(_) => json!({"type": ["string", "number", "boolean"]}),
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Integer { min } => json!({"type": "integer", "minimum": min}),
            Kind::Number => json!({"type": "number", "minimum": 0}),
            Kind::Duration => measure(DURATION_PATTERN),
            Kind::Bytes => measure(BYTES_PATTERN),
            Kind::Status => json!({"anyOf": [
                {"type": "integer", "minimum": 100, "maximum": 599},
                {"type": "string", "pattern": STATUS_PATTERN},
            ]}),
            Kind::Rate => json!({"type": "string", "pattern": RATE_PATTERN}),
            Kind::Word(words) => of_words(words),
            Kind::List(item) => json!({"type": "array", "items": self.kind(item)}),
            Kind::OneOrMany(item) => {
                let one = self.kind(item);
                json!({"anyOf": [one, {"type": "array", "items": one}]})
            }
            Kind::Map(item) => {
                json!({"type": "object", "additionalProperties": or_null(self.kind(item))})
            }
            Kind::Param => self.param(),
            Kind::Named(object, listed) => {
                let one = self.reference(object.name, |own| own.object(object));
                let item = self.reference(listed.name, |own| own.object(listed));
                json!({"anyOf": [
                    {"type": "object", "additionalProperties": or_null(one)},
                    {"type": "array", "items": item},
                ]})
            }
            Kind::Json | Kind::Any => json!({}),
            Kind::FieldMap(item) => {
                json!({"type": "object", "additionalProperties": self.kind(item)})
            }
            Kind::Data => of_data(),
            Kind::Include => of_include(),
            Kind::Rows => json!({
                "type": "array",
                "items": {"type": ["string", "number", "boolean", "object"]},
            }),
            Kind::Bound => json!({"type": ["string", "number"]}),
            Kind::Object(object) => self.reference(object.name, |own| own.object(object)),
            Kind::Short(short, object) => {
                let long = self.reference(object.name, |own| own.object(object));
                let is_list = matches!(short, Kind::OneOrMany(_));
                let mut short = self.kind(short);
                if !is_list {
                    short["type"] = json!("string");
                }
                json!({"anyOf": [short, long]})
            }
            Kind::Tagged(tagged) => self.reference(tagged.name, |own| own.tagged(tagged)),
        }
    }

    fn param(&mut self) -> Value {
        let typed = self.reference(PARAM.name, |own| own.typed(&PARAM));
        let styled = self.reference(STYLED.name, |own| own.object(&STYLED));
        json!({"anyOf": [
            {"type": ["string", "number", "boolean", "null"]},
            {"type": "array", "items": {"type": ["string", "number", "boolean", "null"]}},
            typed,
            styled,
        ]})
    }

    fn tagged(&mut self, tagged: &'static Tagged) -> Value {
        let short = match tagged.short {
            ShortForm::Values => json!({"type": "string", "minLength": 1}),
            ShortForm::TypeName => {
                let simple = tagged.variants.iter().filter(|variant| {
                    !variant
                        .object
                        .keys
                        .iter()
                        .any(|key| key.need == Need::Required)
                });
                let names: Vec<&str> = simple
                    .flat_map(|variant| std::iter::once(&variant.name).chain(variant.also))
                    .copied()
                    .collect();
                json!({"enum": names})
            }
        };
        json!({"anyOf": [short, self.typed(tagged)], "description": tagged.doc})
    }

    /// The mappings of a tagged value: exactly one of its types.
    fn typed(&mut self, tagged: &'static Tagged) -> Value {
        let variants = tagged.variants.iter();
        let objects: Vec<Value> = variants
            .map(|variant| {
                let names: Vec<&str> = std::iter::once(variant.name)
                    .chain(variant.also.iter().copied())
                    .collect();
                let mut object = self.object_of_type(variant.object, &names);
                if tagged.default != Some(variant.name)
                    && let Some(required) = object["required"].as_array_mut()
                {
                    required.push(json!("type"));
                }
                object
            })
            .collect();
        json!({"oneOf": objects})
    }

    fn reference(&mut self, name: &'static str, write: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.definitions.contains_key(name) {
            // The placeholder ends a recursion through the definition itself.
            self.definitions.insert(name, Value::Null);
            let definition = write(self);
            self.definitions.insert(name, definition);
        }
        json!({"$ref": format!("#/$defs/{name}")})
    }
}

/// Form fields as a mapping or as pairs, or a text.
fn of_data() -> Value {
    let one = json!({"type": ["string", "number", "boolean", "null"]});
    let value = json!({"anyOf": [one, {"type": "array", "items": one}]});
    let pair = json!({
        "type": "array",
        "prefixItems": [{"type": "string"}, value],
        "items": false,
        "minItems": 2,
    });
    json!({"anyOf": [
        {"type": "string"},
        {"type": "object", "additionalProperties": value},
        {"type": "array", "items": pair},
    ]})
}

/// Names, or paths and the names of columns.
fn of_include() -> Value {
    let name = json!({"type": "string", "minLength": 1});
    json!({"anyOf": [
        {"type": "array", "items": name},
        {"type": "object", "additionalProperties": or_null(name)},
    ]})
}

fn or_null(schema: Value) -> Value {
    if schema == json!({}) {
        return schema;
    }
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn measure(pattern: &str) -> Value {
    json!({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": pattern}]})
}

fn of_words(words: &Words) -> Value {
    if !words.any_case {
        return json!({"enum": words.valid});
    }
    let letters = |word: &&str| -> String {
        let both = |letter: char| {
            [
                '[',
                letter.to_ascii_uppercase(),
                letter.to_ascii_lowercase(),
                ']',
            ]
        };
        word.chars().flat_map(both).collect()
    };
    let any: Vec<String> = words.valid.iter().map(letters).collect();
    json!({"type": "string", "pattern": format!("^({})$", any.join("|")), "examples": words.valid})
}
