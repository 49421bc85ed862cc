use proptest::prelude::*;
use serde_json::json;

use super::*;

fn yaml(text: &str) -> Node {
    Node::parse(text, Format::Yaml, "t.yaml").unwrap()
}

#[test]
fn the_extension_names_the_format_in_any_case() {
    for (path, format) in [
        ("a.yaml", Some(Format::Yaml)),
        ("a.YML", Some(Format::Yaml)),
        ("b/c.toml", Some(Format::Toml)),
        ("a.b.json", Some(Format::Json)),
        ("yaml", None),
        ("a.txt", None),
    ] {
        assert_eq!(Format::of_path(Path::new(path)), format, "{path}");
    }
}

#[test]
fn every_value_and_key_knows_where_it_begins() {
    let root = yaml("a: 1\nb:\n  - x\n  - {ü: 'y', z: [1, 2]}\n");
    let entries = root.as_map().unwrap();
    assert_eq!(entries[1].mark, Mark { line: 2, column: 1 });
    let list = entries[1].value.as_list().unwrap();
    assert_eq!(list[0].mark, Mark { line: 3, column: 5 });
    let inner = list[1].as_map().unwrap();
    assert_eq!(inner[0].value.mark, Mark { line: 4, column: 9 });
    assert_eq!(
        inner[1].mark,
        Mark {
            line: 4,
            column: 14
        }
    );
    assert_eq!(inner[1].value.as_list().unwrap()[1].mark.column, 21);
}

#[test]
fn toml_and_json_know_their_places_too() {
    let root = Node::parse("a = 1\n[b]\nc = ['x', \"y\"]\n", Format::Toml, "t").unwrap();
    let c = root.value_of("b").unwrap().value_of("c").unwrap();
    assert_eq!(
        c.as_list().unwrap()[1].mark,
        Mark {
            line: 3,
            column: 11
        }
    );
    let root = Node::parse("{\n \"a\": [1,\n  true]}", Format::Json, "t").unwrap();
    let entry = &root.as_map().unwrap()[0];
    assert_eq!(entry.mark, Mark { line: 2, column: 2 });
    assert_eq!(
        entry.value.as_list().unwrap()[1].mark,
        Mark { line: 3, column: 3 }
    );
}

#[test]
fn yaml_scalars_take_their_types() {
    let root = yaml(
        "a: ~\nb:\nc: true\nd: 'true'\ne: 1.50\nf: 007\ng: !!str 5\nh: |\n  two\n  lines\ni: yes\nj: 2024-01-01\n",
    );
    let expected = json!({
        "a": null, "b": null, "c": true, "d": "true", "e": 1.5, "f": "007", "g": "5",
        "h": "two\nlines\n", "i": "yes", "j": "2024-01-01",
    });
    assert_eq!(root.to_json(), expected);
}

#[test]
fn numbers_keep_their_digits() {
    let root = yaml(
        "a: 9223372036854775807\nb: 18446744073709551615\nc: 1e400\nd: 0.1\ne: 123456789012345678901\n",
    );
    let expected = json!({
        "a": i64::MAX, "b": u64::MAX, "c": "1e400", "d": 0.1, "e": "123456789012345678901",
    });
    assert_eq!(root.to_json(), expected);
}

#[test]
fn anchors_stand_for_their_values() {
    let root = yaml("x: &a {k: [1]}\ny: *a\nz: [*a, *a]\n");
    assert_eq!(
        root.to_json(),
        json!({"x": {"k": [1]}, "y": {"k": [1]}, "z": [{"k": [1]}, {"k": [1]}]})
    );
}

#[test]
fn merge_keys_add_what_is_not_written() {
    let root =
        yaml("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 0}\nd: {<<: *b}\n");
    assert_eq!(
        root.value_of("c").unwrap().to_json(),
        json!({"x": 0, "y": 1, "z": 2})
    );
    assert_eq!(
        root.value_of("d").unwrap().to_json(),
        json!({"y": 2, "z": 2})
    );
}

#[test]
fn keys_that_are_numbers_or_booleans_become_texts() {
    assert_eq!(
        yaml("1: a\ntrue: b\n").to_json(),
        json!({"1": "a", "true": "b"})
    );
}

#[test]
fn toml_values_take_their_types_in_the_order_of_the_file() {
    let text = "z = 1_000\na = 0xff\nm = 1e3\nwhen = 2024-01-01T00:00:00Z\nok = true\nneg = -0.5\n";
    let root = Node::parse(text, Format::Toml, "t").unwrap();
    let keys: Vec<&str> = root.as_map().unwrap().iter().map(|one| &*one.key).collect();
    assert_eq!(keys, ["z", "a", "m", "when", "ok", "neg"]);
    let expected = json!({
        "z": 1000, "a": 255, "m": 1000.0, "when": "2024-01-01T00:00:00Z", "ok": true, "neg": -0.5,
    });
    assert_eq!(root.to_json(), expected);
}

#[test]
fn toml_infinity_is_refused() {
    let errors = Node::parse("a = inf\nb = nan\n", Format::Toml, "t").unwrap_err();
    assert_eq!(errors.len(), 2);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    assert_eq!(yaml("\u{feff}a: 1").to_json(), json!({"a": 1}));
}

#[test]
fn an_empty_yaml_file_is_null() {
    assert!(yaml("").is_null());
    assert!(yaml("# only a comment\n").is_null());
}

/// Any JSON value without numbers that floats blur.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[\\n\\t\"\\\\{}:#&* -]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map("[a-zü_ -]{0,8}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_reads_as_it_was_written(value in any_json()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        let read = Node::parse(&text, Format::Json, "t.json").unwrap();
        prop_assert_eq!(read.to_json(), value);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC{0,64}|[a-z:&*<\\[\\]{}\"'\\n -]{0,64}") {
        for format in [Format::Yaml, Format::Toml, Format::Json] {
            let _ = Node::parse(&text, format, "t");
        }
    }
}
