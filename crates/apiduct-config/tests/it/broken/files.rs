//! Texts that break the rules of YAML, TOML or JSON.

use std::fmt::Write;

use apiduct_config::{Format, Spec};

use super::report;

fn yaml(text: &str) -> String {
    report(text, Format::Yaml)
}

fn toml(text: &str) -> String {
    report(text, Format::Toml)
}

fn json(text: &str) -> String {
    report(text, Format::Json)
}

#[test]
fn yaml_that_is_not_closed_says_where() {
    insta::assert_snapshot!(yaml("client: {base_url: 'https://h'\nresources: []"), @r"
    source.yaml:2:1: invalid indentation in flow construct
      hint: look at this line and the one before: indentation by spaces, quotes and brackets in pairs, quotes around text that holds `: `, ` #` or begins with one of `*&!{[@%`
    ");
}

#[test]
fn yaml_with_a_tab_for_indentation_says_where() {
    insta::assert_snapshot!(yaml("client:\n\tbase_url: x\n"), @r"
    source.yaml:2:2: tabs disallowed within this context (block indentation)
      hint: look at this line and the one before: indentation by spaces, quotes and brackets in pairs, quotes around text that holds `: `, ` #` or begins with one of `*&!{[@%`
    ");
}

#[test]
fn a_key_written_twice_names_the_first_line() {
    insta::assert_snapshot!(
        yaml("client: {base_url: 'https://h'}\nresources: []\nclient: {base_url: 'https://g'}"),
        @r"
    source.yaml:3:1: key `client` is written twice, first in line 1
      hint: keep one of the two
    "
    );
}

#[test]
fn a_file_holds_one_yaml_document() {
    insta::assert_snapshot!(yaml("client: {}\n---\nresources: []"), @r"
    source.yaml:2:1: a second document begins; the file must hold one
      hint: write each document into a file of its own, and remove `---`
    ");
}

#[test]
fn an_alias_needs_its_anchor() {
    insta::assert_snapshot!(yaml("client: *base\nresources: []"), @r"
    source.yaml:1:9: while parsing node, found unknown anchor
      hint: look at this line and the one before: indentation by spaces, quotes and brackets in pairs, quotes around text that holds `: `, ` #` or begins with one of `*&!{[@%`
    ");
}

#[test]
fn an_alias_inside_its_own_anchor_is_refused() {
    insta::assert_snapshot!(yaml("client: &c {headers: *c}\nresources: []"), @r"
    source.yaml:1:22: the alias stands inside its own anchor
      hint: write the value itself
    ");
}

#[test]
fn aliases_that_unfold_without_end_are_refused() {
    let mut text = String::from("x-0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n");
    for level in 1..9 {
        let before = format!("*a{}", level - 1);
        let list = vec![before; 10].join(", ");
        let _ = writeln!(text, "x-{level}: &a{level} [{list}]");
    }
    insta::assert_snapshot!(yaml(&text), @r"
    source.yaml:5:46: aliases unfold into more than 100000 values
      hint: write fewer aliases of aliases
    ");
}

#[test]
fn nesting_is_bounded_in_every_language() {
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    insta::assert_snapshot!(yaml(&format!("x-a: {deep}")), @r"
    source.yaml:1:261: recursion limit exceeded
      hint: look at this line and the one before: indentation by spaces, quotes and brackets in pairs, quotes around text that holds `: `, ` #` or begins with one of `*&!{[@%`
    ");
    insta::assert_snapshot!(json(&format!("{{\"x-a\": {deep}}}")), @r"
    source.json:1:73: lists and mappings nest deeper than 64 levels
      hint: look for a comma, quote or bracket that is missing or left over, here or just before; JSON has no comments and no comma behind the last entry
    ");
    assert!(toml(&format!("x-a = {deep}")).contains("source.toml:1:"));
}

#[test]
fn tags_infinity_and_strange_keys_are_refused() {
    insta::assert_snapshot!(yaml("x-a: !secret b\nx-b: .inf\n[1]: c\nx-c: {<<: 3}"), @r"
    source.yaml:1:1: required key `client` is missing
      hint: add `client`: the API: where it is and how it is talked to
    source.yaml:1:1: required key `resources` is missing
      hint: add `resources`: what to pull; a text names a resource whose path is its name
    source.yaml:1:6: the tag `!secret` is not known
      hint: remove the tag, or put the text into quotes
    source.yaml:2:6: `.inf` is not a number that JSON can carry
      hint: put it into quotes to have it as text
    source.yaml:3:1: a list cannot be a key
      hint: a key is a text; text with braces or brackets needs quotes
    source.yaml:4:11: `<<` merges mappings, not a number
      hint: write `<<: *ANCHOR`, where the anchor stands at a mapping
    ");
}

#[test]
fn toml_reports_every_syntax_error() {
    insta::assert_snapshot!(toml("name = \n[client]\nbase_url = 'https://h\n"), @r"
    source.toml:1:8: string values must be quoted, expected literal string
      hint: texts need quotes, each key and each `[table]` is written once, and an inline `{...}` ends on its line
    source.toml:3:22: invalid literal string, expected `'`
      hint: texts need quotes, each key and each `[table]` is written once, and an inline `{...}` ends on its line
    ");
}

#[test]
fn toml_keys_are_located() {
    let text = "[client]\nbase_url = 'https://h'\nretries = 3\n\n[[resources]]\nname = 'a'\n[resources.endpoint]\npth = 'x'\n";
    insta::assert_snapshot!(toml(text), @r"
    source.toml:3:1: client: unknown key `retries`
      hint: did you mean `retry_if`?
    source.toml:8:1: resources[0].endpoint: unknown key `pth`
      hint: did you mean `path`?
    ");
}

#[test]
fn toml_tables_written_twice_are_refused() {
    insta::assert_snapshot!(toml("resources = []\n[client]\nbase_url = 'https://h'\n[client]\n"), @r"
    source.toml:4:2: duplicate key
      hint: texts need quotes, each key and each `[table]` is written once, and an inline `{...}` ends on its line
    ");
}

#[test]
fn json_with_a_trailing_comma_says_where() {
    insta::assert_snapshot!(json("{\"client\": {\"base_url\": \"https://h\",},\n \"resources\": []}"), @r"
    source.json:1:37: expected a key
      hint: look for a comma, quote or bracket that is missing or left over, here or just before; JSON has no comments and no comma behind the last entry
    ");
}

#[test]
fn json_that_ends_early_says_where() {
    insta::assert_snapshot!(json("{\"client\":\n  {\"base_url\": \"https"), @r"
    source.json:2:22: the text ends inside a value
      hint: look for a comma, quote or bracket that is missing or left over, here or just before; JSON has no comments and no comma behind the last entry
    ");
}

#[test]
fn json_keys_are_located_in_characters() {
    let text = "{\n  \"x-ü\": \"日本\", \"resources\": [], \"clent\": {}\n}";
    insta::assert_snapshot!(json(text), @r"
    source.json:2:33: unknown key `clent`
      hint: did you mean `client`?
    ");
}

#[test]
fn json_keys_written_twice_and_bad_escapes_are_refused() {
    insta::assert_snapshot!(json("{\"a\": 1,\n\"a\": 2}"), @r"
    source.json:1:1: required key `client` is missing
      hint: add `client`: the API: where it is and how it is talked to
    source.json:1:1: required key `resources` is missing
      hint: add `resources`: what to pull; a text names a resource whose path is its name
    source.json:1:2: unknown key `a`
      hint: known keys are `name`, `client`, `resource_defaults`, `resources`, `destination`, `dataset`, `runtime`, `system_prefix`, `max_table_nesting`, `root_key`, `schema_contract`, `parallelized`
    source.json:2:1: key `a` is written twice, first in line 1
      hint: keep one of the two
    ");
    insta::assert_snapshot!(json("{\"a\": \"b\\q\"}"), @r"
    source.json:1:9: an escape that JSON does not know
      hint: look for a comma, quote or bracket that is missing or left over, here or just before; JSON has no comments and no comma behind the last entry
    ");
}

#[test]
fn a_file_without_a_known_extension_is_not_guessed() {
    let errors = Spec::from_file("source.ini").unwrap_err();
    insta::assert_snapshot!(errors, @r"
    source.ini: the extension does not say whether this is YAML, TOML or JSON
      hint: name the file .yaml, .toml or .json
    ");
}

#[test]
fn a_file_that_is_not_there_says_so() {
    let errors = Spec::from_file("no/such/source.yaml").unwrap_err();
    insta::assert_snapshot!(errors, @r"
    no/such/source.yaml: cannot read the file
      cause: No such file or directory (os error 2)
      hint: check the name; `apiduct init FILE` writes a file to start from
    ");
}
