//! A client that floods a server in one phase of a request: it holds as many connections as it is let, from an address
//! of its own, and opens another one for each that is closed.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep};

/// The address that floods; those who ask come from another.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

/// How long to wait before a connection is opened in place of one that was closed.
const PAUSE: Duration = Duration::from_millis(20);

/// How often it is looked whether a connection is closed whose answers are not read.
const LOOK: Duration = Duration::from_millis(250);

/// What a reader that reads slowly takes at once, and what its socket holds at most.
const RECEIVE_BYTES: u32 = 4_096;

/// In which phase of a request it floods.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Connections on which nothing is said.
    Silent,
    /// Half a head, a byte a second.
    Head,
    /// A body without a token that stops in the middle.
    Body,
    /// A body without a token, a byte a second.
    DrippingBody,
    /// Answers that are not read.
    Answer,
    /// Connections on which one answer was read.
    Idle,
}

impl Phase {
    pub(crate) const ALL: [Self; 6] =
        [Self::Silent, Self::Head, Self::Body, Self::DrippingBody, Self::Answer, Self::Idle];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Silent => "nothing said",
            Self::Head => "head, a byte a second",
            Self::Body => "body, half sent",
            Self::DrippingBody => "body, a byte a second",
            Self::Answer => "answers not read",
            Self::Idle => "idle after an answer",
        }
    }

    /// What is sent at once.
    fn says(self) -> String {
        let head = |length: usize| {
            format!("POST /me HTTP/1.1\r\nhost: flood\r\ncontent-length: {length}\r\n\r\n")
        };
        match self {
            Self::Silent => String::new(),
            Self::Head => "GET /me HTTP/1.1\r\nhost: flood\r\nx-slow: ".to_owned(),
            Self::Body => head(250_000) + &"x".repeat(60_000),
            Self::DrippingBody => head(250_000),
            Self::Answer => "GET /openapi.json HTTP/1.1\r\nhost: flood\r\n\r\n".repeat(100),
            Self::Idle => "GET /healthz HTTP/1.1\r\nhost: flood\r\n\r\n".to_owned(),
        }
    }

    const fn drips(self) -> bool {
        matches!(self, Self::Head | Self::DrippingBody)
    }
}

/// A flood that goes on until this is dropped.
pub(crate) struct Flood {
    shared: Arc<Shared>,
    worker: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    opened: AtomicU64,
}

impl Flood {
    /// Floods this server with so many connections at once.
    pub(crate) fn start(server: SocketAddr, phase: Phase, connections: usize) -> Self {
        let shared = Arc::<Shared>::default();
        let of_worker = Arc::clone(&shared);
        let worker = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            // Without a runtime nothing is opened, which the table shows.
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                for _ in 0..connections {
                    tokio::spawn(keep(server, phase, Arc::clone(&of_worker)));
                }
                while !of_worker.is_over.load(Ordering::Relaxed) {
                    sleep(PAUSE).await;
                }
            });
        });
        Self { shared, worker: Some(worker) }
    }

    /// How many connections were opened so far.
    pub(crate) fn opened(&self) -> u64 {
        self.shared.opened.load(Ordering::Relaxed)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            // A worker that panicked has said so.
            let _ = worker.join();
        }
    }
}

/// Keeps one connection open, and opens another one when it is closed.
async fn keep(server: SocketAddr, phase: Phase, shared: Arc<Shared>) {
    loop {
        // A connection that cannot be opened, or that is closed, is what the server is there for.
        let _ = hold(server, phase, &shared).await;
        sleep(PAUSE).await;
    }
}

/// Opens a connection, says what the phase says, and holds it until the server closes it.
async fn hold(server: SocketAddr, phase: Phase, shared: &Shared) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    if phase == Phase::Answer {
        socket.set_recv_buffer_size(RECEIVE_BYTES)?;
    }
    socket.bind((ADDRESS, 0).into())?;
    let stream = socket.connect(server).await?;
    shared.opened.fetch_add(1, Ordering::Relaxed);
    say(&stream, phase.says().as_bytes()).await?;
    match phase {
        Phase::Answer => until_closed_unread(&stream).await,
        _ if phase.drips() => drip(&stream).await,
        _ => until_closed(&stream).await,
    }
}

/// Sends as much of it as the server takes within a second.
async fn say(stream: &TcpStream, mut text: &[u8]) -> io::Result<()> {
    let until = Instant::now() + Duration::from_secs(1);
    while !text.is_empty() && Instant::now() < until {
        match stream.try_write(text) {
            Ok(sent) => text = text.get(sent..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(PAUSE).await,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Sends a byte a second.
async fn drip(stream: &TcpStream) -> io::Result<()> {
    loop {
        tokio::select! {
            closed = until_closed(stream) => return closed,
            () = sleep(Duration::from_secs(1)) => say(stream, b"x").await?,
        }
    }
}

/// Reads until the server closes.
async fn until_closed(stream: &TcpStream) -> io::Result<()> {
    let mut piece = [0; 4_096];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Waits until the server closes, and reads nothing.
async fn until_closed_unread(stream: &TcpStream) -> io::Result<()> {
    loop {
        sleep(LOOK).await;
        let ready = stream.ready(Interest::WRITABLE | Interest::ERROR);
        let ready = tokio::time::timeout(LOOK, ready).await;
        if ready.is_ok_and(|ready| ready.is_ok_and(|r| r.is_write_closed() || r.is_error())) {
            return Ok(());
        }
    }
}
