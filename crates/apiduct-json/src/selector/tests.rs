use apiduct_model::Hint as _;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn document() -> Value {
    json!({
        "data": {
            "items": [{"id": 1, "t": "a", "n": null}, {"id": 2, "t": "b"}],
            "many-results": [1, 2], "a b": [3], "@odata.nextLink": "L", "x.y": 5, "0": "zero",
            "nul": null, "str": "hello", "nested": [[1, 2], [3]], "empty": [],
        },
        "results": {"posts": [{"id": 1}]},
        "@odata.nextLink": "TOP", "@count": 3,
        "x": {"a": {"id": 1}, "b": {"id": 2}}, "2024": {"a": 1},
    })
}

#[track_caller]
fn selects(paths: &[&str], expected: &Value) {
    let document = document();
    for path in paths {
        let selector = Selector::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let found = selector.query(&document);
        assert_eq!(
            json!(found),
            *expected,
            "for {path}, read as {}",
            selector.inner.canonical
        );
        assert_eq!(
            selector.first(&document),
            found.first().copied(),
            "for {path}"
        );
    }
}

#[test]
fn names_are_written_in_many_ways() {
    let items = json!([document()["data"]["items"]]);
    selects(
        &[
            "data.items",
            "$.data.items",
            "$['data']['items']",
            "data[\"items\"]",
            "data.'items'",
            "data . items",
            "'data'.\"items\"",
            "@.data.items",
            "@['data'].items",
            "[data][items]",
            " data\n.items ",
            "$ .data.['items']",
            "data.`this`.items",
        ],
        &items,
    );
    selects(&["results.posts"], &json!([[{"id": 1}]]));
    selects(
        &["data.many-results", "data.\"many-results\""],
        &json!([[1, 2]]),
    );
    selects(&["data['a b']"], &json!([[3]]));
    selects(
        &[
            "['@odata.nextLink']",
            "[\"@odata.nextLink\"]",
            "'@odata.nextLink'",
        ],
        &json!(["TOP"]),
    );
    selects(&["@odata.nextLink"], &json!([]));
    selects(&["@count"], &json!([3]));
    selects(&["data['x.y']"], &json!([5]));
    selects(&["data.x.y"], &json!([]));
    selects(&["data.0", "data['0']"], &json!(["zero"]));
    selects(&["data[0]"], &json!([]));
    selects(&["2024.a"], &json!([1]));
    selects(&["$", "@"], &json!([document()]));
}

#[test]
fn steps_on_lists_select_as_the_standard_says() {
    let ids = json!([1, 2]);
    selects(&["data.items[*]"], &document()["data"]["items"]);
    selects(
        &["data.items[*].id", "data.items.*.id", "data.items.[*].id"],
        &ids,
    );
    selects(&["data.items.id", "data.items[5]"], &json!([]));
    selects(&["data.items[0].id", "data.items[00].id"], &json!([1]));
    selects(&["data.items[-1].id", "data.items[01].id"], &json!([2]));
    selects(&["data.items[0:1].id", "data.items[::2].id"], &json!([1]));
    selects(
        &[
            "data.items[1:].id",
            "data.items[-1:].id",
            "data.items[ 1 : ].id",
        ],
        &json!([2]),
    );
    selects(&["data.items[::-1].id"], &json!([2, 1]));
    selects(&["data.items[0,1].id"], &ids);
    selects(&["data.nested[*]"], &json!([[1, 2], [3]]));
    selects(&["data.nested[*][*]"], &json!([1, 2, 3]));
    selects(&["data.nested[0][1]"], &json!([2]));
    selects(&["data.empty"], &json!([[]]));
    selects(&["data.empty[*]", "data.str[0]", "data.str[*]"], &json!([]));
    selects(&["data.nul"], &json!([null]));
    selects(&["data.nul.x", "data.missing"], &json!([]));
    selects(&["x.*", "x[*]"], &json!([{"id": 1}, {"id": 2}]));
    selects(&["x[*].id"], &ids);
    selects(&["$..id", "$..[id]"], &json!([1, 2, 1, 1, 2]));
    selects(&["data..id", "data..['id']"], &ids);
    selects(&["$..[0].id"], &json!([1, 1]));
    selects(&["data['*']"], &json!([]));
    let both = json!([document()["data"]["items"], "hello"]);
    selects(
        &[
            "data[items,str]",
            "data['items','str']",
            "data.items,str",
            "data.'items' , str",
        ],
        &both,
    );
}

