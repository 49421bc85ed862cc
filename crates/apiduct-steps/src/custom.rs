//! Steps that a program defines.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use jaq_json::Val;

use crate::error::StepProblem;
use crate::value;

/// Why a step of a program could not be done with a record.
pub type RowStepError = Box<dyn Error + Send + Sync>;

/// What became of a record in a [`RowStep`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowOutcome {
    /// It stays as it is.
    Keep,
    /// It is left out, and counted as such.
    Drop,
    /// These records, each an object as JSON text, take its place.
    Replace(Vec<String>),
}

/// A step on records that a program defines.
///
/// It sees one record at a time, in order, as JSON text with all its digits. A resource has one step, which all runs of a
/// plan share; what it remembers between records is its own affair.
pub trait RowStep: fmt::Debug + Send + Sync {
    /// What becomes of `record`, an object as JSON text.
    ///
    /// # Errors
    /// When nothing can become of it: that ends the run, with resource, page, record and step in the message.
    fn apply(&self, record: &str) -> Result<RowOutcome, RowStepError>;
}

/// A function as a [`RowStep`].
///
/// ```
/// use apiduct_steps::{RowOutcome, RowStep, row_fn};
///
/// let step = row_fn(|record| {
///     Ok(if record.contains("spam") { RowOutcome::Drop } else { RowOutcome::Keep })
/// });
/// assert_eq!(step.apply(r#"{"text": "spam"}"#)?, RowOutcome::Drop);
/// # Ok::<(), apiduct_steps::RowStepError>(())
/// ```
pub fn row_fn<F>(function: F) -> RowFn<F>
where
    F: Fn(&str) -> Result<RowOutcome, RowStepError> + Send + Sync,
{
    RowFn(function)
}

/// See [`row_fn`].
#[derive(Clone)]
pub struct RowFn<F>(F);

impl<F> fmt::Debug for RowFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowFn")
    }
}

impl<F> RowStep for RowFn<F>
where
    F: Fn(&str) -> Result<RowOutcome, RowStepError> + Send + Sync,
{
    fn apply(&self, record: &str) -> Result<RowOutcome, RowStepError> {
        (self.0)(record)
    }
}

/// A step of a program, by its name in the file.
#[derive(Debug, Clone)]
pub struct CustomStep {
    /// The name.
    pub name: String,
    /// What runs; `None` until a plan has found it.
    pub step: Option<Arc<dyn RowStep>>,
}

impl PartialEq for CustomStep {
    /// Whether both are called the same and run the same.
    fn eq(&self, other: &Self) -> bool {
        let is_same = match (&self.step, &other.step) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (one, two) => one.is_none() && two.is_none(),
        };
        self.name == other.name && is_same
    }
}

impl CustomStep {
    /// Runs on `record` and adds what becomes of it to `next`; says whether it may have changed.
    pub(crate) fn run(&self, record: &Val, next: &mut Vec<Val>) -> Result<bool, StepProblem> {
        let failed = |message: String| StepProblem::Program { message };
        let Some(step) = &self.step else {
            return Err(failed("the program has no such step".to_owned()));
        };
        let text = value::to_json(record)?;
        match step.apply(&text).map_err(|error| failed(chain(&*error)))? {
            RowOutcome::Keep => {
                next.push(record.clone());
                Ok(false)
            }
            RowOutcome::Drop => Ok(false),
            RowOutcome::Replace(records) => {
                for text in records {
                    match value::read(&text)? {
                        object @ Val::Obj(_) => next.push(object),
                        other => {
                            let kind = value::kind(&other);
                            return Err(StepProblem::NotARecord { kind });
                        }
                    }
                }
                Ok(true)
            }
        }
    }
}

/// An error with its causes: as text, so that secrets in it are masked.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use apiduct_model::{Place, Redactor, SecretText};

    use super::*;
    use crate::{Kept, PlacedStep, Runner, Step, StepError, Steps};

    fn steps(step: impl RowStep + 'static) -> Steps {
        let place = Place {
            file: "shop.yaml".to_owned(),
            line: 9,
            column: 4,
        };
        let step = Step::Custom(CustomStep {
            name: "ours".to_owned(),
            step: Some(Arc::new(step)),
        });
        Steps::new(vec![PlacedStep { step, place }])
    }

    fn run(
        function: impl Fn(&str) -> Result<RowOutcome, RowStepError> + Send + Sync + 'static,
        record: &str,
    ) -> Result<Option<Vec<String>>, StepError> {
        let mut runner = Runner::new(steps(row_fn(function)));
        Ok(match runner.apply(record, &[])? {
            Kept::AsItIs => None,
            Kept::Changed(records) => Some(records.to_vec()),
        })
    }

    #[test]
    fn a_step_of_a_program_keeps_drops_and_replaces_records_to_the_digit() {
        let big = r#"{"n": 123456789012345678901234567890.10}"#;
        assert_eq!(run(|_| Ok(RowOutcome::Keep), big).unwrap(), None);
        assert_eq!(run(|_| Ok(RowOutcome::Drop), big).unwrap(), Some(vec![]));
        let twice = |record: &str| Ok(RowOutcome::Replace(vec![record.to_owned(); 2]));
        let one = r#"{"n":123456789012345678901234567890.10}"#.to_owned();
        assert_eq!(run(twice, big).unwrap(), Some(vec![one.clone(), one]));
    }

    #[test]
    fn what_is_dropped_is_counted_under_the_word_of_the_step() {
        let mut runner = Runner::new(steps(row_fn(|_| Ok(RowOutcome::Drop))));
        runner.apply("{}", &[]).unwrap();
        assert_eq!(runner.dropped().get("custom"), Some(&1));
    }

    #[test]
    fn an_error_names_step_place_and_causes_with_secrets_masked() {
        let redactor = Redactor::default();
        redactor.register(&SecretText::from("hunter2".to_owned()));
        let steps = steps(row_fn(|_| Err("no key hunter2".into()))).with_redactor(redactor);
        let error = Runner::new(steps).apply(r#"{"a":1}"#, &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"step `custom: ours` (shop.yaml:9:4) fails on `{"a":1}`"#
        );
        assert_eq!(error.problem.to_string(), "no key ***");
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for text in ["[1]", "{", ""] {
            let replaced = text.to_owned();
            let outcome = run(
                move |_| Ok(RowOutcome::Replace(vec![replaced.clone()])),
                "{}",
            );
            assert!(outcome.is_err(), "{text}");
        }
    }
}
