use apiduct_model::cursor::{CursorType, TimeFormat};

use super::*;
use crate::locate::Format;
use crate::plan::{Plan, ResourcePlan};

fn resource(endpoint: &str) -> ResourcePlan {
    let text = format!(
        "client: {{base_url: 'https://h'}}\nresources:\n  - {{name: a, primary_key: id, endpoint: {{{endpoint}}}}}"
    );
    let plan =
        Plan::parse(&text, Format::Yaml, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"));
    plan.resources.into_iter().next().unwrap()
}

fn incremental(keys: &str) -> IncrementalPlan {
    let one = resource(&format!("incremental: {{cursor_path: at, {keys}}}"));
    one.incremental.unwrap().as_ref().clone()
}

fn params(resource: &ResourcePlan) -> Vec<String> {
    let params = resource.request.params.iter();
    params
        .map(|one| format!("{}={}", one.key, one.values[0]))
        .collect()
}

#[test]
fn what_is_left_out_has_the_defaults_of_the_reference() {
    let plan = incremental("");
    assert_eq!(plan.extreme, Extreme::Max);
    assert_eq!(plan.missing, MissingCursor::Raise);
    assert_eq!(plan.scope, IncrementalScope::Resource);
    assert!(plan.is_start_closed && !plan.is_end_closed);
    assert_eq!(
        plan.key,
        Some(vec!["id".to_owned()]),
        "the key of the resource"
    );
    assert_eq!(
        (plan.lag, plan.row_order, plan.cursor_type),
        (None, None, None)
    );
    assert_eq!(plan.known_type(), None);
}

#[test]
fn every_key_is_read() {
    let plan = incremental(
        "type: date, format: unix_ms, request_format: '%d', timezone: Europe/Berlin, initial_value: 5, \
         last_value_func: min, primary_key: [], row_order: desc, lag: 2, range_start: open, range_end: closed, \
         on_cursor_value_missing: exclude, allow_external_schedulers: false",
    );
    assert_eq!(plan.known_type(), Some(CursorType::Date));
    assert_eq!(plan.format, Some(TimeFormat::UnixMs));
    assert_eq!(plan.request_format, Some(TimeFormat::Pattern("%d".into())));
    assert!(!plan.zone.is_utc() && !plan.is_start_closed && plan.is_end_closed);
    assert_eq!(plan.extreme, Extreme::Min);
    assert_eq!(plan.key, None, "an empty list switches it off");
    assert_eq!(plan.row_order, Some(RowOrder::Descending));
    assert_eq!(plan.missing, MissingCursor::Exclude);
    assert_eq!(plan.lag.unwrap().to_string(), "2");
}

#[test]
fn types_come_from_the_initial_value() {
    for (initial, expected) in [
        ("'2024-01-01'", CursorType::Timestamp),
        ("17", CursorType::Decimal),
        ("abc", CursorType::Text),
    ] {
        let plan = incremental(&format!("initial_value: {initial}"));
        assert_eq!(plan.known_type(), Some(expected), "{initial}");
    }
}

#[test]
fn three_notations_send_the_start() {
    let placeholder =
        "params: {since: '{incremental.start_value}'}, incremental: {cursor_path: at}";
    let block = "incremental: {cursor_path: at, start_param: since}";
    let param = "params: {since: {type: incremental, cursor_path: at}}";
    for notation in [placeholder, block, param] {
        let resource = resource(notation);
        assert_eq!(
            params(&resource),
            ["since={incremental.start_value}"],
            "{notation}"
        );
        let plan = resource.incremental.unwrap();
        assert_eq!(plan.row_cursor().unwrap().as_str(), "at", "{notation}");
    }
}

#[test]
fn a_parameter_wins_over_the_block() {
    let both = resource(
        "incremental: {cursor_path: block}, params: {since: {type: incremental, cursor_path: param, lag: 3, initial_value: 1}}",
    );
    let plan = both.incremental.unwrap();
    assert_eq!(plan.row_cursor().unwrap().as_str(), "param");
    assert_eq!(plan.lag.unwrap().to_string(), "3");
}

#[test]
fn both_bounds_have_a_parameter_if_wanted() {
    let both = resource(
        "params: {a: 1}, incremental: {cursor_path: at, start_param: since, end_param: until, initial_value: 1, end_value: 2}",
    );
    assert_eq!(
        params(&both),
        [
            "a=1",
            "since={incremental.start_value}",
            "until={incremental.end_value}"
        ]
    );
    assert!(both.incremental.unwrap().is_stateless());
}

#[test]
fn a_cursor_may_come_from_the_page_or_the_clock() {
    let page = resource("incremental: {cursor_from: response, cursor_path: meta.now}");
    assert!(matches!(
        page.incremental.unwrap().cursor,
        CursorFrom::Response(_)
    ));
    let clock = resource("incremental: {cursor_from: clock}");
    assert_eq!(clock.incremental.unwrap().cursor, CursorFrom::Clock);
}

#[test]
fn null_in_a_resource_takes_no_incremental_load_from_the_defaults() {
    let text = "client: {base_url: 'https://h'}\nresource_defaults: {endpoint: {incremental: {cursor_path: at}}}\n\
                resources: [{name: a, endpoint: {incremental: null}}, b]";
    let plan = Plan::parse(text, Format::Yaml, "t.yaml").unwrap();
    assert!(plan.resources[0].incremental.is_none());
    assert!(plan.resources[1].incremental.is_some());
}

#[test]
fn a_bound_in_the_last_segment_asks_for_no_single_record() {
    let resource = resource(
        "path: 'changes/{incremental.start_value}', incremental: {cursor_path: at, initial_value: '2024-01-01'}",
    );
    assert_eq!(resource.entity, crate::spec::Entity::Many);
}

#[test]
fn what_works_and_is_likely_not_wanted_is_a_warning() {
    let text = "client: {base_url: 'https://h'}\nresources:\n\
                - {name: a, write_disposition: replace, endpoint: {incremental: {cursor_path: at}}}\n\
                - {name: b, endpoint: {incremental: {cursor_path: at, lag: 1h}}}\n\
                - {name: c, endpoint: {params: {s: {type: incremental, cursor_path: at, transform: unix}}}}\n";
    let plan = Plan::parse(text, Format::Yaml, "t.yaml").unwrap();
    let shown: Vec<String> = plan.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "t.yaml:3:65: resources[0].endpoint.incremental: `replace` drops the rows of earlier runs, so every run starts at `initial_value` again",
            "t.yaml:4:37: resources[1].endpoint.incremental: `lag` loads rows again, and `append` keeps both",
            "t.yaml:5:84: resources[2].endpoint.params.s.transform: `transform` is the old name of this key",
            "t.yaml:5:36: resources[2].endpoint.params.s: a parameter of `type: incremental` is the old notation",
        ]
    );
}
