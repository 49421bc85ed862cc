//! Every way to lead a request away, crossed with every way to authenticate: no credential gets to another origin.
//!
//! The grid is counted out, not drawn: every place of a link with every spelling of an address, every place of a secret
//! and both policies; what else there is takes turns. Nothing is random, and no socket is opened.

mod addresses;
mod credentials;
mod places;
mod tokens;

use apiduct_client::transport::PreparedRequest;
use apiduct_client::{Error, OnForeignOrigin};
use apiduct_testkit::leak::holds;
use futures_util::FutureExt;

use addresses::{ADDRESSES, Address, Leads};
use credentials::{CANARIES, Credential, POSTED};
use places::Place;

/// The origin that the credentials are for.
const BASE: &str = "https://api.example.com/v1";

/// One case of the grid.
#[derive(Debug, Clone, Copy)]
struct Case {
    place: Place,
    address: &'static Address,
    credential: Credential,
    policy: OnForeignOrigin,
    /// Another host is allowed, which is not where the link leads.
    allows_other: bool,
    /// The request is a POST with a secret in its body.
    posts: bool,
    canary: &'static str,
}

impl Case {
    fn all() -> impl Iterator<Item = Self> {
        let mut cases = Vec::new();
        for place in Place::all() {
            for address in ADDRESSES.iter().filter(|address| place.can_hold(address)) {
                for credential in Credential::ALL {
                    for policy in [OnForeignOrigin::Refuse, OnForeignOrigin::Strip] {
                        let count = cases.len();
                        cases.push(Self {
                            place,
                            address,
                            credential,
                            policy,
                            allows_other: count % 3 == 0,
                            posts: count % 7 > 4,
                            canary: CANARIES[count % 5 % 2],
                        });
                    }
                }
            }
        }
        cases.into_iter()
    }

    /// All requests that were sent, and how it ended.
    fn run(&self) -> (Vec<PreparedRequest>, Result<(), Error>) {
        let link = self.address.link(self.canary);
        let script = self.place.script(&link);
        let mut builder = self.credential.builder(&script, self.canary);
        builder = builder.on_foreign_origin(self.policy);
        if self.allows_other {
            builder = builder.allowed_host("files.example.net");
        }
        let client = builder.build().unwrap();
        let body = self.posts.then(|| serde_json::json!({POSTED: self.canary}));
        let walk = self.place.walk(&client, &link, body.as_ref());
        let result = walk.now_or_never().expect("no fake waits for anything");
        (script.sent(), result)
    }
}

/// Whether `request` goes where the credentials are for, told from the text of its URL alone.
fn is_own(request: &PreparedRequest) -> bool {
    let url = request.url.as_str();
    url.strip_prefix("https://api.example.com")
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Whether `request` carries the canary, in any encoding.
fn carries(request: &PreparedRequest, canary: &str) -> bool {
    let headers = request.headers.iter().any(|(name, value)| {
        holds(name.as_str().as_bytes(), canary) || holds(value.as_bytes(), canary)
    });
    let body = request.body.as_deref().unwrap_or_default();
    headers || holds(request.url.as_str().as_bytes(), canary) || holds(body, canary)
}

/// What the cases came to.
#[derive(Debug, Default)]
struct Tally {
    cases: usize,
    /// Requests that went to a foreign origin.
    foreign: usize,
    /// Cases that ended because the link led away.
    refused: usize,
    /// Requests after a link within the origin that had the credentials.
    kept: usize,
}

/// What is wrong with a case, if anything is.
fn check(case: &Case, tally: &mut Tally) -> Option<String> {
    let (sent, result) = case.run();
    tally.cases += 1;
    for request in sent.iter().filter(|request| !is_own(request)) {
        tally.foreign += 1;
        if carries(request, case.canary) {
            return Some(format!("leaked to {}", request.url));
        }
        if case.policy == OnForeignOrigin::Refuse || !request.url.username().is_empty() {
            return Some(format!("went to {}", request.url));
        }
    }
    let is_refused = matches!(result, Err(Error::ForeignOrigin { .. }));
    match (case.address.leads, result) {
        (Leads::Away, _) if is_refused => tally.refused += 1,
        (Leads::Away, result) if case.policy == OnForeignOrigin::Refuse => {
            return Some(format!("ended with {result:?}"));
        }
        (Leads::Home, Err(error)) => return Some(error.to_string()),
        (Leads::Home, Ok(())) => {
            // Parameters belong to one URL; the rest belongs to the origin.
            let last = sent.last().filter(|last| is_own(last))?;
            if case.credential.is_for_the_origin() {
                tally.kept += 1;
                if !carries(last, case.canary) {
                    return Some(format!("{} went without credentials", last.url));
                }
            }
        }
        // What is no address of a server leads to no request there.
        (Leads::Nowhere, _) => {
            let foreign = sent.iter().find(|request| !is_own(request));
            return foreign.map(|foreign| format!("went to {}", foreign.url));
        }
        (Leads::Away, _) => {}
    }
    None
}

#[test]
fn no_credential_reaches_a_foreign_origin() {
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    for case in Case::all() {
        let problem = check(&case, &mut tally);
        wrong.extend(problem.map(|problem| format!("{case:?}: {problem}")));
    }
    let count = wrong.len();
    wrong.truncate(10);
    assert!(wrong.is_empty(), "{count} cases, such as {wrong:#?}");
    assert!(tally.cases >= 10_000, "{tally:?}");
    for count in [tally.foreign, tally.refused, tally.kept] {
        assert!(count >= 1_000, "the grid shows too little: {tally:?}");
    }
}

/// The grid would notice.
#[test]
fn an_allowed_host_is_where_the_grid_finds_credentials() {
    let script = Place::RedirectAfterPage(307).script("https://evil.test/x");
    let builder = Credential::Bearer.builder(&script, CANARIES[0]);
    let client = builder.allowed_host("evil.test").build().unwrap();
    let walk = Place::RedirectAfterPage(307).walk(&client, "https://evil.test/x", None);
    walk.now_or_never().unwrap().unwrap();
    let leaked = |request: &PreparedRequest| !is_own(request) && carries(request, CANARIES[0]);
    assert!(script.sent().iter().any(leaked));
}
