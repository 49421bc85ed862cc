use std::path::Path;

use serde_json::{Value, json};

use super::*;

/// Metadata of one crate of ours that needs the given packages: name, version, license, kind of use.
fn metadata(name: &str, needs: &[(&str, &str, &str, Value)]) -> Metadata {
    let id = |name: &str, version: &str| format!("{name}@{version}");
    let mut packages = vec![
        json!({"id": "ours", "name": name, "version": "0.1.0", "license": "Apache-2.0",
        "source": null, "features": {}}),
    ];
    let mut nodes = vec![
        json!({"id": "ours", "features": [], "deps": needs.iter().map(|(name, version, _, kind)|
        json!({"pkg": id(name, version), "dep_kinds": [{"kind": kind}]})).collect::<Vec<_>>()}),
    ];
    for (name, version, license, _) in needs {
        packages.push(
            json!({"id": id(name, version), "name": name, "version": version, "license": license,
            "source": "registry+https://github.com/rust-lang/crates.io-index", "features": {}}),
        );
        nodes.push(json!({"id": id(name, version), "features": ["std"], "deps": []}));
    }
    Metadata::parse(&json!({"packages": packages, "resolve": {"nodes": nodes}}).to_string())
        .unwrap()
}

fn one(name: &str, version: &str, kind: Value) -> Metadata {
    metadata("apiduct-json", &[(name, version, "MIT", kind)])
}

#[test]
fn this_workspace_keeps_its_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let places = Places {
        root: root.to_path_buf(),
        cache: root.join("target"),
        target: root.join("target"),
    };

    let report = check(&places).unwrap();

    assert!(report.findings.is_empty(), "{}", report.findings.join("\n"));
}

#[test]
fn a_license_that_is_not_listed_is_found() {
    let bad = metadata(
        "apiduct-json",
        &[("copyleft", "1.0.0", "GPL-3.0", Value::Null)],
    );
    let allowed = ["Apache-2.0".to_owned(), "MIT".to_owned()];

    assert_eq!(
        rules::licenses(&bad, &allowed),
        ["copyleft 1.0.0 is under `GPL-3.0`, which deny.toml does not allow"]
    );
    assert!(rules::licenses(&one("fine", "1.0.0", Value::Null), &allowed).is_empty());
}

#[test]
fn an_old_http_client_is_found_and_a_new_one_is_not() {
    assert_eq!(
        rules::banned(&one("reqwest", "0.12.28", Value::Null)).len(),
        1
    );
    assert!(rules::banned(&one("reqwest", "0.13.5", Value::Null)).is_empty());
    assert_eq!(
        rules::banned(&one("serde_yaml", "0.9.34+deprecated", Value::Null)).len(),
        1
    );
}

#[test]
fn only_our_own_use_of_a_date_crate_is_found() {
    assert_eq!(
        rules::banned_in_ours(&one("chrono", "0.4.45", Value::Null)),
        ["apiduct-json depends on chrono itself: dates and times are jiff's"]
    );
    assert!(rules::banned_in_ours(&one("chrono", "0.4.45", json!("dev"))).is_empty());
}

#[test]
fn a_second_crypto_library_that_ships_is_found() {
    assert_eq!(
        rules::banned_at_run_time("rustls v0.23.46\nring v0.17.14\nring v0.17.14 (*)\n"),
        ["ring is linked into what ships: one crypto library: aws-lc-rs"]
    );
    assert!(rules::banned_at_run_time("rustls v0.23.46\n\nstring v1.0.0\n").is_empty());
}

#[test]
fn a_feature_that_changes_numbers_for_all_is_found() {
    let text = json!({
        "packages": [{"id": "j", "name": "serde_json", "version": "1.0.154", "license": "MIT", "source": "x", "features": {}}],
        "resolve": {"nodes": [{"id": "j", "deps": [], "features": ["arbitrary_precision", "std"]}]},
    });
    let bad = Metadata::parse(&text.to_string()).unwrap();

    assert_eq!(
        rules::forbidden_features(&bad),
        [
            "serde_json 1.0.154 has its feature `arbitrary_precision` on: it changes every visitor in the build"
        ]
    );
    assert_eq!(rules::sources(&bad), ["serde_json 1.0.154 comes from `x`"]);
}

#[test]
fn a_second_major_version_of_arrow_is_found() {
    let two = metadata(
        "apiduct-load",
        &[
            ("arrow-array", "58.4.1", "MIT", Value::Null),
            ("arrow-schema", "58.4.1", "MIT", Value::Null),
            ("parquet", "60.1.0", "MIT", Value::Null),
        ],
    );

    assert_eq!(
        rules::one_arrow(&two),
        ["Arrow comes in several major versions: arrow-schema 58, parquet 60"]
    );
}

