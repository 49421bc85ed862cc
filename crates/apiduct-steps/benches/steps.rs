//! Steps on records of about 1 kB: `cargo bench -p apiduct-steps`.

use std::hint::black_box;

use apiduct_model::Place;
use apiduct_steps::{FieldPath, PlacedStep, Program, Runner, Step, Steps};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn record(id: usize) -> String {
    let body = "lorem ipsum dolor sit amet ".repeat(20);
    format!(
        r#"{{"id":{id},"node_id":"I_{id}","state":"open","title":"Issue {id}","body":"{body}","comments":{},"score":1.250,"user":{{"login":"user{id}","id":{id},"site_admin":false}},"labels":[{{"name":"bug","color":"f29513"}},{{"name":"p1","color":"ffffff"}}],"created_at":"2024-01-01T00:00:00Z","updated_at":"2024-02-01T00:00:00Z","closed_at":null}}"#,
        id % 50
    )
}

fn program(text: &str) -> Program {
    Program::parse(text).expect("the programs of this file are right")
}

fn steps(criterion: &mut Criterion) {
    let records: Vec<String> = (0..2000).map(record).collect();
    let login = FieldPath::parse("user.login").expect("a path");
    let cases = [
        ("filter", Step::Filter(program(".comments > 10"))),
        (
            "map",
            Step::Map(program(".login = .user.login | del(.body)")),
        ),
        (
            "yield_map",
            Step::YieldMap(program(".id as $id | .labels[] | .issue = $id")),
        ),
        ("drop", Step::Drop(vec![login])),
    ];
    let mut group = criterion.benchmark_group("steps");
    group.throughput(Throughput::Elements(records.len() as u64));
    for (name, step) in cases {
        let place = Place {
            file: "bench.yaml".to_owned(),
            line: 1,
            column: 1,
        };
        let steps = Steps::new(vec![PlacedStep { step, place }]);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut runner = Runner::new(steps.clone());
                for record in &records {
                    let _ = black_box(runner.apply(record, &[]));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
