//! What `plan` shows.

use apiduct_config::{Format, Plan};

const TRACKER: &str = r#"
name: tracker
client:
  base_url: https://api.example.com/v2/
  headers: {Accept: application/json}
  auth: {type: bearer, token: "${env:TRACKER_TOKEN}"}
  paginator: header_link
resource_defaults:
  primary_key: id
  write_disposition: replace
  endpoint: {params: {per_page: 100}}
resources:
  - name: comments
    endpoint: {path: "issues/{resources.issues.number}/comments"}
    include_from_parent: [number]
  - name: issues
    endpoint:
      path: issues
      params: {state: all, since: '{incremental.start_value}'}
      incremental: {cursor_path: updated_at, initial_value: '2024-01-01T00:00:00Z', lag: 1h}
  - name: author
    selected: false
    endpoint: {path: "users/{resources.comments.user.login}", auth: null}
  - name: search
    write_disposition: append
    endpoint:
      path: "{org}/search"
      method: post
      params: {org: acme, per_page: null, key: literal-key}
      headers: {X-Trace: "${secret:trace}"}
      json: {query: "x", page: {size: 10}}
      paginator: {type: cursor, cursor_path: meta.next, cursor_body_path: page.after}
      data_selector: $..hits[?@.ok]
      allow_missing: true
destination: duckdb:tracker.duckdb
dataset: tracker
"#;

#[test]
fn the_plan_shows_order_requests_and_why() {
    let plan = Plan::parse(TRACKER, Format::Yaml, "tracker.yaml").unwrap();
    insta::assert_json_snapshot!(plan.describe());
}

#[test]
fn the_plan_shows_no_credential_of_the_base_url() {
    let text = "client: {base_url: 'https://ada:hunter22@h/v1'}\nresources: [a]";
    let plan = Plan::parse(text, Format::Yaml, "t.yaml").unwrap();
    let shown = serde_json::to_string(&plan.describe()).unwrap();
    assert!(!shown.contains("hunter22"), "{shown}");
    assert!(shown.contains("https://***@h/v1/a"), "{shown}");
}
