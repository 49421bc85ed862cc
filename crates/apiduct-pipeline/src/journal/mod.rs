//! The journal of a pull: pages as they were received, on disk until the package that they become is sealed.
//!
//! A run that ends before that leaves its journal behind, and the next run of the same pull takes the pages from it
//! instead of from the network. See `docs/design/page-journal.md`.

mod error;
mod folder;
mod frame;
mod head;
mod index;
mod walk;
mod writer;

use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use apiduct_client::{KeepError, KeptPage, PageKeeper, Timer};
use apiduct_model::ResourceName;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

pub use error::JournalError;
pub use folder::PendingPull;
pub(crate) use folder::{Journals, Opened};
use frame::{Frame, Front, Key, Meta};
pub(crate) use head::{FORMAT, Head, Target, plan_digest};
pub(crate) use index::Counts;
use index::{Index, Scanned};
pub(crate) use walk::WalkId;
use walk::WalkPages;
use writer::Work;

use crate::cancel::Canceller;
use crate::queue::Sender;

/// Bytes of pages that wait to be written. Each waits for its own, so this bounds what many walks have in hand.
const QUEUE_BYTES: usize = 16 << 20;

/// An open journal: the pages that earlier runs of the pull kept, and room for those of this one.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) head: Head,
    path: PathBuf,
    /// What earlier runs kept.
    pub(crate) kept: Counts,
    index: Index,
    reader: Arc<Mutex<File>>,
    writer: Sender<Work>,
    /// Pages that this run has added.
    added: AtomicU64,
    /// Pages that walks have failed at.
    forgotten: AtomicU64,
    /// Given to each walk; none is given once the journal is closing.
    open: Mutex<Option<Open>>,
    /// Ends when all walks are over.
    walks: tokio::sync::Mutex<mpsc::Receiver<()>>,
    /// Pages under way are given up.
    closing: Canceller,
    /// Keeps the next run out until nothing of this one is left: it may write the same files.
    pub(crate) lock: Arc<File>,
}

/// Held by every walk over pages of a journal.
type Open = mpsc::Sender<()>;

impl Journal {
    fn open(
        path: PathBuf,
        file: &File,
        scanned: Scanned,
        timer: Arc<dyn Timer>,
        lock: Arc<File>,
    ) -> Result<Arc<Self>, JournalError> {
        let failed = |source| JournalError::io("open", &path, source);
        let mut end = file.try_clone().map_err(failed)?;
        end.set_len(scanned.end).map_err(failed)?;
        end.seek(SeekFrom::End(0)).map_err(failed)?;
        let reader = File::open(&path).map_err(failed)?;
        let writer = writer::start((end, Arc::clone(&lock)), path.clone(), QUEUE_BYTES, timer)?;
        let (open, walks) = mpsc::channel(1);
        Ok(Arc::new(Self {
            head: scanned.head,
            path,
            kept: scanned.counts,
            index: scanned.index,
            reader: Arc::new(Mutex::new(reader)),
            writer,
            added: AtomicU64::new(0),
            forgotten: AtomicU64::new(0),
            open: Mutex::new(Some(open)),
            walks: tokio::sync::Mutex::new(walks),
            closing: Canceller::new(),
            lock,
        }))
    }

    /// What keeps the pages of one walk over `resource`.
    pub(crate) fn walk(
        self: &Arc<Self>,
        resource: &ResourceName,
        walk: WalkId,
    ) -> Arc<dyn PageKeeper> {
        Arc::new(WalkPages::new(self, resource, walk))
    }

    /// The pages in it.
    pub(crate) fn pages(&self) -> u64 {
        let pages = self.kept.pages() + self.added.load(Ordering::Relaxed);
        pages.saturating_sub(self.forgotten.load(Ordering::Relaxed))
    }

    /// The page whose frame begins at `at`; `None` when it is another one, or not what was written.
    async fn read(&self, at: u64, walk: Key, page: Key) -> Result<Option<KeptPage>, KeepError> {
        let reader = Arc::clone(&self.reader);
        let read = tokio::task::spawn_blocking(move || read_page(&reader, at, walk, page));
        let read = read
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)));
        read.map_err(|source| Arc::new(JournalError::io("read", &self.path, source)) as KeepError)
    }

    async fn write(&self, meta: &Meta, body: Bytes) -> Result<(), KeepError> {
        let frame = Frame::new(meta, body);
        let bytes = usize::try_from(frame.len()).unwrap_or(usize::MAX);
        let (done, written) = oneshot::channel();
        // A closed queue or a dropped answer: the run is over, and nobody waits for its pages.
        let ended = || Err(Arc::new(JournalError::Closed));
        let sent = self.writer.send(Work::Write(frame, done), bytes).await;
        let written = match sent {
            Ok(()) => written.await.unwrap_or_else(|_| ended()),
            Err(_) => ended(),
        };
        written.map_err(|error| error as KeepError)?;
        match meta {
            Meta::Page(_) => self.added.fetch_add(1, Ordering::Relaxed),
            Meta::Forget { .. } => self.forgotten.fetch_add(1, Ordering::Relaxed),
            Meta::Head(_) => 0,
        };
        Ok(())
    }

    fn open_walk(&self) -> Option<Open> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.clone()
    }

    /// Waits for the pages that are still under way, as long as `patience` does, makes what was kept durable, and takes no
    /// more pages. An empty journal is removed. Returns the pages in it.
    pub(crate) async fn close(
        &self,
        patience: impl Future<Output = ()>,
    ) -> Result<u64, JournalError> {
        drop(
            self.open
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let mut walks = self.walks.lock().await;
        tokio::select! {
            biased;
            _ = walks.recv() => {}
            () = patience => {}
        }
        self.give_up();
        if self.pages() == 0 {
            self.remove().await?;
            return Ok(0);
        }
        let (done, closed) = oneshot::channel();
        if self.writer.send(Work::Close(done), 0).await.is_ok() {
            // What cannot be made durable now is fetched again after a loss of power.
            let _ = closed.await;
        }
        Ok(self.pages())
    }

    /// Gives up the pages that are under way.
    pub(crate) fn give_up(&self) {
        self.closing.cancel();
    }

    /// Removes it: its pages have become a package.
    pub(crate) async fn remove(&self) -> Result<(), JournalError> {
        let path = self.path.clone();
        let removed = tokio::task::spawn_blocking(move || folder::remove(&path));
        removed.await.unwrap_or(Err(JournalError::Closed))
    }
}

fn read_page(reader: &Mutex<File>, at: u64, walk: Key, page: Key) -> io::Result<Option<KeptPage>> {
    let mut file = reader.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(at))?;
    let mut from = BufReader::with_capacity(4 << 10, &mut *file);
    let Some(front) = Front::read(&mut from)? else {
        return Ok(None);
    };
    let body = front.read_body(&mut from)?;
    let (Meta::Page(meta), Some(body)) = (front.meta, body) else {
        return Ok(None);
    };
    let is_it = meta.walk == walk && meta.page == page;
    Ok(if is_it { meta.into_page(body) } else { None })
}

#[cfg(test)]
mod tests;
