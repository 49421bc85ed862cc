use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::REPEATS;
use super::jobs::{self, Programs, SOURCE};
use super::server::Server;
use crate::failure::Result;
use crate::measure::{Cost, measure};
use crate::scratch::Scratch;
use crate::table::{Table, grouped, megabytes, times};
use crate::tool::say;

/// Pages of the chain of cursors, and the wait before each answer.
const CHAIN_PAGES: u32 = 200;
const CHAIN_LATENCY: Duration = Duration::from_millis(50);

/// Resources of the large file.
const RESOURCES: u32 = 200;

/// Where each small job stands.
#[derive(Debug, Default)]
pub(super) struct Small {
    bare_chain: Vec<Cost>,
    get_chain: Vec<Cost>,
    run_chain: Vec<Cost>,
    one_page: Vec<Cost>,
    check: Vec<Cost>,
}

impl Small {
    /// Runs all small jobs `runs` times.
    ///
    /// # Errors
    ///
    /// When one of them fails.
    pub(super) fn run(programs: &Programs, runs: u64, folder: &Path) -> Result<Self> {
        let mut small = Self::default();
        let records = (u64::from(CHAIN_PAGES) * 100).to_string();
        let latency = CHAIN_LATENCY.as_millis().to_string();
        let slow = ["--records", &records, "--latency-ms", &latency].map(str::to_owned);
        let slow = Server::start(&programs.load_server, &slow)?;
        let quick = ["--records", "100"].map(str::to_owned);
        let quick = Server::start(&programs.load_server, &quick)?;
        for run in 1..=runs {
            say(&format!("small jobs, run {run} of {runs}"));
            small.chains(programs, &slow, folder)?;
            small.one_page.push(repeat(folder, |folder| {
                jobs::write(folder, SOURCE, &jobs::source(&quick.url("")))?;
                apiduct(programs, &["-q", "run", SOURCE], folder)
            })?);
            small.check.push(repeat(folder, |folder| {
                jobs::write(folder, SOURCE, &large_source())?;
                apiduct(programs, &["-q", "check", SOURCE, "--offline"], folder)
            })?);
        }
        Ok(small)
    }

    fn chains(&mut self, programs: &Programs, server: &Server, folder: &Path) -> Result<()> {
        let url = server.url("cursor/issues");
        let scratch = Scratch::open(folder.to_path_buf())?;
        let mut limits = Command::new(&programs.limits);
        let limits = jobs::alone(&mut limits).args(["chain", &url]);
        self.bare_chain.push(measure(limits, scratch.path())?.0);
        let get = ["-q", "get", &url, "-o", "issues.jsonl"];
        self.get_chain
            .push(apiduct(programs, &get, scratch.path())?);
        let source = jobs::source(&server.url("")).replace("page/issues", "cursor/issues");
        jobs::write(scratch.path(), SOURCE, &source)?;
        self.run_chain
            .push(apiduct(programs, &["-q", "run", SOURCE], scratch.path())?);
        Ok(())
    }

    /// The table of the small jobs.
    pub(super) fn table(&self) -> Table {
        let latencies = CHAIN_LATENCY * CHAIN_PAGES;
        let chain = format!(
            "{CHAIN_PAGES} pages by cursor, {} ms each",
            CHAIN_LATENCY.as_millis()
        );
        let page = "start-up and one page into DuckDB".to_owned();
        let check = format!("`apiduct check --offline`, {RESOURCES} resources");
        let rows = [
            (format!("{chain}: fetch alone"), &self.bare_chain, true),
            (format!("{chain}: `apiduct get`"), &self.get_chain, true),
            (format!("{chain}: `apiduct run`"), &self.run_chain, true),
            (page, &self.one_page, false),
            (check, &self.check, false),
        ];
        let mut table = Table::new(&["job", "CPU ms", "wall ms", "x latencies", "peak MB"]);
        for (title, costs, is_chain) in rows {
            let cost = Cost::median(costs);
            table.row(vec![
                title,
                milliseconds(cost.cpu),
                milliseconds(cost.wall),
                if is_chain {
                    times(cost.wall, latencies)
                } else {
                    String::new()
                },
                megabytes(cost.peak_bytes),
            ]);
        }
        table
    }
}

