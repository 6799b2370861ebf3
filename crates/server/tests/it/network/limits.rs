//! Clients that flood a server in each phase of a request, and who is answered all the same. Deadlines are short
//! here; nothing is asserted about how long anything took.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::village;
use crate::support::{PATIENCE, Serving, World, eventually, finish, program};

/// A connection from one of the loopback addresses, which are as many clients.
pub(crate) fn connect_from(last: u8, server: SocketAddr, receive_bytes: Option<u32>) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        if let Some(bytes) = receive_bytes {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into()).unwrap();
        socket.connect(server).await.unwrap()
    });
    let stream = stream.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// What comes until the server closes, as text; resets count as an end.
pub(crate) fn rest_of(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("still open: {error}"),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The status of the answer that comes first; `None` if the server closes without one.
pub(crate) fn status_of(stream: &mut TcpStream) -> Option<u16> {
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).ok()?;
    std::str::from_utf8(&begin).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
}

/// Asks over a connection of its own that is closed afterwards.
fn ask(last: u8, server: SocketAddr, path: &str, headers: &str) -> Option<u16> {
    let mut stream = connect_from(last, server, None);
    let asked = format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    stream.write_all(asked.as_bytes()).ok()?;
    status_of(&mut stream)
}

/// Asks health and admin, as a machine of the operator's would.
pub(crate) fn assert_kept(serving: &Serving<'_>, last: u8) {
    let server = serving.world.address;
    let authorised = format!("authorization: Bearer {}\r\n", serving.admin_token());
    for (path, headers) in
        [("/healthz", ""), ("/readyz", ""), ("/admin/v1/register", authorised.as_str())]
    {
        assert_eq!(ask(last, server, path, headers), Some(200), "{path}");
    }
}

pub(crate) fn limited(settings: &[(&str, &str)]) -> World {
    let world = World::founded();
    for (key, value) in settings {
        configure(&world, key, value);
    }
    world
}

/// Changes a setting of `[network]`.
fn configure(world: &World, key: &str, value: &str) {
    let text = std::fs::read_to_string(world.directory.config()).unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap();
    world.configure(&format!("\n{line}\n"), &format!("\n{key} = {value}\n"));
}

#[test]
fn network_half_sent_bodies_without_a_token_are_cut_off() {
    let world = limited(&[("body_without_token_timeout_ms", "500")]);
    let serving = world.serve();
    let half = format!(
        "POST /me HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 250000\r\n\r\n{}",
        "x".repeat(50_000)
    );
    let mut held: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = connect_from(2, world.address, None);
            stream.write_all(half.as_bytes()).unwrap();
            stream
        })
        .collect();
    for stream in &mut held {
        assert!(rest_of(stream).starts_with("HTTP/1.1 408 "));
    }
    let long =
        half.replace("content-length: 250000", "content-length: 70000") + &"x".repeat(20_000);
    let mut stream = connect_from(2, world.address, None);
    stream.write_all(long.as_bytes()).unwrap();
    assert_eq!(status_of(&mut stream), Some(413));
    assert_kept(&serving, 3);
    let metrics = serving.metrics();
    for counted in ["{reason=\"body_late\"} 100\n", "{reason=\"body_too_large\"} 1\n"] {
        let line = format!("countersign_network_refusals_total{counted}");
        assert!(metrics.contains(&line), "{line}{metrics}");
    }
}

