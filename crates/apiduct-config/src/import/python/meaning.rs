//! From Python expressions to values of the file.

use super::super::ImportNote;
use super::super::out::{Out, Todo};
use super::classes;
use super::expr::{Argument, Expr, Parser, Part, What};
use super::module::{Call, Module};
use super::note;
use super::token;
use crate::locate::LineIndex;

/// How often a name may lead to another one.
const MAX_STEPS: usize = 30;

/// The members of a mapping.
type Members = Vec<(String, Out)>;

/// What a pipeline says: destination, dataset, name.
type PipelineParts = (Option<Out>, Option<Out>, Option<String>);

/// Reads values.
#[derive(Debug)]
pub(super) struct Reader<'m> {
    source: &'m str,
    index: &'m LineIndex<'m>,
    module: &'m Module,
    notes: Vec<ImportNote>,
    /// Names that are being followed.
    steps: usize,
}

impl<'m> Reader<'m> {
    pub(super) fn new(source: &'m str, index: &'m LineIndex<'m>, module: &'m Module) -> Self {
        Self {
            source,
            index,
            module,
            notes: Vec::new(),
            steps: 0,
        }
    }

    pub(super) fn into_notes(self) -> Vec<ImportNote> {
        self.notes
    }

    /// The configuration, and the name that the source is given.
    pub(super) fn configuration(&mut self) -> Option<(Members, Option<String>)> {
        let mut found: Option<(Members, Option<String>)> = None;
        let module = self.module;
        let is_source = |call: &&Call| call.name.starts_with("rest_api");
        for call in module.calls.iter().filter(is_source) {
            if found.is_some() {
                self.notes.push(ImportNote {
                    mark: self.index.mark(call.start),
                    message: format!("one more `{}` is not imported", call.name),
                });
                continue;
            }
            let Some(config) = self.config_of(call) else {
                continue;
            };
            let name = call
                .argument("name", 1)
                .map(|name| self.value(name, "name"));
            let name = name.as_ref().and_then(Out::as_text).map(str::to_owned);
            found = Some((config, name));
        }
        found.or_else(|| {
            let assigned: Vec<(&str, usize)> = module.assignments().collect();
            let mut configs = assigned.into_iter().filter_map(|(name, at)| {
                let value = module.value(name, at)?;
                is_config(value).then(|| self.members(value)).flatten()
            });
            configs.next().map(|config| (config, None))
        })
    }

    /// The configuration that `call` is given, as one argument or in parts.
    fn config_of(&mut self, call: &Call) -> Option<Members> {
        let parts = ["client", "resource_defaults", "resources"];
        let given = parts.map(|part| {
            let named = call.argument(part, usize::MAX)?;
            Some((part.to_owned(), self.value(named, part)))
        });
        if given[0].is_some() {
            return Some(given.into_iter().flatten().collect());
        }
        let config = call.argument("config", 0)?;
        let followed = self.follow(config);
        if is_config(followed) {
            self.members(followed)
        } else {
            None
        }
    }

    fn members(&mut self, config: &Expr) -> Option<Members> {
        match self.value(config, "") {
            Out::Map(members) => Some(members),
            _ => None,
        }
    }

