//! Replies that no server library would send, written to the socket step by step.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::runtime::Handle;

use super::fault::{BrokenChunks, Fault, Stage};
use super::server::wait;
use super::wire::Link;
use super::{Received, Reply};
use crate::lock;
use crate::random::Random;

/// The longest pause between two pieces of a throttled body.
const TICK: Duration = Duration::from_millis(2);

/// One thing that happens on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Send(Bytes),
    Pause(Duration),
    /// Nothing more, until the other side goes.
    Hold,
    /// The end is a reset, not an orderly close.
    Reset,
}

/// How a body is framed.
enum Framing {
    Length(u64),
    /// A length that leaves bytes over, on a connection that stays open.
    Short(u64),
    Chunked,
    UntilClose,
}

/// The steps of a reply with a fault that changes its bytes on the way; `None` for other faults.
pub(super) fn steps(fault: &Fault, reply: &Reply, request: &Received) -> Option<Vec<Step>> {
    let body = Bytes::from(reply.pieces.concat());
    let length = body.len() as u64;
    let mut random = Random::new(request.number);
    let whole = || [head(reply, &Framing::Length(length)), body.clone()];
    let steps = match fault {
        Fault::Timeout { after } => vec![Step::Pause(*after)],
        Fault::ResetAt(stage) => reset(*stage, reply, &body),
        Fault::LimitData(limit) => vec![Step::Send(first(&whole().concat(), *limit))],
        Fault::TruncateAt(place) => {
            let [head, body] = whole();
            let kept = place.find(&body, random.next());
            vec![Step::Send(head), Step::Send(body.slice(..kept))]
        }
        Fault::ShortLength(bytes) => {
            let head = head(reply, &Framing::Short(length.saturating_sub(*bytes)));
            vec![Step::Send(head), Step::Send(body), Step::Hold]
        }
        Fault::LongLength(bytes) => {
            let head = head(reply, &Framing::Length(length + bytes));
            vec![Step::Send(head), Step::Send(body)]
        }
        Fault::BrokenChunks(how) => broken_chunks(*how, reply, &body),
        Fault::SlowClose { after } => {
            let head = head(reply, &Framing::UntilClose);
            vec![Step::Send(head), Step::Send(body), Step::Pause(*after)]
        }
        Fault::Slice {
            size,
            spread,
            pause,
        } => {
            let sizes = || {
                let shift = random.below(*spread as u64 * 2 + 1);
                (size + usize::try_from(shift).unwrap_or_default()).saturating_sub(*spread)
            };
            slices(&Bytes::from(whole().concat()), sizes, *pause)
        }
        Fault::Bandwidth { bytes_per_second } => {
            let each = bytes_per_second * u64::try_from(TICK.as_millis()).unwrap_or(1) / 1_000;
            let each = usize::try_from(each).unwrap_or(usize::MAX);
            slices(&Bytes::from(whole().concat()), || each, TICK)
        }
        _ => return None,
    };
    Some(steps)
}

fn reset(stage: Stage, reply: &Reply, body: &Bytes) -> Vec<Step> {
    let plain = head(reply, &Framing::Length(body.len() as u64));
    let mut steps = match stage {
        Stage::BeforeHead => vec![],
        Stage::InHead => vec![Step::Send(plain.slice(..plain.len() / 2))],
        Stage::AfterHead => vec![Step::Send(plain)],
        Stage::InBody => vec![Step::Send(plain), Step::Send(body.slice(..body.len() / 2))],
        Stage::BeforeLastChunk => vec![
            Step::Send(head(reply, &Framing::Chunked)),
            Step::Send(chunk(body)),
        ],
    };
    steps.push(Step::Reset);
    steps
}

fn broken_chunks(how: BrokenChunks, reply: &Reply, body: &Bytes) -> Vec<Step> {
    let (one, two) = (body.slice(..body.len() / 2), body.slice(body.len() / 2..));
    let rest = match how {
        BrokenChunks::Size => [chunk(&one), Bytes::from_static(b"zz\r\n"), two].concat(),
        BrokenChunks::Delimiter => {
            let size = format!("{:x}\r\n", one.len());
            [
                Bytes::from(size),
                one,
                two,
                Bytes::from_static(b"\r\n0\r\n\r\n"),
            ]
            .concat()
        }
        BrokenChunks::Unfinished => [chunk(&one), chunk(&two)].concat(),
    };
    vec![
        Step::Send(head(reply, &Framing::Chunked)),
        Step::Send(Bytes::from(rest)),
    ]
}

fn chunk(data: &Bytes) -> Bytes {
    let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
    chunk.extend_from_slice(data);
    chunk.extend_from_slice(b"\r\n");
    chunk.into()
}

fn slices(bytes: &Bytes, mut size: impl FnMut() -> usize, pause: Duration) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = bytes.clone();
    while !rest.is_empty() {
        let piece = rest.split_to(size().clamp(1, rest.len()));
        steps.extend([Step::Send(piece), Step::Pause(pause)]);
    }
    steps
}

fn first(bytes: &[u8], limit: u64) -> Bytes {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Bytes::copy_from_slice(&bytes[..bytes.len().min(limit)])
}

