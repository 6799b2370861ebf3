//! The parts of the configuration that the application reads. Where they are read from, and what each number may be,
//! the program says that has the file.

use countersign_source::settings::Source;
use serde::Deserialize;

use self::canary::Canary;
use self::witnesses::Witnesses;

pub mod canary;
pub mod screening;
pub mod witnesses;

/// What an instance is opened with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name of the log: what its checkpoints begin with.
    pub origin: String,
    /// How the log is written and published.
    pub log: Log,
    /// Where profiles and friendships come from.
    pub source: Source,
    /// How access tokens are made.
    pub tokens: Tokens,
    /// How much each client may ask for.
    pub limits: Limits,
    /// Whether a client that has a secret has to prove it with every user's token.
    pub require_appsecret_proof: bool,
    /// What canaries' values are made with.
    pub canary: Canary,
    /// Who cosigns the log's checkpoints; nobody, without it.
    pub witnesses: Option<Witnesses>,
}

/// How the log is written and published.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// How long a disclosure waits for others to share its fdatasync, in milliseconds.
    pub pool_wait_ms: u64,
    /// How often tiles and a checkpoint are published, in milliseconds.
    pub publish_interval_ms: u64,
    /// How long after its entry a receipt promises the published checkpoint, in seconds.
    pub publish_deadline_s: u64,
    /// How far the machine's clock may be set forward at once, in seconds, before entries are no longer
    /// dated by it.
    pub clock_step_max_s: u64,
    /// How long after a close the next one is made, in seconds.
    pub close_every_s: u64,
    /// How much of the log's disk is kept for acts, choices and erasures: with less free, nothing is disclosed.
    pub disk_reserve_mib: u64,
    /// Whether the instance may lie on a network file system.
    pub network_file_system: bool,
}

/// How access tokens are made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tokens {
    /// How long an access token holds, in seconds.
    pub lifetime_s: u64,
    /// Whether `POST /login` gives a token for any account that is named. For demonstrations only.
    pub demo_login: bool,
}

/// How much each client may ask for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The most calls of one client within an hour; 0 for no limit.
    pub calls_per_hour: u64,
    /// The most time that the calls of one client may take within an hour, in seconds; 0 for no limit.
    pub seconds_per_hour: u64,
    /// The most bytes that the calls of one client may append to the log within an hour; 0 for no limit.
    pub log_bytes_per_hour: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            pool_wait_ms: 1,
            publish_interval_ms: 1_000,
            publish_deadline_s: 60,
            clock_step_max_s: 60,
            close_every_s: 82_800,
            disk_reserve_mib: 512,
            network_file_system: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { calls_per_hour: 200_000, seconds_per_hour: 0, log_bytes_per_hour: 1 << 30 }
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self { lifetime_s: 3_600, demo_login: false }
    }
}