#[test]
fn network_a_body_that_drips_is_cut_off_whoever_sends_it() {
    let world = village::founded();
    configure(&world, "body_without_token_timeout_ms", "700");
    configure(&world, "body_timeout_ms", "700");
    let token = world.token(village::VIEWER);
    let _serving = world.serve();
    let mut stream = connect_from(2, world.address, None);
    let head = format!(
        "POST /me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 100000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut first = [0; 1];
    eventually("the server answers in the middle of the body", || {
        // Writing after the server has closed fails; what it answered is there all the same.
        let _ = stream.write_all(b"x");
        stream.read_exact(&mut first).is_ok()
    });
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(rest_of(&mut stream).starts_with("TTP/1.1 408 "));
}

#[test]
fn network_a_token_lets_a_body_be_long() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let body = "x".repeat(100_000);
    let status = |authorization: &str| {
        let mut stream = connect_from(2, world.address, None);
        let sent = format!(
            "POST /me HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n{authorization}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        // It may be refused before all of it is sent.
        let _ = stream.write_all(sent.as_bytes());
        status_of(&mut stream)
    };
    // POST to a person is no call that there is; what matters is that the body was read.
    assert_eq!(status(&format!("authorization: Bearer {token}\r\n")), Some(400));
    assert_eq!(status("authorization: Bearer nonsense\r\n"), Some(413));
    assert_eq!(status(""), Some(413));
    drop(serving);
}

/// A client that asks for a lot and reads nothing.
fn ask_and_read_nothing(world: &World, last: u8) -> TcpStream {
    let mut stream = connect_from(last, world.address, Some(4_096));
    stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let asked = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(300);
    let _ = stream.write_all(asked.as_bytes());
    stream
}

/// Whether the server has closed this connection.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
    match stream.write_all(b"\r\n") {
        Ok(()) => false,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn network_a_client_that_reads_nothing_is_not_waited_for() {
    let world = limited(&[("answer_timeout_ms", "500"), ("answer_bytes_per_s_min", "1073741824")]);
    let _serving = world.serve();
    let mut stream = ask_and_read_nothing(&world, 2);
    eventually("the server gives up", || is_closed(&mut stream));
}

#[test]
fn network_unsent_answers_have_one_budget_and_health_and_admin_are_answered_beyond_it() {
    let world = limited(&[("unsent_answers_bytes_max", "65536")]);
    let serving = world.serve();
    let readers: Vec<_> = (0..3).map(|_| ask_and_read_nothing(&world, 2)).collect();
    eventually("the budget is used up", || ask(3, world.address, "/docs", "") == Some(503));
    let mut refused = connect_from(3, world.address, None);
    refused.write_all(b"GET /me HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let refused = rest_of(&mut refused);
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("\r\nretry-after: 1\r\n"), "{refused}");
    assert!(refused.contains("nothing was released"), "{refused}");
    assert_kept(&serving, 3);
    assert!(serving.metrics().contains("countersign_network_refusals_total{reason=\"busy\"} "));
    drop(readers);
    eventually("there is room again", || ask(3, world.address, "/docs", "") == Some(200));
}

#[test]
fn network_one_address_takes_no_more_than_its_share_of_the_connections() {
    let world = limited(&[("connections_per_address", "5")]);
    let serving = world.serve();
    let held: Vec<_> = (0..5).map(|_| connect_from(2, world.address, None)).collect();
    eventually("its share is used up", || ask(2, world.address, "/", "") == Some(503));
    for _ in 0..10 {
        assert_eq!(ask(2, world.address, "/", ""), Some(503));
        assert_eq!(ask(3, world.address, "/", ""), Some(200));
    }
    assert_kept(&serving, 2);
    drop(held);
    eventually("it has its share again", || ask(2, world.address, "/", "") == Some(200));
}

#[test]
fn network_behind_a_trusted_proxy_each_client_has_its_share() {
    let world = limited(&[
        ("connections_per_address", "3"),
        ("trusted_proxies", "[\"127.0.0.2\"]"),
        ("body_without_token_timeout_ms", "30000"),
    ]);
    let _serving = world.serve();
    let half = "POST /me HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 203.0.113.1, 192.0.2.1\r\ncontent-length: 9\r\n\r\nx";
    // One more than there is room for: the first that asks below may have taken the place of one of them.
    let held: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = connect_from(2, world.address, None);
            stream.write_all(half.as_bytes()).unwrap();
            stream
        })
        .collect();
    let of = |last, client: &str| {
        ask(last, world.address, "/", &format!("x-forwarded-for: {client}\r\n"))
    };
    eventually("its share is used up", || of(2, "192.0.2.1") == Some(503));
    // Another client of the same proxy, whatever the first one claims to be; and the same text from who is no proxy.
    assert_eq!(of(2, "192.0.2.1, 192.0.2.2"), Some(200));
    assert_eq!(of(2, "192.0.2.2, 192.0.2.1"), Some(503));
    assert_eq!(of(3, "192.0.2.1"), Some(200));
    drop(held);
    eventually("it has its share again", || of(2, "192.0.2.1") == Some(200));
}

#[test]
fn network_health_and_admin_are_answered_while_sockets_hold_every_connection() {
    let world = limited(&[
        ("connections", "20"),
        ("connections_reserved", "4"),
        ("connections_per_address", "1000"),
    ]);
    let serving = world.serve();
    // One more than there is room for: the first that asks may have taken the place of one of them.
    let mut held: Vec<_> = (0..21).map(|_| connect_from(2, world.address, None)).collect();
    eventually("all are taken", || ask(3, world.address, "/", "") == Some(503));
    for round in 0..10 {
        // More than the reserve has, each time.
        held.extend((0..6).map(|_| connect_from(2, world.address, None)));
        assert_kept(&serving, 3 + round % 2);
    }
    drop(held);
    eventually("there is room again", || ask(3, world.address, "/", "") == Some(200));
}

/// A frame of HTTP/2: type, flags, stream and payload.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn read_frame(stream: &mut TcpStream) -> std::io::Result<(u8, u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload)?;
    Ok((head[3], head[4], payload))
}

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;

