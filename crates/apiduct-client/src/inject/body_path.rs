//! Paths into request bodies: `variables.after`, `pages[0].'page.size'`.

use std::fmt;
use std::str::FromStr;

use apiduct_model::{Hint, Scalar};
use serde_json::{Map, Number, Value};

use super::InjectError;
use crate::Body;

/// A place in a request body.
///
/// Steps are separated by dots. A step is a name, a name in quotes (`'a.b'` or `"a.b"`, with backslash escapes), or
/// an index in brackets, which may be negative to count from the end. Names in brackets are understood if quoted:
/// `['a.b']`. What is missing on the way is created; an index may be one behind the end of its list.
///
/// In a form, a path of one name is the field of that name.
///
/// ```
/// use apiduct_client::{Body, BodyPath};
/// use serde_json::json;
///
/// let path: BodyPath = "query.pages[0].'page.no'".parse()?;
/// let mut body = Body::Json(json!({"query": {"q": "x"}}));
/// path.write(json!(3), &mut body)?;
/// assert_eq!(body, Body::Json(json!({"query": {"q": "x", "pages": [{"page.no": 3}]}})));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BodyPath {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    Name(String),
    Index(i64),
}

impl BodyPath {
    /// The path through names, whatever characters they hold; `None` when there are no names.
    pub fn from_keys(keys: &[impl AsRef<str>]) -> Option<Self> {
        let steps: Vec<_> = keys
            .iter()
            .map(|key| Step::Name(key.as_ref().to_owned()))
            .collect();
        (!steps.is_empty()).then_some(Self { steps })
    }

    /// Writes `value` into `body`. No body becomes a JSON object.
    ///
    /// # Errors
    ///
    /// [`InjectError`] when something of another kind stands in the way, when an index is out of range, when the body
    /// is raw, or when the path has several steps and the body is a form.
    pub fn write(&self, value: Value, body: &mut Body) -> Result<(), InjectError> {
        match body {
            Body::Empty => {
                let mut json = Value::Null;
                *self.slot(&mut json)? = value;
                *body = Body::Json(json);
                Ok(())
            }
            Body::Json(json) => {
                *self.slot(json)? = value;
                Ok(())
            }
            Body::Form(fields) => self.write_field(&value, fields),
            Body::Raw { .. } => Err(InjectError::RawBody {
                path: self.to_string(),
            }),
        }
    }

    /// Writes a scalar with its type. A form gets its text; null takes the field away.
    pub(super) fn write_scalar(&self, value: &Scalar, body: &mut Body) -> Result<(), InjectError> {
        if let Body::Form(fields) = body {
            return self.set_field(value.to_text(), fields);
        }
        let json = json_value(value).ok_or_else(|| InjectError::InexactNumber {
            path: self.to_string(),
        })?;
        self.write(json, body)
    }

    fn write_field(
        &self,
        value: &Value,
        fields: &mut Vec<(String, String)>,
    ) -> Result<(), InjectError> {
        match value {
            Value::Null => self.set_field(None, fields),
            Value::String(text) => self.set_field(Some(text), fields),
            other => self.set_field(Some(&other.to_string()), fields),
        }
    }

    fn set_field(
        &self,
        text: Option<&str>,
        fields: &mut Vec<(String, String)>,
    ) -> Result<(), InjectError> {
        let [Step::Name(name)] = self.steps.as_slice() else {
            return Err(InjectError::NestedForm {
                path: self.to_string(),
            });
        };
        let place = fields.iter().position(|(own, _)| own == name);
        fields.retain(|(own, _)| own != name);
        if let Some(text) = text {
            let place = place.unwrap_or(fields.len());
            fields.insert(place, (name.clone(), text.to_owned()));
        }
        Ok(())
    }

