//! The thread that writes a journal.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use apiduct_client::Timer;
use tokio::sync::oneshot;

use super::JournalError;
use super::frame::Frame;
use crate::queue::{Receiver, Sender, byte_queue};

/// What is written survives the end of the process at once, and a loss of power after this time.
const SYNC_EVERY: Duration = Duration::from_secs(5);

/// What the thread is asked to do.
#[derive(Debug)]
pub(super) enum Work {
    /// Write this frame, and say so.
    Write(Frame, oneshot::Sender<Result<(), Arc<JournalError>>>),
    /// Make everything durable and end.
    Close(oneshot::Sender<Result<(), Arc<JournalError>>>),
}

/// Starts the thread, which writes to the end of `file` and frees `lock` when it ends. At most `queue_bytes` wait for it.
pub(super) fn start(
    (file, lock): (File, Arc<File>),
    path: PathBuf,
    queue_bytes: usize,
    timer: Arc<dyn Timer>,
) -> Result<Sender<Work>, JournalError> {
    let (sender, queue) = byte_queue(queue_bytes);
    let own_path = path.clone();
    let failed = move |source| JournalError::io("write", &path, source);
    let syncing = start_sync(&file).map_err(&failed)?;
    thread::Builder::new()
        .name("journal".to_owned())
        .spawn(move || {
            let mut writer = Writer {
                file,
                path: own_path,
                last_sync: timer.monotonic(),
                timer,
                syncing,
            };
            writer.work(queue);
            drop(lock);
        })
        .map_err(failed)?;
    Ok(sender)
}

/// Starts the thread that makes durable what was written, while more is being written.
fn start_sync(file: &File) -> io::Result<mpsc::SyncSender<()>> {
    let file = file.try_clone()?;
    let (sender, wanted) = mpsc::sync_channel::<()>(1);
    thread::Builder::new()
        .name("journal sync".to_owned())
        .spawn(move || {
            // What cannot be made durable is lost at a loss of power only, and then fetched again.
            while wanted.recv().is_ok() && file.sync_data().is_ok() {}
        })?;
    Ok(sender)
}

struct Writer {
    file: File,
    path: PathBuf,
    timer: Arc<dyn Timer>,
    last_sync: Duration,
    syncing: mpsc::SyncSender<()>,
}

impl Writer {
    fn work(&mut self, mut queue: Receiver<Work>) {
        let mut broken: Option<Arc<JournalError>> = None;
        while let Some(queued) = queue.receive() {
            match queued.item {
                Work::Write(frame, done) => {
                    let written = match &broken {
                        Some(error) => Err(Arc::clone(error)),
                        None => self.write(&frame).map_err(Arc::new),
                    };
                    broken = written.as_ref().err().cloned();
                    // A walk that was given up does not wait for the answer.
                    let _ = done.send(written);
                }
                Work::Close(done) => {
                    let synced = match broken {
                        Some(error) => Err(error),
                        None => self.sync().map_err(Arc::new),
                    };
                    let _ = done.send(synced);
                    return;
                }
            }
        }
    }

    fn write(&mut self, frame: &Frame) -> Result<(), JournalError> {
        let written = self.file.write_all(&frame.front);
        let written = written.and_then(|()| self.file.write_all(&frame.body));
        written.map_err(|source| JournalError::io("write", &self.path, source))?;
        let now = self.timer.monotonic();
        if now.saturating_sub(self.last_sync) >= SYNC_EVERY {
            self.last_sync = now;
            // If the one before is not done yet, this one is not needed.
            let _ = self.syncing.try_send(());
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), JournalError> {
        let synced = self.file.sync_data();
        synced.map_err(|source| JournalError::io("write", &self.path, source))
    }
}
