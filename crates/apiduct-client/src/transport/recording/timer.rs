use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use apiduct_model::Clock;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::Timer;

/// Time for a replay: it begins when the recording was made, stands still while work is done, and jumps over waits.
///
/// A server's `Retry-After` then delays nothing, and requests that depend on the time ask for what was recorded.
#[derive(Debug, Clone)]
pub struct ReplayTimer {
    start: SystemTime,
    waited: Arc<Mutex<Duration>>,
}

impl ReplayTimer {
    /// Time from `start` on.
    pub fn starting_at(start: SystemTime) -> Self {
        Self {
            start,
            waited: Arc::default(),
        }
    }
}

impl Clock for ReplayTimer {
    fn now(&self) -> SystemTime {
        self.start + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        *self.waited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Timer for ReplayTimer {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let waited = Arc::clone(&self.waited);
        async move {
            // Whoever is raced against a wait gets a turn before it.
            tokio::task::yield_now().await;
            *waited.lock().unwrap_or_else(PoisonError::into_inner) += duration;
        }
        .boxed()
    }
}
