use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apiduct_model::Clock as _;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Version};
use url::Url;

use super::SimClock;
use crate::lock;
use crate::mock::received::pairs;
use crate::mock::server::Shared;
use crate::mock::{Fault, Place, Received, Reply, Stage, Stats};

/// A scripted API without a socket, in the time of a [`SimClock`]; made by
/// [`MockApiBuilder::simulate`](crate::MockApiBuilder::simulate).
///
/// It says what a transport would hand over and when; the transport of a client over it is a few lines: wait for
/// [`SimAnswer::after`] by the clock, then give or fail as [`SimAnswer::outcome`] says.
///
/// ```
/// use std::time::Duration;
/// use apiduct_testkit::{Fault, MockApi, Reply, SimClock, SimOutcome};
/// use http::{HeaderMap, Method};
///
/// let clock = SimClock::new();
/// let api = MockApi::builder()
///     .script("/x", [Reply::json(&1).fault(Fault::Reset), Reply::json(&1)])
///     .latency(Duration::from_secs(3))
///     .simulate(&clock);
/// let url = api.base_url().join("/x").unwrap();
/// let ask = || api.answer(&Method::GET, &url, &HeaderMap::new(), None);
/// assert!(matches!(ask().outcome, SimOutcome::Broken { received: 0 }));
/// let answer = ask();
/// assert_eq!(answer.after, Duration::from_secs(3));
/// assert!(matches!(answer.outcome, SimOutcome::Response { body, .. } if body == "1"));
/// ```
#[derive(Clone)]
pub struct SimApi {
    shared: Arc<Shared>,
    clock: SimClock,
    base_url: Url,
    outages: Arc<Mutex<Vec<(Duration, Duration)>>>,
}

/// What comes of a request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SimAnswer {
    /// How long it takes.
    pub after: Duration,
    /// What it is.
    pub outcome: SimOutcome,
}

/// What a transport gets to see.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SimOutcome {
    /// A response, whole as far as the transport can tell.
    Response {
        /// Its status.
        status: StatusCode,
        /// Its headers.
        headers: HeaderMap,
        /// Its body.
        body: Bytes,
    },
    /// No connection can be made.
    Refused,
    /// The connection broke after so many bytes of the body.
    Broken {
        /// The bytes that arrived.
        received: u64,
    },
    /// Nothing comes, however long one waits.
    Silence,
    /// The body does not decompress.
    Undecodable,
}

impl SimApi {
    pub(crate) fn new(shared: Shared, clock: &SimClock) -> Self {
        let base_url = Url::parse(&shared.base_url).expect("the base URL of a simulation is a URL");
        Self {
            shared: Arc::new(shared),
            clock: clock.clone(),
            base_url,
            outages: Arc::default(),
        }
    }

    /// Where the API lives: `https://sim.test/`.
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// Refuses connections from one moment to another, counted from the start of the clock.
    pub fn outage(&self, from: Duration, to: Duration) {
        lock(&self.outages).push((from, to));
    }

    /// Answers one request that leaves at this moment.
    pub fn answer(
        &self,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        body: Option<&[u8]>,
    ) -> SimAnswer {
        let now = self.clock.monotonic();
        if lock(&self.outages)
            .iter()
            .any(|(from, to)| (*from..*to).contains(&now))
        {
            return SimAnswer {
                after: Duration::from_millis(1),
                outcome: SimOutcome::Refused,
            };
        }
        let raw_query = url.query().unwrap_or_default().to_owned();
        let mut request = self.shared.note(Received {
            number: 0,
            at: Duration::ZERO,
            method: method.clone(),
            path: url.path().to_owned(),
            query: pairs(raw_query.as_bytes()),
            raw_query,
            headers: headers.clone(),
            body: Bytes::copy_from_slice(body.unwrap_or_default()),
            version: Version::HTTP_11,
            segments: Vec::new(),
            base_url: Arc::clone(&self.shared.base_url),
        });
        self.shared.run_hooks(&request);
        let reply = self.shared.reply(&mut request);
        let late = reply
            .fault
            .as_ref()
            .map(|fault| fault.delay(request.number));
        let after = self.shared.latency + reply.delay + late.unwrap_or_default();
        delivered(&reply, request.number, after)
    }

    /// All requests so far that found the API, in the order of their arrival.
    pub fn recorded(&self) -> Vec<Received> {
        lock(&self.shared.recorded).clone()
    }

    /// The counts so far.
    pub fn stats(&self) -> Stats {
        *lock(&self.shared.stats)
    }
}

