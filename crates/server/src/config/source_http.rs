//! `[source.http]` of the configuration: how the platform's HTTP API is asked. What its answers mean is in
//! the mapping file.

use std::path::PathBuf;

use serde::Deserialize;

/// How the platform's HTTP API is asked.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSettings {
    /// The mapping file; relative paths are relative to the instance's folder.
    pub mapping: PathBuf,
    /// How long a whole question may take, in milliseconds; waiting for a turn counts.
    #[serde(default = "defaults::timeout_ms")]
    pub timeout_ms: u64,
    /// How long a connection may take to be made, in milliseconds.
    #[serde(default = "defaults::connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// How many requests are under way at once, those of all questions together.
    #[serde(default = "defaults::concurrency")]
    pub concurrency: usize,
    /// How often a request is sent again after a failure that may be gone the next moment.
    #[serde(default = "defaults::retries")]
    pub retries: u32,
    /// The most friends that a viewer may have.
    #[serde(default = "defaults::friends_max")]
    pub friends_max: usize,
    /// The most bytes that all answers to one question may have together.
    #[serde(default = "defaults::answer_bytes_max")]
    pub answer_bytes_max: usize,
    /// When the API is left alone.
    #[serde(default)]
    pub breaker: BreakerSettings,
}

/// When the API is left alone, and for how long. What counts are questions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerSettings {
    /// After so many failures in a row.
    pub failures: u32,
    /// Or when so many questions in a hundred failed within a window.
    pub failures_percent: u32,
    /// The length of that window, in milliseconds.
    pub window_ms: u64,
    /// The fewest questions of a window that say anything.
    pub questions_min: u32,
    /// How long no question is passed on, in milliseconds; then one is, to see.
    pub open_ms: u64,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures: 5,
            failures_percent: 50,
            window_ms: 10_000,
            questions_min: 20,
            open_ms: 2_000,
        }
    }
}

/// What holds where the file says nothing.
mod defaults {
    pub(super) const fn timeout_ms() -> u64 {
        2_000
    }
    pub(super) const fn connect_timeout_ms() -> u64 {
        500
    }
    pub(super) const fn concurrency() -> usize {
        64
    }
    pub(super) const fn retries() -> u32 {
        2
    }
    pub(super) const fn friends_max() -> usize {
        10_000
    }
    pub(super) const fn answer_bytes_max() -> usize {
        64 << 20
    }
}

impl HttpSettings {
    /// The configuration that names this mapping, everything else as usual.
    #[must_use]
    pub fn with_mapping(mapping: PathBuf) -> Self {
        Self {
            mapping,
            timeout_ms: defaults::timeout_ms(),
            connect_timeout_ms: defaults::connect_timeout_ms(),
            concurrency: defaults::concurrency(),
            retries: defaults::retries(),
            friends_max: defaults::friends_max(),
            answer_bytes_max: defaults::answer_bytes_max(),
            breaker: BreakerSettings::default(),
        }
    }

    /// What is wrong with it: the key, and what is allowed.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let breaker = &self.breaker;
        let ranges = [
            ("timeout_ms", self.timeout_ms, 10, 60_000),
            ("connect_timeout_ms", self.connect_timeout_ms, 1, 60_000),
            ("concurrency", self.concurrency as u64, 1, 10_000),
            ("retries", self.retries.into(), 0, 10),
            // An entry of the log tells so many people apart, the viewer included.
            ("friends_max", self.friends_max as u64, 1, 65_534),
            ("answer_bytes_max", self.answer_bytes_max as u64, 1_024, 1 << 30),
            ("failures", breaker.failures.into(), 1, 1_000_000),
            ("failures_percent", breaker.failures_percent.into(), 1, 100),
            ("window_ms", breaker.window_ms, 100, 3_600_000),
            ("questions_min", breaker.questions_min.into(), 1, 1_000_000),
            ("open_ms", breaker.open_ms, 1, 3_600_000),
        ];
        let outside =
            |&(_, found, least, most): &(&str, u64, u64, u64)| found < least || found > most;
        match ranges.into_iter().find(outside) {
            None => Ok(()),
            Some((key, found, least, most)) => Err((
                key,
                format!("source.http: {key}: {found} is not allowed; use {least} to {most}"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::source::SourceKind;
    use crate::config::{Config, TEMPLATE};

    /// The template with the tables of this source, which are comments in it.
    fn with_http() -> String {
        let template = TEMPLATE
            .replace("{origin}", "log.example/2026")
            .replace("{listen}", "127.0.0.1:8080")
            .replacen("kind = \"image\"", "kind = \"http\"", 1);
        let (before, rest) = template.split_once("# [source.http]").unwrap();
        let (tables, after) = rest.split_once("\n[graph]").unwrap();
        let is_setting = |line: &&str| line.contains(" = ") || line.starts_with("# [source");
        let settings = tables.lines().filter(is_setting).map(|line| line.trim_start_matches("# "));
        let settings: Vec<_> = settings.collect();
        format!("{before}[source.http]\n{}\n[graph]{after}", settings.join("\n"))
    }

    #[test]
    fn the_template_states_the_defaults() {
        let config = Config::check_text(&with_http()).unwrap();
        assert_eq!(config.source.kind, SourceKind::Http);
        let stated = config.source.http.unwrap();
        assert_eq!(stated, HttpSettings::with_mapping("mapping.toml".into()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, expected) in [
            ("retries = 2", "retries = 11", "source.http: retries: 11 is not allowed; use 0 to 10"),
            (
                "open_ms = 2000",
                "open_ms = 0",
                "source.http: open_ms: 0 is not allowed; use 1 to 3600000",
            ),
            (
                "friends_max = 10000",
                "friends_max = 70000",
                "source.http: friends_max: 70000 is not allowed; use 1 to 65534",
            ),
            ("[source.http]", "[source.htp]", "unknown field `htp`"),
        ] {
            let text = with_http().replacen(from, to, 1);
            let message = Config::check_text(&text).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
        let text = with_http();
        let (before, rest) = text.split_once("[source.http]").unwrap();
        let without = format!("{before}[graph]{}", rest.split_once("[graph]").unwrap().1);
        let message = Config::check_text(&without).unwrap_err();
        assert!(
            message.starts_with("source.kind: \"http\" needs a table [source.http]"),
            "{message}"
        );
    }
}
