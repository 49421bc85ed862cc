//! From the request for a report to the request that downloads it.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use apiduct_json::Selector;
use http::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::{Job, JobError, JobHandle, JobPlace, JobProblem, JobStore};
use crate::client::Client;
use crate::error::{Error, ForeignVia};
use crate::exchange::{Call, Reading};
use crate::pages::{credential, page_key};
use crate::paginate::Position;
use crate::rate::WaitReason;
use crate::request::Body;
use crate::retry::retry_after;
use crate::{Effort, PageKey, Response, url_join};

/// After so long a kept job is not waited for any more: its report would be an old one.
const OLDEST: Duration = Duration::from_hours(24);

/// A job on its way.
struct Run {
    client: Client,
    /// The request for the report.
    call: Call,
    job: Arc<Job>,
    store: Option<Arc<dyn JobStore>>,
    key: PageKey,
    /// What the requests so far took.
    effort: Mutex<Effort>,
}

/// How far a job is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Done,
}

/// Sees a job through: asks for it, or takes up the one that was kept, and waits until it is done. Gives the call that
/// downloads the report, and what it took to get there.
pub(crate) async fn prepare(
    client: Client,
    call: Call,
    job: Arc<Job>,
    store: Option<Arc<dyn JobStore>>,
) -> Result<(Call, Effort), Error> {
    let key = page_key(&Position::Start, &call.request, client.redactor());
    let run = Run {
        client,
        call,
        job,
        store,
        key,
        effort: Mutex::default(),
    };
    let kept = run.recall().await?;
    if let Some(handle) = kept
        && let Some(download) = run.wait(&handle, true).await?
    {
        return Ok((download, run.effort()));
    }
    let handle = run.create().await?;
    let download = run.wait(&handle, false).await?;
    // A job that was just made is never given up for a new one.
    Ok((download.ok_or(Error::Canceled)?, run.effort()))
}

impl Run {
    fn fails(response: &Response, problem: JobProblem) -> Error {
        Error::Job(Box::new(JobError {
            method: response.method.clone(),
            url: response.shown_url(),
            problem,
        }))
    }

