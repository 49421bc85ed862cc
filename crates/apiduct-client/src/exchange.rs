//! From a request to its response: auth, redirects, hooks and retries around a transport.

mod gated;
mod log;
mod redirect;
mod rules;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use apiduct_model::Redactor;
use http::StatusCode;
use url::Url;

use crate::auth::{Auth, AuthContext, AuthError, CredentialId, OnRejected, Refusal};
use crate::error::{Error, ExchangeError, ForeignVia};
use crate::hook::{Hook, HookContext, Verdict};
use crate::origin::{CredentialScope, OnForeignOrigin, strip_credentials};
use crate::rate::{Places, RateBudgets, WaitReason};
use crate::request::Body;
use crate::response::RetryStop;
use crate::retry::{
    Backoff, Outcome, RetryBudgets, RetryDecision, RetryIf, RetryPolicy, Tried, is_rate_limit,
    retry_after,
};
use crate::rules::ResponseRules;
use crate::transport::{
    Limits, Network, RawResponse, Transport, TransportError, address_of, is_public,
};
use crate::{Request, Response, Timer};
pub(crate) use gated::Gated;
use rules::Obeyed;

/// Reads the body of a response.
type Read<T> = dyn Fn(&Response) -> Result<Reading<T>, Unreadable> + Send + Sync;

/// Redirects that are followed for one request.
const MAX_REDIRECTS: u32 = 30;

/// Why a response is left out for which a hook is responsible.
pub(crate) const BY_HOOK: &str = "a hook";

/// Changes of the credential for one request, however often keys become free again meanwhile.
const MAX_SWITCHES: u32 = 100;

/// All that requests of one client share.
#[derive(Debug)]
pub(crate) struct Exchanger {
    pub(crate) transport: Arc<dyn Transport>,
    /// What auth schemes send their own requests by.
    pub(crate) token_transport: Arc<dyn Transport>,
    pub(crate) timer: Arc<dyn Timer>,
    pub(crate) policy: RetryPolicy,
    /// What the program says about another try.
    pub(crate) conditions: Vec<Arc<RetryIf>>,
    pub(crate) backoff: Backoff,
    pub(crate) budgets: RetryBudgets,
    pub(crate) rate: RateBudgets,
    pub(crate) scope: CredentialScope,
    pub(crate) on_foreign: OnForeignOrigin,
    pub(crate) network: Network,
    pub(crate) redactor: Redactor,
    pub(crate) hooks: Vec<Arc<dyn Hook>>,
    /// How much of a body an error may show, in characters.
    pub(crate) error_excerpt: usize,
}

/// One request with what belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) request: Request,
    pub(crate) auth: Arc<dyn Auth>,
    pub(crate) limits: Limits,
    /// Hooks of this call alone; they come after those of the client.
    pub(crate) hooks: Vec<Arc<dyn Hook>>,
    /// What the program says about another try of this call alone.
    pub(crate) conditions: Vec<Arc<RetryIf>>,
    /// What is done with certain responses.
    pub(crate) rules: Option<Arc<ResponseRules>>,
    /// The response is a page of a walk: one that should be tried again is no result.
    pub(crate) is_page: bool,
    /// Who gave the URL.
    pub(crate) via: ForeignVia,
    /// What to do at another origin, in place of what the client says.
    pub(crate) on_foreign: Option<OnForeignOrigin>,
    /// Places in flight that the call shares with others, beside those of the origin.
    pub(crate) places: Option<Places>,
}

/// A response that is not tried again.
#[derive(Debug)]
pub(crate) struct Exchanged<T> {
    pub(crate) response: Response,
    pub(crate) pass: Pass,
    /// Why it is left out, if it is.
    pub(crate) because: String,
    /// What was read from the body, if it was to be read.
    pub(crate) content: Option<T>,
}

/// What hooks let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    Take,
    /// Taken whatever its status is.
    Accept,
    Skip,
    Stop,
    /// Like `Stop`; the parent has nothing to give.
    SkipParent,
}

/// What was read from a body.
#[derive(Debug)]
pub(crate) enum Reading<T> {
    /// What was expected.
    Good(T),
    /// Something without a record list. It is tried again, and taken as it is when no try is left.
    NoRecordList(T),
}

/// Why a body could not be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// What it was read as.
    pub(crate) format: &'static str,
    pub(crate) problem: String,
    /// Whether asking again would bring the same.
    pub(crate) is_final: bool,
}

