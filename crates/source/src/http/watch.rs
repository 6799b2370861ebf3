//! The breaker with the clock that it goes by, for all who ask questions and all who look at it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use tokio::time::Instant;

use super::breaker::{Admitted, Breaker, BreakerState, Outcome};
use crate::settings::http::BreakerSettings;

/// A breaker that knows what time it is. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    breaker: Arc<Mutex<Breaker>>,
    begun: Instant,
}

impl Watch {
    pub(super) fn new(rules: BreakerSettings) -> Self {
        Self { breaker: Arc::new(Mutex::new(Breaker::new(rules))), begun: Instant::now() }
    }

    /// What it would do with a question now.
    pub(super) fn state(&self) -> BreakerState {
        self.breaker().state(self.now_ms())
    }

    /// Whether a question may be passed on now.
    pub(super) fn admit(&self) -> Option<Admitted> {
        self.breaker().admit(self.now_ms())
    }

    /// Takes note of what became of a question.
    pub(super) fn record(&self, admitted: Admitted, outcome: Outcome) {
        let now_ms = self.now_ms();
        let mut breaker = self.breaker();
        let before = breaker.state(now_ms);
        breaker.record(admitted, outcome, now_ms);
        let after = breaker.state(now_ms);
        drop(breaker);
        if before != after {
            tracing::warn!(?before, ?after, "the circuit breaker of the platform's API");
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        // Every change of it is made whole, so a panic elsewhere leaves nothing broken.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// As a gauge, which says what is so when it is read: time alone changes it too.
impl EncodeMetric for Watch {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        encoder.encode_gauge(&match self.state() {
            BreakerState::Closed => 0_i64,
            BreakerState::HalfOpen => 1,
            BreakerState::Open => 2,
        })
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}
