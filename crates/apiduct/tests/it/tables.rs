//! The tables of `examples/README.md`: no sentence is missing, every name exists, every example is listed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// How many sentences there are.
const SENTENCES: usize = 170;

fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap()
}

#[test]
fn every_sentence_has_a_row_and_every_proof_exists() {
    let readme = fs::read_to_string(root().join("examples/README.md")).unwrap();
    let tests = functions_below(&root().join("crates"));
    let examples = examples();
    let mut next = 1;
    for row in readme.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [number, says, proof] = cells[..] else {
            continue;
        };
        let Ok(number) = number.parse::<usize>() else {
            continue;
        };
        assert_eq!(number, next, "the rows are numbered without a gap: {says}");
        next += 1;
        assert!(
            !proof.is_empty(),
            "sentence {number} has neither proof nor reason"
        );
        for name in proof.split('`').skip(1).step_by(2) {
            let exists = tests.contains(name) || examples.contains(name);
            assert!(
                exists,
                "`{name}` shows sentence {number} and does not exist"
            );
        }
    }
    assert_eq!(next - 1, SENTENCES);
}

#[test]
fn every_example_is_listed_and_run() {
    let readme = fs::read_to_string(root().join("examples/README.md")).unwrap();
    let main = fs::read_to_string(root().join("examples/rest/main.rs")).unwrap();
    let run: BTreeSet<&str> = main.lines().map(str::trim).collect();
    for name in examples() {
        assert!(run.contains(name.as_str()), "main.rs does not run `{name}`");
        assert!(
            readme.contains(&format!("(rest/{name}.rs)")),
            "the README does not list `{name}`"
        );
    }
}

/// The examples, each a file.
fn examples() -> BTreeSet<String> {
    let files = fs::read_dir(root().join("examples/rest")).unwrap();
    let names = files.map(|entry| entry.unwrap().path());
    names
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .filter(|name| name != "main" && name != "support")
        .collect()
}

/// The names of all test functions in Rust files below `folder`.
fn functions_below(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(functions_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                let Some((_, rest)) = line.split_once("fn ") else {
                    continue;
                };
                if std::mem::take(&mut is_test) {
                    names.extend(rest.split_once('(').map(|(name, _)| name.to_owned()));
                }
            }
        }
    }
    names
}
