//! What a reader has to know about a run: the machine, the versions, the people.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use serde_json::Value;

use crate::postgres::Postgres;
use crate::shell;

/// The facts, one a line.
pub(super) struct Facts(Vec<String>);

impl Facts {
    pub(super) fn collect(
        postgres: &Postgres,
        postgraphile: &Path,
        people: usize,
        compared: &str,
    ) -> Self {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let node =
            shell::output(Command::new(postgraphile.join("node_modules/.bin/node")).arg("-v"));
        let rustc = shell::output(Command::new("rustc").arg("--version")).unwrap_or_default();
        Self(vec![
            format!("{people} people. {compared}."),
            format!(
                "{cores} cores ({}), Linux {}; contenders, PostgreSQL and load generator on them together.",
                cpu.unwrap_or(" unknown").trim(),
                kernel.trim()
            ),
            format!(
                "{}, pgaudit; PostGraphile {} on node {}; {rustc}.",
                postgres.version(),
                version_of(&postgraphile.join("node_modules/postgraphile/package.json")),
                node.unwrap_or_default(),
            ),
        ])
    }

    /// As paragraphs of Markdown.
    pub(super) fn markdown(&self) -> String {
        self.0.join("\n")
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// The version that a package gives itself.
fn version_of(package: &Path) -> String {
    let text = fs::read_to_string(package).unwrap_or_default();
    let package: Value = serde_json::from_str(&text).unwrap_or_default();
    package.get("version").and_then(Value::as_str).unwrap_or("of unknown version").to_owned()
}
