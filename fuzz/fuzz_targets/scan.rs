//! The scan and the Value road on any bytes: no panic, every span inside the page, and one answer on both roads.

#![no_main]

use apiduct_json::{Part, ScanPlan, Scanned, Selector};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// The plan of a page, by scan where `data` allows it.
fn plan(data: &str) -> ScanPlan {
    let captures = ["next", "meta.total", "data[-1].id", "links[0]"];
    let captures = captures.map(|text| Selector::parse(text).expect("a selector"));
    ScanPlan::new(Selector::parse(data).expect("a selector"), captures.into())
}

fn texts(scanned: &Scanned) -> Option<Vec<String>> {
    let texts = scanned.records.texts();
    texts.map(|text| text.ok().map(str::to_owned)).collect()
}

const DATA: [&str; 4] = ["data", "$", "a.b", "data[*]"];

thread_local! {
    static PLANS: Vec<(Selector, ScanPlan)> = DATA
        .iter()
        .map(|data| (Selector::parse(data).expect("a selector"), plan(data)))
        .collect();
}

/// How many records `value` has at `selector`.
fn count(selector: &Selector, value: &Value) -> usize {
    let is_wild = selector.as_str().ends_with("[*]");
    let found = selector.query(value);
    found
        .iter()
        .map(|one| match one.as_array() {
            Some(list) if !is_wild => list.len(),
            _ => usize::from(!one.is_null() || is_wild),
        })
        .sum()
}

fn check(selector: &Selector, plan: &ScanPlan, body: &Bytes, whole: Option<&Value>) {
    let Ok(scanned) = plan.scan(body) else {
        return;
    };
    assert!(scanned.records.spans().iter().all(|span| span.range().end <= body.len()));
    for part in scanned.records.parts() {
        if let Ok(Part::Elements(text) | Part::One(text)) = part {
            assert!(text.len() <= body.len());
        }
    }
    // Records that can all be read are records of the tree too.
    if let (Some(value), Some(texts)) = (whole, texts(&scanned)) {
        assert_eq!(texts.len(), count(selector, value), "{selector:?}");
    }
}

fuzz_target!(|bytes: &[u8]| {
    let body = Bytes::copy_from_slice(bytes);
    let whole = apiduct_json::parse_value(bytes).ok();
    PLANS.with(|plans| {
        for (selector, plan) in plans {
            check(selector, plan, &body, whole.as_ref());
        }
    });
});