#[test]
fn crates_in_two_versions_are_those_that_are_listed() {
    let two = metadata(
        "apiduct-load",
        &[
            ("syn", "2.0.1", "MIT", Value::Null),
            ("syn", "3.0.1", "MIT", Value::Null),
        ],
    );

    assert!(rules::doubled(&two, "# why\nsyn # macros move slowly\n").is_empty());
    assert_eq!(
        rules::doubled(&two, "strum\n"),
        [
            "syn is built in the versions 2.0.1 and 3.0.1; xtask/doubled.txt does not list it",
            "strum is built once; take it out of xtask/doubled.txt",
        ]
    );
}

#[test]
fn a_room_that_knows_too_much_is_found() {
    assert_eq!(
        rooms::borders(&one("arrow-array", "58.4.1", Value::Null)),
        ["apiduct-json must not know arrow-array: that belongs to another room"]
    );
    assert_eq!(
        rooms::borders(&one("apiduct-client", "0.1.0", Value::Null)),
        [
            "apiduct-json must not know apiduct-client: the arrows of ARCHITECTURE.md point the other way"
        ]
    );
    assert!(rooms::borders(&one("apiduct-model", "0.1.0", Value::Null)).is_empty());
    assert!(rooms::borders(&one("arrow-array", "58.4.1", json!("dev"))).is_empty());
}

#[test]
fn a_crate_without_a_room_is_found() {
    assert_eq!(
        rooms::borders(&metadata("apiduct-new", &[])),
        ["apiduct-new has no line in xtask/src/supply/rooms.rs"]
    );
}

#[test]
fn something_else_than_metadata_is_refused() {
    assert!(Metadata::parse("{}").is_err());
    assert!(Metadata::parse("error: no").is_err());
}

#[test]
fn the_same_crate_can_be_needed_in_several_ways() {
    let text = json!({
        "packages": [
            {"id": "a", "name": "apiduct-json", "version": "0.1.0", "source": null, "features": {"fast": []}},
            {"id": "b", "name": "memchr", "version": "2.8.3", "license": "MIT", "source": "x", "features": {}},
        ],
        "resolve": {"nodes": [
            {"id": "a", "features": [], "deps": [{"pkg": "b", "dep_kinds": [
                {"kind": null, "target": null}, {"kind": "dev", "target": null}, {"kind": null, "target": "cfg(unix)"}]}]},
            {"id": "b", "features": ["std"], "deps": []},
        ]},
    });
    let metadata = Metadata::parse(&text.to_string()).unwrap();
    let (_, ours) = metadata.ours().next().unwrap();

    assert!(metadata.direct(ours, metadata::Use::Run).contains("memchr"));
    assert!(
        metadata
            .direct(ours, metadata::Use::Test)
            .contains("memchr")
    );
    assert!(metadata.direct(ours, metadata::Use::Build).is_empty());
    assert_eq!(ours.declared_features, ["fast"]);
    assert_eq!(ours.needs.len(), 2);
}

#[test]
fn a_package_from_elsewhere_is_found() {
    let mut text = json!({
        "packages": [{"id": "g", "name": "fork", "version": "1.0.0", "license": "MIT", "features": {}}],
        "resolve": {"nodes": [{"id": "g", "deps": [], "features": []}]},
    });
    text["packages"][0]["source"] = json!("git+https://example.com/fork");

    let metadata = Metadata::parse(&text.to_string()).unwrap();

    assert_eq!(
        rules::sources(&metadata),
        ["fork 1.0.0 comes from `git+https://example.com/fork`"]
    );
    assert!(rules::sources(&one("fine", "1.0.0", Value::Null)).is_empty());
}

#[test]
fn a_package_without_a_license_is_found() {
    let text = json!({
        "packages": [{"id": "n", "name": "nameless", "version": "1.0.0", "source": "x", "features": {}}],
        "resolve": {"nodes": [{"id": "n", "deps": [], "features": []}]},
    });
    let metadata = Metadata::parse(&text.to_string()).unwrap();

    assert_eq!(
        rules::licenses(&metadata, &["MIT".to_owned()]),
        ["nameless 1.0.0 names no license"]
    );
}

#[test]
fn words_that_only_begin_alike_are_not_the_same_crate() {
    assert!(rooms::borders(&one("httpdate", "1.0.3", Value::Null)).is_empty());
    assert_eq!(
        rooms::borders(&one("http-body-util", "0.1.3", Value::Null)).len(),
        1
    );
}

#[test]
fn every_folder_of_a_crate_has_a_room() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let rooms = fs::read_to_string(root.join("xtask/src/supply/rooms.rs")).unwrap();
    let architecture = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();

    for entry in fs::read_dir(root.join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(rooms.contains(&format!("\"{name}\"")), "{name} has no room");
        assert!(
            architecture.contains(&format!("\n  {name} ")),
            "{name} is not in ARCHITECTURE.md"
        );
    }
}
