use serde_json::{Map, Value};

use apiduct_json::Captured;
use apiduct_model::Scalar;

use super::{Encoding, Mode, Scope, Template, TemplateError};
use crate::error::ConfigErrorKind;
use crate::locate::{Mark, Node, NodeValue, exact_number};

/// A JSON body in whose texts and keys placeholders may stand.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonTemplate {
    /// A value as it is.
    Fixed(Value),
    /// A text. If it is one placeholder and nothing else, the value keeps its type, null too.
    Text(Template),
    /// A list.
    List(Vec<Self>),
    /// An object, with each key as written beside its template.
    Map(Vec<(Box<str>, Template, Self)>),
}

impl JsonTemplate {
    /// Reads a body; what is wrong with it goes to `report`.
    pub(crate) fn read(node: &Node, report: &mut dyn FnMut(Mark, ConfigErrorKind)) -> Self {
        match &node.value {
            NodeValue::Null => Self::Fixed(Value::Null),
            NodeValue::Bool(value) => Self::Fixed(Value::Bool(*value)),
            NodeValue::Number(text) => Self::Fixed(exact_number(text).unwrap_or_else(|| {
                report(
                    node.mark,
                    ConfigErrorKind::Malformed {
                        value: text.to_string(),
                        expected: "a number that a body can carry exactly",
                        example: "a quoted text, if the API takes one",
                    },
                );
                Value::Null
            })),
            NodeValue::Text(text) => Self::Text(template(text, node.mark, report)),
            NodeValue::List(list) => {
                Self::List(list.iter().map(|one| Self::read(one, report)).collect())
            }
            NodeValue::Map(entries) => Self::Map(
                entries
                    .iter()
                    .map(|entry| {
                        let key = template(&entry.key, entry.mark, report);
                        (entry.key.clone(), key, Self::read(&entry.value, report))
                    })
                    .collect(),
            ),
        }
    }

    /// Calls `visit` with every text and key.
    pub(crate) fn each_template<'t>(&'t self, visit: &mut dyn FnMut(&'t Template)) {
        match self {
            Self::Fixed(_) => {}
            Self::Text(text) => visit(text),
            Self::List(list) => list.iter().for_each(|one| one.each_template(visit)),
            Self::Map(entries) => {
                for (_, key, value) in entries {
                    visit(key);
                    value.each_template(visit);
                }
            }
        }
    }

    pub(crate) fn expand(&self, scope: Scope<'_>) -> Result<Value, TemplateError> {
        Ok(match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(text) => expand_text(text, scope)?,
            Self::List(list) => {
                let there = list.iter().filter(|one| !one.is_left_out(scope));
                let values: Result<Vec<Value>, _> = there.map(|one| one.expand(scope)).collect();
                Value::Array(values?)
            }
            Self::Map(entries) => {
                let mut map = Map::new();
                for (_, key, value) in entries {
                    if value.is_left_out(scope) {
                        continue;
                    }
                    map.insert(key.expand(scope, BODY)?, value.expand(scope)?);
                }
                Value::Object(map)
            }
        })
    }

    /// Whether this is a bound of an incremental load that has no value in this run.
    fn is_left_out(&self, scope: Scope<'_>) -> bool {
        matches!(self, Self::Text(text) if text.is_left_out(scope))
    }

    /// The body as it may be shown, with placeholders as written.
    pub fn to_shown(&self) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(text) => Value::from(text.to_string()),
            Self::List(list) => list.iter().map(Self::to_shown).collect(),
            Self::Map(entries) => entries
                .iter()
                .map(|(_, key, value)| (key.to_string(), value.to_shown()))
                .collect(),
        }
    }
}

const BODY_PLACE: &str = "the body";
const BODY: Encoding = Encoding::Text(BODY_PLACE);

fn template(text: &str, mark: Mark, report: &mut dyn FnMut(Mark, ConfigErrorKind)) -> Template {
    Template::parse(text, Mode::Request).unwrap_or_else(|problems| {
        for problem in problems {
            report(mark, problem);
        }
        Template::literal(text)
    })
}

fn expand_text(text: &Template, scope: Scope<'_>) -> Result<Value, TemplateError> {
    let Some(placeholder) = text.as_placeholder().filter(|one| !one.is_raw()) else {
        return Ok(Value::from(text.expand(scope, BODY)?));
    };
    let value = placeholder.value(scope, BODY_PLACE)?;
    native(&value).ok_or_else(|| TemplateError::InexactNumber {
        subject: placeholder.target.subject(),
    })
}

/// The value with its own type; `None` for a number with more digits than fit.
fn native(value: &Captured) -> Option<Value> {
    match value {
        Captured::Absent | Captured::Scalar(Scalar::Null) => Some(Value::Null),
        Captured::Scalar(Scalar::Bool(value)) => Some(Value::Bool(*value)),
        Captured::Scalar(Scalar::Number(text)) => exact_number(text),
        Captured::Scalar(Scalar::Text(text)) => Some(Value::from(text.as_ref())),
        Captured::Json(text) => serde_json::from_str(text).ok(),
    }
}
