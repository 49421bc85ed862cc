//! Walks over pages, before they begin.

use std::sync::Arc;

use apiduct_json::Selector;
use http::Method;

use crate::client::parse_selector;
use crate::draft::{Draft, request_setters};
use crate::format::{BodyDecoder, BodyFormat, Formats};
use crate::job::{Job, JobStore};
use crate::paginate::{Paginator, Position, Reason, SinglePage};
use crate::rate::Places;
use crate::retry::{RetryIf, Tried};
use crate::rules::{Expect, ResponseRule, ResponseRules};
use crate::{Client, Error, PageKeeper, Pages};

/// Pages that are fetched at a time.
const DEFAULT_WINDOW: usize = 8;

/// Bytes of pages that were fetched before their turn.
const DEFAULT_WINDOW_BYTES: usize = 64 << 20;

/// A walk over the pages of a list that is being described; made by [`Client::paginate`].
///
/// Requests of a walk count as safe to repeat, also those with a POST: they read.
#[derive(Debug)]
#[must_use = "a walk does nothing before `send`"]
pub struct PaginateBuilder {
    draft: Draft,
    options: WalkOptions,
    conditions: Vec<Arc<RetryIf>>,
    rules: ResponseRules,
}

/// What is special about a walk.
#[derive(Debug, Clone)]
pub(crate) struct WalkOptions {
    pub(crate) paginator: Option<Arc<dyn Paginator>>,
    pub(crate) selector: Option<Selector>,
    pub(crate) allow_missing: bool,
    pub(crate) max_pages: Option<u64>,
    pub(crate) max_records: Option<u64>,
    pub(crate) prefetch: bool,
    pub(crate) resume_at: Option<Position>,
    pub(crate) allow_repeats: bool,
    /// Said by the caller; else only hooks speak against it.
    pub(crate) parallel: Option<bool>,
    /// Pages that are fetched at a time.
    pub(crate) window: usize,
    /// Bytes of pages that were fetched before their turn.
    pub(crate) window_bytes: usize,
    /// What tells one record from another.
    pub(crate) record_key: Vec<Selector>,
    /// How bodies are read.
    pub(crate) formats: Arc<Formats>,
    /// Places in flight that the walk shares with others.
    pub(crate) places: Option<Places>,
    /// A report that has to be made before there are pages.
    pub(crate) job: Option<Arc<Job>>,
    pub(crate) job_store: Option<Arc<dyn JobStore>>,
    /// Where pages are kept.
    pub(crate) keeper: Option<Arc<dyn PageKeeper>>,
}

impl WalkOptions {
    /// The bound that leaves nothing to fetch, if one does.
    pub(crate) fn bound_of_nothing(&self) -> Option<Reason> {
        let pages = self.max_pages.filter(|max_pages| *max_pages == 0);
        let records = self.max_records.filter(|max_records| *max_records == 0);
        let pages = pages.map(|max_pages| Reason::MaxPages { max_pages });
        pages.or(records.map(|max_records| Reason::MaxRecords { max_records }))
    }

    /// Whether pages are fetched side by side; `has_hooks` where hooks look at the responses.
    pub(crate) fn is_parallel(&self, has_hooks: bool) -> bool {
        self.prefetch && self.window > 1 && self.parallel.unwrap_or(!has_hooks)
    }
}

impl PaginateBuilder {
    pub(crate) fn new(client: &Client, path: &str) -> Self {
        let mut builder = Self::of(Draft::new(client, Method::GET, path));
        let shared = &client.shared;
        builder.options.paginator.clone_from(&shared.paginator);
        builder.options.selector.clone_from(&shared.selector);
        builder
    }

    pub(crate) fn failed(error: Error) -> Self {
        Self::of(Draft::failed(Method::GET, error))
    }

    fn of(mut draft: Draft) -> Self {
        draft.idempotent(true);
        Self {
            draft,
            options: WalkOptions {
                paginator: None,
                selector: None,
                allow_missing: false,
                max_pages: None,
                max_records: None,
                prefetch: true,
                resume_at: None,
                allow_repeats: false,
                parallel: None,
                window: DEFAULT_WINDOW,
                window_bytes: DEFAULT_WINDOW_BYTES,
                record_key: Vec::new(),
                formats: Arc::default(),
                places: None,
                job: None,
                job_store: None,
                keeper: None,
            },
            conditions: Vec::new(),
            rules: ResponseRules::default(),
        }
    }

    request_setters!();

    /// Uses another method. Default GET.
    pub fn method(mut self, method: Method) -> Self {
        self.draft.request.method = method;
        self
    }

    /// Pages like this instead of as the client says.
    pub fn paginator(mut self, paginator: impl Paginator + 'static) -> Self {
        self.options.paginator = Some(Arc::new(paginator));
        self
    }

    /// Finds the paginator out from the first page, whatever the client says.
    pub fn detect_paginator(mut self) -> Self {
        self.options.paginator = None;
        self
    }

    /// Looks for records here instead of where the client says.
    pub fn data_selector(mut self, selector: &str) -> Self {
        match parse_selector(selector) {
            Ok(selector) => self.options.selector = Some(selector),
            Err(error) => self.draft.fail(error),
        }
        self
    }

    /// Looks for records at a parsed selector; `None` finds it out from the first page.
    pub fn selector(mut self, selector: Option<Selector>) -> Self {
        self.options.selector = selector;
        self
    }

    /// Whether a page without anything at the selector is an empty page. Default: an error, for a page after the first
    /// only when it stays so however often it is asked for.
    pub fn allow_missing(mut self, allow: bool) -> Self {
        self.options.allow_missing = allow;
        self
    }

