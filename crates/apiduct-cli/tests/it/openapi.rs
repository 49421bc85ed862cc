//! `apiduct openapi`.

use serde_json::Value;

use crate::program::Program;

const SPEC: &str = r##"
openapi: 3.0.0
info: {title: Tracker}
servers: [{url: "https://api.example.com/v2"}]
security: [{token: []}]
components:
  securitySchemes: {token: {type: http, scheme: bearer}}
  schemas:
    Issue: {type: object, properties: {id: {type: integer}, title: {type: string}}}
paths:
  /issues:
    get:
      tags: [Issues]
      parameters:
        - {name: page, in: query, schema: {type: integer}}
        - {name: per_page, in: query, schema: {type: integer, maximum: 100}}
      responses:
        200: {content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Issue"}}}}}
  /issues/{issue_id}/comments:
    get:
      tags: [Comments]
      parameters: [{name: issue_id, in: path, required: true, schema: {type: integer}}]
      responses:
        200: {content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Issue"}}}}}
  /broken: {get: 7}
"##;

#[test]
fn a_description_becomes_a_file_that_check_accepts() {
    let program = Program::new();
    program.write("spec.yaml", SPEC);
    let outcome = program.call(&[
        "openapi",
        "spec.yaml",
        "-o",
        "tracker.yaml",
        "--report",
        "report.json",
    ]);
    assert_eq!(outcome.code, 0, "{outcome}");
    assert!(outcome.stderr.contains("TRACKER_TOKEN"), "{outcome}");
    assert!(outcome.stderr.contains("GET /broken"), "{outcome}");
    let file = program.read("tracker.yaml");
    assert!(
        file.contains("issues/{resources.issues.id}/comments"),
        "{file}"
    );
    assert!(file.contains("params: {per_page: 100}"), "{file}");
    program.ok(&["check", "tracker.yaml", "--offline"]);
    let report: Value = serde_json::from_str(&program.read("report.json")).unwrap();
    let issues = &report["resources"]["issues"];
    assert_eq!(issues["paginator"]["page_param"], "page");
    assert!(issues["confidence"]["paginator"].as_f64().unwrap() > 0.5);
    assert_eq!(report["auth"]["kind"], "bearer");
}

#[test]
fn a_selected_child_brings_its_parent_along() {
    let program = Program::new();
    program.write("spec.yaml", SPEC);
    let outcome = program.call(&["openapi", "spec.yaml", "--select", "Comments"]);
    assert_eq!(outcome.code, 0, "{outcome}");
    let at = outcome.stdout.find("name: issues").unwrap();
    assert!(
        outcome.stdout[at..].starts_with("name: issues\n    selected: false"),
        "{outcome}"
    );
}

#[test]
fn what_is_no_description_ends_with_a_usage_error() {
    let program = Program::new();
    program.write("spec.json", "{\"a\": 1}");
    for (file, part) in [
        ("spec.json", "describes no API"),
        ("gone.json", "cannot read `gone.json`"),
    ] {
        let outcome = program.call(&["openapi", file]);
        assert_eq!(outcome.code, 2, "{outcome}");
        assert!(outcome.stderr.contains(part), "{outcome}");
    }
    program.write("spec.yaml", SPEC);
    let outcome = program.call(&["openapi", "spec.yaml", "--select", "nothing"]);
    assert_eq!(outcome.code, 2, "{outcome}");
}
