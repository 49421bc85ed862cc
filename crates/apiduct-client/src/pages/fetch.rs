//! One page under way.

use std::fmt;
use std::sync::Arc;

use apiduct_json::{DataFound, ScanPlan, Scanned};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::StatusCode;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::keep::{KeptPage, PageKeeper, PageKey};
use crate::error::Error;
use crate::exchange::{Call, Pass, Reading, Unreadable};
use crate::format::Formats;
use crate::paginate::Position;
use crate::{Client, Request, Response, charset, page};

/// What to fetch, and how to read it.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) call: Call,
    pub(super) position: Position,
    /// How to scan the page; without it the page is parsed whole, for detection.
    pub(super) plan: Option<Arc<ScanPlan>>,
    /// Whether a page without a record list is asked for again.
    pub(super) wants_list: bool,
    /// Where the page is kept, and under which key.
    pub(super) keeper: Option<(Arc<dyn PageKeeper>, PageKey)>,
    /// How the body is read.
    pub(super) formats: Arc<Formats>,
}

/// What came of an [`Order`].
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) request: Request,
    pub(super) position: Position,
    pub(super) response: Response,
    pub(super) content: Content,
    pub(super) pass: Pass,
    /// Under which key it is kept, if pages are kept.
    pub(super) key: Option<PageKey>,
    /// Whether it is kept already.
    pub(super) is_kept: bool,
    /// Why it is left out, if it is.
    pub(super) because: String,
}

/// What was read from a body.
#[derive(Debug)]
pub(super) enum Content {
    Nothing,
    Scanned(Scanned),
    Value(Value),
}

/// A fetch under way; dropping it cancels it, unless its page is to be kept.
pub(super) enum Fetch {
    /// On the runtime, so that it goes on while nobody looks.
    Spawned {
        task: JoinHandle<Result<Fetched, Error>>,
        is_kept: bool,
    },
    /// Without a runtime it goes on only while somebody waits.
    Inline(BoxFuture<'static, Result<Fetched, Error>>),
}

/// Hears that a page is there.
pub(super) trait Landing: Send {
    /// The page has arrived with so many bytes, or will not arrive.
    fn landed(&self, bytes: usize);
}

impl Fetch {
    pub(super) fn start(client: Client, order: Order, landing: Option<Box<dyn Landing>>) -> Self {
        let is_kept = order.keeper.is_some();
        let fetch = async move {
            let fetched = run(client, order).await;
            if let Some(landing) = landing {
                let body = fetched.as_ref().map(|fetched| fetched.response.body.len());
                landing.landed(body.unwrap_or(0));
            }
            fetched
        };
        let fetch = fetch.in_current_span();
        match Handle::try_current() {
            Ok(runtime) => Self::Spawned {
                task: runtime.spawn(fetch),
                is_kept,
            },
            Err(_) => Self::Inline(fetch.boxed()),
        }
    }

    pub(super) async fn finish(&mut self) -> Result<Fetched, Error> {
        match self {
            Self::Spawned { task, .. } => match task.await {
                Ok(fetched) => fetched,
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => Err(Error::Canceled),
            },
            Self::Inline(fetch) => fetch.await,
        }
    }

    /// Cancels it, also when its page was to be kept.
    pub(super) fn cancel(&self) {
        if let Self::Spawned { task, .. } = self {
            task.abort();
        }
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        if !matches!(self, Self::Spawned { is_kept: true, .. }) {
            self.cancel();
        }
    }
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetch")
    }
}

/// Takes the page from where it was kept, or else from the network.
async fn run(client: Client, order: Order) -> Result<Fetched, Error> {
    let Some((keeper, key)) = order.keeper.clone() else {
        return run_live(client, order).await;
    };
    while let Some(page) = keeper.recall(key).await.map_err(Error::keep)? {
        if let Some(fetched) = take_up(&client, &order, key, page) {
            return Ok(fetched);
        }
    }
    let mut fetched = tokio::select! {
        fetched = run_live(client, order) => fetched?,
        () = keeper.given_up() => return Err(Error::Canceled),
    };
    fetched.key = Some(key);
    if let Some(page) = KeptPage::of_fetched(&fetched) {
        keeper.keep(key, page).await.map_err(Error::keep)?;
        fetched.is_kept = true;
    }
    Ok(fetched)
}

