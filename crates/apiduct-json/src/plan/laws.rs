//! What holds for any document and any selector.

use proptest::prelude::*;
use serde_json::Value;

use super::tests::{plan, selector, texts};
use super::*;

/// A document as text, so that it may hold what values cannot: equal keys, escapes in keys, exact numbers.
fn document() -> impl Strategy<Value = String> {
    let space = || prop::sample::select(vec!["", "", "", " ", "\n", "\t "]);
    let scalar = prop_oneof![
        prop::sample::select(vec![
            "null", "true", "false", "0", "-1.50", "1e400", "123456789012345678901234567890", r#""""#, r#""a b""#,
            r#""\"\\\u00e9\ud83d\ude00""#, r#""]},{[ü""#, r#""\\""#,
            r#""a text that is longer than a block of sixty-four bytes, with \" and [brackets] in it""#,
        ])
        .prop_map(str::to_owned),
        ".{0,12}".prop_map(|text: String| Value::from(text).to_string()),
    ];
    let leaf = (space(), scalar, space())
        .prop_map(|(before, text, after)| format!("{before}{text}{after}"));
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let key = prop::sample::select(vec!["a", "b", "data", "id", r"\u0061", "d\u{e4}ta", ""]);
        let member = (key, space(), inner.clone())
            .prop_map(|(key, space, value)| format!("\"{key}\"{space}:{value}"));
        prop_oneof![
            (space(), prop::collection::vec(inner, 0..6), space()).prop_map(
                |(before, list, after)| {
                    if list.is_empty() {
                        format!("{before}[{after}]")
                    } else {
                        format!("{before}[{}]{after}", list.join(","))
                    }
                }
            ),
            (space(), prop::collection::vec(member, 0..6), space()).prop_map(
                |(before, members, after)| {
                    if members.is_empty() {
                        format!("{before}{{{after}}}")
                    } else {
                        format!("{before}{{{}}}{after}", members.join(","))
                    }
                }
            ),
        ]
    })
}

fn plain_path() -> impl Strategy<Value = String> {
    let step = prop::sample::select(vec![
        ".a",
        ".b",
        ".data",
        ".id",
        "['däta']",
        "['']",
        "[0]",
        "[1]",
        "[2]",
        "[-1]",
    ]);
    let steps = prop::collection::vec(step, 0..4);
    (steps, prop::bool::weighted(0.25)).prop_map(|(steps, is_open)| {
        format!("${}{}", steps.concat(), if is_open { "[*]" } else { "" })
    })
}

/// Paths with several matches, which need values.
fn plural_path() -> impl Strategy<Value = String> {
    let step = prop::sample::select(vec![
        ".a",
        ".data",
        "[0]",
        "[-2]",
        "[*]",
        "..a",
        "..*",
        "[0:2]",
        "[::-1]",
        "['a','b']",
        "[?@.a]",
        "[?@ != null]",
    ]);
    prop::collection::vec(step, 1..4).prop_map(|steps| format!("${}", steps.concat()))
}

/// The records as the rule has it, in a tree that another parser builds.
fn records_by_serde(path: &str, body: &str) -> serde_json::Result<Vec<Value>> {
    let value: Value = serde_json::from_str(body)?;
    let opens_lists = selector(path).gives_places();
    let mut records = Vec::new();
    for found in selector(path).query(&value) {
        match found {
            Value::Null if opens_lists => {}
            Value::Array(elements) if opens_lists => records.extend(elements.iter().cloned()),
            other => records.push(other.clone()),
        }
    }
    Ok(records)
}

/// The first match in the tree that another parser builds; an error when that parser cannot hold the document.
fn first_by_serde(path: &str, body: &str) -> serde_json::Result<Option<Value>> {
    let value: Value = serde_json::from_str(body)?;
    Ok(selector(path).first(&value).cloned())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn both_roads_give_the_same(
        body in document(),
        data in plain_path(),
        captures in prop::collection::vec(plain_path(), 0..4),
    ) {
        let captures: Vec<_> = captures.iter().map(String::as_str).collect();
        let plan = plan(&data, &captures);
        prop_assert_eq!(plan.road(), Road::Scan);
        let bytes = Bytes::from(body.clone());
        let scanned = plan.scan(&bytes).unwrap();
        let page = Page { body: &bytes, text: &body, start: 0 };
        let valued = plan.by_value(page).unwrap();
        prop_assert_eq!(&scanned.data, &valued.data);
        prop_assert_eq!(texts(&scanned.records), texts(&valued.records));
        prop_assert_eq!(&scanned.captures, &valued.captures);
        for (path, captured) in captures.iter().zip(&scanned.captures) {
            let Ok(expected) = first_by_serde(path, &body) else { continue };
            let found = match captured {
                Captured::Absent => None,
                Captured::Scalar(scalar) => serde_json::from_str(&scalar.to_json()).ok(),
                Captured::Json(text) => serde_json::from_str(text).ok(),
            };
            prop_assert_eq!(found, expected, "{}", path);
        }
    }

    #[test]
    fn several_matches_follow_the_rule(body in document(), path in prop_oneof![plural_path(), plain_path()]) {
        let Ok(expected) = records_by_serde(&path, &body) else { return Ok(()) };
        let scanned = plan(&path, &[]).scan(&body.into()).unwrap();
        let found = texts(&scanned.records);
        let found: Vec<Value> = found.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_document_cut_anywhere_is_refused(body in document(), data in plain_path(), at in any::<prop::sample::Index>()) {
        let body = body.trim_end();
        prop_assume!(body.trim_start().starts_with(['{', '[', '"']));
        let end = at.index(body.len());
        let cut = Bytes::copy_from_slice(&body.as_bytes()[..end]);
        prop_assert!(plan(&data, &[]).scan(&cut).is_err());
    }

    #[test]
    fn text_after_a_document_is_refused(body in document(), data in plain_path(), tail in "[\\[\\]{}a1,:\"]{1,4}") {
        prop_assume!(body.trim_start().starts_with(['{', '[', '"']));
        let longer = Bytes::from(body + &tail);
        prop_assert!(plan(&data, &[]).scan(&longer).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200), data in plain_path()) {
        let _ = plan(&data, &["data[-1].id"]).scan(&body.into());
    }

    #[test]
    fn json_like_bytes_never_panic(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"", "\\", "\"a\"", "\"data\":", "1", "-", "null", "tru", "\"\\u00", " ", "ü",
                "_", "\"id\":2,", "[[", "{}", "\"\\\\\"",
            ]),
            0..60,
        ),
        data in plain_path(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..2),
    ) {
        let mut body = parts.concat().into_bytes();
        for (at, byte) in flips {
            if !body.is_empty() {
                let at = at.index(body.len());
                body[at] = byte;
            }
        }
        for data in [data.as_str(), "data[?id]", "$..a"] {
            if let Ok(scanned) = plan(data, &["data[-1].id", "a[*]"]).scan(&Bytes::from(body.clone())) {
                let _ = scanned.records.texts().count();
                let _ = scanned.records.last();
            }
        }
    }
}
