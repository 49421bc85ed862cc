//! Records of about 1 kB into Arrow batches: `cargo bench -p apiduct-normalize`.

use std::hint::black_box;

use apiduct_json::{ScanPlan, Selector};
use apiduct_normalize::{Normalizer, Options};
use apiduct_testkit::Records;
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECORDS: usize = 20_000;
const PAGE: usize = 100;

fn pages() -> Vec<Bytes> {
    let records = Records::issues(RECORDS);
    let page = |start: usize| {
        let data = records.page(start..start + PAGE).concat();
        Bytes::from([b"{\"data\":[".as_slice(), &data, b"],\"next\":null}"].concat())
    };
    (0..RECORDS).step_by(PAGE).map(page).collect()
}

fn shred(criterion: &mut Criterion) {
    let pages = pages();
    let plan = ScanPlan::new(Selector::parse("data").expect("a selector"), Vec::new());
    let scanned: Vec<_> = pages
        .iter()
        .map(|page| plan.scan(page).expect("a page").records)
        .collect();
    let bytes: usize = pages.iter().map(Bytes::len).sum();
    let mut group = criterion.benchmark_group("normalize");
    group
        .sample_size(10)
        .throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("issues", |bencher| {
        bencher.iter(|| {
            let mut normalizer =
                Normalizer::try_new(Options::new("issues", "load")).expect("no constants");
            for records in &scanned {
                normalizer.push(records, &[]).expect("rows");
                black_box(normalizer.take_batches());
            }
            black_box(normalizer.finish())
        });
    });
    group.bench_function("issues with scan", |bencher| {
        bencher.iter(|| {
            let mut normalizer =
                Normalizer::try_new(Options::new("issues", "load")).expect("no constants");
            for page in &pages {
                let records = plan.scan(page).expect("a page").records;
                normalizer.push(&records, &[]).expect("rows");
                black_box(normalizer.take_batches());
            }
            black_box(normalizer.finish())
        });
    });
    group.finish();
}

criterion_group!(benches, shred);
criterion_main!(benches);
