use super::*;

pub(super) fn selector(path: &str) -> Selector {
    Selector::parse(path).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn plan(data: &str, captures: &[&str]) -> ScanPlan {
    ScanPlan::new(
        selector(data),
        captures.iter().map(|path| selector(path)).collect(),
    )
}

fn scan(data: &str, captures: &[&str], body: &str) -> Scanned {
    let plan = plan(data, captures);
    plan.scan(&Bytes::copy_from_slice(body.as_bytes()))
        .unwrap_or_else(|error| panic!("{data} on {body}: {error}"))
}

/// The texts of the records, after checking what the records say about themselves.
pub(super) fn texts(records: &Records) -> Vec<String> {
    let texts: Vec<_> = records
        .texts()
        .map(|text| text.expect("records of a valid page").to_owned())
        .collect();
    assert_eq!(records.len(), texts.len());
    assert_eq!(records.last(), texts.last().map(String::as_str));
    texts
}

#[track_caller]
fn selects(data: &str, body: &str, expected: &[&str]) {
    let scanned = scan(data, &[], body);
    assert_eq!(texts(&scanned.records), expected, "{data} on {body}");
    assert_eq!(scanned.data, DataFound::Found, "{data} on {body}");
}

fn number(text: &str) -> Captured {
    Captured::Scalar(Scalar::Number(text.into()))
}

fn string(text: &str) -> Captured {
    Captured::Scalar(text.into())
}

#[test]
fn one_match_is_opened_and_several_follow_the_last_step() {
    selects("data", r#"{"data":[1, 2]}"#, &["1", "2"]);
    selects("data", r#"{"data":{"a":1}}"#, &[r#"{"a":1}"#]);
    selects("data", r#"{"data":"x"}"#, &[r#""x""#]);
    selects("data[*]", r#"{"data":[]}"#, &[]);
    selects("data[*].rows", r#"{"data":[{"rows":[1,2]}]}"#, &["1", "2"]);
    selects(
        "data[*].rows",
        r#"{"data":[{"rows":[1,2]},{"rows":null},{"rows":[3]}]}"#,
        &["1", "2", "3"],
    );
    selects("data[*]", r#"{"data":[[1,2],null]}"#, &["[1,2]", "null"]);
    selects(
        "data[*]",
        r#"{"data":{"a":1,"b":[2],"a":3}}"#,
        &["3", "[2]"],
    );
    selects("data[0:1]", r#"{"data":[[1,2],[3]]}"#, &["[1,2]"]);
    selects(
        "data[?id]",
        r#"{"data":[{"id":1},{},{"id":2}]}"#,
        &[r#"{"id":1}"#, r#"{"id":2}"#],
    );
    selects("data[-1]", r#"{"data":[[1],[2,3]]}"#, &["2", "3"]);
    selects("$", "[[1,2]]", &["[1,2]"]);
    selects("$", r#"{"a":1}"#, &[r#"{"a":1}"#]);
    selects("a,b", r#"{"a":[1],"b":[2]}"#, &["1", "2"]);
    selects("$..id", r#"{"id":1,"x":[{"id":[2,3]}]}"#, &["1", "2", "3"]);
    selects("data[::-1]", r#"{"data":[1,2]}"#, &["2", "1"]);
}

#[test]
fn null_is_no_record_and_said_to_be_null() {
    for (data, body) in [
        ("$", "null"),
        ("data", r#"{"data":null}"#),
        ("data[*]", r#"{"data":null}"#),
        ("data[0:9]", r#"{"data":null}"#),
        ("data[*].rows", r#"{"data":[{"rows":null}]}"#),
    ] {
        let scanned = scan(data, &[], body);
        assert_eq!(scanned.data, DataFound::Null, "{data}");
        assert!(scanned.records.is_empty());
    }
}

#[test]
fn missing_data_lists_the_keys_that_are_there() {
    for data in [
        "items",
        "data.items",
        "meta[*]",
        "$..items",
        "items[?id==1]",
    ] {
        let scanned = scan(
            data,
            &[],
            r#"{"data":[1],"meta":7,"d\u00e9j\u00e0":{}, "data":2}"#,
        );
        let keys = vec!["data".to_owned(), "meta".to_owned(), "déjà".to_owned()];
        assert_eq!(scanned.data, DataFound::Missing { keys }, "{data}");
    }
    assert_eq!(
        scan("items", &[], "[1]").data,
        DataFound::Missing { keys: vec![] }
    );
}

#[test]
fn captures_stand_beside_before_and_inside_of_records() {
    let body = r#" {"meta": {"next": "a\"b\u00e9", "has_more": false}, "total": 12345678901234567890.10,
        "data" : [ {"id": 1, "tags": ["x"]} , {"id": 2, "tags": ["y", "z"]} ],
        "@odata.nextLink": "https://x/?a=1", "cursors": null} "#;
    let captures = [
        "meta.next",
        "meta.has_more",
        "total",
        "['@odata.nextLink']",
        "data[-1].id",
        "data[0].id",
        "data[1].tags",
        "data[-1].tags[-1]",
        "data[2].id",
        "cursors",
        "cursors.next",
        "data[*]",
        "meta.*",
        "total[*]",
    ];
    let scanned = scan("data", &captures, body);
    assert_eq!(plan("data", &captures).road(), Road::Scan);
    assert_eq!(
        scanned.captures,
        [
            string("a\"bé"),
            Captured::Scalar(Scalar::Bool(false)),
            number("12345678901234567890.10"),
            string("https://x/?a=1"),
            number("2"),
            number("1"),
            Captured::Json(r#"["y", "z"]"#.into()),
            string("z"),
            Captured::Absent,
            Captured::Scalar(Scalar::Null),
            Captured::Absent,
            Captured::Json(r#"{"id": 1, "tags": ["x"]}"#.into()),
            string("a\"bé"),
            Captured::Absent,
        ]
    );
    assert_eq!(scanned.records.len(), 2);
    assert!(
        scanned.captures[8].is_none()
            && scanned.captures[9].is_none()
            && !scanned.captures[0].is_none()
    );
    assert_eq!(
        scanned.captures[4].scalar(),
        Some(&Scalar::Number("2".into()))
    );
    assert_eq!(scanned.captures[6].scalar(), None);
}

#[test]
fn last_of_two_equal_keys_counts_for_all_that_is_below_it() {
    let body = r#"{"data":{"items":[1],"next":"a"},"data":{"it\u0065ms":[2,3]}}"#;
    let scanned = scan("data.items", &["data.next", "data.items[-1]"], body);
    assert_eq!(texts(&scanned.records), ["2", "3"]);
    assert_eq!(scanned.captures, [Captured::Absent, number("3")]);
    let gone = scan("data.items", &[], r#"{"data":{"items":[1]},"data":7}"#);
    assert!(matches!(gone.data, DataFound::Missing { .. }));
}

#[test]
fn numbers_are_exact_on_both_roads() {
    let body = r#"{"rows":[{"n":1e400},{"n":0.10000000000000000000001},{"n":-0}],"total":123456789012345678901}"#;
    for data in ["rows", "rows[?@.n <= 1e308 || @.n > 5]"] {
        let scanned = scan(data, &["total"], body);
        assert_eq!(
            texts(&scanned.records),
            [
                r#"{"n":1e400}"#,
                r#"{"n":0.10000000000000000000001}"#,
                r#"{"n":-0}"#
            ]
        );
        assert_eq!(scanned.captures, [number("123456789012345678901")]);
    }
}

#[test]
fn road_says_which_selector_asks_for_values() {
    let road = plan("data", &["meta.next", "data[-2].id"]).road();
    assert_eq!(
        road.to_string(),
        "value tree, because `data[-2].id` has an index from the end"
    );
    assert_eq!(
        plan("$..items", &[]).road().to_string(),
        "value tree, because `$..items` has a search at any depth"
    );
    assert_eq!(plan("data[*]", &["meta.next"]).road().to_string(), "scan");
}

#[test]
fn body_without_json_is_a_named_error() {
    for data in ["data", "data[?id]"] {
        let error = |body: &[u8]| {
            plan(data, &[])
                .scan(&Bytes::copy_from_slice(body))
                .unwrap_err()
        };
        assert_eq!(error(b""), JsonError::Empty);
        assert_eq!(error(b" \r\n\t"), JsonError::Empty);
        assert_eq!(error(b"\xEF\xBB\xBF"), JsonError::Empty);
        assert_eq!(
            error(b"<!doctype html>").to_string(),
            "the body is not JSON: expected a value at line 1, column 1, near `<!doctype html>`"
        );
        assert_eq!(
            error(b"{\"data\":\n[1],\"x\":\"\xC3\"}").to_string(),
            "the body is not UTF-8 at line 2, column 10"
        );
        for cut in [
            &b"{\"data\":[{\"id\":1},{\"id\""[..],
            b"{\"data\":[1,2]",
            b"{\"data\":[\"abc",
            b"{",
            b"[1,",
        ] {
            assert!(error(cut).is_cut(), "{}", error(cut));
        }
        assert_eq!(
            error(b"{\"data\":[]} {}").to_string(),
            "the body is not JSON: something follows the document at line 1, column 13, near `{}`"
        );
        assert!(matches!(
            error(b"{\"data\":[1,]}"),
            JsonError::Syntax { .. }
        ));
        assert!(matches!(error(b"{\"data\":[1}}"), JsonError::Syntax { .. }));
        assert!(matches!(
            error(b"{\"data\":[1,2}]"),
            JsonError::Syntax { .. }
        ));
        assert!(matches!(error(b"{\"data\" [1]}"), JsonError::Syntax { .. }));
        assert!(matches!(error(b"{\"data\":nul}"), JsonError::Syntax { .. }));
    }
}

#[test]
fn error_in_skipped_text_is_found_where_it_is() {
    let body = Bytes::from_static(b"{\"skipped\": {\"a\": [1, yes]}, \"data\": []");
    let error = plan("data", &[]).scan(&body).unwrap_err();
    assert_eq!(
        error.location().map(|location| location.column),
        Some(23),
        "{error}"
    );
}

#[test]
fn byte_order_mark_is_passed_over() {
    let scanned = scan("data", &["data[-1]"], "\u{FEFF}{\"data\":[1,22]}");
    assert_eq!(texts(&scanned.records), ["1", "22"]);
    assert_eq!(scanned.captures, [number("22")]);
    assert_eq!(
        texts(&scan("data[?@ > 1]", &[], "\u{FEFF}{\"data\":[1,22]}").records),
        ["22"]
    );
}

#[test]
fn nesting_is_bounded_on_both_roads() {
    let nested =
        |levels: usize| format!("{{\"data\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
    for data in ["data", "data[0]", "other", "$..data[?@ == 7]"] {
        let scan = |levels| plan(data, &["data[-1]"]).scan(&nested(levels).into());
        assert!(scan(511).is_ok(), "{data}");
        let error = scan(512).unwrap_err();
        assert!(
            matches!(error, JsonError::TooDeep { limit: 512, .. }),
            "{data}: {error}"
        );
        assert_eq!(
            error.location().map(|location| location.offset),
            Some(8 + 511),
            "{data}"
        );
        assert!(matches!(
            scan(100_000).unwrap_err(),
            JsonError::TooDeep { .. }
        ));
    }
    let open = plan("data", &[]).scan(&"[{\"a\":".repeat(100_000).into());
    assert!(matches!(open.unwrap_err(), JsonError::TooDeep { .. }));
}
