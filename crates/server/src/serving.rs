//! Serving HTTP: TLS by files or plain on loopback, until the process is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::RustlsConfig;

use crate::gateway::{self, Gateway};

/// How long requests that are under way may take after the process was told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until SIGINT or SIGTERM; calls `ready` once the socket listens.
///
/// # Errors
/// What the system says about the socket, the certificate or its key.
pub async fn serve(gateway: Arc<Gateway>, ready: impl FnOnce()) -> std::io::Result<()> {
    let handle = Handle::new();
    let listen = gateway.config.listen;
    let tls = gateway.config.tls.clone().map(|tls| {
        let folder = gateway.directory.path();
        (folder.join(tls.certificate), folder.join(tls.key))
    });
    let log = gateway.log.clone();
    let service = gateway::router(gateway).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(stop_when_told(handle.clone()));
    let listening = handle.clone();
    let serving = async {
        match tls {
            Some((certificate, key)) => {
                let tls = RustlsConfig::from_pem_file(certificate, key).await?;
                axum_server::bind_rustls(listen, tls).handle(handle).serve(service).await
            }
            None => {
                let server = axum_server::bind(listen).acceptor(NoDelayAcceptor::new());
                server.handle(handle).serve(service).await
            }
        }
    };
    let announcing = async {
        if listening.listening().await.is_some() {
            ready();
        }
    };
    let (served, ()) = tokio::join!(serving, announcing);
    log.shutdown();
    served
}

async fn stop_when_told(handle: Handle<SocketAddr>) {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            // Without the signal there is still Ctrl-C.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
    tracing::info!("stopping: requests under way are finished first");
    handle.graceful_shutdown(Some(GRACE));
}
