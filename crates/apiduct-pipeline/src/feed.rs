//! The network side of a resource: pages into the worker's queue, in order, whatever runs at the same time.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use apiduct_client::paginate::Reason;
use apiduct_client::{Drift, Effort, Error, Findings, LeftOut, Page, Pages};
use apiduct_config::plan::Tolerance;
use apiduct_json::Records;
use apiduct_model::{ResourceName, Scalar};
use apiduct_normalize::TapRow;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::ahead::Ahead;
use crate::error::RunError;
use crate::estimate::FirstPage;
use crate::event::{Event, EventSink};
use crate::failed::Failed;
use crate::incremental::PageWatch;
use crate::left_out;
use crate::parents::Parents;
use crate::queue::{Closed, Sender};
use crate::receipt::{DriftReceipt, ResourceReceipt, Status};
use crate::seed::SeedRows;
use crate::worker::Delivery;

/// The pages of a resource, for one record of its parent or as a whole.
#[derive(Debug)]
pub(crate) struct Request {
    /// The pages, not yet begun.
    pub(crate) pages: Pages,
    /// Values of the parent's fields that each row gets.
    pub(crate) constants: Vec<Scalar>,
    /// The path, for messages about a child: `issues/7/comments`. Empty for a resource without parent.
    pub(crate) parent: String,
    /// Which record of the parent it is for.
    pub(crate) walk: u64,
    /// What to look for in its pages.
    pub(crate) watch: Option<PageWatch>,
}

impl Request {
    /// Whether `page` shows that the pages behind it are of no use.
    fn is_past(&self, page: &Page) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.look(page))
    }
}

/// Makes the request of a resource, for one parent record or for none.
pub(crate) trait MakeRequest: fmt::Debug + Send + Sync {
    /// The request, ready to send. `ordinal` counts the requests of the resource from 0, in the order in which their pages
    /// are delivered: the same in every run of one pull.
    fn request(&self, parent: Option<&TapRow>, ordinal: u64) -> Result<Request, RunError>;

    /// Makes one row of lists out of as many of `rows` as one request can take, at least the first; says how many they
    /// are.
    fn batch(&self, rows: &[TapRow]) -> Result<(usize, TapRow), RunError>;
}

/// What came in so far.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pages: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    /// Pages that an earlier run had kept.
    resumed_pages: AtomicU64,
    /// What the pages took.
    effort: Mutex<Effort>,
    /// What the walks that are over had to say.
    walks: Mutex<Walks>,
    /// Walks that ended in an error which the file bears.
    pub(crate) failed: Mutex<Failed>,
}

/// What the walks over the pages of a resource had to say: one, or one for each parent.
#[derive(Debug, Default)]
struct Walks {
    count: u64,
    /// The walks that were told how many records there are, and the sum of those.
    told: u64,
    expected: u64,
    drift: Drift,
    left_out: LeftOut,
    /// What reports on request took before they could be read.
    preparation: Effort,
    /// Whether a limit ended one of them.
    is_cut: bool,
}

/// One resource being fetched.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    pub(crate) resource: ResourceName,
    pub(crate) maker: Arc<dyn MakeRequest>,
    pub(crate) events: Arc<dyn EventSink>,
    pub(crate) counters: Arc<Counters>,
    /// Parents whose pages are fetched at the same time.
    pub(crate) width: usize,
    /// How many parents may fail; `None` where the first ends it all.
    pub(crate) tolerance: Option<Tolerance>,
    /// Bytes of pages that wait for their turn, beyond which no more than `width` parents are fetched.
    pub(crate) ahead_bytes: usize,
    /// Parents after which no more are asked for; for previews.
    pub(crate) max_parents: Option<usize>,
}

impl Feed {
    /// Fetches a resource that has no parent.
    pub(crate) async fn top(&self, queue: &Sender<Delivery>) -> Result<(), RunError> {
        let mut request = self.maker.request(None, 0)?;
        let (mut number, mut is_over) = (0, false);
        while !is_over && let Some(page) = self.next(&mut request, number).await? {
            number += 1;
            if number == 1 {
                self.report(request.pages.findings(), &page);
            }
            let in_flight = request.pages.in_flight();
            let delivery = Delivery {
                page: number,
                records: page.raw_records().clone(),
                constants: Vec::new(),
                walk: request.walk,
            };
            is_over = request.is_past(&page);
            let delivered = self.deliver(queue, &page, delivery, in_flight);
            if delivered.await.is_err() {
                return Ok(());
            }
        }
        let pages = &request.pages;
        self.counters.add_walk(&Ended::of(pages, is_over));
        self.warn_of_left_out();
        self.warn_of_drift();
        Ok(())
    }

