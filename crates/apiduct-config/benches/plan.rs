//! Reading and planning a file of 200 resources: `cargo bench -p apiduct-config`.

use std::fmt::Write;
use std::hint::black_box;

use apiduct_config::{Format, Plan, Spec};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// A file of `count` resources, every fifth of them a parent of the four that follow.
fn document(count: usize) -> String {
    let mut text = String::from(
        "client:\n  base_url: https://api.example.com/v2\n  auth: {type: bearer, token: '${env:TOKEN}'}\n  paginator: header_link\nresource_defaults:\n  primary_key: id\n  endpoint: {params: {per_page: 100}}\nresources:\n",
    );
    for at in 0..count {
        let parent = at - at % 5;
        let path = if at == parent {
            format!("r{at}")
        } else {
            format!("r{parent}/{{resources.r{parent}.id}}/r{at}")
        };
        let _ = write!(
            text,
            "  - name: r{at}\n    write_disposition: replace\n    endpoint:\n      path: \"{path}\"\n      params: {{state: all, page_size: {at}}}\n      headers: {{X-Part: \"{at}\"}}\n      data_selector: data.items\n      paginator: {{type: cursor, cursor_path: meta.next}}\n"
        );
    }
    text
}

fn plan(criterion: &mut Criterion) {
    let text = document(200);
    let spec = Spec::parse(&text, Format::Yaml, "s.yaml").expect("the document is in order");
    let mut group = criterion.benchmark_group("200 resources");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("read", |bencher| {
        bencher.iter(|| Spec::parse(black_box(&text), Format::Yaml, "s.yaml"));
    });
    group.bench_function("plan", |bencher| {
        bencher.iter(|| Plan::build(black_box(&spec)));
    });
    group.bench_function("read and plan", |bencher| {
        bencher.iter(|| Plan::parse(black_box(&text), Format::Yaml, "s.yaml"));
    });
    group.bench_function("report 200 mistakes", |bencher| {
        let broken = text.replace("data_selector", "data_selectr");
        bencher.iter(|| Plan::parse(black_box(&broken), Format::Yaml, "s.yaml"));
    });
    group.finish();
}

criterion_group!(benches, plan);
criterion_main!(benches);
