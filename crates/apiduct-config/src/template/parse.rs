use apiduct_json::Selector;

use super::filter::{self, Filter};
use super::{FieldPath, IncrementalField, Part, Placeholder, SecretRef, Target, Template};
use crate::error::ConfigErrorKind;

/// What a text may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// References only; braces mean themselves.
    References,
    /// References and `{resources.PARENT.FIELD}`; doubled braces mean themselves.
    Request,
    /// As [`Mode::Request`], and `{name}` for a key of `params`.
    Path,
}

impl Template {
    /// Reads `text`.
    ///
    /// # Errors
    /// Every reference and placeholder that cannot be read.
    pub fn parse(text: &str, mode: Mode) -> Result<Self, Vec<ConfigErrorKind>> {
        let mut parser = Parser {
            rest: text,
            mode,
            literal: String::new(),
            parts: Vec::new(),
            problems: Vec::new(),
        };
        parser.run();
        if parser.problems.is_empty() {
            Ok(Self::from_parts(parser.parts))
        } else {
            Err(parser.problems)
        }
    }
}

struct Parser<'t> {
    rest: &'t str,
    mode: Mode,
    literal: String,
    parts: Vec<Part>,
    problems: Vec<ConfigErrorKind>,
}

impl<'t> Parser<'t> {
    fn run(&mut self) {
        while let Some(at) = self.rest.find(['$', '{', '}']) {
            self.take_literal(at);
            if let Some(escaped) = self.rest.strip_prefix("$${") {
                let end = escaped.find('}').map_or(0, |at| at + 1);
                self.literal.push_str("${");
                self.literal.push_str(&escaped[..end]);
                self.rest = &escaped[end..];
            } else if let Some(rest) = self.rest.strip_prefix("${") {
                self.reference(rest);
            } else if self.rest.starts_with('$') || self.mode == Mode::References {
                self.take_literal(1);
            } else if self.rest.starts_with("{{") || self.rest.starts_with("}}") {
                self.take_literal(1);
                self.rest = &self.rest[1..];
            } else if let Some(rest) = self.rest.strip_prefix('{') {
                self.placeholder(rest);
            } else {
                self.problem("a `}` stands alone", Some("write `}}` for a brace"));
                self.rest = &self.rest[1..];
            }
        }
        self.take_literal(self.rest.len());
        self.flush();
    }

    fn take_literal(&mut self, bytes: usize) {
        self.literal.push_str(&self.rest[..bytes]);
        self.rest = &self.rest[bytes..];
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            let text = std::mem::take(&mut self.literal);
            self.parts.push(Part::Literal(text.into()));
        }
    }

    fn problem(&mut self, reason: impl Into<String>, hint: Option<&str>) {
        self.problems.push(ConfigErrorKind::Template {
            reason: reason.into(),
            hint: hint.map(str::to_owned),
        });
    }

    /// Reads up to the closing brace; the rest begins behind it.
    fn inside(&mut self, rest: &'t str, opening: &str) -> Option<&'t str> {
        if let Some((inside, after)) = rest.split_once('}') {
            self.rest = after;
            return Some(inside);
        }
        let hint = match opening {
            "{" => "close it with `}`, or write `{{` for a brace",
            _ => "close it with `}`, or write `$${` for the characters themselves",
        };
        self.problem(format!("`{opening}` is not closed"), Some(hint));
        self.rest = "";
        None
    }

    fn reference(&mut self, rest: &'t str) {
        let Some(inside) = self.inside(rest, "${") else {
            return;
        };
        let (scheme, name) = inside.split_once(':').unwrap_or((inside, ""));
        let (scheme, name) = (scheme.trim(), name.trim());
        let reference = match scheme {
            "env" => SecretRef::Env(name.into()),
            "file" => SecretRef::File(name.into()),
            "secret" => SecretRef::Secret(name.into()),
            _ if !inside.contains(':') => {
                self.problem(
                    format!("`${{{inside}}}` does not say where the value is"),
                    Some(&format!(
                        "write `${{env:{inside}}}` for the environment variable"
                    )),
                );
                return;
            }
            _ => {
                self.problems.push(ConfigErrorKind::UnknownValue {
                    what: "kind of reference",
                    value: scheme.to_owned(),
                    valid: vec!["env", "file", "secret"],
                });
                return;
            }
        };
        if name.is_empty() {
            self.problem(
                format!("`${{{inside}}}` names nothing"),
                Some("write `${env:NAME}`, `${file:PATH}` or `${secret:KEY}`"),
            );
            return;
        }
        self.flush();
        self.parts.push(Part::Secret(reference));
    }

    fn placeholder(&mut self, rest: &'t str) {
        let Some(end) = filter::closing(rest) else {
            let nothing = self.inside("", "{");
            debug_assert!(nothing.is_none(), "there is no brace to close it");
            return;
        };
        let inside = rest[..end].trim();
        self.rest = &rest[end + 1..];
        let (expression, calls) = filter::split(inside);
        let mut filters = Vec::with_capacity(calls.len());
        for call in calls {
            match Filter::parse(call) {
                Ok(filter) => filters.push(filter),
                Err(problem) => return self.problems.push(problem),
            }
        }
        match target(expression, self.mode) {
            Ok(target) => {
                self.flush();
                self.parts.push(Part::Field(Placeholder {
                    expression: inside.into(),
                    filters,
                    target,
                }));
            }
            Err(problem) => self.problems.push(problem),
        }
    }
}

fn target(expression: &str, mode: Mode) -> Result<Target, ConfigErrorKind> {
    let head = expression.split(['.', '[']).next().unwrap_or_default();
    match head {
        "resources" => parent_field(expression),
        "incremental" if expression.len() > head.len() => bound(expression),
        "" => Err(template(
            format!("`{{{expression}}}` names nothing"),
            "write `{{` and `}}` for the braces themselves",
        )),
        _ if mode == Mode::Path && is_name(expression) => Ok(Target::Name(expression.into())),
        _ => Err(template(
            format!("`{{{expression}}}` is not a placeholder that may stand here"),
            "write `{resources.PARENT.FIELD}`, `{incremental.start_value}`, or `{{` and `}}` for the braces themselves",
        )),
    }
}

fn bound(expression: &str) -> Result<Target, ConfigErrorKind> {
    let word = expression.strip_prefix("incremental.").unwrap_or_default();
    IncrementalField::of_word(word)
        .map(Target::Incremental)
        .ok_or_else(|| ConfigErrorKind::UnknownValue {
            what: "value of the incremental load",
            value: word.to_owned(),
            valid: IncrementalField::words(),
        })
}

fn is_name(expression: &str) -> bool {
    expression
        .chars()
        .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
}

fn parent_field(expression: &str) -> Result<Target, ConfigErrorKind> {
    let rest = expression.strip_prefix("resources.").unwrap_or_default();
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (parent, field) = rest.split_at(end);
    let field = field.strip_prefix('.').unwrap_or(field);
    if parent.is_empty() || field.is_empty() {
        let parent = if parent.is_empty() { "PARENT" } else { parent };
        return Err(template(
            format!("`{{{expression}}}` names no field"),
            &format!("write `{{resources.{parent}.FIELD}}`"),
        ));
    }
    let selector = Selector::parse(field).map_err(|source| ConfigErrorKind::Selector {
        value: field.to_owned(),
        source,
    })?;
    Ok(Target::Parent {
        parent: parent.into(),
        field: FieldPath::new(field, selector),
    })
}

fn template(reason: String, hint: &str) -> ConfigErrorKind {
    ConfigErrorKind::Template {
        reason,
        hint: Some(hint.to_owned()),
    }
}
