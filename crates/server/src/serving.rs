//! Serving HTTP: TLS by files or plain on loopback, until the process is told to stop.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use countersign_log::witness::ledger::Ledger;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;

use crate::config::Tls;
use crate::connections::{Limited, affordable};
use crate::consents::Consents;
use crate::gateway::{self, Gateway};
use crate::store::Folder;
use crate::witness;

/// How long requests that are under way may take after the process was told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// The most connections of a witness at once. A log needs one.
const WITNESS_CONNECTIONS: usize = 1_000;

/// How long a client may take for a handshake, and for the head of a request from when it could begin;
/// so a connection on which nothing is asked ends as well.
const HEAD: Duration = Duration::from_secs(10);

/// How often the log is told what nobody waits for.
const TELLING: Duration = Duration::from_secs(1);

/// Serves until SIGINT or SIGTERM; calls `ready` once the socket listens.
///
/// # Errors
/// What the system says about the socket, the certificate or its key.
pub async fn serve(gateway: Arc<Gateway>, ready: impl FnOnce()) -> std::io::Result<()> {
    let listen = gateway.config.listen;
    let tls = match &gateway.config.tls {
        Some(tls) => Some(read_tls(gateway.directory.path(), tls).await?),
        None => None,
    };
    let limited = Limited::new(affordable(gateway.config.limits.connections));
    let log = gateway.log.clone();
    let _folder = Folder::start(Arc::clone(&gateway.people))?;
    let telling = tokio::spawn(tell_every_second(gateway.consents.clone()));
    let _closing = gateway.closes.start()?;
    let _asking = match &gateway.witnesses {
        Some(witnesses) => Some(witnesses.ask(&log)?),
        None => None,
    };
    let served = listen_with(listen, tls, limited, gateway::router(gateway), ready).await;
    telling.abort();
    log.shutdown();
    served
}

/// Serves a witness until SIGINT or SIGTERM; calls `ready` once the socket listens.
///
/// # Errors
/// As [`serve`].
pub async fn serve_witness(
    ledger: Arc<Ledger>,
    listen: SocketAddr,
    tls: Option<&Tls>,
    ready: impl FnOnce(),
) -> std::io::Result<()> {
    let tls = match tls {
        Some(tls) => Some(read_tls(Path::new(""), tls).await?),
        None => None,
    };
    let limited = Limited::new(affordable(WITNESS_CONNECTIONS));
    listen_with(listen, tls, limited, witness::router(ledger), ready).await
}

async fn listen_with(
    listen: SocketAddr,
    tls: Option<RustlsConfig>,
    limited: Limited,
    router: Router,
    ready: impl FnOnce(),
) -> std::io::Result<()> {
    let handle = Handle::new();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    // Before anything listens: whoever has seen it listen can tell it to stop.
    tokio::spawn(stop_when(told_to_stop()?, handle.clone()));
    let listening = handle.clone();
    let serving = async {
        let server = impatient(axum_server::bind(listen).handle(handle));
        match tls {
            Some(tls) => {
                let acceptor = RustlsAcceptor::new(tls).handshake_timeout(HEAD).acceptor(limited);
                server.acceptor(acceptor).serve(service).await
            }
            None => server.acceptor(limited).serve(service).await,
        }
    };
    let announcing = async {
        if listening.listening().await.is_some() {
            ready();
        }
    };
    let (served, ()) = tokio::join!(serving, announcing);
    served
}

/// Tells the log what nobody waits for: what newcomers begin with, and what could not be told before.
async fn tell_every_second(consents: Consents) {
    let mut ticks = tokio::time::interval(TELLING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = consents.tell().await {
            tracing::warn!(%error, "the log could not be told what people chose; it is tried again");
        }
    }
}

/// Reads certificate and key before anything listens, so that a server without them does not start.
async fn read_tls(folder: &Path, tls: &Tls) -> std::io::Result<RustlsConfig> {
    let (certificate, key) = (folder.join(&tls.certificate), folder.join(&tls.key));
    let read = RustlsConfig::from_pem_file(&certificate, &key).await;
    read.map_err(|error| {
        let files = format!("{} and {}", certificate.display(), key.display());
        std::io::Error::new(error.kind(), format!("[tls] with {files}: {error}"))
    })
}

/// A server that does not wait for clients who say nothing: no partner can hold its connections.
fn impatient(mut server: Server<SocketAddr>) -> Server<SocketAddr> {
    let http = server.http_builder();
    http.http1().header_read_timeout(HEAD);
    // In HTTP/2 requests share a connection, so it is the connection that has to show a sign of life.
    http.http2().keep_alive_interval(HEAD).keep_alive_timeout(HEAD);
    server.first_request_timeout(HEAD)
}

/// Listens to SIGINT and SIGTERM from here on; ends with the first one.
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

async fn stop_when(told: impl Future<Output = ()>, handle: Handle<SocketAddr>) {
    told.await;
    tracing::info!("stopping: requests under way are finished first");
    handle.graceful_shutdown(Some(GRACE));
}
