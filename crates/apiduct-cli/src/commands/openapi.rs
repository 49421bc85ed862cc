//! `apiduct openapi`: a working file from the description of an API.

use std::io;
use std::path::{Path, PathBuf};

use apiduct::config::{Format, Plan};
use apiduct::openapi::{Description, Rendered, Selection};
use clap::Args;
use serde_json::json;

use crate::exit_code::ExitCode;
use crate::printer::Printer;
use crate::report::Failure;

/// Turn an OpenAPI or Swagger description into a file that runs once a token is filled in.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  apiduct openapi tracker.yaml -o source.yaml
  apiduct openapi https://api.example.com/openapi.json -o source.yaml
  apiduct openapi tracker.yaml --select issues --select '/projects*' -o source.yaml
  apiduct openapi tracker.yaml --report findings.json -o source.yaml")]
pub(crate) struct OpenapiArgs {
    /// The description: a path or a URL. OpenAPI 3.0 and 3.1, Swagger 2.0; JSON or YAML; one file or many.
    #[arg(value_name = "SPEC")]
    spec: String,
    /// The file to write; one that this command made before is kept beside it as FILE.bak. Default: stdout.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write what was found out about every endpoint, with confidence and reasons, as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Only what is named so: a name, path, operation id or tag; `*` stands for anything.
    #[arg(long, value_name = "PATTERN")]
    select: Vec<String>,
    /// Not what is named so.
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
}

/// Reads the description, writes the file and the report.
///
/// # Errors
///
/// A description that cannot be read, or a file that cannot be written.
pub(crate) fn execute(args: &OpenapiArgs, printer: &Printer) -> Result<ExitCode, Failure> {
    let description = read(&args.spec)?;
    let selection = Selection {
        select: args.select.clone(),
        exclude: args.exclude.clone(),
    };
    let shown = args.output.as_ref().map(|path| path.display().to_string());
    let name = match &args.output {
        Some(path) => path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        None => description.findings().title.clone(),
    };
    let made = description
        .render(&name, &selection)
        .map_err(|error| Failure::new(ExitCode::Usage, &error))?;
    // What is written is what `check --offline` accepts.
    Plan::parse(
        &made.yaml,
        Format::Yaml,
        shown.as_deref().unwrap_or("stdout.yaml"),
    )?;
    if let Some(path) = &args.report {
        let text = format!("{:#}\n", description.report());
        std::fs::write(path, text)
            .map_err(|error| Failure::file("write", &path.display().to_string(), &error))?;
    }
    tell(args, &made, &description, printer)?;
    if let Some(shown) = shown {
        let variables = match made.variables.as_slice() {
            [] => String::new(),
            some => format!("; it needs {}", some.join(", ")),
        };
        printer.message(&format!(
            "wrote `{shown}`: {} resources load, {} can be switched on, {} wait for a value{variables}",
            made.active, made.inactive, made.commented
        ));
        printer.message(&format!("next: apiduct check {shown}"));
    }
    Ok(ExitCode::Complete)
}

/// The description at a path or URL.
///
/// # Errors
///
/// Whatever keeps it from being read.
pub(crate) fn read(spec: &str) -> Result<Description, Failure> {
    let root = Path::new(spec)
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default();
    // A path of one name has an empty parent, which every path would lie below.
    let root = if root.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        root
    };
    let load = |location: &str| load(spec, &root, location);
    Description::read(spec, &load).map_err(|error| Failure::new(ExitCode::Usage, &error))
}

/// A file that lies below `root` once links are followed, or that the user has named.
fn read_below(root: &Path, path: &Path, is_named: bool) -> io::Result<Result<Vec<u8>, String>> {
    let path = path.canonicalize()?;
    if !is_named && !path.starts_with(root.canonicalize()?) {
        return Ok(Err("it lies outside of the description's folder".to_owned()));
    }
    std::fs::read(path).map(Ok)
}

