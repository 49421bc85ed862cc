//! The table in `crates/apiduct-openapi/tests/README.md`: no case is missing, and every proof exists.

use apiduct_testkit::inventory;

/// The cases, in the order of the table.
const CASES: &str = "\
bearer_auth
api_key_auth
basic_auth
unused_auth
oauth_warning
unnested_collection_result
results_collection_json_path
results_collection_with_inner_list_json_path
nested_results_collection_json_path
single_object_unneested
single_object_nested
platform_nested
expect_list_but_no_list_and_no_types
offset_limit_pagination_1
offset_limit_pagination_1 next
offset_limit_pagination_no_count_1
json_links_pagination_1
json_cursor_1
page_number_paginator_no_count
page_number_paginator_with_count
global_paginator
incomplete_paginator_warning
simple_unresolvable_path_params
simple_unresolvable_transformer_path_params
optional_query_param
non_optional_query_param
non_optional_query_param_with_pagination
param_defaults
path_param_with_file_ending
primary_key_no_reference
primary_key_reference
primary_key_no_type
primary_key_by_modelname_id
no_primary_key
primary_key_by_path_component
primary_key_by_path_variable
primary_key_from_pluralized_path_component
simple_transformer
simple_transformer_with_deselected_parent
match_by_path_var_only
match_singularized_path
model_naming
path_naming
operation_naming
endpoint_selection
all_specs
no_endoint_discovered
no_endoint_discovered lists
not_openapi_30
not_parseable
C1 default before 200
C4 cycles
C4 dangling
C4 files
C4 composition
C2 malformed
C2 odd
C10 servers
C10 login
C12 determinism
C12 golden files
C12 overlay
C2 gzip";

#[test]
fn every_case_has_its_row_and_every_proof_exists() {
    let cases = CASES.lines().map(str::to_owned);
    inventory::check(
        include_str!("../../../apiduct-openapi/tests/README.md"),
        cases,
    );
}
