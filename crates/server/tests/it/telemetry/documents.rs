//! What is written about metrics is about those that are served: the tables of the operations page, the dashboard and
//! the alert rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::source::http_served::world_of;
use crate::support::platform_api::{PlatformApi, Shape};
use crate::support::source_people::{Network, VIEWER};
use crate::support::witnesses::{Watcher, configure};
use crate::support::{eventually, send, village};

/// What is served only where the source is a database. `interop_postgres_connections_are_in_metrics` scrapes it.
pub(crate) const OF_POSTGRES: [&str; 4] = [
    "countersign_source_pool_max",
    "countersign_source_pool_connections",
    "countersign_source_pool_idle",
    "countersign_source_pool_waiting",
];

/// A file of the repository.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(file(path)).unwrap()
}

/// The metrics of a scrape, each with its type.
fn families(metrics: &str) -> BTreeMap<String, String> {
    let types = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .filter_map(|line| line.split_once(' '))
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .collect()
}

/// Everything that a server of this world serves once a bit of each was done.
fn scrape_of_image() -> String {
    let world = village::founded();
    let watcher = Watcher::of("w.example/1", &world.key);
    configure(&world, &[(watcher.key.as_str(), watcher.url())], 1);
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    serving.read("/me/friends?limit=3", &token);
    serving.get("/me/bogus", &token);
    eventually("a witness has cosigned", || {
        serving.metrics().contains("countersign_witness_last_cosignature_timestamp_seconds{")
    });
    drop(watcher);
    serving.read("/me/friends?limit=3", &token);
    eventually("a witness is away", || {
        serving.metrics().contains("countersign_witness_troubles_total{")
    });
    serving.metrics()
}

fn scrape_of_api() -> String {
    let network = Network::of_all_kinds();
    let api = PlatformApi::start(&network, Shape::Listed);
    let world = world_of(&api, &network);
    let token = world.token(VIEWER);
    let serving = world.serve();
    serving.read("/me?fields=id,friends.limit(3){id}", &token);
    serving.metrics()
}

fn served() -> BTreeMap<String, String> {
    let mut served = families(&scrape_of_image());
    served.extend(families(&scrape_of_api()));
    served.extend(OF_POSTGRES.map(|name| (name.to_owned(), "gauge".to_owned())));
    served
}

/// The names in a text that look like those of metrics.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let is_metric =
        |word: &&str| ["countersign_", "process_"].iter().any(|prefix| word.starts_with(prefix));
    words.filter(is_metric).map(str::to_owned).collect()
}

/// The rows of the page's tables: name and type.
fn documented() -> BTreeMap<String, String> {
    let page = text("docs/operations/observability.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| {
        let (name, rest) = row.split_once("` | ")?;
        let (kind, _) = rest.split_once(" | ")?;
        ["counter", "gauge", "histogram"]
            .contains(&kind)
            .then(|| (name.to_owned(), kind.to_owned()))
    })
    .collect()
}

#[test]
fn documents_dashboard_and_rules_name_the_metrics_that_are_served() {
    let served = served();
    assert_eq!(documented(), served);
    let is_served = |name: &str| {
        let of_histogram = ["_bucket", "_sum", "_count"].iter().any(|suffix| {
            let family = name.strip_suffix(suffix).and_then(|family| served.get(family));
            family.is_some_and(|kind| kind == "histogram")
        });
        of_histogram || served.get(name).is_some_and(|kind| kind != "histogram")
    };
    for path in [
        "deploy/grafana/countersign.json",
        "deploy/prometheus/countersign.rules.yml",
        "deploy/prometheus/countersign.rules.test.yml",
        "docs/operations/alarms.md",
    ] {
        let names = named(&text(path));
        assert!(!names.is_empty(), "{path}");
        // Prose speaks of a histogram by its name. What is no metric is a module or a line's target.
        let is_prose = path.ends_with(".md");
        let is_known = |name: &&String| {
            is_served(name)
                || (is_prose && served.contains_key(*name))
                || ["countersign_log", "countersign_requests"].contains(&name.as_str())
        };
        let unknown: Vec<_> = names.iter().filter(|name| !is_known(name)).collect();
        assert!(unknown.is_empty(), "{path} names {unknown:?}, which no server serves");
    }
}

#[test]
fn the_dashboard_has_a_query_in_every_panel_and_every_alert_is_tried() {
    let dashboard: serde_json::Value =
        serde_json::from_str(&text("deploy/grafana/countersign.json")).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        let targets = panel["targets"].as_array().map_or(0, Vec::len);
        assert_eq!(targets == 0, panel["type"] == "row", "{panel}");
    }
    let tests = text("deploy/prometheus/countersign.rules.test.yml");
    let rules = text("deploy/prometheus/countersign.rules.yml");
    for alert in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        // By a test in which it is raised, and so names the alert on a line of its own.
        let tried = format!("        alertname: {alert}\n        exp_alerts:\n");
        assert!(tests.contains(&tried), "{alert} is not tried");
    }
}

/// The metrics of a server with a bit of everything, for `promtool`.
pub(crate) fn scrape() -> String {
    scrape_of_image()
}

/// Nobody without the token reads any of it.
#[test]
fn metrics_are_for_those_with_the_token() {
    let world = village::founded();
    let serving = world.serve();
    let token = serving.token(village::VIEWER);
    for bearer in ["", "Bearer x", &format!("Bearer {token}")] {
        let headers = [("authorization", bearer)];
        let reply = send(&world.url(), "GET", "/metrics", &headers, "");
        assert_eq!(reply.status, 401, "{bearer}");
        assert!(!String::from_utf8(reply.body).unwrap().contains("countersign_"), "{bearer}");
    }
}
