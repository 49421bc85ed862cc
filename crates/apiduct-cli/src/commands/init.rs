//! `apiduct init`: a commented file to start from.

use std::fs::OpenOptions;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::exit_code::ExitCode;
use crate::printer::Printer;
use crate::report::Failure;

const STARTER: &str = include_str!("starter.yaml");

/// Write a commented file to start from; asks for the API when on a terminal.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct init                          Writes apiduct.yaml
  apiduct init tracker.yaml
  apiduct init tracker.yaml --base-url https://api.example.com/v2/ --resource issues")]
pub(crate) struct InitArgs {
    /// The file to write; it must not be there yet.
    #[arg(value_name = "FILE", default_value = "apiduct.yaml")]
    file: PathBuf,
    /// The URL in front of every path; not asked for then.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The first resource; not asked for then.
    #[arg(long, value_name = "NAME")]
    resource: Option<String>,
}

/// Writes the file.
///
/// # Errors
///
/// When the file is there already or cannot be written.
pub(crate) fn execute(args: &InitArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let shown = args.file.display().to_string();
    let extension = args
        .file
        .extension()
        .map(|one| one.to_string_lossy().to_lowercase());
    if !matches!(extension.as_deref(), Some("yaml" | "yml")) {
        return Err(Failure::usage(
            format!("cannot write `{shown}`: the starter file is YAML"),
            Some("give it a name that ends in .yaml"),
        ));
    }
    if args.file.exists() {
        return Err(exists(&shown));
    }
    let asks = io::stdin().is_terminal()
        && io::stderr().is_terminal()
        && !printer.is_quiet()
        && !printer.is_json();
    let base_url = answer(
        args.base_url.as_deref(),
        asks,
        printer,
        "Base URL of the API",
        "https://api.example.com/v1/",
    );
    let resource = answer(
        args.resource.as_deref(),
        asks,
        printer,
        "First resource (a path below it)",
        "items",
    );
    write_new(&args.file, &starter(&args.file, &base_url, &resource)).map_err(
        |error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(&shown),
            _ => Failure::file("write", &shown, &error),
        },
    )?;
    if printer.is_json() {
        printer
            .json(&json!({ "file": shown }))
            .map_err(|error| Failure::output(&error))?;
    } else {
        printer.message(&format!("wrote `{shown}`; next: apiduct check {shown}"));
    }
    Ok(ExitCode::Complete)
}

fn exists(shown: &str) -> Failure {
    Failure::usage(
        format!("`{shown}` is there already"),
        Some("name another file, or remove this one first"),
    )
}

fn answer(
    given: Option<&str>,
    asks: bool,
    printer: &Printer,
    question: &str,
    default: &str,
) -> String {
    if let Some(given) = given {
        return given.to_owned();
    }
    if !asks {
        return default.to_owned();
    }
    printer.message(&format!("{question} [{default}]:"));
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(_) if !line.trim().is_empty() => line.trim().to_owned(),
        _ => default.to_owned(),
    }
}

/// The starter file with the values in their places.
fn starter(file: &Path, base_url: &str, resource: &str) -> String {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let is_plain = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/'))
    };
    // What YAML could misread is quoted as JSON, which is YAML too.
    let quoted = |text: &str| {
        if is_plain(text) {
            text.to_owned()
        } else {
            json!(text).to_string()
        }
    };
    let base_url_text = if base_url.contains(['#', '"', ' ']) {
        json!(base_url).to_string()
    } else {
        base_url.to_owned()
    };
    let child = if is_plain(resource) {
        resource
    } else {
        "items"
    };
    let mut text = String::with_capacity(STARTER.len());
    for line in STARTER.lines() {
        let line = if line.trim_start().starts_with('#') {
            line.replace("RESOURCE", child)
                .replace("NAME.duckdb", &format!("{name}.duckdb"))
                .replace("dataset: NAME", &format!("dataset: {name}"))
        } else {
            line.replace("RESOURCE", &quoted(resource))
                .replace("NAME", &quoted(&name))
                .replace("BASE_URL", &base_url_text)
        };
        text.push_str(&line.replace("FILE", &file.display().to_string()));
        text.push('\n');
    }
    text
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use apiduct::config::{Format, Plan};

    use super::*;

    #[test]
    fn the_starter_file_is_a_valid_source() {
        for (file, resource) in [
            ("tracker.yaml", "issues"),
            ("my source.yaml", "v1/items"),
            ("1.yaml", "a: b #c"),
        ] {
            let text = starter(Path::new(file), "https://api.example.com/v1/", resource);
            let plan = Plan::parse(&text, Format::Yaml, file)
                .unwrap_or_else(|errors| panic!("{errors}\n{text}"));
            assert_eq!(plan.resources.len(), 1);
            assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
        }
    }

    #[test]
    fn what_is_commented_out_is_valid_too() {
        let text = starter(
            Path::new("tracker.yaml"),
            "https://api.example.com/v1/",
            "issues",
        );
        let block = "  # - name: orders";
        assert!(text.contains(block), "{text}");
        let uncommented = text
            .replace("  # - name", "  - name")
            .replace("  #   endpoint", "    endpoint")
            .replace("  #     ", "      ")
            .replace("  #   include", "    include")
            .replace("# destination:", "destination:")
            .replace("# dataset:", "dataset:")
            .replace("# runtime:", "runtime:")
            .replace("#   timeout", "  timeout")
            .replace("#   max_retries", "  max_retries")
            .replace("#   rate_limit", "  rate_limit");
        let plan = Plan::parse(&uncommented, Format::Yaml, "tracker.yaml")
            .unwrap_or_else(|errors| panic!("{errors}\n{uncommented}"));
        assert_eq!(plan.resources.len(), 3);
    }

    #[test]
    fn each_commented_choice_of_the_client_is_valid() {
        let text = starter(
            Path::new("tracker.yaml"),
            "https://api.example.com/v1/",
            "issues",
        );
        let choices: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("  # auth:") || line.starts_with("  # paginator:"))
            .collect();
        assert_eq!(choices.len(), 8);
        for choice in choices {
            let chosen = text.replace(choice, &choice.replacen("# ", "", 1));
            Plan::parse(&chosen, Format::Yaml, "tracker.yaml")
                .unwrap_or_else(|errors| panic!("{errors}\n{choice}"));
        }
    }
}
