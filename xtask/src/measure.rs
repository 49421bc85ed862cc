use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::failure::{Context, Failure, Result};

/// How often a running process is looked at. What it grows in its last moment of this length goes unseen.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Linux counts CPU time in hundredths of a second wherever it reports it to others.
const TICK: Duration = Duration::from_millis(10);

/// What a process took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    /// User and system time of all its threads.
    pub(crate) cpu: Duration,
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// The most memory that it had resident.
    pub(crate) peak_bytes: u64,
}

impl Cost {
    /// The median of each figure.
    pub(crate) fn median(costs: &[Self]) -> Self {
        Self {
            cpu: median(costs.iter().map(|cost| cost.cpu)),
            wall: median(costs.iter().map(|cost| cost.wall)),
            peak_bytes: median(costs.iter().map(|cost| cost.peak_bytes)),
        }
    }

    /// The mean of the times, which come in coarse ticks, and the greatest of the peaks.
    pub(crate) fn mean(costs: &[Self]) -> Self {
        let count = u32::try_from(costs.len()).unwrap_or(u32::MAX).max(1);
        Self {
            cpu: costs.iter().map(|cost| cost.cpu).sum::<Duration>() / count,
            wall: costs.iter().map(|cost| cost.wall).sum::<Duration>() / count,
            peak_bytes: costs.iter().map(|cost| cost.peak_bytes).max().unwrap_or(0),
        }
    }
}

/// The middle value; the lower one of two.
fn median<T: Ord + Default>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    let middle = values.len().saturating_sub(1) / 2;
    values.into_iter().nth(middle).unwrap_or_default()
}

/// What a program took and left behind when it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) cost: Cost,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a program to its success in `folder`, and gives what it took and what it printed.
///
/// # Errors
///
/// As for [`to_end`], and when it fails, with what it printed on stderr.
pub(crate) fn measure(command: &mut Command, folder: &Path) -> Result<(Cost, String)> {
    let ended = to_end(command, folder)?;
    if !ended.status.success() {
        return Err(Failure::new(format!(
            "`{}` failed: {}\n{}",
            command.get_program().to_string_lossy(),
            ended.status,
            ended.stderr
        )));
    }
    Ok((ended.cost, ended.stdout))
}

/// Runs a program to its end in `folder`, whether it succeeds or not.
///
/// Its memory is read while it runs and its CPU time between its end and the moment its parent takes notice, both from
/// `/proc`: no other way gets them for one child without unsafe code.
///
/// # Errors
///
/// When it cannot be started or watched.
pub(crate) fn to_end(command: &mut Command, folder: &Path) -> Result<Ended> {
    let (out, err) = (folder.join("stdout.txt"), folder.join("stderr.txt"));
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(create(&out)?)
        .stderr(create(&err)?);
    let name = command.get_program().to_string_lossy().into_owned();
    let started = now();
    let mut child = command
        .spawn()
        .context(|| format!("cannot start `{name}`"))?;
    let watched = watch(child.id());
    let wall = now().duration_since(started);
    let (cpu, peak_bytes) = match watched {
        Ok(seen) => seen,
        Err(failure) => return Err(abandon(&mut child, failure)),
    };
    let status = child
        .wait()
        .context(|| format!("cannot wait for `{name}`"))?;
    Ok(Ended {
        cost: Cost {
            cpu,
            wall,
            peak_bytes,
        },
        status,
        stdout: read(&out)?,
        stderr: read(&err)?,
    })
}

/// Looks at a process until it has ended: its CPU time, and its peak of memory in bytes.
fn watch(id: u32) -> Result<(Duration, u64)> {
    let mut peak = 0;
    loop {
        let stat = read(Path::new(&format!("/proc/{id}/stat")))?;
        let stat = Stat::parse(&stat)
            .ok_or_else(|| Failure::new(format!("cannot understand `/proc/{id}/stat`: {stat}")))?;
        if stat.has_ended {
            return Ok((stat.cpu, peak));
        }
        // The memory is gone a moment before the process has ended.
        let status = read(Path::new(&format!("/proc/{id}/status")))?;
        peak = peak.max(high_water_mark(&status).unwrap_or(0));
        wait_a_moment();
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    has_ended: bool,
    cpu: Duration,
}

impl Stat {
    /// Reads `/proc/PID/stat` as proc(5) describes it; the program's name, in parentheses, may hold anything.
    fn parse(text: &str) -> Option<Self> {
        let (_, fields) = text.rsplit_once(')')?;
        // The state is field 3.
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).copied();
        let ticks: u32 = field(14)?
            .parse::<u32>()
            .ok()?
            .checked_add(field(15)?.parse().ok()?)?;
        // While other threads live, the first one alone has ended.
        let has_ended = field(3)? == "Z" && field(20)?.parse::<u32>().ok()? <= 1;
        Some(Self {
            has_ended,
            cpu: TICK * ticks,
        })
    }
}

