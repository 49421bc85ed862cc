use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{HeaderValue, StatusCode};
use proptest::prelude::{Strategy, any, proptest};
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const LIMIT: u64 = 1 << 20;

fn response(url: &str, content_type: &str, body: impl Into<Bytes>) -> Response {
    let mut headers = HeaderMap::new();
    if !content_type.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
    }
    Response::new(StatusCode::OK, headers, body, url.parse().unwrap())
}

fn read_as(format: BodyFormat, response: &Response) -> Result<Value, DecodeError> {
    let formats = Formats {
        format,
        decoders: Vec::new(),
    };
    let decoded = formats.read(response, LIMIT)?;
    Ok(serde_json::from_slice(&decoded.text).unwrap())
}

/// What a body of this type reads as when nobody says what it is.
fn auto(content_type: &str, body: impl Into<Bytes>) -> Result<Value, DecodeError> {
    read_as(
        BodyFormat::Auto,
        &response("http://h/x", content_type, body),
    )
}

fn csv(csv: Csv, body: &str) -> Result<Value, DecodeError> {
    read_as(
        BodyFormat::Csv(csv),
        &response("http://h/x", "", body.to_owned()),
    )
}

fn xml(body: &str) -> Result<Value, DecodeError> {
    auto("text/xml", body.to_owned())
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, body) in files {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(body.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn the_content_type_says_what_a_body_is_and_then_the_name_of_the_file() {
    let lines = json!([{"a": 1}, {"a": 2}]);
    let table = json!([{"a": "1"}, {"a": "2"}]);
    let tree = json!({"r": {"a": ["1", "2"]}});
    for (url, content_type, body, expected) in [
        (
            "http://h/x",
            "application/x-ndjson",
            "{\"a\":1}\n{\"a\":2}\n",
            &lines,
        ),
        (
            "http://h/x",
            "Application/JSONL; charset=utf-8",
            "{\"a\":1}\r\n\r\n{\"a\":2}",
            &lines,
        ),
        (
            "http://h/x",
            "application/json-seq",
            "\u{1e}{\"a\":1}\n\u{1e}{\"a\":2}\n",
            &lines,
        ),
        ("http://h/x", "text/csv", "a\n1\n2\n", &table),
        (
            "http://h/x",
            "text/tab-separated-values",
            "a\tb\n1\t\n2\t\n",
            &json!([{"a": "1", "b": null}, {"a": "2", "b": null}]),
        ),
        (
            "http://h/x",
            "application/atom+xml",
            "<r><a>1</a><a>2</a></r>",
            &tree,
        ),
        (
            "http://h/x.csv",
            "application/octet-stream",
            "a\n1\n2\n",
            &table,
        ),
        ("http://h/x.JSONL?sig=1", "", "{\"a\":1}\n{\"a\":2}", &lines),
        ("http://h/x.csv", "application/json", "[1]", &json!([1])),
        ("http://h/x", "text/plain", "[1]", &json!([1])),
    ] {
        let read = read_as(BodyFormat::Auto, &response(url, content_type, body));
        assert_eq!(read.as_ref(), Ok(expected), "{url} {content_type}");
    }
}

#[test]
fn json_is_neither_copied_nor_changed() {
    let response = response("http://h/x", "application/json", "[1]");
    let decoded = Formats::default().read(&response, LIMIT).unwrap();
    assert!(!decoded.is_other);
    assert_eq!(decoded.text.as_ptr(), response.body.as_ptr());
}

#[test]
fn numbers_of_json_lines_keep_their_digits() {
    let body = response(
        "http://h/x",
        "application/jsonl",
        "12345678901234567890.10\n1e400\n",
    );
    let decoded = Formats::default().read(&body, LIMIT).unwrap();
    assert_eq!(&decoded.text[..], b"[12345678901234567890.10,1e400]");
}

#[test]
fn a_line_that_is_not_one_document_is_named() {
    for (body, line) in [
        ("{\"a\":1}\n{\"a\":", "line 2: "),
        ("1\n\n2,3\n", "line 3: "),
        ("{} {}\n", "line 1: "),
    ] {
        let error = auto("application/jsonl", body).unwrap_err();
        assert_eq!((error.format, error.is_final), ("JSON lines", false));
        assert!(error.problem.starts_with(line), "{error}");
    }
}

#[test]
fn csv_is_read_as_the_rfc_says() {
    let body = "id,name,note\r\n1,\"a, b\",\"say \"\"hi\"\"\"\r\n2,,\"two\nlines\"\r\n";
    assert_eq!(
        csv(Csv::default(), body).unwrap(),
        json!([
            {"id": "1", "name": "a, b", "note": "say \"hi\""},
            {"id": "2", "name": null, "note": "two\nlines"},
        ])
    );
    assert_eq!(csv(Csv::default(), "id,name\n").unwrap(), json!([]));
    assert_eq!(
        csv(Csv::default(), "\u{feff}id\n1").unwrap(),
        json!([{"id": "1"}])
    );
}

#[test]
fn csv_has_its_dialects() {
    let semicolons = Csv {
        delimiter: Some(b';'),
        quote: b'\'',
        null_values: vec!["NULL".to_owned()],
        ..Csv::default()
    };
    assert_eq!(
        csv(semicolons, "a;b\n'x;y';NULL\n;z\n").unwrap(),
        json!([{"a": "x;y", "b": null}, {"a": "", "b": "z"}])
    );
    let bare = Csv {
        header: false,
        ..Csv::default()
    };
    assert_eq!(
        csv(bare.clone(), "x,y\n").unwrap(),
        json!([{"column_1": "x", "column_2": "y"}])
    );
    let named = Csv {
        columns: vec!["p".to_owned(), "q".to_owned()],
        ..bare
    };
    assert_eq!(
        csv(named.clone(), "x,y\n").unwrap(),
        json!([{"p": "x", "q": "y"}])
    );
    let renamed = Csv {
        header: true,
        ..named
    };
    assert_eq!(
        csv(renamed, "a,b\nx,y\n").unwrap(),
        json!([{"p": "x", "q": "y"}])
    );
}

#[test]
fn names_that_repeat_or_lack_lose_no_column() {
    assert_eq!(
        csv(Csv::default(), "a,,a,a_2\n1,2,3,4\n").unwrap(),
        json!([{"a": "1", "column_2": "2", "a_2": "3", "a_2_2": "4"}])
    );
}

#[test]
fn types_are_inferred_on_demand_and_never_at_the_cost_of_a_digit() {
    let infer = Csv {
        types: CellTypes::Infer,
        ..Csv::default()
    };
    let body = response(
        "http://h/x",
        "",
        "a\n1\n-2.50\n007\ntrue\n1e3\n+1\n 1\n12345678901234567890123\n1.\n",
    );
    let formats = Formats {
        format: BodyFormat::Csv(infer),
        decoders: Vec::new(),
    };
    let text = formats.read(&body, LIMIT).unwrap().text;
    assert_eq!(
        std::str::from_utf8(&text).unwrap(),
        r#"[{"a":1},{"a":-2.50},{"a":"007"},{"a":true},{"a":1e3},{"a":"+1"},{"a":" 1"},{"a":12345678901234567890123},{"a":"1."}]"#
    );
}

#[test]
fn a_row_of_another_length_is_an_error_with_its_line() {
    let error = csv(Csv::default(), "a,b\n1,2\n1,2,3\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 3: 3 fields where the first row has 2"
    );
    let columns = Csv {
        columns: vec!["a".to_owned()],
        ..Csv::default()
    };
    let error = csv(columns, "a,b\n1,2\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 columns are declared, and the body has 2"
    );
    assert!(error.is_final);
    let error = auto("text/csv", &b"a\n\xff\n"[..]).unwrap_err();
    assert_eq!(error.to_string(), "line 2: not UTF-8");
}

#[test]
fn charsets_are_those_of_the_header_or_of_the_document() {
    assert_eq!(
        auto("text/csv; charset=iso-8859-1", &b"a\n\xe4\n"[..]).unwrap(),
        json!([{"a": "ä"}])
    );
    let document = b"<?xml version='1.0' encoding=\"ISO-8859-1\"?><a>\xe4</a>";
    assert_eq!(auto("text/xml", &document[..]).unwrap(), json!({"a": "ä"}));
}

#[test]
fn elements_become_objects_texts_lists_and_null() {
    let document = "<?xml version='1.0'?><!DOCTYPE f><!-- c -->
      <f:feed xmlns:f='urn:x' lang='en'>
        <item id='1' t='a&amp;b'>one</item>
        <item id='2'><![CDATA[<two>]]> &#65;&lt;</item>
        <empty/> <blank>  </blank> <only x='1'/>
      </f:feed>";
    assert_eq!(
        xml(document).unwrap(),
        json!({"f:feed": {
            "@lang": "en",
            "item": [
                {"@id": "1", "@t": "a&b", "#text": "one"},
                {"@id": "2", "#text": "<two> A<"},
            ],
            "empty": null,
            "blank": null,
            "only": {"@x": "1"},
        }})
    );
}

#[test]
fn declared_elements_are_lists_also_when_there_is_one() {
    let format = BodyFormat::Xml(Xml {
        lists: vec!["tag".to_owned()],
        types: CellTypes::Infer,
    });
    let body = "<r><p><tag>1</tag></p><p><tag>a</tag><tag>1.50</tag></p></r>";
    assert_eq!(
        read_as(format, &response("http://h/x", "", body)).unwrap(),
        json!({"r": {"p": [{"tag": [1]}, {"tag": ["a", "1.50"]}]}})
    );
}

#[test]
fn entities_of_a_document_are_refused_and_nothing_is_fetched() {
    let bomb = "<!DOCTYPE r [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><r>&b;</r>";
    let error = xml(bomb).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1: the entity `b` is not one of XML's own"
    );
    let file = "<!DOCTYPE r [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>\n<r a='&f;'/>";
    assert!(xml(file).is_err());
    assert!(
        xml("<!DOCTYPE r SYSTEM 'http://h/x.dtd'><r/>").is_ok(),
        "and not read"
    );
}

#[test]
fn broken_and_deep_documents_are_errors_with_a_line() {
    for (document, problem) in [
        ("<a>\n<b></a>", "line 2: "),
        (
            "<a>\n\n<b>",
            "line 3: the document ends before its root element does",
        ),
        ("", "there is no element"),
        ("<a x='1' x='2'/>", "line 1: "),
    ] {
        let error = xml(document).unwrap_err();
        assert!(error.problem.starts_with(problem), "{error}");
        assert!(!error.is_final, "it may have been cut");
    }
    let deep = "<a>".repeat(200);
    assert!(
        xml(&deep)
            .unwrap_err()
            .problem
            .contains("more than 128 elements")
    );
}

#[test]
fn packed_files_are_unpacked_whatever_is_in_them() {
    let table = json!([{"a": "1"}]);
    for (url, content_type) in [
        ("http://h/x", "text/csv"),
        ("http://h/x.csv.gz", "application/gzip"),
        ("http://h/x.csv.gz", "binary/octet-stream"),
    ] {
        let read = read_as(
            BodyFormat::Auto,
            &response(url, content_type, gzip(b"a\n1\n")),
        );
        assert_eq!(read.as_ref(), Ok(&table), "{url} {content_type}");
    }
    let two = [gzip(b"[1,"), gzip(b"2]")].concat();
    assert_eq!(
        auto("application/gzip", two).unwrap(),
        json!([1, 2]),
        "several members are one file"
    );
    let declared = read_as(
        BodyFormat::JsonLines,
        &response("http://h/x", "application/gzip", gzip(b"1\n2")),
    );
    assert_eq!(declared.unwrap(), json!([1, 2]));
}

#[test]
fn every_file_of_a_zip_file_is_read_by_its_name_and_what_systems_add_is_not() {
    let files = zip(&[
        ("a/1.csv", "a\n1\n"),
        ("__MACOSX/a/._1.csv", "junk"),
        ("a/.DS_Store", "junk"),
        ("a/2.csv", "a\n"),
        ("a/3.jsonl", "{\"a\":3}\n{\"a\":4}"),
        ("a/4.json", "{\"a\":5}"),
    ]);
    assert_eq!(
        auto("application/zip", files).unwrap(),
        json!([{"a": "1"}, {"a": 3}, {"a": 4}, {"a": 5}])
    );
    let one = zip(&[("1.json", r#"{"data": [1]}"#)]);
    assert_eq!(auto("application/zip", one).unwrap(), json!({"data": [1]}));
    assert_eq!(auto("application/zip", zip(&[])).unwrap(), json!([]));
    assert_eq!(
        auto("application/gzip", gzip(&zip(&[("1.csv", "a\n1\n")]))).unwrap(),
        json!([{"a": "1"}])
    );
}

#[test]
fn a_bomb_is_given_up_at_the_bound_and_not_asked_for_again() {
    let zeros = vec![b' '; 2 << 20];
    let text = String::from_utf8(zeros.clone()).unwrap();
    let half = &text[..text.len() / 3];
    for body in [
        gzip(&zeros),
        zip(&[("a", &text)]),
        zip(&[("a", half), ("b", half)]),
    ] {
        let error = auto("application/gzip", body).unwrap_err();
        assert!(error.is_final);
        assert_eq!(
            error.problem,
            "it unpacks to more than 1048576 bytes, which `max_response_bytes` allows"
        );
    }
}

#[test]
fn a_packed_file_that_was_cut_may_be_asked_for_again() {
    let gzip = gzip(b"a\n1\n");
    let zip = zip(&[("a.csv", "a\n1\n")]);
    for body in [
        gzip[..gzip.len() - 4].to_vec(),
        zip[..zip.len() - 4].to_vec(),
    ] {
        assert!(!auto("application/gzip", body).unwrap_err().is_final);
    }
}

/// Says what it got.
#[derive(Debug)]
struct Echo;

impl BodyDecoder for Echo {
    fn name(&self) -> &'static str {
        "Echo"
    }

    fn claims(&self, content_type: &str, body: &[u8]) -> bool {
        content_type == "application/x-echo" || body.starts_with(b"ECHO")
    }

    fn decode(&self, body: &Bytes, _: u64) -> Result<Bytes, DecodeError> {
        Ok(format!("[{}]", body.len()).into())
    }
}

#[test]
fn a_decoder_of_a_program_is_asked_first_and_may_be_declared() {
    let read = |format, content_type, body: &'static str| {
        let formats = Formats {
            format,
            decoders: vec![Arc::new(Echo)],
        };
        let decoded = formats.read(&response("http://h/x", content_type, body), LIMIT);
        String::from_utf8(decoded.unwrap().text.to_vec()).unwrap()
    };
    assert_eq!(read(BodyFormat::Auto, "application/x-echo", "abc"), "[3]");
    assert_eq!(read(BodyFormat::Auto, "", "ECHO"), "[4]");
    assert_eq!(read(BodyFormat::Auto, "", "[1]"), "[1]");
    assert_eq!(
        read(BodyFormat::Custom(Arc::new(Echo)), "text/csv", "ab"),
        "[2]"
    );
    assert_eq!(read(BodyFormat::Named("Echo"), "text/csv", "ab"), "[2]");
    let unknown = BodyFormat::Named("arrow");
    let error = read_as(unknown, &response("http://h/x", "", "ab")).unwrap_err();
    assert_eq!((error.format, error.is_final), ("arrow", true));
}

fn field() -> impl Strategy<Value = String> {
    "[a-z,\"\n\r;äß ]{0,8}"
}

proptest! {
    #[test]
    fn any_table_comes_out_of_csv_as_it_went_in(rows in proptest::collection::vec((field(), field()), 0..8)) {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(["a", "b"]).unwrap();
        for (a, b) in &rows {
            writer.write_record([a, b]).unwrap();
        }
        let body = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let value = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
        let expected: Vec<Value> = rows
            .iter()
            .map(|(a, b)| json!({"a": value(a), "b": value(b)}))
            .collect();
        assert_eq!(csv(Csv::default(), &body).unwrap(), Value::Array(expected));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..64),
        head in proptest::sample::select(vec![&b""[..], b"<", b"\x1f\x8b\x08", b"PK\x03\x04", b"a,b\n"]),
    ) {
        let body = [head, &bytes].concat();
        for format in [
            BodyFormat::Auto,
            BodyFormat::JsonLines,
            BodyFormat::Csv(Csv::default()),
            BodyFormat::Xml(Xml::default()),
        ] {
            let formats = Formats { format, decoders: Vec::new() };
            let _ = formats.read(&response("http://h/x", "", body.clone()), LIMIT);
        }
    }
}
