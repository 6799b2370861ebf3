//! `[source.http]` of the configuration: how the platform's HTTP API is asked. What its answers mean is in
//! the mapping file.

use std::path::PathBuf;

use countersign_toml::Fault;
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

    /// Checks what the numbers may be.
    ///
    /// # Errors
    /// The key, what was found and what is allowed.
    pub fn check(&self) -> Result<(), Fault> {
        let breaker = &self.breaker;
        let ranges = [
            ("timeout_ms", self.timeout_ms, 10, 60_000),
            ("connect_timeout_ms", self.connect_timeout_ms, 1, 60_000),
            ("concurrency", self.concurrency as u64, 1, 10_000),
            ("retries", self.retries.into(), 0, 10),
            // An entry of the log tells so many people apart, the viewer included.
            ("friends_max", self.friends_max as u64, 1, 65_534),
            ("answer_bytes_max", self.answer_bytes_max as u64, 1_024, 1 << 30),
            ("breaker.failures", breaker.failures.into(), 1, 1_000_000),
            ("breaker.failures_percent", breaker.failures_percent.into(), 1, 100),
            ("breaker.window_ms", breaker.window_ms, 100, 3_600_000),
            ("breaker.questions_min", breaker.questions_min.into(), 1, 1_000_000),
            ("breaker.open_ms", breaker.open_ms, 1, 3_600_000),
        ];
        let outside =
            |&(_, found, least, most): &(&str, u64, u64, u64)| found < least || found > most;
        match ranges.into_iter().find(outside) {
            None => Ok(()),
            Some((key, found, least, most)) => Err(Fault::at(
                format!("source.http.{key}"),
                format!("{found} is not allowed; use {least} to {most}"),
            )),
        }
    }
}
