use apiduct_steps::{Kept, Runner, Step};
use proptest::prelude::*;

use super::{program, steps};

/// Numbers in every spelling that JSON has, of any size.
fn number() -> impl Strategy<Value = String> {
    (
        "-?(0|[1-9][0-9]{0,40})",
        proptest::option::of("\\.[0-9]{1,30}"),
        proptest::option::of("[eE][+-]?[0-9]{1,3}"),
    )
        .prop_map(|(whole, fraction, exponent)| {
            format!(
                "{whole}{}{}",
                fraction.unwrap_or_default(),
                exponent.unwrap_or_default()
            )
        })
}

fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap())
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        number(),
        text()
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6)
                .prop_map(|list| format!("[{}]", list.join(","))),
            object(inner),
        ]
    })
}

fn object(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    proptest::collection::vec((any::<String>(), inner), 0..6).prop_map(|members| {
        let unique: std::collections::BTreeMap<_, _> = members.into_iter().collect();
        let members: Vec<String> = unique
            .into_iter()
            .map(|(key, value)| format!("{}:{value}", serde_json::to_string(&key).unwrap()))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #[test]
    fn the_identity_changes_nothing(record in object(json())) {
        for identity in [".", "with_entries(.)", ". as $x | $x", "tojson | fromjson", "{} + ."] {
            let mut runner = Runner::new(steps(vec![Step::Map(program(identity))]));
            let kept = runner.apply(&record, &[]).unwrap();
            prop_assert_eq!(kept, Kept::Changed(std::slice::from_ref(&record)), "{}", identity);
        }
    }

    #[test]
    fn any_text_is_a_program_or_a_located_error(text in any::<String>(), jq in "[.\\[\\]{}()a-c|,:;$\"\\\\ 0-9+=-]{0,20}") {
        for text in [text, jq] {
            if let Err(error) = apiduct_steps::Program::parse(&text) {
                let line = text.split('\n').nth(error.line - 1).unwrap();
                prop_assert!(error.column <= line.chars().count() + 1);
            }
        }
    }
}
