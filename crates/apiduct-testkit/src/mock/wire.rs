use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Sleep;

use super::fault::share_of;
use super::play::Step;
use super::{Fault, Reply};
use crate::lock;

/// What a handler and its connection tell each other.
#[derive(Debug)]
pub(super) struct Link {
    /// When set, the connection ends by a reset instead of an orderly close.
    pub(super) reset: AtomicBool,
    /// What happens on the connection once the server library has let go of it.
    pub(super) steps: Mutex<Option<Vec<Step>>>,
    /// Changes when all connections are to be reset.
    pub(super) downs: watch::Receiver<u64>,
    /// How often all that was written had left.
    flushes: AtomicU64,
    /// Bodies that wait for the next flush.
    waiting: Mutex<Vec<Waker>>,
}

impl Link {
    pub(super) fn new(downs: watch::Receiver<u64>) -> Self {
        Self {
            reset: AtomicBool::new(false),
            steps: Mutex::default(),
            downs,
            flushes: AtomicU64::new(0),
            waiting: Mutex::default(),
        }
    }

    fn flushed(&self) {
        self.flushes.fetch_add(1, Ordering::Relaxed);
        for waker in lock(&self.waiting).drain(..) {
            waker.wake();
        }
    }
}

/// A socket that can be reset from above and counts what it sends.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    link: Arc<Link>,
    sent: Arc<AtomicU64>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, link: Arc<Link>, sent: Arc<AtomicU64>) -> Self {
        Self { stream, link, sent }
    }

    fn count(&self, written: &io::Result<usize>) {
        if let Ok(bytes) = written {
            self.sent.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.link.reset.load(Ordering::Relaxed) {
            // A failure leaves an orderly close, which a client must survive as well.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, buffer));
        self.count(&written);
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, buffers));
        self.count(&written);
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.link.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.link.reset.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The body of a reply: pieces without a copy, cut short or slowed down when a fault says so.
#[derive(Debug)]
pub(super) struct Payload {
    pieces: VecDeque<Bytes>,
    announced: Option<u64>,
    cut: Option<Cut>,
    drip: Option<Drip>,
}

/// The place where a body breaks off.
#[derive(Debug)]
struct Cut {
    left: u64,
    link: Arc<Link>,
    /// The flushes counted when nothing was left.
    reached_at: Option<u64>,
}

impl Cut {
    /// Waits until all before the cut has left: a connection that fails at once takes along what it holds.
    fn poll_drained(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let now = self.link.flushes.load(Ordering::Relaxed);
        if now > *self.reached_at.get_or_insert(now) {
            return Poll::Ready(());
        }
        lock(&self.link.waiting).push(context.waker().clone());
        Poll::Pending
    }
}

#[derive(Debug)]
struct Drip {
    chunk: usize,
    pause: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Payload {
    pub(super) fn new(reply: Reply, link: &Arc<Link>) -> Self {
        let length = reply.len();
        let cut = match reply.fault {
            Some(Fault::Truncate(share)) => Some(Cut {
                left: share_of(length, share).min(length.saturating_sub(1)),
                link: Arc::clone(link),
                reached_at: None,
            }),
            _ => None,
        };
        let drip = match reply.fault {
            Some(Fault::Drip { chunk, pause }) => Some(Drip {
                chunk: chunk.max(1),
                pause,
                sleep: None,
            }),
            _ => None,
        };
        Self {
            pieces: reply
                .pieces
                .into_iter()
                .filter(|piece| !piece.is_empty())
                .collect(),
            announced: (!reply.chunked).then_some(length),
            cut,
            drip,
        }
    }

    /// Waits before the next piece of a slow body.
    fn poll_pause(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(drip) = &mut self.drip else {
            return Poll::Ready(());
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the server's own slowness is real: it is what a client is tested against"
        )]
        let sleep = drip
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(drip.pause)));
        ready!(sleep.as_mut().poll(context));
        drip.sleep = None;
        Poll::Ready(())
    }

    fn take(&mut self) -> Option<Bytes> {
        let mut piece = self.pieces.pop_front()?;
        let chunk = self.drip.as_ref().map_or(usize::MAX, |drip| drip.chunk);
        let left = self.cut.as_ref().map_or(u64::MAX, |cut| cut.left);
        let most = chunk.min(usize::try_from(left).unwrap_or(usize::MAX));
        if piece.len() > most {
            self.pieces.push_front(piece.split_off(most));
        }
        if let Some(cut) = &mut self.cut {
            cut.left -= piece.len() as u64;
        }
        Some(piece)
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.pieces.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(cut) = self.cut.as_mut().filter(|cut| cut.left == 0) {
            ready!(cut.poll_drained(context));
            return Poll::Ready(Some(Err(io::Error::other(
                "the reply is truncated on purpose",
            ))));
        }
        ready!(self.poll_pause(context));
        Poll::Ready(self.take().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.announced
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
