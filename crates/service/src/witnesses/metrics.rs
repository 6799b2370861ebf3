//! What came of asking witnesses.

use std::sync::atomic::AtomicU64;

use countersign_domain::time::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The counters. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct WitnessMetrics {
    cosignatures: Family<WitnessLabel, Counter>,
    troubles: Family<TroubleLabel, Counter>,
    last_cosigned: Family<WitnessLabel, Gauge<u64, AtomicU64>>,
    quorum_met: Gauge<u64, AtomicU64>,
    rollbacks: Family<WitnessLabel, Counter>,
    pub(super) unkept: Counter,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct WitnessLabel {
    witness: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TroubleLabel {
    witness: String,
    kind: &'static str,
}

impl WitnessMetrics {
    /// Lets these be seen.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("witness");
        let cosignatures = self.cosignatures.clone();
        registry.register("cosignatures", "Cosignatures that hold, by witness", cosignatures);
        let help = "Time of the newest cosignature since start, by witness";
        let last = self.last_cosigned.clone();
        registry.register("last_cosignature_timestamp_seconds", help, last);
        let help = "When a quorum last cosigned a checkpoint; 0 if none did since start";
        registry.register("quorum_timestamp_seconds", help, self.quorum_met.clone());
        let troubles = self.troubles.clone();
        registry.register(
            "troubles",
            "Checkpoints that a witness did not cosign, by kind",
            troubles,
        );
        let help = "Times that a witness had forgotten what it had cosigned";
        registry.register("rollbacks", help, self.rollbacks.clone());
        let help = "Cosigned checkpoints that could not be put on the site";
        registry.register("unkept", help, self.unkept.clone());
    }

    /// Counts from zero what comes of this witness: a count that is not there before it is 1 is no rise to whoever
    /// watches it.
    pub(super) fn asked(&self, witness: &str) {
        let label = WitnessLabel { witness: witness.to_owned() };
        self.cosignatures.get_or_create(&label).inc_by(0);
        self.rollbacks.get_or_create(&label).inc_by(0);
    }

    pub(super) fn cosigned(&self, witness: &str, time: Timestamp) {
        let label = WitnessLabel { witness: witness.to_owned() };
        self.cosignatures.get_or_create(&label).inc();
        self.last_cosigned.get_or_create(&label).set(time.seconds());
    }

    pub(super) fn quorum_met(&self, time: Timestamp) {
        self.quorum_met.set(time.seconds());
    }

    pub(super) fn rolled_back(&self, witness: &str) {
        self.rollbacks.get_or_create(&WitnessLabel { witness: witness.to_owned() }).inc();
    }

    pub(super) fn troubled(&self, witness: &str, kind: &'static str) {
        self.troubles.get_or_create(&TroubleLabel { witness: witness.to_owned(), kind }).inc();
    }
}
