use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::{Chaos, MockApi, RateLimit, Received, Records, Reply};

/// How large and how quick a [`load_server`] is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LoadOptions {
    /// Issues; 200 000 by default. A million takes about a gigabyte of memory.
    pub records: usize,
    /// Posts; 500 by default.
    pub posts: usize,
    /// Comments below each post; 20 by default.
    pub comments_per_post: usize,
    /// The wait before each answer; none by default.
    pub latency: Duration,
    /// Whether replies are compressed for those who accept gzip; no by default.
    pub gzip: bool,
    /// Threads that serve; 2 by default.
    pub threads: usize,
    /// Faults that strike at random; none by default.
    pub chaos: Option<Chaos>,
    /// A limit of requests; none by default.
    pub rate_limit: Option<RateLimit>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            records: 200_000,
            posts: 500,
            comments_per_post: 20,
            latency: Duration::ZERO,
            gzip: false,
            threads: 2,
            chaos: None,
            rate_limit: None,
        }
    }
}

/// Starts a server for benchmarks: pages are slices of memory rendered beforehand, requests are not recorded.
///
/// | route | reply |
/// |---|---|
/// | GET `/page/issues?page=&per_page=` | `data`, `page`, `per_page`, `total`, `total_pages` |
/// | GET `/cursor/issues?cursor=&limit=` | `data`, `meta.next_cursor` (text, null at the end), `meta.has_more` |
/// | GET `/link/issues?page=&per_page=` | a bare list and `Link` with `next` and `last` |
/// | GET `/bare/issues?page=&per_page=` | a bare list, empty after the last page |
/// | GET `/posts?page=&per_page=` | as `/page/issues` |
/// | GET `/posts/{id}/comments?page=&per_page=` | as `/page/issues` |
///
/// Pages hold 100 records by default, at most 10 000.
///
/// # Errors
/// When no port or thread can be had.
pub fn load_server(options: &LoadOptions) -> io::Result<MockApi> {
    let issues = Arc::new(Records::issues(options.records));
    let posts = Arc::new(Records::posts(options.posts));
    let comments = Arc::new(Records::comments(options.posts, options.comments_per_post));
    for records in [&issues, &posts, &comments] {
        records.render();
    }
    let per_post = options.comments_per_post;
    let parents = options.posts;
    let mut builder = MockApi::builder()
        .get("/page/issues", serve(&issues, numbered))
        .get("/cursor/issues", serve(&issues, cursor))
        .get("/link/issues", serve(&issues, link))
        .get(
            "/bare/issues",
            serve(&issues, |all, request| {
                bare(all, &Page::asked(request, all.len()))
            }),
        )
        .get("/posts", serve(&posts, numbered))
        .get("/posts/{id}/comments", move |request| {
            let id = request
                .segment("id")
                .and_then(|id| id.parse::<usize>().ok());
            let Some(index) = id
                .and_then(|id| id.checked_sub(1))
                .filter(|index| *index < parents)
            else {
                return Reply::error(404, "no such post");
            };
            envelope(&comments, index * per_post, &Page::asked(request, per_post))
        })
        .latency(options.latency)
        .threads(options.threads)
        .without_recording();
    if options.gzip {
        builder = builder.gzip();
    }
    if let Some(chaos) = &options.chaos {
        builder = builder.chaos(chaos.clone());
    }
    if let Some(limit) = &options.rate_limit {
        builder = builder.rate_limit(limit.clone());
    }
    builder.try_start()
}

fn serve(
    records: &Arc<Records>,
    answer: fn(&Records, &Received) -> Reply,
) -> impl Fn(&Received) -> Reply + Send + Sync + 'static {
    let records = Arc::clone(records);
    move |request| answer(&records, request)
}

/// A page by number and size, and what there is in all.
struct Page {
    number: usize,
    size: usize,
    total: usize,
}

impl Page {
    fn asked(request: &Received, total: usize) -> Self {
        Self {
            number: number(request, "page").unwrap_or(1).max(1),
            size: number(request, "per_page").unwrap_or(100).clamp(1, 10_000),
            total,
        }
    }

    fn start(&self) -> usize {
        (self.number - 1).saturating_mul(self.size).min(self.total)
    }

    fn end(&self) -> usize {
        (self.start() + self.size).min(self.total)
    }

    fn count(&self) -> usize {
        self.total.div_ceil(self.size)
    }
}

fn number(request: &Received, name: &str) -> Option<usize> {
    request.param(name)?.parse().ok()
}

fn json(before: &'static str, mut pieces: Vec<Bytes>, after: impl Into<Bytes>) -> Reply {
    pieces.insert(0, Bytes::from_static(before.as_bytes()));
    pieces.push(after.into());
    Reply::raw_json(Bytes::new()).pieces(pieces)
}

fn numbered(records: &Records, request: &Received) -> Reply {
    envelope(records, 0, &Page::asked(request, records.len()))
}

/// A page of the records that begin at `offset`.
fn envelope(records: &Records, offset: usize, page: &Page) -> Reply {
    let after = format!(
        "],\"page\":{},\"per_page\":{},\"total\":{},\"total_pages\":{}}}",
        page.number,
        page.size,
        page.total,
        page.count(),
    );
    json(
        "{\"data\":[",
        records.page(offset + page.start()..offset + page.end()),
        after,
    )
}

fn bare(records: &Records, page: &Page) -> Reply {
    json("[", records.page(page.start()..page.end()), "]")
}

fn link(records: &Records, request: &Received) -> Reply {
    let page = Page::asked(request, records.len());
    let target =
        |number: usize| request.url(&request.target_with(&[("page", &number.to_string())]));
    let last = format!("<{}>; rel=\"last\"", target(page.count().max(1)));
    let links = if page.number < page.count() {
        format!("<{}>; rel=\"next\", {last}", target(page.number + 1))
    } else {
        last
    };
    bare(records, &page).header("link", &links)
}

fn cursor(records: &Records, request: &Received) -> Reply {
    let size = number(request, "limit").unwrap_or(100).clamp(1, 10_000);
    let Some(start) = request.param("cursor").map_or(Some(0), from_cursor) else {
        return Reply::error(400, "the cursor is not one of ours");
    };
    let end = start.saturating_add(size).min(records.len());
    let more = end < records.len();
    let next = if more {
        format!("\"{}\"", to_cursor(end))
    } else {
        "null".to_owned()
    };
    let after = format!("],\"meta\":{{\"next_cursor\":{next},\"has_more\":{more}}}}}");
    json("{\"data\":[", records.page(start..end), after)
}

fn to_cursor(index: usize) -> String {
    format!("c{index:x}")
}

fn from_cursor(text: &str) -> Option<usize> {
    usize::from_str_radix(text.strip_prefix('c')?, 16).ok()
}
