//! Row steps as they were written.

use apiduct_steps::{CastTo, CustomStep, FieldPath, Program, Step};

use super::fields::{Fields, Located, plain, template};
use super::keys::{CUSTOM_STEP, DEDUPE, FLATTEN, HASH, REDACT, STEP};
use crate::locate::{Entry, Mark, Node, NodeValue};
use crate::registry::Custom;
use crate::template::{Mode, Template};

/// The keys of a step that hold programs, in the order in which they run.
pub(crate) const PROGRAMS: [&str; 3] = ["filter", "map", "yield_map"];

/// What a step `redact` writes, unless the file says otherwise.
const REDACTED: &str = "***";

/// How many records a step `dedupe` remembers, unless the file says otherwise.
const REMEMBERED: u64 = 100_000;

/// One step on each record.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSpec {
    /// What it does; a `hash` without its salt, a `custom` one without what runs.
    pub step: Step,
    /// The salt of a `hash`.
    pub salt: Option<Located<Template>>,
    /// What the file says about a step of the program's own.
    pub custom: Option<Located<Custom<String>>>,
    /// Where its program or its fields stand.
    pub mark: Mark,
}

/// Reads the list of steps. What the check has reported is left out.
pub(crate) fn read_steps(node: &Node, path: &str) -> Vec<StepSpec> {
    let entries = node.as_list().unwrap_or_default().iter().enumerate();
    entries
        .flat_map(|(at, node)| read_entry(node, &format!("{path}[{at}]")))
        .collect()
}

fn read_entry(node: &Node, path: &str) -> Vec<StepSpec> {
    let mut entries: Vec<&Entry> = node.as_map().unwrap_or_default().iter().collect();
    // A mapping of several programs runs them in this order, however they are written.
    entries.sort_by_key(|entry| PROGRAMS.iter().position(|word| **word == *entry.key));
    let known = entries
        .into_iter()
        .filter(|entry| STEP.key(&entry.key).is_some());
    known
        .filter_map(|entry| {
            let mut salt = None;
            let path = format!("{path}.{}", entry.key);
            let custom = custom(&entry.key, &entry.value, &path);
            let step = read_step(&entry.key, &entry.value, &path, &mut salt)?;
            Some(StepSpec {
                step,
                salt,
                custom,
                mark: entry.value.mark,
            })
        })
        .collect()
}

fn read_step(
    word: &str,
    node: &Node,
    path: &str,
    salt: &mut Option<Located<Template>>,
) -> Option<Step> {
    Some(match word {
        "filter" => Step::Filter(program(node)?),
        "map" => Step::Map(program(node)?),
        "yield_map" => Step::YieldMap(program(node)?),
        "keep" => Step::Keep(fields(node)),
        "drop" => Step::Drop(fields(node)),
        "parse_json" => Step::ParseJson(fields(node)),
        "explode" => Step::Explode(field(node)?),
        "rename" => Step::Rename(pairs(node, field)),
        "set" => Step::Set(pairs(node, |node| Some(json_text(node)))),
        "cast" => Step::Cast(pairs(node, |node| CastTo::from_word(node.as_text()?))),
        "hash" => {
            let long = Fields::new(&HASH, node, path);
            *salt = long
                .read("salt", |node, _| template(node, Mode::References))
                .located()
                .map(|located| located.clone().map(Template::sensitive));
            Step::Hash {
                fields: fields_of(node),
                salt: None,
            }
        }
        "redact" => Step::Redact {
            fields: fields_of(node),
            with: Fields::new(&REDACT, node, path)
                .plain("with")
                .value()
                .map_or_else(|| REDACTED.to_owned(), Clone::clone),
        },
        "flatten" => Step::Flatten {
            fields: fields_of(node),
            prefix: Fields::new(&FLATTEN, node, path)
                .plain("prefix")
                .value()
                .cloned()
                .unwrap_or_default(),
        },
        "dedupe" => {
            let memory = Fields::new(&DEDUPE, node, path).integer("memory");
            let memory = memory.value().copied().unwrap_or(REMEMBERED);
            Step::Dedupe {
                fields: fields_of(node),
                memory: usize::try_from(memory).unwrap_or(usize::MAX),
            }
        }
        "custom" => Step::Custom(CustomStep {
            name: custom(word, node, path)?.value.name,
            step: None,
        }),
        _ => return None,
    })
}

/// What a step of the program's own is made from.
fn custom(word: &str, node: &Node, path: &str) -> Option<Located<Custom<String>>> {
    if word != "custom" {
        return None;
    }
    let fields = Fields::new(&CUSTOM_STEP, node, path);
    let name = match node.as_text() {
        Some(_) => plain(node)?,
        None => fields.plain("name").value()?.clone(),
    };
    let settings = fields.entry("settings");
    let settings = settings.and_then(|entry| entry.value.as_map());
    let setting = |entry: &Entry| Some((entry.key.to_string(), plain(&entry.value)?));
    let settings = settings.unwrap_or_default().iter().filter_map(setting);
    Some(Located {
        value: Custom {
            name,
            settings: settings.collect(),
        },
        path: path.into(),
        mark: node.mark,
    })
}

fn program(node: &Node) -> Option<Program> {
    Program::parse(node.as_text()?).ok()
}

fn field(node: &Node) -> Option<FieldPath> {
    FieldPath::parse(node.as_text()?).ok()
}

/// One field or a list of them.
fn fields(node: &Node) -> Vec<FieldPath> {
    let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
    nodes.iter().filter_map(field).collect()
}

/// The fields themselves, or those under the key `fields`.
fn fields_of(node: &Node) -> Vec<FieldPath> {
    fields(node.value_of("fields").unwrap_or(node))
}

fn pairs<T>(node: &Node, read: impl Fn(&Node) -> Option<T>) -> Vec<(FieldPath, T)> {
    let entries = node.as_map().unwrap_or_default().iter();
    entries
        .filter_map(|entry| Some((FieldPath::parse(&entry.key).ok()?, read(&entry.value)?)))
        .collect()
}

/// The value as JSON, numbers to the digit.
pub(crate) fn json_text(node: &Node) -> String {
    let joined = |parts: Vec<String>| parts.join(",");
    let text = |text: &str| serde_json::Value::from(text).to_string();
    match &node.value {
        NodeValue::Null => "null".to_owned(),
        NodeValue::Bool(value) => value.to_string(),
        NodeValue::Number(number) => number.to_string(),
        NodeValue::Text(_) => text(&plain(node).unwrap_or_default()),
        NodeValue::List(list) => format!("[{}]", joined(list.iter().map(json_text).collect())),
        NodeValue::Map(entries) => {
            let member =
                |entry: &Entry| format!("{}:{}", text(&entry.key), json_text(&entry.value));
            format!("{{{}}}", joined(entries.iter().map(member).collect()))
        }
    }
}
