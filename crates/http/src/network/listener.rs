//! The loop that accepts connections, and what becomes of each of them: TLS or not, HTTP/1.1 or HTTP/2, until it
//! ends, has taken too long, or the process is told to stop.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::{BoxError, Router};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use super::admission::Slot;
use super::guard::{HEAD_BYTES_MAX, HEADERS_MAX};
use super::headers::Transport;
use super::socket::{Peer, Socket, Stream};
use super::{Connection, Limit, Network};

/// What a client may send ahead of what is read, over HTTP/2: of one request, and of all on a connection.
const WINDOW_BYTES: (u32, u32) = (64 * 1024, 256 * 1024);

/// How long to wait when the system has no descriptor for a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// What connections share.
struct Shared {
    network: Network,
    builder: Builder<TokioExecutor>,
    tls: Option<TlsAcceptor>,
    router: Router,
}

/// Serves what comes to `socket` until `stop` ends; requests that are under way then may take as long as `grace`.
pub async fn serve(
    socket: Socket,
    transport: Transport,
    tls: Option<TlsAcceptor>,
    network: Network,
    router: Router,
    stop: impl Future<Output = ()>,
    grace: Duration,
) {
    let (stopping, _) = watch::channel(false);
    let builder = builder(&network);
    let router = network.protect(router, transport);
    let shared = Arc::new(Shared { network, builder, tls, router });
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let slot = shared.network.inner.admission.admit(peer.address.ip());
                let (shared, stopping) = (Arc::clone(&shared), stopping.subscribe());
                tokio::spawn(async move { shared.converse(stream, peer, slot, stopping).await });
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
    drop(socket);
    tracing::info!("stopping: requests under way are finished first");
    // No receiver is left once all connections have ended.
    if stopping.send(true).is_ok() {
        let _ = timeout(grace, stopping.closed()).await;
    }
}

/// Waits until the process is told to stop.
async fn told(stopping: &mut watch::Receiver<bool>) {
    // Without a sender it was told as well.
    let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
}

/// hyper's own limits.
fn builder(network: &Network) -> Builder<TokioExecutor> {
    let head_timeout = network.head_timeout();
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_headers(HEADERS_MAX)
        // What is read ahead of a body, and roughly what is read of a head that is not whole.
        .max_buf_size(HEAD_BYTES_MAX);
    let (of_request, of_connection) = WINDOW_BYTES;
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(network.inner.settings.streams_per_connection)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .initial_stream_window_size(of_request)
        .initial_connection_window_size(of_connection)
        .keep_alive_interval(head_timeout)
        .keep_alive_timeout(head_timeout);
    builder
}

impl Shared {
    /// Serves one connection until it ends, or its place is needed.
    async fn converse(
        &self,
        stream: Stream,
        peer: Peer,
        slot: Slot,
        stopping: watch::Receiver<bool>,
    ) {
        let connection = self.network.connection(peer, slot.reserve());
        let served = async {
            match stream {
                Stream::Tcp(stream) => {
                    // A connection without it is slower, and right.
                    let _ = stream.set_nodelay(true);
                    self.shake_hands(stream, connection, stopping).await;
                }
                Stream::Unix(stream) => self.shake_hands(stream, connection, stopping).await,
            }
        };
        tokio::select! {
            () = served => {}
            () = slot.evicted() => {}
        }
    }

    /// Answers the requests on one connection, once TLS is agreed on where there is any.
    async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        connection: Connection,
        stopping: watch::Receiver<bool>,
    ) {
        let Some(tls) = &self.tls else { return self.answer(stream, connection, stopping).await };
        let handshake = timeout(self.network.head_timeout(), tls.accept(stream));
        if let Ok(Ok(stream)) = handshake.await {
            self.answer(stream, connection, stopping).await;
        }
    }

    /// Counts why a connection ended, if a limit of hyper's did it, which has answered 431. What else a client does
    /// wrong on its connection is nobody else's affair.
    fn ended(&self, error: Option<BoxError>) {
        let error = error.as_ref().and_then(|error| error.downcast_ref::<hyper::Error>());
        if error.is_some_and(hyper::Error::is_parse_too_large) {
            self.network.inner.endpoints.count(Limit::HeadTooLarge);
        }
    }

    /// Answers the requests on one connection.
    async fn answer<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        connection: Connection,
        mut stopping: watch::Receiver<bool>,
    ) {
        let activity = Arc::clone(&connection.activity);
        let service = hyper::service::service_fn(|request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(connection.peer.address));
            request.extensions_mut().insert(connection.clone());
            self.router.clone().call(request)
        });
        let serving = self.builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(serving);
        let mut is_stopping = false;
        loop {
            tokio::select! {
                served = serving.as_mut() => return self.ended(served.err()),
                () = activity.overdue() => return,
                () = told(&mut stopping), if !is_stopping => {
                    serving.as_mut().graceful_shutdown();
                    is_stopping = true;
                }
            }
        }
    }
}