    /// Fetches the pages of every parent record that comes in. Several parents are fetched at a time; their pages are
    /// delivered parent by parent.
    pub(crate) async fn children(
        &self,
        queue: &Sender<Delivery>,
        mut parents: Parents,
    ) -> Result<(), RunError> {
        let mut waiting: VecDeque<TapRow> = VecDeque::new();
        let mut running: VecDeque<Inlet> = VecDeque::new();
        let mut tasks = JoinSet::new();
        let ahead = Arc::new(Ahead::new(self.width, self.ahead_bytes));
        let mut left = self.max_parents.unwrap_or(usize::MAX);
        let mut ordinal = 0;
        let mut has_more = true;
        let mut is_first = true;
        loop {
            while left > 0 && ahead.has_room(running.len()) {
                let Some(parent) = waiting.pop_front() else {
                    break;
                };
                left -= 1;
                match self.spawn(&mut tasks, &parent, ordinal, &ahead) {
                    Ok(inlet) => running.push_back(inlet),
                    Err(error) => self.tolerate(error)?,
                }
                ordinal += 1;
            }
            if left == 0 {
                waiting.clear();
                parents.close();
                has_more = false;
            }
            while tasks.try_join_next().is_some() {}
            tokio::select! {
                rows = parents.next(self.maker.as_ref()), if has_more && waiting.is_empty() && ahead.has_room(running.len()) => match rows? {
                    Some(rows) => waiting.extend(rows),
                    None => has_more = false,
                },
                fetched = head(&mut running), if !running.is_empty() => match fetched.unwrap_or(Err(RunError::WorkerLost)) {
                    Err(error) => {
                        self.tolerate(error)?;
                        running.pop_front();
                    }
                    Ok(Fetched::Page(fetched)) => {
                        ahead.remove(fetched.page.response.body.len());
                        if std::mem::take(&mut is_first) {
                            self.report(fetched.findings.as_ref(), &fetched.page);
                        }
                        let in_flight = tasks.len();
                        if self.deliver(queue, &fetched.page, fetched.delivery, in_flight).await.is_err() {
                            return Ok(());
                        }
                    }
                    Ok(Fetched::End(ended)) => {
                        self.counters.add_walk(&ended);
                        running.pop_front();
                    }
                },
                () = ahead.freed(), if !running.is_empty() && !ahead.has_room(running.len()) => {}
                else => break,
            }
        }
        self.judge()?;
        self.warn_of_left_out();
        self.warn_of_drift();
        Ok(())
    }

    /// Fetches the rows of a resource that sends no requests.
    pub(crate) async fn seed(
        &self,
        queue: &Sender<Delivery>,
        mut rows: SeedRows,
    ) -> Result<(), RunError> {
        let mut number = 0;
        loop {
            let page = rows.page();
            if page.is_empty() {
                return Ok(());
            }
            number += 1;
            let bytes = page.iter().map(|row| row.len()).sum();
            let records = Records::from_texts(&page)
                .map_err(|error| RunError::data(&self.resource, Some(number), error.into()))?;
            let count = records.len() as u64;
            self.counters.rows.fetch_add(count, Ordering::Relaxed);
            let delivery = Delivery {
                page: number,
                records,
                constants: Vec::new(),
                walk: 0,
            };
            let delivered = queue.send(delivery, bytes).await;
            if delivered.is_err() || self.max_parents.is_some() {
                return Ok(());
            }
        }
    }

