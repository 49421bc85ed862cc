//! What a program registers is a word of the file, and nothing else is.

use std::sync::{Arc, Mutex};

use apiduct_client::auth::Bearer;
use apiduct_client::paginate::{JsonLink, Paginator};
use apiduct_config::resolve::{SecretSource, SystemSource};
use apiduct_config::steps::{RowOutcome, row_fn};
use apiduct_config::{ConfigErrors, Format, Plan, Registry};
use apiduct_model::Redactor;

fn registry() -> Registry {
    Registry::new().paginator("ours", |settings| {
        let path = settings.get("at").ok_or("`at` is missing")?;
        Ok(Arc::new(JsonLink::new(path.as_str())))
    })
}

fn plan(paginator: &str, registry: &Registry) -> Result<Plan, ConfigErrors> {
    let text = format!(
        "client: {{base_url: 'https://api.example.com', paginator: {paginator}}}\nresources: [issues]\n"
    );
    Plan::parse_with(&text, Format::Yaml, "t.yaml", registry)
}

#[test]
fn a_registered_paginator_is_made_from_its_settings() {
    let text = "{type: custom, name: ours, settings: {at: links.next}}";
    let plan = plan(text, &registry()).unwrap();
    let paginator = plan.resources[0].paginator.paginator.as_ref().unwrap();
    assert_eq!(paginator.describe(), JsonLink::new("links.next").describe());
}

#[test]
fn what_is_not_registered_or_cannot_be_made_is_told_with_its_place() {
    let none = Registry::new();
    let ours = registry();
    for (text, registry, message) in [
        (
            "{type: custom, name: ours}",
            &none,
            "no paginator `ours` is registered",
        ),
        ("{type: custom, name: our}", &ours, "did you mean `ours`?"),
        (
            "{type: custom, name: ours}",
            &ours,
            "the program cannot make its paginator `ours`\n  cause: `at` is missing",
        ),
        (
            "{type: custom, name: ours, settings: {at: 'a..'}}",
            &ours,
            "cannot make its paginator `ours`\n  cause: ",
        ),
        ("{type: custom}", &ours, "required key `name` is missing"),
    ] {
        let errors = plan(text, registry).unwrap_err().to_string();
        assert!(errors.contains(message), "{text}: {errors}");
        assert!(errors.contains("t.yaml:1:"), "{text}: {errors}");
    }
}

#[test]
fn a_registered_authentication_gets_its_settings_with_secrets_in_place() {
    let text = "
client: {base_url: 'https://api.example.com', auth: {type: custom, name: house, settings: {key: '${env:HOME}', realm: a}}}
resources: [issues]
";
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let registry = Registry::new().auth("house", move |settings| {
        let mut told = told.lock().map_err(|_| "poisoned")?;
        told.extend(
            settings
                .iter()
                .map(|(name, value)| (name.clone(), value.expose().clone())),
        );
        Ok(Arc::new(Bearer::new(settings["key"].clone())))
    });
    let plan = Plan::parse_with(text, Format::Yaml, "t.yaml", &registry).unwrap();
    let redactor = Redactor::default();
    let source = SystemSource::in_folder(".");
    plan.resolve(&source, &redactor).unwrap();
    let home = std::env::var("HOME").unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            ("key".to_owned(), home),
            ("realm".to_owned(), "a".to_owned())
        ]
    );
    let errors = Plan::parse(text, Format::Yaml, "t.yaml").unwrap_err();
    assert!(
        errors
            .to_string()
            .contains("no authentication `house` is registered"),
        "{errors}"
    );
}

#[test]
fn a_program_that_cannot_make_its_authentication_says_why() {
    let text = "client: {base_url: 'https://api.example.com', auth: {type: custom, name: house}}\nresources: [issues]";
    let registry = Registry::new().auth("house", |_| Err("out of keys".into()));
    let plan = Plan::parse_with(text, Format::Yaml, "t.yaml", &registry).unwrap();
    let source: &dyn SecretSource = &SystemSource::in_folder(".");
    let errors = plan.resolve(source, &Redactor::default()).unwrap_err();
    assert!(
        errors
            .to_string()
            .contains("its authentication `house`\n  cause: out of keys"),
        "{errors}"
    );
}

fn stepped(step: &str, registry: &Registry) -> Result<Plan, ConfigErrors> {
    let text = format!(
        "client: {{base_url: 'https://h'}}\nresource_defaults:\n  processing_steps:\n    - custom: {step}\nresources: [a, b]\n"
    );
    Plan::parse_with(&text, Format::Yaml, "t.yaml", registry)
}

fn with_step() -> Registry {
    Registry::new().row_step("without", |settings| {
        let word = settings.get("word").ok_or("`word` is missing")?.clone();
        Ok(Arc::new(row_fn(move |record| {
            Ok(if record.contains(&word) {
                RowOutcome::Drop
            } else {
                RowOutcome::Keep
            })
        })))
    })
}

#[test]
fn a_registered_step_is_part_of_each_plan_that_asks_for_it() {
    let plan = stepped("{name: without, settings: {word: spam}}", &with_step()).unwrap();
    for resource in &plan.resources {
        assert_eq!(resource.steps[0].step.to_string(), "custom: without");
        assert_eq!(resource.steps[0].place.to_string(), "t.yaml:4:15");
    }
    let plain =
        Registry::new().row_step("plain", |_| Ok(Arc::new(row_fn(|_| Ok(RowOutcome::Keep)))));
    let plan = stepped("plain", &plain).unwrap();
    assert_eq!(plan.describe().resources[0].steps, ["custom: plain"]);
}

#[test]
fn steps_that_are_not_registered_or_cannot_be_made_are_told_with_their_place() {
    for (step, registry, message) in [
        ("ours", &Registry::new(), "no step `ours` is registered"),
        ("ours", &Registry::new(), "the command line has none"),
        ("witout", &with_step(), "did you mean `without`?"),
        ("other", &with_step(), "registered are `without`"),
        (
            "without",
            &with_step(),
            "the program cannot make its step `without`\n  cause: `word` is missing",
        ),
        (
            "{settings: {a: b}}",
            &with_step(),
            "required key `name` is missing",
        ),
        (
            "{name: without, word: spam}",
            &with_step(),
            "unknown key `word`",
        ),
        ("[without]", &with_step(), "expected"),
    ] {
        let errors = stepped(step, registry).unwrap_err();
        let text = errors.to_string();
        assert!(text.contains(message), "{step}: {text}");
        assert!(text.contains("t.yaml:4:"), "{step}: {text}");
        assert_eq!(
            errors.iter().count(),
            1,
            "told once, not for each resource: {text}"
        );
    }
}
