//! An API of two levels in memory, which ends a run when it is told to.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use apiduct_client::transport::{
    Limits, PreparedRequest, RawResponse, TimeLimit, Transport, TransportError,
};
use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use url::Url;

use super::super::*;

/// Records on a page of parents.
const PARENTS: u64 = 20;

/// Posts with comments, as large as is asked for.
pub(super) struct Tree {
    pub(super) posts: u64,
    seed: u64,
    count: AtomicU64,
    asked: Mutex<BTreeMap<String, u64>>,
    end: Mutex<Option<(u64, End)>>,
}

/// What happens to a request and to all behind it.
type End = Box<dyn Fn() -> Answer + Send>;

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Good,
    Status(u16),
    Reset,
    Never,
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree").finish_non_exhaustive()
    }
}

/// One step of the splitmix64 generator.
pub(super) fn random(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

impl Tree {
    /// So many posts; answers come in an order that `seed` decides.
    pub(super) fn new(posts: u64, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            posts,
            seed,
            count: AtomicU64::new(0),
            asked: Mutex::default(),
            end: Mutex::default(),
        })
    }

    /// From the `nth` request from now on, all are answered as `end` says.
    pub(super) fn end_at(&self, nth: u64, end: impl Fn() -> Answer + Send + 'static) {
        let at = self.count.load(Ordering::SeqCst) + nth;
        *self.end.lock().unwrap() = Some((at, Box::new(end)));
    }

    pub(super) fn go_on(&self) {
        *self.end.lock().unwrap() = None;
    }

    pub(super) fn requests(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// How often each stream of pages was asked for a page that it had been asked for before.
    pub(super) fn repeats(&self) -> BTreeMap<String, u64> {
        let mut repeats = BTreeMap::new();
        for (url, count) in self.asked.lock().unwrap().iter() {
            let stream = url.split('?').next().unwrap_or_default().to_owned();
            *repeats.entry(stream).or_default() += count - 1;
        }
        repeats.retain(|_, count| *count > 0);
        repeats
    }

    /// Pages of comments of a post: 4 to 16, 10 on the average.
    pub(super) fn pages_of(post: u64) -> u64 {
        4 + post * 7 % 13
    }

    fn page(&self, url: &Url) -> Value {
        let number = |name: &str| {
            let mut pairs = url.query_pairs();
            let found = pairs.find(|(own, _)| own == name);
            found.and_then(|(_, value)| value.parse::<u64>().ok())
        };
        let mut path = url.path_segments().unwrap();
        let (list, post) = (path.next().unwrap(), path.next());
        let Some(post) = post.and_then(|post| post.parse::<u64>().ok()) else {
            let page = number("page").unwrap_or(1);
            let from = (page - 1) * PARENTS;
            let to = (from + PARENTS).min(self.posts);
            let data = (from..to).map(|id| json!({"id": id, "title": format!("Post {id}")}));
            let data: Vec<Value> = data.collect();
            let next =
                (to < self.posts).then(|| format!("https://api.test/{list}?page={}", page + 1));
            return json!({"data": data, "next": next, "pages": self.posts.div_ceil(PARENTS)});
        };
        let at = number("cursor").unwrap_or(0);
        let next = (at + 1 < Self::pages_of(post)).then_some(at + 1);
        json!({"data": [{"id": post * 100 + at, "body": format!("comment {at}")}], "next": next})
    }
}

#[async_trait]
impl Transport for Tree {
    async fn send(
        &self,
        request: PreparedRequest,
        _: &Limits,
    ) -> Result<RawResponse, TransportError> {
        let nth = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let url = request.url.to_string();
        let hops = url
            .bytes()
            .fold(self.seed, |mixed, byte| random(mixed ^ u64::from(byte)))
            % 4;
        *self.asked.lock().unwrap().entry(url).or_default() += 1;
        let answer = match &*self.end.lock().unwrap() {
            Some((at, end)) if nth >= *at => end(),
            _ => Answer::Good,
        };
        for _ in 0..hops {
            tokio::task::yield_now().await;
        }
        let status = match answer {
            Answer::Good => 200,
            Answer::Status(status) => status,
            Answer::Reset => {
                return Err(TransportError::Timeout {
                    which: TimeLimit::Idle,
                    limit: std::time::Duration::from_secs(1),
                });
            }
            Answer::Never => std::future::pending().await,
        };
        let body = if status == 200 {
            self.page(&request.url).to_string()
        } else {
            String::new()
        };
        Ok(RawResponse {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
            wire_bytes: None,
        })
    }
}