    fn spawn(
        &self,
        tasks: &mut JoinSet<()>,
        parent: &TapRow,
        ordinal: u64,
        ahead: &Arc<Ahead>,
    ) -> Result<Inlet, RunError> {
        let ahead = Arc::clone(ahead);
        let mut request = self.maker.request(Some(parent), ordinal)?;
        let (sender, receiver) = mpsc::channel(1);
        let feed = self.clone();
        let mut begun = Some(ahead.fetch());
        tasks.spawn(async move {
            let (mut number, mut is_over) = (0, false);
            loop {
                let fetching = begun.take().unwrap_or_else(|| ahead.fetch());
                let page = if is_over {
                    Ok(None)
                } else {
                    feed.next(&mut request, number).await
                };
                let fetched = page.map(|page| {
                    let pages = &request.pages;
                    let Some(page) = page else {
                        return Fetched::End(Box::new(Ended::of(pages, is_over)));
                    };
                    number += 1;
                    ahead.add(page.response.body.len());
                    let delivery = Delivery {
                        page: number,
                        records: page.raw_records().clone(),
                        constants: request.constants.clone(),
                        walk: request.walk,
                    };
                    is_over = request.is_past(&page);
                    let findings = (number == 1).then(|| pages.findings().cloned()).flatten();
                    Fetched::Page(Box::new(FetchedPage {
                        page,
                        delivery,
                        findings,
                    }))
                });
                drop(fetching);
                let goes_on = matches!(fetched, Ok(Fetched::Page(_)));
                if sender.send(fetched).await.is_err() || !goes_on {
                    return;
                }
            }
        });
        Ok(receiver)
    }

    async fn next(&self, request: &mut Request, done: u64) -> Result<Option<Page>, RunError> {
        let failed =
            |source: Error| RunError::source(&self.resource, done + 1, &request.parent, source);
        request.pages.next().await.map_err(failed)
    }

    /// Says so if the lists changed while they were read.
    fn warn_of_drift(&self) {
        let drift = lock(&self.counters.walks).drift.clone();
        if !drift.is_none() {
            let message = format!("`{}` changed while it was read: {drift}", self.resource);
            self.events.event(&Event::Warning { message });
        }
    }

    fn report(&self, findings: Option<&Findings>, page: &Page) {
        let Some(findings) = findings else { return };
        self.events.event(&Event::Found {
            resource: self.resource.clone(),
            findings: sentences(findings),
            detail: findings.to_json(),
            first: FirstPage::of(page),
        });
    }

    async fn deliver(
        &self,
        queue: &Sender<Delivery>,
        page: &Page,
        delivery: Delivery,
        in_flight: usize,
    ) -> Result<(), Closed> {
        let (rows, bytes) = (
            delivery.records.len() as u64,
            page.response.body.len() as u64,
        );
        let effort = Effort::of(&page.response);
        let attempts = effort.requests;
        self.counters.pages.fetch_add(1, Ordering::Relaxed);
        self.counters
            .resumed_pages
            .fetch_add(u64::from(attempts == 0), Ordering::Relaxed);
        self.counters.rows.fetch_add(rows, Ordering::Relaxed);
        self.counters.bytes.fetch_add(bytes, Ordering::Relaxed);
        *lock(&self.counters.effort) += effort;
        let event = Event::Page {
            resource: self.resource.clone(),
            rows,
            bytes,
            retries: effort.retries,
            rate_limited: effort.rate_limited,
            in_flight: in_flight as u64,
            is_kept: attempts == 0,
        };
        self.events.event(&event);
        queue.send(delivery, page.response.body.len()).await
    }
}

/// The pages of one parent as they come.
type Inlet = mpsc::Receiver<Result<Fetched, RunError>>;

/// What comes from a parent.
#[derive(Debug)]
enum Fetched {
    Page(Box<FetchedPage>),
    /// There are no more pages.
    End(Box<Ended>),
}

/// What a walk had to say when it was over.
#[derive(Debug)]
struct Ended {
    /// The API's own count; none for a walk that stopped on purpose.
    expected: Option<u64>,
    drift: Drift,
    left_out: LeftOut,
    preparation: Effort,
    /// Whether a limit of pages or records ended it.
    is_cut: bool,
}

impl Ended {
    fn of(pages: &Pages, is_over: bool) -> Self {
        Self {
            expected: pages.tally().expected().filter(|_| !is_over),
            drift: pages.drift().clone(),
            left_out: pages.left_out().clone(),
            preparation: pages.preparation(),
            is_cut: !is_over && pages.end().is_some_and(Reason::is_cut_short),
        }
    }
}

