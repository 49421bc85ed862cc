//! Declared rates: so many requests in such a time.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// At most so many requests in any span of such a length.
///
/// Written `10/s`, `100/min`, `5000/h`, `1000/day`.
///
/// ```
/// use std::time::Duration;
/// use apiduct_client::rate::Window;
///
/// let window: Window = "100/min".parse()?;
/// assert_eq!((window.requests, window.per), (100, Duration::from_secs(60)));
/// assert_eq!(window.to_string(), "100/min");
/// # Ok::<(), apiduct_client::rate::NoWindow>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many.
    pub requests: u32,
    /// In how long.
    pub per: Duration,
}

/// A text is not a rate such as `10/s`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a rate such as `10/s`, `100/min`, `5000/h` or `1000/day`")]
pub struct NoWindow {
    text: String,
}

impl FromStr for Window {
    type Err = NoWindow;

    fn from_str(text: &str) -> Result<Self, NoWindow> {
        parse(text).ok_or_else(|| NoWindow {
            text: text.to_owned(),
        })
    }
}

fn parse(text: &str) -> Option<Window> {
    let (requests, unit) = text.split_once('/')?;
    let seconds = match unit.trim() {
        "s" | "sec" | "second" => 1,
        "m" | "min" | "minute" => 60,
        "h" | "hour" => 3600,
        "d" | "day" => 86_400,
        _ => return None,
    };
    let requests: u32 = requests.trim().parse().ok()?;
    (requests > 0).then_some(Window {
        requests,
        per: Duration::from_secs(seconds),
    })
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per.as_secs() {
            1 => write!(f, "{}/s", self.requests),
            60 => write!(f, "{}/min", self.requests),
            3600 => write!(f, "{}/h", self.requests),
            86_400 => write!(f, "{}/day", self.requests),
            seconds => write!(f, "{}/{seconds}s", self.requests),
        }
    }
}

/// Starts within this part of a window count as one moment, so that the memory of a window has a bound.
const MOMENTS: u32 = 4096;
/// Requests do not travel equally fast: windows are kept longer by this part, so that the server sees them kept too.
const MARGIN: u32 = 100;
/// The margin of long windows.
const MAX_MARGIN: Duration = Duration::from_millis(100);

/// The starts of the last window, exactly: a sliding log and not a token bucket, which would let up to twice the number
/// into a span of its length once it is full.
#[derive(Debug)]
pub(super) struct StartLog {
    allowed: u64,
    length: Duration,
    moment: Duration,
    /// When starts began and ended, and how many there were.
    starts: VecDeque<Moment>,
    counted: u64,
}

#[derive(Debug)]
struct Moment {
    from: Duration,
    to: Duration,
    count: u64,
}

impl StartLog {
    pub(super) fn new(window: Window) -> Self {
        Self {
            allowed: u64::from(window.requests.max(1)),
            length: window.per + (window.per / MARGIN).min(MAX_MARGIN),
            moment: window.per / MOMENTS,
            starts: VecDeque::new(),
            counted: 0,
        }
    }

    /// When the next request may start; at most `now` when it may start at once.
    pub(super) fn opens(&mut self, now: Duration) -> Duration {
        while let Some(first) = self.starts.front()
            && first.to + self.length <= now
        {
            self.counted -= first.count;
            self.starts.pop_front();
        }
        if self.counted < self.allowed {
            return Duration::ZERO;
        }
        self.starts
            .front()
            .map_or(Duration::ZERO, |first| first.to + self.length)
    }

    /// Counts a start.
    pub(super) fn count(&mut self, now: Duration) {
        self.counted += 1;
        if let Some(last) = self.starts.back_mut()
            && now.saturating_sub(last.from) <= self.moment
        {
            last.to = now.max(last.to);
            last.count += 1;
            return;
        }
        self.starts.push_back(Moment {
            from: now,
            to: now,
            count: 1,
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rates_read_as_written_and_show_the_same() {
        for text in ["10/s", "100/min", "5000/h", "7/day"] {
            assert_eq!(text.parse::<Window>().unwrap().to_string(), text);
        }
        assert_eq!("10 / second".parse::<Window>().unwrap().to_string(), "10/s");
        for text in ["10", "0/s", "/s", "10/fortnight", "ten/s", "-1/s"] {
            let error = text.parse::<Window>().unwrap_err();
            assert!(error.to_string().contains("`10/s`"), "{error}");
        }
    }

    fn log(requests: u32, per: Duration) -> StartLog {
        StartLog::new(Window { requests, per })
    }

    #[test]
    fn a_full_window_opens_when_its_first_start_leaves_it() {
        let mut log = log(2, Duration::from_secs(10));
        for second in [0, 4] {
            let now = Duration::from_secs(second);
            assert!(log.opens(now) <= now);
            log.count(now);
        }
        let opens = Duration::from_millis(10_100);
        assert_eq!(log.opens(Duration::from_secs(4)), opens);
        assert!(log.opens(opens) <= opens);
    }

    #[test]
    fn a_window_of_millions_remembers_thousands() {
        let mut log = log(5_000_000, Duration::from_hours(24));
        for micros in 0..500_000_u64 {
            log.count(Duration::from_micros(micros * 500_000));
        }
        assert!(
            log.starts.len() <= MOMENTS as usize * 3,
            "{}",
            log.starts.len()
        );
    }

    proptest! {
        #[test]
        fn no_span_of_the_window_has_more_starts_than_allowed(
            requests in 1u32..6,
            pauses in prop::collection::vec(0u64..400, 1..60),
        ) {
            let per = Duration::from_secs(1);
            let mut log = log(requests, per);
            let mut now = Duration::ZERO;
            let mut starts = Vec::new();
            for pause in pauses {
                now += Duration::from_millis(pause);
                now = now.max(log.opens(now));
                log.count(now);
                starts.push(now);
            }
            for (at, first) in starts.iter().enumerate() {
                let within = starts[at..].iter().filter(|start| **start < *first + per).count();
                prop_assert!(within <= requests as usize);
            }
        }
    }
}
