use apiduct_model::Hint;

use super::*;

fn one(program: &str, input: &str) -> String {
    let mut results = Program::parse(program).unwrap().run_json(input).unwrap();
    assert_eq!(results.len(), 1);
    results.remove(0)
}

fn fails(program: &str, input: &str) -> String {
    Program::parse(program)
        .unwrap()
        .run_json(input)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_mistake_has_its_place_in_the_program() {
    let error = Program::parse("{a: .b,\n c: (.d | }").unwrap_err();
    assert_eq!((error.line, error.column), (2, 11));
    let error = Program::parse(".a +").unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected term, and the program ends, at line 1, column 5 of the program"
    );
    let error = Program::parse(".a | upcase").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no filter `upcase`, at line 1, column 6 of the program"
    );
    assert!(Program::parse("").is_err());
    assert!(Program::parse("\"abc").is_err());
}

#[test]
fn nothing_but_the_record_can_be_reached() {
    for name in [
        "env",
        "$ENV",
        "now",
        "localtime",
        "input",
        "inputs",
        "debug",
        "stderr",
        "halt",
        "halt_error",
    ] {
        let error = Program::parse(&format!(". | {name}")).unwrap_err();
        assert_eq!((error.line, error.column), (1, 5), "{name}");
        assert!(
            error.hint().unwrap().contains("sees the record alone"),
            "{name}"
        );
    }
    for module in [
        "include \"a\"; .",
        "import \"a\" as a; .",
        "import \"a\" as $a; $a",
    ] {
        assert!(Program::parse(module).is_err(), "{module}");
    }
}

#[test]
fn the_standard_library_is_there() {
    assert_eq!(one("map(select(. > 1)) | add", "[1,2,3]"), "5");
    assert_eq!(
        one(".t | ascii_upcase | test(\"^AB\")", r#"{"t":"abc"}"#),
        "true"
    );
    assert_eq!(one("todate", "1704067200"), r#""2024-01-01T00:00:00Z""#);
    assert_eq!(one("@base64", r#""a""#), r#""YQ==""#);
    assert_eq!(
        one("tonumber", r#""12345678901234567890.5""#),
        "12345678901234567890.5"
    );
}

#[test]
fn arithmetic_on_integers_is_exact() {
    assert_eq!(one(". + 1", "18446744073709551615"), "18446744073709551616");
}

#[test]
fn embedded_json_is_bounded_in_depth() {
    let deep = serde_json::to_string(&"[".repeat(100_000)).unwrap();
    let message = fails("fromjson", &deep);
    assert!(message.contains("nest"), "{message}");
}

#[test]
fn endless_results_end_in_an_error() {
    assert_eq!(
        fails("repeat(1)", "null"),
        "one record gives more than 100000 results"
    );
}

#[test]
fn an_error_of_the_program_is_cut_short() {
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(5000));
    let message = fails(".a.b", &long);
    assert!(message.starts_with("cannot index "), "{message}");
    assert!(message.chars().count() < 300);
}

#[test]
fn a_conversion_gives_exactly_one_scalar() {
    let convert = |program: &str| {
        Program::parse(program)
            .unwrap()
            .convert(&Scalar::Number("10".into()))
    };
    assert_eq!(convert(". * 1000").unwrap(), Scalar::Number("10000".into()));
    assert_eq!(convert("tostring").unwrap(), Scalar::Text("10".into()));
    assert!(matches!(convert("empty"), Err(StepProblem::NoResult)));
    assert!(matches!(convert("1, 2"), Err(StepProblem::SeveralResults)));
    assert!(matches!(
        convert("[.]"),
        Err(StepProblem::NotAScalar { kind: "a list" })
    ));
}

#[test]
fn programs_go_from_thread_to_thread() {
    fn shared<T: Send + Sync>() {}
    shared::<Program>();
}
