use std::fmt;
use std::sync::Arc;

use apiduct_model::Scalar;
use jaq_core::load::{Arena, Error as LoadError, File, Loader};
use jaq_core::native::{bome, run, v};
use jaq_core::{Compiler, Ctx, Filter, Vars, compile, data, load};
use jaq_json::{Error, Val};

use crate::error::{ProgramError, StepProblem};
use crate::value;

/// Results that a program may give for one record.
pub const MAX_RESULTS: usize = 100_000;

type Data = data::JustLut<Val>;

/// Native filters that reach for more than the record, and `fromjson`, which is replaced by one that is bounded.
const LEFT_OUT: [&str; 8] = [
    "env",
    "now",
    "localtime",
    "strflocaltime",
    "debug_empty",
    "stderr_empty",
    "halt",
    "fromjson",
];

/// Definitions that rest on them.
const UNDEFINED: [&str; 4] = ["debug", "stderr", "halt", "halt_error"];

/// A compiled jq program.
///
/// It is given one value and gives any number of results, at most [`MAX_RESULTS`]. It reaches nothing but that value.
/// A program that runs forever without a result is not stopped.
///
/// ```
/// use apiduct_steps::Program;
///
/// let program = Program::parse(".items[] | {id, total: (.price * .count)}")?;
/// let order = r#"{"items": [{"id": 10000000000000000001, "price": 2, "count": 3}]}"#;
/// assert_eq!(program.run_json(order)?, [r#"{"id":10000000000000000001,"total":6}"#]);
///
/// let error = Program::parse(".items[ | 1").unwrap_err();
/// assert_eq!((error.line, error.column), (1, 12));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Program {
    text: Arc<str>,
    filter: Arc<Filter<Data>>,
}

impl Program {
    /// Compiles `text`.
    ///
    /// # Errors
    /// The first mistake in it, with its place in the program.
    pub fn parse(text: &str) -> Result<Self, ProgramError> {
        let is_defined = |def: &load::parse::Def<&'static str>| !UNDEFINED.contains(&def.name);
        let defs = jaq_core::defs()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs());
        let arena = Arena::default();
        let file = File {
            code: text,
            path: (),
        };
        let modules = Loader::new(defs.filter(is_defined))
            .load(&arena, file)
            .map_err(|errors| not_loaded(text, &errors))?;
        load::import(&modules, |_| Err(String::new()))
            .map_err(|errors| not_loaded(text, &errors))?;
        let funs = jaq_core::funs::<Data>()
            .chain(jaq_std::funs())
            .chain(jaq_json::funs())
            .filter(|(name, ..)| !LEFT_OUT.contains(name))
            .chain([from_json()]);
        let filter = Compiler::default()
            .with_funs(funs)
            .compile(modules)
            .map_err(|errors| not_compiled(text, &errors))?;
        Ok(Self {
            text: text.into(),
            filter: Arc::new(filter),
        })
    }

    /// The program as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Hands each result for `input` to `take`, which says whether it wants more.
    pub(crate) fn run(
        &self,
        input: Val,
        mut take: impl FnMut(Val) -> Result<bool, StepProblem>,
    ) -> Result<(), StepProblem> {
        let context = Ctx::<Data>::new(&self.filter.lut, Vars::new([]));
        for (count, result) in self.filter.id.run((context, input)).enumerate() {
            if count >= MAX_RESULTS {
                return Err(StepProblem::TooManyResults { limit: MAX_RESULTS });
            }
            let result = result.map_err(|exception| match exception.get_err() {
                Ok(error) => failed(error),
                Err(_) => StepProblem::Program {
                    message: "the program was halted".to_owned(),
                },
            })?;
            if !take(result)? {
                break;
            }
        }
        Ok(())
    }

    /// The results for the JSON text `input`, as compact JSON. Numbers that are not calculated with keep their digits.
    ///
    /// # Errors
    /// When `input` is not JSON, when the program fails on it, and when a result is not JSON.
    pub fn run_json(&self, input: &str) -> Result<Vec<String>, StepProblem> {
        let mut results = Vec::new();
        self.run(value::read(input)?, |result| {
            results.push(value::to_json(&result)?);
            Ok(true)
        })?;
        Ok(results)
    }

    /// The one result for a single value: for conversions of parameters and cursors.
    ///
    /// # Errors
    /// As [`Program::run_json`], and when there is no result, more than one, or one that is a list or an object.
    ///
    /// ```
    /// use apiduct_model::Scalar;
    /// use apiduct_steps::Program;
    ///
    /// let to_unix = Program::parse("fromdate")?;
    /// let number = to_unix.convert(&Scalar::Text("2024-01-01T00:00:00Z".into()))?;
    /// assert_eq!(number, Scalar::Number("1704067200".into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn convert(&self, input: &Scalar) -> Result<Scalar, StepProblem> {
        let mut results = Vec::new();
        self.run(value::read(&input.to_json())?, |result| {
            results.push(result);
            Ok(results.len() < 2)
        })?;
        let result = results.pop().ok_or(StepProblem::NoResult)?;
        if !results.is_empty() {
            return Err(StepProblem::SeveralResults);
        }
        match &result {
            Val::Null => Ok(Scalar::Null),
            Val::Bool(value) => Ok(Scalar::Bool(*value)),
            Val::Num(_) => Ok(Scalar::Number(value::to_json(&result)?.into())),
            Val::TStr(_) => match value::as_text(&result) {
                Some(text) => Ok(Scalar::Text(text.into())),
                None => Err(StepProblem::NotJson {
                    what: "a text that is not UTF-8",
                }),
            },
            other => Err(StepProblem::NotAScalar {
                kind: value::kind(other),
            }),
        }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({})", self.text)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Program {}

