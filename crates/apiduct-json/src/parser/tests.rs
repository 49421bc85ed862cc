use serde_json::Value;

use super::*;

/// Reads a whole document through the pull interface into a value, so that it can be compared.
fn read(parser: &mut Parser<'_>) -> Result<Value> {
    Ok(match parser.kind()? {
        Kind::Null => parser.null().map(|()| Value::Null)?,
        Kind::Bool => parser.bool()?.into(),
        Kind::Number => serde_json::from_str(parser.number()?.text).expect("a valid number"),
        Kind::String => parser.string()?.unescape(&mut String::new())?.into(),
        Kind::List => {
            parser.begin_list()?;
            let mut list = Vec::new();
            while parser.next_element()? {
                list.push(read(parser)?);
            }
            list.into()
        }
        Kind::Object => {
            parser.begin_object()?;
            let mut object = serde_json::Map::new();
            while let Some(key) = parser.next_key()? {
                let key = key.unescape(&mut String::new())?.to_owned();
                object.insert(key, read(parser)?);
            }
            object.into()
        }
    })
}

fn document(text: &str) -> Result<Value> {
    let mut parser = Parser::new(text);
    let value = read(&mut parser)?;
    parser.end()?;
    Ok(value)
}

#[test]
fn documents_read_as_serde_json_reads_them() {
    for text in [
        "null",
        " true ",
        "[]",
        "{}",
        r#"{"a":[1,-2,3.5e-7,{"b":null}],"c":"x\"y\\z\u00e9\ud83d\ude80","":"e"}"#,
        "[\n\t1 ,\r 2 ]",
        r#"["a long text without any escape at all, more than eight bytes","short"]"#,
    ] {
        assert_eq!(
            document(text).unwrap(),
            serde_json::from_str::<Value>(text).unwrap(),
            "for {text}"
        );
    }
}

#[test]
fn what_serde_json_refuses_is_refused() {
    for text in [
        "",
        " ",
        "nul",
        "tru",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{,}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "01",
        "1.",
        "-",
        "+1",
        "1e",
        ".5",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"a\nb\"",
        "[1]]",
        "{}x",
        "[",
        "{",
        "{\"a\":1",
        "NaN",
        "Infinity",
        "{1:2}",
    ] {
        assert!(
            serde_json::from_str::<Value>(text).is_err(),
            "{text} is JSON after all"
        );
        assert!(document(text).is_err(), "{text:?} must be refused");
    }
}

#[test]
fn numbers_are_exact() {
    let number = |text| Parser::new(text).number().unwrap();
    assert_eq!(number("9223372036854775807").int, Some(i64::MAX));
    assert_eq!(number("-9223372036854775808").int, Some(i64::MIN));
    assert_eq!(
        number("9223372036854775808"),
        Number {
            text: "9223372036854775808",
            int: None,
            is_integer: true
        }
    );
    assert_eq!(number("1.50").text, "1.50");
    assert!(!number("1e2").is_integer);
}

#[test]
fn skipping_gives_the_text_of_the_value() {
    for text in [
        "12",
        "\"a\\\"]\"",
        "[1,[2,{\"x\":\"]\"}]]",
        "{\"a\":{\"b\":[]}}",
        "false",
        "null",
    ] {
        let padded = format!("  {text} ,");
        assert_eq!(Parser::new(&padded).skip().unwrap(), text);
    }
}

#[test]
fn skipping_refuses_brackets_that_do_not_match() {
    for text in ["[1}", "{\"a\":[}]", "[[", "{\"a\":\"b"] {
        assert!(Parser::new(text).skip().is_err(), "for {text}");
    }
}

#[test]
fn nesting_beyond_the_limit_is_a_named_error() {
    let deep = "[".repeat(MAX_DEPTH + 1);
    assert_eq!(
        Parser::new(&deep).skip().unwrap_err().reason,
        Reason::TooDeep
    );
    assert_eq!(document(&deep).unwrap_err().reason, Reason::TooDeep);
    let allowed = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert_eq!(Parser::new(&allowed).skip().unwrap(), allowed);
}

#[test]
fn elements_are_read_without_their_brackets() {
    let mut parser = Parser::elements(" {\"a\":1} , 2 ");
    assert!(parser.next_element().unwrap());
    assert_eq!(parser.skip().unwrap(), "{\"a\":1}");
    assert!(parser.next_element().unwrap());
    assert_eq!(parser.skip().unwrap(), "2");
    assert!(!parser.next_element().unwrap());
    assert!(!Parser::elements("  ").next_element().unwrap());
}

#[test]
fn a_cut_document_ends_unexpectedly() {
    let text = r#"{"data":[{"id":1,"name":"x"},{"id":2}],"next":null}"#;
    for cut in 1..text.len() {
        let error = document(&text[..cut]).expect_err("a cut document is not whole");
        assert_eq!(error.reason, Reason::UnexpectedEnd, "cut at {cut}");
    }
}

proptest::proptest! {
    #[test]
    fn any_document_reads_as_serde_json_reads_it(text in "[\\[\\]{}\",:0-9a-z.\\\\ e+-]{0,40}") {
        let theirs = serde_json::from_str::<Value>(&text).ok();
        let ours = document(&text).ok();
        proptest::prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
        let _ = document(&text);
        let _ = Parser::new(&text).skip();
    }

    #[test]
    fn strings_survive_escaping(text in "(\\PC|[\\x00-\\x1f\"\\\\]){0,40}") {
        let json = Value::from(text.as_str()).to_string();
        proptest::prop_assert_eq!(document(&json).unwrap(), Value::from(text));
    }
}

#[test]
fn a_right_guess_skips_the_key_and_a_wrong_one_reads_it() {
    let mut parser = Parser::new(r#"{"id":1,"name":2, "x":3,"na":4}"#);
    parser.begin_object().unwrap();
    let mut steps = Vec::new();
    for guess in ["id", "name", "x", "name", "any"] {
        let step = parser.next_key_or(&KeyGuess::new(guess)).unwrap();
        steps.push(match step {
            NextKey::Guessed => "guessed".to_owned(),
            NextKey::Other(text) => text.raw.to_owned(),
            NextKey::End => "end".to_owned(),
        });
        if step != NextKey::End {
            parser.skip().unwrap();
        }
    }
    assert_eq!(steps, ["guessed", "guessed", "x", "na", "end"]);
    parser.end().unwrap();
}

#[test]
fn guessing_refuses_what_reading_refuses() {
    let mut parser = Parser::new("{\"a\"b\":1}");
    parser.begin_object().unwrap();
    assert!(
        parser.next_key_or(&KeyGuess::new("a\"b")).is_err(),
        "a quote in a key must be escaped"
    );
    for text in [r#"{"a"1}"#, r#"{"a":1"b":2}"#, r#"{,"a":1}"#, r#"{"a":1,}"#] {
        let mut parser = Parser::new(text);
        parser.begin_object().unwrap();
        let outcome = loop {
            match parser.next_key_or(&KeyGuess::new("a")) {
                Ok(NextKey::End) => break Ok(()),
                Ok(_) => parser.skip().unwrap(),
                Err(error) => break Err(error),
            };
        };
        assert!(outcome.is_err(), "{text}");
    }
}

#[test]
fn strings_of_every_length_end_at_their_quote() {
    for length in 0..100 {
        let inner = "é".repeat(length / 2) + &"x".repeat(length % 2);
        let text = format!("\"{inner}\",");
        assert_eq!(Parser::new(&text).string().unwrap().raw, inner);
    }
}
