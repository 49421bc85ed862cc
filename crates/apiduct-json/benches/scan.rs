//! Selecting the records of pages: the scan, the Value road beside it, and their parts.
//!
//! Run it with `cargo bench -p apiduct-json`. The pages hold 100 nested records of about 1 kB each, built from a fixed
//! seed. Throughput counts the bytes of the pages.

use std::fmt::Write as _;
use std::hint::black_box;

use apiduct_json::{Records, ScanPlan, Selector, parse_value};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const PAGES: usize = 20;
const RECORDS: usize = 100;

const WORDS: [&str; 16] = [
    "pagination",
    "stops",
    "when",
    "the",
    "server",
    "answers",
    "an",
    "empty",
    "list",
    "with",
    "größe",
    "cursor",
    "after",
    "retry",
    "\\\"quoted\\\"",
    "line\\nbreak",
];

/// A small generator with a fixed seed, so that every run reads the same bytes.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn word(&mut self) -> &'static str {
        let words = WORDS.len() as u64;
        WORDS[usize::try_from(self.next() % words).unwrap_or_default()]
    }

    fn sentence(&mut self, words: usize) -> String {
        let words: Vec<_> = (0..words).map(|_| self.word()).collect();
        words.join(" ")
    }
}

fn person(out: &mut String, random: &mut Random) {
    let id = random.next() % 100_000;
    let _ = write!(
        out,
        r#"{{"login":"user{id}","id":{id},"url":"https://api.example.com/users/user{id}","type":"User","admin":false}}"#
    );
}

fn record(out: &mut String, id: usize, random: &mut Random) {
    let (title, body) = (random.sentence(6), random.sentence(45));
    let _ = write!(
        out,
        r#"{{"id":{id},"number":{},"title":"{title}","state":"open","user":"#,
        id % 977
    );
    person(out, random);
    let _ = write!(
        out,
        r#","labels":[{{"id":{},"name":"bug","color":"d73a4a"}},{{"id":{},"name":"help wanted","color":"008672"}}]"#,
        random.next() % 1000,
        random.next() % 1000
    );
    out.push_str(r#","assignees":["#);
    person(out, random);
    let _ = write!(
        out,
        r#"],"milestone":null,"comments":{},"score":{}.{:02},"created_at":"2024-03-{:02}T10:11:12Z","#,
        random.next() % 50,
        random.next() % 10,
        random.next() % 100,
        1 + random.next() % 28
    );
    let _ = write!(
        out,
        r#""reactions":{{"total":{},"+1":3,"-1":0}},"body":"{body}"}}"#,
        random.next() % 20
    );
}

fn pages() -> Vec<Bytes> {
    let mut random = Random(0x5EED);
    (0..PAGES)
        .map(|page| {
            let mut body = format!(
                r#"{{"meta":{{"page":{page},"next":"c{}"}},"data":["#,
                page + 1
            );
            for number in 0..RECORDS {
                if number > 0 {
                    body.push(',');
                }
                record(&mut body, page * RECORDS + number, &mut random);
            }
            let _ = write!(body, r#"],"total":{}}}"#, PAGES * RECORDS);
            body.into()
        })
        .collect()
}

fn plan(data: &str, captures: &[&str]) -> ScanPlan {
    let parse = |path: &str| Selector::parse(path).expect("the paths of the benchmark are valid");
    ScanPlan::new(
        parse(data),
        captures.iter().map(|path| parse(path)).collect(),
    )
}

fn scan(criterion: &mut Criterion) {
    let pages = pages();
    let bytes: usize = pages.iter().map(Bytes::len).sum();
    let mut group = criterion.benchmark_group("scan");
    group.throughput(Throughput::Bytes(bytes as u64));

    let mut road = |name: &str, plan: ScanPlan| {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for page in &pages {
                    let scanned = plan.scan(black_box(page)).expect("the pages are valid");
                    assert_eq!(scanned.records.len(), RECORDS);
                }
            });
        });
    };
    road("records", plan("data", &[]));
    road(
        "records_and_captures",
        plan("data", &["meta.next", "total", "data[-1].id"]),
    );
    road("value_road", plan("data[?@.id >= 0]", &["meta.next"]));

    let plan = plan("data", &[]);
    let records: Vec<_> = pages
        .iter()
        .map(|page| plan.scan(page).expect("the pages are valid").records)
        .collect();
    group.bench_function("texts_of_records", |bencher| {
        bencher.iter(|| {
            records
                .iter()
                .flat_map(Records::texts)
                .flatten()
                .map(str::len)
                .sum::<usize>()
        });
    });
    group.bench_function("utf8_alone", |bencher| {
        bencher.iter(|| {
            pages
                .iter()
                .all(|page| simdutf8::basic::from_utf8(black_box(page)).is_ok())
        });
    });
    group.bench_function("value_tree_alone", |bencher| {
        bencher.iter(|| {
            pages
                .iter()
                .all(|page| parse_value(black_box(page)).is_ok())
        });
    });
    group.bench_function("serde_json_tree_alone", |bencher| {
        bencher.iter(|| {
            pages
                .iter()
                .all(|page| serde_json::from_slice::<serde_json::Value>(black_box(page)).is_ok())
        });
    });
    group.finish();
}

criterion_group!(benches, scan);
criterion_main!(benches);