    /// The place in `root`, made if it was not there.
    fn slot<'v>(&self, root: &'v mut Value) -> Result<&'v mut Value, InjectError> {
        let mut at = root;
        for (depth, step) in self.steps.iter().enumerate() {
            at = match step {
                Step::Name(name) => {
                    let object = self.object(at, depth)?;
                    object.entry(name.clone()).or_insert(Value::Null)
                }
                Step::Index(index) => self.element(at, depth, *index)?,
            };
        }
        Ok(at)
    }

    fn object<'v>(
        &self,
        at: &'v mut Value,
        depth: usize,
    ) -> Result<&'v mut Map<String, Value>, InjectError> {
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        match at {
            Value::Object(object) => Ok(object),
            other => Err(self.wrong_shape(depth, "an object", other)),
        }
    }

    fn element<'v>(
        &self,
        at: &'v mut Value,
        depth: usize,
        index: i64,
    ) -> Result<&'v mut Value, InjectError> {
        if at.is_null() {
            *at = Value::Array(Vec::new());
        }
        let list = match at {
            Value::Array(list) => list,
            other => return Err(self.wrong_shape(depth, "a list", other)),
        };
        let len = list.len();
        let place = match usize::try_from(index) {
            Ok(place) => Some(place),
            Err(_) => usize::try_from(index.unsigned_abs())
                .ok()
                .and_then(|back| len.checked_sub(back)),
        };
        if place == Some(len) {
            list.push(Value::Null);
        }
        place
            .and_then(|place| list.get_mut(place))
            .ok_or_else(|| InjectError::BodyIndex {
                path: written(&self.steps[..=depth]),
                len,
            })
    }

    fn wrong_shape(&self, depth: usize, expected: &'static str, found: &Value) -> InjectError {
        InjectError::BodyShape {
            path: written(&self.steps[..depth]),
            expected,
            found: kind(found),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The scalar as JSON; `None` for a whole number that does not fit 64 bits.
fn json_value(scalar: &Scalar) -> Option<Value> {
    Some(match scalar {
        Scalar::Null => Value::Null,
        Scalar::Bool(truth) => Value::Bool(*truth),
        Scalar::Text(text) => Value::String(text.to_string()),
        Scalar::Number(text) => {
            let number: Number = serde_json::from_str(text).ok()?;
            let is_whole = !text.contains(['.', 'e', 'E']);
            if is_whole && number.is_f64() {
                return None;
            }
            Value::Number(number)
        }
    })
}

fn written(steps: &[Step]) -> String {
    Written(steps).to_string()
}

/// Steps as they are written; `$` for none.
struct Written<'p>(&'p [Step]);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("$");
        }
        for (depth, step) in self.0.iter().enumerate() {
            let dot = if depth == 0 { "" } else { "." };
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Name(name) if is_bare(name) => write!(f, "{dot}{name}")?,
                Step::Name(name) => {
                    let escaped = name.replace('\\', "\\\\").replace('\'', "\\'");
                    write!(f, "{dot}'{escaped}'")?;
                }
            }
        }
        Ok(())
    }
}

fn is_bare(name: &str) -> bool {
    !name.is_empty()
        && name != "$"
        && !name.contains(['.', '[', ']', '\'', '"', '\\'])
        && name.trim() == name
}

impl fmt::Display for BodyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Written(&self.steps).fmt(f)
    }
}

/// Why a text is not a [`BodyPath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not a path into a body: {problem} at character {at}")]
pub struct BodyPathError {
    /// The text.
    pub path: String,
    /// Where the mistake is, in characters from 1.
    pub at: usize,
    /// What the mistake is.
    pub problem: BodyPathProblem,
}

/// A mistake in a [`BodyPath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyPathProblem {
    /// A step has no name, or the whole text is empty.
    #[error("a name is missing")]
    MissingName,
    /// A quote or a bracket is not closed.
    #[error("`{0}` is missing")]
    Unclosed(char),
    /// Brackets hold neither an index nor a quoted name.
    #[error("brackets take an index or a quoted name")]
    BadIndex,
    /// Something follows a step that is neither a dot nor a bracket.
    #[error("a dot is missing")]
    MissingDot,
    /// The path begins with `$`, as selectors do.
    #[error("`$` has no meaning here")]
    Root,
}

