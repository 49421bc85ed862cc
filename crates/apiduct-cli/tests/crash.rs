//! `kill -9` in the middle of a run, then a plain rerun: exactly the right rows, every time.
//!
//! `APIDUCT_KILLS=50 cargo test --release -p apiduct-cli --test crash` kills more often, and longer runs.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::process::{Command, Stdio};
use std::time::Duration;

use apiduct::model::{Clock as _, SystemClock};
use apiduct_testkit::process::{Ending, KillAt, spawn_and_kill};
use apiduct_testkit::{LoadOptions, MockApi, Records, load_server};
use serde_json::Value;
use tempfile::TempDir;

/// Kills of both tests together unless `APIDUCT_KILLS` says otherwise.
const KILLS: u32 = 12;

/// Pages of a run.
const PAGES: u32 = 40;

/// A source of many rows, and the program in a folder of its own.
struct Setting {
    api: MockApi,
    folder: TempDir,
    rows: u64,
    labels: u64,
    kills: u32,
}

/// What is at the destination.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    loads: u64,
    rows: u64,
    labels: u64,
    /// Rows of the same id within one load, and labels without their row.
    wrong: u64,
}

impl Setting {
    fn new(disposition: &str) -> Self {
        let asked: Option<u32> = std::env::var("APIDUCT_KILLS")
            .ok()
            .map(|kills| kills.parse().unwrap());
        let rows = if asked.is_some() { 200_000 } else { 10_000 };
        let mut options = LoadOptions::default();
        (options.records, options.posts) = (rows, 1);
        let api = load_server(&options).unwrap();
        let folder = TempDir::new().unwrap();
        let source = format!(
            "client: {{base_url: '{}'}}\nresources:\n  - name: issues\n    write_disposition: {disposition}\n    endpoint: {{path: cursor/issues, params: {{limit: {}}}, paginator: {{type: cursor, cursor_path: meta.next_cursor, cursor_param: cursor}}, data_selector: data}}\n",
            api.base_url(),
            rows / PAGES as usize,
        );
        std::fs::write(folder.path().join("api.yaml"), source).unwrap();
        Self {
            api,
            folder,
            rows: rows as u64,
            labels: Records::issues(rows).label_count() as u64,
            kills: asked.unwrap_or(KILLS).div_ceil(2),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_apiduct"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        for name in [
            "APIDUCT_FORMAT",
            "APIDUCT_WORKING_DIR",
            "APIDUCT_LOG",
            "http_proxy",
            "HTTP_PROXY",
            "all_proxy",
            "ALL_PROXY",
        ] {
            command.env_remove(name);
        }
        command
    }

    /// A run that nobody disturbs; its receipt.
    fn run(&self) -> Value {
        let output = self
            .command(&["run", "api.yaml", "--format", "json"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Kills a run for the `nth` time: at a request in the first half of the kills, and after a share of `whole`,
    /// the time of an undisturbed run, in the second half, which reaches into load and commit.
    fn kill(&self, nth: u32, whole: Duration) -> Ending {
        let half = self.kills.div_ceil(2);
        let mut command = self.command(&["run", "api.yaml"]);
        if nth < half {
            let request = 1 + u64::from(nth * PAGES / half);
            return spawn_and_kill(&mut command, KillAt::Request(&self.api, request)).unwrap();
        }
        let share = 0.4 + 0.6 * f64::from(nth - half) / f64::from(half);
        spawn_and_kill(&mut command, KillAt::After(whole.mul_f64(share))).unwrap()
    }

    /// What a query sees now; nothing before the first commit.
    fn found(&self) -> Found {
        if !self.folder.path().join("api.duckdb").exists() {
            return Found {
                loads: 0,
                rows: 0,
                labels: 0,
                wrong: 0,
            };
        }
        if self.number("SELECT count(*) FROM information_schema.tables WHERE table_name = 'issues'")
            == 0
        {
            return Found {
                loads: 0,
                rows: 0,
                labels: 0,
                wrong: 0,
            };
        }
        let twice = "SELECT count(*) - count(DISTINCT (id, _apiduct_load_id)) FROM issues";
        let lost = "SELECT count(*) FROM issues__labels WHERE _apiduct_parent_id NOT IN (SELECT _apiduct_id FROM issues)";
        Found {
            loads: self.number("SELECT count(*) FROM _apiduct_loads"),
            rows: self.number("SELECT count(*) FROM issues"),
            labels: self.number("SELECT count(*) FROM issues__labels"),
            wrong: self.number(twice) + self.number(lost),
        }
    }

    fn number(&self, query: &str) -> u64 {
        let output = self
            .command(&["sql", "api.yaml", query, "--output-format", "csv"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(output.status.success(), "{output:?}");
        text.lines().nth(1).unwrap().parse().unwrap()
    }

    /// What `loads` whole loads leave when each one stays.
    fn exactly(&self, loads: u64, copies: u64) -> Found {
        Found {
            loads,
            rows: copies * self.rows,
            labels: copies * self.labels,
            wrong: 0,
        }
    }

    fn timed_run(&self) -> Duration {
        let clock = SystemClock::new();
        self.run();
        clock.monotonic()
    }
}

#[test]
fn appended_rows_are_neither_lost_nor_doubled_by_kills() {
    let setting = Setting::new("append");
    let whole = setting.timed_run();
    let mut loads = 1;
    let mut deaths = 0;
    assert_eq!(setting.found(), setting.exactly(loads, loads));
    for nth in 0..setting.kills {
        let ending = setting.kill(nth, whole);
        deaths += u32::from(ending.killed);
        let after = setting.found();
        // The killed run is there whole or not at all.
        assert!(
            after.loads == loads || after.loads == loads + 1,
            "kill {nth}: {after:?}, {ending:?}"
        );
        assert_eq!(
            after,
            setting.exactly(after.loads, after.loads),
            "kill {nth}: {ending:?}"
        );
        let receipt = setting.run();
        let rerun = setting.found();
        // A package that was delivered or was there already stands for the rerun: its rows are not fetched twice.
        let is_recovered = receipt["recovered"]
            .as_array()
            .is_some_and(|loads| !loads.is_empty());
        let expected = if is_recovered {
            loads + 1
        } else {
            after.loads + 1
        };
        assert_eq!(
            rerun,
            setting.exactly(expected, expected),
            "kill {nth}: {receipt} {ending:?}"
        );
        loads = rerun.loads;
    }
    assert!(
        deaths >= setting.kills / 2,
        "only {deaths} of {} runs died",
        setting.kills
    );
}

#[test]
fn replaced_rows_are_whole_after_every_kill() {
    let setting = Setting::new("replace");
    let whole = setting.timed_run();
    let mut deaths = 0;
    for nth in 0..setting.kills {
        let ending = setting.kill(nth, whole);
        deaths += u32::from(ending.killed);
        let after = setting.found();
        assert_eq!(
            after,
            setting.exactly(after.loads, 1),
            "kill {nth}: {ending:?}"
        );
        setting.run();
        let rerun = setting.found();
        assert_eq!(
            rerun,
            setting.exactly(rerun.loads, 1),
            "kill {nth}: {ending:?}"
        );
    }
    assert!(
        deaths >= setting.kills / 2,
        "only {deaths} of {} runs died",
        setting.kills
    );
}

#[test]
fn nothing_but_the_database_and_the_working_folder_is_left() {
    let setting = Setting::new("append");
    setting.kill(0, Duration::ZERO);
    setting.run();
    let entries = std::fs::read_dir(setting.folder.path().join(".apiduct/api/packages")).unwrap();
    assert_eq!(entries.count(), 0);
}
