//! The network and the time of a simulated client.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use apiduct_client::transport::{Limits, PreparedRequest, RawResponse, TimeLimit, Transport};
use apiduct_client::{Cause, Timer, TransportError};
use apiduct_model::Clock;
use apiduct_testkit::{SimApi, SimClock, SimOutcome};
use async_trait::async_trait;
use futures_util::future::BoxFuture;

/// A transport over a simulated API.
#[derive(Clone)]
pub(crate) struct SimNet {
    api: SimApi,
    clock: SimClock,
    log: Arc<Mutex<Vec<String>>>,
}

impl SimNet {
    pub(crate) fn new(api: &SimApi, clock: &SimClock) -> Self {
        Self {
            api: api.clone(),
            clock: clock.clone(),
            log: Arc::default(),
        }
    }

    /// What happened, one line an exchange, in the order of their ends.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    fn note(&self, sent: Duration, line: &str, outcome: &str) {
        let now = self.clock.monotonic().as_secs_f64();
        let line = format!("{:9.3}..{now:9.3} {line}: {outcome}", sent.as_secs_f64());
        self.log.lock().unwrap().push(line);
    }
}

impl fmt::Debug for SimNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimNet")
    }
}

#[async_trait]
impl Transport for SimNet {
    async fn send(
        &self,
        request: PreparedRequest,
        limits: &Limits,
    ) -> Result<RawResponse, TransportError> {
        let PreparedRequest {
            method,
            url,
            headers,
            body,
        } = request;
        let sent = self.clock.monotonic();
        let line = format!("{method} {}", &url[url::Position::BeforePath..]);
        let answer = self.api.answer(&method, &url, &headers, body.as_deref());
        let patience = limits.total_timeout.unwrap_or(Duration::MAX);
        self.clock.sleep(answer.after.min(patience)).await;
        let source = Cause::new("simulated");
        let idle = limits.idle_timeout;
        let timeout = |which, limit| Err(TransportError::Timeout { which, limit });
        let result = match answer.outcome {
            _ if answer.after > patience => timeout(TimeLimit::Total, patience),
            SimOutcome::Response {
                status,
                headers,
                body,
            } => Ok(RawResponse {
                status,
                headers,
                wire_bytes: Some(body.len() as u64),
                body,
            }),
            SimOutcome::Refused => Err(TransportError::Connect {
                host: "sim.test".to_owned(),
                source,
            }),
            SimOutcome::Broken { received } => Err(TransportError::Broken { received, source }),
            SimOutcome::Silence => {
                self.clock.sleep(idle).await;
                timeout(TimeLimit::Idle, idle)
            }
            SimOutcome::Undecodable => Err(TransportError::Decode { source }),
            _ => Err(TransportError::Other { source }),
        };
        let shown = match &result {
            Ok(raw) => format!("{} with {} bytes", raw.status.as_u16(), raw.body.len()),
            Err(error) => error.to_string(),
        };
        self.note(sent, &line, &shown);
        result
    }
}

/// The clock as the client sees it: its wall clock can differ from the server's, and jump.
#[derive(Debug, Clone)]
pub(crate) struct SimTimer {
    clock: SimClock,
    /// Seconds that the client's wall clock is ahead of the server's; negative behind.
    skew: Arc<Mutex<i64>>,
}

impl SimTimer {
    pub(crate) fn new(clock: &SimClock) -> Self {
        Self {
            clock: clock.clone(),
            skew: Arc::default(),
        }
    }

    pub(crate) fn set_skew(&self, seconds: i64) {
        *self.skew.lock().unwrap() = seconds;
    }
}

impl Clock for SimTimer {
    fn now(&self) -> SystemTime {
        let skew = *self.skew.lock().unwrap();
        let by = Duration::from_secs(skew.unsigned_abs());
        if skew < 0 {
            self.clock.now() - by
        } else {
            self.clock.now() + by
        }
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }
}

impl Timer for SimTimer {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }
}
