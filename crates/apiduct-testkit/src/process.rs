//! Ends a process in the middle of its work, at a moment that can be repeated.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use apiduct_model::{Clock as _, SystemClock};

use crate::MockApi;

/// How long the server holds the deadly request when the process does not die.
const PATIENCE: Duration = Duration::from_secs(30);

/// When to kill.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum KillAt<'a> {
    /// Before the server answers this request, counted from 1 at the time of the call. Repeatable.
    Request(&'a MockApi, u64),
    /// After this time, really; also a way to bound a process that might not end.
    After(Duration),
}

/// How a process ended, and what it said.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Ending {
    /// Its exit status.
    pub status: ExitStatus,
    /// Whether it was killed; `false` when it ended by itself before its moment came.
    pub killed: bool,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

enum Event {
    Kill(Sender<()>),
    Closed,
}

/// Runs a command with its output captured and its input empty, and kills it (`SIGKILL` on Unix) at its moment.
///
/// Only this one process is killed. A process that ends earlier is left alone and reported as it is; both
/// output streams must close for that, so a grandchild that keeps them open delays the report.
///
/// ```no_run
/// use std::process::Command;
/// use apiduct_testkit::process::{KillAt, spawn_and_kill};
/// # let api = apiduct_testkit::MockApi::builder().start();
/// let mut command = Command::new("apiduct");
/// command.args(["run", "source.yaml"]);
/// let ending = spawn_and_kill(&mut command, KillAt::Request(&api, 7))?;
/// assert!(ending.killed);
/// # std::io::Result::Ok(())
/// ```
///
/// # Errors
/// When the process cannot be started or killed.
pub fn spawn_and_kill(command: &mut Command, when: KillAt<'_>) -> io::Result<Ending> {
    let (events, incoming) = mpsc::channel();
    let mut limit = None;
    match when {
        KillAt::After(duration) => limit = Some(duration),
        KillAt::Request(api, nth) => {
            let events = events.clone();
            api.on_request(nth, move |_| {
                let (done, gone) = mpsc::channel();
                if events.send(Event::Kill(done)).is_ok() {
                    // Until then the request must not be answered; an error means that nobody is left to kill.
                    let _ = gone.recv_timeout(PATIENCE);
                }
            });
        }
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().map(|pipe| drain(pipe, events.clone()));
    let stderr = child.stderr.take().map(|pipe| drain(pipe, events.clone()));
    drop(events);
    let (status, killed) = watch(&mut child, &incoming, limit)?;
    Ok(Ending {
        status,
        killed: killed && !status.success(),
        stdout: collect(stdout),
        stderr: collect(stderr),
    })
}

/// Waits for the moment or for both streams to close, whichever is first.
fn watch(
    child: &mut Child,
    incoming: &Receiver<Event>,
    limit: Option<Duration>,
) -> io::Result<(ExitStatus, bool)> {
    let clock = SystemClock::new();
    let mut open = 2;
    while open > 0 {
        let event = match limit {
            Some(limit) => incoming.recv_timeout(limit.saturating_sub(clock.monotonic())),
            None => incoming.recv().map_err(RecvTimeoutError::from),
        };
        match event {
            Ok(Event::Closed) => open -= 1,
            Ok(Event::Kill(done)) => {
                let status = end(child)?;
                let _ = done.send(());
                return Ok((status, true));
            }
            Err(RecvTimeoutError::Timeout) => return Ok((end(child)?, true)),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok((child.wait()?, false))
}

fn end(child: &mut Child) -> io::Result<ExitStatus> {
    child.kill()?;
    child.wait()
}

fn drain(mut pipe: impl Read + Send + 'static, events: Sender<Event>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A stream that breaks off with its process is read as far as it goes.
        let _ = pipe.read_to_end(&mut bytes);
        let _ = events.send(Event::Closed);
        bytes
    })
}

fn collect(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = reader
        .and_then(|reader| reader.join().ok())
        .unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
