use apiduct_model::SecretText;
use apiduct_steps::{CastTo, Step};

use super::{gives, path, paths, try_all};

const USER: &str = r#"{"id":1,"user":{"login":"ada","email":"a@b.c"},"tags":["x","y"],"items":[{"p":1,"q":2},{"p":3}]}"#;

#[test]
fn keep_leaves_the_named_fields_in_their_order() {
    gives(
        vec![Step::Keep(paths(&[
            "items.p",
            "user.login",
            "id",
            "missing",
        ]))],
        &[USER],
        &[r#"{"id":1,"user":{"login":"ada"},"items":[{"p":1},{"p":3}]}"#],
    );
    gives(
        vec![Step::Keep(paths(&["user.login", "user"]))],
        &[USER],
        &[r#"{"user":{"login":"ada","email":"a@b.c"}}"#],
    );
}

#[test]
fn drop_takes_fields_away_at_any_depth() {
    gives(
        vec![Step::Drop(paths(&[
            "user.email",
            "items[*].q",
            "tags",
            "no.such",
        ]))],
        &[USER],
        &[r#"{"id":1,"user":{"login":"ada"},"items":[{"p":1},{"p":3}]}"#],
    );
}

#[test]
fn rename_keeps_the_place_in_the_same_object() {
    let rename = |from: &str, to: &str| vec![Step::Rename(vec![(path(from), path(to))])];
    gives(
        rename("a", "z"),
        &[r#"{"a":1,"b":2}"#],
        &[r#"{"z":1,"b":2}"#],
    );
    gives(
        rename("l.a", "l.z"),
        &[r#"{"l":[{"a":1,"b":2},{"b":3}]}"#],
        &[r#"{"l":[{"z":1,"b":2},{"b":3}]}"#],
    );
    gives(rename("no", "z"), &[r#"{"a":1}"#], &[r#"{"a":1}"#]);
}

#[test]
fn rename_moves_to_another_object() {
    let rename = |from: &str, to: &str| vec![Step::Rename(vec![(path(from), path(to))])];
    gives(
        rename("u.login", "author"),
        &[r#"{"u":{"login":"ada","x":1}}"#],
        &[r#"{"u":{"x":1},"author":"ada"}"#],
    );
    gives(rename("a", "b.c"), &[r#"{"a":1}"#], &[r#"{"b":{"c":1}}"#]);
}

#[test]
fn rename_overwrites_nothing() {
    for (from, to, record) in [
        ("a", "b", r#"{"a":1,"b":2}"#),
        ("u.a", "b", r#"{"u":{"a":1},"b":2}"#),
    ] {
        let error =
            try_all(vec![Step::Rename(vec![(path(from), path(to))])], &[record]).unwrap_err();
        assert_eq!(error.problem.to_string(), "there is a field `b` already");
    }
    let error = try_all(
        vec![Step::Rename(vec![(path("a"), path("b.c"))])],
        &[r#"{"a":1,"b":2}"#],
    )
    .unwrap_err();
    assert_eq!(
        error.problem.to_string(),
        "field `b.c` holds a number, and the step takes an object on the way to it"
    );
}

#[test]
fn set_puts_values_and_makes_objects_on_the_way() {
    let set = Step::Set(vec![
        (path("src"), "\"web\"".to_owned()),
        (path("m.v"), "[1.10]".to_owned()),
    ]);
    gives(
        vec![set],
        &[r#"{"src":0}"#],
        &[r#"{"src":"web","m":{"v":[1.10]}}"#],
    );
}

#[test]
fn cast_goes_into_lists() {
    let cast = Step::Cast(vec![
        (path("p"), CastTo::Number),
        (path("n"), CastTo::Bigint),
    ]);
    gives(
        vec![cast],
        &[r#"{"p":["1.50",2,null],"n":"7"}"#, "{}"],
        &[r#"{"p":[1.50,2,null],"n":7}"#, "{}"],
    );
}

#[test]
fn a_cast_that_fails_names_field_value_and_type() {
    let error = try_all(
        vec![Step::Cast(vec![(path("p"), CastTo::Number)])],
        &[r#"{"p":"1,5"}"#],
    )
    .unwrap_err();
    assert_eq!(
        error.problem.to_string(),
        "field `p` holds `\"1,5\"`, which is not a number"
    );
}

#[test]
fn hash_is_sha_256_of_salt_and_text() {
    let hash = |salt: Option<&str>| Step::Hash {
        fields: paths(&["e"]),
        salt: salt.map(SecretText::from),
    };
    gives(
        vec![hash(None)],
        &[r#"{"e":"abc"}"#, r#"{"e":null}"#, "{}"],
        &[
            r#"{"e":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}"#,
            r#"{"e":null}"#,
            "{}",
        ],
    );
    // The same digest: salt and text are one message.
    gives(
        vec![hash(Some("a"))],
        &[r#"{"e":"bc"}"#],
        &[r#"{"e":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}"#],
    );
    let numbers = try_all(vec![hash(None)], &[r#"{"e":[12,"12",true]}"#])
        .unwrap()
        .remove(0);
    let numbers: serde_json::Value = serde_json::from_str(&numbers).unwrap();
    assert_eq!(numbers["e"][0], numbers["e"][1]);
    assert_ne!(numbers["e"][0], numbers["e"][2]);
    let error = try_all(vec![hash(None)], &[r#"{"e":{}}"#]).unwrap_err();
    assert_eq!(
        error.problem.to_string(),
        "field `e` holds an object, and the step takes texts, numbers and booleans"
    );
}

#[test]
fn redact_hides_values_wherever_they_are() {
    let redact = Step::Redact {
        fields: paths(&["u.email", "t"]),
        with: "***".to_owned(),
    };
    gives(
        vec![redact],
        &[r#"{"u":[{"email":"x"},{"email":null}],"t":{"a":1}}"#],
        &[r#"{"u":[{"email":"***"},{"email":null}],"t":"***"}"#],
    );
}

#[test]
fn explode_makes_a_record_of_each_element() {
    gives(
        vec![Step::Explode(path("l"))],
        &[r#"{"a":1,"l":[1,{"x":2}],"b":3}"#],
        &[r#"{"a":1,"l":1,"b":3}"#, r#"{"a":1,"l":{"x":2},"b":3}"#],
    );
    gives(
        vec![Step::Explode(path("o.l"))],
        &[r#"{"o":{"l":[1,2]}}"#],
        &[r#"{"o":{"l":1}}"#, r#"{"o":{"l":2}}"#],
    );
}

#[test]
fn explode_loses_no_record() {
    gives(
        vec![Step::Explode(path("l"))],
        &[r#"{"l":[]}"#, r#"{"l":null}"#, "{}", r#"{"l":5}"#],
        &[r#"{"l":null}"#, r#"{"l":null}"#, "{}", r#"{"l":5}"#],
    );
}

#[test]
fn flatten_lifts_fields_in_the_place_of_their_object() {
    let flatten = |prefix: &str| {
        vec![Step::Flatten {
            fields: paths(&["attr"]),
            prefix: prefix.to_owned(),
        }]
    };
    gives(
        flatten(""),
        &[
            r#"{"id":1,"attr":{"x":2,"y":3},"z":4}"#,
            r#"{"attr":null}"#,
            "{}",
        ],
        &[r#"{"id":1,"x":2,"y":3,"z":4}"#, r#"{"attr":null}"#, "{}"],
    );
    gives(
        flatten("a_"),
        &[r#"{"id":1,"attr":{"id":2}}"#],
        &[r#"{"id":1,"a_id":2}"#],
    );
    let error = try_all(flatten(""), &[r#"{"id":1,"attr":{"id":2}}"#]).unwrap_err();
    assert_eq!(error.problem.to_string(), "there is a field `id` already");
    let error = try_all(flatten(""), &[r#"{"attr":1}"#]).unwrap_err();
    assert_eq!(
        error.problem.to_string(),
        "field `attr` holds a number, and the step takes objects"
    );
}

#[test]
fn parse_json_reads_texts_with_exact_numbers() {
    let parse = || vec![Step::ParseJson(paths(&["p"]))];
    gives(
        parse(),
        &[
            r#"{"p":"{\"n\":12345678901234567890.10}"}"#,
            r#"{"p":{"n":1}}"#,
            r#"{"p":null}"#,
        ],
        &[
            r#"{"p":{"n":12345678901234567890.10}}"#,
            r#"{"p":{"n":1}}"#,
            r#"{"p":null}"#,
        ],
    );
    let error = try_all(parse(), &[r#"{"p":"{"}"#]).unwrap_err();
    assert_eq!(error.problem.to_string(), "field `p` is not JSON");
}

#[test]
fn dedupe_drops_what_came_before_and_forgets_the_oldest() {
    let dedupe = |memory| {
        vec![Step::Dedupe {
            fields: paths(&["k.a", "k.b"]),
            memory,
        }]
    };
    let records = [
        r#"{"k":{"a":1,"b":2}}"#,
        r#"{"k":{"a":12}}"#,
        r#"{"k":{"a":1,"b":2},"x":1}"#,
        "{}",
        "{}",
    ];
    gives(dedupe(10), &records, &[records[0], records[1], "{}", "{}"]);
    gives(
        dedupe(1),
        &records,
        &[records[0], records[1], records[2], "{}", "{}"],
    );
}
