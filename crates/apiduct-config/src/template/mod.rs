//! Texts with references (`${env:NAME}`) and placeholders (`{resources.parent.field}`).
//!
//! A [`Template`] is parsed once, when the file is read, and expanded for each request.

mod error;
mod expand;
mod filter;
mod incremental;
mod json;
mod parent;
mod parse;
mod token;

use std::fmt;

use apiduct_json::Selector;
use apiduct_model::MASK;

pub use error::{TemplateError, fields_hint};
pub(crate) use expand::{Encoding, Scope};
pub use filter::Filter;
pub use incremental::{IncrementalField, IncrementalValues};
pub use json::JsonTemplate;
pub use parent::{ParentRow, Tap};
pub use parse::Mode;
pub(crate) use token::looks_like_a_token;

/// A value that stands outside the file: `${env:NAME}`, `${file:PATH}` or `${secret:KEY}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecretRef {
    /// An environment variable.
    Env(Box<str>),
    /// The content of a file, without the line break at its end; relative to the configuration's folder.
    File(Box<str>),
    /// A key of `secrets.toml` or of the reference's environment spelling.
    Secret(Box<str>),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "${{env:{name}}}"),
            Self::File(path) => write!(f, "${{file:{path}}}"),
            Self::Secret(key) => write!(f, "${{secret:{key}}}"),
        }
    }
}

/// A field of a parent's row: its path as written, and compiled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldPath {
    text: Box<str>,
    selector: Selector,
}

impl FieldPath {
    pub(crate) fn new(text: &str, selector: Selector) -> Self {
        Self {
            text: text.into(),
            selector,
        }
    }

    /// The path as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path, compiled.
    pub fn selector(&self) -> &Selector {
        &self.selector
    }
}

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// `{resources.PARENT.FIELD}`: a field of the parent's row.
    Parent {
        /// The parent's name.
        parent: Box<str>,
        /// The field.
        field: FieldPath,
    },
    /// `{incremental.FIELD}`: a bound of the incremental load.
    Incremental(IncrementalField),
    /// `{name}` in a path, not bound yet: a key of `params`.
    Name(Box<str>),
    /// `{name}` in a path, bound to the parameter of that name.
    Bound(Box<Template>),
}

/// `{...}` inside a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Placeholder {
    /// What stands between the braces.
    pub expression: Box<str>,
    /// What changes its value, in order.
    pub filters: Vec<Filter>,
    /// What it stands for.
    pub target: Target,
}

impl Placeholder {
    /// Whether `|raw` switches percent-encoding off.
    pub fn is_raw(&self) -> bool {
        self.filters.contains(&Filter::Raw)
    }

    /// Whether it makes one text of several values.
    pub(crate) fn joins(&self) -> bool {
        let is_join = |filter: &Filter| matches!(filter, Filter::Join(_));
        self.filters.iter().any(is_join)
    }

    /// Every parent field it needs.
    pub fn parent_fields(&self) -> Vec<(&str, &FieldPath)> {
        match &self.target {
            Target::Parent { parent, field } => vec![(parent.as_ref(), field)],
            Target::Bound(template) => template.parent_fields(),
            Target::Name(_) | Target::Incremental(_) => Vec::new(),
        }
    }
}

/// A piece of a [`Template`].
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text as it is.
    Literal(Box<str>),
    /// A reference, replaced when secrets are read.
    Secret(SecretRef),
    /// A placeholder, replaced for each request.
    Field(Placeholder),
}

/// A text with references and placeholders.
#[derive(Clone, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
    is_sensitive: bool,
}

impl Template {
    /// A text without references or placeholders.
    pub fn literal(text: impl Into<Box<str>>) -> Self {
        Self::from_parts(vec![Part::Literal(text.into())])
    }

    fn from_parts(parts: Vec<Part>) -> Self {
        Self {
            parts,
            is_sensitive: false,
        }
    }

    /// The same text, marked as holding a credential: it is masked when shown and registered when resolved.
    #[must_use]
    pub fn sensitive(self) -> Self {
        Self {
            is_sensitive: true,
            ..self
        }
    }

    /// Whether the text holds a credential.
    pub fn is_sensitive(&self) -> bool {
        self.is_sensitive
    }

    /// The pieces in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(crate) fn parts_mut(&mut self) -> &mut [Part] {
        &mut self.parts
    }

    /// The whole text, if nothing in it has to be replaced.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The text up to the first reference or placeholder.
    pub fn literal_start(&self) -> &str {
        match self.parts.first() {
            Some(Part::Literal(text)) => text,
            _ => "",
        }
    }

    /// Every reference in the text, bound parameters included.
    pub fn references(&self) -> Vec<&SecretRef> {
        let mut found = Vec::new();
        self.collect_references(&mut found);
        found
    }

    fn collect_references<'t>(&'t self, found: &mut Vec<&'t SecretRef>) {
        for part in &self.parts {
            match part {
                Part::Secret(reference) => found.push(reference),
                Part::Field(Placeholder {
                    target: Target::Bound(template),
                    ..
                }) => template.collect_references(found),
                Part::Literal(_) | Part::Field(_) => {}
            }
        }
    }

    /// Every parent field the text needs, bound parameters included.
    pub fn parent_fields(&self) -> Vec<(&str, &FieldPath)> {
        let placeholders = self.placeholders();
        placeholders.flat_map(Placeholder::parent_fields).collect()
    }

    /// The placeholders in order.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field(placeholder) => Some(placeholder),
            Part::Literal(_) | Part::Secret(_) => None,
        })
    }

    fn shown(&self, literal: &str) -> String {
        let is_credential = self.is_sensitive || looks_like_a_token(literal);
        if is_credential && !literal.trim().is_empty() {
            MASK.to_owned()
        } else {
            literal.to_owned()
        }
    }
}

impl fmt::Display for Template {
    /// The text as it may be shown: references and placeholders as written, credentials masked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Literal(text) => f.write_str(&self.shown(text))?,
                Part::Secret(reference) => write!(f, "{reference}")?,
                Part::Field(Placeholder {
                    target: Target::Bound(template),
                    ..
                }) => write!(f, "{template}")?,
                Part::Field(placeholder) => write!(f, "{{{}}}", placeholder.expression)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({self})")
    }
}

#[cfg(test)]
mod tests;
