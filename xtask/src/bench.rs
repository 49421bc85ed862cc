//! The comparison of whole runs: what `apiduct` takes beside the least that fetching and parsing can take, from the same
//! server in the same run, each as a process of its own.

mod faults;
mod jobs;

mod server;
mod small;

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use crate::measure::Cost;
use crate::scratch::Scratch;
use crate::table::{Table, grouped, megabytes, rate, seconds, times};
use faults::Faults;
use jobs::{Job, Programs};
use server::Server;
use small::Small;

use crate::cargo::Cargo;
use crate::failure::{Context, Failure, Result};
use crate::places::Places;
use crate::tool::{self, say};

const SIZES: [u64; 3] = [10_000, 200_000, 1_000_000];
const RUNS: u64 = 3;

/// CPU time comes in ticks of 10 ms: what takes only a few of them is repeated in each run.
const REPEATS: u64 = 10;

/// What to measure.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    sizes: Vec<u64>,
    runs: u64,
    with_small: bool,
    with_faults: bool,
    /// Whether pages come compressed.
    gzip: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            sizes: SIZES.to_vec(),
            runs: RUNS,
            with_small: true,
            with_faults: true,
            gzip: false,
        };
        let mut arguments = arguments.iter();
        while let Some(flag) = arguments.next() {
            if flag == "--gzip" {
                options.gzip = true;
                continue;
            }
            let number = arguments.next().and_then(|value| value.parse().ok());
            match (flag.as_str(), number) {
                ("--records", Some(records)) if records > 0 => {
                    options.sizes = vec![records];
                    options.with_small = false;
                    options.with_faults = false;
                }
                ("--faults", Some(runs)) if runs > 0 => {
                    options.sizes = Vec::new();
                    options.with_small = false;
                    options.runs = runs;
                }
                ("--runs", Some(runs)) if runs > 0 => options.runs = runs,
                _ => {
                    return Err(Failure::new(format!("cannot understand `{flag}`")).hint(
                        "--records N measures one size alone, --faults N takes N runs over broken pages alone, --runs N takes the median of N runs, --gzip sends pages compressed",
                    ));
                }
            }
        }
        Ok(options)
    }
}

/// Builds, measures, and prints the tables of `docs/benchmarks.md`.
///
/// # Errors
///
/// When something cannot be built or started, fails, or loses a record.
pub(crate) fn end_to_end(places: &Places, arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    if env::consts::OS != "linux" {
        return Err(
            Failure::new("cannot measure other processes on this system")
                .hint("the comparison reads /proc, which only Linux has"),
        );
    }
    let programs = build(places)?;
    let folder = places.target.join("bench-e2e");
    let mut sizes = Vec::new();
    for records in &options.sizes {
        let size = Size::measure(&programs, *records, &options, &folder)?;
        print(&size.text())?;
        sizes.push(size);
    }
    if sizes.len() > 1 {
        print(&growth(&sizes))?;
    }
    if options.with_small {
        let small = Small::run(&programs, options.runs, &folder)?;
        print(&format!("### Small jobs\n\n{}\n", small.table().markdown()))?;
    }
    if options.with_faults {
        let faults = Faults::run(&programs, options.runs, &folder)?;
        print(&format!("### Faults\n\n{}\n", faults.table().markdown()))?;
    }
    print(&format!(
        "{}; median of {} runs.\n",
        machine(),
        options.runs
    ))
}

fn build(places: &Places) -> Result<Programs> {
    let cargo = Cargo::open(places)?;
    let release = ["build", "--release", "--locked", "-p"];
    for package in [
        &[
            "apiduct-cli",
            "--bin",
            "apiduct",
            "--example",
            "limits",
            "--example",
            "iterate",
        ][..],
        &["apiduct-testkit", "--example", "load_server"],
    ] {
        tool::run(cargo.call(&release).args(package))?;
    }
    let built = places.target.join("release");
    Ok(Programs {
        apiduct: built.join("apiduct"),
        limits: built.join("examples/limits"),
        iterate: built.join("examples/iterate"),
        load_server: built.join("examples/load_server"),
    })
}

/// All jobs over the same records.
#[derive(Debug)]
struct Size {
    records: u64,
    bytes: u64,
    costs: Vec<(Job, Cost)>,
}

impl Size {
    /// Runs the jobs in turn, `runs` times.
    fn measure(
        programs: &Programs,
        records: u64,
        options: &Options,
        folder: &Path,
    ) -> Result<Self> {
        let mut arguments = vec!["--records".to_owned(), records.to_string()];
        if options.gzip {
            arguments.push("--gzip".to_owned());
        }
        let runs = options.runs;
        let server = Server::start(&programs.load_server, &arguments)?;
        let bytes = jobs::bytes(programs, &server, records)?;
        let mut costs = Job::ALL.map(|job| (job, Vec::new()));
        for run in 1..=runs {
            say(&format!("{records} records, run {run} of {runs}"));
            let mut repeated = Job::ALL.map(|_| Vec::new());
            for _ in 0..repeats(records) {
                let scratch = Scratch::open(folder.to_path_buf())?;
                for (job, costs) in Job::ALL.into_iter().zip(&mut repeated) {
                    costs.push(job.run(programs, &server, records, scratch.path())?);
                }
            }
            for ((_, costs), repeated) in costs.iter_mut().zip(&repeated) {
                costs.push(Cost::mean(repeated));
            }
        }
        let costs = costs.into_iter();
        Ok(Self {
            records,
            bytes,
            costs: costs
                .map(|(job, costs)| (job, Cost::median(&costs)))
                .collect(),
        })
    }

    fn of(&self, wanted: Job) -> Cost {
        let found = self.costs.iter().find(|(job, _)| *job == wanted);
        found.map(|(_, cost)| *cost).unwrap_or_default()
    }

