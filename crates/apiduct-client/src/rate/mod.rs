//! How many requests go out, and when: one budget for each origin and credential.
//!
//! Every try passes its budget: first tries, retries, redirects, pages fetched ahead, children, and requests for
//! tokens. A budget gives a place in flight (at most [`RateConfig::concurrency`] for an origin) and a time to start: not
//! before the declared [`Window`]s allow it, and not before the server does. Requests start in the order in which they
//! asked. All clones of a client share their budgets; several clients share them by one [`RateBudgets`] value.
//!
//! ```
//! use apiduct_client::Client;
//! use apiduct_client::rate::RateConfig;
//!
//! let rate = RateConfig { windows: vec!["10/s".parse()?, "5000/h".parse()?], ..RateConfig::default() };
//! let client = Client::builder("https://api.example.com").rate(rate).build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod budget;
mod learned;
mod places;
mod slots;
mod told;
mod wait;
mod window;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use url::{Origin, Url};

use crate::Timer;
use crate::auth::CredentialId;
use budget::{Budget, Lane};
pub use places::Places;
pub(crate) use told::wait_until_reset;
pub use wait::{RateObserver, RateWait, WaitReason};
pub use window::{NoWindow, Window};

/// How many requests a client sends, and how fast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateConfig {
    /// Requests in flight to one origin; at least 1. Default 8.
    pub concurrency: usize,
    /// The most requests in a time, all to be kept. Default: none.
    pub windows: Vec<Window>,
    /// Requests in all, retries, redirects and requests for tokens included, to all origins together. Default: no bound.
    pub max_requests: Option<u64>,
}

impl Default for RateConfig {
    fn default() -> Self {
        Self {
            concurrency: 8,
            windows: Vec::new(),
            max_requests: None,
        }
    }
}

/// The budgets of all origins and credentials. Clones share them.
///
/// ```
/// use std::sync::Arc;
/// use apiduct_client::rate::{RateBudgets, RateConfig};
/// use apiduct_client::{Client, TokioTimer};
///
/// let budgets = RateBudgets::new(RateConfig::default(), Arc::new(TokioTimer::default()));
/// let first = Client::builder("https://api.example.com/v1").rate_budgets(budgets.clone()).build()?;
/// let second = Client::builder("https://api.example.com/v2").rate_budgets(budgets).build()?;
/// # Ok::<(), apiduct_client::Error>(())
/// ```
#[derive(Clone)]
pub struct RateBudgets(Arc<Shared>);

struct Shared {
    config: RateConfig,
    timer: Arc<dyn Timer>,
    /// Requests that may still be sent.
    left: Option<AtomicU64>,
    by_origin: Mutex<HashMap<Origin, Origins>>,
    observer: Option<Arc<dyn RateObserver>>,
}

/// What belongs to one origin.
struct Origins {
    lane: Arc<Lane>,
    budgets: HashMap<CredentialId, Arc<Budget>>,
}

impl RateBudgets {
    /// Budgets as `config` describes them, none of it used; time is that of `timer`.
    pub fn new(config: RateConfig, timer: Arc<dyn Timer>) -> Self {
        Self::build(config, timer, None)
    }

    /// The same, where `observer` hears of the waits.
    pub fn observed(
        config: RateConfig,
        timer: Arc<dyn Timer>,
        observer: Arc<dyn RateObserver>,
    ) -> Self {
        Self::build(config, timer, Some(observer))
    }

    fn build(
        config: RateConfig,
        timer: Arc<dyn Timer>,
        observer: Option<Arc<dyn RateObserver>>,
    ) -> Self {
        Self(Arc::new(Shared {
            observer,
            left: config.max_requests.map(AtomicU64::new),
            by_origin: Mutex::default(),
            config,
            timer,
        }))
    }

    /// What the budgets were made of.
    pub fn config(&self) -> &RateConfig {
        &self.0.config
    }

    /// The budget of requests to the origin of `url` with `credential`.
    pub(crate) fn budget(&self, url: &Url, credential: CredentialId) -> Arc<Budget> {
        let mut by_origin = lock(&self.0.by_origin);
        let one = by_origin.entry(url.origin()).or_insert_with(|| Origins {
            lane: Arc::new(Lane::new(&self.0.config)),
            budgets: HashMap::new(),
        });
        let budget = one.budgets.entry(credential).or_insert_with(|| {
            let lane = Arc::clone(&one.lane);
            Arc::new(Budget::new(self.clone(), url.origin(), lane))
        });
        Arc::clone(budget)
    }

    /// How long a request to the origin of `url` with `credential` would wait for its time to start.
    pub(crate) fn wait(&self, url: &Url, credential: CredentialId) -> Duration {
        let by_origin = lock(&self.0.by_origin);
        let budgets = by_origin.get(&url.origin()).map(|one| &one.budgets);
        let budget = budgets
            .and_then(|budgets| budgets.get(&credential))
            .cloned();
        drop(by_origin);
        budget.map_or(Duration::ZERO, |budget| budget.wait(self.now()))
    }

    /// Tells the observer of a wait of one request that is no matter of the budget.
    pub(crate) fn show(&self, url: &Url, wait: Duration, reason: WaitReason) {
        let observer = self.0.observer.as_ref().filter(|_| !wait.is_zero());
        if let Some(observer) = observer {
            observer.waits(&RateWait {
                origin: url.origin().ascii_serialization(),
                wait,
                reason,
            });
        }
    }

    fn now(&self) -> Duration {
        self.0.timer.monotonic()
    }

    fn tell(&self, origin: &Origin, wait: Duration, reason: WaitReason) {
        let wait = RateWait {
            origin: origin.ascii_serialization(),
            wait,
            reason,
        };
        wait.log();
        if let Some(observer) = &self.0.observer {
            observer.waits(&wait);
        }
    }

    fn has_quota(&self) -> bool {
        let left = self.0.left.as_ref();
        left.is_none_or(|left| left.load(Ordering::Relaxed) > 0)
    }

    fn take_quota(&self) -> bool {
        let Some(left) = &self.0.left else {
            return true;
        };
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        })
        .is_ok()
    }
}

impl fmt::Debug for RateBudgets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateBudgets")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
