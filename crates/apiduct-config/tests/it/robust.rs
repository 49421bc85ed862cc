//! Whatever a file holds: no panic, and every mistake points into the file.

use std::fmt::Write;

use apiduct_config::{ConfigErrors, Format, Plan};
use proptest::prelude::*;
use proptest::sample::Index;

const DOCUMENT: &str = r#"name: tracker
client:
  base_url: https://api.example.com/v2/
  headers: {Accept: application/json, X: "${env:X}"}
  auth: {type: bearer, token: "${env:TOKEN}"}
  paginator: {type: page_number, total_path: null, maximum_page: 3}
resource_defaults:
  primary_key: id
  endpoint: {params: {per_page: 100}}
resources:
  - issues
  - name: comments
    endpoint: {path: "issues/{resources.issues.number}/comments", params: {a: [1, 2]}}
    include_from_parent: [number]
    columns: {body: {data_type: text}}
  - name: author
    endpoint:
      path: "users/{login}"
      params: {login: {type: resolve, resource: comments, field: user.login}}
      json: {deep: [1, {x: "{resources.comments.id}"}]}
destination: duckdb:tracker.duckdb
runtime: {timeout: 30s, rate_limit: 10/s, memory: 64MiB}
"#;

/// Fragments that change the meaning of what is around them.
const FRAGMENTS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "'",
    "\"",
    "${",
    "{{",
    "|raw}",
    "null",
    "~",
    "&a ",
    "*a",
    "!x ",
    "1e999",
    "#",
    "\n",
    "\t",
    "type: cursor, ",
    "<<: ",
    "ü",
    "{resources.author.id}",
];

fn check(errors: &ConfigErrors, text: &str) -> Result<(), TestCaseError> {
    prop_assert!(errors.len() > 0);
    let lines = text.split('\n').count();
    let mut last = (0, 0);
    for error in errors {
        let place = (error.place.line, error.place.column);
        prop_assert!(
            error.place.line >= 1 && error.place.line <= lines + 1,
            "{error}"
        );
        prop_assert!(error.place.column >= 1, "{error}");
        prop_assert!(place >= last, "the order of the file: {error}");
        let message = error.kind.to_string();
        prop_assert!(!message.ends_with('.') && !message.is_empty(), "{message}");
        last = place;
    }
    Ok(())
}

#[test]
fn the_document_is_in_order() {
    if let Err(errors) = Plan::parse(DOCUMENT, Format::Yaml, "t.yaml") {
        panic!("{errors}");
    }
}

proptest! {
    #[test]
    fn a_fragment_anywhere_is_read_or_reported(at in any::<Index>(), fragment in 0..FRAGMENTS.len()) {
        let mut text = DOCUMENT.to_owned();
        text.insert_str(at.index(DOCUMENT.len()), FRAGMENTS[fragment]);
        if let Err(errors) = Plan::parse(&text, Format::Yaml, "t.yaml") {
            check(&errors, &text)?;
        }
    }

    #[test]
    fn a_cut_anywhere_is_read_or_reported(start in any::<Index>(), length in 1usize..200) {
        let start = start.index(DOCUMENT.len());
        let end = (start + length).min(DOCUMENT.len());
        let text = format!("{}{}", &DOCUMENT[..start], &DOCUMENT[end..]);
        if let Err(errors) = Plan::parse(&text, Format::Yaml, "t.yaml") {
            check(&errors, &text)?;
        }
    }

    #[test]
    fn lines_in_any_order_are_read_or_reported(mut order in Just(DOCUMENT.lines().collect::<Vec<_>>()).prop_shuffle()) {
        order.truncate(12);
        let text = order.join("\n");
        if let Err(errors) = Plan::parse(&text, Format::Yaml, "t.yaml") {
            check(&errors, &text)?;
        }
    }

    /// Any references among ten resources: either a plan in which parents come first, or a circle that is reported.
    #[test]
    fn any_references_give_an_order_or_a_circle(parents in proptest::collection::vec(proptest::option::of(0usize..10), 10)) {
        let mut text = "client: {base_url: 'https://h'}\nresources:\n".to_owned();
        for (at, parent) in parents.iter().enumerate() {
            let path = parent.map_or(format!("r{at}"), |parent| format!("x/{{resources.r{parent}.id}}/y"));
            let _ = writeln!(text, "  - {{name: r{at}, endpoint: \"{path}\"}}");
        }
        let has_circle = (0..10).any(|start| {
            let mut at = start;
            (0..10).any(|_| match parents[at] {
                Some(parent) => { at = parent; at == start }
                None => false,
            })
        });
        match Plan::parse(&text, Format::Yaml, "t.yaml") {
            Ok(plan) => {
                prop_assert!(!has_circle);
                prop_assert_eq!(plan.resources.len(), 10);
                for (at, resource) in plan.resources.iter().enumerate() {
                    prop_assert!(resource.parent.is_none_or(|parent| parent < at));
                    for child in &resource.children {
                        prop_assert_eq!(plan.resources[*child].parent, Some(at));
                    }
                }
            }
            Err(errors) => {
                prop_assert!(has_circle, "{}", errors);
                prop_assert!(errors.iter().all(|one| one.to_string().contains("in a circle")));
            }
        }
    }
}
