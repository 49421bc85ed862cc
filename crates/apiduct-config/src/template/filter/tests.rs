use apiduct_json::{Captured, Selector};
use apiduct_model::{Hint, Scalar};
use proptest::prelude::*;

use crate::error::ConfigErrorKind;
use crate::template::{Encoding, Mode, ParentRow, Scope, Tap, Template, TemplateError};

/// The text of `{resources.p.x FILTERS}` for a value of `x` as JSON; nothing for a row without it.
fn filtered(value: &str, filters: &str, encoding: Encoding) -> Result<String, TemplateError> {
    let json: Option<serde_json::Value> = serde_json::from_str(value).ok();
    let captured = match json {
        None => Captured::Absent,
        Some(serde_json::Value::Null) => Captured::Scalar(Scalar::Null),
        Some(serde_json::Value::Bool(value)) => Captured::Scalar(Scalar::Bool(value)),
        Some(serde_json::Value::Number(_)) => Captured::Scalar(Scalar::Number(value.into())),
        Some(serde_json::Value::String(text)) => Captured::Scalar(Scalar::Text(text.into())),
        Some(_) => Captured::Json(value.into()),
    };
    let selector = Selector::parse("x").unwrap();
    let tap = Tap {
        parent: "p".into(),
        field: "x".into(),
        selector,
    };
    let row = ParentRow::new([tap].into(), vec![captured]);
    let scope = Scope {
        secrets: &std::collections::HashMap::new(),
        parent: Some(&row),
        incremental: None,
    };
    let template = Template::parse(&format!("{{resources.p.x{filters}}}"), Mode::Request).unwrap();
    template.expand(scope, encoding)
}

fn text(value: &str, filters: &str) -> String {
    filtered(value, filters, Encoding::Text("the query")).unwrap()
}

fn problem(written: &str) -> ConfigErrorKind {
    Template::parse(written, Mode::Request)
        .unwrap_err()
        .remove(0)
}

#[test]
fn each_filter_does_what_its_name_says() {
    for (value, filters, expected) in [
        ("null", "|default('x')", "x"),
        ("", "|default(7)", "7"),
        ("\"a\"", "|default('x')", "a"),
        ("\"\"", "|default('x')", ""),
        ("null", "|default(\"it's\")", "it's"),
        ("null", "|default('it\\'s {a} | b')", "it's {a} | b"),
        ("\"A\"", "|json", "\"A\""),
        ("[1, \"a b\"]", "|json", "[1,\"a b\"]"),
        ("null", "|json", "null"),
        (
            "123456789012345678901234",
            "|json",
            "123456789012345678901234",
        ),
        (
            "\"2024-03-01T23:30:00-02:00\"",
            "|date('%Y-%m-%d')",
            "2024-03-01",
        ),
        ("\"2024-03-01\"", "|date('%d.%m.%y')", "01.03.24"),
        (
            "1709335800",
            "|date('%Y-%m-%dT%H:%M:%S%:z')",
            "2024-03-01T23:30:00+00:00",
        ),
        ("\"2024-03-01T23:30:00-02:00\"", "|unix", "1709343000"),
        ("\"2024-03-01T23:30:00.9Z\"", "|unix", "1709335800"),
        ("\"1969-12-31T23:59:59.5Z\"", "|unix", "-1"),
        ("\"2024-03-01 23:30:00\"", "|unix", "1709335800"),
        ("\"0042\"", "|int", "42"),
        ("-7.9", "|int", "-7"),
        ("\"-0.4\"", "|int", "0"),
        ("1e3", "|int", "1000"),
        (
            "123456789012345678901234.5",
            "|int",
            "123456789012345678901234",
        ),
        ("\"ÄB\"", "|lower", "äb"),
        ("[1, \"a,b\", true]", "|join(',')", "1,a,b,true"),
        ("[]", "|join(',')", ""),
        ("7", "|join(',')", "7"),
        ("null", "|lower|default('None')|lower", "none"),
        ("\"2024-03-01T00:00:00Z\"", "| date( '%Y' ) | int", "2024"),
        ("[1, 2]", "|json|lower", "[1,2]"),
    ] {
        assert_eq!(text(value, filters), expected, "{value}{filters}");
    }
}

