//! A limit that the server told us about: how many requests may start, and from when on again.
//!
//! Servers count in periods. What they say of one is late, coarse (whole seconds) and out of order; from it follow two
//! bounds that are safe at any time. *How many*: every request that has been answered is in the lowest number of remaining
//! requests that was heard in this period, so that number less the requests in flight may still start. *Until when*: each
//! answer bounds the end of the period from above by its arrival and its reset; the lowest of these counts. The allowance
//! is used as fast as it can be: spreading it over the period would gain nothing, and cost what is left at its end.

use std::time::Duration;

use super::told::Reading;

/// One limit of a budget.
#[derive(Debug)]
pub(super) struct Learned {
    name: String,
    limit: Option<u64>,
    period: Option<Period>,
    habit: Habit,
    /// How much later than told a new period begins, for servers that round down.
    slack: Duration,
}

/// What a limit does at the end of a period, as far as it has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    Unknown,
    /// All requests are allowed again.
    Fills,
    /// Some are.
    Trickles,
}

#[derive(Debug)]
struct Period {
    /// The lowest number heard, or assumed.
    remaining: u64,
    /// When it was heard.
    heard: Duration,
    /// When the period was first heard of.
    began: Duration,
    ends: Option<Duration>,
    /// The period before has ended; nothing has been heard of this one.
    is_assumed: bool,
}

/// One answer, as a limit sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    /// When the request was sent.
    pub(super) sent: Duration,
    /// When the answer came.
    pub(super) now: Duration,
    /// Requests that were under way at some time between.
    pub(super) overlap: u64,
    /// The answer was a refusal.
    pub(super) is_refusal: bool,
}

/// What has to happen before a request may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    /// The period has to end.
    Until(Duration),
    /// A request in flight has to be answered.
    Answer,
}

/// How far servers that count whole seconds can be off.
const ROUNDING: Duration = Duration::from_secs(1);

