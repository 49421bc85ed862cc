use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use apiduct_model::Clock;
use tokio::runtime::Builder;

use crate::clock::DEFAULT_START;
use crate::lock;

/// Virtual time that jumps to the next wait whenever nothing else is left to do.
///
/// [`SimClock::run`] drives a future, with all tasks that it spawns, on one thread. When every one of them waits,
/// the clock moves to the earliest wait and ends it: hours pass in no time, waits that overlap do overlap, and the
/// same program takes the same steps each time. Nothing but waits of this clock may be waited for: no sockets, no
/// threads, no timers of Tokio.
///
/// The wall clock can be set apart from the time that passes, as an administrator or a time server sets it:
/// [`SimClock::set_wall_ahead`], [`SimClock::set_wall_back`].
///
/// ```
/// use std::time::Duration;
/// use apiduct_model::Clock;
/// use apiduct_testkit::SimClock;
///
/// let clock = SimClock::new();
/// let (one, two) = (clock.clone(), clock.clone());
/// let day = Duration::from_hours(24);
/// let done = clock.run(day, async move {
///     let other = tokio::spawn(async move { two.sleep(Duration::from_hours(2)).await });
///     one.sleep(Duration::from_hours(3)).await;
///     other.await.is_ok()
/// });
/// assert_eq!(done, Ok(true));
/// assert_eq!(clock.monotonic(), Duration::from_hours(3));
/// ```
#[derive(Debug, Clone, Default)]
pub struct SimClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    elapsed: Duration,
    /// What the wall clock is ahead of the time that passed, and what it is behind.
    ahead: Duration,
    behind: Duration,
    /// By the end of the wait, then by its number.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    waits: u64,
    longest: Duration,
    is_done: bool,
    stop: Option<SimStop>,
    stopped: Option<Waker>,
}

/// Why a run ended before its future.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SimStop {
    /// All tasks wait for something that no wait of the clock will bring.
    Stalled,
    /// The next wait ends after the longest time allowed.
    TooLong,
}

impl fmt::Display for SimStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stalled => "all tasks wait for something that never comes",
            Self::TooLong => "the run takes longer than it may",
        })
    }
}

impl std::error::Error for SimStop {}

impl SimClock {
    /// A clock at 2024-01-01T00:00:00Z.
    pub fn new() -> Self {
        Self::default()
    }

