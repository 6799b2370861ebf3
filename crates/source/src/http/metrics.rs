//! What the source counts. No figure is about a person.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::watch::Watch;
use crate::SourceError;

/// The counters of the source, and its breaker. Clones are the same.
#[derive(Clone, Debug)]
pub struct SourceMetrics {
    pub(super) questions: Counter,
    failures: Family<KindLabel, Counter>,
    pub(super) requests: Counter,
    pub(super) retries: Counter,
    pub(super) breaker: Watch,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

impl SourceMetrics {
    pub(super) fn new(breaker: Watch) -> Self {
        Self {
            questions: Counter::default(),
            failures: Family::default(),
            requests: Counter::default(),
            retries: Counter::default(),
            breaker,
        }
    }

    /// Lets these be seen.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("source");
        registry.register("questions", "Questions to the source", self.questions.clone());
        let failures = self.failures.clone();
        registry.register("failures", "Questions without an answer, by kind", failures);
        registry.register("requests", "Requests to the platform's API", self.requests.clone());
        let retries = self.retries.clone();
        registry.register("retries", "Requests that were sent once more", retries);
        let help = "0: questions are passed on, 1: one is, to see, 2: none is";
        registry.register("breaker", help, self.breaker.clone());
    }

    /// A question failed.
    pub(super) fn failed(&self, error: &SourceError) {
        let kind = match error {
            SourceError::UnknownPerson => "unknown_person",
            SourceError::Damaged | SourceError::Store(_) => "store",
            SourceError::Unavailable { .. } => "unavailable",
            SourceError::Late { .. } => "late",
            SourceError::Misconfigured { .. } => "misconfigured",
            SourceError::Nonsense { .. } => "nonsense",
        };
        self.failures.get_or_create(&KindLabel { kind }).inc();
    }
}
