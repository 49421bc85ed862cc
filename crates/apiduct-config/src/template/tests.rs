use std::collections::HashMap;

use apiduct_json::Captured;
use apiduct_model::{Hint, Scalar, SecretText};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::locate::{Format, Node};

/// A row of the parent `p` with these fields.
fn row(fields: &Value) -> ParentRow {
    let fields = fields.as_object().unwrap();
    let taps = fields.keys().map(|field| Tap {
        parent: "p".into(),
        field: field.as_str().into(),
        selector: Selector::parse(field).unwrap(),
    });
    let values = fields.values().map(|value| match value {
        Value::Null => Captured::Scalar(Scalar::Null),
        Value::Bool(value) => Captured::Scalar(Scalar::Bool(*value)),
        Value::Number(number) => Captured::Scalar(Scalar::Number(number.to_string().into())),
        Value::String(text) => Captured::Scalar(Scalar::from(text.as_str())),
        other => Captured::Json(other.to_string().into()),
    });
    ParentRow::new(taps.collect(), values.collect())
}

fn expand_as(text: &str, fields: &Value, encoding: Encoding) -> Result<String, TemplateError> {
    let secrets = HashMap::from([(SecretRef::Env("T".into()), SecretText::from("s3cr3t/x"))]);
    let row = row(fields);
    let scope = Scope {
        secrets: &secrets,
        parent: Some(&row),
        incremental: None,
    };
    Template::parse(text, Mode::Request)
        .unwrap()
        .expand(scope, encoding)
}

fn text(text: &str, fields: &Value) -> Result<String, TemplateError> {
    expand_as(text, fields, Encoding::Text("the query"))
}

fn path(text: &str, fields: &Value) -> Result<String, TemplateError> {
    expand_as(text, fields, Encoding::Segment)
}

fn body(yaml: &str, fields: &Value) -> Result<Value, TemplateError> {
    let node = Node::parse(yaml, Format::Yaml, "t.yaml").unwrap();
    let template = JsonTemplate::read(&node, &mut |_, kind| panic!("{kind}"));
    let row = row(fields);
    template.expand(Scope {
        secrets: &HashMap::new(),
        parent: Some(&row),
        incremental: None,
    })
}

#[test]
fn braces_are_unescaped_exactly_once() {
    let fields = json!({"id": 1});
    for (written, expected) in [
        ("{{x}}", "{x}"),
        ("{{{resources.p.id}}}", "{1}"),
        ("{{{{x}}}}", "{{x}}"),
        ("a{{b", "a{b"),
        ("{resources.p.id}{{}}{resources.p.id}", "1{}1"),
        ("", ""),
        ("$", "$"),
        ("$x ${env:T}", "$x s3cr3t/x"),
        ("$${env:T}", "${env:T}"),
        ("$${", "${"),
    ] {
        assert_eq!(text(written, &fields).unwrap(), expected, "{written}");
    }
}

#[test]
fn texts_spell_values_as_json_does() {
    let fields = json!({"t": true, "n": 1.5, "i": 42, "s": "ü x"});
    let written = "{resources.p.t} {resources.p.n} {resources.p.i} {resources.p.s}";
    assert_eq!(text(written, &fields).unwrap(), "true 1.5 42 ü x");
}

#[test]
fn a_value_in_a_path_stays_one_segment() {
    let fields = json!({"id": "x/../y?z=1#f %ü"});
    assert_eq!(
        path("a/{resources.p.id}/b", &fields).unwrap(),
        "a/x%2F..%2Fy%3Fz%3D1%23f%20%25%C3%BC/b"
    );
    assert_eq!(
        path("a/{resources.p.id|raw}", &fields).unwrap(),
        "a/x/../y?z=1#f %ü"
    );
}

#[test]
fn a_path_is_not_led_elsewhere_or_left_with_a_hole() {
    for id in [".", ".."] {
        let error = path("a/{resources.p.id}/b", &json!({"id": id})).unwrap_err();
        assert!(
            matches!(error, TemplateError::ChangesPath { .. }),
            "{error}"
        );
        assert!(error.hint().is_some());
    }
    let error = path("a/{resources.p.id}/b", &json!({"id": ""})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "field `id` of resource `p` is empty, so the path cannot be built"
    );
}

#[test]
fn null_and_nested_values_are_not_put_into_texts() {
    let fields = json!({"n": null, "l": [1]});
    let error = text("{resources.p.n}", &fields).unwrap_err();
    assert_eq!(
        error.to_string(),
        "field `n` of resource `p` is null, so the query cannot be built"
    );
    let error = path("{resources.p.l}", &fields).unwrap_err();
    assert!(matches!(error, TemplateError::NotScalar { .. }));
}

