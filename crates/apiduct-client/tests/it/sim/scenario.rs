//! What a seed stands for.

use std::time::Duration;

use apiduct_client::paginate::{
    Cursor, HeaderCursor, HeaderLink, JsonLink, Offset, PageNumber, Paginator, SinglePage,
};
use apiduct_testkit::{
    BrokenChunks, BrokenGzip, Fault, LimitHeaders, Place, RateLimit, RetryAfter, Stage,
};
use fastrand::Rng;
use http::Method;
use serde_json::{Value, json};

/// A whole pull, drawn from its seed.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) style: Style,
    pub(crate) is_detected: bool,
    pub(crate) rows: usize,
    pub(crate) page_size: usize,
    pub(crate) prefetch: bool,
    pub(crate) window: usize,
    pub(crate) latency: Duration,
    /// Faults that a patient client gets over, with their shares.
    pub(crate) faults: Vec<(Fault, f64)>,
    pub(crate) longest_run: u32,
    pub(crate) limit: Option<RateLimit>,
    pub(crate) tokens: Option<Tokens>,
    pub(crate) outage: Option<(Duration, Duration)>,
    /// When the client's wall clock jumps, and by how many seconds.
    pub(crate) jumps: Vec<(Duration, i64)>,
    /// From which request on there is no more help, and how it shows.
    pub(crate) doom: Option<(u64, Doom)>,
    pub(crate) jitter: Option<u64>,
}

/// How long a token is good.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tokens {
    pub(crate) lifetime: Duration,
    pub(crate) uses: Option<u64>,
}

/// What no patience gets over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doom {
    NotFound,
    Broken,
    Reset,
    CutJson,
    Gzip,
    LongWait,
    Unauthorized,
    Html,
    Silent,
}

/// How an API pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    JsonLink,
    RelativeLink,
    HeaderLink,
    HeaderCursor,
    Numbered,
    ZeroBased,
    Nested,
    Bare,
    Offset,
    OffsetInBody,
    Cursor,
    CursorInBody,
    NullTerminated,
    HasMore,
    Search,
    Single,
}

impl Style {
    const ALL: [Self; 16] = [
        Self::JsonLink,
        Self::RelativeLink,
        Self::HeaderLink,
        Self::HeaderCursor,
        Self::Numbered,
        Self::ZeroBased,
        Self::Nested,
        Self::Bare,
        Self::Offset,
        Self::OffsetInBody,
        Self::Cursor,
        Self::CursorInBody,
        Self::NullTerminated,
        Self::HasMore,
        Self::Search,
        Self::Single,
    ];

    fn is_detectable(self) -> bool {
        use Style::{Cursor, HeaderLink, JsonLink, RelativeLink, Single};
        matches!(self, JsonLink | RelativeLink | HeaderLink | Cursor | Single)
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::JsonLink | Self::Numbered => "/rows",
            Self::RelativeLink => "/rows_relative_next_url",
            Self::HeaderLink => "/rows_header_link",
            Self::HeaderCursor => "/rows_header_cursor",
            Self::ZeroBased => "/rows_zero_based",
            Self::Nested => "/rows_nested",
            Self::Bare => "/rows_bare",
            Self::Offset => "/rows_offset_limit",
            Self::OffsetInBody => "/rows_offset_limit_via_json_body",
            Self::Cursor => "/rows_cursor",
            Self::CursorInBody => "/rows_cursor_via_json_body",
            Self::NullTerminated => "/rows_cursor_null_terminated",
            Self::HasMore => "/rows_has_more",
            Self::Search => "/rows/search",
            Self::Single => "/rows_all",
        }
    }

    pub(crate) fn method(self) -> Method {
        match self {
            Self::OffsetInBody | Self::CursorInBody | Self::Search => Method::POST,
            _ => Method::GET,
        }
    }

    pub(crate) fn body(self, page_size: usize) -> Option<Value> {
        match self {
            Self::Search => Some(json!({"page_size": page_size})),
            Self::OffsetInBody | Self::CursorInBody => Some(json!({})),
            _ => None,
        }
    }

    pub(crate) fn selector(self) -> &'static str {
        match self {
            Self::HeaderLink | Self::HeaderCursor | Self::Bare | Self::Single => "$",
            Self::Nested => "results.rows",
            _ => "data",
        }
    }

    pub(crate) fn paginator(self, page_size: usize) -> Box<dyn Paginator> {
        let cursor = || Cursor::new("next_cursor").cursor_param("cursor");
        let offset = || Offset::new(page_size as u64).total_path("total_records");
        match self {
            Self::JsonLink | Self::RelativeLink => Box::new(JsonLink::new("next_page")),
            Self::HeaderLink => Box::new(HeaderLink::new("next")),
            Self::HeaderCursor => Box::new(HeaderCursor::new("cursor", "page")),
            Self::Numbered => Box::new(PageNumber::new().total_path("total_pages")),
            Self::ZeroBased => {
                Box::new(PageNumber::new().initial_page(0).total_path("total_pages"))
            }
            Self::Nested => Box::new(PageNumber::new().total_path("meta.total_pages")),
            Self::Bare => Box::new(PageNumber::new()),
            Self::Offset => Box::new(offset()),
            Self::OffsetInBody => {
                Box::new(offset().offset_body_path("offset").limit_body_path("limit"))
            }
            Self::Cursor => Box::new(cursor()),
            Self::CursorInBody => Box::new(Cursor::new("next_cursor").cursor_body_path("cursor")),
            Self::NullTerminated => Box::new(Cursor::new("next_token").cursor_param("token")),
            Self::HasMore => Box::new(cursor().has_more_path("has_more")),
            Self::Search => Box::new(Cursor::new("next_page").cursor_body_path("page")),
            Self::Single => Box::new(SinglePage),
        }
    }
}

