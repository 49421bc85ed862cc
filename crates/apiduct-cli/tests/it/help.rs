use crate::program::Program;

const COMMANDS: [&str; 15] = [
    "run",
    "check",
    "auth",
    "plan",
    "preview",
    "get",
    "init",
    "import-dlt",
    "openapi",
    "show",
    "sql",
    "schema",
    "demo",
    "completions",
    "man",
];

#[test]
fn the_whole_explains_itself() {
    let program = Program::new();
    insta::assert_snapshot!("help", program.call(&["--help"]));
    insta::assert_snapshot!("help_short", program.call(&["-h"]));
}

#[test]
fn every_command_explains_itself() {
    let program = Program::new();
    for command in COMMANDS {
        insta::assert_snapshot!(
            format!("help_{command}"),
            program.call(&[command, "--help"])
        );
    }
}

#[test]
fn no_arguments_show_the_help_and_fail() {
    let outcome = Program::new().call(&[]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stdout.is_empty() && outcome.stderr.contains("Usage: apiduct"),
        "{outcome}"
    );
}

#[test]
fn a_typo_in_a_command_is_named_with_the_nearest_one() {
    let program = Program::new();
    insta::assert_snapshot!("typo_in_a_command", program.call(&["prewiew", "x.yaml"]));
    insta::assert_snapshot!(
        "typo_in_an_option",
        program.call(&["run", "x.yaml", "--max-request", "5"])
    );
    insta::assert_snapshot!(
        "typo_for_programs",
        program.call(&["--format", "json", "prewiew"])
    );
}

#[test]
fn the_version_is_that_of_the_package() {
    let text = Program::new().ok(&["--version"]);
    assert_eq!(text, format!("apiduct {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_know_every_command() {
    let program = Program::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = program.ok(&["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} lacks {command}");
        }
    }
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let program = Program::new();
    assert!(program.ok(&["man"]).starts_with(".ie"));
    let outcome = program.call(&["man", "--dir", "pages"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
    for command in COMMANDS {
        assert!(
            program.path(&format!("pages/apiduct-{command}.1")).exists(),
            "{command}"
        );
    }
    assert!(
        program
            .read("pages/apiduct.1")
            .contains("apiduct\\-preview(1)")
    );
}
