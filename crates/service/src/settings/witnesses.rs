//! `[witnesses]` of the configuration: who cosigns the log's checkpoints, and how they are asked.

use std::path::PathBuf;

use serde::Deserialize;

/// Who cosigns the log's checkpoints, and how they are asked.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witnesses {
    /// The policy file; relative paths are relative to the instance's folder.
    pub policy: PathBuf,
    /// How often witnesses are asked, in milliseconds.
    #[serde(default = "defaults::ask_interval_ms")]
    pub ask_interval_ms: u64,
    /// How often they are asked while an answer waits for them, in milliseconds.
    #[serde(default = "defaults::ask_interval_min_ms")]
    pub ask_interval_min_ms: u64,
    /// How long a witness may take to answer, in milliseconds.
    #[serde(default = "defaults::ask_timeout_ms")]
    pub ask_timeout_ms: u64,
    /// How long an answer waits for the quorum before there is none, in milliseconds.
    #[serde(default = "defaults::wait_max_ms")]
    pub wait_max_ms: u64,
    /// The authorities that witnesses' certificates are by, in PEM; without it those of the system.
    pub ca_file: Option<PathBuf>,
}

impl Witnesses {
    /// What each number may be: key, found, least and most.
    #[must_use]
    pub fn ranges(&self) -> [(&'static str, u64, u64, u64); 4] {
        [
            ("witnesses.ask_interval_ms", self.ask_interval_ms, 100, 60_000),
            (
                "witnesses.ask_interval_min_ms",
                self.ask_interval_min_ms,
                10,
                self.ask_interval_ms.max(10),
            ),
            ("witnesses.ask_timeout_ms", self.ask_timeout_ms, 10, 60_000),
            ("witnesses.wait_max_ms", self.wait_max_ms, 10, 300_000),
        ]
    }
}

/// What holds where the file says nothing.
mod defaults {
    pub(super) const fn ask_interval_ms() -> u64 {
        10_000
    }
    pub(super) const fn ask_interval_min_ms() -> u64 {
        1_000
    }
    pub(super) const fn ask_timeout_ms() -> u64 {
        5_000
    }
    pub(super) const fn wait_max_ms() -> u64 {
        30_000
    }
}