impl Scenario {
    pub(crate) fn draw(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let style = rng.choice(Style::ALL).unwrap();
        let rows = match rng.u8(0..10) {
            0 => rng.usize(0..2),
            1..=6 => rng.usize(2..60),
            _ => rng.usize(60..400),
        };
        let page_size = rng.usize(1..40).max(rows / 50);
        let mut scenario = Self {
            seed,
            style,
            is_detected: style.is_detectable() && rng.bool(),
            rows,
            page_size,
            prefetch: rng.u8(0..4) > 0,
            window: rng.usize(0..12),
            latency: Duration::from_millis(rng.u64(0..400)),
            faults: Vec::new(),
            longest_run: rng.u32(1..4),
            limit: None,
            tokens: None,
            outage: None,
            jumps: Vec::new(),
            doom: None,
            jitter: rng.bool().then(|| rng.u64(..)),
        };
        let moment = |rng: &mut Rng| Duration::from_millis(rng.u64(0..20_000));
        match rng.u8(0..12) {
            0 => {}
            1..=4 => scenario.draw_faults(&mut rng),
            5 | 6 => scenario.limit = Some(limit(&mut rng)),
            7 => {
                scenario.tokens = Some(Tokens {
                    lifetime: Duration::from_secs(rng.u64(2..60)),
                    uses: rng.bool().then(|| rng.u64(20..60)),
                });
                if rng.bool() {
                    scenario.draw_faults(&mut rng);
                }
            }
            8 => {
                let from = moment(&mut rng);
                let length = Duration::from_millis(rng.u64(1..8_000));
                scenario.outage = Some((from, from + length));
            }
            9 => {
                scenario.limit = Some(limit(&mut rng));
                scenario.tokens = Some(Tokens {
                    lifetime: Duration::from_mins(30),
                    uses: None,
                });
                for _ in 0..3 {
                    let jump = (moment(&mut rng), rng.i64(-90_000..90_000));
                    scenario.jumps.push(jump);
                }
            }
            _ => {
                let doom = rng
                    .choice([
                        Doom::NotFound,
                        Doom::Broken,
                        Doom::Reset,
                        Doom::CutJson,
                        Doom::Gzip,
                        Doom::LongWait,
                        Doom::Unauthorized,
                        Doom::Html,
                        Doom::Silent,
                    ])
                    .unwrap();
                scenario.doom = Some((rng.u64(0..30), doom));
            }
        }
        scenario
    }

    fn draw_faults(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(1..5) {
            self.faults.push((fault(rng), rng.f64() * 0.08));
        }
    }

    /// How many pages there are, the empty one that some styles end with included.
    pub(crate) fn pages(&self) -> usize {
        let full = match self.style {
            Style::Single => 1,
            _ => self.rows.div_ceil(self.page_size).max(1),
        };
        full + usize::from(matches!(self.style, Style::Bare | Style::NullTerminated))
    }

    pub(crate) fn is_struck_by(&self, fault: &Fault) -> bool {
        self.faults.iter().any(|(one, _)| one == fault)
    }
}

fn limit(rng: &mut Rng) -> RateLimit {
    let headers = [
        LimitHeaders::None,
        LimitHeaders::Epoch,
        LimitHeaders::Delta,
        LimitHeaders::Structured,
    ];
    let retry_after = [RetryAfter::Seconds, RetryAfter::Date];
    RateLimit::new(rng.u64(2..30), Duration::from_secs(rng.u64(1..90)))
        .headers(rng.choice(headers).unwrap())
        .retry_after(rng.choice(retry_after).unwrap())
}

/// A fault that another try gets over.
fn fault(rng: &mut Rng) -> Fault {
    let place = rng.choice(Place::ALL).unwrap();
    let stage = rng.choice(Stage::ALL).unwrap();
    let millis = Duration::from_millis(rng.u64(1..5_000));
    let faults = [
        Fault::Status(rng.choice([500, 502, 503, 504]).unwrap()),
        Fault::Status(429),
        Fault::Reset,
        Fault::ResetAt(stage),
        Fault::Truncate(rng.f64()),
        Fault::TruncateAt(place),
        Fault::CutAt(place),
        Fault::CutJson(rng.f64()),
        Fault::MalformedJson,
        Fault::WrongCharset,
        Fault::HtmlPage,
        Fault::Hang,
        Fault::Timeout { after: millis },
        Fault::LimitData(rng.u64(0..400)),
        Fault::LongLength(rng.u64(1..90)),
        Fault::ShortLength(rng.u64(1..90)),
        Fault::BrokenChunks(BrokenChunks::Size),
        Fault::Latency {
            base: millis,
            jitter: millis / 2,
        },
        Fault::Bandwidth {
            bytes_per_second: 500,
        },
    ];
    rng.choice(faults).unwrap()
}

impl Doom {
    /// The faults of an answer after which there is no help.
    pub(crate) fn fault(self) -> Option<Fault> {
        match self {
            Self::NotFound => Some(Fault::Status(404)),
            Self::Broken => Some(Fault::Status(500)),
            Self::Reset => Some(Fault::Reset),
            Self::CutJson => Some(Fault::CutAt(Place::Key)),
            Self::Gzip => Some(Fault::BrokenGzip(BrokenGzip::Checksum)),
            Self::Silent => Some(Fault::Hang),
            Self::LongWait | Self::Unauthorized | Self::Html => None,
        }
    }
}