impl Learned {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            limit: None,
            period: None,
            habit: Habit::Unknown,
            slack: Duration::ZERO,
        }
    }

    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name == name
    }

    /// Whether a request may start when `in_flight` others are under way.
    pub(super) fn closed(&mut self, now: Duration, in_flight: u64) -> Option<Closed> {
        self.roll_over(now, in_flight);
        let period = self.period.as_ref()?;
        if period.remaining > in_flight {
            return None;
        }
        match period.ends {
            Some(ends) => Some(Closed::Until(ends)),
            None if period.is_assumed && in_flight > 0 => Some(Closed::Answer),
            None => None,
        }
    }

    /// After the end of a period another one begins: with all requests where that is the habit, else with a single one
    /// to find out.
    fn roll_over(&mut self, now: Duration, in_flight: u64) {
        let Some(period) = &mut self.period else {
            return;
        };
        if period.ends.is_none_or(|ends| ends > now) {
            return;
        }
        let remaining = match (self.habit, self.limit) {
            (Habit::Fills, Some(limit)) => limit,
            _ => in_flight + 1,
        };
        *period = Period {
            remaining,
            heard: now,
            began: now,
            ends: None,
            is_assumed: true,
        };
    }

    /// Hears what an answer says of this limit.
    pub(super) fn hear(&mut self, reading: &Reading, heard: Heard, in_flight: u64) {
        self.roll_over(heard.now, in_flight);
        self.limit = reading.limit.or(self.limit);
        let remaining = reading.remaining;
        let (now, slack) = (heard.now, self.slack);
        let ends = reading.reset.map(|reset| now + reset + slack);
        let fresh = |began| Period {
            remaining,
            heard: now,
            began,
            ends,
            is_assumed: false,
        };
        let Some(period) = &mut self.period else {
            self.period = Some(fresh(now));
            return;
        };
        let was_sent_before = heard.sent < period.began;
        if period.is_assumed {
            if was_sent_before {
                // It may be counted in either period.
                period.remaining = period.remaining.saturating_sub(1);
                return;
            }
            let began = period.began;
            self.period = Some(fresh(began));
            self.notice(remaining, heard);
            return;
        }
        let is_rise = remaining > period.remaining;
        let difference = remaining.abs_diff(period.remaining);
        let is_plausible = difference <= heard.overlap;
        if is_rise {
            // An older answer that came late may show more; what was sent after the lowest number was heard may not.
            if heard.sent >= period.heard || !is_plausible {
                self.period = Some(fresh(now));
            }
        } else if is_plausible || !was_sent_before {
            period.remaining = remaining;
            period.heard = now;
            let earlier = period.ends.into_iter().chain(ends).min();
            period.ends = if self.habit == Habit::Trickles {
                ends.or(earlier)
            } else {
                earlier
            };
        }
    }

    /// Notices what the first answer of a period says about the end of the one before.
    fn notice(&mut self, remaining: u64, heard: Heard) {
        if heard.is_refusal {
            if self.slack.is_zero() {
                self.slack = ROUNDING;
                let period = self.period.as_mut();
                if let Some(ends) = period.and_then(|period| period.ends.as_mut()) {
                    *ends += ROUNDING;
                }
            } else {
                self.habit = Habit::Trickles;
            }
            return;
        }
        let Some(limit) = self.limit else { return };
        if self.habit != Habit::Trickles {
            let is_full = remaining + heard.overlap + 1 >= limit;
            self.habit = if is_full {
                Habit::Fills
            } else {
                Habit::Trickles
            };
        }
    }

    /// Hears of a request that ended without a word about this limit.
    pub(super) fn miss(&mut self, has_answer: bool) {
        match &mut self.period {
            Some(period) if period.is_assumed && has_answer => self.period = None,
            // The server may have counted it.
            Some(period) if !period.is_assumed && !has_answer => {
                period.remaining = period.remaining.saturating_sub(1);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn told(remaining: u64, reset: Option<u64>) -> Reading {
        Reading {
            name: String::new(),
            limit: Some(50),
            remaining,
            reset: reset.map(Duration::from_secs),
        }
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn heard(sent: u64, now: u64) -> Heard {
        Heard {
            sent: millis(sent),
            now: millis(now),
            overlap: 8,
            is_refusal: false,
        }
    }

    #[test]
    fn what_remains_less_what_is_in_flight_may_start() {
        let mut limit = Learned::new("");
        assert_eq!(limit.closed(Duration::ZERO, 100), None);
        limit.hear(&told(3, Some(10)), heard(0, 100), 2);
        assert_eq!(limit.closed(millis(100), 2), None);
        let until = Some(Closed::Until(millis(10_100)));
        assert_eq!(limit.closed(millis(100), 3), until);
        limit.hear(&told(0, Some(10)), heard(50, 200), 0);
        assert_eq!(
            limit.closed(millis(200), 0),
            until,
            "the earliest end counts"
        );
    }

    #[test]
    fn a_late_answer_takes_nothing_back() {
        let mut limit = Learned::new("");
        limit.hear(&told(10, Some(10)), heard(0, 100), 3);
        limit.hear(&told(14, Some(10)), heard(0, 110), 2);
        assert!(limit.closed(millis(110), 10).is_some());
        limit.hear(&told(49, Some(10)), heard(0, 120), 1);
        assert_eq!(
            limit.closed(millis(120), 10),
            None,
            "so much more is a new period"
        );
        limit.hear(&told(9, Some(10)), heard(50, 130), 1);
        assert_eq!(
            limit.closed(millis(130), 10),
            None,
            "so much less is from the period before"
        );
        limit.hear(&told(0, Some(10)), heard(125, 140), 1);
        assert!(
            limit.closed(millis(140), 0).is_some(),
            "what was sent since then counts"
        );
    }

    #[test]
    fn the_first_new_period_is_probed_and_the_next_ones_are_used_at_once() {
        let mut limit = Learned::new("");
        limit.hear(&told(0, Some(1)), heard(0, 100), 0);
        assert_eq!(
            limit.closed(millis(1_099), 0),
            Some(Closed::Until(millis(1_100)))
        );
        assert_eq!(limit.closed(millis(1_100), 0), None);
        assert_eq!(limit.closed(millis(1_100), 1), Some(Closed::Answer));
        limit.hear(&told(49, Some(1)), heard(1_100, 1_110), 0);
        assert_eq!(limit.closed(millis(1_110), 48), None);
        limit.hear(&told(0, Some(1)), heard(1_200, 1_210), 0);
        assert_eq!(limit.closed(millis(2_110), 49), None);
        assert_eq!(limit.closed(millis(2_110), 50), Some(Closed::Answer));
    }

    #[test]
    fn a_limit_that_fills_slowly_is_probed_each_time() {
        let mut limit = Learned::new("");
        for second in 0..3 {
            let start = second * 1_000;
            limit.hear(&told(0, Some(1)), heard(start, start), 0);
            assert_eq!(limit.closed(millis(start + 1_000), 0), None);
            assert_eq!(limit.closed(millis(start + 1_000), 1), Some(Closed::Answer));
        }
    }

    #[test]
    fn a_server_that_rounds_down_is_given_a_second_more() {
        let mut limit = Learned::new("");
        limit.hear(&told(0, Some(0)), heard(0, 0), 0);
        assert_eq!(limit.closed(Duration::ZERO, 0), None);
        let refused = Heard {
            is_refusal: true,
            ..heard(0, 10)
        };
        limit.hear(&told(0, Some(0)), refused, 0);
        assert_eq!(
            limit.closed(millis(10), 0),
            Some(Closed::Until(millis(10) + SECOND))
        );
    }

    #[test]
    fn a_limit_without_an_end_stops_nobody() {
        let mut limit = Learned::new("");
        limit.hear(&told(0, None), heard(0, 0), 0);
        assert_eq!(limit.closed(Duration::ZERO, 5), None);
    }

    #[test]
    fn a_limit_that_is_heard_of_no_more_is_forgotten() {
        let mut limit = Learned::new("");
        limit.hear(&told(0, Some(1)), heard(0, 0), 0);
        assert_eq!(limit.closed(SECOND, 0), None);
        assert_eq!(limit.closed(SECOND, 1), Some(Closed::Answer));
        limit.miss(true);
        assert_eq!(limit.closed(SECOND, 100), None);
    }

    #[test]
    fn a_request_that_failed_may_have_been_counted() {
        let mut limit = Learned::new("");
        limit.hear(&told(2, Some(1)), heard(0, 0), 1);
        assert_eq!(limit.closed(Duration::ZERO, 1), None);
        limit.miss(false);
        assert!(limit.closed(Duration::ZERO, 1).is_some());
    }
}
