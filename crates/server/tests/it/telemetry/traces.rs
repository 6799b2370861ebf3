//! Traces: a server sends its spans to a collector, which is a test's own; what a caller says of its trace is believed
//! of those whom the configuration names.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::support::{World, eventually, program, send, village};

/// The id of a trace, as a caller sends it in `traceparent`.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A collector that keeps what it is sent. It ends with the process.
struct Collector {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (address, taken) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<u8>>>::default());
        let kept = Arc::clone(&taken);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, kept) = (stream.unwrap(), Arc::clone(&kept));
                std::thread::spawn(move || take(stream, &kept));
            }
        });
        Self { address, taken }
    }

    /// Whether a text, or the bytes of an id, came.
    fn has(&self, needle: &[u8]) -> bool {
        let taken = self.taken.lock().unwrap();
        taken.windows(needle.len()).any(|window| window == needle)
    }
}

/// Takes each request of a connection, and answers that all is well.
fn take(mut stream: TcpStream, kept: &Mutex<Vec<u8>>) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4_096];
    while let Ok(read @ 1..) = stream.read(&mut piece) {
        bytes.extend_from_slice(&piece[..read]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let whole = end + 4 + length.unwrap().parse::<usize>().unwrap();
        if bytes.len() >= whole {
            kept.lock().unwrap().extend(bytes.drain(..whole));
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        }
    }
}

/// Asks a server that traces for friends, with `traceparent`, and ends it.
fn traced(world: &World, collector: &Collector, environment: &[(&str, &str)]) {
    let token = world.token(village::VIEWER);
    let mut command = program(&["serve"]);
    command.envs(environment.iter().copied()).env("NO_PROXY", "*");
    world.configure(
        "# traces_endpoint = \"http://127.0.0.1:4318\"",
        &format!("traces_endpoint = \"http://{}\"", collector.address),
    );
    let serving = world.serve_with(command.arg("--dir").arg(world.path()));
    let headers = [
        ("authorization", &*format!("Bearer {token}")),
        ("traceparent", &*format!("00-{TRACE}-00f067aa0ba902b7-01")),
    ];
    let reply = send(&world.url(), "GET", "/v3.0/me/friends?limit=3", &headers, "");
    assert_eq!(reply.status, 200);
    // What is not sent yet is sent at the end.
    assert!(serving.stop().success());
}

fn id(text: &str) -> Vec<u8> {
    const_hex::decode(text).unwrap()
}

#[test]
fn a_traced_request_has_a_span_for_each_step_and_none_is_about_a_person() {
    let (world, collector) = (village::founded(), Collector::start());
    let friend = world.id(&village::visible()[0]);
    traced(&world, &collector, &[]);
    for step in [
        "POST /v1/traces HTTP/1.1",
        "application/x-protobuf",
        "GET /me/friends",
        "authenticate",
        "disclose",
        "snapshot",
        "people",
        "decide",
        "append",
        "render",
        "service.name",
        "countersign",
        "http.route",
        "aurora-home",
    ] {
        assert!(collector.has(step.as_bytes()), "{step}");
    }
    for needle in [friend.as_str(), village::VIEWER, "limit=3", "Bearer"] {
        assert!(!collector.has(needle.as_bytes()), "{needle}");
    }
    // Nobody is a trusted proxy, so the caller's trace is not believed.
    assert!(!collector.has(&id(TRACE)));
}

#[test]
fn a_trace_is_continued_for_those_who_are_believed() {
    let (world, collector) = (village::founded(), Collector::start());
    world.configure("trusted_proxies = []", "trusted_proxies = [\"127.0.0.1\"]");
    traced(&world, &collector, &[("OTEL_SERVICE_NAME", "gateway-of-ours")]);
    assert!(collector.has(&id(TRACE)) && collector.has(b"gateway-of-ours"));

    let (world, collector) = (village::founded(), Collector::start());
    world.configure("trusted_proxies = []", "trusted_proxies = [\"127.0.0.1\"]");
    world.configure("traces_parent = \"proxies\"", "traces_parent = \"nobody\"");
    traced(&world, &collector, &[]);
    assert!(collector.has(b"disclose") && !collector.has(&id(TRACE)));
}

#[test]
fn a_request_out_of_the_sample_is_not_sent() {
    let (world, collector) = (village::founded(), Collector::start());
    traced(&world, &collector, &[("OTEL_TRACES_SAMPLER", "always_off")]);
    assert!(!collector.has(b"disclose"));
    let (world, collector) = (village::founded(), Collector::start());
    world.configure("traces_ratio = 1.0", "traces_ratio = 0.0");
    traced(&world, &collector, &[]);
    assert!(!collector.has(b"disclose"));
}

#[test]
fn a_collector_that_is_away_is_told_of_once_and_no_request_waits_for_it() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let nowhere = crate::support::free_address();
    let mut command = program(&["serve"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{nowhere}"));
    command.env("OTEL_BSP_SCHEDULE_DELAY", "50").env("NO_PROXY", "*");
    let serving = world.serve_with(command.arg("--dir").arg(world.path()));
    let warned = "the collector did not take traces";
    serving.read("/me", &token);
    eventually("it is told", || serving.said().contains(warned));
    for _ in 0..3 {
        serving.read("/me", &token);
        std::thread::sleep(std::time::Duration::from_millis(120));
    }
    assert_eq!(serving.said().matches(warned).count(), 1, "{}", serving.said());
    assert!(serving.stop().success());
}
