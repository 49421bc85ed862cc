//! `apiduct import-dlt`.

use serde_json::Value;

use crate::program::Program;

const PYTHON: &str = r#"
source = rest_api_source({
    "client": {"base_url": "https://api.example.com", "auth": BearerTokenAuth(dlt.secrets["token"])},
    "resources": ["users", {"name": "tags", "endpoint": {"params": {"q": query()}}}],
}, name="shop")
"#;

#[test]
fn a_program_becomes_a_file_that_check_accepts() {
    let program = Program::new();
    program.write("shop.py", PYTHON);
    let outcome = program.call(&["import-dlt", "shop.py", "-o", "shop.yaml"]);
    assert_eq!(outcome.code, 0, "{outcome}");
    assert!(
        outcome
            .stderr
            .contains("shop.py:4:74: `q` is left as a comment"),
        "{outcome}"
    );
    assert!(
        program
            .read("shop.yaml")
            .contains("# TODO endpoint.params.q: query()")
    );
    program.ok(&["check", "shop.yaml", "--offline"]);
    let again = program.call(&["import-dlt", "shop.py", "-o", "shop.yaml"]);
    assert_eq!(again.code, 2, "{again}");
    assert!(again.stderr.contains("is there already"), "{again}");
}

#[test]
fn without_a_file_it_goes_to_stdout_and_to_programs_as_json() {
    let program = Program::new();
    program.write("shop.py", PYTHON);
    assert!(
        program
            .ok(&["import-dlt", "shop.py"])
            .starts_with("name: shop\n")
    );
    let told = program.ok(&["import-dlt", "shop.py", "--format", "json"]);
    let document: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(document["notes"][0]["line"], 4);
}

#[test]
fn inputs_that_are_none_are_refused() {
    let program = Program::new();
    program.write("empty.py", "x = 1\n");
    program.write("broken.py", "x = 'a\n");
    program.write("broken.json", "{");
    program.write("x.txt", "");
    for (input, message) in [
        ("empty.py", "has no configuration"),
        ("broken.py", "broken.py:1:5"),
        ("broken.json", "broken.json:1"),
        ("x.txt", "cannot tell what `x.txt` is"),
        ("missing.py", "cannot read `missing.py`"),
    ] {
        let outcome = program.call(&["import-dlt", input]);
        assert_eq!(outcome.code, 2, "{outcome}");
        assert!(outcome.stderr.contains(message), "{outcome}");
    }
}
