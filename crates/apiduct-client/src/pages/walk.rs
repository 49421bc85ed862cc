//! What a walk over pages knows and remembers.

use std::sync::Arc;

use apiduct_json::{DataFound, Records, ScanPlan, Scanned, Selector};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::fetch::{Content, Fetched, Order};
use super::keep::PageKey;
use super::{Findings, FoundPaginator, FoundSelector, Prepared, credential};
use crate::client::Client;
use crate::detect::{self, DetectInput};
use crate::error::{Error, ForeignVia, LoopKind};
use crate::exchange::{Call, Pass};
use crate::loop_guard::{Digest, LoopGuard};
use crate::paginate::{PaginateError, Paginator, Position, Reason, Step};
use crate::paginate_builder::WalkOptions;
use crate::{Page, Request, Response, charset};

/// The description of a walk, and how far it got.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) client: Client,
    /// The request as the caller wrote it; positions are applied to a copy.
    call: Call,
    pub(super) options: WalkOptions,
    /// Detected selectors are given up again while they lead to no list.
    selector: Option<Selector>,
    pub(super) paginator: Option<Arc<dyn Paginator>>,
    plan: Option<Arc<ScanPlan>>,
    needs: Arc<[Selector]>,
    pub(super) guard: LoopGuard,
    /// Pages received, including those that were not handed out.
    pub(super) received: u64,
    /// Records handed out.
    records: u64,
    /// Where to go on after the first page, which is fetched for detection alone.
    resume_at: Option<Position>,
    /// The paginator to go on with if the second page has the content of the first, which is kept here too.
    if_repeated: Option<(Arc<dyn Paginator>, Option<Digest>)>,
}

impl Walk {
    pub(super) fn new(client: Client, call: Call, options: WalkOptions) -> Self {
        let detects = options.paginator.is_none();
        let mut walk = Self {
            client,
            call,
            selector: options.selector.clone(),
            paginator: options.paginator.clone(),
            resume_at: options.resume_at.clone().filter(|_| detects),
            options,
            plan: None,
            needs: Arc::new([]),
            guard: LoopGuard::default(),
            received: 0,
            records: 0,
            if_repeated: None,
        };
        walk.compile();
        walk
    }

