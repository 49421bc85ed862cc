//! Bodies and structured parameters, from the text to the request.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use apiduct_config::resolve::{DataParts, RequestParts, SecretSource};
use apiduct_config::template::ParentRow;
use apiduct_config::{Format, Plan};
use apiduct_json::Captured;
use apiduct_model::{Redactor, Scalar};

use crate::broken::resources;

/// No variables and no files, except for one token.
#[derive(Debug)]
struct Outside;

impl SecretSource for Outside {
    fn env(&self, name: &str) -> Option<String> {
        (name == "TOKEN").then(|| "s3cret-token".to_owned())
    }

    fn file(&self, _: &str) -> std::io::Result<Option<String>> {
        Ok(None)
    }
}

fn plan(head: &str, resources: &str) -> Plan {
    let text = format!("client: {{base_url: 'https://h'}}\n{head}\nresources:\n{resources}");
    Plan::parse(&text, Format::Yaml, "t.yaml").unwrap_or_else(|errors| panic!("{errors}"))
}

fn request(plan: &Plan, name: &str, parent: &[(&str, &str)]) -> RequestParts {
    let resolved = plan.resolve(&Outside, &Redactor::default()).unwrap();
    let values: BTreeMap<&str, &str> = parent.iter().copied().collect();
    let resource = plan.resource(name).unwrap();
    let row = resource.parent.map(|parent| {
        let taps = Arc::clone(&plan.resources[parent].taps_for_children);
        let captured = |field: &str| Captured::Scalar(Scalar::from(values[field]));
        let row = taps.iter().map(|tap| captured(&tap.field)).collect();
        ParentRow::new(taps, row)
    });
    resource.request_for(&resolved, row.as_ref()).unwrap()
}

/// The body of a single resource with these keys in its endpoint.
fn data(keys: &str) -> Option<DataParts> {
    let plan = plan("", &format!("  - {{name: a, endpoint: {{{keys}}}}}"));
    request(&plan, "a", &[]).data
}

#[expect(clippy::unnecessary_wraps, reason = "a body is compared with it")]
fn form(pairs: &[(&str, &str)]) -> Option<DataParts> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Some(DataParts::Form(pairs.collect()))
}

#[test]
fn a_mapping_is_a_form_and_a_list_of_pairs_may_repeat_names() {
    assert_eq!(
        data("data: {a: 1, b: [x, true], c: null, d: ''}"),
        form(&[("a", "1"), ("b", "x"), ("b", "true"), ("d", "")])
    );
    assert_eq!(
        data("data: [[tag, a], [tag, b], [gone, null]]"),
        form(&[("tag", "a"), ("tag", "b")])
    );
}

#[test]
fn a_text_is_sent_as_it_is_and_nothing_is_no_body() {
    assert_eq!(
        data("data: 'a=1&b={{x}}'"),
        Some(DataParts::Raw("a=1&b={x}".to_owned()))
    );
    assert_eq!(data("data: {}"), None);
    assert_eq!(data("data: []"), None);
    assert_eq!(data("data: ''"), None);
    assert_eq!(data("data: null"), None);
}

#[test]
fn values_and_names_take_fields_of_the_parent_and_secrets() {
    let plan = plan(
        "",
        r"
  - {name: posts, endpoint: posts}
  - {name: by_map, endpoint: {method: post, data: {'n_{resources.posts.id}': '{resources.posts.id}', password: '${env:TOKEN}'}}}
  - {name: by_pairs, endpoint: {method: post, data: [[id, '{resources.posts.id}'], [id, x]]}}
  - {name: by_text, endpoint: {method: post, data: '<id>{resources.posts.id}</id>'}}
",
    );
    let body = |name| request(&plan, name, &[("id", "7")]).data;
    assert_eq!(
        body("by_map"),
        form(&[("n_7", "7"), ("password", "s3cret-token")])
    );
    assert_eq!(body("by_pairs"), form(&[("id", "7"), ("id", "x")]));
    assert_eq!(
        body("by_text"),
        Some(DataParts::Raw("<id>7</id>".to_owned()))
    );
}

#[test]
fn a_body_of_the_defaults_is_replaced_as_a_whole() {
    let plan = plan(
        "resource_defaults: {endpoint: {data: {a: 1, b: 2}}}",
        r"
  - one
  - {name: two, endpoint: {data: {c: 3}}}
  - {name: three, endpoint: {data: null, json: [1]}}
",
    );
    assert_eq!(
        request(&plan, "one", &[]).data,
        form(&[("a", "1"), ("b", "2")])
    );
    assert_eq!(request(&plan, "two", &[]).data, form(&[("c", "3")]));
    let three = request(&plan, "three", &[]);
    assert_eq!(
        (three.data, three.json),
        (None, Some(serde_json::json!([1])))
    );
}