    /// What names stand for in the end.
    fn follow<'e>(&self, expr: &'e Expr) -> &'e Expr
    where
        'm: 'e,
    {
        let mut expr = expr;
        for _ in 0..MAX_STEPS {
            let next = match &expr.what {
                What::Name(name) => self.module.value(name, expr.start),
                // `RESTAPIConfig(...)` and `cast(RESTAPIConfig, ...)` change nothing.
                What::Call(callee, arguments) => match dotted(callee).as_deref() {
                    Some("cast" | "typing.cast") => arguments.get(1).map(|one| &one.value),
                    _ => None,
                },
                _ => None,
            };
            match next {
                Some(next) => expr = next,
                None => break,
            }
        }
        expr
    }

    /// Destination, dataset and name of the pipeline, as far as they are plain.
    pub(super) fn pipeline(&mut self) -> PipelineParts {
        let module = self.module;
        for call in module.calls.iter().filter(|call| call.name == "run") {
            for option in ["write_disposition", "primary_key", "table_name"] {
                if let Some(value) = call.argument(option, usize::MAX) {
                    let message = format!(
                        "`{option}` of `run` is not taken over; write it under `resource_defaults`"
                    );
                    self.notes.push(note(self.index, value, message));
                }
            }
        }
        let Some(call) = module.calls.iter().find(|call| call.name == "pipeline") else {
            return (None, None, None);
        };
        let name = call
            .argument("pipeline_name", 0)
            .map(|name| self.value(name, "name"));
        let name = name.as_ref().and_then(Out::as_text).map(str::to_owned);
        let dataset = call
            .argument("dataset_name", usize::MAX)
            .map(|dataset| self.value(dataset, "dataset"));
        let destination = call.argument("destination", usize::MAX);
        let destination = destination.map(|one| self.destination(one, name.as_deref()));
        (destination, dataset, name)
    }

    fn destination(&mut self, expr: &Expr, name: Option<&str>) -> Out {
        let expr = self.follow(expr);
        let (kind, path) = match &expr.what {
            What::Call(callee, arguments) => {
                let path = arguments.first().map(|one| self.value(&one.value, ""));
                let path = path.as_ref().and_then(Out::as_text).map(str::to_owned);
                (dotted(callee).unwrap_or_default(), path)
            }
            What::Text(kind) => (kind.clone(), None),
            _ => (dotted(expr).unwrap_or_default(), None),
        };
        let path = path.filter(|path| !path.contains("://") && !path.starts_with(':'));
        let path = path.or_else(|| Some(format!("{}.duckdb", name?)));
        match (kind.rsplit('.').next(), path) {
            (Some("duckdb"), Some(path)) => Out::Text(format!("duckdb:{path}")),
            _ => self.todo(expr, "write the destination as it is called here"),
        }
    }

    /// The value of `expr`, which stands at `key`.
    fn value(&mut self, expr: &Expr, key: &str) -> Out {
        if let Some(reference) = reference(expr, key) {
            return Out::Text(reference);
        }
        match &expr.what {
            What::None => Out::Null,
            What::Bool(value) => Out::Bool(*value),
            What::Number(digits) => match number(digits) {
                Some(digits) => Out::Number(digits),
                None => self.todo(expr, "the number has no plain form"),
            },
            What::Text(text) => Out::text(text),
            What::Format(parts) => self.text(expr, parts, key),
            What::List(items) => {
                let items = items.iter().map(|item| self.value(item, key));
                Out::List(items.collect())
            }
            What::Dict(entries) => self.dict(entries),
            What::Name(name) => self.named(expr, name, key),
            What::Call(callee, arguments) => self.call(expr, callee, arguments, key),
            What::Sum(one, other) => match (self.value(one, key), self.value(other, key)) {
                (Out::Text(one), Out::Text(other)) => Out::Text(one + &other),
                (Out::List(mut one), Out::List(other)) => {
                    one.extend(other);
                    Out::List(one)
                }
                (Out::Map(mut one), Out::Map(other)) => {
                    merge(&mut one, other);
                    Out::Map(one)
                }
                _ => self.todo(expr, "an expression is no plain data"),
            },
            What::Either(first, _) => {
                let message = format!("the condition of `{key}` is not taken over");
                self.notes.push(note(self.index, expr, message));
                self.value(first, key)
            }
            What::Attribute(..) | What::Index(..) => self.todo(expr, "this is no plain data"),
            What::Other(what) => {
                let why = format!("{what} is no plain data");
                self.todo(expr, &why)
            }
        }
    }

    fn todo(&self, expr: &Expr, why: &str) -> Out {
        let source = self.source.get(expr.start..expr.end).unwrap_or_default();
        Out::Todo(Todo {
            source: source.to_owned(),
            mark: self.index.mark(expr.start),
            why: why.to_owned(),
        })
    }

    fn named(&mut self, expr: &Expr, name: &str, key: &str) -> Out {
        let module = self.module;
        let Some(value) = module
            .value(name, expr.start)
            .filter(|_| self.steps < MAX_STEPS)
        else {
            return self.todo(expr, &format!("`{name}` has no plain value in this file"));
        };
        // A secret without a name of its own is called like what it is assigned to.
        let key = if matches!(value.what, What::Attribute(..)) {
            name
        } else {
            key
        };
        self.steps += 1;
        let value = self.value(value, key);
        self.steps -= 1;
        match value {
            Out::Todo(inner) => self.todo(expr, &inner.why),
            value => value,
        }
    }

    /// A text with expressions in it.
    fn text(&mut self, expr: &Expr, parts: &[Part], key: &str) -> Out {
        let mut whole = String::new();
        for part in parts {
            match part {
                Part::Text(text) => whole.push_str(text),
                Part::Source(source) => {
                    let value = match token::tokens(source) {
                        Ok(tokens) => {
                            let mut inner = Parser::new(&tokens, 0).expr();
                            // Names count by where the text is.
                            place(&mut inner, expr);
                            self.value(&inner, key)
                        }
                        Err(_) => Out::Null,
                    };
                    match value {
                        Out::Text(text) | Out::Number(text) => whole.push_str(&text),
                        _ => return self.todo(expr, &format!("`{source}` has no plain value")),
                    }
                }
            }
        }
        Out::Text(whole)
    }

    fn dict(&mut self, entries: &[(Option<Expr>, Expr)]) -> Out {
        let mut members = Vec::new();
        for (key, value) in entries {
            let Some(key) = key else {
                match self.value(value, "") {
                    Out::Map(unpacked) => merge(&mut members, unpacked),
                    other => {
                        let todo = match other {
                            Out::Todo(todo) => Out::Todo(todo),
                            _ => self.todo(value, "this is no plain data"),
                        };
                        members.push(("**".to_owned(), todo));
                    }
                }
                continue;
            };
            match self.value(key, "") {
                Out::Text(name) | Out::Number(name) => {
                    let value = self.value(value, &name);
                    merge(&mut members, vec![(name, value)]);
                }
                _ => {
                    let todo = self.todo(value, "its key is no plain text");
                    members.push(("?".to_owned(), todo));
                }
            }
        }
        Out::Map(members)
    }

    /// A paginator, an authentication or an incremental, as a mapping.
    fn call(&mut self, expr: &Expr, callee: &Expr, arguments: &[Argument], key: &str) -> Out {
        let name = dotted(callee).unwrap_or_default();
        if matches!(name.as_str(), "dict" | "cast" | "typing.cast") {
            let followed = self.follow(expr);
            if followed != expr {
                return self.value(followed, key);
            }
            let named = |argument: &Argument| argument.name.is_some();
            if name == "dict" && arguments.iter().all(named) {
                let pairs = arguments.iter().map(|one| {
                    let name = one.name.clone().unwrap_or_default();
                    let value = self.value(&one.value, &name);
                    (name, value)
                });
                return Out::Map(pairs.collect());
            }
        }
        let Some(class) = classes::find(&name) else {
            return self.todo(expr, "a call is no plain data");
        };
        let mut members = vec![("type".to_owned(), Out::text(class.kind))];
        for (position, argument) in arguments.iter().enumerate() {
            let name = match &argument.name {
                Some(name) => name.clone(),
                None => match class.parameters.get(position) {
                    Some(name) => (*name).to_owned(),
                    None => return self.todo(expr, "it has more arguments than are known"),
                },
            };
            if name.is_empty() {
                return self.todo(expr, "unpacked arguments are no plain data");
            }
            let value = self.value(&argument.value, &name);
            members.push((name, value));
        }
        Out::Map(members)
    }
}

