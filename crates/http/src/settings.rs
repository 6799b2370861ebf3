//! The parts of the configuration that the HTTP side of an instance reads.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::network::listen::Listen;
use crate::network::settings::Network;

/// What an instance is served with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen.
    pub listen: Listen,
    /// The address under which clients reach the instance, without a slash at its end.
    pub public_url: String,
    /// How the read API answers.
    pub graph: Graph,
    /// How many clients are served at once, and how long each of them may take.
    pub network: Network,
    /// The longest that an answer may be waited for.
    pub answer_wait_max: Duration,
    /// What is logged and traced of requests.
    pub telemetry: Telemetry,
}

/// What is logged and traced, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// In which form lines are written to standard error.
    pub log_format: LogFormat,
    /// Whether each request is a line.
    pub log_requests: bool,
    /// Whether these lines name the network that the client is in.
    pub log_networks: bool,
    /// Where traces are sent, by OTLP over HTTP.
    pub traces_endpoint: Option<String>,
    /// The share of requests that is traced.
    pub traces_ratio: f64,
    /// Whose `traceparent` is believed.
    pub traces_parent: TraceParent,
}

/// In which form lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: an object a line.
    Json,
}

/// Whose `traceparent` is believed: who sends one chooses the id of the trace, and whether it is in the sample.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceParent {
    /// Nobody's.
    Nobody,
    /// That of the trusted proxies.
    #[default]
    Proxies,
    /// Everybody's.
    Everybody,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            log_format: LogFormat::default(),
            log_requests: false,
            log_networks: false,
            traces_endpoint: None,
            traces_ratio: 1.0,
            traces_parent: TraceParent::default(),
        }
    }
}

/// The files to serve TLS with; relative paths are relative to the instance's folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM, the leaf first.
    pub certificate: PathBuf,
    /// PEM.
    pub key: PathBuf,
    /// The authority that signed the certificate, in PEM, where it is not one of the system's: commands take the
    /// server for the instance's own by it.
    pub ca: Option<PathBuf>,
}

/// How the read API answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Graph {
    /// Friends on a page when the client does not say.
    pub page_default: usize,
    /// The most friends on a page, whatever the client says.
    pub page_max: usize,
    /// How long a batch may take until no more of its operations are begun, in milliseconds.
    pub batch_timeout_ms: u64,
    /// Whether a client that has a secret has to prove it with every user's token.
    pub require_appsecret_proof: bool,
}

impl Default for Graph {
    fn default() -> Self {
        Self {
            page_default: 25,
            page_max: 5_000,
            batch_timeout_ms: 20_000,
            require_appsecret_proof: false,
        }
    }
}
