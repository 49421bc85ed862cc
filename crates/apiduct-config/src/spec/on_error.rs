//! `on_error`, as a word or as a mapping.

use super::fields::{Fields, Located, Written};
use super::keys::ON_ERROR;
use crate::error::{ConfigErrorKind, Problems};
use crate::locate::Node;

/// How a run goes on when the pages of one row of the parent cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnErrorAction {
    /// It ends.
    Fail,
    /// The others go on.
    Skip,
    /// The others go on, and the failure is written into a table.
    DeadLetter,
}

/// What happens when the pages of one row of the parent cannot be had.
#[derive(Debug, Clone, PartialEq)]
pub struct OnErrorSpec {
    /// How the run goes on.
    pub action: OnErrorAction,
    /// The share of rows that may fail, from 0 to 1.
    pub max_share: Option<f64>,
    /// Rows that have to fail before their share counts.
    pub min_failures: Option<u64>,
}

impl OnErrorSpec {
    pub(super) fn read(fields: &Fields<'_>, problems: &mut Problems) -> Written<Self> {
        fields.read("on_error", |node, path| {
            if node.as_map().is_none() {
                return Some(Self {
                    action: action(node.as_text()?)?,
                    max_share: None,
                    min_failures: None,
                });
            }
            Self::read_keys(node, path, problems)
        })
    }

    fn read_keys(node: &Node, path: &str, problems: &mut Problems) -> Option<Self> {
        let keys = Fields::new(&ON_ERROR, node, path);
        let (max_share, min_failures) = (keys.number("max_share"), keys.integer("min_failures"));
        let action = action(keys.word("action").value()?)?;
        let ends = action == OnErrorAction::Fail;
        let mut refuse = |place: &Located<()>, reason: &str, hint: &str| {
            let kind = ConfigErrorKind::Conflict {
                reason: reason.to_owned(),
                hint: Some(hint.to_owned()),
            };
            problems.push(&place.path, place.mark, kind);
        };
        if let Some(share) = max_share.located().filter(|share| share.value > 1.0) {
            let reason = "a share is a number from 0 to 1";
            refuse(&share.clone().map(|_| ()), reason, "write it like `0.05`");
        }
        let bounds = [
            max_share.located().map(|one| one.clone().map(|_| ())),
            min_failures.located().map(|one| one.clone().map(|_| ())),
        ];
        for bound in bounds.into_iter().flatten().filter(|_| ends) {
            let reason = "`fail` ends the run with the first failure, so there is nothing to count";
            refuse(&bound, reason, "write `action: skip`, or remove the key");
        }
        Some(Self {
            action,
            max_share: max_share.value().copied(),
            min_failures: min_failures.value().copied(),
        })
    }
}

fn action(word: &str) -> Option<OnErrorAction> {
    match word {
        "fail" => Some(OnErrorAction::Fail),
        "skip" => Some(OnErrorAction::Skip),
        "dead_letter" => Some(OnErrorAction::DeadLetter),
        _ => None,
    }
}