/// Puts `expr` and all in it where `other` is.
fn place(expr: &mut Expr, other: &Expr) {
    (expr.start, expr.end) = (other.start, other.end);
    match &mut expr.what {
        What::Attribute(inner, _) => place(inner, other),
        What::Index(inner, index) => {
            place(inner, other);
            place(index, other);
        }
        What::Call(inner, arguments) => {
            place(inner, other);
            for argument in arguments {
                place(&mut argument.value, other);
            }
        }
        _ => {}
    }
}

fn merge(members: &mut Members, more: Members) {
    for (key, value) in more {
        match members.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = value,
            None => members.push((key, value)),
        }
    }
}

/// Whether `expr` has the keys of a configuration.
fn is_config(expr: &Expr) -> bool {
    let What::Dict(entries) = &expr.what else {
        return false;
    };
    ["client", "resources"].iter().all(|wanted| {
        entries.iter().any(|(key, _)| {
            matches!(key.as_ref().map(|key| &key.what), Some(What::Text(text)) if text == wanted)
        })
    })
}

/// A name with its attributes: `dlt.secrets.value`.
fn dotted(expr: &Expr) -> Option<String> {
    match &expr.what {
        What::Name(name) => Some(name.clone()),
        What::Attribute(inner, name) => Some(format!("{}.{name}", dotted(inner)?)),
        _ => None,
    }
}

/// The reference that says the same as `expr`, which stands at `key`: a secret, a setting, the environment.
fn reference(expr: &Expr, key: &str) -> Option<String> {
    let text = |expr: &Expr| match &expr.what {
        What::Text(text) => Some(text.clone()),
        _ => None,
    };
    let (from, name) = match &expr.what {
        What::Attribute(inner, name) if name == "value" => (dotted(inner)?, key.to_owned()),
        What::Index(inner, index) => (dotted(inner)?, text(index)?),
        What::Call(callee, arguments) => {
            let name = text(&arguments.first()?.value)?;
            let callee = dotted(callee)?;
            let from = callee.strip_suffix(".get").unwrap_or(&callee);
            (from.to_owned(), name)
        }
        _ => return None,
    };
    match from.as_str() {
        "dlt.secrets" | "dlt.config" | "secrets" => Some(format!("${{secret:{name}}}")),
        "os.environ" | "environ" | "os.getenv" | "getenv" => Some(format!("${{env:{name}}}")),
        _ => None,
    }
}

/// A Python number in JSON spelling.
fn number(digits: &str) -> Option<String> {
    let plain = digits.replace('_', "");
    let (sign, bare) = match plain.strip_prefix('-') {
        Some(bare) => ("-", bare),
        None => ("", plain.as_str()),
    };
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = bare.strip_prefix(prefix) {
            let whole = u64::from_str_radix(digits, radix).ok()?;
            return Some(format!("{sign}{whole}"));
        }
    }
    let mut json = bare.to_owned();
    if json.starts_with('.') {
        json.insert(0, '0');
    }
    if json.ends_with('.') {
        json.push('0');
    }
    let json = json.replace(".e", ".0e");
    let json = format!("{sign}{json}");
    serde_json::from_str::<serde_json::Number>(&json)
        .is_ok()
        .then_some(json)
}