/// How far a call got.
#[derive(Debug)]
struct Progress {
    started: Duration,
    /// When this try began.
    tried: Duration,
    attempts: u32,
    rate_limited: u32,
    /// Time spent waiting to be allowed to go on.
    throttled: Duration,
    /// Credentials were renewed after a 401.
    renewed: bool,
    /// Tries that were made at once with another credential.
    switched: u32,
    /// The credential of this try; `None` before it is chosen.
    credential: Option<CredentialId>,
    /// The last request, if it carried credentials.
    sent: Option<Request>,
}

/// A try that brought no response.
enum Failure {
    Transport(TransportError),
    Fatal(Error),
}

/// What the rules say about a response.
enum Ruling<T> {
    Done(Box<Exchanged<T>>),
    /// Try again after the wait.
    Again(Duration),
}

impl Exchanger {
    /// Sends `call` until there is a response worth having or no try is left. The body of a successful response
    /// is given to `read`; one that cannot be read is tried again like a broken transfer.
    ///
    /// # Errors
    ///
    /// Never for a status; see [`Error`].
    pub(crate) async fn exchange<T: Send>(
        &self,
        call: &Call,
        read: &Read<T>,
    ) -> Result<Exchanged<T>, Error> {
        let mut progress = Progress {
            started: self.timer.monotonic(),
            tried: Duration::ZERO,
            attempts: 0,
            rate_limited: 0,
            throttled: Duration::ZERO,
            renewed: false,
            switched: 0,
            credential: None,
            sent: None,
        };
        loop {
            progress.attempts += 1;
            let now = self.timer.monotonic();
            progress.tried = now;
            let credential = progress.credential;
            let budget_wait = |one| self.rate.wait(&call.request.url, one);
            let credential =
                credential.unwrap_or_else(|| call.auth.choose_credential(now, &budget_wait));
            progress.credential = Some(credential);
            let wait = match self.follow(call, &mut progress, credential).await {
                Ok(response) => match self.rule(call, &mut progress, response, read)? {
                    Ruling::Done(done) => return Ok(*done),
                    Ruling::Again(wait) => wait,
                },
                Err(Failure::Fatal(error)) => return Err(error),
                Err(Failure::Transport(error)) => {
                    let waited = self.wait_after(call, &progress, Outcome::Failed(&error));
                    match self.or_condition(call, &progress, waited, Err(&error)) {
                        Ok(Some(wait)) => wait,
                        Ok(None) => return Err(self.failed(call, &progress, error, None)),
                        Err(stop) => return Err(self.failed(call, &progress, error, Some(stop))),
                    }
                }
            };
            if !wait.is_zero() {
                progress.credential = None;
                self.timer.sleep(wait).await;
                progress.throttled = progress.throttled.saturating_add(wait);
            }
        }
    }

    /// Decides about a response.
    fn rule<T>(
        &self,
        call: &Call,
        progress: &mut Progress,
        mut response: Response,
        read: &Read<T>,
    ) -> Result<Ruling<T>, Error> {
        if is_rate_limit(response.status, &response.headers, self.timer.now()) {
            progress.rate_limited += 1;
        }
        response.attempts = progress.attempts;
        response.rate_limited = progress.rate_limited;
        response.throttled = progress.throttled;
        let now = self.timer.monotonic();
        response.elapsed = now.saturating_sub(progress.started);
        let time = now.saturating_sub(progress.tried);
        log::answered(&response, progress.attempts, time, &self.redactor);
        let is_unauthorized = response.status == StatusCode::UNAUTHORIZED;
        if is_unauthorized
            && !progress.renewed
            && let Some(sent) = &progress.sent
            && (self.transport.is_replay()
                || call.auth.rejected(sent, &response) == OnRejected::RetryOnce)
        {
            tracing::debug!(url = %response.shown_url(), "credentials rejected, trying others");
            progress.renewed = true;
            return Ok(Ruling::Again(Duration::ZERO));
        }
        if self.switches(call, progress, &response) {
            return Ok(Ruling::Again(Duration::ZERO));
        }
        progress.credential = None;
        let (mut pass, mut because) = (Pass::Take, String::new());
        match self.ask_hooks(call, progress, &mut response) {
            Verdict::Accept => match self.obey(call, progress, &mut response)? {
                Obeyed::Silent => {}
                Obeyed::Again(wait) => return Ok(Ruling::Again(wait)),
                Obeyed::Pass(own, why) => (pass, because) = (own, why),
            },
            Verdict::SkipPage => pass = Pass::Skip,
            Verdict::Stop => pass = Pass::Stop,
            Verdict::Fail { reason } => {
                return Err(Error::Rejected {
                    method: response.method.clone(),
                    url: response.shown_url(),
                    reason: self.redactor.redact(&reason).into_owned(),
                });
            }
            Verdict::Retry { reason } => {
                match self.wait_after(call, progress, Outcome::Hook(&reason)) {
                    Ok(Some(wait)) => return Ok(Ruling::Again(wait)),
                    Ok(None) => {}
                    Err(stop) => response.retry_stop = Some(stop),
                }
            }
        }
        if matches!(pass, Pass::Take | Pass::Accept) {
            return self.settle(call, progress, (response, pass), read);
        }
        if because.is_empty() {
            BY_HOOK.clone_into(&mut because);
        }
        // A page that is skipped still leads to the next one, if it can be read.
        let is_read = pass == Pass::Skip && response.status.is_success();
        let content = is_read.then(|| read(&response).ok()).flatten();
        let content = content.map(Reading::into_inner);
        Ok(Ruling::Done(Box::new(Exchanged {
            response,
            pass,
            because,
            content,
        })))
    }

