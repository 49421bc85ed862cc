//! The listening socket, which can be taken away and given back.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::lock;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// What happens to a connection as soon as it is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Accept {
    /// It is served.
    #[default]
    Serve,
    /// It is reset.
    Reset,
    /// It is closed in order.
    Close,
    /// Nothing is read from it or written to it until the other side goes.
    Silence,
}

/// Takes a [`MockApi`](super::MockApi) off its port and puts it back; works from its own handlers and hooks too.
///
/// ```
/// use apiduct_testkit::{MockApi, Reply};
///
/// let api = MockApi::builder().json("/x", &serde_json::json!(1)).start();
/// let switch = api.switch();
/// api.on_request(1, move |_| switch.down());
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// assert!(reqwest::get(api.url("/x")).await.is_err());
/// assert!(reqwest::get(api.url("/x")).await.unwrap_err().is_connect());
/// api.up();
/// assert!(reqwest::get(api.url("/x")).await.is_ok());
/// # });
/// ```
#[derive(Debug, Clone)]
pub struct Switch(Arc<Door>);

/// The socket behind a [`Switch`].
#[derive(Debug)]
pub(super) struct Door {
    address: SocketAddr,
    /// Bound without listening: it keeps the port while nobody listens there.
    _port: TcpSocket,
    runtime: Handle,
    listening: Mutex<Listening>,
    downs: watch::Sender<u64>,
}

#[derive(Debug)]
struct Listening {
    listener: Option<TcpListener>,
    waiting: Option<Waker>,
}

impl Switch {
    /// Resets all connections and refuses new ones from now on.
    pub fn down(&self) {
        self.0.close();
    }

    /// Listens again, on the same port.
    ///
    /// # Panics
    /// When the system gives the port no more.
    pub fn up(&self) {
        if let Err(error) = self.0.open() {
            panic!("the mock API cannot listen again: {error}");
        }
    }

    pub(super) fn new(door: &Arc<Door>) -> Self {
        Self(Arc::clone(door))
    }
}

impl Door {
    /// Listens on a free port of 127.0.0.1, within `runtime`.
    pub(super) fn new(runtime: Handle) -> io::Result<Self> {
        let port = socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let door = Self {
            address: port.local_addr()?,
            _port: port,
            runtime,
            listening: Mutex::new(Listening {
                listener: None,
                waiting: None,
            }),
            downs: watch::Sender::new(0),
        };
        door.open()?;
        Ok(door)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells of every time that the connections are to be reset.
    pub(super) fn downs(&self) -> watch::Receiver<u64> {
        self.downs.subscribe()
    }

    /// The next connection, once there is one.
    pub(super) async fn accept(&self) -> io::Result<TcpStream> {
        std::future::poll_fn(|context| self.poll_accept(context)).await
    }

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let mut listening = lock(&self.listening);
        // A listener that is dropped wakes nobody.
        listening.waiting = Some(context.waker().clone());
        match &listening.listener {
            Some(listener) => {
                let (stream, _) = ready!(listener.poll_accept(context))?;
                Poll::Ready(Ok(stream))
            }
            None => Poll::Pending,
        }
    }

    fn open(&self) -> io::Result<()> {
        let _entered = self.runtime.enter();
        let mut listening = lock(&self.listening);
        if listening.listener.is_none() {
            listening.listener = Some(socket(self.address)?.listen(BACKLOG)?);
        }
        if let Some(waker) = listening.waiting.take() {
            waker.wake();
        }
        Ok(())
    }

    fn close(&self) {
        let listener = lock(&self.listening).listener.take();
        drop(listener);
        self.downs.send_modify(|downs| *downs += 1);
    }
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
