use std::path::Path;
use std::process::Command;

use super::jobs::{self, Programs, SOURCE};
use super::server::Server;
use crate::failure::Result;
use crate::measure::{Cost, measure};
use crate::scratch::Scratch;
use crate::table::{Table, megabytes, seconds};
use crate::tool::say;

/// Records of the list, on pages of 100.
const RECORDS: u64 = 50_000;

/// What the first wait is, in seconds.
const BACKOFF: &str = "0.1";

/// What goes wrong, as the load server knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    Failures,
    Cuts,
}

impl Trouble {
    const ALL: [Self; 3] = [Self::None, Self::Failures, Self::Cuts];

    fn title(self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Failures => "2 % status 503, 1 % resets, 1 % truncated bodies",
            Self::Cuts => "1 % bodies of the right length whose JSON is cut",
        }
    }

    fn flag(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Failures => Some("--failures"),
            Self::Cuts => Some("--cuts"),
        }
    }
}

/// What a run into DuckDB costs when some of its requests go wrong.
#[derive(Debug)]
pub(super) struct Faults {
    costs: [(Trouble, Vec<Cost>); 3],
}

impl Faults {
    /// Runs `runs` times with each trouble.
    ///
    /// # Errors
    ///
    /// When a run fails, or a record is missing or doubled.
    pub(super) fn run(programs: &Programs, runs: u64, folder: &Path) -> Result<Self> {
        let mut costs = Trouble::ALL.map(|trouble| (trouble, Vec::new()));
        for run in 1..=runs {
            say(&format!("faults, run {run} of {runs}"));
            for (trouble, costs) in &mut costs {
                costs.push(once(programs, *trouble, run, folder)?);
            }
        }
        Ok(Self { costs })
    }

    /// The table of this job.
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(&["what goes wrong", "CPU s", "wall s", "peak MB"]);
        for (trouble, costs) in &self.costs {
            let cost = Cost::median(costs);
            table.row(vec![
                trouble.title().to_owned(),
                seconds(cost.cpu),
                seconds(cost.wall),
                megabytes(cost.peak_bytes),
            ]);
        }
        table
    }
}

/// One run, against a server of its own: the server counts how often it was asked for what.
fn once(programs: &Programs, trouble: Trouble, seed: u64, folder: &Path) -> Result<Cost> {
    let mut arguments = vec!["--records".to_owned(), RECORDS.to_string()];
    if let Some(flag) = trouble.flag() {
        arguments.extend([flag.to_owned(), seed.to_string()]);
    }
    let server = Server::start(&programs.load_server, &arguments)?;
    let scratch = Scratch::open(folder.to_path_buf())?;
    jobs::write(scratch.path(), SOURCE, &source(&server.url("")))?;
    let mut command = Command::new(&programs.apiduct);
    let command = jobs::alone(&mut command).args(["-q", "run", SOURCE]);
    let (cost, _) = measure(command, scratch.path())?;
    jobs::check_table(programs, "issues", RECORDS, scratch.path())?;
    Ok(cost)
}

fn source(base_url: &str) -> String {
    let runtime = format!("runtime: {{backoff_factor: {BACKOFF}}}\n");
    jobs::source(base_url) + &runtime
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_trouble_has_its_line() {
        let cost = Cost {
            cpu: Duration::from_millis(500),
            wall: Duration::from_millis(1_500),
            peak_bytes: 90_000_000,
        };
        let faults = Faults {
            costs: Trouble::ALL.map(|trouble| (trouble, vec![cost])),
        };

        let text = faults.table().markdown();

        for trouble in Trouble::ALL {
            let line = text.lines().find(|line| line.contains(trouble.title()));
            let cells: Vec<&str> = line.unwrap().split('|').skip(2).map(str::trim).collect();
            assert_eq!(cells, ["0.50", "1.50", "90", ""]);
        }
    }

    #[test]
    fn the_first_wait_is_short() {
        let text = source("http://127.0.0.1:1/");

        assert!(text.ends_with("runtime: {backoff_factor: 0.1}\n"), "{text}");
    }
}
