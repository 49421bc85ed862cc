use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::RetryConfig;

/// How long to wait before the next try: doubling, up to a cap, optionally with full jitter.
#[derive(Debug)]
pub struct Backoff {
    factor: f64,
    cap: Duration,
    jitter: Option<AtomicU64>,
}

impl Backoff {
    /// The waits that `config` asks for.
    pub fn new(config: &RetryConfig) -> Self {
        Self {
            factor: config.backoff_factor.max(0.0),
            cap: config.max_retry_delay,
            jitter: config.jitter.map(AtomicU64::new),
        }
    }

    /// The wait after `tries` tries, of which there is at least one.
    pub fn delay(&self, tries: u32) -> Duration {
        let exponent = i32::try_from(tries.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.factor * 2f64.powi(exponent);
        let full = Duration::try_from_secs_f64(seconds).map_or(self.cap, |wait| wait.min(self.cap));
        match &self.jitter {
            None => full,
            Some(state) => {
                let seed = state.fetch_add(1, Ordering::Relaxed);
                full.mul_f64(fastrand::Rng::with_seed(seed).f64())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(config: &RetryConfig, count: u32) -> Vec<f64> {
        let backoff = Backoff::new(config);
        let seconds = |tries| backoff.delay(tries).as_secs_f64();
        (1..=count).map(seconds).collect()
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let default = RetryConfig::default();
        assert_eq!(waits(&default, 5), [1.0, 2.0, 4.0, 8.0, 16.0]);
        assert_eq!(waits(&default, 12)[8..], [256.0, 300.0, 300.0, 300.0]);
        let factor = |backoff_factor| RetryConfig {
            backoff_factor,
            ..RetryConfig::default()
        };
        assert_eq!(waits(&factor(1.5), 4), [1.5, 3.0, 6.0, 12.0]);
        assert_eq!(waits(&factor(0.0), 3), [0.0, 0.0, 0.0]);
        let capped = RetryConfig {
            max_retry_delay: Duration::from_secs(10),
            ..default
        };
        assert_eq!(waits(&capped, 6)[3..], [8.0, 10.0, 10.0]);
    }

    #[test]
    fn a_huge_number_of_tries_waits_the_cap() {
        let backoff = Backoff::new(&RetryConfig::default());
        assert_eq!(backoff.delay(u32::MAX), Duration::from_mins(5));
    }

    #[test]
    fn jitter_stays_below_the_full_wait_and_follows_its_seed() {
        let config = RetryConfig {
            jitter: Some(7),
            ..RetryConfig::default()
        };
        let first = waits(&config, 5);
        assert_eq!(first, waits(&config, 5));
        for (wait, full) in first.iter().zip(waits(&RetryConfig::default(), 5)) {
            assert!((0.0..=full).contains(wait), "{wait} of {full}");
        }
        let backoff = Backoff::new(&config);
        assert_ne!(backoff.delay(3), backoff.delay(3), "two callers are spread");
    }
}
