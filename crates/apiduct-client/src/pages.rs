//! A walk over the pages of a list.

mod fetch;

use std::sync::Arc;

use apiduct_json::{DataFound, ScanPlan, Scanned, Selector};
use futures_util::Stream;
use serde_json::Value;

use crate::client::Client;
use crate::detect::{self, DetectInput};
use crate::error::{Error, ForeignVia, LoopKind};
use crate::exchange::{Call, Pass};
use crate::loop_guard::{Digest, LoopGuard};
use crate::paginate::{PaginateError, Paginator, Position, Reason, Step};
use crate::paginate_builder::WalkOptions;
use crate::{Page, Request, Response, charset};
use fetch::{Content, Fetch, Fetched, Order};

/// The pages of a list, one after another; made by [`crate::PaginateBuilder::send`].
///
/// As soon as a page is read and its successor is known, the successor is asked for; only then is the page handed
/// out. Dropping `Pages` cancels what is under way.
#[derive(Debug)]
pub struct Pages {
    walk: Option<Walk>,
    state: State,
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
    /// What speaks for it, when it was detected.
    pub reasons: Vec<String>,
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

#[derive(Debug)]
enum State {
    /// The next page is to be fetched from here.
    Waiting(Position),
    /// It is under way.
    Fetching(Fetch),
    /// The walk ends with this error.
    Failed(Error),
    Done,
}

/// What a walk knows and remembers.
#[derive(Debug)]
struct Walk {
    client: Client,
    /// The request as the caller wrote it; positions are applied to a copy.
    call: Call,
    options: WalkOptions,
    /// Detected selectors are given up again while they lead to no list.
    selector: Option<Selector>,
    paginator: Option<Arc<dyn Paginator>>,
    plan: Option<Arc<ScanPlan>>,
    needs: Arc<[Selector]>,
    guard: LoopGuard,
    /// Pages received, including those that were not handed out.
    received: u64,
    /// The paginator to go on with if the second page has the content of the first, which is kept here too.
    if_repeated: Option<(Arc<dyn Paginator>, Option<Digest>)>,
}

impl Pages {
    pub(crate) fn new(client: Client, call: Call, options: WalkOptions) -> Self {
        let walk = Walk::new(client, call, options);
        let state = match walk.first_position() {
            Ok(position) => State::Waiting(position),
            Err(error) => State::Failed(error),
        };
        let max_pages = walk.options.max_pages;
        let mut pages = Self::begin(Some(walk), state);
        if let Some(max_pages @ 0) = max_pages {
            pages.state = State::Done;
            pages.end = Some(Reason::MaxPages { max_pages });
        }
        pages
    }

    pub(crate) fn failed(error: Error) -> Self {
        Self::begin(None, State::Failed(error))
    }

