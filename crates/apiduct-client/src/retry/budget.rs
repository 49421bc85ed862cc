use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use url::{Origin, Url};

/// What a success gives back, in retries: a server that answers every other request is worth going on with, one that
/// answers none is not.
const REFUND: f64 = 1.0;

/// How many retries one origin is still worth: a server that only fails is not asked for ever by everyone.
#[derive(Debug)]
pub struct RetryBudget {
    capacity: f64,
    left: Mutex<f64>,
}

impl RetryBudget {
    /// A full budget of `retries`.
    pub fn new(retries: u32) -> Self {
        Self {
            capacity: f64::from(retries),
            left: Mutex::new(f64::from(retries)),
        }
    }

    /// Takes one retry out; false when none is left.
    pub fn try_spend(&self) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if *left < 1.0 {
            return false;
        }
        *left -= 1.0;
        true
    }

    /// Gives a retry back, for a success.
    pub fn refund(&self) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = (*left + REFUND).min(self.capacity);
    }
}

/// One budget for each origin.
#[derive(Debug)]
pub struct RetryBudgets {
    retries: Option<u32>,
    by_origin: Mutex<HashMap<Origin, Arc<RetryBudget>>>,
}

impl RetryBudgets {
    /// Budgets of `retries` each; `None` for no bound.
    pub fn new(retries: Option<u32>) -> Self {
        Self {
            retries,
            by_origin: Mutex::default(),
        }
    }

    /// The budget of the origin of `url`; `None` when there is no bound.
    pub fn of(&self, url: &Url) -> Option<Arc<RetryBudget>> {
        let retries = self.retries?;
        let mut budgets = self
            .by_origin
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let budget = budgets
            .entry(url.origin())
            .or_insert_with(|| Arc::new(RetryBudget::new(retries)));
        Some(Arc::clone(budget))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_budget_refuses_until_a_success() {
        let budget = RetryBudget::new(1);
        assert!(budget.try_spend());
        assert!(!budget.try_spend());
        budget.refund();
        assert!(budget.try_spend());
    }

    #[test]
    fn successes_fill_no_budget_beyond_its_size() {
        let budget = RetryBudget::new(1);
        for _ in 0..20 {
            budget.refund();
        }
        assert!(budget.try_spend());
        assert!(!budget.try_spend());
    }

    #[test]
    fn origins_do_not_share_a_budget() {
        let budgets = RetryBudgets::new(Some(1));
        let of = |url: &str| budgets.of(&url.parse().unwrap()).unwrap();
        assert!(of("https://a/x").try_spend());
        assert!(!of("https://a/y").try_spend());
        assert!(of("https://a:8443/x").try_spend());
        assert!(
            RetryBudgets::new(None)
                .of(&"https://a".parse().unwrap())
                .is_none()
        );
    }
}