/// A page of one parent, fetched and not yet delivered.
#[derive(Debug)]
struct FetchedPage {
    page: Page,
    delivery: Delivery,
    findings: Option<Findings>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The next page of the parent whose turn it is; `None` when its task is lost. Never ready without a parent.
async fn head<T>(running: &mut VecDeque<mpsc::Receiver<T>>) -> Option<T> {
    match running.front_mut() {
        Some(head) => head.recv().await,
        None => std::future::pending().await,
    }
}

impl Counters {
    fn add_walk(&self, ended: &Ended) {
        let mut walks = lock(&self.walks);
        walks.count += 1;
        walks.is_cut |= ended.is_cut;
        if let Some(expected) = ended.expected {
            walks.told += 1;
            walks.expected += expected;
        }
        walks.drift.add(&ended.drift);
        walks.left_out.add(&ended.left_out);
        walks.preparation += ended.preparation;
    }

    /// The walks that are over, those that failed included.
    pub(crate) fn begun(&self) -> u64 {
        let failed = lock(&self.failed).count;
        lock(&self.walks).count + failed
    }

    /// Whether a limit of pages or records ended a walk.
    pub(crate) fn is_cut(&self) -> bool {
        lock(&self.walks).is_cut
    }

    /// What all walks left out.
    pub(crate) fn left_out(&self) -> LeftOut {
        lock(&self.walks).left_out.clone()
    }

    /// The counts as the receipt shows them, where `repeated` of the records have a key that came before. Only different
    /// ones count towards the API's own total.
    pub(crate) fn receipt(&self, repeated: u64) -> ResourceReceipt {
        let pages = self.pages.load(Ordering::Relaxed);
        let resumed_pages = self.resumed_pages.load(Ordering::Relaxed).min(pages);
        let mut effort = *lock(&self.effort);
        let rows = self.rows.load(Ordering::Relaxed);
        let walks = lock(&self.walks);
        let is_told = walks.count > 0 && walks.told == walks.count;
        let expected_rows = is_told.then_some(walks.expected);
        let drift = &walks.drift;
        let left_out = &walks.left_out;
        effort += left_out.effort;
        effort += walks.preparation;
        let is_total = |count| expected_rows.is_none_or(|expected| expected == count);
        let failed = lock(&self.failed);
        let gap = failed.reason(walks.count + failed.count);
        let gap = gap.or_else(|| left_out.gap.clone());
        let is_complete = is_total(rows.saturating_sub(repeated)) && gap.is_none();
        let reason = gap.or_else(|| {
            // Otherwise the two numbers say it.
            (repeated > 0 && expected_rows.is_some() && is_total(rows)).then(|| {
                format!(
                    "{repeated} of its {rows} records have a primary key that came before, so as many others are missing, \
                     or `primary_key` does not tell its records apart"
                )
            })
        });
        ResourceReceipt {
            cursor: None,
            loaded_rows: None,
            no_rows: None,
            failed_parents: failed.count,
            status: if is_complete {
                Status::Complete
            } else {
                Status::Incomplete
            },
            pages,
            resumed_pages,
            requests: effort.requests,
            rows,
            expected_rows,
            repeated_keys: repeated,
            bytes: self.bytes.load(Ordering::Relaxed),
            retries: effort.retries,
            rate_limited: effort.rate_limited,
            throttled_ms: u64::try_from(effort.throttled.as_millis()).unwrap_or(u64::MAX),
            skipped: left_out::by_reason(left_out),
            reason,
            drift: (!drift.is_none()).then_some(DriftReceipt {
                overlaps: drift.overlaps,
                repeated_rows: drift.repeated_records,
                total_changes: drift.total_changes,
            }),
        }
    }
}

/// What was found, in sentences for people.
fn sentences(findings: &Findings) -> Vec<String> {
    let how = |is_declared: bool, score: f32| {
        if is_declared {
            "declared".to_owned()
        } else {
            format!("detected, score {score:.1}")
        }
    };
    let because = |reasons: &[String]| {
        if reasons.is_empty() {
            String::new()
        } else {
            format!(": {}", reasons.join("; "))
        }
    };
    let (selector, paginator) = (&findings.selector, &findings.paginator);
    let mut sentences = vec![
        format!(
            "records at `{}` ({}{})",
            selector.selector,
            how(selector.is_declared, selector.score),
            because(&selector.reasons)
        ),
        format!(
            "{} ({}{})",
            paginator.paginator.describe(),
            how(paginator.is_declared, paginator.score),
            because(&paginator.reasons)
        ),
    ];
    let pins = findings.pins();
    if !pins.is_empty() {
        sentences.push(format!(
            "to pin it, write `{}` in `endpoint`",
            pins.join("` and `")
        ));
    }
    sentences
}