impl Hint for BodyPathError {
    fn hint(&self) -> Option<String> {
        match self.problem {
            BodyPathProblem::Root => Some("leave `$.` out".to_owned()),
            BodyPathProblem::BadIndex => {
                Some("write `a[0]` for an element and `'a[x]'` for a name with brackets".to_owned())
            }
            _ => None,
        }
    }
}

impl FromStr for BodyPath {
    type Err = BodyPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut reader = Reader {
            text,
            rest: text.trim_end(),
        };
        reader.rest = reader.rest.trim_start();
        let mut steps = vec![reader.first()?];
        while let Some(step) = reader.next()? {
            steps.push(step);
        }
        Ok(Self { steps })
    }
}

struct Reader<'t> {
    text: &'t str,
    rest: &'t str,
}

impl Reader<'_> {
    fn first(&mut self) -> Result<Step, BodyPathError> {
        if self.rest.starts_with('[') {
            return self.bracket();
        }
        if self.rest == "$" || self.rest.starts_with("$.") || self.rest.starts_with("$[") {
            return Err(self.error(BodyPathProblem::Root));
        }
        self.name()
    }

    fn next(&mut self) -> Result<Option<Step>, BodyPathError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        if self.rest.starts_with('[') {
            return self.bracket().map(Some);
        }
        if !self.take('.') {
            return Err(self.error(BodyPathProblem::MissingDot));
        }
        if self.rest.starts_with('[') {
            return self.bracket().map(Some);
        }
        self.name().map(Some)
    }

    fn name(&mut self) -> Result<Step, BodyPathError> {
        if self.rest.starts_with(['\'', '"']) {
            return self.quoted().map(Step::Name);
        }
        let end = self
            .rest
            .find(['.', '[', ']', '\'', '"'])
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() {
            return Err(self.error(BodyPathProblem::MissingName));
        }
        self.rest = rest;
        Ok(Step::Name(name.to_owned()))
    }

    fn quoted(&mut self) -> Result<String, BodyPathError> {
        let mut letters = self.rest.char_indices();
        let quote = letters.next().map_or('"', |(_, quote)| quote);
        let mut name = String::new();
        while let Some((at, letter)) = letters.next() {
            if letter == quote {
                self.rest = &self.rest[at + quote.len_utf8()..];
                return Ok(name);
            }
            if letter == '\\' {
                name.extend(letters.next().map(|(_, escaped)| escaped));
            } else {
                name.push(letter);
            }
        }
        self.rest = "";
        Err(self.error(BodyPathProblem::Unclosed(quote)))
    }

    fn bracket(&mut self) -> Result<Step, BodyPathError> {
        let bracket = self.error(BodyPathProblem::BadIndex);
        self.take('[');
        let step = if self.rest.starts_with(['\'', '"']) {
            Step::Name(self.quoted()?)
        } else {
            let end = self.rest.find(']').unwrap_or(self.rest.len());
            let (index, rest) = self.rest.split_at(end);
            self.rest = rest;
            Step::Index(index.trim().parse().map_err(|_| bracket)?)
        };
        if self.take(']') {
            Ok(step)
        } else {
            Err(self.error(BodyPathProblem::Unclosed(']')))
        }
    }

    fn take(&mut self, letter: char) -> bool {
        match self.rest.strip_prefix(letter) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn error(&self, problem: BodyPathProblem) -> BodyPathError {
        let left = self.rest.chars().count();
        BodyPathError {
            path: self.text.to_owned(),
            at: self.text.trim_end().chars().count() - left + 1,
            problem,
        }
    }
}

#[cfg(test)]
mod tests;