#[test]
fn root_may_be_a_list() {
    let list = json!([{"id": 1}, {"id": 2}]);
    for (path, expected) in [
        ("$", json!([list])),
        ("[*]", list.clone()),
        ("$[*]", list.clone()),
        ("[0].id", json!([1])),
        ("*.id", json!([1, 2])),
        ("$.*", list.clone()),
    ] {
        assert_eq!(
            json!(Selector::parse(path).unwrap().query(&list)),
            expected,
            "for {path}"
        );
    }
}

#[test]
fn filters_are_written_in_many_ways() {
    selects(
        &[
            "data.items[?(@.id==2)].t",
            "data.items[?id==2].t",
            "data.items[?(id = 2)].t",
            "data.items[?@.id > 1].t",
            "data.items[?(@['id']==2)].t",
            "data.items[?@.t == \"b\"].t",
            "data.items[?'b' == @.t].t",
            "data.items[?!(@.id==1)].t",
            "data.items[?!@.id==1].t",
            "data.items[?(!@.n)].t",
            "data.items[?(@.id>=1 & @.t!='a')].t",
            "data.items[?(id==7 || (id==2 && t))].t",
            "data.items[?match(@.t, 'b')].t",
            "data.items[?search(t, '[b-z]')].t",
            "data.items[?count(@.*) == 2].t",
            "data.items[?@.id == $.data.items[1].id].t",
            "data.items[?@.t == 'b', 5].t",
        ],
        &json!(["b"]),
    );
    let first = json!([document()["data"]["items"][0]]);
    selects(
        &[
            "data.items[?(@.n)]",
            "data.items[?n]",
            "data.items[?@.n==null]",
        ],
        &first,
    );
    selects(
        &[
            "data.items[?(@.id>=1 && @.t=='a')].id",
            "data.items[?length(t)==1 && id<2].id",
        ],
        &json!([1]),
    );
    selects(
        &[
            "data.items[?(@.missing)]",
            "data.items[?@.t == 2]",
            "data.items[?@.id > '1']",
        ],
        &json!([]),
    );
    selects(&["$.x[?@.id==2]", "x[?id==2]"], &json!([{"id": 2}]));
    selects(&["data.nested[?@[?@ == 3]]"], &json!([[3]]));
    selects(&["$..[?(@.id==2)].t"], &json!(["b"]));
}

#[track_caller]
fn refuses(path: &str, character: usize, message: &str, instead: Option<&str>) {
    let error = Selector::parse(path).expect_err(path);
    assert_eq!(error.problem.to_string(), message, "for {path}");
    assert_eq!(error.column, character, "column for {path}");
    assert_eq!(error.instead.as_deref(), instead, "proposal for {path}");
}

#[test]
fn mistakes_at_dots_say_what_to_write() {
    refuses("", 1, "the path is empty", None);
    refuses("  ", 1, "the path is empty", None);
    refuses("data.", 6, "a step is missing after the dot", Some("data"));
    refuses("data..", 7, "a step is missing after the dot", Some("data"));
    refuses(".data", 1, "a path does not begin with a dot", Some("data"));
    refuses(
        "..id",
        1,
        "`..` needs something to start from",
        Some("$..id"),
    );
    refuses("data...id", 7, "`.` does not belong here", None);
    refuses("a,", 3, "a step is missing after the dot", Some("a"));
    refuses(
        "$data",
        2,
        "`$` must be followed by a dot or a bracket",
        Some("data"),
    );
    refuses(
        "$$",
        2,
        "`$` must be followed by a dot or a bracket",
        Some("$"),
    );
}