/// Speaks HTTP/2 until the server closes: has settings of its own, asks, and answers pings. Gives how many streams the
/// server allows.
fn speak_http2(server: SocketAddr, settings: &[u8], asked: &[u8]) -> Option<u8> {
    let mut stream = connect_from(2, server, None);
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, settings)).unwrap();
    stream.write_all(asked).unwrap();
    let (mut streams_max, begun) = (None, Instant::now());
    loop {
        assert!(begun.elapsed() < PATIENCE, "still open, and pings are sent");
        match read_frame(&mut stream) {
            Ok((SETTINGS, 0, payload)) => {
                let found = payload.chunks(6).find(|setting| setting[..2] == [0, 3]);
                streams_max = found.map(|setting| setting[5]);
                stream.write_all(&frame(SETTINGS, ACK, 0, &[])).unwrap();
            }
            // It may have closed in between.
            Ok((PING, 0, payload)) => drop(stream.write_all(&frame(PING, ACK, 0, &payload))),
            Ok(_) => {}
            // What the socket's own time limit ends was never closed.
            Err(error) => {
                let kinds = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
                assert!(kinds.contains(&error.kind()), "still open: {error}");
                return streams_max;
            }
        }
    }
}

#[test]
fn network_an_idle_connection_of_http2_ends_although_it_answers_pings() {
    let world = limited(&[("head_timeout_ms", "1000"), ("streams_per_connection", "7")]);
    let _serving = world.serve();
    assert_eq!(speak_http2(world.address, &[], &[]), Some(7));
}

#[test]
fn network_an_answer_of_http2_that_is_not_read_ends_its_connection() {
    // So that it is not for being idle.
    let world = limited(&[("head_timeout_ms", "300000"), ("answer_timeout_ms", "500")]);
    configure(&world, "answer_bytes_per_s_min", "1073741824");
    let _serving = world.serve();
    // SETTINGS_INITIAL_WINDOW_SIZE of 0: nothing of the body may be sent.
    let no_window = [0, 4, 0, 0, 0, 0];
    // GET http://x/docs, ending headers and stream.
    let get = [&[0x82, 0x86, 0x41, 1][..], b"x", &[0x04, 5], b"/docs"].concat();
    speak_http2(world.address, &no_window, &frame(HEADERS, 0x5, 1, &get));
}

#[test]
fn network_a_witness_has_the_same_limits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("watching");
    let made =
        finish(program(&["log", "witness", "new", "--name", "w.example/1", "--dir"]).arg(&path));
    assert!(made.status.success());
    let address = crate::support::free_address();
    let mut serve = program(&["log", "witness", "serve", "--listen", &address.to_string()]);
    let mut child =
        serve.arg("--dir").arg(&path).stdout(std::process::Stdio::null()).spawn().unwrap();
    eventually("the witness listens", || TcpStream::connect(address).is_ok());
    let mut half = connect_from(2, address, None);
    let said = b"POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nold 0";
    half.write_all(said).unwrap();
    let answer = rest_of(&mut half);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[test]
fn network_a_disk_with_little_room_takes_acts_choices_and_erasures_and_no_disclosure() {
    let world = village::founded();
    world.configure("disk_reserve_mib = 0", "disk_reserve_mib = 1048576");
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let refused = serving.get("/v3.0/me?fields=name", &token);
    assert_eq!((refused.status, refused.error_code()), (507, Some(1)));
    assert_eq!(ask(2, world.address, "/readyz", ""), Some(503));
    let head = serving.head();
    serving.open_to_friends_devices(village::VIEWER, &[]);
    serving.suspend();
    let path = format!("/admin/v1/people/{}/erasure", village::visible()[0]);
    let asked = json!({ "export": "made" });
    let erasure = serving.client.post(&path, &serving.admin_token(), &asked).unwrap();
    assert!(matches!(erasure.status, 200..=202), "{}", String::from_utf8_lossy(&erasure.body));
    serving.reinstate();
    eventually("choices and acts are in the log", || serving.head() >= head + 3);
    assert_eq!(serving.get("/v3.0/me?fields=name", &token).status, 507);
    assert_eq!(serving.disclosures(), 0);
}

#[test]
fn who_hangs_up_has_used_their_share_of_the_log_all_the_same() {
    const READ: &str = "/v3.0/me?fields=id";
    let world = village::founded();
    world.configure("log_bytes_per_hour = 0", "log_bytes_per_hour = 2048");
    // So that the client is gone before its entry is durable.
    world.configure("pool_wait_ms = 1", "pool_wait_ms = 500");
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let head = serving.head();
    for _ in 0..4 {
        let mut stream = connect_from(1, world.address, None);
        let asked =
            format!("GET {READ} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
        stream.write_all(asked.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
    eventually("all four are logged", || serving.head() == head + 4);
    assert_eq!(serving.get(READ, &token).error_code(), Some(4));
    assert_eq!(serving.head(), head + 4);
}