/// Status line and headers.
fn head(reply: &Reply, framing: &Framing) -> Bytes {
    let reason = reply.status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", reply.status.as_str()).into_bytes();
    let mut line = |name: &str, value: &[u8]| {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    };
    for (name, value) in &reply.headers {
        line(name.as_str(), value.as_bytes());
    }
    match framing {
        Framing::Length(length) | Framing::Short(length) => {
            line(CONTENT_LENGTH.as_str(), length.to_string().as_bytes());
        }
        Framing::Chunked => line(TRANSFER_ENCODING.as_str(), b"chunked"),
        Framing::UntilClose => {}
    }
    if !matches!(framing, Framing::Short(_)) {
        line(CONNECTION.as_str(), b"close");
    }
    head.extend_from_slice(b"\r\n");
    head.into()
}

/// A connection that can be taken away from the server library: when that drops it while steps are waiting, they are
/// played on it.
#[derive(Debug)]
pub(super) struct Outlet<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// There until the outlet is dropped.
    stream: Option<S>,
    link: Arc<Link>,
}

impl<S> Outlet<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    pub(super) fn new(stream: S, link: Arc<Link>) -> Self {
        let stream = Some(stream);
        Self { stream, link }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut S>> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Ok(Pin::new(stream))
    }
}

impl<S> Drop for Outlet<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn drop(&mut self) {
        let steps = lock(&self.link.steps).take();
        if let (Some(steps), Some(stream), Ok(runtime)) =
            (steps, self.stream.take(), Handle::try_current())
        {
            runtime.spawn(play(stream, steps, Arc::clone(&self.link)));
        }
    }
}

/// Does one step after another, then closes.
pub(super) async fn play<S>(mut stream: S, steps: Vec<Step>, link: Arc<Link>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut downs = link.downs.clone();
    let played = async {
        for step in steps {
            match step {
                Step::Send(bytes) => {
                    stream.write_all(&bytes).await?;
                    stream.flush().await?;
                }
                Step::Pause(pause) => wait(pause).await,
                Step::Hold => while stream.read(&mut [0; 1024]).await? > 0 {},
                Step::Reset => {
                    link.reset.store(true, Ordering::Relaxed);
                    return Ok(());
                }
            }
        }
        stream.shutdown().await
    };
    // The client may be gone before the last step.
    tokio::select! {
        _ = played => {}
        _ = downs.changed() => link.reset.store(true, Ordering::Relaxed),
    }
}

impl<S> AsyncRead for Outlet<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream()?.poll_read(context, buffer)
    }
}

impl<S> AsyncWrite for Outlet<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(context, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(S::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if lock(&self.link.steps).is_some() {
            return Poll::Ready(Ok(()));
        }
        self.stream()?.poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::super::received::received;
    use super::*;

    fn sent(fault: &Fault) -> (String, Vec<Step>) {
        let reply = Reply::json(&[10, 20, 30]);
        let mut steps = steps(fault, &reply, &received(&Method::GET, "/x")).unwrap();
        let mut text = String::new();
        steps.retain(|step| match step {
            Step::Send(bytes) => {
                text.push_str(std::str::from_utf8(bytes).unwrap());
                false
            }
            _ => true,
        });
        (text, steps)
    }

    fn body(fault: &Fault) -> String {
        let (text, _) = sent(fault);
        text.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    #[test]
    fn a_reset_comes_at_its_stage() {
        let at = |stage| {
            let (text, steps) = sent(&Fault::ResetAt(stage));
            assert_eq!(steps, [Step::Reset], "{stage:?}");
            text
        };
        assert_eq!(at(Stage::BeforeHead), "");
        assert!(!at(Stage::InHead).contains("\r\n\r\n"));
        assert!(at(Stage::AfterHead).ends_with("\r\n\r\n"));
        assert!(at(Stage::InBody).ends_with("\r\n\r\n[10,2"));
        assert!(at(Stage::BeforeLastChunk).ends_with("a\r\n[10,20,30]\r\n"));
    }

    #[test]
    fn a_length_can_be_wrong_both_ways() {
        assert!(
            sent(&Fault::ShortLength(3))
                .0
                .contains("content-length: 7\r\n")
        );
        assert!(
            sent(&Fault::LongLength(3))
                .0
                .contains("content-length: 13\r\n")
        );
        for fault in [Fault::ShortLength(3), Fault::LongLength(3)] {
            assert_eq!(body(&fault), "[10,20,30]");
        }
    }

    #[test]
    fn chunks_break_each_in_their_way() {
        let broken = |how| body(&Fault::BrokenChunks(how));
        assert_eq!(broken(BrokenChunks::Size), "5\r\n[10,2\r\nzz\r\n0,30]");
        assert_eq!(
            broken(BrokenChunks::Delimiter),
            "5\r\n[10,20,30]\r\n0\r\n\r\n"
        );
        assert_eq!(
            broken(BrokenChunks::Unfinished),
            "5\r\n[10,2\r\n5\r\n0,30]\r\n"
        );
    }

    #[test]
    fn slices_keep_every_byte() {
        let slow = Fault::Slice {
            size: 7,
            spread: 3,
            pause: Duration::from_millis(1),
        };
        let throttled = Fault::Bandwidth {
            bytes_per_second: 8_000,
        };
        for fault in [slow, throttled] {
            let (text, pauses) = sent(&fault);
            assert!(text.ends_with("[10,20,30]"), "{text}");
            assert!(pauses.len() > text.len() / 20, "{pauses:?}");
        }
    }

    #[test]
    fn a_limit_of_data_counts_the_head_too() {
        assert_eq!(sent(&Fault::LimitData(12)).0, "HTTP/1.1 200");
        assert_eq!(sent(&Fault::LimitData(0)).0, "");
    }
}