    /// Whether the request goes to another credential at once, because this one was refused.
    fn switches(&self, call: &Call, progress: &mut Progress, response: &Response) -> bool {
        let is_refused = matches!(
            response.status,
            StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS
        );
        let Some(credential) = progress.credential.filter(|_| is_refused) else {
            return false;
        };
        let wait = retry_after(&response.headers, self.timer.now());
        let refusal = Refusal::new(credential, response, wait, self.timer.monotonic());
        if progress.switched == MAX_SWITCHES || !call.auth.moves_on(&refusal) {
            return false;
        }
        tracing::debug!(
            url = %response.shown_url(),
            status = response.status.as_u16(),
            "credential refused, going on with another"
        );
        progress.switched += 1;
        progress.credential = None;
        true
    }

    /// Decides about a response that hooks have nothing against.
    fn settle<T>(
        &self,
        call: &Call,
        progress: &Progress,
        (mut response, pass): (Response, Pass),
        read: &Read<T>,
    ) -> Result<Ruling<T>, Error> {
        let outcome = Outcome::Response(response.status, &response.headers);
        let is_accepted = pass == Pass::Accept;
        if response.retry_stop.is_none() && !is_accepted {
            let waited = self.wait_after(call, progress, outcome);
            match self.or_condition(call, progress, waited, Ok(&response)) {
                Ok(Some(wait)) => return Ok(Ruling::Again(wait)),
                Ok(None) => {}
                Err(stop) => {
                    response.retry_stop = Some(stop);
                    self.refuse_unready(call, progress, &response)?;
                }
            }
        }
        let mut content = None;
        if response.status.is_success() || is_accepted {
            match read(&response) {
                Ok(Reading::Good(value)) => content = Some(value),
                Ok(Reading::NoRecordList(value)) => {
                    if let Ok(Some(wait)) = self.wait_after(call, progress, Outcome::NoRecordList) {
                        return Ok(Ruling::Again(wait));
                    }
                    content = Some(value);
                }
                Err(unreadable) => {
                    // A page of another kind will not turn into JSON by asking again.
                    let is_hopeless =
                        unreadable.is_final || unreadable.format == "JSON" && is_markup(&response);
                    if !is_hopeless
                        && let Ok(Some(wait)) = self.wait_after(call, progress, Outcome::BrokenJson)
                    {
                        return Ok(Ruling::Again(wait));
                    }
                    return Err(response.not_of_format(unreadable.format, &unreadable.problem));
                }
            }
            if let Some(budget) = self.budgets.of(&call.request.url) {
                budget.refund();
            }
        }
        Ok(Ruling::Done(Box::new(Exchanged {
            response,
            pass,
            because: String::new(),
            content,
        })))
    }

    /// A page that a condition wants to have tried again does not count as good because no try is left.
    fn refuse_unready(
        &self,
        call: &Call,
        progress: &Progress,
        response: &Response,
    ) -> Result<(), Error> {
        if !call.is_page || !response.status.is_success() {
            return Ok(());
        }
        match self.condition(call, progress, Ok(response)) {
            None => Ok(()),
            Some(condition) => Err(Error::Unready {
                method: response.method.clone(),
                url: response.shown_url(),
                attempts: progress.attempts,
                reason: self.redactor.redact(&condition.reason).into_owned(),
                retry_stop: response.retry_stop,
            }),
        }
    }

    fn ask_hooks(&self, call: &Call, progress: &Progress, response: &mut Response) -> Verdict {
        let context = HookContext {
            request: &call.request,
            attempt: progress.attempts,
        };
        for hook in self.hooks.iter().chain(&call.hooks) {
            let verdict = hook.inspect(response, &context);
            if verdict != Verdict::Accept {
                return verdict;
            }
        }
        Verdict::Accept
    }

