//! A queue between the network and a worker thread, bounded by the bytes that wait in it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Bytes are counted in units of this size, so that a queue of many gigabytes fits a semaphore.
const UNIT: usize = 1024;

/// Makes a queue in which at most `capacity` bytes wait; one item may exceed it when the queue is empty.
pub(crate) fn byte_queue<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let units = u32::try_from(capacity / UNIT).unwrap_or(u32::MAX).max(1);
    let (sender, receiver) = mpsc::unbounded_channel();
    let room = Arc::new(Semaphore::new(units as usize));
    (
        Sender {
            items: sender,
            room,
            units,
        },
        Receiver(receiver),
    )
}

/// The end that the network side holds.
#[derive(Debug)]
pub(crate) struct Sender<T> {
    items: mpsc::UnboundedSender<Queued<T>>,
    room: Arc<Semaphore>,
    units: u32,
}

/// The end that the worker holds.
#[derive(Debug)]
pub(crate) struct Receiver<T>(mpsc::UnboundedReceiver<Queued<T>>);

/// An item, and the room that it takes until it is dropped.
#[derive(Debug)]
pub(crate) struct Queued<T> {
    pub(crate) item: T,
    _room: OwnedSemaphorePermit,
}

/// The worker has gone, so that nothing more can be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closed;

impl<T> Sender<T> {
    /// Waits for room and puts `item` in, which takes `bytes`.
    pub(crate) async fn send(&self, item: T, bytes: usize) -> Result<(), Closed> {
        let units = u32::try_from(bytes.div_ceil(UNIT))
            .unwrap_or(u32::MAX)
            .clamp(1, self.units);
        let room = Arc::clone(&self.room).acquire_many_owned(units);
        let room = tokio::select! {
            room = room => room.map_err(|_| Closed)?,
            () = self.items.closed() => return Err(Closed),
        };
        self.items
            .send(Queued { item, _room: room })
            .map_err(|_| Closed)
    }
}

impl<T> Receiver<T> {
    /// The next item, or `None` once all senders are gone. Blocks the thread; not for async code.
    pub(crate) fn receive(&mut self) -> Option<Queued<T>> {
        self.0.blocking_recv()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_full_queue_makes_the_sender_wait() {
        let (sender, mut receiver) = byte_queue(4 * UNIT);
        sender.send("first", 3 * UNIT).await.unwrap();
        let second = sender.send("second", 2 * UNIT);
        tokio::pin!(second);
        assert!(second.as_mut().now_or_never().is_none());
        let taken = receiver.0.recv().await.unwrap();
        assert_eq!(taken.item, "first");
        assert!(
            second.as_mut().now_or_never().is_none(),
            "the room is taken until the item is dropped"
        );
        drop(taken);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn an_item_larger_than_the_queue_passes_when_it_is_empty() {
        let (sender, mut receiver) = byte_queue(UNIT);
        sender.send(1, 100 * UNIT).await.unwrap();
        let receiver =
            tokio::task::spawn_blocking(move || receiver.receive().map(|queued| queued.item));
        assert_eq!(receiver.await.unwrap(), Some(1));
    }

    #[tokio::test]
    async fn a_sender_learns_that_the_worker_has_gone() {
        let (sender, receiver) = byte_queue(UNIT);
        sender.send(1, UNIT).await.unwrap();
        let waiting = sender.send(2, UNIT);
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(receiver);
        assert_eq!(waiting.await, Err(Closed));
    }
}
