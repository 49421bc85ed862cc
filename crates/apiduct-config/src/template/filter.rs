//! What may stand behind a placeholder: `{resources.issues.updated_at|date('%Y-%m-%d')|default('')}`.

mod apply;
mod args;

use apiduct_json::Captured;

use crate::error::ConfigErrorKind;

pub(super) use apply::elements;
pub(super) use args::{closing, split};

/// One step that changes the value of a placeholder. Steps run from left to right; all but [`Filter::Default`] and
/// [`Filter::Json`] let null through as it is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Filter {
    /// `default(VALUE)`: stands in where there is no value, or null. The value is a quoted text or JSON.
    Default(Captured),
    /// `raw`: inserted into a path as it is, not percent-encoded.
    Raw,
    /// `json`: the value as JSON text, lists and objects too.
    Json,
    /// `date('%Y-%m-%d')`: a date, or a timestamp with its own offset, in the notation of `strftime`. A number counts
    /// as seconds since 1970.
    Date(Box<str>),
    /// `unix`: a date or timestamp as whole seconds since 1970; without an offset it counts as UTC.
    Unix,
    /// `int`: a number, or a text that holds one, without its fraction.
    Int,
    /// `lower`: a text in lower case.
    Lower,
    /// `join(',')`: the elements of a list with a text between them.
    Join(Box<str>),
}

/// The names of all filters.
pub(super) const NAMES: [&str; 8] = [
    "default", "raw", "json", "date", "unix", "int", "lower", "join",
];

impl Filter {
    /// The filter's name as it is written.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Default(_) => "default",
            Self::Raw => "raw",
            Self::Json => "json",
            Self::Date(_) => "date",
            Self::Unix => "unix",
            Self::Int => "int",
            Self::Lower => "lower",
            Self::Join(_) => "join",
        }
    }

    /// Reads `name` or `name(argument)`.
    pub(super) fn parse(text: &str) -> Result<Self, ConfigErrorKind> {
        let (name, argument) = args::call(text)?;
        let without = |filter: Self| match argument {
            None => Ok(filter),
            Some(_) => Err(usage(name, "takes no argument", name)),
        };
        let text_argument = |example: &str| match argument.map(args::value) {
            Some(Ok(Captured::Scalar(apiduct_model::Scalar::Text(text)))) => Ok(text),
            _ => Err(usage(name, "takes one text in quotes", example)),
        };
        match name {
            "raw" => without(Self::Raw),
            "json" => without(Self::Json),
            "unix" => without(Self::Unix),
            "int" => without(Self::Int),
            "lower" => without(Self::Lower),
            "default" => match argument.map(args::value) {
                Some(Ok(value)) => Ok(Self::Default(value)),
                _ => Err(usage(
                    name,
                    "takes one value, a text in quotes or JSON",
                    "default('')",
                )),
            },
            "join" => Ok(Self::Join(text_argument("join(',')")?)),
            "date" => {
                let format = text_argument("date('%Y-%m-%d')")?;
                match apply::check_date_format(&format) {
                    Ok(()) => Ok(Self::Date(format)),
                    Err(reason) => Err(usage(
                        name,
                        &format!("cannot write `{format}`: {reason}"),
                        "date('%Y-%m-%d')",
                    )),
                }
            }
            _ => Err(ConfigErrorKind::UnknownValue {
                what: "filter",
                value: name.to_owned(),
                valid: NAMES.to_vec(),
            }),
        }
    }
}

fn usage(name: &str, reason: &str, example: &str) -> ConfigErrorKind {
    ConfigErrorKind::Template {
        reason: format!("the filter `{name}` {reason}"),
        hint: Some(format!("write `|{example}`")),
    }
}

#[cfg(test)]
mod tests;
