//! One budget: whose turn it is, whether there is a place, and whether it is time.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{Either, select};
use http::StatusCode;
use http::header::RETRY_AFTER;
use tokio::sync::Notify;
use url::Origin;

use super::learned::{Closed, Heard, Learned};
use super::slots::{Ending, Slots};
use super::told::{Reading, readings};
use super::window::StartLog;
use super::{RateBudgets, RateConfig, WaitReason, lock};
use crate::retry::retry_after;
use crate::transport::{RawResponse, TransportError};

/// What all budgets of an origin share.
#[derive(Debug)]
pub(super) struct Lane {
    slots: Mutex<Slots>,
    /// Something happened that may let a request start. At most one request a budget waits for it, and those for tokens.
    changed: Notify,
}

/// The budget of one origin and credential.
#[derive(Debug)]
pub(crate) struct Budget {
    budgets: RateBudgets,
    origin: Origin,
    lane: Arc<Lane>,
    /// Held by the request whose turn it is. It is fair, and a request that is dropped leaves the queue.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    busy: AtomicUsize,
}

#[derive(Debug)]
struct State {
    declared: Vec<StartLog>,
    learned: Vec<Learned>,
    /// The server asked for no request before.
    not_before: Duration,
    in_flight: u64,
    /// Requests that have started.
    starts: u64,
}

/// When a request started.
#[derive(Debug, Clone, Copy)]
struct Start {
    at: Duration,
    number: u64,
    /// Requests that were in flight then.
    beside: u64,
}

/// Why a request may not start yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// No place is free, or a request in flight has to be answered.
    Answer,
    /// A declared rate would be broken before this time.
    Declared(Duration),
    /// The server takes no request before this time. `is_open`: an answer may change that.
    Server { at: Duration, is_open: bool },
}

/// How long an answer is taken to be away, where that is compared with other waits.
const SOON: Duration = Duration::from_millis(1);

/// Why a request is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The allowed number of requests is spent.
    Quota,
    /// The server asks for a longer wait than allowed.
    WaitTooLong { asked: Duration, max_wait: Duration },
}

impl From<Denied> for TransportError {
    fn from(refusal: Denied) -> Self {
        match refusal {
            Denied::Quota => Self::Quota,
            Denied::WaitTooLong { asked, max_wait } => Self::Paused { asked, max_wait },
        }
    }
}

/// How a try ended, as far as budgets are concerned.
pub(crate) type Answer<'a> = Result<&'a RawResponse, &'a TransportError>;

/// The right to have one request under way; gives its place back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    budget: Arc<Budget>,
    has_slot: bool,
    start: Start,
    /// How long it waited for its time to start, once it was its turn.
    pub(crate) throttled: Duration,
    is_settled: bool,
    _busy: Busy,
}

/// Counts a request from its arrival to its end.
#[derive(Debug)]
struct Busy(Arc<Budget>);

impl Lane {
    pub(super) fn new(config: &RateConfig) -> Self {
        Self {
            slots: Mutex::new(Slots::new(config.concurrency)),
            changed: Notify::new(),
        }
    }
}

impl Budget {
    pub(super) fn new(budgets: RateBudgets, origin: Origin, lane: Arc<Lane>) -> Self {
        let windows = &budgets.config().windows;
        let state = State {
            declared: windows.iter().copied().map(StartLog::new).collect(),
            learned: Vec::new(),
            not_before: Duration::ZERO,
            in_flight: 0,
            starts: 0,
        };
        Self {
            budgets,
            origin,
            lane,
            turn: tokio::sync::Mutex::new(()),
            state: Mutex::new(state),
            busy: AtomicUsize::new(0),
        }
    }

    /// Waits for a turn, a place in flight and a time to start.
    ///
    /// # Errors
    ///
    /// Without waiting, when the server asks for a wait of more than `max_wait`, or no request is left.
    pub(crate) async fn enter(self: &Arc<Self>, max_wait: Duration) -> Result<Permit, Denied> {
        let busy = self.begin();
        let _turn = self.turn.lock().await;
        self.start(busy, true, max_wait).await
    }

    /// Waits for a time to start alone: for a request that others with a place in flight wait for.
    ///
    /// # Errors
    ///
    /// As for [`Budget::enter`].
    pub(crate) async fn enter_ahead(
        self: &Arc<Self>,
        max_wait: Duration,
    ) -> Result<Permit, Denied> {
        let busy = self.begin();
        self.start(busy, false, max_wait).await
    }

