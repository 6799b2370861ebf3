//! The loop that accepts connections, and what becomes of each of them: TLS or not, HTTP/1.1 or HTTP/2, until it
//! ends, has taken too long, or the process is told to stop.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::{BoxError, Router};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use super::admission::Slot;
use super::guard::{HEAD_BYTES_MAX, HEADERS_MAX};
use super::headers::Transport;
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

/// Serves what comes to `listener` until `stop` ends; requests that are under way then may take as long as `grace`.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    network: Network,
    router: Router,
    stop: impl Future<Output = ()>,
    grace: Duration,
) {
    let (stopping, _) = watch::channel(false);
    let builder = builder(&network);
    let transport = if tls.is_some() { Transport::Tls } else { Transport::Plain };
    let router = network.protect(router, transport);
    let shared = Arc::new(Shared { network, builder, tls, router });
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let slot = shared.network.inner.admission.admit(peer.ip());
                let (shared, stopping) = (Arc::clone(&shared), stopping.subscribe());
                tokio::spawn(async move { shared.converse(stream, peer, slot, stopping).await });
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
    drop(listener);
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

/// Reads certificate and key, so that a server without them does not start.
///
/// # Errors
/// What is wrong with which file.
pub fn read_tls(certificate: &Path, key: &Path) -> io::Result<TlsAcceptor> {
    let wrong = |path: &Path, error: &dyn std::fmt::Display| {
        io::Error::other(format!("[tls] with {}: {error}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(certificate, &error))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| wrong(certificate, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
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
        stream: TcpStream,
        peer: SocketAddr,
        slot: Slot,
        stopping: watch::Receiver<bool>,
    ) {
        // A connection without it is slower, and right.
        let _ = stream.set_nodelay(true);
        let connection = self.network.connection(slot.reserve());
        let served = async {
            match &self.tls {
                None => self.answer(stream, peer, connection, stopping).await,
                Some(tls) => {
                    let handshake = timeout(self.network.head_timeout(), tls.accept(stream));
                    if let Ok(Ok(stream)) = handshake.await {
                        self.answer(stream, peer, connection, stopping).await;
                    }
                }
            }
        };
        tokio::select! {
            () = served => {}
            () = slot.evicted() => {}
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
        peer: SocketAddr,
        connection: Connection,
        mut stopping: watch::Receiver<bool>,
    ) {
        let activity = Arc::clone(&connection.activity);
        let service = hyper::service::service_fn(|request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
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
