use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::Server;
use crate::failure::{Context, Failure, Result};
use crate::measure::{Cost, measure};
use crate::tool;

/// Records of a page.
const PAGE: u64 = 100;

/// The programs that are measured, and the server that they all ask.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) apiduct: PathBuf,
    pub(super) limits: PathBuf,
    pub(super) iterate: PathBuf,
    pub(super) load_server: PathBuf,
}

/// One way to take all pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    Fetch,
    Parse,
    Iterate,
    DuckDb,
    JsonLines,
    Parquet,
}

impl Job {
    /// In the order in which they run. Parquet is checked with the help of the DuckDB file that lies beside it.
    pub(super) const ALL: [Self; 6] = [
        Self::Fetch,
        Self::Parse,
        Self::Iterate,
        Self::DuckDb,
        Self::JsonLines,
        Self::Parquet,
    ];

    /// What tables call it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Fetch => "fetch alone",
            Self::Parse => "fetch, parser alone",
            Self::Iterate => "values of Rust, by the client",
            Self::DuckDb => "`apiduct run` into DuckDB",
            Self::JsonLines => "`apiduct get -o x.jsonl`",
            Self::Parquet => "`apiduct get -o x.parquet`",
        }
    }

    /// Takes `records` records from the server once, in `folder`, and checks that all of them arrived.
    ///
    /// # Errors
    ///
    /// When the program fails, or when a record is missing or doubled.
    pub(super) fn run(
        self,
        programs: &Programs,
        server: &Server,
        records: u64,
        folder: &Path,
    ) -> Result<Cost> {
        let url = server.url("page/issues");
        let pages = pages(records).to_string();
        let mut command = Command::new(match self {
            Self::Fetch | Self::Parse => &programs.limits,
            Self::Iterate => &programs.iterate,
            Self::DuckDb | Self::JsonLines | Self::Parquet => &programs.apiduct,
        });
        match self {
            Self::Fetch => command.args(["fetch", &url, &pages]),
            Self::Parse => command.args(["parse", &url, &pages]),
            Self::Iterate => command.arg(&url),
            Self::DuckDb => {
                write(folder, SOURCE, &source(&server.url("")))?;
                command.args(["-q", "run", SOURCE])
            }
            Self::JsonLines => command.args(["-q", "get", &url, "-o", "issues.jsonl"]),
            Self::Parquet => command.args(["-q", "get", &url, "-o", "issues.parquet"]),
        };
        let (cost, printed) = measure(alone(&mut command), folder)?;
        match self {
            Self::Fetch | Self::Parse => {
                let fetched = number(&printed, "pages")?;
                expect(self.title(), pages.parse().unwrap_or(0), fetched)?;
            }
            Self::Iterate => expect(self.title(), records, number(&printed, "records")?)?,
            Self::DuckDb => check_table(programs, "issues", records, folder)?,
            Self::JsonLines => {
                let path = folder.join("issues.jsonl");
                expect(self.title(), records, lines(&path)?)?;
                fs::remove_file(&path).context(|| format!("cannot remove `{}`", path.display()))?;
            }
            Self::Parquet => check_table(programs, "'issues.parquet'", records, folder)?,
        }
        Ok(cost)
    }
}

/// Pages that so many records fill.
pub(super) fn pages(records: u64) -> u64 {
    records.div_ceil(PAGE)
}

/// Bytes of all pages of the server.
///
/// # Errors
///
/// When they cannot be fetched.
pub(super) fn bytes(programs: &Programs, server: &Server, records: u64) -> Result<u64> {
    let mut fetch = Command::new(&programs.limits);
    let (url, pages) = (server.url("page/issues"), pages(records).to_string());
    let printed = tool::output(alone(&mut fetch).args(["fetch", &url, &pages]))?;
    number(&printed, "bytes")
}

/// The file that a run reads.
pub(super) const SOURCE: &str = "source.yaml";

/// A source that says no more than it must.
pub(super) fn source(base_url: &str) -> String {
    format!(
        "name: bench\n\
         client: {{base_url: \"{base_url}\"}}\n\
         resources:\n  \
           - name: issues\n    \
             endpoint: {{path: page/issues}}\n\
         destination: duckdb:bench.duckdb\n"
    )
}

/// Writes a file of a job.
///
/// # Errors
///
/// When it cannot be written.
pub(super) fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    fs::write(&path, text).context(|| format!("cannot write `{}`", path.display()))
}

/// Keeps a program from what the user's environment says about proxies: the server is on this machine.
pub(super) fn alone(command: &mut Command) -> &mut Command {
    command.env("NO_PROXY", "*").env("no_proxy", "*")
}