    fn begin(walk: Option<Walk>, state: State) -> Self {
        Self {
            walk,
            state,
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
            if let State::Waiting(_) = &self.state {
                self.fetch();
            }
            let fetched = match &mut self.state {
                State::Fetching(fetch) => fetch.finish().await,
                State::Waiting(_) | State::Done => return Ok(None),
                State::Failed(_) => {
                    if let State::Failed(error) = std::mem::replace(&mut self.state, State::Done) {
                        return Err(error);
                    }
                    return Ok(None);
                }
            };
            self.state = State::Done;
            if let Some(page) = self.receive(fetched?)? {
                return Ok(Some(page));
            }
        }
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

    /// Begins to fetch from the position in `state`.
    fn fetch(&mut self) {
        let State::Waiting(position) = std::mem::replace(&mut self.state, State::Done) else {
            return;
        };
        let Some(walk) = &self.walk else {
            return;
        };
        self.state = match walk.order(position) {
            Ok(order) => State::Fetching(Fetch::start(walk.client.clone(), order)),
            Err(error) => State::Failed(error),
        };
    }

    /// Takes a page in: finds its records and its successor, and lets the successor be fetched. `None` when the page
    /// is not to be handed out.
    fn receive(&mut self, fetched: Fetched) -> Result<Option<Page>, Error> {
        let Some(walk) = &mut self.walk else {
            return Ok(None);
        };
        let pass = fetched.pass;
        if pass == Pass::Stop {
            self.end = Some(Reason::StoppedByHook);
            self.next_position = None;
            return Ok(None);
        }
        walk.received += 1;
        let page = walk.page(fetched, &mut self.findings)?;
        let digest = Digest::of(&page);
        let is_repeated = walk.switch_if_repeated(digest);
        if is_repeated {
            walk.received -= 1;
            if let (Some(findings), Some(paginator)) = (&mut self.findings, &walk.paginator) {
                findings.paginator.paginator = Arc::clone(paginator);
            }
        } else if !walk.options.allow_repeats
            && let Some(kind) = walk.guard.check(&page, digest)
        {
            return Err(Error::Loop {
                page: page.number,
                position: walk.mask(&page.position.to_string()),
                kind: walk.masked_loop(kind),
            });
        }
        self.next_position = None;
        match walk.advance(&page) {
            Ok(Step::Done(reason)) => self.end = Some(reason),
            Ok(Step::Next(position)) => {
                self.next_position = Some(position.clone());
                self.state = State::Waiting(position);
                if walk.options.prefetch {
                    self.fetch();
                }
            }
            Err(source) => {
                self.state = State::Failed(Error::Paginate {
                    page: page.number,
                    source: source.redacted(walk.client.redactor()),
                });
            }
        }
        tracing::debug!(
            page = page.number,
            records = page.raw_records().len(),
            bytes = page.response.body.len(),
            "page"
        );
        Ok((pass == Pass::Take && !is_repeated).then_some(page))
    }
}

impl Walk {
    fn new(client: Client, call: Call, options: WalkOptions) -> Self {
        let mut walk = Self {
            client,
            call,
            selector: options.selector.clone(),
            paginator: options.paginator.clone(),
            options,
            plan: None,
            needs: Arc::new([]),
            guard: LoopGuard::default(),
            received: 0,
            if_repeated: None,
        };
        walk.compile();
        walk
    }

    /// Makes the plan of a page's scan, once selector and paginator are known.
    fn compile(&mut self) {
        self.needs = self
            .paginator
            .as_ref()
            .map_or_else(|| Arc::new([]) as _, |own| own.needs().into());
        self.plan = match (&self.selector, &self.paginator) {
            (Some(selector), Some(_)) => Some(Arc::new(ScanPlan::new(
                selector.clone(),
                self.needs.to_vec(),
            ))),
            _ => None,
        };
    }

    fn first_position(&self) -> Result<Position, Error> {
        match (&self.options.resume_at, &self.paginator) {
            (Some(position), Some(_)) => Ok(position.clone()),
            (Some(_), None) => Err(Error::Setting {
                setting: "`resume_at`",
                problem: "the paginator must be declared, not detected".to_owned(),
            }),
            (None, Some(paginator)) => Ok(paginator.start()),
            (None, None) => Ok(Position::Start),
        }
    }

    /// What to fetch for the page at `position`.
    fn order(&self, position: Position) -> Result<Order, Error> {
        let mut call = self.call.clone();
        if let Some(paginator) = &self.paginator {
            let applied = paginator.apply(&position, &mut call.request);
            applied.map_err(|source| Error::Paginate {
                page: self.received,
                source: source.redacted(self.client.redactor()),
            })?;
        }
        if call.request.url.origin() != self.call.request.url.origin() {
            call.via = ForeignVia::NextLink;
        }
        Ok(Order {
            call,
            position,
            plan: self.plan.clone(),
        })
    }

    /// The page that was fetched, after finding out what is not known about it yet.
    fn page(&mut self, fetched: Fetched, findings: &mut Option<Findings>) -> Result<Page, Error> {
        let Fetched {
            request,
            mut position,
            mut response,
            content,
            pass,
        } = fetched;
        if pass == Pass::Take {
            response = response.error_for_status()?;
        }
        let scanned = match content {
            Content::Nothing => Scanned::default(),
            Content::Scanned(scanned) => scanned,
            Content::Value(value) => {
                let position = &mut position;
                self.find_out(&request, &response, &value, position, findings)?
            }
        };
        if findings.is_none() {
            *findings = self.declared();
        }
        if let DataFound::Missing { keys } = &scanned.data
            && pass == Pass::Take
        {
            self.judge_missing(keys, &response)?;
        }
        let needs = Arc::clone(&self.needs);
        Ok(Page::new(
            self.received,
            position,
            request,
            response,
            scanned,
            needs,
        ))
    }