/// `fromjson` for one document, with the bounds of our own parser.
fn from_json() -> jaq_core::native::Fun<Data> {
    run(("fromjson", v(0), |context| {
        bome(match value::as_text(&context.1) {
            Some(text) => value::read(text)
                .map_err(|error| Error::str(format!("{error} in `{}`", value::excerpt(text)))),
            None => Err(Error::typ(context.1, "string")),
        })
    }))
}

fn failed(error: Error) -> StepProblem {
    let thrown = error.into_val();
    let message = match value::as_text(&thrown) {
        Some(text) => value::excerpt(text),
        None => value::excerpt_of(&thrown),
    };
    StepProblem::Program { message }
}

type LoadErrors<'s> = load::Errors<&'s str, ()>;

fn not_loaded(text: &str, errors: &LoadErrors<'_>) -> ProgramError {
    let first = errors.iter().map(|(_, error)| error).next();
    let (found, reason) = match first {
        Some(LoadError::Lex(errors)) => match errors.first() {
            Some((expected, found)) => (*found, format!("expected {}", expected.as_str())),
            None => (text, "this is not jq".to_owned()),
        },
        Some(LoadError::Parse(errors)) => match errors.first() {
            Some((expected, found)) => (*found, expected_instead(expected.as_str(), found)),
            None => (text, "this is not jq".to_owned()),
        },
        Some(LoadError::Io(modules)) => match modules.first() {
            Some((path, _)) => (
                *path,
                format!("module `{path}` cannot be had: a program stands alone"),
            ),
            None => (text, "modules cannot be had".to_owned()),
        },
        None => (text, "this is not jq".to_owned()),
    };
    at(text, found, reason, None)
}

fn expected_instead(expected: &str, found: &str) -> String {
    let found: String = found.chars().take(20).collect();
    if found.is_empty() {
        format!("expected {expected}, and the program ends")
    } else {
        format!("expected {expected}, found `{found}`")
    }
}

fn not_compiled(text: &str, errors: &compile::Errors<&str, ()>) -> ProgramError {
    let first = errors.iter().flat_map(|(_, errors)| errors).next();
    let Some((name, undefined)) = first else {
        return at(text, text, "this is not jq".to_owned(), None);
    };
    let reaches_out = LEFT_OUT.contains(name)
        || UNDEFINED.contains(name)
        || [
            "input",
            "inputs",
            "$ENV",
            "input_filename",
            "$__prog_args",
            "getpath_env",
        ]
        .contains(name);
    let reason = match undefined {
        compile::Undefined::Filter(arguments) if *arguments > 0 => {
            format!("there is no filter `{name}` of {arguments} arguments")
        }
        other => format!("there is no {} `{name}`", other.as_str()),
    };
    let hint = reaches_out.then(|| {
        "a program sees the record alone: no environment, no clock, no files, no output".to_owned()
    });
    at(text, name, reason, hint)
}

/// The error at `part` of `text`.
fn at(text: &str, part: &str, reason: String, hint: Option<String>) -> ProgramError {
    let offset = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    // What is not a part of the text has no place in it.
    let before = text.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    ProgramError {
        reason,
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        hint,
    }
}

#[cfg(test)]
mod tests;
