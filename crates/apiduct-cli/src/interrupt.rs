//! Ctrl-C: the first one ends the work in good order, the second one at once.

use std::process;

use tokio::sync::watch;

use crate::exit_code::ExitCode;
use crate::printer::Printer;
use crate::report::Failure;

/// Knows whether the user wants to stop.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    wanted: watch::Receiver<bool>,
}

impl Interrupt {
    /// Listens for Ctrl-C (and for the polite signals of service managers) from now on.
    pub(crate) fn listen(printer: &Printer) -> Self {
        let (sender, wanted) = watch::channel(false);
        let printer = printer.clone();
        let mut signals = Signals::hear();
        tokio::spawn(async move {
            if !signals.next().await {
                return;
            }
            printer.message("stopping; press Ctrl-C again to stop at once");
            sender.send_replace(true);
            if signals.next().await {
                end_at_once();
            }
        });
        Self { wanted }
    }

    /// Waits until the user wants to stop; forever, if that cannot be known.
    pub(crate) async fn wanted(&self) {
        let mut wanted = self.wanted.clone();
        if wanted.wait_for(|is_wanted| *is_wanted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// `work`, unless the user wants to stop before it is done.
    ///
    /// # Errors
    ///
    /// That it was interrupted.
    pub(crate) async fn unless<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::select! {
            done = work => Ok(done),
            () = self.wanted() => Err(Failure::message(ExitCode::Interrupted, "interrupted", None)),
        }
    }
}

/// The signals to stop. They are heard from the moment this is made, not only while it is waited for.
#[cfg(unix)]
struct Signals {
    interrupt: Option<tokio::signal::unix::Signal>,
    terminate: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn hear() -> Self {
        use tokio::signal::unix::{SignalKind, signal};

        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    /// Waits for a signal; false if there will be none.
    async fn next(&mut self) -> bool {
        tokio::select! {
            is_heard = next_of(&mut self.interrupt) => is_heard,
            is_heard = next_of(&mut self.terminate) => is_heard,
        }
    }
}

#[cfg(unix)]
async fn next_of(signal: &mut Option<tokio::signal::unix::Signal>) -> bool {
    match signal {
        Some(signal) => signal.recv().await.is_some(),
        None => std::future::pending().await,
    }
}

/// The signals to stop.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn hear() -> Self {
        Self
    }

    /// Waits for a signal; false if there will be none.
    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}

#[expect(
    clippy::exit,
    reason = "the user asked twice; what is on disk survives it, as it survives a crash"
)]
fn end_at_once() {
    process::exit(i32::from(ExitCode::Interrupted.number()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interrupt() -> (watch::Sender<bool>, Interrupt) {
        let (sender, wanted) = watch::channel(false);
        (sender, Interrupt { wanted })
    }

    #[tokio::test]
    async fn work_that_is_done_first_counts() {
        let (_sender, interrupt) = interrupt();
        assert_eq!(interrupt.unless(async { 7 }).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn work_under_way_is_given_up() {
        let (sender, interrupt) = interrupt();
        sender.send_replace(true);
        let outcome = interrupt.unless(std::future::pending::<()>()).await;
        let Err(Failure::Reported(report)) = outcome else {
            panic!("an interruption was expected");
        };
        assert_eq!(report.exit_code, 130);
    }
}
