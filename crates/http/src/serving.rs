//! Serving HTTP: TLS by files or plain on loopback, until the process is told to stop.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use countersign_log::witness::ledger::Ledger;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;

use crate::connections::affordable;
use crate::endpoints::GatewayEndpoints;
use crate::gateway::Gateway;
use crate::network::answers::AnswerBudget;
use crate::network::settings::Network as NetworkSettings;
use crate::network::{Network, listener};
use crate::router::router;
use crate::settings::{Settings, Tls};
use crate::witness;

/// How long requests that are under way may take after the process was told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// The most connections of a witness at once. A log needs one.
const WITNESS_CONNECTIONS: usize = 1_000;

/// Serves until SIGINT, SIGTERM or SIGHUP; calls `ready` once the socket listens.
///
/// # Errors
/// What the system says about the socket, the certificate or its key.
pub async fn serve(gateway: Arc<Gateway>, ready: impl FnOnce()) -> std::io::Result<()> {
    let listen = gateway.settings.listen;
    let tls = gateway.files.tls.clone();
    let network = network(&gateway);
    let router = router(Arc::clone(&gateway)).map_err(std::io::Error::other)?;
    let running = gateway.service.run()?;
    let served = listen_with(listen, tls, network, router, ready).await;
    drop(running);
    served
}

/// Serves a witness until SIGINT, SIGTERM or SIGHUP; calls `ready` once the socket listens.
///
/// # Errors
/// As [`serve`].
pub async fn serve_witness(
    ledger: Arc<Ledger>,
    listen: SocketAddr,
    tls: Option<&Tls>,
    ready: impl FnOnce(),
) -> std::io::Result<()> {
    // Before anything listens, so that a server without them does not start.
    let tls = tls.map(|tls| listener::read_tls(&tls.certificate, &tls.key)).transpose()?;
    let settings = NetworkSettings { connections: WITNESS_CONNECTIONS, ..Default::default() };
    let connections = affordable(WITNESS_CONNECTIONS + settings.connections_reserved);
    let endpoints = Box::new(witness::WitnessEndpoints);
    let answers = Arc::new(AnswerBudget::new(settings.unsent_answers_bytes_max));
    let network = Network::new(&settings, connections, Duration::ZERO, answers, endpoints);
    listen_with(listen, tls, network, witness::router(ledger), ready).await
}

/// The limits of an instance.
fn network(gateway: &Arc<Gateway>) -> Network {
    let Settings { network, answer_wait_max, .. } = &gateway.settings;
    let wanted = network.connections + network.connections_reserved;
    let endpoints = Box::new(GatewayEndpoints::new(Arc::clone(gateway)));
    let answers = Arc::clone(&gateway.unsent_answers);
    Network::new(network, affordable(wanted), *answer_wait_max, answers, endpoints)
}

async fn listen_with(
    listen: SocketAddr,
    tls: Option<TlsAcceptor>,
    network: Network,
    router: Router,
    ready: impl FnOnce(),
) -> std::io::Result<()> {
    // Before anything listens: whoever has seen it listen can tell it to stop.
    let stop = told_to_stop()?;
    let listening = TcpListener::bind(listen).await.map_err(|error| not_bound(listen, &error))?;
    ready();
    listener::serve(listening, tls, network, router, stop, GRACE).await;
    Ok(())
}

/// An address at which nothing can listen, with the address.
#[must_use]
pub fn not_bound(listen: SocketAddr, error: &std::io::Error) -> std::io::Error {
    let next = match error.kind() {
        ErrorKind::AddrInUse => "; stop the program that listens there, or choose another address",
        ErrorKind::AddrNotAvailable => "; choose an address of this machine",
        ErrorKind::PermissionDenied => {
            "; choose a port above 1023, or give the program the right to it"
        }
        _ => "",
    };
    std::io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}{next}"))
}

/// Listens to SIGINT, SIGTERM and SIGHUP from here on; ends with the first one.
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = if is_hangup_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
    Ok(async move {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        let name = tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
            _ = hung_up => "SIGHUP",
        };
        tracing::info!("{name}: stopping; requests under way have {} seconds", GRACE.as_secs());
    })
}

/// Whether this process was started to ignore SIGHUP, as `nohup` does it.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}
