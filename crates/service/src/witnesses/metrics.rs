//! What came of asking witnesses.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The counters. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct WitnessMetrics {
    cosignatures: Family<WitnessLabel, Counter>,
    troubles: Family<TroubleLabel, Counter>,
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

    pub(super) fn cosigned(&self, witness: &str) {
        self.cosignatures.get_or_create(&WitnessLabel { witness: witness.to_owned() }).inc();
    }

    pub(super) fn rolled_back(&self, witness: &str) {
        self.rollbacks.get_or_create(&WitnessLabel { witness: witness.to_owned() }).inc();
    }

    pub(super) fn troubled(&self, witness: &str, kind: &'static str) {
        self.troubles.get_or_create(&TroubleLabel { witness: witness.to_owned(), kind }).inc();
    }
}
