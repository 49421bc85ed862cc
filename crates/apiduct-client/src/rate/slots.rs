//! How many requests are in flight to one origin: as many as are allowed, and fewer while the server suffers.

use std::time::Duration;

/// Places in flight. Their number falls by a factor when the server refuses, falls silent or slows down, and comes back
/// one by one (additive increase, multiplicative decrease, as TCP does).
#[derive(Debug)]
pub(super) struct Slots {
    taken: usize,
    most: usize,
    /// How many there are at the moment; the fraction is what is on its way back.
    open: f64,
    /// Requests that began before say nothing new.
    cut: Duration,
    /// An answer has come.
    is_known: bool,
    pace: Pace,
}

/// How long answers take.
#[derive(Debug, Default)]
struct Pace {
    count: u32,
    sum: Duration,
    /// The mean of the best round so far, in seconds; it fades.
    best: Option<f64>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// With an answer.
    Answer,
    /// With a refusal, or not in time.
    Overload,
    /// In a way that says nothing about the load.
    Other,
}

/// Places before the first answer: until then nothing is known of the limits of a server.
const FIRST: usize = 8;
/// What is left of the places after a refusal.
const AFTER_OVERLOAD: f64 = 0.5;
/// What is left of them when answers take longer and longer.
const AFTER_SLOWING: f64 = 0.7;
/// Slow answers close at most three quarters of the places: pages may just be larger.
const LEAST_WHEN_SLOW: f64 = 0.25;
/// A round is slow from this multiple of the best one on...
const SLOW: f64 = 4.0;
/// ...and this many seconds above it.
const SLOW_SECONDS: f64 = 0.25;
/// How fast the best round fades.
const FADING: f64 = 1.02;

impl Slots {
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            taken: 0,
            most,
            open: most as f64,
            cut: Duration::ZERO,
            is_known: false,
            pace: Pace::default(),
        }
    }

    pub(super) fn is_free(&self) -> bool {
        let first = if self.is_known { usize::MAX } else { FIRST };
        self.taken < self.open().min(first)
    }

    /// How many places there are.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it lies between 1 and `most`"
    )]
    pub(super) fn open(&self) -> usize {
        (self.open as usize).clamp(1, self.most)
    }

    pub(super) fn take(&mut self) {
        self.taken += 1;
    }

    pub(super) fn free(&mut self) {
        self.taken = self.taken.saturating_sub(1);
    }

    /// Learns from the end of a request.
    pub(super) fn hear(&mut self, ending: Ending, started: Duration, now: Duration) {
        match ending {
            Ending::Other => {}
            Ending::Overload => {
                if started >= self.cut {
                    self.shrink(AFTER_OVERLOAD, 1.0, now);
                }
            }
            Ending::Answer => {
                self.is_known = true;
                self.open = (self.open + 1.0 / self.open).min(self.most as f64);
                let round = u32::try_from(self.open() * 2).unwrap_or(u32::MAX).max(16);
                if self.pace.is_slow(now.saturating_sub(started), round) && started >= self.cut {
                    self.shrink(AFTER_SLOWING, self.most as f64 * LEAST_WHEN_SLOW, now);
                }
            }
        }
    }

    fn shrink(&mut self, factor: f64, least: f64, now: Duration) {
        let open = (self.open * factor).max(least).max(1.0).min(self.open);
        tracing::debug!(from = self.open(), to = open, "fewer requests in flight");
        self.open = open;
        self.cut = now;
        self.pace.restart();
    }
}

impl Pace {
    /// Whether this answer ends a round of `round` that took far longer than the best one.
    fn is_slow(&mut self, took: Duration, round: u32) -> bool {
        self.count += 1;
        self.sum += took;
        if self.count < round {
            return false;
        }
        let mean = self.sum.as_secs_f64() / f64::from(self.count);
        self.restart();
        let best = self.best.map_or(mean, |best| (best * FADING).min(mean));
        self.best = Some(best);
        mean > best * SLOW && mean > best + SLOW_SECONDS
    }

    fn restart(&mut self) {
        self.count = 0;
        self.sum = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(slots: &mut Slots, endings: &[(Ending, u64)], from: u64) -> u64 {
        let mut now = from;
        for (ending, millis) in endings {
            let started = Duration::from_millis(now);
            now += millis;
            slots.hear(*ending, started, Duration::from_millis(now));
        }
        now
    }

    #[test]
    fn eight_are_free_before_the_first_answer_and_all_after_it() {
        let mut slots = Slots::new(64);
        let free = |slots: &mut Slots| {
            let mut count = 0;
            while slots.is_free() {
                slots.take();
                count += 1;
            }
            count
        };
        assert_eq!(free(&mut slots), 8);
        after(&mut slots, &[(Ending::Answer, 10)], 0);
        assert_eq!(free(&mut slots), 56);
    }

    #[test]
    fn refusals_halve_the_places_and_answers_give_them_back_one_by_one() {
        let mut slots = Slots::new(8);
        let now = after(&mut slots, &[(Ending::Overload, 10)], 0);
        assert_eq!(slots.open(), 4);
        let now = after(&mut slots, &[(Ending::Answer, 10); 5], now);
        assert_eq!(slots.open(), 5);
        after(&mut slots, &[(Ending::Answer, 10); 100], now);
        assert_eq!(slots.open(), 8, "and never more than allowed");
    }

    #[test]
    fn refusals_of_requests_that_were_under_way_together_count_once() {
        let mut slots = Slots::new(8);
        for now in [10, 11, 12] {
            slots.hear(Ending::Overload, Duration::ZERO, Duration::from_millis(now));
        }
        assert_eq!(slots.open(), 4);
    }

    #[test]
    fn one_place_is_always_left() {
        let mut slots = Slots::new(8);
        after(&mut slots, &[(Ending::Overload, 10); 50], 0);
        assert_eq!(slots.open(), 1);
        assert!(slots.is_free());
    }

    #[test]
    fn answers_that_take_longer_and_longer_close_some_places() {
        let mut slots = Slots::new(16);
        let now = after(&mut slots, &[(Ending::Answer, 50); 64], 0);
        assert_eq!(slots.open(), 16);
        let now = after(&mut slots, &[(Ending::Answer, 150); 64], now);
        assert_eq!(slots.open(), 16, "three times as long is no reason");
        let now = after(&mut slots, &[(Ending::Answer, 500); 32], now);
        assert!(slots.open() < 16, "ten times as long is one");
        after(&mut slots, &[(Ending::Answer, 2_000); 400], now);
        assert!(slots.open() >= 4, "{}", slots.open());
    }

    #[test]
    fn other_failures_change_nothing() {
        let mut slots = Slots::new(8);
        after(&mut slots, &[(Ending::Other, 10); 9], 0);
        assert_eq!(slots.open(), 8);
    }
}
