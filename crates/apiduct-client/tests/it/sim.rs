//! Whole pulls over a simulated network in virtual time, drawn from seeds: paging, retries, limits, tokens, outages
//! and clocks that jump. A pull brings exactly the right rows, or a named error after rows that are right so far; it
//! ends, and asks no more than it has reason to.
//!
//! One seed again, with all that it stands for: `APIDUCT_SIM_SEED=123 cargo nextest run -p apiduct-client sim::seeds`.
//! Others than those of every test run: `APIDUCT_SIM_SEEDS=5000..9000`, the same command.

mod clocks;
mod drift;
mod network;
mod rates;
mod scenario;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use apiduct_client::auth::{AuthError, OAuth2ClientCredentials, TokenError};
use apiduct_client::paginate::Paginator;
use apiduct_client::retry::RetryConfig;
use apiduct_client::{Client, Drift, Error, RetryStop, TransportError};
use apiduct_testkit::{Chaos, Fault, MockApi, OAuthServer, Reply, SimApi, SimClock, SimStop};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use network::{SimNet, SimTimer};
use scenario::{Doom, Scenario};

/// No pull of these sizes has a reason to take longer.
const LONGEST: Duration = Duration::from_hours(6);

#[derive(Deserialize)]
struct Row {
    id: usize,
}

/// How a pull ended.
struct Ended {
    ids: Vec<usize>,
    error: Option<Error>,
    drift: Drift,
    has_end: bool,
}

/// A pull and all that can be told of it.
struct Pulled {
    ended: Result<Ended, SimStop>,
    api: SimApi,
    log: Vec<String>,
    unauthorized: u64,
    token_requests: u64,
}

fn build_api(scenario: &Scenario, clock: &SimClock, office: &OAuthServer) -> SimApi {
    let rows = (0..scenario.rows).map(|id| json!({"id": id, "name": format!("row \"{id}\"")}));
    let mut chaos = Chaos::seed(scenario.seed).at_most_in_a_row(scenario.longest_run);
    for (fault, share) in &scenario.faults {
        chaos = chaos.rate(fault.clone(), *share);
    }
    let mut builder = MockApi::builder()
        .collection("rows", rows)
        .latency(scenario.latency)
        .chaos(chaos);
    if let Some(limit) = &scenario.limit {
        builder = builder.rate_limit(limit.clone());
    }
    if scenario.tokens.is_some() {
        builder = builder.oauth(office);
    }
    if let Some((first, doom)) = scenario.doom {
        builder = builder.guard(move |request| (request.number > first).then(|| doomed(doom)));
    }
    let api = builder.simulate(clock);
    if let Some((from, to)) = scenario.outage {
        api.outage(from, to);
    }
    api
}

fn office(scenario: &Scenario) -> OAuthServer {
    let server = OAuthServer::new().client("id", "s3cret");
    let Some(tokens) = scenario.tokens else {
        return server;
    };
    let server = server.lifetime(Some(tokens.lifetime));
    match tokens.uses {
        Some(uses) => server.uses(uses),
        None => server,
    }
}

fn doomed(doom: Doom) -> Reply {
    let page = Reply::json(&json!({"data": [{"id": 0}], "next_page": null}));
    match (doom, doom.fault()) {
        (_, Some(fault)) => page.fault(fault),
        (Doom::LongWait, _) => Reply::error(429, "come back later").header("Retry-After", "7200"),
        (Doom::Unauthorized, _) => Reply::error(401, "no more"),
        _ => Reply::html("<html><body>Please log in</body></html>"),
    }
}

