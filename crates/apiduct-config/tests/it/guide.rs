//! The configurations of the guide are accepted.

use apiduct_config::{Format, Plan};

/// The YAML blocks of a page.
fn blocks(page: &str) -> Vec<&str> {
    let blocks = page.split("```yaml\n").skip(1);
    blocks
        .map(|block| block.split("```").next().expect("a split has a first part"))
        .collect()
}

#[test]
fn what_the_page_on_incremental_loads_shows_can_be_run() {
    let page = include_str!("../../../../docs/guide/incremental.md");
    let blocks = blocks(page);
    assert_eq!(blocks.len(), 5);
    for block in blocks {
        let text = format!("client: {{base_url: 'https://api.example.com'}}\n{block}");
        if let Err(errors) = Plan::parse(&text, Format::Yaml, "guide.yaml") {
            panic!("{errors}\nin {block}");
        }
    }
}

#[test]
fn the_page_on_incremental_loads_names_every_key() {
    let page = include_str!("../../../../docs/guide/incremental.md");
    let schema = apiduct_config::Spec::json_schema();
    let keys = schema["$defs"]["incremental"]["properties"].as_object();
    for key in keys.expect("the definition has keys").keys() {
        let is_old = matches!(
            key.as_str(),
            "transform" | "cursor_type" | "allow_external_schedulers"
        );
        assert!(
            is_old || page.contains(key.as_str()),
            "`{key}` is not in the guide"
        );
    }
}