    /// What has to happen before the first page, if something has to.
    pub(super) fn prepare(&self) -> Option<BoxFuture<'static, Prepared>> {
        let job = self.options.job.clone()?;
        let store = self.options.job_store.clone();
        let (client, call) = (self.client.clone(), self.call.clone());
        Some(crate::job::prepare(client, call, job, store).boxed())
    }

    /// Lets the pages begin at `call`.
    pub(super) fn begin_at(&mut self, call: Call) {
        self.call = call;
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

    pub(super) fn first_position(&self) -> Result<Position, Error> {
        if let Some(paginator) = &self.paginator {
            let works = paginator.validate().map_err(PaginateError::from);
            let fits = works.and_then(|()| paginator.fits(&self.call.request));
            fits.map_err(|source| Error::Paginate {
                page: 0,
                source: source.redacted(self.client.redactor()),
            })?;
        }
        Ok(match (&self.options.resume_at, &self.paginator) {
            (Some(position), Some(_)) => position.clone(),
            (None, Some(paginator)) => paginator.start(),
            (_, None) => Position::Start,
        })
    }

    /// Where to go on, now that the first page has been fetched for detection alone.
    pub(super) fn leave_for_resume(&mut self) -> Result<Option<Position>, Error> {
        let Some(position) = self.resume_at.take() else {
            return Ok(None);
        };
        let problem = if self.paginator.is_none() {
            "nothing can be detected from the first page, which is empty: declare the paginator"
        } else if self.if_repeated.is_some() {
            "whether pages count from 0 or from 1 cannot be detected any more: declare the paginator"
        } else {
            self.received = 0;
            return Ok(Some(position));
        };
        Err(Error::Setting {
            setting: "`resume_at`",
            problem: problem.to_owned(),
        })
    }

    /// Whether the pages go round in circles with `page`, after which `next` comes.
    pub(super) fn guard_against_loop(
        &mut self,
        page: &Page,
        digest: Digest,
        next: Option<&Position>,
    ) -> Option<LoopKind> {
        let total = self.paginator.as_ref().and_then(|own| own.total(page));
        self.guard.check(page, digest, next, total.is_some())
    }

    /// What to fetch for the page at `position`.
    pub(super) fn order(&self, position: Position) -> Result<Order, Error> {
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
        } else if matches!(position, Position::Url(_)) {
            credential::give_back(
                &self.call.request,
                &mut call.request,
                self.client.redactor(),
            );
        }
        let keeper = self.options.keeper.clone().map(|keeper| {
            let key = PageKey::of(&position, &call.request, self.client.redactor());
            (keeper, key)
        });
        Ok(Order {
            call,
            position,
            plan: self.plan.clone(),
            // On the first page the selector is the likelier culprit.
            wants_list: self.received > 0 && !self.options.allow_missing,
            keeper,
            formats: Arc::clone(&self.options.formats),
        })
    }

    /// The page that was fetched, after finding out what is not known about it yet.
    pub(super) fn page(
        &mut self,
        fetched: Fetched,
        findings: &mut Option<Findings>,
    ) -> Result<Page, Error> {
        let Fetched {
            request,
            mut position,
            response,
            content,
            pass,
            ..
        } = fetched;
        if pass == Pass::Take && !response.status.is_success() {
            return Err(response.status_error());
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
            && matches!(pass, Pass::Take | Pass::Accept)
        {
            self.judge_missing(keys, &response)?;
        }
        let needs = Arc::clone(&self.needs);
        let page = Page::new(self.received, position, request, response, scanned, needs);
        Ok(page.fetched_by(self.paginator.clone(), Arc::clone(&self.call.auth)))
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
        let body = charset::utf8_bytes(&response.body, response.text_type());
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
        let found = Findings {
            selector,
            paginator,
        };
        found.tell(&self.client.shared.told, response);
        *findings = Some(found);
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
            score: found.score,
            reasons: found.reasons,
            alternatives: found.alternatives,
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
        if !self.options.allow_missing {
            return Err(Error::NoMatch {
                selector: selector.to_owned(),
                page: self.received,
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
    pub(super) fn switch_if_repeated(&mut self, digest: Digest) -> bool {
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

    /// Where to go after `page`: as the paginator says, within the bounds of the walk.
    pub(super) fn advance(
        &self,
        page: &Page,
        is_handed_out: bool,
        left_out: Option<&str>,
    ) -> Result<Step, PaginateError> {
        let step = match left_out {
            Some(because) => Ok(self.step_beyond(page, because)),
            None => self.unbounded_step(page),
        };
        if let Some(max_records) = self.options.max_records {
            let own = if is_handed_out {
                page.raw_records().len()
            } else {
                0
            };
            let records = self.records.saturating_add(own as u64);
            let has_more = !matches!(step, Ok(Step::Done(_)));
            if records > max_records || (records == max_records && has_more) {
                return Ok(Step::Done(Reason::MaxRecords { max_records }));
            }
        }
        match (step?, self.options.max_pages) {
            (Step::Next(_), Some(max_pages)) if self.received >= max_pages => {
                Ok(Step::Done(Reason::MaxPages { max_pages }))
            }
            (Step::Next(position), _) => Ok(Step::Next(credential::take_out(
                position,
                self.client.redactor(),
            ))),
            (done, _) => Ok(done),
        }
    }

    /// Where to go after `page`, which could not be read.
    fn step_beyond(&self, page: &Page, because: &str) -> Step {
        let paginator = self.paginator.as_ref();
        let step = paginator.and_then(|own| own.beyond(&page.position));
        step.unwrap_or_else(|| {
            Step::Done(Reason::Unreachable {
                because: because.to_owned(),
            })
        })
    }

    fn unbounded_step(&self, page: &Page) -> Result<Step, PaginateError> {
        if page.response.is_bodiless() {
            return Ok(Step::Done(Reason::EmptyBody));
        }
        match &self.paginator {
            Some(paginator) => paginator.advance(&page.position, page),
            None => Ok(Step::Done(Reason::SinglePage)),
        }
    }

    /// `page` with no more records than are wanted in all.
    pub(super) fn cut(&mut self, mut page: Page) -> Result<Page, Error> {
        let records = page.raw_records();
        let bound = self.options.max_records.unwrap_or(u64::MAX);
        let wanted = bound.saturating_sub(self.records).min(records.len() as u64);
        self.records += wanted;
        let count = usize::try_from(wanted).unwrap_or(usize::MAX);
        if count < records.len() {
            let texts: Result<Vec<_>, _> = records.texts().take(count).collect();
            let cut = texts.and_then(Records::from_texts);
            page.scanned.records = cut.map_err(|error| page.response.not_json(&error))?;
        }
        Ok(page)
    }

    /// The position that lies `pages` pages after `page`, if it is known already and may be fetched before its turn.
    pub(super) fn ahead(&self, page: &Page, pages: u64) -> Option<Position> {
        let is_bounded = |max_pages| self.received.saturating_add(pages) > max_pages;
        let records = (page.raw_records().len() as u64).saturating_mul(pages);
        let is_enough = |max_records| self.records.saturating_add(records) >= max_records;
        let has_hooks = !self.client.shared.exchanger.hooks.is_empty();
        if !self.options.is_parallel(has_hooks)
            || self.plan.is_none()
            || self.if_repeated.is_some()
            || self.options.max_pages.is_some_and(is_bounded)
            || self.options.max_records.is_some_and(is_enough)
        {
            return None;
        }
        let paginator = self.paginator.as_ref()?;
        paginator.ahead(&page.position, page, pages)
    }

    pub(super) fn mask(&self, text: &str) -> String {
        self.client.redactor().redact(text).into_owned()
    }
}