#[test]
fn names_that_need_quotes_get_them_proposed() {
    refuses(
        "data.a b.c",
        8,
        "a name with ` ` needs quotes",
        Some("data['a b'].c"),
    );
    refuses("a:b", 2, "a name with `:` needs quotes", Some("['a:b']"));
    refuses(
        "x.links/next",
        8,
        "a name with `/` needs quotes",
        Some("x['links/next']"),
    );
    refuses(
        "data.$ref",
        6,
        "a name with `$` needs quotes",
        Some("data['$ref']"),
    );
    refuses(
        "x..a:b",
        5,
        "a name with `:` needs quotes",
        Some("x..['a:b']"),
    );
    refuses("data[a.b]", 7, "`.` does not belong here", None);
    refuses(
        "data[a:b]",
        7,
        "a name with `:` needs quotes",
        Some("data['a:b']"),
    );
    refuses(
        "data[0]id",
        8,
        "`i` does not belong here",
        Some("data[0].id"),
    );
    refuses("data'id'", 5, "`'` does not belong here", None);
}

#[test]
fn mistakes_in_brackets_say_where() {
    refuses("data[]", 6, "the brackets are empty", None);
    refuses(
        "data.items[*",
        11,
        "`[` has no partner",
        Some("data.items[*]"),
    );
    refuses("data['a'", 5, "`[` has no partner", Some("data['a']"));
    refuses("data]", 5, "`]` has no partner", None);
    refuses("data['a]", 6, "the quoted text does not end", None);
    refuses(r"data['\q']", 7, "an escape that means nothing", None);
    refuses(
        "data[0:1:0]",
        11,
        "a slice is `[start:end:step]`, and its step is not 0",
        None,
    );
    refuses(
        "data[1:2:3:4]",
        11,
        "a slice is `[start:end:step]`, and its step is not 0",
        None,
    );
    refuses(
        "data[9007199254740992]",
        6,
        "the index is not a whole number in range",
        None,
    );
    refuses(
        "data[1:x]",
        8,
        "the index is not a whole number in range",
        None,
    );
}

#[test]
fn operators_of_other_languages_are_named() {
    refuses(
        "data.`len`",
        6,
        "a backtick operator is not supported in a path",
        None,
    );
    refuses(r"data[\x]", 6, "sorting is not supported in a path", None);
    refuses("data[/x]", 6, "sorting is not supported in a path", None);
    refuses("a + 1", 3, "arithmetic is not supported in a path", None);
    refuses("a - 1", 3, "arithmetic is not supported in a path", None);
    refuses("a|b", 2, "`|` is not supported in a path", Some("a,b"));
    refuses("a & b", 3, "`&` is not supported in a path", None);
    refuses("a where b", 3, "`where` is not supported in a path", None);
    refuses(
        "data[(@.length-1)].id",
        6,
        "a script is not supported in a path",
        Some("data[-1].id"),
    );
    refuses(
        "data[(@.x)]",
        6,
        "a script is not supported in a path",
        None,
    );
    refuses(
        "data.length()",
        12,
        "a call is not supported in a path",
        None,
    );
}

#[test]
fn mistakes_in_filters_say_what_is_wrong() {
    let invalid = |path: &str, column: usize, words: &str| {
        let error = Selector::parse(path).expect_err(path);
        assert!(error.to_string().contains(words), "{path}: {error}");
        assert_eq!(error.column, column, "column for {path}");
    };
    invalid("a[?(@.x==1]", 11, "expected `)`");
    invalid("a[?(@.x==1", 4, "`(` has no partner");
    invalid("a[?@.x==1)]", 10, "`)` has no partner");
    invalid("a[?@.x==open]", 9, "needs quotes");
    invalid("a[?@.x==]", 9, "a value, a path or a name is expected");
    invalid("a[?@.x==", 9, "something is missing at its end");
    invalid("a[?]", 4, "a value, a path or a name is expected");
    invalid("a[?true]", 4, "a value alone is no condition");
    invalid("a[?@.t[*]=='x']", 4, "several values cannot be compared");
    invalid("a[?@.t =~ 'x.*']", 8, "write `match(@.name, 'regex')`");
    invalid("a[?size(@.t)==1]", 4, "there is no function `size`");
    invalid("a[?@.t.length()==1]", 14, "a call is not supported");
    invalid("a[?length(@.t)]", 3, "the filter is not a condition");
    invalid("a[?@.x + 1 == 2]", 8, "arithmetic is not supported");
    invalid(
        &format!("a[?{}x{}]", "(".repeat(40), ")".repeat(40)),
        21,
        "too deeply nested",
    );
    invalid(
        &format!("{}x{}", "a[?".repeat(9), "]".repeat(9)),
        16,
        "too deeply nested",
    );
    invalid(&"a.".repeat(5000), 1, "too long");
}

