//! Pages that outlive their walk: kept as they came, and taken up again by the next walk instead of being fetched.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use apiduct_json::Records;
use apiduct_model::Redactor;
use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use url::Url;
use xxhash_rust::xxh3::Xxh3;

use super::fetch::{Content, Fetched};
use crate::exchange::Pass;
use crate::paginate::Position;
use crate::{Error, Page, Request, Response};

/// Keeps the pages of one walk, and gives back those that an earlier walk had kept.
///
/// A walk asks for each page that it is about to fetch. A page that was kept takes the same way as one from the network:
/// it is scanned, judged, compared with the pages before, and leads to the next. So a walk that begins with kept pages
/// is the walk that was broken off, and goes on where that one ended. A page that the walk can make nothing of is
/// forgotten, and fetched when it is asked for again.
///
/// What is kept holds no secret that the client knows of.
#[async_trait]
pub trait PageKeeper: fmt::Debug + Send + Sync {
    /// The page that was kept for `key`, if there is one. Pages of the same key come in the order in which they were
    /// kept, each once.
    ///
    /// # Errors
    /// [`KeepError`] when the store cannot be read.
    async fn recall(&self, key: PageKey) -> Result<Option<KeptPage>, KeepError>;

    /// Keeps `page`. When this returns, the page outlives the process.
    ///
    /// # Errors
    /// [`KeepError`] when the store cannot be written.
    async fn keep(&self, key: PageKey, page: KeptPage) -> Result<(), KeepError>;

    /// Forgets all pages that were kept for `key` so far: the walk has failed at the last of them.
    ///
    /// # Errors
    /// [`KeepError`] when the store cannot be written.
    async fn forget(&self, key: PageKey) -> Result<(), KeepError>;

    /// Completes when pages are not wanted any more: those under way are given up then. Never by default.
    ///
    /// A page that is under way when its walk is dropped is still received and kept, as it was asked for.
    async fn given_up(&self) {
        std::future::pending::<()>().await;
    }
}

/// Why a page could not be kept or read back.
pub type KeepError = Arc<dyn std::error::Error + Send + Sync>;

/// What tells a page of a walk from others: its position and the request for it, without secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageKey(pub u128);

impl PageKey {
    pub(super) fn of(position: &Position, request: &Request, redactor: &Redactor) -> Self {
        let mut hasher = Xxh3::new();
        position.hash(&mut hasher);
        hasher.write(request.method.as_str().as_bytes());
        hasher.write(redactor.redact_url(&request.full_url()).as_bytes());
        for (name, value) in &request.headers {
            hasher.write(name.as_str().as_bytes());
            hasher.write(&redactor.redact_bytes(value.as_bytes()));
        }
        if let Some(body) = request.prepare().body {
            hasher.write(&redactor.redact_bytes(&body));
        }
        Self(hasher.digest128())
    }
}

/// A page as it came, to be kept.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptPage {
    /// The status.
    pub status: StatusCode,
    /// Whether its records count.
    pub pass: KeptPass,
    /// The headers, without those that carry credentials.
    pub headers: HeaderMap,
    /// The URL that answered, if redirects led away from the one that was asked for.
    pub url: Option<Url>,
    /// The body, decompressed.
    pub body: Bytes,
}

/// What the rules for responses said about a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeptPass {
    /// Its records count.
    #[default]
    Take,
    /// Its records count, whatever its status is.
    Accept,
    /// It only leads to the next page.
    Skip,
    /// It ends the walk.
    Stop,
    /// It ends the walk, since the parent has nothing to give.
    SkipParent,
}

/// A page whose place in the walk is being found.
#[derive(Debug)]
pub(super) struct Keeping {
    keeper: Arc<dyn PageKeeper>,
    key: PageKey,
    is_kept: bool,
    /// What a page consists of that is not kept yet.
    parts: Option<(Request, Response, Pass)>,
}

impl Keeping {
    pub(super) fn new(keeper: Arc<dyn PageKeeper>, key: PageKey, fetched: &Fetched) -> Self {
        let is_whole = matches!(fetched.content, Content::Value(_));
        let parts = || {
            (
                fetched.request.clone(),
                fetched.response.clone(),
                fetched.pass,
            )
        };
        Self {
            keeper,
            key,
            is_kept: fetched.is_kept,
            parts: (!fetched.is_kept && is_whole).then(parts),
        }
    }

    /// Keeps the page that `received` says it is, or forgets it when the walk has failed at it.
    pub(super) async fn settle(
        self,
        received: &Result<Option<Page>, Error>,
        has_failed: bool,
    ) -> Result<(), KeepError> {
        if has_failed && self.is_kept {
            return self.keeper.forget(self.key).await;
        }
        let (Some((request, response, pass)), Ok(page), false) = (self.parts, received, has_failed)
        else {
            return Ok(());
        };
        let nothing = Records::default();
        let records = page.as_ref().map_or(&nothing, Page::raw_records);
        let page = KeptPage::of(&request, &response, pass, records);
        self.keeper.keep(self.key, page).await
    }
}