fn milliseconds(time: Duration) -> String {
    grouped(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn apiduct(programs: &Programs, arguments: &[&str], folder: &Path) -> Result<Cost> {
    let mut command = Command::new(&programs.apiduct);
    Ok(measure(jobs::alone(&mut command).args(arguments), folder)?.0)
}

fn repeat(folder: &Path, once: impl Fn(&Path) -> Result<Cost>) -> Result<Cost> {
    let mut costs = Vec::new();
    for _ in 0..REPEATS {
        let scratch = Scratch::open(folder.to_path_buf())?;
        costs.push(once(scratch.path())?);
    }
    Ok(Cost::mean(&costs))
}

/// A source as one writes them by hand, with many resources: every fifth has a child.
fn large_source() -> String {
    let mut text = String::from(
        "name: large\n\
         client:\n  base_url: https://api.example.com/v2/\n  headers: {Accept: application/json}\n  \
           auth: {type: bearer, token: \"${env:LARGE_TOKEN}\"}\n  paginator: {type: json_link, next_url_path: paging.next}\n\
         resource_defaults:\n  primary_key: id\n  write_disposition: replace\n  \
           endpoint: {params: {per_page: 100}}\n\
         resources:\n",
    );
    for number in 1..=RESOURCES {
        let parent = number - 1;
        // Writing to memory cannot fail.
        let _ = if number % 5 == 0 {
            write!(
                text,
                "  - name: resource_{number}\n    \
                   endpoint:\n      path: \"resources/{parent}/{{resources.resource_{parent}.id}}/parts\"\n      \
                     data_selector: items\n    \
                   include_from_parent: [id]\n"
            )
        } else {
            write!(
                text,
                "  - name: resource_{number}\n    \
                   endpoint:\n      path: resources/{number}\n      \
                     params: {{state: all, kind: \"kind-{number}\"}}\n      data_selector: data.items\n"
            )
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(milliseconds: u64) -> Cost {
        Cost {
            cpu: Duration::from_millis(milliseconds),
            wall: Duration::from_millis(milliseconds),
            peak_bytes: milliseconds * 1_000_000,
        }
    }

    #[test]
    fn chains_stand_beside_the_sum_of_their_latencies() {
        let small = Small {
            bare_chain: vec![cost(10_100)],
            get_chain: vec![cost(10_200)],
            run_chain: vec![cost(10_300), cost(10_900), cost(10_200)],
            one_page: vec![cost(70)],
            check: vec![cost(9)],
        };

        let text = small.table().markdown();

        let line = |title: &str| {
            let line = text.lines().find(|line| line.contains(title));
            let cells = line.unwrap().split('|').skip(2).map(str::trim);
            cells.collect::<Vec<_>>().join("|")
        };
        assert_eq!(line("`apiduct run`"), "10 300|10 300|1.03|10300|");
        assert_eq!(line("one page"), "70|70||70|");
    }

    #[test]
    fn the_large_source_has_all_its_resources() {
        let text = large_source();

        assert_eq!(text.matches("  - name: ").count(), 200);
        assert_eq!(text.matches("include_from_parent").count(), 40);
        assert!(
            text.contains("\"resources/4/{resources.resource_4.id}/parts\""),
            "{text}"
        );
    }

    #[test]
    fn what_is_repeated_starts_in_an_empty_folder() {
        let scratch = Scratch::new("small-repeat");
        let folder = scratch.path().join("job");

        let mean = repeat(&folder, |folder| {
            assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
            jobs::write(folder, "left", "x")?;
            Ok(cost(30))
        });

        assert_eq!(mean.unwrap(), cost(30));
    }
}
