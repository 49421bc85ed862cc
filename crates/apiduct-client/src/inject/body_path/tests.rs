use bytes::Bytes;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn path(text: &str) -> BodyPath {
    text.parse().unwrap()
}

fn write(text: &str, value: Value, body: Value) -> Result<Value, InjectError> {
    let mut body = Body::Json(body);
    path(text).write(value, &mut body)?;
    match body {
        Body::Json(json) => Ok(json),
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_are_written_where_the_path_says() {
    for (text, before, after) in [
        ("page", json!({}), json!({"page": 2})),
        ("page", json!(null), json!({"page": 2})),
        (
            "page",
            json!({"page": 1, "q": "x"}),
            json!({"page": 2, "q": "x"}),
        ),
        (
            "a.b.c",
            json!({"a": {"z": 0}}),
            json!({"a": {"z": 0, "b": {"c": 2}}}),
        ),
        ("a.b", json!({"a": null}), json!({"a": {"b": 2}})),
        ("'a.b'.c", json!({}), json!({"a.b": {"c": 2}})),
        ("\"a b\"", json!({}), json!({"a b": 2})),
        (r"'it\'s'", json!({}), json!({"it's": 2})),
        ("a['b.c']", json!({}), json!({"a": {"b.c": 2}})),
        ("a[0]", json!({"a": [1, 9]}), json!({"a": [2, 9]})),
        (
            "a[-1].b",
            json!({"a": [1, {"c": 0}]}),
            json!({"a": [1, {"c": 0, "b": 2}]}),
        ),
        ("a[1]", json!({"a": [1]}), json!({"a": [1, 2]})),
        ("a[0].b", json!({}), json!({"a": [{"b": 2}]})),
        ("[0].page", json!([{"page": 1}]), json!([{"page": 2}])),
        ("a.0", json!({}), json!({"a": {"0": 2}})),
        (" page ", json!({}), json!({"page": 2})),
    ] {
        assert_eq!(write(text, json!(2), before), Ok(after), "{text}");
    }
}

#[test]
fn what_stands_in_the_way_is_an_error_that_names_it() {
    let shape = |path: &str, expected, found| InjectError::BodyShape {
        path: path.to_owned(),
        expected,
        found,
    };
    for (text, body, error) in [
        ("a.b", json!({"a": 1}), shape("a", "an object", "a number")),
        (
            "a.b.c",
            json!({"a": {"b": "x"}}),
            shape("a.b", "an object", "a text"),
        ),
        ("a", json!([1]), shape("$", "an object", "a list")),
        ("a[0]", json!({"a": {}}), shape("a", "a list", "an object")),
        (
            "a[0].b",
            json!({"a": [true]}),
            shape("a[0]", "an object", "a boolean"),
        ),
    ] {
        assert_eq!(write(text, json!(2), body), Err(error), "{text}");
    }
    for (text, len) in [("a[2]", 1), ("a[-2]", 1), ("a[-9223372036854775808]", 1)] {
        let error = write(text, json!(2), json!({"a": [0]})).unwrap_err();
        let expected = InjectError::BodyIndex {
            path: text.to_owned(),
            len,
        };
        assert_eq!(error, expected);
    }
}

#[test]
fn no_body_becomes_a_json_object() {
    let mut body = Body::Empty;
    path("a.page").write(json!(1), &mut body).unwrap();
    assert_eq!(body, Body::Json(json!({"a": {"page": 1}})));
}

#[test]
fn a_failed_write_does_not_make_a_body() {
    let mut body = Body::Empty;
    assert!(path("a[1]").write(json!(1), &mut body).is_err());
    assert_eq!(body, Body::Empty);
}

#[test]
fn a_form_field_is_replaced_in_its_place() {
    let pairs = |pairs: &[(&str, &str)]| {
        Body::Form(
            pairs
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect(),
        )
    };
    let mut body = pairs(&[("page", "1"), ("q", "x"), ("page", "9")]);
    path("page").write_scalar(&2.into(), &mut body).unwrap();
    assert_eq!(body, pairs(&[("page", "2"), ("q", "x")]));
    path("'p.x'").write(json!({"a": 1}), &mut body).unwrap();
    assert_eq!(
        body,
        pairs(&[("page", "2"), ("q", "x"), ("p.x", r#"{"a":1}"#)])
    );
    path("q").write_scalar(&Scalar::Null, &mut body).unwrap();
    assert_eq!(body, pairs(&[("page", "2"), ("p.x", r#"{"a":1}"#)]));
    let error = path("a.b").write(json!(1), &mut body).unwrap_err();
    assert_eq!(
        error,
        InjectError::NestedForm {
            path: "a.b".to_owned()
        }
    );
    assert_eq!(
        error.hint().unwrap(),
        "name one field; a name with dots or brackets is quoted: `'a.b'`"
    );
}

#[test]
fn a_raw_body_is_refused() {
    let mut body = Body::Raw {
        bytes: Bytes::from_static(b"x"),
        content_type: None,
    };
    let error = path("page").write(json!(1), &mut body).unwrap_err();
    assert_eq!(
        error,
        InjectError::RawBody {
            path: "page".to_owned()
        }
    );
}

#[test]
fn scalars_keep_their_type_in_json() {
    for (scalar, expected) in [
        (Scalar::Text("0".into()), json!("0")),
        (
            Scalar::Number("18446744073709551615".into()),
            json!(u64::MAX),
        ),
        (Scalar::Number("-5".into()), json!(-5)),
        (Scalar::Number("1.5".into()), json!(1.5)),
        (Scalar::Bool(true), json!(true)),
        (Scalar::Null, json!(null)),
    ] {
        let mut body = Body::Empty;
        path("a").write_scalar(&scalar, &mut body).unwrap();
        assert_eq!(body, Body::Json(json!({"a": expected})));
    }
}

#[test]
fn a_number_that_json_cannot_carry_exactly_is_refused() {
    let number = Scalar::Number("123456789012345678901234567890".into());
    let error = path("a")
        .write_scalar(&number, &mut Body::Empty)
        .unwrap_err();
    assert_eq!(
        error,
        InjectError::InexactNumber {
            path: "a".to_owned()
        }
    );
}

#[test]
fn mistakes_in_paths_are_named_with_their_place() {
    use BodyPathProblem::{BadIndex, MissingDot, MissingName, Root, Unclosed};
    for (text, problem, at) in [
        ("", MissingName, 1),
        (".a", MissingName, 1),
        ("a.", MissingName, 3),
        ("a..b", MissingName, 3),
        ("$.a", Root, 1),
        ("$", Root, 1),
        ("a[x]", BadIndex, 2),
        ("a[]", BadIndex, 2),
        ("a[0", Unclosed(']'), 4),
        ("a.'b", Unclosed('\''), 5),
        ("'a'b", MissingDot, 4),
        ("a[0]b", MissingDot, 5),
        ("a]", MissingDot, 2),
        ("ü.[", BadIndex, 3),
    ] {
        let error = text.parse::<BodyPath>().unwrap_err();
        assert_eq!((error.problem, error.at), (problem, at), "{text}");
    }
}

proptest! {
    #[test]
    fn a_path_of_any_names_is_read_back_from_its_text(keys in prop::collection::vec(".{0,6}", 1..4)) {
        let path = BodyPath::from_keys(&keys).unwrap();
        prop_assert_eq!(path.to_string().parse::<BodyPath>().unwrap(), path);
    }

    #[test]
    fn what_is_written_stands_at_the_path(keys in prop::collection::vec("[a-z.]{1,3}", 1..4)) {
        let mut body = Body::Empty;
        BodyPath::from_keys(&keys).unwrap().write(json!("v"), &mut body).unwrap();
        let Body::Json(json) = body else { panic!() };
        let found = keys.iter().try_fold(&json, |at, key| at.get(key));
        prop_assert_eq!(found, Some(&json!("v")));
    }

    #[test]
    fn any_text_is_read_without_panic(text in ".{0,20}") {
        let _ = text.parse::<BodyPath>();
    }
}
