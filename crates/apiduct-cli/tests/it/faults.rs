//! What the network does to a run: exactly the right rows and exit code 0, or a named error, its exit code, and not a
//! row less or more at the destination than before.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use apiduct_testkit::{
    Accept, BrokenChunks, BrokenGzip, Chaos, Collection, Fault, MockApi, MockApiBuilder, Place,
    Reply, Stage,
};
use serde_json::{Value, json};

use crate::program::Program;

/// A page of five rows of fifteen, the first of which is `from`.
fn page(from: u64) -> Reply {
    let row = |id: u64| json!({"id": id, "text": format!("a \"{id}\""), "tags": [{"of": id}]});
    let rows: Vec<Value> = (from..from + 5).map(row).collect();
    let next = (from < 10).then_some(from + 5);
    Reply::json(&json!({"data": rows, "next": next}))
}

fn write(program: &Program, api: &MockApi, resources: &str, retries: u32, more: &str) {
    let text = format!(
        "client: {{base_url: '{}', paginator: {{type: cursor, cursor_path: next, cursor_param: from}}}}\n\
         resource_defaults: {{endpoint: {{data_selector: data}}}}\n\
         resources: [{resources}]\n\
         runtime: {{max_retries: {retries}, backoff_factor: 0.001{more}}}\n",
        api.base_url()
    );
    program.write("api.yaml", &text);
}

/// The numbers of rows, of different rows, and of rows of the nested table.
fn rows(program: &Program, table: &str) -> Value {
    let query = format!(
        "SELECT count(*) AS rows, count(DISTINCT id) AS ids, min(id) AS first, max(id) AS last, (SELECT count(*) FROM {table}__tags) AS tags FROM {table}"
    );
    let text = program.ok(&["sql", "api.yaml", &query, "--output-format", "json"]);
    serde_json::from_str::<Value>(&text).unwrap()[0].take()
}

fn fifteen() -> Value {
    json!({"rows": 15, "ids": 15, "first": 0, "last": 14, "tags": 15})
}

/// Faults that another try gets over.
fn passing() -> Vec<Fault> {
    let pause = Duration::from_millis(1);
    let mut faults = vec![
        Fault::Status(500),
        Fault::Status(429),
        Fault::HtmlPage,
        Fault::Truncate(0.5),
        Fault::CutJson(0.0),
        Fault::WrongCharset,
        Fault::ShortLength(9),
        Fault::LongLength(9),
        Fault::LimitData(20),
        Fault::Hang,
        Fault::Timeout { after: pause },
        Fault::SlowClose { after: pause },
        Fault::Latency {
            base: pause,
            jitter: pause,
        },
        Fault::Bandwidth {
            bytes_per_second: 100_000,
        },
        Fault::Slice {
            size: 50,
            spread: 40,
            pause,
        },
        Fault::BrokenGzip(BrokenGzip::Cut),
    ];
    faults.extend(Stage::ALL.map(Fault::ResetAt));
    faults.extend(Place::ALL.map(Fault::TruncateAt));
    faults.extend(Place::ALL.map(Fault::CutAt));
    faults.extend(BrokenChunks::ALL.map(Fault::BrokenChunks));
    faults
}

#[test]
fn a_run_gets_over_every_fault_that_passes() {
    let faults = passing();
    let mut builder = MockApi::builder().accept([Accept::Reset, Accept::Serve, Accept::Close]);
    let mut resources = String::new();
    for (number, fault) in faults.iter().enumerate() {
        let (fault, is_struck) = (fault.clone(), AtomicBool::new(false));
        builder = builder.get(&format!("/items{number}"), move |request| {
            let from = request.number_param("from").unwrap_or(0);
            let reply = page(from);
            if from == 5 && !is_struck.swap(true, Ordering::Relaxed) {
                return reply.fault(fault.clone());
            }
            reply
        });
        write!(resources, "items{number}, ").unwrap();
    }
    let api = builder.start();
    let program = Program::with_api(&api);
    write(&program, &api, &resources, 5, ", idle_timeout: 2s");
    let receipt = program.ok(&["run", "api.yaml", "--format", "json"]);
    let receipt: Value = serde_json::from_str(&receipt).unwrap();
    assert_eq!(receipt["status"], "complete");
    for (number, fault) in faults.iter().enumerate() {
        let table = format!("items{number}");
        assert_eq!(receipt["tables"][&table], 15, "{fault:?}");
    }
    for number in [0, faults.len() / 2, faults.len() - 1] {
        assert_eq!(rows(&program, &format!("items{number}")), fifteen());
    }
}

/// A program whose first run is good, and whose second one meets `reply` in place of the second page.
fn second_run_meets(reply: Reply, retries: u32, more: &str) -> (MockApi, Program) {
    let is_good = AtomicBool::new(true);
    let api = MockApi::builder()
        .get("/items", move |request| {
            let from = request.number_param("from").unwrap_or(0);
            if from == 10 {
                is_good.store(false, Ordering::Relaxed);
            }
            if from == 5 && !is_good.load(Ordering::Relaxed) {
                return reply.clone();
            }
            page(from)
        })
        .start();
    let program = Program::with_api(&api);
    write(&program, &api, "items", retries, more);
    program.ok(&["run", "api.yaml"]);
    (api, program)
}