    /// Ends after this many pages. Default: no bound.
    pub fn max_pages(mut self, pages: u64) -> Self {
        self.options.max_pages = Some(pages);
        self
    }

    /// Ends after this many records; the last page is cut to fit. What is not wanted is not asked for. Default: no bound.
    pub fn max_records(mut self, records: u64) -> Self {
        self.options.max_records = Some(records);
        self
    }

    /// Whether the next page is asked for before this one is handed out. Default true; at most one page is waiting.
    pub fn prefetch(mut self, prefetch: bool) -> Self {
        self.options.prefetch = prefetch;
        self
    }

    /// Begins at a position that an earlier walk had reached ([`Pages::next_position`]). Where the paginator is not
    /// declared, the first page is fetched once more to detect it, and not handed out; that fails where page numbers may
    /// count from 0 or from 1.
    pub fn resume_at(mut self, position: Position) -> Self {
        self.options.resume_at = Some(position);
        self
    }

    /// Whether pages may repeat earlier pages. Default: that is an error, since such a walk seldom ends.
    pub fn allow_repeats(mut self, allow: bool) -> Self {
        self.options.allow_repeats = allow;
        self
    }

    /// Whether pages are fetched side by side where their positions are known beforehand: numbers and offsets with a
    /// total that the API gives. Records, order, errors and the end are the same either way. Default: yes, unless the
    /// client has hooks, which would see the responses in the order in which they arrive.
    pub fn parallel(mut self, parallel: bool) -> Self {
        self.options.parallel = Some(parallel);
        self
    }

    /// How many pages are fetched at a time where their positions are known beforehand; 0 and 1 mean one after another.
    /// Default: 8.
    pub fn window(mut self, pages: usize) -> Self {
        self.options.window = pages;
        self
    }

    /// How many bytes of pages may wait for their turn. Pages that are still on their way count like the largest so
    /// far. Default: 64 MiB.
    pub fn window_bytes(mut self, bytes: usize) -> Self {
        self.options.window_bytes = bytes;
        self
    }

    /// What tells one record from another. It is used to notice records that come twice because the list changed while
    /// it was read ([`Pages::drift`]). Default: all of a record.
    pub fn record_key(mut self, key: impl IntoIterator<Item = Selector>) -> Self {
        self.options.record_key = key.into_iter().collect();
        self
    }

    /// Keeps the pages with `keeper`, and takes those that an earlier walk had kept from it instead of from the network;
    /// so this walk goes on where that one ended. Default: pages are not kept.
    pub fn kept_by(mut self, keeper: Arc<dyn PageKeeper>) -> Self {
        self.options.keeper = Some(keeper);
        self
    }

    /// Has no more requests under way than there are places, together with all walks that share them. Default: only the
    /// origin's places bound it.
    pub fn places(mut self, places: Places) -> Self {
        self.options.places = Some(places);
        self
    }

    /// Tries a page again when `test` says so, besides what the client says; see [`crate::ClientBuilder::retry_if`]. A page
    /// that should still be tried again when no try is left ends the walk in [`Error::Unready`]. May be given several
    /// times. Default: none.
    pub fn retry_if(
        mut self,
        reason: impl Into<String>,
        test: impl Fn(&Tried<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.conditions.push(Arc::new(RetryIf::new(reason, test)));
        self
    }

    /// Makes the request of this walk one for a report, which is waited for and then read: the pages begin at the
    /// download, as a single page unless a paginator is given. See [`crate::job`]. Rules and expectations are for the
    /// report, not for the requests before it.
    pub fn job(mut self, job: Job) -> Self {
        if self.options.paginator.is_none() {
            self.options.paginator = Some(Arc::new(SinglePage));
        }
        self.options.job = Some(Arc::new(job));
        self
    }

    /// Where jobs are kept, so that a job that runs when this process ends is waited for by the next. Default: nowhere.
    pub fn job_store(mut self, store: Arc<dyn JobStore>) -> Self {
        self.options.job_store = Some(store);
        self
    }

    /// Says what the bodies of the pages are. Default: their content type says it. See [`crate::format`].
    pub fn body_format(mut self, format: BodyFormat) -> Self {
        Arc::make_mut(&mut self.options.formats).format = format;
        self
    }

    /// Adds a decoder that is asked about pages of which nobody has said what they are, behind those that are there.
    /// Default: none.
    pub fn body_decoder(mut self, decoder: Arc<dyn BodyDecoder>) -> Self {
        Arc::make_mut(&mut self.options.formats)
            .decoders
            .push(decoder);
        self
    }

    /// Adds a rule about responses, behind those that are there: the first that is for a response decides. See
    /// [`crate::rules`]. Default: none.
    pub fn response_rule(mut self, rule: ResponseRule) -> Self {
        self.rules.rules.push(rule);
        self
    }

    /// Says what every page has to look like; anything else is [`Error::Refused`]. Default: nothing is said.
    pub fn expect(mut self, expect: Expect) -> Self {
        self.rules.expect = Some(expect);
        self
    }

    /// Begins the walk. Nothing is sent before the first [`Pages::next`], which also reports mistakes.
    pub fn send(self) -> Pages {
        match self.draft.into_call() {
            Ok((client, mut call)) => {
                call.conditions = self.conditions;
                call.rules = (!self.rules.is_empty()).then(|| Arc::new(self.rules));
                call.is_page = true;
                call.places.clone_from(&self.options.places);
                Pages::new(client, call, self.options)
            }
            Err(error) => Pages::failed(error),
        }
    }
}
