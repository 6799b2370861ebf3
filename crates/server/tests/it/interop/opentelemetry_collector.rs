//! The OpenTelemetry project's collector takes our traces: its receiver reads OTLP, and its exporter writes a file. The
//! program is made of `testdata/interop/collector`.

use std::ffi::OsStr;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::{eventually, free_address, program, send, village};

/// A collector, which ends with the test.
struct Collector {
    child: Child,
    address: SocketAddr,
}

impl Collector {
    /// Starts the program at this path; the file that it writes spans to.
    fn start(program: &OsStr, folder: &Path) -> (Self, PathBuf) {
        let (file, config) = (folder.join("spans.json"), folder.join("collector.yaml"));
        let address = free_address();
        let settings = format!(
            "receivers: {{otlp: {{protocols: {{http: {{endpoint: \"{address}\"}}}}}}}}\n\
             exporters: {{file: {{path: \"{}\", flush_interval: 100ms}}}}\n\
             service:\n  telemetry: {{metrics: {{level: none}}}}\n  \
             pipelines: {{traces: {{receivers: [otlp], exporters: [file]}}}}\n",
            file.display()
        );
        fs::write(&config, settings).unwrap();
        let said = fs::File::create(folder.join("said.txt")).unwrap();
        let mut command = Command::new(program);
        let child = command.arg(&config).stdout(Stdio::null()).stderr(said).spawn().unwrap();
        let collector = Self { child, address };
        eventually("the collector listens", || TcpStream::connect(address).is_ok());
        (collector, file)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The batches that the collector has written, once there is one.
fn batches(file: &Path) -> Vec<Value> {
    let read = || {
        let text = fs::read_to_string(file).unwrap_or_default();
        let batches = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        batches.collect::<Vec<_>>()
    };
    eventually("the spans are written", || !read().is_empty());
    read()
}

/// The values of an attribute list, as the collector writes them.
fn attribute<'a>(attributes: &'a Value, key: &str) -> Option<&'a Value> {
    let attributes = attributes["attributes"].as_array()?;
    let found = attributes.iter().find(|one| one["key"] == key)?;
    found["value"].as_object()?.values().next()
}

/// `cargo xtask test --full` builds the collector; without it, this test has nothing to drive.
#[test]
fn interop_opentelemetry_collector_takes_the_spans_of_a_request_in_one_tree() {
    if std::env::var_os("COUNTERSIGN_FULL").is_none() {
        println!("skipped: the collector is built in full runs only");
        return;
    }
    let Some(path) = std::env::var_os("COUNTERSIGN_COLLECTOR") else {
        panic!("this test needs the collector: run cargo xtask test --full interop_opentelemetry_");
    };
    let folder = tempfile::tempdir().unwrap();
    let (collector, file) = Collector::start(&path, folder.path());

    let world = village::founded();
    let token = world.token(village::VIEWER);
    let mut command = program(&["serve"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.address));
    command
        .env("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        .env("NO_PROXY", "*");
    let serving = world.serve_with(command.arg("--dir").arg(world.path()));
    let headers = [("authorization", &*format!("Bearer {token}"))];
    let reply = send(&world.url(), "GET", "/v3.0/me/friends?limit=3", &headers, "");
    assert_eq!(reply.status, 200);
    assert!(serving.stop().success());

    let batches = batches(&file);
    let of_resource = &batches[0]["resourceSpans"][0];
    assert_eq!(attribute(&of_resource["resource"], "service.name").unwrap(), "countersign");
    let environment = attribute(&of_resource["resource"], "deployment.environment.name");
    assert_eq!(environment.unwrap(), "test");
    let all: Vec<&Value> = batches
        .iter()
        .flat_map(|batch| batch["resourceSpans"].as_array().unwrap())
        .flat_map(|resource| resource["scopeSpans"].as_array().unwrap())
        .flat_map(|scope| scope["spans"].as_array().unwrap())
        .collect();
    let named = |name: &str| {
        let found = all.iter().find(|span| span["name"] == name);
        *found.unwrap_or_else(|| panic!("no span {name} in {all:?}"))
    };
    let request = named("GET /me/friends");
    assert_eq!(attribute(request, "http.route").unwrap(), "/me/friends");
    assert_eq!(attribute(request, "countersign.client").unwrap(), "aurora-home");
    let tree = [
        ("GET /me/friends", &["authenticate", "disclose", "render"][..]),
        ("disclose", &["snapshot", "fetch", "people", "decide", "append"]),
    ];
    for (parent, children) in tree {
        let parent = named(parent);
        for child in children {
            let child = named(child);
            assert_eq!(child["parentSpanId"], parent["spanId"], "{child}");
            assert_eq!(child["traceId"], request["traceId"], "{child}");
        }
    }
}
