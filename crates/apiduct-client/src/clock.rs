//! Time that can be waited for.

use std::time::{Duration, SystemTime};

use apiduct_model::{Clock, SystemClock};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// A clock that can also wait; every wait of this crate goes through one.
pub trait Timer: Clock {
    /// Completes after `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Real time, by Tokio.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioTimer(SystemClock);

impl Clock for TokioTimer {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

impl Timer for TokioTimer {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where real time is waited for"
    )]
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration).boxed()
    }
}
