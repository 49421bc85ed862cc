//! Keys and values that cannot stand where they stand.

use apiduct_config::Format;

use super::{report, resources};

fn yaml(text: &str) -> String {
    report(text, Format::Yaml)
}

/// A document around a client with these keys.
fn client(keys: &str) -> String {
    yaml(&format!(
        "resources: []\nclient:\n  base_url: https://h\n{keys}"
    ))
}

fn runtime(keys: &str) -> String {
    yaml(&format!(
        "client: {{base_url: 'https://h'}}\nresources: []\nruntime:\n{keys}"
    ))
}

#[test]
fn an_empty_file_lacks_what_is_required() {
    insta::assert_snapshot!(yaml(""), @r"
    source.yaml:1:1: required key `client` is missing
      hint: add `client`: the API: where it is and how it is talked to
    source.yaml:1:1: required key `resources` is missing
      hint: add `resources`: what to pull; a text names a resource whose path is its name
    ");
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_the_file() {
    let text = r"
client:
  base_ulr: https://h
resource_default: {}
resources:
  - name: issues
    endpoint: {path: issues, parms: {}, method: FETCH}
  - name: comments
    endpoint: 'issues/{resources.isues.id}/comments'
runtime: {timeout: soon}
";
    insta::assert_snapshot!(yaml(text), @r"
    source.yaml:3:3: client: unknown key `base_ulr`
      hint: did you mean `base_url`?
    source.yaml:4:1: unknown key `resource_default`
      hint: did you mean `resource_defaults`?
    source.yaml:7:30: resources[0].endpoint: unknown key `parms`
      hint: did you mean `params`?
    source.yaml:7:49: resources[0].endpoint.method: unknown method `FETCH`
      hint: valid are `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, `HEAD`, `OPTIONS`
    source.yaml:9:15: resources[1].endpoint: resource `comments` needs resource `isues`, which is not in the file
      hint: did you mean `issues`?
    source.yaml:10:20: runtime.timeout: `soon` is not a duration
      hint: write it like `30s`, `5m` or `1h 30m`
    ");
}

#[test]
fn a_misspelled_key_names_the_nearest() {
    insta::assert_snapshot!(resources("  - {name: a, endpoint: {paginatr: auto}}"), @r"
    source.yaml:3:26: resources[0].endpoint: unknown key `paginatr`
      hint: did you mean `paginator`?
    ");
}

#[test]
fn a_key_like_no_other_lists_the_known_ones() {
    insta::assert_snapshot!(client("  zzz: 1"), @r"
    source.yaml:4:3: client: unknown key `zzz`
      hint: known keys are `base_url`, `headers`, `auth`, `paginator`, `retry_if`, `allowed_hosts`, `on_foreign_origin`, `network`, `client_certificate`
    ");
}

#[test]
fn a_key_of_the_endpoint_at_the_resource_says_where_it_belongs() {
    insta::assert_snapshot!(resources("  - {name: a, params: {x: 1}, auth: bearer}"), @r"
    source.yaml:3:15: resources[0]: key `params` does not belong to a resource
      hint: it belongs to `endpoint`
    source.yaml:3:31: resources[0]: key `auth` does not belong to a resource
      hint: it belongs to `endpoint`
    ");
}

#[test]
fn keys_of_the_reference_that_come_later_are_not_called_unknown() {
    let text = r"
  - name: a
    write_disposition: {disposition: replace, validity_column_names: [a, b]}
  - {name: b, write_disposition: {disposition: merge, strategy: scd2}, parallelized: true}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:5:47: resources[0].write_disposition.validity_column_names: `validity_column_names` is not supported by this version
      hint: remove it
    source.yaml:6:65: resources[1].write_disposition.strategy: strategy `scd2` is not supported by this version
      hint: use `upsert` to keep the newest version of each row, or `append` to keep all
    ");
}

#[test]
fn a_client_without_base_url_is_told_to_add_it() {
    insta::assert_snapshot!(yaml("client: {headers: {A: b}}\nresources: []"), @r"
    source.yaml:1:9: client: required key `base_url` is missing
      hint: add `base_url`: the URL in front of every path
    ");
}

#[test]
fn a_base_url_without_scheme_is_refused() {
    insta::assert_snapshot!(yaml("client: {base_url: api.example.com}\nresources: []"), @r"
    source.yaml:1:20: client.base_url: `api.example.com` is not an absolute http or https URL
      hint: write it like `https://api.example.com/v2`
    ");
}

#[test]
fn the_password_of_a_bad_base_url_is_not_repeated() {
    let report = yaml("client: {base_url: 'ftp://ada:hunter2@h'}\nresources: []");
    assert!(!report.contains("hunter2"), "{report}");
    insta::assert_snapshot!(report, @r"
    source.yaml:1:20: client.base_url: `ftp://***@h/` is not an absolute http or https URL
      hint: write it like `https://api.example.com/v2`
    ");
}

#[test]
fn a_required_key_may_not_be_null() {
    insta::assert_snapshot!(yaml("client: {base_url: null}\nresources: null"), @r"
    source.yaml:1:20: client.base_url: expected a text, found null
      hint: put it into quotes, if that is what is meant
    source.yaml:2:12: resources: expected a list, found null
      hint: write `[ONE, ANOTHER]`; one entry is `[ONE]`
    ");
}

#[test]
fn wrong_types_say_what_is_expected_and_what_is_there() {
    let text = r"
  - name: 12
  - [issues]
  - name: a
    selected: yes
    primary_key: {id: 1}
    include_from_parent: number
    endpoint: {path: [a], params: 7, headers: [x], data_selector: 3, allow_missing: 1}
  - {name: b, endpoint: 5}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:11: resources[0].name: expected a text, found a number
      hint: put it into quotes, if that is what is meant
    source.yaml:5:5: resources[1]: expected a text or a mapping, found a list
      hint: write a text, or `{KEY: VALUE}`
    source.yaml:7:15: resources[2].selected: expected `true` or `false`, found a text
      hint: write one of the two, without quotes
    source.yaml:8:18: resources[2].primary_key: expected a text, found a mapping
      hint: write one text in its place
    source.yaml:9:26: resources[2].include_from_parent: expected a list of fields, or a mapping of paths and names, found a text
      hint: write `[id]`, or `{user.login: author}`
    source.yaml:10:22: resources[2].endpoint.path: expected a text, found a list
      hint: write one text in its place
    source.yaml:10:35: resources[2].endpoint.params: expected a mapping, found a number
      hint: write `{KEY: VALUE}`
    source.yaml:10:47: resources[2].endpoint.headers: expected a mapping, found a list
      hint: write `{KEY: VALUE}`
    source.yaml:10:67: resources[2].endpoint.data_selector: expected a JSONPath, found a number
      hint: write a text such as `data.items`
    source.yaml:10:85: resources[2].endpoint.allow_missing: expected `true` or `false`, found a number
      hint: write one of the two, without quotes
    source.yaml:11:25: resources[3].endpoint: expected a text or a mapping, found a number
      hint: write a text, or `{KEY: VALUE}`
    ");
}

#[test]
fn resources_must_be_a_list() {
    insta::assert_snapshot!(yaml("client: {base_url: 'https://h'}\nresources: {a: b}"), @r"
    source.yaml:2:12: resources: expected a list, found a mapping
      hint: write `[ONE, ANOTHER]`; one entry is `[ONE]`
    ");
}

#[test]
fn the_file_must_be_a_mapping() {
    insta::assert_snapshot!(yaml("- a\n- b"), @r"
    source.yaml:1:1: expected a mapping, found a list
      hint: write `{KEY: VALUE}`
    ");
}

#[test]
fn an_unknown_word_lists_the_valid_ones() {
    let text = r"
  - {name: a, write_disposition: upsert, endpoint: {method: FETCH, entity: single}}
  - {name: b, columns: {x: {data_type: integer}, y: {data_type: wei}}}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:34: resources[0].write_disposition: unknown write disposition `upsert`
      hint: valid are `append`, `replace`, `merge`, `skip`
    source.yaml:4:61: resources[0].endpoint.method: unknown method `FETCH`
      hint: valid are `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, `HEAD`, `OPTIONS`
    source.yaml:4:76: resources[0].endpoint.entity: unknown kind of answer `single`
      hint: valid are `one`, `many`
    source.yaml:5:40: resources[1].columns.x.data_type: unknown data type `integer`
      hint: valid are `text`, `bigint`, `double`, `bool`, `timestamp`, `date`, `decimal`, `json`
    source.yaml:5:65: resources[1].columns.y.data_type: data type `wei` is not supported by this version
      hint: use `decimal`
    ");
}

#[test]
fn columns_take_a_mapping_and_a_scale_only_for_decimals() {
    let text = r"
  - {name: a, columns: [{name: x}]}
  - {name: b, columns: {x: {data_type: text, scale: 2}, y: {data_type: decimal, scale: 40}}}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:5:53: resources[1].columns.x.scale: only a `decimal` has a `scale`
      hint: write `data_type: decimal`, or remove `scale`
    source.yaml:5:88: resources[1].columns.y.scale: a `decimal` has 38 digits at most
      hint: write a `scale` from 0 to 38
    ");
}

#[test]
fn an_unknown_paginator_lists_the_valid_ones() {
    insta::assert_snapshot!(client("  paginator: headerlink"), @r"
    source.yaml:4:14: client.paginator: unknown paginator `headerlink`
      hint: did you mean `header_link`? valid are `auto`, `single_page`, `json_link`, `header_link`, `header_url`, `header_cursor`, `cursor`, `last_record`, `offset`, `page_number`, `range`, `odata`, `graphql`, `custom`
    ");
}

#[test]
fn a_key_of_another_paginator_says_whose_it_is() {
    insta::assert_snapshot!(client("  paginator: {type: page_number, limit: 3, pge: 1}"), @r"
    source.yaml:4:34: client.paginator: key `limit` does not belong to paginator `page_number`
      hint: it belongs to `offset`
    source.yaml:4:44: client.paginator: unknown key `pge`
      hint: did you mean `page`?
    ");
}

#[test]
fn a_paginator_that_needs_keys_cannot_be_a_word() {
    insta::assert_snapshot!(client("  paginator: offset"), @r"
    source.yaml:4:14: client.paginator: paginator `offset` needs `limit`
      hint: write `{type: offset, limit: ...}`
    ");
}

#[test]
fn a_paginator_mapping_needs_a_type() {
    insta::assert_snapshot!(client("  paginator: {limit: 3}"), @r"
    source.yaml:4:14: client.paginator: the paginator does not say its `type`
      hint: valid are `auto`, `single_page`, `json_link`, `header_link`, `header_url`, `header_cursor`, `cursor`, `last_record`, `offset`, `page_number`, `range`, `odata`, `graphql`, `custom`
    ");
}

#[test]
fn a_cursor_goes_to_one_place() {
    let text = "  paginator: {type: cursor, cursor_param: a, cursor_body_path: b.c}";
    insta::assert_snapshot!(client(text), @r"
    source.yaml:4:46: client.paginator: `cursor_param` and `cursor_body_path` exclude each other
      hint: the value goes to the query or to the body; keep one
    ");
}

#[test]
fn a_paginator_that_never_ends_is_refused() {
    let text = "  paginator: {type: page_number, total_path: null, stop_after_empty_page: false}";
    insta::assert_snapshot!(client(text), @r"
    source.yaml:4:14: client.paginator: one of `total_path`, `maximum_page`, `has_more_path` and `stop_after_empty_page` must be set
      hint: without one of them the paginator cannot know where the list ends
    ");
}

#[test]
fn two_spellings_of_one_setting_are_refused() {
    let text = "  paginator: {type: page_number, initial_page: 1, page: 2}";
    insta::assert_snapshot!(client(text), @r"
    source.yaml:4:51: client.paginator: `initial_page` and `page` are the same setting
      hint: keep `initial_page`
    ");
}

#[test]
fn a_bad_selector_shows_what_is_wrong_with_it() {
    insta::assert_snapshot!(client("  paginator: {type: json_link, next_url_path: 'a..'}"), @r"
    source.yaml:4:47: client.paginator.next_url_path: `a..` is not a JSONPath
      cause: cannot read the path `a..` at character 4: a step is missing after the dot
      hint: write `a`
    ");
}

#[test]
fn an_auth_with_tokens_needs_its_values_and_takes_no_others() {
    let auth =
        "{type: oauth2_client_credentials, client_id: x, client_secrt: y, client_auth: head}";
    insta::assert_snapshot!(client(&format!("  auth: {auth}")), @r"
    source.yaml:4:9: client.auth: required key `access_token_url` is missing
      hint: add `access_token_url`: the URL that gives tokens; https unless it is this machine
    source.yaml:4:57: client.auth: unknown key `client_secrt`
      hint: did you mean `client_secret`?
    source.yaml:4:87: client.auth.client_auth: unknown way to show client id and secret `head`
      hint: valid are `body`, `basic`
    ");
}

#[test]
fn a_login_has_one_body_and_one_place_for_its_token() {
    let auth = "{type: session_login, path: x, json: {}, form: {}, token_path: a, token_cookie: b}";
    insta::assert_snapshot!(client(&format!("  auth: {auth}")), @r"
    source.yaml:4:9: client.auth: `json` and `form` exclude each other
      hint: keep one of them
    source.yaml:4:9: client.auth: `token_path` and `token_cookie` exclude each other
      hint: keep one of them
    ");
}

#[test]
fn an_auth_with_tokens_has_no_short_form() {
    insta::assert_snapshot!(client("  auth: oauth_jwt"), @r"
    source.yaml:4:9: client.auth: auth `oauth_jwt` has no short form
      hint: write `{type: oauth_jwt, ...}`
    ");
}

#[test]
fn an_auth_mapping_needs_its_values() {
    insta::assert_snapshot!(client("  auth: {type: http_basic, username: ada}"), @r"
    source.yaml:4:9: client.auth: required key `password` is missing
      hint: add `password`: the password of the user, best by reference: `${env:NAME}`
    ");
}

#[test]
fn an_auth_without_type_is_a_bearer() {
    insta::assert_snapshot!(client("  auth: {tokn: x}"), @r"
    source.yaml:4:10: client.auth: unknown key `tokn`
      hint: did you mean `token`?
    ");
}

#[test]
fn a_short_auth_without_values_shows_how_to_write_it() {
    insta::assert_snapshot!(client("  auth: bearer"), @r"
    source.yaml:4:9: client.auth: auth `bearer` needs `token`
      hint: write `bearer:${env:NAME}`
    ");
}

#[test]
fn a_token_in_the_place_of_a_type_is_not_repeated() {
    let report = client("  auth: sk-LIVE-4242");
    assert!(!report.contains("4242"), "{report}");
    insta::assert_snapshot!(report, @r"
    source.yaml:4:9: client.auth: unknown auth `***`
      hint: valid are `bearer`, `api_key`, `http_basic`, `oauth2_client_credentials`, `oauth2_refresh_token`, `oauth2_authorization_code`, `oauth2_device_code`, `oauth_jwt`, `session_login`, `hmac`, `aws_sigv4`, `pool`, `custom`
    ");
}

#[test]
fn an_api_key_has_four_places_to_go() {
    insta::assert_snapshot!(client("  auth: {type: api_key, api_key: x, location: path}"), @r"
    source.yaml:4:47: client.auth.location: unknown place for an API key `path`
      hint: valid are `header`, `query`, `param`, `cookie`, `body`
    ");
}

#[test]
fn a_signature_knows_its_fields() {
    let text = r#"
  auth:
    type: hmac
    secret: ${env:S}
    algorithm: md5
    message: "{time}{method"
    headers: {X-Sign: "{signature}", X-Key: "{key}"}
"#;
    insta::assert_snapshot!(client(text), @r"
    source.yaml:8:16: client.auth.algorithm: unknown hash function `md5`
      hint: valid are `sha256`, `sha512`, `sha1`
    source.yaml:9:14: client.auth.message: `{time}` is not a field of a signature
      hint: valid are `{method}`, `{url}`, `{host}`, `{path}`, `{query}`, `{sorted_query}`, `{target}`, `{body}`, `{body_hash}`, `{body_hash_base64}`, `{timestamp}`, `{nonce}`, `{key_id}`, `{signature}` and `{header.NAME}`
    source.yaml:10:45: client.auth.headers.X-Key: `{key}` is not a field of a signature
      hint: valid are `{method}`, `{url}`, `{host}`, `{path}`, `{query}`, `{sorted_query}`, `{target}`, `{body}`, `{body_hash}`, `{body_hash_base64}`, `{timestamp}`, `{nonce}`, `{key_id}`, `{signature}` and `{header.NAME}`
    ");
}

#[test]
fn a_signature_that_cannot_work_is_told() {
    let hmac = |keys: &str| {
        client(&format!(
            "  auth: {{type: hmac, secret: '${{env:S}}', {keys}}}"
        ))
    };
    insta::assert_snapshot!(hmac("message: '{body}', headers: {X-Time: '{timestamp}'}"), @r"
    source.yaml:4:9: client.auth: the signature is not sent
      hint: write `{signature}` into one of `headers` or `params`
    ");
    insta::assert_snapshot!(hmac("message: '{body}', params: {sign: '{key_id}:{signature}'}"), @r"
    source.yaml:4:9: client.auth: `{key_id}` is used, and there is none
      hint: write the name of the key as `key_id`
    ");
    insta::assert_snapshot!(hmac("message: '{signature}', params: {sign: '{signature}'}"), @r"
    source.yaml:4:9: client.auth: the signature cannot be part of what is signed
      hint: take `{signature}` out of `message`
    ");
    insta::assert_snapshot!(hmac("message: '{body}', headers: {'X Sign': '{signature}'}"), @r"
    source.yaml:4:9: client.auth: `X Sign` cannot be the name of a header
      hint: use letters, digits and `-`
    ");
}

#[test]
fn a_pool_has_keys_and_holds_no_pool() {
    insta::assert_snapshot!(client("  auth: {type: pool, keys: []}"), @r"
    source.yaml:4:9: client.auth: the pool has no keys
      hint: list at least one under `keys`
    ");
    let nested =
        "  auth: {type: pool, keys: ['bearer:${env:A}', {type: pool, keys: ['bearer:${env:B}']}]}";
    insta::assert_snapshot!(client(nested), @r"
    source.yaml:4:9: client.auth: a pool cannot be in a pool
      hint: list all keys in the outer one
    ");
    insta::assert_snapshot!(client("  auth: {type: pool, keys: ['bearer:${env:A}', {type: api_key}]}"), @r"
    source.yaml:4:48: client.auth.keys[1]: required key `api_key` is missing
      hint: add `api_key`: the key that the API gave you, best by reference: `${env:NAME}`
    ");
}

#[test]
fn types_with_many_keys_have_no_short_form() {
    insta::assert_snapshot!(client("  auth: hmac:${env:S}"), @r"
    source.yaml:4:9: client.auth: auth `hmac` has no short form
      hint: write `{type: hmac, ...}`
    ");
}

#[test]
fn durations_sizes_and_rates_show_how_they_are_written() {
    let text = r"
  timeout: 5 fortnights
  connect_timeout: [1]
  max_response_bytes: huge
  rate_limit: 10
  concurrency: 0
  max_retries: -1
  backoff_factor: '1.5'
  memory: -5
";
    insta::assert_snapshot!(runtime(text), @r"
    source.yaml:5:12: runtime.timeout: `5 fortnights` is not a duration
      hint: write it like `30s`, `5m` or `1h 30m`
    source.yaml:6:20: runtime.connect_timeout: expected a duration such as `30s`, `5m` or `1h 30m`, found a list
      hint: write it as the example shows
    source.yaml:7:23: runtime.max_response_bytes: `huge` is not a size
      hint: write it like `256MiB` or `10MB`
    source.yaml:8:15: runtime.rate_limit: expected a rate such as `10/s`, `100/min` or `5000/h`, found a number
      hint: write it as the example shows
    source.yaml:9:16: runtime.concurrency: `0` is not a whole number from 1
      hint: write it like `1`
    source.yaml:10:16: runtime.max_retries: `-1` is not a whole number from 0
      hint: write it like `0`
    source.yaml:11:19: runtime.backoff_factor: expected a number from 0 such as `1.5`, found a text
      hint: write it as the example shows
    source.yaml:12:11: runtime.memory: `-5` is not a size
      hint: write it like `256MiB` or `10MB`
    ");
}

#[test]
fn statuses_and_failures_that_cannot_be_retried_are_named() {
    let text = r"
  retry_statuses: [600, 5xx, 599-500]
  retry_errors: [connect, reset]
";
    insta::assert_snapshot!(runtime(text), @r"
    source.yaml:5:20: runtime.retry_statuses[0]: `600` is not a status or a range of them
      hint: write it like `503`, `5xx` or `500-599`
    source.yaml:5:30: runtime.retry_statuses[2]: `599-500` is not a status or a range of them
      hint: write it like `503`, `5xx` or `500-599`
    source.yaml:6:27: runtime.retry_errors[1]: unknown kind of failure `reset`
      hint: valid are `dns`, `connect`, `tls`, `timeout`, `broken`, `decode`, `broken_json`, `no_records`, `other`
    ");
}

#[test]
fn a_condition_for_another_try_that_looks_at_nothing_is_refused() {
    let text = "  retry_if: [{}, {equals: a, text: b}, '$[', {text: b}]\n";
    insta::assert_snapshot!(client(text), @r"
    source.yaml:4:14: client.retry_if[0]: the condition looks at nothing
      hint: give `selector`, a JSONPath, or `text`
    source.yaml:4:18: client.retry_if[1]: `equals` says what a `selector` has to find, and there is none
      hint: give `selector`, a JSONPath, or `text`
    source.yaml:4:40: client.retry_if[2]: `$[` is not a JSONPath
      cause: cannot read the path `$[` at character 2: `[` has no partner
      hint: a path is like `data.items`, `items[*].id` or `['odd.key']`
    ");
}

#[test]
fn session_settings_are_sent_to_runtime() {
    insta::assert_snapshot!(client("  session: {}"), @r"
    source.yaml:4:3: client.session: `session` is not supported by this version
      hint: set timeouts, retries and limits under `runtime`
    ");
}

#[test]
fn an_unknown_destination_lists_the_known_ones() {
    let text = "client: {base_url: 'https://h'}\nresources: []\ndestination: ";
    insta::assert_snapshot!(yaml(&format!("{text}postgres://u:hunter2@h/d")), @r"
    source.yaml:3:14: destination: destination `postgres` is not supported by this version
      hint: use `duckdb:FILE`
    ");
    insta::assert_snapshot!(yaml(&format!("{text}ducdb:x.db")), @r"
    source.yaml:3:14: destination: unknown destination `ducdb`
      hint: did you mean `duckdb`? valid are `duckdb`, `parquet`, `jsonl`
    ");
    insta::assert_snapshot!(yaml(&format!("{text}{{type: duckdb}}")), @r"
    source.yaml:3:14: destination: required key `path` is missing
      hint: add `path`: the file or folder
    ");
}

#[test]
fn names_that_cannot_be_files_and_prefixes_that_are_none_are_refused() {
    let text = "client: {base_url: 'https://h'}\nresources: []\nname: a/b\nsystem_prefix: DLT";
    insta::assert_snapshot!(yaml(text), @r"
    source.yaml:3:7: name: `a/b` is not a name that a file could have
      hint: write it like `tracker`
    source.yaml:4:16: system_prefix: `DLT` is not a prefix of lower-case letters that begins with `_`
      hint: write it like `_dlt`
    ");
}

#[test]
fn a_reference_cannot_stand_where_planning_needs_the_value() {
    insta::assert_snapshot!(resources("  - {name: '${env:NAME}', primary_key: '${env:KEY}'}"), @r"
    source.yaml:3:12: resources[0].name: `${env:NAME}` refers to a value outside the file, which this key cannot
      hint: write the value itself: it is needed before secrets are read
    source.yaml:3:40: resources[0].primary_key: `${env:KEY}` refers to a value outside the file, which this key cannot
      hint: write the value itself: it is needed before secrets are read
    ");
}

#[test]
fn a_number_that_a_body_cannot_carry_must_be_quoted() {
    let text =
        "  - {name: a, endpoint: {method: post, json: {id: 123456789012345678901234567890}}}";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:3:51: resources[0].endpoint.json: `123456789012345678901234567890` is not a number that a body can carry exactly
      hint: write it like a quoted text, if the API takes one
    ");
}
