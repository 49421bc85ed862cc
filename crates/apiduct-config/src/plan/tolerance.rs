//! How much may fail before a run does.

use std::fmt;

use super::ResourcePlan;
use crate::spec::{OnErrorAction, OnErrorSpec, ResourceSpec};

/// How many rows of the parent may fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Their share, from 0 to 1.
    pub max_share: f64,
    /// So many may, whatever their share, unless all do.
    pub min_failures: u64,
    /// Whether what failed is written into a table.
    pub keeps_letters: bool,
}

impl Tolerance {
    fn new(spec: &OnErrorSpec) -> Option<Self> {
        (spec.action != OnErrorAction::Fail).then(|| Self {
            max_share: spec.max_share.unwrap_or(0.1),
            min_failures: spec.min_failures.unwrap_or(10),
            keeps_letters: spec.action == OnErrorAction::DeadLetter,
        })
    }

    /// Whether `failed` of `all` are borne.
    ///
    /// ```
    /// use apiduct_config::plan::Tolerance;
    ///
    /// let tolerance = Tolerance { max_share: 0.1, min_failures: 3, keeps_letters: false };
    /// assert!(tolerance.bears(3, 4));
    /// assert!(!tolerance.bears(4, 39) && tolerance.bears(4, 40));
    /// assert!(!tolerance.bears(1, 1), "nothing is left of it");
    /// ```
    pub fn bears(&self, failed: u64, all: u64) -> bool {
        let is_all = failed > 0 && failed >= all;
        !is_all && (failed <= self.min_failures || failed as f64 <= self.max_share * all as f64)
    }
}

/// `up to 10 rows of the parent may fail, or 5 % of them`.
impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (few, percent) = (self.min_failures, self.max_share * 100.0);
        write!(
            f,
            "up to {few} rows of the parent may fail, or {percent} % of them"
        )?;
        if self.keeps_letters {
            f.write_str("; they are listed in a table")?;
        }
        Ok(())
    }
}

/// Gives `plan` what it bears: requests at a time, and failures if it has a parent.
pub(super) fn compile(plan: &mut ResourcePlan, merged: &ResourceSpec) {
    let concurrency = merged.concurrency.value();
    plan.concurrency = concurrency.map(|most| usize::try_from(*most).unwrap_or(usize::MAX));
    if plan.parent.is_some() {
        plan.tolerance = merged.on_error.value().and_then(Tolerance::new);
    }
}
