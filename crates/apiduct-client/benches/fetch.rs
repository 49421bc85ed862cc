//! Pages from a server on loopback through the whole client: `cargo bench -p apiduct-client`.

use std::hint::black_box;

use apiduct_client::Client;
use apiduct_client::paginate::{Cursor, PageNumber, Paginator};
use apiduct_testkit::{LoadOptions, MockApi, load_server};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const RECORDS: usize = 20_000;

async fn walk(api: &MockApi, path: &str, paginator: impl Paginator + 'static) -> u64 {
    let client = Client::builder(api.base_url()).build().expect("a client");
    let walk = client
        .paginate(path)
        .paginator(paginator)
        .data_selector("data");
    let mut pages = walk.param("per_page", 100).param("limit", 100).send();
    let mut bytes = 0;
    while let Some(page) = pages.next().await.expect("a page") {
        bytes += page.response.body.len() as u64;
        black_box(page.raw_records());
    }
    bytes
}

fn fetch(criterion: &mut Criterion) {
    let mut options = LoadOptions::default();
    options.records = RECORDS;
    let api = load_server(&options).expect("a server on loopback");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let cursor = || Cursor::new("meta.next_cursor").cursor_param("cursor");
    let bytes = runtime.block_on(walk(&api, "/cursor/issues", cursor()));
    let mut group = criterion.benchmark_group("fetch");
    group.sample_size(10).throughput(Throughput::Bytes(bytes));
    group.bench_function("page numbers", |bencher| {
        bencher.iter(|| runtime.block_on(walk(&api, "/page/issues", PageNumber::default())));
    });
    group.bench_function("cursor chain", |bencher| {
        bencher.iter(|| runtime.block_on(walk(&api, "/cursor/issues", cursor())));
    });
    group.finish();
}

criterion_group!(benches, fetch);
criterion_main!(benches);
