//! Where a server listens, what tells it so, how commands find it there, and what it tells systemd.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use rcgen::{CertificateParams, KeyPair};
use rustix::process::{Pid, Signal, kill_process};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::tls::certify;
use crate::support::{PATIENCE, World, eventually, finish, program};

/// A server, stopped with the test.
struct Server(Child);

impl Server {
    /// Starts one as `command` says, and waits until commands can find it.
    fn start(world: &World, command: &mut Command) -> Self {
        let mut server = Self(command.stdout(Stdio::null()).spawn().unwrap());
        eventually("the server listens", || {
            assert_eq!(server.0.try_wait().unwrap(), None, "the server ended");
            world.path().join("stream/server").exists()
        });
        server
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    fn stop(mut self) {
        self.signal(Signal::TERM);
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(world: &World) -> Command {
    let mut serve = program(&["serve"]);
    serve.arg("--dir").arg(world.path());
    serve
}

/// A command that only a server can do while it runs.
fn close(world: &World) -> Output {
    finish(program(&["log", "close"]).arg("--dir").arg(world.path()))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a health check says over this connection.
fn health(mut stream: impl std::io::Read + std::io::Write) -> String {
    let head = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_socket_file_is_served_and_commands_go_through_it() {
    let world = World::founded();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("http.sock");
    let listen = format!("unix:{}", socket.display());
    let server = Server::start(&world, serve(&world).args(["--listen", &listen]));
    let answer = health(UnixStream::connect(&socket).unwrap());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(TcpStream::connect(world.address).is_err(), "it listens by TCP as well");
    let closed = close(&world);
    assert!(closed.status.success(), "{}", said(&closed));
    // Nobody takes it from a server that runs.
    let other = World::founded();
    let second = finish(serve(&other).args(["--listen", &listen]));
    assert!(!second.status.success() && said(&second).contains("http.sock"), "{}", said(&second));
    server.stop();
    assert!(!socket.exists() && !world.path().join("stream/server").exists());
    // A command does it itself, then.
    let closed = close(&world);
    assert!(closed.status.success(), "{}", said(&closed));
}

#[test]
fn the_environment_and_an_option_say_where_to_listen_and_commands_find_it() {
    let world = World::founded();
    let free = "127.0.0.1:0";
    let by_environment = || {
        let mut command = serve(&world);
        command.env("COUNTERSIGN_LISTEN", free);
        command
    };
    let by_option = || {
        let mut command = serve(&world);
        // The option is nearer.
        command.args(["--listen", free]).env("COUNTERSIGN_LISTEN", "192.0.2.1:80");
        command
    };
    for mut command in [by_environment(), by_option()] {
        let server = Server::start(&world, &mut command);
        let address = fs::read_to_string(world.path().join("stream/server")).unwrap();
        assert!(address.starts_with("http://127.0.0.1:") && !address.ends_with(":0"), "{address}");
        let host = address.strip_prefix("http://").unwrap();
        let answer = health(TcpStream::connect(host).unwrap());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let closed = close(&world);
        assert!(closed.status.success(), "{}", said(&closed));
        server.stop();
    }
}

#[test]
fn a_wrong_variable_is_named_and_nothing_starts() {
    let world = World::founded();
    world.configure("demo_login = true", "demo_login = false");
    for (name, value, expected) in [
        ("COUNTERSIGN_LISTN", "127.0.0.1:1", "did you mean COUNTERSIGN_LISTEN?"),
        ("COUNTERSIGN_LISTEN", "localhost:80", "COUNTERSIGN_LISTEN: \"localhost:80\" is neither"),
        (
            "COUNTERSIGN_LISTEN",
            "0.0.0.0:0",
            "COUNTERSIGN_LISTEN: 0.0.0.0:0 is reachable from outside",
        ),
        (
            "COUNTERSIGN_LOG_POOL_WAIT_MS",
            "5000",
            "COUNTERSIGN_LOG_POOL_WAIT_MS: 5000 is not allowed; use 0 to 1000",
        ),
        (
            "COUNTERSIGN_NETWORK_CONNECTIONS",
            "many",
            "COUNTERSIGN_NETWORK_CONNECTIONS: found a text; allowed: a whole number",
        ),
    ] {
        let output = finish(serve(&world).env(name, value));
        assert_eq!(output.status.code(), Some(1), "{name}={value}");
        assert!(said(&output).contains(expected), "{name}={value}: {}", said(&output));
    }
}

#[test]
fn a_server_that_was_killed_leaves_no_address_behind_that_a_command_would_call() {
    let world = World::founded();
    let mut server = Server::start(&world, &mut serve(&world));
    server.0.kill().unwrap();
    server.0.wait().unwrap();
    let left = world.path().join("stream/server");
    assert!(left.exists());
    // Somebody else listens where the server did, and waits for the admin token.
    let stranger = std::net::TcpListener::bind(world.address).unwrap();
    stranger.set_nonblocking(true).unwrap();
    let closed = close(&world);
    assert!(closed.status.success(), "{}", said(&closed));
    assert!(!left.exists());
    assert!(stranger.accept().is_err(), "a command called whoever listens there");
}

/// A server that has no terminal, as one that systemd starts, and what it tells systemd.
fn as_service(world: &World, folder: &Path) -> (Server, Receiver<String>) {
    let notify = folder.join("notify");
    let socket = UnixDatagram::bind(&notify).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 1_024];
        while let Ok(count) = socket.recv(&mut bytes) {
            if tell.send(String::from_utf8_lossy(&bytes[..count]).into_owned()).is_err() {
                return;
            }
        }
    });
    let mut command = Command::new("setsid");
    command.arg(env!("CARGO_BIN_EXE_countersign")).arg("serve").arg("--dir").arg(world.path());
    command.env("NOTIFY_SOCKET", &notify).env_remove("COUNTERSIGN_LOG");
    (Server::start(world, &mut command), told)
}

/// The certificate that the server shows.
fn shown(world: &World, trusted: &[CertificateDer<'static>]) -> CertificateDer<'static> {
    let mut roots = RootCertStore::empty();
    trusted.iter().for_each(|certificate| roots.add(certificate.clone()).unwrap());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(world.address).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    let head = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    stream.conn.peer_certificates().unwrap()[0].clone().into_owned()
}

#[test]
fn systemd_is_told_and_a_reload_shows_the_renewed_certificate_without_a_restart() {
    let world = World::founded();
    let folder = tempfile::tempdir().unwrap();
    let first = certify(&world);
    let (server, told) = as_service(&world, folder.path());
    let next = || told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(next().trim(), "READY=1");

    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let second = params.self_signed(&key).unwrap();
    let trusted = [first.clone(), second.der().clone()];
    assert_eq!(shown(&world, &trusted), first);
    // Half of a renewal, as it is between two writes.
    fs::write(world.path().join("tls/certificate.pem"), second.pem()).unwrap();
    let reload = || {
        server.signal(Signal::HUP);
        let reloading = next();
        assert!(reloading.contains("RELOADING=1"), "{reloading}");
        assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
        assert_eq!(next().trim(), "READY=1");
    };
    reload();
    assert_eq!(shown(&world, &trusted), first, "a certificate without its key was taken");
    fs::write(world.path().join("tls/key.pem"), key.serialize_pem()).unwrap();
    reload();
    assert_eq!(shown(&world, &trusted), *second.der());

    server.signal(Signal::TERM);
    assert_eq!(next().trim(), "STOPPING=1");
    server.stop();
}