#[test]
fn a_missing_field_names_those_that_are_there() {
    let error = text("{resources.p.id}", &json!({"number": 1, "key": 2})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the row of resource `p` has no field `id`"
    );
    assert_eq!(error.hint().unwrap(), "the record has `number`, `key`");
    let error = text("{resources.p.idd}", &json!({"ids": 1, "id": 2})).unwrap_err();
    assert!(
        error.hint().unwrap().starts_with("did you mean `id`?"),
        "{error:?}"
    );
}

#[test]
fn a_record_of_many_and_long_fields_makes_no_endless_hint() {
    let mut present: Vec<String> = (0..500).map(|at| format!("f{at}")).collect();
    let hint = fields_hint("zzz", &present).unwrap();
    assert!(hint.ends_with("`f19` and 480 more"), "{hint}");
    present[0] = "é".repeat(5000);
    assert!(fields_hint("zzz", &present).unwrap().len() < 400);
    assert_eq!(fields_hint("zzz", &[]), None);
}

#[test]
fn a_child_without_a_row_is_an_error_not_a_panic() {
    let template = Template::parse("{resources.p.id}", Mode::Request).unwrap();
    let scope = Scope {
        secrets: &HashMap::new(),
        parent: None,
        incremental: None,
    };
    let error = template.expand(scope, Encoding::Segment).unwrap_err();
    assert_eq!(
        error,
        TemplateError::NoParentRow {
            parent: "p".to_owned()
        }
    );
}

#[test]
fn a_lone_placeholder_in_a_body_keeps_its_type() {
    let fields = json!({"i": 7, "b": false, "l": [1, {"x": null}], "s": "", "z": 0, "n": null});
    let yaml = r"
i: '{resources.p.i}'
b: '{resources.p.b}'
l: '{resources.p.l}'
s: '{resources.p.s}'
z: ['{resources.p.z}', 'n{resources.p.i}', '{resources.p.i}{resources.p.z}']
t: '{resources.p.i|raw}'
n: ['{resources.p.n}', '{resources.p.n|default(0)}', '{resources.p.i|json}', '{resources.p.l|json}']
'{resources.p.i}': 1.5
fixed: {a: null, b: [true], c: '{{x}}'}
";
    let expected = json!({
        "i": 7, "b": false, "l": [1, {"x": null}], "s": "", "z": [0, "n7", "70"], "t": "7",
        "n": [null, 0, "7", "[1,{\"x\":null}]"],
        "7": 1.5, "fixed": {"a": null, "b": [true], "c": "{x}"},
    });
    assert_eq!(body(yaml, &fields).unwrap(), expected);
}

#[test]
fn a_body_needs_values_that_it_can_carry() {
    let error = body("{a: 'n{resources.p.n}'}", &json!({"n": null})).unwrap_err();
    assert!(matches!(error, TemplateError::NoValue { what: "null", .. }));
    let big = Captured::Scalar(Scalar::Number("123456789012345678901234".into()));
    let selector = Selector::parse("n").unwrap();
    let taps = [Tap {
        parent: "p".into(),
        field: "n".into(),
        selector,
    }];
    let row = ParentRow::new(taps.into(), vec![big]);
    let node = Node::parse("'{resources.p.n}'", Format::Yaml, "t").unwrap();
    let error = JsonTemplate::read(&node, &mut |_, _| {})
        .expand(Scope {
            secrets: &HashMap::new(),
            parent: Some(&row),
            incremental: None,
        })
        .unwrap_err();
    assert!(matches!(error, TemplateError::InexactNumber { .. }));
    assert!(error.hint().is_some());
}

#[test]
fn fields_may_be_nested_and_indexed() {
    let fields = json!({"user.login": "ada", "items[0].id": 3, "['@id']": 4});
    let written = "{resources.p.user.login} {resources.p.items[0].id} {resources.p['@id']}";
    assert_eq!(text(written, &fields).unwrap(), "ada 3 4");
}

#[test]
fn a_query_parameter_that_is_null_is_left_out_and_one_that_is_missing_is_an_error() {
    let fields = json!({"n": null, "s": "x"});
    let optional = |written: &str| {
        let row = row(&fields);
        let scope = Scope {
            secrets: &HashMap::new(),
            parent: Some(&row),
            incremental: None,
        };
        let template = Template::parse(written, Mode::Request).unwrap();
        template.expand_optional(scope, "the query")
    };
    assert_eq!(optional("{resources.p.n}"), Ok(None));
    assert_eq!(optional("{resources.p.m|default(null)}"), Ok(None));
    assert_eq!(
        optional("{resources.p.n|default('')}"),
        Ok(Some(String::new()))
    );
    assert_eq!(optional("{resources.p.s}"), Ok(Some("x".to_owned())));
    assert!(optional("a{resources.p.n}").is_err());
    assert!(optional("{resources.p.m}").is_err());
}