/// Shows neither headers nor body.
impl fmt::Debug for KeptPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptPage")
            .field("status", &self.status)
            .field("pass", &self.pass)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl KeptPage {
    /// A page with a body and nothing else that is special about it.
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            pass: KeptPass::Take,
            headers: HeaderMap::new(),
            url: None,
            body: body.into(),
        }
    }

    /// What is to be kept of `fetched`; `None` when the walk can make nothing of it. Nor is a page kept yet from which
    /// it is still to be found out what its records are, and which holds a secret: it may be in them.
    pub(super) fn of_fetched(fetched: &Fetched) -> Option<Self> {
        let is_refused = fetched.pass == Pass::Take && !fetched.response.status.is_success();
        let redactor = &fetched.response.redactor;
        let has_secret = || matches!(redactor.redact_bytes(&fetched.response.body), Cow::Owned(_));
        let records = match &fetched.content {
            Content::Scanned(scanned) if !super::fetch::is_missing(scanned) => &scanned.records,
            Content::Nothing if !is_refused => &Records::default(),
            Content::Value(_) if !is_refused && !has_secret() => &Records::default(),
            _ => return None,
        };
        let Fetched {
            request, response, ..
        } = fetched;
        Some(Self::of(request, response, fetched.pass, records))
    }

    /// What is to be kept of the answer to `request`, whose records are `records`.
    pub(super) fn of(
        request: &Request,
        response: &Response,
        pass: Pass,
        records: &Records,
    ) -> Self {
        let redactor = &response.redactor;
        let url = (response.url != request.full_url())
            .then(|| super::credential::take_out(Position::Url(response.url.clone()), redactor));
        Self {
            status: response.status,
            pass: match pass {
                Pass::Take => KeptPass::Take,
                Pass::Accept => KeptPass::Accept,
                Pass::Skip => KeptPass::Skip,
                Pass::Stop => KeptPass::Stop,
                Pass::SkipParent => KeptPass::SkipParent,
            },
            headers: kept_headers(response, redactor),
            url: url.and_then(|url| match url {
                Position::Url(url) => Some(url),
                _ => None,
            }),
            body: masked_around(&response.body, records, redactor),
        }
    }

    /// The response, as far as it was kept.
    pub(super) fn into_response(self, request: &Request, redactor: &Redactor) -> Response {
        let url = self.url.unwrap_or_else(|| request.full_url());
        let mut response = Response::new(self.status, self.headers, self.body, url);
        response.method = request.method.clone();
        response.attempts = 0;
        response.redactor = redactor.clone();
        response.request = Some(Arc::new(request.clone()));
        response
    }
}

impl From<KeptPass> for Pass {
    fn from(pass: KeptPass) -> Self {
        match pass {
            KeptPass::Take => Self::Take,
            KeptPass::Accept => Self::Accept,
            KeptPass::Skip => Self::Skip,
            KeptPass::Stop => Self::Stop,
            KeptPass::SkipParent => Self::SkipParent,
        }
    }
}

/// Headers of responses that give something like a credential, whoever sends them.
const CREDENTIALS: [&str; 14] = [
    "cookie",
    "authorization",
    "authenticate",
    "authentication",
    "csrf",
    "xsrf",
    "auth-token",
    "access-token",
    "refresh-token",
    "security-token",
    "session",
    "secret",
    "password",
    "api-key",
];

/// The headers to keep. A body that came in another format is kept as the JSON that was made of it.
fn kept_headers(response: &Response, redactor: &Redactor) -> HeaderMap {
    let mut headers = without_credentials(&response.headers, redactor);
    if response.is_decoded {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers
}

/// `headers` without those that give credentials, and with secrets of ours masked in the others.
fn without_credentials(headers: &HeaderMap, redactor: &Redactor) -> HeaderMap {
    let is_kept = |name: &HeaderName| !CREDENTIALS.iter().any(|one| name.as_str().contains(one));
    let kept = headers.iter().filter(|(name, _)| is_kept(name));
    let masked = kept.filter_map(|(name, value)| {
        let masked = redactor.redact_bytes(value.as_bytes());
        Some((name.clone(), HeaderValue::from_bytes(&masked).ok()?))
    });
    masked.collect()
}

/// `body` with secrets of ours masked, except in its records, which are data.
fn masked_around(body: &Bytes, records: &Records, redactor: &Redactor) -> Bytes {
    let data = data_range(body, records).unwrap_or(0..0);
    let (head, tail) = (&body[..data.start], &body[data.end..]);
    let (head, tail) = (redactor.redact_bytes(head), redactor.redact_bytes(tail));
    if head.len() == data.start && tail.len() == body.len() - data.end {
        // A mask is shorter than the secret, so nothing was masked.
        return body.clone();
    }
    [&*head, &body[data], &*tail].concat().into()
}

/// Where the records are in `body`, if they are a part of it.
fn data_range(body: &Bytes, records: &Records) -> Option<Range<usize>> {
    let spans = records.spans();
    let start = spans.iter().map(|span| span.range().start).min()?;
    let end = spans.iter().map(|span| span.range().end).max()?;
    let text = records.body();
    // Both are addresses in one buffer, or else the records are a copy.
    let offset = (text.as_ptr() as usize).checked_sub(body.as_ptr() as usize)?;
    let is_inside = offset.checked_add(text.len())? <= body.len();
    is_inside.then_some(offset + start..offset + end)
}
