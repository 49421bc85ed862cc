//! Row steps with their salts.

use apiduct_model::SecretText;
use apiduct_steps::{PlacedStep, Step, Steps};

use super::apply::Resolver;
use super::secrets::Use;
use crate::plan::{ResourcePlan, StepPlan};

impl Resolver<'_> {
    /// The steps of `resource`, if it has any.
    pub(super) fn steps(&mut self, resource: &ResourcePlan) -> Option<Steps> {
        if resource.steps.is_empty() {
            return None;
        }
        let placed = resource.steps.iter().map(|plan| PlacedStep {
            step: self.step(plan),
            place: plan.place.clone(),
        });
        let steps = Steps::new(placed.collect());
        Some(steps.with_redactor(self.secrets.redactor().clone()))
    }

    fn step(&mut self, plan: &StepPlan) -> Step {
        let mut step = plan.step.clone();
        if let (Step::Hash { salt, .. }, Some(written)) = (&mut step, &plan.salt) {
            *salt = self.text(written, Use::Credential).map(SecretText::from);
        }
        step
    }
}
