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
    pub(super) fn ranges(&self) -> [(&'static str, u64, u64, u64); 4] {
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

#[cfg(test)]
mod tests {
    use crate::config::{Config, TEMPLATE};

    #[test]
    fn the_template_states_the_defaults() {
        let text = TEMPLATE.replace("{origin}", "log.example").replace("{listen}", "127.0.0.1:1");
        assert!(Config::check_text(&text).unwrap().witnesses.is_none());
        let (start, section) = text.split_once("# [witnesses]\n").unwrap();
        let section = section.lines().filter_map(|line| line.strip_prefix("# "));
        let settings = section.filter(|line| line.contains(" = "));
        let stated = settings.map(|line| format!("{line}\n")).collect::<String>();
        let bare = format!("{start}[witnesses]\npolicy = \"witnesses.policy\"\n");
        let bare = Config::check_text(&bare).unwrap().witnesses.unwrap();
        let stated = Config::check_text(&format!("{start}[witnesses]\n{stated}")).unwrap();
        let stated = stated.witnesses.unwrap();
        assert_eq!(stated.ca_file.as_deref(), Some("tls/witnesses-ca.pem".as_ref()));
        assert_eq!(super::Witnesses { ca_file: None, ..stated }, bare);
    }

    #[test]
    fn numbers_out_of_their_range_are_refused_by_name() {
        let text = TEMPLATE.replace("{origin}", "log.example").replace("{listen}", "127.0.0.1:1");
        let with = |line: &str| {
            Config::check_text(&format!("{text}\n[witnesses]\npolicy = \"p\"\n{line}\n"))
        };
        assert!(with("ask_interval_ms = 60000").is_ok());
        for (line, expected) in [
            ("ask_interval_ms = 60001", "witnesses.ask_interval_ms: 60001 is not allowed"),
            ("ask_interval_min_ms = 10001", "use 10 to 10000"),
            ("ask_timeout_ms = 0", "witnesses.ask_timeout_ms: 0 is not allowed"),
            ("wait_max_ms = 300001", "witnesses.wait_max_ms: 300001 is not allowed"),
            ("polcy = 1", "witnesses.polcy: unknown key; allowed: policy, ask_interval_ms, "),
        ] {
            let refused = with(line).unwrap_err().without_place();
            assert!(refused.contains(expected), "{line}: {refused}");
        }
    }
}
