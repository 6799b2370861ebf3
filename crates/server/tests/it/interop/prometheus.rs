//! Prometheus' own `promtool` as a judge: what we serve, the alert rules, and their unit tests.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::telemetry::documents::{file, scrape};

fn promtool() -> Command {
    let Some(path) = std::env::var_os("COUNTERSIGN_PROMTOOL") else {
        panic!("this test needs promtool: run cargo xtask test interop_prometheus_");
    };
    Command::new(path)
}

/// What it says about these arguments, and about what it reads; it has to be content.
fn assert_content(arguments: &[&str], input: &str) {
    let mut running = promtool()
        .args(arguments)
        .current_dir(file("deploy/prometheus"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    running.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
}

#[test]
fn interop_prometheus_takes_the_metrics_that_are_served() {
    assert_content(&["check", "metrics"], &scrape());
}

#[test]
fn interop_prometheus_rules_are_well_formed_and_raise_the_alerts_that_they_should() {
    assert_content(&["check", "rules", "countersign.rules.yml"], "");
    assert_content(&["test", "rules", "countersign.rules.test.yml"], "");
}