/// A page that was kept, as if it had been fetched; `None` when it is not what is looked for.
fn take_up(client: &Client, order: &Order, key: PageKey, page: KeptPage) -> Option<Fetched> {
    let pass = Pass::from(page.pass);
    let request = order.call.request.clone();
    let response = page.into_response(&request, client.redactor());
    let content = match pass {
        // What is kept is JSON, whatever came.
        Pass::Take | Pass::Accept => read_json(&response, order.plan.as_deref()).ok()?,
        Pass::Skip if response.status.is_success() => {
            read_json(&response, order.plan.as_deref()).unwrap_or(Content::Nothing)
        }
        Pass::Skip | Pass::Stop | Pass::SkipParent => Content::Nothing,
    };
    let is_taken = matches!(pass, Pass::Take | Pass::Accept);
    let because = order.call.why_left_out(&response);
    let is_list = !matches!(&content, Content::Scanned(scanned) if is_missing(scanned));
    (is_list || !is_taken).then(|| Fetched {
        request,
        position: order.position.clone(),
        response,
        content,
        pass,
        because,
        key: Some(key),
        is_kept: true,
    })
}

async fn run_live(client: Client, order: Order) -> Result<Fetched, Error> {
    let Order {
        call,
        position,
        plan,
        wants_list,
        keeper: _,
        formats,
    } = order;
    let max_bytes = call.limits.max_response_bytes;
    let read = move |response: &Response| {
        let (content, text) = read(response, plan.as_deref(), (&formats, max_bytes))?;
        Ok(match &content {
            Content::Scanned(scanned) if wants_list && is_missing(scanned) => {
                Reading::NoRecordList((content, text))
            }
            Content::Nothing if is_cut_to_nothing(response) => {
                Reading::NoRecordList((content, text))
            }
            _ => Reading::Good((content, text)),
        })
    };
    let mut exchanged = client.shared.exchanger.exchange(&call, &read).await?;
    let (content, text) = exchanged.content.unwrap_or((Content::Nothing, None));
    if let Some(text) = text {
        exchanged.response.become_json(text);
    }
    Ok(Fetched {
        request: call.request,
        position,
        response: exchanged.response,
        content,
        pass: exchanged.pass,
        key: None,
        is_kept: false,
        because: exchanged.because,
    })
}

/// What is in the body, and the JSON that was made of it if it was in another format.
fn read(
    response: &Response,
    plan: Option<&ScanPlan>,
    (formats, max_bytes): (&Formats, u64),
) -> Result<(Content, Option<Bytes>), Unreadable> {
    if response.is_bodiless() {
        return Ok((Content::Nothing, None));
    }
    let decoded = formats
        .read(response, max_bytes)
        .map_err(|error| Unreadable {
            format: error.format,
            problem: error.problem,
            is_final: error.is_final,
        })?;
    let content = read_text(&decoded.text, plan)?;
    Ok((content, decoded.is_other.then_some(decoded.text)))
}

fn read_json(response: &Response, plan: Option<&ScanPlan>) -> Result<Content, Unreadable> {
    if response.is_bodiless() {
        return Ok(Content::Nothing);
    }
    let text = charset::utf8_bytes(&response.body, response.text_type());
    read_text(&text, plan)
}

fn read_text(text: &Bytes, plan: Option<&ScanPlan>) -> Result<Content, Unreadable> {
    match plan {
        Some(plan) => plan.scan(text).map(Content::Scanned).map_err(unreadable),
        None => page::parse(text).map(Content::Value).map_err(unreadable),
    }
}

pub(super) fn is_missing(scanned: &Scanned) -> bool {
    matches!(scanned.data, DataFound::Missing { .. })
}

/// Whether a body that calls itself JSON and is empty was lost on its way. One that stays so is an empty page.
fn is_cut_to_nothing(response: &Response) -> bool {
    let kind = response.content_type().unwrap_or_default();
    response.status == StatusCode::OK && kind.to_ascii_lowercase().contains("json")
}

fn unreadable(problem: impl fmt::Display) -> Unreadable {
    Unreadable {
        format: "JSON",
        problem: problem.to_string(),
        is_final: false,
    }
}