#[test]
fn an_empty_form_beside_json_is_no_second_body() {
    let plan = plan("", "  - {name: a, endpoint: {json: {x: 1}, data: {}}}");
    let parts = request(&plan, "a", &[]);
    assert_eq!(
        (parts.json, parts.data),
        (Some(serde_json::json!({"x": 1})), None)
    );
}

#[test]
fn lists_and_mappings_become_parameters_in_the_declared_style() {
    let plan = plan(
        "",
        r"
  - name: a
    endpoint:
      params:
        fields: {style: comma, value: [id, name]}
        filter: {style: brackets, value: {state: open, ids: [1, 2]}}
        q: {style: json, value: {a: [1, 'x']}}
        tag: {style: repeat, value: [x, y]}
",
    );
    let query: Vec<String> = request(&plan, "a", &[])
        .params
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        query,
        [
            "fields=id,name",
            "filter[state]=open",
            "filter[ids][]=1",
            "filter[ids][]=2",
            r#"q={"a":[1,"x"]}"#,
            "tag=x",
            "tag=y"
        ]
    );
}

#[test]
fn the_plan_shows_bodies_without_their_secrets() {
    let plan = plan(
        "",
        "  - {name: a, endpoint: {data: {user: ada, password: hunter22}, params: {f: {style: comma, value: [a, b]}}}}",
    );
    let shown = serde_json::to_value(plan.describe()).unwrap();
    let own = &shown["resources"][0];
    assert_eq!(own["data"][0], serde_json::json!(["user", "ada"]));
    assert_eq!(own["url"], r#"https://h/a?f=["a","b"]"#);
    assert!(!shown.to_string().contains("hunter22"), "{shown}");
}

#[test]
fn wrong_bodies_are_told_with_their_places() {
    let text = r"
  - {name: a, endpoint: {data: 5}}
  - {name: b, endpoint: {data: [[x, 1], [y], {z: 1}, [1, 2]]}}
  - {name: c, endpoint: {data: {x: {y: 1}, z: '{nope.a}'}}}
  - {name: d, endpoint: {json: {}, data: {x: 1}}}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:4:32: resources[0].endpoint.data: expected a mapping, a list of pairs or a text, found a number
      hint: replace it by a mapping, a list of pairs or a text
    source.yaml:5:41: resources[1].endpoint.data[1]: expected a pair such as `[name, value]`, found a list
      hint: write names and values side by side: `[[NAME, VALUE]]`
    source.yaml:5:46: resources[1].endpoint.data[2]: expected a pair such as `[name, value]`, found a mapping
      hint: write names and values side by side: `[[NAME, VALUE]]`
    source.yaml:5:54: resources[1].endpoint.data[3]: expected a pair such as `[name, value]`, found a list
      hint: write names and values side by side: `[[NAME, VALUE]]`
    source.yaml:6:36: resources[2].endpoint.data.x: expected a text, found a mapping
      hint: write one text in its place
    source.yaml:6:47: resources[2].endpoint.data.z: `{nope.a}` is not a placeholder that may stand here
      hint: write `{resources.PARENT.FIELD}`, `{incremental.start_value}`, or `{{` and `}}` for the braces themselves
    source.yaml:7:42: resources[3].endpoint.data: `json` and `data` exclude each other: the request of resource `d` has one body
      hint: keep one; `null` takes away what comes from `resource_defaults`
    ");
}

#[test]
fn wrong_styles_are_told_with_their_places() {
    let text = r"
  - name: a
    endpoint:
      params:
        a: {x: 1}
        b: {style: coma, value: [1]}
        c: {style: comma, value: {x: 1}}
        d: {style: repeat}
        e: {style: repeat, value: [[1]]}
";
    insta::assert_snapshot!(resources(text), @r"
    source.yaml:7:12: resources[0].endpoint.params.a: a mapping as a parameter has to say how it is written
      hint: write `{style: STYLE, value: ...}`; styles are `repeat`, `comma`, `brackets`, `json`
    source.yaml:8:20: resources[0].endpoint.params.b.style: unknown style of a parameter `coma`
      hint: did you mean `comma`? valid are `repeat`, `comma`, `brackets`, `json`
    source.yaml:9:34: resources[0].endpoint.params.c.value: style `comma` takes a list of texts, numbers and booleans
      hint: write nested values with `brackets` or `json`
    source.yaml:10:12: resources[0].endpoint.params.d: required key `value` is missing
      hint: add `value`: the list or mapping, with placeholders in its texts
    source.yaml:11:35: resources[0].endpoint.params.e.value: style `repeat` takes a list of texts, numbers and booleans
      hint: write nested values with `brackets` or `json`
    ");
}