/// A file below the description's folder, or a URL of the description's host.
fn load(spec: &str, root: &Path, location: &str) -> Result<Vec<u8>, String> {
    if !location.contains("://") {
        return read_below(root, Path::new(location), location == spec)
            .unwrap_or_else(|error| Err(error.to_string()));
    }
    let host = |text: &str| url::Url::parse(text).ok().map(|url| url.origin());
    if host(spec) != host(location) {
        return Err("it is on another host than the description".to_owned());
    }
    let response = apiduct::blocking::get(location)
        .send()
        .map_err(|error| error.to_string())?;
    Ok(response.text().into_owned().into_bytes())
}

/// Writes the file. What this command wrote before is kept beside it; what a person wrote is left alone.
fn write(path: &Path, yaml: &str) -> io::Result<()> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
        Ok(before) if before == yaml => return Ok(()),
        Ok(before) => {
            let is_ours = before
                .lines()
                .next()
                .is_some_and(|first| first.ends_with("by `apiduct openapi`."));
            if !is_ours {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let mut kept = path.as_os_str().to_owned();
            kept.push(".bak");
            std::fs::write(kept, before)?;
        }
    }
    std::fs::write(path, yaml)
}

fn tell(
    args: &OpenapiArgs,
    made: &Rendered,
    description: &Description,
    printer: &Printer,
) -> Result<(), Failure> {
    if let Some(path) = &args.output {
        let shown = path.display().to_string();
        write(path, &made.yaml).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::usage(
                format!("`{shown}` is there already, and was not made by this command"),
                Some("name another file, or remove this one first"),
            ),
            _ => Failure::file("write", &shown, &error),
        })?;
    }
    for problem in &description.findings().problems {
        printer.warning(problem);
    }
    let told = if printer.is_json() {
        printer.json(&json!({
            "active": made.active,
            "inactive": made.inactive,
            "commented": made.commented,
            "variables": made.variables,
            "problems": description.findings().problems,
            "yaml": made.yaml,
        }))
    } else if args.output.is_none() {
        printer.text(&made.yaml)
    } else {
        Ok(())
    };
    told.map_err(|error| Failure::output(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_command_wrote_itself_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("source.yaml");
        let ours = "# A (OpenAPI 3.0.0), by `apiduct openapi`.\nname: a\n";
        write(&path, ours).unwrap();
        write(&path, &format!("{ours}resources: []\n")).unwrap();
        let kept = std::fs::read_to_string(folder.path().join("source.yaml.bak")).unwrap();
        assert_eq!(kept, ours);

        std::fs::write(&path, "name: mine\n").unwrap();
        let refused = write(&path, ours).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "name: mine\n");
    }

    #[test]
    fn references_lead_out_of_neither_folder_nor_host() {
        let root = Path::new("specs");
        assert!(load("specs/a.yaml", root, "secret.yaml").is_err());

        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret.yaml");
        let root = folder.path().join("specs");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(&secret, "a: 1").unwrap();
        std::fs::write(root.join("a.yaml"), "b: 2").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&secret, root.join("link.yaml")).unwrap();
        let spec = root.join("a.yaml").display().to_string();
        let at = |name: &str| load(&spec, &root, &root.join(name).display().to_string());
        assert_eq!(at("a.yaml").unwrap(), b"b: 2");
        assert_eq!(at("../specs/a.yaml").unwrap(), b"b: 2");
        for outside in ["../secret.yaml", "link.yaml", secret.to_str().unwrap()] {
            assert!(
                at(outside).unwrap_err().contains("outside") || !cfg!(unix),
                "{outside}"
            );
        }
        assert!(at("none.yaml").is_err());
        // The folder of a description that is named without one is the working folder.
        let absolute = secret.display().to_string();
        assert!(load("a.yaml", Path::new("."), &absolute).is_err());

        let far = load(
            "https://a.example/x.json",
            &root,
            "https://b.example/y.json",
        );
        assert!(far.unwrap_err().contains("another host"));
    }
}