    fn effort(&self) -> Effort {
        *self.effort.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the report.
    async fn create(&self) -> Result<JobHandle, Error> {
        let mut call = self.call.clone();
        call.rules = None;
        call.conditions.clear();
        call.is_page = false;
        // A report that is asked for twice is made twice.
        call.request.idempotent = None;
        let response = self.exchange(&call).await?;
        let body: Option<Value> = response.json().ok();
        let job = &self.job;
        let poll = self.place(&job.poll, "address of the job", (&response, body.as_ref()))?;
        let download = match &job.download {
            Some(place @ JobPlace::Path(_)) => {
                Some(self.place(place, "address of the report", (&response, body.as_ref()))?)
            }
            _ => None,
        };
        let out = |url| match credential::take_out(Position::Url(url), self.client.redactor()) {
            Position::Url(url) => Some(url),
            _ => None,
        };
        let now = self.client.shared.exchanger.timer.now();
        let created = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let handle = JobHandle {
            poll: out(poll.clone()).unwrap_or(poll),
            download: download.and_then(out),
            created: created.as_secs(),
        };
        if let Some(store) = &self.store {
            let kept = store.keep(self.key, &handle).await;
            kept.map_err(|error| self.not_kept(&response, &error))?;
        }
        tracing::info!(url = %response.shown_url(), "a report was asked for");
        Ok(handle)
    }

    fn not_kept(&self, response: &Response, error: &dyn std::fmt::Display) -> Error {
        let problem = self
            .client
            .redactor()
            .redact(&error.to_string())
            .into_owned();
        Self::fails(response, JobProblem::NotKept { problem })
    }

    /// The job of an earlier run, if there is one that is not too old.
    async fn recall(&self) -> Result<Option<JobHandle>, Error> {
        let Some(store) = &self.store else {
            return Ok(None);
        };
        let Some(handle) = store.recall(self.key).await.map_err(Error::keep)? else {
            return Ok(None);
        };
        let now = self.client.shared.exchanger.timer.now();
        let created = SystemTime::UNIX_EPOCH + Duration::from_secs(handle.created);
        let is_fresh = now.duration_since(created).is_ok_and(|age| age <= OLDEST);
        if is_fresh {
            tracing::info!(url = %self.client.redactor().redact_url(&handle.poll), "a job of an earlier run is waited for");
            return Ok(Some(handle));
        }
        store.forget(self.key).await.map_err(Error::keep)?;
        Ok(None)
    }

    async fn forget(&self) -> Result<(), Error> {
        match &self.store {
            Some(store) => store.forget(self.key).await.map_err(Error::keep),
            None => Ok(()),
        }
    }

    /// Waits until the job is done. `None` for a kept job that is not there any more.
    async fn wait(&self, handle: &JobHandle, is_kept: bool) -> Result<Option<Call>, Error> {
        let timer = Arc::clone(&self.client.shared.exchanger.timer);
        let call = self.call_to(&handle.poll);
        let started = timer.monotonic();
        let mut wait = self.job.interval.min(self.job.max_interval);
        loop {
            let response = match self.exchange(&call).await {
                Err(error) if is_kept && is_gone(&error) => {
                    self.forget().await?;
                    return Ok(None);
                }
                answered => answered?,
            };
            match self.state(&response) {
                Ok(State::Done) => return self.download(handle, &response).map(Some),
                Ok(State::Running) => {}
                Err(problem) => {
                    if matches!(problem, JobProblem::Failed { .. }) {
                        self.forget().await?;
                    }
                    return Err(Self::fails(&response, problem));
                }
            }
            let asked = retry_after(&response.headers, timer.now());
            let next = asked.unwrap_or(wait);
            let waited = timer.monotonic().saturating_sub(started);
            let deadline = self.job.deadline;
            if waited.saturating_add(next) > deadline {
                let problem = JobProblem::TooLong {
                    waited,
                    next,
                    deadline,
                };
                return Err(Self::fails(&response, problem));
            }
            let exchanger = &self.client.shared.exchanger;
            exchanger.rate.show(&handle.poll, next, WaitReason::Job);
            timer.sleep(next).await;
            wait = wait
                .mul_f64(self.job.backoff.clamp(1.0, 100.0))
                .min(self.job.max_interval);
        }
    }

    /// How far the job is, by the answer to a poll.
    fn state(&self, response: &Response) -> Result<State, JobProblem> {
        let job = &self.job;
        let Some(selector) = &job.status else {
            return Ok(if response.status == StatusCode::ACCEPTED {
                State::Running
            } else {
                State::Done
            });
        };
        let body: Option<Value> = response.json().ok();
        let found = body.as_ref().and_then(|body| text_at(selector, body));
        let state = found.ok_or_else(|| JobProblem::NoPlace {
            what: "state of the job",
            place: selector.as_str().to_owned(),
        })?;
        if job.done.contains(&state) {
            return Ok(State::Done);
        }
        if job.failed.contains(&state) {
            let message = job.message.as_ref().zip(body.as_ref());
            let message = message.and_then(|(selector, body)| text_at(selector, body));
            let masked = |text: String| self.client.redactor().redact(&text).into_owned();
            return Err(JobProblem::Failed {
                state,
                message: message.map(masked),
            });
        }
        if job.running.is_empty() || job.running.contains(&state) {
            return Ok(State::Running);
        }
        Err(JobProblem::UnknownState { state })
    }

    /// The call that downloads the report.
    fn download(&self, handle: &JobHandle, response: &Response) -> Result<Call, Error> {
        let url = match (&handle.download, &self.job.download) {
            (Some(url), _) => url.clone(),
            (None, None) => handle.poll.clone(),
            (None, Some(place)) => {
                let body: Option<Value> = response.json().ok();
                self.place(place, "address of the report", (response, body.as_ref()))?
            }
        };
        let mut call = self.call_to(&url);
        call.rules.clone_from(&self.call.rules);
        call.conditions.clone_from(&self.call.conditions);
        call.is_page = true;
        call.request.idempotent = Some(true);
        call.on_foreign = self.job.on_foreign_origin;
        Ok(call)
    }

    /// A GET with the headers of the request for the report, and nothing else of it.
    fn call_to(&self, url: &Url) -> Call {
        let mut call = self.call.clone();
        let request = &mut call.request;
        let is_own = url.origin() == request.url.origin();
        request.method = Method::GET;
        request.url = url.clone();
        request.params.clear();
        request.body = Body::Empty;
        if is_own {
            credential::give_back(&self.call.request, request, self.client.redactor());
        } else {
            call.via = ForeignVia::NextLink;
        }
        call.rules = None;
        call.conditions.clear();
        call.is_page = false;
        call
    }

    /// One exchange, which must not end in an error status.
    async fn exchange(&self, call: &Call) -> Result<Response, Error> {
        let exchanger = &self.client.shared.exchanger;
        let exchanged = exchanger.exchange(call, &|_| Ok(Reading::Good(()))).await?;
        let mut effort = self.effort.lock().unwrap_or_else(PoisonError::into_inner);
        *effort += Effort::of(&exchanged.response);
        drop(effort);
        exchanged.response.error_for_status()
    }

    /// The URL that `place` stands for.
    fn place(
        &self,
        place: &JobPlace,
        what: &'static str,
        (response, body): (&Response, Option<&Value>),
    ) -> Result<Url, Error> {
        let missing = |place: &str| {
            let place = place.to_owned();
            Self::fails(response, JobProblem::NoPlace { what, place })
        };
        let link = match place {
            JobPlace::Path(path) => {
                let path = fill(path, body).map_err(|field| missing(&field))?;
                let url = url_join::resolve(&self.client.shared.base, &path);
                return url.map_err(|_| Self::fails(response, JobProblem::NotUrl { what }));
            }
            JobPlace::Body(selector) => {
                let found = body.and_then(|body| text_at(selector, body));
                found.ok_or_else(|| missing(selector.as_str()))?
            }
            JobPlace::Header(name) => {
                let found = response.header(name.as_str());
                found.ok_or_else(|| missing(name.as_str()))?.to_owned()
            }
        };
        let url = response.url.join(link.trim());
        url.map_err(|_| Self::fails(response, JobProblem::NotUrl { what }))
    }
}

fn is_gone(error: &Error) -> bool {
    matches!(
        error.status(),
        Some(StatusCode::NOT_FOUND | StatusCode::GONE)
    )
}

/// The scalar at `selector` as text.
fn text_at(selector: &Selector, body: &Value) -> Option<String> {
    match selector.query(body).into_iter().next()? {
        Value::String(text) => Some(text.clone()),
        number @ (Value::Number(_) | Value::Bool(_)) => Some(number.to_string()),
        _ => None,
    }
}

/// `path` with its fields filled in, each as one segment; else the field that is not there.
pub(super) fn fill(path: &str, body: Option<&Value>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once("{job.") {
        out.push_str(before);
        let (field, after) = after.split_once('}').ok_or_else(|| after.to_owned())?;
        let selector = Selector::parse(field).map_err(|_| field.to_owned())?;
        let value = body.and_then(|body| text_at(&selector, body));
        let value = value.filter(|value| !matches!(value.as_str(), "" | "." | ".."));
        push_segment(&mut out, &value.ok_or_else(|| field.to_owned())?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// Appends `value` so that it stays one segment: all but RFC 3986's unreserved characters is encoded.
fn push_segment(out: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
