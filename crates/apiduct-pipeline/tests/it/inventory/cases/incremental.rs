use super::*;

/// What the request of the first run sent, with `keys` at an endpoint that answers one row.
async fn query(keys: &str) -> String {
    let world = echo();
    let file = format!(
        "  - {{name: c, endpoint: {{path: echo, data_selector: $, paginator: single_page, {keys}}}}}\n"
    );
    world.run(&file).await.unwrap();
    sent(&world, "/echo").remove(0).raw_query
}

const START: &str = "cursor_path: at, initial_value: '2024-01-01T00:00:00Z'";
const END: &str = "end_value: '2024-02-01T00:00:00Z'";

#[tokio::test]
async fn every_notation_converts_its_bounds_with_and_without_an_end() {
    for convert in ["convert: unix", "request_format: unix"] {
        let both = "params: {since: '{incremental.start_value}', until: '{incremental.end_value}'}";
        for (keys, expected) in [
            (
                format!("incremental: {{{START}, {END}, {convert}}}, {both}"),
                "since=1704067200&until=1706745600",
            ),
            (
                format!("incremental: {{{START}, {convert}}}, {both}"),
                "since=1704067200",
            ),
            (
                format!(
                    "incremental: {{{START}, {END}, {convert}, start_param: since, end_param: until}}"
                ),
                "since=1704067200&until=1706745600",
            ),
            (
                format!(
                    "incremental: {{{START}, {convert}, start_param: since, end_param: until}}"
                ),
                "since=1704067200",
            ),
            (
                format!("params: {{since: {{type: incremental, {START}, {convert}}}}}"),
                "since=1704067200",
            ),
            (
                format!(
                    "incremental: {{{START}, {convert}}}, params: {{q: 'at>{{incremental.start_value}}|{{incremental.initial_value}}'}}"
                ),
                "q=at%3E1704067200%7C1704067200",
            ),
        ] {
            assert_eq!(query(&keys).await, expected, "{keys}");
        }
    }
}

#[tokio::test]
async fn bounds_are_sent_as_written_where_nothing_converts_them() {
    let keys = format!("incremental: {{{START}, start_param: since}}");
    assert_eq!(query(&keys).await, "since=2024-01-01T00%3A00%3A00Z");
}

#[tokio::test]
async fn a_run_that_finds_nothing_new_loads_no_table() {
    let world = echo();
    let file = format!(
        "  - {{name: c, endpoint: {{path: echo, data_selector: $, paginator: single_page, incremental: {{{START}}}}}}}\n"
    );
    assert_eq!(world.run(&file).await.unwrap().tables["c"], 1);
    let second = world.run(&file).await.unwrap();
    assert!(second.tables.is_empty(), "{:?}", second.tables);
    assert_eq!(second.resources["c"].skipped["already_loaded"], 1);
    assert_eq!(world.count("c"), "1");
}

#[tokio::test]
async fn a_check_says_which_cursor_is_not_there() {
    let world = echo();
    let file = "  - {name: c, endpoint: {path: echo, data_selector: $, incremental: {cursor_path: updated_at}}}\n";
    let checks = world.builder(file).build().check().await;
    let error = checks[0].outcome.as_ref().unwrap_err();
    let cause = std::error::Error::source(error).unwrap().to_string();
    assert!(cause.contains("`updated_at`"), "{error}: {cause}");
}
