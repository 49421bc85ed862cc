//! The examples with recorded traffic: each file, replayed, gives what its README promises, and the recording is what its
//! API says.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use apiduct_testkit::{Access, MockApi, Received, Reply};
use serde_json::{Value, json};

use crate::program::Program;

struct Example {
    name: &'static str,
    host: &'static str,
    variable: &'static str,
    api: fn() -> MockApi,
    tables: &'static [(&'static str, u64)],
}

const EXAMPLES: [Example; 3] = [
    Example {
        name: "tracker",
        host: "https://api.tracker.example",
        variable: "TRACKER_TOKEN",
        api: tracker,
        tables: &[("issues", 43), ("issues__labels", 57), ("comments", 43)],
    },
    Example {
        name: "payments",
        host: "https://api.payments.example",
        variable: "PAYMENTS_KEY",
        api: payments,
        tables: &[("customers", 12), ("charges", 34), ("charges__refunds", 7)],
    },
    Example {
        name: "report",
        host: "https://api.ads.example",
        variable: "ADS_KEY",
        api: report,
        tables: &[("clicks", 62)],
    },
];

const SECRET: &str = "s3cret-token";

/// The `n`th of `all`, over and over.
fn one_of<const N: usize>(all: [&'static str; N], n: u64) -> &'static str {
    all[usize::try_from(n).unwrap() % N]
}

/// An issue tracker: lists with `Link` headers, `since`, comments below each issue.
fn tracker() -> MockApi {
    fn list(request: &Received, all: &[Value]) -> Reply {
        let number = |name, default| request.number_param(name).unwrap_or(default);
        let (page, size) = (number("page", 1), number("per_page", 30));
        let to_index = |number: u64| usize::try_from(number).unwrap();
        let start = to_index((page - 1) * size);
        let rows: Vec<&Value> = all.iter().skip(start).take(to_index(size)).collect();
        let reply = Reply::json(&rows);
        if start + rows.len() >= all.len() {
            return reply;
        }
        let next = request.target_with(&[("page", &(page + 1).to_string())]);
        reply.header("link", &format!("<{}>; rel=\"next\"", request.url(&next)))
    }
    let issue = |n: u64| {
        let mut labels = vec![json!({"name": one_of(["bug", "idea", "docs"], n)})];
        if n.is_multiple_of(3) {
            labels.push(json!({"name": "urgent"}));
        }
        json!({
            "id": 9000 + n, "number": n, "title": format!("Issue {n}"), "labels": labels,
            "user": {"login": one_of(["ada", "lin"], n)},
            "updated_at": format!("2024-01-{:02}T08:00:00Z", 1 + n / 2),
        })
    };
    let issues: Vec<Value> = (1..=46).map(issue).collect();
    MockApi::builder()
        .protect("/", Access::bearer(SECRET))
        .get("/repos/acme/app/issues", move |request: &Received| {
            let since = request.param("since").unwrap_or_default();
            let is_new = |issue: &&Value| issue["updated_at"].as_str() >= Some(since);
            let new: Vec<Value> = issues.iter().filter(is_new).cloned().collect();
            list(request, &new)
        })
        .get(
            "/repos/acme/app/issues/{n}/comments",
            |request: &Received| {
                let issue: u64 = request.segment("n").unwrap().parse().unwrap();
                let comment =
                    |n| json!({"id": issue * 100 + n, "body": format!("Comment {n} on {issue}")});
                let all: Vec<Value> = (0..issue % 3).map(comment).collect();
                list(request, &all)
            },
        )
        .start()
}

/// Payments: lists behind the last id, amounts in cents, refunds inside a charge.
fn payments() -> MockApi {
    fn list(request: &Received, all: &[Value]) -> Reply {
        if request.basic() != Some((SECRET.to_owned(), String::new())) {
            return Reply::error(401, "unauthorized");
        }
        let after = request.param("starting_after");
        let start = after.map_or(0, |id| {
            1 + all.iter().position(|one| one["id"] == id).unwrap()
        });
        let rows: Vec<&Value> = all.iter().skip(start).take(10).collect();
        Reply::json(
            &json!({"object": "list", "has_more": start + rows.len() < all.len(), "data": rows}),
        )
    }
    let customer = |n: u64| {
        let city = one_of(["Turin", "Ghent", "Porto"], n);
        json!({"id": format!("cus_{n:03}"), "email": format!("c{n}@shop.example"), "address": {"city": city, "line2": null}})
    };
    let charge = |n: u64| {
        let refunds: Vec<Value> = (0..u64::from(n.is_multiple_of(5)))
            .map(|at| json!({"id": format!("re_{n:03}_{at}"), "amount": 50 * n}))
            .collect();
        json!({
            "id": format!("ch_{n:03}"), "amount": 100 * n, "currency": "eur", "customer": format!("cus_{:03}", 1 + n % 12),
            "created": 1_704_067_200 + 3600 * (n - 7), "refunds": refunds,
        })
    };
    let customers: Vec<Value> = (1..=12).map(customer).collect();
    let charges: Vec<Value> = (1..=40)
        .map(|n| {
            if n < 7 {
                json!({"id": format!("ch_{n:03}"), "created": 1})
            } else {
                charge(n)
            }
        })
        .collect();
    MockApi::builder()
        .get("/v1/customers", move |request: &Received| {
            list(request, &customers)
        })
        .get("/v1/charges", move |request: &Received| {
            let from = request.number_param("created[gte]").unwrap();
            let is_new = |charge: &&Value| charge["created"].as_u64() >= Some(from);
            let new: Vec<Value> = charges.iter().filter(is_new).cloned().collect();
            list(request, &new)
        })
        .start()
}

/// Reports on request: asked for, queued, running, done, a CSV file.
fn report() -> MockApi {
    let polls = AtomicU64::new(0);
    MockApi::builder()
        .protect("/", Access::header("X-Api-Key", SECRET))
        .post("/reports", |_: &Received| {
            Reply::json(&json!({"id": "r-1", "state": "QUEUED"}))
        })
        .get("/reports/r-1", move |request: &Received| {
            match polls.fetch_add(1, Ordering::Relaxed) {
                0 => Reply::json(&json!({"id": "r-1", "state": "QUEUED"})),
                1 => Reply::json(&json!({"id": "r-1", "state": "RUNNING"})),
                _ => Reply::json(
                    &json!({"id": "r-1", "state": "DONE", "url": request.url("/files/r-1.csv")}),
                ),
            }
        })
        .get("/files/r-1.csv", |_: &Received| {
            let mut text = String::from("day,campaign,clicks\n");
            for day in 1..=31 {
                for (at, campaign) in ["spring", "brand"].iter().enumerate() {
                    let clicks = 10 * day + at;
                    writeln!(text, "2024-01-{day:02},{campaign},{clicks}").unwrap();
                }
            }
            Reply::bytes(text).header("content-type", "text/csv")
        })
        .start()
}

fn folder(example: &Example) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(example.name)
}

fn file(example: &Example, name: &str) -> String {
    let path = folder(example).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn source(example: &Example) -> String {
    file(example, &format!("{}.yaml", example.name))
}

#[test]
fn recorded_examples_are_what_their_apis_say() {
    for example in &EXAMPLES {
        let api = (example.api)();
        let program = Program::with_api(&api).set(example.variable, SECRET);
        let live = source(example)
            .replace(example.host, api.base_url())
            .replace("interval: 1s", "interval: 0");
        program.write("source.yaml", &live);
        program.ok(&["run", "source.yaml", "-q", "--record", "traffic.jsonl"]);
        let recorded = program
            .read("traffic.jsonl")
            .replace(api.base_url(), example.host);
        let (head, exchanges) = recorded.split_once('\n').unwrap();
        assert!(head.contains("recorded_at"), "{head}");
        let recorded = format!(
            "{{\"apiduct_recording\":1,\"recorded_at\":\"2024-02-01T00:00:00Z\"}}\n{exchanges}"
        );
        let path = folder(example).join("traffic.jsonl");
        if std::env::var("INSTA_UPDATE").is_ok_and(|wish| wish == "always") {
            std::fs::write(&path, &recorded).unwrap();
        }
        assert_eq!(file(example, "traffic.jsonl"), recorded, "{}", example.name);
    }
}

#[test]
fn recorded_examples_give_what_they_promise_without_network_and_secrets() {
    for example in &EXAMPLES {
        let program = Program::new();
        let name = format!("{}.yaml", example.name);
        program.write(&name, &source(example));
        program.write("traffic.jsonl", &file(example, "traffic.jsonl"));
        program.ok(&["check", &name, "--offline", "--deny-warnings"]);
        let told = program.ok(&[
            "run",
            &name,
            "--replay",
            "traffic.jsonl",
            "--format",
            "json",
        ]);
        let receipt: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(receipt["status"], "complete", "{told}");
        let expected: serde_json::Map<String, Value> = example
            .tables
            .iter()
            .map(|(table, rows)| ((*table).to_owned(), json!(rows)))
            .collect();
        assert_eq!(receipt["tables"], Value::from(expected), "{told}");
        let query = file(example, "query.sql");
        let rows = program.ok(&["sql", &name, query.trim(), "--format", "json"]);
        let rows: Value = serde_json::from_str(&rows).unwrap();
        if std::env::var("INSTA_UPDATE").is_ok_and(|wish| wish == "always") {
            let lines: Vec<String> = rows
                .as_array()
                .unwrap()
                .iter()
                .map(|row| format!("  {row}"))
                .collect();
            let text = format!("[\n{}\n]\n", lines.join(",\n"));
            std::fs::write(folder(example).join("expected.json"), text).unwrap();
        }
        let expected: Value = serde_json::from_str(&file(example, "expected.json")).unwrap();
        assert_eq!(rows, expected, "{}", example.name);
    }
}

#[test]
fn recorded_examples_show_their_files_in_their_readmes() {
    for example in &EXAMPLES {
        let readme = file(example, "README.md");
        for part in [
            source(example),
            file(example, "query.sql"),
            file(example, "expected.json"),
        ] {
            assert!(
                readme.contains(part.trim()),
                "{} shows another {part}",
                example.name
            );
        }
    }
}
