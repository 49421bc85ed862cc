//! What a schema says about values: composition flattened, on demand.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use indexmap::IndexMap;
use serde_json::Value;

use crate::documents::{Documents, Node};

/// How many schemas one composition may have.
const FOLD_BUDGET: usize = 2_000;
/// How many properties the cache may hold.
const CACHE_BUDGET: usize = 3_000_000;

/// A schema with its composition flattened.
#[derive(Debug, Default)]
pub(crate) struct Shape<'d> {
    /// `string`, `object` and so on, without `null`.
    pub(crate) types: Vec<&'d str>,
    pub(crate) is_nullable: bool,
    pub(crate) properties: IndexMap<&'d str, Property<'d>>,
    pub(crate) items: Vec<Node<'d>>,
    pub(crate) additional: Option<Node<'d>>,
    /// The last segment of the first reference.
    pub(crate) name: Option<&'d str>,
    pub(crate) title: Option<&'d str>,
    pub(crate) description: Option<&'d str>,
    pub(crate) format: Option<&'d str>,
    pub(crate) pattern: Option<&'d str>,
    pub(crate) example: Option<&'d Value>,
    pub(crate) default: Option<&'d Value>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) choices: Vec<&'d Value>,
    pub(crate) is_read_only: bool,
    pub(crate) is_deprecated: bool,
}

/// A property of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property<'d> {
    pub(crate) node: Node<'d>,
    pub(crate) is_required: bool,
    /// Whether only some alternatives have it.
    pub(crate) is_partial: bool,
}

impl<'d> Shape<'d> {
    pub(crate) fn is(&self, word: &str) -> bool {
        self.types.contains(&word)
    }

    pub(crate) fn is_array(&self) -> bool {
        self.is("array") || (self.types.is_empty() && !self.items.is_empty())
    }

    pub(crate) fn is_object(&self) -> bool {
        self.is("object") || (self.types.is_empty() && !self.properties.is_empty())
    }

    pub(crate) fn is_scalar(&self) -> bool {
        !self.is_array() && !self.is_object() && self.additional.is_none()
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.is("integer") || self.is("number")
    }

    /// The name of the reference, or the title.
    pub(crate) fn label(&self) -> Option<&'d str> {
        self.name.or(self.title)
    }
}

/// The shapes of a description.
#[derive(Debug)]
pub(crate) struct Shapes<'d> {
    documents: &'d Documents,
    cache: RefCell<HashMap<usize, Rc<Shape<'d>>>>,
    cached: Cell<usize>,
}

impl<'d> Shapes<'d> {
    pub(crate) fn new(documents: &'d Documents) -> Self {
        Self {
            documents,
            cache: RefCell::default(),
            cached: Cell::new(0),
        }
    }