impl fmt::Debug for SimApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimApi")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// What arrives of a reply when its fault has struck on the way.
fn delivered(reply: &Reply, number: u64, after: Duration) -> SimAnswer {
    let body = Bytes::from(reply.pieces.concat());
    let length = body.len() as u64;
    let whole = |body: Bytes| SimOutcome::Response {
        status: reply.status,
        headers: reply.headers.clone(),
        body,
    };
    let broken = |received| SimOutcome::Broken { received };
    let at = |place: &Place| place.find(&body, number) as u64;
    let (late, outcome) = match &reply.fault {
        Some(
            Fault::Reset | Fault::ResetAt(Stage::BeforeHead | Stage::InHead | Stage::AfterHead),
        ) => (Duration::ZERO, broken(0)),
        Some(Fault::ResetAt(Stage::InBody) | Fault::BrokenChunks(_) | Fault::Truncate(_)) => {
            (Duration::ZERO, broken(length / 2))
        }
        Some(Fault::ResetAt(Stage::BeforeLastChunk) | Fault::LongLength(_)) => {
            (Duration::ZERO, broken(length))
        }
        Some(Fault::TruncateAt(place)) => (Duration::ZERO, broken(at(place))),
        Some(Fault::LimitData(limit)) if *limit < length => (Duration::ZERO, broken(*limit)),
        Some(Fault::ShortLength(bytes)) => {
            let kept = usize::try_from(length.saturating_sub(*bytes)).unwrap_or_default();
            (Duration::ZERO, whole(body.slice(..kept)))
        }
        Some(Fault::Timeout { after }) => (*after, broken(0)),
        Some(Fault::Hang) => (Duration::ZERO, SimOutcome::Silence),
        Some(Fault::BrokenGzip(_)) => (Duration::ZERO, SimOutcome::Undecodable),
        Some(
            Fault::Drip { chunk, pause }
            | Fault::Slice {
                size: chunk, pause, ..
            },
        ) => {
            let pieces = body.len().div_ceil((*chunk).max(1));
            let late = pause.saturating_mul(u32::try_from(pieces).unwrap_or(u32::MAX));
            (late, whole(body))
        }
        Some(Fault::Bandwidth { bytes_per_second }) => {
            let late = Duration::from_millis(length * 1_000 / bytes_per_second.max(&1));
            (late, whole(body))
        }
        _ => (Duration::ZERO, whole(body)),
    };
    SimAnswer {
        after: after + late,
        outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BrokenChunks, BrokenGzip, MockApi, RateLimit};

    fn ask(api: &SimApi) -> SimAnswer {
        let url = api.base_url().join("/x?a=1").unwrap();
        api.answer(&Method::GET, &url, &HeaderMap::new(), None)
    }

    fn outcome(fault: Fault) -> String {
        let api = MockApi::builder()
            .get("/x", move |_| Reply::json(&[10, 20]).fault(fault.clone()))
            .simulate(&SimClock::new());
        match ask(&api).outcome {
            SimOutcome::Response { body, .. } => String::from_utf8(body.to_vec()).unwrap(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_fault_of_the_wire_is_what_a_transport_makes_of_it() {
        let broken = |received| format!("Broken {{ received: {received} }}");
        for stage in [Stage::BeforeHead, Stage::InHead, Stage::AfterHead] {
            assert_eq!(outcome(Fault::ResetAt(stage)), broken(0));
        }
        assert_eq!(outcome(Fault::Reset), broken(0));
        assert_eq!(outcome(Fault::ResetAt(Stage::InBody)), broken(3));
        assert_eq!(outcome(Fault::LongLength(1)), broken(7));
        assert_eq!(outcome(Fault::TruncateAt(Place::BeforeEnd)), broken(6));
        assert_eq!(outcome(Fault::LimitData(2)), broken(2));
        assert_eq!(outcome(Fault::LimitData(99)), "[10,20]");
        assert_eq!(outcome(Fault::BrokenChunks(BrokenChunks::Size)), broken(3));
        assert_eq!(outcome(Fault::ShortLength(3)), "[10,");
        assert_eq!(outcome(Fault::CutAt(Place::BeforeEnd)), "[10,20");
        assert_eq!(outcome(Fault::Hang), "Silence");
        assert_eq!(outcome(Fault::BrokenGzip(BrokenGzip::Cut)), "Undecodable");
    }

    #[test]
    fn an_outage_lasts_from_one_moment_to_another() {
        let clock = SimClock::new();
        let api = MockApi::builder()
            .json("/x", &serde_json::json!(1))
            .simulate(&clock);
        let second = Duration::from_secs(1);
        api.outage(second, second * 3);
        let inner = clock.clone();
        let seen = clock.run(second * 10, async move {
            let mut seen = Vec::new();
            for _ in 0..5 {
                seen.push(matches!(ask(&api).outcome, SimOutcome::Refused));
                inner.sleep(second).await;
            }
            (seen, api.stats().requests)
        });
        assert_eq!(seen, Ok((vec![false, true, true, false, false], 3)));
    }

    #[test]
    fn limits_and_records_follow_the_clock() {
        let clock = SimClock::new();
        let api = MockApi::builder()
            .json("/x", &serde_json::json!(1))
            .rate_limit(RateLimit::new(1, Duration::from_mins(1)))
            .simulate(&clock);
        let (seen, inner) = (api.clone(), clock.clone());
        let statuses = clock.run(Duration::from_hours(1), async move {
            let mut statuses = Vec::new();
            for _ in 0..3 {
                if let SimOutcome::Response { status, .. } = ask(&seen).outcome {
                    statuses.push(status.as_u16());
                }
                inner.sleep(Duration::from_secs(40)).await;
            }
            statuses
        });
        assert_eq!(statuses, Ok(vec![200, 429, 200]));
        assert_eq!(api.recorded()[2].at, Duration::from_secs(80));
        assert_eq!(api.recorded()[0].param("a"), Some("1"));
    }
}
