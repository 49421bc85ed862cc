use apiduct_json::Selector;
use serde_json::json;

use super::*;

/// The plan of a document whose client is only a URL, unless `head` says more.
fn plan_with(head: &str, resources: &str) -> Plan {
    let text = format!("client:\n  base_url: https://h/v1\n{head}\nresources:\n{resources}");
    Plan::parse(&text, Format::Yaml, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"))
}

fn plan(resources: &str) -> Plan {
    plan_with("", resources)
}

fn order(plan: &Plan) -> Vec<&str> {
    plan.resources.iter().map(|one| one.name.as_str()).collect()
}

fn paths(plan: &Plan) -> Vec<String> {
    plan.resources
        .iter()
        .map(|one| one.request.path.value.to_string())
        .collect()
}

fn params(resource: &ResourcePlan) -> Vec<String> {
    let params = resource.request.params.iter();
    params
        .flat_map(|param| {
            param
                .values
                .iter()
                .map(move |value| format!("{}={value}", param.key))
        })
        .collect()
}

fn headers(resource: &ResourcePlan) -> Vec<String> {
    let headers = resource.request.headers.iter();
    headers
        .map(|header| format!("{}: {}", header.key, header.value))
        .collect()
}

#[test]
fn every_short_form_gives_a_path() {
    let plan = plan(
        r"
  - users
  - {name: a}
  - {name: b, endpoint: {}}
  - {name: c, endpoint: api/c}
  - {name: d, endpoint: {path: api/d}}
  - {name: e, endpoint: null}
",
    );
    assert_eq!(paths(&plan), ["users", "a", "b", "api/c", "api/d", "e"]);
}

#[test]
fn the_name_wins_over_the_path_of_the_defaults() {
    let plan = plan_with(
        "resource_defaults: {endpoint: {path: x}}",
        r"
  - a
  - {name: b, endpoint: y}
",
    );
    assert_eq!(paths(&plan), ["a", "y"]);
}

#[test]
fn defaults_of_everything_are_those_of_the_contract() {
    let plan = plan("  - issues");
    let issues = &plan.resources[0];
    assert_eq!(plan.name, "t");
    assert_eq!(plan.destination.value.to_string(), "duckdb:t.duckdb");
    assert_eq!(plan.dataset.value.to_string(), "t");
    assert_eq!(plan.system.id(), "_apiduct_id");
    assert_eq!(issues.request.method, http::Method::GET);
    assert_eq!(issues.write_disposition, WriteDisposition::Append);
    assert!(issues.is_loaded() && !issues.allow_missing);
    assert_eq!(issues.selector, SelectorPlan::Detect);
    assert!(issues.paginator.paginator.is_none());
    assert_eq!(plan.client.on_foreign_origin, OnForeignOrigin::Refuse);
    assert_eq!(plan.client.network, Network::Any);
}

#[test]
fn the_network_of_links_is_one_of_three() {
    for (word, network) in [
        ("any", Network::Any),
        ("public_only", Network::PublicOnly),
        ("strictly_public", Network::StrictlyPublic),
    ] {
        let plan = plan_with(&format!("  network: {word}"), "  - issues");
        assert_eq!(plan.client.network, network);
    }
}

#[test]
fn parameters_are_merged_one_by_one() {
    let head = "resource_defaults: {endpoint: {params: {limit: 100, state: all, sort: up}}}";
    let plan = plan_with(
        head,
        r"
  - a
  - {name: b, endpoint: {params: {state: open, page: 2, sort: null}}}
  - {name: c, endpoint: {params: null}}
  - {name: d, endpoint: {params: {}}}
",
    );
    assert_eq!(
        params(&plan.resources[0]),
        ["limit=100", "state=all", "sort=up"]
    );
    assert_eq!(
        params(&plan.resources[1]),
        ["limit=100", "state=open", "page=2"]
    );
    assert!(
        params(&plan.resources[2]).is_empty(),
        "null takes nothing from the defaults"
    );
    assert_eq!(params(&plan.resources[3]).len(), 3);
}

#[test]
fn the_body_is_merged_at_its_top_level_only() {
    let head = "resource_defaults: {endpoint: {json: {a: {x: 1}, b: 1}}}";
    let plan = plan_with(
        head,
        r"
  - {name: a, endpoint: {json: {a: {y: 2}, c: 3}}}
  - {name: b, endpoint: {json: [1]}}
  - {name: c, endpoint: {json: null}}
",
    );
    let body = |at: usize| {
        plan.resources[at]
            .request
            .json
            .as_ref()
            .map(|json| json.value.to_shown())
    };
    assert_eq!(body(0), Some(json!({"a": {"y": 2}, "b": 1, "c": 3})));
    assert_eq!(body(1), Some(json!([1])));
    assert_eq!(body(2), None);
}

#[test]
fn headers_are_merged_over_three_levels_in_any_case_and_null_removes_one() {
    let head = r"
  headers: {Accept: json, X-A: client, X-B: client}
resource_defaults: {endpoint: {headers: {x-a: defaults, X-C: defaults}}}
";
    let plan = plan_with(
        head,
        r"
  - a
  - {name: b, endpoint: {headers: {X-C: own, x-b: null}}}
  - {name: c, endpoint: {headers: null}}
",
    );
    assert_eq!(
        headers(&plan.resources[0]),
        [
            "Accept: json",
            "x-a: defaults",
            "X-B: client",
            "X-C: defaults"
        ]
    );
    assert_eq!(
        headers(&plan.resources[1]),
        ["Accept: json", "x-a: defaults", "X-C: own"]
    );
    assert_eq!(
        headers(&plan.resources[2]),
        ["Accept: json", "X-A: client", "X-B: client"]
    );
}

#[test]
fn other_keys_are_replaced_as_a_whole_and_null_resets_them() {
    let head = "resource_defaults: {primary_key: [a, b], write_disposition: replace, selected: false, concurrency: 2, endpoint: {data_selector: data, allow_missing: true, allow_repeats: true, parallel: false, method: post}}";
    let plan = plan_with(
        head,
        r"
  - a
  - {name: b, primary_key: id, concurrency: 3, write_disposition: append, selected: true, endpoint: {data_selector: rows, method: get}}
  - {name: c, primary_key: null, concurrency: null, write_disposition: null, selected: null, endpoint: {data_selector: null, allow_missing: null, allow_repeats: null, parallel: null}}
",
    );
    let [a, b, c] = plan.resources.as_slice() else {
        panic!()
    };
    let bounds = [a, b, c].map(|one| one.concurrency);
    assert_eq!(bounds, [Some(2), Some(3), None]);
    assert_eq!(a.primary_key, ["a", "b"]);
    assert_eq!(a.write_disposition, WriteDisposition::Replace);
    assert!(!a.selected && a.allow_missing && a.allow_repeats && !a.parallel);
    assert_eq!(a.request.method, http::Method::POST);
    assert_eq!(
        a.selector,
        SelectorPlan::Declared(Selector::parse("data").unwrap())
    );
    assert_eq!(b.primary_key, ["id"]);
    assert_eq!(
        b.selector,
        SelectorPlan::Declared(Selector::parse("rows").unwrap())
    );
    assert_eq!(b.request.method, http::Method::GET);
    assert!(b.selected);
    assert!(
        c.primary_key.is_empty()
            && c.selected
            && !c.allow_missing
            && !c.allow_repeats
            && c.parallel
    );
    assert_eq!(c.selector, SelectorPlan::Detect);
    assert_eq!(c.write_disposition, WriteDisposition::Append);
}

#[test]
fn columns_are_merged_property_by_property() {
    let head = "resource_defaults: {columns: {price: {data_type: decimal, scale: 2}, at: {data_type: timestamp}}}";
    let plan = plan_with(
        head,
        "  - {name: a, columns: {price: {nullable: false}, id: {data_type: bigint}}}",
    );
    let hint = |name: &str, data_type, nullable| ColumnHint {
        name: name.to_owned(),
        data_type: Some(data_type),
        nullable,
        primary_key: false,
    };
    assert_eq!(
        plan.resources[0].columns,
        [
            hint("price", DataType::Decimal { scale: 2 }, false),
            hint("at", DataType::Timestamp, true),
            hint("id", DataType::Bigint, true),
        ]
    );
}

/// Who decides the paginator, and which one it is, for settings at the three levels and a path.
fn decided(client: &str, defaults: &str, own: &str, path: &str) -> (Origin, String) {
    let level = |key: &str, value: &str| match value {
        "" => String::new(),
        value => format!("{key}: {value}"),
    };
    let head = format!(
        "  {}\nresource_defaults: {{endpoint: {{{}}}}}",
        level("paginator", client),
        level("paginator", defaults)
    );
    let own = level(", paginator", own);
    let plan = plan_with(
        &head,
        &format!("  - {{name: a, endpoint: {{path: '{path}', params: {{id: 1}}{own}}}}}"),
    );
    let decided = &plan.resources[0].paginator;
    let what = decided
        .paginator
        .as_ref()
        .map_or("detect".to_owned(), Paginator::describe);
    (decided.origin, what)
}

#[test]
fn the_nearest_paginator_wins() {
    let cases = [
        ("", "", "", Origin::Nowhere, "detect"),
        ("header_link", "", "", Origin::Client, "`Link` header"),
        (
            "header_link",
            "page_number",
            "",
            Origin::Defaults,
            "page number",
        ),
        (
            "header_link",
            "page_number",
            "single_page",
            Origin::Resource,
            "single",
        ),
        (
            "header_link",
            "",
            "page_number",
            Origin::Resource,
            "page number",
        ),
        ("", "page_number", "", Origin::Defaults, "page number"),
        ("", "", "page_number", Origin::Resource, "page number"),
        (
            "header_link",
            "page_number",
            "null",
            Origin::Client,
            "`Link` header",
        ),
        ("", "page_number", "null", Origin::Nowhere, "detect"),
        ("header_link", "null", "", Origin::Client, "`Link` header"),
        (
            "header_link",
            "page_number",
            "auto",
            Origin::Resource,
            "detect",
        ),
        ("auto", "", "", Origin::Client, "detect"),
    ];
    for (client, defaults, own, origin, word) in cases {
        let (found, what) = decided(client, defaults, own, "a/{id}/b");
        assert_eq!(found, origin, "{client} {defaults} {own}");
        assert!(what.starts_with(word), "{client} {defaults} {own}: {what}");
    }
}

#[test]
fn one_record_wins_over_the_client_and_null_but_not_over_the_defaults_or_the_resource() {
    let cases = [
        ("", "", "", Origin::SingleEntity),
        ("page_number", "", "", Origin::SingleEntity),
        ("page_number", "", "null", Origin::SingleEntity),
        ("", "page_number", "null", Origin::SingleEntity),
        ("", "page_number", "", Origin::Defaults),
        ("", "", "page_number", Origin::Resource),
        (
            "page_number",
            "header_link",
            "page_number",
            Origin::Resource,
        ),
    ];
    for (client, defaults, own, origin) in cases {
        assert_eq!(
            decided(client, defaults, own, "user/{id}").0,
            origin,
            "{client} {defaults} {own}"
        );
    }
}

#[test]
fn the_kind_of_answer_can_be_said() {
    let plan = plan(
        r"
  - {name: a, endpoint: {path: 'a/{id}', params: {id: 1}, entity: many}}
  - {name: b, endpoint: {path: me, entity: one}}
  - {name: c, endpoint: {path: 'a/{id}', params: {id: 1}, data_selector: rows}}
",
    );
    let [a, b, c] = plan.resources.as_slice() else {
        panic!()
    };
    assert_eq!(a.selector, SelectorPlan::Detect);
    assert_eq!(b.selector, SelectorPlan::SingleEntity);
    assert_eq!(b.paginator.origin, Origin::SingleEntity);
    assert_eq!(
        c.selector,
        SelectorPlan::Declared(Selector::parse("rows").unwrap())
    );
    assert_eq!(c.paginator.origin, Origin::SingleEntity);
}

#[test]
fn parents_come_first_whatever_the_order_of_the_file() {
    let plan = plan(
        r"
  - {name: c, endpoint: 'b/{resources.b.id}/c'}
  - {name: b, endpoint: 'a/{resources.a.id}/b'}
  - z
  - {name: d, endpoint: {path: d, params: {a: '{resources.a.key}'}}}
  - a
",
    );
    assert_eq!(order(&plan), ["a", "b", "c", "z", "d"]);
    let parents: Vec<Option<usize>> = plan.resources.iter().map(|one| one.parent).collect();
    assert_eq!(parents, [None, Some(0), Some(1), None, Some(0)]);
    let first = &plan.resources[0];
    assert_eq!(first.children, [1, 4]);
    let fields: Vec<&str> = first
        .taps_for_children
        .iter()
        .map(|tap| &*tap.field)
        .collect();
    assert_eq!(fields, ["id", "key"]);
}

#[test]
fn a_parent_is_tapped_once_for_each_field_wherever_it_is_used() {
    let plan = plan(
        r"
  - p
  - {name: c, include_from_parent: [number, a.b], endpoint: {path: 'p/{resources.p.number}/c', params: {x: '{resources.p.a.b}'}, headers: {X: '{resources.p.number}'}, json: {'{resources.p.k}': ['{resources.p.user.id}']}}}
",
    );
    let fields: Vec<&str> = plan.resources[0]
        .taps_for_children
        .iter()
        .map(|tap| &*tap.field)
        .collect();
    // `a.b` is a path in a placeholder and a plain key in `include_from_parent`.
    assert_eq!(fields, ["number", "a.b", "k", "user.id", "a.b"]);
    let keys: Vec<&str> = plan.resources[1]
        .from_parent
        .iter()
        .map(|one| one.key.as_str())
        .collect();
    assert_eq!(keys, ["_p_number", "_p_a.b"]);
}

#[test]
fn parent_fields_in_the_defaults_are_for_children_only() {
    let plan = plan_with(
        "resource_defaults: {include_from_parent: [id]}",
        r"
  - p
  - {name: c, endpoint: 'p/{resources.p.id}/c'}
",
    );
    assert!(plan.resources[0].from_parent.is_empty());
    assert_eq!(plan.resources[1].from_parent[0].key, "_p_id");
}

#[test]
fn static_names_in_a_path_take_their_parameter_with_them() {
    let plan = plan(
        "  - {name: a, endpoint: {path: 'orgs/{org}/repos/{org}', params: {org: acme, per: 5}}}",
    );
    assert_eq!(paths(&plan), ["orgs/acme/repos/acme"]);
    assert_eq!(params(&plan.resources[0]), ["per=5"]);
}

#[test]
fn legacy_resolve_parameters_are_placeholders() {
    let plan = plan(
        r"
  - p
  - {name: c, endpoint: {path: 'p/{number}/c/{number}', params: {number: {type: resolve, resource: p, field: a.id}}}}
",
    );
    let child = &plan.resources[1];
    assert_eq!(child.parent, Some(0));
    assert_eq!(child.request.parent_fields().len(), 2);
    assert_eq!(plan.resources[0].taps_for_children.len(), 1);
    assert!(params(child).is_empty());
}

#[test]
fn tables_have_normalized_names() {
    let plan = plan(
        r"
  - userIDs
  - {name: b, table_name: 'My Table'}
",
    );
    assert_eq!(plan.resources[0].table, "user_i_ds");
    assert_eq!(plan.resources[1].table, "my_table");
}

#[test]
fn auth_of_a_resource_replaces_that_of_the_client_and_null_switches_it_off() {
    let head = r"
  auth: 'bearer:${env:A}'
resource_defaults: {endpoint: {auth: 'bearer:${env:B}'}}
";
    let plan = plan_with(
        head,
        r"
  - a
  - {name: b, endpoint: {auth: 'basic:u:${env:C}'}}
  - {name: c, endpoint: {auth: null}}
",
    );
    let kinds: Vec<String> = plan
        .resources
        .iter()
        .map(|one| match &one.auth {
            AuthPlan::Client => "client".to_owned(),
            AuthPlan::Own(auth) => auth.value.describe(),
            AuthPlan::Off => "off".to_owned(),
        })
        .collect();
    assert_eq!(kinds, ["bearer token", "user name and password", "off"]);
}

#[test]
fn a_credential_in_the_file_is_warned_of_and_masked() {
    let plan = plan_with("  auth: 'bearer:hunter2'", "  - a");
    let [warning] = plan.warnings.as_slice() else {
        panic!()
    };
    assert_eq!(
        warning.to_string(),
        "t.yaml:3:9: client.auth: the credential is written in the file"
    );
    assert!(!format!("{plan:?}").contains("hunter2"));
}

#[test]
fn literal_credentials_in_headers_and_parameters_are_masked_too() {
    let plan = plan(
        "  - {name: a, endpoint: {params: {api_key: hunter2}, headers: {Authorization: Bearer hunter2}}}",
    );
    assert!(!format!("{plan:?}").contains("hunter2"));
    assert!(
        !serde_json::to_string(&plan.describe())
            .unwrap()
            .contains("hunter2")
    );
}

#[test]
fn an_extension_key_is_for_anchors() {
    let text = "x-common: &c {per_page: 5}\nclient: {base_url: 'https://h'}\nresources: [{name: a, endpoint: {params: *c}}]";
    let plan = Plan::parse(text, Format::Yaml, "t.yaml").unwrap();
    assert_eq!(params(&plan.resources[0]), ["per_page=5"]);
}

#[test]
fn planning_leaves_the_spec_as_it_is() {
    let text = r"
client: {base_url: 'https://h'}
resource_defaults: {endpoint: {params: {a: 1}}}
resources: [b]
";
    let spec = Spec::parse(text, Format::Yaml, "t.yaml").unwrap();
    let before = format!("{spec:?}");
    Plan::build(&spec).unwrap();
    Plan::build(&spec).unwrap();
    assert_eq!(format!("{spec:?}"), before);
}
