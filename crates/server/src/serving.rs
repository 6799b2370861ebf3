//! Serving HTTP: TLS by files or plain on loopback, until the process is told to stop.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use countersign_log::witness::ledger::Ledger;
use countersign_people::store::Folder;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_blocking;
use tokio::time::MissedTickBehavior;
use tokio_rustls::TlsAcceptor;

use crate::config::{self, Tls};
use crate::connections::affordable;
use crate::consents::Consents;
use crate::gateway::endpoints::GatewayEndpoints;
use crate::gateway::{self, Gateway};
use crate::network::{Network, listener};
use crate::witness;

/// How long requests that are under way may take after the process was told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// The most connections of a witness at once. A log needs one.
const WITNESS_CONNECTIONS: usize = 1_000;

/// How often the log is told what nobody waits for.
const TELLING: Duration = Duration::from_secs(1);

/// How often it is looked how much room the log's disk has.
const LOOKING: Duration = Duration::from_secs(1);

/// Serves until SIGINT, SIGTERM or SIGHUP; calls `ready` once the socket listens.
///
/// # Errors
/// What the system says about the socket, the certificate or its key.
pub async fn serve(gateway: Arc<Gateway>, ready: impl FnOnce()) -> std::io::Result<()> {
    let listen = gateway.service.config.listen;
    let tls = gateway.tls.clone();
    let network = network(&gateway);
    let log = gateway.service.log.clone();
    let _folder = Folder::start(Arc::clone(&gateway.service.people))?;
    let telling = tokio::spawn(tell_every_second(gateway.service.consents.clone()));
    let looking = tokio::spawn(look_every_second(Arc::clone(&gateway)));
    let _closing = gateway.service.closes.start()?;
    let _asking = match &gateway.service.witnesses {
        Some(witnesses) => Some(witnesses.ask(&log)?),
        None => None,
    };
    let served = listen_with(listen, tls, network, gateway::router(gateway), ready).await;
    telling.abort();
    looking.abort();
    log.shutdown();
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
    let settings =
        config::network::Network { connections: WITNESS_CONNECTIONS, ..Default::default() };
    let connections = affordable(WITNESS_CONNECTIONS + settings.connections_reserved);
    let endpoints = Box::new(witness::WitnessEndpoints);
    let network = Network::new(&settings, connections, Duration::ZERO, endpoints);
    listen_with(listen, tls, network, witness::router(ledger), ready).await
}

/// The limits of an instance.
fn network(gateway: &Arc<Gateway>) -> Network {
    let config = &gateway.service.config;
    let wanted = config.network.connections + config.network.connections_reserved;
    let endpoints = Box::new(GatewayEndpoints::new(Arc::clone(gateway)));
    Network::new(&config.network, affordable(wanted), config.answer_wait_max(), endpoints)
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
pub(crate) fn not_bound(listen: SocketAddr, error: &std::io::Error) -> std::io::Error {
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

/// Looks how much room the log's disk has, so that no request has to.
async fn look_every_second(gateway: Arc<Gateway>) {
    let mut ticks = tokio::time::interval(LOOKING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let gateway = Arc::clone(&gateway);
        // It waits for the disk. A look that panicked has said so, and the next one is taken all the same.
        let _ = spawn_blocking(move || gateway.service.disk.look()).await;
    }
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
