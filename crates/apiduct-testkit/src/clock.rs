use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use apiduct_model::Clock;

use crate::lock;

/// 2024-01-01T00:00:00Z, where a fake clock starts unless told otherwise.
pub(crate) const DEFAULT_START: Duration = Duration::from_hours(473_352);

/// A clock that moves only when told, or by the very waits that it is asked for.
///
/// Clones share one time. A clock made by [`FakeClock::new`] lets every wait end at once and moves by its
/// length: the waits of a client become a list to compare. A clock made by [`FakeClock::manual`] keeps waits
/// pending until [`FakeClock::advance`] reaches them.
///
/// The client's own timer trait is five lines away:
///
/// ```
/// use std::time::Duration;
/// use apiduct_model::Clock;
/// use apiduct_testkit::FakeClock;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let clock = FakeClock::new();
/// clock.sleep(Duration::from_secs(30)).await;
/// assert_eq!(clock.monotonic(), Duration::from_secs(30));
/// assert_eq!(clock.waits(), [Duration::from_secs(30)]);
/// # });
/// ```
#[derive(Debug, Clone)]
pub struct FakeClock {
    start: SystemTime,
    manual: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    elapsed: Duration,
    waits: Vec<Duration>,
    sleepers: Vec<(Duration, Waker)>,
}

impl FakeClock {
    /// A clock at 2024-01-01T00:00:00Z whose waits end at once.
    pub fn new() -> Self {
        Self::starting_at(SystemTime::UNIX_EPOCH + DEFAULT_START)
    }

    /// A clock at the given calendar time whose waits end at once.
    pub fn starting_at(start: SystemTime) -> Self {
        Self {
            start,
            manual: false,
            state: Arc::default(),
        }
    }

    /// A clock at 2024-01-01T00:00:00Z whose waits end only when [`FakeClock::advance`] reaches them.
    pub fn manual() -> Self {
        Self {
            manual: true,
            ..Self::new()
        }
    }

    /// Moves the time forward and wakes the waits that this ends.
    pub fn advance(&self, duration: Duration) {
        let mut state = lock(&self.state);
        state.elapsed += duration;
        let now = state.elapsed;
        state.sleepers.retain(|(deadline, waker)| {
            let pending = *deadline > now;
            if !pending {
                waker.wake_by_ref();
            }
            pending
        });
    }

    /// A wait, recorded when it is first polled.
    ///
    /// Two waits at the same time move an automatic clock by their sum: it knows nothing of what overlaps.
    pub fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(Sleep {
            clock: self.clone(),
            duration,
            deadline: None,
        })
    }

    /// All waits so far, in the order in which they began.
    pub fn waits(&self) -> Vec<Duration> {
        lock(&self.state).waits.clone()
    }

    /// The sum of all waits so far.
    pub fn total_wait(&self) -> Duration {
        lock(&self.state).waits.iter().sum()
    }

    /// How many waits are pending; always 0 unless the clock is manual.
    pub fn sleeping(&self) -> usize {
        lock(&self.state).sleepers.len()
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> SystemTime {
        self.start + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        lock(&self.state).elapsed
    }
}

struct Sleep {
    clock: FakeClock,
    duration: Duration,
    deadline: Option<Duration>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut state = lock(&clock.state);
        let deadline = if let Some(deadline) = self.deadline {
            deadline
        } else {
            state.waits.push(self.duration);
            if !clock.manual {
                state.elapsed += self.duration;
                self.deadline = Some(state.elapsed);
                return Poll::Ready(());
            }
            let deadline = state.elapsed + self.duration;
            self.deadline = Some(deadline);
            deadline
        };
        if state.elapsed >= deadline {
            return Poll::Ready(());
        }
        state.sleepers.push((deadline, context.waker().clone()));
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll_once(future: &mut Pin<Box<dyn Future<Output = ()> + Send>>) -> Poll<()> {
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn automatic_waits_end_at_once_and_move_the_time() {
        let clock = FakeClock::new();
        let mut first = clock.sleep(Duration::from_secs(2));
        assert_eq!(clock.monotonic(), Duration::ZERO);
        assert!(poll_once(&mut first).is_ready());
        assert!(poll_once(&mut clock.sleep(Duration::from_secs(3))).is_ready());
        assert_eq!(clock.monotonic(), Duration::from_secs(5));
        assert_eq!(clock.total_wait(), Duration::from_secs(5));
        assert_eq!(
            clock.now(),
            SystemTime::UNIX_EPOCH + DEFAULT_START + Duration::from_secs(5)
        );
    }

    #[test]
    fn manual_waits_end_when_the_time_reaches_them() {
        let clock = FakeClock::manual();
        let mut wait = clock.sleep(Duration::from_secs(2));
        assert!(poll_once(&mut wait).is_pending());
        assert_eq!(clock.sleeping(), 1);
        clock.advance(Duration::from_secs(1));
        assert!(poll_once(&mut wait).is_pending());
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.sleeping(), 0);
        assert!(poll_once(&mut wait).is_ready());
        assert_eq!(clock.waits(), [Duration::from_secs(2)]);
    }

    #[test]
    fn clones_share_one_time() {
        let clock = FakeClock::new();
        clock.clone().advance(Duration::from_millis(7));
        assert_eq!(clock.monotonic(), Duration::from_millis(7));
        assert!(clock.waits().is_empty());
    }
}