    /// The shape of the schema at `node`.
    pub(crate) fn of(&self, node: Node<'d>) -> Rc<Shape<'d>> {
        let key = node.address();
        if let Some(shape) = self.cache.borrow().get(&key) {
            return Rc::clone(shape);
        }
        let shape = Rc::new(self.united(&[node]));
        let size = shape.properties.len() + 4;
        if self.cached.get() + size < CACHE_BUDGET {
            self.cached.set(self.cached.get() + size);
            self.cache.borrow_mut().insert(key, Rc::clone(&shape));
        }
        shape
    }

    /// The shape of an array's elements.
    pub(crate) fn items(&self, shape: &Shape<'d>) -> Rc<Shape<'d>> {
        match shape.items.as_slice() {
            [one] => self.of(*one),
            many => Rc::new(self.united(many)),
        }
    }

    /// The shape of the property `name`.
    pub(crate) fn property(&self, shape: &Shape<'d>, name: &str) -> Option<Rc<Shape<'d>>> {
        Some(self.of(shape.properties.get(name)?.node))
    }

    fn united(&self, nodes: &[Node<'d>]) -> Shape<'d> {
        let mut fold = Fold {
            documents: self.documents,
            shape: Shape::default(),
            seen: HashSet::new(),
            budget: FOLD_BUDGET,
        };
        let is_partial = nodes.len() > 1;
        for node in nodes {
            fold.schema(*node, is_partial);
        }
        fold.finish()
    }
}

struct Fold<'d> {
    documents: &'d Documents,
    shape: Shape<'d>,
    seen: HashSet<usize>,
    budget: usize,
}

impl<'d> Fold<'d> {
    fn schema(&mut self, node: Node<'d>, is_partial: bool) {
        if !self.seen.insert(node.address()) || self.budget == 0 {
            return;
        }
        self.budget -= 1;
        if node.is_example {
            self.example(node);
            return;
        }
        let Some(map) = node.value.as_object() else {
            return;
        };
        self.keywords(map);
        self.properties(node, is_partial);
        if let Some(target) = self.documents.target(node) {
            if self.shape.name.is_none() {
                self.shape.name = node.text("$ref").and_then(reference_name);
            }
            if let Some(target) = target {
                self.schema(target, is_partial);
            }
        }
        for (key, is_choice) in [("allOf", false), ("oneOf", true), ("anyOf", true)] {
            let Some(list) = map.get(key).and_then(Value::as_array) else {
                continue;
            };
            let others = list.iter().filter(|one| !is_null(one)).count();
            if others < list.len() {
                self.shape.is_nullable = true;
            }
            for member in list.iter().filter(|one| !is_null(one)) {
                let member = Node {
                    value: member,
                    ..node
                };
                self.schema(member, is_partial || (is_choice && others > 1));
            }
        }
    }

    fn keywords(&mut self, map: &'d serde_json::Map<String, Value>) {
        let shape = &mut self.shape;
        let text = |key: &str| map.get(key).and_then(Value::as_str);
        match map.get("type") {
            Some(Value::String(one)) => shape.add_type(one),
            Some(Value::Array(many)) => {
                for one in many.iter().filter_map(Value::as_str) {
                    shape.add_type(one);
                }
            }
            _ => {}
        }
        shape.title = shape.title.or(text("title"));
        shape.description = shape.description.or(text("description"));
        shape.format = shape.format.or(text("format"));
        shape.pattern = shape.pattern.or(text("pattern"));
        let first_example = map
            .get("examples")
            .and_then(|examples| examples.as_array()?.first());
        shape.example = shape
            .example
            .or(map.get("example"))
            .or(first_example)
            .or(map.get("x-example"));
        shape.default = shape.default.or(map.get("default"));
        let number = |key: &str| map.get(key).and_then(Value::as_f64);
        shape.minimum = shape.minimum.or(number("minimum"));
        shape.maximum = shape.maximum.or(number("maximum"));
        if let Some(list) = map.get("enum").and_then(Value::as_array) {
            shape.choices.extend(list);
        }
        shape.choices.extend(map.get("const"));
        let flag = |key: &str| map.get(key).and_then(Value::as_bool) == Some(true);
        shape.is_nullable |= flag("nullable") || flag("x-nullable");
        shape.is_read_only |= flag("readOnly");
        shape.is_deprecated |= flag("deprecated");
    }

    fn properties(&mut self, node: Node<'d>, is_partial: bool) {
        let required: Vec<&str> = match node.value.get("required") {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if let Some(map) = node.value.get("properties").and_then(Value::as_object) {
            for (name, value) in map {
                if !value.is_object() {
                    continue;
                }
                self.shape
                    .properties
                    .entry(name)
                    .or_insert_with(|| Property {
                        node: Node { value, ..node },
                        is_required: false,
                        is_partial,
                    });
            }
        }
        for name in required {
            if let Some(property) = self.shape.properties.get_mut(name) {
                property.is_required = true;
            }
        }
        match node.value.get("items") {
            // Without `type: array`, a list under `items` is meant as alternatives.
            Some(Value::Array(list)) if node.value.get("type").is_none() => {
                self.shape.is_nullable |= list.iter().any(is_null);
                for value in list.iter().filter(|one| !is_null(one)) {
                    self.schema(Node { value, ..node }, true);
                }
            }
            Some(Value::Array(list)) => {
                let nodes = list.iter().map(|value| Node { value, ..node });
                self.shape
                    .items
                    .extend(nodes.filter(|one| !is_null(one.value)));
            }
            Some(value) if value.is_object() => self.shape.items.push(Node { value, ..node }),
            _ => {}
        }
        if let Some(value) = node.value.get("additionalProperties")
            && value.as_object().is_some_and(|map| !map.is_empty())
            && self.shape.additional.is_none()
        {
            self.shape.additional = Some(Node { value, ..node });
        }
    }

    fn example(&mut self, node: Node<'d>) {
        let shape = &mut self.shape;
        shape.example = shape.example.or(Some(node.value));
        match node.value {
            Value::Null => shape.is_nullable = true,
            Value::Bool(_) => shape.add_type("boolean"),
            Value::Number(number) if number.is_f64() => shape.add_type("number"),
            Value::Number(_) => shape.add_type("integer"),
            Value::String(_) => shape.add_type("string"),
            Value::Array(list) => {
                shape.add_type("array");
                let first = list.iter().take(3).map(|value| Node { value, ..node });
                shape.items.extend(first);
            }
            Value::Object(map) => {
                shape.add_type("object");
                for (name, value) in map {
                    shape.properties.entry(name).or_insert(Property {
                        node: Node { value, ..node },
                        is_required: false,
                        is_partial: false,
                    });
                }
            }
        }
    }

    /// Infers what is not said.
    fn finish(mut self) -> Shape<'d> {
        let shape = &mut self.shape;
        if shape.types.is_empty() {
            if !shape.properties.is_empty() {
                shape.types.push("object");
            } else if !shape.items.is_empty() {
                shape.types.push("array");
            } else if let Some(value) = shape.choices.first().copied().or(shape.example) {
                match value {
                    Value::String(_) => shape.types.push("string"),
                    Value::Number(one) if !one.is_f64() => shape.types.push("integer"),
                    _ => {}
                }
            }
        }
        // A schema without detail that has an example is what the example is.
        if let Some(value) = shape.example {
            let bare = shape.properties.is_empty() && shape.items.is_empty();
            if bare && !shape.is("string") && (value.is_object() || value.is_array()) {
                let node = Node {
                    file: 0,
                    value,
                    is_example: true,
                };
                self.schema(node, false);
            }
        }
        self.shape
    }
}

impl<'d> Shape<'d> {
    fn add_type(&mut self, one: &'d str) {
        if one == "null" {
            self.is_nullable = true;
        } else if !self.types.contains(&one) {
            self.types.push(one);
        }
    }
}

fn is_null(value: &Value) -> bool {
    value.get("type").and_then(Value::as_str) == Some("null")
        || value.get("enum").is_some_and(|list| {
            *list == serde_json::json!([null]) || *list == serde_json::json!([""])
        })
}

fn reference_name(reference: &str) -> Option<&str> {
    let last = reference.rsplit(['/', '#']).next()?;
    let last = last
        .trim_end_matches(".yaml")
        .trim_end_matches(".yml")
        .trim_end_matches(".json");
    (!last.is_empty()).then_some(last)
}
