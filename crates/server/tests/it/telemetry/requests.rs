//! Requests in metrics and in the request log: by route, client and status, with nothing about a person.

use std::process::Command;

use countersign_demo::world::CLIENT;
use serde_json::{Value, json};

use crate::support::{Serving, World, program, send, village};

/// A server that is told this by its environment.
fn serve<'a>(world: &'a World, environment: &[(&str, &str)]) -> Serving<'a> {
    let mut command: Command = program(&["serve"]);
    command.envs(environment.iter().copied());
    world.serve_with(command.arg("--dir").arg(world.path()))
}

/// A bit of everything that may be asked.
fn ask(serving: &Serving<'_>, token: &str, id: &str) {
    serving.read("/v3.0/me/friends?limit=3", token);
    serving.read(&format!("/{id}?fields=name"), token);
    assert_eq!(serving.get("/v3.0/me", "no.such.token").status, 400);
    assert_eq!(serving.get("/zuck", token).status, 400);
    let batch = json!({ "batch": [{ "method": "GET", "relative_url": "me" }] });
    assert_eq!(serving.client.post("/", token, &batch).unwrap().status, 200);
    serving.open_to_friends_devices(&village::closed(1), &["id"]);
    serving.page("/healthz");
    assert_eq!(send(&serving.world.url(), "GET", "/log/checkpoint", &[], "").status, 200);
}

#[test]
fn requests_are_counted_by_route_client_and_status_and_timed_by_route() {
    let world = village::founded();
    let (token, id) = (world.token(village::VIEWER), world.id(&village::visible()[0]));
    let serving = world.serve();
    ask(&serving, &token, &id);
    let metrics = serving.metrics();
    let requests = |route: &str, method: &str, client: &str, status: u16| {
        let name = format!(
            "countersign_http_requests_total{{route=\"{route}\",method=\"{method}\",client=\"{client}\",status=\"{status}\"}} 1"
        );
        assert!(metrics.lines().any(|line| line == name), "{name} in\n{metrics}");
    };
    requests("/me/friends", "GET", CLIENT, 200);
    requests("/{id}", "GET", CLIENT, 200);
    requests("/me", "GET", "other", 400);
    requests("other", "GET", CLIENT, 400);
    requests("/?batch", "POST", CLIENT, 200);
    requests("/admin/v1/people/{account}/settings", "PUT", "other", 200);
    requests("/healthz", "GET", "other", 200);
    requests("/log/{file}", "GET", "other", 200);
    for line in [
        "countersign_http_request_duration_seconds_count{route=\"/me/friends\"} 1",
        "countersign_http_request_duration_seconds_bucket{le=\"60.0\",route=\"/me/friends\"} 1",
        "countersign_tokens_rejected_total{reason=\"unknown\"} 1",
        "countersign_refusals_total{reason=\"suspended\"} 0",
        "countersign_clock_trusted 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} in\n{metrics}");
    }
    serving.suspend();
    assert_eq!(serving.get("/me", &token).status, 403);
    let metrics = serving.metrics();
    assert!(metrics.contains("countersign_refusals_total{reason=\"suspended\"} 1\n"), "{metrics}");
}

#[test]
fn no_request_is_logged_until_that_is_asked_for() {
    let world = village::founded();
    let (token, id) = (world.token(village::VIEWER), world.id(&village::visible()[0]));
    let serving = serve(&world, &[("COUNTERSIGN_LOG", "trace")]);
    ask(&serving, &token, &id);
    assert!(!serving.said().contains("route"), "{}", serving.said());
}

#[test]
fn the_request_log_is_a_line_of_json_a_request_and_says_nothing_about_a_person() {
    let world = village::founded();
    world.configure("log_requests = false", "log_requests = true");
    let (token, id) = (world.token(village::VIEWER), world.id(&village::visible()[0]));
    let serving = serve(&world, &[("COUNTERSIGN_LOG_FORMAT", "json")]);
    ask(&serving, &token, &id);
    serving.suspend();
    let refused = serving.get("/me?fields=name", &token).json().unwrap();
    let said = serving.said();
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests: Vec<_> =
        lines.iter().filter(|line| line["target"] == "countersign_requests").collect();
    let of = |route: &str| {
        let found = requests.iter().find(|line| line["route"] == route);
        *found.unwrap_or_else(|| panic!("{route} in {said}"))
    };
    let friends = of("/me/friends");
    assert_eq!(friends["client"], CLIENT);
    assert_eq!((&friends["method"], &friends["status"]), (&json!("GET"), &json!(200)));
    assert!(friends["duration_ms"].as_f64().unwrap() > 0.0, "{friends}");
    assert!(friends["bytes"].as_u64().unwrap() > 100, "{friends}");
    for absent in ["network", "trace_id", "error", "reason"] {
        assert_eq!(friends[absent], Value::Null, "{friends}");
    }
    let last = requests.last().unwrap();
    assert_eq!((&last["error"], &last["reason"]), (&json!(10), &json!("suspended")));
    assert_eq!(last["fbtrace_id"], refused["error"]["fbtrace_id"]);
    for needle in [&token, &id, "fields=", "zuck", &village::closed(1), "127.0.0.1", "no.such"] {
        assert!(!requests.iter().any(|line| line.to_string().contains(needle)), "{needle}");
    }
}

#[test]
fn the_request_log_has_the_clients_network_if_that_is_asked_for_and_never_its_address() {
    let world = village::founded();
    world.configure("log_requests = false", "log_requests = true");
    world.configure("log_networks = false", "log_networks = true");
    world.configure("trusted_proxies = []", "trusted_proxies = [\"127.0.0.1\"]");
    // Lines of requests are there even if the variable asks for less.
    let serving = serve(&world, &[("COUNTERSIGN_LOG", "warn")]);
    let from = [("x-forwarded-for", "198.51.100.77")];
    assert_eq!(send(&world.url(), "GET", "/healthz", &from, "").status, 200);
    let said = serving.said();
    assert!(said.contains("route=\"/healthz\"") && said.contains("198.51.100.0/24"), "{said}");
    assert!(!said.contains("198.51.100.77"), "{said}");
}
