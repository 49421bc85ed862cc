use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::Program;
use crate::server::Inputs;

/// The folders of `examples/` that describe an API by what it serves.
fn folders() -> Vec<PathBuf> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut folders: Vec<PathBuf> = fs::read_dir(&examples)
        .expect("examples/ is there")
        .map(|entry| entry.expect("examples/ can be read").path())
        .filter(|path| path.join("source.yaml").is_file())
        .collect();
    folders.sort();
    folders
}

/// Serves `db.json` of an example, or the dataset that its README's commands take.
fn serve(inputs: &Inputs, folder: &Path, program: &Program) -> crate::Server {
    let own = folder.join("db.json");
    if own.is_file() {
        return inputs.serve(&own);
    }
    let movies: Value =
        serde_json::from_slice(&inputs.dataset("movies")).expect("the data are JSON");
    inputs.serve(&program.write("db.json", serde_json::json!({"movies": movies}).to_string()))
}

#[test]
fn every_example_gives_what_it_promises() {
    let Some(inputs) = Inputs::find() else { return };
    let folders = folders();
    assert!(folders.len() >= 3, "{folders:?}");

    for folder in folders {
        let mut program = Program::new();
        let server = serve(&inputs, &folder, &program);
        program.set("API_URL", server.url(""));
        program.set("API_TOKEN", "a-token".to_owned());
        let source = program.write(
            "source.yaml",
            fs::read(folder.join("source.yaml")).expect("it was found"),
        );
        let query = fs::read_to_string(folder.join("query.sql")).expect("an example has a query");
        let expected =
            fs::read_to_string(folder.join("expected.json")).expect("an example has its result");
        let expected: Vec<Value> = serde_json::from_str(&expected).expect("the result is a list");

        program.call(&["check", "source.yaml", "--offline"]);
        program.call(&["run", "source.yaml", "-q"]);

        assert_eq!(
            program.query(&source, query.trim()),
            expected,
            "{}",
            folder.display()
        );
    }
}

#[test]
fn every_example_shows_its_files_in_its_readme() {
    for folder in folders() {
        let readme = fs::read_to_string(folder.join("README.md")).expect("an example has a README");
        for name in ["source.yaml", "query.sql"] {
            let file = fs::read_to_string(folder.join(name)).expect("an example has its files");
            assert!(
                readme.contains(file.trim()),
                "{} shows another {name}",
                folder.display()
            );
        }
    }
}

#[test]
fn the_file_in_the_readme_has_no_mistakes() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs::read_to_string(readme).expect("the README is there");
    let (_, after) = readme
        .split_once("```yaml\n")
        .expect("the README shows a file");
    let (file, _) = after.split_once("```").expect("the block ends");
    let program = Program::new();
    program.write("github.yaml", file);

    program.call(&["check", "github.yaml", "--offline"]);
}