    /// Drives `future` to its end.
    ///
    /// # Errors
    /// When it waits for something that never comes, or beyond `longest` in virtual time.
    ///
    /// # Panics
    /// When `future` panics, or the system gives no runtime.
    pub fn run<T, F>(&self, longest: Duration, future: F) -> Result<T, SimStop>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        {
            let mut state = lock(&self.state);
            state.longest = state.elapsed + longest;
            (state.is_done, state.stop) = (false, None);
        }
        let (idle, done, stopped) = (self.clone(), self.clone(), self.clone());
        let runtime = Builder::new_current_thread()
            .on_thread_park(move || idle.advance())
            .build()
            .expect("a runtime without drivers can be had");
        runtime.block_on(async move {
            let mut task = tokio::spawn(async move {
                let output = future.await;
                lock(&done.state).is_done = true;
                output
            });
            tokio::select! {
                biased;
                ended = &mut task => match ended {
                    Ok(output) => Ok(output),
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                },
                stop = poll_fn(move |context| stopped.poll_stop(context)) => Err(stop),
            }
        })
    }

    /// A wait; it begins when it is first polled.
    pub fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(Sleep {
            clock: self.clone(),
            duration,
            key: None,
        })
    }

    /// Sets the wall clock ahead; the time that passes does not notice.
    pub fn set_wall_ahead(&self, by: Duration) {
        lock(&self.state).ahead += by;
    }

    /// Sets the wall clock back; the time that passes does not notice.
    pub fn set_wall_back(&self, by: Duration) {
        lock(&self.state).behind += by;
    }

    /// Moves to the end of the earliest wait; called when no task can run.
    fn advance(&self) {
        let waker = {
            let mut state = lock(&self.state);
            if state.is_done || state.stop.is_some() {
                return;
            }
            let next = state.sleepers.first_key_value().map(|(key, _)| *key);
            match next {
                Some((deadline, _)) if deadline > state.longest => {
                    state.stop = Some(SimStop::TooLong);
                }
                Some((deadline, _)) => state.elapsed = state.elapsed.max(deadline),
                None => state.stop = Some(SimStop::Stalled),
            }
            if state.stop.is_some() {
                state.stopped.take()
            } else {
                state.sleepers.pop_first().map(|(_, waker)| waker)
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll_stop(&self, context: &mut Context<'_>) -> Poll<SimStop> {
        let mut state = lock(&self.state);
        if let Some(stop) = state.stop {
            return Poll::Ready(stop);
        }
        state.stopped = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Clock for SimClock {
    fn now(&self) -> SystemTime {
        let state = lock(&self.state);
        let forward = DEFAULT_START + state.elapsed + state.ahead;
        SystemTime::UNIX_EPOCH + forward.saturating_sub(state.behind)
    }

    fn monotonic(&self) -> Duration {
        lock(&self.state).elapsed
    }
}

struct Sleep {
    clock: SimClock,
    duration: Duration,
    key: Option<(Duration, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut state = lock(&clock.state);
        let key = if let Some(key) = self.key {
            key
        } else {
            state.waits += 1;
            let key = (state.elapsed.saturating_add(self.duration), state.waits);
            self.key = Some(key);
            key
        };
        if state.elapsed >= key.0 {
            state.sleepers.remove(&key);
            return Poll::Ready(());
        }
        state.sleepers.insert(key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    /// A wait that nobody wants any more must not move the time.
    fn drop(&mut self) {
        if let Some(key) = self.key {
            lock(&self.clock.state).sleepers.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn waits_that_overlap_take_as_long_as_the_longest() {
        let clock = SimClock::new();
        let inner = clock.clone();
        let order = clock.run(DAY, async move {
            let order = Arc::new(Mutex::new(Vec::new()));
            let tasks: Vec<_> = [3, 1, 2]
                .map(|seconds| {
                    let (clock, order) = (inner.clone(), Arc::clone(&order));
                    tokio::spawn(async move {
                        clock.sleep(SECOND * seconds).await;
                        lock(&order).push(seconds);
                    })
                })
                .into();
            for task in tasks {
                task.await.unwrap();
            }
            lock(&order).clone()
        });
        assert_eq!(order, Ok(vec![1, 2, 3]));
        assert_eq!(clock.monotonic(), SECOND * 3);
    }

    #[test]
    fn a_wait_that_is_dropped_moves_nothing() {
        let clock = SimClock::new();
        let inner = clock.clone();
        let ended = clock.run(DAY, async move {
            tokio::select! {
                () = inner.sleep(SECOND) => {}
                () = inner.sleep(DAY * 2) => {}
            }
        });
        assert_eq!(ended, Ok(()));
        assert_eq!(clock.monotonic(), SECOND);
    }

    #[test]
    fn what_never_ends_is_told() {
        let clock = SimClock::new();
        let stalled = clock.run(DAY, std::future::pending::<()>());
        assert_eq!(stalled, Err(SimStop::Stalled));
        let inner = clock.clone();
        let too_long = clock.run(DAY, async move { inner.sleep(DAY * 2).await });
        assert_eq!(too_long, Err(SimStop::TooLong));
        assert_eq!(
            clock.run(DAY, async { 7 }),
            Ok(7),
            "the next run is a new one"
        );
    }

    #[test]
    #[should_panic(expected = "as loud as ever")]
    fn a_panic_of_the_future_is_a_panic_of_the_run() {
        let _ = SimClock::new().run(DAY, async { panic!("as loud as ever") });
    }

    #[test]
    fn the_wall_clock_can_be_set_without_time_passing() {
        let clock = SimClock::new();
        let start = clock.now();
        clock.set_wall_ahead(SECOND * 5);
        assert_eq!(clock.now(), start + SECOND * 5);
        clock.set_wall_back(SECOND * 7);
        assert_eq!(clock.now(), start - SECOND * 2);
        assert_eq!(clock.monotonic(), Duration::ZERO);
    }
}
