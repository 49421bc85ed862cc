//! Pages as APIs send them, read through the public interface.

use apiduct_json::{
    Captured, DataFound, JsonError, Kind, Parser, Part, Records, Road, ScanPlan, Scanned, Selector,
    Span, parse_value,
};
use apiduct_model::{Hint, Scalar};
use bytes::Bytes;

fn plan(data: &str, captures: &[&str]) -> ScanPlan {
    let parse = |path: &str| Selector::parse(path).unwrap_or_else(|error| panic!("{error}"));
    ScanPlan::new(
        parse(data),
        captures.iter().map(|path| parse(path)).collect(),
    )
}

fn scan(data: &str, captures: &[&str], body: &str) -> Scanned {
    plan(data, captures)
        .scan(&Bytes::copy_from_slice(body.as_bytes()))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn texts(records: &Records) -> Vec<&str> {
    records
        .texts()
        .map(|text| text.expect("a valid page"))
        .collect()
}

#[track_caller]
fn captured(data: &str, path: &str, body: &str, expected: &str) {
    let scanned = scan(data, &[path], body);
    let scalar = scanned.captures[0]
        .scalar()
        .unwrap_or_else(|| panic!("`{path}` captured nothing"));
    assert_eq!(scalar.to_json(), expected);
    assert_eq!(plan(data, &[path]).road(), Road::Scan);
}

#[test]
fn next_pages_of_common_apis_are_captured_on_the_scan() {
    captured(
        "value",
        "['@odata.nextLink']",
        r#"{"value":[{}],"@odata.nextLink":"https:\/\/h\/x"}"#,
        r#""https://h/x""#,
    );
    captured(
        "data",
        "links.next",
        r#"{"links":{"self":"a","next":"b"},"data":[]}"#,
        r#""b""#,
    );
    captured(
        "data",
        "data[-1].id",
        r#"{"object":"list","data":[{"id":"x1"},{"id":"x2"}],"has_more":true}"#,
        r#""x2""#,
    );
    captured("data", "has_more", r#"{"data":[],"has_more":true}"#, "true");
    captured(
        "results",
        "total",
        r#"{"total":18446744073709551616,"results":[]}"#,
        "18446744073709551616",
    );
    captured("$", "[-1].id", r#"[{"id":1},{"id":2}]"#, "2");
    captured(
        "data.repo.issues.nodes",
        "data.repo.issues.pageInfo.endCursor",
        r#"{"data":{"repo":{"issues":{"nodes":[{"id":1}],"pageInfo":{"endCursor":"Y3==","hasNextPage":true}}}}}"#,
        r#""Y3==""#,
    );
}

#[test]
fn records_are_slices_of_the_page() {
    let body = Bytes::from_static(br#"{"data": [ {"id" : 1.0} , [] ] }"#);
    let scanned = plan("data", &[]).scan(&body).unwrap();
    assert_eq!(scanned.records.spans(), [Span::Elements(10..29)]);
    assert_eq!(scanned.records.body().as_ptr(), body.as_ptr());
    assert_eq!(texts(&scanned.records), [r#"{"id" : 1.0}"#, "[]"]);
    assert_eq!(scanned.records.byte_len(), 19);
}

#[test]
fn parser_walks_the_parts_of_either_road() {
    let body = r#"{"data":[{"n":1e2},{"n":-0.0}]}"#;
    for (data, elements) in [("data", 1), ("data[?@.n < 1000]", 2)] {
        let scanned = scan(data, &[], body);
        let mut numbers = Vec::new();
        let mut parts = 0;
        for part in scanned.records.parts() {
            parts += 1;
            let mut parser = match part.expect("a valid page") {
                Part::Elements(text) | Part::One(text) => Parser::elements(text),
            };
            while parser.next_element().expect("separated by commas") {
                assert_eq!(parser.kind(), Ok(Kind::Object));
                parser.begin_object().expect("an object");
                while parser.next_key().expect("a key").is_some() {
                    numbers.push(parser.number().expect("a number").text.to_owned());
                }
            }
        }
        assert_eq!(
            (parts, numbers),
            (elements, vec!["1e2".to_owned(), "-0.0".to_owned()]),
            "{data}"
        );
    }
}

#[test]
fn page_without_the_data_names_what_is_there() {
    let scanned = scan("items", &["total"], r#"{"results":[1],"total":1}"#);
    let keys = vec!["results".to_owned(), "total".to_owned()];
    assert_eq!(scanned.data, DataFound::Missing { keys });
    assert!(scanned.records.is_empty());
    assert_eq!(scanned.captures, [Captured::Scalar(Scalar::from(1))]);
}

#[test]
fn error_pages_of_proxies_are_explained() {
    let error = plan("data", &[])
        .scan(&Bytes::from_static(
            b"<html><h1>502 Bad Gateway</h1></html>",
        ))
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`<html><h1>502 Bad Gateway</h1>"),
        "{error}"
    );
    assert!(error.hint().is_some_and(|hint| hint.contains("HTML")));
    assert!(!error.is_cut());
}

#[test]
fn cut_page_is_told_from_a_broken_one() {
    let whole = r#"{"data":[{"id":1,"name":"größe \" {"},{"id":2}],"next":null}"#;
    for end in (1..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        let error = plan("data", &["next"])
            .scan(&Bytes::copy_from_slice(&whole.as_bytes()[..end]))
            .unwrap_err();
        assert!(error.is_cut(), "cut at {end}: {error}");
    }
    let error = plan("data", &[])
        .scan(&Bytes::from_static(b"{\"data\":[}"))
        .unwrap_err();
    assert!(!error.is_cut(), "{error}");
}

#[test]
fn cut_inside_a_character_is_not_utf8() {
    let error = plan("$", &[])
        .scan(&Bytes::from_static(b"\"\xC3"))
        .unwrap_err();
    assert!(matches!(error, JsonError::NotUtf8 { location } if location.offset == 1));
}

#[test]
fn long_pages_are_counted_exactly() {
    // Longer than any block, with brackets, quotes and escapes at every distance from a block's border.
    for filler in 0..70 {
        let record = format!(
            r#"{{"t":"{}\\","u":"]}}\",[{{","v":[[1],[]]}}"#,
            "x".repeat(filler)
        );
        let body = format!(
            r#"{{"skipped":[{record},{record}],"data":[{}],"end":7}}"#,
            vec![record.as_str(); 50].join(",")
        );
        let scanned = scan("data", &["end", "data[-1].u", "data[49].v"], &body);
        assert_eq!(scanned.records.len(), 50);
        assert_eq!(texts(&scanned.records), vec![record.as_str(); 50]);
        assert_eq!(
            scanned.captures,
            [
                Captured::Scalar(Scalar::from(7)),
                Captured::Scalar("]}\",[{".into()),
                Captured::Json("[[1],[]]".into()),
            ]
        );
    }
}

#[test]
fn changed_records_go_back_in_as_records() {
    let values = [
        parse_value(br#"{"id":1}"#).unwrap(),
        parse_value(b"[2]").unwrap(),
    ];
    let records = Records::from_values(&values);
    assert_eq!(texts(&records), [r#"{"id":1}"#, "[2]"]);
    assert_eq!(
        texts(&Records::from_texts(texts(&records)).unwrap()),
        texts(&records)
    );
}

#[test]
fn plans_and_records_cross_threads() {
    fn is_shared<T: Send + Sync + 'static>() {}
    is_shared::<ScanPlan>();
    is_shared::<Records>();
    is_shared::<Scanned>();
    is_shared::<Selector>();
    is_shared::<JsonError>();
}
