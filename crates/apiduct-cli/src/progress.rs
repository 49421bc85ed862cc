//! Progress of a run on the terminal: one line for each resource, one for the destination.

use std::fmt::{Display, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use apiduct::model::{Clock, ResourceName, SystemClock};
use apiduct::pipeline::{Event, EventSink};
use indexmap::IndexMap;
use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use crate::printer::Printer;

/// How often the lines move.
const TICK: Duration = Duration::from_millis(120);

/// The line of the destination while nothing is known of it, and later.
const LOADING: &str = "{spinner} {msg} · {elapsed}";
const LOADING_ROWS: &str = "{spinner} {msg} {wide_bar} {human_pos}/{human_len} · {elapsed}";

/// The line while requests wait. Shorter waits are part of an even flow.
const WAITING: &str = "{spinner} {msg} · {elapsed}";
const WORTH_A_LINE: Duration = Duration::from_secs(2);

/// The longest name of a resource that is aligned to.
const WIDEST_NAME: usize = 32;

/// Hears what happens in a run and shows it: as bars on a terminal, as plain lines otherwise if `-v` was given.
#[derive(Debug)]
pub(crate) struct Progress {
    printer: Printer,
    destination: String,
    clock: SystemClock,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    width: usize,
    resources: IndexMap<ResourceName, Line>,
    loading: Option<ProgressBar>,
    /// What requests wait for, until the next page arrives.
    waiting: Option<ProgressBar>,
    kept_pages: u64,
}

/// What is known of a resource so far.
#[derive(Debug)]
struct Line {
    bar: ProgressBar,
    since: Duration,
    counts: Counts,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    requests: u64,
    rows: u64,
    bytes: u64,
    retries: u64,
    rate_limited: u64,
    in_flight: u64,
}

impl Counts {
    /// The counts after `elapsed`, as people read them.
    fn text(&self, elapsed: Duration) -> String {
        let mut text = format!(
            "{} · {} · {}",
            counted(self.requests, "request"),
            counted(self.rows, "row"),
            HumanBytes(self.bytes),
        );
        let seconds = elapsed.as_secs_f64();
        if seconds > 0.0 {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                " · {} rows/s",
                HumanCount(per_second(self.rows, seconds))
            );
        }
        if self.in_flight > 1 {
            let _ = write!(text, " · {} in flight", self.in_flight);
        }
        if self.retries > 0 {
            let _ = write!(text, " · {} retries", HumanCount(self.retries));
        }
        if self.rate_limited > 0 {
            let _ = write!(text, " · {} × 429", HumanCount(self.rate_limited));
        }
        text
    }
}

/// `1 row`, `1,187 rows`.
pub(crate) fn counted(number: u64, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {one}{ending}", HumanCount(number))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate for people; casts saturate"
)]
fn per_second(count: u64, seconds: f64) -> u64 {
    (count as f64 / seconds).round() as u64
}

impl Progress {
    /// Shows a run into `destination`.
    pub(crate) fn new(printer: Printer, destination: String) -> Self {
        Self {
            printer,
            destination,
            clock: SystemClock::new(),
            lines: Mutex::default(),
        }
    }

    /// Takes the bars off the terminal, so that what follows stands alone.
    pub(crate) fn clear(&self) {
        let lines = self.lock();
        for line in lines.resources.values() {
            line.bar.finish_and_clear();
        }
        for bar in lines.loading.iter().chain(&lines.waiting) {
            bar.finish_and_clear();
        }
    }

