use super::*;

fn found(text: &str, paths: &[&[Key<'_>]]) -> Vec<Option<String>> {
    let mut tree = KeyTree::new();
    for path in paths {
        tree.add(path.iter().copied());
    }
    let hits = find(text, 0, &tree).unwrap_or_else(|error| panic!("{text}: {error}"));
    hits.into_iter()
        .map(|hit| hit.map(|hit| text[hit.range].to_owned()))
        .collect()
}

fn fails(text: &str, offset: usize, reason: Reason) {
    let mut tree = KeyTree::new();
    tree.add([Key::Name("a"), Key::Index(1)]);
    tree.add([Key::Name("list")]);
    assert_eq!(
        find(text, 0, &tree),
        Err(SyntaxError { offset, reason }),
        "{text}"
    );
}

#[test]
fn paths_lead_to_text_without_the_space_around_it() {
    use Key::{Index, Last, Name};
    let text = r#" { "a" : [ 1 , [ 2 , 3 ] ] , "b" : { "c" : "x" } } "#;
    assert_eq!(
        found(
            text,
            &[
                &[Name("a"), Index(0)],
                &[Name("a"), Last],
                &[Name("a"), Last, Index(1)],
                &[Name("a"), Index(1), Last],
                &[Name("b")],
                &[Name("b"), Name("c")],
                &[Name("b"), Index(0)],
                &[Name("a"), Name("c")],
                &[Name("a"), Index(2)],
                &[],
            ]
        ),
        [
            Some("1"),
            Some("[ 2 , 3 ]"),
            Some("3"),
            Some("3"),
            Some(r#"{ "c" : "x" }"#),
            Some(r#""x""#),
            None,
            None,
            None,
            Some(text.trim()),
        ]
        .map(|text| text.map(str::to_owned))
    );
}

#[test]
fn lists_know_their_count_and_last_element() {
    let mut tree = KeyTree::new();
    tree.add([Key::Name("list")]);
    tree.add([Key::Name("list"), Key::Index(1)]);
    for (list, count, last) in [
        ("[]", 0, ""),
        ("[ ]", 0, ""),
        ("[1]", 1, "1"),
        ("[1, 2 ]", 2, "2"),
        ("[1,{\"a\":[2,3]}, [4,5]\n]", 3, "[4,5]"),
    ] {
        let text = format!("{{\"list\":{list}}}");
        let hits = find(&text, 0, &tree).unwrap();
        let elements = &hits[0].as_ref().unwrap().elements;
        assert_eq!(
            (elements.count, &text[elements.last.clone()]),
            (count, last),
            "{list}"
        );
    }
}

#[test]
fn wanted_places_are_checked_on_the_way() {
    fails("", 0, Reason::UnexpectedEnd);
    fails("{", 1, Reason::UnexpectedEnd);
    fails("{1:2}", 1, Reason::Expected("a key"));
    fails("{\"a\" 1}", 5, Reason::Expected("`:`"));
    fails("{\"a\":1 \"b\":2}", 7, Reason::Expected("`,` or `}`"));
    fails("{\"a\":1,}", 7, Reason::Expected("a key"));
    fails("{\"a\":[1 2]}", 8, Reason::Expected("`,` or `]`"));
    fails("{\"a\":[1,]}", 8, Reason::Expected("a value"));
    fails("{\"list\":[1,]}", 11, Reason::Expected("a value"));
    fails("{\"list\":[1}}", 10, Reason::Expected("`]`"));
    fails("{\"b\":[1}}", 7, Reason::Expected("`]`"));
    fails("{\"b\":{1]}", 7, Reason::Expected("`}`"));
    fails("{\"\\q\":1}", 2, Reason::InvalidEscape);
    fails("{\"a\":01}", 7, Reason::InvalidNumber);
    fails("{} {}", 3, Reason::TrailingData);
}

#[test]
fn checking_reads_everything() {
    assert_eq!(check("x{\"a\":[1,{\"b\":null}]} ", 1), Ok(()));
    assert_eq!(
        check("x[1,{\"a\":tru}]", 1).map_err(|error| error.offset),
        Err(9),
        "offsets count from the start of the text"
    );
    assert!(check("[] []", 0).is_err());
    assert!(check(&"[".repeat(100_000), 0).is_err_and(|error| error.reason == Reason::TooDeep));
}