    /// What was decided about a try, or what the program says when that was to leave it.
    fn or_condition(
        &self,
        call: &Call,
        progress: &Progress,
        decided: Result<Option<Duration>, RetryStop>,
        ended: Result<&Response, &TransportError>,
    ) -> Result<Option<Duration>, RetryStop> {
        if decided != Ok(None) {
            return decided;
        }
        let condition = self.condition(call, progress, ended);
        condition.map_or(decided, |one| {
            self.wait_after(call, progress, Outcome::Hook(&one.reason))
        })
    }

    /// The first condition for another try that holds.
    fn condition<'c>(
        &'c self,
        call: &'c Call,
        progress: &Progress,
        ended: Result<&Response, &TransportError>,
    ) -> Option<&'c RetryIf> {
        let tried = Tried {
            response: ended.ok(),
            error: ended.err(),
            attempt: progress.attempts,
        };
        let mut all = self.conditions.iter().chain(&call.conditions);
        all.find(|one| one.holds(&tried)).map(|one| &**one)
    }

    /// The wait before the next try: `Ok(None)` when there is no point in one, an error when there would be.
    fn wait_after(
        &self,
        call: &Call,
        progress: &Progress,
        outcome: Outcome<'_>,
    ) -> Result<Option<Duration>, RetryStop> {
        let is_safe = call.request.is_idempotent();
        // The tries after renewed or changed credentials are not counted.
        let tries = progress.attempts - u32::from(progress.renewed) - progress.switched;
        let decision = self
            .policy
            .decide(outcome, tries, is_safe, self.timer.now());
        let (reason, asked) = match decision {
            RetryDecision::Keep => return Ok(None),
            RetryDecision::Stop(stop) => return Err(stop),
            RetryDecision::Retry { reason, after } => (reason, after),
        };
        // A refusal that names a wait is its own bound, and no sign of an outage.
        let is_free = asked.is_some()
            && matches!(outcome, Outcome::Response(status, headers) if is_rate_limit(status, headers, self.timer.now()));
        if !is_free
            && let Some(budget) = self.budgets.of(&call.request.url)
            && !budget.try_spend()
        {
            return Err(RetryStop::BudgetSpent);
        }
        let wait = asked.unwrap_or_else(|| self.backoff.delay(tries));
        let is_server_asking = asked.is_some() && !matches!(outcome, Outcome::Rule(..));
        let wait_reason = if is_server_asking {
            WaitReason::Server
        } else {
            WaitReason::Retry
        };
        self.rate.show(&call.request.url, wait, wait_reason);
        tracing::warn!(
            method = %call.request.method,
            url = %self.redactor.redact_url(&call.request.url),
            attempt = progress.attempts,
            wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            reason = %self.redactor.redact(&reason.to_string()),
            "request is tried again"
        );
        Ok(Some(wait))
    }

    fn failed(
        &self,
        call: &Call,
        progress: &Progress,
        error: TransportError,
        retry_stop: Option<RetryStop>,
    ) -> Error {
        Error::Transport(Box::new(ExchangeError {
            method: call.request.method.clone(),
            url: self.redactor.redact_url(&call.request.full_url()),
            attempts: progress.attempts,
            elapsed: self.timer.monotonic().saturating_sub(progress.started),
            retry_stop,
            error: error.masked(|text| self.redactor.redact(text).into_owned()),
        }))
    }

    /// Makes one try: sends the request and follows redirects.
    async fn follow(
        &self,
        call: &Call,
        progress: &mut Progress,
        credential: CredentialId,
    ) -> Result<Response, Failure> {
        let mut request = call.request.clone();
        let mut via = call.via;
        for redirects in 0..=MAX_REDIRECTS {
            let raw = self
                .send_once(call, &request, via, (progress, credential))
                .await?;
            let Some(target) = redirect::target(&raw, &request.full_url()) else {
                let mut response = self.response(raw, request);
                response.redirects = redirects;
                return Ok(response);
            };
            tracing::debug!(
                status = raw.status.as_u16(),
                to = %self.redactor.redact_url(&target),
                "redirect"
            );
            redirect::apply(&mut request, raw.status, target);
            via = ForeignVia::Redirect;
        }
        Err(Failure::Fatal(Error::TooManyRedirects {
            method: call.request.method.clone(),
            url: self.redactor.redact_url(&call.request.full_url()),
            limit: MAX_REDIRECTS as usize,
        }))
    }

    async fn send_once(
        &self,
        call: &Call,
        request: &Request,
        via: ForeignVia,
        (progress, credential): (&mut Progress, CredentialId),
    ) -> Result<RawResponse, Failure> {
        progress.sent = None;
        let mut request = request.clone();
        let is_covered = self.scope.covers(&request.url);
        let mut limits = self.limits_for(call, &request.url)?;
        if !is_covered {
            limits.to_mut().without_certificate = true;
        }
        let credential = if is_covered {
            credential
        } else {
            self.enter_foreign(&mut request, (via, call.on_foreign))?;
            CredentialId::NONE
        };
        // Held for this try alone, and taken before the origin's, which others are waiting for too.
        let _place = match &call.places {
            Some(places) => places.take().await,
            None => None,
        };
        let budget = self.rate.budget(&request.url, credential);
        let entered = budget.enter(self.policy.max_wait()).await;
        let permit = entered.map_err(|refusal| Failure::Transport(refusal.into()))?;
        progress.throttled += permit.throttled;
        // A recording answers without credentials, and nobody has to have them.
        if is_covered && !self.transport.is_replay() {
            let context = AuthContext {
                transport: &self.token_transport,
                limits: self.token_limits(call, &limits),
                max_wait: self.policy.max_wait(),
                timer: &self.timer,
                redactor: &self.redactor,
                attempt: progress.attempts,
                credential,
            };
            let authorized = call.auth.authorize(&mut request, &context).await;
            authorized.map_err(|source| self.unauthorized(&request, source))?;
        }
        // Credentials in a URL count only where the caller wrote them, and were taken out of it there.
        let _ = request.url.set_username("");
        let _ = request.url.set_password(None);
        let prepared = request.prepare();
        progress.sent = is_covered.then_some(request);
        let sent = self.transport.send(prepared, &limits).await;
        permit.settle(sent.as_ref());
        sent.map_err(Failure::Transport)
    }

    /// The limits of a request to `url`, which say whether it must stay outside.
    fn limits_for<'c>(&self, call: &'c Call, url: &Url) -> Result<Cow<'c, Limits>, Failure> {
        let is_trusted = match self.network {
            Network::Any => true,
            Network::PublicOnly => self.scope.is_base(url),
            Network::StrictlyPublic => false,
        };
        if is_trusted {
            return Ok(Cow::Borrowed(&call.limits));
        }
        // A transport of the caller's own may not know the rule; numbers are checked here in any case.
        if let Some(address) = address_of(url).filter(|address| !is_public(*address)) {
            let host = url.host_str().unwrap_or_default().to_owned();
            let error = TransportError::NotPublic { host, address };
            return Err(Failure::Transport(error));
        }
        Ok(Cow::Owned(Limits {
            public_only: true,
            ..call.limits.clone()
        }))
    }

    /// Token endpoints were named by the caller, as the base URL was.
    fn token_limits<'l>(&self, call: &'l Call, limits: &'l Limits) -> &'l Limits {
        match self.network {
            Network::StrictlyPublic => limits,
            Network::Any | Network::PublicOnly => &call.limits,
        }
    }

    fn unauthorized(&self, request: &Request, source: AuthError) -> Failure {
        Failure::Fatal(Error::Auth {
            method: request.method.clone(),
            url: self.redactor.redact_url(&request.url),
            source,
        })
    }

    fn enter_foreign(
        &self,
        request: &mut Request,
        (via, on_foreign): (ForeignVia, Option<OnForeignOrigin>),
    ) -> Result<(), Failure> {
        let url = self.redactor.redact_url(&request.url);
        if on_foreign.unwrap_or(self.on_foreign) == OnForeignOrigin::Strip
            && request.body == Body::Empty
            && strip_credentials(request, &self.redactor)
        {
            tracing::warn!(%url, "request to another origin goes without credentials");
            return Ok(());
        }
        Err(Failure::Fatal(Error::ForeignOrigin {
            via,
            url,
            origin: self.scope.origin(),
        }))
    }

    fn response(&self, raw: RawResponse, request: Request) -> Response {
        let mut response = Response::new(raw.status, raw.headers, raw.body, request.full_url());
        response.method = request.method.clone();
        response.wire_bytes = raw.wire_bytes;
        response.redactor = self.redactor.clone();
        response.error_excerpt = self.error_excerpt;
        response.request = Some(Arc::new(request));
        response
    }
}

impl<T> Reading<T> {
    fn into_inner(self) -> T {
        match self {
            Self::Good(value) | Self::NoRecordList(value) => value,
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

/// Whether the body is HTML or XML, by its type or its first character.
fn is_markup(response: &Response) -> bool {
    let content_type = response
        .content_type()
        .unwrap_or_default()
        .to_ascii_lowercase();
    content_type.starts_with("text/html")
        || content_type.contains("xml")
        || response.body.trim_ascii_start().starts_with(b"<")
}