    /// Pages that wait for the next run, once the run has ended early.
    pub(crate) fn kept_pages(&self) -> u64 {
        self.lock().kept_pages
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bar(&self, bar: ProgressBar, template: &str) -> ProgressBar {
        if !self.printer.has_bars() {
            return ProgressBar::hidden();
        }
        let bar = self.printer.bars().add(bar);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        bar
    }

    fn update(&self, resource: &ResourceName, change: impl FnOnce(&mut Counts)) {
        let now = self.clock.monotonic();
        let mut lines = self.lock();
        let width = lines.width;
        let line = lines.resources.entry(resource.clone()).or_insert_with(|| {
            let bar = self.bar(ProgressBar::new_spinner(), "{spinner} {prefix} {msg}");
            bar.set_prefix(format!("{:width$}", resource.as_str()));
            Line {
                bar,
                since: now,
                counts: Counts::default(),
            }
        });
        change(&mut line.counts);
        line.bar
            .set_message(line.counts.text(now.saturating_sub(line.since)));
    }

    fn finish(&self, resource: &ResourceName) {
        let now = self.clock.monotonic();
        let lines = self.lock();
        let width = lines.width;
        let Some(line) = lines.resources.get(resource) else {
            return;
        };
        let counts = Counts {
            in_flight: 0,
            ..line.counts
        };
        let text = counts.text(now.saturating_sub(line.since));
        line.bar.finish_and_clear();
        drop(lines);
        self.note(&format!("✓ {:width$} {text}", resource.as_str()));
    }

    fn wait(&self, wait: Duration, reason: &dyn Display) {
        if wait < WORTH_A_LINE {
            return;
        }
        let bar = self.bar(ProgressBar::new_spinner(), WAITING);
        bar.set_message(format!("waiting {} for {reason}", HumanDuration(wait)));
        if let Some(earlier) = self.lock().waiting.replace(bar) {
            earlier.finish_and_clear();
        }
    }

    fn end_wait(&self) {
        if let Some(waiting) = self.lock().waiting.take() {
            waiting.finish_and_clear();
        }
    }

    /// A line that stays: above the bars on a terminal, and elsewhere if `-v` was given.
    fn note(&self, text: &str) {
        if self.printer.has_bars() || self.printer.verbosity() > 0 {
            self.printer.message(text);
        }
    }

    fn begin_loading(&self, rows: u64) {
        let text = format!("loading {} into {}", counted(rows, "row"), self.destination);
        let bar = self.bar(ProgressBar::new(rows), LOADING);
        bar.set_message(text.clone());
        self.lock().loading = Some(bar);
        if !self.printer.has_bars() {
            self.note(&text);
        }
    }

    /// Moves the line of the destination, which becomes a bar once there is something to measure.
    fn move_loading(&self, rows: u64) {
        if let Some(loading) = &self.lock().loading {
            if loading.position() == 0
                && let Ok(style) = ProgressStyle::with_template(LOADING_ROWS)
            {
                loading.set_style(style);
            }
            loading.inc(rows);
        }
    }
}

impl EventSink for Progress {
    fn event(&self, event: &Event) {
        match event {
            Event::Started { resources, .. } => {
                let names = resources
                    .iter()
                    .map(|name| console::measure_text_width(name.as_str()));
                self.lock().width = names.max().unwrap_or(0).min(WIDEST_NAME);
            }
            Event::Recovered { load_id, rows } => {
                let rows = HumanCount(*rows);
                self.printer.message(&format!(
                    "delivered load {load_id} of an earlier run: {rows} rows"
                ));
            }
            Event::Resumed { load_id, pages } if !self.printer.is_json() => {
                let pages = counted(*pages, "page");
                self.printer.message(&format!(
                    "going on with load {load_id}: {pages} of an interrupted run are not fetched again"
                ));
            }
            Event::Kept { pages } => self.lock().kept_pages = *pages,
            Event::Found {
                resource, findings, ..
            } => {
                for finding in findings {
                    self.note(&format!("  {resource}: {finding}"));
                }
            }
            Event::Page {
                resource,
                rows,
                bytes,
                retries,
                rate_limited,
                in_flight,
                is_kept,
            } => {
                self.end_wait();
                self.update(resource, |counts| {
                    counts.requests += u64::from(!is_kept) + retries;
                    counts.rows += rows;
                    counts.bytes += bytes;
                    counts.retries += retries;
                    counts.rate_limited += rate_limited;
                    counts.in_flight = *in_flight;
                });
            }
            Event::Waiting { wait, reason, .. } => self.wait(*wait, reason),
            Event::Finished { resource } => self.finish(resource),
            Event::Sealed { rows } => {
                self.end_wait();
                self.begin_loading(*rows);
            }
            Event::Written { rows, .. } => self.move_loading(*rows),
            Event::Committed { duration } => {
                self.clear();
                self.note(&format!(
                    "✓ loaded into {} in {:.1} s",
                    self.destination,
                    duration.as_secs_f64()
                ));
            }
            Event::Warning { message } => self.printer.warning(message),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use apiduct::model::Redactor;
    use apiduct::rate::WaitReason;

    use super::*;
    use crate::printer::{Format, Wishes};

    #[test]
    fn counts_read_like_a_sentence() {
        let counts = Counts {
            requests: 12,
            rows: 1187,
            bytes: 3 << 20,
            ..Counts::default()
        };
        assert_eq!(
            counts.text(Duration::from_secs(2)),
            "12 requests · 1,187 rows · 3.00 MiB · 594 rows/s"
        );
        let troubled = Counts {
            in_flight: 8,
            retries: 2,
            rate_limited: 1,
            ..counts
        };
        assert!(
            troubled
                .text(Duration::ZERO)
                .ends_with("3.00 MiB · 8 in flight · 2 retries · 1 × 429")
        );
    }

    fn quiet() -> Progress {
        let wishes = Wishes {
            format: Format::Json,
            is_quiet: true,
            verbosity: 0,
        };
        let printer = Printer::new(wishes, Redactor::default());
        Progress::new(printer, "duckdb:t.duckdb".to_owned())
    }

    #[test]
    fn a_wait_is_shown_until_the_next_page() {
        let progress = quiet();
        let waiting = |seconds| Event::Waiting {
            origin: "https://h".to_owned(),
            wait: Duration::from_secs(seconds),
            reason: WaitReason::Server,
        };
        let shown = || progress.lock().waiting.as_ref().map(ProgressBar::message);
        progress.event(&waiting(1));
        assert_eq!(shown(), None, "that is not worth a line");
        progress.event(&waiting(90));
        progress.event(&waiting(34));
        let text = shown().unwrap();
        assert_eq!(text, "waiting 34 seconds for the server's rate limit");
        progress.event(&Event::Page {
            resource: ResourceName::from("issues"),
            rows: 1,
            bytes: 1,
            retries: 0,
            rate_limited: 0,
            in_flight: 0,
            is_kept: false,
        });
        assert_eq!(shown(), None);
    }

    #[test]
    fn pages_add_up() {
        let progress = quiet();
        let resource = ResourceName::from("issues");
        progress.event(&Event::Started {
            load_id: "L".to_owned(),
            resources: vec![resource.clone()],
        });
        for _ in 0..2 {
            progress.event(&Event::Page {
                resource: resource.clone(),
                rows: 50,
                bytes: 1000,
                retries: 1,
                rate_limited: 0,
                in_flight: 3,
                is_kept: false,
            });
        }
        progress.event(&Event::Finished {
            resource: resource.clone(),
        });
        progress.event(&Event::Sealed { rows: 100 });
        progress.event(&Event::Written {
            table: "issues".into(),
            rows: 60,
        });
        let lines = progress.lock();
        let counts = lines.resources[&resource].counts;
        assert_eq!((counts.requests, counts.rows, counts.bytes), (4, 100, 2000));
        assert_eq!(lines.width, 6);
        assert!(lines.loading.is_some());
    }
}
