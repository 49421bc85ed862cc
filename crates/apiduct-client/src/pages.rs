//! A walk over the pages of a list.

pub(crate) mod credential;
mod drift;
mod fetch;
mod keep;
mod left_out;
mod pin;
mod tally;
mod walk;
mod window;

use std::fmt;
use std::sync::Arc;

use apiduct_json::Selector;
use apiduct_model::Redactor;
use futures_util::Stream;
use futures_util::future::BoxFuture;

use crate::client::Client;
use crate::error::{Error, PagedBy};
use crate::exchange::{BY_HOOK, Call, Pass};
use crate::loop_guard::Digest;
use crate::paginate::{PaginateError, Paginator, Position, Reason, Step};
use crate::paginate_builder::WalkOptions;
use crate::{Effort, Page, Request};
use fetch::{Content, Fetch, Fetched};
use keep::Keeping;
use walk::Walk;
use window::Window;

pub(crate) use pin::Told;

pub use drift::Drift;
pub use keep::{KeepError, KeptPage, KeptPass, PageKeeper, PageKey};
pub use left_out::LeftOut;
pub use tally::{Tally, Verdict};

/// The pages of a list, one after another; made by [`crate::PaginateBuilder::send`].
///
/// As soon as a page is read and its successor is known, the successor is asked for; only then is the page handed
/// out. Where the API says how much there is, the pages behind are asked for at the same time (see
/// [`crate::PaginateBuilder::parallel`]); they are handed out in their order, and all is as if they had been fetched one
/// after another. Dropping `Pages` cancels what is under way,
/// unless it is [kept](crate::PaginateBuilder::kept_by).
#[derive(Debug)]
pub struct Pages {
    walk: Option<Walk>,
    state: State,
    window: Window,
    tally: Tally,
    drift: drift::Watch,
    left_out: LeftOut,
    preparation: Effort,
    findings: Option<Findings>,
    end: Option<Reason>,
    next_position: Option<Position>,
}

/// How the records and the next pages are found, after the first page.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Findings {
    /// Where the records are.
    pub selector: FoundSelector,
    /// How the list is paged.
    pub paginator: FoundPaginator,
}

/// Where the records are, and how we know.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FoundSelector {
    /// The selector.
    pub selector: Selector,
    /// Whether it was declared; else it was detected.
    pub is_declared: bool,
    /// From 0 (anything else is as likely) to 1 (declared, or as good as that).
    pub score: f32,
    /// What speaks for it, when it was detected.
    pub reasons: Vec<String>,
    /// The other lists of the response, the likeliest first, when it was detected.
    pub alternatives: Vec<Selector>,
}

/// How the list is paged, and how we know.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FoundPaginator {
    /// The paginator.
    pub paginator: Arc<dyn Paginator>,
    /// Whether it was declared; else it was detected.
    pub is_declared: bool,
    /// From 0 (a fallback) to 1 (declared, or as good as that).
    pub score: f32,
    /// What speaks for it, when it was detected.
    pub reasons: Vec<String>,
}

/// The call that a job has led to, and what it took to get there.
type Prepared = Result<(Call, Effort), Error>;

enum State {
    /// A report on request is waited for.
    Preparing(BoxFuture<'static, Prepared>),
    /// The next page is to be fetched from here.
    Waiting(Position),
    /// It is under way.
    Fetching(Fetch),
    /// The walk ends with this error.
    Failed(Error),
    Done,
}

impl Pages {
    pub(crate) fn new(client: Client, call: Call, options: WalkOptions) -> Self {
        let walk = Walk::new(client, call, options);
        let state = match walk.first_position() {
            Ok(position) => State::Waiting(position),
            Err(error) => State::Failed(error),
        };
        let bound = walk.options.bound_of_nothing();
        let mut pages = Self::begin(Some(walk), state);
        if let (Some(_), State::Waiting(_)) = (&bound, &pages.state) {
            pages.state = State::Done;
            pages.end = bound;
        }
        pages.await_job();
        pages
    }

    pub(crate) fn failed(error: Error) -> Self {
        Self::begin(None, State::Failed(error))
    }

    fn begin(walk: Option<Walk>, state: State) -> Self {
        Self {
            walk,
            state,
            window: Window::default(),
            tally: Tally::default(),
            drift: drift::Watch::default(),
            left_out: LeftOut::default(),
            preparation: Effort::default(),
            findings: None,
            end: None,
            next_position: None,
        }
    }