#[test]
fn a_default_stands_in_for_null_and_for_a_missing_field_in_a_path() {
    let fields = json!({"n": null});
    for field in ["n", "m"] {
        let written = format!("a/{{resources.p.{field}|default('x/y')}}");
        assert_eq!(path(&written, &fields).unwrap(), "a/x%2Fy");
    }
    let error = path("a/{resources.p.n}", &fields).unwrap_err();
    assert_eq!(
        error.to_string(),
        "field `n` of resource `p` is null, so the path cannot be built"
    );
    assert!(error.hint().unwrap().contains("|default("));
}

#[test]
fn what_is_shown_is_what_was_written_but_for_credentials() {
    let written = "Bearer ${env:T} {resources.p.id|raw} {{x}}";
    let template = Template::parse(written, Mode::Request).unwrap();
    assert_eq!(
        template.to_string(),
        "Bearer ${env:T} {resources.p.id|raw} {x}"
    );
    let secret = Template::literal("hunter2").sensitive();
    assert_eq!(secret.to_string(), "***");
    assert_eq!(format!("{secret:?}"), "Template(***)");
}

#[test]
fn an_unresolved_reference_is_an_error_not_a_blank() {
    let error = text("${env:OTHER}", &json!({})).unwrap_err();
    assert_eq!(error.to_string(), "`${env:OTHER}` was not resolved");
}

fn with_bounds(yaml: &str, values: &IncrementalValues) -> Result<Value, TemplateError> {
    let node = Node::parse(yaml, Format::Yaml, "t.yaml").unwrap();
    let template = JsonTemplate::read(&node, &mut |_, kind| panic!("{kind}"));
    template.expand(Scope {
        secrets: &HashMap::new(),
        parent: None,
        incremental: Some(values),
    })
}

#[test]
fn bounds_keep_their_type_in_a_body_and_go_away_without_a_value() {
    let values = IncrementalValues {
        start: Some(Scalar::from(17)),
        last: Some(Scalar::from("2024")),
        ..IncrementalValues::default()
    };
    let yaml = "{a: '{incremental.start_value}', b: 'from {incremental.start_value}', c: '{incremental.end_value}', d: [1, '{incremental.end_value}', '{incremental.last_value}']}";
    assert_eq!(
        with_bounds(yaml, &values).unwrap(),
        json!({"a": 17, "b": "from 17", "d": [1, "2024"]})
    );
}

#[test]
fn a_text_around_a_bound_without_value_is_an_error_and_never_none() {
    let error = with_bounds(
        "{a: 'from {incremental.start_value}'}",
        &IncrementalValues::default(),
    );
    let error = error.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`{incremental.start_value}` has no value in this run, so the body cannot be built"
    );
    assert_eq!(error.hint().unwrap(), "set `incremental.initial_value`");
}

#[test]
fn an_unknown_bound_names_those_that_there_are() {
    let problems = Template::parse("{incremental.cursor_path}", Mode::Request).unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "unknown value of the incremental load `cursor_path`"
    );
    assert!(problems[0].hint().unwrap().contains("`start_value`"));
}

proptest! {
    #[test]
    fn doubled_braces_and_dollars_bring_any_text_through(raw in "[a-z{}$ ü]{0,24}") {
        let escaped = raw.replace('{', "{{").replace('}', "}}");
        // `${` would begin a reference; the doubled brace behind it makes that impossible to miss.
        prop_assume!(!raw.contains("${"));
        prop_assert_eq!(text(&escaped, &json!({})).unwrap(), raw);
    }

    #[test]
    fn an_encoded_segment_decodes_to_the_value(raw in "\\PC{1,16}") {
        prop_assume!(raw != "." && raw != "..");
        let encoded = path("{resources.p.id}", &json!({"id": raw.clone()})).unwrap();
        prop_assert!(!encoded.contains(['/', '?', '#', ' ', '\\']));
        let url = url::Url::parse("http://h/a/").unwrap().join(&format!("./{encoded}")).unwrap();
        let last = url.path_segments().unwrap().next_back().unwrap().to_owned();
        let decoded: Vec<u8> = url::form_urlencoded::parse(format!("x={}", last.replace('+', "%2B")).as_bytes())
            .map(|(_, value)| value.into_owned().into_bytes())
            .next()
            .unwrap();
        prop_assert_eq!(String::from_utf8(decoded).unwrap(), raw);
    }

    #[test]
    fn no_text_makes_the_parser_panic(raw in "\\PC{0,32}|[a-z{}$:|.\\[\\]]{0,32}") {
        for mode in [Mode::References, Mode::Request, Mode::Path] {
            let _ = Template::parse(&raw, mode);
        }
    }
}