    fn text(&self) -> String {
        let mut table = Table::new(&[
            "job", "CPU s", "x parser", "wall s", "rows/s", "MB/s", "peak MB",
        ]);
        let parser = self.of(Job::Parse).cpu;
        for (job, cost) in &self.costs {
            table.row(vec![
                job.title().to_owned(),
                seconds(cost.cpu),
                times(cost.cpu, parser),
                seconds(cost.wall),
                rate(self.records as f64, cost.wall),
                rate(self.bytes as f64 / 1e6, cost.wall),
                megabytes(cost.peak_bytes),
            ]);
        }
        format!(
            "### {} records, {} pages, {} MB\n\n{}\n",
            grouped(self.records),
            grouped(jobs::pages(self.records)),
            megabytes(self.bytes),
            table.markdown()
        )
    }
}

/// How often a run takes so many records.
fn repeats(records: u64) -> u64 {
    (100_000 / records.max(1)).clamp(1, REPEATS)
}

/// How cost and memory grow with the records.
fn growth(sizes: &[Size]) -> String {
    let names: Vec<String> = sizes.iter().map(|size| grouped(size.records)).collect();
    let columns: Vec<String> = ["µs/row", "MB"]
        .iter()
        .flat_map(|what| names.iter().map(move |name| format!("{what} at {name}")))
        .collect();
    let head: Vec<&str> = std::iter::once("job")
        .chain(columns.iter().map(String::as_str))
        .collect();
    let mut table = Table::new(&head);
    for job in Job::ALL {
        let mut cells = vec![job.title().to_owned()];
        cells.extend(
            sizes
                .iter()
                .map(|size| each(size.of(job).cpu, size.records)),
        );
        cells.extend(sizes.iter().map(|size| megabytes(size.of(job).peak_bytes)));
        table.row(cells);
    }
    format!(
        "### CPU time of a row and peak memory, as records grow\n\n{}\n",
        table.markdown()
    )
}

/// Microseconds for each of `count`.
fn each(time: Duration, count: u64) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e6 / count as f64)
}

/// What the figures were made on.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim())
    });
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "Linux {}, {cores} cores of {}",
        env::consts::ARCH,
        model.unwrap_or("an unnamed processor")
    )
}

fn print(text: &str) -> Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context(|| "cannot write to stdout".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Result<Options> {
        let arguments: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Options::parse(&arguments)
    }

    fn size(records: u64, factor: u32) -> Size {
        let cost = |milliseconds, peak_bytes| Cost {
            cpu: Duration::from_millis(milliseconds) * factor,
            wall: Duration::from_millis(milliseconds) * factor,
            peak_bytes,
        };
        Size {
            records,
            bytes: records * 1_000,
            costs: vec![
                (Job::Fetch, cost(100, 5_000_000)),
                (Job::Parse, cost(200, 6_000_000)),
                (Job::DuckDb, cost(1_500, 300_000_000)),
                (Job::JsonLines, cost(400, 20_000_000)),
                (Job::Parquet, cost(900, 90_000_000)),
            ],
        }
    }

    #[test]
    fn without_arguments_all_is_measured() {
        let all = options("").unwrap();

        assert_eq!(all.sizes, SIZES);
        assert_eq!((all.runs, all.with_small), (3, true));
    }

    #[test]
    fn one_size_is_measured_alone() {
        let one = options("--records 500 --runs 1").unwrap();

        assert_eq!(one.sizes, [500]);
        assert_eq!((one.runs, one.with_small), (1, false));
    }

    #[test]
    fn pages_come_compressed_where_that_is_wanted() {
        let gzip = options("--gzip --records 500").unwrap();

        assert!(gzip.gzip && gzip.sizes == [500]);
        assert!(!options("--records 500").unwrap().gzip);
    }

    #[test]
    fn faults_are_measured_alone() {
        let faults = options("--faults 2").unwrap();

        assert!(faults.sizes.is_empty() && !faults.with_small && faults.with_faults);
        assert_eq!(faults.runs, 2);
        assert!(!options("--records 500").unwrap().with_faults);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for text in ["--rows 5", "--records", "--records x", "--runs 0"] {
            let report = options(text).unwrap_err().report();
            let flag = text.split(' ').next().unwrap();

            assert!(
                report.starts_with(&format!("error: cannot understand `{flag}`\nhint: ")),
                "{report}"
            );
        }
    }

    #[test]
    fn few_records_are_taken_several_times() {
        assert_eq!(SIZES.map(repeats), [10, 1, 1]);
        assert_eq!(repeats(1), REPEATS);
    }

    #[test]
    fn jobs_stand_beside_the_parser() {
        let text = size(200_000, 1).text();

        let line = |title: &str| {
            let line = text.lines().find(|line| line.contains(title));
            let cells = line.unwrap().split('|').skip(2).map(str::trim);
            cells.collect::<Vec<_>>().join("|")
        };
        assert!(
            text.starts_with("### 200 000 records, 2 000 pages, 200 MB\n\n|"),
            "{text}"
        );
        assert_eq!(line("fetch alone"), "0.10|0.50|0.10|2 000 000|2 000|5|");
        assert_eq!(line("into DuckDB"), "1.50|7.50|1.50|133 000|133|300|");
    }

    #[test]
    fn growth_is_told_by_the_row() {
        let text = growth(&[size(10_000, 1), size(200_000, 20)]);

        let run = text.lines().find(|line| line.contains("`apiduct run`"));
        let cells: Vec<&str> = run.unwrap().split('|').map(str::trim).collect();
        assert_eq!(cells[2..6], ["150.00", "150.00", "300", "300"]);
        assert!(text.contains("µs/row at 10 000"), "{text}");
    }
}
