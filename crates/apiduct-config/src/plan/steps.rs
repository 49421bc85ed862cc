//! Row steps, compiled.

use apiduct_model::Place;
use apiduct_steps::Step;

use crate::spec::{Located, StepSpec, Written};
use crate::template::Template;

/// One step on each record, ready but for its salt.
#[derive(Debug, Clone, PartialEq)]
pub struct StepPlan {
    /// What it does; a `hash` gets its salt when secrets are read.
    pub step: Step,
    /// The salt of a `hash`.
    pub salt: Option<Located<Template>>,
    /// Where it stands in the file.
    pub place: Place,
}

pub(super) fn plan(written: &Written<Vec<StepSpec>>, file: &str) -> Vec<StepPlan> {
    let steps = written.value().map(Vec::as_slice).unwrap_or_default();
    steps
        .iter()
        .map(|spec| StepPlan {
            step: spec.step.clone(),
            salt: spec.salt.clone(),
            place: spec.mark.in_file(file),
        })
        .collect()
}
