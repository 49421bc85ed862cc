//! Whole descriptions become files that the offline check accepts, always the same.
//!
//! Two of our own stand in `tests/descriptions`. `APIDUCT_OPENAPI_DOCUMENTS` names a folder with the public ones, which are
//! not part of the repository.

use std::path::{Path, PathBuf};

use apiduct_config::{Format, Plan};
use apiduct_openapi::{Description, Selection};

fn read(path: &Path) -> Description {
    Description::read(&path.display().to_string(), &|one| {
        std::fs::read(one).map_err(|error| error.to_string())
    })
    .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All descriptions with their names.
fn documents() -> Vec<(String, PathBuf)> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/descriptions");
    let mut all = below(&own);
    if let Some(folder) = std::env::var_os("APIDUCT_OPENAPI_DOCUMENTS") {
        all.extend(below(Path::new(&folder)));
    }
    assert!(all.len() > 1);
    all
}

/// The files in `folder`, and the first of each folder in it, which refers to the others.
fn below(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = |folder: &Path| {
        let all = std::fs::read_dir(folder).unwrap();
        all.map(|one| one.unwrap().path())
    };
    let is_description = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_data = [".json", ".yaml", ".yml"]
            .iter()
            .any(|end| name.ends_with(end));
        is_data && path.is_file() && name != "truth.json"
    };
    let mut all = Vec::new();
    for path in entries(folder) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "parts" {
            let first = entries(&path).filter(is_description).min();
            all.extend(first.map(|first| (name, first)));
        } else if is_description(&path) {
            all.push((name, path));
        }
    }
    all.sort();
    all
}

#[test]
fn the_offline_check_accepts_every_generated_file() {
    for (_, path) in documents() {
        let made = read(&path).render("sample", &Selection::default()).unwrap();
        let plan = Plan::parse(&made.yaml, Format::Yaml, "sample.yaml")
            .unwrap_or_else(|errors| panic!("{}: {errors}", path.display()));
        assert_eq!(
            plan.resources.len(),
            made.active + made.inactive,
            "{}",
            path.display()
        );
        assert!(made.active > 0, "{}", path.display());
    }
}

#[test]
fn two_runs_give_the_same_bytes() {
    for (_, path) in documents() {
        let make = || {
            let read = read(&path);
            let file = read.render("sample", &Selection::default()).unwrap();
            (file.yaml, read.report().to_string())
        };
        assert_eq!(make(), make(), "{}", path.display());
    }
}

/// Writes the golden files anew where `APIDUCT_OPENAPI_GOLDEN` is `write`.
#[test]
fn the_files_are_those_of_the_golden_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for (name, path) in documents() {
        let made = read(&path).render(&name, &Selection::default()).unwrap();
        let golden = folder.join(format!("{name}.yaml"));
        if std::env::var_os("APIDUCT_OPENAPI_GOLDEN").is_some_and(|one| one == "write") {
            std::fs::write(&golden, &made.yaml).unwrap();
        }
        let kept = std::fs::read_to_string(&golden)
            .unwrap_or_else(|error| panic!("{}: {error}", golden.display()));
        assert!(kept == made.yaml, "{} has changed", golden.display());
    }
}
