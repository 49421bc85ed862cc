use std::fmt::Write as _;
use std::ops::Range;
use std::sync::OnceLock;

use apiduct_model::format_timestamp;
use bytes::Bytes;

use crate::random::Random;

/// Records rendered together; about 8 MB of issues.
const CHUNK: usize = 8_192;

/// 2020-01-01T00:00:00Z in microseconds.
const EPOCH: i64 = 1_577_836_800_000_000;

/// Deterministic records as JSON, rendered once and then served without a copy.
///
/// A record depends on its kind and index only, so any two runs and machines see the same bytes. Chunks are
/// rendered when first touched; [`Records::render`] does all of that beforehand.
///
/// ```
/// use apiduct_testkit::Records;
///
/// let issues = Records::issues(1_000_000);
/// let record = issues.record(999_999).unwrap();
/// assert!(record.starts_with(b"{\"id\":1000000,"));
/// assert_eq!(issues.page(0..2).concat().last(), Some(&b'}'));
/// ```
#[derive(Debug)]
pub struct Records {
    kind: Kind,
    len: usize,
    chunks: Vec<OnceLock<Chunk>>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Issue,
    Post,
    Comment { per_post: usize },
}

/// Records one after another, each followed by a comma.
#[derive(Debug)]
struct Chunk {
    bytes: Bytes,
    /// Where each record begins, and where the one after the last would.
    starts: Vec<usize>,
    labels: usize,
}

impl Records {
    /// Issues with ids from 1: about 1 kB each, 27 scalar leaves in nested objects, and a list `labels` of none
    /// to four objects.
    ///
    /// Texts hold escapes and letters beyond ASCII, `external_id` is an integer beyond 2^53, `closed_at` and
    /// `milestone.due_on` are null for some.
    pub fn issues(len: usize) -> Self {
        Self::new(Kind::Issue, len)
    }

    /// Posts with ids from 1: five fields each.
    pub fn posts(len: usize) -> Self {
        Self::new(Kind::Post, len)
    }

    /// Comments with ids from 1: `per_post` for each post in turn, which they name in `post_id`.
    pub fn comments(posts: usize, per_post: usize) -> Self {
        Self::new(Kind::Comment { per_post }, posts * per_post)
    }

