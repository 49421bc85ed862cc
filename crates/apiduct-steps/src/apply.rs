use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use apiduct_model::Scalar;
use indexmap::IndexMap;
use jaq_json::{Map, Val};
use xxhash_rust::xxh3::xxh3_128;

use crate::builtin;
use crate::error::{StepError, StepProblem};
use crate::field::find;
use crate::program::{MAX_RESULTS, Program};
use crate::step::{PlacedStep, Step, Steps};
use crate::{FieldPath, value};

/// What became of a record.
#[derive(Debug, PartialEq, Eq)]
pub enum Kept<'r> {
    /// It stays as it is, to the byte.
    AsItIs,
    /// These records, as compact JSON, take its place; none when it was dropped.
    Changed(&'r [String]),
}

/// Applies [`Steps`] to the records of one pull, one after another. It keeps what `dedupe` has to remember.
#[derive(Debug)]
pub struct Runner {
    steps: Steps,
    /// For each step, the records that it has seen, if it remembers them.
    seen: Vec<Option<Seen>>,
    dropped: IndexMap<&'static str, u64>,
    results: Vec<String>,
}

/// The newest keys, as digests.
#[derive(Debug)]
struct Seen {
    digests: HashSet<u128>,
    order: VecDeque<u128>,
    memory: usize,
}

impl Seen {
    fn new(memory: usize) -> Self {
        Self {
            digests: HashSet::new(),
            order: VecDeque::new(),
            memory,
        }
    }

    /// Whether `digest` is new, and remembers it.
    fn is_new(&mut self, digest: u128) -> bool {
        if !self.digests.insert(digest) {
            return false;
        }
        self.order.push_back(digest);
        if self.order.len() > self.memory
            && let Some(oldest) = self.order.pop_front()
        {
            self.digests.remove(&oldest);
        }
        true
    }
}

impl Runner {
    /// A runner that has seen no record.
    pub fn new(steps: Steps) -> Self {
        let remembers = |one: &PlacedStep| match &one.step {
            Step::Dedupe { memory, .. } => Some(Seen::new(*memory)),
            _ => None,
        };
        Self {
            seen: steps.iter().map(remembers).collect(),
            steps,
            dropped: IndexMap::new(),
            results: Vec::new(),
        }
    }

    /// Records dropped so far, by the word of the step.
    pub fn dropped(&self) -> &IndexMap<&'static str, u64> {
        &self.dropped
    }

    /// Applies all steps to `record`, JSON text. `fields` are put in front of its own, and win over them: what a child
    /// gets from its parent.
    ///
    /// # Errors
    /// [`StepError`] of the step that cannot be done with the record. What `dedupe` has seen of it stays seen.
    pub fn apply(
        &mut self,
        record: &str,
        fields: &[(String, Scalar)],
    ) -> Result<Kept<'_>, StepError> {
        self.results.clear();
        if self.steps.is_empty() && fields.is_empty() {
            return Ok(Kept::AsItIs);
        }
        let at_first = |problem: StepProblem| self.failed(0, || value::excerpt(record), problem);
        let mut whole = value::read(record).map_err(|source| at_first(source.into()))?;
        add_fields(&mut whole, fields).map_err(at_first)?;
        let mut is_changed = !fields.is_empty();
        let mut values = vec![whole];
        for at in 0..self.steps.steps.len() {
            let mut next = Vec::with_capacity(values.len());
            for value in values {
                is_changed |= self.step(at, &value, &mut next)?;
                if next.len() > MAX_RESULTS {
                    let problem = StepProblem::TooManyResults { limit: MAX_RESULTS };
                    return Err(self.failed(at, || value::excerpt(record), problem));
                }
            }
            values = next;
        }
        if !is_changed && !values.is_empty() {
            return Ok(Kept::AsItIs);
        }
        let last = self.steps.steps.len().saturating_sub(1);
        for value in &values {
            let text = value::to_json(value)
                .map_err(|problem| self.failed(last, || value::excerpt_of(value), problem))?;
            self.results.push(text);
        }
        Ok(Kept::Changed(&self.results))
    }

    /// Applies one step to one record, and says whether it may have changed it.
    fn step(&mut self, at: usize, record: &Val, next: &mut Vec<Val>) -> Result<bool, StepError> {
        let before = next.len();
        let steps = Arc::clone(&self.steps.steps);
        let step = &steps[at].step;
        let outcome = match step {
            Step::Filter(program) => keeps(program, record).map(|keeps| {
                next.extend(keeps.then(|| record.clone()));
                false
            }),
            Step::Map(program) => map(program, record).map(|mapped| {
                next.extend(mapped);
                true
            }),
            Step::YieldMap(program) => program
                .run(record.clone(), |result| {
                    next.push(as_record(result)?);
                    Ok(true)
                })
                .map(|()| true),
            Step::Dedupe { fields, .. } => digest(record, fields).map(|digest| {
                let seen = self.seen[at].as_mut();
                let is_new = match (seen, digest) {
                    (Some(seen), Some(digest)) => seen.is_new(digest),
                    _ => true,
                };
                next.extend(is_new.then(|| record.clone()));
                false
            }),
            Step::Custom(custom) => custom.run(record, next),
            Step::Explode(field) => builtin::explode(record, field, next).map(|()| true),
            other => builtin::change(record.clone(), other).map(|changed| {
                next.push(changed);
                true
            }),
        };
        if outcome.is_ok() && next.len() == before {
            *self.dropped.entry(step.word()).or_default() += 1;
        }
        outcome.map_err(|problem| self.failed(at, || value::excerpt_of(record), problem))
    }

    fn failed(
        &self,
        at: usize,
        record: impl FnOnce() -> String,
        problem: StepProblem,
    ) -> StepError {
        let redactor = &self.steps.redactor;
        let mask = |text: &str| redactor.redact(text).into_owned();
        let step = self.steps.steps.get(at);
        StepError {
            step: step.map_or_else(
                || "include_from_parent".to_owned(),
                |one| mask(&one.step.to_string()),
            ),
            place: step.map_or_else(
                || apiduct_model::Place {
                    file: String::new(),
                    line: 0,
                    column: 0,
                },
                |one| one.place.clone(),
            ),
            record: mask(&record()),
            problem: Box::new(masked(problem, mask)),
        }
    }
}

