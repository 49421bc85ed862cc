//! The same mistakes in TOML and JSON.

use apiduct_config::Format;

use super::report;

fn toml(text: &str) -> String {
    report(text, Format::Toml)
}

fn json(text: &str) -> String {
    report(text, Format::Json)
}

#[test]
fn toml_values_of_the_wrong_type_are_located() {
    let text = r#"
[client]
base_url = 5
headers = ["a"]
on_foreign_origin = "follow"

[runtime]
timeout = 2024-01-01
concurrency = 1.5
rate_limit = "often"

[[resources]]
name = "a"
selected = "no"
endpoint.params = { x = { y = 1 } }
"#;
    insta::assert_snapshot!(toml(text), @r"
    source.toml:3:12: client.base_url: `5` is not an absolute http or https URL
      hint: write it like `https://api.example.com/v2`
    source.toml:4:11: client.headers: expected a mapping, found a list
      hint: write `{KEY: VALUE}`
    source.toml:5:21: client.on_foreign_origin: unknown policy `follow`
      hint: valid are `refuse`, `strip`
    source.toml:8:11: runtime.timeout: `2024-01-01` is not a duration
      hint: write it like `30s`, `5m` or `1h 30m`
    source.toml:9:15: runtime.concurrency: `1.5` is not a whole number from 1
      hint: write it like `1`
    source.toml:10:14: runtime.rate_limit: `often` is not a rate
      hint: write it like `10/s`, `100/min` or `5000/h`
    source.toml:14:12: resources[0].selected: expected `true` or `false`, found a text
      hint: write one of the two, without quotes
    source.toml:15:25: resources[0].endpoint.params.x: a mapping as a parameter has to say how it is written
      hint: write `{style: STYLE, value: ...}`; styles are `repeat`, `comma`, `brackets`, `json`
    ");
}

#[test]
fn toml_paginators_and_auth_are_located() {
    let text = r#"
resources = ["a"]

[client]
base_url = "https://h"

[client.auth]
type = "bearer"
tokn = "x"

[client.paginator]
type = "offset"
page_param = "p"
"#;
    insta::assert_snapshot!(toml(text), @r"
    source.toml:9:1: client.auth: unknown key `tokn`
      hint: did you mean `token`?
    source.toml:11:1: client.paginator: required key `limit` is missing
      hint: add `limit`: records a page
    source.toml:13:1: client.paginator: key `page_param` does not belong to paginator `offset`
      hint: it belongs to `page_number`
    ");
}

#[test]
fn toml_references_between_resources_are_located() {
    let text = r#"
client = { base_url = "https://h" }

[[resources]]
name = "posts"
endpoint = "users/{resources.user.id}/posts"

[[resources]]
name = "users"
include_from_parent = ["id"]

[[resources]]
name = "users"
table_name = "posts"
"#;
    insta::assert_snapshot!(toml(text), @r"
    source.toml:6:12: resources[0].endpoint: resource `posts` needs resource `user`, which is not in the file
      hint: did you mean `users`?
    source.toml:10:23: resources[1].include_from_parent: resource `users` has no parent to include fields from
      hint: refer to a parent with `{resources.PARENT.FIELD}`, or remove the key
    source.toml:13:8: resources[2].name: the name `users` is taken by another resource, in line 9
      hint: names must be unique; rename one
    source.toml:14:14: resources[2].table_name: resources `posts` and `users` both load table `posts`
      hint: give one of them a `table_name` of its own
    ");
}

#[test]
fn json_values_of_the_wrong_type_are_located() {
    let text = r#"{
  "client": {"base_url": "https://h", "auth": 7, "paginator": ["auto"]},
  "resource_defaults": {"endpoint": "x", "columns": {"a": "text"}},
  "resources": [
    7,
    {"name": "a", "endpoint": {"params": {"a": {"type": 1}}, "max_pages": 0}},
    {"name": "b", "endpoint": {"json": {"x": "{y}"}, "headers": {"X": ["a"]}}}
  ],
  "runtime": {"max_retries": "5", "memory": true}
}"#;
    insta::assert_snapshot!(json(text), @r"
    source.json:2:47: client.auth: expected a text or a mapping, found a number
      hint: write a text, or `{KEY: VALUE}`
    source.json:2:63: client.paginator: expected a text or a mapping, found a list
      hint: write a text, or `{KEY: VALUE}`
    source.json:3:37: resource_defaults.endpoint: expected a mapping, found a text
      hint: write `{KEY: VALUE}`
    source.json:3:59: resource_defaults.columns.a: expected a mapping, found a text
      hint: write `{KEY: VALUE}`
    source.json:5:5: resources[0]: expected a text or a mapping, found a number
      hint: write a text, or `{KEY: VALUE}`
    source.json:6:57: resources[1].endpoint.params.a.type: expected a text, found a number
      hint: put it into quotes, if that is what is meant
    source.json:6:75: resources[1].endpoint.max_pages: `0` is not a whole number from 1
      hint: write it like `1`
    source.json:7:46: resources[2].endpoint.json: `{y}` is not a placeholder that may stand here
      hint: write `{resources.PARENT.FIELD}`, `{incremental.start_value}`, or `{{` and `}}` for the braces themselves
    source.json:7:71: resources[2].endpoint.headers.X: expected a text, found a list
      hint: write one text in its place
    source.json:9:30: runtime.max_retries: expected a whole number, found a text
      hint: write digits without quotes, such as `100`
    source.json:9:45: runtime.memory: expected a size such as `256MiB` or `10MB`, found a boolean
      hint: write it as the example shows
    ");
}

#[test]
fn json_of_the_reference_with_its_later_features_says_which() {
    let text = r#"{
  "client": {"base_url": "https://h", "auth": {"type": "oauth_jwt"}, "session": null},
  "resources": [
    {
      "name": "posts",
      "write_disposition": {"disposition": "merge", "strategy": "scd2"},
      "primary_key": "id",
      "max_table_nesting": 2,
      "schema_contract": "freeze",
      "nested_hints": {},
      "references": [],
      "table_format": "delta",
      "file_format": "parquet",
      "parent_table_name": "x",
      "endpoint": {"path": "posts", "params": {"since": "{incremental.start}"}}
    }
  ]
}"#;
    insta::assert_snapshot!(json(text), @r"
    source.json:2:47: client.auth: required key `client_id` is missing
      hint: add `client_id`: who signs: the claim `iss`
    source.json:2:47: client.auth: required key `private_key` is missing
      hint: add `private_key`: the private key in PEM, best by reference: `${file:PATH}`; for `HS256` and its kin the shared secret
    source.json:6:65: resources[0].write_disposition.strategy: strategy `scd2` is not supported by this version
      hint: use `upsert` to keep the newest version of each row, or `append` to keep all
    source.json:9:26: resources[0].schema_contract: schema contract `freeze` is not supported by this version
      hint: use `evolve`: new tables, columns and types are taken in
    source.json:15:57: resources[0].endpoint.params.since: unknown value of the incremental load `start`
      hint: did you mean `start_value`? valid are `start_value`, `initial_value`, `last_value`, `end_value`, `lag`
    ");
}

#[test]
fn json_must_be_one_document() {
    insta::assert_snapshot!(json("{} {}"), @r"
    source.json:1:4: something follows the document
      hint: look for a comma, quote or bracket that is missing or left over, here or just before; JSON has no comments and no comma behind the last entry
    ");
    insta::assert_snapshot!(json(""), @r"
    source.json:1:1: the text ends inside a value
      hint: look for a comma, quote or bracket that is missing or left over, here or just before; JSON has no comments and no comma behind the last entry
    ");
    insta::assert_snapshot!(json("{\"a\": 01}"), @r"
    source.json:1:9: a number that JSON does not allow
      hint: look for a comma, quote or bracket that is missing or left over, here or just before; JSON has no comments and no comma behind the last entry
    ");
    insta::assert_snapshot!(json("// no\n{}"), @r"
    source.json:1:1: expected a value
      hint: look for a comma, quote or bracket that is missing or left over, here or just before; JSON has no comments and no comma behind the last entry
    ");
}

#[test]
fn toml_inline_mistakes_say_where() {
    insta::assert_snapshot!(toml("client = { base_url = https }"), @r"
    source.toml:1:23: string values must be quoted, expected literal string
      hint: texts need quotes, each key and each `[table]` is written once, and an inline `{...}` ends on its line
    ");
    insta::assert_snapshot!(toml("a = 1\na = 2"), @r"
    source.toml:2:1: duplicate key
      hint: texts need quotes, each key and each `[table]` is written once, and an inline `{...}` ends on its line
    ");
    insta::assert_snapshot!(toml("when = 2024-13-01"), @r"
    source.toml:1:8: invalid date, expected month between 01 and 12
      hint: texts need quotes, each key and each `[table]` is written once, and an inline `{...}` ends on its line
    ");
}
