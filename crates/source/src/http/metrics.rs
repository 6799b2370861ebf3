//! What is counted of the platform's API, beside its questions. No figure is about a person.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use super::watch::Watch;
use crate::metrics::QuestionMetrics;

/// The counters of the API, and its breaker. Clones are the same.
#[derive(Clone, Debug)]
pub struct ApiMetrics {
    pub(super) questions: QuestionMetrics,
    pub(super) requests: Counter,
    pub(super) retries: Counter,
    pub(super) breaker: Watch,
}

impl ApiMetrics {
    pub(super) fn new(breaker: Watch) -> Self {
        let (questions, requests, retries) = <_>::default();
        Self { questions, requests, retries, breaker }
    }

    /// Lets these be seen, in a registry of the source's.
    pub fn register(&self, registry: &mut Registry) {
        self.questions.register(registry);
        registry.register("requests", "Requests to the platform's API", self.requests.clone());
        let retries = self.retries.clone();
        registry.register("retries", "Requests that were sent once more", retries);
        let help = "0: questions are passed on, 1: one is, to see, 2: none is";
        registry.register("breaker", help, self.breaker.clone());
    }
}
