//! YAML, TOML and JSON say the same.

use apiduct_config::{Format, Plan};

const YAML: &str = r"
client:
  base_url: https://api.example.com
  paginator: {type: page_number, maximum_page: 3}
resources:
  - users
  - name: posts
    endpoint:
      path: users/{resources.users.id}/posts
      params: {active: true, limit: 50, tags: [a, b]}
      json: {deep: [1, null, {x: 1.5}]}
runtime: {timeout: 30s, backoff_factor: 0.5, max_response_bytes: 10MB}
";

const TOML: &str = r#"
[client]
base_url = "https://api.example.com"
paginator = { type = "page_number", maximum_page = 3 }

[[resources]]
name = "users"

[[resources]]
name = "posts"

[resources.endpoint]
path = "users/{resources.users.id}/posts"
params = { active = true, limit = 50, tags = ["a", "b"] }
json = { deep = [1, { x = 1.5 }] }

[runtime]
timeout = "30s"
backoff_factor = 0.5
max_response_bytes = "10MB"
"#;

const JSON: &str = r#"{
  "client": {"base_url": "https://api.example.com", "paginator": {"type": "page_number", "maximum_page": 3}},
  "resources": ["users", {"name": "posts", "endpoint": {
    "path": "users/{resources.users.id}/posts",
    "params": {"active": true, "limit": 50, "tags": ["a", "b"]},
    "json": {"deep": [1, null, {"x": 1.5}]}}}],
  "runtime": {"timeout": "30s", "backoff_factor": 0.5, "max_response_bytes": "10MB"}
}"#;

fn shown(text: &str, format: Format) -> String {
    let plan = Plan::parse(text, format, "source").unwrap_or_else(|errors| panic!("{errors}"));
    let text = serde_json::to_string(&plan.describe()).expect("a plan is JSON");
    // TOML has no null.
    format!("{} {:?}", text.replace("null,", ""), plan.runtime)
}

#[test]
fn the_three_languages_give_the_same_plan() {
    let yaml = shown(YAML, Format::Yaml);
    assert_eq!(shown(TOML, Format::Toml), yaml);
    assert_eq!(shown(JSON, Format::Json), yaml);
}

#[test]
fn a_document_of_the_reference_dumped_as_json_runs_as_it_is() {
    let text = r#"{
      "client": {"base_url": "https://pokeapi.co/api/v2/", "paginator": "json_link",
        "auth": {"type": "api_key", "name": "X-Key", "api_key": "${env:K}", "location": "header"}},
      "resource_defaults": {"write_disposition": "replace", "primary_key": "id",
        "endpoint": {"params": {"limit": 1000}}},
      "resources": ["pokemon", {"name": "berry", "endpoint": {"path": "berry", "method": "GET",
          "data_selector": "results", "paginator": {"type": "offset", "limit": 20, "total_path": null}}},
        {"name": "location", "endpoint": {"path": "pokemon/{name}/location", "params":
          {"name": {"type": "resolve", "resource": "pokemon", "field": "name"}}},
          "include_from_parent": ["name"]}]
    }"#;
    let plan = Plan::parse(text, Format::Json, "pokemon.json").unwrap();
    assert_eq!(plan.name, "pokemon");
    assert_eq!(plan.resources.len(), 3);
    assert_eq!(plan.resources[2].from_parent[0].key, "_pokemon_name");
}

#[test]
fn files_are_read_in_the_language_of_their_extension() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("a.yaml", YAML),
        ("b.yml", YAML),
        ("c.toml", TOML),
        ("d.json", JSON),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let plan = Plan::from_file(&path).unwrap();
        assert_eq!(plan.name, &name[..1]);
        assert_eq!(plan.file(), path.to_string_lossy());
    }
}
