//! The table in `tests/README.md`: no case is missing, and every proof exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The cases of the inventory, but for B01 to B73; the faults stand at its end.
const CASES: &str = "\
test_join_url
test_join_url_invalid_input_types
test_paginate_success
test_paginate_by_page_number_invalid_page
test_get_single_resource
test_pagination
test_excplicit_paginator
test_page_context
test_default_paginator
test_excplicit_paginator_relative_next_url
test_paginator_with_null_data_in_final_page
test_paginate_with_hooks
test_basic_auth_success
test_bearer_token_auth_success
test_api_key_auth_success
test_oauth2_client_credentials_flow_auth_success
test_oauth2_client_credentials_wrong_client_id
test_oauth2_client_credentials_wrong_client_secret
test_oauth_token_expired_refresh
test_oauth_customized_token_request
test_oauth_jwt_auth_success
test_custom_session_client
test_custom_auth_success
test_send_request_allows_ca_bundle
test_paginate_json_body_without_params
test_post_json_body_without_params
test_configurable_timeout
test_request_kwargs
test_overwrite_path
test_overwrite_path_ignores_different_protocol
test_overwrite_headers
test_post_with_data_dict
test_post_with_list_of_tuples
test_post_with_data_string
test_json_and_data_mutual_exclusivity
test_paginate_json_and_data_mutual_exclusivity
test_sanitize_url_basic
test_sanitize_url_multiple_secrets
test_sanitize_url_case_insensitive
test_sanitize_url_no_secrets
test_sanitize_url_empty_values
test_sanitize_url_fragment_and_path
test_raise_for_status_with_sanitized_url
test_raise_for_status_truncates_long_body
test_raise_for_status_no_error_on_success
test_raise_for_status_with_body_enabled
test_raise_for_status_with_body_disabled
HeaderLink test_update_state_with_next
HeaderLink test_update_state_without_next
HeaderLink test_client_pagination
JSONLink test_update_state
JSONLink test_update_request
JSONLink test_no_duplicate_params_on_update_request
JSONLink test_client_pagination
SinglePage test_client_pagination
SinglePage test_update_state
SinglePage test_update_state_with_next
Range test_init
Range test_range_paginator_update
Offset test_update_state
Offset test_page_param_initialization
Page test_page_param_initialization
Offset test_update_state_with_string_total
Page test_update_state_with_string_total_pages
Offset test_update_state_with_invalid_total
Page test_update_state_with_invalid_total_pages
Offset test_update_state_without_total
Page test_update_state_without_total_pages
Offset test_update_state_with_has_more
Page test_update_state_with_has_more
Offset test_update_state_with_string_has_more
Page test_update_state_with_string_has_more
Offset test_update_state_with_invalid_has_more
Page test_update_state_with_invalid_has_more
Offset test_update_state_without_has_more
Page test_update_state_without_has_more
Offset test_init_request
Page test_init_request
Offset test_both_params_raises_error
Page test_both_params_raises_error
Cursor test_both_params_raises_error
Offset test_update_request_json
Page test_update_request_json
Cursor test_update_request_json
Offset test_update_request_json_nested
Page test_update_request_json_nested
Cursor test_update_request_json_nested
Offset test_update_request_json_with_existing_json
Page test_update_request_json_with_existing_json
Cursor test_update_request_json_with_existing_json
Page test_update_request
Cursor test_update_request_param
HeaderCursor test_update_request
Offset test_maximum_offset
Page test_maximum_page
Offset test_stop_after_empty_page
Page test_stop_after_empty_page
Offset test_client_pagination
Offset test_client_pagination_with_json
Page test_client_pagination_one_based
Page test_client_pagination_one_based_default_page
Page test_client_pagination_zero_based
Page test_client_pagination_with_json
Offset test_guarantee_termination
Page test_guarantee_termination
Offset test_empty_offset_params
Offset test_empty_limit_params
Page test_empty_params
Page test_update_state
Cursor test_update_state
Cursor test_update_state_when_cursor_path_is_empty_string
Cursor test_update_state_stop_after_empty_page
Cursor test_cursor_param_initialization
Cursor test_update_has_more_path
Cursor test_update_has_more_path_string
Cursor test_update_has_more_path_true
Cursor test_update_has_more_path_true_nonempty_result
Cursor test_update_has_more_path_missing
Cursor test_client_pagination_with_param
Cursor test_client_pagination_with_json
HeaderCursor test_update_state
HeaderCursor test_update_state_when_cursor_path_is_empty_string
HeaderCursor test_client_pagination
test_find_response_page_data
test_find_next_page_key
test_find_paginator
test_single_entity_path_valid
test_single_entity_path_invalid
test_requests_paginate
test_default_session_retry_settings
test_custom_session_retry_settings
test_retry_on_status_all_fails
test_retry_on_status_success_after_2
test_retry_on_status_without_raise_for_status
test_hooks_with_raise_for_statue
test_retry_on_exception_all_fails
test_retry_on_custom_condition
test_retry_on_custom_condition_success_after_2
test_wait_retry_after_int
test_init_default_client
test_client_instance_with_config
retry_after_zero_or_past
has_more_cannot_reopen
total_of_wrong_type
jwt_without_scopes
order_of_protocol_calls
copy_of_the_paginator
mutation_of_arguments
multi_match_extraction
redirects
cookies
stream
per_attempt_hooks
retry_after_dates_and_caps
delays_of_every_try
no_content_and_no_json
one_based_detection
loops
foreign_host_credentials
api_key_in_query_with_next_links
header_link_edges
decode_edges
concurrency
latency and jitter, bandwidth, slow close, slicing
timeout, silence
down
limited data
resets
truncation
cut JSON of the right length
malformed JSON
length, chunks, gzip, encoding
5xx and 429
500 pages
clocks that jump
tokens that expire in the middle
lists that change while they are read";

#[test]
fn every_case_has_its_row_and_every_proof_exists() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut known = tests_below(crates);
    known.extend(examples(&crates.with_file_name("examples").join("rest")));
    let table = include_str!("../../README.md");
    let mut seen = BTreeSet::new();
    for row in table.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [case, _, proof] = cells[..] else {
            panic!("three cells in {row}");
        };
        if case == "case" {
            continue;
        }
        assert!(seen.insert(case), "{case} stands twice");
        assert!(!proof.is_empty(), "{case} has neither proof nor reason");
        for name in proof.split('`').skip(1).step_by(2) {
            let is_name = name.contains('_')
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            assert!(
                !is_name || known.contains(name),
                "`{name}` proves {case} and does not exist"
            );
        }
    }
    let numbered: Vec<String> = (1..=73).map(|number| format!("B{number:02}")).collect();
    let expected: BTreeSet<&str> = CASES
        .lines()
        .chain(numbered.iter().map(String::as_str))
        .collect();
    assert_eq!(seen, expected);
}

/// The names of all test functions in Rust files below `folder`.
fn tests_below(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(tests_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                let Some((_, rest)) = line.split_once("fn ") else {
                    continue;
                };
                if std::mem::take(&mut is_test) {
                    names.extend(rest.split_once('(').map(|(name, _)| name.to_owned()));
                }
            }
        }
    }
    names
}

/// The examples, each a file.
fn examples(folder: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap();
    files
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect()
}