#[test]
fn a_filter_says_what_it_needs() {
    for (value, filters, expected) in [
        (
            "\"soon\"",
            "|date('%Y')",
            "field `x` of resource `p` is `soon`, and the filter `date` needs a date or a timestamp",
        ),
        (
            "true",
            "|unix",
            "field `x` of resource `p` is `true`, and the filter `unix` needs a date or a timestamp",
        ),
        (
            "\"x\"",
            "|int",
            "field `x` of resource `p` is `x`, and the filter `int` needs a number",
        ),
        (
            "[[1]]",
            "|join(',')",
            "field `x` of resource `p` is `[[1]]`, and the filter `join` needs a list of texts, numbers or booleans",
        ),
    ] {
        let error = filtered(value, filters, Encoding::Text("the query")).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let error = filtered("[1]", "", Encoding::Segment).unwrap_err();
    assert!(error.hint().unwrap().contains("|join(',')"));
}

#[test]
fn elements_in_a_path_are_encoded_and_what_joins_them_is_not() {
    let path = |value: &str, filters: &str| filtered(value, filters, Encoding::Segment);
    assert_eq!(path("[1, \"a/b\"]", "|join(',')").unwrap(), "1,a%2Fb");
    assert_eq!(path("[1, \"a/b\"]", "|join(',')|raw").unwrap(), "1,a/b");
    assert_eq!(path("[1, 2]", "|join(',')|lower").unwrap(), "1%2C2");
    let error = path("[]", "|join(',')").unwrap_err();
    assert!(matches!(
        error,
        TemplateError::NoValue { what: "empty", .. }
    ));
}

#[test]
fn a_filter_that_is_written_wrong_is_refused_with_an_example() {
    for (written, reason, hint) in [
        ("{resources.p.x|upper}", "unknown filter `upper`", "`lower`"),
        ("{resources.p.x|}", "unknown filter ``", "`default`"),
        (
            "{resources.p.x|raw(1)}",
            "the filter `raw` takes no argument",
            "|raw",
        ),
        (
            "{resources.p.x|default}",
            "the filter `default` takes one value, a text in quotes or JSON",
            "|default('')",
        ),
        (
            "{resources.p.x|default(none)}",
            "the filter `default` takes one value, a text in quotes or JSON",
            "|default('')",
        ),
        (
            "{resources.p.x|join}",
            "the filter `join` takes one text in quotes",
            "|join(',')",
        ),
        (
            "{resources.p.x|date(7)}",
            "the filter `date` takes one text in quotes",
            "|date('%Y-%m-%d')",
        ),
        (
            "{resources.p.x|json(}",
            "the filter `json` has a bracket that is not closed",
            "json(…)",
        ),
    ] {
        let problem = problem(written);
        assert_eq!(problem.to_string(), reason, "{written}");
        assert!(problem.hint().unwrap().contains(hint), "{written}");
    }
    let problem = problem("{resources.p.x|date('%!')}");
    assert!(
        problem
            .to_string()
            .starts_with("the filter `date` cannot write `%!`: "),
        "{problem}"
    );
}

#[test]
fn bars_and_braces_in_brackets_belong_to_the_path() {
    let written = "{resources.p.items[?(@.a == '}' || @.b == '|')].id|raw}";
    let template = Template::parse(written, Mode::Request).unwrap();
    let placeholder = template.as_placeholder().unwrap();
    assert!(placeholder.is_raw());
    assert_eq!(
        template.parent_fields()[0].1.as_str(),
        "items[?(@.a == '}' || @.b == '|')].id"
    );
}

#[test]
fn a_secret_in_the_file_is_not_shown_when_a_filter_refuses_it() {
    let mut template = Template::parse("{key|int}", Mode::Path).unwrap();
    let crate::template::Part::Field(placeholder) = &mut template.parts_mut()[0] else {
        panic!()
    };
    let bound = Template::literal("hunter2").sensitive();
    placeholder.target = crate::template::Target::Bound(Box::new(bound));
    let scope = Scope {
        secrets: &std::collections::HashMap::new(),
        parent: None,
        incremental: None,
    };
    let error = template.expand(scope, Encoding::Segment).unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("hunter2"),
        "{error:?}"
    );
}

proptest! {
    #[test]
    fn any_text_can_be_a_default(raw in "\\PC{0,16}") {
        let quoted = raw.replace('\\', "\\\\").replace('\'', "\\'");
        prop_assert_eq!(text("null", &format!("|default('{quoted}')")), raw.clone());
        let json = serde_json::Value::from(raw.as_str());
        prop_assert_eq!(text("null", &format!("|default({json})")), raw);
    }

    #[test]
    fn seconds_and_dates_agree(seconds in -62_000_000_000_i64..250_000_000_000) {
        let written = text(&seconds.to_string(), "|date('%Y-%m-%dT%H:%M:%SZ')");
        prop_assert_eq!(text(&format!("\"{written}\""), "|unix"), seconds.to_string());
    }

    #[test]
    fn no_filter_makes_the_reader_panic(raw in "\\PC{0,24}|[a-z(){}\\[\\]'\"|,.]{0,24}", value in "\\PC{0,12}") {
        let _ = Template::parse(&format!("{{resources.p.x|{raw}}}"), Mode::Request);
        let json = serde_json::Value::from(value).to_string();
        for filters in ["|date('%Y')", "|unix", "|int", "|lower", "|join('')", "|json"] {
            let _ = filtered(&json, filters, Encoding::Segment);
        }
    }
}