/// Every id of 1 to `records` once.
///
/// # Errors
///
/// When one is missing or doubled, or the table cannot be read.
pub(super) fn check_table(
    programs: &Programs,
    table: &str,
    records: u64,
    folder: &Path,
) -> Result<()> {
    let query = format!("SELECT count(*), count(DISTINCT id), min(id), max(id) FROM {table}");
    let mut sql = Command::new(&programs.apiduct);
    sql.args(["sql", SOURCE, &query, "--output-format", "csv"])
        .current_dir(folder);
    let printed = tool::output(&mut sql)?;
    let found = printed.lines().nth(1).unwrap_or_default();
    if found == format!("{records},{records},1,{records}") {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{table} has not each of {records} records once: count, distinct, least and greatest id are {found}"
    )))
}

fn expect(what: &str, wanted: u64, found: u64) -> Result<()> {
    if wanted == found {
        return Ok(());
    }
    Err(Failure::new(format!("{what} has {found} of {wanted}")))
}

/// A number that one of our programs printed in a line of JSON.
pub(super) fn number(printed: &str, key: &str) -> Result<u64> {
    let cannot = || format!("cannot find `{key}` in `{}`", printed.trim());
    let value: serde_json::Value = serde_json::from_str(printed).context(cannot)?;
    value[key].as_u64().ok_or_else(|| Failure::new(cannot()))
}

/// Lines of a file, which may be far larger than memory.
fn lines(path: &Path) -> Result<u64> {
    let cannot = || format!("cannot read `{}`", path.display());
    let mut file = File::open(path).context(cannot)?;
    let mut buffer = vec![0; 1 << 20];
    let mut count = 0;
    loop {
        let length = file.read(&mut buffer).context(cannot)?;
        if length == 0 {
            return Ok(count);
        }
        let ends = buffer[..length].iter().filter(|byte| **byte == b'\n');
        count += ends.count() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// A program that prints what it is told to.
    fn programs(scratch: &Scratch, apiduct: &str) -> Programs {
        let path = scratch.path().join("program");
        // Written by a process of its own: a file that this one has open for writing could not be run.
        let mut write = Command::new("sh");
        write.args([
            "-c",
            r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod +x "$0""#,
        ]);
        tool::run(write.arg(&path).arg(apiduct)).unwrap();
        Programs {
            apiduct: path.clone(),
            limits: path.clone(),
            iterate: path.clone(),
            load_server: path,
        }
    }

    fn server() -> Server {
        let script = "echo http://127.0.0.1:1; cat".to_owned();
        Server::start(Path::new("sh"), &["-c".to_owned(), script]).unwrap()
    }

    #[test]
    fn the_last_page_may_be_short() {
        assert_eq!(pages(200_000), 2_000);
        assert_eq!(pages(101), 2);
        assert_eq!(pages(0), 0);
    }

    #[test]
    fn a_missing_page_is_a_failure() {
        let scratch = Scratch::new("jobs-pages");
        let programs = programs(&scratch, r#"echo '{"pages":2,"bytes":70}'"#);
        let server = server();

        let run = |records| Job::Fetch.run(&programs, &server, records, scratch.path());

        assert!(run(200).is_ok());
        assert_eq!(run(300).unwrap_err().to_string(), "fetch alone has 2 of 3");
        assert_eq!(bytes(&programs, &server, 200).unwrap(), 70);
    }

    #[test]
    fn a_missing_line_is_a_failure() {
        let scratch = Scratch::new("jobs-lines");
        let programs = programs(&scratch, r#"printf '{}\n{}\n' > "$5""#);

        let run = |records| Job::JsonLines.run(&programs, &server(), records, scratch.path());

        assert!(run(2).is_ok());
        assert!(!scratch.path().join("issues.jsonl").exists());
        assert_eq!(
            run(3).unwrap_err().to_string(),
            "`apiduct get -o x.jsonl` has 2 of 3"
        );
    }

    #[test]
    fn a_doubled_row_is_a_failure() {
        let scratch = Scratch::new("jobs-rows");
        let programs = programs(&scratch, "printf 'a,b,c,d\\n3,2,1,2\\n'");

        let failure = Job::DuckDb
            .run(&programs, &server(), 2, scratch.path())
            .unwrap_err();

        assert!(failure.to_string().contains("are 3,2,1,2"), "{failure}");
        let source = fs::read_to_string(scratch.path().join(SOURCE)).unwrap();
        assert!(
            source.contains("base_url: \"http://127.0.0.1:1/\""),
            "{source}"
        );
    }

    #[test]
    fn every_row_once_is_what_is_wanted() {
        let scratch = Scratch::new("jobs-exact");
        let programs = programs(&scratch, "printf 'a,b,c,d\\n2,2,1,2\\n'");

        for job in [Job::DuckDb, Job::Parquet] {
            assert!(job.run(&programs, &server(), 2, scratch.path()).is_ok());
        }
    }

    #[test]
    fn lines_are_counted_across_buffers() {
        let scratch = Scratch::new("jobs-count");
        let path = scratch.path().join("long");
        fs::write(&path, "x\n".repeat(1 << 20)).unwrap();

        assert_eq!(lines(&path).unwrap(), 1 << 20);
    }
}
