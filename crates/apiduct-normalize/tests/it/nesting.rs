use apiduct_json::{Captured, Selector};
use apiduct_model::DataType;
use apiduct_normalize::{NestedOptions, Tap};

use super::*;

const RECORD: &str = r#"{"id":1,"user":{"name":"ada","address":{"city":"x"}},"tags":["a",["b"]],"items":[{"n":1,"parts":[{"p":2}],"o":{"x":3}}]}"#;

fn limited(levels: usize) -> Tables {
    let options = Options {
        max_table_nesting: Some(levels),
        ..options()
    };
    normalize_with(options, &[&[RECORD]], &[]).unwrap()
}

#[test]
fn without_levels_lists_and_objects_stay_json() {
    let tables = limited(0);
    assert_eq!(tables.schema.tables.len(), 1);
    let expected = [
        ("id", "1"),
        ("user", r#"{"name":"ada","address":{"city":"x"}}"#),
        ("tags", r#"["a",["b"]]"#),
        ("items", r#"[{"n":1,"parts":[{"p":2}],"o":{"x":3}}]"#),
    ];
    assert_eq!(tables.data("things"), [row(&expected)]);
    assert_eq!(tables.type_of("things", "user"), "json");
}

#[test]
fn one_level_flattens_objects_and_makes_tables_of_lists() {
    let tables = limited(1);
    let expected = [
        ("id", "1"),
        ("user__name", "ada"),
        ("user__address", r#"{"city":"x"}"#),
    ];
    assert_eq!(tables.data("things"), [row(&expected)]);
    assert_eq!(
        tables.data("things__tags"),
        [row(&[("value", "a")]), row(&[("list", r#"["b"]"#)])]
    );
    let expected = [("n", "1"), ("parts", r#"[{"p":2}]"#), ("o", r#"{"x":3}"#)];
    assert_eq!(tables.data("things__items"), [row(&expected)]);
    assert_eq!(tables.schema.tables.len(), 3);
}

#[test]
fn enough_levels_are_no_limit() {
    let free = normalize(&[RECORD]);
    for levels in [2, 1000] {
        let tables = limited(levels);
        assert_eq!(tables.schema, free.schema);
    }
}

#[test]
fn a_key_that_is_a_scalar_first_keeps_documents_as_text() {
    let options = Options {
        max_table_nesting: Some(0),
        ..options()
    };
    let records = [r#"{"a":5,"b":{"x":1}}"#, r#"{"a":{"x":1},"b":"t"}"#];
    let tables = normalize_with(options, &[&records], &[]).unwrap();
    assert_eq!(
        tables.data("things"),
        [
            row(&[("a", "5"), ("b", r#"{"x":1}"#)]),
            row(&[("a", r#"{"x":1}"#), ("b", "\"t\"")])
        ]
    );
    assert_eq!(
        (tables.type_of("things", "a"), tables.type_of("things", "b")),
        ("text".to_owned(), "json".to_owned())
    );
}

/// The tapped value at `path`, with these options.
fn tapped(path: &str, options: Options) -> Captured {
    let options = Options {
        taps: vec![Tap::new(Selector::parse(path).unwrap())],
        ..options
    };
    let mut normalizer = Normalizer::try_new(options).unwrap();
    normalizer
        .push(&Records::from_texts([RECORD]).unwrap(), &[])
        .unwrap();
    normalizer.take_taps().remove(0).remove(0)
}

#[test]
fn children_find_their_values_inside_of_documents_too() {
    let limited = Options {
        max_table_nesting: Some(0),
        ..options()
    };
    let declared = Options {
        declared: [("user".to_owned(), DataType::Json)].into_iter().collect(),
        ..options()
    };
    for options in [options(), limited, declared] {
        let city = tapped("user.address.city", options.clone());
        assert_eq!(city, Captured::Scalar(Scalar::Text("x".into())));
        assert_eq!(
            tapped("id", options),
            Captured::Scalar(Scalar::Number("1".into()))
        );
    }
}

#[test]
fn nested_tables_have_names_and_types_of_their_own() {
    let hint = |table: Option<&str>, declared: &[(&str, DataType)]| NestedOptions {
        table: table.map(Into::into),
        declared: declared
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), *kind))
            .collect(),
    };
    let nested = [
        (
            "items".to_owned(),
            hint(
                Some("lines"),
                &[("n", DataType::Text), ("o", DataType::Json)],
            ),
        ),
        (
            "items__parts".to_owned(),
            hint(None, &[("p", DataType::Double)]),
        ),
    ];
    let options = Options {
        nested: nested.into_iter().collect(),
        ..options()
    };
    let tables = normalize_with(options, &[&[RECORD]], &[]).unwrap();
    assert_eq!(tables.type_of("lines", "n"), "text");
    assert_eq!(
        tables.data("lines"),
        [row(&[("n", "1"), ("o", r#"{"x":3}"#)])]
    );
    assert_eq!(tables.type_of("lines__parts", "p"), "double");
    assert_eq!(
        tables
            .schema
            .table("lines__parts")
            .unwrap()
            .parent
            .as_deref(),
        Some("lines")
    );
}

#[test]
fn a_nested_table_cannot_take_a_name_that_is_taken() {
    let nested = NestedOptions {
        table: Some("things".into()),
        ..NestedOptions::default()
    };
    let options = Options {
        nested: [("items".to_owned(), nested)].into_iter().collect(),
        ..options()
    };
    let error = normalize_with(options, &[&[RECORD]], &[]).err().unwrap();
    assert!(matches!(error, NormalizeError::Collision(_)), "{error}");
}