fn masked(problem: StepProblem, mask: impl Fn(&str) -> String) -> StepProblem {
    match problem {
        StepProblem::Program { message } => StepProblem::Program {
            message: mask(&message),
        },
        StepProblem::Cast { field, value, what } => StepProblem::Cast {
            field,
            value: mask(&value),
            what,
        },
        other => other,
    }
}

/// Puts `fields` in front of those of the record.
fn add_fields(record: &mut Val, fields: &[(String, Scalar)]) -> Result<(), StepProblem> {
    let Val::Obj(object) = record else {
        return match fields {
            [] => Ok(()),
            _ => Err(StepProblem::NotARecord {
                kind: value::kind(record),
            }),
        };
    };
    if fields.is_empty() {
        return Ok(());
    }
    let mut whole = Map::default();
    for (key, scalar) in fields {
        whole.insert(value::text(key), value::read(&scalar.to_json())?);
    }
    for (key, own) in object.iter() {
        whole.entry(key.clone()).or_insert_with(|| own.clone());
    }
    *object = whole.into();
    Ok(())
}

fn keeps(program: &Program, record: &Val) -> Result<bool, StepProblem> {
    let mut keeps = false;
    program.run(record.clone(), |result| {
        keeps = !matches!(result, Val::Null | Val::Bool(false));
        Ok(!keeps)
    })?;
    Ok(keeps)
}

fn map(program: &Program, record: &Val) -> Result<Option<Val>, StepProblem> {
    let mut mapped = None;
    program.run(record.clone(), |result| {
        if mapped.is_some() {
            return Err(StepProblem::SeveralResults);
        }
        mapped = Some(as_record(result)?);
        Ok(true)
    })?;
    Ok(mapped)
}

fn as_record(result: Val) -> Result<Val, StepProblem> {
    match result {
        Val::Obj(_) => Ok(result),
        other => Err(StepProblem::NotARecord {
            kind: value::kind(&other),
        }),
    }
}

/// The digest of the values of `fields`; `None` when all of them are missing or null.
fn digest(record: &Val, fields: &[FieldPath]) -> Result<Option<u128>, StepProblem> {
    let mut text = String::new();
    let mut has_any = false;
    for field in fields {
        match find(record, field.keys()) {
            None | Some(Val::Null) => text.push_str("null"),
            Some(found) => {
                has_any = true;
                value::write(found, &mut text)?;
            }
        }
        text.push(',');
    }
    Ok(has_any.then(|| xxh3_128(text.as_bytes())))
}
