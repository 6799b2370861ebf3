//! What every source counts: questions, how long they took, and those without an answer, by kind. No figure is about
//! a person.

use std::time::Instant;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::SourceError;

/// The bounds of how long a question takes, in seconds: the image takes microseconds, a database milliseconds.
const TOOK_S: [f64; 12] =
    [0.000_05, 0.000_25, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// The kinds of failures.
const KINDS: [&str; 6] =
    ["unknown_person", "store", "unavailable", "late", "misconfigured", "nonsense"];

/// The counters of a source. Clones are the same.
#[derive(Clone, Debug)]
pub struct QuestionMetrics {
    questions: Counter,
    failures: Family<KindLabel, Counter>,
    took: Histogram,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

impl Default for QuestionMetrics {
    fn default() -> Self {
        let failures = Family::<KindLabel, Counter>::default();
        // A count that is not there before it is 1 is no rise to whoever watches it.
        for kind in KINDS {
            failures.get_or_create(&KindLabel { kind }).inc_by(0);
        }
        Self { questions: Counter::default(), failures, took: Histogram::new(TOOK_S) }
    }
}

impl QuestionMetrics {
    /// Lets these be seen, in a registry of the source's.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("questions", "Questions to the source", self.questions.clone());
        let failures = self.failures.clone();
        registry.register("failures", "Questions without an answer, by kind", failures);
        let help = "How long the source took to answer a question";
        registry.register_with_unit("duration", help, Unit::Seconds, self.took.clone());
    }

    /// A question was asked at `began`, and this came of it.
    pub(crate) fn answered<T>(&self, began: Instant, outcome: &Result<T, SourceError>) {
        self.questions.inc();
        self.took.observe(began.elapsed().as_secs_f64());
        if let Err(error) = outcome {
            self.failed(error);
        }
    }

    /// A question failed.
    pub(crate) fn failed(&self, error: &SourceError) {
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
