//! The witnesses of the log: who they are by the operator's policy, and the thread that has them cosign what
//! the log publishes.
//!
//! ```text
//! rounds      which checkpoint they are asked about, and when the next one
//! asking      the thread; one task for each witness, so that a slow one holds up nobody
//! transport   HTTP to one witness
//! metrics     what came of it, and `state` how each fares
//! ```
//!
//! What it is not: part of an answer. A witness that is away, slow or lying harms nothing but the quorum;
//! only answers under agreements with `wait = "witnessed"` wait for that.
//!
//! Spec: C2SP tlog-witness and tlog-policy; what a witness's word is worth is checked in
//! `countersign_log::witness`.

mod asking;
pub mod metrics;
mod rounds;
mod state;
mod transport;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign_log::Log;
use countersign_protocol::cosignature::WitnessKey;
use countersign_protocol::note::NoteKey;
use countersign_protocol::witness_policy::{POLICY_BYTES_MAX, Policy, PolicyError};

pub use self::asking::Asking;
use self::metrics::WitnessMetrics;
use self::rounds::Pace;
pub use self::state::WitnessState;
use self::state::WitnessStates;
use self::transport::HttpTransport;
use crate::settings::witnesses::Witnesses as Settings;

/// The witnesses of the log.
pub struct Witnesses {
    policy: Policy,
    peers: Vec<Peer>,
    pace: Pace,
    wait_max: Duration,
    metrics: WitnessMetrics,
    states: WitnessStates,
}

/// One witness that can be asked.
#[derive(Clone)]
struct Peer {
    key: WitnessKey,
    transport: HttpTransport,
}

/// Witnesses that cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum WitnessesError {
    /// The policy cannot be read.
    #[error("witnesses.policy: {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The policy is none.
    #[error("witnesses.policy: {}: {error}", path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: PolicyError,
    },
    /// The policy is about other logs.
    #[error(
        "witnesses.policy: {}: it names logs, and not this one; add the line `log {key}`",
        path.display()
    )]
    OtherLogs {
        /// The file.
        path: PathBuf,
        /// This log's key.
        key: String,
    },
    /// The policy asks for nobody.
    #[error(
        "witnesses.policy: {}: its quorum asks for no witness; leave [witnesses] out, or name a quorum",
        path.display()
    )]
    NobodyAsked {
        /// The file.
        path: PathBuf,
    },
    /// No witness has an address.
    #[error("witnesses.policy: {}: no witness has an address; add it after the key", path.display())]
    NoAddress {
        /// The file.
        path: PathBuf,
    },
    /// An address is none.
    #[error(
        "witnesses.policy: the address of {witness:?} is not http:// or https:// with a host and a path; what stands before /add-checkpoint goes there"
    )]
    Address {
        /// The witness's name.
        witness: String,
    },
    /// TLS cannot be set up.
    #[error("witnesses.ca_file: {0}")]
    Tls(String),
}

impl Witnesses {
    /// Reads the policy of these settings for the log of this key; relative paths are relative to `folder`.
    ///
    /// # Errors
    /// [`WitnessesError`].
    pub fn open(settings: &Settings, folder: &Path, log: &NoteKey) -> Result<Self, WitnessesError> {
        let path = folder.join(&settings.policy);
        let policy = read_policy(&path)?;
        if !policy.trusts(log) {
            return Err(WitnessesError::OtherLogs { path, key: log.to_string() });
        }
        if policy.quorum(&[]).is_met() {
            return Err(WitnessesError::NobodyAsked { path });
        }
        let ca = settings.ca_file.as_ref().map(|path| folder.join(path));
        let ask_timeout = Duration::from_millis(settings.ask_timeout_ms);
        let mut peers = Vec::new();
        for witness in policy.witnesses() {
            let Some(url) = &witness.url else {
                tracing::warn!(
                    witness = witness.key.name(),
                    "the policy has no address for this witness, so it is not asked"
                );
                continue;
            };
            let name = || witness.key.name().to_owned();
            let address = transport::address(url)
                .ok_or_else(|| WitnessesError::Address { witness: name() })?;
            let transport = HttpTransport::new(address, ca.as_deref(), ask_timeout);
            let transport = transport.map_err(WitnessesError::Tls)?;
            peers.push(Peer { key: witness.key.clone(), transport });
        }
        if peers.is_empty() {
            return Err(WitnessesError::NoAddress { path });
        }
        let pace = Pace {
            interval: Duration::from_millis(settings.ask_interval_ms),
            interval_min: Duration::from_millis(settings.ask_interval_min_ms),
            patience: ask_timeout,
        };
        let wait_max = Duration::from_millis(settings.wait_max_ms);
        let (metrics, states) = (WitnessMetrics::default(), WitnessStates::default());
        peers.iter().for_each(|peer| metrics.asked(peer.key.name()));
        Ok(Self { policy, peers, pace, wait_max, metrics, states })
    }

    /// How long an answer waits for them.
    #[must_use]
    pub const fn wait_max(&self) -> Duration {
        self.wait_max
    }

    /// What was counted.
    #[must_use]
    pub const fn metrics(&self) -> &WitnessMetrics {
        &self.metrics
    }

    /// How each of the policy fares, in its order, by name.
    pub fn states(&self) -> impl Iterator<Item = (&str, WitnessState)> {
        self.policy.witnesses().map(|witness| {
            let name = witness.key.name();
            (name, self.states.of(name))
        })
    }

    /// How many of them can be asked.
    #[must_use]
    pub const fn asked_count(&self) -> usize {
        self.peers.len()
    }

    /// Has them cosign what this log publishes, until what is returned is dropped.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn ask(self: &Arc<Self>, log: &Log) -> std::io::Result<Asking> {
        Asking::start(Arc::clone(self), log.clone())
    }
}

fn read_policy(path: &Path) -> Result<Policy, WitnessesError> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(POLICY_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| WitnessesError::File { path: path.to_owned(), error })?;
    Policy::parse(&bytes).map_err(|error| WitnessesError::Policy { path: path.to_owned(), error })
}