    fn new(kind: Kind, len: usize) -> Self {
        let chunks = std::iter::repeat_with(OnceLock::new)
            .take(len.div_ceil(CHUNK))
            .collect();
        Self { kind, len, chunks }
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Renders what is not rendered yet.
    pub fn render(&self) {
        for index in 0..self.chunks.len() {
            self.chunk(index);
        }
    }

    /// One record, counted from 0; `None` past the end.
    pub fn record(&self, index: usize) -> Option<Bytes> {
        self.page(index..index + 1).into_iter().next()
    }

    /// The records of a range, joined by commas, in pieces that share the rendered memory.
    ///
    /// What lies past the end is left out.
    pub fn page(&self, range: Range<usize>) -> Vec<Bytes> {
        let end = range.end.min(self.len);
        let mut pieces = Vec::with_capacity(1);
        let mut next = range.start;
        while next < end {
            let index = next / CHUNK;
            let first = index * CHUNK;
            let last = end.min(first + CHUNK);
            let chunk = self.chunk(index);
            let start = chunk.starts[next - first];
            let comma = usize::from(last == end);
            pieces.push(chunk.bytes.slice(start..chunk.starts[last - first] - comma));
            next = last;
        }
        pieces
    }

    /// How many labels all issues have together: the rows of their nested table.
    pub fn label_count(&self) -> usize {
        (0..self.chunks.len())
            .map(|index| self.chunk(index).labels)
            .sum()
    }

    fn chunk(&self, index: usize) -> &Chunk {
        self.chunks[index].get_or_init(|| {
            let first = index * CHUNK;
            Chunk::render(self.kind, first..self.len.min(first + CHUNK))
        })
    }
}

impl Chunk {
    fn render(kind: Kind, range: Range<usize>) -> Self {
        let mut text = String::new();
        let mut starts = Vec::with_capacity(range.len() + 1);
        let mut labels = 0;
        for index in range {
            starts.push(text.len());
            match kind {
                Kind::Issue => labels += issue(&mut text, index as u64 + 1),
                Kind::Post => post(&mut text, index as u64 + 1),
                Kind::Comment { per_post } => comment(&mut text, index as u64 + 1, per_post as u64),
            }
            text.push(',');
        }
        starts.push(text.len());
        Self {
            bytes: Bytes::from(text),
            starts,
            labels,
        }
    }
}

const PHRASES: &[&str] = &[
    "the map tile stays gray until the second click",
    "größere Dateien brechen nach 30 s ab",
    "see the \\\"known limits\\\" page",
    "reproduced on two machines\\nand in the container",
    "le résumé n'est pas traduit",
    "path C:\\\\data\\\\inbox is not created",
    "сервер отвечает пустой страницей",
    "表示が崩れる",
    "works again after a restart \\ud83d\\ude80",
    "column A\\tcolumn B",
];
const STATES: &[&str] = &["open", "closed", "triage"];
const LABELS: &[&str] = &["defect", "wish", "écran", "slow", "docs", "größe"];
const COLORS: &[&str] = &["1f6feb", "d1242f", "bf8700", "8250df"];
const NAMES: &[&str] = &[
    "Ada Øster",
    "Bo Lindqvist",
    "Chiara D'Amico",
    "渡辺 直美",
    "Ewa Żak",
    "Fadi Nasr",
];

/// Writes into memory, which cannot fail.
macro_rules! put {
    ($out:expr, $($arguments:tt)*) => {
        let _ = write!($out, $($arguments)*);
    };
}

fn phrases(out: &mut String, random: &mut Random, count: u64) {
    for index in 0..count {
        out.push_str(if index == 0 { "" } else { ". " });
        out.push_str(random.pick(PHRASES));
    }
}

fn time(seconds: u64) -> String {
    let micros = i64::try_from(seconds).unwrap_or_default() * 1_000_000;
    format_timestamp(EPOCH + micros)
}

/// A time as a JSON string, or null.
fn optional_time(seconds: Option<u64>) -> String {
    seconds.map_or_else(
        || "null".to_owned(),
        |seconds| format!("\"{}\"", time(seconds)),
    )
}

/// Writes issue `id` and gives the number of its labels.
fn issue(out: &mut String, id: u64) -> usize {
    let mut random = Random::new(id);
    let created = id * 61 + random.below(60);
    let updated = created + random.below(1_000_000);
    let closed = (random.below(3) > 0).then_some(updated);
    put!(
        out,
        "{{\"id\":{id},\"number\":{},\"node_id\":\"N_{:016x}\",\"title\":\"",
        id % 10_000,
        random.next()
    );
    phrases(out, &mut random, 1);
    put!(
        out,
        "\",\"state\":\"{}\",\"locked\":{},\"comments\":{},\"score\":{}.{:02},\"external_id\":{}",
        random.pick(STATES),
        random.below(20) == 0,
        random.below(50),
        random.below(100),
        random.below(100),
        9_007_199_254_740_993 + id * 7,
    );
    put!(
        out,
        ",\"created_at\":\"{}\",\"updated_at\":\"{}\",\"closed_at\":{},\"url\":\"https://tracker.example/items/{id}\",\"user\":",
        time(created),
        time(updated),
        optional_time(closed),
    );
    user(out, &mut random);
    let milestone = random.below(40);
    put!(
        out,
        ",\"milestone\":{{\"id\":{milestone},\"title\":\"Release {}.{}\",\"due_on\":{}}}",
        milestone / 10,
        milestone % 10,
        optional_time((!milestone.is_multiple_of(3)).then_some(milestone * 86_400)),
    );
    let (hearts, rockets) = (random.below(9), random.below(9));
    put!(
        out,
        ",\"reactions\":{{\"total\":{},\"heart\":{hearts},\"rocket\":{rockets}}},\"labels\":[",
        hearts + rockets,
    );
    let labels = random.below(5);
    for index in 0..labels {
        out.push_str(if index == 0 { "" } else { "," });
        label(out, &mut random);
    }
    out.push_str("],\"body\":\"");
    let sentences = 5 + random.below(6);
    phrases(out, &mut random, sentences);
    out.push_str("\"}");
    usize::try_from(labels).unwrap_or_default()
}

fn user(out: &mut String, random: &mut Random) {
    let id = random.below(4_000) + 1;
    put!(
        out,
        "{{\"id\":{id},\"login\":\"member-{id}\",\"type\":\"User\",\"site_admin\":{},\"profile\":{{\"name\":\"{}\",\"followers\":{},\"joined_at\":\"{}\"}}}}",
        id.is_multiple_of(100),
        random.pick(NAMES),
        random.below(3_000),
        time(id * 1_009),
    );
}

fn label(out: &mut String, random: &mut Random) {
    let id = random.below(LABELS.len() as u64);
    put!(
        out,
        "{{\"id\":{},\"name\":\"{}\",\"color\":\"{}\",\"default\":{}}}",
        id + 1,
        LABELS[usize::try_from(id).unwrap_or_default()],
        random.pick(COLORS),
        id == 0,
    );
}

fn post(out: &mut String, id: u64) {
    let mut random = Random::new(id ^ 0x00b0_57ed);
    put!(out, "{{\"id\":{id},\"title\":\"");
    phrases(out, &mut random, 1);
    put!(
        out,
        "\",\"author\":{{\"id\":{},\"name\":\"{}\"}},\"created_at\":\"{}\"}}",
        random.below(4_000) + 1,
        random.pick(NAMES),
        time(id * 3_601),
    );
}

fn comment(out: &mut String, id: u64, per_post: u64) {
    let mut random = Random::new(id ^ 0x0c03_3e47);
    let post = (id - 1) / per_post + 1;
    put!(
        out,
        "{{\"id\":{id},\"post_id\":{post},\"author\":\"{}\",\"created_at\":\"{}\",\"body\":\"",
        random.pick(NAMES),
        time(post * 3_601 + id % per_post),
    );
    phrases(out, &mut random, 2);
    out.push_str("\"}");
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn parse(bytes: &[u8]) -> Value {
        serde_json::from_slice(bytes).unwrap()
    }

    /// Scalar leaves outside of lists.
    fn leaves(value: &Value) -> usize {
        match value {
            Value::Object(fields) => fields.values().map(leaves).sum(),
            Value::Array(_) => 0,
            _ => 1,
        }
    }

    #[test]
    fn issues_have_27_leaves_and_about_a_kilobyte() {
        let issues = Records::issues(2_000);
        let mut bytes = 0;
        let mut labels = 0;
        for index in 0..issues.len() {
            let text = issues.record(index).unwrap();
            let record = parse(&text);
            assert_eq!(leaves(&record), 27);
            assert_eq!(record["id"], index + 1);
            assert!(record["external_id"].as_u64().unwrap() > 1 << 53);
            labels += record["labels"].as_array().unwrap().len();
            bytes += text.len();
        }
        let mean = bytes / issues.len();
        assert!((900..1_200).contains(&mean), "{mean}");
        assert_eq!(labels, issues.label_count());
    }

    #[test]
    fn issues_exercise_escapes_nulls_and_other_alphabets() {
        let text = Records::issues(200).page(0..200).concat();
        let text = String::from_utf8(text).unwrap();
        for sign in [
            "\\\"",
            "\\n",
            "\\\\",
            "\\ud83d",
            "ö",
            "表",
            "\"closed_at\":null",
            "\"due_on\":null",
            "\"labels\":[]",
        ] {
            assert!(text.contains(sign), "{sign}");
        }
    }

    #[test]
    fn a_page_across_chunks_is_one_list() {
        let records = Records::posts(CHUNK + 10);
        let pieces = records.page(CHUNK - 2..CHUNK + 3);
        assert_eq!(pieces.len(), 2);
        let list = parse(format!("[{}]", String::from_utf8(pieces.concat()).unwrap()).as_bytes());
        let ids: Vec<usize> = (0..5)
            .map(|index| usize::try_from(list[index]["id"].as_u64().unwrap()).unwrap())
            .collect();
        assert_eq!(ids, [CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 2, CHUNK + 3]);
    }

    #[test]
    fn ranges_stop_at_the_end() {
        let records = Records::posts(3);
        assert!(records.page(3..9).is_empty());
        assert_eq!(records.page(2..9), records.page(2..3));
        assert_eq!(records.record(3), None);
        assert!(Records::issues(0).is_empty());
        let page = records.page(0..CHUNK);
        assert_eq!(page.concat().last(), Some(&b'}'));
    }

    #[test]
    fn two_sets_share_their_first_records() {
        assert_eq!(
            Records::issues(10).record(7),
            Records::issues(9_000).record(7)
        );
        let large = Records::issues(3 * CHUNK);
        large.render();
        assert_eq!(
            large.record(2 * CHUNK + 5),
            Records::issues(2 * CHUNK + 6).record(2 * CHUNK + 5)
        );
    }

    #[test]
    fn comments_name_their_post() {
        let comments = Records::comments(4, 3);
        assert_eq!(comments.len(), 12);
        let posts: Vec<Value> = (0..12)
            .map(|index| parse(&comments.record(index).unwrap())["post_id"].clone())
            .collect();
        assert_eq!(posts, [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
    }
}