fn pull(scenario: &Scenario) -> Pulled {
    let clock = SimClock::new();
    let office = office(scenario);
    let api = build_api(scenario, &clock, &office);
    let net = SimNet::new(&api, &clock);
    let timer = SimTimer::new(&clock);
    let retry = RetryConfig {
        jitter: scenario.jitter,
        ..RetryConfig::default()
    };
    let mut builder = Client::builder(api.base_url().as_str())
        .transport(net.clone())
        .timer(Arc::new(timer.clone()))
        .retry(retry);
    if scenario.tokens.is_some() {
        let url = api.base_url().join("/oauth/token").unwrap();
        builder = builder.auth(OAuth2ClientCredentials::new(url, "id", "s3cret"));
    }
    let client = builder.build().unwrap();
    let style = scenario.style;
    let size_param = if style.path().starts_with("/rows_offset") {
        "limit"
    } else {
        "per_page"
    };
    let mut walk = client
        .paginate(style.path())
        .method(style.method())
        .param(size_param, scenario.page_size)
        .prefetch(scenario.prefetch)
        .window(scenario.window);
    if let Some(body) = style.body(scenario.page_size) {
        walk = walk.json(&body);
    }
    if !scenario.is_detected {
        let paginator = style.paginator(scenario.page_size);
        walk = walk
            .paginator(Arc::<dyn Paginator>::from(paginator))
            .data_selector(style.selector());
    }
    let mut pages = walk.send();
    let (jumps, time) = (scenario.jumps.clone(), clock.clone());
    let ended = clock.run(LONGEST, async move {
        for (after, seconds) in jumps {
            let (time, timer) = (time.clone(), timer.clone());
            tokio::spawn(async move {
                time.sleep(after).await;
                timer.set_skew(seconds);
            });
        }
        let mut ids = Vec::new();
        let error = loop {
            match pages.next().await {
                Ok(Some(page)) => match page.records::<Row>() {
                    Ok(rows) => ids.extend(rows.into_iter().map(|row| row.id)),
                    Err(error) => break Some(error),
                },
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        Ended {
            ids,
            error,
            drift: pages.drift().clone(),
            has_end: pages.end().is_some(),
        }
    });
    Pulled {
        ended,
        log: net.log(),
        unauthorized: office.refused(),
        token_requests: office.token_requests(),
        api,
    }
}

/// Whether `error` is the name of `doom`.
fn names(doom: Doom, error: &Error) -> bool {
    let status = error.status();
    match doom {
        Doom::NotFound => status == Some(StatusCode::NOT_FOUND),
        Doom::Broken => status == Some(StatusCode::INTERNAL_SERVER_ERROR),
        Doom::Unauthorized => status == Some(StatusCode::UNAUTHORIZED),
        Doom::LongWait => matches!(error.retry_stop(), Some(RetryStop::WaitTooLong { .. })),
        Doom::CutJson | Doom::Html => matches!(error, Error::Json(_)),
        Doom::Reset | Doom::Gzip | Doom::Silent => {
            let Error::Transport(failed) = error else {
                return false;
            };
            matches!(
                (doom, &failed.error),
                (Doom::Reset, TransportError::Broken { .. })
                    | (Doom::Gzip, TransportError::Decode { .. })
                    | (Doom::Silent, TransportError::Timeout { .. })
            )
        }
    }
}

/// Whether the API or its token endpoint said that there were too many requests, or that the next one is far away.
fn is_refusal(error: &Error) -> bool {
    if matches!(error.retry_stop(), Some(RetryStop::WaitTooLong { .. })) {
        return true;
    }
    let status = match error {
        Error::Auth {
            source: AuthError::Token { source },
            ..
        } => match &**source {
            TokenError::Refused { status, .. } => Some(*status),
            _ => None,
        },
        error => error.status(),
    };
    status == Some(StatusCode::TOO_MANY_REQUESTS)
}

/// What is wrong with the pull of `scenario`, if anything is.
fn judge(scenario: &Scenario, pulled: &Pulled) -> Result<(), String> {
    let ended = pulled.ended.as_ref().map_err(ToString::to_string)?;
    let right = ended.ids.iter().copied().eq(0..ended.ids.len());
    if !right || ended.ids.len() > scenario.rows {
        return Err(format!("rows are missing or doubled: {:?}", ended.ids));
    }
    if !ended.drift.is_none() {
        return Err(format!(
            "a list that never changed is said to drift: {}",
            ended.drift
        ));
    }
    let is_skewed = !scenario.jumps.is_empty();
    match (&ended.error, scenario.doom) {
        (None, _) if ended.ids.len() != scenario.rows => {
            return Err(format!("only {} rows, and no error", ended.ids.len()));
        }
        (None, _) if !ended.has_end => return Err("the end has no reason".to_owned()),
        (None, _) => {}
        (Some(error), Some((_, doom))) if names(doom, error) => {}
        // A date of the server's clock, which lies far ahead for the client's clock, or is long over.
        (Some(error), None) if is_skewed && is_refusal(error) => {}
        // Records are read when they are wanted, not when the page is taken in.
        (Some(Error::Record { .. }), None) if scenario.is_struck_by(&Fault::MalformedJson) => {}
        (Some(error), _) => return Err(format!("{error:?}")),
    }
    let stats = pulled.api.stats();
    let (rejected, tokens) = (pulled.unauthorized, pulled.token_requests);
    let mut allowed =
        scenario.pages() as u64 + 1 + stats.faults + stats.rate_limited + rejected + tokens;
    if let Some((first, _)) = scenario.doom {
        // From then on: one try of each page in flight, and what the retry budget of an origin allows.
        allowed = first + scenario.window.max(2) as u64 + 35;
    }
    if stats.requests > allowed {
        return Err(format!(
            "{} requests where {allowed} would do",
            stats.requests
        ));
    }
    Ok(())
}

/// What is wrong with the pull of a seed, and all that helps to find out why.
fn check(seed: u64) -> Result<(), String> {
    let scenario = Scenario::draw(seed);
    let (problem, log) = match catch_unwind(AssertUnwindSafe(|| pull(&scenario))) {
        Ok(pulled) => match judge(&scenario, &pulled) {
            Ok(()) => return Ok(()),
            Err(problem) => (problem, pulled.log.join("\n")),
        },
        Err(_) => ("a panic, see above".to_owned(), String::new()),
    };
    Err(format!(
        "seed {seed}: {problem}\n{scenario:#?}\n{log}\nagain: APIDUCT_SIM_SEED={seed} cargo nextest run -p apiduct-client sim::seeds"
    ))
}

/// The seeds that the environment asks for, else those of this test.
fn check_all(own: Range<u64>) {
    let read = |text: &str| text.parse().expect("a seed is a number");
    let asked = match (
        std::env::var("APIDUCT_SIM_SEED"),
        std::env::var("APIDUCT_SIM_SEEDS"),
    ) {
        (Ok(seed), _) => Some(read(&seed)..read(&seed) + 1),
        (_, Ok(seeds)) => {
            let (from, to) = seeds.split_once("..").expect("seeds are written FROM..TO");
            Some(read(from)..read(to))
        }
        _ => None,
    };
    let seeds = match asked {
        // One of the tests is enough for them.
        Some(_) if own.start > 0 => return,
        Some(seeds) => seeds,
        None => own,
    };
    let failures: Vec<(u64, String)> = seeds
        .filter_map(|seed| Some((seed, check(seed).err()?)))
        .collect();
    if let Some((_, first)) = failures.first() {
        let failed: Vec<u64> = failures.iter().map(|(seed, _)| *seed).collect();
        panic!("these seeds fail: {failed:?}; the first of them:\n{first}");
    }
}

#[test]
fn seeds_0_to_599_end_right_or_with_a_named_error() {
    check_all(0..600);
}

#[test]
fn seeds_600_to_1199_end_right_or_with_a_named_error() {
    check_all(600..1_200);
}

#[test]
fn a_seed_takes_the_same_steps_each_time() {
    for seed in [3, 17, 99, 256] {
        let scenario = Scenario::draw(seed);
        let (first, second) = (pull(&scenario), pull(&scenario));
        assert!(!first.log.is_empty());
        assert_eq!(first.log, second.log, "seed {seed}");
    }
}
