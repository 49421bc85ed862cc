//! Incremental loads that cannot work.

use super::resources;

/// The report for one endpoint with these keys.
fn endpoint(keys: &str) -> String {
    resources(&format!("  - {{name: a, endpoint: {{{keys}}}}}"))
}

/// The report for one incremental load with these keys beside `cursor_path`.
fn incremental(keys: &str) -> String {
    endpoint(&format!("incremental: {{cursor_path: at, {keys}}}"))
}

#[test]
fn words_that_do_not_exist_name_those_that_do() {
    insta::assert_snapshot!(incremental("last_value_func: avg, on_cursor_value_missing: skip, row_order: up, range_start: half, scope: all, type: datetime, cursor_from: header"), @r"
    source.yaml:3:74: resources[0].endpoint.incremental.last_value_func: unknown `last_value_func` `avg`
      hint: valid are `max`, `min`
    source.yaml:3:104: resources[0].endpoint.incremental.on_cursor_value_missing: unknown rule for rows without a cursor `skip`
      hint: valid are `raise`, `include`, `exclude`
    source.yaml:3:121: resources[0].endpoint.incremental.row_order: unknown row order `up`
      hint: valid are `asc`, `desc`
    source.yaml:3:138: resources[0].endpoint.incremental.range_start: unknown range `half`
      hint: valid are `closed`, `open`
    source.yaml:3:151: resources[0].endpoint.incremental.scope: unknown scope `all`
      hint: valid are `resource`, `parent`
    source.yaml:3:162: resources[0].endpoint.incremental.type: unknown type of cursor `datetime`
      hint: did you mean `date`? valid are `timestamp`, `date`, `int`, `decimal`, `text`
    source.yaml:3:185: resources[0].endpoint.incremental.cursor_from: unknown place of the cursor `header`
      hint: valid are `rows`, `response`, `clock`
    ");
}

#[test]
fn a_block_without_cursor_path_is_refused() {
    insta::assert_snapshot!(endpoint("incremental: {initial_value: 1}"), @r"
    source.yaml:3:39: resources[0].endpoint.incremental: required key `cursor_path` is missing
      hint: add `cursor_path`: JSONPath of the cursor in a row, or in a page with `cursor_from: response`
    ");
    insta::assert_snapshot!(endpoint("incremental: {cursor_from: clock, cursor_path: at}"), @r"
    source.yaml:3:73: resources[0].endpoint.incremental.cursor_path: a cursor from the clock has no `cursor_path`
      hint: remove one of `cursor_from` and `cursor_path`
    ");
}

#[test]
fn values_of_a_wrong_shape_say_what_is_expected() {
    insta::assert_snapshot!(incremental("initial_value: true, end_value: [1], lag: often, window: -1, allow_external_schedulers: 1, convert: 5"), @r"
    source.yaml:3:72: resources[0].endpoint.incremental.initial_value: expected a text or a number, found a boolean
      hint: replace it by a text or a number
    source.yaml:3:89: resources[0].endpoint.incremental.end_value: expected a text or a number, found a list
      hint: replace it by a text or a number
    source.yaml:3:99: resources[0].endpoint.incremental.lag: `often` is not a duration
      hint: write it like `30s`, `5m` or `1h 30m`
    source.yaml:3:114: resources[0].endpoint.incremental.window: `-1` is not a duration
      hint: write it like `30s`, `5m` or `1h 30m`
    source.yaml:3:145: resources[0].endpoint.incremental.allow_external_schedulers: expected `true` or `false`, found a number
      hint: write one of the two, without quotes
    source.yaml:3:157: resources[0].endpoint.incremental.convert: expected a text, found a number
      hint: put it into quotes, if that is what is meant
    ");
}

#[test]
fn formats_and_zones_that_do_not_exist_are_refused() {
    insta::assert_snapshot!(incremental("format: rfc3339, request_format: epoch, timezone: Mars/Base"), @r"
    source.yaml:3:65: resources[0].endpoint.incremental.format: `rfc3339` is not a format of times
      hint: write it like `iso8601`, `unix`, `unix_ms`, `date` or a pattern such as `%d.%m.%Y`
    source.yaml:3:90: resources[0].endpoint.incremental.request_format: `epoch` is not a format of times
      hint: write it like `iso8601`, `unix`, `unix_ms`, `date` or a pattern such as `%d.%m.%Y`
    source.yaml:3:107: resources[0].endpoint.incremental.timezone: `Mars/Base` is not a time zone
      hint: write it like `Europe/Berlin`, `UTC` or `+02:00`
    ");
}

#[test]
fn an_end_needs_a_start_that_comes_before_it() {
    insta::assert_snapshot!(incremental("end_value: '2024-01-01'"), @r"
    source.yaml:3:68: resources[0].endpoint.incremental.end_value: `end_value` needs `initial_value`, where the interval begins
      hint: add `initial_value`, or remove `end_value`
    ");
    insta::assert_snapshot!(incremental("initial_value: '2024-02-01', end_value: '2024-01-01'"), @r"
    source.yaml:3:97: resources[0].endpoint.incremental.end_value: `end_value` `2024-01-01` does not come after `initial_value` `2024-02-01`
      hint: swap the two, or move one of them
    ");
    insta::assert_snapshot!(incremental("initial_value: 1, end_value: 1"), @r"
    source.yaml:3:86: resources[0].endpoint.incremental.end_value: `end_value` `1` does not come after `initial_value` `1`
      hint: swap the two, or move one of them
    ");
    insta::assert_snapshot!(incremental("initial_value: 1, end_value: 5, last_value_func: min"), @r"
    source.yaml:3:86: resources[0].endpoint.incremental.end_value: `end_value` `5` does not come after `initial_value` `1`
      hint: swap the two, or move one of them
    ");
}

#[test]
fn bounds_of_different_types_cannot_be_compared() {
    insta::assert_snapshot!(incremental("initial_value: 1, end_value: tomorrow"), @r"
    source.yaml:3:86: resources[0].endpoint.incremental.end_value: `tomorrow` is not a number of at most 26 digits and 12 behind the point
      hint: say what the values are with `incremental.type`, and with `format` where they are times
    ");
    insta::assert_snapshot!(incremental("type: timestamp, initial_value: 17"), @r"
    source.yaml:3:89: resources[0].endpoint.incremental.initial_value: `17` is a number, and nothing says which time it stands for
      hint: set `format: unix` (seconds) or `unix_ms`
    ");
    insta::assert_snapshot!(incremental("type: int, initial_value: 17, lag: 1h"), @r"
    source.yaml:3:92: resources[0].endpoint.incremental.lag: a cursor of type `int` cannot move by a span of time
      hint: set `incremental.type` to what the values are
    ");
    insta::assert_snapshot!(incremental("initial_value: abc, request_format: unix"), @r"
    source.yaml:3:93: resources[0].endpoint.incremental.request_format: `abc` is not a timestamp
      hint: say what the values are with `incremental.type`, and with `format` where they are times
    ");
}

#[test]
fn a_resource_has_one_incremental_parameter() {
    insta::assert_snapshot!(endpoint("params: {a: {type: incremental, cursor_path: x}, b: {type: incremental, cursor_path: y}}"), @r"
    source.yaml:3:78: resources[0].endpoint.params.b: a resource has one incremental load, and parameters `a` and `b` each declare one
      hint: declare it in `endpoint.incremental` and write `{incremental.start_value}` in both
    ");
}

#[test]
fn an_end_is_not_set_at_a_parameter() {
    insta::assert_snapshot!(endpoint("params: {a: {type: incremental, cursor_path: x, initial_value: 0, end_value: 0}}"), @r"
    source.yaml:3:92: resources[0].endpoint.params.a: key `end_value` does not belong to a parameter of type `incremental`
      hint: it belongs to `endpoint.incremental`
    ");
    insta::assert_snapshot!(endpoint("params: {a: {type: incremental, cursor_path: x, end_param: until}}"), @r"
    source.yaml:3:74: resources[0].endpoint.params.a: key `end_param` does not belong to a parameter of type `incremental`
      hint: it belongs to `endpoint.incremental`
    ");
}

#[test]
fn a_parameter_of_another_type_is_unknown() {
    insta::assert_snapshot!(endpoint("params: {a: {type: incremantal, cursor_path: x}}"), @r"
    source.yaml:3:45: resources[0].endpoint.params.a.type: unknown type of parameter `incremantal`
      hint: did you mean `incremental`? valid are `resolve`, `incremental`
    ");
}

#[test]
fn an_incremental_parameter_is_not_bound_in_a_path() {
    insta::assert_snapshot!(endpoint("path: 'x/{since}/y', params: {since: {type: incremental, cursor_path: x}}"), @r"
    source.yaml:3:32: resources[0].endpoint.path: parameter `since` is of type `incremental`, so `{since}` in the path has no value
      hint: give it one value, or write `{resources.PARENT.FIELD}` in place of `{since}`
    ");
}

#[test]
fn placeholders_need_an_incremental_load() {
    insta::assert_snapshot!(endpoint("params: {since: '{incremental.start_value}'}, json: {a: ['{incremental.end_value}']}"), @r"
    source.yaml:3:42: resources[0].endpoint.params.since: `{incremental.start_value}` refers to an incremental load, and the endpoint has none
      hint: add `incremental: {cursor_path: ...}` to the endpoint
    source.yaml:3:78: resources[0].endpoint.json: `{incremental.end_value}` refers to an incremental load, and the endpoint has none
      hint: add `incremental: {cursor_path: ...}` to the endpoint
    ");
    insta::assert_snapshot!(endpoint("incremental: {cursor_path: at}, params: {since: '{incremental.start}'}"), @r"
    source.yaml:3:74: resources[0].endpoint.params.since: unknown value of the incremental load `start`
      hint: did you mean `start_value`? valid are `start_value`, `initial_value`, `last_value`, `end_value`, `lag`
    ");
}

#[test]
fn text_around_a_bound_needs_a_value_from_the_first_run_on() {
    insta::assert_snapshot!(endpoint("path: 'since/{incremental.start_value}/x', params: {q: 'at>{incremental.start_value} at<{incremental.end_value}'}, incremental: {cursor_path: at}"), @r"
    source.yaml:3:32: resources[0].endpoint.path: `{incremental.start_value}` may have no value here, and the text around it cannot do without
      hint: set `initial_value`, or make the placeholder a parameter of its own, which is left out then
    source.yaml:3:81: resources[0].endpoint.params.q: `{incremental.start_value}` may have no value here, and the text around it cannot do without
      hint: set `initial_value`, or make the placeholder a parameter of its own, which is left out then
    source.yaml:3:81: resources[0].endpoint.params.q: `{incremental.end_value}` may have no value here, and the text around it cannot do without
      hint: set `end_value` or `window`, or make the placeholder a parameter of its own, which is left out then
    ");
}

#[test]
fn a_parameter_is_not_set_twice() {
    insta::assert_snapshot!(endpoint("params: {since: 1}, incremental: {cursor_path: at, start_param: since}"), @r"
    source.yaml:3:90: resources[0].endpoint.incremental.start_param: parameter `since` is set in `params` too
      hint: keep one of the two
    ");
}

#[test]
fn a_cursor_for_each_parent_needs_a_parent() {
    insta::assert_snapshot!(incremental("scope: parent"), @r"
    source.yaml:3:64: resources[0].endpoint.incremental.scope: `scope: parent` needs a parent, and the resource has none
      hint: remove it, or refer to a parent with `{resources.PARENT.FIELD}`
    ");
}

#[test]
fn windows_need_an_interval_that_can_be_cut() {
    insta::assert_snapshot!(incremental("window: 7d"), @r"
    source.yaml:3:65: resources[0].endpoint.incremental.window: `window` needs `initial_value`, where the first window begins
      hint: add `initial_value`, or remove `window`
    ");
    insta::assert_snapshot!(incremental("window: 0, initial_value: 1, last_value_func: min"), @r"
    source.yaml:3:65: resources[0].endpoint.incremental.window: a window of no width never ends
      hint: write it like `7d`
    source.yaml:3:65: resources[0].endpoint.incremental.window: `window` needs a cursor that rises
      hint: remove `last_value_func: min`
    source.yaml:3:65: resources[0].endpoint.incremental.window: `window` over numbers needs `end_value`: nothing else says where the last one ends
      hint: set `end_value`, or remove `window`
    ");
    insta::assert_snapshot!(incremental("window: 100, initial_value: 1"), @r"
    source.yaml:3:65: resources[0].endpoint.incremental.window: `window` over numbers needs `end_value`: nothing else says where the last one ends
      hint: set `end_value`, or remove `window`
    ");
    insta::assert_snapshot!(endpoint("incremental: {cursor_from: response, cursor_path: x, window: 1d, initial_value: '2024-01-01'}"), @r"
    source.yaml:3:87: resources[0].endpoint.incremental.window: `window` needs a cursor in the rows or from the clock
      hint: remove `window`
    ");
    let text = "  - {name: p, endpoint: {incremental: {cursor_path: at}}}
  - {name: c, endpoint: {path: 'p/{resources.p.id}/c', incremental: {cursor_path: at, window: 1d, initial_value: '2024-01-01'}}}";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:69: resources[1].endpoint.incremental: `window` goes through the rows of parent `p` several times, and those are loaded incrementally, once
      hint: set `window` at the parent instead
    ");
}

#[test]
fn keys_about_rows_do_not_go_with_a_cursor_from_elsewhere() {
    insta::assert_snapshot!(endpoint("incremental: {cursor_from: clock, row_order: asc, primary_key: [id], on_cursor_value_missing: include}"), @r"
    source.yaml:3:71: resources[0].endpoint.incremental.row_order: `row_order` is about cursors in rows, and this one is from the clock
      hint: remove it
    source.yaml:3:89: resources[0].endpoint.incremental.primary_key: `primary_key` is about cursors in rows, and this one is from the clock
      hint: remove it
    source.yaml:3:120: resources[0].endpoint.incremental.on_cursor_value_missing: `on_cursor_value_missing` is about cursors in rows, and this one is from the clock
      hint: remove it
    ");
}

#[test]
fn an_interval_from_a_scheduler_is_given_to_backfill() {
    insta::assert_snapshot!(incremental("allow_external_schedulers: true"), @r"
    source.yaml:3:84: resources[0].endpoint.incremental.allow_external_schedulers: an interval from an external scheduler is not supported by this version
      hint: let the scheduler call `apiduct backfill FILE --from X --to Y`
    ");
}
