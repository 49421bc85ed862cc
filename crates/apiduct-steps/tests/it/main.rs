//! What steps make of records.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod builtin;
mod errors;
mod programs;
mod property;

use apiduct_model::{Place, Redactor};
use apiduct_steps::{FieldPath, Kept, PlacedStep, Program, Runner, Step, StepError, Steps};

fn program(text: &str) -> Program {
    Program::parse(text).unwrap()
}

fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).unwrap()
}

fn paths(texts: &[&str]) -> Vec<FieldPath> {
    texts.iter().map(|text| path(text)).collect()
}

fn steps(steps: Vec<Step>) -> Steps {
    let place = |at: usize| Place {
        file: "shop.yaml".to_owned(),
        line: 10 + at,
        column: 9,
    };
    let placed = steps.into_iter().enumerate();
    Steps::new(
        placed
            .map(|(at, step)| PlacedStep {
                step,
                place: place(at),
            })
            .collect(),
    )
}

fn try_all(list: Vec<Step>, records: &[&str]) -> Result<Vec<String>, StepError> {
    let mut runner = Runner::new(steps(list).with_redactor(Redactor::default()));
    let mut out = Vec::new();
    for record in records {
        match runner.apply(record, &[])? {
            Kept::AsItIs => out.push((*record).to_owned()),
            Kept::Changed(records) => out.extend(records.iter().cloned()),
        }
    }
    Ok(out)
}

#[track_caller]
fn gives(list: Vec<Step>, records: &[&str], expected: &[&str]) {
    assert_eq!(try_all(list, records).unwrap(), expected);
}