    /// The next page; `None` after the last. After an error there are no more pages.
    ///
    /// Giving up on the returned future loses nothing: the next call goes on where it was.
    ///
    /// # Errors
    ///
    /// Mistakes in the description of the walk (before anything is sent), what [`crate::RequestBuilder::send`] fails
    /// with, and [`Error::Status`], [`Error::Json`], [`Error::NoMatch`], [`Error::Loop`], [`Error::Paginate`].
    pub async fn next(&mut self) -> Result<Option<Page>, Error> {
        loop {
            if let State::Preparing(prepared) = &mut self.state {
                let prepared = prepared.await;
                self.begin_download(prepared);
            }
            if let State::Waiting(_) = &self.state {
                self.fetch();
            }
            let fetched = match &mut self.state {
                State::Fetching(fetch) => loop {
                    tokio::select! {
                        biased;
                        fetched = fetch.finish() => break fetched,
                        () = self.window.landing() => if let Some(walk) = &self.walk {
                            self.window.launch(walk);
                        },
                    }
                },
                State::Preparing(_) | State::Waiting(_) | State::Done => return Ok(None),
                State::Failed(_) => {
                    if let State::Failed(error) = std::mem::replace(&mut self.state, State::Done) {
                        return Err(error);
                    }
                    return Ok(None);
                }
            };
            self.state = State::Done;
            let keeping = self.keeping(fetched.as_ref().ok());
            let mut received = fetched.and_then(|fetched| self.receive(fetched));
            if let Some(keeping) = keeping {
                let has_failed = received.is_err() || matches!(self.state, State::Failed(_));
                if let Err(error) = keeping.settle(&received, has_failed).await {
                    received = received.and(Err(Error::keep(error)));
                }
            }
            if !matches!(self.state, State::Fetching(_) | State::Waiting(_)) {
                self.window.clear();
            }
            if let Some(page) = received? {
                self.tally.add(&page);
                return Ok(Some(page));
            }
        }
    }

    /// Lets the job, if there is one, come before the first page.
    fn await_job(&mut self) {
        if let (Some(walk), State::Waiting(_)) = (&self.walk, &self.state)
            && let Some(prepared) = walk.prepare()
        {
            self.state = State::Preparing(prepared);
        }
    }

    /// Takes up the call that a job has led to.
    fn begin_download(&mut self, prepared: Prepared) {
        let begun = prepared.and_then(|(call, effort)| {
            self.preparation = effort;
            let Some(walk) = &mut self.walk else {
                return Ok(State::Done);
            };
            walk.begin_at(call);
            walk.first_position().map(State::Waiting)
        });
        self.state = begun.unwrap_or_else(State::Failed);
    }

    /// The pages that are being fetched at this moment.
    pub fn in_flight(&self) -> usize {
        let own = matches!(self.state, State::Fetching(_));
        usize::from(own) + self.window.in_flight()
    }

    /// What was handed out so far, beside what the API says that it has.
    pub fn tally(&self) -> Tally {
        let is_cut_short = self.end.as_ref().is_some_and(Reason::is_cut_short);
        self.tally.with_end(self.end().is_some(), is_cut_short)
    }

    /// Signs, in the pages so far, that the list changed while it was read.
    pub fn drift(&self) -> &Drift {
        self.drift.drift()
    }

    /// What rules and hooks left out of the pages so far.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// What it took to have a [job](crate::job) done, before there were pages; nothing without one.
    pub fn preparation(&self) -> Effort {
        self.preparation
    }

    /// How records and pages are found; `None` before the first page.
    pub fn findings(&self) -> Option<&Findings> {
        self.findings.as_ref()
    }

    /// Why there are no more pages; `None` while there may be some, and after an error.
    pub fn end(&self) -> Option<&Reason> {
        match self.state {
            State::Done => self.end.as_ref(),
            _ => None,
        }
    }

    /// Where the page after the last one handed out is; `None` when there is none, and before the first page.
    pub fn next_position(&self) -> Option<&Position> {
        self.next_position.as_ref()
    }

    /// The pages as a stream, which ends after its first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Page, Error>> + Send {
        futures_util::stream::unfold(self, |mut pages| async move {
            let item = pages.next().await.transpose()?;
            Some((item, pages))
        })
    }

    /// What is to be done about keeping `fetched`, once it is known what it is.
    fn keeping(&self, fetched: Option<&Fetched>) -> Option<Keeping> {
        let fetched = fetched?;
        let keeper = self.walk.as_ref()?.options.keeper.clone()?;
        Some(Keeping::new(keeper, fetched.key?, fetched))
    }

    /// Begins to fetch from the position in `state`.
    fn fetch(&mut self) {
        let State::Waiting(position) = std::mem::replace(&mut self.state, State::Done) else {
            return;
        };
        let Some(walk) = &self.walk else {
            return;
        };
        if let Some(fetch) = self.window.take(&position) {
            self.state = State::Fetching(fetch);
            return;
        }
        self.state = match walk.order(position) {
            Ok(order) => State::Fetching(Fetch::start(walk.client.clone(), order, None)),
            Err(error) => State::Failed(error),
        };
    }

    /// Begins to fetch the pages behind the successor of `page`, as far as they are known.
    fn look_ahead(&mut self, page: &Page) {
        if let (Some(walk), State::Fetching(_)) = (&self.walk, &self.state) {
            self.window.foresee(walk, page);
            self.window.launch(walk);
        }
    }

