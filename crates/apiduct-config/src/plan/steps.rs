//! Row steps, compiled.

use apiduct_model::Place;
use apiduct_steps::{CustomStep, Step};

use crate::error::Problems;
use crate::registry::Registry;
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

pub(super) fn plan(
    written: &Written<Vec<StepSpec>>,
    file: &str,
    registry: &Registry,
    problems: &mut Problems,
) -> Vec<StepPlan> {
    let steps = written.value().map(Vec::as_slice).unwrap_or_default();
    steps
        .iter()
        .map(|spec| StepPlan {
            step: step(spec, registry, problems),
            salt: spec.salt.clone(),
            place: spec.mark.in_file(file),
        })
        .collect()
}

/// The step, with what runs if it is one of the program's own.
fn step(spec: &StepSpec, registry: &Registry, problems: &mut Problems) -> Step {
    let Some(custom) = &spec.custom else {
        return spec.step.clone();
    };
    let step = match registry.make_step(&custom.value) {
        Ok(step) => Some(step),
        Err(kind) => {
            // Steps of `resource_defaults` are met once for each resource.
            if !problems.has_under(&custom.path) {
                problems.push(&custom.path, custom.mark, kind);
            }
            None
        }
    };
    Step::Custom(CustomStep {
        name: custom.value.name.clone(),
        step,
    })
}
