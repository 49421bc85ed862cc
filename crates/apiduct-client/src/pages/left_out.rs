//! What a walk left out because a rule or a hook said so.

use crate::Effort;

/// The pages that a walk did not hand out, by reason. Nothing is left out silently: whoever reads the pages can tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    reasons: Vec<(String, u64)>,
    /// What these pages took.
    pub effort: Effort,
    /// Why what was handed out is not all that was asked for, if it is not: pages follow that could not be reached, or
    /// a parent was given up after some of its pages.
    pub gap: Option<String>,
}

impl LeftOut {
    /// Whether everything was handed out.
    pub fn is_none(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Each reason, such as `stop: status 404`, with the number of pages.
    pub fn reasons(&self) -> impl Iterator<Item = (&str, u64)> {
        self.reasons
            .iter()
            .map(|(reason, count)| (reason.as_str(), *count))
    }

    /// Adds what another walk left out.
    pub fn add(&mut self, other: &Self) {
        for (reason, count) in &other.reasons {
            self.count(reason, *count);
        }
        self.effort += other.effort;
        if self.gap.is_none() {
            self.gap.clone_from(&other.gap);
        }
    }

    /// Counts one page that took so much.
    pub(super) fn note(&mut self, reason: &str, effort: Effort) {
        self.count(reason, 1);
        self.effort += effort;
    }

    fn count(&mut self, reason: &str, count: u64) {
        match self.reasons.iter_mut().find(|(own, _)| own == reason) {
            Some((_, own)) => *own += count,
            None => self.reasons.push((reason.to_owned(), count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn pages_are_counted_by_reason_over_all_walks() {
        let mut first = LeftOut::default();
        assert!(first.is_none());
        let effort = |requests| Effort {
            requests,
            throttled: Duration::from_secs(requests - 1),
            ..Effort::default()
        };
        first.note("stop: status 404", effort(1));
        let mut second = LeftOut::default();
        second.note("skip_page: status 500", effort(6));
        second.note("stop: status 404", effort(1));
        second.gap = Some("x".to_owned());
        first.add(&second);
        let reasons: Vec<_> = first.reasons().collect();
        assert_eq!(
            reasons,
            [("stop: status 404", 2), ("skip_page: status 500", 1)]
        );
        assert_eq!(first.effort.requests, 8);
        assert_eq!(first.effort.throttled, Duration::from_secs(5));
        assert_eq!(first.gap.as_deref(), Some("x"));
    }
}