    /// How long a request would wait for its time to start, as far as that is known.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        match lock(&self.state).hold(now) {
            None => Duration::ZERO,
            Some(Hold::Answer) => SOON,
            Some(Hold::Declared(at) | Hold::Server { at, .. }) => at.saturating_sub(now),
        }
    }

    /// How many requests wait or are in flight.
    #[cfg(test)]
    pub(super) fn busy(&self) -> usize {
        self.busy.load(Ordering::Relaxed)
    }

    fn begin(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    async fn start(
        self: &Arc<Self>,
        busy: Busy,
        has_slot: bool,
        max_wait: Duration,
    ) -> Result<Permit, Denied> {
        // The end of the wait that was told of last.
        let mut told = None;
        let mut throttled = Duration::ZERO;
        loop {
            if !self.budgets.has_quota() {
                return Err(Denied::Quota);
            }
            // Heard from here on, so that nothing is missed between the look and the wait.
            let mut changed = pin!(self.lane.changed.notified());
            changed.as_mut().enable();
            let now = self.budgets.now();
            let (at, reason) = match self.try_start(has_slot, now) {
                Ok(start) => {
                    let permit = Permit {
                        budget: Arc::clone(self),
                        has_slot,
                        start,
                        throttled,
                        is_settled: false,
                        _busy: busy,
                    };
                    let is_left = self.budgets.take_quota();
                    return is_left.then_some(permit).ok_or(Denied::Quota);
                }
                Err(Hold::Answer) => {
                    changed.await;
                    continue;
                }
                Err(Hold::Declared(at)) => (at, WaitReason::Declared),
                Err(Hold::Server { at, is_open }) => {
                    let asked = at.saturating_sub(now);
                    if asked > max_wait && !is_open {
                        return Err(Denied::WaitTooLong { asked, max_wait });
                    }
                    (at, WaitReason::Server)
                }
            };
            let wait = at.saturating_sub(now);
            if told != Some(at) {
                told = Some(at);
                self.budgets.tell(&self.origin, wait, reason);
            }
            if let Either::Left(_) = select(changed, self.budgets.0.timer.sleep(wait)).await {
                tracing::trace!("the rate budget changed");
            }
            throttled += self.budgets.now().saturating_sub(now);
        }
    }

    /// Takes a place and counts the start, if it is time.
    fn try_start(&self, has_slot: bool, now: Duration) -> Result<Start, Hold> {
        let mut slots = lock(&self.lane.slots);
        let mut state = lock(&self.state);
        if let Some(hold) = state.hold(now) {
            return Err(hold);
        }
        if has_slot {
            if !slots.is_free() {
                return Err(Hold::Answer);
            }
            slots.take();
        }
        for log in &mut state.declared {
            log.count(now);
        }
        state.starts += 1;
        state.in_flight += 1;
        Ok(Start {
            at: now,
            number: state.starts,
            beside: state.in_flight - 1,
        })
    }

    fn hear(&self, start: Start, answer: Answer<'_>) {
        let timer = &self.budgets.0.timer;
        let (now, today) = (timer.monotonic(), timer.now());
        let ending = ending(answer);
        lock(&self.lane.slots).hear(ending, start.at, now);
        let mut state = lock(&self.state);
        let in_flight = state.in_flight.saturating_sub(1);
        let Ok(response) = answer else {
            for limit in &mut state.learned {
                limit.miss(false);
            }
            return;
        };
        let heard = Heard {
            sent: start.at,
            now,
            overlap: start.beside + (state.starts - start.number),
            is_refusal: ending == Ending::Overload,
        };
        state.learn(&readings(&response.headers, today), heard, in_flight);
        if speaks_for_server(response.status)
            && let Some(wait) = retry_after(&response.headers, today)
        {
            state.not_before = state.not_before.max(now + wait);
        }
    }
}

fn ending(answer: Answer<'_>) -> Ending {
    match answer {
        Ok(response) if response.status == StatusCode::TOO_MANY_REQUESTS => Ending::Overload,
        Ok(response)
            if speaks_for_server(response.status) && response.headers.contains_key(RETRY_AFTER) =>
        {
            Ending::Overload
        }
        Ok(_) => Ending::Answer,
        Err(TransportError::Timeout { .. }) => Ending::Overload,
        Err(_) => Ending::Other,
    }
}

/// Whether `Retry-After` speaks of the server as a whole, and not of what was asked for.
fn speaks_for_server(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::FORBIDDEN
    )
}

impl State {
    fn hold(&mut self, now: Duration) -> Option<Hold> {
        if self.not_before > now {
            return Some(Hold::Server {
                at: self.not_before,
                is_open: false,
            });
        }
        let in_flight = self.in_flight;
        let mut until = None;
        for limit in &mut self.learned {
            match limit.closed(now, in_flight) {
                Some(Closed::Answer) => return Some(Hold::Answer),
                Some(Closed::Until(at)) => until = until.max(Some(at)),
                None => {}
            }
        }
        if let Some(at) = until {
            let is_open = in_flight > 0;
            return Some(Hold::Server { at, is_open });
        }
        let opens = self.declared.iter_mut().map(|log| log.opens(now)).max();
        opens.filter(|at| *at > now).map(Hold::Declared)
    }

    fn learn(&mut self, readings: &[Reading], heard: Heard, in_flight: u64) {
        for limit in &mut self.learned {
            if !readings.iter().any(|one| limit.is_called(&one.name)) {
                limit.miss(true);
            }
        }
        for reading in readings {
            let known = self
                .learned
                .iter()
                .position(|one| one.is_called(&reading.name));
            let at = known.unwrap_or(self.learned.len());
            if at == self.learned.len() {
                if at == MOST_LIMITS {
                    continue;
                }
                self.learned.push(Learned::new(&reading.name));
            }
            self.learned[at].hear(reading, heard, in_flight);
        }
    }
}

/// Limits of one budget that are kept in mind; names come from the server.
const MOST_LIMITS: usize = 16;

impl Permit {
    /// Ends the request and learns from how it ended.
    pub(crate) fn settle(mut self, answer: Answer<'_>) {
        self.is_settled = true;
        self.budget.hear(self.start, answer);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.has_slot {
            lock(&self.budget.lane.slots).free();
        }
        let mut state = lock(&self.budget.state);
        state.in_flight = state.in_flight.saturating_sub(1);
        if !self.is_settled {
            for limit in &mut state.learned {
                limit.miss(false);
            }
        }
        drop(state);
        self.budget.lane.changed.notify_waiters();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}