    /// Takes a page in: finds its records and its successor, and lets the successor be fetched. `None` when the page
    /// is not to be handed out.
    fn receive(&mut self, fetched: Fetched) -> Result<Option<Page>, Error> {
        let Some(walk) = &mut self.walk else {
            return Ok(None);
        };
        let pass = fetched.pass;
        let is_left_out = !matches!(pass, Pass::Take | Pass::Accept);
        let because = fetched.because.clone();
        if is_left_out {
            let effort = Effort::of(&fetched.response);
            self.left_out.note(&because, effort);
        }
        if matches!(pass, Pass::Stop | Pass::SkipParent) {
            self.stop(pass, because);
            return Ok(None);
        }
        let is_unread = is_left_out && matches!(fetched.content, Content::Nothing);
        walk.received += 1;
        let page = walk.page(fetched, &mut self.findings)?;
        if let Some(position) = walk.leave_for_resume()? {
            self.next_position = Some(position.clone());
            self.state = State::Waiting(position);
            return Ok(None);
        }
        let digest = Digest::of(&page);
        let is_repeated = walk.switch_if_repeated(digest);
        if is_repeated {
            walk.received -= 1;
            if let (Some(findings), Some(paginator)) = (&mut self.findings, &walk.paginator) {
                findings.paginator.paginator = Arc::clone(paginator);
            }
        }
        let is_handed_out = !is_left_out && !is_repeated;
        let unread = is_unread.then_some(because.as_str());
        let step = walk.advance(&page, is_handed_out, unread);
        let next = match &step {
            Ok(Step::Next(position)) => Some(position),
            _ => None,
        };
        if !is_repeated
            && !walk.options.allow_repeats
            && let Some(kind) = walk.guard_against_loop(&page, digest, next)
        {
            return Err(Error::Loop {
                page: page.number,
                position: walk.mask(&page.position.to_string()),
                by: PagedBy::position(&page.position),
                kind,
            });
        }
        if !is_repeated {
            let total = walk.paginator.as_ref().and_then(|own| own.total(&page));
            self.drift.note(&page, total, &walk.options.record_key);
            self.tally.announce(&page, total);
        }
        self.tally.skipped_pages += u64::from(pass == Pass::Skip);
        self.go_on(step, &page);
        tracing::debug!(
            page = page.number,
            records = page.raw_records().len(),
            bytes = page.response.body.len(),
            "page"
        );
        match &mut self.walk {
            Some(walk) if is_handed_out => walk.cut(page).map(Some),
            _ => Ok(None),
        }
    }

    /// Ends before a page that a hook or a rule wants nothing of.
    fn stop(&mut self, pass: Pass, because: String) {
        if pass == Pass::SkipParent && self.tally.pages > 0 {
            self.left_out.gap = Some(format!(
                "it was given up after page {} ({because})",
                self.tally.pages
            ));
        }
        self.end = Some(if because == BY_HOOK {
            Reason::StoppedByHook
        } else {
            Reason::StoppedByRule { rule: because }
        });
        self.next_position = None;
    }

    /// Goes where `step` leads after `page`: begins to fetch the next page, or ends.
    fn go_on(&mut self, step: Result<Step, PaginateError>, page: &Page) {
        self.next_position = None;
        let Some(walk) = &self.walk else {
            return;
        };
        match step {
            Ok(Step::Done(reason)) => {
                if let Reason::Unreachable { .. } = &reason {
                    self.left_out.gap = Some(reason.to_string());
                }
                self.end = Some(reason);
            }
            Ok(Step::Next(position)) => {
                self.next_position = Some(position.clone());
                self.state = State::Waiting(position);
                if walk.options.prefetch {
                    self.fetch();
                    self.look_ahead(page);
                }
            }
            Err(source) => {
                self.state = State::Failed(Error::Paginate {
                    page: page.number,
                    source: source.redacted(walk.client.redactor()),
                });
            }
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preparing(_) => f.write_str("Preparing"),
            Self::Waiting(position) => f.debug_tuple("Waiting").field(position).finish(),
            Self::Fetching(_) => f.write_str("Fetching"),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
            Self::Done => f.write_str("Done"),
        }
    }
}

/// What tells the request for a page, or for a report, from others.
pub(crate) fn page_key(position: &Position, request: &Request, redactor: &Redactor) -> PageKey {
    PageKey::of(position, request, redactor)
}

impl FoundSelector {
    fn declared(selector: &Selector) -> Self {
        Self {
            selector: selector.clone(),
            is_declared: true,
            score: 1.0,
            reasons: Vec::new(),
            alternatives: Vec::new(),
        }
    }
}

impl FoundPaginator {
    fn declared(paginator: &Arc<dyn Paginator>) -> Self {
        Self {
            paginator: Arc::clone(paginator),
            is_declared: true,
            score: 1.0,
            reasons: Vec::new(),
        }
    }
}
