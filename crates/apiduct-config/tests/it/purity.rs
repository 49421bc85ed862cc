//! Planning asks nothing outside the file.

use std::io;

use apiduct_config::resolve::SecretSource;
use apiduct_config::{Format, Plan};
use apiduct_model::Redactor;

const TEXT: &str = r"
client: {base_url: 'https://${env:NO_SUCH_HOST}/', auth: 'bearer:${secret:none}'}
resources: [{name: a, endpoint: {params: {x: '${file:/no/such/file}'}}}]
destination: duckdb:${env:NO_SUCH_FOLDER}/x.duckdb
";

/// Has nothing and remembers nothing.
#[derive(Debug)]
struct Nothing;

impl SecretSource for Nothing {
    fn env(&self, _: &str) -> Option<String> {
        None
    }

    fn file(&self, _: &str) -> io::Result<Option<String>> {
        Ok(None)
    }
}

#[test]
fn a_plan_needs_no_secret() {
    let plan = Plan::parse(TEXT, Format::Yaml, "t.yaml").unwrap();
    let shown = plan.describe();
    assert_eq!(shown.base_url, "https://${env:NO_SUCH_HOST}/");
    assert_eq!(
        shown.resources[0].url,
        "https://${env:NO_SUCH_HOST}/a?x=${file:/no/such/file}"
    );
    assert_eq!(shown.destination, "duckdb:${env:NO_SUCH_FOLDER}/x.duckdb");
}

#[test]
fn resolving_asks_only_the_source_it_is_given() {
    let plan = Plan::parse(TEXT, Format::Yaml, "t.yaml").unwrap();
    let errors = plan.resolve(&Nothing, &Redactor::default()).unwrap_err();
    assert_eq!(errors.len(), 4, "{errors}");
}

#[test]
fn the_same_text_gives_the_same_plan() {
    let once = Plan::parse(TEXT, Format::Yaml, "t.yaml").unwrap();
    let twice = Plan::parse(TEXT, Format::Yaml, "t.yaml").unwrap();
    assert_eq!(format!("{once:?}"), format!("{twice:?}"));
}

/// Only the module `resolve` reaches outside; the modules below it in this list read and plan.
#[test]
fn reading_and_planning_name_no_environment_clock_or_socket() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    for folder in ["locate", "spec", "template", "plan", "error"] {
        for file in files_below(&format!("{source}/{folder}")) {
            let text = std::fs::read_to_string(&file).unwrap();
            for word in [
                "std::env",
                "std::net",
                "SystemTime",
                "Instant",
                "tokio",
                "reqwest",
            ] {
                assert!(!text.contains(word), "{file} names {word}");
            }
        }
    }
}

fn files_below(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        let text = path.to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(files_below(&text));
        } else {
            files.push(text);
        }
    }
    files
}