#[test]
fn a_fault_that_stays_is_named_and_leaves_the_destination_as_it_was() {
    let good = || page(5);
    let cases: [(Reply, i32, &str); 11] = [
        (good().fault(Fault::Status(503)), 3, "503"),
        (good().fault(Fault::Status(404)), 3, "404"),
        (Reply::error(401, "the token is too old"), 3, "401"),
        (good().fault(Fault::ResetAt(Stage::InBody)), 3, "broke"),
        (good().fault(Fault::TruncateAt(Place::Number)), 3, "broke"),
        (
            good().fault(Fault::BrokenChunks(BrokenChunks::Size)),
            3,
            "broke",
        ),
        (
            good().fault(Fault::BrokenGzip(BrokenGzip::Middle)),
            3,
            "decompress",
        ),
        (good().fault(Fault::CutAt(Place::BetweenRecords)), 3, "JSON"),
        (good().fault(Fault::WrongCharset), 3, "JSON"),
        (Reply::html("<html>Please log in</html>"), 3, "JSON"),
        (
            Reply::error(429, "tomorrow").header("Retry-After", "86400"),
            6,
            "86400",
        ),
    ];
    for (reply, code, word) in cases {
        let (_api, program) = second_run_meets(reply.clone(), 1, "");
        let outcome = program.call(&["run", "api.yaml"]);
        assert_eq!(outcome.code, code, "{outcome}");
        assert!(outcome.stderr.contains(word), "{outcome}");
        assert!(
            outcome.stderr.contains("page 2 of resource `items`"),
            "{outcome}"
        );
        assert_eq!(rows(&program, "items"), fifteen(), "{reply:?}");
    }
}

#[test]
fn silence_is_named_and_leaves_the_destination_as_it_was() {
    let (_api, program) = second_run_meets(page(5).fault(Fault::Hang), 0, ", idle_timeout: 2s");
    let outcome = program.call(&["run", "api.yaml"]);
    assert_eq!(outcome.code, 3, "{outcome}");
    assert!(
        outcome.stderr.contains("idle time limit of 2s"),
        "{outcome}"
    );
    assert_eq!(rows(&program, "items"), fifteen());
}

#[test]
fn a_wrong_character_within_a_record_is_named_and_leaves_the_destination_as_it_was() {
    let spoiled = br#"{"data":[{"id":5,"text";"x"}],"next":null}"#;
    let (_api, program) = second_run_meets(Reply::raw_json(&spoiled[..]), 1, "");
    let outcome = program.call(&["run", "api.yaml"]);
    assert_eq!(outcome.code, 4, "{outcome}");
    assert!(
        outcome.stderr.contains("page 2") && outcome.stderr.contains("items"),
        "{outcome}"
    );
    assert_eq!(rows(&program, "items"), fifteen());
}

#[test]
fn a_server_that_goes_down_is_named_and_leaves_the_destination_as_it_was() {
    let (api, program) = second_run_meets(page(5), 2, "");
    let switch = api.switch();
    api.on_request(2, move |_| switch.down());
    let outcome = program.call(&["run", "api.yaml"]);
    assert_eq!(outcome.code, 3, "{outcome}");
    assert!(outcome.stderr.contains("Connection refused"), "{outcome}");
    assert_eq!(rows(&program, "items"), fifteen());
    api.up();
    program.ok(&["run", "api.yaml"]);
    assert_eq!(rows(&program, "items")["rows"], 30);
}

/// Five hundred pages of four rows. Each request that is asked for the first time may go wrong.
fn five_hundred(faults: &[(Fault, f64)]) -> MockApiBuilder {
    let mut chaos = Chaos::seed(77).at_most_in_a_row(3);
    for (fault, share) in faults {
        chaos = chaos.rate(fault.clone(), *share);
    }
    let row = |id| json!({"id": id, "text": format!("row {id}"), "tags": [{"of": id}]});
    MockApi::builder()
        .mount(Collection::new("items", (0..2_000).map(row)).page_size(4))
        .chaos(chaos)
}

#[test]
fn five_hundred_pages_arrive_exactly_whatever_goes_wrong_on_the_way() {
    let chaos = [
        (
            "failures",
            vec![
                (Fault::Status(502), 0.02),
                (Fault::Reset, 0.01),
                (Fault::Truncate(0.6), 0.01),
            ],
        ),
        ("cuts", vec![(Fault::CutJson(0.6), 0.01)]),
    ];
    let whole = json!({"rows": 2_000, "ids": 2_000, "first": 0, "last": 1_999, "tags": 2_000});
    for (name, faults) in chaos {
        let api = five_hundred(&faults).start();
        let program = Program::with_api(&api);
        let text = format!(
            "client: {{base_url: '{}'}}\nresources: [items]\nruntime: {{backoff_factor: 0.01}}\n",
            api.base_url()
        );
        program.write("api.yaml", &text);
        let receipt = program.ok(&["run", "api.yaml", "--format", "json"]);
        let receipt: Value = serde_json::from_str(&receipt).unwrap();
        assert_eq!(rows(&program, "items"), whole, "{name}");
        let faults = api.stats().faults;
        assert!(faults > 0, "{name}");
        assert_eq!(receipt["resources"]["items"]["retries"], faults, "{name}");
    }
}
