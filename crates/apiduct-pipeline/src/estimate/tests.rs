use apiduct_config::Format;

use super::*;
use crate::preview::CheckedResource;

fn page(rows: u64, total: Option<Total>) -> FirstPage {
    FirstPage {
        rows,
        total,
        is_last: false,
        is_ahead: total.is_some(),
        elapsed: Duration::from_millis(100),
    }
}

fn last(rows: u64) -> FirstPage {
    FirstPage {
        is_last: true,
        ..page(rows, None)
    }
}

/// What a run of `resources` needs, whose first pages are `first`.
fn estimate(resources: &str, first: &[(&str, FirstPage)]) -> RunEstimate {
    let text = format!(
        "name: shop\nclient: {{base_url: 'https://api.example.com'}}\nruntime: {{concurrency: 4, rate_limit: 10/s}}\nresources:\n{resources}"
    );
    let plan = Plan::parse(&text, Format::Yaml, "shop.yaml").unwrap();
    let check = ResourceCheck {
        resource: "all".into(),
        outcome: Ok(CheckedResource {
            rows: 0,
            findings: Vec::new(),
            detail: serde_json::Value::Null,
            missing_key: Vec::new(),
            first_pages: first
                .iter()
                .map(|(name, page)| ((*name).into(), *page))
                .collect(),
        }),
    };
    RunEstimate::new(&plan, &[check])
}

fn of(run: &RunEstimate, name: &str) -> (u64, u64, Certainty) {
    let one = run.resources[name];
    (one.requests, one.rows, one.certainty)
}

#[test]
fn pages_follow_from_the_total_that_the_api_gives() {
    use Certainty::{About, AtLeast, Exact};
    for (first, wanted) in [
        (last(7), (1, 7, Exact)),
        (last(0), (1, 0, Exact)),
        (page(50, Some(Total::Records(201))), (5, 201, About)),
        (page(50, Some(Total::Pages(4))), (4, 200, About)),
        (page(50, Some(Total::Unclear(90))), (2, 90, AtLeast)),
        (page(50, None), (2, 50, AtLeast)),
        (page(0, None), (2, 0, AtLeast)),
    ] {
        let run = estimate("  - a", &[("a", first)]);
        assert_eq!(of(&run, "a"), wanted, "{first:?}");
        assert_eq!((run.requests, run.certainty), (wanted.0, wanted.2));
    }
}

#[test]
fn bounds_of_the_file_bound_the_estimate() {
    let total = Some(Total::Records(1000));
    let bounded = |bound: &str, total| {
        let resources = format!("  - {{name: a, endpoint: {{path: a, {bound}}}}}");
        of(&estimate(&resources, &[("a", page(50, total))]), "a")
    };
    assert_eq!(bounded("max_pages: 3", total), (3, 150, Certainty::About));
    assert_eq!(
        bounded("max_records: 120", total),
        (3, 120, Certainty::About)
    );
    assert_eq!(bounded("max_pages: 1", None), (1, 50, Certainty::About));
    assert_eq!(bounded("max_pages: 9", None), (2, 50, Certainty::AtLeast));
}

#[test]
fn children_are_asked_for_once_for_each_row_or_batch_of_the_parent() {
    let child = "  - a\n  - {name: b, endpoint: {path: 'a/{resources.a.id}/b'}}";
    let total = Some(Total::Records(200));
    let run = estimate(child, &[("a", page(50, total)), ("b", last(3))]);
    assert_eq!(of(&run, "b"), (200, 600, Certainty::About));
    assert_eq!(run.requests, 204);

    let run = estimate(child, &[("a", page(50, None)), ("b", last(3))]);
    assert_eq!(of(&run, "b"), (50, 150, Certainty::AtLeast));

    let batched = "  - a\n  - {name: b, batch_size: 30, endpoint: {path: b, params: {ids: \"{resources.a.id|join(',')}\"}}}";
    let run = estimate(batched, &[("a", last(100)), ("b", last(30))]);
    assert_eq!(of(&run, "b"), (4, 120, Certainty::About));
}

#[test]
fn a_resource_whose_parent_is_unknown_is_left_out_and_told() {
    let child = "  - a\n  - {name: b, endpoint: {path: 'a/{resources.a.id}/b'}}";
    let run = estimate(child, &[("b", last(3))]);
    assert!(run.resources.is_empty());
    assert_eq!((run.requests, run.certainty), (0, Certainty::AtLeast));
}

#[test]
fn the_time_is_that_of_the_rate_limit_or_of_the_answers_whichever_is_longer() {
    // 201 requests at 10 a second are 20 s; a tenth of a second each, four at a time, are 5 s.
    let many = estimate("  - a", &[("a", page(50, Some(Total::Pages(201))))]);
    assert_eq!(many.time, Duration::from_secs(20));
    let slow = FirstPage {
        elapsed: Duration::from_secs(2),
        ..page(50, Some(Total::Pages(40)))
    };
    assert_eq!(
        estimate("  - a", &[("a", slow)]).time,
        Duration::from_secs(20)
    );
    let one_by_one = FirstPage {
        is_ahead: false,
        ..slow
    };
    assert_eq!(
        estimate("  - a", &[("a", one_by_one)]).time,
        Duration::from_secs(80)
    );
}
