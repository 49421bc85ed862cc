//! Rules about answers, as they are meant for one resource.

use apiduct_client::rules::{ResponseRule, RuleAction};

use super::ResourcePlan;
use crate::error::{ConfigErrorKind, Problems};
use crate::spec::ResourceSpec;

/// Gives `plan` the rules of its endpoint, now that it is known whether it has a parent.
pub(super) fn compile(
    plan: &mut ResourcePlan,
    (own, merged): (&ResourceSpec, &ResourceSpec),
    problems: &mut Problems,
) {
    plan.expect = merged.endpoint.expect.value().cloned();
    let is_own = !own.endpoint.response_actions.is_absent();
    for rule in merged.endpoint.rules() {
        let is_orphan = rule.value.then == RuleAction::SkipParent && plan.parent.is_none();
        if is_orphan && is_own && !merged.is_broken {
            let kind = ConfigErrorKind::Conflict {
                reason: format!("resource `{}` has no parent to skip", plan.name),
                hint: Some("write `stop`, which ends the list before the page".to_owned()),
            };
            problems.push(&rule.path, rule.mark, kind);
        }
        // A rule of the defaults is for all: where there is no parent, the list ends.
        let then = if is_orphan {
            RuleAction::Stop
        } else {
            rule.value.then.clone()
        };
        plan.response_rules.push(ResponseRule {
            when: rule.value.when.clone(),
            then,
        });
    }
}