/// `VmHWM` of `/proc/PID/status`, in bytes.
fn high_water_mark(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn abandon(child: &mut Child, failure: Failure) -> Failure {
    // Both fail only for a child that is gone already.
    let _ = child.kill();
    let _ = child.wait();
    failure
}

fn create(path: &Path) -> Result<File> {
    File::create(path).context(|| format!("cannot write `{}`", path.display()))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).context(|| format!("cannot read `{}`", path.display()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is measured is the time of another process"
)]
fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "nothing tells that another process has grown"
)]
fn wait_a_moment() {
    std::thread::sleep(LOOK_EVERY);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn cpu_time_is_read_behind_any_program_name() {
        let running = "77 (a) b) S 1 77 77 0 -1 4194304 1 0 0 0 12 30 0 0 20 0 4 0 99 1 1";
        let ended = "77 (a) Z 1 77 77 0 -1 4194304 1 0 0 0 150 7 0 0 20 0 1 0 99 0 0";

        let stat = Stat::parse(running).unwrap();
        assert_eq!(stat.cpu, Duration::from_millis(420));
        assert!(!stat.has_ended);
        let stat = Stat::parse(ended).unwrap();
        assert_eq!(stat.cpu, Duration::from_millis(1_570));
        assert!(stat.has_ended);
    }

    #[test]
    fn a_first_thread_that_ended_alone_is_no_end() {
        let stat = Stat::parse("7 (a) Z 1 7 7 0 -1 0 1 0 0 0 1 1 0 0 20 0 2 0 99 0 0");

        assert!(!stat.unwrap().has_ended);
        assert_eq!(Stat::parse("7 (a) Z 1"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn the_high_water_mark_is_in_bytes() {
        let status = "Name:\tx\nVmPeak:\t  90 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 7 kB\n";

        assert_eq!(high_water_mark(status), Some(2 * 1024 * 1024));
        assert_eq!(high_water_mark("Name:\tx\n"), None);
    }

    #[test]
    fn the_work_of_a_process_shows_in_its_cost() {
        let scratch = Scratch::new("measure-work");
        let script = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done";

        let (cost, printed) =
            measure(Command::new("sh").args(["-c", script]), scratch.path()).unwrap();

        assert_eq!(printed, "done\n");
        assert!(cost.cpu > Duration::ZERO, "{cost:?}");
        assert!(cost.wall > Duration::ZERO, "{cost:?}");
        assert!(cost.peak_bytes > 100_000, "{cost:?}");
    }

    #[test]
    fn a_failure_says_what_the_process_said() {
        let scratch = Scratch::new("measure-failure");
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such table >&2; exit 4"]);

        let failure = measure(&mut command, scratch.path()).unwrap_err();

        assert_eq!(
            failure.to_string(),
            "`sh` failed: exit status: 4\nno such table\n"
        );
    }

    #[test]
    fn a_median_is_a_figure_that_was_measured() {
        let cost = |cpu, wall, peak_bytes| Cost {
            cpu: Duration::from_secs(cpu),
            wall: Duration::from_secs(wall),
            peak_bytes,
        };
        let costs = [cost(3, 30, 7), cost(1, 90, 9), cost(2, 60, 8)];

        assert_eq!(Cost::median(&costs), cost(2, 60, 8));
        assert_eq!(Cost::median(&costs[..2]), cost(1, 30, 7));
        assert_eq!(Cost::median(&[]), Cost::default());
        assert_eq!(Cost::mean(&costs), cost(2, 60, 9));
    }
}