    /// Detects what was not declared, from a page that was parsed whole.
    fn find_out(
        &mut self,
        request: &Request,
        response: &Response,
        value: &Value,
        position: &mut Position,
        findings: &mut Option<Findings>,
    ) -> Result<Scanned, Error> {
        let (selector, is_list) = self.find_selector(value);
        let body = charset::utf8_bytes(&response.body, response.content_type());
        let scan = |needs: &[Selector]| {
            let plan = ScanPlan::new(selector.selector.clone(), needs.to_vec());
            plan.scan(&body).map_err(|error| response.not_json(&error))
        };
        let mut scanned = scan(&self.needs)?;
        let paginator = if let Some(known) = &self.paginator {
            let found = findings.take().map(|findings| findings.paginator);
            found.unwrap_or_else(|| FoundPaginator::declared(known))
        } else {
            let found = detect::paginator(&DetectInput {
                request,
                response,
                value,
                selector: &selector.selector,
                is_list,
                record_count: scanned.records.len(),
            });
            *position = found.position;
            self.paginator = Some(Arc::clone(&found.paginator));
            self.if_repeated = found.if_repeated.map(|other| (other, None));
            FoundPaginator {
                paginator: found.paginator,
                is_declared: false,
                score: found.score,
                reasons: found.reasons,
            }
        };
        if is_list || selector.is_declared {
            self.selector = Some(selector.selector.clone());
        }
        self.compile();
        if scanned.captures.len() != self.needs.len() {
            scanned = scan(&self.needs)?;
        }
        *findings = Some(Findings {
            selector,
            paginator,
        });
        Ok(scanned)
    }

    /// The selector to read `value` with, and whether it leads to a list as far as we know.
    fn find_selector(&self, value: &Value) -> (FoundSelector, bool) {
        if let Some(selector) = &self.selector {
            return (FoundSelector::declared(selector), true);
        }
        let found = detect::selector(value);
        let selector = FoundSelector {
            selector: found.selector,
            is_declared: false,
            reasons: found.reasons,
        };
        (selector, found.is_list)
    }

    fn declared(&self) -> Option<Findings> {
        Some(Findings {
            selector: FoundSelector::declared(self.selector.as_ref()?),
            paginator: FoundPaginator::declared(self.paginator.as_ref()?),
        })
    }

    fn judge_missing(&self, keys: &[String], response: &Response) -> Result<(), Error> {
        let selector = self.selector.as_ref().map_or("$", Selector::as_str);
        if self.received == 1 && !self.options.allow_missing {
            return Err(Error::NoMatch {
                selector: selector.to_owned(),
                url: response.shown_url(),
                keys: keys.iter().map(|key| self.mask(key)).collect(),
            });
        }
        tracing::warn!(
            selector,
            page = self.received,
            "the selector matches nothing: the page counts as empty"
        );
        Ok(())
    }

    /// Goes over to the other paginator when the second page has the content of the first; true then.
    fn switch_if_repeated(&mut self, digest: Digest) -> bool {
        match self.if_repeated.take() {
            Some((paginator, None)) => {
                self.if_repeated = Some((paginator, Some(digest)));
                false
            }
            Some((paginator, Some(first))) if first == digest => {
                self.paginator = Some(paginator);
                self.compile();
                true
            }
            _ => false,
        }
    }

    fn advance(&self, page: &Page) -> Result<Step, PaginateError> {
        if page.response.is_bodiless() {
            return Ok(Step::Done(Reason::EmptyBody));
        }
        let Some(paginator) = &self.paginator else {
            return Ok(Step::Done(Reason::SinglePage));
        };
        let step = paginator.advance(&page.position, page)?;
        match (step, self.options.max_pages) {
            (Step::Next(_), Some(max_pages)) if self.received >= max_pages => {
                Ok(Step::Done(Reason::MaxPages { max_pages }))
            }
            (step, _) => Ok(step),
        }
    }

    fn mask(&self, text: &str) -> String {
        self.client.redactor().redact(text).into_owned()
    }

    fn masked_loop(&self, kind: LoopKind) -> LoopKind {
        match kind {
            LoopKind::SamePosition => LoopKind::SamePosition,
            LoopKind::PositionIgnored { first } => LoopKind::PositionIgnored {
                first: self.mask(&first),
            },
        }
    }
}

impl FoundSelector {
    fn declared(selector: &Selector) -> Self {
        Self {
            selector: selector.clone(),
            is_declared: true,
            reasons: Vec::new(),
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
