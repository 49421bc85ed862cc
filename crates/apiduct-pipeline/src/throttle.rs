//! One gate in front of the network for all resources: requests in flight, declared rate, request quota.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use apiduct_client::transport::{PreparedRequest, RawResponse, Transport};
use apiduct_client::{Limits, Timer, TransportError};
use async_trait::async_trait;
use tokio::sync::Semaphore;

/// What the gate lets through.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Allowance {
    /// Requests in flight at a time.
    pub(crate) concurrency: usize,
    /// Time between the starts of two requests, by the declared rate.
    pub(crate) interval: Option<Duration>,
    /// Requests in all.
    pub(crate) max_requests: Option<u64>,
}

/// A transport behind the gate.
#[derive(Debug)]
pub(crate) struct Throttle {
    inner: Arc<dyn Transport>,
    timer: Arc<dyn Timer>,
    in_flight: Semaphore,
    interval: Option<Duration>,
    /// When the next request may start, by the monotonic clock.
    next_start: Mutex<Duration>,
    left: Option<AtomicU64>,
}

impl Throttle {
    pub(crate) fn new(
        inner: Arc<dyn Transport>,
        timer: Arc<dyn Timer>,
        allowance: Allowance,
    ) -> Self {
        Self {
            inner,
            timer,
            in_flight: Semaphore::new(allowance.concurrency.max(1)),
            interval: allowance.interval,
            next_start: Mutex::new(Duration::ZERO),
            left: allowance.max_requests.map(AtomicU64::new),
        }
    }

    fn take_one(&self) -> bool {
        let Some(left) = &self.left else { return true };
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        })
        .is_ok()
    }

    /// Books the next start and says how long to wait for it.
    fn book(&self, interval: Duration) -> Duration {
        let now = self.timer.monotonic();
        let mut next = self
            .next_start
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let start = now.max(*next);
        *next = start + interval;
        start.saturating_sub(now)
    }
}

#[async_trait]
impl Transport for Throttle {
    async fn send(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        if !self.take_one() {
            return Err(TransportError::Quota);
        }
        let _in_flight = self.in_flight.acquire().await;
        if let Some(interval) = self.interval {
            let wait = self.book(interval);
            if !wait.is_zero() {
                self.timer.sleep(wait).await;
            }
        }
        self.inner.send(request, limits).await
    }
}

#[cfg(test)]
mod tests {
    use apiduct_model::Clock;
    use bytes::Bytes;
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;

    use super::*;

    #[derive(Debug)]
    struct Answer;

    #[async_trait]
    impl Transport for Answer {
        async fn send(
            &self,
            _: PreparedRequest,
            _: &Limits,
        ) -> Result<RawResponse, TransportError> {
            let (status, body) = (http::StatusCode::OK, Bytes::new());
            Ok(RawResponse {
                status,
                headers: http::HeaderMap::new(),
                body,
                wire_bytes: None,
            })
        }
    }

    #[derive(Debug, Clone)]
    struct Fake(apiduct_testkit::FakeClock);

    impl Clock for Fake {
        fn now(&self) -> std::time::SystemTime {
            self.0.now()
        }

        fn monotonic(&self) -> Duration {
            self.0.monotonic()
        }
    }

    impl Timer for Fake {
        fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
            self.0.sleep(duration).boxed()
        }
    }

    fn request() -> PreparedRequest {
        PreparedRequest {
            method: http::Method::GET,
            url: "http://example.test/".parse().unwrap(),
            headers: http::HeaderMap::new(),
            body: None,
        }
    }

    #[tokio::test]
    async fn a_declared_rate_spaces_the_starts() {
        let clock = apiduct_testkit::FakeClock::default();
        let allowance = Allowance {
            concurrency: 8,
            interval: Some(Duration::from_millis(100)),
            max_requests: None,
        };
        let throttle = Throttle::new(Arc::new(Answer), Arc::new(Fake(clock.clone())), allowance);
        let start = clock.monotonic();
        for _ in 0..5 {
            throttle.send(request(), &Limits::default()).await.unwrap();
        }
        assert_eq!(clock.monotonic(), start + Duration::from_millis(400));
    }

    #[tokio::test]
    async fn a_spent_quota_refuses() {
        let clock = apiduct_testkit::FakeClock::default();
        let allowance = Allowance {
            concurrency: 1,
            interval: None,
            max_requests: Some(2),
        };
        let throttle = Throttle::new(Arc::new(Answer), Arc::new(Fake(clock)), allowance);
        for _ in 0..2 {
            throttle.send(request(), &Limits::default()).await.unwrap();
        }
        assert!(throttle.send(request(), &Limits::default()).await.is_err());
    }
}