#[test]
fn error_names_the_path_the_place_and_the_remedy() {
    let error = Selector::parse(" data.größe b ").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the path `data.größe b` at character 12: a name with ` ` needs quotes"
    );
    assert_eq!(error.hint().as_deref(), Some("write `data['größe b']`"));
    assert!(Selector::parse("").unwrap_err().hint().is_some());
}

#[test]
fn selectors_that_mean_the_same_are_equal() {
    let one = Selector::parse("data.items").unwrap();
    assert_eq!(one, Selector::parse("$['data'][\"items\"]").unwrap());
    assert_ne!(one, Selector::parse("data.item").unwrap());
    assert_eq!(one.as_str(), "data.items");
    assert_eq!(" $ ".parse::<Selector>().unwrap(), Selector::root());
    assert_eq!(
        format!("{one} {one:?}"),
        "data.items Selector(\"data.items\")"
    );
}

#[test]
fn only_plain_paths_are_compiled() {
    for path in [
        "$",
        "data",
        "data[0].items",
        "data[-1].id",
        "data[*]",
        "x.*",
        "['@odata.nextLink']",
    ] {
        assert!(Selector::parse(path).unwrap().is_compiled(), "{path}");
    }
    for path in [
        "data[-2]",
        "data[*].id",
        "$..id",
        "data[0:2]",
        "a,b",
        "data[?id]",
        "data[0,1]",
    ] {
        assert!(!Selector::parse(path).unwrap().is_compiled(), "{path}");
    }
}

#[test]
fn keys_make_a_path_that_reads_back() {
    for (keys, written) in [
        (vec![], "$"),
        (vec!["data", "items"], "data.items"),
        (vec!["a b", "c"], "['a b'].c"),
        (vec!["@odata.nextLink"], "['@odata.nextLink']"),
        (vec!["2024", "it's", ""], r"2024['it\'s']['']"),
        (vec!["@", "x"], "['@'].x"),
    ] {
        let selector = Selector::from_keys(&keys);
        assert_eq!(selector.as_str(), written);
        assert_eq!(Selector::parse(written).unwrap(), selector);
    }
}

proptest! {
    #[test]
    fn any_keys_read_back(keys in prop::collection::vec(any::<String>(), 0..4)) {
        let selector = Selector::from_keys(&keys);
        prop_assert_eq!(&Selector::parse(selector.as_str()).unwrap(), &selector);
        let mut value = json!("found");
        for key in keys.iter().rev() {
            value = json!({key: value});
        }
        prop_assert_eq!(selector.first(&value), Some(&json!("found")));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,40}") {
        let _ = Selector::parse(&text);
    }

    #[test]
    fn path_like_text_never_panics_and_proposals_can_be_read(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "data", "a", "id", ".", "..", "[", "]", "*", "[*]", "?", "(", ")", "@", "$", "'", "\"", "0", "-1",
                ":", ",", "==", "=", "&&", "|", "!", " ", "\\", "\\u", "\\ud83d", "`len`", "true", "1e9", "match(", "ü", "<",
                "count(", "length(", "9007199254740991", "[::-1]", "[?", "x y",
            ]),
            0..14,
        )
    ) {
        let text = parts.concat();
        match Selector::parse(&text) {
            Ok(selector) => {
                selector.query(&document());
                prop_assert_eq!(Selector::parse(&selector.inner.canonical).unwrap(), selector);
            }
            Err(error) => {
                prop_assert!(error.selector.is_char_boundary(error.offset));
                if let Some(path) = error.instead {
                    prop_assert!(Selector::parse(&path).is_ok());
                }
            }
        }
    }
}
