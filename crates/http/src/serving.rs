//! Serving HTTP, with TLS by files, behind a proxy, or in the clear on this machine, until the process is told to stop.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use countersign_log::witness::ledger::Ledger;
use countersign_service::server_address::ServerAddress;

use crate::connections::affordable;
use crate::endpoints::GatewayEndpoints;
use crate::gateway::Gateway;
use crate::network::answers::AnswerBudget;
use crate::network::headers::Transport;
use crate::network::listen::Listen;
use crate::network::settings::Network as NetworkSettings;
use crate::network::socket::Socket;
use crate::network::tls::Certificate;
use crate::network::{Network, listener};
use crate::router::router;
use crate::settings::{Settings, Tls};
use crate::signals::{Instruction, Signals, tell_ready, tell_reloading, tell_stopping};
use crate::witness;

/// How long requests that are under way may take after the process was told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// The most connections of a witness at once. A log needs one.
const WITNESS_CONNECTIONS: usize = 1_000;

/// Serves until the process is told to stop; calls `ready` once the socket listens.
///
/// # Errors
/// What the system says about the socket, the certificate or its key.
pub async fn serve(gateway: Arc<Gateway>, ready: impl FnOnce()) -> std::io::Result<()> {
    let Settings { listen, public_url, .. } = &gateway.settings;
    let certificate = gateway.files.tls.clone();
    let transport = match &certificate {
        Some(_) => Transport::Tls,
        None if listen.is_of_this_machine() => Transport::Plain,
        None => Transport::BehindHttps,
    };
    let server = Server {
        network: network(&gateway),
        transport,
        certificate,
        router: router(Arc::clone(&gateway)).map_err(std::io::Error::other)?,
    };
    let running = gateway.service.run()?;
    let mut address = None;
    let served = server.listen(listen, |bound| {
        let reached = reached_at(bound, transport, public_url);
        address = Some(ServerAddress::write(&gateway.service.directory, &reached)?);
        ready();
        Ok(())
    });
    let served = served.await;
    drop((address, running));
    served
}

/// Where commands on this machine reach a server.
fn reached_at(bound: &Listen, transport: Transport, public_url: &str) -> String {
    match (bound, transport) {
        // INVARIANT: the admin token does not leave this machine in the clear: with [tls] the configuration has an
        // https:// here, whose certificate tells that it is the server.
        (_, Transport::Tls) => public_url.to_owned(),
        (Listen::Unix(_), _) => bound.to_string(),
        (Listen::Tcp(address), _) => {
            let ip = match address.ip() {
                IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
                ip => ip,
            };
            format!("http://{}", SocketAddr::new(ip, address.port()))
        }
    }
}

/// Serves a witness until the process is told to stop; calls `ready` once the socket listens.
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
    let certificate = tls.map(|tls| Certificate::read(tls, Path::new(""))).transpose()?;
    let transport = if certificate.is_some() { Transport::Tls } else { Transport::Plain };
    let settings = NetworkSettings { connections: WITNESS_CONNECTIONS, ..Default::default() };
    let connections = affordable(WITNESS_CONNECTIONS + settings.connections_reserved);
    let endpoints = Box::new(witness::WitnessEndpoints);
    let answers = Arc::new(AnswerBudget::new(settings.unsent_answers_bytes_max));
    let network = Network::new(&settings, connections, Duration::ZERO, answers, endpoints);
    let server = Server { network, transport, certificate, router: witness::router(ledger) };
    server
        .listen(&listen.into(), |_| {
            ready();
            Ok(())
        })
        .await
}

/// The limits of an instance.
fn network(gateway: &Arc<Gateway>) -> Network {
    let Settings { network, answer_wait_max, .. } = &gateway.settings;
    let wanted = network.connections + network.connections_reserved;
    let endpoints = Box::new(GatewayEndpoints::new(Arc::clone(gateway)));
    let answers = Arc::clone(&gateway.unsent_answers);
    Network::new(network, affordable(wanted), *answer_wait_max, answers, endpoints)
}

/// What is served, and how.
struct Server {
    network: Network,
    transport: Transport,
    certificate: Option<Certificate>,
    router: Router,
}

impl Server {
    /// Listens until the process is told to stop; calls `ready` with where, once it does.
    async fn listen(
        self,
        listen: &Listen,
        ready: impl FnOnce(&Listen) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        // Before anything listens: whoever has seen it listen can tell it to stop.
        let signals = Signals::listen()?;
        let Self { network, transport, certificate, router } = self;
        let tls = certificate.as_ref().map(Certificate::acceptor).transpose()?;
        let socket = Socket::bind(listen).await?;
        ready(&socket.listen()?)?;
        tell_ready();
        let stop = told_to_stop(signals, certificate);
        listener::serve(socket, transport, tls, network, router, stop, GRACE).await;
        Ok(())
    }
}

/// Obeys signals until one says to stop.
async fn told_to_stop(mut signals: Signals, certificate: Option<Certificate>) {
    let name = loop {
        match signals.next().await {
            Instruction::Stop(name) => break name,
            Instruction::Reload => reload(certificate.as_ref()),
        }
    };
    tell_stopping();
    tracing::info!("{name}: stopping; requests under way have {} seconds", GRACE.as_secs());
}

/// Reads the certificate again.
fn reload(certificate: Option<&Certificate>) {
    tell_reloading();
    match certificate.map(Certificate::renew) {
        None => tracing::info!("SIGHUP: without [tls] there is no certificate to read again"),
        Some(Ok(file)) => {
            tracing::info!("SIGHUP: new connections get the certificate of {}", file.display())
        }
        Some(Err(error)) => {
            tracing::error!("SIGHUP: the certificate from before is shown further on: {error}");
        }
    }
    tell_ready();
}
